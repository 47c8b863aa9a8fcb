//! The client transaction of an INVITE (RFC 3261 17.1.1, with RFC 6026 section 7.2).
//!
//! ```text
//!            INVITE sent
//!                |
//!   A: again  Calling --1xx--> Proceeding          B: nobody there, C: nobody picked up
//!                |                 |
//!        2xx     +-----------------+    3xx-6xx: ACK
//!      Accepted <------------------+---------------> Completed
//!      each 2xx passed up                            each refusal: ACK again
//!          | M                                           | D
//!          +-------------------> over <------------------+
//! ```

use super::Effect;
use super::timers::{Alarms, Timer};
use model::Instant;
use std::time::Duration;

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteClient {
    Calling,
    Proceeding,
    Completed,
    Accepted,
}

impl InviteClient {
    /// Begins, with the request just sent.
    pub fn start(now: Instant, alarms: &mut Alarms) -> Self {
        alarms.set(now, Timer::A);
        alarms.set(now, Timer::B);
        Self::Calling
    }

    /// Takes a response.
    pub fn response(&mut self, now: Instant, alarms: &mut Alarms, code: u16) -> &'static [Effect] {
        match (*self, code) {
            (Self::Calling | Self::Proceeding, 100..=199) => {
                alarms.stop(&[Timer::A, Timer::B]);
                alarms.set(now, Timer::C);
                *self = Self::Proceeding;
                &[Effect::Pass]
            }
            (Self::Calling | Self::Proceeding, 200..=299) => {
                alarms.stop(&[Timer::A, Timer::B, Timer::C]);
                alarms.set(now, Timer::M);
                *self = Self::Accepted;
                &[Effect::Pass]
            }
            (Self::Calling | Self::Proceeding, _) => {
                alarms.stop(&[Timer::A, Timer::B, Timer::C]);
                alarms.set(now, Timer::D);
                *self = Self::Completed;
                &[Effect::Acknowledge, Effect::Pass]
            }
            (Self::Completed, 300..) => &[Effect::Acknowledge, Effect::Absorbed],
            (Self::Accepted, 200..=299) => &[Effect::Pass],
            (Self::Completed | Self::Accepted, _) => &[Effect::Absorbed],
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
            (Self::Calling, Timer::A) => {
                alarms.again(now, Timer::A, ran);
                &[Effect::SendAgain]
            }
            (Self::Calling, Timer::B) | (Self::Proceeding, Timer::C) => {
                &[Effect::TimedOut, Effect::End]
            }
            (Self::Completed, Timer::D) | (Self::Accepted, Timer::M) => &[Effect::End],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_until_over(machine: &mut InviteClient, alarms: &mut Alarms) -> Vec<(u64, Effect)> {
        let mut seen = Vec::new();
        while let Some((at, _)) = alarms.next() {
            let Some((timer, ran)) = alarms.due(at) else { break };
            for effect in machine.timer(at, alarms, timer, ran) {
                seen.push((at.as_millis(), *effect));
            }
            if seen.last().is_some_and(|(_, effect)| *effect == Effect::End) {
                break;
            }
        }
        seen
    }

    #[test]
    fn an_invite_nobody_answers_is_sent_seven_times_and_given_up_after_32_s() {
        let mut alarms = Alarms::default();
        let mut machine = InviteClient::start(Instant::START, &mut alarms);
        let seen = run_until_over(&mut machine, &mut alarms);
        let sent: Vec<u64> =
            seen.iter().filter(|(_, e)| *e == Effect::SendAgain).map(|(at, _)| *at).collect();
        assert_eq!(sent, [500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(seen[6..], [(32000, Effect::TimedOut), (32000, Effect::End)]);
    }

    #[test]
    fn a_provisional_response_ends_the_sending_again() {
        let mut alarms = Alarms::default();
        let mut machine = InviteClient::start(Instant::START, &mut alarms);
        assert_eq!(machine.response(Instant::START, &mut alarms, 180), [Effect::Pass]);
        assert_eq!(alarms.next().map(|(_, timer)| timer), Some(Timer::C));
    }

    #[test]
    fn one_that_is_only_said_to_be_tried_ends_by_timer_c_after_the_last_word() {
        let mut alarms = Alarms::default();
        let mut machine = InviteClient::start(Instant::START, &mut alarms);
        machine.response(Instant::START, &mut alarms, 100);
        machine.response(Instant::from_millis(60_000), &mut alarms, 180);
        let seen = run_until_over(&mut machine, &mut alarms);
        assert_eq!(seen, [(360_000, Effect::TimedOut), (360_000, Effect::End)]);
    }

    #[test]
    fn each_refusal_is_acknowledged_and_one_is_passed_up_until_timer_d() {
        let mut alarms = Alarms::default();
        let mut machine = InviteClient::start(Instant::START, &mut alarms);
        let first = machine.response(Instant::START, &mut alarms, 486);
        assert_eq!(first, [Effect::Acknowledge, Effect::Pass]);
        let second = machine.response(Instant::START, &mut alarms, 486);
        assert_eq!(second, [Effect::Acknowledge, Effect::Absorbed]);
        assert_eq!(run_until_over(&mut machine, &mut alarms), [(32000, Effect::End)]);
    }

    #[test]
    fn each_acceptance_is_passed_up_until_timer_m() {
        let mut alarms = Alarms::default();
        let mut machine = InviteClient::start(Instant::START, &mut alarms);
        for _ in 0..3 {
            assert_eq!(machine.response(Instant::START, &mut alarms, 200), [Effect::Pass]);
        }
        assert_eq!(machine.response(Instant::START, &mut alarms, 486), [Effect::Absorbed]);
        assert_eq!(run_until_over(&mut machine, &mut alarms), [(32000, Effect::End)]);
    }
}
