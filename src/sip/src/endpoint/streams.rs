//! Connections: opened, read, closed.

use super::Endpoint;
use crate::command::Output;
use crate::framer;
use crate::peer::{FlowId, Peer};
use crate::stream::{Broken, Piece};
use model::Instant;

impl Endpoint {
    /// A connection: the one it takes the room of, or itself, is closed at the limit.
    pub(super) fn opened(
        &mut self,
        now: Instant,
        peer: Peer,
        outgoing: bool,
        certificate: Vec<String>,
    ) {
        let (Some(flow), true) = (peer.flow, peer.transport.reliable()) else { return };
        if let Some(shed) = self.wire.flows.opened(now, flow, peer, outgoing, certificate) {
            self.wire.counters.flows_shed += 1;
            self.close(now, shed);
        }
        self.wire.transactions.flow_opened(peer);
    }

    /// Takes bytes of a connection, and the messages that are whole with them.
    pub(super) fn bytes(&mut self, now: Instant, flow: FlowId, bytes: &[u8]) {
        let Some(from) = self.wire.flows.peer(flow) else { return };
        if !self.wire.flows.push(now, flow, bytes) {
            self.wire.counters.flows_shed += 1;
            return self.close(now, flow);
        }
        loop {
            match self.wire.flows.piece(now, flow) {
                Ok(None) => return,
                Ok(Some(Piece::Ping)) => self.say(flow, b"\r\n"),
                Ok(Some(Piece::Pong)) => {}
                Ok(Some(Piece::Whole(bytes))) => {
                    self.wire.counters.datagrams_in += 1;
                    self.message(now, from, &bytes);
                }
                Err(Broken { fault, head }) => {
                    // Where its end is nobody knows: it is answered, and nothing more is read.
                    let error = framer::refused(fault, &head);
                    self.malformed(now, from, error);
                    return self.close(now, flow);
                }
            }
        }
    }

    pub(super) fn say(&mut self, flow: FlowId, bytes: &[u8]) {
        if let Some(to) = self.wire.flows.peer(flow) {
            self.wire.tell(Output::Send { to, bytes: bytes.to_vec() });
        }
    }

    /// Closes a connection of our own accord.
    pub(super) fn close(&mut self, now: Instant, flow: FlowId) {
        self.closed(now, flow);
        self.wire.tell(Output::Close { flow });
    }

    pub(super) fn closed(&mut self, now: Instant, flow: FlowId) {
        let Some(closed) = self.wire.flows.closed(flow) else { return };
        self.wire.transactions.flow_closed(flow, !closed.outgoing);
        self.reception.flow_closed(closed.peer, &mut self.wire);
        self.trunks.flow_closed(now, &mut self.wire, closed.peer);
        self.take_timed_out(now);
    }
}
