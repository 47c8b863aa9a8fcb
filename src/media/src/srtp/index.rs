//! A packet's index of 48 bits, of which the wire carries 16, and the window of those that came.

/// Packets back from the newest that may still come, once each (RFC 3711 3.3.2 asks for 64).
pub const WINDOW: u64 = 128;
/// Half of the sequence numbers: what is further off has wrapped.
const HALF: u16 = 1 << 15;

/// The rollover counter that a sequence number most likely has, next to one known (RFC 3711 3.3.1
/// and appendix A); nothing if it would be before the first.
pub fn likely_roc(highest: u64, sequence: u16) -> Option<u32> {
    let (roc, known) = ((highest >> 16) as u32, highest as u16);
    if known < HALF && sequence.wrapping_sub(known) > HALF && sequence > known {
        return roc.checked_sub(1);
    }
    if known >= HALF && known - HALF > sequence {
        return roc.checked_add(1);
    }
    Some(roc)
}

/// A rollover counter and a sequence number as one.
pub fn index_of(roc: u32, sequence: u16) -> u64 {
    u64::from(roc) << 16 | u64::from(sequence)
}

/// The packets of one sender that came.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub highest: u64,
    /// Bit n is set if `highest - n` has come.
    seen: u128,
}

impl Window {
    /// Starts with a first packet.
    pub fn new(index: u64) -> Self {
        Self { highest: index, seen: 1 }
    }

    /// Tells whether a packet was not there yet and is not too old to tell.
    pub fn admits(&self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(back) => back < WINDOW && self.seen >> back & 1 == 0,
        }
    }

    /// Notes a packet that was admitted and authenticated.
    pub fn note(&mut self, index: u64) {
        match self.highest.checked_sub(index) {
            Some(back) => self.seen |= 1u128.checked_shl(back as u32).unwrap_or(0),
            None => {
                let ahead = u32::try_from(index - self.highest).unwrap_or(u32::MAX);
                self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
                self.highest = index;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_follows_the_wrap_both_ways() {
        let at = index_of(7, 65_530);
        assert_eq!(likely_roc(at, 65_535), Some(7));
        assert_eq!(likely_roc(at, 3), Some(8));
        assert_eq!(likely_roc(index_of(8, 3), 65_530), Some(7));
        assert_eq!(likely_roc(index_of(8, 3), 40), Some(8));
        assert_eq!(likely_roc(index_of(0, 3), 65_530), None, "there is nothing before the first");
        assert_eq!(likely_roc(index_of(0, 40_000), 20_000), Some(0));
    }

    #[test]
    fn the_window_admits_each_packet_once_and_none_older_than_it() {
        let mut window = Window::new(1000);
        assert!(!window.admits(1000));
        window.note(1200);
        assert!(window.admits(1200 - WINDOW + 1) && !window.admits(1200 - WINDOW));
        for back in (0..WINDOW).rev() {
            let index = 1200 - back;
            assert_eq!(window.admits(index), back != 0, "{back}");
            window.note(index);
            assert!(!window.admits(index));
        }
        window.note(u64::from(u32::MAX) + 5000);
        assert!(!window.admits(1201));
    }
}
