//! Datagrams of many sockets in few system calls, by io_uring.
//!
//! ```text
//!   receive: every socket --> 256 RECVs, one system call --> taken --> some of those that had one
//!            (a second look costs as much as a first: `place`)         again --> ...
//!   send:    256 SENDs, one system call
//! ```
//!
//! Every operation is told not to wait (`MSG_DONTWAIT`), so that the kernel has done with all of
//! them when the system call returns: no memory is shared with it between two calls. Sockets are
//! not watched: in a tick of 20 ms nearly each has something, and an empty look costs less than a
//! wake-up. They are registered with the ring, and one whose peer is known for good is connected
//! (`connect`): then the kernel finds the way to it once, not with each datagram, and drops what
//! others send. Kernels and sandboxes that refuse io_uring are told apart by `Batches::new`.
//!
//! This is the one module of the box that needs `unsafe` for sound: no crate offers batches over
//! many sockets in safe hands, and a system call a datagram costs a fifth of the core
//! (`scripts/bench media forward_limit forward_limit_batched`).
#![expect(unsafe_code, reason = "entries of the ring carry pointers; see each block")]

mod address;
mod look;
mod place;
mod room;
#[cfg(test)]
mod tests;

use io_uring::IoUring;
use io_uring::opcode::Send;
use io_uring::types::{Fd, Fixed};
use look::{look, tells_of_peer};
use place::Place;
use room::Room;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd as _, RawFd};

/// Operations a system call.
pub const BATCH: usize = 256;
/// The longest datagram that is taken or sent whole.
pub const DATAGRAM_BYTES_MAX: usize = 2048;
/// A registered place without a socket.
const NO_SOCKET: RawFd = -1;

/// What became of datagrams since the last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub sent: u64,
    /// Not taken by the kernel, or longer than `DATAGRAM_BYTES_MAX`.
    pub failed: u64,
    /// Times a peer's machine said that nobody listens there (ICMP). It may be a phone that starts
    /// anew, or a forgery: nothing follows of it.
    pub refused: u64,
}

