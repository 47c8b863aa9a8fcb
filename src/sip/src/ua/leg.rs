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

mod opening;
mod responses;
mod within;

use super::call::{Call, Fate};
use super::cause;
use super::forks::Forks;
use super::incoming::{Answer, Incoming};
use super::info;
use super::outgoing::{Outcome, Outgoing};
use super::party::{Account, Party};
use super::reason;
use super::session::Unusable;
use super::wire::{ALLOW, SDP, SUPPORTED, Wire};
use crate::dialog::{Dialog, DialogId};
use crate::events::package::{ALLOW_EVENTS, EVENT_LIST};
use crate::message::Message;
use crate::peer::Peer;
use crate::sdp::Direction;
use crate::transaction::TransactionId;
use model::{Cause, Digit, Instant, LegEvent, LegId, PhoneId, TransferStage, TrunkId, Via};
use rsip::Uri;
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

    /// What the other end may ask the proof of, though the leg is gone.
    pub fn account(&self) -> Option<&Account> {
        self.forks.account.as_ref()
    }

    /// Where the far end of a dialog of it is; nothing where it has no such dialog.
    pub fn source(&self, dialog: &DialogId) -> Option<Peer> {
        let own = |own: &Dialog| (own.id() == dialog).then(|| own.source());
        match &self.phase {
            Phase::Ringing(incoming) => own(&incoming.dialog),
            Phase::Calling(outgoing) => outgoing.source(dialog),
            Phase::Up(call) | Phase::Leaving(call) => own(&call.dialog),
            Phase::Over => None,
        }
    }

    /// The phone that it rings and where that said nothing for too long, which the next step of the
    /// leg takes it for nobody there for.
    pub fn silent(&self, now: Instant, wire: &Wire) -> Option<(PhoneId, Vec<Uri>)> {
        let Phase::Calling(outgoing) = &self.phase else { return None };
        let Some(Via::Phone(phone)) = &outgoing.party().via else { return None };
        let invites = self.forks.silent_invites(now).into_iter();
        let at = invites.filter_map(|id| wire.transactions.request_of(id)?.uri().cloned());
        Some((phone.clone(), at.collect()))
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
            Answer::Refused(unusable) => self.refuse_description(now, wire, &unusable),
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
        call.tell_transfer(now, wire, stage);
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

    /// Asks the party whether it is there.
    pub fn ask(&mut self, now: Instant, wire: &mut Wire) {
        if let Phase::Up(call) = &mut self.phase {
            call.ask(now, wire);
        }
    }

    /// Sends a key to the party by INFO.
    pub fn key(&mut self, now: Instant, wire: &mut Wire, digit: Digit) {
        if let Phase::Up(call) = &mut self.phase {
            call.key(now, wire, digit);
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
            Phase::Calling(outgoing) => {
                let silent = self.forks.silence_ends().map(|at| (at, "silent phone"));
                silent.into_iter().chain([outgoing.deadline()]).min()
            }
            Phase::Up(call) => call.deadline(),
            Phase::Leaving(_) | Phase::Over => None,
        };
        let forks = self.forks.deadline().map(|at| (at, "cancelled INVITE without an end"));
        phase.into_iter().chain(forks).min()
    }

    /// Refuses the INVITE, if it is not answered.
    fn refuse_as(&mut self, now: Instant, wire: &mut Wire, code: u16, cause: Cause) {
        if let Phase::Ringing(incoming) = &self.phase {
            incoming.refuse(now, wire, code, cause);
            self.gone(wire, cause);
            self.end(wire);
        }
    }

    /// Refuses the INVITE for a description that makes no call.
    fn refuse_description(&mut self, now: Instant, wire: &mut Wire, unusable: &Unusable) {
        if let Phase::Ringing(incoming) = &self.phase {
            incoming.refuse_description(now, wire, unusable);
            self.gone(wire, Cause::NotAcceptable);
            self.end(wire);
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
