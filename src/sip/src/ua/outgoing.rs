//! An INVITE of ours that nobody answered yet, sent to each address of a phone (RFC 3261 13.2).
//!
//! ```text
//!   INVITE x n --18x--> ringing --2xx--> ACK: a call; the others are cancelled
//!                          |-- 401, 407, 422, 488 to our keys --> the INVITE again, as it is wanted
//!                          |-- 302 of a phone --> sent on
//!                          |-- refused by all, nobody there, 6xx by one --> gone
//!                          '-- HangUp, timer C --> CANCEL
//! ```

mod again;
mod answered;
mod targets;

use super::call::Call;
use super::caller;
use super::cause;
use super::early::Earlies;
use super::forks::Forks;
use super::invitation::{Invitation, Names};
use super::leg::Within;
use super::party::Party;
use super::reason;
use super::session::Talk;
use super::spare::Spares;
use super::wire::{Owner, SDP, Wire};
use crate::dialog::DialogId;
use crate::message::Message;
use crate::offer_answer::Protection;
use crate::peer::Peer;
use crate::registrar::Target;
use crate::transaction::TransactionId;
use crate::transaction::timers::Timer;
use crate::trunk;
use model::{Cause, Instant, LegEvent, LegId};
use rsip::Uri;
use std::collections::VecDeque;
use targets::{Later, Next, left_behind};

/// How often one fork's INVITE is sent again: for a challenge and two stale nonces, a session timer
/// and sound in clear.
const TRIES_MAX: usize = 5;

/// A leg that we open and nobody answered yet.
#[derive(Debug)]
pub struct Outgoing {
    /// Our side of each fork's session.
    talks: Vec<Talk>,
    earlies: Earlies,
    contact: String,
    offer: bool,
    party: Party,
    tries: usize,
    /// Somebody works on it.
    rang: bool,
    /// It rang at least once.
    alerted: bool,
    /// Sound came at least once.
    sounded: bool,
    refusal: Option<(u16, Cause)>,
    give_up_at: Instant,
    /// The targets of a trunk, which are tried one after the other.
    later: Option<Box<Later>>,
    /// The other connections of phones.
    spares: Spares,
}

/// What became of a leg that we open.
#[derive(Debug)]
pub enum Outcome {
    Waits,
    Answered(Box<Call>),
    Gone(Cause),
    /// The phone sends the call on to a number.
    SentOn(String),
}

/// How one fork ended.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    pub fork: usize,
    pub code: u16,
    /// The cause that its Reason told.
    pub told: Option<Cause>,
}

/// A response to one fork's INVITE.
pub struct Response<'a> {
    pub fork: usize,
    pub id: TransactionId,
    pub message: &'a Message,
    pub from: Peer,
}

impl Outgoing {
    /// Sends the INVITE to each target: its address and where that is reached. Gives why there is
    /// none where none could be sent.
    pub fn invite(
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        invitation: Invitation,
        targets: &[Target],
    ) -> Result<Self, Cause> {
        let names = Names::new(wire, &invitation.from);
        let mut spares = Spares::default();
        let mut talks = Vec::with_capacity(targets.len());
        let mut clear = false;
        for target in targets {
            let protection_at = |to: &Peer| invitation.party.protection(to.transport.secure());
            let mut fit: VecDeque<&(Uri, Peer)> = [&target.at]
                .into_iter()
                .chain(&target.spare)
                .filter(|(_, to)| protection_at(to) != Protection::Impossible)
                .collect();
            let Some((uri, to)) = fit.pop_front() else {
                clear = true;
                continue;
            };
            let protection = protection_at(to);
            let rtp = wire.locals.media(invitation.rtp, to);
            let codecs = wire.codecs.clone().with_first(invitation.party.codec);
            let mut talk = Talk::new(wire, rtp, codecs, protection);
            let mut invite = invitation.invite(wire, &names, uri, to);
            if invitation.offer {
                invite = invite.with_body(SDP, talk.offer(wire));
            }
            let owner = Owner::Invite { leg, fork: forks.next() };
            let again = (!fit.is_empty()).then(|| invite.clone());
            if let Some(id) = wire.request(now, invite, *to, owner) {
                if let Some(again) = again {
                    let fit = fit.into_iter().cloned().collect();
                    spares.note(now, forks.next(), again, fit);
                }
                forks.add(now, id);
                talks.push(talk);
            }
        }
        if talks.is_empty() && clear {
            wire.refused_clear(invitation.party.via);
            return Err(Cause::NotAcceptable);
        }
        if talks.is_empty() {
            return Err(Cause::Congestion);
        }
        let new = Self::new(now, talks, invitation.contact, invitation.offer, invitation.party);
        Ok(Self { spares, ..new })
    }

    fn new(now: Instant, talks: Vec<Talk>, contact: String, offer: bool, party: Party) -> Self {
        Self {
            talks,
            earlies: Earlies::default(),
            contact,
            offer,
            party,
            tries: 0,
            rang: false,
            alerted: false,
            sounded: false,
            refusal: None,
            give_up_at: now + Timer::C.first(),
            later: None,
            spares: Spares::default(),
        }
    }

