//! How a leg's sound is coded: laws of G.711 without a state, G.722 with one for each direction.
//!
//! A leg's sound is decoded only when somebody needs samples of it, and bytes are passed on as they
//! came where both legs have one codec. A decoder or an encoder that sat idle meanwhile is out of
//! step with the other end's; before it is used again it is run over the last 60 ms that passed,
//! by which time G.722's step sizes and predictors have forgotten what was before them (their
//! leaks are 1/128 and 1/256 a sample).

use crate::conceal::Concealer;
use crate::opus::Opus;
use crate::sink::Block;
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};
use model::{Codec, Law, OpusTerms, Rate, SAMPLES_PER_FRAME};

/// Bytes of the past that are kept: 60 ms.
pub const PAST: usize = 3 * SAMPLES_PER_FRAME;
/// Samples they stand for, at most.
pub const PAST_SAMPLES: usize = 2 * PAST;

/// Samples that G.722's two filter banks delay sound by, together.
const DELAY: usize = 22;
/// Samples over which sound goes from what passed to what is encoded: 10 ms.
const FADE: usize = 160;

/// A leg's codec, with the state it needs; made outside of the tick, as that may allocate.
#[derive(Debug)]
pub enum Coder {
    Law(Law),
    G722(Box<G722>),
    Opus(Box<Opus>),
}

impl Coder {
    /// Makes the state of a codec; nothing where there is no memory for it.
    pub fn new(codec: Codec) -> Option<Self> {
        Self::of(codec, OpusTerms::default())
    }

    /// Makes the state of a codec, with what a peer wants of Opus if it is that.
    pub fn of(codec: Codec, opus: OpusTerms) -> Option<Self> {
        Some(match (codec, codec.law()) {
            (_, Some(law)) => Self::Law(law),
            (Codec::Opus, _) => return Opus::new(opus).map(Self::Opus),
            _ => Self::G722(Box::default()),
        })
    }

    /// Which codec it is.
    pub fn codec(&self) -> Codec {
        match self {
            Self::Law(law) => Codec::from(*law),
            Self::G722(_) => Codec::G722,
            Self::Opus(_) => Codec::Opus,
        }
    }

    /// Tells whether bytes stand for the same samples whatever came before them.
    pub fn is_stateless(&self) -> bool {
        matches!(self, Self::Law(_))
    }

    /// Notes bytes that went out as they came from elsewhere.
    pub fn passed(&mut self, bytes: &Block) {
        if let Self::G722(state) = self {
            state.out.passed(bytes);
        }
    }

    /// Encodes what the leg hears: a frame of the codec's rate. Opus keeps its bytes to itself, as
    /// they are no block (`payload`).
    pub fn encode(&mut self, samples: &[i16], bytes: &mut Block) {
        match self {
            Self::Law(law) => law.encode(samples, bytes),
            Self::G722(state) => state.out.encode(samples, bytes),
            Self::Opus(state) => state.encode(samples),
        }
    }

    /// Encodes what a recording holds instead of what the leg hears.
    pub fn record(&mut self, samples: &[i16], bytes: &mut Block) {
        match self {
            Self::Law(law) => law.encode(samples, bytes),
            Self::G722(state) => state.tape.encode(samples, bytes),
            Self::Opus(state) => state.record_instead(samples),
        }
    }

    /// Notes that a recording holds what the leg hears, and gives it.
    pub fn recorded(&mut self, bytes: Block) -> Block {
        if let Self::G722(state) = self {
            state.tape.passed(&bytes);
        }
        bytes
    }

    /// What is to be sent of a block that was encoded or passed.
    pub fn payload<'a>(&'a self, block: &'a Block) -> &'a [u8] {
        match self {
            Self::Opus(state) => state.payload(),
            _ => block,
        }
    }

    /// Notes that what was encoded last was not sent.
    pub fn unheard(&mut self) {
        if let Self::Opus(state) = self {
            state.unheard();
        }
    }

    /// Gives the side that decodes what the leg says, where its bytes are blocks.
    pub fn ear(&mut self) -> Ear<'_> {
        match self {
            Self::Law(law) => Ear::Law(*law),
            // Its packets are played by `Opus::play`.
            Self::Opus(_) => Ear::Law(Law::A),
            Self::G722(state) => {
                Ear::G722 { decoder: &mut state.decoder, made_up: &mut state.made_up }
            }
        }
    }
}

/// G.722's states: of what comes, of what is made up where nothing came, of what goes, and of what is
/// recorded instead of it.
pub struct G722 {
    decoder: G722Decoder,
    made_up: Mouth,
    out: Mouth,
    /// Of what is recorded instead of that.
    tape: Mouth,
}

impl Default for G722 {
    fn default() -> Self {
        let mouth = Mouth::new;
        Self { decoder: G722Decoder::new(), made_up: mouth(), out: mouth(), tape: mouth() }
    }
}

