//! An INVITE that arrived and is not answered yet (RFC 3261 13.3, RFC 3262, RFC 3960).
//!
//! ```text
//!   INVITE --> ringing: 180, and again each 60 s
//!                |-- EarlyMedia --> 183 with our description (reliably, where the peer can)
//!                |-- Answer --> 200: a call that waits for its ACK
//!                |              (a 183 with a description waits for its PRACK first)
//!                |-- Refuse, HangUp, timer C --> 3xx-6xx
//!                '-- CANCEL, BYE --> 487
//! ```

mod within;

use super::call::{Call, Opening, announce, infos};
use super::leg::Within;
use super::party::Party;
use super::reason;
use super::refresh;
use super::reliable::{Reliably, Unpracked};
use super::session::{Talk, Unusable};
use super::wire::{ALLOW, SDP, Wire};
use crate::dialog::Dialog;
use crate::message::Message;
use crate::offer_answer::Protection;
use crate::sdp::Session;
use crate::transaction::TransactionId;
use crate::transaction::timers::Timer;
use model::{Cause, Instant, LegEvent, LegId};
use std::net::SocketAddr;
use std::time::Duration;

/// How often a caller that waits is told that it still rings (RFC 3261 13.3.1.1).
const REMIND: Duration = Duration::from_secs(60);

/// An INVITE that waits for its answer.
#[derive(Debug)]
pub struct Incoming {
    leg: LegId,
    transaction: TransactionId,
    invite: Message,
    /// What the INVITE describes; nothing where we have to offer.
    offer: Option<Session>,
    pub dialog: Dialog,
    pub party: Party,
    /// What may become of the sound, over the transport that the INVITE came by and our answer goes
    /// by, whatever way its Contact names for requests.
    protection: Protection,
    early: Option<Early>,
    reliably: Reliably,
    rseq: u32,
    unpracked: Option<Unpracked>,
    /// What is told once the PRACK came.
    next: Next,
    remind_at: Instant,
    give_up_at: Instant,
}

/// Sound before the answer.
#[derive(Debug)]
struct Early {
    talk: Talk,
    sdp: Vec<u8>,
    /// Both ends know that it stands, so the 200 says nothing of it.
    settled: bool,
}

/// What waits for a PRACK: the last wins, but for the address.
#[derive(Debug, Default)]
struct Next {
    ring: bool,
    early: Option<SocketAddr>,
    answer: Option<SocketAddr>,
}

/// An INVITE as it came, with what was found out of it.
#[derive(Debug)]
pub struct Arrived {
    pub transaction: TransactionId,
    pub invite: Message,
    pub offer: Option<Session>,
    pub dialog: Dialog,
    pub party: Party,
    pub protection: Protection,
}

/// What became of an answer.
#[derive(Debug)]
pub enum Answer {
    Call(Box<Call>),
    /// It is sent once the PRACK came.
    Waits,
    /// Both ends have no session in common.
    Refused(Unusable),
}

impl Incoming {
    /// Rings.
    pub fn ring(now: Instant, wire: &mut Wire, leg: LegId, arrived: Arrived) -> Self {
        let Arrived { transaction, invite, offer, dialog, party, protection } = arrived;
        let reliably = Reliably::asked(&invite);
        let rseq = wire.dice(1 << 30) as u32;
        let (remind_at, give_up_at) = (now + REMIND, now + Timer::C.first());
        let mut incoming = Self {
            leg,
            transaction,
            invite,
            offer,
            dialog,
            party,
            protection,
            early: None,
            reliably,
            rseq,
            unpracked: None,
            next: Next::default(),
            remind_at,
            give_up_at,
        };
        incoming.alert(now, wire);
        incoming
    }

    /// Tells that the far side rings.
    pub fn alert(&mut self, now: Instant, wire: &mut Wire) {
        self.remind_at = now + REMIND;
        match self.unpracked {
            Some(_) => self.next.ring = true,
            None => self.tell(now, wire, if self.has_to_offer() { 100 } else { 180 }, None),
        }
    }

    /// Opens the sound before the answer. A peer that offered nothing and cannot answer ours before
    /// the 200 goes without.
    pub fn open(&mut self, now: Instant, wire: &mut Wire, rtp: SocketAddr) {
        if self.early.is_some() {
            return;
        }
        if self.unpracked.is_some() {
            self.next.early = Some(rtp);
            return;
        }
        let mut talk = self.talk(wire, rtp);
        let (sdp, settled) = match &self.offer {
            Some(offer) => match talk.answer_read(wire, offer) {
                Ok((sdp, settled)) => (sdp, Some(settled)),
                Err(_) => return,
            },
            None if self.reliably == Reliably::Never => return,
            None => (talk.offer(wire), None),
        };
        self.tell(now, wire, 183, Some(sdp.clone()));
        self.early = Some(Early { talk, sdp, settled: false });
        if let Some(settled) = settled {
            announce(wire, self.leg, &self.dialog, settled);
        }
    }

