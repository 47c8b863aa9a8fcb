//! Sound as the simulated line carries it: levels, tones and the bytes of A-law.

use crate::BLOCK;
use std::f32::consts::TAU;

/// One block before it becomes A-law, in units of a 16 bit sample.
pub(super) type Sound = [f32; BLOCK];

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
        *byte = to_a_law(sample.round() as i16);
    }
}

/// The samples of a block.
pub(super) fn decode(block: &[u8; BLOCK], sound: &mut Sound) {
    for (sample, &byte) in sound.iter_mut().zip(block) {
        *sample = f32::from(from_a_law(byte));
    }
}

/// The byte of a sample (G.711 table 1a: decision values, even bits inverted).
fn to_a_law(sample: i16) -> u8 {
    let (sign, size) = if sample >= 0 { (0x80, sample) } else { (0, !sample) };
    let size = size.unsigned_abs();
    // The first two segments have the same step.
    let segment = 8_u32.saturating_sub((size | 0xFF).leading_zeros());
    let step = segment.max(1) + 3;
    let place = u8::try_from((size >> step) & 0x0F).unwrap_or(0);
    (sign | u8::try_from(segment).unwrap_or(7) << 4 | place) ^ 0x55
}

/// The middle of a byte's samples.
fn from_a_law(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let (segment, place) = (code >> 4 & 7, i16::from(code & 0x0F));
    let size = match segment {
        0 => place * 16 + 8,
        _ => (place * 16 + 264) << (segment - 1),
    };
    if code & 0x80 == 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_its_sample() {
        for byte in 0..=255 {
            assert_eq!(to_a_law(from_a_law(byte)), byte, "{byte:#04x}");
        }
    }

    /// G.711 table 1a, character signals before and after inversion.
    #[test]
    fn the_bytes_are_those_of_the_recommendation() {
        for (sample, byte) in [(0, 0xD5), (-1, 0x55), (i16::MAX, 0xAA), (i16::MIN, 0x2A)] {
            assert_eq!(to_a_law(sample), byte, "{sample}");
        }
    }

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
