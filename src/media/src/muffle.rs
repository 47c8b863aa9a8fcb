//! The tones of keys left out of recordings: what a caller types may be a card's number.
//!
//! A key is sure only after it has sounded for a while, so frames are held back for that long and
//! the side it sounds on falls silent from its start on. Keys that come as events or by signalling
//! make no sound.
//!
//! ```text
//!   said      ...speech.TTTTTTTTTT.speech...
//!   marked                  ^^^^^^^            (TapFrame::keys)
//!   recorded  ...speech.           .speech...  KEY_FOUND_TICKS later
//! ```

use crate::hear::KEY_FOUND_TICKS;
use crate::sink::TapFrame;
use heapless::Deque;
use model::SAMPLES_PER_FRAME;

/// Frames of one tap on their way, with the tick each belongs to.
#[derive(Debug, Default)]
pub struct Muffle {
    held: Deque<(u64, TapFrame), KEY_FOUND_TICKS>,
}

impl Muffle {
    /// Takes the next frame; gives the oldest that is held, which is over.
    pub fn push(&mut self, tick: u64, mut frame: TapFrame) -> Option<(u64, TapFrame)> {
        for (side, _) in frame.keys.into_iter().enumerate().filter(|(_, sounds)| *sounds) {
            silence(&mut frame, side);
            self.held.iter_mut().for_each(|(_, held)| silence(held, side));
        }
        let over = self.held.is_full().then(|| self.held.pop_front()).flatten();
        // There is room now.
        let _ = self.held.push_back((tick, frame));
        over
    }

    /// Gives what is held, the oldest first; nothing when that is all.
    pub fn pop(&mut self) -> Option<(u64, TapFrame)> {
        self.held.pop_front()
    }
}

fn silence(frame: &mut TapFrame, side: usize) {
    let block = if side == 0 { &mut frame.left } else { &mut frame.right };
    *block = [frame.codec.silence(); SAMPLES_PER_FRAME];
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Codec;

    fn recorded(keys: &[[bool; 2]]) -> Vec<(u64, bool, bool)> {
        let mut muffle = Muffle::default();
        let mut out = Vec::new();
        for (tick, &keys) in keys.iter().enumerate() {
            let (left, right) = ([1; 160], [2; 160]);
            let frame = TapFrame { codec: Codec::Pcma, left, right, keys };
            out.extend(muffle.push(tick as u64, frame));
        }
        out.extend(std::iter::from_fn(|| muffle.pop()));
        let quiet = Codec::Pcma.silence();
        out.iter().map(|(tick, f)| (*tick, f.left[0] == quiet, f.right[0] == quiet)).collect()
    }

    #[test]
    fn a_key_is_left_out_from_before_it_was_sure_on_its_side_alone() {
        let mut keys = [[false; 2]; 12];
        (keys[6], keys[7]) = ([true, false], [true, false]);
        let silent: Vec<_> = (0..12).map(|n| (n, (3..=7).contains(&n), false)).collect();
        assert_eq!(recorded(&keys), silent);
    }

    #[test]
    fn every_frame_comes_once_and_in_order_however_short_the_recording() {
        for len in 0..6 {
            let frames = recorded(&vec![[false; 2]; len]);
            let want: Vec<_> = (0..len as u64).map(|n| (n, false, false)).collect();
            assert_eq!(frames, want);
        }
    }
}
