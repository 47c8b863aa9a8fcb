//! Sound from one rate to another: by 2 between 8 and 16 kHz, by 3 between 16 and 48 kHz.
//!
//! ```text
//!   8 kHz <--by 2--> 16 kHz <--by 3--> 48 kHz
//! ```
//!
//! Windowed sincs with the middle of their slope at half the lower rate: within 0.1 dB to 3500 Hz
//! (and to 7000 Hz), what lies 600 Hz (1 kHz) and more above the middle is 55 dB down, so that what
//! is folded back lands above the telephone's band. The filters of `audio-codec` 0.4 have 24 weights
//! at the input's rate, whichever that is: too few to bring 48 kHz down to 8 without folding.

use crate::kaiser;
use model::{Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};

/// Sound of a frame at any rate.
pub type Samples = [i16; SAMPLES_PER_FRAME_MAX];

const WIDE: usize = 2 * SAMPLES_PER_FRAME;
/// Weights for each sample at the lower rate, on both sides together.
pub const REACH: usize = 32;
/// Kaiser's beta for 60 dB.
const BETA: f64 = 5.65;
/// Fraction bits of the weights; sums of a whole filter stay within 32 bits.
const BITS: u32 = 14;

/// The weights, made once for all legs.
#[derive(Clone, Debug)]
pub struct Weights {
    two: [[i16; REACH]; 2],
    three: [[i16; REACH]; 3],
    pub fractions: Fractions,
}

impl Weights {
    /// Computes them.
    pub fn new() -> Self {
        Self { two: phases(), three: phases(), fractions: Fractions::new() }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self::new()
    }
}

/// The weights of each phase: of an output `phase / N` of a sample after an input, at the higher
/// rate. Each phase sums to one.
fn phases<const N: usize>() -> [[i16; REACH]; N] {
    std::array::from_fn(|phase| {
        let raw: [f64; REACH] = std::array::from_fn(|k| {
            let x = k as f64 + 1.0 - REACH as f64 / 2.0 - phase as f64 / N as f64;
            kaiser::weight(x, REACH as f64 / 2.0, 0.5, BETA)
        });
        let sum: f64 = raw.iter().sum();
        raw.map(|weight| (weight / sum * f64::from(1u32 << BITS)).round() as i16)
    })
}

/// The weights of what lies between two samples: of each `PARTS`th of the way, and of the end of it.
#[derive(Clone, Debug)]
pub struct Fractions {
    phases: [[i16; REACH]; PARTS],
    end: [i16; REACH],
}

/// Places between two samples that weights are kept for; between those the result is interpolated.
const PARTS: usize = 64;

impl Fractions {
    /// Computes them.
    pub fn new() -> Self {
        let phases = phases();
        // The end of the way is the next sample's begin: all weights one place later.
        let mut end = phases[0];
        end.rotate_right(1);
        Self { phases, end }
    }

    /// What lies `after` 2^-32 of the way between the two samples in the middle of the first
    /// `REACH`.
    pub fn between(&self, samples: &[i16], after: u32) -> i16 {
        let part = (after >> 26) as usize;
        let rest = i64::from(after >> 10 & 0xFFFF);
        let samples = &samples[..REACH];
        let here = i64::from(dot(samples, &self.phases[part]));
        if rest == 0 {
            return rounded(here);
        }
        let next = i64::from(dot(samples, self.phases.get(part + 1).unwrap_or(&self.end)));
        rounded((here * (0x1_0000 - rest) + next * rest) >> 16)
    }
}

impl Default for Fractions {
    fn default() -> Self {
        Self::new()
    }
}

/// One stream on its way from one rate to another. A change of either begins anew.
#[derive(Clone, Copy, Debug)]
pub struct Resampler {
    from: Rate,
    to: Rate,
    /// The last samples of the stream between 8 and 16 kHz, then of that between 16 and 48 kHz.
    two: [i16; 2 * REACH],
    three: [i16; 3 * REACH],
}

impl Resampler {
    /// Begins with silence.
    pub const fn new() -> Self {
        Self { from: Rate::Narrow, to: Rate::Narrow, two: [0; 2 * REACH], three: [0; 3 * REACH] }
    }

    /// Lets the stream end: the next frame is the first of another.
    pub fn rest(&mut self) {
        (self.from, self.to) = (Rate::Narrow, Rate::Narrow);
    }

