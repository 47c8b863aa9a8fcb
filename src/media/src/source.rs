//! The source lock: packets of a leg are taken from one address and from nobody else.
//!
//! ```text
//!   in clear:   Learning --valid packet from the negotiated IP--> Locked(from)
//!               Learning --LEARN_MS--> only the negotiated IP and port
//!               Locked(another port) --packet from the negotiated IP and port--> Locked, for good
//!   encrypted:  any --authenticated packet from anywhere--> Locked(from)
//! ```
//!
//! For a desk phone the negotiated IP is where its signalling comes from; the daemon sees to that.

use model::Instant;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long after a description a port other than the negotiated one may still be learned.
pub const LEARN_MS: u64 = 5000;

/// Who may send to a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    negotiated: SocketAddr,
    locked: Option<SocketAddr>,
    until: Instant,
}

impl Source {
    /// Takes packets from the IP of the session description, on any port for a while or until one
    /// is seen.
    pub fn new(negotiated: SocketAddr, now: Instant) -> Self {
        Self { negotiated: canonical(negotiated), locked: None, until: learns_until(now) }
    }

    /// Takes note of a new description: another address is learned anew, and one from which
    /// nothing came yet may be learned for a while again.
    pub fn renew(&mut self, negotiated: SocketAddr, now: Instant) {
        if canonical(negotiated) != self.negotiated {
            *self = Self::new(negotiated, now);
        }
        self.until = learns_until(now);
    }

    /// Tells whether a packet in clear from here may be looked at.
    pub fn allows(&self, now: Instant, from: SocketAddr) -> bool {
        let from = canonical(from);
        match self.locked {
            Some(locked) => from == locked || from == self.negotiated,
            None if now < self.until => from.ip() == self.negotiated.ip(),
            None => from == self.negotiated,
        }
    }

    /// The one address of a sender in clear that nothing but a new description changes: it sends
    /// from where it said.
    pub fn settled(&self) -> Option<SocketAddr> {
        self.locked.filter(|locked| *locked == self.negotiated)
    }

    /// Tells whether this is the host whose sound is heard, on whatever port.
    pub fn is_host(&self, from: SocketAddr) -> bool {
        canonical(from).ip() == self.locked.unwrap_or(self.negotiated).ip()
    }

    /// Locks to the sender of a packet that was allowed and proved to be this leg's sound. The
    /// negotiated address wins over one that was merely first, and an authenticated packet over
    /// both. Tells whether that is another sender than before.
    pub fn lock(&mut self, from: SocketAddr, authenticated: bool) -> bool {
        let from = canonical(from);
        if self.locked.is_some() && !authenticated && from != self.negotiated {
            return false;
        }
        self.locked.replace(from).is_some_and(|before| before != from)
    }
}

fn learns_until(now: Instant) -> Instant {
    now + Duration::from_millis(LEARN_MS)
}

/// Makes an IPv4 address of one that a dual-stack socket mapped into IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::START;
    const LATER: Instant = Instant::from_millis(LEARN_MS);

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn source() -> Source {
        Source::new(at("192.0.2.1:4000"), NOW)
    }

    #[test]
    fn only_the_negotiated_ip_may_send() {
        let source = source();
        assert!(source.allows(NOW, at("192.0.2.1:4000")));
        assert!(source.allows(NOW, at("192.0.2.1:5000")));
        assert!(!source.allows(NOW, at("192.0.2.2:4000")));
        let mapped = at("[::ffff:192.0.2.1]:4000");
        assert!(source.allows(NOW, mapped), "mapped by a dual-stack socket");
    }

    #[test]
    fn after_the_first_packet_the_port_is_fixed() {
        let mut source = source();
        source.lock(at("192.0.2.1:5000"), false);
        assert!(source.allows(NOW, at("192.0.2.1:5000")));
        assert!(!source.allows(NOW, at("192.0.2.1:5001")));
    }

    #[test]
    fn another_port_is_learned_in_the_first_seconds_of_a_description_only() {
        let mut source = source();
        assert!(!source.allows(LATER, at("192.0.2.1:5000")));
        assert!(source.allows(LATER, at("192.0.2.1:4000")), "what was negotiated always may");
        source.renew(at("192.0.2.1:4000"), LATER);
        assert!(source.allows(LATER, at("192.0.2.1:5000")), "a new description, a new chance");
    }

    #[test]
    fn the_negotiated_port_takes_the_lock_back_for_good() {
        let mut source = source();
        assert!(!source.lock(at("192.0.2.1:5000"), false));
        assert!(source.lock(at("192.0.2.1:4000"), false));
        assert!(!source.allows(NOW, at("192.0.2.1:5000")));
        assert!(!source.lock(at("192.0.2.1:5000"), false));
        assert_eq!(source.locked, Some(at("192.0.2.1:4000")));
    }

    #[test]
    fn a_sender_is_settled_when_it_sends_from_where_it_said() {
        let mut source = source();
        assert_eq!(source.settled(), None);
        source.lock(at("192.0.2.1:5000"), false);
        assert_eq!(source.settled(), None, "the negotiated port may still take the lock");
        source.lock(at("192.0.2.1:4000"), false);
        assert_eq!(source.settled(), Some(at("192.0.2.1:4000")));
        source.renew(at("192.0.2.1:4002"), LATER);
        assert_eq!(source.settled(), None);
    }

    #[test]
    fn an_authenticated_packet_moves_the_lock() {
        let mut source = source();
        source.lock(at("192.0.2.1:4000"), true);
        assert!(source.lock(at("203.0.113.5:9"), true));
        assert!(source.allows(LATER, at("203.0.113.5:9")));
    }
}
