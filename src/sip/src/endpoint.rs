//! The endpoint: one signalling address with all its transactions, dialogs, registrations and legs.

use crate::address::Address;
use crate::command::{Command, Config, Input, Output};
use crate::counters::Counters;
use crate::dialog::{Dialog, DialogId};
use crate::events::unasked::News;
use crate::flows::Due;
use crate::framer::{self, ParseError};
use crate::message::Message;
use crate::peer::{FlowId, Peer};
use crate::registrar::Target;
use crate::sdp::Direction;
use crate::stream::{Broken, Piece};
use crate::transaction::{TimedOut, TransactionId};
use crate::trunk::{self, TrunkCall, Trunks};
use crate::ua::invitation::Invitation;
use crate::ua::leg::Leg;
use crate::ua::legs::Legs;
use crate::ua::outgoing::Response;
use crate::ua::party::Party;
use crate::ua::reception::Reception;
use crate::ua::register::{Registration, Verdict};
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use model::{Cause, Instant, LegEvent, LegId, Number, PersonName, PhoneId, Secret};
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
    pub fn new(now: Instant, config: Config) -> Self {
        let mut wire = Wire::new(&config);
        let mut trunks = Trunks::default();
        trunks.configure(now, &mut wire, &config.trunks);
        let reception = Reception::new(&mut wire, config);
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

    /// Dialogs that are not over.
    pub fn dialogs(&self) -> usize {
        self.wire.dialogs.len()
    }

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Answer { leg, rtp } => self.with_leg(leg, |l, w| l.answer(now, w, rtp)),
            Command::Refuse { leg, cause } => self.with_leg(leg, |l, w| l.refuse(now, w, cause)),
            Command::HangUp { leg, cause } => self.with_leg(leg, |l, w| l.hang_up(now, w, cause)),
            Command::Hold { leg, send } => {
                let direction = if send { Direction::SendOnly } else { Direction::Inactive };
                self.with_leg(leg, |l, w| l.direct(now, w, direction));
            }
            Command::Resume { leg } => {
                self.with_leg(leg, |l, w| l.direct(now, w, Direction::SendReceive));
            }
            Command::Configure(accounts) => {
                self.trunks.configure(now, &mut self.wire, &accounts.trunks);
                self.reception.configure(now, accounts, &mut self.wire);
            }
            Command::Publish { watched, lamp } => {
                self.reception.notifier.publish(now, watched, lamp);
            }
            Command::ShowFeatures { phone, features } => {
                self.reception.notifier.show(now, &phone, features);
            }
            Command::Mailbox { phone, new, old } => {
                self.reception.notifier.mailbox(now, &phone, new, old);
            }
            Command::CheckSync { phone } => {
                self.reception.check_sync(now, &mut self.wire, phone);
            }
            Command::Push { phone, event, content_type, body } => {
                let news = News { event, content_type, body };
                self.reception.push(now, &mut self.wire, &phone, &news);
            }
            Command::Farewell => {
                self.reception.notifier.farewell(now, &mut self.wire);
                self.trunks.farewell(now, &mut self.wire);
            }
            Command::Drain(drains) => self.reception.drain(drains),
            Command::Shed(sheds) => self.reception.shed_calls(sheds),
            Command::Alert { leg } => self.with_leg(leg, |l, w| l.alert(now, w)),
            Command::EarlyMedia { leg, rtp } => {
                self.with_leg(leg, |l, w| l.early_media(now, w, rtp));
            }
            Command::Transferring { leg, stage } => {
                self.with_leg(leg, |l, w| l.transferring(now, w, stage));
            }
            Command::Invite { leg, phone, rtp, caller, name, auto_answer, referrer, codec } => {
                let targets = self.reception.targets(&phone);
                self.reception.notifier.rings(leg, &phone);
                let from = self.wire.identity(&caller, &name);
                let asserted = (!caller.is_empty()).then(|| from.clone());
                let referred = (!referrer.is_empty())
                    .then(|| self.wire.identity(&referrer, &PersonName::default()));
                let party = Party { codec, ..Party::phone(phone, self.wire.srtp) };
                let invitation = Invitation {
                    asserted,
                    referred,
                    auto_answer,
                    ..Invitation::new(from, rtp, party)
                };
                self.open(now, leg, invitation, &targets);
            }
            Command::InviteUri { leg, uri, to, rtp, caller, name, user, secret, offer } => {
                let from = self.wire.identity(&caller, &name);
                let contact = user.as_str().to_owned();
                let party = Party {
                    account: Some((user, secret)),
                    srtp: self.wire.srtp,
                    ..Party::default()
                };
                let invitation = Invitation { contact, offer, ..Invitation::new(from, rtp, party) };
                match uri::parse(&uri) {
                    Ok(uri) => {
                        let target = Target { at: (uri, to), spare: Vec::new() };
                        self.open(now, leg, invitation, &[target]);
                    }
                    Err(_) => self.wire.event(leg, LegEvent::Gone(Cause::NotFound)),
                }
            }
            Command::InviteTrunk(call) => self.open_by(now, &call),
            Command::Register { registrar, user, secret, expires_s } => {
                self.register(now, registrar, user, secret, expires_s);
            }
        }
    }

    fn open(&mut self, now: Instant, id: LegId, invitation: Invitation, targets: &[Target]) {
        if self.legs.has(id) {
            return;
        }
        if targets.is_empty() {
            return self.wire.event(id, LegEvent::Gone(Cause::Unreachable));
        }
        if self.legs.len() >= self.wire.limits.legs_max {
            self.wire.counters.limited += 1;
            return self.wire.event(id, LegEvent::Gone(Cause::Congestion));
        }
        self.wire.counters.calls_out += 1;
        let leg = Leg::open(now, &mut self.wire, id, invitation, targets);
        self.legs.insert(id, leg);
    }

    fn register(
        &mut self,
        now: Instant,
        registrar: Peer,
        user: PhoneId,
        secret: Secret,
        expires_s: u32,
    ) {
        let known = self.ours.iter().find(|(_, ours)| ours.is_of(registrar, &user));
        let no = match known {
            Some((no, _)) => *no,
            None if self.ours.len() >= REGISTRATIONS_MAX => {
                return self.wire.tell(Output::RegisterResult { user, result: Err(503) });
            }
            None => {
                let no = self.ours_next;
                self.ours_next += 1;
                let new = Registration::new(&mut self.wire, no, registrar, user);
                self.ours.insert(no, new);
                no
            }
        };
        if let Some(ours) = self.ours.get_mut(&no) {
            ours.set(now, &mut self.wire, secret, expires_s);
        }
    }

    /// Says what became of a registration of ours.
    fn registered(&mut self, no: u32, verdict: Verdict) {
        let Some(ours) = self.ours.get(&no) else { return };
        let user = ours.user().clone();
        match verdict {
            Verdict::Waits => {}
            Verdict::Granted(seconds) => {
                self.wire.tell(Output::RegisterResult { user, result: Ok(seconds) });
            }
            Verdict::Over(result) => {
                self.ours.remove(&no);
                self.wire.tell(Output::RegisterResult { user, result });
            }
        }
    }

    /// Calls over a trunk: its targets in their order, those that are well first.
    fn open_by(&mut self, now: Instant, call: &TrunkCall) {
        let id = call.leg;
        if self.legs.has(id) {
            return;
        }
        let Some((invitation, targets)) = self.trunks.invitation(now, &self.wire, call) else {
            return self.wire.event(id, LegEvent::Gone(Cause::Unreachable));
        };
        if self.legs.len() >= self.wire.limits.legs_max {
            self.wire.counters.limited += 1;
            return self.wire.event(id, LegEvent::Gone(Cause::Congestion));
        }
        self.wire.counters.calls_out += 1;
        let trunk = call.trunk.clone();
        let leg = Leg::open_by(now, &mut self.wire, id, trunk, invitation, targets);
        self.legs.insert(id, leg);
    }

    /// A connection: the one it takes the room of, or itself, is closed at the limit.
    fn opened(&mut self, now: Instant, peer: Peer, outgoing: bool, certificate: Vec<String>) {
        let (Some(flow), true) = (peer.flow, peer.transport.reliable()) else { return };
        if let Some(shed) = self.wire.flows.opened(now, flow, peer, outgoing, certificate) {
            self.wire.counters.flows_shed += 1;
            self.close(now, shed);
        }
        self.wire.transactions.flow_opened(peer);
    }

    /// Takes bytes of a connection, and the messages that are whole with them.
    fn bytes(&mut self, now: Instant, flow: FlowId, bytes: &[u8]) {
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

    fn say(&mut self, flow: FlowId, bytes: &[u8]) {
        if let Some(to) = self.wire.flows.peer(flow) {
            self.wire.tell(Output::Send { to, bytes: bytes.to_vec() });
        }
    }

    /// Closes a connection of our own accord.
    fn close(&mut self, now: Instant, flow: FlowId) {
        self.closed(now, flow);
        self.wire.tell(Output::Close { flow });
    }

    fn closed(&mut self, now: Instant, flow: FlowId) {
        let Some(closed) = self.wire.flows.closed(flow) else { return };
        self.wire.transactions.flow_closed(flow, !closed.outgoing);
        self.reception.flow_closed(closed.peer, &mut self.wire);
        self.take_timed_out(now);
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

    fn response(&mut self, now: Instant, from: Peer, response: &Message) {
        // A response with another Via below ours was meant for a proxy (RFC 3261 8.1.3.3).
        if response.headers.get_all("Via").count() != 1 {
            self.wire.counters.malformed += 1;
            return;
        }
        // A challenge of anybody but who was asked is not answered with a proof of our password.
        let challenged = matches!(response.code(), Some(401 | 407));
        if challenged && !self.wire.transactions.asked(response, &from) {
            self.wire.counters.malformed += 1;
            return;
        }
        let matched = self.wire.transactions.response(now, from, response);
        if self.wire.acknowledge_again(now, response) {
            return;
        }
        let Some((id, owner)) = matched else { return };
        match owner {
            Owner::Nobody | Owner::Arrived { .. } => {}
            Owner::Invite { leg, fork } => {
                self.rung(now, leg, id, response);
                let response = Response { fork, id, message: response, from };
                match self.legs.has(leg) {
                    true => self.with_leg(leg, |l, w| l.invite_response(now, w, &response)),
                    false => self.stray(now, &response),
                }
            }
            Owner::Reinvite { leg } => {
                let mut met = false;
                self.with_leg(leg, |l, w| met = l.reinvite_response(now, w, id, response, from));
                if !met {
                    self.acknowledge_late(now, id, response, from);
                }
            }
            Owner::Update { leg } => {
                self.with_leg(leg, |l, w| l.update_response(now, w, id, response, from));
            }
            Owner::Referral { leg, number } => {
                let (code, for_now) =
                    (response.code().unwrap_or(500), response.retry_after().is_some());
                if code >= 300 {
                    self.with_leg(leg, |l, _| l.notify_refused(now, number, for_now));
                }
            }
            Owner::Bye { leg } => self.with_leg(leg, |l, w| l.bye_response(now, w, id, response)),
            Owner::Register { no } => {
                if no >= trunk::REGISTRATIONS {
                    return self.trunks.registered(now, &mut self.wire, no, id, response);
                }
                let Some(ours) = self.ours.get_mut(&no) else { return };
                let verdict = ours.response(now, &mut self.wire, id, response);
                self.registered(no, verdict);
            }
            Owner::Probe { no } => self.trunks.well(now, &mut self.wire, no, response),
            Owner::Notify { subscription } => {
                let notifier = &mut self.reception.notifier;
                notifier.answered(now, &mut self.wire, subscription, response);
            }
        }
    }

    /// A phone that we ring named its end of the dialog.
    fn rung(&mut self, now: Instant, leg: LegId, id: TransactionId, response: &Message) {
        let ringing = response.code().is_some_and(|code| (101..200).contains(&code));
        let invite = self.wire.transactions.request_of(id).filter(|_| ringing);
        let ids = invite.and_then(|invite| {
            Some(DialogId {
                call_id: invite.call_id().to_owned(),
                local_tag: invite.from_tag()?,
                remote_tag: response.to_tag()?,
            })
        });
        if let Some(ids) = ids {
            self.reception.notifier.rung(now, leg, ids);
        }
    }

    /// An INVITE whose leg is forgotten was answered after all.
    fn stray(&mut self, now: Instant, response: &Response<'_>) {
        let invite = self.wire.transactions.request_of(response.id).cloned();
        let answered = response.message.code().is_some_and(|code| (200..300).contains(&code));
        if let Some(invite) = invite.filter(|_| answered) {
            self.wire.hang_up_answer(now, &invite, response.message, response.from);
        }
    }

    /// A re-INVITE was answered after its call ended: the BYE said the rest.
    fn acknowledge_late(&mut self, now: Instant, id: TransactionId, answer: &Message, from: Peer) {
        let invite = self.wire.transactions.request_of(id);
        let dialog = invite.and_then(|invite| Dialog::of_client(invite, answer, from));
        let answered = answer.code().is_some_and(|code| (200..300).contains(&code));
        if let Some(dialog) = dialog.filter(|_| answered) {
            self.wire.acknowledge(now, &dialog, answer, None);
        }
    }

    fn take_timed_out(&mut self, now: Instant) {
        while let Some(timed_out) = self.wire.transactions.poll_timed_out() {
            self.timed_out(now, timed_out);
        }
    }

    fn timed_out(&mut self, now: Instant, timed_out: TimedOut<Owner>) {
        match timed_out.owner {
            Owner::Nobody | Owner::Arrived { .. } => {}
            Owner::Invite { leg, fork } => {
                self.with_leg(leg, |l, w| l.invite_timed_out(now, w, fork, timed_out.code));
            }
            Owner::Reinvite { leg } | Owner::Update { leg } => {
                self.with_leg(leg, |l, w| l.reinvite_timed_out(now, w, timed_out.code));
            }
            Owner::Referral { leg, number } => {
                self.with_leg(leg, |l, _| l.notify_refused(now, number, false));
            }
            Owner::Bye { leg } => self.with_leg(leg, |l, w| l.bye_timed_out(w)),
            Owner::Register { no } => {
                if no >= trunk::REGISTRATIONS {
                    return self.trunks.unregistered(now, &mut self.wire, no, timed_out.code);
                }
                self.registered(no, Verdict::Over(Err(timed_out.code)));
            }
            Owner::Probe { no } => self.trunks.unwell(now, &mut self.wire, no),
            Owner::Notify { subscription } => {
                let (notifier, code) = (&mut self.reception.notifier, timed_out.code);
                notifier.unanswered(now, &mut self.wire, subscription, code);
            }
        }
    }

    fn with_leg(&mut self, id: LegId, step: impl FnOnce(&mut Leg, &mut Wire)) {
        let wire = &mut self.wire;
        if self.legs.with(id, |leg| step(leg, wire)) {
            self.reception.notifier.leg_over(id);
        }
        self.news_of_trunks();
    }

    /// Calls showed how targets of trunks are.
    fn news_of_trunks(&mut self) {
        for (now, peer, code, wait_s) in std::mem::take(&mut self.wire.trunk_news) {
            self.trunks.met(now, &mut self.wire, peer, code, wait_s);
        }
    }
}

impl Wire {
    /// The From of a call we place: the caller's number at our realm, or nobody's name
    /// (RFC 3323 section 4.1.1.3).
    fn identity(&self, caller: &Number, name: &PersonName) -> Address {
        let mut address = uri::of_user(caller.reveal(), self.local);
        if let Ok(host) = uri::host_port(&self.realm) {
            address.host_with_port = host;
        }
        if caller.is_empty() {
            if let Ok(nobody) = uri::parse("sip:anonymous@anonymous.invalid") {
                address = nobody;
            }
            return Address::new(address).named("Anonymous");
        }
        Address::new(address).named(name.reveal())
    }
}
