//! Peers: who is at the other end, over which transport, and by which connection (RFC 3261 18).

pub use model::site::Transport;
use std::fmt;
use std::net::{AddrParseError, IpAddr, SocketAddr};
use std::str::FromStr;

/// A connection, by the number the daemon gave it. A number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

/// Where a message comes from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    pub transport: Transport,
    /// The address seen, or the one to connect to where there is no connection (any more). An IPv4
    /// address is one, though a socket of both families shows it as IPv6.
    pub addr: SocketAddr,
    /// The connection, of TCP and TLS.
    pub flow: Option<FlowId>,
}

impl Peer {
    /// A peer without a connection.
    pub fn new(transport: Transport, addr: SocketAddr) -> Self {
        // A link-local address keeps its interface.
        let addr = match addr.ip().to_canonical() {
            IpAddr::V4(v4) => SocketAddr::new(v4.into(), addr.port()),
            IpAddr::V6(_) => addr,
        };
        Self { transport, addr, flow: None }
    }

    /// A peer over UDP.
    pub fn udp(addr: SocketAddr) -> Self {
        Self::new(Transport::Udp, addr)
    }

    /// The peer at the other end of a connection.
    pub fn by(transport: Transport, addr: SocketAddr, flow: FlowId) -> Self {
        Self { flow: Some(flow), ..Self::new(transport, addr) }
    }

    /// The same host, reached at another port.
    pub fn at_port(mut self, port: u16) -> Self {
        self.addr.set_port(port);
        self
    }

    /// The peer's address without its port.
    pub fn ip(&self) -> IpAddr {
        self.addr.ip()
    }
}

impl fmt::Display for Peer {
    /// Writes `tls:192.0.2.9:5061`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.param(), self.addr)
    }
}

impl FromStr for Peer {
    type Err = AddrParseError;

    /// Reads what is written, and an address alone as one over UDP.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named =
            text.split_once(':').and_then(|(name, addr)| Some((Transport::from_name(name)?, addr)));
        let (transport, addr) = named.unwrap_or((Transport::Udp, text));
        Ok(Self::new(transport, addr.parse()?))
    }
}

/// The box's own addresses as others reach them: one a transport and address family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locals {
    main: SocketAddr,
    all: Vec<(Transport, SocketAddr)>,
}

impl Locals {
    /// Begins with the address for UDP, which is also the box's where no transport matters.
    pub fn udp(main: SocketAddr) -> Self {
        Self { main, all: vec![(Transport::Udp, main)] }
    }

    /// Adds an address, unless the transport has one of that family.
    pub fn and(mut self, transport: Transport, addr: SocketAddr) -> Self {
        let there =
            |(t, a): &(Transport, SocketAddr)| *t == transport && a.is_ipv4() == addr.is_ipv4();
        if !self.all.iter().any(there) {
            self.all.push((transport, addr));
        }
        self
    }

    /// The main address.
    pub fn main(&self) -> SocketAddr {
        self.main
    }

    /// Our address towards a peer: of its transport and family, or as near to that as there is.
    pub fn towards(&self, peer: &Peer) -> SocketAddr {
        let family = |addr: &SocketAddr| addr.is_ipv4() == peer.addr.is_ipv4();
        let of = |transport| {
            let all = || self.all.iter().filter(move |(t, _)| *t == transport).map(|(_, a)| *a);
            all().find(family).or_else(|| all().next())
        };
        of(peer.transport).unwrap_or(self.main)
    }

    /// Tells whether an address is one of the box's.
    pub fn has(&self, ip: IpAddr) -> bool {
        self.all.iter().any(|(_, addr)| addr.ip().to_canonical() == ip.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn our_address_towards_a_peer_is_of_its_transport_and_family() {
        let locals = Locals::udp(addr("192.0.2.1:5060"))
            .and(Transport::Udp, addr("[2001:db8::1]:5060"))
            .and(Transport::Tls, addr("192.0.2.1:5061"));
        let towards = |transport, to| locals.towards(&Peer::new(transport, addr(to))).to_string();
        assert_eq!(towards(Transport::Udp, "192.0.2.9:5060"), "192.0.2.1:5060");
        assert_eq!(towards(Transport::Udp, "[2001:db8::9]:5060"), "[2001:db8::1]:5060");
        assert_eq!(towards(Transport::Tls, "[2001:db8::9]:5061"), "192.0.2.1:5061");
        assert_eq!(towards(Transport::Tcp, "192.0.2.9:5060"), "192.0.2.1:5060");
    }

    #[test]
    fn an_ipv4_peer_is_one_though_the_socket_shows_it_as_ipv6() {
        let peer = Peer::udp(addr("[::ffff:192.0.2.9]:5060"));
        assert_eq!(peer, Peer::udp(addr("192.0.2.9:5060")));
        assert_eq!(peer.to_string(), "udp:192.0.2.9:5060");
    }

    #[test]
    fn a_link_local_address_keeps_its_interface_at_another_port_too() {
        let near = SocketAddr::V6("[fe80::9%3]:5060".parse().unwrap());
        let peer = Peer::udp(near).at_port(5070);
        assert_eq!(peer.addr.to_string(), "[fe80::9%3]:5070");
    }

    #[test]
    fn a_peer_is_read_as_it_is_written() {
        for text in ["udp:192.0.2.9:5060", "tcp:[2001:db8::9]:5060", "tls:192.0.2.9:5061"] {
            assert_eq!(text.parse::<Peer>().unwrap().to_string(), text);
        }
        assert_eq!("192.0.2.9:5060".parse(), Ok(Peer::udp(addr("192.0.2.9:5060"))));
    }
}
