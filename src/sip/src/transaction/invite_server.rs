//! The server transaction of an INVITE (RFC 3261 17.2.1, with RFC 6026 section 7.1).
//!
//! ```text
//!                  INVITE
//!                    |
//!   INVITE: 1xx   Proceeding
//!     again          |
//!        2xx         |        300-699
//!     +--------------+---------------+
//!     |                              |
//!  Accepted                      Completed    G: again; INVITE: again
//!  INVITE absorbed,                  | ACK            H: nobody acknowledged
//!  ACK passed up                 Confirmed
//!     | L                            | I
//!     +------------> over <----------+
//! ```
//!
//! A 100 after 200 ms is not made: our users answer each INVITE with 180 or more in the same turn.

use super::Effect;
use super::timers::{Alarms, Timer};
use model::Instant;
use std::time::Duration;

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteServer {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
}

impl InviteServer {
    /// Takes the INVITE again.
    pub fn request(&self) -> &'static [Effect] {
        match self {
            Self::Proceeding | Self::Completed => &[Effect::Absorbed, Effect::SendAgain],
            Self::Confirmed | Self::Accepted => &[Effect::Absorbed],
        }
    }

    /// Takes the ACK.
    pub fn ack(&mut self, now: Instant, alarms: &mut Alarms) -> &'static [Effect] {
        match self {
            Self::Completed => {
                alarms.stop(&[Timer::G, Timer::H]);
                alarms.set(now, Timer::I);
                *self = Self::Confirmed;
                &[]
            }
            Self::Accepted => &[Effect::Pass],
            Self::Proceeding | Self::Confirmed => &[Effect::Absorbed],
        }
    }

    /// Takes our response. What comes too late (a refusal after a 2xx) changes nothing.
    pub fn respond(&mut self, now: Instant, alarms: &mut Alarms, code: u16) -> &'static [Effect] {
        match (*self, code) {
            (Self::Proceeding, 100..=199) => &[Effect::Send],
            (Self::Proceeding, 200..=299) => {
                alarms.set(now, Timer::L);
                *self = Self::Accepted;
                &[Effect::Send]
            }
            (Self::Proceeding, _) => {
                alarms.set(now, Timer::G);
                alarms.set(now, Timer::H);
                *self = Self::Completed;
                &[Effect::Send]
            }
            (Self::Accepted, 200..=299) => &[Effect::Send],
            _ => &[],
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
            (Self::Completed, Timer::G) => {
                alarms.again(now, Timer::G, ran);
                &[Effect::SendAgain]
            }
            (Self::Completed, Timer::H) => &[Effect::Unacknowledged, Effect::End],
            (Self::Confirmed, Timer::I) | (Self::Accepted, Timer::L) => &[Effect::End],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_sent_again_until_the_ack_and_its_copies_are_absorbed_for_5_s() {
        let mut alarms = Alarms::default();
        let mut machine = InviteServer::Proceeding;
        assert_eq!(machine.respond(Instant::START, &mut alarms, 486), [Effect::Send]);
        let at = Instant::from_millis(500);
        let (timer, ran) = alarms.due(at).unwrap();
        assert_eq!(machine.timer(at, &mut alarms, timer, ran), [Effect::SendAgain]);
        assert!(machine.ack(at, &mut alarms).is_empty());
        // 5 s, and on to the next whole second (`LINGER_GRID`).
        assert_eq!(alarms.next(), Some((Instant::from_millis(6000), Timer::I)));
        assert_eq!(machine.ack(at, &mut alarms), [Effect::Absorbed]);
        assert_eq!(machine.request(), [Effect::Absorbed]);
        let (timer, ran) = alarms.due(Instant::from_millis(6000)).unwrap();
        assert_eq!(machine.timer(at, &mut alarms, timer, ran), [Effect::End]);
    }

    #[test]
    fn a_refusal_nobody_acknowledges_is_given_up_after_32_s() {
        let mut alarms = Alarms::default();
        let mut machine = InviteServer::Proceeding;
        machine.respond(Instant::START, &mut alarms, 486);
        let mut sent = 0;
        loop {
            let (at, _) = alarms.next().unwrap();
            let (timer, ran) = alarms.due(at).unwrap();
            match machine.timer(at, &mut alarms, timer, ran) {
                [Effect::SendAgain] => sent += 1,
                end => {
                    assert_eq!(end, [Effect::Unacknowledged, Effect::End]);
                    assert_eq!(at.as_millis(), 32_000);
                    break;
                }
            }
        }
        assert_eq!(sent, 10);
    }

    #[test]
    fn an_accepted_invite_is_absorbed_and_its_acks_are_passed_up() {
        let mut alarms = Alarms::default();
        let mut machine = InviteServer::Proceeding;
        machine.respond(Instant::START, &mut alarms, 200);
        assert_eq!(machine.request(), [Effect::Absorbed]);
        assert_eq!(machine.ack(Instant::START, &mut alarms), [Effect::Pass]);
        assert_eq!(machine.respond(Instant::START, &mut alarms, 200), [Effect::Send]);
        assert!(machine.respond(Instant::START, &mut alarms, 487).is_empty());
        assert_eq!(alarms.next(), Some((Instant::from_millis(32_000), Timer::L)));
    }
}
