//! Which slots are in use, a bit each: a tick looks at no others, for a leg is 15 KB of cold memory.

use crate::command::Slot;

const BITS: usize = u64::BITS as usize;

/// The slots in use.
pub(super) struct OpenSlots {
    words: Box<[u64]>,
}

impl OpenSlots {
    /// Reserves a bit for each slot; none is in use.
    pub(super) fn new(slots: usize) -> Self {
        Self { words: vec![0; slots.div_ceil(BITS)].into() }
    }

    /// Notes that a slot is in use, or no longer.
    pub(super) fn set(&mut self, slot: Slot, open: bool) {
        let (word, bit) = (usize::from(slot.0) / BITS, usize::from(slot.0) % BITS);
        let Some(word) = self.words.get_mut(word) else { return };
        *word = *word & !(1 << bit) | u64::from(open) << bit;
    }

    /// The first slot in use from this one on.
    pub(super) fn from(&self, slot: usize) -> Option<usize> {
        let (at, bit) = (slot / BITS, slot % BITS);
        let first = self.words.get(at)? & u64::MAX << bit;
        if first != 0 {
            return Some(at * BITS + first.trailing_zeros() as usize);
        }
        let later = self.words.iter().enumerate().skip(at + 1).find(|(_, word)| **word != 0);
        later.map(|(at, word)| at * BITS + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(open: &OpenSlots) -> Vec<usize> {
        std::iter::successors(open.from(0), |n| open.from(n + 1)).collect()
    }

    #[test]
    fn the_slots_in_use_are_found_in_their_order_and_those_beyond_the_last_are_none() {
        let mut open = OpenSlots::new(200);
        assert_eq!(all(&open), []);
        for slot in [199, 0, 63, 64, 128, 64, 60_000] {
            open.set(Slot(slot), true);
        }
        assert_eq!(all(&open), [0, 63, 64, 128, 199]);
        for slot in [64, 64, 1, 199] {
            open.set(Slot(slot), false);
        }
        assert_eq!(all(&open), [0, 63, 128]);
        assert_eq!((open.from(128), open.from(129), open.from(5000)), (Some(128), None, None));
    }
}
