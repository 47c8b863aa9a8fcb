//! An INVITE of ours that nobody answered yet, sent to each address of a phone (RFC 3261 13.2).
//!
//! ```text
//!   INVITE x n --18x--> ringing --2xx--> ACK: a call; the others are cancelled
//!                          |-- 401, 407, 422, 488 to our keys --> the INVITE again, as it is wanted
//!                          |-- 302 of a phone --> sent on
//!                          |-- refused by all, nobody there, 6xx by one --> gone
//!                          '-- HangUp, timer C --> CANCEL
//! ```

use super::call::{Call, Opening, announce};
use super::caller;
use super::cause;
use super::early::{Earlies, Told};
use super::forks::Forks;
use super::incoming::updates;
use super::invitation::{Invitation, Names};
use super::leg::Within;
use super::party::Party;
use super::reason;
use super::refresh;
use super::session::Talk;
use super::spare::Spares;
use super::wire::{Owner, SDP, Wire};
use crate::dialog::Dialog;
use crate::message::Message;
use crate::offer_answer::Protection;
use crate::peer::Peer;
use crate::registrar::Target;
use crate::transaction::TransactionId;
use crate::transaction::timers::Timer;
use crate::trunk::{self, Turns};
use model::{Cause, Instant, LegEvent, LegId};
use rsip::Uri;

/// How often one fork's INVITE is sent again: for a challenge and two stale nonces, a session timer
/// and sound in clear.
const TRIES_MAX: u8 = 5;

/// A leg that we open and nobody answered yet.
#[derive(Debug)]
pub struct Outgoing {
    /// Our side of each fork's session.
    talks: Vec<Talk>,
    earlies: Earlies,
    contact: String,
    offer: bool,
    party: Party,
    tries: u8,
    /// It rang at least once, and sound came at least once.
    rang: bool,
    alerted: bool,
    sounded: bool,
    refusal: Option<(u16, Cause)>,
    give_up_at: Instant,
    /// The targets of a trunk, which are tried one after the other.
    later: Option<Box<Later>>,
    /// The other connections of phones.
    spares: Spares,
}

