//! Noise suppressed by nnnoiseless (RNNoise: a recurrent net gives a gain a band), at 48 kHz.

use crate::resample::{Resampler, Samples, Weights};
use model::{Rate, SAMPLES_PER_FRAME_MAX};
use nnnoiseless::DenoiseState;

/// Samples it takes at once: 10 ms at 48 kHz. What it gives is as much later.
const HALF: usize = DenoiseState::FRAME_SIZE;
/// Noise is not taken further down than this, 20 dB, so that a line never seems dead.
const FLOOR: f32 = 0.1;

/// Makes what the first frame on a thread allocates: the plan of the transform. To be called once on
/// the thread that ticks, before it does.
pub fn warm() {
    DenoiseState::new().process_frame(&mut [0.0; HALF], &[1000.0; HALF]);
}

/// The suppression of one leg's noise.
pub struct Denoise {
    state: Box<DenoiseState<'static>>,
    up: Resampler,
    down: Resampler,
    /// What came, as late as what the net gives.
    dry: [f32; HALF],
    /// The net's part in what is given, 0 to 1.
    share: f32,
}

impl std::fmt::Debug for Denoise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Denoise").field("share", &self.share).finish_non_exhaustive()
    }
}

impl Denoise {
    /// Reserves the state: 32 KB.
    pub fn new() -> Self {
        Self {
            state: DenoiseState::new(),
            up: Resampler::new(),
            down: Resampler::new(),
            dry: [0.0; HALF],
            share: 0.0,
        }
    }

    /// Forgets what came: what comes next is given as it comes at first.
    pub fn rest(&mut self) {
        (self.up, self.down) = (Resampler::new(), Resampler::new());
        (self.dry, self.share) = ([0.0; HALF], 0.0);
    }

    /// Takes a frame; `wanted` is false for music and tones, which are given as they came, as much
    /// later. One goes over into the other within a frame.
    pub fn frame(&mut self, weights: &Weights, rate: Rate, samples: &mut Samples, wanted: bool) {
        let mut full = [0; SAMPLES_PER_FRAME_MAX];
        self.up.frame(weights, rate, samples, Rate::Full, &mut full);
        let step = (f32::from(u8::from(wanted)) - self.share) / full.len() as f32;
        for half in full.chunks_exact_mut(HALF) {
            let mut came = [0.0; HALF];
            let mut clean = [0.0; HALF];
            for (came, sample) in came.iter_mut().zip(half.iter()) {
                *came = f32::from(*sample);
            }
            self.state.process_frame(&mut clean, &came);
            for ((sample, clean), dry) in half.iter_mut().zip(clean).zip(self.dry) {
                self.share += step;
                let kept = FLOOR + (1.0 - FLOOR) * (1.0 - self.share);
                let given = clean * (1.0 - kept) + dry * kept;
                *sample = given.clamp(-32_768.0, 32_767.0) as i16;
            }
            self.dry = came;
        }
        self.down.frame(weights, Rate::Full, &full, rate, samples);
    }
}
