//! Automatic level within bounds: voices too faint or too loud come near enough to the others.
//!
//! Only voice moves the gain, slowly, and nothing else does: in pauses it stands, so that noise does
//! not swell. Voice is what stands out from the noise around it.
//! A level within the bounds is left as it is.

use crate::content::{Content, LOOK_TICKS, Sound};
use crate::tone::Dbm0;

/// Speech below and above these is brought to them.
pub const LOWEST: Dbm0 = Dbm0(-23.0);
pub const HIGHEST: Dbm0 = Dbm0(-17.0);
/// Most gain and least.
pub const GAIN_DB_MAX: f32 = 15.0;
pub const GAIN_DB_MIN: f32 = -9.0;

/// Looks with voice until the gain begins to move: 0.4 s.
const LOOKS_MIN: u32 = 5;
/// What one look counts for in the level of speech: the last 2 s of voice or so.
const LOOK_SHARE: f32 = 0.04;
/// Most change of the gain in a look: 4 dB in a second of voice.
const STEP_DB: f32 = 0.32;
/// A frame whose peak would come above this is turned down as a whole.
const PEAK_MAX: f32 = 30_000.0;

/// The level of one leg.
#[derive(Debug, Default)]
pub struct Level {
    content: Content,
    ticks: u64,
    voiced: u32,
    /// Mean power of speech.
    power: f32,
    gain_db: f32,
    /// What the last sample was multiplied with, less one.
    applied: f32,
}

impl Level {
    /// Takes a frame; `is_sound` is false for music and tones, which move nothing.
    pub fn frame(&mut self, samples: &mut [i16], is_sound: bool) {
        if self.ticks.is_multiple_of(LOOK_TICKS) && is_sound {
            self.look(samples);
        }
        self.ticks += 1;
        let gain = 10f32.powf(self.gain_db / 20.0);
        let peak =
            samples.iter().map(|sample| f32::from(sample.unsigned_abs())).fold(1.0, f32::max);
        let gain = gain.min(PEAK_MAX / peak) - 1.0;
        if gain == 0.0 && self.applied == 0.0 {
            return;
        }
        let step = (gain - self.applied) / samples.len().max(1) as f32;
        for sample in samples {
            self.applied += step;
            let made = f32::from(*sample) * (1.0 + self.applied);
            *sample = made.clamp(-32_768.0, 32_767.0) as i16;
        }
        self.applied = gain;
    }

    fn look(&mut self, samples: &[i16]) {
        let sound = Sound::of(samples);
        self.content.look(sound);
        // Noise that stands still is no voice however loud it is.
        let Sound::Level(level) = sound else { return };
        if !self.content.stood_out {
            return;
        }
        self.voiced = self.voiced.saturating_add(1);
        let power = level.peak() * level.peak() / 2.0;
        self.power += (power - self.power) * LOOK_SHARE.max(1.0 / self.voiced as f32);
        if self.voiced < LOOKS_MIN {
            return;
        }
        let speech = Dbm0::of_power(self.power);
        let wanted = if speech < LOWEST {
            (LOWEST.0 - speech.0).min(GAIN_DB_MAX)
        } else if speech > HIGHEST {
            (HIGHEST.0 - speech.0).max(GAIN_DB_MIN)
        } else {
            0.0
        };
        self.gain_db += (wanted - self.gain_db).clamp(-STEP_DB, STEP_DB);
    }
}
