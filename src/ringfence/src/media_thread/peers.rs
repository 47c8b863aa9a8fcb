//! Which sockets are connected to the one peer that their leg exchanges sound with.
//!
//! ```text
//!   open to all --the engine is settled on an address--> connected --a description--> open to all
//! ```
//!
//! A connected socket costs the kernel less a packet, and what strangers send never gets here. Only
//! legs in clear are settled (`Engine::settled`): what is authenticated may come from anywhere. A
//! socket bound to all addresses stays open: connected, it would hear what is sent to one of them.

use super::sockets::Sockets;
use media::{Engine, Slot};
use std::net::{SocketAddr, UdpSocket};

/// Ticks between two looks at a leg: half a second.
const LOOK_EVERY: u64 = 25;

pub(super) struct Peers(Vec<Peer>);

#[derive(Clone, Copy, Default)]
struct Peer {
    /// The socket is bound to an address of the box.
    may: bool,
    connected: Option<SocketAddr>,
}

impl Peers {
    pub(super) fn new(slots: usize) -> Self {
        Self(vec![Peer::default(); slots])
    }

    /// Notes a leg's new socket, open to all.
    pub(super) fn open(&mut self, slot: Slot, socket: &UdpSocket) {
        let may = socket.local_addr().is_ok_and(|at| !at.ip().is_unspecified());
        if let Some(peer) = self.0.get_mut(usize::from(slot.0)) {
            *peer = Peer { may, connected: None };
        }
    }

    /// Notes that a leg's socket is closed.
    pub(super) fn shut(&mut self, slot: Slot) {
        if let Some(peer) = self.0.get_mut(usize::from(slot.0)) {
            *peer = Peer::default();
        }
    }

    /// Looks at the legs whose turn it is.
    pub(super) fn tick(&mut self, tick: u64, engine: &Engine, sockets: &mut Sockets) {
        let first = (tick % LOOK_EVERY) as usize;
        for slot in (first..self.0.len()).step_by(LOOK_EVERY as usize) {
            self.look(Slot(slot as u16), engine, sockets);
        }
    }

    /// Connects a leg's socket, or lets it go, as the engine is settled or not.
    pub(super) fn look(&mut self, slot: Slot, engine: &Engine, sockets: &mut Sockets) {
        let Some(peer) = self.0.get_mut(usize::from(slot.0)).filter(|peer| peer.may) else {
            return;
        };
        let settled = engine.settled(slot);
        if peer.connected != settled {
            peer.connected = settled;
            sockets.connect(slot, settled);
        }
    }
}
