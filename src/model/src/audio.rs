//! Audio units: a 20 ms frame of telephone sound and the two laws it is written in.

use serde::{Deserialize, Serialize};

/// Samples in one 20 ms frame at 8 kHz.
pub const SAMPLES_PER_FRAME: usize = 160;
/// Samples a second on a telephone line.
pub const SAMPLE_RATE: u32 = 8000;
/// The tick of the media threads and of a card's block.
pub const FRAME_MS: u64 = 20;

/// One 20 ms frame of linear audio, 16 bit at 8 kHz.
pub type Frame = [i16; SAMPLES_PER_FRAME];

/// How a byte stands for a sample (ITU-T G.711).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// PCMA, used in China and Europe; RTP payload type 8.
    A,
    /// PCMU, used in North America and Japan; RTP payload type 0.
    Mu,
}

impl Law {
    /// The byte that stands for silence.
    pub const fn silence(self) -> u8 {
        match self {
            Self::A => 0xD5,
            Self::Mu => 0xFF,
        }
    }
}
