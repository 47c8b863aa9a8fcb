//! Which leg runs over which port or socket: the exchange knows legs, the media knows slots.

use anyhow::Context as _;
use media::{Slot, TapNo};
use model::id::{LegId, RecordingId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Legs of ports are numbered from here, legs of SIP from 1, so that neither asks the other.
const FIRST_PORT_LEG: u64 = 1 << 48;

/// The priority of packets in the machine's own queue: TC_PRIO_INTERACTIVE.
const INTERACTIVE: u32 = 6;
/// Bytes the kernel may keep of a socket until they are read.
const RECEIVE_BYTES: usize = 128 * 1024;

/// What a leg runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A port of the card; its slot has the same number.
    Port(u16),
    /// A socket of our own at this address.
    Rtp { slot: Slot, local: SocketAddr },
}

impl Wire {
    pub fn slot(self) -> Slot {
        match self {
            Self::Port(port) => Slot(port),
            Self::Rtp { slot, .. } => slot,
        }
    }
}

/// Where sockets for sound are bound, and how their packets are marked.
#[derive(Clone, Copy, Debug)]
pub struct Rtp {
    pub ip: IpAddr,
    pub ports: (u16, u16),
    pub dscp: u8,
}

/// Marks what a socket sends: for the network (RFC 2474), and for the queue of the machine itself,
/// which has it before what is not interactive (socket(7); more needs a right). Where the system
/// refuses the sound goes all the same.
fn mark(socket: &UdpSocket, ip: IpAddr, dscp: u8) {
    // One of IPv6 may take IPv4 too.
    let _ = rustix::net::sockopt::set_ip_tos(socket, dscp << 2);
    if ip.is_ipv6() {
        let _ = rustix::net::sockopt::set_ipv6_tclass(socket, u32::from(dscp) << 2);
    }
    let socket = socket2::SockRef::from(socket);
    let _ = socket.set_priority(if dscp == 0 { 0 } else { INTERACTIVE });
    // Bytes as the kernel counts them, overhead and all: a second of any codec. What a flood sends
    // more is dropped there.
    let _ = socket.set_recv_buffer_size(RECEIVE_BYTES);
}

/// Binds one socket; one of IPv6 that is bound to every address takes IPv4 too.
fn bind(at: SocketAddr) -> std::io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(at);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    if at.is_ipv6() {
        socket.set_only_v6(!at.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&at.into())?;
    Ok(socket.into())
}

/// The sockets of a leg: for sound on an even port, for its reports on the next (RFC 3550 11).
pub struct Pair {
    pub sound: UdpSocket,
    pub reports: UdpSocket,
}

impl Pair {
    fn bind(local: SocketAddr, dscp: u8) -> std::io::Result<Self> {
        let above = SocketAddr::new(local.ip(), local.port().saturating_add(1));
        let (sound, reports) = (bind(local)?, bind(above)?);
        for socket in [&sound, &reports] {
            mark(socket, local.ip(), dscp);
        }
        Ok(Self { sound, reports })
    }
}

/// The running recording of a leg.
#[derive(Clone, Copy, Debug)]
pub struct Tapped {
    pub leg: LegId,
    pub slot: Slot,
    pub tap: TapNo,
}

/// All wires there are.
pub struct Wires {
    legs: BTreeMap<LegId, Wire>,
    by_slot: Vec<Option<LegId>>,
    ports: usize,
    free: BTreeSet<u16>,
    rtp: Rtp,
    rtp_used: BTreeSet<u16>,
    rtp_next: u16,
    next_port_leg: u64,
    pub taps: BTreeMap<RecordingId, Tapped>,
    next_tap: u16,
}

impl Wires {
    pub fn new(ports: usize, slots: usize, rtp: Rtp) -> Self {
        let (first, last) = (u16::try_from(ports), u16::try_from(slots));
        Self {
            legs: BTreeMap::new(),
            by_slot: vec![None; slots],
            ports,
            free: (first.unwrap_or(0)..last.unwrap_or(u16::MAX)).collect(),
            rtp,
            rtp_used: BTreeSet::new(),
            rtp_next: rtp.ports.0,
            next_port_leg: FIRST_PORT_LEG,
            taps: BTreeMap::new(),
            next_tap: 0,
        }
    }

    /// The wire of a leg.
    pub fn get(&self, leg: LegId) -> Option<Wire> {
        self.legs.get(&leg).copied()
    }
    /// The leg on a slot.
    pub fn leg_at(&self, slot: Slot) -> Option<LegId> {
        self.by_slot.get(usize::from(slot.0)).copied().flatten()
    }
    /// Legs there are, for the console.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// A new leg on a port of the card.
    pub fn open_port(&mut self, port: u16) -> Option<LegId> {
        let place =
            self.by_slot.get_mut(usize::from(port)).filter(|_| usize::from(port) < self.ports)?;
        let leg = LegId::inbound(self.next_port_leg);
        self.next_port_leg += 1;
        if let Some(old) = place.replace(leg) {
            self.legs.remove(&old);
        }
        self.legs.insert(leg, Wire::Port(port));
        Some(leg)
    }