/// What is sent to the next target of a trunk.
#[derive(Debug)]
struct Later {
    turns: Turns,
    invitation: Invitation,
    names: Names,
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

/// Whether another target of a trunk was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Asked,
    /// Those that are left would have the sound in clear where that is forbidden.
    Clear,
    None,
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
        for Target { at: (uri, to), spare } in targets {
            let protection = invitation.party.protection(to.transport.secure());
            if protection == Protection::Impossible {
                clear = true;
                continue;
            }
            let rtp = wire.locals.media(invitation.rtp, to);
            let codecs = wire.codecs.clone().with_first(invitation.party.codec);
            let mut talk = Talk::new(wire, rtp, codecs, protection);
            let mut invite = invitation.invite(wire, &names, uri, to);
            if invitation.offer {
                invite = invite.with_body(SDP, talk.offer(wire));
            }
            let owner = Owner::Invite { leg, fork: forks.next() };
            let again = (!spare.is_empty()).then(|| invite.clone());
            if let Some(id) = wire.request(now, invite, *to, owner) {
                if let Some(again) = again {
                    spares.note(now, forks.next(), again, spare);
                }
                forks.add(id);
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

    /// Sends the INVITE to the first target of a trunk that takes it; the others follow where it
    /// fails. Gives why there is none where none could be sent.
    pub fn in_turn(
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        invitation: Invitation,
        targets: Vec<(Uri, Peer)>,
    ) -> Result<Self, Cause> {
        let names = Names::new(wire, &invitation.from);
        let (contact, party) = (invitation.contact.clone(), invitation.party.clone());
        let mut outgoing = Self::new(now, Vec::new(), contact, invitation.offer, party);
        let turns = Turns::new(targets);
        outgoing.later = Some(Box::new(Later { turns, invitation, names }));
        match outgoing.next_target(now, wire, leg, forks) {
            Next::Asked => Ok(outgoing),
            Next::Clear => {
                wire.refused_clear(outgoing.party.via);
                Err(Cause::NotAcceptable)
            }
            Next::None => Err(Cause::Congestion),
        }
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

    /// Sends the INVITE to the next of a trunk's targets.
    fn next_target(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
    ) -> Next {
        let Some(later) = &mut self.later else { return Next::None };
        let mut next = Next::None;
        while let Some((uri, to)) = later.turns.next(now, forks.next()) {
            let protection = self.party.protection(to.transport.secure());
            if protection == Protection::Impossible {
                next = Next::Clear;
                continue;
            }
            later.names.cseq += 1;
            let rtp = wire.locals.media(later.invitation.rtp, &to);
            let codecs = wire.codecs.clone().with_first(self.party.codec);
            let mut talk = Talk::new(wire, rtp, codecs, protection);
            let mut invite = later.invitation.invite(wire, &later.names, &uri, &to);
            if self.offer {
                invite = invite.with_body(SDP, talk.offer(wire));
            }
            let owner = Owner::Invite { leg, fork: forks.next() };
            if let Some(id) = wire.request(now, invite, to, owner) {
                forks.add(id);
                self.talks.push(talk);
                return Next::Asked;
            }
        }
        next
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
        let Some(talk) = talk else { return false };
        let Some((invite, to)) = self.spares.take(now, wire, fork, next) else { return false };
        let Some(id) = wire.request(now, invite, to, Owner::Invite { leg, fork: next }) else {
            return false;
        };
        wire.counters.flows_failed_over += 1;
        self.earlies.forget_fork(wire, fork);
        forks.leave(now, wire, fork);
        forks.add(id);
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
            later.turns.heard();
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
        let cause = cause::of_refusal(code, told, self.rang);
        let heavier = self.refusal.is_none_or(|(old, _)| cause::weight(code) > cause::weight(old));
        if heavier {
            self.refusal = Some((code, cause));
        }
        // A 6xx speaks for the person, wherever else it rings (RFC 3261 16.7 step 5).
        if code >= 600 {
            forks.abandon(now, wire, None);
            return Outcome::Gone(cause);
        }
        match forks.all_refused() {
            true => Outcome::Gone(self.refusal.map_or(cause, |(_, heaviest)| heaviest)),
            false => Outcome::Waits,
        }
    }

    /// Takes a request within an early dialog.
    pub fn request(&mut self, now: Instant, wire: &mut Wire, leg: LegId, request: &Within<'_>) {
        self.earlies.request(now, wire, leg, self.offer, request);
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

    /// Goes on to a trunk's next target if this one was silent for too long. What it says
    /// afterwards is cancelled.
    pub fn tick(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
    ) -> Outcome {
        while let Some(fork) = self.spares.silent(now) {
            if !self.next_flow(now, wire, leg, forks, fork) {
                self.spares.heard(fork, 100);
            }
        }
        let silent = self.later.as_ref().and_then(|later| later.turns.silent(now));
        let Some(fork) = silent else { return Outcome::Waits };
        if let Some(to) = forks.peer(wire, fork) {
            wire.trunk_news.push((now, to, 408, None));
        }
        forks.leave(now, wire, fork);
        if self.next_target(now, wire, leg, forks) == Next::Asked {
            return Outcome::Waits;
        }
        forks.abandon(now, wire, None);
        Outcome::Gone(Cause::Unreachable)
    }

    fn provisional(&mut self, now: Instant, wire: &mut Wire, leg: LegId, response: &Response<'_>) {
        self.rang = true;
        let Some(talk) = self.talks.get(response.fork) else { return };
        match self.earlies.response(now, wire, leg, response, talk, self.offer) {
            Told::Nothing => {}
            Told::Rings => {
                if !std::mem::replace(&mut self.alerted, true) {
                    wire.event(leg, LegEvent::Ringing);
                }
            }
            Told::Sounds => {
                if !std::mem::replace(&mut self.sounded, true) {
                    wire.event(leg, LegEvent::EarlyMedia);
                }
            }
        }
    }

    /// The first answer is the call (RFC 3261 13.2.2.4).
    fn answered(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        response: &Response<'_>,
    ) -> Outcome {
        let answer = response.message;
        forks.abandon(now, wire, Some(reason::ELSEWHERE));
        let dialog = wire
            .transactions
            .request_of(response.id)
            .and_then(|invite| Dialog::of_client(invite, answer, response.from));
        let there = response.fork < self.talks.len();
        let talk = there.then(|| self.talks.swap_remove(response.fork));
        let Some((mut dialog, mut talk)) = dialog.zip(talk) else {
            self.end(wire);
            return Outcome::Gone(Cause::Failure);
        };
        let early = self.earlies.confirmed(dialog.id());
        self.end(wire);
        let mut takes_update = updates(answer);
        let mut stands = None;
        if let Some(early) = early {
            dialog = dialog.continuing(&early.dialog);
            takes_update |= early.updates;
            if early.settled.is_some() {
                (talk, stands) = (early.talk, early.settled);
            }
        }
        let settled = match (stands, self.offer) {
            // What stands since a reliable response stays, whatever the 2xx repeats.
            (Some(settled), _) => Ok((None, settled)),
            (None, true) => talk.answered(&answer.body).map(|settled| (None, settled)),
            (None, false) => {
                talk.answer(wire, &answer.body).map(|(sdp, settled)| (Some(sdp), settled))
            }
        };
        let (sdp, settled) = match settled {
            Ok(settled) => settled,
            Err(unusable) => {
                wire.dialogs.remove(dialog.id());
                wire.acknowledge(now, &dialog, answer, None);
                if unusable.is_for_clear() {
                    wire.refused_clear(self.party.via.clone());
                }
                let why = reason::of(Cause::NotAcceptable);
                wire.bye(now, &mut dialog, why, Owner::Nobody);
                return Outcome::Gone(Cause::NotAcceptable);
            }
        };
        wire.acknowledge(now, &dialog, answer, sdp);
        announce(wire, leg, &dialog, settled);
        let call = Call::new(Opening {
            leg,
            placed: Some(std::mem::take(&mut self.contact)),
            dialog,
            talk,
            party: std::mem::take(&mut self.party),
            updates: takes_update,
            timer: refresh::agreed(now, wire.session_s, answer),
        });
        wire.event(leg, LegEvent::Answered);
        Outcome::Answered(Box::new(call))
    }

    /// Sends the INVITE again as the refusal asks: with the password's proof (RFC 3261 22.2), for a
    /// longer session (RFC 4028 7.3), or with sound in clear.
    fn try_again(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        response: &Response<'_>,
        code: u16,
    ) -> bool {
        if !matches!(code, 401 | 407 | 415 | 422 | 488 | 606) || !forks.wanted() {
            return false;
        }
        let Some(invite) = wire.transactions.request_of(response.id).cloned() else { return false };
        // A password is proved to whom it was asked for, and to nobody who answers in its place.
        let to = wire.transactions.peer(response.id);
        let Some(to) = to.filter(|to| to.ip() == response.from.ip()) else { return false };
        let refusal = response.message;
        self.tries += 1;
        if usize::from(self.tries) > usize::from(TRIES_MAX) * self.talks.len() {
            return false;
        }
        let again = match code {
            401 | 407 => {
                let account = self.party.account.clone();
                match account.filter(|_| !wire.was_refused(&invite, refusal)) {
                    Some((user, secret)) => wire.with_proof(invite, refusal, &to, &user, &secret),
                    None => None,
                }
            }
            422 => refresh::ask_for_more(invite, refusal).and_then(|i| wire.anew(i, &to)),
            _ => match self.talks.get_mut(response.fork) {
                Some(talk) if self.offer && talk.protection() == Protection::Either => {
                    talk.give_up_keys();
                    let sdp = talk.offer(wire);
                    wire.anew(invite.with_body(SDP, sdp), &to)
                }
                _ => None,
            },
        };
        let Some(again) = again else { return false };
        let owner = Owner::Invite { leg, fork: response.fork };
        match wire.request(now, again, to, owner) {
            Some(id) => {
                forks.again(response.fork, id);
                true
            }
            None => false,
        }
    }

    fn only_encrypted(&self, fork: usize) -> bool {
        self.talks.get(fork).is_some_and(|talk| talk.protection() == Protection::Only)
    }
}

/// A target of a trunk that was passed over said something after all: its call is wanted no more.
fn left_behind(
    now: Instant,
    wire: &mut Wire,
    forks: &mut Forks,
    response: &Response<'_>,
    code: u16,
) -> Outcome {
    match code {
        100..=199 => forks.ringing(now, wire, response.fork),
        200..=299 => {
            forks.over(response.fork);
            if let Some(invite) = wire.transactions.request_of(response.id).cloned() {
                wire.hang_up_answer(now, &invite, response.message, response.from);
            }
        }
        _ => forks.over(response.fork),
    }
    Outcome::Waits
}
