//! The RTP sockets of the legs: one each, and only those are read at which something waits.
//!
//! ```text
//!   tick:  epoll --> ready slots --> a datagram of each --> epoll ...   at most ROUNDS times
//! ```
//!
//! A leg on which nothing comes costs nothing, and one that is flooded takes its turn with the rest.

use media::Slot;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::time::Timespec;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams taken of one socket a tick: three times what an honest phone sends in 20 ms of
/// catching up. The rest waits in the socket's buffer, where the kernel drops a flood.
const ROUNDS: usize = 16;
/// The longest datagram that is looked at whole.
const DATAGRAM_BYTES_MAX: usize = 2048;
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The sockets, by slot.
pub struct Sockets {
    epoll: OwnedFd,
    sockets: Vec<Option<UdpSocket>>,
}

/// Room for what one look finds ready; the system's events stay on the thread that asked for them.
pub struct Ready(Vec<epoll::Event>);

impl Sockets {
    /// Reserves a place for each slot.
    pub fn new(slots: usize) -> std::io::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            sockets: (0..slots).map(|_| None).collect(),
        })
    }

    /// Reserves room for every socket to be ready at once.
    pub fn room(&self) -> Ready {
        Ready(Vec::with_capacity(self.sockets.len().max(1)))
    }

    /// Takes a leg's socket; one that the slot had before is closed. Tells whether it is watched.
    pub fn open(&mut self, slot: Slot, socket: UdpSocket) -> bool {
        let Some(place) = self.sockets.get_mut(usize::from(slot.0)) else { return false };
        // Closing a socket ends its watch.
        let socket = place.insert(socket);
        let data = epoll::EventData::new_u64(u64::from(slot.0));
        epoll::add(&self.epoll, &*socket, data, epoll::EventFlags::IN).is_ok()
    }

    /// Closes a leg's socket.
    pub fn shut(&mut self, slot: Slot) {
        if let Some(place) = self.sockets.get_mut(usize::from(slot.0)) {
            *place = None;
        }
    }

    /// The socket of a leg.
    pub fn get(&self, slot: Slot) -> Option<&UdpSocket> {
        self.sockets.get(usize::from(slot.0))?.as_ref()
    }

    /// Hands on what came; gives how many datagrams that were.
    pub fn read(&self, ready: &mut Ready, mut take: impl FnMut(Slot, SocketAddr, &[u8])) -> u64 {
        let mut bytes = [0_u8; DATAGRAM_BYTES_MAX];
        let mut taken = 0;
        for _ in 0..ROUNDS {
            ready.0.clear();
            let waited = epoll::wait(&self.epoll, spare_capacity(&mut ready.0), Some(&NOW));
            if waited.is_err() || ready.0.is_empty() {
                break;
            }
            for event in &ready.0 {
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

    fn read(sockets: &mut Sockets) -> Vec<(u16, Vec<u8>)> {
        let mut read = Vec::new();
        sockets.read(&mut sockets.room(), |slot, _, bytes| read.push((slot.0, bytes.to_vec())));
        read
    }

    #[test]
    fn what_came_is_read_in_turns_and_a_flood_waits_for_the_next_tick() {
        let mut sockets = Sockets::new(4).unwrap();
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

    #[test]
    fn a_socket_that_was_shut_or_replaced_is_not_read_any_more() {
        let mut sockets = Sockets::new(2).unwrap();
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