    /// Answers with our session description.
    pub fn answer(&mut self, now: Instant, wire: &mut Wire, rtp: SocketAddr) -> Answer {
        // RFC 3262 section 3: no 2xx before a description is known to have come.
        if self.unpracked.as_ref().is_some_and(|sent| sent.with_media) {
            self.next.answer = Some(rtp);
            return Answer::Waits;
        }
        let (talk, sdp, settled, answered) = match self.early.take() {
            Some(early) if early.settled => (early.talk, None, None, true),
            Some(early) => (early.talk, Some(early.sdp), None, self.offer.is_some()),
            None => {
                let mut talk = self.talk(wire, rtp);
                match &self.offer {
                    Some(offer) => match talk.answer_read(wire, offer) {
                        Ok((sdp, settled)) => (talk, Some(sdp), Some(settled), true),
                        Err(unusable) => return Answer::Refused(unusable),
                    },
                    None => {
                        let sdp = talk.offer(wire);
                        (talk, Some(sdp), None, false)
                    }
                }
            }
        };
        let response = wire.accepting(&self.invite, &self.dialog, "");
        let (mut response, timer) = refresh::grant(now, wire.session_s, &self.invite, response);
        if let Some(sdp) = sdp {
            response = response.with_body(SDP, sdp);
        }
        let mut call = Call::new(Opening {
            leg: self.leg,
            placed: None,
            dialog: self.dialog.clone(),
            talk,
            party: self.party.clone(),
            updates: updates(&self.invite),
            infos: infos(&self.invite),
            timer,
        });
        call.answer(now, wire, self.transaction, response, !answered);
        if let Some(settled) = settled {
            announce(wire, self.leg, &self.dialog, settled);
        }
        if answered {
            call.offer_keys(wire);
            wire.event(self.leg, LegEvent::Answered);
        }
        Answer::Call(Box::new(call))
    }

    /// Refuses.
    pub fn refuse(&self, now: Instant, wire: &mut Wire, code: u16, cause: Cause) {
        let response = wire.response(&self.invite, code).with("Reason", reason::of(cause));
        wire.transactions.respond(now, self.transaction, &response);
    }

    /// Refuses since no session can be made any more, and says why (RFC 3261 20.43).
    pub fn refuse_description(&self, now: Instant, wire: &mut Wire, unusable: &Unusable) {
        let mut response = wire.refusal_of(&self.invite, unusable);
        if response.headers.get("Reason").is_none() {
            response = response.with("Reason", reason::of(Cause::NotAcceptable));
        }
        wire.transactions.respond(now, self.transaction, &response);
        wire.refused_description(unusable, self.party.via.clone());
    }

    /// Fires what is due; gives the code and cause to refuse with, where nobody answered for too
    /// long or the caller does not hear us.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) -> Option<(u16, Cause)> {
        if self.remind_at <= now {
            self.remind(now, wire);
        }
        let unpracked = &mut self.unpracked;
        if unpracked.as_mut().is_some_and(|sent| sent.tick(now, wire, self.transaction)) {
            wire.counters.unacknowledged += 1;
            return Some((504, Cause::Vanished));
        }
        (self.give_up_at <= now).then_some((480, Cause::NoAnswer))
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> (Instant, &'static str) {
        let first = (self.remind_at, "180 again");
        let first = first.min((self.give_up_at, "timer C of an INVITE that arrived"));
        let unpracked = self.unpracked.as_ref().map(Unpracked::deadline);
        unpracked.map_or(first, |at| first.min((at, "provisional response again until its PRACK")))
    }

    /// Says again what was said last, so that nobody on the way gives up.
    fn remind(&mut self, now: Instant, wire: &mut Wire) {
        match &self.early {
            Some(early) if self.unpracked.is_none() => {
                self.remind_at = now + REMIND;
                let sdp = (!early.settled).then(|| early.sdp.clone());
                self.tell(now, wire, 183, sdp);
            }
            _ => self.alert(now, wire),
        }
    }

    /// Tells whether the first reliable response to the INVITE has to carry our offer (RFC 3262 section
    /// 5): what goes without one, and may not go unreliably, is not said.
    fn has_to_offer(&self) -> bool {
        self.reliably == Reliably::Always && self.offer.is_none() && self.early.is_none()
    }

    fn talk(&self, wire: &mut Wire, rtp: SocketAddr) -> Talk {
        let rtp = wire.locals.media(rtp, &self.dialog.hop());
        let codecs = wire.codecs.clone().with_first(self.party.codec);
        Talk::new(wire, rtp, codecs, self.protection)
    }

    fn tell(&mut self, now: Instant, wire: &mut Wire, code: u16, sdp: Option<Vec<u8>>) {
        let contact = wire.contact_in(&self.dialog, "");
        let mut response = wire.response(&self.invite, code).with("Contact", contact);
        let reliably = code > 100 && self.reliably.takes(sdp.is_some());
        if let Some(sdp) = sdp {
            response = response.with_body(SDP, sdp);
        }
        if reliably {
            self.rseq += 1;
            let response = response.with("Allow", ALLOW);
            let sent = Unpracked::send(now, wire, self.transaction, response, self.rseq);
            self.unpracked = Some(sent);
        } else {
            wire.transactions.respond(now, self.transaction, &response);
        }
    }
}

/// Tells whether a peer takes UPDATE.
pub fn updates(message: &Message) -> bool {
    message.headers.words("Allow").any(|method| method == "UPDATE")
}

/// Refuses what comes too early (RFC 3261 14.2, RFC 3311 5.2).
pub fn later(now: Instant, wire: &mut Wire, request: &Within<'_>) {
    let wait = wire.dice(11).to_string();
    let response = wire.response(request.message, 500).with("Retry-After", wait);
    wire.transactions.respond(now, request.id, &response);
}
