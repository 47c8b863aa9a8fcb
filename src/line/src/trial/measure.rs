//! Levels of what a line says.

use crate::sound::{RATE, Sound, power};
use std::f32::consts::TAU;

/// Blocks that are kept of one kind; later ones change nothing that a person would hear.
const BLOCKS_MAX: usize = 1500;
/// The tone that is sent to hear its echo (ITU-T O.41's 1,004 Hz, off a multiple of the sampling rate).
pub(super) const PROBE_HZ: f32 = 1004.0;

/// The level of a power, at least -90.
pub(super) fn dbm0(of: f32) -> f32 {
    (10.0 * (of / power(0.0)).max(1e-9).log10()).max(-90.0)
}

/// The power of a block.
pub(super) fn of(sound: &Sound) -> f32 {
    sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32
}

/// The power of a pitch within a block.
pub(super) fn at(sound: &Sound, hz: f32) -> f32 {
    let twice = 2.0 * (TAU * hz / RATE).cos();
    let (mut one, mut two) = (0.0_f32, 0.0_f32);
    for sample in sound {
        (one, two) = (sample + twice * one - two, one);
    }
    let square = one * one + two * two - twice * one * two;
    let count = sound.len() as f32;
    2.0 * square / (count * count)
}

/// Powers of blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Powers(Vec<f32>);

impl Powers {
    /// Room for all, so that a block allocates nothing.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(BLOCKS_MAX))
    }

    pub(super) fn add(&mut self, power: f32) {
        if self.0.len() < BLOCKS_MAX {
            self.0.push(power);
        }
    }

    /// The level that so many of 100 blocks reach at most.
    pub(super) fn level(&self, percent: usize) -> Option<f32> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f32::total_cmp);
        let place = (sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?);
        sorted.get(place).map(|power| dbm0(*power))
    }
}
