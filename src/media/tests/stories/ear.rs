//! An ear: how far a sound is from the one it should be, as a person hears it.
//!
//! The perceptual model of ITU-T P.862 (sections 10.2.2 to 10.2.11) without its alignment, filters
//! and mapping to opinions: frames of 32 ms become loudness in bands of half a Bark (Zwicker's
//! law over Terhardt's threshold), the differences that masking leaves are summed in each frame,
//! what was added counting more than what is missing, and frames are summed so that a short bad
//! stretch counts more than its share. The result has no unit: 0 is the same sound.
//!
//! To mean something it is read off against a reference of the same speech: the modulated noise
//! reference unit of ITU-T P.810, whose Q is the ratio of speech to its noise in dB. A sound is as
//! bad as an MNRU of the Q at which the ear gives the same distance. 35 dB is hardly told from the
//! original, 20 dB is noisy, 10 dB is hard to listen to.

use crate::world::Random;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

const FRAME: usize = 256;
const STEP: usize = FRAME / 2;
const BANDS: usize = 33;
/// Lowest band's lower edge, and the width of all, in Bark.
const BARK_FROM: f32 = 1.0;
const BARK_WIDTH: f32 = 0.45;
/// Speech of -20 dBm0 is listened to at 79 dB SPL (P.862 7.2): so much is a full scale sine.
const FULL_SCALE_SPL: f32 = 102.14;
/// Zwicker's exponent.
const GAMMA: f32 = 0.23;
/// Frames of a stretch in which the worst counts most: 320 ms.
const STRETCH: usize = 20;

pub struct Ear {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    /// The band of each line of the spectrum.
    band: Vec<Option<usize>>,
    /// Threshold of hearing in each band, as power.
    threshold: [f32; BANDS],
    gain: f32,
}

/// Hz to Bark (Traunmüller 1990).
fn bark(hz: f32) -> f32 {
    26.81 * hz / (1960.0 + hz) - 0.53
}

impl Ear {
    pub fn new() -> Self {
        let window: Vec<f32> = (0..FRAME)
            .map(|n| 0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / FRAME as f32).cos())
            .collect();
        let hz = |line: usize| line as f32 * 8000.0 / FRAME as f32;
        let band: Vec<Option<usize>> = (0..FRAME / 2)
            .map(|line| {
                let at = (bark(hz(line)) - BARK_FROM) / BARK_WIDTH;
                (at >= 0.0 && at < BANDS as f32).then_some(at as usize)
            })
            .collect();
        let mut threshold = [0.0; BANDS];
        for (line, band) in band.iter().enumerate() {
            if let Some(band) = band {
                let khz = hz(line) / 1000.0;
                let db = 3.64 * khz.powf(-0.8) - 6.5 * (-0.6 * (khz - 3.3).powi(2)).exp()
                    + 1e-3 * khz.powi(4);
                threshold[*band] += 10f32.powf(db / 10.0) / 2.0;
            }
        }
        // A full scale sine under the window has a line of FRAME / 4.
        let line = 32768.0 * FRAME as f32 / 4.0;
        let gain = 10f32.powf(FULL_SCALE_SPL / 10.0) / (line * line * 1.5);
        Self { fft: FftPlanner::new().plan_fft_forward(FRAME), window, band, threshold, gain }
    }

    /// Power in each band of a frame.
    fn bands(&self, samples: &[i16]) -> [f32; BANDS] {
        let mut lines: Vec<Complex32> = samples
            .iter()
            .zip(&self.window)
            .map(|(&sample, window)| Complex32::new(f32::from(sample) * window, 0.0))
            .collect();
        self.fft.process(&mut lines);
        let mut bands = [0.0; BANDS];
        for (line, band) in lines.iter().zip(&self.band) {
            if let Some(band) = band {
                bands[*band] += line.norm_sqr() * self.gain;
            }
        }
        bands
    }

    /// Loudness of a band (P.862 10.2.6).
    fn loudness(&self, power: f32, band: usize) -> f32 {
        let threshold = self.threshold[band].max(1e-3);
        let loud = (0.5 + 0.5 * power / threshold).powf(GAMMA) - 1.0;
        (threshold / 0.5).powf(GAMMA) * loud.max(0.0)
    }

    /// How far `heard` is from `clean`, which start together.
    pub fn distance(&self, clean: &[i16], heard: &[i16]) -> f32 {
        let len = clean.len().min(heard.len());
        let mut frames = Vec::new();
        for start in (0..len.saturating_sub(FRAME)).step_by(STEP) {
            let was = self.bands(&clean[start..start + FRAME]);
            let is = self.bands(&heard[start..start + FRAME]);
            let (mut cubes, mut added) = (0.0, 0.0);
            for band in 0..BANDS {
                let (was_loud, is_loud) =
                    (self.loudness(was[band], band), self.loudness(is[band], band));
                // What is masked is not heard (P.862 10.2.7).
                let masked = 0.25 * was_loud.min(is_loud);
                let difference = is_loud - was_loud;
                let left = difference.signum() * (difference.abs() - masked).max(0.0);
                cubes += left.abs().powi(3) * BARK_WIDTH;
                // What was added is heard as something of its own (10.2.8).
                let asymmetry = ((is[band] + 50.0) / (was[band] + 50.0)).powf(1.2);
                if asymmetry > 3.0 {
                    added += left.abs() * asymmetry.min(12.0) * BARK_WIDTH;
                }
            }
            // Between words less is heard of it (10.2.9): relative to speech of -20 dBm0.
            let power: f32 = was.iter().sum();
            let emphasis = ((power + 1e4) / 10f32.powf(7.9)).powf(0.04);
            frames.push((cubes.cbrt() / emphasis, added / emphasis));
        }
        let stretches: Vec<(f32, f32)> = frames
            .chunks(STRETCH)
            .map(|frames| {
                (
                    sixth(frames.iter().map(|f| f.0.min(45.0))),
                    sixth(frames.iter().map(|f| f.1.min(45.0))),
                )
            })
            .collect();
        let root = |values: &mut dyn Iterator<Item = f32>| {
            (values.map(|v| v * v).sum::<f32>() / stretches.len().max(1) as f32).sqrt()
        };
        let plain = root(&mut stretches.iter().map(|s| s.0));
        let added = root(&mut stretches.iter().map(|s| s.1));
        0.1 * plain + 0.0309 * added
    }

    /// The Q in dB of the MNRU that is as far from `clean` as a distance: from 0 to 45.
    pub fn equivalent_q(&self, clean: &[i16], distance: f32) -> f32 {
        let mut better = (45.0, self.distance(clean, &mnru(clean, 45.0, 1)));
        if distance <= better.1 {
            return 45.0;
        }
        for q in (0..9).rev().map(|step| step as f32 * 5.0) {
            let worse = (q, self.distance(clean, &mnru(clean, q, 1)));
            if distance <= worse.1 {
                let share = (distance - better.1) / (worse.1 - better.1);
                return better.0 + (worse.0 - better.0) * share;
            }
            better = worse;
        }
        0.0
    }
}

