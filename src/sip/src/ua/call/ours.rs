//! What we ask for within a call: re-INVITE and UPDATE of ours, one at a time, and what is answered
//! (RFC 3261 14.1, RFC 4028 section 10).

use super::{Call, Fate, Reinvite, TRIES_MAX};
use crate::message::Message;
use crate::peer::Peer;
use crate::sdp::Direction;
use crate::transaction::TransactionId;
use crate::transaction::timers::T1_X64;
use crate::ua::wire::{ALLOW, Owner, SDP, SUPPORTED, Wire};
use crate::ua::{proof, refresh};
use model::{Cause, Instant};
use rsip::Method;
use std::time::Duration;

/// When a request is sent again whose connection was gone.
const CUT_OFF_WAIT: Duration = Duration::from_secs(5);

impl Call {
    /// Wants sound to flow another way.
    pub fn direct(&mut self, now: Instant, wire: &mut Wire, direction: Direction) {
        self.wanted = Some(direction);
        self.pursue(now, wire);
    }

    /// Asks the peer whether it is there (RFC 3261 11, within the dialog).
    pub fn ask(&mut self, now: Instant, wire: &mut Wire) {
        let via = wire.via(&self.dialog.hop());
        let contact = wire.contact_in(&self.dialog, &self.contact);
        let options = self.dialog.request(Method::Options, &via);
        let options = options.with("Contact", contact).with("Accept", SDP);
        wire.request(now, options, self.dialog.hop(), Owner::Ask { leg: self.leg });
    }

