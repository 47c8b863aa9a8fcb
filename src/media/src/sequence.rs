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
    /// Expected, and of them lost, before the last restart.
    before: (u64, u64),
    /// Rows of numbers that never came.
    rows: u64,
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
            self.fill(back);
            self.seen |= bit;
            self.received += 1;
            return Taken::Reordered;
        }
        if ahead <= DROPOUT_MAX {
            self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.highest = number;
            self.expected += u64::from(ahead);
            self.rows += u64::from(ahead > 1);
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
        let before = (self.expected(), self.lost());
        *self = Self { before, rows: self.rows, ..Self::default() };
        self.begin(number);
    }

    /// Packets that were numbered and never came, so far.
    pub fn lost(&self) -> u64 {
        self.before.1 + self.expected.saturating_sub(self.received)
    }

    /// Packets that were numbered, so far, lost ones too.
    pub fn expected(&self) -> u64 {
        self.before.0 + self.expected
    }

    /// Rows in which packets were lost, so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The highest number with its wraps, and how many packets there should be and are, since
    /// counting began; nothing before that.
    pub fn receipt(&self) -> Option<(u32, u64, u64)> {
        let highest = u64::from(self.first) + self.expected.saturating_sub(1);
        self.started.then_some((highest as u32, self.expected, self.received))
    }

    /// Notes that a number of a row comes after all: it ends, splits or shortens the row.
    fn fill(&mut self, back: u16) {
        let came = |back: u16| {
            let known = back < REMEMBERED && u64::from(back) < self.expected;
            !known || self.seen >> back & 1 == 1
        };
        match (came(back + 1), came(back.saturating_sub(1))) {
            _ if u64::from(back) >= self.expected => {}
            (true, true) => self.rows = self.rows.saturating_sub(1),
            (false, false) => self.rows += 1,
            _ => {}
        }
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
    fn rows_of_loss_are_counted_and_late_ones_taken_off_them() {
        let (mut sequence, _) = sequence(&[10, 15, 16, 18]);
        assert_eq!((sequence.rows(), sequence.lost(), sequence.expected()), (2, 5, 9));
        sequence.take(17);
        assert_eq!(sequence.rows(), 1, "a row of one is filled");
        sequence.take(13);
        assert_eq!(sequence.rows(), 2, "11 and 12, and 14");
        sequence.take(12);
        sequence.take(14);
        assert_eq!((sequence.rows(), sequence.lost()), (1, 1));
        sequence.take(9);
        assert_eq!(sequence.rows(), 1, "before the first there is no row");
        sequence.restart(40_000);
        assert_eq!((sequence.rows(), sequence.expected()), (1, 10), "what was, stays");
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
