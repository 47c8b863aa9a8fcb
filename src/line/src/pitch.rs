//! Whether 10 ms of a line are a tone of a country's exchanges and nothing else.
//!
//! ```text
//!   one frequency       correlation; its phase against the 10 ms before tells how far off it is
//!   two, or one that    the nearest sum of them (least squares), over 10 ms, or over 40 ms where
//!   beats               they are too near to each other to be told apart in less
//! ```

use crate::sound::{RATE, power};
use model::site::Pitch;
use std::f32::consts::{PI, TAU};
use std::f64::consts::TAU as TAU64;

/// Samples judged at once: 10 ms.
pub(crate) const HALF: usize = 80;
pub(crate) const HALF_MS: u32 = 10;
/// Samples judged at once where a tone beats: a whole beat of 25 Hz.
const BEAT: usize = 4 * HALF;
/// Frequencies nearer to each other than this beat too slowly for 10 ms.
const BEAT_HZ: f64 = 120.0;
/// Exchanges are off by up to 25 Hz (GB/T 3380: 450 ± 25 Hz).
const OFFSET_HZ_MAX: f32 = 27.0;
/// Share of the tone in all power.
const PURITY_MIN: f32 = 0.85;
/// Quieter tones are taken for crosstalk of a neighbour's line.
const LEVEL_MIN_DBM0: f32 = -40.0;
/// Cosine and sine of three frequencies.
const WAVES_MAX: usize = 6;
/// Of two frequencies neither is weaker than the other by more than this share of its power: 10 dB.
const TWIST_MAX: f64 = 10.0;

/// 10 ms, measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half {
    pub(crate) power: f32,
    /// Share of a sound near enough to the tone in all power; 0 where it is too weak or far off.
    pub(crate) share: f32,
    /// Off the tone's frequency by this, if it is that tone.
    pub(crate) tone_hz: Option<f32>,
}

/// An ear for one pitch.
#[derive(Clone, Debug)]
pub(crate) struct PitchEar {
    kind: Kind,
    floor: f32,
}

#[derive(Clone, Debug)]
enum Kind {
    One { step: f32, turn: f32, before: (f32, f32) },
    Mixed(Box<Mix>),
}

/// Frequencies, and how a stretch of sound is told apart into them.
#[derive(Clone, Debug)]
struct Mix {
    /// Cosine and sine of each frequency.
    waves: Vec<[f32; BEAT]>,
    /// What makes strengths of correlations.
    inverse: Vec<Vec<f64>>,
    /// Samples judged at once: `HALF` or `BEAT`, and the last so many.
    window: usize,
    past: [f32; BEAT],
    /// It has two frequencies, which both must be there.
    both: bool,
}

impl PitchEar {
    /// Makes an ear; for none that pauses.
    pub(crate) fn new(pitch: Pitch) -> Option<Self> {
        let kind = match pitch {
            Pitch::Pause => return None,
            Pitch::One(hz) => {
                let step = TAU * f32::from(hz) / RATE;
                Kind::One { step, turn: step * HALF as f32 % TAU, before: (0.0, 0.0) }
            }
            Pitch::Two(low, high) => Kind::Mixed(Box::new(Mix::new(&[low.into(), high.into()]))),
            // A frequency and both of its sidebands.
            Pitch::Beating(hz, beat) => {
                let (hz, beat) = (f64::from(hz), f64::from(beat));
                Kind::Mixed(Box::new(Mix::new(&[hz - beat, hz, hz + beat])))
            }
        };
        Some(Self { kind, floor: power(LEVEL_MIN_DBM0) })
    }

    /// Forgets what was heard.
    pub(crate) fn reset(&mut self) {
        match &mut self.kind {
            Kind::One { before, .. } => *before = (0.0, 0.0),
            Kind::Mixed(mix) => mix.past = [0.0; BEAT],
        }
    }

    /// By how much a tone seems to sound longer than it does.
    pub(crate) fn blur_ms(&self) -> u32 {
        match &self.kind {
            Kind::Mixed(mix) => HALF_MS * (mix.window / HALF - 1) as u32,
            Kind::One { .. } => 0,
        }
    }

    /// Measures 10 ms.
    pub(crate) fn measure(&mut self, samples: &[f32]) -> Half {
        match &mut self.kind {
            Kind::One { step, turn, before } => one(samples, *step, *turn, before, self.floor),
            Kind::Mixed(mix) => mix.measure(samples, self.floor),
        }
    }
}

/// Correlates with the frequency; its phase against the half before tells how far off it is.
fn one(samples: &[f32], step: f32, turn: f32, before: &mut (f32, f32), floor: f32) -> Half {
    let (mut re, mut im, mut squares) = (0_f32, 0_f32, 0_f32);
    // The angle turns by multiplication: a sine for each sample would cost ten times as much.
    let (turn_re, turn_im) = (step.cos(), -step.sin());
    let (mut unit_re, mut unit_im) = (1_f32, 0_f32);
    for &sample in samples {
        re += sample * unit_re;
        im += sample * unit_im;
        squares += sample * sample;
        (unit_re, unit_im) =
            (unit_re * turn_re - unit_im * turn_im, unit_re * turn_im + unit_im * turn_re);
    }
    let before = std::mem::replace(before, (re, im));
    let len = HALF as f32;
    let power = squares / len;
    if power < floor {
        return Half { power, share: 0.0, tone_hz: None };
    }
    let (turned_re, turned_im) = (re * before.0 + im * before.1, im * before.0 - re * before.1);
    let mut angle = turned_im.atan2(turned_re) - turn;
    while angle < -PI {
        angle += TAU;
    }
    let offset_hz = angle / TAU * RATE / len;
    // What the correlation loses by the offset: sin x / x.
    let x = angle / 2.0;
    let kept = if x.abs() < 1e-3 { 1.0 } else { x.sin() / x };
    let purity = 2.0 * (re * re + im * im) / (len * len) / (kept * kept) / power;
    let share = if offset_hz.abs() <= OFFSET_HZ_MAX { purity } else { 0.0 };
    Half { power, share, tone_hz: (share >= PURITY_MIN).then_some(offset_hz) }
}

