//! The early dialogs of an INVITE of ours: one for each phone behind a fork that rings (RFC 3261
//! 12.1, 13.2.2.1), its reliable responses and its sound before the answer (RFC 3262, 3960).

use super::call::announce;
use super::incoming::updates;
use super::leg::{Within, reply};
use super::outgoing::Response;
use super::reliable;
use super::session::{Settled, Talk};
use super::wire::{Owner, SDP, Wire};
use crate::dialog::{Dialog, DialogId};
use crate::message::Message;
use crate::peer::Peer;
use model::{Instant, LegId};
use rsip::Method;

/// Most early dialogs of a leg; those above are known to ring and no more.
const EARLY_MAX: usize = 8;

/// The early dialogs of a leg.
#[derive(Debug, Default)]
pub struct Earlies(Vec<Early>);

/// A phone that rings and told its end of the dialog.
#[derive(Debug)]
pub struct Early {
    fork: usize,
    pub dialog: Dialog,
    pub talk: Talk,
    /// What its description came to, once that stands.
    pub settled: Option<Settled>,
    pub updates: bool,
    /// The number of the last response that was acknowledged.
    rseq: Option<u32>,
}

/// What a provisional response told: nothing where it came before, or out of order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// It was a 180: no other progress says that it rings (RFC 3261 21.1).
    pub rings: bool,
    /// Sound comes.
    pub sounds: bool,
}

impl Earlies {
    /// Takes a provisional response above 100; `talk` is our side of the fork's session, `offered`
    /// where its INVITE carried our offer.
    pub fn response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        response: &Response<'_>,
        talk: &Talk,
        offered: bool,
    ) -> Told {
        let message = response.message;
        let mut told = Told { rings: message.code() == Some(180), sounds: false };
        let Some(early) = self.of(wire, leg, response, talk) else { return told };
        let number = reliable::rseq(message);
        if let Some(number) = number {
            // RFC 3262 section 4
            if early.rseq.is_some_and(|last| last.checked_add(1) != Some(number)) {
                return Told::default();
            }
            early.rseq = Some(number);
        }
        early.updates |= updates(message);
        let is_sdp = message.content_type().as_deref() == Some(SDP) && !message.body.is_empty();
        let mut answer = None;
        if is_sdp && early.settled.is_none() {
            let settled = match (offered, number) {
                (true, Some(_)) => early.talk.answered(&message.body).ok(),
                // The answer itself is the 2xx; so much is told of it.
                (true, None) => early.talk.clone().answered(&message.body).ok(),
                (false, Some(_)) => early.talk.answer(wire, &message.body).ok().map(|(sdp, s)| {
                    answer = Some(sdp);
                    s
                }),
                (false, None) => None,
            };
            if let Some(settled) = settled {
                told.sounds = true;
                if number.is_some() {
                    early.settled = Some(settled.clone());
                }
                announce(wire, leg, &early.dialog, settled);
            }
        }
        if let Some(number) = number {
            let hop = early.dialog.hop();
            let via = wire.via(&hop);
            let rack = reliable::rack_of(number, message);
            let mut prack = early.dialog.request(Method::PRack, &via).with("RAck", rack);
            if let Some(sdp) = answer {
                prack = prack.with_body(SDP, sdp);
            }
            wire.request(now, prack, hop, Owner::Prack { leg });
        }
        told
    }

    /// A request of ours went out within one of them, made elsewhere.
    pub fn counted(&mut self, request: &Message) {
        let Some((to_tag, (cseq, _))) = request.to_tag().zip(request.cseq()) else { return };
        let mut same = self.0.iter_mut().filter(|early| early.dialog.id().remote_tag == to_tag);
        if let Some(early) = same.next() {
            early.dialog.counted(cseq);
        }
    }

    /// Takes a request within an early dialog: UPDATE alone makes sense there (RFC 3311 5.2).
    pub fn request(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        offered: bool,
        request: &Within<'_>,
    ) {
        let id = DialogId::of_request(request.message);
        let early = self.0.iter_mut().find(|early| Some(early.dialog.id()) == id.as_ref());
        let Some(early) = early.filter(|_| request.message.method() == Some(Method::Update)) else {
            return reply(now, wire, request, 481);
        };
        if early.dialog.sequence(request.message).is_err() {
            return reply(now, wire, request, 500);
        }
        let body = &request.message.body;
        let mut response = wire.response(request.message, 200);
        if !body.is_empty() {
            if early.settled.is_none() {
                // Our offer waits for its answer, or there is none yet.
                return reply(now, wire, request, if offered { 491 } else { 500 });
            }
            match early.talk.answer(wire, body) {
                Ok((sdp, settled)) => {
                    response = response.with_body(SDP, sdp);
                    early.dialog.refresh(request.message, request.from);
                    early.settled = Some(settled.clone());
                    announce(wire, leg, &early.dialog, settled);
                }
                Err(unusable) => {
                    let response = wire.refusal_of(request.message, &unusable);
                    return wire.transactions.respond(now, request.id, &response);
                }
            }
        }
        early.dialog.refresh(request.message, request.from);
        let response = response.with("Contact", wire.contact_in(&early.dialog, ""));
        wire.transactions.respond(now, request.id, &response);
    }

    /// Where the far end of one of them is.
    pub fn source(&self, id: &DialogId) -> Option<Peer> {
        let early = self.0.iter().find(|early| early.dialog.id() == id)?;
        Some(early.dialog.source())
    }

    /// Takes the one that a 2xx confirms out.
    pub fn confirmed(&mut self, id: &DialogId) -> Option<Early> {
        let place = self.0.iter().position(|early| early.dialog.id() == id)?;
        Some(self.0.swap_remove(place))
    }

    /// Forgets those of a fork.
    pub fn forget_fork(&mut self, wire: &mut Wire, fork: usize) {
        self.0.retain(|early| {
            let keep = early.fork != fork;
            if !keep {
                wire.dialogs.remove(early.dialog.id());
            }
            keep
        });
    }

    /// Forgets all of them.
    pub fn forget(&mut self, wire: &mut Wire) {
        for early in self.0.drain(..) {
            wire.dialogs.remove(early.dialog.id());
        }
    }

    fn of(
        &mut self,
        wire: &mut Wire,
        leg: LegId,
        response: &Response<'_>,
        talk: &Talk,
    ) -> Option<&mut Early> {
        let tag = response.message.to_tag()?;
        let known =
            |early: &Early| early.fork == response.fork && early.dialog.id().remote_tag == tag;
        if let Some(place) = self.0.iter().position(known) {
            return self.0.get_mut(place);
        }
        if self.0.len() >= EARLY_MAX {
            return None;
        }
        let invite = wire.transactions.request_of(response.id)?;
        let dialog = Dialog::of_client(invite, response.message, response.from)?;
        wire.dialogs.insert(dialog.id().clone(), leg);
        let (fork, talk) = (response.fork, talk.clone());
        let (settled, updates, rseq) = (None, false, None);
        self.0.push(Early { fork, dialog, talk, settled, updates, rseq });
        self.0.last_mut()
    }
}
