//! Datagrams of many sockets in few system calls, by io_uring.
//!
//! ```text
//!   receive: every socket --> 256 RECVMSG, one system call --> taken --> those that had one, again
//!   send:    256 SENDs, one system call
//! ```
//!
//! Every operation is told not to wait (`MSG_DONTWAIT`), so that the kernel has done with all of
//! them when the system call returns: no memory is shared with it between two calls. Sockets are
//! not watched: in a tick of 20 ms nearly each has something, and an empty look costs less than a
//! wake-up. Kernels and sandboxes that refuse io_uring are told apart by `Batches::new`.
//!
//! This is the one module of the box that needs `unsafe` for sound: no crate offers batches over
//! many sockets in safe hands, and a system call a datagram costs a fifth of the core
//! (`scripts/bench media forward_limit forward_limit_batched`).
#![expect(unsafe_code, reason = "entries of the ring carry pointers; see each block")]

mod address;

use address::Address;
use io_uring::{IoUring, opcode, types};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;

/// Operations a system call.
pub const BATCH: usize = 256;
/// The longest datagram that is taken or sent whole.
pub const DATAGRAM_BYTES_MAX: usize = 2048;

/// The memory one operation uses: a datagram and its address, and how the kernel is told of them.
struct Room {
    bytes: [u8; DATAGRAM_BYTES_MAX],
    address: Address,
    part: libc::iovec,
    head: libc::msghdr,
}

/// What became of the datagrams to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub sent: u64,
    /// Not taken by the kernel, or longer than `DATAGRAM_BYTES_MAX`.
    pub failed: u64,
}

/// Sockets by place, read and written in batches.
pub struct Batches {
    ring: IoUring,
    rooms: Box<[Room]>,
    sockets: Vec<Option<UdpSocket>>,
    /// Places that have a socket.
    open: Vec<u16>,
    /// Places still to be looked at in this turn.
    todo: Vec<u16>,
    again: Vec<u16>,
    /// Sends that wait for `flush`; they use the first rooms.
    waiting: usize,
    outcome: Sent,
    /// The kernel broke its word on what was submitted: nothing is asked of it any more.
    broken: bool,
}

