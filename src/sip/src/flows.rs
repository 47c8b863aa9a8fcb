//! The open connections: what came of each so far, and when one is dropped (RFC 3261 18.3, RFC 5626
//! 3.5.1 and 4.4.1).
//!
//! ```text
//!   Opened --> stranger --let in--> known --3 h without a message--> closed
//!                 | 30 s without a message, or room is needed
//!                 +--> closed
//!   known and registered by outbound: 150 s of silence --> closed (it says CRLF CRLF each 120 s)
//!   any: half a message for 10 s, bytes that are no message, Closed --> closed
//!   ours: CRLF CRLF each 110 s; who answered that once and does not for 10 s --> closed
//! ```

mod flow;
mod succession;

pub use flow::{FLOW_TIMER_S, Flow};

use crate::peer::{FlowId, Peer, Transport};
use crate::stream::{Broken, Piece};
use flow::{PONG_MAX, Turn};
use model::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use succession::Succession;

/// Most of what connections may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimits {
    /// Open at a time. At it the stranger that is open longest goes, or the new one if none is.
    pub flows_max: usize,
    /// Bytes of unfinished messages in all. At it whoever sends more of one is dropped.
    pub bytes_max: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { flows_max: 12_288, bytes_max: 16 << 20 }
    }
}

/// What is due for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Ping(FlowId),
    Close(FlowId),
}

/// All open connections.
#[derive(Debug)]
pub struct Flows {
    limits: FlowLimits,
    open: BTreeMap<FlowId, Flow>,
    /// Those let in and ours: who merely connects from an address is not who is meant by it.
    by_addr: BTreeMap<(Transport, SocketAddr), FlowId>,
    /// Those never let in, the longest open first.
    strangers: BTreeSet<FlowId>,
    agenda: BTreeSet<(Instant, FlowId)>,
    succession: Succession,
    bytes: usize,
}

impl Flows {
    /// Starts with none open.
    pub fn new(limits: FlowLimits) -> Self {
        Self {
            limits,
            open: BTreeMap::new(),
            by_addr: BTreeMap::new(),
            strangers: BTreeSet::new(),
            agenda: BTreeSet::new(),
            succession: Succession::default(),
            bytes: 0,
        }
    }

    /// Takes a new connection; gives the one to close for it where there is no room.
    pub fn opened(
        &mut self,
        now: Instant,
        id: FlowId,
        peer: Peer,
        outgoing: bool,
        certificate: Vec<String>,
    ) -> Option<FlowId> {
        let full = self.open.len() >= self.limits.flows_max;
        let victim = if full { self.strangers.first().copied() } else { None };
        if full && victim.is_none() && !outgoing {
            return Some(id);
        }
        let flow = Flow::new(now, id, peer, outgoing, certificate);
        self.agenda.insert((flow.noted, id));
        match outgoing {
            true => _ = self.by_addr.insert((peer.transport, peer.addr), id),
            false => _ = self.strangers.insert(id),
        }
        self.open.insert(id, flow);
        victim
    }

    /// Forgets a connection; gives what it was.
    pub fn closed(&mut self, id: FlowId) -> Option<Flow> {
        let flow = self.open.remove(&id)?;
        self.bytes -= flow.stream.len();
        self.strangers.remove(&id);
        self.agenda.remove(&(flow.noted, id));
        let key = (flow.peer.transport, flow.peer.addr);
        if self.by_addr.get(&key) == Some(&id) {
            self.by_addr.remove(&key);
        }
        Some(flow)
    }

    /// The peer at the other end.
    pub fn peer(&self, id: FlowId) -> Option<Peer> {
        self.open.get(&id).map(|flow| flow.peer)
    }

    /// A connection.
    pub fn get(&self, id: FlowId) -> Option<&Flow> {
        self.open.get(&id)
    }

