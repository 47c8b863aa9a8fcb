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
use tones::{FaxEar, Kind, Line, Tones};

pub use denoise::warm;
pub use level::{GAIN_DB_MAX, GAIN_DB_MIN, HIGHEST, LOWEST};

/// What the care for one leg takes of a tick, in microseconds (`cargo run --release -p media
/// --example care`), and what a leg that is passed on takes at most.
const NOISE_US: u32 = 140;
const LEVEL_US: u32 = 10;
const LEG_US: u32 = 5;
/// What care may take of a tick of 20 ms where there are no legs, and may always: 8 ms, and 1.2 ms or
/// the noise of eight legs.
pub const BUDGET_US_MAX: u32 = 8000;
pub const BUDGET_US_MIN: u32 = 1200;

/// What of a tick all care together may take in an engine of so many legs, in microseconds: what
/// these leave of `BUDGET_US_MAX` if they are all in use.
pub fn budget_us(legs_max: usize) -> u32 {
    let legs = u32::try_from(legs_max).unwrap_or(u32::MAX).saturating_mul(LEG_US);
    BUDGET_US_MAX.saturating_sub(legs).max(BUDGET_US_MIN)
}

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
    /// The ear for a fax on the other side.
    far: FaxEar,
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
                far: FaxEar::default(),
                denoise: terms.noise.then(Denoise::new),
                level: terms.level.then(Level::default),
                off: false,
            })
        })
    }

    /// What it takes of a tick, in microseconds; nothing once a fax was heard.
    pub fn cost_us(&self) -> u32 {
        if self.off {
            return 0;
        }
        let of = |us: u32, done: bool| us * u32::from(done);
        of(NOISE_US, self.denoise.is_some()) + of(LEVEL_US, self.level.is_some())
    }

    /// Nobody hears the leg for now: what comes next does not follow what came.
    pub fn rest(&mut self) {
        if let Some(denoise) = &mut self.denoise {
            denoise.rest();
        }
    }

    /// Takes 20 ms of the other side where that is not cared for itself; true once a fax is heard
    /// there, and nothing is done any more.
    pub fn hear_far(&mut self, rate: Rate, samples: &Samples) -> bool {
        self.off |= self.far.hear(rate, &samples[..rate.samples_per_frame()]) == Line::Fax;
        self.off
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
