//! INVITEs of ours that nobody answered in time: an answer that comes all the same is acknowledged and
//! hung up, or the far end talks to nobody (RFC 3261 13.2.2.4).

use super::wire::Wire;
use crate::message::Message;
use crate::peer::Peer;
use model::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// How long one is kept.
const KEPT: Duration = Duration::from_secs(180);
/// Most of them; at it the oldest goes, and its late answer is passed over.
const LATE_MAX: usize = 256;

/// The INVITEs, the oldest first: until when, where it went, what.
#[derive(Debug, Default)]
pub struct Late(VecDeque<(Instant, Peer, Message)>);

impl Wire {
    /// Keeps an INVITE that nobody answered.
    pub fn unanswered(&mut self, now: Instant, to: Peer, invite: Message) {
        let late = &mut self.late.0;
        while late.len() >= LATE_MAX || late.front().is_some_and(|(until, ..)| *until <= now) {
            late.pop_front();
        }
        late.push_back((now + KEPT, to, invite));
    }

    /// Hangs up the answer to an INVITE that was given up.
    pub fn hang_up_late(&mut self, now: Instant, answer: &Message, from: Peer) {
        let branch = |message: &Message| message.via().and_then(|v| v.branch().map(str::to_owned));
        let Some(of) = branch(answer) else { return };
        if !answer.code().is_some_and(|code| (200..300).contains(&code)) {
            return;
        }
        // What was asked under protection is not answered without it.
        let fits = |(until, to, invite): &&(Instant, Peer, Message)| {
            let safe = from.transport.secure() || !to.transport.secure();
            safe && *until > now && branch(invite).as_ref() == Some(&of)
        };
        let invite = self.late.0.iter().find(fits).map(|(_, _, invite)| invite.clone());
        if let Some(invite) = invite.filter(|invite| invite.cseq() == answer.cseq()) {
            self.hang_up_answer(now, &invite, answer, from, None);
        }
    }
}
