//! Whether the media thread lives, as the exchange thread sees it.
//!
//! A box that stood still as a whole (a paused machine, a debugger) has no hanging thread: of a look
//! that came late only `LOOK_MAX` counts, so that a thread that wakes later than this one is heard.

use model::Instant;
use std::time::Duration;

/// A media thread that makes no tick for this long hangs: the box is started anew.
const TICKLESS_MAX: Duration = Duration::from_secs(5);
/// How much of the time between two looks counts at most.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// The ticks seen, and how long there was none.
#[derive(Debug)]
pub struct Heartbeat {
    ticks: u64,
    looked: Instant,
    tickless: Duration,
}

impl Heartbeat {
    /// Begins to look.
    pub fn new(now: Instant) -> Self {
        Self { ticks: 0, looked: now, tickless: Duration::ZERO }
    }

    /// Looks; tells whether the thread hangs.
    pub fn hangs(&mut self, now: Instant, ticks: u64) -> bool {
        let passed = now.since(self.looked).min(LOOK_MAX);
        self.looked = now;
        if std::mem::replace(&mut self.ticks, ticks) != ticks {
            self.tickless = Duration::ZERO;
        } else {
            self.tickless += passed;
        }
        self.tickless > TICKLESS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn a_thread_without_a_tick_for_5_s_hangs() {
        let mut heart = Heartbeat::new(at(0));
        assert!((1..=50).all(|n| !heart.hangs(at(n * 100), 0)));
        assert!(heart.hangs(at(5100), 0));
    }

    #[test]
    fn a_box_that_stood_still_has_no_hanging_thread() {
        let mut heart = Heartbeat::new(at(0));
        assert!(!heart.hangs(at(100), 5));
        assert!(!heart.hangs(at(3_600_000), 5), "nothing of the box ran for an hour");
        assert!(!heart.hangs(at(3_600_100), 5), "the thread wakes a little later");
        assert!(!heart.hangs(at(3_600_200), 6));
        assert!((3..50).all(|n| !heart.hangs(at(3_600_000 + n * 100), 6)));
    }
}
