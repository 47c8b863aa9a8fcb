//! The targets of a trunk, which are asked one after the other.
//!
//! ```text
//!   first --silent for too long, or at fault--> next --> ... --> none is left: gone
//!     '-- what it says afterwards is cancelled or hung up
//! ```

use super::{Outcome, Outgoing, Response};
use crate::offer_answer::Protection;
use crate::peer::Peer;
use crate::trunk::Turns;
use crate::ua::forks::Forks;
use crate::ua::invitation::{Invitation, Names};
use crate::ua::session::Talk;
use crate::ua::wire::{Owner, SDP, Wire};
use model::{Cause, Instant, LegId};
use rsip::Uri;

/// What is sent to the next target of a trunk.
#[derive(Debug)]
pub(super) struct Later {
    pub turns: Turns,
    invitation: Invitation,
    names: Names,
}

/// Whether another target of a trunk was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Asked,
    /// Those that are left would have the sound in clear where that is forbidden.
    Clear,
    None,
}

impl Outgoing {
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

    /// Sends the INVITE to the next of a trunk's targets.
    pub(super) fn next_target(
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
                forks.add(now, id);
                self.talks.push(talk);
                return Next::Asked;
            }
        }
        next
    }

    /// Goes on to a phone's next connection or a trunk's next target if this one was silent for too
    /// long, and waits no more for a phone that is. What they say afterwards is cancelled.
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
        while let Some(fork) = forks.silent(now) {
            forks.leave(now, wire, fork);
            self.earlies.forget_fork(wire, fork);
            if let Outcome::Gone(cause) = self.weigh(forks, 408, None) {
                return Outcome::Gone(cause);
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
}

/// A target of a trunk that was passed over said something after all: its call is wanted no more.
pub(super) fn left_behind(
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
                let account = forks.account.as_ref();
                wire.hang_up_answer(now, &invite, response.message, response.from, account);
            }
        }
        _ => forks.over(response.fork),
    }
    Outcome::Waits
}
