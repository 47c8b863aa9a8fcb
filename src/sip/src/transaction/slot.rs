//! One transaction: its machine, its alarms, and the bytes it may have to send again.

use super::client::Client;
use super::invite_client::InviteClient;
use super::invite_server::InviteServer;
use super::key::{Key, MergeKey};
use super::server::Server;
use super::timers::Alarms;
use super::{Effect, derive};
use crate::message::Message;
use crate::peer::Peer;
use model::Instant;
use rsip::Method;

/// A transaction and whose it is.
#[derive(Debug)]
pub struct Slot<O> {
    machine: Machine,
    pub alarms: Alarms,
    pub key: Key,
    pub merge: Option<MergeKey>,
    pub owner: O,
    /// Where requests of a client go, or responses of a server.
    pub to: Peer,
    /// The request of a client, or the last response of a server; empty before the first.
    pub last: Vec<u8>,
    pub ack: Vec<u8>,
    /// A client's request, for what is made of it later.
    pub request: Option<Message>,
}

#[derive(Debug)]
enum Machine {
    InviteClient(InviteClient),
    Client(Client),
    InviteServer(InviteServer),
    Server(Server),
}

impl<O> Slot<O> {
    /// Begins with a request of ours.
    pub fn client(now: Instant, key: Key, owner: O, to: Peer, request: Message) -> Self {
        let mut alarms = Alarms::over(to.transport.reliable());
        let machine = match request.method() {
            Some(Method::Invite) => Machine::InviteClient(InviteClient::start(now, &mut alarms)),
            _ => Machine::Client(Client::start(now, &mut alarms)),
        };
        let last = request.encode();
        let (merge, ack, request) = (None, Vec::new(), Some(request));
        Self { machine, alarms, key, merge, owner, to, last, ack, request }
    }

    /// Begins with a request that came; responses go to `to`.
    pub fn server(key: Key, owner: O, to: Peer, request: &Message) -> Self {
        let machine = match request.method() {
            Some(Method::Invite) => Machine::InviteServer(InviteServer::Proceeding),
            _ => Machine::Server(Server::Trying),
        };
        let merge = MergeKey::of(request);
        let alarms = Alarms::over(to.transport.reliable());
        let (last, ack) = (Vec::new(), Vec::new());
        Self { machine, alarms, key, merge, owner, to, last, ack, request: None }
    }

    /// Tells whether the request was a peer's.
    pub fn is_server(&self) -> bool {
        matches!(self.machine, Machine::InviteServer(_) | Machine::Server(_))
    }

    /// Follows a peer that sends its request again by another connection: so goes the response (RFC
    /// 3261 18.2.2).
    pub fn follow(&mut self, from: Peer) {
        let same = from.transport == self.to.transport && from.ip() == self.to.ip();
        if self.is_server() && same && from.flow.is_some() {
            self.to.flow = from.flow;
        }
    }

    /// Tells whether our request went out in vain when its connection closes: nobody said a word of
    /// it. `for_good` where the other end cannot be connected to anew.
    pub fn is_lost(&self, for_good: bool) -> bool {
        match self.machine {
            Machine::InviteClient(m) => {
                m == InviteClient::Calling || for_good && m == InviteClient::Proceeding
            }
            Machine::Client(m) => m != Client::Completed,
            Machine::InviteServer(_) | Machine::Server(_) => false,
        }
    }

    /// Takes the request again, or the ACK of an INVITE.
    pub fn request(&mut self, now: Instant, method: Option<Method>) -> &'static [Effect] {
        match (&mut self.machine, method) {
            (Machine::InviteServer(m), Some(Method::Ack)) => m.ack(now, &mut self.alarms),
            (Machine::InviteServer(m), _) => m.request(),
            (Machine::Server(m), _) => m.request(),
            (Machine::InviteClient(_) | Machine::Client(_), _) => &[],
        }
    }

    /// Takes our response.
    pub fn respond(&mut self, now: Instant, code: u16, bytes: Vec<u8>) -> &'static [Effect] {
        let effects = match &mut self.machine {
            Machine::InviteServer(m) => m.respond(now, &mut self.alarms, code),
            Machine::Server(m) => m.respond(now, &mut self.alarms, code),
            Machine::InviteClient(_) | Machine::Client(_) => &[],
        };
        if effects.contains(&Effect::Send) {
            self.last = bytes;
        }
        effects
    }

    /// Takes a response to our request.
    pub fn response(&mut self, now: Instant, code: u16, response: &Message) -> &'static [Effect] {
        match &mut self.machine {
            Machine::InviteClient(m) => {
                let effects = m.response(now, &mut self.alarms, code);
                if effects.contains(&Effect::Acknowledge) {
                    let ack = self.request.as_ref().and_then(|i| derive::ack(i, response));
                    self.ack = ack.map(|ack| ack.encode()).unwrap_or_default();
                }
                effects
            }
            Machine::Client(m) => m.response(now, &mut self.alarms, code),
            Machine::InviteServer(_) | Machine::Server(_) => &[],
        }
    }

    /// Fires the next timer that is due.
    pub fn timer(&mut self, now: Instant) -> &'static [Effect] {
        let Some((timer, ran)) = self.alarms.due(now) else { return &[] };
        match &mut self.machine {
            Machine::InviteClient(m) => m.timer(now, &mut self.alarms, timer, ran),
            Machine::Client(m) => m.timer(now, &mut self.alarms, timer, ran),
            Machine::InviteServer(m) => m.timer(now, &mut self.alarms, timer, ran),
            Machine::Server(m) => m.timer(timer),
        }
    }
}