    /// Takes a final response to our re-INVITE (RFC 3261 14.1).
    pub fn reinvite_answered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
        from: Peer,
    ) -> Fate {
        let code = response.code().unwrap_or(500);
        if code < 200 {
            return Fate::GoesOn;
        }
        let ours = self.reinvite.take();
        match code {
            200..=299 => {
                self.dialog.refresh(response, from);
                wire.acknowledge(now, &self.dialog, response, None);
                self.refreshed(now, wire, response);
                match self.talk.answered(&response.body) {
                    Ok(settled) if ours.is_some() => self.announce(wire, settled),
                    Ok(_) => {}
                    Err(_) => return self.end(now, wire, Cause::NotAcceptable),
                }
            }
            401 | 407 if ours.is_some() => {
                let owner = Owner::Reinvite { leg: self.leg };
                match self.prove(now, wire, id, response, owner) {
                    Some(id) => self.reinvite = ours.map(|ours| Reinvite { id, ..ours }),
                    None => self.refused(now),
                }
            }
            422 if self.lengthen(response) => {
                self.talk.fall_back();
                self.wanted = self.wanted.or(ours.and_then(|ours| ours.direction));
                self.stale = true;
            }
            491 => {
                wire.counters.glares += 1;
                self.talk.fall_back();
                self.wanted = self.wanted.or(ours.and_then(|ours| ours.direction));
                self.stale |= ours.is_some_and(|ours| ours.direction.is_none());
                self.try_later(now, wire);
            }
            408 | 481 => return self.lost(now, wire),
            _ => self.refused(now),
        }
        self.pursue(now, wire);
        Fate::GoesOn
    }

    /// Takes a final response to our UPDATE (RFC 4028 section 10).
    pub fn update_answered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
        from: Peer,
    ) -> Fate {
        let code = response.code().unwrap_or(500);
        if code < 200 {
            return Fate::GoesOn;
        }
        self.updating = false;
        match code {
            200..=299 => {
                self.dialog.refresh(response, from);
                self.refreshed(now, wire, response);
            }
            401 | 407 => {
                let owner = Owner::Update { leg: self.leg };
                self.updating = self.prove(now, wire, id, response, owner).is_some();
                if !self.updating {
                    self.refused(now);
                }
            }
            422 if self.lengthen(response) => self.stale = true,
            491 | 500 => {
                self.stale = true;
                self.try_later(now, wire);
            }
            // It says it takes UPDATE and does not.
            405 | 501 => (self.updates, self.stale) = (false, true),
            408 | 481 => return self.lost(now, wire),
            _ => self.refused(now),
        }
        self.pursue(now, wire);
        Fate::GoesOn
    }

    /// Sends our BYE again with the proof that a trunk of ours asks for; tells whether it did.
    pub fn bye_challenged(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) -> bool {
        let owner = Owner::Bye { leg: self.leg };
        self.prove(now, wire, id, response, owner).is_some()
    }

    /// Sends a PRACK of ours that is challenged after the answer again, with the proof.
    pub fn prack_challenged(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        challenge: &Message,
    ) {
        let owner = Owner::Prack { leg: self.leg };
        self.prove(now, wire, id, challenge, owner);
    }

    /// The connection that our request went by is gone, and it said nothing of it. The call goes on
    /// until the session's time or its silence ends it: the far end may come back by another one.
    pub fn cut_off(&mut self, now: Instant) {
        if let Some(ours) = self.reinvite.take() {
            self.talk.fall_back();
            self.wanted = self.wanted.or(ours.direction);
            self.stale |= ours.direction.is_none();
        }
        self.stale |= std::mem::take(&mut self.updating);
        self.retry = Some(now + CUT_OFF_WAIT);
    }

    pub(super) fn refreshed(&mut self, now: Instant, wire: &Wire, answer: &Message) {
        self.tries = 0;
        self.timer = refresh::agreed(now, wire.session_s, answer);
    }

    /// A request of ours was refused: the session goes on as it was (RFC 3261 14.1).
    pub(super) fn refused(&mut self, now: Instant) {
        self.talk.fall_back();
        self.tries = 0;
        if let Some(timer) = &mut self.timer {
            timer.heard(now);
        }
    }

    /// Sends the request that is wanted, unless another is on its way.
    pub(super) fn pursue(&mut self, now: Instant, wire: &mut Wire) {
        let busy = self.reinvite.is_some() || self.unacknowledged.is_some() || self.retry.is_some();
        if busy || self.updating || self.leaving.is_some() {
            return;
        }
        if self.stale && self.wanted.is_none() && self.updates {
            self.stale = false;
            let update = self.request(wire, Method::Update);
            let (hop, owner) = (self.dialog.hop(), Owner::Update { leg: self.leg });
            self.updating = wire.request(now, update, hop, owner).is_some();
            if !self.updating {
                self.stale = true;
                self.try_later(now, wire);
            }
            return;
        }
        if self.wanted.is_none() && !self.stale {
            return;
        }
        let direction = self.wanted.unwrap_or(self.talk.agreed());
        let sdp = self.talk.offer_in(wire, direction);
        let invite = self.request(wire, Method::Invite).with_body(SDP, sdp);
        let (hop, owner) = (self.dialog.hop(), Owner::Reinvite { leg: self.leg });
        match wire.request(now, invite, hop, owner) {
            Some(id) => {
                self.stale = false;
                let direction = self.wanted.take();
                self.reinvite = Some(Reinvite { id, direction, until: now + T1_X64 });
            }
            None => {
                self.talk.fall_back();
                self.try_later(now, wire);
            }
        }
    }

    /// Makes a request that refreshes target and session.
    pub(super) fn request(&mut self, wire: &mut Wire, method: Method) -> Message {
        let via = wire.via(&self.dialog.hop());
        let contact = wire.contact_in(&self.dialog, &self.contact);
        let request = self
            .dialog
            .request(method, &via)
            .with("Contact", contact)
            .with("Allow", ALLOW)
            .with("Supported", SUPPORTED);
        refresh::ask_again(request, self.timer)
    }

    /// Sends a request that was challenged again, with our password's proof: to a trunk that we
    /// have an account at, and to nobody else.
    pub(super) fn prove(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        challenge: &Message,
        owner: Owner,
    ) -> Option<TransactionId> {
        let account = self.party.account.as_ref()?;
        self.tries = self.tries.saturating_add(1);
        if self.tries > TRIES_MAX {
            return None;
        }
        let (again, to) = proof::of_challenged(wire, id, challenge, account)?;
        self.dialog.counted(again.cseq()?.0);
        wire.request(now, again, to, owner)
    }

    /// Takes the longer time that a 422 demands; a request that it refuses otherwise is not sent
    /// again, nor one that it refuses again and again (RFC 4028 section 7.3).
    fn lengthen(&mut self, refusal: &Message) -> bool {
        self.tries = self.tries.saturating_add(1);
        let timer = self.timer.as_mut().filter(|_| self.tries <= TRIES_MAX);
        timer.is_some_and(|timer| timer.lengthen(refusal))
    }

    /// Waits 2.1 to 4 s in steps of 10 ms, or up to 2 s where the peer chose the Call-ID
    /// (RFC 3261 14.1).
    pub(super) fn try_later(&mut self, now: Instant, wire: &mut Wire) {
        let wait = match self.placed {
            true => Duration::from_millis(2100 + 10 * wire.dice(191)),
            false => Duration::from_millis(10 * wire.dice(201)),
        };
        self.retry = Some(now + wait);
    }
}
