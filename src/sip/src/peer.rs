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

/// A network, and which of the box's addresses it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facing {
    pub net: IpAddr,
    /// How many bits of `net` count.
    pub bits: u8,
    pub own: IpAddr,
}

impl Facing {
    /// Tells whether an address is in the network.
    pub fn has(&self, ip: IpAddr) -> bool {
        within(self.net, self.bits, ip)
    }
}

/// Tells whether an address is in a network, of which so many bits count.
pub fn within(net: IpAddr, bits: u8, ip: IpAddr) -> bool {
    let (net, ip, width) = match (net, ip.to_canonical()) {
        (IpAddr::V4(net), IpAddr::V4(ip)) => {
            (u128::from(net.to_bits()), u128::from(ip.to_bits()), 32)
        }
        (IpAddr::V6(net), IpAddr::V6(ip)) => (net.to_bits(), ip.to_bits(), 128),
        _ => return false,
    };
    (net ^ ip).checked_shr(width - u32::from(bits).min(width)).unwrap_or(0) == 0
}

/// The box's own addresses as others reach them: one a transport and address family, and those
/// that face a network where the box binds to every address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locals {
    main: SocketAddr,
    /// What sound is bound to.
    sound: IpAddr,
    all: Vec<(Transport, SocketAddr)>,
    /// The narrowest first.
    facing: Vec<Facing>,
}

impl Locals {
    /// Begins with the address for UDP, which is also the box's where no transport matters.
    pub fn udp(main: SocketAddr) -> Self {
        let all = vec![(Transport::Udp, main)];
        Self { main, sound: main.ip(), all, facing: Vec::new() }
    }

    /// Has sound bound to this address; `::` is bound for IPv4 too.
    pub fn sounding(mut self, at: IpAddr) -> Self {
        self.sound = at;
        self
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

    /// Shows each of these networks the address it sees, for a box that binds to every one.
    pub fn facing(mut self, networks: Vec<Facing>) -> Self {
        self.facing = networks;
        self
    }

    /// Where a peer is to send sound: an address that binds to all is shown as the peer sees it.
    pub fn media(&self, rtp: SocketAddr, peer: &Peer) -> SocketAddr {
        if !rtp.ip().is_unspecified() {
            return rtp;
        }
        let towards = self.towards(peer).ip();
        let fits = rtp.is_ipv6() || towards.is_ipv4();
        SocketAddr::new(if fits { towards } else { self.main.ip() }, rtp.port())
    }

    /// Where a peer's sound would go, whatever the port: what its offer is held against before a
    /// port is taken.
    pub fn sound(&self, peer: &Peer) -> SocketAddr {
        self.media(SocketAddr::new(self.sound, 0), peer)
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
        let known = of(peer.transport).unwrap_or(self.main);
        let seen = self.facing.iter().find(|facing| facing.has(peer.addr.ip()));
        match seen.filter(|facing| facing.own.is_ipv4() == known.is_ipv4()) {
            Some(facing) => SocketAddr::new(facing.own, known.port()),
            None => known,
        }
    }

    /// Tells whether the box itself is reached at an address and port.
    pub fn listens(&self, at: SocketAddr) -> bool {
        self.has(at.ip()) && self.all.iter().any(|(_, own)| own.port() == at.port())
    }

    /// Tells whether an address is one of the box's.
    pub fn has(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.all.iter().any(|(_, addr)| addr.ip().to_canonical() == ip)
            || self.facing.iter().any(|facing| facing.own == ip)
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
    fn a_box_that_binds_to_every_address_shows_each_network_the_one_it_sees() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let networks = vec![
            Facing { net: ip("10.1.2.0"), bits: 24, own: ip("10.1.2.1") },
            Facing { net: ip("10.0.0.0"), bits: 8, own: ip("10.0.0.1") },
            Facing { net: ip("2001:db8:1::"), bits: 48, own: ip("2001:db8:1::1") },
        ];
        let locals = Locals::udp(addr("192.0.2.1:5060"))
            .and(Transport::Udp, addr("[2001:db8::1]:5060"))
            .facing(networks);
        let towards = |to: &str| locals.towards(&Peer::udp(addr(to))).to_string();
        assert_eq!(towards("10.1.2.9:5060"), "10.1.2.1:5060");
        assert_eq!(towards("10.9.9.9:5060"), "10.0.0.1:5060");
        assert_eq!(towards("203.0.113.9:5060"), "192.0.2.1:5060", "by the default route");
        assert_eq!(towards("[2001:db8:1::9]:5060"), "[2001:db8:1::1]:5060");
        assert_eq!(towards("[2001:db8:2::9]:5060"), "[2001:db8::1]:5060");
        let media = |rtp: &str, to: &str| locals.media(addr(rtp), &Peer::udp(addr(to))).to_string();
        assert_eq!(media("0.0.0.0:20000", "10.1.2.9:5060"), "10.1.2.1:20000");
        assert_eq!(media("0.0.0.0:20000", "[2001:db8:1::9]:5060"), "192.0.2.1:20000");
        assert_eq!(media("192.0.2.7:20000", "10.1.2.9:5060"), "192.0.2.7:20000");
        assert_eq!(media("[::]:20000", "10.1.2.9:5060"), "10.1.2.1:20000", "of both families");
        assert_eq!(media("[::]:20000", "[2001:db8:1::9]:5060"), "[2001:db8:1::1]:20000");
        assert!(locals.has(ip("10.1.2.1")) && !locals.has(ip("10.1.2.9")));
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
