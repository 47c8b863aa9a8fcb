//! The ACKs of answers to our INVITEs, kept as long as the answer may come again (RFC 3261
//! 13.2.2.4: each copy of a 2xx is acknowledged again, by the user and not by a transaction).

use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::timers::T1_X64;
use model::Instant;
use rsip::Method;
use std::collections::VecDeque;

/// Most ACKs kept; at it the oldest goes, and a copy of its 2xx stays without an ACK.
const ACKS_MAX: usize = 1024;

/// The kept ACKs, oldest first.
#[derive(Debug, Default)]
pub struct Acks(VecDeque<Kept>);

#[derive(Debug)]
struct Kept {
    answer: Answer,
    until: Instant,
    to: Peer,
    bytes: Vec<u8>,
}

/// What names a 2xx: its dialog and the INVITE's number.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    call_id: String,
    from_tag: Option<String>,
    to_tag: Option<String>,
    cseq: u32,
}

impl Answer {
    fn of(response: &Message) -> Option<Self> {
        let (cseq, method) = response.cseq()?;
        (method == Method::Invite && response.code().is_some_and(|c| (200..300).contains(&c))).then(
            || Self {
                call_id: response.call_id().to_owned(),
                from_tag: response.from_tag(),
                to_tag: response.to_tag(),
                cseq,
            },
        )
    }
}

impl Acks {
    /// Keeps the ACK of an answer for 64*T1; tells whether another gave way for it.
    pub fn keep(&mut self, now: Instant, answer: &Message, to: Peer, bytes: Vec<u8>) -> bool {
        let Some(answer) = Answer::of(answer) else { return false };
        while self.0.front().is_some_and(|old| old.until <= now) {
            self.0.pop_front();
        }
        let full = self.0.len() >= ACKS_MAX && self.0.pop_front().is_some();
        self.0.push_back(Kept { answer, until: now + T1_X64, to, bytes });
        full
    }

    /// Gives the ACK to send again if the response is an answer that was acknowledged before.
    pub fn again(&self, now: Instant, response: &Message) -> Option<(Peer, Vec<u8>)> {
        let answer = Answer::of(response)?;
        let kept = self.0.iter().rev().find(|kept| kept.answer == answer && kept.until > now)?;
        Some((kept.to, kept.bytes.clone()))
    }
}
