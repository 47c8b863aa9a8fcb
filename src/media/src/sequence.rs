//! Sequence numbers: what was lost, came twice or out of order (RFC 3550 appendix A.1 and A.3).

/// A jump ahead by more than this is not loss but another stream (RFC 3550 A.1, MAX_DROPOUT).
const DROPOUT_MAX: u16 = 3000;
/// Packets back that are remembered, to tell a late one from a doubled one.
const REMEMBERED: u16 = 128;

/// What a sequence number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Newer than all before.
    New,
    /// Older than the newest, not seen before.
    Reordered,
    Duplicate,
    /// So far from the others that it is left out until a second one confirms it.
    Wild,
    /// The second of a run after a jump: counting begins anew with it.
    Restarted,
}

/// The sequence numbers of one sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequence {
    started: bool,
    first: u16,
    highest: u16,
    /// Bit n is set if `highest - n` has come.
    seen: u128,
    expected: u64,
    received: u64,
    /// Lost before the last restart.
    lost_before: u64,
    /// The number that would confirm a jump.
    confirms: Option<u16>,
}

impl Sequence {
    /// Takes the next packet's number.
    pub fn take(&mut self, number: u16) -> Taken {
        if !self.started {
            self.begin(number);
            return Taken::New;
        }
        let ahead = number.wrapping_sub(self.highest);
        let back = self.highest.wrapping_sub(number);
        if back < REMEMBERED {
            let bit = 1u128 << back;
            if self.seen & bit != 0 {
                return Taken::Duplicate;
            }
            self.seen |= bit;
            self.received += 1;
            return Taken::Reordered;
        }
        if ahead <= DROPOUT_MAX {
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.highest = number;
            self.expected += u64::from(ahead);
            self.received += 1;
            self.confirms = None;
            return Taken::New;
        }
        if self.confirms == Some(number) {
            self.restart(number);
            return Taken::Restarted;
        }
        self.confirms = Some(number.wrapping_add(1));
        Taken::Wild
    }

    /// Tells whether a number is the one after the newest.
    pub fn follows(&self, number: u16) -> bool {
        self.started && number == self.highest.wrapping_add(1)
    }

    /// Begins anew, as with another SSRC; what was lost stays lost.
    pub fn restart(&mut self, number: u16) {
        let lost = self.lost();
        *self = Self { lost_before: lost, ..Self::default() };
        self.begin(number);
    }

    /// Packets that were numbered and never came, so far.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.expected.saturating_sub(self.received)
    }

    /// The highest number with its wraps, and how many packets there should be and are, since
    /// counting began; nothing before that.
    pub fn receipt(&self) -> Option<(u32, u64, u64)> {
        let highest = u64::from(self.first) + self.expected.saturating_sub(1);
        self.started.then_some((highest as u32, self.expected, self.received))
    }

    fn begin(&mut self, number: u16) {
        self.started = true;
        self.first = number;
        self.highest = number;
        self.seen = 1;
        self.expected = 1;
        self.received = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(numbers: &[u16]) -> (Sequence, Taken) {
        let mut sequence = Sequence::default();
        let last = numbers.iter().map(|&number| sequence.take(number)).last();
        (sequence, last.unwrap())
    }

    #[test]
    fn the_wrap_at_65535_loses_nothing() {
        let (sequence, last) = sequence(&[65534, 65535, 0, 1]);
        assert_eq!((sequence.lost(), last), (0, Taken::New));
    }

    #[test]
    fn rfc3550_6_4_1_the_highest_number_bears_its_wraps() {
        let (mut sequence, _) = sequence(&[65_000]);
        for number in (65_000..=65_535).chain(0..=65_535).chain(0..10) {
            sequence.take(number);
        }
        assert_eq!(sequence.receipt(), Some((2 * 65_536 + 9, 66_082, 66_082)));
        assert_eq!(Sequence::default().receipt(), None);
    }

    #[test]
    fn a_gap_is_loss_until_the_late_one_fills_it() {
        let (mut sequence, _) = sequence(&[65535, 2]);
        assert_eq!(sequence.lost(), 2);
        assert_eq!(sequence.take(0), Taken::Reordered);
        assert_eq!(sequence.take(0), Taken::Duplicate);
        assert_eq!(sequence.take(2), Taken::Duplicate);
        assert_eq!(sequence.lost(), 1);
    }

    #[test]
    fn a_wild_number_counts_only_when_confirmed() {
        let (mut sequence, last) = sequence(&[10, 11, 40_000]);
        assert_eq!(last, Taken::Wild);
        assert_eq!(sequence.take(12), Taken::New, "one forged number changes nothing");
        sequence.take(40_000);
        assert_eq!(sequence.take(40_001), Taken::Restarted);
        assert_eq!(sequence.lost(), 0);
    }

    #[test]
    fn a_very_old_number_is_not_taken() {
        let (_, last) = sequence(&[1000, 1200, 1]);
        assert_eq!(last, Taken::Wild);
    }
}
