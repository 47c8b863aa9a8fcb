//! A socket in its place: whom it is connected to, and how often it is looked at.
//!
//! ```text
//!   open --connect(peer)--> still read with addresses --an empty look--> the peer's alone
//!     ^----------------------------- connect(nobody) -------------------------'
//! ```
//!
//! What others sent before the connection may still be in the buffer, so addresses are read until
//! it was seen empty.
//!
//! A sender of a datagram a tick is looked at once a tick. A second look, which as a rule finds
//! nothing and costs as much as the first, is taken where the tick before had none or several, and
//! every eighth tick: so what came doubled, after a pause or of a sender in shorter packets, is
//! taken at once, and the one too many of a sender whose clock is fast within `LOOK_EVERY` ticks,
//! each datagram at most a tick after its time.

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd as _, RawFd};

/// A port that nothing is sent to (RFC 863).
const DISCARD: u16 = 9;
/// Ticks between two second looks at the socket of a steady sender.
const LOOK_EVERY: u64 = 8;

pub struct Place {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    /// The buffer was empty since the peer was connected.
    emptied: bool,
    /// Datagrams of this tick, and of the one before.
    came: u8,
    before: u8,
}

impl Place {
    pub fn new(socket: UdpSocket) -> Self {
        Self { socket, peer: None, emptied: false, came: 0, before: 0 }
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
    /// The peer that datagrams are exchanged with alone.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }
    /// Whose every datagram is that comes.
    pub fn sender(&self) -> Option<SocketAddr> {
        self.peer.filter(|_| self.emptied)
    }
    /// Gives the socket back, open to all.
    pub fn close(mut self) -> UdpSocket {
        self.connect(None);
        self.socket
    }

    /// Connects the socket, or lets it go. Where the system refuses it stays open to all.
    pub fn connect(&mut self, peer: Option<SocketAddr>) {
        if peer == self.peer {
            return;
        }
        self.emptied = false;
        let was_mapped =
            self.peer.is_some_and(|old| old.is_ipv6() && old.ip().to_canonical().is_ipv4());
        self.peer = match peer {
            Some(peer) => self.socket.connect(peer).is_ok().then_some(peer),
            None => None,
        };
        if self.peer.is_none() {
            // Of a datagram socket this forgets the peer; a port that was bound by number stays.
            let _ = rustix::net::connect_unspec(&self.socket);
            if was_mapped {
                // Let go of an IPv4 peer, a socket of both families stays deaf to IPv6 (seen with
                // Linux 6.18) until it had a peer there. Connecting sends nothing.
                let _ = self.socket.connect((Ipv6Addr::LOCALHOST, DISCARD));
                let _ = rustix::net::connect_unspec(&self.socket);
            }
        }
    }

    /// Notes a datagram.
    pub fn note(&mut self) {
        self.came = self.came.saturating_add(1);
    }

    /// Notes that nothing was in the buffer.
    pub fn note_empty(&mut self) {
        self.emptied = true;
    }

    /// Tells whether one that had a datagram is looked at a second time.
    pub fn looks_again(&self, turn: u64) -> bool {
        self.before != 1 || turn.is_multiple_of(LOOK_EVERY)
    }

    /// Ends a tick.
    pub fn end_turn(&mut self) {
        self.before = std::mem::take(&mut self.came);
    }
}
