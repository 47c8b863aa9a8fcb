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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Dbm0, Tone, loudest};

    /// A second of a tone in a codec, block by block.
    fn blocks(codec: Codec, hz: f32) -> Vec<Block> {
        let mut coder = Coder::new(codec).unwrap();
        let mut tone = Tone::new(hz / codec.rate().times() as f32, Dbm0(-10.0));
        let mut samples = vec![0; codec.rate().samples_per_frame()];
        let mut block = || {
            let mut block = [0; 160];
            tone.fill(&mut samples);
            coder.encode(&samples, &mut block);
            block
        };
        (0..50).map(|_| block()).collect()
    }

    #[test]
    fn a_recording_goes_on_in_its_codec_when_the_leg_changes_it_and_changes_it_back() {
        for (file, other) in [(Codec::Pcma, Codec::G722), (Codec::G722, Codec::Pcmu)] {
            let mut recoder = Recoder::new(file);
            let mut ear = Coder::new(file).unwrap();
            let mut heard = Vec::new();
            for codec in [file, other, file] {
                for mut block in blocks(codec, 1000.0) {
                    recoder.block(codec, &mut block);
                    let mut samples = vec![0; file.rate().samples_per_frame()];
                    ear.ear().decode(&block, &mut samples);
                    heard.extend(samples);
                }
            }
            let second = file.rate().hz() as usize;
            for part in heard.chunks(second) {
                let tone = loudest(&part[second / 10..]).unwrap();
                let hz = tone.hz * file.rate().times() as f32;
                assert!((hz - 1000.0).abs() < 3.0 && tone.purity > 0.97, "{file:?}: {tone}");
                assert!((tone.level.0 + 10.0).abs() < 0.5, "{file:?}: {tone}");
            }
        }
    }
}
