//! An INVITE of ours that nobody answered yet, sent to each address of a phone (RFC 3261 13.2).
//!
//! ```text
//!   INVITE x n --18x--> ringing --2xx--> ACK: a call; the others are cancelled
//!                          |-- refused by all, nobody there, 6xx by one --> gone
//!                          '-- HangUp, timer C --> CANCEL
//! ```

use super::call::Call;
use super::cause;
use super::forks::Forks;
use super::session::Talk;
use super::wire::{Owner, SDP, Wire};
use crate::address::Address;
use crate::dialog::Dialog;
use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::transaction::timers::Timer;
use crate::uri;
use model::{Cause, Instant, LegEvent, LegId, PhoneId, Secret};
use rsip::{Method, Scheme, Uri};
use std::net::SocketAddr;

/// Told to the other phones of an agent, so that they show no missed call (RFC 3326).
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";
/// How often one leg answers a challenge: the first one and two stale nonces.
const TRIES_MAX: u8 = 3;

/// What an INVITE of ours says, whatever address it goes to.
#[derive(Debug)]
pub struct Invitation {
    pub from: Address,
    /// Who calls as the box vouches for it (RFC 3325); only towards our own phones.
    pub asserted: bool,
    /// The user part of our Contact.
    pub contact: String,
    pub rtp: SocketAddr,
    /// Whether the INVITE carries the offer.
    pub offer: bool,
    /// What a challenge is answered with.
    pub account: Option<(PhoneId, Secret)>,
}

/// A leg that we open and nobody answered yet.
#[derive(Debug)]
pub struct Outgoing {
    talk: Talk,
    contact: String,
    offer: bool,
    account: Option<(PhoneId, Secret)>,
    challenges: u8,
    rang: bool,
    refusal: Option<u16>,
    give_up_at: Instant,
}

/// What became of a leg that we open.
#[derive(Debug)]
pub enum Outcome {
    Waits,
    Answered(Box<Call>),
    Gone(Cause),
}

/// A response to one fork's INVITE.
pub struct Response<'a> {
    pub fork: usize,
    pub id: TransactionId,
    pub message: &'a Message,
    pub from: Peer,
}

impl Outgoing {
    /// Sends the INVITE to each target: its address and where that is reached. Nothing where none
    /// could be sent.
    pub fn invite(
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        invitation: Invitation,
        targets: &[(Uri, Peer)],
    ) -> Option<Self> {
        let mut talk = Talk::new(wire.dice(1 << 31), invitation.rtp);
        let sdp = invitation.offer.then(|| talk.offer());
        let call_id = format!("{}@{}", wire.token(), wire.local.ip());
        let from = invitation.from.tagged(&wire.token());
        let cseq = 1 + wire.dice(1 << 16);
        for (uri, to) in targets {
            let via = wire.via(to);
            let mut invite = Message::request(Method::Invite, uri.clone());
            invite.headers.push_front("Via", via.to_string());
            let mut invite = invite
                .with("From", from.to_string())
                .with("To", Address::new(uri.clone()).to_string())
                .with("Call-ID", call_id.clone())
                .with("CSeq", format!("{cseq} INVITE"))
                .with("Contact", contact_of(wire, uri, to, &invitation.contact))
                .with("Allow", super::wire::ALLOW);
            if invitation.asserted {
                let who = Address { params: Vec::new(), ..from.clone() };
                invite.headers.push("P-Asserted-Identity", who.to_string());
            }
            if let Some(sdp) = &sdp {
                invite = invite.with_body(SDP, sdp.clone());
            }
            let owner = Owner::Invite { leg, fork: forks.next() };
            if let Some(id) = wire.request(now, invite, *to, owner) {
                forks.add(id);
            }
        }
        (forks.next() > 0).then(|| Self {
            talk,
            contact: invitation.contact,
            offer: invitation.offer,
            account: invitation.account,
            challenges: 0,
            rang: false,
            refusal: None,
            give_up_at: now + Timer::C.first(),
        })
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
        match response.message.code().unwrap_or(500) {
            code @ 100..=199 => {
                forks.ringing(now, wire, response.fork);
                if code > 100 && !self.rang {
                    self.rang = true;
                    wire.event(leg, LegEvent::Ringing);
                }
                Outcome::Waits
            }
            200..=299 => {
                forks.over(response.fork);
                self.answered(now, wire, leg, forks, response)
            }
            401 | 407 if self.try_again(now, wire, leg, forks, response) => Outcome::Waits,
            code => self.refused(now, wire, forks, response.fork, code),
        }
    }

    /// Takes the end of a fork that nobody answered or that was refused.
    pub fn refused(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        forks: &mut Forks,
        fork: usize,
        code: u16,
    ) -> Outcome {
        forks.over(fork);
        let heavier = self.refusal.is_none_or(|old| cause::weight(code) > cause::weight(old));
        if heavier {
            self.refusal = Some(code);
        }
        // A 6xx speaks for the person, wherever else it rings (RFC 3261 16.7 step 5).
        if code >= 600 {
            forks.abandon(now, wire, None);
            return Outcome::Gone(cause::of_status(code, self.rang));
        }
        match forks.all_over() {
            true => Outcome::Gone(cause::of_status(self.refusal.unwrap_or(code), self.rang)),
            false => Outcome::Waits,
        }
    }

    /// When nobody picked up for too long.
    pub fn deadline(&self) -> (Instant, &'static str) {
        (self.give_up_at, "timer C of an INVITE of ours")
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
        forks.abandon(now, wire, Some(ELSEWHERE));
        let dialog = wire
            .transactions
            .request_of(response.id)
            .and_then(|invite| Dialog::of_client(invite, answer, response.from));
        let Some(mut dialog) = dialog else { return Outcome::Gone(Cause::Failure) };
        let settled = match self.offer {
            true => self.talk.answered(&answer.body).map(|settled| (None, settled)),
            false => self.talk.answer(&answer.body).map(|(sdp, settled)| (Some(sdp), settled)),
        };
        let Ok((sdp, settled)) = settled else {
            wire.acknowledge(now, &dialog, answer, None);
            wire.bye(now, &mut dialog);
            return Outcome::Gone(Cause::NotAcceptable);
        };
        wire.acknowledge(now, &dialog, answer, sdp);
        let talk = std::mem::replace(&mut self.talk, Talk::new(0, wire.local));
        let call = Call::new(leg, Some(&self.contact), dialog, talk);
        call.announce(wire, settled);
        wire.event(leg, LegEvent::Answered);
        Outcome::Answered(Box::new(call))
    }

    /// Sends the INVITE again with the password's proof (RFC 3261 22.2).
    fn try_again(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        leg: LegId,
        forks: &mut Forks,
        response: &Response<'_>,
    ) -> bool {
        let invite = wire.transactions.request_of(response.id).cloned();
        let tried = invite.as_ref().is_some_and(|i| wire.was_refused(i, response.message));
        self.challenges += 1;
        let account = self.account.clone();
        let Some((user, secret)) = account.filter(|_| !tried && self.challenges <= TRIES_MAX)
        else {
            return false;
        };
        let Some(to) = wire.transactions.peer(response.id) else { return false };
        let again = invite.and_then(|i| wire.with_proof(i, response.message, &to, &user, &secret));
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
}

/// Our Contact in an INVITE: sips where that is what is asked for (RFC 3261 8.1.1.8).
fn contact_of(wire: &Wire, target: &Uri, to: &Peer, user: &str) -> String {
    let mut at = wire.contact_uri(to, user);
    if uri::is_sips(target) {
        at.scheme = Some(Scheme::Sips);
        at.params.clear();
    }
    Address::new(at).to_string()
}
