//! The beep that tells a talk is listened to, where a site wants one.

use crate::tone::Dbm0;
use model::Rate;
use std::f32::consts::TAU;

/// How the beep sounds: the recorder warning tone, half a second of 1400 Hz each 15 s
/// (FED-STD-1037C).
pub const BEEP_HZ: f32 = 1400.0;
/// As loud as a quiet voice: over it, not instead of it.
pub const BEEP_LEVEL: Dbm0 = Dbm0(-24.0);
pub const BEEP_MS: u32 = 500;
/// From one beep's begin to the next one's.
pub const BEEP_PERIOD_MS: u32 = 15_000;

const TICK_MS: u32 = 20;
/// How long it swells and fades.
const EDGE_MS: f32 = 5.0;

/// Where in its period the beep is.
#[derive(Clone, Copy, Debug)]
pub struct Beep {
    ms: u32,
}

impl Beep {
    /// Beeps at once.
    pub const fn new() -> Self {
        Self { ms: 0 }
    }

    /// Fills a frame with the beep; false where there is none in this tick.
    pub fn tick(&mut self, rate: Rate, frame: &mut [i16]) -> bool {
        let from_ms = self.ms;
        self.ms = (self.ms + TICK_MS) % BEEP_PERIOD_MS;
        if from_ms >= BEEP_MS {
            return false;
        }
        let a_ms = 8.0 * rate.times() as f32;
        for (n, sample) in frame.iter_mut().enumerate() {
            let ms = from_ms as f32 + n as f32 / a_ms;
            let edge = (ms.min(BEEP_MS as f32 - ms) / EDGE_MS).clamp(0.0, 1.0);
            let turns = (ms / 1000.0 * BEEP_HZ).fract();
            *sample = ((turns * TAU).sin() * edge * BEEP_LEVEL.peak()) as i16;
        }
        true
    }
}
