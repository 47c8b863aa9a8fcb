//! Service legs: an agent's phone dials the box itself, hears a confirmation and is hung up.
//!
//! ```text
//!                                       ┌─▶ Asking ── keys, # ──┐ (who sits down, and the PIN)
//!                                       │                       ▼
//!   (a leg) ──▶ Answering ──Answered──▶ Asked ──Say──▶ Confirming ──Played──▶ Closing ──Gone──▶
//!                    │                    │                 │                    ▲
//!                    └────────────────────┴── nothing said, SERVICE_TIME_MAX ────┘
//! ```
//!
//! They are nobody's calls: no `CallId`, no recording. At most [`SERVICES_MAX`] are open at once;
//! the next is refused with congestion and counted.

use model::{Digit, Instant, LegId, PhoneId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Most service legs at once: more than there are desk phones in a site of this size.
pub const SERVICES_MAX: usize = 64;

/// Longest service leg; confirmations last 2 to 5 s. It is hung up then, and given up after the
/// same time again if no end comes of it.
pub const SERVICE_TIME_MAX: Duration = Duration::from_secs(40);

/// Most keys of a number or PIN that is asked for.
const ASKED_KEYS_MAX: usize = 16;

/// Who sits down at a phone, as far as it was said.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) agent: Option<String>,
    pub(crate) pin: Option<String>,
}

impl Seat {
    /// Reads what was dialled after the code: the agent's number, `*`, the PIN.
    pub(crate) fn read(rest: &str) -> Self {
        let (agent, pin) = match rest.split_once('*') {
            Some((agent, pin)) => (agent, Some(pin.trim_end_matches('#').to_owned())),
            None => (rest.trim_end_matches('#'), None),
        };
        Self { agent: (!agent.is_empty()).then(|| agent.to_owned()), pin }
    }

    /// Takes what was asked for.
    fn with(self, text: String) -> Self {
        match self.agent {
            None => Self { agent: Some(text), pin: self.pin },
            agent => Self { agent, pin: Some(text) },
        }
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// What a service leg is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Answering {
        dialled: String,
    },
    Asked,
    /// Who sits down is asked for; keys are collected until `#`.
    Asking {
        seat: Seat,
        text: String,
    },
    Confirming,
    Closing,
}

/// One service leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) phone: PhoneId,
    pub(crate) stage: Stage,
    pub(crate) until: Instant,
}

/// All service legs.
#[derive(Debug, Default)]
pub(crate) struct Services {
    legs: BTreeMap<LegId, Service>,
}

impl Services {
    /// Opens a service leg that is to be answered; false if too many are open.
    pub(crate) fn open(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: PhoneId,
        dialled: String,
    ) -> bool {
        if self.legs.len() >= SERVICES_MAX {
            return false;
        }
        let stage = Stage::Answering { dialled };
        self.legs.insert(leg, Service { phone, stage, until: now + SERVICE_TIME_MAX });
        true
    }

    /// Takes what was dialled on a leg that is answered now, the first time it is asked.
    pub(crate) fn answered(&mut self, leg: LegId) -> Option<(PhoneId, String)> {
        let service = self.legs.get_mut(&leg)?;
        let Stage::Answering { dialled } = &mut service.stage else { return None };
        let dialled = std::mem::take(dialled);
        service.stage = Stage::Asked;
        Some((service.phone.clone(), dialled))
    }

    /// Takes a leg over that was a call's, to be told something.
    pub(crate) fn adopt(&mut self, now: Instant, leg: LegId, phone: PhoneId) {
        let stage = Stage::Confirming;
        self.legs.insert(leg, Service { phone, stage, until: now + SERVICE_TIME_MAX });
    }

    /// Asks who sits down; true if the leg is there to be asked.
    pub(crate) fn ask(&mut self, leg: LegId, seat: Seat) -> bool {
        let Some(service) = self.legs.get_mut(&leg) else { return false };
        if !matches!(service.stage, Stage::Asked | Stage::Asking { .. }) {
            return false;
        }
        service.stage = Stage::Asking { seat, text: String::new() };
        true
    }

    /// Enough was asked: a confirmation follows.
    pub(crate) fn ask_over(&mut self, leg: LegId) {
        if let Some(service) = self.legs.get_mut(&leg)
            && matches!(service.stage, Stage::Asking { .. })
        {
            service.stage = Stage::Asked;
        }
    }

    /// Takes a key; gives what is known when it ends an answer.
    pub(crate) fn key(&mut self, leg: LegId, digit: Digit) -> Option<(PhoneId, Seat)> {
        let service = self.legs.get_mut(&leg)?;
        let Stage::Asking { seat, text } = &mut service.stage else { return None };
        if digit.as_char() != '#' {
            if text.len() < ASKED_KEYS_MAX {
                text.push(digit.as_char());
            }
            return None;
        }
        let text = std::mem::take(text);
        Some((service.phone.clone(), seat.clone().with(text)))
    }

    /// Finds the leg on which a phone waits for its confirmation; it hears it from now on.
    pub(crate) fn confirming(&mut self, phone: &PhoneId) -> Option<LegId> {
        let mut asked = self.legs.iter_mut().filter(|(_, service)| service.stage == Stage::Asked);
        let (leg, service) = asked.find(|(_, service)| service.phone == *phone)?;
        service.stage = Stage::Confirming;
        Some(*leg)
    }

    /// Notes that a leg is hung up; true the first time.
    pub(crate) fn close(&mut self, now: Instant, leg: LegId) -> bool {
        let Some(service) = self.legs.get_mut(&leg) else { return false };
        if service.stage == Stage::Closing {
            return false;
        }
        service.stage = Stage::Closing;
        service.until = now + SERVICE_TIME_MAX;
        true
    }

    /// Forgets a leg that is gone and gives its phone.
    pub(crate) fn gone(&mut self, leg: LegId) -> Option<PhoneId> {
        self.legs.remove(&leg).map(|service| service.phone)
    }

    /// A leg whose time is over.
    pub(crate) fn overdue(&self, now: Instant) -> Option<(LegId, &Service)> {
        let mut legs = self.legs.iter();
        legs.find(|(_, service)| service.until <= now).map(|(leg, service)| (*leg, service))
    }

    /// When the next leg's time is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.legs.values().map(|service| service.until).min()
    }

    /// Tells whether a leg is one of these.
    pub(crate) fn contains(&self, leg: LegId) -> bool {
        self.legs.contains_key(&leg)
    }

    /// Tells whether a leg was asked for and nothing was said on it.
    pub(crate) fn is_asked(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|service| service.stage == Stage::Asked)
    }

    /// Tells whether no leg is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }
}
