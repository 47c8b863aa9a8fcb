//! A leg: one party's connection, from its INVITE to its end, whoever began it.
//!
//! ```text
//!   INVITE in --> Ringing --Answer--> Up --BYE either way--> Over
//!   Invite   --> Calling --2xx-----> Up ... BYE of ours to a trunk with an account: Leaving --> Over
//!                   '------ refused, cancelled, sent on, given up --> Over
//! ```
//!
//! `Gone` is said once, as soon as it is known. The leg itself is kept until the peers know too:
//! an ACK or the end of a cancelled fork may still come.

use super::call::{Call, Fate};
use super::cause;
use super::forks::Forks;
use super::incoming::{Answer, Arrived, Incoming, later};
use super::info::{self, Info};
use super::invitation::Invitation;
use super::outgoing::{Outcome, Outgoing, Refusal, Response};
use super::party::Party;
use super::reason;
use super::refer;
use super::transfer::{self, Transfer};
use super::wire::{ALLOW, SDP, SUPPORTED, Wire};
use crate::dialog::DialogId;
use crate::events::package::{ALLOW_EVENTS, EVENT_LIST};
use crate::message::Message;
use crate::peer::Peer;
use crate::sdp::Direction;
use crate::transaction::TransactionId;
use model::{Cause, Instant, LegEvent, LegId, TransferStage, TrunkId, Via};
use rsip::{Method, Uri};
use std::net::SocketAddr;

/// One party's connection.
#[derive(Debug)]
pub struct Leg {
    id: LegId,
    /// The trunk that the call came by, where it did.
    trunk: Option<TrunkId>,
    /// It asked for a transfer before.
    referred: bool,
    gone: bool,
    phase: Phase,
    forks: Forks,
}

#[derive(Debug)]
enum Phase {
    Ringing(Box<Incoming>),
    Calling(Box<Outgoing>),
    Up(Box<Call>),
    /// Our BYE waits for its answer: a trunk may challenge it.
    Leaving(Box<Call>),
    Over,
}

/// How far a leg is, to one that wants to take its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// We ring it.
    Rung,
    /// It arrived and nobody answered.
    Waiting,
    Talks,
    Over,
}

/// A request that came within a leg's dialog, in its own transaction.
pub struct Within<'a> {
    pub id: TransactionId,
    pub message: &'a Message,
    pub from: Peer,
}

impl Leg {
    /// Takes an INVITE that arrived, and rings.
    pub fn arrive(now: Instant, wire: &mut Wire, id: LegId, arrived: Arrived) -> Self {
        wire.dialogs.insert(arrived.dialog.id().clone(), id);
        let trunk = match &arrived.party.via {
            Some(Via::Trunk(trunk)) => Some(trunk.clone()),
            _ => None,
        };
        let incoming = Incoming::ring(now, wire, id, arrived);
        let phase = Phase::Ringing(Box::new(incoming));
        Self { id, trunk, referred: false, gone: false, phase, forks: Forks::default() }
    }

    /// Opens a leg. It is gone at once where no target could be asked.
    pub fn open(
        now: Instant,
        wire: &mut Wire,
        id: LegId,
        invitation: Invitation,
        targets: &[(Uri, Peer)],
    ) -> Self {
        let mut forks = Forks::default();
        let opened = Outgoing::invite(now, wire, id, &mut forks, invitation, targets);
        Self::opened(wire, id, None, forks, opened)
    }

    /// Opens a leg over a trunk, whose targets are tried one after the other.
    pub fn open_by(
        now: Instant,
        wire: &mut Wire,
        id: LegId,
        trunk: TrunkId,
        invitation: Invitation,
        targets: Vec<(Uri, Peer)>,
    ) -> Self {
        let mut forks = Forks::default();
        let opened = Outgoing::in_turn(now, wire, id, &mut forks, invitation, targets);
        Self::opened(wire, id, Some(trunk), forks, opened)
    }

