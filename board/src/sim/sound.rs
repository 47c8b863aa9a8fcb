//! Sound as the simulated line carries it: levels, tones and the bytes of A-law.

use crate::BLOCK;
use model::Law;
use std::f32::consts::TAU;

/// One block before it becomes A-law, in units of a 16 bit sample.
pub(super) type Sound = [f32; BLOCK];

/// How a simulated card writes sound.
const LAW: Law = Law::A;
/// Peak of a sine of 0 dBm0 in 16 bit samples: 32768 less 3.14 dB (G.711 table 1a).
const PEAK_OF_0_DBM0: f32 = 22_828.0;
pub(super) const RATE: f32 = 8000.0;

/// The peak of a sine of a level.
pub(super) fn peak(dbm0: f32) -> f32 {
    PEAK_OF_0_DBM0 * 10f32.powf(dbm0 / 20.0)
}

/// The root mean square of any sound of a level.
pub(super) fn rms(dbm0: f32) -> f32 {
    peak(dbm0) / 2f32.sqrt()
}

/// A sine that goes on from where it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    /// In turns, 0 to 1.
    phase: f32,
    step: f32,
    peak: f32,
}

impl Tone {
    pub(super) fn new(hz: f32, dbm0: f32) -> Self {
        Self { phase: 0.0, step: hz / RATE, peak: peak(dbm0) }
    }

    /// Changes the frequency without a jump of the phase.
    pub(super) fn set_hz(&mut self, hz: f32) {
        self.step = hz / RATE;
    }

    pub(super) fn sample(&mut self) -> f32 {
        let value = (self.phase * TAU).sin() * self.peak;
        self.phase = (self.phase + self.step).fract();
        value
    }

    pub(super) fn add(&mut self, out: &mut [f32]) {
        out.iter_mut().for_each(|sample| *sample += self.sample());
    }
}

/// A tone of the exchange, interrupted or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    tone: Tone,
    on: u32,
    period: u32,
    /// Samples since the period began.
    at: u32,
}

impl Signal {
    /// Sounds for `on_ms`, pauses for `off_ms`, and so on.
    pub(super) fn new(hz: f32, dbm0: f32, on_ms: u32, off_ms: u32) -> Self {
        Self { tone: Tone::new(hz, dbm0), on: on_ms * 8, period: (on_ms + off_ms) * 8, at: 0 }
    }

    pub(super) fn add(&mut self, out: &mut Sound) {
        for sample in out {
            if self.at < self.on {
                *sample += self.tone.sample();
            }
            self.at = (self.at + 1) % self.period.max(1);
        }
    }
}

/// The bytes of a block, as the line's codec writes them.
pub(super) fn encode(sound: &Sound, block: &mut [u8; BLOCK]) {
    for (byte, &sample) in block.iter_mut().zip(sound) {
        // A cast of a float saturates: too loud is clipped, as on a line.
        *byte = LAW.byte(sample.round() as i16);
    }
}

/// The samples of a block.
pub(super) fn decode(block: &[u8; BLOCK], sound: &mut Sound) {
    for (sample, &byte) in sound.iter_mut().zip(block) {
        *sample = f32::from(LAW.sample(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_tone_sounds_half_of_the_time() {
        let mut signal = Signal::new(450.0, -10.0, 350, 350);
        let mut loud = 0;
        for _ in 0..350 {
            let mut sound = [0.0; BLOCK];
            signal.add(&mut sound);
            loud += sound.iter().filter(|sample| sample.abs() > 100.0).count();
        }
        assert!((26_500..28_100).contains(&loud), "{loud} of 56000 samples");
    }
}
