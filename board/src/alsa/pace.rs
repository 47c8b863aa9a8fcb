//! The time for a device that keeps none: alsa-lib's `file` and `null` take and give whatever is asked.
//!
//! ```text
//!   by the device --200 ms ahead of us within 10 s--> by ours, until the device is opened again
//! ```
//!
//! A real device waits for its crystal, which is ours within 200 ppm: 2 ms in 10 s.

use std::time::Duration;

/// What a block lasts.
const BLOCK: Duration = Duration::from_millis(20);
/// How far no clock of a device runs ahead in `WINDOW` blocks. It is more than a device's memory holds,
/// so that one whose thread was late may catch up.
const AHEAD_MAX: Duration = Duration::from_millis(200);
const WINDOW: u32 = 500;

/// How long to wait before the next block.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    began: Duration,
    blocks: u32,
    own: bool,
}

impl Pace {
    /// Begins to count; times are since any moment.
    pub fn new(now: Duration) -> Self {
        Self { began: now, blocks: 0, own: false }
    }

    /// Tells whether the device keeps no time.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// A block is done; gives how long to wait.
    pub fn block(&mut self, now: Duration) -> Duration {
        self.blocks += 1;
        let ahead = (self.began + BLOCK * self.blocks).saturating_sub(now);
        if self.own {
            // Beyond a stall time begins anew, for nobody wants what was not heard then.
            if self.blocks >= WINDOW
                || now.saturating_sub(self.began) > BLOCK * self.blocks + AHEAD_MAX
            {
                *self = Self { own: true, ..Self::new(now + ahead) };
            }
            return ahead;
        }
        if ahead > AHEAD_MAX {
            *self = Self { own: true, ..Self::new(now) };
            return BLOCK;
        }
        if self.blocks >= WINDOW {
            *self = Self::new(now);
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs so many blocks of a device that takes `block_us` for each; gives how long all took.
    fn run(pace: &mut Pace, blocks: u32, block_us: u64) -> Duration {
        let mut now = Duration::from_secs(7);
        let began = now;
        *pace = Pace::new(now);
        for _ in 0..blocks {
            now += Duration::from_micros(block_us);
            now += pace.block(now);
        }
        now - began
    }

    #[test]
    fn a_device_without_a_clock_goes_by_ours() {
        let mut pace = Pace::new(Duration::ZERO);
        let took = run(&mut pace, 3000, 30);
        assert!(pace.is_own());
        let blocks = took.as_millis() / BLOCK.as_millis();
        assert!((2985..=3000).contains(&blocks), "{blocks} of 3000 blocks");
    }

    #[test]
    fn a_crystal_that_is_200_ppm_off_is_left_alone_for_hours() {
        for block_us in [19_996, 20_000, 20_004] {
            let mut pace = Pace::new(Duration::ZERO);
            let took = run(&mut pace, 500_000, block_us);
            assert!(!pace.is_own(), "{block_us} us a block");
            assert_eq!(took, Duration::from_micros(block_us) * 500_000);
        }
    }

    #[test]
    fn after_a_stall_of_ours_nothing_is_caught_up() {
        let mut pace = Pace::new(Duration::ZERO);
        let mut now = Duration::ZERO;
        for _ in 0..100 {
            now += pace.block(now);
        }
        assert!(pace.is_own());
        now += Duration::from_secs(5);
        assert_eq!(pace.block(now), Duration::ZERO);
        let waits = (0..50).map(|_| {
            let wait = pace.block(now);
            now += wait;
            wait
        });
        assert!(waits.sum::<Duration>() >= BLOCK * 49);
    }
}
