//! Clips: recorded sound at 8 kHz and, where the recording has it, at 16 kHz, ready to be played
//! without another thought.
//!
//! A recording at a higher rate is filtered to what a telephone carries (300 to 3400 Hz pass, 4000
//! Hz and above are gone; 7000 and 8000 Hz for wide-band legs) and brought to 8 and 16 kHz when the site is loaded, once.

use crate::kaiser;
use crate::live::Live;
use model::Rate;
use std::sync::Arc;

/// Longest clip, in seconds; a longer recording is refused when the site is loaded.
pub const CLIP_S_MAX: u64 = 3600;
/// Sample rates a recording may have; fractions of them by 8000 Hz stay small.
pub const RATES: [u32; 6] = [8000, 16_000, 24_000, 32_000, 44_100, 48_000];
const RATE: u32 = model::audio::SAMPLE_RATE;
/// Middle and width of the filters' slopes: flat to 3400 Hz and 60 dB down at 4000 Hz, and flat to
/// 7000 Hz and 60 dB down at 8000 Hz.
const NARROW_SLOPE_HZ: (f64, f64) = (3700.0, 600.0);
const WIDE_SLOPE_HZ: (f64, f64) = (7500.0, 1000.0);
/// Kaiser's beta and length factor for 60 dB and a little more.
const BETA: f64 = 6.0;
const LENGTH: f64 = 3.9;

/// A piece of sound, 16 bit linear at 8 kHz, and at 16 kHz where the recording has as much.
#[derive(Clone, Debug)]
pub struct Clip {
    narrow: Arc<[i16]>,
    /// Twice as many samples.
    wide: Option<Arc<[i16]>>,
    /// What is played in its place while it is on.
    live: Option<Arc<Live>>,
}

impl PartialEq for Clip {
    /// Recordings alike; what comes live is alike where it is the same.
    fn eq(&self, other: &Self) -> bool {
        let live = match (&self.live, &other.live) {
            (Some(live), Some(other)) => Arc::ptr_eq(live, other),
            (None, None) => true,
            _ => false,
        };
        live && self.narrow == other.narrow && self.wide == other.wide
    }
}

impl Eq for Clip {}

/// Why a recording cannot become a clip.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    #[error("sample rate {0} Hz is not one of 8000, 16000, 24000, 32000, 44100 and 48000 Hz")]
    Rate(u32),
    #[error("the recording is {0} s long, more than {CLIP_S_MAX} s")]
    TooLong(u64),
}

impl Clip {
    /// Makes a clip of samples at 8 kHz.
    pub fn narrow(samples: impl Into<Arc<[i16]>>) -> Self {
        Self { narrow: samples.into(), wide: None, live: None }
    }

    /// Makes a clip that was made at both rates: twice as many samples at 16 kHz.
    pub(crate) fn at_both(narrow: Vec<i16>, wide: Vec<i16>) -> Self {
        Self { narrow: narrow.into(), wide: Some(wide.into()), live: None }
    }

    /// Has something else played in its place while that is on.
    pub fn with_live(self, live: &Arc<Live>) -> Self {
        Self { live: Some(live.clone()), ..self }
    }

    /// What is played in its place now.
    pub fn live(&self) -> Option<&Live> {
        self.live.as_deref().filter(|live| live.is_on())
    }

    /// Tells whether it is there at 16 kHz.
    pub fn is_wide(&self) -> bool {
        self.wide.is_some() && self.live().is_none()
    }

    /// Its samples at 16 kHz where they are asked for and there, else at 8 kHz.
    pub fn samples(&self, rate: Rate) -> &[i16] {
        match &self.wide {
            Some(wide) if rate > Rate::Narrow => wide,
            _ => &self.narrow,
        }
    }

    /// Makes a clip of mono samples of another rate. The sound starts where it started, and the
    /// length is the recording's, rounded up to a sample.
    pub fn from_pcm(samples: &[i16], rate_hz: u32) -> Result<Self, ClipError> {
        if !RATES.contains(&rate_hz) {
            return Err(ClipError::Rate(rate_hz));
        }
        let seconds = samples.len() as u64 / u64::from(rate_hz);
        if seconds >= CLIP_S_MAX {
            return Err(ClipError::TooLong(seconds));
        }
        if rate_hz == RATE {
            return Ok(Self::narrow(samples));
        }
        let narrow = resampled(samples, rate_hz, Rate::Narrow);
        // Each sample at 8 kHz has two at 16 kHz, so that a play can go from one to the other.
        let mut wide = match rate_hz == Rate::Wide.hz() {
            true => samples.to_vec(),
            false => resampled(samples, rate_hz, Rate::Wide),
        };
        wide.resize(2 * narrow.len(), 0);
        Ok(Self { narrow: narrow.into(), wide: Some(wide.into()), live: None })
    }

    /// How long it sounds.
    pub fn ms(&self) -> u64 {
        self.narrow.len() as u64 * 1000 / u64::from(RATE)
    }
}

/// Brings samples to a rate by a windowed sinc, one set of weights for each place an output sample
/// can have between two input samples.
fn resampled(samples: &[i16], from_hz: u32, to: Rate) -> Vec<i16> {
    let divisor = gcd(from_hz, to.hz());
    let (up, down) = ((to.hz() / divisor) as usize, (from_hz / divisor) as usize);
    let slope = if to == Rate::Narrow { NARROW_SLOPE_HZ } else { WIDE_SLOPE_HZ };
    let half = (f64::from(from_hz) / slope.1 * LENGTH / 2.0).ceil() as usize;
    let phases: Vec<Vec<f32>> =
        (0..up).map(|phase| weights(phase as f64 / up as f64, half, from_hz, slope.0)).collect();
    let len = (samples.len() * up).div_ceil(down);
    (0..len)
        .map(|n| {
            let (whole, phase) = (n * down / up, n * down % up);
            // Weight k belongs to input sample whole + 1 - half + k.
            let first = (whole + 1).saturating_sub(half);
            let skipped = (half - 1).saturating_sub(whole);
            weighed(&samples[first.min(samples.len())..], &phases[phase][skipped..]).round() as i16
        })
        .collect()
}

