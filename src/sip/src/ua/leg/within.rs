//! What comes to a leg within its dialog (RFC 3261 12.2.2).

use super::{Leg, Phase, Within, options, reply};
use crate::message::Message;
use crate::ua::caller;
use crate::ua::incoming::later;
use crate::ua::info::{self, Info};
use crate::ua::reason;
use crate::ua::refer;
use crate::ua::transfer::{self, Transfer};
use crate::ua::wire::Wire;
use model::{Cause, Instant, LegEvent, LegId, TransferStage};
use rsip::Method;

impl Leg {
    /// Takes an ACK within the dialog.
    pub fn ack(&mut self, now: Instant, wire: &mut Wire, ack: &Message) {
        if let Phase::Up(call) = &mut self.phase {
            let fate = call.ack(now, wire, ack);
            self.meet(wire, fate);
        }
    }

    /// Takes another request within the dialog (RFC 3261 12.2.2).
    pub fn request(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let dialog = match &mut self.phase {
            Phase::Ringing(incoming) => &mut incoming.dialog,
            Phase::Up(call) => &mut call.dialog,
            Phase::Calling(outgoing) => return outgoing.request(now, wire, self.id, request),
            Phase::Leaving(_) | Phase::Over => return self.late_request(now, wire, request),
        };
        if dialog.sequence(request.message).is_err() {
            return reply(now, wire, request, 500);
        }
        match (request.message.method(), &mut self.phase) {
            (Some(Method::Bye), _) => self.bye(now, wire, request),
            (Some(Method::Invite), Phase::Up(call)) => call.reinvited(now, wire, request),
            // The first INVITE is not answered yet (RFC 3261 14.2).
            (Some(Method::Invite), _) => later(now, wire, request),
            (Some(Method::Update), Phase::Up(call)) => call.updated(now, wire, request),
            (Some(Method::Update), Phase::Ringing(call)) => call.update(now, wire, request),
            (Some(Method::PRack), Phase::Ringing(_)) => self.prack(now, wire, request),
            // Of a response that the 200 overtook (RFC 3262 section 3).
            (Some(Method::PRack), _) => reply(now, wire, request, 200),
            (Some(Method::Subscribe), Phase::Up(call)) => call.subscribed(now, wire, request),
            (Some(Method::Subscribe), _) => reply(now, wire, request, 481),
            (Some(Method::Info), _) => self.info(now, wire, request),
            (Some(Method::Options), _) => {
                let response = options(wire, request.message);
                wire.transactions.respond(now, request.id, &response);
            }
            _ => reply(now, wire, request, 405),
        }
    }

    /// Takes a REFER (RFC 3515 section 2.4.2); `other` is the leg that its Replaces names, where
    /// that is one of the same phone.
    pub fn refer(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        request: &Within<'_>,
        other: Option<LegId>,
    ) {
        let asked = refer::asked(request.message);
        let Phase::Up(call) = &mut self.phase else { return reply(now, wire, request, 481) };
        if call.dialog.sequence(request.message).is_err() {
            return reply(now, wire, request, 500);
        }
        let event = match (asked, other) {
            // Whom it names is passed over: the box says itself who refers, and to whom it is told.
            _ if caller::referrer(request.message).is_err() => Err(400),
            _ if !call.party.may_refer() => Err(403),
            _ if call.transfer.is_some() || self.gone => Err(491),
            (Err(code), _) => Err(code),
            (Ok(refer::Asked::Number(to)), _) => Ok(LegEvent::TransferAsked { to }),
            (Ok(refer::Asked::InCall(_)), Some(other)) => Ok(LegEvent::JoinAsked { other }),
            (Ok(refer::Asked::InCall(_)), None) => Err(481),
        };
        let event = match event {
            Ok(event) => event,
            Err(code) => return reply(now, wire, request, code),
        };
        let silent = refer::is_silent(request.message);
        let contact = call.contact().to_owned();
        let accepted = transfer::accepted(wire, request.message, &call.dialog, &contact, silent);
        wire.transactions.respond(now, request.id, &accepted);
        let number = request.message.cseq().map_or(0, |(number, _)| number);
        let first = !std::mem::replace(&mut self.referred, true);
        call.transfer = Some(Transfer::begin(now, number, first, silent));
        // RFC 3515 section 2.4.4: the first NOTIFY comes at once.
        call.tell_transfer(now, wire, TransferStage::Trying);
        wire.event(self.id, event);
    }

    pub(super) fn bye(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        match &mut self.phase {
            Phase::Ringing(_) => {
                // A BYE ends an early dialog as a CANCEL does (RFC 3261 15.1.2).
                reply(now, wire, request, 200);
                return self.refuse_as(now, wire, 487, Cause::Cancelled);
            }
            Phase::Up(call) => call.end_transfer(now, wire, "noresource"),
            _ => {}
        }
        reply(now, wire, request, 200);
        // What ended a call that was answered; the rest is of calls that were not.
        let cause = match reason::read(request.message) {
            Some(told @ (Cause::NotAcceptable | Cause::Congestion | Cause::Failure)) => told,
            Some(Cause::Unreachable) => Cause::Vanished,
            _ => Cause::Normal,
        };
        self.gone(wire, cause);
        self.end(wire);
    }

    pub(super) fn prack(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let Phase::Ringing(incoming) = &mut self.phase else { return };
        match incoming.prack(now, wire, request) {
            Ok(Some(rtp)) => self.answer(now, wire, rtp),
            Ok(None) => {}
            Err(unusable) => self.refuse_description(now, wire, &unusable),
        }
    }

    /// A request within a call that is over, but for its last word.
    pub(super) fn late_request(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let both = request.message.method() == Some(Method::Bye);
        reply(now, wire, request, if both { 200 } else { 481 });
    }

    /// Takes a key pressed and refuses other news.
    pub(super) fn info(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        match info::read(request.message) {
            Info::Nothing => reply(now, wire, request, 200),
            Info::Unreadable => reply(now, wire, request, 400),
            Info::Foreign => {
                let response = wire.response(request.message, 415).with("Accept", info::ACCEPT);
                wire.transactions.respond(now, request.id, &response);
            }
            Info::Key(digit) => {
                reply(now, wire, request, 200);
                if let (false, Phase::Up(_)) = (self.gone, &self.phase) {
                    wire.event(self.id, LegEvent::Digit(digit));
                }
            }
        }
    }
}
