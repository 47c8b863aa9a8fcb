//! The SIM, its PIN and the network.

use super::super::reply::{is_registered, registration, tries_left};
use super::{Ask, NETWORK_EVERY, News, SEARCH, SIM_BUSY, SIM_EVERY, Talk, Trouble, UNSURE_MAX};
use model::Instant;

impl Talk {
    pub(super) fn sim(&mut self, now: Instant, said: Option<&str>) {
        match said {
            Some("READY") => {
                if self.pin_given {
                    self.tell(News::PinTaken);
                }
                (self.pin_given, self.pin_doubtful, self.unsure) = (false, false, 0);
                self.ask(now, Ask::PduMode);
            }
            Some("SIM PIN") if self.pin_given => {
                // It was taken, or the answer was another's.
                (self.pin_given, self.pin_doubtful) = (false, true);
                self.ask(now, Ask::TriesLeft);
            }
            Some("SIM PIN") if self.config.pin_refused => self.stuck(now, Trouble::PinRefused),
            Some("SIM PIN") if self.config.pin.is_none() => self.stuck(now, Trouble::PinWanted),
            Some("SIM PIN") => self.ask(now, Ask::TriesLeft),
            Some("SIM PUK" | "SIM PUK2") => self.stuck(now, Trouble::Puk),
            Some("NOT READY") | None => self.unsure(now),
            Some(_) => self.stuck(now, Trouble::NoSim),
        }
    }

    /// Gives the PIN, where it cannot be the second time that a wrong one is given. A modem that
    /// counts tries says so; one that does not is given a PIN that was never in doubt.
    pub(super) fn give_pin(&mut self, now: Instant, said: Option<&str>) {
        let safe = match said.and_then(tries_left) {
            Some((left, all)) => left >= all,
            None => !self.pin_doubtful,
        };
        if safe { self.ask(now, Ask::Pin) } else { self.stuck(now, Trouble::PinRefused) }
    }

    pub(super) fn pin_refused(&mut self, now: Instant) {
        self.pin_given = false;
        self.config.pin_refused = true;
        self.tell(News::PinRefused);
        self.stuck(now, Trouble::PinRefused);
    }

    /// Looks again soon; what goes on like that is no SIM.
    pub(super) fn unsure(&mut self, now: Instant) {
        self.unsure = self.unsure.saturating_add(1);
        if self.unsure >= UNSURE_MAX {
            self.down(Trouble::NoSim);
        }
        self.rest(now, SIM_BUSY, Ask::Sim);
    }

    /// Tells why nothing can be sent, and looks at the SIM again later.
    pub(super) fn stuck(&mut self, now: Instant, trouble: Trouble) {
        self.down(trouble);
        self.rest(now, SIM_EVERY, Ask::Sim);
    }

    pub(super) fn network(&mut self, now: Instant, said: Option<String>, first: bool) {
        const DENIED: u8 = 3;
        let state = said.as_deref().and_then(registration);
        if state.is_some_and(is_registered) {
            return self.up(now);
        }
        let since = *self.searching.get_or_insert(now);
        if state == Some(DENIED) && !first || now.since(since) >= SEARCH {
            self.down(Trouble::NoNetwork);
        }
        match first {
            true => self.ask(now, Ask::NetworkOfLte),
            false => self.rest(now, NETWORK_EVERY, Ask::Network),
        }
    }
}
