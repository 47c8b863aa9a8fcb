//! The transaction layer (RFC 3261 17): sends again what got lost, absorbs what came twice, and
//! gives up in time, so that the user above sees each request and each answer once.
//!
//! A request that came is first only matched (`receive`). The user decides whether it is worth a
//! transaction (`accept`) or gets an answer without any state (RFC 3261 8.2.7): a stranger's never
//! is, so a flood of them holds no memory.

pub mod client;
pub mod derive;
pub mod invite_client;
pub mod invite_server;
pub mod key;
mod outcome;
pub mod server;
mod slot;
pub mod timers;

pub use outcome::{Arrival, Counts, Effect, Full, TimedOut};

use crate::message::Message;
use crate::peer::{FlowId, Peer, Transport};
use key::{Key, MergeKey};
use model::Instant;
use rsip::Method;
use slot::Slot;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

/// A transaction, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransactionId(u64);

/// All open transactions; `O` is what the user knows each by.
#[derive(Debug)]
pub struct Transactions<O> {
    slots: BTreeMap<TransactionId, Slot<O>>,
    keys: BTreeMap<Key, TransactionId>,
    merges: BTreeMap<MergeKey, TransactionId>,
    agenda: BTreeSet<(Instant, TransactionId)>,
    /// Requests of ours by their connection.
    by_flow: BTreeSet<(FlowId, TransactionId)>,
    /// Requests of ours whose connection is yet to be opened.
    unconnected: BTreeSet<(Transport, SocketAddr, TransactionId)>,
    next: u64,
    servers: usize,
    servers_max: usize,
    clients_max: usize,
    sends: VecDeque<(Peer, Vec<u8>)>,
    timed_out: VecDeque<TimedOut<O>>,
    counts: Counts,
}

