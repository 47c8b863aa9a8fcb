//! The endpoint: one signalling address with all its transactions, dialogs, registrations and legs.

mod commands;
mod responses;
mod streams;

use crate::command::{Config, Input, Output};
use crate::counters::Counters;
use crate::flows::Due;
use crate::framer::{self, ParseError};
use crate::peer::Peer;
use crate::registrar::Kept;
use crate::trunk::Trunks;
use crate::ua::leg::Leg;
use crate::ua::legs::Legs;
use crate::ua::reception::Reception;
use crate::ua::register::Registration;
use crate::ua::wire::Wire;
use model::{Instant, LegId, PhoneId};
use std::collections::BTreeMap;

/// Most registrations of our own at other boxes; one more is refused as if by 503.
const REGISTRATIONS_MAX: usize = 64;

/// One signalling address with its transactions, dialogs, registrations and legs.
pub struct Endpoint {
    wire: Wire,
    reception: Reception,
    legs: Legs,
    ours: BTreeMap<u32, Registration>,
    ours_next: u32,
    trunks: Trunks,
}

impl Endpoint {
    /// Starts with no leg and no registration.
    pub fn new(now: Instant, mut config: Config) -> Self {
        let mut wire = Wire::new(&config);
        let mut trunks = Trunks::default();
        trunks.configure(now, &mut wire, &config.trunks);
        let kept = std::mem::take(&mut config.kept);
        let mut reception = Reception::new(&mut wire, config);
        reception.restore(now, &mut wire, &kept);
        let (legs, ours) = (Legs::default(), BTreeMap::new());
        Self { wire, reception, legs, ours, ours_next: 1, trunks }
    }

    /// Takes what came from the network or the daemon.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Datagram { from, bytes } => self.datagram(now, Peer::udp(from), bytes),
            Input::Opened { flow, transport, addr, outgoing, certificate } => {
                self.opened(now, Peer::by(transport, addr, flow), outgoing, certificate);
            }
            Input::Bytes { flow, bytes } => self.bytes(now, flow, bytes),
            Input::Closed { flow } => self.closed(now, flow),
            Input::Command(command) => self.command(now, command),
        }
    }

    /// Fires every timer that is due.
    pub fn tick(&mut self, now: Instant) {
        while let Some(due) = self.wire.flows.due(now) {
            match due {
                Due::Ping(flow) => self.say(flow, b"\r\n\r\n"),
                Due::Close(flow) => self.close(now, flow),
            }
        }
        self.wire.transactions.tick(now);
        self.take_timed_out(now);
        // A leg whose step leaves it due has its next turn with the next tick.
        for _ in 0..self.legs.len() {
            let Some(id) = self.legs.due(now) else { break };
            self.note_silent(now, id);
            self.with_leg(id, |leg, wire| leg.tick(now, wire));
        }
        for ours in self.ours.values_mut() {
            ours.tick(now, &mut self.wire);
        }
        self.trunks.tick(now, &mut self.wire);
        self.reception.tick(now, &mut self.wire);
    }

    /// Gives the next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.wire.poll()
    }

    /// Says when `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let legs = self.legs.deadline().into_iter();
        let ours = self.ours.values().filter_map(Registration::deadline);
        let transactions = self.wire.transactions.deadline();
        let flows = self.wire.flows.deadline();
        let rest = self.reception.deadline().into_iter().chain(self.trunks.deadline());
        legs.chain(ours).chain(transactions).chain(flows).chain(rest).min()
    }

    /// The phones that are registered now, with the number of their addresses.
    pub fn registrations(&self) -> impl Iterator<Item = (&PhoneId, usize)> {
        self.reception.registrations()
    }

    /// Where phones are reached over UDP: what `Config::kept` of another start takes.
    pub fn kept(&self, now: Instant) -> Vec<Kept> {
        self.reception.kept(now)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        let counts = self.wire.transactions.counts();
        let mut counters = self.wire.counters.clone();
        counters.retransmitted += counts.retransmitted;
        counters.absorbed += counts.absorbed;
        counters.timed_out += counts.timed_out;
        counters.unacknowledged += counts.unacknowledged;
        counters.shed += self.reception.shed();
        counters
    }

    /// Tells whether everybody whom `Command::Farewell` speaks to has heard it: each carrier, and
    /// each phone that watches something.
    pub fn has_parted(&self) -> bool {
        self.trunks.has_left() && self.reception.notifier.is_empty()
    }

    /// Legs that are not wholly over.
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// Transactions that are not over, client and server.
    pub fn transactions(&self) -> usize {
        self.wire.transactions.len()
    }

    /// Connections that are open.
    pub fn flows(&self) -> usize {
        self.wire.flows.len()
    }

    /// Subscriptions that are not over.
    pub fn subscriptions(&self) -> usize {
        self.reception.notifier.len()
    }

    /// Calls of phones that a lamp may name.
    pub fn ringing(&self) -> usize {
        self.reception.notifier.ringing()
    }

    /// Dialogs that are not over.
    pub fn dialogs(&self) -> usize {
        self.wire.dialogs.len()
    }

    fn datagram(&mut self, now: Instant, from: Peer, bytes: &[u8]) {
        self.wire.counters.datagrams_in += 1;
        if self.wire.waiting() >= self.wire.limits.outputs_max {
            self.wire.counters.limited += 1;
            return;
        }
        if framer::is_keep_alive(bytes) {
            return;
        }
        self.message(now, from, bytes);
    }

    fn message(&mut self, now: Instant, from: Peer, bytes: &[u8]) {
        if self.reception.bans(now, &from) {
            self.wire.counters.banned += 1;
            return;
        }
        match framer::parse_datagram(bytes) {
            Ok(message) if message.is_request() => {
                self.reception.request(now, &mut self.wire, &mut self.legs, from, message);
            }
            Ok(message) => self.response(now, from, &message),
            Err(error) => self.malformed(now, from, error),
        }
    }

    fn malformed(&mut self, now: Instant, from: Peer, error: ParseError) {
        self.wire.counters.malformed += 1;
        let Some(mut response) = error.response else { return };
        if !self.reception.admits(now, &from) {
            self.wire.counters.too_fast += 1;
            return;
        }
        // The refusal carries the request's Via, which is all that is asked of it here.
        if let Some(to) = response.stamp_via(from) {
            let tag = self.wire.tag_for(&response);
            response.set_to_tag(&tag);
            self.wire.send(to, &response);
        }
    }

    fn with_leg(&mut self, id: LegId, step: impl FnOnce(&mut Leg, &mut Wire)) {
        let wire = &mut self.wire;
        if self.legs.with(id, |leg| step(leg, wire)) {
            self.reception.notifier.leg_over(id);
        }
        self.news_of_trunks();
    }

    /// A phone that a leg rings said nothing for too long: it is away before the leg is gone, so that
    /// nobody has it rung again at once.
    fn note_silent(&mut self, now: Instant, id: LegId) {
        let Some((phone, at)) = self.legs.get(id).and_then(|leg| leg.silent(now, &self.wire))
        else {
            return;
        };
        for contact in at {
            self.reception.fell_silent(now, &mut self.wire, &phone, &contact);
        }
    }

    /// Calls showed how targets of trunks are.
    fn news_of_trunks(&mut self) {
        for (now, peer, code, wait_s) in std::mem::take(&mut self.wire.trunk_news) {
            self.trunks.met(now, &mut self.wire, peer, code, wait_s);
        }
    }
}
