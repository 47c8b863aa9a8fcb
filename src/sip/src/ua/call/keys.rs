//! Keys sent by INFO (RFC 6086), one after the other, so that none overtakes another.
//!
//! ```text
//!   key --> INFO --2xx--> the next one         401, 407: once more with our proof
//!                 \--4xx, 5xx, 6xx--> no more by INFO: this one and all others are tones
//!       '-- no room for it --> again after 0.5 s, before those behind it
//! ```

use super::{Call, Fate};
use crate::command::Output;
use crate::message::Message;
use crate::transaction::TransactionId;
use crate::transaction::timers::T1;
use crate::ua::info;
use crate::ua::wire::{Owner, Wire};
use model::{Digit, Instant};
use rsip::Method;
use std::collections::VecDeque;

/// Keys that wait for the one before; the next is dropped and counted.
const KEYS_MAX: usize = 32;

/// Keys on their way.
#[derive(Debug)]
pub(super) struct Keys {
    offered: bool,
    waiting: VecDeque<Digit>,
    /// The one whose INFO waits for its answer.
    sent: Option<Digit>,
    /// When the next is tried again that found no room.
    pub(super) again_at: Option<Instant>,
}

impl Keys {
    pub(super) fn new(offered: bool) -> Self {
        Self { offered, waiting: VecDeque::new(), sent: None, again_at: None }
    }
}

/// Tells whether a peer takes INFO: it says so, or says nothing of what it takes (RFC 3261 20.5).
pub fn infos(message: &Message) -> bool {
    let mut allowed = message.headers.words("Allow").peekable();
    allowed.peek().is_none() || allowed.any(|method| method == "INFO")
}

impl Call {
    /// Says that keys may be sent by INFO, where that is so.
    pub fn offer_keys(&self, wire: &mut Wire) {
        if self.keys.offered {
            wire.tell(Output::KeysByInfo { leg: self.leg, signalled: true });
        }
    }

    /// Sends a key after those before it.
    pub fn key(&mut self, now: Instant, wire: &mut Wire, digit: Digit) {
        if !self.keys.offered || self.keys.waiting.len() >= KEYS_MAX {
            wire.counters.keys_lost += 1;
            return;
        }
        self.keys.waiting.push_back(digit);
        self.send_key(now, wire);
    }

    /// Takes a response to our INFO.
    pub fn key_answered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) -> Fate {
        let code = response.code().unwrap_or(500);
        match code {
            ..200 => return Fate::GoesOn,
            200..300 => self.tries = 0,
            401 | 407 => {
                let owner = Owner::Key { leg: self.leg };
                if self.prove(now, wire, id, response, owner).is_some() {
                    return Fate::GoesOn;
                }
                self.no_more_keys(wire);
            }
            // It knows of no such call (RFC 3261 12.2.1.2).
            481 => return self.lost(now, wire),
            _ => self.no_more_keys(wire),
        }
        self.keys.sent = None;
        self.send_key(now, wire);
        Fate::GoesOn
    }

    /// Nobody answered our INFO.
    pub fn key_lost(&mut self, now: Instant, wire: &mut Wire) {
        wire.counters.keys_lost += 1;
        self.keys.sent = None;
        self.send_key(now, wire);
    }

    fn no_more_keys(&mut self, wire: &mut Wire) {
        let keys = std::mem::replace(&mut self.keys, Keys::new(false));
        wire.tell(Output::KeysByInfo { leg: self.leg, signalled: false });
        for digit in keys.sent.into_iter().chain(keys.waiting) {
            wire.tell(Output::KeyRefused { leg: self.leg, digit });
        }
    }

    /// Sends the key that found no room, if it is time.
    pub(super) fn tick_keys(&mut self, now: Instant, wire: &mut Wire) {
        if self.keys.again_at.is_some_and(|at| at <= now) {
            self.keys.again_at = None;
            self.send_key(now, wire);
        }
    }

    fn send_key(&mut self, now: Instant, wire: &mut Wire) {
        let waits = self.keys.sent.is_some() || self.keys.again_at.is_some();
        if waits || self.leaving.is_some() {
            return;
        }
        let Some(digit) = self.keys.waiting.pop_front() else { return };
        let via = wire.via(&self.dialog.hop());
        let contact = wire.contact_in(&self.dialog, &self.contact);
        let request = self.dialog.request(Method::Info, &via).with("Contact", contact);
        let request = request.with_body(info::SENT, info::body(digit));
        let owner = Owner::Key { leg: self.leg };
        match wire.request(now, request, self.dialog.hop(), owner) {
            Some(_) => {
                self.keys.sent = Some(digit);
                wire.counters.keys_sent += 1;
            }
            None => {
                self.keys.waiting.push_front(digit);
                self.keys.again_at = Some(now + T1);
            }
        }
    }
}