impl std::fmt::Debug for G722 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("G722")
    }
}

/// An encoder whose bytes share their way out with bytes made elsewhere.
pub struct Mouth {
    encoder: G722Encoder,
    /// The last bytes that went out.
    past: [u8; PAST],
    /// They were not this encoder's.
    behind: bool,
}

impl Default for Mouth {
    fn default() -> Self {
        Self::new()
    }
}

impl Mouth {
    /// Begins with silence.
    pub fn new() -> Self {
        Self { encoder: G722Encoder::new(), past: [Codec::G722.silence(); PAST], behind: false }
    }

    fn passed(&mut self, bytes: &Block) {
        self.remember(bytes);
        self.behind = true;
    }

    /// Encodes a frame at 16 kHz.
    pub fn encode(&mut self, samples: &[i16], bytes: &mut Block) {
        let mut frame = [0; 2 * SAMPLES_PER_FRAME];
        frame.copy_from_slice(&samples[..2 * SAMPLES_PER_FRAME]);
        if std::mem::take(&mut self.behind) {
            self.catch_up(&mut frame);
        }
        // Two samples a byte: the block is filled.
        let _ = self.encoder.encode_into(&frame, bytes);
        self.remember(bytes);
    }

    /// Runs the encoder over what went out without it, and over a guess of what would have come
    /// out of a decoder next: that is as far as the far decoder's state is. The frame after that
    /// comes in over the guess, so that what the far decoder expects changes little by little.
    fn catch_up(&mut self, frame: &mut [i16; 2 * SAMPLES_PER_FRAME]) {
        self.encoder = G722Encoder::new();
        let (mut decoder, mut samples) = (G722Decoder::new(), [0; PAST_SAMPLES + DELAY]);
        let (past, next) = samples.split_at_mut(PAST_SAMPLES);
        let _ = decoder.decode_into(&self.past, past);
        let mut guess = Concealer::new(Rate::Wide);
        guess.recall(past);
        guess.missing(next);
        let _ = self.encoder.encode_into(&samples, &mut [0; PAST + DELAY / 2]);
        let mut old = [0; FADE];
        guess.missing(&mut old);
        for (n, (new, old)) in frame.iter_mut().zip(old).enumerate() {
            let share = (n + 1) as f32 / (FADE + 1) as f32;
            *new = (f32::from(old) * (1.0 - share) + f32::from(*new) * share).round() as i16;
        }
    }

    fn remember(&mut self, bytes: &Block) {
        remember(&mut self.past, bytes);
    }
}

/// Moves bytes in at the end of a past.
pub fn remember(past: &mut [u8; PAST], bytes: &[u8]) {
    let len = bytes.len().min(PAST);
    past.copy_within(len.., 0);
    past[PAST - len..].copy_from_slice(&bytes[bytes.len() - len..]);
}

/// What decodes a leg's bytes, and makes bytes of what was made up in their place.
pub enum Ear<'a> {
    Law(Law),
    G722 { decoder: &'a mut G722Decoder, made_up: &'a mut Mouth },
}

impl Ear<'_> {
    /// The rate of the samples.
    pub fn rate(&self) -> Rate {
        match self {
            Self::Law(_) => Rate::Narrow,
            Self::G722 { .. } => Rate::Wide,
        }
    }

    /// Tells whether bytes stand for the same samples whatever came before them.
    pub fn is_stateless(&self) -> bool {
        matches!(self, Self::Law(_))
    }

    /// Decodes bytes that follow those before them.
    pub fn decode(&mut self, bytes: &[u8], samples: &mut [i16]) {
        match self {
            Self::Law(law) => law.decode(bytes, samples),
            // Two samples a byte: the caller's room is that.
            Self::G722 { decoder, .. } => drop(decoder.decode_into(bytes, samples)),
        }
    }

    /// Comes into step after bytes that passed undecoded, and gives the samples they stand for;
    /// tells how many, from the end of `samples`.
    pub fn catch_up(&mut self, past: &[u8; PAST], samples: &mut [i16; PAST_SAMPLES]) -> usize {
        let len = PAST * self.rate().times();
        if let Self::G722 { decoder, .. } = self {
            **decoder = G722Decoder::new();
        }
        self.decode(past, &mut samples[PAST_SAMPLES - len..]);
        len
    }

    /// Makes the bytes of a frame of which samples were changed or made up, after `past`.
    pub fn encode(&mut self, past: &[u8; PAST], samples: &[i16], bytes: &mut Block) {
        match self {
            Self::Law(law) => law.encode(samples, bytes),
            Self::G722 { made_up, .. } => {
                if made_up.past != *past {
                    (made_up.past, made_up.behind) = (*past, true);
                }
                made_up.encode(samples, bytes);
            }
        }
    }
}
