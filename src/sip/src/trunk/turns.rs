//! The targets of a trunk that a call tries, one after the other.
//!
//! ```text
//!   target --18x--> it works on the call: no other is tried unless it fails before ringing
//!      |----5xx, 408, connection lost----> next
//!      |----silence----------------------> next; what it says later is cancelled
//!      |----100, and silence-------------> next, so too
//!      |----401, 407, 422, 488-----------> asked again as it wants, and waited for anew
//!      '----2xx, 3xx, 4xx, 6xx-----------> that is the answer
//! ```
//!
//! A 100 says that a host is there, and nothing of the network behind it: it is waited for longer,
//! and not for ever, nor are many of its kind.

use crate::peer::Peer;
use crate::ua::cause;
use model::site::TrunkOut;
use model::{Cause, Instant};
use rsip::Uri;
use std::collections::VecDeque;
use std::time::Duration;

/// All targets together may be silent for so long; then the call fails, and another trunk may take
/// it. Of many targets those that are left then are not asked: what was silent is out for the next
/// call.
pub const FAILOVER_MAX: Duration = TrunkOut::SILENCE_MAX;
/// One target may be silent for so long where others are left.
const SILENCE_MAX: Duration = Duration::from_secs(2);
/// A target is given time for one INVITE lost (Timer A sends it again after 0.5 s).
const SILENCE_MIN: Duration = Duration::from_secs(1);

/// A target may say no more than 100 for so long.
pub const TRYING_MAX: Duration = TrunkOut::TRYING_MAX;
/// All targets together may go on without more than that for so long: two that only try, one after the
/// other. Who rings by then is waited for.
pub const SEARCH_MAX: Duration = TRYING_MAX.saturating_mul(2);

/// Which target a call is at, and which are left.
#[derive(Debug)]
pub struct Turns {
    left: VecDeque<(Uri, Peer)>,
    /// How long one may be silent.
    silence: Duration,
    /// How long all that are left may be silent.
    silence_left: Duration,
    /// When the search is over unless somebody rings; begins with the first target.
    until: Option<Instant>,
    fork: usize,
    watch: Watch,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// Any word.
    Word(Instant),
    /// More than a 100.
    Progress(Instant),
    Nothing,
}

impl Turns {
    /// Begins before the first of some targets.
    pub fn new(targets: Vec<(Uri, Peer)>) -> Self {
        let count = u32::try_from(targets.len()).unwrap_or(u32::MAX).max(1);
        let silence = match count {
            1 => FAILOVER_MAX,
            count => (FAILOVER_MAX / count).clamp(SILENCE_MIN, SILENCE_MAX),
        };
        let silence_left = FAILOVER_MAX;
        let (left, watch) = (targets.into(), Watch::Nothing);
        Self { left, silence, silence_left, until: None, fork: 0, watch }
    }

    /// The next target, which is sent to as that fork.
    pub fn next(&mut self, now: Instant, fork: usize) -> Option<(Uri, Peer)> {
        if matches!(self.watch, Watch::Word(until) if until <= now) {
            self.silence_left = self.silence_left.saturating_sub(self.silence);
        }
        self.watch = Watch::Nothing;
        let until = *self.until.get_or_insert(now + SEARCH_MAX);
        // Nor is one asked that would not be waited for.
        if self.silence_left < self.silence || until < now + self.silence {
            return None;
        }
        let target = self.left.pop_front()?;
        (self.fork, self.watch) = (fork, Watch::Word(now + self.silence));
        Some(target)
    }

    /// The target said something.
    pub fn heard(&mut self, now: Instant, code: u16) {
        self.watch = match (code, self.watch) {
            (100, Watch::Word(_)) => {
                let until = now + TRYING_MAX;
                Watch::Progress(self.until.map_or(until, |over| over.min(until)))
            }
            (100, watch) => watch,
            _ => Watch::Nothing,
        };
    }

    /// The target was asked again as its refusal wanted it: with a proof, or another description.
    /// It may be silent for as long as the first time.
    pub fn asked_again(&mut self, now: Instant) {
        self.watch = Watch::Word(now + self.silence);
    }

    /// Tells whether a fork is the one whose answer is wanted.
    pub fn is_at(&self, fork: usize) -> bool {
        self.fork == fork
    }

    /// The fork whose target was silent for too long.
    pub fn silent(&self, now: Instant) -> Option<usize> {
        self.deadline().filter(|until| *until <= now).map(|_| self.fork)
    }

    /// When the target was silent for too long.
    pub fn deadline(&self) -> Option<Instant> {
        match self.watch {
            Watch::Word(until) | Watch::Progress(until) => Some(until),
            Watch::Nothing => None,
        }
    }
}

/// Tells whether a refusal is the target's own failure and says nothing of who is called: another
/// target may do better. What a 4xx or 6xx says is true everywhere, and so is a Reason that tells
/// of a person.
pub fn is_targets_fault(code: u16, told: Option<Cause>) -> bool {
    let network = |told| matches!(told, Cause::Congestion | Cause::Failure | Cause::Unreachable);
    matches!(code, 408 | 500..=599) && told.is_none_or(network)
}

/// The cause that a trunk's refusal stands for. Where the trunk failed it is one that sends the
/// call to another trunk; where the far side did not want it, it is not.
pub fn cause_of(code: u16, told: Option<Cause>, rang: bool) -> Cause {
    match code {
        408 | 480 | 500..=599 if rang => Cause::NoAnswer,
        408 => Cause::Unreachable,
        480 => Cause::NoAnswer,
        // Nobody sends our calls elsewhere: a redirection is how toll fraud begins.
        300..=399 => Cause::NotFound,
        code => cause::of_refusal(code, told, rang),
    }
}
