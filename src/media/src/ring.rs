//! A ring of law bytes by RTP time stamp: packets of any length and order become one line of sound.

/// Bytes held: 512 ms at 8 kHz.
pub const RING: u32 = 4096;
const WORDS: usize = RING as usize / 64;

/// The last 512 ms before `RING` bytes ahead of the play, each byte there or not.
pub struct Ring {
    bytes: [u8; RING as usize],
    present: [u64; WORDS],
}

impl Ring {
    /// Makes an empty ring.
    pub fn new() -> Self {
        Self { bytes: [0; RING as usize], present: [0; WORDS] }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.present = [0; WORDS];
    }

    /// Puts bytes at their time; what is there already stays. Tells how many were new.
    pub fn put(&mut self, from: u32, bytes: &[u8]) -> u32 {
        let (mut at, mut rest, mut fresh) = (from, bytes, 0);
        while !rest.is_empty() {
            let (present, run) = self.run(at, rest.len());
            let (now, later) = rest.split_at(run);
            if !present {
                self.write(at, now);
                fresh += run as u32;
            }
            at = at.wrapping_add(run as u32);
            rest = later;
        }
        fresh
    }

    /// Copies the bytes from a time on; those that are missing are left as they were.
    pub fn copy(&self, from: u32, out: &mut [u8]) {
        let mut at = from;
        for byte in out {
            *byte = self.bytes[place(at)];
            at = at.wrapping_add(1);
        }
    }

    /// Forgets `len` bytes from a time on.
    pub fn forget(&mut self, from: u32, len: u32) {
        self.mark(from, len as usize, false);
    }

    /// How many bytes from a time on are all there or all missing, at most `max`.
    pub fn run(&self, from: u32, max: usize) -> (bool, usize) {
        let first = self.present[place(from) / 64] >> (place(from) % 64) & 1 == 1;
        let (mut len, mut at) = (0, from);
        while len < max {
            let (word, bit) = (self.present[place(at) / 64], place(at) % 64);
            let word = if first { word } else { !word };
            let ones = ((word >> bit).trailing_ones() as usize).min(64 - bit);
            len += ones;
            at = at.wrapping_add(ones as u32);
            if ones < 64 - bit {
                break;
            }
        }
        (first, len.min(max))
    }

    /// Tells whether all of `len` bytes from a time on are there.
    pub fn whole(&self, from: u32, len: usize) -> bool {
        self.run(from, len) == (true, len)
    }

    fn write(&mut self, from: u32, bytes: &[u8]) {
        let mut at = from;
        for &byte in bytes {
            self.bytes[place(at)] = byte;
            at = at.wrapping_add(1);
        }
        self.mark(from, bytes.len(), true);
    }

    fn mark(&mut self, from: u32, len: usize, present: bool) {
        let (mut at, mut rest) = (from, len.min(RING as usize));
        while rest > 0 {
            let bit = place(at) % 64;
            let run = rest.min(64 - bit);
            let mask = (u64::MAX >> (64 - run)) << bit;
            let word = &mut self.present[place(at) / 64];
            *word = if present { *word | mask } else { *word & !mask };
            at = at.wrapping_add(run as u32);
            rest -= run;
        }
    }
}

fn place(at: u32) -> usize {
    (at & (RING - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_there_stays_and_only_gaps_are_filled() {
        let mut ring = Ring::new();
        assert_eq!(ring.put(100, &[1; 80]), 80);
        assert_eq!(ring.put(60, &[2; 160]), 80);
        let mut out = [0; 160];
        ring.copy(60, &mut out);
        assert_eq!((out[39], out[40], out[119], out[120]), (2, 1, 1, 2));
        assert!(ring.whole(60, 160) && !ring.whole(59, 160) && !ring.whole(60, 161));
    }

    proptest! {
        #[test]
        fn it_is_a_map_from_time_to_byte(
            start in any::<u32>(),
            steps in proptest::collection::vec((0u32..2000, 1usize..500, any::<bool>()), 1..30),
        ) {
            let mut ring = Ring::new();
            let mut model = BTreeMap::new();
            for (offset, len, put) in steps {
                let from = start.wrapping_add(offset);
                if put {
                    ring.put(from, &vec![offset as u8; len]);
                    for n in 0..len as u32 {
                        model.entry(offset + n).or_insert(offset as u8);
                    }
                } else {
                    ring.forget(from, len as u32);
                    (0..len as u32).for_each(|n| { model.remove(&(offset + n)); });
                }
            }
            let mut out = [0; 2500];
            ring.copy(start, &mut out);
            for at in 0..2500u32 {
                let (there, _) = ring.run(start.wrapping_add(at), 1);
                prop_assert_eq!(there.then(|| out[at as usize]), model.get(&at).copied());
            }
            let mut at = 0;
            while at < 2500 {
                let (there, run) = ring.run(start.wrapping_add(at), 2500 - at as usize);
                prop_assert!((at..at + run as u32).all(|n| model.contains_key(&n) == there));
                at += run as u32;
            }
        }
    }
}