impl<O: Clone> Transactions<O> {
    /// Starts with none open.
    pub fn new(servers_max: usize, clients_max: usize) -> Self {
        Self {
            slots: BTreeMap::new(),
            keys: BTreeMap::new(),
            merges: BTreeMap::new(),
            agenda: BTreeSet::new(),
            by_flow: BTreeSet::new(),
            unconnected: BTreeSet::new(),
            next: 1,
            servers: 0,
            servers_max,
            clients_max,
            sends: VecDeque::new(),
            timed_out: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// Sends a request of ours in a transaction of its own. The last eighth of the places is for
    /// those that end a call: one whose BYE found none would stand at its other end.
    pub fn request(
        &mut self,
        now: Instant,
        request: Message,
        to: Peer,
        owner: O,
    ) -> Result<TransactionId, Full> {
        let clients = self.slots.len() - self.servers;
        let key = Key::client(&request).filter(|key| !self.keys.contains_key(key));
        let ends = matches!(request.method(), Some(Method::Bye | Method::Cancel));
        let kept = if ends { 0 } else { self.clients_max / 8 };
        let Some(key) = key.filter(|_| clients < self.clients_max - kept) else {
            return Err(Full(clients));
        };
        let slot = Slot::client(now, key, owner, to, request);
        self.sends.push_back((to, slot.last.clone()));
        Ok(self.insert(slot))
    }

    /// Tells whether there is room for requests of ours that can wait: the last quarter is for calls.
    pub fn has_spare(&self) -> bool {
        self.slots.len() - self.servers < self.clients_max / 4 * 3
    }

    /// Sends the CANCEL of an INVITE of ours, in a transaction of its own (RFC 3261 9.1), with the
    /// reason if there is one to tell (RFC 3326).
    pub fn cancel(&mut self, now: Instant, invite: TransactionId, owner: O, reason: Option<&str>) {
        let Some(slot) = self.slots.get(&invite) else { return };
        let (to, cancel) = (slot.to, slot.request.as_ref().and_then(derive::cancel));
        if let Some(mut cancel) = cancel {
            if let Some(reason) = reason {
                cancel.headers.push("Reason", reason);
            }
            // At the limit the INVITE still ends by the user's own deadline.
            let _ = self.request(now, cancel, to, owner);
        }
    }

    /// Matches a request that came and absorbs it if it came before.
    pub fn receive(&mut self, now: Instant, from: Peer, request: &Message) -> Arrival<O> {
        let Some(key) = Key::server(request) else { return Arrival::Absorbed };
        let method = request.method();
        if let Some(&id) = self.keys.get(&key) {
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.follow(from);
            }
            let passed = self.run(id, |slot| slot.request(now, method));
            return if passed { Arrival::Ack } else { Arrival::Absorbed };
        }
        match method {
            Some(Method::Ack) => Arrival::Ack,
            Some(Method::Cancel) => self.cancelled(from, request),
            _ => match MergeKey::of(request) {
                Some(merge) if self.merges.contains_key(&merge) => Arrival::Merged,
                _ => Arrival::New,
            },
        }
    }

    /// Opens the transaction of a request that came new; responses go to `to`. The last eighth of
    /// the places is for requests within a dialog: a BYE that was refused would leave its call
    /// standing, however many new calls come.
    pub fn accept(&mut self, request: &Message, to: Peer, owner: O) -> Result<TransactionId, Full> {
        let key = Key::server(request).filter(|key| !self.keys.contains_key(key));
        let kept = if request.to_tag().is_some() { 0 } else { self.servers_max / 8 };
        let Some(key) = key.filter(|_| self.servers < self.servers_max - kept) else {
            return Err(Full(self.servers));
        };
        Ok(self.insert(Slot::server(key, owner, to, request)))
    }

    /// Sends our response. One that comes too late for its transaction is left out.
    pub fn respond(&mut self, now: Instant, id: TransactionId, response: &Message) {
        let Some(code) = response.code() else { return };
        let bytes = response.encode();
        self.run(id, |slot| slot.respond(now, code, bytes));
    }

    /// Matches a response to the request it answers and says whose it is, unless it is absorbed or
    /// nobody's.
    pub fn response(
        &mut self,
        now: Instant,
        from: Peer,
        response: &Message,
    ) -> Option<(TransactionId, O)> {
        let code = response.code()?;
        let id = *self.keys.get(&Key::client(response)?)?;
        let slot = self.slots.get(&id)?;
        // What was asked under protection is not answered without it.
        if slot.to.transport.secure() && !from.transport.secure() {
            return None;
        }
        let owner = slot.owner.clone();
        let passed = self.run(id, |slot| slot.response(now, code, response));
        passed.then_some((id, owner))
    }

    /// Tells whether a response comes from the host that its request went to.
    pub fn asked(&self, response: &Message, from: &Peer) -> bool {
        let id = Key::client(response).and_then(|key| self.keys.get(&key).copied());
        id.and_then(|id| self.slots.get(&id)).is_some_and(|slot| slot.to.ip() == from.ip())
    }

    /// Our request that a response answers, and where it went.
    pub fn answered_by(&self, response: &Message) -> Option<(&Message, Peer)> {
        let id = Key::client(response).and_then(|key| self.keys.get(&key))?;
        let slot = self.slots.get(id)?;
        Some((slot.request.as_ref()?, slot.to))
    }

    /// The request of a transaction of ours.
    pub fn request_of(&self, id: TransactionId) -> Option<&Message> {
        self.slots.get(&id)?.request.as_ref()
    }

    /// Where a transaction sends to.
    pub fn peer(&self, id: TransactionId) -> Option<Peer> {
        self.slots.get(&id).map(|slot| slot.to)
    }

    /// A connection is being opened: requests that wait for one to its address go by it.
    pub fn flow_opened(&mut self, peer: Peer) {
        let Some(flow) = peer.flow else { return };
        let (first, last) = (TransactionId(0), TransactionId(u64::MAX));
        let range = (peer.transport, peer.addr, first)..=(peer.transport, peer.addr, last);
        let waiting: Vec<_> = self.unconnected.range(range).copied().collect();
        for entry in waiting {
            self.unconnected.remove(&entry);
            if let Some(slot) = self.slots.get_mut(&entry.2) {
                slot.to.flow = Some(flow);
                self.by_flow.insert((flow, entry.2));
            }
        }
    }

    /// A connection closed: requests that went out by it and had no answer are over (RFC 3261
    /// 17.1.4). A call that rings goes on if the other end can be connected to anew.
    pub fn flow_closed(&mut self, flow: FlowId, for_good: bool) {
        let range = (flow, TransactionId(0))..=(flow, TransactionId(u64::MAX));
        let ids: Vec<_> = self.by_flow.range(range).map(|(_, id)| *id).collect();
        for id in ids {
            if let Some(slot) = self.slots.get(&id).filter(|slot| slot.is_lost(for_good)) {
                self.counts.timed_out += 1;
                let (owner, to) = (slot.owner.clone(), slot.to);
                let request = slot.request.clone();
                self.timed_out.push_back(TimedOut { id, owner, to, request, code: 503 });
                self.remove(id);
            }
        }
    }

    /// Ends a transaction without a word.
    pub fn forget(&mut self, id: TransactionId) {
        self.run(id, |_| &[Effect::End]);
    }

    /// Fires every timer that is due.
    pub fn tick(&mut self, now: Instant) {
        while let Some(&(at, id)) = self.agenda.first().filter(|(at, _)| *at <= now) {
            if self.slots.contains_key(&id) {
                self.run(id, |slot| slot.timer(now));
            } else {
                self.agenda.remove(&(at, id));
            }
        }
    }

    /// When the next timer is due, and which.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let (at, id) = self.agenda.first()?;
        let (_, timer) = self.slots.get(id)?.alarms.next()?;
        Some((*at, timer.name()))
    }

