//! Suspects: sources that gave wrong passwords, slowed first and banned then.
//!
//! ```text
//!   (unknown) --3 wrong--> slowed: judged once in 1 s, then 2, 4 … 32 s
//!        ^                    | 10 wrong
//!        |                    v
//!        '-- one a minute -- banned 10 min, each time twice as long, up to a day
//!            is forgiven
//! ```
//!
//! How many wrong ones ban, and for how long at first, is the site's to say; so are networks of which
//! nobody is banned, but slowed all the same.
//!
//! A right password takes nothing back: who has one account may still guess at another. Who proved a
//! password from an address is judged there whatever its neighbours do, so nobody is locked out by
//! a guesser behind the same router.

use crate::source::Source;
use model::Instant;
use model::site::Guarding;
use std::collections::BTreeMap;
use std::time::Duration;

/// Wrong passwords before a source is slowed.
pub const FREE: u32 = 3;
/// In this time one wrong password is forgiven.
pub const FORGIVEN: Duration = Duration::from_secs(60);
/// The longest ban.
pub const BAN_MAX: Duration = Duration::from_secs(24 * 3600);
/// Most sources remembered; at it the one heard of longest ago is forgotten, its ban with it.
pub const SUSPECTS_MAX: usize = 16_384;

/// What was wrong of one source.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    wrong: u32,
    at: Instant,
    bans: u32,
    slow_until: Instant,
    banned_until: Instant,
    /// Its place in the order of the last hearing.
    place: u64,
}

/// The sources that gave wrong passwords.
#[derive(Debug, Default)]
pub struct Suspects {
    of: BTreeMap<Source, Suspect>,
    order: BTreeMap<u64, Source>,
    next: u64,
    guarding: Guarding,
}

impl Suspects {
    /// Begins with nobody heard of.
    pub fn new(guarding: Guarding) -> Self {
        Self { guarding, ..Self::default() }
    }

    /// Tells whether nothing of a source is taken.
    pub fn is_banned(&self, now: Instant, source: Source) -> bool {
        self.of.get(&source).is_some_and(|suspect| suspect.banned_until > now)
    }

    /// Tells whether a password of a source is to be judged now, or has to wait.
    pub fn may_try(&self, now: Instant, source: Source) -> bool {
        self.of.get(&source).is_none_or(|suspect| suspect.slow_until <= now)
    }

    /// Notes a wrong password; gives until when the source is banned for it.
    pub fn wrong(&mut self, now: Instant, source: Source) -> Option<Instant> {
        self.next += 1;
        let fresh = Suspect {
            wrong: 0,
            at: now,
            bans: 0,
            slow_until: now,
            banned_until: now,
            place: self.next,
        };
        let suspect = self.of.entry(source).or_insert(fresh);
        self.order.remove(&suspect.place);
        suspect.place = self.next;
        self.order.insert(self.next, source);
        let forgiven = now.since(suspect.at).as_secs() / FORGIVEN.as_secs();
        let forgiven = u32::try_from(forgiven).unwrap_or(u32::MAX);
        suspect.wrong = suspect.wrong.saturating_sub(forgiven).saturating_add(1);
        suspect.at = now;
        if suspect.wrong >= FREE {
            let doublings = (suspect.wrong - FREE).min(5);
            suspect.slow_until = now + Duration::from_secs(1) * (1 << doublings);
        }
        let mut banned = None;
        let Guarding { wrong_passwords, ban, trusted, .. } = &self.guarding;
        let is_trusted = trusted.iter().any(|(net, bits)| source.is_in(*net, *bits));
        if suspect.wrong >= *wrong_passwords && !is_trusted {
            suspect.banned_until = now + ban.saturating_mul(1 << suspect.bans.min(8)).min(BAN_MAX);
            suspect.bans = suspect.bans.saturating_add(1);
            suspect.wrong = FREE;
            banned = Some(suspect.banned_until);
        }
        if self.of.len() > SUSPECTS_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.of.remove(&oldest);
        }
        banned
    }

    /// Sources remembered.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Tells whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    const NOW: Instant = Instant::from_millis(1000);

    fn source(n: u32) -> Source {
        Source::of(IpAddr::from(n.to_be_bytes()))
    }

    fn after(seconds: u64) -> Instant {
        NOW + Duration::from_secs(seconds)
    }

    /// When each of the first tries of a source that always tries again at once is judged, in
    /// seconds, and when it is banned.
    fn guess(suspects: &mut Suspects, mut at: u64) -> (Vec<u64>, u64) {
        let mut judged = Vec::new();
        loop {
            if suspects.may_try(after(at), source(1)) {
                judged.push(at);
                if let Some(until) = suspects.wrong(after(at), source(1)) {
                    return (judged, until.since(NOW).as_secs());
                }
            } else {
                at += 1;
            }
        }
    }

    #[test]
    fn a_guesser_is_slowed_after_three_and_banned_after_ten() {
        let mut suspects = Suspects::default();
        let (judged, until) = guess(&mut suspects, 0);
        assert_eq!(judged[..5], [0, 0, 0, 1, 3]);
        assert!(judged.len() <= 13, "{judged:?}");
        let banned_at = *judged.last().unwrap();
        assert_eq!(until - banned_at, 600);
        assert!(suspects.is_banned(after(until - 1), source(1)));
        assert!(!suspects.is_banned(after(until), source(1)));
    }

    #[test]
    fn who_comes_back_after_a_ban_is_banned_for_twice_as_long() {
        let mut suspects = Suspects::default();
        let (_, until) = guess(&mut suspects, 0);
        let (judged, again) = guess(&mut suspects, until);
        assert_eq!(again - judged.last().unwrap(), 1200);
    }

    #[test]
    fn a_wrong_password_a_minute_is_a_person_and_no_guesser() {
        let mut suspects = Suspects::default();
        for minute in 0..120 {
            assert!(suspects.may_try(after(60 * minute), source(1)));
            assert_eq!(suspects.wrong(after(60 * minute), source(1)), None);
        }
    }

    #[test]
    fn the_list_has_an_end_and_forgets_who_was_heard_of_longest_ago() {
        let mut suspects = Suspects::default();
        for n in 0..=SUSPECTS_MAX as u32 {
            suspects.wrong(NOW, source(n));
        }
        assert_eq!(suspects.len(), SUSPECTS_MAX);
    }

    #[test]
    fn a_site_says_how_many_ban_and_for_how_long_and_whom_never() {
        let guarding = Guarding {
            wrong_passwords: 4,
            ban: Duration::from_secs(60),
            trusted: vec![("10.0.0.0".parse().unwrap(), 8)],
            ..Guarding::default()
        };
        let mut suspects = Suspects::new(guarding);
        let ours = Source::of("10.1.2.3".parse().unwrap());
        let foreign = Source::of("203.0.113.9".parse().unwrap());
        for n in 1..=20 {
            assert_eq!(suspects.wrong(NOW, ours), None);
            let banned = suspects.wrong(NOW, foreign);
            assert_eq!(banned.is_some(), n >= 4, "{n}");
            if n == 4 {
                assert_eq!(banned, Some(NOW + Duration::from_secs(60)));
            }
        }
        assert!(!suspects.is_banned(NOW, ours) && suspects.is_banned(NOW, foreign));
        assert!(!suspects.may_try(NOW, ours), "slowed all the same");
    }
}