impl Mix {
    fn new(hz: &[f64]) -> Self {
        let wave = |hz: f64, shift: f64| -> [f32; BEAT] {
            let angle = TAU64 * hz / f64::from(RATE);
            std::array::from_fn(|n| (angle * n as f64 + shift).sin() as f32)
        };
        let waves: Vec<_> =
            hz.iter().flat_map(|&hz| [wave(hz, TAU64 / 4.0), wave(hz, 0.0)]).collect();
        let near = hz.windows(2).any(|two| two[1] - two[0] < BEAT_HZ);
        let window = if near { BEAT } else { HALF };
        let dot = |a: &[f32; BEAT], b: &[f32; BEAT]| -> f64 {
            let pairs = a.iter().zip(b).take(window);
            pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let gram = waves.iter().map(|a| waves.iter().map(|b| dot(a, b)).collect()).collect();
        let both = hz.len() == 2;
        Self { inverse: inverse(gram), waves, window, past: [0.0; BEAT], both }
    }

    fn measure(&mut self, samples: &[f32], floor: f32) -> Half {
        self.past.copy_within(HALF.., 0);
        self.past[BEAT - HALF..].copy_from_slice(&samples[..HALF]);
        let sound = &self.past[BEAT - self.window..];
        let power = sound.iter().map(|sample| sample * sample).sum::<f32>() / self.window as f32;
        if power < floor {
            return Half { power, share: 0.0, tone_hz: None };
        }
        let mut heard = [0.0_f64; WAVES_MAX];
        for (heard, wave) in heard.iter_mut().zip(&self.waves) {
            let sum: f32 = sound.iter().zip(wave).map(|(sample, wave)| sample * wave).sum();
            *heard = f64::from(sum);
        }
        let mut strengths = [0.0_f64; WAVES_MAX];
        for (strength, row) in strengths.iter_mut().zip(&self.inverse) {
            *strength = row.iter().zip(&heard).map(|(cell, heard)| cell * heard).sum();
        }
        let tone: f64 =
            strengths.iter().zip(&heard).map(|(strength, heard)| strength * heard).sum();
        let [a, b, c, d, ..] = strengths;
        let (low, high) = (a * a + b * b, c * c + d * d);
        let balanced = !self.both || low <= TWIST_MAX * high && high <= TWIST_MAX * low;
        let share = if balanced { tone as f32 / self.window as f32 / power } else { 0.0 };
        Half { power, share, tone_hz: (share >= PURITY_MIN).then_some(0.0) }
    }
}

/// Inverts by elimination. Frequencies that differ give a matrix that has an inverse.
fn inverse(mut of: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let len = of.len();
    let row = |n: usize| (0..len).map(|k| f64::from(u8::from(n == k))).collect();
    let mut inverse: Vec<Vec<f64>> = (0..len).map(row).collect();
    for n in 0..len {
        let scale = of[n][n];
        for k in 0..len {
            of[n][k] /= scale;
            inverse[n][k] /= scale;
        }
        for row in (0..len).filter(|row| *row != n) {
            let factor = of[row][n];
            for k in 0..len {
                of[row][k] -= factor * of[n][k];
                inverse[row][k] -= factor * inverse[n][k];
            }
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_heard(pitch: Pitch, hz: &[f32]) -> f32 {
        let mut ear = PitchEar::new(pitch).unwrap();
        let mut found = 0;
        for half in 0..100usize {
            let samples: Vec<f32> = (0..HALF)
                .map(|n| {
                    let at = (half * HALF + n) as f32 / RATE;
                    hz.iter().map(|hz| 1000.0 * (TAU * hz * at).sin()).sum()
                })
                .collect();
            found += usize::from(ear.measure(&samples).tone_hz.is_some());
        }
        found as f32 / 100.0
    }

    #[test]
    fn each_pitch_is_heard_and_others_are_not() {
        for (low, high) in [(480, 620), (350, 440), (440, 480), (400, 450), (413, 438)] {
            let pitch = Pitch::Two(low, high);
            let (low, high) = (f32::from(low), f32::from(high));
            for off in [0.992, 1.0, 1.008] {
                let share = share_heard(pitch, &[low * off, high * off]);
                assert!(share > 0.9, "{pitch:?} {off}: {share}");
            }
            assert!(share_heard(pitch, &[low, 1100.0]) < 0.1, "{pitch:?}");
            assert!(share_heard(pitch, &[300.0, 700.0]) < 0.1, "{pitch:?}");
            assert!(share_heard(pitch, &[low]) < 0.1, "{pitch:?}: one of both is not both");
        }
        let beating = [375.0, 400.0, 400.0, 425.0];
        assert!(share_heard(Pitch::Beating(400, 25), &beating) > 0.9);
        assert!(share_heard(Pitch::One(425), &[440.0]) > 0.9);
        assert!(share_heard(Pitch::One(425), &[480.0]) < 0.1);
    }
}
