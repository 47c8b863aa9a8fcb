//! The registration of the box with a carrier, which is kept for as long as the site wants it.
//!
//! ```text
//!   Trying --200--> held, renewed by itself after 4/5 of the time granted
//!     ^  |--403, 408, 5xx, wrong password--> Waiting
//!     '---- back-off is over, at the next target ----'
//! ```
//!
//! The back-off is that of RFC 5626 section 4.5: 30 s doubled with each failure in a row, at most
//! 30 minutes, and of that a random part between a half and the whole.

use crate::message::Message;
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::ua::register::{Registration, Verdict};
use crate::ua::wire::Wire;
use model::site::TrunkAccount;
use model::{Instant, PhoneId};
use std::time::Duration;

/// The wait after the first failure.
const BASE_S: u64 = 30;
/// The longest wait.
const LONGEST_S: u64 = 1800;
/// The longest wait after a connection dropped, the first time.
const CUT_MS: u64 = 2000;
/// A registration whose connection lasted so long is steady (RFC 5626 section 4.5).
const STEADY: Duration = Duration::from_secs(120);

/// The registration of one trunk.
#[derive(Debug)]
pub struct Enrolment {
    no: u32,
    account: TrunkAccount,
    targets: Vec<Peer>,
    at: usize,
    failures: u32,
    registration: Option<Registration>,
    again_at: Option<Instant>,
    /// What the carrier said last, where it was no.
    refusal: Option<u16>,
    /// It is being taken back.
    leaving: bool,
    /// The old registration of the same line that is taken back first.
    after: Option<u32>,
    /// How often its connection dropped in a row, and when that was last.
    cuts: u32,
    cut_at: Option<Instant>,
}

impl Enrolment {
    /// Prepares to register at the first of some targets; `tick` sends it.
    pub fn new(now: Instant, no: u32, account: TrunkAccount, targets: Vec<Peer>) -> Self {
        let again_at = Some(now);
        Self {
            no,
            account,
            targets,
            at: 0,
            failures: 0,
            registration: None,
            again_at,
            refusal: None,
            leaving: false,
            after: None,
            cuts: 0,
            cut_at: None,
        }
    }

    /// Begins once another is over.
    pub fn after(self, after: Option<u32>) -> Self {
        Self { after, ..self }
    }

    /// That one is over.
    pub fn may_begin(&mut self, now: Instant, gone: u32) {
        if self.after == Some(gone) {
            (self.after, self.again_at) = (None, Some(now));
        }
    }

    /// Tells whether a carrier could take one for the other.
    pub fn is_same_line(&self, other: &Self) -> bool {
        let shared = self.targets.iter().any(|target| other.targets.contains(target));
        shared && self.account.user == other.account.user
    }

    /// A connection closed. What was registered by it is so anew within 2 s, and later each time
    /// where it drops again within 2 minutes (RFC 5626 section 4.5): no sooner than all who lost
    /// the same carrier at once, and no more often than that bears.
    pub fn cut(&mut self, now: Instant, wire: &mut Wire, flow: Peer) {
        let Some(registration) = &mut self.registration else { return };
        if self.leaving || !registration.is_held_at(&flow) {
            return;
        }
        let again = self.cut_at.is_some_and(|at| now.since(at) < STEADY);
        self.cuts = if again { self.cuts.saturating_add(1) } else { 0 };
        let most_ms = (CUT_MS << self.cuts.min(11)).min(LONGEST_S * 1000);
        let wait = Duration::from_millis(most_ms / 2 + wire.dice(most_ms / 2 + 1));
        self.cut_at = Some(now + wait);
        registration.renew_at(now + wait);
    }

    /// The number that its transactions are known by.
    pub fn no(&self) -> u32 {
        self.no
    }

    /// Why the trunk is not registered; nothing where it is, or is yet to be.
    pub fn refusal(&self) -> Option<u16> {
        self.refusal
    }

    /// Registers where it is time, for the first time or again.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        if self.after.is_none() && self.again_at.is_some_and(|at| at <= now) {
            self.again_at = None;
            self.begin(now, wire);
        } else if let Some(registration) = &mut self.registration {
            registration.tick(now, wire);
        }
    }

    fn begin(&mut self, now: Instant, wire: &mut Wire) {
        let count = self.targets.len().max(1);
        let Some(target) = self.targets.get(self.at % count).copied() else { return };
        let user = PhoneId::new(&self.account.user);
        let mut registration =
            Registration::new(wire, self.no, target, user).in_realm(self.account.realm.clone());
        if !self.account.domain.is_empty() {
            registration = registration.in_domain(&self.account.domain);
        }
        registration.set(now, wire, self.account.password.clone(), self.account.expires_s);
        self.registration = Some(registration);
    }

    /// Takes a response.
    pub fn response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) {
        let Some(registration) = &mut self.registration else { return };
        match registration.response(now, wire, id, response) {
            Verdict::Waits => {}
            Verdict::Granted(_) => (self.failures, self.refusal) = (0, None),
            Verdict::Over(Ok(_)) => self.registration = None,
            Verdict::Over(Err(_)) if self.leaving => self.registration = None,
            Verdict::Over(Err(code)) => self.failed(now, wire, code, response.retry_after()),
        }
    }

    /// It came to nothing: the next target is tried after a while.
    pub fn failed(&mut self, now: Instant, wire: &mut Wire, code: u16, retry_after_s: Option<u32>) {
        self.registration = None;
        if self.leaving {
            return;
        }
        self.refusal = Some(code);
        self.at = self.at.wrapping_add(1);
        let doubled = BASE_S.saturating_mul(1 << self.failures.min(6)).min(LONGEST_S);
        self.failures = self.failures.saturating_add(1);
        let part = doubled * 500 + wire.dice(doubled * 500 + 1);
        let asked = u64::from(retry_after_s.unwrap_or(0)).min(LONGEST_S) * 1000;
        self.again_at = Some(now + Duration::from_millis(part.max(asked)));
    }

    /// Takes the registration back. A challenge to that is still answered where it is kept.
    pub fn leave(&mut self, now: Instant, wire: &mut Wire) {
        if std::mem::replace(&mut self.leaving, true) {
            return;
        }
        self.again_at = None;
        if let Some(registration) = &mut self.registration {
            registration.set(now, wire, self.account.password.clone(), 0);
        }
    }

    /// Tells whether the carrier knows us no more, or was never told of us.
    pub fn has_left(&self) -> bool {
        self.registration.is_none()
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<Instant> {
        let renewal = self.registration.as_ref().and_then(|held| held.deadline());
        let begin = self.again_at.filter(|_| self.after.is_none());
        [begin, renewal.map(|(at, _)| at)].into_iter().flatten().min()
    }
}