    fn opened(
        wire: &mut Wire,
        id: LegId,
        trunk: Option<TrunkId>,
        forks: Forks,
        opened: Result<Outgoing, Cause>,
    ) -> Self {
        let (phase, refused) = match opened {
            Ok(outgoing) => (Phase::Calling(Box::new(outgoing)), None),
            Err(cause) => (Phase::Over, Some(cause)),
        };
        let mut leg = Self { id, trunk, referred: false, gone: false, phase, forks };
        if let Some(cause) = refused {
            leg.gone(wire, cause);
        }
        leg
    }

    /// The trunk that the leg uses, for as long as it counts.
    pub fn trunk(&self) -> Option<&TrunkId> {
        self.trunk.as_ref().filter(|_| !self.gone)
    }

    /// Tells whether nothing more can come of the leg.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over) && self.forks.all_over()
    }

    /// Who is at the other end.
    pub fn party(&self) -> Option<&Party> {
        match &self.phase {
            Phase::Ringing(incoming) => Some(&incoming.party),
            Phase::Calling(outgoing) => Some(outgoing.party()),
            Phase::Up(call) | Phase::Leaving(call) => Some(&call.party),
            Phase::Over => None,
        }
    }

    /// How far it is.
    pub fn stand(&self) -> Stand {
        match &self.phase {
            _ if self.gone => Stand::Over,
            Phase::Ringing(_) => Stand::Waiting,
            Phase::Calling(_) => Stand::Rung,
            Phase::Up(_) => Stand::Talks,
            Phase::Leaving(_) | Phase::Over => Stand::Over,
        }
    }

    /// Answers.
    pub fn answer(&mut self, now: Instant, wire: &mut Wire, rtp: SocketAddr) {
        let Phase::Ringing(incoming) = &mut self.phase else { return };
        match incoming.answer(now, wire, rtp) {
            Answer::Call(call) => self.phase = Phase::Up(call),
            Answer::Waits => {}
            Answer::Refused(code) => self.refuse_as(now, wire, code, Cause::NotAcceptable),
        }
    }

    /// Tells that the far side rings.
    pub fn alert(&mut self, now: Instant, wire: &mut Wire) {
        if let Phase::Ringing(incoming) = &mut self.phase {
            incoming.alert(now, wire);
        }
    }

    /// Opens the sound before the answer.
    pub fn early_media(&mut self, now: Instant, wire: &mut Wire, rtp: SocketAddr) {
        if let Phase::Ringing(incoming) = &mut self.phase {
            incoming.open(now, wire, rtp);
        }
    }

    /// Tells how the transfer goes that the party asked for.
    pub fn transferring(&mut self, now: Instant, wire: &mut Wire, stage: TransferStage) {
        let Phase::Up(call) = &mut self.phase else { return };
        let contact = call.contact().to_owned();
        let Some(transfer) = &mut call.transfer else { return };
        if transfer.tell(now, wire, self.id, &mut call.dialog, &contact, stage) {
            call.transfer = None;
        }
    }

    /// Ends the leg with what its state asks for.
    pub fn hang_up(&mut self, now: Instant, wire: &mut Wire, cause: Cause) {
        match &mut self.phase {
            Phase::Ringing(_) => self.refuse_as(now, wire, cause::status(cause), cause),
            Phase::Calling(_) => {
                self.gone(wire, cause);
                self.forks.abandon(now, wire, Some(reason::of(cause)));
                self.end(wire);
            }
            Phase::Up(call) => {
                let fate = call.hang_up(now, wire, cause);
                self.gone(wire, cause);
                self.meet(wire, fate);
            }
            Phase::Leaving(_) | Phase::Over => {}
        }
    }

    /// Refuses an INVITE that arrived; an answered leg is left alone.
    pub fn refuse(&mut self, now: Instant, wire: &mut Wire, cause: Cause) {
        self.refuse_as(now, wire, cause::status(cause), cause);
    }

    /// Lets sound flow another way.
    pub fn direct(&mut self, now: Instant, wire: &mut Wire, direction: Direction) {
        if let Phase::Up(call) = &mut self.phase {
            call.direct(now, wire, direction);
        }
    }

    /// The caller gave up: the INVITE is refused with 487 unless it was answered before
    /// (RFC 3261 9.2).
    pub fn cancelled(&mut self, now: Instant, wire: &mut Wire) {
        self.refuse(now, wire, Cause::Cancelled);
    }

    /// Takes a response to the INVITE of a fork.
    pub fn invite_response(&mut self, now: Instant, wire: &mut Wire, response: &Response<'_>) {
        let Phase::Calling(outgoing) = &mut self.phase else {
            return self.late_response(now, wire, response);
        };
        let outcome = outgoing.response(now, wire, self.id, &mut self.forks, response);
        self.settle(wire, outcome);
    }

    /// Nobody answered the INVITE of a fork, which ends as if by that code.
    pub fn invite_timed_out(&mut self, now: Instant, wire: &mut Wire, fork: usize, code: u16) {
        self.forks.over(fork);
        if let Phase::Calling(outgoing) = &mut self.phase {
            let refusal = Refusal { fork, code, told: None };
            let outcome = outgoing.refused(now, wire, self.id, &mut self.forks, refusal);
            self.settle(wire, outcome);
        }
    }

    /// Takes a response to our re-INVITE; tells whether anybody was there for it.
    pub fn reinvite_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
        from: Peer,
    ) -> bool {
        let Phase::Up(call) = &mut self.phase else { return false };
        let fate = call.reinvite_answered(now, wire, id, response, from);
        self.meet(wire, fate);
        true
    }

    /// Takes a response to our UPDATE.
    pub fn update_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
        from: Peer,
    ) {
        if let Phase::Up(call) = &mut self.phase {
            let fate = call.update_answered(now, wire, id, response, from);
            self.meet(wire, fate);
        }
    }

    /// Takes a response to our BYE: a challenge is answered where the peer is a trunk of ours.
    pub fn bye_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) {
        let Phase::Leaving(call) = &mut self.phase else { return };
        let code = response.code().unwrap_or(500);
        let again = matches!(code, 401 | 407) && call.bye_challenged(now, wire, id, response);
        if code >= 200 && !again {
            self.end(wire);
        }
    }

    /// Nobody answered our BYE.
    pub fn bye_timed_out(&mut self, wire: &mut Wire) {
        if matches!(self.phase, Phase::Leaving(_)) {
            self.end(wire);
        }
    }

    /// Takes the refusal of a NOTIFY: nobody is told any more (RFC 6665 4.2.2).
    pub fn notify_refused(&mut self, code: u16) {
        if let (Phase::Up(call), 408 | 481 | 489) = (&mut self.phase, code) {
            call.transfer = None;
        }
    }

    /// Nobody answered our re-INVITE.
    pub fn reinvite_timed_out(&mut self, now: Instant, wire: &mut Wire) {
        if let Phase::Up(call) = &mut self.phase {
            let fate = call.lost(now, wire);
            self.meet(wire, fate);
        }
    }

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
        let number = request.message.cseq().map(|(number, _)| number);
        let id = number.filter(|_| std::mem::replace(&mut self.referred, true));
        let mut begun = Transfer::begin(now, id, silent);
        // RFC 3515 section 2.4.4: the first NOTIFY comes at once.
        begun.tell(now, wire, self.id, &mut call.dialog, &contact, TransferStage::Trying);
        call.transfer = Some(begun);
        wire.event(self.id, event);
    }

    /// Fires what is due.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        self.forks.tick(now, wire);
        match &mut self.phase {
            Phase::Ringing(incoming) => {
                if let Some((code, cause)) = incoming.tick(now, wire) {
                    self.refuse_as(now, wire, code, cause);
                }
            }
            Phase::Calling(outgoing) => {
                if outgoing.is_overdue(now) {
                    return self.hang_up(now, wire, Cause::NoAnswer);
                }
                let outcome = outgoing.tick(now, wire, self.id, &mut self.forks);
                self.settle(wire, outcome);
            }
            Phase::Up(call) => {
                let fate = call.tick(now, wire);
                self.meet(wire, fate);
            }
            Phase::Leaving(_) | Phase::Over => {}
        }
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let phase = match &self.phase {
            Phase::Ringing(incoming) => Some(incoming.deadline()),
            Phase::Calling(outgoing) => Some(outgoing.deadline()),
            Phase::Up(call) => call.deadline(),
            Phase::Leaving(_) | Phase::Over => None,
        };
        let forks = self.forks.deadline().map(|at| (at, "cancelled INVITE without an end"));
        phase.into_iter().chain(forks).min()
    }

    /// A response to an INVITE that nobody wants an answer to any more.
    fn late_response(&mut self, now: Instant, wire: &mut Wire, response: &Response<'_>) {
        match response.message.code().unwrap_or(500) {
            100..=199 => self.forks.ringing(now, wire, response.fork),
            200..=299 => {
                self.forks.over(response.fork);
                if let Some(invite) = wire.transactions.request_of(response.id).cloned() {
                    wire.hang_up_answer(now, &invite, response.message, response.from);
                }
            }
            _ => self.forks.over(response.fork),
        }
    }

    fn bye(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
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

    fn prack(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let Phase::Ringing(incoming) = &mut self.phase else { return };
        match incoming.prack(now, wire, request) {
            Ok(Some(rtp)) => self.answer(now, wire, rtp),
            Ok(None) => {}
            Err(code) => self.refuse_as(now, wire, code, Cause::NotAcceptable),
        }
    }

    /// Refuses the INVITE, if it is not answered.
    fn refuse_as(&mut self, now: Instant, wire: &mut Wire, code: u16, cause: Cause) {
        if let Phase::Ringing(incoming) = &self.phase {
            incoming.refuse(now, wire, code, cause);
            self.gone(wire, cause);
            self.end(wire);
        }
    }

    /// A request within a call that is over, but for its last word.
    fn late_request(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
        let both = request.message.method() == Some(Method::Bye);
        reply(now, wire, request, if both { 200 } else { 481 });
    }

    /// Takes a key pressed and refuses other news.
    fn info(&mut self, now: Instant, wire: &mut Wire, request: &Within<'_>) {
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

    fn settle(&mut self, wire: &mut Wire, outcome: Outcome) {
        match outcome {
            Outcome::Waits => {}
            Outcome::Answered(call) => {
                wire.dialogs.insert(call.dialog.id().clone(), self.id);
                self.phase = Phase::Up(call);
            }
            Outcome::Gone(cause) => {
                self.gone(wire, cause);
                self.end(wire);
            }
            Outcome::SentOn(to) => {
                if !std::mem::replace(&mut self.gone, true) {
                    wire.event(self.id, LegEvent::ForwardAsked { to });
                }
                self.end(wire);
            }
        }
    }

    fn meet(&mut self, wire: &mut Wire, fate: Fate) {
        let Fate::Over(cause) = fate else { return };
        self.gone(wire, cause);
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Up(call) if call.waits_for_bye() => self.phase = Phase::Leaving(call),
            phase => {
                self.phase = phase;
                self.end(wire);
            }
        }
    }

    fn gone(&mut self, wire: &mut Wire, cause: Cause) {
        if !std::mem::replace(&mut self.gone, true) {
            wire.event(self.id, LegEvent::Gone(cause));
        }
    }

    fn end(&mut self, wire: &mut Wire) {
        let dialog: Option<&DialogId> = match &mut self.phase {
            Phase::Ringing(incoming) => Some(incoming.dialog.id()),
            Phase::Up(call) | Phase::Leaving(call) => Some(call.dialog.id()),
            Phase::Calling(outgoing) => {
                outgoing.end(wire);
                None
            }
            Phase::Over => None,
        };
        if let Some(dialog) = dialog {
            wire.dialogs.remove(dialog);
        }
        self.phase = Phase::Over;
    }
}

/// Makes the answer to OPTIONS: what we can do (RFC 3261 11.2).
pub fn options(wire: &Wire, request: &Message) -> Message {
    wire.response(request, 200)
        .with("Allow", ALLOW)
        .with("Accept", format!("{SDP}, {}", info::ACCEPT))
        .with("Accept-Encoding", "identity")
        .with("Supported", format!("{SUPPORTED}, {EVENT_LIST}"))
        .with("Allow-Events", ALLOW_EVENTS)
}

/// Answers a request within a call by its code alone.
pub fn reply(now: Instant, wire: &mut Wire, request: &Within<'_>, code: u16) {
    let response = wire.response(request.message, code);
    wire.transactions.respond(now, request.id, &response);
}
