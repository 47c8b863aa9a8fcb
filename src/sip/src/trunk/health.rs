//! Whether a target of a trunk is well: asked by OPTIONS, and seen in calls (RFC 3261 11).
//!
//! ```text
//!        MISSES in a row: no answer, 408, 503
//!    Up ------------------------------------> Down
//!       <------------------------------------
//!        HITS in a row: any other answer
//! ```
//!
//! While it is in doubt it is asked more often. A 503 with Retry-After leaves it alone until then
//! (RFC 3261 21.5.4).

use model::Instant;
use std::time::Duration;

/// So many failures in a row take a target out.
const MISSES: u8 = 2;
/// So many answers in a row bring it back.
const HITS: u8 = 2;
/// How long an answer is waited for.
const ANSWER_MAX: Duration = Duration::from_secs(4);
/// How often a target in doubt is asked.
const DOUBT_EVERY: Duration = Duration::from_secs(5);
/// The longest a peer's Retry-After is heeded.
const HELD_MAX: Duration = Duration::from_secs(600);

/// The health of one target.
#[derive(Debug)]
pub struct Health {
    /// Zero where it is never asked.
    every: Duration,
    up: bool,
    misses: u8,
    hits: u8,
    next_at: Option<Instant>,
    asked: Option<Asked>,
    held_until: Option<Instant>,
    why: String,
}

/// An OPTIONS that was sent.
#[derive(Clone, Copy, Debug)]
struct Asked {
    no: u64,
    until: Instant,
}

impl Health {
    /// Takes the target to be well; it is asked first after `jitter`.
    pub fn new(now: Instant, every: Duration, jitter: Duration) -> Self {
        let next_at = (!every.is_zero()).then(|| now + jitter);
        Self {
            every,
            up: true,
            misses: 0,
            hits: 0,
            next_at,
            asked: None,
            held_until: None,
            why: String::new(),
        }
    }

    /// Tells whether a call may go there.
    pub fn is_well(&self, now: Instant) -> bool {
        self.up && self.held_until.is_none_or(|until| until <= now)
    }

    /// Why it is not.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// Tells whether it is time to ask; the answer is waited for under that number.
    pub fn ask(&mut self, now: Instant, no: u64) -> bool {
        let due = self.asked.is_none() && self.next_at.is_some_and(|at| at <= now);
        if due {
            self.next_at = None;
            self.asked = Some(Asked { no, until: now + ANSWER_MAX });
        }
        due
    }

    /// Tells whether this number's answer is waited for.
    pub fn waits_for(&self, no: u64) -> bool {
        self.asked.is_some_and(|asked| asked.no == no)
    }

    /// The number of an OPTIONS that nobody answered in time; it counts as a failure.
    pub fn unanswered(&mut self, now: Instant) -> Option<u64> {
        let asked = self.asked.filter(|asked| asked.until <= now)?;
        self.failed(now, "no answer to OPTIONS", None);
        Some(asked.no)
    }

    /// Takes the answer of an OPTIONS: whoever refuses it is there all the same.
    pub fn answered(&mut self, now: Instant, code: u16, retry_after_s: Option<u32>) {
        match code {
            408 => self.failed(now, "408 to OPTIONS", None),
            503 => self.failed(now, "503 to OPTIONS", retry_after_s),
            _ => self.answers(now),
        }
    }

    /// It answered: a call, or an OPTIONS.
    pub fn answers(&mut self, now: Instant) {
        self.asked = None;
        self.misses = 0;
        self.held_until = None;
        self.hits = self.hits.saturating_add(1);
        if self.hits >= HITS && !self.up {
            self.up = true;
        }
        self.again(now);
    }

    /// It failed: a call, or an OPTIONS.
    pub fn failed(&mut self, now: Instant, why: &str, retry_after_s: Option<u32>) {
        self.asked = None;
        self.hits = 0;
        self.misses = self.misses.saturating_add(1);
        why.clone_into(&mut self.why);
        if let Some(seconds) = retry_after_s.filter(|seconds| *seconds > 0) {
            let held = Duration::from_secs(seconds.into()).min(HELD_MAX);
            self.held_until = Some(now + held);
        }
        // One that is never asked could never come back.
        if self.misses >= MISSES && !self.every.is_zero() {
            self.up = false;
        }
        self.again(now);
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<Instant> {
        let asked = self.asked.map(|asked| asked.until);
        [self.next_at, asked, self.held_until].into_iter().flatten().min()
    }

    /// Forgets a hold that is over, so that the target is looked at again.
    pub fn release(&mut self, now: Instant) {
        self.held_until = self.held_until.filter(|until| *until > now);
    }

    fn again(&mut self, now: Instant) {
        if self.every.is_zero() {
            return;
        }
        let sure = if self.up { self.misses == 0 } else { self.hits == 0 && self.misses > MISSES };
        let wait = if sure { self.every } else { self.every.min(DOUBT_EVERY) };
        let at = now + wait;
        self.next_at = Some(self.held_until.map_or(at, |held| held.max(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(30);

    fn at(s: u64) -> Instant {
        Instant::START + Duration::from_secs(s)
    }

    #[test]
    fn one_lost_answer_is_no_outage_and_two_are() {
        let mut health = Health::new(at(0), EVERY, Duration::from_secs(1));
        assert!(!health.ask(at(0), 1) && health.ask(at(1), 1) && health.waits_for(1));
        assert_eq!(health.unanswered(at(4)), None);
        assert_eq!(health.unanswered(at(5)), Some(1));
        assert!(health.is_well(at(5)));
        // In doubt it is asked soon again.
        assert!(health.ask(at(10), 2));
        assert_eq!(health.unanswered(at(14)), Some(2));
        assert!(!health.is_well(at(14)));
        assert_eq!(health.why(), "no answer to OPTIONS");
    }

    #[test]
    fn one_answer_is_no_recovery_and_two_are() {
        let mut health = Health::new(at(0), EVERY, Duration::ZERO);
        health.failed(at(0), "503 to a call", None);
        health.failed(at(0), "503 to a call", None);
        assert!(!health.is_well(at(0)));
        health.answered(at(5), 404, None);
        assert!(!health.is_well(at(5)));
        health.answered(at(10), 200, None);
        assert!(health.is_well(at(10)));
        assert_eq!(health.deadline(), Some(at(40)));
    }

    #[test]
    fn retry_after_is_heeded_and_bounded() {
        let mut health = Health::new(at(0), EVERY, Duration::ZERO);
        health.answered(at(0), 503, Some(60));
        assert!(!health.is_well(at(59)) && health.is_well(at(60)));
        assert!(!health.ask(at(59), 1));
        health.answered(at(60), 503, Some(1_000_000));
        health.answered(at(61), 200, None);
        health.answered(at(62), 200, None);
        assert!(health.is_well(at(62)));
        health.failed(at(70), "503 to a call", Some(u32::MAX));
        assert!(!health.is_well(at(669)) && health.is_well(at(670)));
    }

    #[test]
    fn a_target_that_is_never_asked_is_held_but_not_given_up() {
        let mut health = Health::new(at(0), Duration::ZERO, Duration::ZERO);
        for _ in 0..5 {
            health.failed(at(1), "no answer to a call", None);
        }
        assert!(health.is_well(at(1)) && health.deadline().is_none());
        health.failed(at(1), "503 to a call", Some(10));
        assert!(!health.is_well(at(1)) && health.is_well(at(11)));
    }
}
