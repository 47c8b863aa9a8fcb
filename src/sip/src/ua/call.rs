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

use super::incoming::later;
use super::leg::{Within, reply};
use super::party::Party;
use super::reason;
use super::refresh::{self, SessionTimer};
use super::session::{Settled, Talk};
use super::transfer::Transfer;
use super::wire::{Owner, SDP, Wire};
use crate::command::Output;
use crate::dialog::Dialog;
use crate::message::Message;
use crate::peer::Peer;
use crate::sdp::Direction;
use crate::transaction::TransactionId;
use crate::transaction::timers::{T1, T1_X64, T2};
use model::{Cause, Instant, LegEvent, LegId};
use rsip::Method;
use std::time::Duration;

/// How often one request within a call answers a challenge: the first one and two stale nonces.
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
    challenges: u8,
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
            challenges: 0,
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

    /// Wants sound to flow another way.
    pub fn direct(&mut self, now: Instant, wire: &mut Wire, direction: Direction) {
        self.wanted = Some(direction);
        self.pursue(now, wire);
    }

    /// Hangs up: now, or once the ACK came.
    pub fn hang_up(&mut self, now: Instant, wire: &mut Wire, cause: Cause) -> Fate {
        if self.unacknowledged.as_ref().is_some_and(|answer| answer.first) {
            self.leaving = Some(cause);
            return Fate::GoesOn;
        }
        self.end(now, wire, cause)
    }

    /// Tells whether a BYE of ours is worth waiting for: the peer may ask for a proof.
    pub fn waits_for_bye(&self) -> bool {
        self.party.account.is_some()
    }

    /// Takes an ACK.
    pub fn ack(&mut self, now: Instant, wire: &mut Wire, ack: &Message) -> Fate {
        let cseq = ack.cseq().map(|(cseq, _)| cseq);
        let Some(answer) = self.unacknowledged.take_if(|answer| Some(answer.cseq) == cseq) else {
            return Fate::GoesOn;
        };
        if let Some(cause) = self.leaving {
            return self.end(now, wire, cause);
        }
        if answer.offered {
            match self.talk.answered(&ack.body) {
                Ok(settled) => {
                    self.announce(wire, settled);
                    if answer.first {
                        wire.event(self.leg, LegEvent::Answered);
                    }
                }
                // A re-INVITE that was answered badly leaves the session as it was.
                Err(_) if !answer.first => self.talk.fall_back(),
                Err(_) => return self.end(now, wire, Cause::NotAcceptable),
            }
        }
        self.pursue(now, wire);
        Fate::GoesOn
    }

    /// Takes a re-INVITE (RFC 3261 14.2); its number is in order.
    pub fn reinvited(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let message = request.message;
        let answer_due = self.unacknowledged.as_ref().is_some_and(|answer| answer.offered);
        if self.leaving.is_some() {
            return reply(now, wire, request, 481);
        }
        if self.reinvite.is_some() || answer_due {
            wire.counters.glares += 1;
            return reply(now, wire, request, 491);
        }
        if refresh::is_too_brief(message) {
            return too_brief(now, wire, request);
        }
        let offered = message.body.is_empty();
        let (sdp, settled) = if offered {
            (self.talk.offer(wire), None)
        } else {
            match self.talk.answer(wire, &message.body) {
                Ok((sdp, settled)) => (sdp, Some(settled)),
                Err(unusable) => return refuse(now, wire, request, unusable.is_for_clear()),
            }
        };
        self.dialog.refresh(message, request.from);
        let response = wire.accepting(message, &self.dialog, &self.contact);
        let (response, timer) = refresh::grant(now, wire.session_s, message, response);
        self.timer = timer;
        self.accept(now, wire, request.id, response.with_body(SDP, sdp), offered, false);
        if let Some(settled) = settled {
            self.announce(wire, settled);
        }
    }

    /// Takes an UPDATE (RFC 3311 section 5.2); its number is in order.
    pub fn updated(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let message = request.message;
        let answer_due = self.unacknowledged.as_ref().is_some_and(|answer| answer.offered);
        if refresh::is_too_brief(message) {
            return too_brief(now, wire, request);
        }
        let mut sdp = None;
        if !message.body.is_empty() {
            if self.leaving.is_some() {
                return later(now, wire, request);
            }
            if self.reinvite.is_some() || answer_due {
                wire.counters.glares += 1;
                return reply(now, wire, request, 491);
            }
            match self.talk.answer(wire, &message.body) {
                Ok((answer, settled)) => {
                    sdp = Some(answer);
                    self.announce(wire, settled);
                }
                Err(unusable) => return refuse(now, wire, request, unusable.is_for_clear()),
            }
        }
        self.dialog.refresh(message, request.from);
        let response = wire.accepting(message, &self.dialog, &self.contact);
        let (mut response, timer) = refresh::grant(now, wire.session_s, message, response);
        self.timer = timer;
        if let Some(sdp) = sdp {
            response = response.with_body(SDP, sdp);
        }
        wire.transactions.respond(now, request.id, &response);
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
            422 => {
                self.talk.fall_back();
                self.wanted = self.wanted.or(ours.and_then(|ours| ours.direction));
                self.stale |= self.timer.as_mut().is_some_and(|timer| timer.lengthen(response));
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
            422 => self.stale = self.timer.as_mut().is_some_and(|timer| timer.lengthen(response)),
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
            self.transfer.as_ref().map(|transfer| (transfer.until(), "transfer without an end")),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Tells the peer the last it gets to know of the transfer it asked for.
    pub fn end_transfer(&mut self, now: Instant, wire: &mut Wire, why: &str) {
        if let Some(transfer) = self.transfer.take() {
            transfer.terminate(now, wire, self.leg, &mut self.dialog, &self.contact, why);
        }
    }

    /// The user part of our Contact.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    fn announce(&self, wire: &mut Wire, settled: Settled) {
        if self.leaving.is_none() {
            announce(wire, self.leg, &self.dialog, settled);
        }
    }

    fn end(&mut self, now: Instant, wire: &mut Wire, cause: Cause) -> Fate {
        self.leave(now, wire, reason::of(cause));
        Fate::Over(cause)
    }

    fn leave(&mut self, now: Instant, wire: &mut Wire, why: &str) {
        self.end_transfer(now, wire, "noresource");
        self.challenges = 0;
        let owner = match self.waits_for_bye() {
            true => Owner::Bye { leg: self.leg },
            false => Owner::Nobody,
        };
        wire.bye(now, &mut self.dialog, why, owner);
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

    fn refreshed(&mut self, now: Instant, wire: &Wire, answer: &Message) {
        self.challenges = 0;
        self.timer = refresh::agreed(now, wire.session_s, answer);
    }

    /// A request of ours was refused: the session goes on as it was (RFC 3261 14.1).
    fn refused(&mut self, now: Instant) {
        self.talk.fall_back();
        if let Some(timer) = &mut self.timer {
            timer.heard(now);
        }
    }

    /// Sends the request that is wanted, unless another is on its way.
    fn pursue(&mut self, now: Instant, wire: &mut Wire) {
        let busy = self.reinvite.is_some() || self.unacknowledged.is_some() || self.retry.is_some();
        if busy || self.updating || self.leaving.is_some() {
            return;
        }
        if self.stale && self.wanted.is_none() && self.updates {
            self.stale = false;
            let update = self.request(wire, Method::Update);
            let (hop, owner) = (self.dialog.hop(), Owner::Update { leg: self.leg });
            self.updating = wire.request(now, update, hop, owner).is_some();
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
    fn request(&mut self, wire: &mut Wire, method: Method) -> Message {
        let via = wire.via(&self.dialog.hop());
        let contact = wire.contact_in(&self.dialog, &self.contact);
        let request = self
            .dialog
            .request(method, &via)
            .with("Contact", contact)
            .with("Allow", super::wire::ALLOW)
            .with("Supported", super::wire::SUPPORTED);
        refresh::ask_again(request, self.timer)
    }

    /// Sends a request that was challenged again, with our password's proof: to a trunk that we
    /// have an account at, and to nobody else.
    fn prove(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        challenge: &Message,
        owner: Owner,
    ) -> Option<TransactionId> {
        let (user, secret) = self.party.account.clone()?;
        let to = wire.transactions.peer(id)?;
        let request = wire.transactions.request_of(id)?.clone();
        self.challenges += 1;
        if self.challenges > TRIES_MAX || wire.was_refused(&request, challenge) {
            return None;
        }
        let again = wire.with_proof(request, challenge, &to, &user, &secret)?;
        self.dialog.counted(again.cseq()?.0);
        wire.request(now, again, to, owner)
    }

    /// Waits 2.1 to 4 s in steps of 10 ms, or up to 2 s where the peer chose the Call-ID
    /// (RFC 3261 14.1).
    fn try_later(&mut self, now: Instant, wire: &mut Wire) {
        let wait = match self.placed {
            true => Duration::from_millis(2100 + 10 * wire.dice(191)),
            false => Duration::from_millis(10 * wire.dice(201)),
        };
        self.retry = Some(now + wait);
    }
}

/// Refuses an offer within the call; `clear` where it would take the encryption away.
fn refuse(now: Instant, wire: &mut Wire, request: &Within<'_>, clear: bool) {
    if !clear {
        return reply(now, wire, request, 488);
    }
    wire.counters.refused_clear += 1;
    let response = wire.refusal_of_clear(request.message);
    wire.transactions.respond(now, request.id, &response);
}

/// Refuses a session timer that is too short (RFC 4028 section 9).
fn too_brief(now: Instant, wire: &mut Wire, request: &Within<'_>) {
    let response = wire.response(request.message, 422);
    let response = response.with("Min-SE", refresh::MIN_SE.to_string());
    wire.transactions.respond(now, request.id, &response);
}