/// The sum of samples by their weights. Additions of floats keep their order, so one sum would wait for
/// each of them: so many lanes go side by side.
fn weighed(samples: &[i16], weights: &[f32]) -> f32 {
    const LANES: usize = 8;
    let len = samples.len().min(weights.len());
    let (samples, last_samples) = samples[..len].as_chunks::<LANES>();
    let (weights, last_weights) = weights[..len].as_chunks::<LANES>();
    let mut lanes = [0_f32; LANES];
    for (samples, weights) in samples.iter().zip(weights) {
        for ((lane, &sample), &weight) in lanes.iter_mut().zip(samples).zip(weights) {
            *lane += f32::from(sample) * weight;
        }
    }
    let last = last_samples.iter().zip(last_weights);
    lanes.iter().sum::<f32>() + last.map(|(&s, &w)| f32::from(s) * w).sum::<f32>()
}

/// The filter's weights for an output sample `fraction` of an input sample after an input sample.
fn weights(fraction: f64, half: usize, rate_hz: u32, cutoff_hz: f64) -> Vec<f32> {
    let cutoff = cutoff_hz / f64::from(rate_hz);
    let raw: Vec<f64> = (0..2 * half)
        .map(|k| {
            let x = k as f64 + 1.0 - half as f64 - fraction;
            kaiser::weight(x, half as f64, cutoff, BETA)
        })
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| (weight / sum) as f32).collect()
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Dbm0, listen, loudest};
    use std::f64::consts::PI;

    /// A sine at another rate, 0.5 s at -10 dBm0.
    fn sine(hz: f64, rate_hz: u32) -> Vec<i16> {
        let step = 2.0 * PI * hz / f64::from(rate_hz);
        let peak = f64::from(Dbm0(-10.0).peak());
        (0..rate_hz / 2).map(|n| ((f64::from(n) * step).sin() * peak).round() as i16).collect()
    }

    #[test]
    fn the_telephone_band_passes_at_its_level_from_every_rate() {
        for rate in RATES {
            for hz in [300.0, 1000.0, 2500.0, 3390.0] {
                let clip = Clip::from_pcm(&sine(hz, rate), rate).unwrap();
                assert_eq!(clip.narrow.len(), 4000, "{rate}");
                let heard = loudest(&clip.narrow[100..3900]).unwrap();
                assert!((f64::from(heard.hz) - hz).abs() < 2.0, "{rate}: {heard}");
                assert!((heard.level.0 + 10.0).abs() < 0.15, "{rate}: {heard}");
            }
        }
    }

    #[test]
    fn what_a_telephone_cannot_carry_is_gone_and_not_folded_back() {
        for rate in &RATES[1..] {
            for hz in [4050.0, 4600.0, 6000.0, 7500.0] {
                let clip = Clip::from_pcm(&sine(hz, *rate), *rate).unwrap();
                let level = Dbm0::of(&clip.narrow[200..3800]);
                assert!(level.0 < -65.0, "{hz} Hz of {rate} Hz is left at {level}");
            }
        }
    }

    #[test]
    fn a_wide_recording_is_there_at_16_khz_and_a_narrow_one_is_not() {
        for rate in &RATES[1..] {
            let clip = Clip::from_pcm(&sine(6500.0, *rate), *rate).unwrap();
            let wide = clip.samples(Rate::Wide);
            assert_eq!(wide.len(), 8000, "{rate}");
            // Heard as if it were at 8 kHz, each frequency is half of what it is.
            let heard = loudest(&wide[400..7600]).unwrap();
            assert!((heard.hz * 2.0 - 6500.0).abs() < 2.0, "{rate}: {heard}");
            assert!((heard.level.0 + 10.0).abs() < 0.15, "{rate}: {heard}");
        }
        let narrow = Clip::from_pcm(&sine(1000.0, 8000), 8000).unwrap();
        assert!(!narrow.is_wide() && narrow.samples(Rate::Wide).len() == 4000);
    }

    #[test]
    fn the_sound_keeps_its_place_in_time() {
        // A sine that starts at a zero has its phase at every rate.
        for rate in &RATES[1..] {
            let clip = Clip::from_pcm(&sine(500.0, *rate), *rate).unwrap();
            let want = sine(500.0, RATE);
            let off =
                (400..3600).map(|n| (i32::from(clip.narrow[n]) - i32::from(want[n])).abs()).max();
            assert!(off.unwrap() <= 60, "{rate}: {off:?} of {}", Dbm0(-10.0).peak());
        }
    }

    #[test]
    fn speech_at_the_edges_is_not_lost() {
        let clip = Clip::from_pcm(&[10_000; 1600], 16_000).unwrap();
        assert_eq!((clip.narrow.len(), clip.ms()), (800, 100));
        assert!(listen(&clip.narrow, 0.0).purity > 0.9);
        assert!(clip.narrow[0] > 4000 && clip.narrow[799] > 4000);
    }

    #[test]
    fn an_odd_rate_or_an_endless_recording_is_refused() {
        assert_eq!(Clip::from_pcm(&[0], 11_025), Err(ClipError::Rate(11_025)));
        let endless = vec![0; 8000 * 3600];
        assert_eq!(Clip::from_pcm(&endless, 8000), Err(ClipError::TooLong(3600)));
        assert_eq!(Clip::from_pcm(&[], 16_000).unwrap().narrow.len(), 0);
    }
}
