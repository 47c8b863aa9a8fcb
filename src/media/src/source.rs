//! The source lock: packets of a leg are taken from one address and from nobody else.
//!
//! ```text
//!   Open --valid packet from the negotiated IP--> Locked(from)
//!   Locked(another port) --packet from the negotiated IP and port--> Locked(negotiated), for good
//! ```

use std::net::{IpAddr, SocketAddr};

/// Who may send to a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    negotiated: SocketAddr,
    locked: Option<SocketAddr>,
}

impl Source {
    /// Takes packets from the IP of the session description, on any port until one is seen.
    pub fn new(negotiated: SocketAddr) -> Self {
        Self { negotiated: canonical(negotiated), locked: None }
    }

    /// Tells whether a packet from here may be looked at.
    pub fn allows(&self, from: SocketAddr) -> bool {
        let from = canonical(from);
        match self.locked {
            Some(locked) => from == locked || from == self.negotiated,
            None => from.ip() == self.negotiated.ip(),
        }
    }

    /// Locks to the sender of a packet that was allowed and proved to be this leg's sound.
    /// The negotiated address wins over one that was merely first.
    pub fn lock(&mut self, from: SocketAddr) {
        let from = canonical(from);
        if self.locked.is_none() || from == self.negotiated {
            self.locked = Some(from);
        }
    }

    /// The address of the session description.
    pub fn negotiated(&self) -> SocketAddr {
        self.negotiated
    }
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

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_negotiated_ip_may_send() {
        let source = Source::new(at("192.0.2.1:4000"));
        assert!(source.allows(at("192.0.2.1:4000")) && source.allows(at("192.0.2.1:5000")));
        assert!(!source.allows(at("192.0.2.2:4000")));
        assert!(source.allows(at("[::ffff:192.0.2.1]:4000")), "mapped by a dual-stack socket");
    }

    #[test]
    fn after_the_first_packet_the_port_is_fixed() {
        let mut source = Source::new(at("192.0.2.1:4000"));
        source.lock(at("192.0.2.1:5000"));
        assert!(source.allows(at("192.0.2.1:5000")));
        assert!(!source.allows(at("192.0.2.1:5001")));
    }

    #[test]
    fn the_negotiated_port_takes_the_lock_back_for_good() {
        let mut source = Source::new(at("192.0.2.1:4000"));
        source.lock(at("192.0.2.1:5000"));
        source.lock(at("192.0.2.1:4000"));
        assert!(!source.allows(at("192.0.2.1:5000")));
        source.lock(at("192.0.2.1:5000"));
        assert_eq!(source.locked, Some(at("192.0.2.1:4000")));
    }
}
