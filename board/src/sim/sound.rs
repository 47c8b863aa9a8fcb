//! Sound as the simulated line carries it: levels, tones and the bytes of A-law.

use crate::BLOCK;
use model::site::Part;
use model::{Law, Rate};
use std::f32::consts::TAU;
use std::sync::Arc;

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
#[derive(Clone, Debug)]
pub(super) struct Signal {
    parts: Arc<[Part]>,
    peak: f32,
    /// The part that sounds, and samples since it began.
    part: usize,
    at: u32,
    /// Samples since the tone began.
    time: u32,
}

impl Signal {
    /// Sounds and pauses as a country's exchanges do.
    pub(super) fn new(parts: &Arc<[Part]>, dbm0: f32) -> Self {
        Self { parts: Arc::clone(parts), peak: peak(dbm0), part: 0, at: 0, time: 0 }
    }

    pub(super) fn add(&mut self, out: &mut Sound) {
        for sample in out {
            let Some(part) = self.parts.get(self.part) else { return };
            *sample += self.peak * part.pitch.wave(self.time, Rate::Narrow) as f32;
            self.time = self.time.wrapping_add(1);
            self.at += 1;
            if self.at >= u32::from(part.ms) * 8 {
                (self.at, self.part) = (0, (self.part + 1) % self.parts.len());
            }
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
        let busy = model::site::Tones::default().busy;
        let mut signal = Signal::new(&busy.parts().into(), -10.0);
        let mut loud = 0;
        for _ in 0..350 {
            let mut sound = [0.0; BLOCK];
            signal.add(&mut sound);
            loud += sound.iter().filter(|sample| sample.abs() > 100.0).count();
        }
        assert!((26_500..28_100).contains(&loud), "{loud} of 56000 samples");
    }
}