impl Batches {
    /// Sets the ring up and reserves a place for each socket; an error where the kernel or a
    /// sandbox refuses io_uring.
    pub fn new(places: usize) -> io::Result<Self> {
        let entries = BATCH as u32;
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all()
            .build(entries)
            // Kernels before 6.1 know the first two only in part.
            .or_else(|_| IoUring::new(entries))?;
        let room = || Room {
            bytes: [0; DATAGRAM_BYTES_MAX],
            address: Address::default(),
            part: libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 },
            // SAFETY: a msghdr is a plain structure of C for which all zeros is a valid value.
            head: unsafe { std::mem::zeroed() },
        };
        let mut batches = Self {
            ring,
            rooms: (0..BATCH).map(|_| room()).collect(),
            sockets: (0..places).map(|_| None).collect(),
            open: Vec::with_capacity(places),
            todo: Vec::with_capacity(places),
            again: Vec::with_capacity(places),
            waiting: 0,
            outcome: Sent::default(),
            broken: false,
        };
        batches.probe()?;
        Ok(batches)
    }

    /// Takes a socket; one that the place had before is closed. Tells whether there is the place.
    pub fn open(&mut self, place: u16, socket: UdpSocket) -> bool {
        let Some(slot) = self.sockets.get_mut(usize::from(place)) else { return false };
        let before = slot.replace(socket);
        if before.is_none() {
            self.open.push(place);
        } else {
            // What was to go out over the one before goes first.
            self.flush_waiting();
        }
        drop(before);
        true
    }

    /// Closes the socket of a place.
    pub fn shut(&mut self, place: u16) {
        self.flush_waiting();
        if self.sockets.get_mut(usize::from(place)).and_then(Option::take).is_some() {
            self.open.retain(|open| *open != place);
        }
    }

    /// Tells whether the ring still works; if not, nothing comes or goes here any more.
    pub fn is_sound(&self) -> bool {
        !self.broken
    }

    /// Gives the sockets back with their places, for another way to use them.
    pub fn take_sockets(&mut self) -> Vec<Option<UdpSocket>> {
        self.flush_waiting();
        self.open.clear();
        std::mem::take(&mut self.sockets)
    }

    /// Hands on what came, at most `rounds` datagrams of each socket; gives how many that were.
    pub fn receive(&mut self, rounds: usize, mut take: impl FnMut(u16, SocketAddr, &[u8])) -> u64 {
        self.flush_waiting();
        let (mut todo, mut again) =
            (std::mem::take(&mut self.todo), std::mem::take(&mut self.again));
        todo.clear();
        todo.extend_from_slice(&self.open);
        let mut taken = 0;
        for _ in 0..rounds {
            again.clear();
            for places in todo.chunks(BATCH) {
                taken += self.receive_some(places, &mut again, &mut take);
            }
            std::mem::swap(&mut todo, &mut again);
            if todo.is_empty() {
                break;
            }
        }
        (self.todo, self.again) = (todo, again);
        taken
    }

    /// Sends a datagram from a place's socket, with the next `flush` at the latest.
    pub fn send(&mut self, place: u16, to: SocketAddr, bytes: &[u8]) {
        if self.waiting == BATCH {
            self.flush_waiting();
        }
        let socket = self.sockets.get(usize::from(place)).and_then(Option::as_ref);
        let room = self.rooms.get_mut(self.waiting);
        let (Some(socket), Some(room), false) = (socket, room, self.broken) else {
            self.outcome.failed += 1;
            return;
        };
        let Some(copy) = room.bytes.get_mut(..bytes.len()) else {
            self.outcome.failed += 1;
            return;
        };
        copy.copy_from_slice(bytes);
        let address_len = room.address.set(to);
        let entry = opcode::Send::new(
            types::Fd(socket.as_raw_fd()),
            room.bytes.as_ptr(),
            bytes.len() as u32,
        )
        .flags(libc::MSG_DONTWAIT)
        .dest_addr(room.address.as_ptr())
        .dest_addr_len(address_len)
        .build();
        // SAFETY: the entry points into a room of ours, which is neither moved, changed nor freed
        // until `run` has seen the operation's end (or leaks it): rooms below `waiting` are not
        // touched before. The socket is closed only after `flush_waiting` (`open`, `shut`).
        self.broken |= unsafe { self.ring.submission().push(&entry) }.is_err();
        self.waiting += 1;
    }

    /// Sends what waits and tells what became of all datagrams since the last time.
    pub fn flush(&mut self) -> Sent {
        self.flush_waiting();
        std::mem::take(&mut self.outcome)
    }

    fn flush_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting == 0 {
            return;
        }
        self.run(waiting);
        let mut sent = 0;
        for entry in self.ring.completion() {
            sent += u64::from(entry.result() >= 0);
        }
        self.outcome.sent += sent;
        self.outcome.failed += (waiting as u64).saturating_sub(sent);
    }

    /// Takes one datagram of each place; notes those that had one.
    fn receive_some(
        &mut self,
        places: &[u16],
        again: &mut Vec<u16>,
        take: &mut impl FnMut(u16, SocketAddr, &[u8]),
    ) -> u64 {
        let mut pushed = 0;
        for (n, (place, room)) in places.iter().zip(&mut self.rooms).enumerate() {
            let Some(Some(socket)) = self.sockets.get(usize::from(*place)) else { continue };
            if self.broken {
                return 0;
            }
            room.part = libc::iovec {
                iov_base: room.bytes.as_mut_ptr().cast(),
                iov_len: DATAGRAM_BYTES_MAX,
            };
            room.head.msg_name = room.address.as_mut_ptr().cast();
            room.head.msg_namelen = Address::BYTES;
            room.head.msg_iov = &raw mut room.part;
            room.head.msg_iovlen = 1;
            let entry = opcode::RecvMsg::new(types::Fd(socket.as_raw_fd()), &raw mut room.head)
                .flags(libc::MSG_DONTWAIT as u32)
                .build()
                .user_data(n as u64);
            // SAFETY: the head and all it points to lie in a room of ours, which is neither moved,
            // looked at nor freed until `run` has seen the operation's end (or leaks it).
            self.broken |= unsafe { self.ring.submission().push(&entry) }.is_err();
            pushed += 1;
        }
        if pushed == 0 {
            return 0;
        }
        self.run(pushed);
        if self.broken {
            return 0;
        }
        let mut taken = 0;
        for entry in self.ring.completion() {
            let n = entry.user_data() as usize;
            let (Some(place), Some(room)) = (places.get(n), self.rooms.get(n)) else { continue };
            let Ok(len) = usize::try_from(entry.result()) else { continue };
            // Of datagrams the kernel does not tell whether more wait.
            again.push(*place);
            let (Some(from), Some(bytes)) = (room.address.get(), room.bytes.get(..len)) else {
                continue;
            };
            taken += 1;
            take(*place, from, bytes);
        }
        taken
    }

    /// Submits what was pushed and comes back when the kernel has done with all of it.
    fn run(&mut self, pushed: usize) {
        // Each turn either ends operations or fails; a kernel that fails on and on is given up.
        for _ in 0..pushed + 16 {
            let submitted = self.ring.submit_and_wait(pushed);
            let ended = self.ring.completion().len();
            if ended >= pushed && self.ring.submission().is_empty() {
                return;
            }
            let passing = matches!(
                submitted.as_ref().map_err(io::Error::kind),
                Ok(_) | Err(io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock)
            );
            if !passing {
                break;
            }
        }
        self.broken = true;
    }

    /// Tries a receive and a send on a socket of our own, since a sandbox may refuse them singly.
    fn probe(&mut self) -> io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        let itself = socket.local_addr()?;
        self.sockets.push(Some(socket));
        let place = (self.sockets.len() - 1) as u16;
        self.open.push(place);
        self.send(place, itself, b"?");
        let sent = self.flush();
        let came = self.receive(1, |_, _, _| {});
        self.open.clear();
        self.sockets.pop();
        if sent.sent == 1 && came == 1 && !self.broken {
            Ok(())
        } else {
            Err(io::Error::other("io_uring takes no datagrams here"))
        }
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        self.flush_waiting();
        if self.broken {
            // The kernel may still write into the rooms: they are given up with the ring.
            Box::leak(std::mem::take(&mut self.rooms));
        }
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

    /// Nothing where this machine refuses io_uring: the fallback's tests hold there.
    fn batches(places: usize) -> Option<Batches> {
        Batches::new(places).inspect_err(|error| eprintln!("no io_uring: {error}")).ok()
    }

    fn read(batches: &mut Batches, rounds: usize) -> Vec<(u16, Vec<u8>)> {
        let mut read = Vec::new();
        batches.receive(rounds, |place, _, bytes| read.push((place, bytes.to_vec())));
        read
    }

    #[test]
    fn more_datagrams_than_a_batch_go_out_and_come_in_each_at_its_socket() {
        let places = 3 * BATCH as u16 / 2;
        let Some(mut batches) = batches(usize::from(places)) else { return };
        let sockets: Vec<_> = (0..places).map(|_| socket()).collect();
        let at: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
        for (place, socket) in sockets.into_iter().enumerate() {
            assert!(batches.open(place as u16, socket));
        }
        for place in 0..places {
            let to = at[usize::from((place + 1) % places)];
            batches.send(place, to, &place.to_be_bytes());
        }
        assert_eq!(batches.flush(), Sent { sent: u64::from(places), failed: 0 });
        let mut seen = 0;
        let count = batches.receive(1, |place, from, bytes| {
            let before = (place + places - 1) % places;
            assert_eq!((from, bytes), (at[usize::from(before)], &before.to_be_bytes()[..]));
            seen += 1;
        });
        assert_eq!((seen, count), (places, u64::from(places)));
        assert_eq!(read(&mut batches, 1), []);
    }

    #[test]
    fn a_socket_with_more_is_looked_at_again_up_to_its_rounds() {
        let Some(mut batches) = batches(2) else { return };
        let (peer, here) = (socket(), socket());
        let at = here.local_addr().unwrap();
        assert!(batches.open(0, here));
        assert!(batches.open(1, socket()));
        for n in 0..5 {
            peer.send_to(&[n], at).unwrap();
        }
        let three: Vec<_> = (0..3).map(|n| (0, vec![n])).collect();
        assert_eq!(read(&mut batches, 3), three);
        assert_eq!(read(&mut batches, 3), [(0, vec![3]), (0, vec![4])]);
    }

    #[test]
    fn addresses_of_both_families_come_and_go() {
        let Some(mut batches) = batches(1) else { return };
        let Ok(here) = UdpSocket::bind("[::1]:0") else { return };
        here.set_nonblocking(true).unwrap();
        let at = here.local_addr().unwrap();
        assert!(batches.open(0, here));
        batches.send(0, at, b"six");
        assert_eq!(batches.flush().sent, 1);
        let mut from = None;
        batches.receive(1, |_, address, bytes| from = (bytes == b"six").then_some(address));
        assert_eq!(from, Some(at));
    }

    #[test]
    fn a_place_that_is_shut_or_not_there_neither_sends_nor_receives() {
        let Some(mut batches) = batches(1) else { return };
        let (peer, here) = (socket(), socket());
        let (at, to) = (here.local_addr().unwrap(), peer.local_addr().unwrap());
        assert!(!batches.open(1, socket()));
        assert!(batches.open(0, here));
        batches.send(0, to, b"before");
        batches.shut(0);
        batches.send(0, to, b"after");
        batches.send(9, to, b"nowhere");
        assert_eq!(batches.flush(), Sent { sent: 1, failed: 2 });
        peer.send_to(b"late", at).ok();
        assert_eq!(read(&mut batches, 1), []);
        let mut bytes = [0; 16];
        assert_eq!(peer.recv(&mut bytes).unwrap(), 6);
    }

    #[test]
    fn what_is_too_long_is_not_sent_and_what_comes_too_long_is_cut() {
        let Some(mut batches) = batches(1) else { return };
        let (peer, here) = (socket(), socket());
        let (at, to) = (here.local_addr().unwrap(), peer.local_addr().unwrap());
        assert!(batches.open(0, here));
        batches.send(0, to, &[0; DATAGRAM_BYTES_MAX + 1]);
        assert_eq!(batches.flush(), Sent { sent: 0, failed: 1 });
        peer.send_to(&[1; DATAGRAM_BYTES_MAX + 500], at).unwrap();
        assert_eq!(read(&mut batches, 1), [(0, vec![1; DATAGRAM_BYTES_MAX])]);
    }
}