    /// Connections open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Tells whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Bytes of unfinished messages.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that the other end was let in: it keeps its connection from now on.
    pub fn known(&mut self, peer: &Peer) {
        let Some(id) = peer.flow else { return };
        if self.strangers.remove(&id)
            && let Some(flow) = self.open.get_mut(&id)
        {
            flow.known = true;
            self.by_addr.insert((flow.peer.transport, flow.peer.addr), id);
        }
    }

    /// Notes that the other end promised to keep a connection alive (RFC 5626 section 4.4).
    pub fn keep(&mut self, id: FlowId) {
        if let Some(flow) = self.open.get_mut(&id).filter(|flow| !flow.kept) {
            flow.kept = true;
            self.note(id);
        }
    }

    /// Notes that whoever was at the other end of a connection is at that of another now: what was
    /// for the old one goes by the new one, responses too (RFC 3261 section 18.2.2).
    pub fn succeed(&mut self, old: FlowId, new: FlowId) {
        self.succession.add(old, new);
    }

    /// The last open successor of a connection, of the same transport.
    fn successor(&self, to: Peer) -> Option<Peer> {
        let found = self.succession.of(to.flow?).filter_map(|id| self.peer(id)).last();
        found.filter(|peer| peer.transport == to.transport)
    }

    /// Where a message for a peer goes now: its connection or that one's successor, another one to
    /// the same address that was let in or that we opened, or the address where a connection is yet to be opened.
    pub fn resolve(&self, to: Peer) -> Peer {
        if let Some(successor) = self.successor(to) {
            return successor;
        }
        if !to.transport.reliable() || to.flow.is_some_and(|id| self.open.contains_key(&id)) {
            return to;
        }
        Peer { flow: self.by_addr.get(&(to.transport, to.addr)).copied(), ..to }
    }

    /// Tells whether nothing came by a connection for as long as an answer may take: nobody is at its
    /// other end, though neither end was told.
    pub fn is_dead(&self, now: Instant, id: FlowId) -> bool {
        self.open.get(&id).is_some_and(|flow| flow.is_dead(now))
    }

    /// Takes bytes of a connection in. Tells whether there was room for them.
    pub fn push(&mut self, now: Instant, id: FlowId, bytes: &[u8]) -> bool {
        let Some(flow) = self.open.get_mut(&id) else { return true };
        if !flow.stream.is_empty() && self.bytes + bytes.len() > self.limits.bytes_max {
            return false;
        }
        flow.push(now, bytes);
        self.bytes += bytes.len();
        true
    }

    /// The next whole piece of what came.
    pub fn piece(&mut self, now: Instant, id: FlowId) -> Result<Option<Piece>, Broken> {
        let Some(flow) = self.open.get_mut(&id) else { return Ok(None) };
        let before = flow.stream.len();
        let piece = flow.piece(now);
        self.bytes -= before - flow.stream.len();
        if flow.deadline() < flow.noted {
            self.note(id);
        }
        piece
    }

    /// What is due next; to be asked until there is nothing.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        while let Some(&(at, id)) = self.agenda.first().filter(|(at, _)| *at <= now) {
            self.agenda.remove(&(at, id));
            let Some(flow) = self.open.get_mut(&id) else { continue };
            let turn = flow.turn(now);
            // Should nobody close it, it comes again.
            flow.noted = if turn == Turn::Close { now + PONG_MAX } else { flow.deadline() };
            self.agenda.insert((flow.noted, id));
            match turn {
                Turn::Nothing => {}
                Turn::Ping => return Some(Due::Ping(id)),
                Turn::Close => return Some(Due::Close(id)),
            }
        }
        None
    }

    /// When `due` has something to say at the earliest.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.agenda.first().map(|(at, _)| (*at, "connection to look after"))
    }

    /// Brings the agenda up to date with a connection.
    fn note(&mut self, id: FlowId) {
        let Some(flow) = self.open.get_mut(&id) else { return };
        self.agenda.remove(&(flow.noted, id));
        flow.noted = flow.deadline();
        self.agenda.insert((flow.noted, id));
    }
}

#[cfg(test)]
mod tests;
