//! The timers of RFC 3261 by their letters, with those of RFC 6026, in one table; and the alarms a
//! transaction has set.

use model::Instant;
use std::time::Duration;

/// The round trip assumed (RFC 3261 17.1.1.1).
pub const T1: Duration = Duration::from_millis(500);
/// The longest time between two sendings of a request or a response (RFC 3261 17.1.2.1).
pub const T2: Duration = Duration::from_secs(4);
/// The longest time a message stays in the network (RFC 3261 17.1.2.1).
pub const T4: Duration = Duration::from_secs(5);
/// How long a transaction is tried: 32 s.
pub const T1_X64: Duration = Duration::from_millis(64 * 500);

/// Transactions that only absorb what comes late end together, at the next whole one of these: each
/// by itself would wake the box once a registration more.
pub const LINGER_GRID: Duration = Duration::from_secs(1);

/// A timer by its letter (RFC 3261 Appendix A; L and M: RFC 6026 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// INVITE client: send the request again.
    A,
    /// INVITE client: give up, nobody answered.
    B,
    /// INVITE client: give up, nobody picked up. Whoever sent the first INVITE of a call keeps it
    /// too, and cancels; a re-INVITE whose call has ended meanwhile has nobody else to end it.
    C,
    /// INVITE client: absorb what comes of a refusal.
    D,
    /// Client: send the request again.
    E,
    /// Client: give up.
    F,
    /// INVITE server: send the refusal again.
    G,
    /// INVITE server: nobody acknowledged the refusal.
    H,
    /// INVITE server: absorb what comes of the ACK.
    I,
    /// Server: absorb what comes of the request.
    J,
    /// Client: absorb what comes of the response.
    K,
    /// INVITE server: absorb what comes of an accepted INVITE.
    L,
    /// INVITE client: wait for the other answers of a fork.
    M,
}

/// Name, first value and longest value of each timer over UDP; a timer whose two values differ
/// doubles from one to the other.
const TABLE: [(Timer, &str, Duration, Duration); 13] = [
    (Timer::A, "timer A", T1, Duration::MAX),
    (Timer::B, "timer B", T1_X64, T1_X64),
    (Timer::C, "timer C", Duration::from_secs(300), Duration::from_secs(300)),
    (Timer::D, "timer D", T1_X64, T1_X64),
    (Timer::E, "timer E", T1, T2),
    (Timer::F, "timer F", T1_X64, T1_X64),
    (Timer::G, "timer G", T1, T2),
    (Timer::H, "timer H", T1_X64, T1_X64),
    (Timer::I, "timer I", T4, T4),
    (Timer::J, "timer J", T1_X64, T1_X64),
    (Timer::K, "timer K", T4, T4),
    (Timer::L, "timer L", T1_X64, T1_X64),
    (Timer::M, "timer M", T1_X64, T1_X64),
];

impl Timer {
    /// The name that `deadline` gives as its reason.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].1
    }
    /// How long it runs the first time.
    pub fn first(self) -> Duration {
        TABLE[self as usize].2
    }
    /// How long it runs after it ran for `last`.
    pub fn after(self, last: Duration) -> Duration {
        last.saturating_mul(2).min(TABLE[self as usize].3)
    }
}

/// The alarms one transaction has set, three at most.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    set: Vec<Alarm>,
    /// The transport sends again by itself: nothing is sent twice, and nothing that was sent twice
    /// is waited for (RFC 3261 17.1.1.2, 17.1.2.2, 17.2.1, 17.2.2).
    reliable: bool,
}

#[derive(Clone, Copy, Debug)]
struct Alarm {
    at: Instant,
    timer: Timer,
    ran: Duration,
}

