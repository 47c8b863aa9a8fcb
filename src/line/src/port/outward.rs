//! Calls out over a port: what `CallOut` says of one, as the port's own.

use super::{ExchangePort, Output, State};
use crate::call_out::{NUMBER_MAX, Step};
use model::port::{Hook, PortOrder};
use model::{Cause, Instant, LegEvent};

impl ExchangePort {
    /// Seizes the line; one that is in use, or rings, is told to be so.
    pub(super) fn dial(&mut self, now: Instant, number: &str) {
        let seized = match self.state {
            State::Idle if self.can_dial(number) => Ok(()),
            State::Idle => Err(Cause::NotFound),
            State::Dead => Err(Cause::Unreachable),
            _ => Err(Cause::Congestion),
        };
        self.outputs.push_back(Output::Seized(seized));
        if seized.is_ok() {
            self.call_out.begin(now, number);
            self.state = State::Out;
            self.hook(Hook::Off);
        }
    }

    /// There are no pulses for the star and the square.
    fn can_dial(&self, number: &str) -> bool {
        let pulse = self.config.pulse;
        let key =
            |byte: u8| byte.is_ascii_digit() || byte == b'W' || b"*#".contains(&byte) && !pulse;
        (1..=NUMBER_MAX).contains(&number.len()) && number.bytes().all(key)
    }

    pub(super) fn goes_out(&mut self, now: Instant, step: Step) {
        match step {
            Step::Waits => {}
            Step::Dial(number) => {
                let order = if self.config.pulse { PortOrder::Pulse } else { PortOrder::Dial };
                self.outputs.push_back(Output::Port(order(number)));
            }
            Step::Dialled => self.tell(LegEvent::EarlyMedia),
            Step::Ringing => self.tell(LegEvent::Ringing),
            Step::Answered => self.answered(now),
            Step::SoundsAnswered => {
                self.answered(now);
                self.state = State::Up { since: now, by_ear: true };
            }
            Step::Gone(cause) => self.release(now, cause),
            Step::Caught => {
                self.tell(LegEvent::Gone(Cause::Congestion));
                self.gone_ears.reset();
                self.state = State::Caught { since: now };
                self.caller = None;
                self.arrived();
            }
        }
    }
}
