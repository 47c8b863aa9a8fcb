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

use crate::peer::{FlowId, Peer, Transport};
use crate::stream::{Broken, Piece, Stream};
use model::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// Longest a message may take from its first byte to its last.
pub const HALF_MAX: Duration = Duration::from_secs(10);
/// Longest silence of a connection whose other end was never let in.
pub const STRANGER_SILENT_MAX: Duration = Duration::from_secs(30);
/// Longest silence of any other: longer than the longest registration.
pub const KNOWN_SILENT_MAX: Duration = Duration::from_secs(3 * 3600);
/// How often we ask whether the other end of a connection of ours is there (RFC 5626 4.4.1: 95 to
/// 120 s).
pub const PING: Duration = Duration::from_secs(110);
/// How long we wait for the answer (RFC 5626 4.4.1).
pub const PONG_MAX: Duration = Duration::from_secs(10);

/// How often a phone with several connections is asked to say that each is alive, in seconds
/// (Flow-Timer, RFC 5626 section 6) …
pub const FLOW_TIMER_S: u32 = 120;
/// … and the silence after which one is closed.
pub const KEPT_SILENT_MAX: Duration = Duration::from_secs(150);
/// Most closed connections whose successors are known. At it the oldest is forgotten: what goes to
/// it finds nobody.
pub const SUCCESSORS_MAX: usize = 16_384;
/// Most successors in a row that are followed.
const SUCCESSIONS_MAX: usize = 16;

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

/// One connection.
#[derive(Debug)]
pub struct Flow {
    pub peer: Peer,
    /// Whether we opened it.
    pub outgoing: bool,
    /// The names in the certificate that mutual TLS proved.
    pub certificate: Vec<String>,
    stream: Stream,
    known: bool,
    /// The other end keeps it alive as we asked it to.
    kept: bool,
    heard_at: Instant,
    /// Since when a message is unfinished.
    half_since: Option<Instant>,
    ping_at: Option<Instant>,
    pong_until: Option<Instant>,
    /// The other end answered a ping once, so it will again.
    answers_pings: bool,
    /// Under which time it stands on the agenda: never later than its deadline.
    noted: Instant,
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
    /// By which connection a phone came back that had another.
    successors: BTreeMap<FlowId, FlowId>,
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
            successors: BTreeMap::new(),
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
        let mut flow = Flow {
            peer: Peer { flow: Some(id), ..peer },
            outgoing,
            certificate,
            stream: Stream::default(),
            known: outgoing,
            kept: false,
            heard_at: now,
            half_since: None,
            ping_at: outgoing.then(|| now + PING),
            pong_until: None,
            answers_pings: false,
            noted: now,
        };
        flow.noted = flow.deadline();
        self.agenda.insert((flow.noted, id));
        if !outgoing {
            self.strangers.insert(id);
        }
        if outgoing {
            self.by_addr.insert((peer.transport, peer.addr), id);
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
        let Some(flow) = self.open.get_mut(&id).filter(|flow| !flow.kept) else { return };
        flow.kept = true;
        self.agenda.remove(&(flow.noted, id));
        flow.noted = flow.deadline();
        self.agenda.insert((flow.noted, id));
    }

    /// Notes that whoever was at the other end of a connection is at that of another now: what was
    /// for the old one goes by the new one, responses too (RFC 3261 section 18.2.2).
    pub fn succeed(&mut self, old: FlowId, new: FlowId) {
        if old == new {
            return;
        }
        // It came back by one that it had before: nothing leads round.
        self.successors.remove(&new);
        self.successors.insert(old, new);
        if self.successors.len() > SUCCESSORS_MAX {
            self.successors.pop_first();
        }
    }

