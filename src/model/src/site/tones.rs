//! What a country's exchanges sound like while a call is being made (ITU-T E.180), as data.

use std::fmt;

/// Parts of one period at most.
const PARTS_MAX: usize = 12;
/// Frequencies a telephone line carries.
const HZ: std::ops::RangeInclusive<u16> = 100..=3400;
const MS: std::ops::RangeInclusive<u16> = 20..=20_000;

/// A part of a tone: one frequency or two at once, or a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// 0 for none.
    pub hz: [u16; 2],
    pub ms: u16,
}

/// A tone that comes and goes: one period of it, repeated for ever.
///
/// Written as telephone people do: `450/350,0/350` is 450 Hz for 350 ms and a pause as long,
/// `350+440` two frequencies that never pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cadence(Vec<Part>);

impl Cadence {
    /// Reads a tone; nothing where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let parts: Option<Vec<Part>> = match text.contains('/') {
            true => text.split(',').map(|part| part.split_once('/').and_then(part_of)).collect(),
            // Of whole frequencies a second holds whole waves.
            false => part_of((text, "1000")).map(|part| vec![part]),
        };
        // One part with a length would be a tone that never pauses: it is written without.
        let least = if text.contains('/') { 2 } else { 1 };
        let parts = parts.filter(|parts| (least..=PARTS_MAX).contains(&parts.len()))?;
        parts.iter().any(|part| part.hz != [0, 0]).then_some(Self(parts))
    }

    /// The parts of one period.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Tells whether it never pauses.
    pub fn is_continuous(&self) -> bool {
        self.0.len() == 1
    }
}

fn part_of((hz, ms): (&str, &str)) -> Option<Part> {
    let ms = ms.parse().ok().filter(|ms| MS.contains(ms))?;
    if hz == "0" {
        return Some(Part { hz: [0, 0], ms });
    }
    let one = |text: &str| text.parse().ok().filter(|hz| HZ.contains(hz));
    let hz = match hz.split_once('+') {
        Some((low, high)) => [one(low)?, one(high)?],
        None => [one(hz)?, 0],
    };
    Some(Part { hz, ms })
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Part { hz: [low, high], ms }) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            write!(f, "{comma}{low}")?;
            if *high != 0 {
                write!(f, "+{high}")?;
            }
            if !self.is_continuous() {
                write!(f, "/{ms}")?;
            }
        }
        Ok(())
    }
}

/// The tones of a country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tones {
    pub dial: Cadence,
    pub ringback: Cadence,
    pub busy: Cadence,
    pub congestion: Cadence,
    /// Special information: the call cannot be made as dialled.
    pub special: Cadence,
    pub waiting: Cadence,
}

impl Tones {
    /// Each tone with the name it is played and written under.
    pub fn named(&self) -> [(&'static str, &Cadence); 6] {
        [
            ("dial", &self.dial),
            ("ringback", &self.ringback),
            ("busy", &self.busy),
            ("congestion", &self.congestion),
            ("special", &self.special),
            ("waiting", &self.waiting),
        ]
    }

    /// The tone of a name, to be changed.
    pub fn named_mut(&mut self, name: &str) -> Option<&mut Cadence> {
        Some(match name {
            "dial" => &mut self.dial,
            "ringback" => &mut self.ringback,
            "busy" => &mut self.busy,
            "congestion" => &mut self.congestion,
            "special" => &mut self.special,
            "waiting" => &mut self.waiting,
            _ => return None,
        })
    }
}

impl Default for Tones {
    /// China: 450 Hz throughout (GB/T 3380).
    fn default() -> Self {
        let tone = |times: &[(u16, u16)]| {
            let part = |hz, ms| Part { hz: [hz, 0], ms };
            Cadence(times.iter().flat_map(|&(on, off)| [part(450, on), part(0, off)]).collect())
        };
        Self {
            dial: Cadence(vec![Part { hz: [450, 0], ms: 1000 }]),
            ringback: tone(&[(1000, 4000)]),
            busy: tone(&[(350, 350)]),
            congestion: tone(&[(700, 700)]),
            special: tone(&[(100, 100), (100, 100), (100, 100), (400, 400)]),
            waiting: tone(&[(400, 4000)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_read_as_it_is_written() {
        for text in ["450/350,0/350", "350+440", "440+480/2000,0/4000", "425"] {
            assert_eq!(Cadence::read(text).unwrap().to_string(), text);
        }
        for (name, tone) in Tones::default().named() {
            assert_eq!(Cadence::read(&tone.to_string()).as_ref(), Some(tone), "{name}");
            assert_eq!(Tones::default().named_mut(name), Some(&mut tone.clone()));
        }
    }

    #[test]
    fn what_is_no_tone_is_refused() {
        for text in [
            "",
            "0",
            "425/350",
            "350+440/1000",
            "0/100",
            "450/0",
            "450/",
            "50/100",
            "450/350;0/350",
            "450+",
            "a/1",
        ] {
            assert_eq!(Cadence::read(text), None, "{text}");
        }
        assert_eq!(Cadence::read(&["450/100"; PARTS_MAX + 1].join(",")), None);
    }
}
