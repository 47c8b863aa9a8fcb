//! A call whose INVITE was answered: ACK and BYE, re-INVITE and UPDATE both ways, session timer,
//! transfers asked for (RFC 3261 13.3.1.4, 14, 15; RFC 3311, 4028, 3515).
//!
//! ```text
//!   200 sent --ACK--> settled <--200/ACK--> re-INVITE of ours   (491: again after a while)
//!      |                 |    <--INVITE/200/ACK-- of theirs     (491 while ours is out)
//!      | 64*T1           |    <--UPDATE/200--> either way: target, session timer
//!      |                 | BYE either way, timer ran out
//!      +--> BYE --> over <+      (a trunk that challenges our BYE gets it again with the proof)
//! ```

mod keys;
mod ours;
mod theirs;

use keys::Keys;
pub use keys::infos;

use super::leg::{Within, reply};
use super::party::Party;
use super::reason;
use super::refresh::{self, SessionTimer};
use super::session::{Settled, Talk};
use super::transfer::{self, Told, Transfer};
use super::wire::{Owner, Wire};
use crate::command::Output;
use crate::dialog::Dialog;
use crate::events::package::ALLOW_EVENTS;
use crate::message::Message;
use crate::sdp::Direction;
use crate::transaction::TransactionId;
use crate::transaction::timers::{T1, T1_X64, T2};
use model::{Cause, Instant, LegId, TransferStage};
use std::time::Duration;

/// How often one request within a call is sent as its refusal asks: for a challenge and two stale
/// nonces, or for a longer session.
const TRIES_MAX: u8 = 3;

/// An answered call.
#[derive(Debug)]
pub struct Call {
    leg: LegId,
    /// The INVITE was ours, and so is the Call-ID.
    placed: bool,
    pub dialog: Dialog,
    pub party: Party,
    /// The user part of our Contact.
    contact: String,
    talk: Talk,
    /// The peer takes UPDATE.
    updates: bool,
    /// Keys on their way to the peer by INFO.
    keys: Keys,
    timer: Option<SessionTimer>,
    /// A transfer that the peer asked for.
    pub transfer: Option<Transfer>,
    unacknowledged: Option<Unacknowledged>,
    reinvite: Option<Reinvite>,
    /// An UPDATE of ours is on its way.
    updating: bool,
    /// The direction we want and have not got yet.
    wanted: Option<Direction>,
    /// The session is to be refreshed.
    stale: bool,
    /// When a request that met another is sent again.
    retry: Option<Instant>,
    /// Somebody hung up before the ACK came; the BYE waits for it (RFC 3261 15).
    leaving: Option<Cause>,
    /// Our BYE is on its way and may be challenged.
    parting: bool,
    /// How often the last request was.
    tries: u8,
}

/// What a call begins with.
pub struct Opening {
    pub leg: LegId,
    /// The user part of our Contact, where the INVITE was ours.
    pub placed: Option<String>,
    pub dialog: Dialog,
    pub talk: Talk,
    pub party: Party,
    pub updates: bool,
    /// The peer takes INFO, as far as it says.
    pub infos: bool,
    pub timer: Option<SessionTimer>,
}

/// A re-INVITE of ours that is on its way.
#[derive(Clone, Copy, Debug)]
struct Reinvite {
    id: TransactionId,
    /// None where it only refreshes the session.
    direction: Option<Direction>,
    /// When it is given up.
    until: Instant,
}

/// A 2xx of ours that is sent again until its ACK comes (RFC 3261 13.3.1.4).
#[derive(Debug)]
struct Unacknowledged {
    invite: TransactionId,
    response: Message,
    cseq: u32,
    again_at: Instant,
    interval: Duration,
    until: Instant,
    /// It carried our offer, so that the ACK brings the answer.
    offered: bool,
    /// It answered the INVITE that opened the call.
    first: bool,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    GoesOn,
    /// Both ends know, or have been told.
    Over(Cause),
}

/// Tells that the media shall do as settled.
pub fn announce(wire: &mut Wire, leg: LegId, dialog: &Dialog, settled: Settled) {
    let signalling = dialog.hop().addr;
    wire.tell(Output::Media { leg, media: settled.media, signalling });
    if let Some(change) = settled.change {
        wire.event(leg, change);
    }
}

impl Call {
    /// Takes a call in its dialog.
    pub fn new(opening: Opening) -> Self {
        Self {
            leg: opening.leg,
            placed: opening.placed.is_some(),
            contact: opening.placed.unwrap_or_default(),
            keys: Keys::new(opening.infos && opening.party.keys_by_info),
            dialog: opening.dialog,
            party: opening.party,
            talk: opening.talk,
            updates: opening.updates,
            timer: opening.timer,
            transfer: None,
            unacknowledged: None,
            reinvite: None,
            updating: false,
            wanted: None,
            stale: false,
            retry: None,
            leaving: None,
            parting: false,
            tries: 0,
        }
    }

    /// Answers the INVITE that opened the call and waits for the ACK; `offered` where the answer
    /// carries our offer.
    pub fn answer(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        invite: TransactionId,
        response: Message,
        offered: bool,
    ) {
        self.accept(now, wire, invite, response, offered, true);
    }

    /// Hangs up: now, or once the ACK came.
    pub fn hang_up(&mut self, now: Instant, wire: &mut Wire, cause: Cause) -> Fate {
        if self.unacknowledged.as_ref().is_some_and(|answer| answer.first) {
            self.leaving = Some(cause);
            return Fate::GoesOn;
        }
        self.end(now, wire, cause)
    }

