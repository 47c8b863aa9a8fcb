//! The RTP sockets of the legs: one each, read in turns and written in batches.
//!
//! ```text
//!   batches (io_uring):  every open socket --> those that had one, again ...   at most ROUNDS times
//!   each by itself:      epoll --> a datagram of each ready one --> epoll ...           likewise
//! ```
//!
//! Batches are used where the kernel grants them; `scripts/bench media` compares both. A leg that
//! is flooded takes its turn with the rest, and what is over waits in the socket's buffer.

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
pub struct Sockets(Way);

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
            Ok(batches) => Ok(Self(Way::Batches(batches))),
            Err(_) => Self::each(slots),
        }
    }

    /// Reserves a place for each slot, with a system call a datagram.
    pub fn each(slots: usize) -> std::io::Result<Self> {
        Ok(Self(Way::Each(Each {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            sockets: (0..slots).map(|_| None).collect(),
            ready: Vec::with_capacity(slots.max(1)),
            outcome: Sent::default(),
        })))
    }

    /// Tells whether the kernel grants batches.
    pub fn in_batches(&self) -> bool {
        matches!(self.0, Way::Batches(_))
    }

    /// Takes a leg's socket; one that the slot had before is closed. Tells whether it is read.
    pub fn open(&mut self, slot: Slot, socket: UdpSocket) -> bool {
        match &mut self.0 {
            Way::Batches(batches) => batches.open(slot.0, socket),
            Way::Each(each) => each.open(slot, socket),
        }
    }

    /// Closes a leg's socket.
    pub fn shut(&mut self, slot: Slot) {
        match &mut self.0 {
            Way::Batches(batches) => batches.shut(slot.0),
            Way::Each(each) => {
                if let Some(place) = each.sockets.get_mut(usize::from(slot.0)) {
                    *place = None;
                }
            }
        }
    }

    /// Hands on what came; gives how many datagrams that were.
    pub fn read(&mut self, mut take: impl FnMut(Slot, SocketAddr, &[u8])) -> u64 {
        match &mut self.0 {
            Way::Batches(batches) => {
                batches.receive(ROUNDS, |place, from, bytes| take(Slot(place), from, bytes))
            }
            Way::Each(each) => each.read(take),
        }
    }

    /// Sends a packet from a leg's socket, with the next `flush` at the latest. A leg without a
    /// socket sends nothing.
    pub fn send(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        match &mut self.0 {
            Way::Batches(batches) => batches.send(slot.0, to, packet),
            Way::Each(each) => {
                let socket = each.sockets.get(usize::from(slot.0)).and_then(Option::as_ref);
                match socket.map(|socket| socket.send_to(packet, to)) {
                    Some(Ok(_)) => each.outcome.sent += 1,
                    Some(Err(_)) | None => each.outcome.failed += 1,
                }
            }
        }
    }

    /// Sends what waits; tells what became of all packets since the last time.
    pub fn flush(&mut self) -> Sent {
        let (sent, broken) = match &mut self.0 {
            Way::Batches(batches) => (batches.flush(), !batches.is_sound()),
            Way::Each(each) => (std::mem::take(&mut each.outcome), false),
        };
        if broken {
            self.give_up_batches();
        }
        sent
    }

    /// Goes on without a ring that no longer does what it should.
    fn give_up_batches(&mut self) {
        let Way::Batches(batches) = &mut self.0 else { return };
        let sockets = batches.take_sockets();
        // Without a watch either there is nothing to go on with; the ring's legs stay deaf.
        let Ok(mut each) = Self::each(sockets.len()) else { return };
        for (slot, socket) in sockets.into_iter().enumerate() {
            if let (Ok(slot), Some(socket)) = (u16::try_from(slot), socket) {
                each.open(Slot(slot), socket);
            }
        }
        *self = each;
    }
}

impl Each {
    fn open(&mut self, slot: Slot, socket: UdpSocket) -> bool {
        let Some(place) = self.sockets.get_mut(usize::from(slot.0)) else { return false };
        // Closing a socket ends its watch.
        let socket = place.insert(socket);
        let data = epoll::EventData::new_u64(u64::from(slot.0));
        epoll::add(&self.epoll, &*socket, data, epoll::EventFlags::IN).is_ok()
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
                take(Slot(slot), from, bytes.get(..length).unwrap_or_default());
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    fn both(slots: usize) -> [Sockets; 2] {
        [Sockets::new(slots).unwrap(), Sockets::each(slots).unwrap()]
    }

    fn read(sockets: &mut Sockets) -> Vec<(u16, Vec<u8>)> {
        let mut read = Vec::new();
        sockets.read(|slot, _, bytes| read.push((slot.0, bytes.to_vec())));
        read
    }

    #[test]
    fn what_came_is_read_in_turns_and_a_flood_waits_for_the_next_tick() {
        for mut sockets in both(4) {
            let peer = socket();
            for slot in [1, 3] {
                let socket = socket();
                let at = socket.local_addr().unwrap();
                assert!(sockets.open(Slot(slot), socket));
                for n in 0..if slot == 1 { 20 } else { 2 } {
                    peer.send_to(&[slot as u8, n], at).unwrap();
                }
            }
            let first = read(&mut sockets);
            assert_eq!(first.iter().filter(|(slot, _)| *slot == 1).count(), ROUNDS);
            assert_eq!(first.iter().filter(|(slot, _)| *slot == 3).count(), 2);
            assert!(first[..4].iter().any(|(slot, _)| *slot == 3), "the other has its turn");
            assert_eq!(read(&mut sockets).len(), 4);
            assert_eq!(read(&mut sockets), []);
        }
    }

    #[test]
    fn a_socket_that_was_shut_or_replaced_is_not_read_any_more() {
        for mut sockets in both(2) {
            let (peer, old, new) = (socket(), socket(), socket());
            let addresses = [old.local_addr().unwrap(), new.local_addr().unwrap()];
            assert!(sockets.open(Slot(0), old));
            assert!(sockets.open(Slot(0), new));
            peer.send_to(b"old", addresses[0]).ok();
            peer.send_to(b"new", addresses[1]).unwrap();
            assert_eq!(read(&mut sockets), [(0, b"new".to_vec())]);
            sockets.shut(Slot(0));
            peer.send_to(b"late", addresses[1]).ok();
            assert_eq!(read(&mut sockets), []);
            assert!(!sockets.open(Slot(9), socket()), "a slot that is not there");
        }
    }

    #[test]
    fn what_is_sent_is_on_the_wire_after_the_flush_and_what_cannot_be_is_counted() {
        for mut sockets in both(1) {
            let (peer, here) = (socket(), socket());
            let to = peer.local_addr().unwrap();
            assert!(sockets.open(Slot(0), here));
            sockets.send(Slot(0), to, b"sound");
            sockets.send(Slot(7), to, b"of nobody");
            assert_eq!(sockets.flush(), Sent { sent: 1, failed: 1 });
            let mut bytes = [0; 16];
            assert_eq!(peer.recv(&mut bytes).unwrap(), 5);
            assert_eq!(sockets.flush(), Sent::default());
        }
    }

    #[test]
    fn without_its_ring_a_box_goes_on_with_the_same_sockets() {
        let mut sockets = Sockets::new(2).unwrap();
        let (peer, here) = (socket(), socket());
        let at = here.local_addr().unwrap();
        assert!(sockets.open(Slot(1), here));
        sockets.give_up_batches();
        assert!(!sockets.in_batches());
        peer.send_to(b"still", at).unwrap();
        assert_eq!(read(&mut sockets), [(1, b"still".to_vec())]);
    }
}
