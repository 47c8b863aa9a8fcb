//! Sources and how fast each may come: what limits against a flood count by.
//!
//! ```text
//!   message --its source has a token?--> taken
//!      ^                '--no--> shed
//!      '-- a token comes back each 1/rate s, up to the burst
//! ```

use model::Instant;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// A source of messages: an IPv4 address, or the 64 bits of an IPv6 address that one site is given,
/// below which anybody may take as many addresses as he likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The source that an address belongs to.
    pub fn of(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        })
    }

    /// Tells whether it is in a network, of which so many bits count.
    pub fn is_in(&self, net: IpAddr, bits: u8) -> bool {
        crate::peer::within(net, bits, self.0)
    }
}

impl fmt::Display for Source {
    /// Writes `192.0.2.9` or `2001:db8::/64`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => write!(f, "{v4}"),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

/// How fast one source may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_s: u32,
    /// At once, after a silence.
    pub burst: u32,
}

impl Rate {
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_s.max(1)
    }
}

/// One bucket of tokens: the time at which it will be full again says all.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// Begins full.
    pub fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, now: Instant, rate: Rate) -> bool {
        let from = self.full_at.max(now);
        let full_at = from + rate.interval();
        let room = full_at.since(now) <= rate.interval() * rate.burst.max(1);
        if room {
            self.full_at = full_at;
        }
        room
    }
}

/// The buckets of many sources, the one heard of longest ago forgotten first.
#[derive(Debug)]
pub struct Buckets {
    rate: Rate,
    sources_max: usize,
    of: BTreeMap<Source, (Bucket, u64)>,
    order: BTreeMap<u64, Source>,
    next: u64,
}

impl Buckets {
    /// Starts with none.
    pub fn new(rate: Rate, sources_max: usize) -> Self {
        Self { rate, sources_max, of: BTreeMap::new(), order: BTreeMap::new(), next: 0 }
    }

    /// Takes a token of a source, if there is one.
    pub fn take(&mut self, now: Instant, source: Source) -> bool {
        self.next += 1;
        let next = self.next;
        let (bucket, place) = self.of.entry(source).or_insert_with(|| (Bucket::new(now), next));
        self.order.remove(place);
        *place = next;
        self.order.insert(next, source);
        let taken = bucket.take(now, self.rate);
        if self.of.len() > self.sources_max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.of.remove(&oldest);
        }
        taken
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

    const NOW: Instant = Instant::from_millis(1000);
    const RATE: Rate = Rate { per_s: 10, burst: 5 };

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    fn taken(buckets: &mut Buckets, at: Instant, from: &str, tries: usize) -> usize {
        (0..tries).filter(|_| buckets.take(at, source(from))).count()
    }

    #[test]
    fn a_source_has_its_burst_at_once_and_its_rate_after() {
        let mut buckets = Buckets::new(RATE, 100);
        assert_eq!(taken(&mut buckets, NOW, "192.0.2.9", 50), 5);
        assert_eq!(taken(&mut buckets, NOW + Duration::from_millis(250), "192.0.2.9", 50), 2);
        assert_eq!(taken(&mut buckets, NOW + Duration::from_secs(60), "192.0.2.9", 50), 5);
    }

    #[test]
    fn sources_do_not_take_each_others_tokens() {
        let mut buckets = Buckets::new(RATE, 100);
        taken(&mut buckets, NOW, "192.0.2.9", 50);
        assert_eq!(taken(&mut buckets, NOW, "192.0.2.10", 50), 5);
    }

    #[test]
    fn all_addresses_of_one_ipv6_site_are_one_source() {
        assert_eq!(source("2001:db8:1:2:3::4"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::"), source("2001:db8:1:3::"));
        assert_eq!(source("::ffff:192.0.2.9"), source("192.0.2.9"));
        assert_eq!(source("2001:db8:1:2:3::4").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn at_the_limit_the_source_heard_of_longest_ago_is_forgotten() {
        let mut buckets = Buckets::new(RATE, 2);
        taken(&mut buckets, NOW, "192.0.2.1", 5);
        taken(&mut buckets, NOW, "192.0.2.2", 5);
        taken(&mut buckets, NOW, "192.0.2.1", 1);
        taken(&mut buckets, NOW, "192.0.2.3", 5);
        assert_eq!(buckets.len(), 2);
        assert_eq!(taken(&mut buckets, NOW, "192.0.2.1", 5), 0, "remembered");
        assert_eq!(taken(&mut buckets, NOW, "192.0.2.2", 5), 5, "forgotten");
    }
}
