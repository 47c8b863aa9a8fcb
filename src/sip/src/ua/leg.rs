//! A leg: one party's connection, from its INVITE to its end, whoever began it.
//!
//! ```text
//!   INVITE in --> Ringing --Answer--> Up --BYE either way--> Over
//!   Invite   --> Calling --2xx-----> Up
//!                   '------ refused, cancelled, given up --> Over
//! ```
//!
//! `Gone` is said once, as soon as it is known. The leg itself is kept until the peers know too:
//! an ACK or the end of a cancelled fork may still come.

use super::call::{Call, Fate};
use super::cause;
use super::forks::Forks;
use super::incoming::Incoming;
use super::info::{self, Info};
use super::outgoing::{Invitation, Outcome, Outgoing, Response};
use super::wire::{ALLOW, SDP, Wire};
use crate::dialog::{Dialog, DialogId};
use crate::message::Message;
use crate::peer::Peer;
use crate::sdp::Direction;
use crate::transaction::TransactionId;
use model::{Cause, Instant, LegEvent, LegId, TrunkId};
use rsip::{Method, Uri};
use std::net::SocketAddr;

/// One party's connection.
#[derive(Debug)]
pub struct Leg {
    id: LegId,
    trunk: Option<TrunkId>,
    gone: bool,
    phase: Phase,
    forks: Forks,
}

#[derive(Debug)]
enum Phase {
    Ringing(Box<Incoming>),
    Calling(Box<Outgoing>),
    Up(Box<Call>),
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
    pub fn arrive(
        now: Instant,
        wire: &mut Wire,
        id: LegId,
        trunk: Option<TrunkId>,
        transaction: TransactionId,
        invite: Message,
        dialog: Dialog,
    ) -> Self {
        wire.dialogs.insert(dialog.id().clone(), id);
        let incoming = Incoming::ring(now, wire, transaction, invite, dialog);
        let phase = Phase::Ringing(Box::new(incoming));
        Self { id, trunk, gone: false, phase, forks: Forks::default() }
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
        let outgoing = Outgoing::invite(now, wire, id, &mut forks, invitation, targets);
        let phase = outgoing.map_or(Phase::Over, |o| Phase::Calling(Box::new(o)));
        let none = matches!(phase, Phase::Over);
        let mut leg = Self { id, trunk: None, gone: false, phase, forks };
        if none {
            leg.gone(wire, Cause::Congestion);
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

    /// Answers.
    pub fn answer(&mut self, now: Instant, wire: &mut Wire, rtp: SocketAddr) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Ringing(incoming) => match incoming.answer(now, wire, self.id, rtp) {
                Ok(call) => self.phase = Phase::Up(Box::new(call)),
                Err(code) => {
                    incoming.refuse(now, wire, code);
                    wire.dialogs.remove(incoming.dialog.id());
                    self.gone(wire, Cause::NotAcceptable);
                }
            },
            other => self.phase = other,
        }
    }

    /// Ends the leg with what its state asks for.
    pub fn hang_up(&mut self, now: Instant, wire: &mut Wire, cause: Cause) {
        self.gone(wire, cause);
        let over = match &mut self.phase {
            Phase::Ringing(incoming) => {
                incoming.refuse(now, wire, cause::status(cause));
                true
            }
            Phase::Calling(_) => {
                self.forks.abandon(now, wire, None);
                true
            }
            Phase::Up(call) => call.hang_up(now, wire) != Fate::GoesOn,
            Phase::Over => false,
        };
        if over {
            self.end(wire);
        }
    }

    /// Refuses an INVITE that arrived; an answered leg is left alone.
    pub fn refuse(&mut self, now: Instant, wire: &mut Wire, cause: Cause) {
        if matches!(self.phase, Phase::Ringing(_)) {
            self.hang_up(now, wire, cause);
        }
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
            let outcome = outgoing.refused(now, wire, &mut self.forks, fork, code);
            self.settle(wire, outcome);
        }
    }

    /// Takes a response to our re-INVITE; tells whether anybody was there for it.
    pub fn reinvite_response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        response: &Message,
        from: Peer,
    ) -> bool {
        let Phase::Up(call) = &mut self.phase else { return false };
        let fate = call.reinvite_answered(now, wire, response, from);
        self.meet(wire, fate);
        true
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
            Phase::Calling(_) | Phase::Over => return reply(now, wire, request, 481),
        };
        if dialog.sequence(request.message).is_err() {
            return reply(now, wire, request, 500);
        }
        match request.message.method() {
            Some(Method::Bye) => self.bye(now, wire, request),
            Some(Method::Invite) => match &mut self.phase {
                Phase::Up(call) => {
                    call.reinvited(now, wire, request.id, request.message, request.from);
                }
                // The first INVITE is not answered yet (RFC 3261 14.2).
                _ => {
                    let wait = wire.dice(11).to_string();
                    let response = wire.response(request.message, 500).with("Retry-After", wait);
                    wire.transactions.respond(now, request.id, &response);
                }
            },
            Some(Method::Info) => self.info(now, wire, request),
            Some(Method::Options) => {
                let response = options(wire, request.message);
                wire.transactions.respond(now, request.id, &response);
            }
            _ => reply(now, wire, request, 405),
        }
    }

    /// Fires what is due.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        self.forks.tick(now, wire);
        match &mut self.phase {
            Phase::Ringing(incoming) => {
                if incoming.tick(now, wire) {
                    self.hang_up(now, wire, Cause::NoAnswer);
                }
            }
            Phase::Calling(outgoing) => {
                if outgoing.deadline().0 <= now {
                    self.hang_up(now, wire, Cause::NoAnswer);
                }
            }
            Phase::Up(call) => {
                let fate = call.tick(now, wire);
                self.meet(wire, fate);
            }
            Phase::Over => {}
        }
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let phase = match &self.phase {
            Phase::Ringing(incoming) => Some(incoming.deadline()),
            Phase::Calling(outgoing) => Some(outgoing.deadline()),
            Phase::Up(call) => call.deadline(),
            Phase::Over => None,
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
        reply(now, wire, request, 200);
        match &self.phase {
            Phase::Ringing(incoming) => {
                // A BYE ends an early dialog as a CANCEL does (RFC 3261 15.1.2).
                incoming.refuse(now, wire, 487);
                self.gone(wire, Cause::Cancelled);
            }
            _ => self.gone(wire, Cause::Normal),
        }
        self.end(wire);
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
        }
    }

    fn meet(&mut self, wire: &mut Wire, fate: Fate) {
        if let Fate::Over(cause) = fate {
            self.gone(wire, cause);
            self.end(wire);
        }
    }

    fn gone(&mut self, wire: &mut Wire, cause: Cause) {
        if !std::mem::replace(&mut self.gone, true) {
            wire.event(self.id, LegEvent::Gone(cause));
        }
    }

    fn end(&mut self, wire: &mut Wire) {
        let dialog: Option<&DialogId> = match &self.phase {
            Phase::Ringing(incoming) => Some(incoming.dialog.id()),
            Phase::Up(call) => Some(call.dialog.id()),
            Phase::Calling(_) | Phase::Over => None,
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
        .with("Supported", "")
}

fn reply(now: Instant, wire: &mut Wire, request: &Within<'_>, code: u16) {
    let response = wire.response(request.message, code);
    wire.transactions.respond(now, request.id, &response);
}
