//! Tones that a telephone on a port hears, made of a country's table.

use crate::sound::{Sound, peak};
use model::Rate;
use model::site::{Cadence, Part};

/// How loud they come; an exchange's are as loud (ITU-T E.180).
const TONE_DBM0: f32 = -13.0;
/// Samples of a millisecond.
const PER_MS: u32 = 8;
/// Of a stuttered dial tone: it comes and goes so often, for so long each.
const STUTTERS: u32 = 8;
const STUTTER: u32 = 100 * PER_MS;

/// A tone as it sounds.
#[derive(Clone, Debug)]
pub(crate) struct Tone {
    parts: Vec<Part>,
    peak: f32,
    /// The part that sounds, and samples since it began.
    part: usize,
    at: u32,
    /// Samples since the tone began.
    time: u32,
    stutters: bool,
}

impl Tone {
    pub(crate) fn new(cadence: &Cadence) -> Self {
        let parts = cadence.parts().to_vec();
        Self { parts, peak: peak(TONE_DBM0), part: 0, at: 0, time: 0, stutters: false }
    }

    /// Begins anew; one that stutters first says that messages wait.
    pub(crate) fn begin(&mut self, stutters: bool) {
        (self.part, self.at, self.time, self.stutters) = (0, 0, 0, stutters);
    }

    /// Adds the next 20 ms.
    pub(crate) fn add(&mut self, sound: &mut Sound) {
        for sample in sound {
            let Some(part) = self.parts.get(self.part) else { return };
            let turn = self.time / STUTTER;
            let pauses = self.stutters && turn < 2 * STUTTERS && turn % 2 == 1;
            if !pauses {
                *sample += self.peak * part.pitch.wave(self.time, Rate::Narrow) as f32;
            }
            self.time = self.time.wrapping_add(1);
            self.at += 1;
            if self.at >= u32::from(part.ms) * PER_MS {
                (self.at, self.part) = (0, (self.part + 1) % self.parts.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::power;
    use model::site::Tones;

    fn loud(tone: &mut Tone, ticks: u32) -> Vec<bool> {
        let mut heard = Vec::new();
        for _ in 0..ticks {
            let mut sound: Sound = [0.0; 160];
            tone.add(&mut sound);
            let squares: f32 = sound.iter().map(|sample| sample * sample).sum();
            heard.push(squares / 160.0 > power(-20.0));
        }
        heard
    }

    #[test]
    fn a_dial_tone_goes_on_and_one_that_tells_of_messages_stutters_for_a_second_and_a_half() {
        let mut tone = Tone::new(&Tones::default().dial);
        assert!(loud(&mut tone, 200).into_iter().all(|loud| loud));
        tone.begin(true);
        let heard = loud(&mut tone, 200);
        assert!(heard[..80].chunks(10).all(|ten| ten == [vec![true; 5], vec![false; 5]].concat()));
        assert!(heard[80..].iter().all(|loud| *loud));
    }

    #[test]
    fn a_busy_tone_comes_and_goes() {
        let heard = loud(&mut Tone::new(&Tones::default().busy), 700);
        let share = heard.iter().filter(|loud| **loud).count();
        assert!((340..=370).contains(&share), "{share}");
    }
}
