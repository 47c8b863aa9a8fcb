//! What a leg says in one tick.

use crate::resample::Samples;
use crate::sink::Block;
use model::{Codec, Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};

/// What a leg says in one tick: the bytes of its codec and, if they were needed, the samples they
/// stand for.
#[derive(Clone)]
pub struct Said {
    pub codec: Codec,
    pub bytes: Block,
    /// The samples are those of the bytes; else nobody needed them.
    pub decoded: bool,
    /// A key's tone is in the sound.
    pub key: bool,
    /// So it seems, or it is there.
    pub likely_key: bool,
    /// The samples are not those of the bytes any more: something was done for them.
    pub changed: bool,
    pub samples: Samples,
}

impl Said {
    /// Says nothing in a codec.
    pub const fn nothing(codec: Codec) -> Self {
        Self {
            codec,
            bytes: [codec.silence(); SAMPLES_PER_FRAME],
            decoded: true,
            key: false,
            likely_key: false,
            changed: false,
            samples: [0; SAMPLES_PER_FRAME_MAX],
        }
    }

    /// Becomes silence.
    pub fn silence(&mut self, codec: Codec) {
        self.codec = codec;
        self.bytes = [codec.silence(); SAMPLES_PER_FRAME];
        self.decoded = true;
        (self.key, self.likely_key) = (false, false);
        self.changed = false;
        self.samples[..codec.rate().samples_per_frame()].fill(0);
    }

    /// The rate of the samples.
    pub const fn rate(&self) -> Rate {
        self.codec.rate()
    }
}
