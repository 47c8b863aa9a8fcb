//! PINs that were wrong: slowed at first, then locked, for the agent and for the phone alike.
//!
//! ```text
//!   (unknown) --wrong--> waits 1 s --wrong--> waits 2 s --wrong--> locked PIN_LOCK, each time
//!        ^                                                         twice as long, PIN_LOCK_MAX
//!        '------ right, or nothing wrong for PIN_FORGOTTEN -------'
//! ```
//!
//! While it waits or is locked no PIN is looked at, right or wrong, and the answer is that of a wrong
//! one. An agent whom the site does not have is counted as one with a PIN is, so that a guesser learns
//! neither numbers nor PINs. A phone may be wrong more often: many sit down at it.

use model::{AgentId, Instant, PhoneId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Wrong PINs for an agent, one after another, after which none is looked at for `PIN_LOCK`.
pub const WRONG_PINS_MAX: u32 = 3;
/// Wrong PINs at a phone, for whomever.
pub const WRONG_AT_PHONE_MAX: u32 = 6;
/// How long the first time.
pub const PIN_LOCK: Duration = Duration::from_secs(60);
/// How long at most.
pub const PIN_LOCK_MAX: Duration = Duration::from_secs(3600);
/// After so long without a wrong one all is forgotten.
pub const PIN_FORGOTTEN: Duration = Duration::from_secs(2 * 3600);
/// Most agents and phones remembered; past it the one that was wrong longest ago is forgotten.
pub const GUESSED_MAX: usize = 4096;

/// Whose PIN, or where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Agent(AgentId),
    Phone(PhoneId),
}

#[derive(Clone, Copy, Debug)]
struct Guess {
    wrong: u32,
    locks: u32,
    at: Instant,
    waits_until: Instant,
}

/// What was wrong of late.
#[derive(Debug, Default)]
pub(crate) struct Guesses(BTreeMap<Of, Guess>);

/// A lock that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    /// The agent's PIN; else the phone.
    pub agent: bool,
    pub time: Duration,
}

impl Guesses {
    /// Tells whether no PIN is looked at now.
    pub fn waits(&self, now: Instant, agent: &AgentId, phone: &PhoneId) -> bool {
        let of = [Of::Agent(agent.clone()), Of::Phone(phone.clone())];
        of.iter().any(|of| self.0.get(of).is_some_and(|guess| guess.waits_until > now))
    }

    /// Notes a wrong one; gives the locks that begin.
    pub fn wrong(&mut self, now: Instant, agent: &AgentId, phone: &PhoneId) -> Vec<Locked> {
        let agents = (Of::Agent(agent.clone()), WRONG_PINS_MAX, true);
        let phones = (Of::Phone(phone.clone()), WRONG_AT_PHONE_MAX, false);
        let each = [agents, phones].into_iter();
        each.filter_map(|(of, most, agent)| {
            let time = self.count(now, of, most)?;
            Some(Locked { agent, time })
        })
        .collect()
    }

    /// Forgets what was wrong of an agent: the PIN was right. The phone's is kept, since who has one
    /// PIN may guess at another.
    pub fn right(&mut self, agent: &AgentId) {
        self.0.remove(&Of::Agent(agent.clone()));
    }

    fn count(&mut self, now: Instant, of: Of, most: u32) -> Option<Duration> {
        let fresh = Guess { wrong: 0, locks: 0, at: now, waits_until: now };
        let guess = self.0.entry(of).or_insert(fresh);
        if now.since(guess.at) >= PIN_FORGOTTEN {
            *guess = fresh;
        }
        guess.at = now;
        guess.wrong += 1;
        let mut locked = None;
        let wait = if guess.wrong >= most {
            let time = (PIN_LOCK * (1 << guess.locks.min(6))).min(PIN_LOCK_MAX);
            (guess.wrong, guess.locks) = (0, guess.locks.saturating_add(1));
            locked = Some(time);
            time
        } else {
            Duration::from_secs(1) * (1 << (guess.wrong - 1).min(1))
        };
        guess.waits_until = now + wait;
        if self.0.len() > GUESSED_MAX {
            let oldest = self.0.iter().min_by_key(|(_, guess)| guess.at).map(|(of, _)| of.clone());
            oldest.map(|of| self.0.remove(&of));
        }
        locked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    #[test]
    fn an_agent_is_locked_at_the_third_and_each_time_twice_as_long_up_to_an_hour() {
        let (mut guesses, agent, phone) = (Guesses::default(), "8001".into(), PhoneId::new("1"));
        let (mut now, mut locks) = (0, Vec::new());
        for n in 0..30 {
            while guesses.waits(at(now), &agent, &phone) {
                now += 1;
            }
            // Each at a phone of its own.
            let phone = PhoneId::new(&format!("{}", 100 + n));
            for locked in guesses.wrong(at(now), &agent, &phone) {
                assert!(locked.agent);
                locks.push(locked.time.as_secs());
            }
        }
        assert_eq!(locks, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]);
        assert!(guesses.0.len() <= GUESSED_MAX);
    }

    #[test]
    fn a_phone_is_locked_at_the_sixth_whomever_it_tries() {
        let (mut guesses, phone) = (Guesses::default(), PhoneId::new("8001"));
        let mut locked = Vec::new();
        for n in 0..6 {
            let agent = AgentId::new(&format!("90{n}"));
            locked.extend(guesses.wrong(at(n * 10), &agent, &phone));
        }
        assert_eq!(locked, [Locked { agent: false, time: PIN_LOCK }]);
        assert!(guesses.waits(at(60), &"8002".into(), &phone), "whomever it asks for");
        assert!(!guesses.waits(at(60), &"8002".into(), &"8009".into()));
    }

    #[test]
    fn a_wrong_pin_costs_a_second_and_the_next_two() {
        let (mut guesses, agent, phone) = (Guesses::default(), "8001".into(), "8002".into());
        guesses.wrong(at(0), &agent, &phone);
        assert!(guesses.waits(Instant::from_millis(999), &agent, &phone));
        assert!(!guesses.waits(at(1), &agent, &phone));
        guesses.wrong(at(1), &agent, &phone);
        assert!(guesses.waits(at(2), &agent, &phone) && !guesses.waits(at(3), &agent, &phone));
        guesses.right(&agent);
        assert!(!guesses.waits(at(3), &agent, &phone));
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let mut guesses = Guesses::default();
        for n in 0..GUESSED_MAX as u64 + 10 {
            guesses.wrong(at(n), &AgentId::new(&format!("{n}")), &"8001".into());
        }
        assert_eq!(guesses.0.len(), GUESSED_MAX);
    }
}
