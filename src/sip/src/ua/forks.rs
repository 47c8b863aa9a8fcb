//! The INVITEs that open one leg, one for each address of a phone.
//!
//! ```text
//!   sent --1xx--> ringing --2xx--> answered: the first is the leg, another is hung up
//!     |              |    --3xx-6xx, nobody there--> over
//!     |--of a phone: no word for 5 s, or 4 s where another refused--> left
//!     +--abandoned, left--+--CANCEL--> (487 | 2xx: ACK + BYE | nothing for 64*T1) --> over
//! ```
//!
//! A CANCEL waits for the first provisional response (RFC 3261 9.1).

use super::party::{Account, Party};
use super::wire::{Owner, Wire};
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::transaction::timers::T1_X64;
use model::Instant;
use std::time::Duration;

/// How long a phone may say nothing at all to an INVITE, which it was sent four times by then (Timer
/// A): one that is there says 100 or 180 at once (RFC 3261 17.2.1).
pub const SILENT_MAX: Duration = Duration::from_secs(5);
/// How long, where another address of the same phone refused the call: that is told soon.
pub const SILENT_BESIDE_MAX: Duration = Duration::from_secs(4);

/// The forks of a leg. A fork keeps its place for as long as the leg is kept.
#[derive(Debug, Default)]
pub struct Forks {
    list: Vec<Fork>,
    /// Why no answer is wanted any more (RFC 3326), once none is.
    abandoned: Option<Option<&'static str>>,
    /// They are a phone's, which may not be silent for long.
    of_phone: bool,
    /// What the BYE of an answer that nobody wants is proved with, where it is challenged.
    pub account: Option<Account>,
}

#[derive(Debug)]
struct Fork {
    invite: TransactionId,
    sent_at: Instant,
    over: bool,
    ringing: bool,
    /// Nobody wants its answer any more, though another fork's is wanted.
    left: bool,
    /// When a cancelled one is given up, though nobody said its end.
    until: Option<Instant>,
}

impl Forks {
    /// Begins without any, at who is called and may ask for the proof of its account.
    pub fn towards(party: &Party) -> Self {
        let account = party.account.clone();
        Self { account, of_phone: party.is_phone(), ..Self::default() }
    }

    /// The place of the next fork.
    pub fn next(&self) -> usize {
        self.list.len()
    }

    /// Adds a fork whose INVITE was sent.
    pub fn add(&mut self, now: Instant, invite: TransactionId) {
        self.list.push(Fork::sent(now, invite));
    }

    /// Takes a new INVITE for a fork whose first one was challenged.
    pub fn again(&mut self, now: Instant, fork: usize, invite: TransactionId) {
        if let Some(fork) = self.list.get_mut(fork) {
            *fork = Fork::sent(now, invite);
        }
    }

    /// A fork rings, or at least somebody works on it.
    pub fn ringing(&mut self, now: Instant, wire: &mut Wire, fork: usize) {
        let Some(fork) = self.list.get_mut(fork) else { return };
        fork.ringing = true;
        let left = fork.left.then_some(None);
        if let Some(reason) = self.abandoned.or(left) {
            fork.cancel(now, wire, reason);
        }
    }

    /// Wants a fork's answer no more: it is cancelled as soon as that may be.
    pub fn leave(&mut self, now: Instant, wire: &mut Wire, fork: usize) {
        let Some(fork) = self.list.get_mut(fork) else { return };
        fork.left = true;
        if fork.ringing {
            fork.cancel(now, wire, None);
        }
    }

    /// A phone's fork that said nothing for too long.
    pub fn silent(&self, now: Instant) -> Option<usize> {
        self.list.iter().position(|fork| self.silence_of(fork).is_some_and(|until| until <= now))
    }

    /// The INVITEs of a phone that nobody said a word to for too long, once that is found of one: by
    /// connections too that were left for others.
    pub fn silent_invites(&self, now: Instant) -> Vec<TransactionId> {
        if self.silent(now).is_none() {
            return Vec::new();
        }
        let silent = |fork: &&Fork| match self.silence_of(fork) {
            Some(until) => until <= now,
            None => fork.left && !(fork.over || fork.ringing),
        };
        self.list.iter().filter(silent).map(|fork| fork.invite).collect()
    }

    /// When the next one said nothing for too long.
    pub fn silence_ends(&self) -> Option<Instant> {
        self.list.iter().filter_map(|fork| self.silence_of(fork)).min()
    }

    /// Until when a word of a fork is waited for.
    fn silence_of(&self, fork: &Fork) -> Option<Instant> {
        let waits = self.of_phone && self.wanted() && !(fork.over || fork.ringing || fork.left);
        waits.then(|| fork.sent_at + self.patience())
    }

    fn patience(&self) -> Duration {
        match self.list.iter().any(|fork| fork.over) {
            true => SILENT_BESIDE_MAX,
            false => SILENT_MAX,
        }
    }

    /// Where a fork's INVITE went.
    pub fn peer(&self, wire: &Wire, fork: usize) -> Option<Peer> {
        wire.transactions.peer(self.list.get(fork)?.invite)
    }

    /// A fork was answered, refused or given up.
    pub fn over(&mut self, fork: usize) {
        if let Some(fork) = self.list.get_mut(fork) {
            fork.over = true;
        }
    }

    /// Tells whether all of them are over.
    pub fn all_over(&self) -> bool {
        self.list.iter().all(|fork| fork.over)
    }

    /// Tells whether all of them are over whose answer was wanted.
    pub fn all_refused(&self) -> bool {
        self.list.iter().all(|fork| fork.over || fork.left)
    }

    /// Tells whether a fork's answer is wanted no more, though another's is.
    pub fn is_left(&self, fork: usize) -> bool {
        self.list.get(fork).is_some_and(|fork| fork.left)
    }

    /// Tells whether an answer is still wanted.
    pub fn wanted(&self) -> bool {
        self.abandoned.is_none()
    }

    /// Cancels what is not over.
    pub fn abandon(&mut self, now: Instant, wire: &mut Wire, reason: Option<&'static str>) {
        self.abandoned = Some(reason);
        for fork in self.list.iter_mut().filter(|fork| fork.ringing) {
            fork.cancel(now, wire, reason);
        }
    }

    /// Gives up the cancelled ones that nobody ended in time (RFC 3261 9.1); one that is answered
    /// after all is hung up.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        for fork in self.list.iter_mut().filter(|fork| !fork.over) {
            if fork.until.is_some_and(|until| until <= now) {
                let (id, account) = (fork.invite, self.account.clone());
                let invite = wire.transactions.request_of(id).cloned();
                if let Some((to, invite)) = wire.transactions.peer(id).zip(invite) {
                    wire.unanswered(now, to, invite, account);
                }
                wire.transactions.forget(id);
                fork.over = true;
            }
        }
    }

    /// When the next one is given up.
    pub fn deadline(&self) -> Option<Instant> {
        self.list.iter().filter(|fork| !fork.over).filter_map(|fork| fork.until).min()
    }
}

impl Fork {
    fn sent(sent_at: Instant, invite: TransactionId) -> Self {
        Self { invite, sent_at, over: false, ringing: false, left: false, until: None }
    }

    fn cancel(&mut self, now: Instant, wire: &mut Wire, reason: Option<&'static str>) {
        if !self.over && self.until.is_none() {
            wire.transactions.cancel(now, self.invite, Owner::Nobody, reason);
            self.until = Some(now + T1_X64);
        }
    }
}
