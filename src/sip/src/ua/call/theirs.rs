//! What the far end of a call asks for: ACK, re-INVITE and UPDATE of theirs (RFC 3261 14.2, RFC 3311
//! 5.2).

use super::{Call, Fate};
use crate::message::Message;
use crate::ua::incoming::later;
use crate::ua::leg::{Within, reply};
use crate::ua::refresh;
use crate::ua::session::Unusable;
use crate::ua::wire::{SDP, Wire};
use model::{Cause, Instant, LegEvent};

impl Call {
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
                Err(unusable) => return refuse(now, wire, request, &unusable),
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
        let mut taken = None;
        if !message.body.is_empty() {
            if self.leaving.is_some() {
                return later(now, wire, request);
            }
            if self.reinvite.is_some() || answer_due {
                wire.counters.glares += 1;
                return reply(now, wire, request, 491);
            }
            match self.talk.answer(wire, &message.body) {
                Ok(answered) => taken = Some(answered),
                Err(unusable) => return refuse(now, wire, request, &unusable),
            }
        }
        self.dialog.refresh(message, request.from);
        let response = wire.accepting(message, &self.dialog, &self.contact);
        let (mut response, timer) = refresh::grant(now, wire.session_s, message, response);
        self.timer = timer;
        if let Some((sdp, settled)) = taken {
            response = response.with_body(SDP, sdp);
            self.announce(wire, settled);
        }
        wire.transactions.respond(now, request.id, &response);
    }
}

/// Refuses an offer within the call, which goes on as it was.
fn refuse(now: Instant, wire: &mut Wire, request: &Within<'_>, unusable: &Unusable) {
    wire.refused_description(unusable, None);
    let response = wire.refusal_of(request.message, unusable);
    wire.transactions.respond(now, request.id, &response);
}

/// Refuses a session timer that is too short (RFC 4028 section 9).
fn too_brief(now: Instant, wire: &mut Wire, request: &Within<'_>) {
    let response = wire.response(request.message, 422);
    let response = response.with("Min-SE", refresh::MIN_SE.to_string());
    wire.transactions.respond(now, request.id, &response);
}
