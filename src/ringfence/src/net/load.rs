//! Whether the box has more to do than it can: told by how long what begins has to wait.
//!
//! ```text
//!              waited > 100 ms for 100 ms, or > 300 ms once
//!   in time ------------------------------------------------> overloaded: new calls are refused
//!      ^------------------------------------------------------------'
//!                 waited < 20 ms, or nothing waits
//! ```
//!
//! The wait of the queue is looked at and not its length: it is what a caller feels, on any machine.
//! It has to last, for a thread that was not let run for once catches up by itself. A refusal costs
//! a hundredth of a call, so the queue is short again at once, and every call that is begun comes to
//! its end before anybody sends anything again (RFC 3261 T1: 500 ms).

use model::Instant;
use std::time::Duration;

/// A wait that is too long if it lasts for `LASTS`.
const LONG: Duration = Duration::from_millis(100);
const LASTS: Duration = Duration::from_millis(100);
/// A wait that is too long at once.
const TOO_LONG: Duration = Duration::from_millis(300);
/// A wait after which all is well again.
pub(super) const SHORT: Duration = Duration::from_millis(20);
/// How long the console is shown that there was too much to do.
const SHOWN: Duration = Duration::from_secs(10);

/// What the waits told so far.
#[derive(Debug, Default)]
pub struct Load {
    long_since: Option<Instant>,
    over: bool,
    last: Option<Instant>,
}

impl Load {
    /// Notes how long something had to wait that begins now.
    pub fn waited(&mut self, now: Instant, waited: Duration) {
        match waited {
            short if short < SHORT => self.nothing_waits(),
            long if long > LONG => {
                let since = *self.long_since.get_or_insert(now);
                self.over |= long > TOO_LONG || now.since(since) >= LASTS;
            }
            _ => self.long_since = None,
        }
        if self.over {
            self.last = Some(now);
        }
    }

    /// Notes that nothing waits.
    pub fn nothing_waits(&mut self) {
        (self.over, self.long_since) = (false, None);
    }

    /// Tells whether new calls are to be refused.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Tells whether they were refused lately.
    pub fn was_over(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now.since(last) < SHOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_wait_that_stays_long_is_an_overload_until_it_is_short_again() {
        let mut load = Load::default();
        let over: Vec<bool> = [(0, 90), (50, 110), (149, 120), (150, 120), (160, 50), (170, 19)]
            .into_iter()
            .map(|(now, waited)| {
                load.waited(at(now), ms(waited));
                load.is_over()
            })
            .collect();
        assert_eq!(over, [false, false, false, true, true, false]);
        assert!(load.was_over(at(10_100)) && !load.was_over(at(10_160)));
    }

    #[test]
    fn a_thread_that_was_late_once_refuses_nobody() {
        let mut load = Load::default();
        for step in 0..20 {
            // It slept for 200 ms and works off two messages a ms.
            load.waited(at(200 + step * 5), ms(200 - step * 10));
            assert!(!load.is_over(), "{step}");
        }
    }

    #[test]
    fn a_wait_after_which_callers_send_again_soon_is_an_overload_at_once() {
        let mut load = Load::default();
        load.waited(at(1000), ms(301));
        assert!(load.is_over());
        load.nothing_waits();
        assert!(!load.is_over());
    }
}