/// Sockets by place, read and written in batches.
pub struct Batches {
    ring: IoUring,
    rooms: Box<[Room]>,
    places: Vec<Option<Place>>,
    /// Sockets are registered with the ring, by place.
    registered: bool,
    /// Places that have a socket.
    open: Vec<u16>,
    /// Places still to be looked at in this turn.
    todo: Vec<u16>,
    again: Vec<u16>,
    turn: u64,
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
        // One more, for the probe. Where it is refused each operation looks its socket up.
        let count = u32::try_from(places + 1).unwrap_or(u32::MAX);
        let registered = ring.submitter().register_files_sparse(count).is_ok();
        let mut batches = Self {
            ring,
            rooms: (0..BATCH).map(|_| Room::new()).collect(),
            places: (0..places).map(|_| None).collect(),
            registered,
            open: Vec::with_capacity(places + 1),
            todo: Vec::with_capacity(places + 1),
            again: Vec::with_capacity(places + 1),
            turn: 0,
            waiting: 0,
            outcome: Sent::default(),
            broken: false,
        };
        batches.probe()?;
        Ok(batches)
    }

    /// Takes a socket; one that the place had before is closed. Tells whether there is the place.
    pub fn open(&mut self, place: u16, socket: UdpSocket) -> bool {
        // What was to go out over the one before goes first.
        self.flush_waiting();
        let Some(slot) = self.places.get_mut(usize::from(place)) else { return false };
        let fd = socket.as_raw_fd();
        if slot.replace(Place::new(socket)).is_none() {
            self.open.push(place);
        }
        self.register(place, fd);
        true
    }

    /// Closes the socket of a place.
    pub fn shut(&mut self, place: u16) {
        drop(self.take(place));
    }

    /// Gives the socket of a place back, open to all, with what came and was not taken yet in it.
    pub fn take(&mut self, place: u16) -> Option<UdpSocket> {
        self.flush_waiting();
        let taken = self.places.get_mut(usize::from(place)).and_then(Option::take)?;
        self.open.retain(|open| *open != place);
        self.register(place, NO_SOCKET);
        Some(taken.close())
    }

    /// Exchanges datagrams with this peer alone from now on, or again with all.
    pub fn connect(&mut self, place: u16, peer: Option<SocketAddr>) {
        if let Some(Some(place)) = self.places.get_mut(usize::from(place)) {
            place.connect(peer);
        }
    }

    /// Tells whether the ring still works; if not, nothing comes or goes here any more.
    pub fn is_sound(&self) -> bool {
        !self.broken
    }

    /// Places reserved.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Gives the sockets back with their places, for another way to use them.
    pub fn take_sockets(&mut self) -> Vec<Option<UdpSocket>> {
        self.flush_waiting();
        self.open.clear();
        if std::mem::take(&mut self.registered) {
            // A ring that is broken is dropped next, and its files with it.
            let _ = self.ring.submitter().unregister_files();
        }
        std::mem::take(&mut self.places).into_iter().map(|place| Some(place?.close())).collect()
    }

    /// Hands on what came, at most `rounds` datagrams of each socket; gives how many that were.
    pub fn receive(&mut self, rounds: usize, mut take: impl FnMut(u16, SocketAddr, &[u8])) -> u64 {
        self.flush_waiting();
        let (mut todo, mut again) =
            (std::mem::take(&mut self.todo), std::mem::take(&mut self.again));
        todo.clear();
        todo.extend_from_slice(&self.open);
        self.turn = self.turn.wrapping_add(1);
        let mut taken = 0;
        for round in 0..rounds {
            again.clear();
            for places in todo.chunks(BATCH) {
                taken += self.receive_some(places, &mut again, &mut take);
            }
            if round == 0 {
                again.retain(|&no| self.looks_again(no));
            }
            std::mem::swap(&mut todo, &mut again);
            if todo.is_empty() {
                break;
            }
        }
        (self.todo, self.again) = (todo, again);
        for &no in &self.open {
            if let Some(Some(place)) = self.places.get_mut(usize::from(no)) {
                place.end_turn();
            }
        }
        taken
    }

    /// Sends a datagram from a place's socket, with the next `flush` at the latest.
    pub fn send(&mut self, place: u16, to: SocketAddr, bytes: &[u8]) {
        if self.waiting == BATCH {
            self.flush_waiting();
        }
        let socket = self.places.get(usize::from(place)).and_then(Option::as_ref);
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
        let (from, len) = (room.bytes.as_ptr(), bytes.len() as u32);
        let send = match self.registered {
            true => Send::new(Fixed(u32::from(place)), from, len),
            false => Send::new(Fd(socket.fd()), from, len),
        };
        let send = send.flags(libc::MSG_DONTWAIT);
        let entry = if socket.peer() == Some(to) {
            send.build()
        } else {
            let address_len = room.address.set(to);
            send.dest_addr(room.address.as_ptr()).dest_addr_len(address_len).build()
        };
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
        let (mut sent, mut refused) = (0, 0);
        for entry in self.ring.completion() {
            sent += u64::from(entry.result() >= 0);
            refused += u64::from(tells_of_peer(entry.result()));
        }
        self.outcome.sent += sent;
        self.outcome.refused += refused;
        self.outcome.failed += (waiting as u64).saturating_sub(sent + refused);
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
            let Some(Some(socket)) = self.places.get(usize::from(*place)) else { continue };
            if self.broken {
                return 0;
            }
            let fixed = self.registered.then_some(Fixed(u32::from(*place)));
            let entry = look(socket, fixed, room).user_data(n as u64);
            // SAFETY: the entry and all it points to lie in a room of ours, which is neither moved,
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
            let (Some(no), Some(room)) = (places.get(n), self.rooms.get(n)) else { continue };
            let Some(Some(place)) = self.places.get_mut(usize::from(*no)) else { continue };
            let Ok(len) = usize::try_from(entry.result()) else {
                if tells_of_peer(entry.result()) {
                    self.outcome.refused += 1;
                    // What the peer's machine told was taken instead of a datagram.
                    again.push(*no);
                } else {
                    place.note_empty();
                }
                continue;
            };
            // Of datagrams the kernel does not tell whether more wait.
            again.push(*no);
            place.note();
            let from = place.sender().or_else(|| room.address.get());
            let (Some(from), Some(bytes)) = (from, room.bytes.get(..len)) else { continue };
            taken += 1;
            take(*no, from, bytes);
        }
        taken
    }

    fn looks_again(&self, no: u16) -> bool {
        let place = self.places.get(usize::from(no)).and_then(Option::as_ref);
        place.is_some_and(|place| place.looks_again(self.turn.wrapping_add(no.into())))
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

    /// Tells the ring of a place's socket. A ring that does not take it is no use.
    fn register(&mut self, place: u16, fd: RawFd) {
        if self.registered {
            let told = self.ring.submitter().register_files_update(u32::from(place), &[fd]);
            self.broken |= told.is_err();
        }
    }

    /// Tries a receive and a send on a socket of our own, since a sandbox may refuse them singly.
    fn probe(&mut self) -> io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        let itself = socket.local_addr()?;
        let no = u16::try_from(self.places.len()).unwrap_or(u16::MAX);
        self.places.push(None);
        self.open(no, socket);
        self.send(no, itself, b"?");
        let sent = self.flush();
        let came = self.receive(1, |_, _, _| {});
        self.shut(no);
        self.places.pop();
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
