//! The client transaction of any request but INVITE and ACK (RFC 3261 17.1.2).
//!
//! ```text
//!           request sent
//!                |
//!   E: again  Trying --1xx--> Proceeding  E: again each T2      F: nobody there
//!                |                |
//!                +---- 200-699 ---+
//!                        |
//!                    Completed --K--> over
//! ```

use super::Effect;
use super::timers::{Alarms, Timer};
use model::Instant;
use std::time::Duration;

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Trying,
    Proceeding,
    Completed,
}

impl Client {
    /// Begins, with the request just sent.
    pub fn start(now: Instant, alarms: &mut Alarms) -> Self {
        alarms.set(now, Timer::E);
        alarms.set(now, Timer::F);
        Self::Trying
    }

    /// Takes a response.
    pub fn response(&mut self, now: Instant, alarms: &mut Alarms, code: u16) -> &'static [Effect] {
        match (*self, code) {
            (Self::Completed, _) => &[Effect::Absorbed],
            (_, 100..=199) => {
                *self = Self::Proceeding;
                &[Effect::Pass]
            }
            _ => {
                alarms.stop(&[Timer::E, Timer::F]);
                alarms.set(now, Timer::K);
                *self = Self::Completed;
                &[Effect::Pass]
            }
        }
    }

    /// Takes a timer that fired after it ran for `ran`.
    pub fn timer(
        &mut self,
        now: Instant,
        alarms: &mut Alarms,
        timer: Timer,
        ran: Duration,
    ) -> &'static [Effect] {
        match (*self, timer) {
            (Self::Trying, Timer::E) => {
                alarms.again(now, Timer::E, ran);
                &[Effect::SendAgain]
            }
            (Self::Proceeding, Timer::E) => {
                alarms.longest(now, Timer::E);
                &[Effect::SendAgain]
            }
            (Self::Trying | Self::Proceeding, Timer::F) => &[Effect::TimedOut, Effect::End],
            (Self::Completed, Timer::K) => &[Effect::End],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_until_over(machine: &mut Client, alarms: &mut Alarms) -> (Vec<u64>, Option<Effect>) {
        let (mut sent, mut end) = (Vec::new(), None);
        while let (None, Some((at, _))) = (end, alarms.next()) {
            let Some((timer, ran)) = alarms.due(at) else { break };
            match machine.timer(at, alarms, timer, ran) {
                [Effect::SendAgain] => sent.push(at.as_millis()),
                [first, ..] => end = Some(*first),
                [] => {}
            }
        }
        (sent, end)
    }

    #[test]
    fn a_request_nobody_answers_is_sent_eleven_times_and_given_up_after_32_s() {
        let mut alarms = Alarms::default();
        let mut machine = Client::start(Instant::START, &mut alarms);
        let (sent, end) = sent_until_over(&mut machine, &mut alarms);
        assert_eq!(sent, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
        assert_eq!(end, Some(Effect::TimedOut));
    }

    #[test]
    fn a_request_that_is_worked_on_is_sent_again_each_4_s() {
        let mut alarms = Alarms::default();
        let mut machine = Client::start(Instant::START, &mut alarms);
        machine.response(Instant::START, &mut alarms, 100);
        let (sent, end) = sent_until_over(&mut machine, &mut alarms);
        assert_eq!(sent, [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]);
        assert_eq!(end, Some(Effect::TimedOut));
    }

    #[test]
    fn one_response_is_passed_up_and_its_copies_are_absorbed_for_5_s() {
        let mut alarms = Alarms::default();
        let mut machine = Client::start(Instant::START, &mut alarms);
        assert_eq!(machine.response(Instant::START, &mut alarms, 200), [Effect::Pass]);
        assert_eq!(machine.response(Instant::START, &mut alarms, 200), [Effect::Absorbed]);
        assert_eq!(alarms.next(), Some((Instant::from_millis(5000), Timer::K)));
        assert_eq!(sent_until_over(&mut machine, &mut alarms), (vec![], Some(Effect::End)));
    }
}