    /// Brings a frame from one rate to another; the rest of `out` stays as it was.
    pub fn frame(
        &mut self,
        weights: &Weights,
        from: Rate,
        samples: &Samples,
        to: Rate,
        out: &mut Samples,
    ) {
        if (self.from, self.to) != (from, to) {
            *self = Self { from, to, ..Self::new() };
        }
        let mut between = [0; WIDE];
        let narrow = SAMPLES_PER_FRAME;
        match (from, to) {
            (Rate::Narrow, Rate::Wide) => {
                up(&weights.two, &mut self.two, &samples[..narrow], &mut out[..WIDE]);
            }
            (Rate::Wide, Rate::Full) => {
                up(&weights.three, &mut self.three, &samples[..WIDE], out);
            }
            (Rate::Narrow, Rate::Full) => {
                up(&weights.two, &mut self.two, &samples[..narrow], &mut between);
                up(&weights.three, &mut self.three, &between, out);
            }
            (Rate::Wide, Rate::Narrow) => {
                down(&weights.two, &mut self.two, &samples[..WIDE], &mut out[..narrow]);
            }
            (Rate::Full, Rate::Wide) => {
                down(&weights.three, &mut self.three, samples, &mut out[..WIDE]);
            }
            (Rate::Full, Rate::Narrow) => {
                down(&weights.three, &mut self.three, samples, &mut between);
                down(&weights.two, &mut self.two, &between, &mut out[..narrow]);
            }
            (same, _) => {
                let len = same.samples_per_frame();
                out[..len].copy_from_slice(&samples[..len]);
            }
        }
    }
}