impl Alarms {
    /// None set, for a transaction over a transport of that kind.
    pub fn over(reliable: bool) -> Self {
        Self { set: Vec::new(), reliable }
    }
    /// Sets a timer to its first value, in place of one that runs.
    pub fn set(&mut self, now: Instant, timer: Timer) {
        match (self.reliable, timer) {
            (true, Timer::A | Timer::E | Timer::G) => {}
            (true, Timer::D | Timer::I | Timer::J | Timer::K) => {
                self.run(now, timer, Duration::ZERO);
            }
            _ => self.run(now, timer, timer.first()),
        }
    }
    /// Sets a timer that just fired again, for longer.
    pub fn again(&mut self, now: Instant, timer: Timer, ran: Duration) {
        self.run(now, timer, timer.after(ran));
    }
    /// Sets a timer to its longest value at once.
    pub fn longest(&mut self, now: Instant, timer: Timer) {
        if !self.reliable {
            self.run(now, timer, TABLE[timer as usize].3);
        }
    }
    /// Stops timers, whether they run or not.
    pub fn stop(&mut self, timers: &[Timer]) {
        self.set.retain(|alarm| !timers.contains(&alarm.timer));
    }
    /// The next alarm.
    pub fn next(&self) -> Option<(Instant, Timer)> {
        self.set.iter().map(|alarm| (alarm.at, alarm.timer)).min()
    }
    /// Takes the next alarm off if it is due: the timer and how long it ran.
    pub fn due(&mut self, now: Instant) -> Option<(Timer, Duration)> {
        let (at, timer) = self.next().filter(|(at, _)| *at <= now)?;
        let place = self.set.iter().position(|alarm| alarm.at == at && alarm.timer == timer)?;
        let alarm = self.set.swap_remove(place);
        Some((alarm.timer, alarm.ran))
    }

    fn run(&mut self, now: Instant, timer: Timer, ran: Duration) {
        self.stop(&[timer]);
        let at = match timer {
            Timer::D | Timer::I | Timer::J | Timer::K | Timer::L | Timer::M if !ran.is_zero() => {
                on_grid(now + ran)
            }
            _ => now + ran,
        };
        self.set.push(Alarm { at, timer, ran });
    }
}

/// The first moment of `LINGER_GRID` that is not before.
fn on_grid(at: Instant) -> Instant {
    let grid = u64::try_from(LINGER_GRID.as_micros()).unwrap_or(1);
    Instant::from_micros(at.as_micros().div_ceil(grid).saturating_mul(grid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_letters() {
        for (place, (timer, name, ..)) in TABLE.iter().enumerate() {
            assert_eq!(*timer as usize, place);
            assert_eq!(*name, format!("timer {timer:?}"));
        }
    }

    #[test]
    fn over_a_reliable_transport_nothing_is_sent_again_and_nothing_absorbed() {
        let mut alarms = Alarms::over(true);
        for timer in [Timer::A, Timer::E, Timer::G] {
            alarms.set(Instant::START, timer);
            assert_eq!(alarms.next(), None);
        }
        for timer in [Timer::D, Timer::I, Timer::J, Timer::K] {
            alarms.set(Instant::START, timer);
            assert_eq!(alarms.due(Instant::START), Some((timer, Duration::ZERO)));
        }
        for timer in [Timer::B, Timer::F, Timer::H, Timer::L, Timer::M] {
            alarms.set(Instant::START, timer);
            assert_eq!(alarms.next(), Some((Instant::START + T1_X64, timer)));
            alarms.stop(&[timer]);
        }
    }

    #[test]
    fn transactions_that_only_absorb_end_together_at_a_whole_second() {
        let ends = [1, 250_000, 999_999, 1_000_000].map(|micros| {
            let mut alarms = Alarms::over(false);
            alarms.set(Instant::from_micros(micros), Timer::J);
            alarms.next().map(|(at, _)| at.as_micros())
        });
        assert_eq!(ends, [Some(33_000_000); 4]);
        let mut alarms = Alarms::over(false);
        alarms.set(Instant::from_micros(1), Timer::F);
        assert_eq!(alarms.next(), Some((Instant::from_micros(1) + T1_X64, Timer::F)));
    }

    #[test]
    fn a_response_is_sent_again_after_500_ms_then_twice_as_long_up_to_4_s() {
        let mut ran = Timer::G.first();
        let mut all = vec![ran.as_millis()];
        for _ in 0..4 {
            ran = Timer::G.after(ran);
            all.push(ran.as_millis());
        }
        assert_eq!(all, [500, 1000, 2000, 4000, 4000]);
    }
}
