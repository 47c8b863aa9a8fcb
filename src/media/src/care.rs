//! What is done for the sound of a leg before others hear it: noise is suppressed, and the level is
//! brought within bounds. The recording keeps what came.
//!
//! ```text
//!   said --> 48 kHz --> nnnoiseless --.
//!        \-> as it came --------------+--> mixed --> its own rate --> level --> others hear it
//!             music, tones: only this
//!   a tone of fax: nothing is done any more, on both sides of the talk
//! ```
//!
//! The state is made before the engine is told (`Care::new`) and handed back to be freed.

mod denoise;
mod level;
mod tones;

use crate::resample::{Samples, Weights};
use denoise::Denoise;
use level::Level;
use model::Rate;
use tones::{Kind, Tones};

pub use denoise::warm;
pub use level::{GAIN_DB_MAX, GAIN_DB_MIN, HIGHEST, LOWEST};

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Suppress noise.
    pub noise: bool,
    /// Bring the level within bounds.
    pub level: bool,
}

/// The care for one leg's sound.
#[derive(Debug)]
pub struct Care {
    tones: Tones,
    denoise: Option<Denoise>,
    level: Option<Level>,
    /// A fax was heard: hands off.
    off: bool,
}

impl Care {
    /// Reserves what is needed; nothing where nothing is to be done.
    pub fn new(terms: Terms) -> Option<Box<Self>> {
        (terms != Terms::default()).then(|| {
            Box::new(Self {
                tones: Tones::default(),
                denoise: terms.noise.then(Denoise::new),
                level: terms.level.then(Level::default),
                off: false,
            })
        })
    }

    /// Tells whether anything is still done.
    pub fn is_on(&self) -> bool {
        !self.off
    }

    /// Leaves the sound alone from now on: a fax is heard on one side.
    pub fn leave_alone(&mut self) {
        self.off = true;
    }

    /// Takes 20 ms of a leg; false where they are to be heard as they came. `key` tells that a
    /// key's tone is in them.
    pub fn frame(
        &mut self,
        weights: &Weights,
        rate: Rate,
        samples: &mut Samples,
        key: bool,
    ) -> bool {
        let len = rate.samples_per_frame();
        let kind = self.tones.hear(rate, &samples[..len]);
        if self.off || kind == Kind::Fax {
            self.off = true;
            return false;
        }
        let is_sound = kind == Kind::Sound && !key;
        if let Some(denoise) = &mut self.denoise {
            denoise.frame(weights, rate, samples, is_sound);
        }
        if let Some(level) = &mut self.level {
            level.frame(&mut samples[..len], is_sound);
        }
        true
    }
}
