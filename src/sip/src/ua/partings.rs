//! BYEs of calls that are no leg's any more: an answer that came too late, or that could not be used.
//!
//! ```text
//!   BYE --401, 407 of a trunk of ours--> BYE with the proof --> over
//!    '---- anything else, or nothing --> over
//! ```
//!
//! A carrier whose challenge nobody answers lets the call stand, and bills it.

use super::party::Account;
use super::proof;
use super::reason;
use super::wire::{Owner, Wire};
use crate::dialog::Dialog;
use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::TransactionId;
use model::Instant;
use std::collections::BTreeMap;

/// Most of them at a time; beyond, a BYE goes out all the same, and its challenge is not answered.
const PARTINGS_MAX: usize = 256;

/// Whom each BYE on its way may be proved to.
#[derive(Debug, Default)]
pub struct Partings {
    of: BTreeMap<u64, Account>,
    last: u64,
}

impl Wire {
    /// Acknowledges and hangs up an answer that nobody wants: of a second fork, or of an INVITE
    /// that was cancelled too late (RFC 3261 13.2.2.4).
    pub fn hang_up_answer(
        &mut self,
        now: Instant,
        invite: &Message,
        answer: &Message,
        from: Peer,
        account: Option<&Account>,
    ) {
        let Some(mut dialog) = Dialog::of_client(invite, answer, from) else { return };
        self.counters.forks_hung_up += 1;
        self.acknowledge(now, &dialog, answer, None);
        self.part(now, &mut dialog, reason::ELSEWHERE, account);
    }

    /// Says BYE in a dialog that is nobody's, and proves it where the other end is a trunk of ours
    /// that asks for that.
    pub fn part(
        &mut self,
        now: Instant,
        dialog: &mut Dialog,
        why: &str,
        account: Option<&Account>,
    ) {
        let asked = account.filter(|account| account.secret_for(&dialog.hop()).is_some());
        let Some(account) = asked.filter(|_| self.partings.of.len() < PARTINGS_MAX) else {
            self.bye(now, dialog, why, Owner::Nobody);
            return;
        };
        self.partings.last += 1;
        let no = self.partings.last;
        if self.bye(now, dialog, why, Owner::Parting { no }).is_some() {
            self.partings.of.insert(no, account.clone());
        }
    }

    /// Takes the answer to such a BYE. It is proved once: the same password would fail again.
    pub fn parted(&mut self, now: Instant, no: u64, id: TransactionId, response: &Message) {
        let code = response.code().unwrap_or(500);
        if code < 200 {
            return;
        }
        let Some(account) = self.partings.of.remove(&no) else { return };
        if matches!(code, 401 | 407)
            && let Some((again, to)) = proof::of_challenged(self, id, response, &account)
        {
            self.request(now, again, to, Owner::Nobody);
        }
    }

    /// Nobody answered it.
    pub fn parting_lost(&mut self, no: u64) {
        self.partings.of.remove(&no);
    }
}
