//! Blocks from one codec to another, outside of the engine: a recording whose leg changed its codec
//! in mid-call goes on in the one its file began with.

use crate::coder::Coder;
use crate::resample::{Resampler, Weights};
use crate::sink::Block;
use model::{Codec, SAMPLES_PER_FRAME_MAX};

/// One direction on its way to the codec of a file.
pub struct Recoder {
    to: Codec,
    /// Made when they are first needed, as they seldom are.
    way: Option<Box<Way>>,
}

/// Both ends and what is between them.
struct Way {
    from: Codec,
    decoder: Coder,
    encoder: Coder,
    weights: Weights,
    resampler: Resampler,
}

impl Recoder {
    /// Brings blocks to a codec.
    pub fn new(to: Codec) -> Self {
        Self { to, way: None }
    }

    /// Brings a block of a codec to the file's; one of the file's stays as it is.
    pub fn block(&mut self, from: Codec, block: &mut Block) {
        if from == self.to {
            if let Some(way) = &mut self.way {
                way.encoder.passed(block);
            }
            return;
        }
        if self.way.as_ref().is_none_or(|way| way.from != from) {
            self.way = Way::new(from, self.to).map(Box::new);
        }
        let Some(way) = &mut self.way else { return };
        let (mut samples, mut out) = ([0; SAMPLES_PER_FRAME_MAX], [0; SAMPLES_PER_FRAME_MAX]);
        way.decoder.ear().decode(block, &mut samples[..from.rate().samples_per_frame()]);
        let to = self.to.rate();
        way.resampler.frame(&way.weights, from.rate(), &samples, to, &mut out);
        way.encoder.encode(&out[..to.samples_per_frame()], block);
    }
}

impl Way {
    fn new(from: Codec, to: Codec) -> Option<Self> {
        Some(Self {
            from,
            decoder: Coder::new(from)?,
            encoder: Coder::new(to)?,
            weights: Weights::new(),
            resampler: Resampler::new(),
        })
    }
}
