//! Which leg runs over which port or socket, in which media thread: the exchange knows legs, the media
//! knows slots.

use anyhow::Context as _;
use media::room::LEGS_PER_ROOM_MAX;
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

/// A media thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ThreadNo(pub u8);

impl ThreadNo {
    /// The thread the card is with.
    pub const OF_THE_CARD: Self = Self(0);

    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A leg's place in a media thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    pub thread: ThreadNo,
    pub slot: Slot,
}

/// What a leg runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A port of the card; its slot has the same number.
    Port(u16),
    /// A socket of our own at this address, and where it is read.
    Rtp { spot: Spot, local: SocketAddr },
}

impl Wire {
    pub fn spot(self) -> Spot {
        match self {
            Self::Port(port) => Spot { thread: ThreadNo::OF_THE_CARD, slot: Slot(port) },
            Self::Rtp { spot, .. } => spot,
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
    pub tap: TapNo,
}

/// Where legs meet, and which of them are elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetingPlace {
    /// Nothing where no thread has room for those who would have to come.
    pub thread: Option<ThreadNo>,
    pub away: Vec<(LegId, Spot)>,
}

/// All wires there are.
pub struct Wires {
    legs: BTreeMap<LegId, Wire>,
    /// Legs that are over and whose place is not free yet.
    ending: BTreeMap<LegId, Wire>,
    on_port: Vec<Option<LegId>>,
    /// The slots of each thread that no leg has.
    free: Vec<BTreeSet<u16>>,
    rtp: Rtp,
    rtp_used: BTreeSet<u16>,
    rtp_next: u16,
    next_port_leg: u64,
    pub taps: BTreeMap<RecordingId, Tapped>,
    next_tap: u16,
}

/// How many slots each of the media threads has, so that any legs that are to meet find a place in one
/// of them: its share of all legs and a quarter more, two rooms' legs at least. The first one has room
/// for every leg where there is a card: to its ports all others come.
pub fn slots_of_threads(threads: usize, ports: usize, legs: usize) -> Vec<usize> {
    let share = legs.div_ceil(threads.max(1));
    let more = (share / 4).max(2 * LEGS_PER_ROOM_MAX);
    let slots = |no: usize| match no {
        0 if threads <= 1 || ports > 0 => ports + legs,
        _ => (share + more).min(legs),
    };
    (0..threads.max(1)).map(slots).collect()
}

impl Wires {
    /// Ports of the first thread, and so many slots, ports among them, of each.
    pub fn new(ports: usize, slots: &[usize], rtp: Rtp) -> Self {
        let range = |no: usize, slots: usize| -> BTreeSet<u16> {
            let first = if no == 0 { ports } else { 0 };
            (first..slots).map_while(|slot| u16::try_from(slot).ok()).collect()
        };
        Self {
            legs: BTreeMap::new(),
            ending: BTreeMap::new(),
            on_port: vec![None; ports],
            free: slots.iter().enumerate().map(|(no, slots)| range(no, *slots)).collect(),
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
    /// Where a leg is, though it may be over.
    pub fn spot(&self, leg: LegId) -> Option<Spot> {
        self.get(leg).or_else(|| self.ending.get(&leg).copied()).map(Wire::spot)
    }
    /// The leg on a port.
    pub fn leg_on(&self, port: u16) -> Option<LegId> {
        self.on_port.get(usize::from(port)).copied().flatten()
    }
    /// Legs there are, for the console.
    pub fn len(&self) -> usize {
        self.legs.len()
    }
    /// The threads.
    pub fn threads(&self) -> impl Iterator<Item = ThreadNo> {
        (0..self.free.len()).map_while(|no| u8::try_from(no).ok()).map(ThreadNo)
    }
    /// Slots of a thread that no leg has.
    pub fn free_in(&self, thread: ThreadNo) -> usize {
        self.free.get(thread.index()).map_or(0, BTreeSet::len)
    }

    /// A new leg on a port of the card.
    pub fn open_port(&mut self, port: u16) -> Option<LegId> {
        let leg = LegId::inbound(self.next_port_leg);
        self.put_on_port(leg, port)?;
        self.next_port_leg += 1;
        Some(leg)
    }

    /// Puts a leg of ours on a port of the card; whose port it was before has none.
    pub fn put_on_port(&mut self, leg: LegId, port: u16) -> Option<()> {
        let place = self.on_port.get_mut(usize::from(port))?;
        if let Some(old) = place.replace(leg).filter(|old| *old != leg) {
            self.legs.remove(&old);
        }
        if let Some(Wire::Port(before)) = self.legs.insert(leg, Wire::Port(port))
            && before != port
            && let Some(place) = self.on_port.get_mut(usize::from(before))
        {
            *place = None;
        }
        Some(())
    }

    /// Sockets and a slot for a SIP leg, or the ones it has already (then without sockets): in the
    /// thread of the leg it belongs to, or in that with the fewest legs.
    pub fn open_rtp(
        &mut self,
        leg: LegId,
        beside: Option<LegId>,
    ) -> anyhow::Result<(Spot, SocketAddr, Option<Pair>)> {
        if let Some(Wire::Rtp { spot, local }) = self.get(leg) {
            return Ok((spot, local, None));
        }
        let beside = beside.and_then(|beside| self.get(beside)).map(|wire| wire.spot().thread);
        let thread = beside.filter(|thread| self.free_in(*thread) > 0);
        let thread = thread.unwrap_or_else(|| self.emptiest());
        let (pair, local) = self.bind()?;
        let spot = self.reserve(thread).context("every media slot is taken")?;
        self.rtp_used.insert(local.port());
        self.legs.insert(leg, Wire::Rtp { spot, local });
        Ok((spot, local, Some(pair)))
    }

    /// The thread with the fewest legs among those that have a place, the first of several.
    fn emptiest(&self) -> ThreadNo {
        let mut legs = vec![0_usize; self.free.len()];
        for wire in self.legs.values().chain(self.ending.values()) {
            if let Some(legs) = legs.get_mut(wire.spot().thread.index()) {
                *legs += 1;
            }
        }
        let with_place = self.threads().filter(|thread| self.free_in(*thread) > 0);
        with_place.min_by_key(|thread| legs.get(thread.index()).copied()).unwrap_or_default()
    }

    /// The thread where legs are to hear each other: the first where a card's port is among them, else
    /// that to which the fewest have to move, of several the one with the most places left.
    pub fn meeting_place(&self, legs: &[LegId]) -> MeetingPlace {
        let wires = legs.iter().filter_map(|leg| Some((*leg, self.get(*leg)?)));
        let wires: Vec<(LegId, Wire)> = wires.collect();
        let pinned = wires.iter().any(|(_, wire)| matches!(wire, Wire::Port(_)));
        let away = |thread: ThreadNo| {
            let spots = wires.iter().map(|(leg, wire)| (*leg, wire.spot()));
            spots.filter(move |(_, spot)| spot.thread != thread)
        };
        let threads = self.threads().filter(|no| !pinned || *no == ThreadNo::OF_THE_CARD);
        let fits = threads.filter(|thread| self.free_in(*thread) >= away(*thread).count());
        let rank = |no: &ThreadNo| (away(*no).count(), usize::MAX - self.free_in(*no));
        let thread = fits.min_by_key(rank);
        MeetingPlace { thread, away: thread.map(|no| away(no).collect()).unwrap_or_default() }
    }

    /// Takes a free slot of a thread.
    pub fn reserve(&mut self, thread: ThreadNo) -> Option<Spot> {
        let slot = self.free.get_mut(thread.index())?.pop_first()?;
        Some(Spot { thread, slot: Slot(slot) })
    }

    /// Notes that a leg, which may be over, is at a spot that was reserved for it.
    pub fn moved(&mut self, leg: LegId, to: Spot) {
        let wire = match self.legs.get_mut(&leg) {
            Some(wire) => Some(wire),
            None => self.ending.get_mut(&leg),
        };
        let left = match wire {
            Some(Wire::Rtp { spot, .. }) => std::mem::replace(spot, to),
            _ => to,
        };
        self.give_back(left);
    }

    fn give_back(&mut self, spot: Spot) {
        if let Some(free) = self.free.get_mut(spot.thread.index()) {
            free.insert(spot.slot.0);
        }
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

    /// Forgets a leg; what it ran over is its own until `release`.
    pub fn close(&mut self, leg: LegId) {
        let Some(wire) = self.legs.remove(&leg) else { return };
        match wire {
            Wire::Port(port) => {
                let place = self.on_port.get_mut(usize::from(port));
                if let Some(place) = place.filter(|place| **place == Some(leg)) {
                    *place = None;
                }
            }
            Wire::Rtp { .. } => _ = self.ending.insert(leg, wire),
        }
    }

    /// Frees what a leg that is over ran over; tells where that was.
    pub fn release(&mut self, leg: LegId) -> Option<Spot> {
        let Wire::Rtp { spot, local } = self.ending.remove(&leg)? else { return None };
        self.rtp_used.remove(&local.port());
        self.give_back(spot);
        Some(spot)
    }

    /// Every leg there is.
    pub fn legs(&self) -> Vec<LegId> {
        self.legs.keys().copied().collect()
    }

    /// The number of a new tap on a leg.
    pub fn open_tap(&mut self, leg: LegId, recording: RecordingId) -> Option<Tapped> {
        self.get(leg)?;
        self.next_tap = self.next_tap.wrapping_add(1);
        let tapped = Tapped { leg, tap: TapNo(self.next_tap) };
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
        let mut wires = Wires::new(0, &[4], Rtp { ip, ports: (near, near + 3), dscp: 46 });
        let (_, local, pair) = wires.open_rtp(LegId(1), None).unwrap();
        assert_eq!(local.port(), near + 2);
        let pair = pair.unwrap();
        assert_eq!(pair.sound.local_addr().unwrap().port(), near + 2);
        assert_eq!(pair.reports.local_addr().unwrap().port(), near + 3);
        assert!(wires.open_rtp(LegId(2), None).is_err(), "no pair is left");
        let tos = rustix::net::sockopt::ip_tos(&pair.sound).unwrap();
        assert_eq!(tos >> 2, 46, "Expedited Forwarding");
        drop(pair);
        wires.close(LegId(1));
        wires.release(LegId(1));
        assert!(wires.open_rtp(LegId(2), None).is_ok());
    }

    #[test]
    fn a_leg_is_where_that_is_which_it_belongs_to_and_else_where_the_fewest_are() {
        let rtp = Rtp { ip: [127, 0, 0, 1].into(), ports: (24_000, 31_999), dscp: 0 };
        let mut wires = Wires::new(1, &[3, 2], rtp);
        let open = |wires: &mut Wires, leg, beside: Option<u64>| {
            let opened = wires.open_rtp(LegId(leg), beside.map(LegId));
            opened.map(|(spot, ..)| (spot.thread.0, spot.slot.0)).ok()
        };
        assert_eq!(open(&mut wires, 1, None), Some((0, 1)), "slot 0 is the port's");
        assert_eq!(open(&mut wires, 2, None), Some((1, 0)));
        assert_eq!(open(&mut wires, 3, Some(2)), Some((1, 1)));
        assert_eq!(open(&mut wires, 4, Some(2)), Some((0, 2)), "there is no place beside it");
        assert_eq!(open(&mut wires, 5, None), None, "every slot is taken");
        wires.close(LegId(3));
        assert_eq!(open(&mut wires, 5, None), None, "not free yet");
        assert!(wires.release(LegId(3)).is_some());
        let spot = wires.reserve(ThreadNo(1)).unwrap();
        wires.moved(LegId(1), spot);
        assert_eq!(wires.spot(LegId(1)), Some(spot));
        assert_eq!(open(&mut wires, 5, None), Some((0, 1)), "what it left is free");
    }

    #[test]
    fn threads_have_room_for_their_share_and_a_meeting_and_the_one_of_the_card_for_all() {
        assert_eq!(slots_of_threads(1, 8, 400), [408]);
        assert_eq!(slots_of_threads(2, 0, 40), [40, 40]);
        assert_eq!(slots_of_threads(4, 0, 2000), [625; 4]);
        assert_eq!(slots_of_threads(4, 8, 2000), [2008, 625, 625, 625]);
        // However legs lie, one thread has room for a whole room's more.
        for threads in 2..=8 {
            let slots = slots_of_threads(threads, 0, 1000);
            let spare = slots.iter().sum::<usize>() - 1000;
            assert!(spare / threads >= LEGS_PER_ROOM_MAX, "{threads}");
        }
    }

    #[test]
    fn legs_meet_where_a_port_is_or_most_are_or_where_there_is_room_for_all() {
        let rtp = Rtp { ip: [127, 0, 0, 1].into(), ports: (24_000, 31_999), dscp: 0 };
        let mut wires = Wires::new(1, &[4, 3, 6], rtp);
        let legs: Vec<LegId> = (1..=6).map(LegId).collect();
        for leg in &legs {
            wires.open_rtp(*leg, None).unwrap();
        }
        // Threads 0, 1, 2 have legs 1 and 4, 2 and 5, 3 and 6: one, one and four places are left.
        let place = |wires: &Wires, legs: &[u64]| {
            let legs: Vec<LegId> = legs.iter().map(|no| LegId(*no)).collect();
            let place = wires.meeting_place(&legs);
            (place.thread.map(|no| no.0), place.away.iter().map(|at| at.0.0).collect::<Vec<_>>())
        };
        assert_eq!(place(&wires, &[1, 4]), (Some(0), vec![]));
        assert_eq!(place(&wires, &[1, 4, 2]), (Some(0), vec![2]), "most are there");
        assert_eq!(place(&wires, &[1, 3]), (Some(2), vec![1]), "the most places are there");
        assert_eq!(place(&wires, &[1, 4, 2, 5]), (Some(2), vec![1, 4, 2, 5]), "the third has room");
        let port = wires.open_port(0).unwrap();
        assert_eq!(
            place(&wires, &[3, 6, port.0]),
            (None, vec![]),
            "two find no room with the card"
        );
        assert_eq!(place(&wires, &[1, 3, port.0]), (Some(0), vec![3]));
        wires.close(LegId(4));
        wires.release(LegId(4));
        assert_eq!(place(&wires, &[3, 6, port.0]), (Some(0), vec![3, 6]));
    }
}
