//! An ear for what is not to be treated as speech: tones of fax, and music.
//!
//! ```text
//!   Sound --one frequency of fax--> Music --FAX_FRAMES of it--> Fax, for good
//!   Sound --loud and tuneful, MUSIC_FRAMES without a pause--> Music --not so--> Sound
//! ```

use crate::tone::Dbm0;
use model::Rate;
use std::f32::consts::TAU;

/// What a fax says first: CNG of who calls, CED of who answers (ITU-T T.30 4.2; V.25 for modems).
const FAX_HZ: [f32; 2] = [1100.0, 2100.0];
/// Frames of it in a row until it is one: 200 ms, less than half of a CNG.
const FAX_FRAMES: u32 = 10;
/// Share of one frequency in a frame that is a tone.
const PURITY_MIN: f32 = 0.85;
/// Nothing fainter is a tone or music (T.30: receivers hear -43 dBm).
const FAINTEST: Dbm0 = Dbm0(-43.0);

/// Frames that are looked back at: 3 s. Speech has a pause in them, or breath.
const MUSIC_FRAMES: u32 = 150;
/// So many of them are loud, and tuneful, in music; and still are while it lasts.
const LOUD_SHARE: f32 = 0.95;
const TUNEFUL_SHARE: f32 = 0.7;
const STILL_SHARE: f32 = 0.5;
/// Likeness of a frame with itself one period before that makes it tuneful.
const TUNEFUL_MIN: f32 = 0.75;
/// Samples of 20 ms at 4 kHz, and the periods looked for: 66 to 400 Hz.
const FRAME: usize = 80;
const PERIODS: std::ops::RangeInclusive<usize> = 10..=60;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Speech, noise, silence.
    Sound,
    /// Music, or a tone that may become a fax's.
    Music,
    Fax,
}

/// What an ear for fax hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Other,
    /// A tone that may become a fax's.
    Tone,
    Fax,
}

/// An ear for the tones of fax.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaxEar {
    frames: u32,
}

impl FaxEar {
    /// Judges a frame.
    pub fn hear(&mut self, rate: Rate, samples: &[i16]) -> Line {
        let loud = Dbm0::of(samples) > FAINTEST;
        let tone = loud && FAX_HZ.iter().any(|hz| purity(rate, samples, *hz) > PURITY_MIN);
        self.frames = if tone { self.frames.saturating_add(1) } else { 0 };
        match self.frames {
            0 => Line::Other,
            FAX_FRAMES.. => Line::Fax,
            _ => Line::Tone,
        }
    }
}

/// The ear.
#[derive(Clone, Debug)]
pub struct Tones {
    fax: FaxEar,
    music: bool,
    /// How many of the last frames were loud, and tuneful, as shares that fade.
    loud: f32,
    tuneful: f32,
    /// The frame before at 4 kHz, then this one.
    past: [f32; 2 * FRAME],
}

impl Default for Tones {
    fn default() -> Self {
        Self {
            fax: FaxEar::default(),
            music: false,
            loud: 0.0,
            tuneful: 0.0,
            past: [0.0; 2 * FRAME],
        }
    }
}

impl Tones {
    /// Judges a frame.
    pub fn hear(&mut self, rate: Rate, samples: &[i16]) -> Kind {
        let line = self.fax.hear(rate, samples);
        if line == Line::Fax {
            return Kind::Fax;
        }
        self.follow(rate, samples, Dbm0::of(samples) > FAINTEST);
        if line == Line::Tone || self.music { Kind::Music } else { Kind::Sound }
    }

    fn follow(&mut self, rate: Rate, samples: &[i16], loud: bool) {
        self.past.copy_within(FRAME.., 0);
        let step = 2 * rate.times();
        for (place, few) in self.past[FRAME..].iter_mut().zip(samples.chunks_exact(step)) {
            *place = few.iter().map(|sample| f32::from(*sample)).sum::<f32>() / step as f32;
        }
        let tuneful = loud && self.likeness() > TUNEFUL_MIN;
        let share = 1.0 / MUSIC_FRAMES as f32;
        self.loud += (f32::from(u8::from(loud)) - self.loud) * share * 3.0;
        self.tuneful += (f32::from(u8::from(tuneful)) - self.tuneful) * share * 3.0;
        let least = if self.music { STILL_SHARE } else { TUNEFUL_SHARE };
        self.music = self.loud > LOUD_SHARE && self.tuneful > least;
    }

    /// How like the last 20 ms are to what was one period before, for the period that suits best.
    fn likeness(&self) -> f32 {
        let now = &self.past[FRAME..];
        let mean = now.iter().sum::<f32>() / FRAME as f32;
        let power = |part: &[f32]| part.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>();
        let own = power(now);
        let likenesses = PERIODS.map(|period| {
            let before = &self.past[FRAME - period..2 * FRAME - period];
            let both: f32 = now.iter().zip(before).map(|(a, b)| (a - mean) * (b - mean)).sum();
            both / (own * power(before)).sqrt().max(1.0)
        });
        likenesses.fold(0.0, f32::max)
    }
}

/// The share of one frequency in the power of a frame (Goertzel).
fn purity(rate: Rate, samples: &[i16], hz: f32) -> f32 {
    let turn = TAU * hz / (8000.0 * rate.times() as f32);
    let double = 2.0 * turn.cos();
    let (mut one, mut two, mut power) = (0f32, 0f32, 0f32);
    for &sample in samples {
        let sample = f32::from(sample);
        power += sample * sample;
        (two, one) = (one, sample + double * one - two);
    }
    let square = one * one + two * two - double * one * two;
    square / (samples.len().max(1) as f32 / 2.0 * power).max(1.0)
}
