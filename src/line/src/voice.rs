//! Whether 20 ms of a line are a voice, or music, or only its noise.
//!
//! ```text
//!   much quieter than what was asked for, or no louder than the noise before it   Quiet
//!   louder than that: one pitch or a few (predictable), or now louder, now weaker Voice
//!                     neither: noise that began or got louder                     Noise
//! ```
//!
//! The floor is the least that was heard of what is no tone, 2 to 4 s back, so that each call has its
//! own. Noise that stands still is neither predictable nor does its level move, however loud it is.

use crate::sound::{Sound, power};

/// Quieter sound is no voice whatever the noise: a neighbour's line is heard as loud.
const VOICE_DBM0: f32 = -44.0;
/// By how much a voice is louder than the least of the noise: 4 dB; its mean is 1 dB above its least.
const ABOVE_NOISE: f32 = 2.5;
/// Blocks of a window whose least is the noise: 2 s.
const WINDOW: u32 = 100;
/// Power of a sound to what is left when four samples foretell the next: 6 dB. White noise has 0 dB,
/// noise of a telephone's band 3 dB, vowels and notes 10 dB and more.
const FORETOLD_MIN: f32 = 4.0;
/// Samples that foretell the next.
const ORDER: usize = 4;
/// Mean step of the level from block to block. Of noise it is 0.5 dB, of speech 2 dB and more.
const STEP_MIN_DB: f32 = 1.0;
/// A step larger than this counts as this: one of them is no voice.
const STEP_MAX_DB: f32 = 6.0;
/// Share of the newest step in the mean: it looks back some 200 ms.
const STEP_SHARE: f32 = 0.1;

/// What 20 ms are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Quiet,
    Noise,
    Voice,
}

/// An ear for voices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoiceEar {
    loud: f32,
    /// Least power of the window that runs and of the one before; infinite where nothing was heard.
    least: f32,
    least_before: f32,
    blocks: u32,
    last: f32,
    step_db: f32,
}

impl VoiceEar {
    pub(crate) fn new() -> Self {
        Self {
            loud: power(VOICE_DBM0),
            least: f32::INFINITY,
            least_before: f32::INFINITY,
            blocks: 0,
            last: 0.0,
            step_db: 0.0,
        }
    }

    /// Hears 20 ms; tones of the exchange among them are told, for they are neither voice nor noise.
    pub(crate) fn hear(&mut self, sound: &Sound, is_tone: bool) -> Heard {
        let (power, foretold) = foretold(sound);
        let step_db = 10.0 * (power.max(1.0) / self.last.max(1.0)).log10();
        self.last = power;
        if is_tone {
            return Heard::Quiet;
        }
        self.step_db += STEP_SHARE * (step_db.abs().min(STEP_MAX_DB) - self.step_db);
        let has_pitch = foretold >= FORETOLD_MIN;
        let floor = self.least.min(self.least_before);
        if !has_pitch {
            self.learn(power);
        }
        let above = floor == f32::INFINITY || power > floor * ABOVE_NOISE;
        match power > self.loud && above {
            false => Heard::Quiet,
            true if has_pitch || self.step_db >= STEP_MIN_DB => Heard::Voice,
            true => Heard::Noise,
        }
    }

    fn learn(&mut self, power: f32) {
        self.least = self.least.min(power);
        self.blocks += 1;
        if self.blocks >= WINDOW {
            (self.least_before, self.least, self.blocks) = (self.least, f32::INFINITY, 0);
        }
    }
}

/// The power of a sound, and how much of it is foretold by the samples before (Levinson and Durbin).
fn foretold(sound: &Sound) -> (f32, f32) {
    let mut alike = [0.0_f32; ORDER + 1];
    for (late, alike) in alike.iter_mut().enumerate() {
        *alike = sound.iter().zip(&sound[late..]).map(|(before, now)| before * now).sum();
    }
    let all = alike[0];
    let (mut left, mut weights) = (all, [0.0_f32; ORDER]);
    for order in 0..ORDER {
        if left <= all * 1e-6 {
            break;
        }
        let known = weights.iter().zip(alike[1..=order].iter().rev());
        let new = alike[order + 1] - known.map(|(weight, alike)| weight * alike).sum::<f32>();
        let turn = new / left;
        let before = weights;
        for (n, weight) in weights[..order].iter_mut().enumerate() {
            *weight -= turn * before[order - 1 - n];
        }
        weights[order] = turn;
        left *= 1.0 - turn * turn;
    }
    (all / sound.len() as f32, all / left.max(all * 1e-6).max(f32::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::{RATE, peak};
    use std::f32::consts::TAU;

    /// Noise of a level, white or of one sample smeared over the next.
    fn noise(seed: &mut u64, dbm0: f32, smear: f32) -> Sound {
        let mut before = 0.0;
        let scale = (power(dbm0) * 3.0 * (1.0 - smear * smear)).sqrt();
        std::array::from_fn(|_| {
            *seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let roll = (*seed >> 40) as f32 / (1 << 23) as f32 - 1.0;
            before = before * smear + roll * scale;
            before
        })
    }

    fn tone(hz: f32, dbm0: f32, at: usize) -> Sound {
        std::array::from_fn(|n| peak(dbm0) * (TAU * hz * (at * 160 + n) as f32 / RATE).sin())
    }

    #[test]
    fn noise_however_loud_is_no_voice_even_where_it_gets_louder() {
        let (mut ear, mut seed) = (VoiceEar::new(), 7);
        for (dbm0, smear) in [(-60.0, 0.0), (-36.0, 0.0), (-25.0, 0.0), (-12.0, 0.0), (-20.0, 0.6)]
        {
            let voices = (0..300)
                .filter(|_| ear.hear(&noise(&mut seed, dbm0, smear), false) == Heard::Voice);
            let count = voices.count();
            assert!(count <= 5, "{dbm0} dBm0: {count} of 300 blocks");
        }
    }

    #[test]
    fn a_note_a_facsimile_sends_and_one_in_noise_are_heard() {
        let (mut ear, mut seed) = (VoiceEar::new(), 7);
        for _ in 0..100 {
            ear.hear(&noise(&mut seed, -36.0, 0.0), false);
        }
        for block in 0..100 {
            let mut sound = tone(2100.0, -20.0, block);
            sound.iter_mut().zip(noise(&mut seed, -36.0, 0.0)).for_each(|(s, n)| *s += n);
            assert_eq!(ear.hear(&sound, false), Heard::Voice, "block {block}");
        }
    }

    #[test]
    fn what_goes_up_and_down_is_a_voice_and_a_floor_is_forgotten() {
        let (mut ear, mut seed) = (VoiceEar::new(), 7);
        let whispers = (0..200).filter(|block| {
            let dbm0 = if block / 5 % 2 == 0 { -24.0 } else { -45.0 };
            ear.hear(&noise(&mut seed, dbm0, 0.0), false) == Heard::Voice
        });
        assert!(whispers.count() > 60, "whispers are as loud as noise, and come in syllables");
        let loud = |ear: &mut VoiceEar, seed: &mut u64| {
            ear.hear(&noise(seed, -24.0, 0.0), false) != Heard::Quiet
        };
        assert!(loud(&mut ear, &mut seed));
        for _ in 0..2 * WINDOW {
            loud(&mut ear, &mut seed);
        }
        assert!(!loud(&mut ear, &mut seed), "noise that stays is the floor");
    }
}
