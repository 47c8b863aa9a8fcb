//! Audio units: a 20 ms frame of telephone sound.

/// Samples in one 20 ms frame at 8 kHz.
pub const SAMPLES_PER_FRAME: usize = 160;
/// Samples a second on a telephone line.
pub const SAMPLE_RATE: u32 = 8000;
/// The tick of the media threads and of a card's block.
pub const FRAME_MS: u64 = 20;

/// One 20 ms frame of linear audio, 16 bit at 8 kHz.
pub type Frame = [i16; SAMPLES_PER_FRAME];
