//! What is done with a port's hook, and digits.

use super::{DahdiCard, Driver, Line};
use crate::CardError;
use model::Instant;
use model::port::Hook;
use rustix::io::Errno;
use std::io;
use std::time::Duration;

/// A hook that is busy is tried again in every tick for so long. A line whose battery the driver took
/// off as it hung up has it again after 0.8 s.
const HOOK_AGAIN: Duration = Duration::from_secs(2);
impl<D: Driver> DahdiCard<D> {
    /// Changes the hook, now or as soon as the driver is done with the change before.
    pub(super) fn order_hook(&mut self, port: usize, hook: Hook) -> Result<(), CardError> {
        let done = self.hook(port, hook);
        let Some(place) = self.ports.get_mut(port) else { return done };
        let busy = done == Err(CardError::Busy(port));
        place.again = busy.then_some((hook, self.now + HOOK_AGAIN));
        if busy { Ok(()) } else { done }
    }

    fn hook(&mut self, port: usize, hook: Hook) -> Result<(), CardError> {
        let (wanted, line) = self.line(port)?;
        let done = line.hook(hook);
        // It is on while a call is up, and begins each one anew. A card without one refuses it.
        let _ = match hook {
            Hook::Off if wanted.echo_taps > 0 => line.cancel_echo(wanted.echo_taps),
            Hook::On if wanted.echo_taps > 0 => line.cancel_echo(0),
            _ => Ok(()),
        };
        self.dials(port, false);
        done.map_err(|error| refusal(port, &error))
    }

    /// Does what the hook of a port was too busy for.
    pub(super) fn hook_again(&mut self, now: Instant, port: usize) {
        let Some(place) = self.ports.get_mut(port) else { return };
        let Some((hook, until)) = place.again.take() else { return };
        if self.hook(port, hook) != Err(CardError::Busy(port)) {
            return;
        }
        match self.ports.get_mut(port).filter(|_| now < until) {
            Some(place) => place.again = Some((hook, until)),
            None => self.lost.hooks += 1,
        }
    }

    pub(super) fn dial(&mut self, port: usize, digits: &str, pulse: bool) -> Result<(), CardError> {
        let (_, line) = self.line(port)?;
        line.dial(digits, pulse).map_err(|error| refusal(port, &error))?;
        self.dials(port, true);
        Ok(())
    }
}

/// Why the driver did not do what was ordered.
pub(super) fn refusal(port: usize, error: &io::Error) -> CardError {
    let busy = Errno::BUSY.raw_os_error();
    if error.raw_os_error() == Some(busy) { CardError::Busy(port) } else { CardError::Gone }
}