    /// Rings a phone by its next connection where one failed; tells whether there was one.
    pub fn next_flow(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        fork: usize,
    ) -> bool {
        let next = forks.next();
        let talk = self.talks.get(fork).filter(|_| forks.wanted()).cloned();
        let Some(mut talk) = talk else { return false };
        let Some((mut invite, to)) = self.spares.take(now, wire, fork, next) else { return false };
        // Keys made for TLS are for nobody else to read, and each fork has its own.
        if self.party.protection(to.transport.secure()) == Protection::Clear {
            talk.give_up_keys();
        }
        if self.offer {
            invite = invite.with_body(SDP, talk.offer(wire));
        }
        let Some(id) = wire.request(now, invite, to, Owner::Invite { leg, fork: next }) else {
            return false;
        };
        wire.counters.flows_failed_over += 1;
        self.earlies.forget_fork(wire, fork);
        forks.leave(now, wire, fork);
        forks.add(now, id);
        self.talks.push(talk);
        true
    }

    /// Takes a response while no fork was answered yet.
    pub fn response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        response: &Response<'_>,
    ) -> Outcome {
        let code = response.message.code().unwrap_or(500);
        if forks.is_left(response.fork) {
            return left_behind(now, wire, forks, response, code);
        }
        self.spares.heard(response.fork, code);
        if let Some(later) = &mut self.later {
            if !later.turns.is_at(response.fork) {
                return left_behind(now, wire, forks, response, code);
            }
            later.turns.heard(now, code);
            if let Some(to) = wire.transactions.peer(response.id).filter(|_| code >= 200) {
                wire.trunk_news.push((now, to, code, response.message.retry_after()));
            }
        }
        match code {
            code @ 100..=199 => {
                forks.ringing(now, wire, response.fork);
                if code > 100 {
                    self.provisional(now, wire, leg, response);
                }
                Outcome::Waits
            }
            200..=299 => {
                forks.over(response.fork);
                self.answered(now, wire, leg, forks, response)
            }
            code => {
                self.earlies.forget_fork(wire, response.fork);
                if self.try_again(now, wire, leg, forks, response, code) {
                    return Outcome::Waits;
                }
                if self.party.is_phone()
                    && matches!(code, 300..=302)
                    && let Some(to) = caller::forwarded(response.message)
                {
                    forks.over(response.fork);
                    forks.abandon(now, wire, None);
                    return Outcome::SentOn(to);
                }
                if matches!(code, 488 | 606) && self.only_encrypted(response.fork) {
                    wire.refused_clear(self.party.via.clone());
                }
                let (fork, told) = (response.fork, reason::read(response.message));
                self.refused(now, wire, leg, forks, Refusal { fork, code, told })
            }
        }
    }

    /// Takes the end of a fork that nobody answered or that was refused.
    pub fn refused(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        Refusal { fork, code, told }: Refusal,
    ) -> Outcome {
        forks.over(fork);
        self.earlies.forget_fork(wire, fork);
        if let Some(later) = &self.later {
            if !later.turns.is_at(fork) {
                return Outcome::Waits;
            }
            let again = trunk::is_targets_fault(code, told) && !self.alerted;
            if again && self.next_target(now, wire, leg, forks) == Next::Asked {
                return Outcome::Waits;
            }
            forks.abandon(now, wire, None);
            return Outcome::Gone(trunk::cause_of(code, told, self.alerted));
        }
        // A 6xx speaks for the person, wherever else it rings (RFC 3261 16.7 step 5).
        if code >= 600 {
            forks.abandon(now, wire, None);
            return Outcome::Gone(cause::of_refusal(code, told, self.rang));
        }
        self.weigh(forks, code, told)
    }

    /// Keeps the refusal that says most, and tells it once nobody is left to be waited for.
    fn weigh(&mut self, forks: &Forks, code: u16, told: Option<Cause>) -> Outcome {
        let cause = cause::of_refusal(code, told, self.rang);
        let heaviest = match self.refusal {
            Some((old, before)) if cause::weight(code) <= cause::weight(old) => (old, before),
            _ => (code, cause),
        };
        self.refusal = Some(heaviest);
        match forks.all_refused() {
            true => Outcome::Gone(heaviest.1),
            false => Outcome::Waits,
        }
    }

    /// Takes a request within an early dialog.
    pub fn request(&mut self, now: Instant, wire: &mut Wire, leg: LegId, request: &Within<'_>) {
        self.earlies.request(now, wire, leg, self.offer, request);
    }

    /// Where the far end of an early dialog is.
    pub fn source(&self, dialog: &DialogId) -> Option<Peer> {
        self.earlies.source(dialog)
    }

    /// Who is called.
    pub fn party(&self) -> &Party {
        &self.party
    }

    /// Forgets what only matters before the answer.
    pub fn end(&mut self, wire: &mut Wire) {
        self.earlies.forget(wire);
    }

    /// When a target of a trunk was silent for too long, or nobody picked up.
    pub fn deadline(&self) -> (Instant, &'static str) {
        let turn = self.later.as_ref().and_then(|later| later.turns.deadline());
        let turn = turn.map(|at| (at, "next target of a trunk"));
        let spare = self.spares.deadline().map(|at| (at, "next connection of a phone"));
        turn.or(spare).unwrap_or((self.give_up_at, "timer C of an INVITE of ours"))
    }

    /// Tells whether nobody picked up for too long.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.give_up_at <= now
    }

    fn provisional(&mut self, now: Instant, wire: &mut Wire, leg: LegId, response: &Response<'_>) {
        self.rang = true;
        let Some(talk) = self.talks.get(response.fork) else { return };
        let told = self.earlies.response(now, wire, leg, response, talk, self.offer);
        if told.rings && !std::mem::replace(&mut self.alerted, true) {
            wire.event(leg, LegEvent::Ringing);
        }
        if told.sounds && !std::mem::replace(&mut self.sounded, true) {
            wire.event(leg, LegEvent::EarlyMedia);
        }
    }
}
