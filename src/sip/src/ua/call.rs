//! A call whose INVITE was answered: ACK and BYE, re-INVITE both ways, INFO (RFC 3261 13.3.1.4, 14,
//! 15).
//!
//! ```text
//!   200 sent --ACK--> settled <--200/ACK--> re-INVITE of ours   (491: again after a while)
//!      |                 |    <--INVITE/200/ACK-- of theirs     (491 while ours is out)
//!      | 64*T1           | BYE either way
//!      +--> BYE --> over <+
//! ```

use super::session::{Settled, Talk};
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

/// An answered call.
#[derive(Debug)]
pub struct Call {
    leg: LegId,
    /// The INVITE was ours, and so is the Call-ID.
    placed: bool,
    pub dialog: Dialog,
    /// The user part of our Contact.
    contact: String,
    talk: Talk,
    unacknowledged: Option<Unacknowledged>,
    reinvite: Option<Reinvite>,
    /// The direction we want and have not got yet.
    wanted: Option<Direction>,
    /// When a re-INVITE that met another is sent again.
    retry: Option<Instant>,
    /// Somebody hung up before the ACK came; the BYE waits for it (RFC 3261 15).
    leaving: bool,
}

/// A re-INVITE of ours that is on its way.
#[derive(Clone, Copy, Debug)]
struct Reinvite {
    id: TransactionId,
    direction: Direction,
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

impl Call {
    /// Takes a call in its dialog; `placed` where the INVITE was ours, with that user part in its
    /// Contact.
    pub fn new(leg: LegId, placed: Option<&str>, dialog: Dialog, talk: Talk) -> Self {
        Self {
            leg,
            placed: placed.is_some(),
            contact: placed.unwrap_or_default().to_owned(),
            dialog,
            talk,
            unacknowledged: None,
            reinvite: None,
            wanted: None,
            retry: None,
            leaving: false,
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

    /// Tells that the media shall do as settled.
    pub fn announce(&self, wire: &mut Wire, settled: Settled) {
        if self.leaving {
            return;
        }
        let signalling = self.dialog.hop().addr;
        wire.tell(Output::Media { leg: self.leg, media: settled.media, signalling });
        if let Some(change) = settled.change {
            wire.event(self.leg, change);
        }
    }

    /// Wants sound to flow another way.
    pub fn direct(&mut self, now: Instant, wire: &mut Wire, direction: Direction) {
        self.wanted = Some(direction);
        self.pursue(now, wire);
    }

    /// Hangs up: now, or once the ACK came.
    pub fn hang_up(&mut self, now: Instant, wire: &mut Wire) -> Fate {
        if self.unacknowledged.as_ref().is_some_and(|answer| answer.first) {
            self.leaving = true;
            return Fate::GoesOn;
        }
        wire.bye(now, &mut self.dialog);
        Fate::Over(Cause::Normal)
    }

    /// Takes an ACK.
    pub fn ack(&mut self, now: Instant, wire: &mut Wire, ack: &Message) -> Fate {
        let cseq = ack.cseq().map(|(cseq, _)| cseq);
        let Some(answer) = self.unacknowledged.take_if(|answer| Some(answer.cseq) == cseq) else {
            return Fate::GoesOn;
        };
        if self.leaving {
            wire.bye(now, &mut self.dialog);
            return Fate::Over(Cause::Normal);
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
                Err(_) => {
                    wire.bye(now, &mut self.dialog);
                    return Fate::Over(Cause::NotAcceptable);
                }
            }
        }
        self.pursue(now, wire);
        Fate::GoesOn
    }

    /// Takes a re-INVITE (RFC 3261 14.2); its number is in order.
    pub fn reinvited(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        request: &Message,
        from: Peer,
    ) {
        let refused = |wire: &mut Wire, code: u16| {
            let response = wire.response(request, code);
            wire.transactions.respond(now, id, &response);
        };
        let answer_due = self.unacknowledged.as_ref().is_some_and(|answer| answer.offered);
        if self.leaving {
            return refused(wire, 481);
        }
        if self.reinvite.is_some() || answer_due {
            wire.counters.glares += 1;
            return refused(wire, 491);
        }
        let offered = request.body.is_empty();
        let settled = if offered {
            (self.talk.offer(), None)
        } else {
            match self.talk.answer(&request.body) {
                Ok((sdp, settled)) => (sdp, Some(settled)),
                Err(_) => return refused(wire, 488),
            }
        };
        let (sdp, settled) = settled;
        self.dialog.refresh(request, from);
        let response = wire.accepting(request, &self.dialog, &self.contact).with_body(SDP, sdp);
        self.accept(now, wire, id, response, offered, false);
        if let Some(settled) = settled {
            self.announce(wire, settled);
        }
    }

    /// Takes a final response to our re-INVITE (RFC 3261 14.1).
    pub fn reinvite_answered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
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
                match self.talk.answered(&response.body) {
                    Ok(settled) if ours.is_some() => self.announce(wire, settled),
                    Ok(_) => {}
                    Err(_) => {
                        wire.bye(now, &mut self.dialog);
                        return Fate::Over(Cause::NotAcceptable);
                    }
                }
            }
            491 => {
                wire.counters.glares += 1;
                self.talk.fall_back();
                self.wanted = self.wanted.or(ours.map(|ours| ours.direction));
                self.try_later(now, wire);
            }
            408 | 481 => return self.lost(now, wire),
            _ => self.talk.fall_back(),
        }
        self.pursue(now, wire);
        Fate::GoesOn
    }

    /// The peer is not there any more, or knows nothing of the call (RFC 3261 12.2.1.2).
    pub fn lost(&mut self, now: Instant, wire: &mut Wire) -> Fate {
        wire.bye(now, &mut self.dialog);
        Fate::Over(Cause::Vanished)
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
        if self.retry.is_some_and(|at| at <= now) {
            self.retry = None;
            self.pursue(now, wire);
        }
        Fate::GoesOn
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let answer = self.unacknowledged.as_ref();
        [
            answer.map(|answer| (answer.again_at.min(answer.until), "200 again until its ACK")),
            self.reinvite.map(|ours| (ours.until, "re-INVITE without an end")),
            self.retry.map(|at| (at, "re-INVITE again after 491")),
        ]
        .into_iter()
        .flatten()
        .min()
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

    /// Sends the re-INVITE that is wanted, unless another is on its way.
    fn pursue(&mut self, now: Instant, wire: &mut Wire) {
        let busy = self.reinvite.is_some() || self.unacknowledged.is_some() || self.retry.is_some();
        let Some(direction) = self.wanted.filter(|_| !busy && !self.leaving) else { return };
        let sdp = self.talk.offer_in(direction);
        let hop = self.dialog.hop();
        let via = wire.via(&hop);
        let contact = wire.contact_in(&self.dialog, &self.contact);
        let invite =
            self.dialog.request(Method::Invite, &via).with("Contact", contact).with_body(SDP, sdp);
        let owner = Owner::Reinvite { leg: self.leg };
        match wire.request(now, invite, hop, owner) {
            Some(id) => {
                self.wanted = None;
                self.reinvite = Some(Reinvite { id, direction, until: now + T1_X64 });
            }
            None => {
                self.talk.fall_back();
                self.try_later(now, wire);
            }
        }
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
