//! The server transaction of any request but INVITE and ACK (RFC 3261 17.2.2).
//!
//! ```text
//!   request --> Trying --1xx--> Proceeding   request: 1xx again
//!                  |                |
//!                  +---- 200-699 ---+
//!                          |
//!                      Completed --J--> over     request: response again
//! ```

use super::Effect;
use super::timers::{Alarms, Timer};
use model::Instant;

/// Where the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    Trying,
    Proceeding,
    Completed,
}

impl Server {
    /// Takes the request again.
    pub fn request(&self) -> &'static [Effect] {
        match self {
            Self::Trying => &[Effect::Absorbed],
            Self::Proceeding | Self::Completed => &[Effect::Absorbed, Effect::SendAgain],
        }
    }

    /// Takes our response; a second final one changes nothing.
    pub fn respond(&mut self, now: Instant, alarms: &mut Alarms, code: u16) -> &'static [Effect] {
        match (*self, code) {
            (Self::Completed, _) => &[],
            (_, 100..=199) => {
                *self = Self::Proceeding;
                &[Effect::Send]
            }
            _ => {
                alarms.set(now, Timer::J);
                *self = Self::Completed;
                &[Effect::Send]
            }
        }
    }

    /// Takes a timer that fired.
    pub fn timer(&mut self, timer: Timer) -> &'static [Effect] {
        match (*self, timer) {
            (Self::Completed, Timer::J) => &[Effect::End],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_comes_again_gets_the_same_response_for_32_s() {
        let mut alarms = Alarms::default();
        let mut machine = Server::Trying;
        assert_eq!(machine.request(), [Effect::Absorbed]);
        assert_eq!(machine.respond(Instant::START, &mut alarms, 200), [Effect::Send]);
        assert_eq!(machine.request(), [Effect::Absorbed, Effect::SendAgain]);
        assert!(machine.respond(Instant::START, &mut alarms, 500).is_empty());
        assert_eq!(alarms.next(), Some((Instant::from_millis(32_000), Timer::J)));
        assert_eq!(machine.timer(Timer::J), [Effect::End]);
    }
}
