//! How much one address may ask: bounded in connections, requests and wrong credentials.

use model::Instant;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Addresses that are remembered; the one quiet for longest goes first.
const SOURCES_MAX: usize = 4096;
/// Connections of one address at once. A phone has one, at most two.
const OPEN_MAX: u16 = 8;
/// Connections and requests of one address: so many at once, and so many a second after that.
const REQUESTS_BURST: u32 = 32;
const REQUESTS_PER_S: u32 = 2;
/// Wrong credentials within `FAILURES_FOR` before an address is left out for `BAN`.
const FAILURES_MAX: u8 = 10;
const FAILURES_FOR: Duration = Duration::from_secs(600);
const BAN: Duration = Duration::from_secs(600);

/// What became of a wrong credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Counted,
    Banned,
}

#[derive(Default)]
pub struct Sources {
    table: BTreeMap<IpAddr, Source>,
}

struct Source {
    open: u16,
    last: Instant,
    tokens: u32,
    /// When the last token was added.
    filled: Instant,
    failures: u8,
    failing_since: Instant,
    banned_until: Option<Instant>,
}

impl Sources {
    /// Tells whether a connection may begin; it must be given back by `leave` then.
    pub fn arrive(&mut self, now: Instant, from: IpAddr) -> bool {
        let source = self.source(now, from);
        // A handshake costs more than a request: it takes from the same measure.
        let free = source.open < OPEN_MAX && source.take(now);
        if free {
            source.open += 1;
        }
        free
    }

    /// A connection ended.
    pub fn leave(&mut self, now: Instant, from: IpAddr) {
        let source = self.source(now, from);
        source.open = source.open.saturating_sub(1);
    }

    /// Tells whether a request may be answered.
    pub fn ask(&mut self, now: Instant, from: IpAddr) -> bool {
        self.source(now, from).take(now)
    }

    /// Counts a wrong credential.
    pub fn failed(&mut self, now: Instant, from: IpAddr) -> Verdict {
        let source = self.source(now, from);
        if now.since(source.failing_since) > FAILURES_FOR {
            (source.failures, source.failing_since) = (0, now);
        }
        source.failures = source.failures.saturating_add(1);
        if source.failures < FAILURES_MAX {
            return Verdict::Counted;
        }
        source.failures = 0;
        source.banned_until = Some(now + BAN);
        Verdict::Banned
    }

    /// The row of an address; what its time is over of is forgotten.
    fn source(&mut self, now: Instant, from: IpAddr) -> &mut Source {
        let from = network(from);
        if !self.table.contains_key(&from) && self.table.len() >= SOURCES_MAX {
            let idle = self.table.iter().filter(|(_, source)| source.open == 0);
            // A banned address is kept before others, for forgetting it would end its ban.
            let oldest =
                idle.min_by_key(|(_, source)| (source.banned_until.is_some(), source.last));
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.table.remove(&oldest);
            }
        }
        let source = self.table.entry(from).or_insert(Source {
            open: 0,
            last: now,
            tokens: REQUESTS_BURST,
            filled: now,
            failures: 0,
            failing_since: now,
            banned_until: None,
        });
        source.last = now;
        if source.banned_until.is_some_and(|until| until <= now) {
            source.banned_until = None;
        }
        source
    }
}

impl Source {
    /// Takes a token, if the source may have one.
    fn take(&mut self, now: Instant) -> bool {
        let seconds = now.since(self.filled).as_secs();
        if seconds > 0 {
            let more = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(REQUESTS_PER_S);
            self.tokens = self.tokens.saturating_add(more).min(REQUESTS_BURST);
            self.filled = now;
        }
        if self.banned_until.is_some() || self.tokens == 0 {
            return false;
        }
        self.tokens -= 1;
        true
    }
}

/// Whom an address counts as: a whole /64 of IPv6, since one machine has all of it.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => {
            let mut parts = six.segments();
            parts[4..].fill(0);
            IpAddr::V6(Ipv6Addr::from(parts))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }
    fn one() -> IpAddr {
        IpAddr::from([192, 0, 2, 7])
    }

    #[test]
    fn a_source_has_so_many_connections_and_gets_one_back_when_one_ends() {
        let mut sources = Sources::default();
        for _ in 0..OPEN_MAX {
            assert!(sources.arrive(at(0), one()));
        }
        assert!(!sources.arrive(at(0), one()));
        assert!(sources.arrive(at(0), IpAddr::from([192, 0, 2, 8])), "others are not concerned");
        sources.leave(at(1), one());
        assert!(sources.arrive(at(1), one()));
    }

    #[test]
    fn requests_are_slowed_and_come_back_with_time() {
        let mut sources = Sources::default();
        let asked = (0..100).filter(|_| sources.ask(at(0), one())).count();
        assert_eq!(asked, 32);
        assert!(sources.ask(at(1), one()) && sources.ask(at(1), one()));
        assert!(!sources.ask(at(1), one()));
    }

    #[test]
    fn guessing_is_banned_for_a_while_and_ends_with_the_while() {
        let mut sources = Sources::default();
        for _ in 1..FAILURES_MAX {
            assert_eq!(sources.failed(at(5), one()), Verdict::Counted);
        }
        assert_eq!(sources.failed(at(5), one()), Verdict::Banned);
        assert!(!sources.arrive(at(604), one()) && !sources.ask(at(604), one()));
        assert!(sources.arrive(at(605), one()));
    }

    #[test]
    fn a_few_wrong_credentials_in_a_day_ban_nobody() {
        let mut sources = Sources::default();
        for hour in 0..100 {
            assert_eq!(sources.failed(at(hour * 3600), one()), Verdict::Counted);
        }
    }

    #[test]
    fn the_table_is_bounded_and_a_ban_outlives_a_crowd() {
        let mut sources = Sources::default();
        for _ in 0..FAILURES_MAX {
            sources.failed(at(0), one());
        }
        for n in 0..20_000_u32 {
            sources.ask(at(1), IpAddr::from(n.to_be_bytes()));
        }
        assert_eq!(sources.table.len(), SOURCES_MAX);
        assert!(!sources.arrive(at(2), one()));
    }

    #[test]
    fn one_machine_of_ipv6_is_one_source() {
        let six = |text: &str| network(text.parse().unwrap());
        assert_eq!(six("2001:db8::1"), six("2001:db8::ffff:1"));
        assert_ne!(six("2001:db8::1"), six("2001:db8:0:1::1"));
        assert_eq!(six("::ffff:192.0.2.7"), one());
    }
}