impl Default for Resampler {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes `N` samples of each.
fn up<const N: usize>(
    phases: &[[i16; REACH]; N],
    past: &mut [i16],
    samples: &[i16],
    out: &mut [i16],
) {
    let mut line = [0; REACH + WIDE];
    let line = &mut line[..REACH + samples.len()];
    line[..REACH].copy_from_slice(&past[..REACH]);
    line[REACH..].copy_from_slice(samples);
    for (n, out) in out.chunks_exact_mut(N).enumerate() {
        for (phase, out) in phases.iter().zip(out) {
            *out = rounded(dot(&line[n + 1..n + 1 + REACH], phase).into());
        }
    }
    past[..REACH].copy_from_slice(&line[line.len() - REACH..]);
}

/// Makes one sample of each `N`: the same filter, seen from the other side.
fn down<const N: usize>(
    phases: &[[i16; REACH]; N],
    past: &mut [i16],
    samples: &[i16],
    out: &mut [i16],
) {
    let reach = N * REACH;
    // The samples of each phase in a line of their own.
    let mut lines = [[0; REACH + WIDE]; N];
    for (n, &sample) in past[..reach].iter().chain(samples).enumerate() {
        lines[n % N][n / N] = sample;
    }
    for (n, out) in out.iter_mut().enumerate() {
        let mut sum = 0i64;
        for (k, phase) in phases.iter().enumerate() {
            // A sample `k` before the output's is weighed as one `k` after it would be.
            let (line, late) = ((N - k) % N, usize::from(k == 0));
            sum += i64::from(dot(&lines[line][n + late..n + late + REACH], phase));
        }
        *out = rounded(sum / N as i64);
    }
    past[..reach].copy_from_slice(&samples[samples.len() - reach..]);
}

/// A sum that stays within 32 bits, whatever is weighed: an addition that looks for more could not go
/// side by side with the next.
fn dot(samples: &[i16], weights: &[i16; REACH]) -> i32 {
    let weighed = samples.iter().zip(weights).map(|(&s, &w)| i32::from(s) * i32::from(w));
    weighed.fold(0, i32::wrapping_add)
}

fn rounded(sum: i64) -> i16 {
    let value = (sum + (1 << (BITS - 1))) >> BITS;
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Dbm0;
    use std::f64::consts::PI;

    const LEVEL: Dbm0 = Dbm0(-10.0);
    const WAYS: [(Rate, Rate); 6] = [
        (Rate::Narrow, Rate::Wide),
        (Rate::Narrow, Rate::Full),
        (Rate::Wide, Rate::Full),
        (Rate::Wide, Rate::Narrow),
        (Rate::Full, Rate::Wide),
        (Rate::Full, Rate::Narrow),
    ];

    /// One second of a sine, brought to another rate frame by frame; without its first 100 ms.
    fn carried(hz: f64, from: Rate, to: Rate) -> Vec<i16> {
        let (weights, mut resampler) = (Weights::new(), Resampler::new());
        let (mut samples, mut out) = ([0; SAMPLES_PER_FRAME_MAX], [0; SAMPLES_PER_FRAME_MAX]);
        let (step, mut at, mut all) = (2.0 * PI * hz / f64::from(from.hz()), 0.0, Vec::new());
        for _ in 0..50 {
            for sample in &mut samples[..from.samples_per_frame()] {
                *sample = (f64::sin(at) * f64::from(LEVEL.peak())).round() as i16;
                at += step;
            }
            resampler.frame(&weights, from, &samples, to, &mut out);
            all.extend(&out[..to.samples_per_frame()]);
        }
        all.split_off(to.hz() as usize / 10)
    }

    /// The level of one frequency in some sound of a rate (a correlation with both its phases).
    fn level_at(samples: &[i16], rate: Rate, hz: f64) -> f32 {
        let step = 2.0 * PI * hz / f64::from(rate.hz());
        let (mut re, mut im) = (0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            re += f64::from(sample) * (n as f64 * step).cos();
            im += f64::from(sample) * (n as f64 * step).sin();
        }
        let peak = 2.0 * (re * re + im * im).sqrt() / samples.len() as f64;
        Dbm0::of_power((peak * peak / 2.0) as f32).0
    }

    #[test]
    fn what_both_rates_carry_passes_at_its_level_and_nothing_else_comes_of_it() {
        for (from, to) in WAYS {
            let top = if from.min(to) == Rate::Narrow { 3500.0 } else { 7000.0 };
            for hz in [50.0, 300.0, 1000.0, 2500.0, top] {
                let heard = carried(hz, from, to);
                let level = level_at(&heard, to, hz);
                assert!((level - LEVEL.0).abs() < 0.1, "{hz} Hz {from:?} to {to:?}: {level}");
                // Everything but the tone: images, folds, rounding.
                let all = Dbm0::of(&heard).0;
                assert!((all - level).abs() < 0.05, "{hz} Hz {from:?} to {to:?}: {all} in all");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_55_db_down() {
        for (from, to) in [(Rate::Wide, Rate::Narrow), (Rate::Full, Rate::Narrow)] {
            for hz in [4500.0, 5000.0, 6000.0, 7900.0] {
                let level = Dbm0::of(&carried(hz, from, to)).0;
                assert!(level < LEVEL.0 - 55.0, "{hz} Hz of {from:?} is left at {level}");
            }
        }
        for hz in [9000.0, 12_000.0, 20_000.0] {
            let level = Dbm0::of(&carried(hz, Rate::Full, Rate::Wide)).0;
            assert!(level < LEVEL.0 - 55.0, "{hz} Hz is left at {level}");
        }
    }

    #[test]
    fn images_of_a_lower_rate_are_55_db_down() {
        for hz in [300.0, 1000.0, 3500.0] {
            for to in [Rate::Wide, Rate::Full] {
                let image = level_at(&carried(hz, Rate::Narrow, to), to, 8000.0 - hz);
                assert!(image < LEVEL.0 - 55.0, "image of {hz} Hz at {image} in {to:?}");
            }
        }
    }

    #[test]
    fn the_loudest_sound_saturates_and_does_not_wrap() {
        let (weights, mut resampler) = (Weights::new(), Resampler::new());
        let mut samples = [i16::MAX; SAMPLES_PER_FRAME_MAX];
        for (n, sample) in samples.iter_mut().enumerate() {
            *sample = if n / 5 % 2 == 0 { i16::MAX } else { i16::MIN };
        }
        let mut out = [0; SAMPLES_PER_FRAME_MAX];
        for (from, to) in WAYS {
            for _ in 0..3 {
                resampler.frame(&weights, from, &samples, to, &mut out);
            }
            // The square wave's swings do not turn into opposite ones.
            let steps = out[..to.samples_per_frame()].windows(2);
            let most = steps.map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max().unwrap();
            let allowed = if to > from { 45_000 } else { 65_535 };
            assert!(most <= allowed, "{from:?} to {to:?}: a step of {most}");
        }
    }
}