    /// Tells whether a BYE of ours is on its way that is worth waiting for: the peer may ask for a
    /// proof. Its transaction ends the wait.
    pub fn waits_for_bye(&self) -> bool {
        self.parting
    }

    /// The peer is not there any more, or knows nothing of the call (RFC 3261 12.2.1.2).
    pub fn lost(&mut self, now: Instant, wire: &mut Wire) -> Fate {
        self.end(now, wire, Cause::Vanished)
    }

    /// Fires what is due.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) -> Fate {
        if let Some(answer) = &mut self.unacknowledged {
            if answer.until <= now {
                self.unacknowledged = None;
                wire.counters.unacknowledged += 1;
                return self.lost(now, wire);
            }
            if answer.again_at <= now {
                answer.interval = (answer.interval * 2).min(T2);
                answer.again_at = now + answer.interval;
                wire.counters.retransmitted += 1;
                wire.transactions.respond(now, answer.invite, &answer.response);
            }
        }
        if let Some(ours) = self.reinvite.take_if(|ours| ours.until <= now) {
            wire.transactions.forget(ours.id);
            return self.lost(now, wire);
        }
        match self.timer.as_ref().and_then(|timer| timer.due(now)) {
            Some(refresh::Due::Refresh) => {
                self.stale = true;
                if let Some(timer) = &mut self.timer {
                    timer.asked();
                }
                self.pursue(now, wire);
            }
            Some(refresh::Due::Expired) => {
                wire.counters.sessions_expired += 1;
                self.leave(now, wire, reason::EXPIRED);
                return Fate::Over(Cause::Vanished);
            }
            None => {}
        }
        if self.retry.is_some_and(|at| at <= now) {
            self.retry = None;
            self.pursue(now, wire);
        }
        self.tick_keys(now, wire);
        if self.transfer.as_ref().is_some_and(|transfer| transfer.until() <= now) {
            self.end_transfer(now, wire, "timeout");
        }
        Fate::GoesOn
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let answer = self.unacknowledged.as_ref();
        [
            answer.map(|answer| (answer.again_at.min(answer.until), "200 again until its ACK")),
            self.reinvite.map(|ours| (ours.until, "re-INVITE without an end")),
            self.timer.as_ref().map(|timer| (timer.at(), "session timer")),
            self.retry.map(|at| (at, "re-INVITE again after 491")),
            self.keys.again_at.map(|at| (at, "key by INFO that found no room")),
            self.transfer.as_ref().map(|transfer| (transfer.until(), "transfer without an end")),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Tells the peer the last it gets to know of the transfer it asked for.
    pub fn end_transfer(&mut self, now: Instant, wire: &mut Wire, why: &str) {
        if let Some(transfer) = self.transfer.take() {
            let (leg, contact) = (self.leg, self.contact.as_str());
            let told = Told { leg, dialog: &mut self.dialog, contact };
            transfer.terminate(now, wire, told, why);
        }
    }

    /// Tells the peer how the transfer goes that it asked for.
    pub fn tell_transfer(&mut self, now: Instant, wire: &mut Wire, stage: TransferStage) {
        let Some(mut transfer) = self.transfer.take() else { return };
        let told = Told { leg: self.leg, dialog: &mut self.dialog, contact: &self.contact };
        if !transfer.tell(now, wire, told, stage) {
            self.transfer = Some(transfer);
        }
    }

    /// Takes a SUBSCRIBE within the dialog, which can be for a transfer alone.
    pub fn subscribed(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        match &mut self.transfer {
            _ if transfer::event_of(request.message).is_none() => {
                let response = wire.response(request.message, 489);
                let response = response.with("Allow-Events", ALLOW_EVENTS);
                wire.transactions.respond(now, request.id, &response);
            }
            Some(transfer) => {
                let told = Told { leg: self.leg, dialog: &mut self.dialog, contact: &self.contact };
                transfer.asked_again(now, wire, told, request);
            }
            None => reply(now, wire, request, 481),
        }
    }

    /// The user part of our Contact.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    fn announce(&self, wire: &mut Wire, settled: Settled) {
        if self.leaving.is_none() {
            announce(wire, self.leg, &self.dialog, settled);
            self.offer_keys(wire);
        }
    }

    fn end(&mut self, now: Instant, wire: &mut Wire, cause: Cause) -> Fate {
        self.leave(now, wire, reason::of(cause));
        Fate::Over(cause)
    }

    fn leave(&mut self, now: Instant, wire: &mut Wire, why: &str) {
        self.end_transfer(now, wire, "noresource");
        self.tries = 0;
        let account = self.party.account.as_ref();
        let asked = account.is_some_and(|of| of.secret_for(&self.dialog.hop()).is_some());
        let owner = if asked { Owner::Bye { leg: self.leg } } else { Owner::Nobody };
        self.parting = wire.bye(now, &mut self.dialog, why, owner).is_some() && asked;
    }

    fn accept(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        invite: TransactionId,
        response: Message,
        offered: bool,
        first: bool,
    ) {
        wire.transactions.respond(now, invite, &response);
        self.unacknowledged = Some(Unacknowledged {
            invite,
            cseq: response.cseq().map_or(0, |(cseq, _)| cseq),
            response,
            again_at: now + T1,
            interval: T1,
            until: now + T1_X64,
            offered,
            first,
        });
    }
}
