//! An INVITE of ours that was refused as it was, and is sent again as it is wanted.

use super::{Outgoing, Response, TRIES_MAX};
use crate::message::Message;
use crate::offer_answer::Protection;
use crate::transaction::TransactionId;
use crate::ua::forks::Forks;
use crate::ua::proof;
use crate::ua::refresh;
use crate::ua::wire::{Owner, SDP, Wire};
use model::{Instant, LegId};

impl Outgoing {
    /// Sends the INVITE again as the refusal asks: with the password's proof (RFC 3261 22.2), for a
    /// longer session (RFC 4028 7.3), or with sound in clear.
    pub(super) fn try_again(
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
        self.tries = self.tries.saturating_add(1);
        if self.tries > TRIES_MAX * self.talks.len() {
            return false;
        }
        let again = match code {
            401 | 407 => self.party.account.as_ref().and_then(|account| {
                let again = proof::of_challenged(wire, response.id, refusal, account);
                again.map(|(invite, _)| invite)
            }),
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
                forks.again(now, response.fork, id);
                if let Some(later) = &mut self.later {
                    later.turns.asked_again(now);
                }
                true
            }
            None => false,
        }
    }

    /// Sends our PRACK again with the proof that a trunk of ours asks for.
    pub fn prack_challenged(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        id: TransactionId,
        challenge: &Message,
    ) {
        self.tries = self.tries.saturating_add(1);
        if self.tries > TRIES_MAX * self.talks.len() {
            return;
        }
        let account = self.party.account.as_ref();
        let again = account.and_then(|of| proof::of_challenged(wire, id, challenge, of));
        let Some((again, to)) = again else { return };
        self.earlies.counted(&again);
        wire.request(now, again, to, Owner::Prack { leg });
    }

    pub(super) fn only_encrypted(&self, fork: usize) -> bool {
        self.talks.get(fork).is_some_and(|talk| talk.protection() == Protection::Only)
    }
}