fn sixth(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    let len = values.len().max(1) as f32;
    (values.map(|value| value.powi(6)).sum::<f32>() / len).powf(1.0 / 6.0)
}

/// Speech with noise that follows it at a ratio of `q` dB (ITU-T P.810).
pub fn mnru(clean: &[i16], q: f32, seed: u64) -> Vec<i16> {
    let mut random = Random(seed);
    let share = 10f32.powf(-q / 20.0);
    clean.iter().map(|&s| (f32::from(s) * (1.0 + share * random.noise())) as i16).collect()
}

/// Brings `heard` to where `clean` is: each stretch of 128 ms of speech is looked for near where
/// the one before was found. Where a delay changes the ear shall judge the seam, not the shift.
pub fn aligned(clean: &[i16], heard: &[i16], lag_max: usize) -> Vec<i16> {
    const STRETCH: usize = 1024;
    let at = |lag: i64, n: usize| {
        usize::try_from(n as i64 + lag).ok().and_then(|n| heard.get(n)).copied().unwrap_or(0)
    };
    let likeness = |start: usize, len: usize, lag: i64, step: usize| {
        let (mut cross, mut a, mut b) = (0.0f32, 1.0f32, 1.0f32);
        for n in (start..(start + len).min(clean.len())).step_by(step) {
            let (x, y) = (f32::from(clean[n]), f32::from(at(lag, n)));
            cross += x * y;
            a += x * x;
            b += y * y;
        }
        cross / (a * b).sqrt()
    };
    let best = |start: usize, len: usize, lags: &mut dyn Iterator<Item = i64>, step: usize| {
        let mut found = (0, f32::MIN);
        for lag in lags {
            let alike = likeness(start, len, lag, step);
            if alike > found.1 {
                found = (lag, alike);
            }
        }
        found
    };
    let first = clean.iter().position(|s| s.unsigned_abs() > 500).unwrap_or(0);
    let (mut lag, _) = best(first, 16_000, &mut (0..lag_max as i64), 1);
    let mut out = Vec::with_capacity(clean.len());
    for start in (0..clean.len()).step_by(STRETCH) {
        let len = STRETCH.min(clean.len() - start);
        let loud = clean[start..start + len].iter().any(|s| s.unsigned_abs() > 800);
        if loud && likeness(start, len, lag, 1) < 0.99 {
            let (near, _) = best(start, len, &mut (lag - 800..lag + 800).step_by(2), 2);
            let (exact, alike) = best(start, len, &mut (near - 2..near + 3), 1);
            if alike > likeness(start, len, lag, 1) + 0.05 {
                lag = exact;
            }
        }
        out.extend((start..start + len).map(|n| at(lag, n)));
    }
    out
}
