//! When the next report is due (RFC 3550 6.2, 6.3).
//!
//! ```text
//!   first ---half of the least---> report ---T---> report ---T---> ... goodbye at once
//!   T = max(least, members * mean size / bandwidth), by 0.5 to 1.5, over e - 1.5
//! ```
//!
//! Two take part, both send. The share of control is a twentieth of the session's bandwidth, and
//! the least interval the reduced one, 360 s over the bandwidth in kbit/s (6.2): 4.5 s for G.711.

use model::Instant;
use std::time::Duration;

/// What 20 ms packets of 160 bytes take on the wire, in kbit/s.
const SESSION_KBPS: f32 = 80.0;
/// Octets a second for control: a twentieth (RFC 3550 6.2).
const BANDWIDTH: f32 = SESSION_KBPS * 1000.0 / 8.0 * 0.05;
/// The reduced least interval (RFC 3550 6.2).
const LEAST: f32 = 360.0 / SESSION_KBPS;
/// Makes up for what reconsideration does to the mean: e - 3/2 (RFC 3550 6.3.1).
const COMPENSATION: f32 = std::f32::consts::E - 1.5;
/// IP and UDP (RFC 3550 6.2: the size is that of the lower layers too).
const LOWER_LAYERS: f32 = 28.0;
/// Part of a new packet's size in the mean (RFC 3550 6.3.3).
const GAIN: f32 = 1.0 / 16.0;
/// Intervals without a word after which a member is gone (RFC 3550 6.3.5), of the unreduced least.
pub const MEMBER_GONE: Duration = Duration::from_secs(25);

/// The timer of one leg's reports.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    random: u64,
    /// When the last report went: tp.
    last: Instant,
    /// When the timer runs out: tn.
    next: Instant,
    /// Mean size of the compounds sent and taken: avg_rtcp_size.
    mean: f32,
    /// Nothing was sent yet.
    initial: bool,
    /// The peer's reports came of late: it is a member.
    heard: Option<Instant>,
}

impl Interval {
    /// Starts a session; `size` is what a first compound is likely to take (RFC 3550 6.3.2).
    pub fn new(now: Instant, seed: u64, size: usize) -> Self {
        let mean = size as f32 + LOWER_LAYERS;
        let mut interval =
            Self { random: seed, last: now, next: now, mean, initial: true, heard: None };
        interval.next = now + interval.draw(now);
        interval
    }

    /// Tells whether a report is to be sent now. When the timer has run out it is drawn anew: only
    /// if that is over too the report goes (RFC 3550 6.3.6).
    pub fn is_due(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        let due = self.last + self.draw(now);
        if due > now {
            self.next = due;
            return false;
        }
        true
    }

    /// Notes that a compound of `size` bytes was sent.
    pub fn sent(&mut self, now: Instant, size: usize) {
        self.weigh(size);
        self.initial = false;
        self.last = now;
        self.next = now + self.draw(now);
    }

    /// Notes that one of `size` bytes came (RFC 3550 6.3.3).
    pub fn taken(&mut self, now: Instant, size: usize) {
        self.weigh(size);
        self.heard = Some(now);
    }

    fn weigh(&mut self, size: usize) {
        self.mean += (size as f32 + LOWER_LAYERS - self.mean) * GAIN;
    }

    /// The interval, by chance from a half to one and a half of what is computed (RFC 3550 6.3.1).
    fn draw(&mut self, now: Instant) -> Duration {
        let heard = self.heard.is_some_and(|heard| now.since(heard) < MEMBER_GONE);
        let members = if heard { 2.0 } else { 1.0 };
        let least = if self.initial { LEAST / 2.0 } else { LEAST };
        let computed = (members * self.mean / BANDWIDTH).max(least);
        Duration::from_secs_f32(computed * (0.5 + self.chance()) / COMPENSATION)
    }

    /// From 0 to 1 (splitmix64).
    fn chance(&mut self) -> f32 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(20);

    /// Seconds between reports over a long time.
    fn gaps(seed: u64, hours: u64) -> Vec<f32> {
        let mut interval = Interval::new(Instant::START, seed, 80);
        let (mut now, mut before, mut gaps) = (Instant::START, Instant::START, Vec::new());
        while now < Instant::from_millis(hours * 3_600_000) {
            now = now + TICK;
            interval.taken(now, 80);
            if interval.is_due(now) {
                interval.sent(now, 80);
                gaps.push(now.since(before).as_secs_f32());
                before = now;
            }
        }
        gaps
    }

    #[test]
    fn rfc3550_6_3_1_the_first_report_comes_soon_and_the_others_by_chance() {
        for seed in 0..20 {
            let gaps = gaps(seed, 1);
            assert!((0.9..=2.9).contains(&gaps[0]), "seed {seed}: {} s", gaps[0]);
            assert!(gaps[1..].iter().all(|gap| (1.8..=5.6).contains(gap)), "seed {seed}");
            let mean = gaps[1..].iter().sum::<f32>() / (gaps.len() - 1) as f32;
            // Reconsideration brings the mean near to the least interval.
            assert!((4.0..=4.8).contains(&mean), "seed {seed}: {mean} s");
        }
    }

    #[test]
    fn two_boxes_do_not_report_in_step() {
        let (one, other) = (gaps(1, 1), gaps(2, 1));
        let together = one.iter().zip(&other).filter(|(a, b)| (*a - *b).abs() < 0.02).count();
        assert!(together * 20 < one.len(), "{together} of {}", one.len());
    }

    #[test]
    fn long_compounds_come_less_often() {
        let mut interval = Interval::new(Instant::START, 3, 80);
        for _ in 0..200 {
            interval.taken(Instant::START, 1400);
        }
        interval.initial = false;
        let draws = (0..100).map(|_| interval.draw(Instant::START).as_secs_f32());
        // Two of some 1,430 octets at 500 a second are 5.7 s.
        let mean = draws.sum::<f32>() / 100.0;
        assert!((4.3..=5.1).contains(&mean), "{mean} s");
    }
}
