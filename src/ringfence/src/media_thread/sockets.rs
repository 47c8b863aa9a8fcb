//! The RTP sockets of the legs: one each, read in turns and written in batches.
//!
//! ```text
//!   batches (io_uring):  every open socket --> those that had one, again ...   at most ROUNDS times
//!   each by itself:      epoll --> a datagram of each ready one --> epoll ...           likewise
//! ```
//!
//! Batches are used where the kernel grants them; `scripts/bench media` compares both. A leg that
//! is flooded takes its turn with the rest, and what is over waits in the socket's buffer.
//!
//! Where a box speaks both families each socket is of IPv6 and takes IPv4 too, as mapped addresses
//! (RFC 4291 section 2.5.5.2); here they are turned, and nobody else sees them.

use board::datagrams::{Batches, DATAGRAM_BYTES_MAX, Sent};
use media::Slot;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::time::Timespec;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams taken of one socket a tick: three times what an honest phone sends in 20 ms of
/// catching up. The rest waits in the socket's buffer, where the kernel drops a flood.
const ROUNDS: usize = 16;
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The sockets, by slot. They belong to the thread that made them, as a ring does.
pub struct Sockets {
    way: Way,
    /// Sockets for reports (RTCP) that have a port of their own: something comes every few seconds.
    reports: Each,
    /// Times the ring was given up.
    lost_ring: u64,
    /// The sockets are of both families.
    both: bool,
}

#[expect(clippy::large_enum_variant, reason = "there is one")]
enum Way {
    Batches(Batches),
    Each(Each),
}

/// A system call a datagram.
struct Each {
    epoll: OwnedFd,
    sockets: Vec<Option<UdpSocket>>,
    ready: Vec<epoll::Event>,
    outcome: Sent,
}

impl Sockets {
    /// Reserves a place for each slot; in batches where the kernel grants them.
    pub fn new(slots: usize) -> std::io::Result<Self> {
        match Batches::new(slots) {
            Ok(batches) => Self::by(Way::Batches(batches), slots),
            Err(_) => Self::each(slots),
        }
    }

    /// Reserves a place for each slot, with a system call a datagram.
    pub fn each(slots: usize) -> std::io::Result<Self> {
        Self::by(Way::Each(Each::new(slots)?), slots)
    }

    fn by(way: Way, slots: usize) -> std::io::Result<Self> {
        Ok(Self { way, reports: Each::new(slots)?, lost_ring: 0, both: false })
    }

    /// Tells whether the kernel grants batches.
    pub fn in_batches(&self) -> bool {
        matches!(self.way, Way::Batches(_))
    }

    /// Takes a leg's socket; one that the slot had before is closed. Tells whether it is read.
    pub fn open(&mut self, slot: Slot, socket: UdpSocket) -> bool {
        self.both = is_of_both(&socket);
        match &mut self.way {
            Way::Batches(batches) => batches.open(slot.0, socket),
            Way::Each(each) => each.open(slot, socket),
        }
    }

    /// Takes a leg's socket for reports. Tells whether it is read.
    pub fn open_reports(&mut self, slot: Slot, socket: UdpSocket) -> bool {
        self.reports.open(slot, socket)
    }

    /// Exchanges a leg's sound with this peer alone from now on, or again with all; where that saves
    /// nothing nothing changes.
    pub fn connect(&mut self, slot: Slot, peer: Option<SocketAddr>) {
        let peer = peer.map(|peer| self.as_sent(peer));
        if let Way::Batches(batches) = &mut self.way {
            batches.connect(slot.0, peer);
        }
    }

    /// Reads a leg's socket for reports from now on, or leaves it alone while they go with the sound:
    /// another description may take them out of it again.
    pub fn watch_reports(&mut self, slot: Slot, watched: bool) {
        self.reports.watch(slot, watched);
    }

    /// Closes a leg's sockets.
    pub fn shut(&mut self, slot: Slot) {
        self.reports.shut(slot);
        match &mut self.way {
            Way::Batches(batches) => batches.shut(slot.0),
            Way::Each(each) => each.shut(slot),
        }
    }

    /// Gives a leg's sockets back, for sound and for reports; and whether the second was read.
    pub fn take(&mut self, slot: Slot) -> (Option<UdpSocket>, Option<UdpSocket>, bool) {
        let (reports, watched) = self.reports.take(slot);
        let sound = match &mut self.way {
            Way::Batches(batches) => batches.take(slot.0),
            Way::Each(each) => each.take(slot).0,
        };
        (sound, reports, watched)
    }

    /// Hands on what came; gives how many datagrams that were.
    pub fn read(&mut self, mut take: impl FnMut(Slot, SocketAddr, &[u8])) -> u64 {
        match &mut self.way {
            Way::Batches(batches) => batches
                .receive(ROUNDS, |place, from, bytes| take(Slot(place), as_known(from), bytes)),
            Way::Each(each) => each.read(take),
        }
    }

    /// Hands on the reports that came; gives how many datagrams that were.
    pub fn read_reports(&mut self, take: impl FnMut(Slot, SocketAddr, &[u8])) -> u64 {
        self.reports.read(take)
    }

