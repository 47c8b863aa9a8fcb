//! INVITEs of ours that nobody answered in time: an answer that comes all the same is acknowledged and
//! hung up, or the far end talks to nobody (RFC 3261 13.2.2.4).

use super::party::Account;
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

/// The INVITEs, the oldest first.
#[derive(Debug, Default)]
pub struct Late(VecDeque<Kept>);

#[derive(Debug)]
struct Kept {
    until: Instant,
    to: Peer,
    invite: Message,
    /// What the BYE is proved with, where it is challenged.
    account: Option<Account>,
}

impl Wire {
    /// Keeps an INVITE that nobody answered.
    pub fn unanswered(
        &mut self,
        now: Instant,
        to: Peer,
        invite: Message,
        account: Option<Account>,
    ) {
        let late = &mut self.late.0;
        while late.len() >= LATE_MAX || late.front().is_some_and(|kept| kept.until <= now) {
            late.pop_front();
        }
        late.push_back(Kept { until: now + KEPT, to, invite, account });
    }

    /// Hangs up the answer to an INVITE that was given up.
    pub fn hang_up_late(&mut self, now: Instant, answer: &Message, from: Peer) {
        let branch = |message: &Message| message.via().and_then(|v| v.branch().map(str::to_owned));
        let Some(of) = branch(answer) else { return };
        if !answer.code().is_some_and(|code| (200..300).contains(&code)) {
            return;
        }
        // What was asked under protection is not answered without it.
        let fits = |kept: &&Kept| {
            let safe = from.transport.secure() || !kept.to.transport.secure();
            safe && kept.until > now && branch(&kept.invite).as_ref() == Some(&of)
        };
        let kept = self.late.0.iter().find(fits).filter(|kept| kept.invite.cseq() == answer.cseq());
        if let Some((invite, account)) =
            kept.map(|kept| (kept.invite.clone(), kept.account.clone()))
        {
            self.hang_up_answer(now, &invite, answer, from, account.as_ref());
        }
    }
}