    /// The next datagram to send.
    pub fn poll_send(&mut self) -> Option<(Peer, Vec<u8>)> {
        self.sends.pop_front()
    }

    /// The next request of ours that nobody answered.
    pub fn poll_timed_out(&mut self) -> Option<TimedOut<O>> {
        self.timed_out.pop_front()
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Tells whether none is open.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// A CANCEL counts only where its INVITE came from.
    fn cancelled(&self, from: Peer, cancel: &Message) -> Arrival<O> {
        Key::cancelled(cancel)
            .and_then(|key| self.keys.get(&key))
            .and_then(|id| Some((*id, self.slots.get(id)?)))
            .filter(|(_, slot)| slot.to.ip() == from.ip())
            .map_or(Arrival::New, |(invite, slot)| Arrival::Cancel {
                invite,
                owner: slot.owner.clone(),
            })
    }

    fn insert(&mut self, slot: Slot<O>) -> TransactionId {
        let id = TransactionId(self.next);
        self.next += 1;
        self.keys.insert(slot.key.clone(), id);
        if let Some(merge) = &slot.merge {
            self.merges.insert(merge.clone(), id);
        }
        if let Some((at, _)) = slot.alarms.next() {
            self.agenda.insert((at, id));
        }
        self.servers += usize::from(slot.is_server());
        if slot.to.transport.reliable() && !slot.is_server() {
            match slot.to.flow {
                Some(flow) => self.by_flow.insert((flow, id)),
                None => self.unconnected.insert((slot.to.transport, slot.to.addr, id)),
            };
        }
        self.slots.insert(id, slot);
        id
    }

    /// Lets a transaction's machine take a step and carries out what it wants; tells whether the
    /// message is for the user.
    fn run(
        &mut self,
        id: TransactionId,
        step: impl FnOnce(&mut Slot<O>) -> &'static [Effect],
    ) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        let before = slot.alarms.next().map(|(at, _)| at);
        let effects = step(slot);
        let after = slot.alarms.next().map(|(at, _)| at);
        if before != after {
            before.map(|at| self.agenda.remove(&(at, id)));
            after.map(|at| self.agenda.insert((at, id)));
        }
        let mut passed = false;
        for effect in effects {
            match effect {
                Effect::Send => self.sends.push_back((slot.to, slot.last.clone())),
                Effect::SendAgain if slot.last.is_empty() => {}
                Effect::SendAgain => {
                    self.counts.retransmitted += 1;
                    self.sends.push_back((slot.to, slot.last.clone()));
                }
                Effect::Acknowledge => self.sends.push_back((slot.to, slot.ack.clone())),
                Effect::Pass => passed = true,
                Effect::Absorbed => self.counts.absorbed += 1,
                Effect::TimedOut => {
                    self.counts.timed_out += 1;
                    let (owner, to) = (slot.owner.clone(), slot.to);
                    let request = slot.request.clone();
                    self.timed_out.push_back(TimedOut { id, owner, to, request, code: 408 });
                }
                Effect::Unacknowledged => self.counts.unacknowledged += 1,
                Effect::End => {
                    self.remove(id);
                    break;
                }
            }
        }
        passed
    }

    fn remove(&mut self, id: TransactionId) {
        let Some(slot) = self.slots.remove(&id) else { return };
        if let Some((at, _)) = slot.alarms.next() {
            self.agenda.remove(&(at, id));
        }
        self.keys.remove(&slot.key);
        if let Some(merge) = &slot.merge {
            self.merges.remove(merge);
        }
        match slot.to.flow {
            Some(flow) => _ = self.by_flow.remove(&(flow, id)),
            None => _ = self.unconnected.remove(&(slot.to.transport, slot.to.addr, id)),
        }
        self.servers -= usize::from(slot.is_server());
    }
}