    /// Sends a report from a leg's socket for them. One without it sends none.
    pub fn send_report(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        let to = self.as_sent(to);
        self.reports.send(slot, to, packet);
    }

    /// Sends a packet from a leg's socket, with the next `flush` at the latest. A leg without a
    /// socket sends nothing.
    pub fn send(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        let to = self.as_sent(to);
        match &mut self.way {
            Way::Batches(batches) => batches.send(slot.0, to, packet),
            Way::Each(each) => each.send(slot, to, packet),
        }
    }

    /// Sends what waits; tells what became of all packets since the last time.
    pub fn flush(&mut self) -> Sent {
        let reports = std::mem::take(&mut self.reports.outcome);
        let (mut sent, broken) = match &mut self.way {
            Way::Batches(batches) => (batches.flush(), !batches.is_sound()),
            Way::Each(each) => (std::mem::take(&mut each.outcome), false),
        };
        if broken {
            self.give_up_batches();
        }
        sent.sent += reports.sent;
        sent.failed += reports.failed;
        sent
    }

    /// An address as the sockets take it.
    fn as_sent(&self, to: SocketAddr) -> SocketAddr {
        match to {
            SocketAddr::V4(v4) if self.both => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            _ => to,
        }
    }

    /// Times the ring no longer did what it should, and was given up.
    pub fn lost_ring(&self) -> u64 {
        self.lost_ring
    }

    /// Goes on without a ring that no longer does what it should. Where nothing else can be had the
    /// sockets stay where they are, deaf, and the next tick tries again.
    fn give_up_batches(&mut self) {
        let Way::Batches(batches) = &mut self.way else { return };
        let Ok(mut each) = Each::new(batches.places()) else { return };
        for (slot, socket) in batches.take_sockets().into_iter().enumerate() {
            if let (Ok(slot), Some(socket)) = (u16::try_from(slot), socket) {
                each.open(Slot(slot), socket);
            }
        }
        self.way = Way::Each(each);
        self.lost_ring += 1;
    }
}

impl Each {
    fn new(slots: usize) -> std::io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            sockets: (0..slots).map(|_| None).collect(),
            ready: Vec::with_capacity(slots.max(1)),
            outcome: Sent::default(),
        })
    }

    fn open(&mut self, slot: Slot, socket: UdpSocket) -> bool {
        let Some(place) = self.sockets.get_mut(usize::from(slot.0)) else { return false };
        // Closing a socket ends its watch.
        let socket = place.insert(socket);
        let data = epoll::EventData::new_u64(u64::from(slot.0));
        epoll::add(&self.epoll, &*socket, data, epoll::EventFlags::IN).is_ok()
    }

    fn watch(&mut self, slot: Slot, watched: bool) {
        let Some(Some(socket)) = self.sockets.get(usize::from(slot.0)) else { return };
        let data = epoll::EventData::new_u64(u64::from(slot.0));
        // What is so already stays so.
        let _ = match watched {
            true => epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN),
            false => epoll::delete(&self.epoll, socket),
        };
    }

    /// Gives a socket back, and whether it was watched.
    fn take(&mut self, slot: Slot) -> (Option<UdpSocket>, bool) {
        let place = self.sockets.get_mut(usize::from(slot.0));
        let Some(socket) = place.and_then(Option::take) else { return (None, false) };
        let watched = epoll::delete(&self.epoll, &socket).is_ok();
        (Some(socket), watched)
    }

    fn shut(&mut self, slot: Slot) {
        if let Some(place) = self.sockets.get_mut(usize::from(slot.0)) {
            *place = None;
        }
    }

    fn send(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        let socket = self.sockets.get(usize::from(slot.0)).and_then(Option::as_ref);
        match socket.map(|socket| socket.send_to(packet, to)) {
            Some(Ok(_)) => self.outcome.sent += 1,
            Some(Err(_)) | None => self.outcome.failed += 1,
        }
    }

    fn read(&mut self, mut take: impl FnMut(Slot, SocketAddr, &[u8])) -> u64 {
        let mut bytes = [0_u8; DATAGRAM_BYTES_MAX];
        let mut taken = 0;
        for _ in 0..ROUNDS {
            self.ready.clear();
            let waited = epoll::wait(&self.epoll, spare_capacity(&mut self.ready), Some(&NOW));
            if waited.is_err() || self.ready.is_empty() {
                break;
            }
            for event in &self.ready {
                let Ok(slot) = u16::try_from(event.data.u64()) else { continue };
                let Some(Some(socket)) = self.sockets.get(usize::from(slot)) else { continue };
                let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
                taken += 1;
                take(Slot(slot), as_known(from), bytes.get(..length).unwrap_or_default());
            }
        }
        taken
    }
}

/// An address as everybody else knows it.
fn as_known(from: SocketAddr) -> SocketAddr {
    match from.ip().to_canonical() {
        ip if ip.is_ipv4() => SocketAddr::new(ip, from.port()),
        // With its scope.
        _ => from,
    }
}

/// Tells whether a socket takes both families: one of IPv6 that is bound to every address.
fn is_of_both(socket: &UdpSocket) -> bool {
    socket.local_addr().is_ok_and(|at| at.is_ipv6() && at.ip().is_unspecified())
}

#[cfg(test)]
mod tests;
