//! Blocks from one codec to another, outside of the engine: a recording whose leg changed its codec
//! in mid-call goes on in the one its file began with.

use crate::coder::Coder;
use crate::resample::{Resampler, Weights};
use crate::sink::Block;
use model::{Codec, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};

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

impl Recoder {
    /// A block of silence in the file's codec, for what did not come: where blocks are brought to
    /// it, encoded as they are, so that the encoder stays in step with whoever decodes the file.
    pub fn silence(&mut self) -> Block {
        let mut block = [self.to.silence(); SAMPLES_PER_FRAME];
        if let Some(way) = &mut self.way {
            let samples = [0; SAMPLES_PER_FRAME_MAX];
            way.encoder.encode(&samples[..self.to.rate().samples_per_frame()], &mut block);
        }
        block
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
    /// The level of what is heard after each gap in a file that a tone is brought to.
    fn after_gaps(silence: impl Fn(&mut Recoder) -> Block) -> f32 {
        let (file, other) = (Codec::G722, Codec::Pcma);
        let (mut recoder, mut ear) = (Recoder::new(file), Coder::new(file).unwrap());
        let mut after = Vec::new();
        for (n, mut block) in blocks(other, 300.0).into_iter().enumerate() {
            match n % 10 {
                9 => block = silence(&mut recoder),
                _ => recoder.block(other, &mut block),
            }
            let mut samples = vec![0; file.rate().samples_per_frame()];
            ear.ear().decode(&block, &mut samples);
            if n > 9 && n % 10 == 0 {
                after.extend(&samples[100..]);
            }
        }
        Dbm0::of(&after).0
    }

    #[test]
    fn silence_put_into_a_file_leaves_the_encoder_in_step_with_it() {
        let level = after_gaps(Recoder::silence);
        assert!((level + 10.0).abs() < 0.7, "{level}");
        let out_of_step = after_gaps(|_| [Codec::G722.silence(); 160]);
        assert!((out_of_step + 10.0).abs() > 3.0, "{out_of_step}: else there is nothing to mend");
    }
}
