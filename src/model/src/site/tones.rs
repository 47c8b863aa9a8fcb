//! What a country's exchanges sound like while a call is being made (ITU-T E.180), as data.

use crate::Rate;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};
use std::fmt;

/// Parts of one period at most.
const PARTS_MAX: usize = 12;
/// Frequencies a telephone line carries, and those that another's strength may go up and down by.
const HZ: std::ops::RangeInclusive<u16> = 100..=3400;
const APART_HZ: u16 = 20;
const BEAT_HZ: std::ops::RangeInclusive<u16> = 10..=60;
const MS: std::ops::RangeInclusive<u16> = 20..=20_000;

/// A part of a tone: one frequency or two at once, or a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub pitch: Pitch,
    pub ms: u16,
}

/// What sounds in a part of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pitch {
    Pause,
    One(u16),
    Two(u16, u16),
    /// A frequency whose strength goes up and down by the second one, wholly.
    Beating(u16, u16),
}

impl Pitch {
    /// Its wave at a sample of so many a second, as loud as a sine of peak 1: two frequencies are each
    /// 3 dB below one alone, and one that beats wholly has half as much power again as its own.
    pub fn wave(self, sample: u32, rate: Rate) -> f64 {
        // Frequencies are whole: each second is as the one before.
        let at = f64::from(sample % rate.hz()) / f64::from(rate.hz());
        let wave = |hz: u16| (f64::from(hz) * at * TAU).sin();
        match self {
            Self::Pause => 0.0,
            Self::One(hz) => wave(hz),
            Self::Two(low, high) => (wave(low) + wave(high)) * FRAC_1_SQRT_2,
            Self::Beating(hz, beat) => wave(hz) * (1.0 + wave(beat)) / 1.5_f64.sqrt(),
        }
    }
}

/// A tone that comes and goes: one period of it, repeated for ever.
///
/// Written as telephone people do: `450/350,0/350` is 450 Hz for 350 ms and a pause as long,
/// `350+440` two frequencies that never pause, `400*25` one that beats.
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
        parts.iter().any(|part| part.pitch != Pitch::Pause).then_some(Self(parts))
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
    let one = |text: &str| text.parse().ok().filter(|hz| HZ.contains(hz));
    let pitch = if hz == "0" {
        Pitch::Pause
    } else if let Some((low, high)) = hz.split_once('+') {
        let (low, high): (u16, u16) = (one(low)?, one(high)?);
        // Nearer ones cannot be told from one.
        (low.abs_diff(high) >= APART_HZ).then_some(Pitch::Two(low.min(high), low.max(high)))?
    } else if let Some((hz, beat)) = hz.split_once('*') {
        Pitch::Beating(one(hz)?, beat.parse().ok().filter(|beat| BEAT_HZ.contains(beat))?)
    } else {
        Pitch::One(one(hz)?)
    };
    Some(Part { pitch, ms })
}

impl fmt::Display for Pitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause => write!(f, "0"),
            Self::One(hz) => write!(f, "{hz}"),
            Self::Two(low, high) => write!(f, "{low}+{high}"),
            Self::Beating(hz, beat) => write!(f, "{hz}*{beat}"),
        }
    }
}

impl fmt::Display for Cadence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Part { pitch, ms }) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            write!(f, "{comma}{pitch}")?;
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
    /// How bells ring.
    pub bell: Bell,
    /// How telephones are told who calls.
    pub told: CallerTold,
}

/// How a telephone is told who calls, between the first ring and the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallerTold {
    /// Frequencies of Bell 202: China, North America.
    #[default]
    Bell202,
    /// Frequencies of V.23: Europe.
    V23,
    Not,
}

/// How a bell rings: for how long, and its pause, by turns, in milliseconds; the longest pause is
/// between two rings of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bell(Vec<(u16, u16)>);

impl Bell {
    /// Makes it of times and pauses; nothing where they do not pair or the longest pause is not last.
    pub fn of(times: &[u16]) -> Option<Self> {
        let pairs: Vec<_> = times.chunks_exact(2).map(|two| (two[0], two[1])).collect();
        let longest = pairs.iter().map(|&(_, pause)| pause).max()?;
        let fits = times.len().is_multiple_of(2) && pairs.last()?.1 == longest;
        fits.then_some(Self(pairs))
    }

    /// Times and pauses, by turns.
    pub fn pairs(&self) -> &[(u16, u16)] {
        &self.0
    }

    /// The pause between two rings of one call.
    pub fn pause_ms(&self) -> u16 {
        self.0.last().map_or(0, |&(_, pause)| pause)
    }
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
            let part = |pitch, ms| Part { pitch, ms };
            let pair = |&(on, off)| [part(Pitch::One(450), on), part(Pitch::Pause, off)];
            Cadence(times.iter().flat_map(pair).collect())
        };
        Self {
            dial: Cadence(vec![Part { pitch: Pitch::One(450), ms: 1000 }]),
            ringback: tone(&[(1000, 4000)]),
            busy: tone(&[(350, 350)]),
            congestion: tone(&[(700, 700)]),
            special: tone(&[(100, 100), (100, 100), (100, 100), (400, 400)]),
            waiting: tone(&[(400, 4000)]),
            bell: Bell(vec![(1000, 4000)]),
            told: CallerTold::Bell202,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_read_as_it_is_written() {
        for text in ["450/350,0/350", "350+440", "440+480/2000,0/4000", "425", "400*25/400,0/200"] {
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
            "400*5",
            "440+450",
            "400*100/20,0/20",
        ] {
            assert_eq!(Cadence::read(text), None, "{text}");
        }
        assert_eq!(Cadence::read(&["450/100"; PARTS_MAX + 1].join(",")), None);
        for times in [&[][..], &[1000], &[400, 3000, 400, 200]] {
            assert_eq!(Bell::of(times), None, "{times:?}");
        }
        assert_eq!(Bell::of(&[400, 200, 400, 2000]).unwrap().pause_ms(), 2000);
    }
}