    /// The last open successor of a connection, of the same transport.
    fn successor(&self, to: Peer) -> Option<Peer> {
        let (mut id, mut found) = (to.flow?, None);
        for _ in 0..SUCCESSIONS_MAX {
            let Some(next) = self.successors.get(&id) else { break };
            id = *next;
            found = self.peer(id).or(found);
        }
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

    /// Takes bytes of a connection in. Tells whether there was room for them.
    pub fn push(&mut self, now: Instant, id: FlowId, bytes: &[u8]) -> bool {
        let Some(flow) = self.open.get_mut(&id) else { return true };
        if !flow.stream.is_empty() && self.bytes + bytes.len() > self.limits.bytes_max {
            return false;
        }
        flow.heard_at = now;
        flow.stream.push(bytes);
        self.bytes += bytes.len();
        true
    }

    /// The next whole piece of what came.
    pub fn piece(&mut self, now: Instant, id: FlowId) -> Result<Option<Piece>, Broken> {
        let Some(flow) = self.open.get_mut(&id) else { return Ok(None) };
        let before = flow.stream.len();
        let piece = flow.stream.piece();
        let waits_for_pong = matches!(piece, Ok(None)) && flow.pong_until.is_some();
        let pong = waits_for_pong && flow.stream.take_pong();
        self.bytes -= before - flow.stream.len();
        if matches!(piece, Ok(Some(_))) || pong {
            flow.half_since = None;
        }
        if matches!(piece, Ok(Some(Piece::Pong))) || pong {
            flow.answers_pings |= flow.pong_until.take().is_some();
        }
        if matches!(piece, Ok(None)) && flow.stream.is_within() {
            flow.half_since.get_or_insert(now);
            let at = flow.deadline();
            if at < flow.noted {
                self.agenda.remove(&(flow.noted, id));
                flow.noted = at;
                self.agenda.insert((at, id));
            }
        }
        piece
    }

    /// What is due next; to be asked until there is nothing.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        while let Some(&(at, id)) = self.agenda.first().filter(|(at, _)| *at <= now) {
            self.agenda.remove(&(at, id));
            let Some(flow) = self.open.get_mut(&id) else { continue };
            let mut due = None;
            if flow.closes_at() <= now {
                due = Some(Due::Close(id));
                // Should nobody close it, it comes again.
                flow.noted = now + PONG_MAX;
            } else {
                if flow.ping_at.is_some_and(|at| at <= now) {
                    flow.ping_at = Some(now + PING);
                    flow.pong_until = Some(now + PONG_MAX);
                    due = Some(Due::Ping(id));
                }
                flow.noted = flow.deadline();
            }
            self.agenda.insert((flow.noted, id));
            if due.is_some() {
                return due;
            }
        }
        None
    }

    /// When `due` has something to say at the earliest.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.agenda.first().map(|(at, _)| (*at, "connection to look after"))
    }
}

impl Flow {
    fn deadline(&self) -> Instant {
        self.ping_at.map_or(self.closes_at(), |ping| ping.min(self.closes_at()))
    }

