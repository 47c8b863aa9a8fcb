//! What phones say whose calls are decoded on the way: a tone each, and whether it is heard.
//!
//! ```text
//!   phone n of a call: its tone --> box: decoded, mixed, encoded --> the others: that tone is there,
//!                                                                    their own is not
//! ```

use super::case::Case;
use anyhow::ensure;
use media::recode::Recoder;
use model::{Codec, Law, SAMPLES_PER_FRAME};

/// The tones of a call's phones: whole periods in 20 ms, so that each frame is like the next.
const TONES_HZ: [f64; 3] = [400.0, 650.0, 1000.0];
/// The prompt's tone.
pub const PROMPT_HZ: f64 = 450.0;
/// How loud a phone speaks, as the greatest sample.
pub const LOUD: f64 = 8000.0;
/// A tone of this is heard, one below that is not.
const HEARD: f64 = 4000.0;
const SILENT: f64 = 1000.0;
/// Frames of a tone that are kept, in a circle, after as many of a codec's start.
const FRAMES: usize = 40;
/// One frame in so many is listened to.
const LISTENED: u16 = 10;
/// Legs of G.722 that are listened to; each costs the load a decoder.
const WIDE_MAX: usize = 32;

type Frame = [u8; SAMPLES_PER_FRAME];

/// The phones' tones in each codec, and ears for what comes.
pub struct Tones {
    narrow: [[Vec<Frame>; 3]; 2],
    wide: [Vec<Frame>; 3],
    ears: Vec<Recoder>,
}

impl Tones {
    pub fn new() -> Self {
        let of = |law: Law| {
            TONES_HZ.map(|hz| {
                let mut frame = [0; SAMPLES_PER_FRAME];
                law.encode(&tone(hz), &mut frame);
                vec![frame]
            })
        };
        let wide = |hz| {
            let (mut made, mut frames) = (Recoder::new(Codec::G722), Vec::new());
            for _ in 0..2 * FRAMES {
                let mut frame = [0; SAMPLES_PER_FRAME];
                Law::A.encode(&tone(hz), &mut frame);
                made.block(Codec::Pcma, &mut frame);
                frames.push(frame);
            }
            frames.split_off(FRAMES)
        };
        Self {
            narrow: [of(Law::A), of(Law::Mu)],
            wide: TONES_HZ.map(wide),
            ears: (0..WIDE_MAX).map(|_| Recoder::new(Codec::Pcma)).collect(),
        }
    }

    /// What a leg's phone says in a frame.
    pub fn said(&self, case: Case, leg: usize, sequence: u16) -> &Frame {
        let role = role(case, leg);
        let frames = match case.codec(leg) {
            Codec::G722 => &self.wide[role],
            Codec::Pcmu => &self.narrow[1][role],
            _ => &self.narrow[0][role],
        };
        &frames[usize::from(sequence) % frames.len()]
    }

    /// Tells whether a leg's phone hears whom it should and nobody else.
    pub fn is_right(
        &mut self,
        case: Case,
        calls: usize,
        leg: usize,
        sequence: u16,
        payload: &[u8],
    ) -> bool {
        let Some(frame) = payload.first_chunk::<SAMPLES_PER_FRAME>() else { return false };
        let mut frame = *frame;
        let law = match case.codec(leg) {
            Codec::G722 => {
                let Some(ear) = self.ears.get_mut(leg / 2) else { return true };
                ear.block(Codec::G722, &mut frame);
                Law::A
            }
            Codec::Pcmu => Law::Mu,
            _ => Law::A,
        };
        if !sequence.is_multiple_of(LISTENED) {
            return true;
        }
        let mut samples = [0; SAMPLES_PER_FRAME];
        law.decode(&frame, &mut samples);
        let listens = case.listened(calls, leg).is_some();
        match case {
            Case::Prompts => level(&samples, PROMPT_HZ) >= HEARD,
            _ => TONES_HZ.iter().enumerate().all(|(of, &hz)| {
                let level = level(&samples, hz);
                let speaks = match case {
                    Case::Conference3 => of != role(case, leg),
                    _ if listens => of < 2,
                    _ => of == 1 - role(case, leg),
                };
                if speaks { level >= HEARD } else { level < SILENT }
            }),
        }
    }
}

/// Which of its call's phones a leg is.
fn role(case: Case, leg: usize) -> usize {
    if case == Case::Conference3 { leg % 3 } else { leg % 2 }
}

/// 20 ms of a tone.
fn tone(hz: f64) -> [i16; SAMPLES_PER_FRAME] {
    std::array::from_fn(|n| {
        (LOUD * f64::sin(n as f64 * hz * std::f64::consts::TAU / 8000.0)) as i16
    })
}

/// How loud a tone is in 20 ms, as its greatest sample (Goertzel's algorithm).
fn level(samples: &[i16; SAMPLES_PER_FRAME], hz: f64) -> f64 {
    let turn = 2.0 * f64::cos(hz * std::f64::consts::TAU / 8000.0);
    let (mut one, mut two) = (0.0, 0.0);
    for &sample in samples {
        (two, one) = (one, f64::from(sample) + turn * one - two);
    }
    let power: f64 = one * one + two * two - turn * one * two;
    2.0 * power.max(0.0).sqrt() / SAMPLES_PER_FRAME as f64
}

/// Refuses a step whose subject did not do all it was told to.
pub fn all_obeyed(refused: u64) -> anyhow::Result<()> {
    ensure!(refused == 0, "the media thread refused {refused} orders: fewer legs were joined");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_heard_is_right_and_silence_or_oneself_is_wrong() {
        let mut tones = Tones::new();
        let other = *tones.said(Case::Transcoded, 2, 0);
        assert!(tones.is_right(Case::Listen10, 1, 1, 0, &as_pcma(&other)));
        assert!(!tones.is_right(Case::Listen10, 1, 0, 0, &as_pcma(&other)), "itself");
        assert!(!tones.is_right(Case::Listen10, 1, 1, 0, &[Law::A.silence(); 160]));
        let wide: Vec<_> = (0..12).map(|n| *tones.said(Case::Transcoded, 1, n)).collect();
        assert!(wide.iter().any(|frame| frame != &wide[0]));
        let all = [0, 1, 2].map(|leg| *tones.said(Case::Conference3, leg, 0));
        assert!(!tones.is_right(Case::Conference3, 1, 0, 0, &all[1]), "one of two");
    }

    fn as_pcma(frame: &Frame) -> Frame {
        let (mut samples, mut bytes) = ([0; 160], [0; 160]);
        Law::Mu.decode(frame, &mut samples);
        Law::A.encode(&samples, &mut bytes);
        bytes
    }
}
