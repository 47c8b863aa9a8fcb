//! The first answer to an INVITE of ours, which makes it a call (RFC 3261 13.2.2.4).

use super::{Outcome, Outgoing, Response};
use crate::dialog::Dialog;
use crate::ua::call::{Call, Opening, announce, infos};
use crate::ua::forks::Forks;
use crate::ua::incoming::updates;
use crate::ua::reason;
use crate::ua::refresh;
use crate::ua::wire::Wire;
use model::{Cause, Instant, LegEvent, LegId};

impl Outgoing {
    /// The first answer is the call (RFC 3261 13.2.2.4).
    pub(super) fn answered(
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
                wire.refused_description(&unusable, self.party.via.clone());
                let why = reason::of(Cause::NotAcceptable);
                wire.part(now, &mut dialog, why, self.party.account.as_ref());
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
            infos: infos(answer),
            timer: refresh::agreed(now, wire.session_s, answer),
        });
        call.offer_keys(wire);
        wire.event(leg, LegEvent::Answered);
        Outcome::Answered(Box::new(call))
    }
}