    fn closes_at(&self) -> Instant {
        let silence = match (self.known, self.kept) {
            (true, true) => KEPT_SILENT_MAX,
            (true, false) => KNOWN_SILENT_MAX,
            (false, _) => STRANGER_SILENT_MAX,
        };
        let silent = self.heard_at + silence;
        let half = self.half_since.map(|since| since + HALF_MAX);
        let pong = self.pong_until.filter(|_| self.answers_pings);
        [half, pong].into_iter().flatten().fold(silent, Instant::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_millis(1000);

    fn peer(n: u8) -> Peer {
        Peer::new(Transport::Tcp, SocketAddr::from(([192, 0, 2, n], 5060)))
    }

    fn flows(flows_max: usize, bytes_max: usize) -> Flows {
        Flows::new(FlowLimits { flows_max, bytes_max })
    }

    fn after(seconds: u64) -> Instant {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn at_the_limit_the_stranger_that_is_open_longest_gives_way_and_never_who_is_known() {
        let mut flows = flows(2, 1000);
        assert_eq!(flows.opened(NOW, FlowId(1), peer(1), false, Vec::new()), None);
        assert_eq!(flows.opened(NOW, FlowId(2), peer(2), false, Vec::new()), None);
        let first = flows.peer(FlowId(1)).unwrap();
        flows.known(&first);
        assert_eq!(flows.opened(NOW, FlowId(3), peer(3), false, Vec::new()), Some(FlowId(2)));
        flows.closed(FlowId(2));
        let third = flows.peer(FlowId(3)).unwrap();
        flows.known(&third);
        assert_eq!(flows.opened(NOW, FlowId(4), peer(4), false, Vec::new()), Some(FlowId(4)));
        assert_eq!(flows.len(), 2);
    }

    #[test]
    fn nothing_goes_to_a_stranger_that_only_has_the_address_it_is_for() {
        let mut flows = flows(9, 1000);
        flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
        assert_eq!(flows.resolve(peer(1)).flow, None);
        let stranger = flows.peer(FlowId(1)).unwrap();
        assert_eq!(flows.resolve(stranger), stranger, "but its own answers");
        flows.known(&stranger);
        assert_eq!(flows.resolve(peer(1)), stranger);
        flows.opened(NOW, FlowId(2), peer(1), false, Vec::new());
        assert_eq!(flows.resolve(peer(1)), stranger, "who comes later takes nothing over");
        flows.opened(NOW, FlowId(3), peer(3), true, Vec::new());
        assert_eq!(flows.resolve(peer(3)).flow, Some(FlowId(3)), "we opened it");
    }

    #[test]
    fn a_stranger_that_is_silent_for_30_s_is_closed_and_a_known_peer_is_not() {
        let mut flows = flows(9, 1000);
        flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
        flows.opened(NOW, FlowId(2), peer(2), false, Vec::new());
        let known = flows.peer(FlowId(2)).unwrap();
        flows.known(&known);
        assert_eq!(flows.due(after(29)), None);
        assert_eq!(flows.due(after(30)), Some(Due::Close(FlowId(1))));
        flows.closed(FlowId(1));
        assert_eq!(flows.due(after(31)), None);
        assert_eq!(flows.due(after(3 * 3600)), Some(Due::Close(FlowId(2))));
    }

    #[test]
    fn half_a_message_is_waited_for_10_s_however_often_a_byte_comes() {
        let mut flows = flows(9, 1000);
        flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
        for second in 0..10 {
            assert!(flows.push(after(second), FlowId(1), b"I"));
            assert_eq!(flows.piece(after(second), FlowId(1)), Ok(None));
            assert_eq!(flows.due(after(second)), None);
        }
        assert_eq!(flows.due(after(10)), Some(Due::Close(FlowId(1))));
    }

    #[test]
    fn unfinished_messages_together_have_a_limit() {
        let mut flows = flows(9, 100);
        for id in [1, 2] {
            flows.opened(NOW, FlowId(id), peer(id as u8), false, Vec::new());
            assert!(flows.push(NOW, FlowId(id), &[b'x'; 45]));
        }
        assert!(!flows.push(NOW, FlowId(2), &[b'x'; 45]));
        flows.closed(FlowId(1));
        assert!(flows.push(NOW, FlowId(2), &[b'x'; 45]));
        assert_eq!(flows.bytes(), 90);
    }

    #[test]
    fn a_connection_of_ours_is_pinged_and_dropped_when_who_answered_once_does_not() {
        let mut flows = flows(9, 100);
        flows.opened(NOW, FlowId(1), peer(1), true, Vec::new());
        assert_eq!(flows.due(after(110)), Some(Due::Ping(FlowId(1))));
        assert_eq!(flows.due(after(121)), None, "it may never have heard of RFC 5626");
        assert_eq!(flows.due(after(220)), Some(Due::Ping(FlowId(1))));
        flows.push(after(221), FlowId(1), b"\r\n");
        assert_eq!(flows.piece(after(221), FlowId(1)), Ok(None));
        assert_eq!(flows.due(after(330)), Some(Due::Ping(FlowId(1))));
        assert_eq!(flows.due(after(339)), None);
        assert_eq!(flows.due(after(340)), Some(Due::Close(FlowId(1))));
    }

    #[test]
    fn what_was_for_a_connection_goes_by_its_successor_and_never_round() {
        let mut flows = flows(9, 100);
        for id in 1..=4 {
            flows.opened(NOW, FlowId(id), peer(id as u8), false, Vec::new());
        }
        let first = flows.peer(FlowId(1)).unwrap();
        flows.closed(FlowId(1));
        flows.succeed(FlowId(1), FlowId(2));
        assert_eq!(flows.resolve(first).flow, Some(FlowId(2)));
        flows.succeed(FlowId(2), FlowId(3));
        assert_eq!(flows.resolve(first).flow, Some(FlowId(3)));
        flows.succeed(FlowId(3), FlowId(2));
        assert_eq!(flows.resolve(first).flow, Some(FlowId(2)));
        let protected = Peer { transport: Transport::Tls, ..first };
        assert_eq!(flows.resolve(protected).flow, None, "what was protected never goes in clear");
    }

    #[test]
    fn a_connection_that_is_kept_alive_and_falls_silent_is_closed_after_150_s() {
        let mut flows = flows(9, 100);
        flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
        let known = flows.peer(FlowId(1)).unwrap();
        flows.known(&known);
        flows.keep(FlowId(1));
        flows.push(after(100), FlowId(1), b"\r\n\r\n");
        assert_eq!(flows.piece(after(100), FlowId(1)), Ok(Some(Piece::Ping)));
        assert_eq!(flows.due(after(249)), None);
        assert_eq!(flows.due(after(250)), Some(Due::Close(FlowId(1))));
    }

    #[test]
    fn a_peer_whose_connection_is_gone_is_reached_by_another_one_to_its_address() {
        let mut flows = flows(9, 100);
        flows.opened(NOW, FlowId(1), peer(1), false, Vec::new());
        let old = flows.peer(FlowId(1)).unwrap();
        assert_eq!(flows.resolve(old), old);
        flows.closed(FlowId(1));
        assert_eq!(flows.resolve(old), peer(1));
        flows.opened(NOW, FlowId(2), peer(1), true, Vec::new());
        assert_eq!(flows.resolve(old).flow, Some(FlowId(2)));
    }
}