    /// Sockets and a slot for a SIP leg, or the ones it has already (then without sockets).
    pub fn open_rtp(&mut self, leg: LegId) -> anyhow::Result<(Slot, SocketAddr, Option<Pair>)> {
        if let Some(Wire::Rtp { slot, local }) = self.get(leg) {
            return Ok((slot, local, None));
        }
        let slot = *self.free.first().context("every media slot is taken")?;
        let (pair, local) = self.bind()?;
        self.free.remove(&slot);
        self.rtp_used.insert(local.port());
        self.legs.insert(leg, Wire::Rtp { slot: Slot(slot), local });
        if let Some(place) = self.by_slot.get_mut(usize::from(slot)) {
            *place = Some(leg);
        }
        Ok((Slot(slot), local, Some(pair)))
    }

    /// Binds the next free even port of the range, and the odd one above it.
    fn bind(&mut self) -> anyhow::Result<(Pair, SocketAddr)> {
        let (first, last) = self.rtp.ports;
        let first = first + first % 2;
        for _ in 0..=(last.saturating_sub(first) / 2) {
            let port = self.rtp_next.max(first);
            self.rtp_next = if port.saturating_add(3) > last { first } else { port + 2 };
            if self.rtp_used.contains(&port) {
                continue;
            }
            let local = SocketAddr::new(self.rtp.ip, port);
            if let Ok(pair) = Pair::bind(local, self.rtp.dscp) {
                return Ok((pair, local));
            }
        }
        anyhow::bail!("every pair of RTP ports from {first} to {last} is taken")
    }

    /// Forgets a leg; gives what it ran over.
    pub fn close(&mut self, leg: LegId) -> Option<Wire> {
        let wire = self.legs.remove(&leg)?;
        let slot = wire.slot();
        if let Some(place) = self.by_slot.get_mut(usize::from(slot.0)) {
            *place = None;
        }
        if let Wire::Rtp { local, .. } = wire {
            self.rtp_used.remove(&local.port());
            self.free.insert(slot.0);
        }
        Some(wire)
    }

    /// Every leg there is.
    pub fn legs(&self) -> Vec<LegId> {
        self.legs.keys().copied().collect()
    }

    /// The number of a new tap on a leg.
    pub fn open_tap(&mut self, leg: LegId, recording: RecordingId) -> Option<Tapped> {
        let slot = self.get(leg)?.slot();
        self.next_tap = self.next_tap.wrapping_add(1);
        let tapped = Tapped { leg, slot, tap: TapNo(self.next_tap) };
        self.taps.insert(recording, tapped);
        Some(tapped)
    }

    /// The recordings that run on a leg.
    pub fn taps_of(&self, leg: LegId) -> Vec<RecordingId> {
        let on_leg = self.taps.iter().filter(|(_, tapped)| tapped.leg == leg);
        on_leg.map(|(&recording, _)| recording).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first of four ports that nobody has, and the second of them held. They are below those
    /// the kernel gives out by itself (`net.ipv4.ip_local_port_range`, from 32768).
    fn four_ports(ip: IpAddr) -> (u16, UdpSocket) {
        let begin = 20_000 + u16::try_from(std::process::id() % 2_000).unwrap() * 4;
        let mut blocks = (begin..32_000).step_by(4);
        let found = blocks.find_map(|near| {
            let other = UdpSocket::bind((ip, near + 1)).ok()?;
            let free = |port: u16| UdpSocket::bind((ip, port)).is_ok();
            [near, near + 2, near + 3].into_iter().all(free).then_some((near, other))
        });
        found.expect("four free ports in a row")
    }

    #[test]
    fn sound_has_an_even_port_and_reports_the_one_above_or_the_pair_is_passed_over() {
        let ip: IpAddr = [127, 0, 0, 1].into();
        // Somebody else has the port of the first pair's reports.
        let (near, _other) = four_ports(ip);
        let mut wires = Wires::new(0, 4, Rtp { ip, ports: (near, near + 3), dscp: 46 });
        let (_, local, pair) = wires.open_rtp(LegId(1)).unwrap();
        assert_eq!(local.port(), near + 2);
        let pair = pair.unwrap();
        assert_eq!(pair.sound.local_addr().unwrap().port(), near + 2);
        assert_eq!(pair.reports.local_addr().unwrap().port(), near + 3);
        assert!(wires.open_rtp(LegId(2)).is_err(), "no pair is left");
        let tos = rustix::net::sockopt::ip_tos(&pair.sound).unwrap();
        assert_eq!(tos >> 2, 46, "Expedited Forwarding");
        drop(pair);
        wires.close(LegId(1));
        assert!(wires.open_rtp(LegId(2)).is_ok());
    }
}
