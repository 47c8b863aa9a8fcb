//! The ACKs of answers to our INVITEs, kept as long as the answer may come again (RFC 3261
//! 13.2.2.4: each copy of a 2xx is acknowledged again, by the user and not by a transaction).

use super::wire::{SDP, Wire};
use crate::dialog::Dialog;
use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::timers::T1_X64;
use model::Instant;
use rsip::Method;
use std::collections::{BTreeMap, VecDeque};

/// Most ACKs kept: those of 1,000 calls a second; at it the oldest goes, and a copy of its 2xx stays
/// without an ACK.
const ACKS_MAX: usize = 32_768;

/// The kept ACKs.
#[derive(Debug, Default)]
pub struct Acks {
    of: BTreeMap<Answer, Kept>,
    /// The oldest first.
    order: VecDeque<(Instant, Answer)>,
}

#[derive(Debug)]
struct Kept {
    until: Instant,
    to: Peer,
    bytes: Vec<u8>,
}

/// What names a 2xx: its dialog and the INVITE's number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Answer {
    call_id: String,
    from_tag: Option<String>,
    to_tag: Option<String>,
    cseq: u32,
}

impl Answer {
    fn of(response: &Message) -> Option<Self> {
        if !response.code().is_some_and(|code| (200..300).contains(&code)) {
            return None;
        }
        let (cseq, method) = response.cseq()?;
        (method == Method::Invite).then(|| Self {
            call_id: response.call_id().to_owned(),
            from_tag: response.from_tag(),
            to_tag: response.to_tag(),
            cseq,
        })
    }
}

impl Acks {
    /// Keeps the ACK of an answer for 64*T1; tells whether another gave way for it.
    pub fn keep(&mut self, now: Instant, answer: &Message, to: Peer, bytes: Vec<u8>) -> bool {
        let Some(answer) = Answer::of(answer) else { return false };
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            self.let_go();
        }
        let full = self.order.len() >= ACKS_MAX;
        if full {
            self.let_go();
        }
        let until = now + T1_X64;
        self.order.push_back((until, answer.clone()));
        self.of.insert(answer, Kept { until, to, bytes });
        full
    }

    /// Gives the ACK to send again if the response is an answer that was acknowledged before.
    pub fn again(&self, now: Instant, response: &Message) -> Option<(Peer, Vec<u8>)> {
        let kept = self.of.get(&Answer::of(response)?).filter(|kept| kept.until > now)?;
        Some((kept.to, kept.bytes.clone()))
    }

    /// Lets the oldest go, unless the same answer was acknowledged anew since.
    fn let_go(&mut self) {
        let Some((until, answer)) = self.order.pop_front() else { return };
        if self.of.get(&answer).is_some_and(|kept| kept.until == until) {
            self.of.remove(&answer);
        }
    }
}

impl Wire {
    /// Acknowledges an answer to our INVITE, now and each time it comes again.
    pub fn acknowledge(
        &mut self,
        now: Instant,
        dialog: &Dialog,
        answer: &Message,
        sdp: Option<Vec<u8>>,
    ) {
        let Some((cseq, _)) = answer.cseq() else { return };
        let to = dialog.hop();
        let via = self.via(&to);
        let mut ack = dialog.ack(&via, cseq);
        for (header, proof) in self.proofs(answer, &to) {
            ack.headers.push(header, proof);
        }
        if let Some(sdp) = sdp {
            ack = ack.with_body(SDP, sdp);
        }
        let bytes = ack.encode();
        if self.acks.keep(now, answer, to, bytes.clone()) {
            self.counters.shed += 1;
        }
        self.send_bytes(to, bytes);
    }

    /// The proofs that the INVITE of an answer carried: its ACK has the same, for nobody can challenge
    /// that (RFC 3261 13.2.2.4). They go to the host that asked for them, not to a Contact that is
    /// elsewhere, where the password could be guessed from them.
    fn proofs(&self, answer: &Message, to: &Peer) -> Vec<(&'static str, String)> {
        let invite = self.transactions.answered_by(answer);
        let Some((invite, _)) = invite.filter(|(_, asked)| asked.ip() == to.ip()) else {
            return Vec::new();
        };
        let of = |header| Some((header, invite.headers.get(header)?.to_owned()));
        ["Authorization", "Proxy-Authorization"].into_iter().filter_map(of).collect()
    }

    /// Acknowledges an answer again, if it is one that came before.
    pub fn acknowledge_again(&mut self, now: Instant, answer: &Message) -> bool {
        let Some((to, bytes)) = self.acks.again(now, answer) else { return false };
        self.counters.absorbed += 1;
        self.send_bytes(to, bytes);
        true
    }
}
