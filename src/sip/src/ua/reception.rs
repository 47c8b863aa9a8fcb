//! The reception: what happens to each request that comes, and who is let in.
//!
//! ```text
//!   request --matched--> came before | CANCEL | ACK
//!      | new
//!      |--gate--> 405 415 420 483
//!      |--To tag--> the dialog's leg | 481
//!      '--none---> INVITE: peer of a trunk | phone with its password | 401
//!                  REGISTER: phone with its password | 401
//!                  SUBSCRIBE: phone with its password | 401, then the notifier
//!                  OPTIONS: 200
//! ```
//!
//! Whoever was not let in is answered without state (RFC 3261 8.2.7), the same answer whether the
//! account exists or not.

use super::arrival::{arrival, consulted, party_of, replaced};
use super::certificate;
use super::gate;
use super::incoming::Arrived;
use super::leg::{Leg, Within, options};
use super::legs::Legs;
use super::party::Party;
use super::refresh;
use super::session::Talk;
use super::wire::{Owner, Wire};
use crate::command::{Accounts, Config, Output, TrunkConfig};
use crate::counters::UNKNOWN_ACCOUNT;
use crate::dialog::{Dialog, DialogId};
use crate::digest::Credentials;
use crate::events::notifier::{Asked, Notifier, push};
use crate::events::unasked::News;
use crate::flows::FLOW_TIMER_S;
use crate::guard::{Entry, Guard};
use crate::message::Message;
use crate::peer::Peer;
use crate::registrar::{Change, Refusal, Registrar, Target, Wish, outbound};
use crate::source::Source;
use crate::transaction::Arrival;
use crate::uri;
use model::{Instant, LegId, PhoneId, Secret, TrunkId, Via};
use rsip::{Host, Method, Uri};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Seconds after which a caller who was shed may try again: the backlog is gone by then, and a
/// carrier that takes the whole box for unwell (RFC 3261 21.5.4) does so no longer than needed.
const SHED_RETRY_AFTER_S: &str = "1";

/// Accounts, trunks, and the next leg's number.
pub struct Reception {
    /// Whoever subscribed.
    pub notifier: Notifier,
    guard: Guard,
    registrar: Registrar,
    accounts: BTreeMap<PhoneId, Secret>,
    trunks: BTreeMap<TrunkId, TrunkConfig>,
    /// The names of the phones' certificates, where they are asked for.
    certificates: BTreeMap<PhoneId, Vec<String>>,
    draining: bool,
    /// There is more to do than can be done.
    shedding: bool,
    next_leg: u64,
}

/// A request that came new, its Via stamped.
struct Request {
    message: Message,
    from: Peer,
    /// Where its responses go.
    reply_to: Peer,
}

impl Reception {
    /// Opens with nobody registered.
    pub fn new(wire: &mut Wire, config: Config) -> Self {
        let phones = config.accounts.keys().cloned().collect();
        Self {
            notifier: Notifier::new(wire, config.directory, phones),
            guard: Guard::new(wire.key(), &config.realm).with(config.guarding),
            registrar: Registrar::new(config.register_s),
            accounts: config.accounts,
            trunks: config.trunks,
            certificates: config.certificates,
            draining: false,
            shedding: false,
            next_leg: config.first_leg,
        }
    }

    /// Uses other phones and trunks; whoever lost the account or has another password is out.
    pub fn configure(&mut self, now: Instant, new: Accounts, wire: &mut Wire) {
        (wire.srtp, wire.session_s) = (new.srtp, new.session_s);
        wire.codecs = new.codecs;
        let old = std::mem::replace(&mut self.accounts, new.accounts);
        (self.trunks, self.certificates) = (new.trunks, new.certificates);
        self.registrar.set_range(new.register_s);
        let mut locked_out = BTreeSet::new();
        for (phone, secret) in old {
            if self.accounts.get(&phone) == Some(&secret) {
                continue;
            }
            locked_out.insert(phone.clone());
            if self.registrar.forget(&phone) {
                wire.tell(Output::Unregistered { phone });
            }
        }
        let phones = self.accounts.keys().cloned().collect();
        self.notifier.configure(now, wire, new.directory, phones, &locked_out);
    }

    /// Lets one phone fetch its settings, or all that are registered.
    pub fn check_sync(&mut self, now: Instant, wire: &mut Wire, phone: Option<PhoneId>) {
        let all = || self.registrations().map(|(phone, _)| phone.clone()).collect();
        let phones = phone.map_or_else(all, |phone| vec![phone]);
        self.notifier.check_sync(now, wire, phones);
    }

    /// Tells a phone something at each address it registered.
    pub fn push(&mut self, now: Instant, wire: &mut Wire, phone: &PhoneId, news: &News) {
        let targets: Vec<_> = self.targets(phone).into_iter().map(|target| target.at).collect();
        push(now, wire, phone, &targets, news);
    }

    /// Refuses new calls, or takes them again.
    pub fn drain(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// Refuses new calls but those of our phones, or takes them again.
    pub fn shed_calls(&mut self, shedding: bool) {
        self.shedding = shedding;
    }

    /// Where a phone is rung.
    pub fn targets(&self, phone: &PhoneId) -> Vec<Target> {
        self.registrar.targets(phone)
    }

    /// The phones that are registered, with the number of their addresses.
    pub fn registrations(&self) -> impl Iterator<Item = (&PhoneId, usize)> {
        self.registrar.registrations()
    }

    /// Addresses and nonces that gave way at their maximum.
    pub fn shed(&self) -> u64 {
        self.registrar.shed() + self.guard.nonces().shed()
    }

    /// Ends the registrations that were bound to a connection.
    pub fn flow_closed(&mut self, flow: Peer, wire: &mut Wire) {
        if let Some((id, other)) =
            flow.flow.and_then(|id| Some((id, self.registrar.stands_in(id)?)))
        {
            wire.flows.succeed(id, other);
        }
        for change in self.registrar.flow_closed(flow) {
            wire.tell(changed(change));
        }
        self.notifier.flow_closed(flow);
    }

    /// Ends the registrations that ran out.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        for change in self.registrar.tick(now) {
            wire.tell(changed(change));
        }
        self.notifier.tick(now, wire);
        for (phone, news) in self.notifier.due_check_sync(now, wire) {
            self.push(now, wire, &phone, &news);
        }
    }

    /// When the next registration or subscription wants something.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.registrar.deadline().into_iter().chain(self.notifier.deadline()).min()
    }

    /// Takes a request.
    pub fn request(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        legs: &mut Legs,
        from: Peer,
        mut message: Message,
    ) {
        let Some(reply_to) = message.stamp_via(from) else { return };
        let request = Request { message, from, reply_to };
        match wire.transactions.receive(now, from, &request.message) {
            Arrival::Absorbed => {}
            Arrival::Ack => {
                let dialog = DialogId::of_request(&request.message);
                let leg = dialog.and_then(|dialog| wire.dialogs.get(&dialog).copied());
                let over = with(legs, leg, |leg| leg.ack(now, wire, &request.message));
                self.over(over);
            }
            Arrival::Cancel { owner, .. } => self.cancel(now, wire, legs, owner, &request),
            Arrival::Merged => wire.answer(reply_to, &request.message, 482),
            Arrival::New => self.new_request(now, wire, legs, request),
        }
    }

    /// The CANCEL itself is answered 200 whatever comes of it (RFC 3261 9.2).
    fn cancel(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        legs: &mut Legs,
        owner: Owner,
        request: &Request,
    ) {
        let response = wire.response(&request.message, 200);
        match wire.transactions.accept(&request.message, request.reply_to, Owner::Nobody) {
            Ok(id) => wire.transactions.respond(now, id, &response),
            Err(_) => wire.send(request.reply_to, &response),
        }
        if let Owner::Arrived { leg } = owner {
            with(legs, Some(leg), |leg| leg.cancelled(now, wire));
        }
    }

    /// A leg is wholly over.
    fn over(&mut self, leg: Option<LegId>) {
        if let Some(leg) = leg {
            self.notifier.leg_over(leg);
        }
    }

    fn new_request(&mut self, now: Instant, wire: &mut Wire, legs: &mut Legs, request: Request) {
        let admitted = self.guard.admits(now, request.from.addr);
        if !admitted && !self.is_trunk(request.from.ip()) && !is_of_call(wire, &request) {
            wire.counters.too_fast += 1;
            return;
        }
        if self.shedding && self.is_shed(&request) {
            wire.counters.calls_shed += 1;
            let mut response = wire.response(&request.message, 503);
            response.headers.replace("Retry-After", SHED_RETRY_AFTER_S);
            return wire.send(request.reply_to, &response);
        }
        if let Some(refusal) = gate::refusal(wire, &request.from, &request.message) {
            return wire.send(request.reply_to, &refusal);
        }
        let dialog = DialogId::of_request(&request.message);
        let of_leg = dialog.as_ref().is_some_and(|dialog| wire.dialogs.contains_key(dialog));
        if request.message.method() == Some(Method::Subscribe) && !of_leg {
            return self.subscribe(now, wire, &request);
        }
        if let Some(dialog) = dialog {
            let over = within(now, wire, legs, &dialog, &request);
            return self.over(over);
        }
        match request.message.method() {
            Some(Method::Invite) => self.invite(now, wire, legs, request),
            Some(Method::Register) => self.register(now, wire, &request),
            // Asked as an INVITE would be answered (RFC 3261 11.2).
            Some(Method::Options) if self.draining => {
                wire.answer(request.reply_to, &request.message, 503);
            }
            Some(Method::Options) => {
                let response = options(wire, &request.message);
                wire.send(request.reply_to, &response);
            }
            // Nobody has calls made out of the blue (RFC 3515 section 2.4.2).
            Some(Method::Refer) => wire.answer(request.reply_to, &request.message, 403),
            _ => wire.answer(request.reply_to, &request.message, 481),
        }
    }

    /// Tells whether a request begins a call of somebody who proved no password.
    fn is_shed(&self, request: &Request) -> bool {
        let invites = request.message.method() == Some(Method::Invite);
        invites && request.message.to_tag().is_none() && !self.guard.has_proved(request.from.addr)
    }

    fn invite(&mut self, now: Instant, wire: &mut Wire, legs: &mut Legs, request: Request) {
        let refuse =
            |wire: &mut Wire, code: u16| wire.answer(request.reply_to, &request.message, code);
        if self.draining {
            wire.counters.drained += 1;
            return refuse(wire, 503);
        }
        if legs.len() >= wire.limits.legs_max {
            wire.counters.limited += 1;
            return refuse(wire, 503);
        }
        let message = &request.message;
        let party = match self.trunk_of(wire, &request) {
            Some((trunk, config)) => {
                if !certificate::fits(wire, &request.from, config.out.certificate.as_deref())
                    && config.out.certificate.is_some()
                {
                    let trunk = trunk.clone();
                    refuse(wire, 403);
                    return wire.wrong_certificate(Via::Trunk(trunk));
                }
                let calls = legs.calls_of(trunk);
                if calls >= usize::from(config.calls_max) {
                    wire.counters.limited += 1;
                    return refuse(wire, 503);
                }
                // Its address is known without being told, its connection is not.
                if request.from.flow.is_some() {
                    wire.known(request.from);
                }
                party_of(wire, trunk, config)
            }
            None => match self.proved(now, wire, &request) {
                Some(phone) => Party::phone(phone, wire.srtp),
                None => return,
            },
        };
        if refresh::is_too_brief(message) {
            let response = wire.response(message, 422);
            let response = response.with("Min-SE", refresh::MIN_SE.to_string());
            return wire.send(request.reply_to, &response);
        }
        let old = match replaced(wire, legs, &party, message) {
            Ok(old) => old,
            Err(code) => return refuse(wire, code),
        };
        let protection = party.protection(request.from.transport.secure());
        let offer = match Talk::read(&message.body, wire.local, wire.codecs.clone(), protection) {
            Ok(offer) => offer,
            Err(unusable) if unusable.is_for_clear() => {
                let response = wire.refusal_of_clear(message);
                wire.send(request.reply_to, &response);
                return wire.refused_clear(party.via);
            }
            Err(_) => return refuse(wire, 488),
        };
        let tag = wire.tag_for(message);
        let Some(dialog) = Dialog::of_server(message, &tag, request.from) else {
            return refuse(wire, 400);
        };
        if wire.dialogs.contains_key(dialog.id()) {
            return refuse(wire, 482);
        }
        let leg = LegId::inbound(self.next_leg);
        let accepted = wire.transactions.accept(message, request.reply_to, Owner::Arrived { leg });
        let Ok(transaction) = accepted else {
            wire.counters.limited += 1;
            return refuse(wire, 503);
        };
        self.next_leg += 1;
        wire.counters.calls_in += 1;
        let event = arrival(message, &party, old);
        let invite = request.message;
        let arrived = Arrived { transaction, invite, offer, dialog, party };
        legs.insert(leg, Leg::arrive(now, wire, leg, arrived));
        wire.event(leg, event);
    }

    /// Each SUBSCRIBE proves its password anew: one of them may change what a phone does.
    fn subscribe(&mut self, now: Instant, wire: &mut Wire, request: &Request) {
        if let Some(refusal) = Notifier::refusal(wire, &request.message) {
            return wire.send(request.reply_to, &refusal);
        }
        let Some(phone) = self.proved(now, wire, request) else { return };
        let asked = Asked {
            phone: &phone,
            message: &request.message,
            from: request.from,
            reply_to: request.reply_to,
        };
        self.notifier.subscribe(now, wire, &asked, self.draining);
    }

    fn register(&mut self, now: Instant, wire: &mut Wire, request: &Request) {
        let message = &request.message;
        let Some(phone) = self.proved(now, wire, request) else { return };
        // A phone registers itself and nobody else (RFC 3261 10.3 step 4).
        let own = message.to().and_then(|to| uri::user(&to.uri));
        if own.as_deref() != Some(phone.as_str()) {
            return wire.answer(request.reply_to, message, 403);
        }
        let Ok(wish) = Wish::of(message, request.from) else {
            return wire.answer(request.reply_to, message, 400);
        };
        let Ok(id) = wire.transactions.accept(message, request.reply_to, Owner::Nobody) else {
            wire.counters.limited += 1;
            return wire.answer(request.reply_to, message, 503);
        };
        let response = match self.registrar.register(now, &phone, &wish) {
            Ok(done) => {
                let mut response = wire.response(message, 200);
                if let Some(flow) = request.from.flow {
                    done.moved.iter().for_each(|old| wire.flows.succeed(*old, flow));
                    // RFC 5626 section 6.
                    if done.outbound {
                        wire.flows.keep(flow);
                        response.headers.push("Require", outbound::TAG);
                        response.headers.push("Flow-Timer", FLOW_TIMER_S.to_string());
                    }
                }
                for contact in &done.contacts {
                    response.headers.push("Contact", contact.to_string());
                }
                if let Some(change) = done.change {
                    let contacts: Vec<Uri> = done.contacts.into_iter().map(|c| c.uri).collect();
                    self.notifier.registered(now, &phone, &contacts, request.from);
                    self.vouch(wire, &phone, &request.from);
                    wire.tell(changed(change));
                }
                response
            }
            Err(refusal) => {
                let response = wire.response(message, refusal.status());
                match refusal {
                    Refusal::TooBrief { min_s } => response.with("Min-Expires", min_s.to_string()),
                    Refusal::Path => response.with("Unsupported", "path"),
                    _ => response,
                }
            }
        };
        wire.transactions.respond(now, id, &response);
    }

    /// Where a phone is reached may be another port than it registers from; what comes from there is
    /// no stranger's either.
    fn vouch(&mut self, wire: &mut Wire, phone: &PhoneId, from: &Peer) {
        for binding in self.registrar.bindings(phone) {
            let at = binding.address;
            if at.flow.is_none() && at.addr != from.addr && at.ip() == from.ip() {
                self.guard.vouched(at.addr);
                wire.tell(Output::Known { peer: at });
            }
        }
    }

    /// The account whose password the request proves. Where it proves none it is challenged.
    fn proved(&mut self, now: Instant, wire: &mut Wire, request: &Request) -> Option<PhoneId> {
        let accounts = &self.accounts;
        let secret_of = |user: &str| accounts.get(&PhoneId::new(user));
        match self.guard.judge(now, request.from.addr, &request.message, secret_of) {
            Entry::Passed { user } => {
                let phone = PhoneId::new(&user);
                let names = self.certificates.get(&phone);
                let fits = |names: &Vec<String>| {
                    certificate::fits(wire, &request.from, names.iter().map(String::as_str))
                };
                if !names.is_none_or(fits) {
                    wire.answer(request.reply_to, &request.message, 403);
                    wire.wrong_certificate(Via::Phone(phone));
                    return None;
                }
                wire.known(request.from);
                Some(phone)
            }
            Entry::Refused { stale, wrong } => {
                if wrong {
                    self.wrong(now, wire, request);
                }
                self.challenge(now, wire, request, stale);
                None
            }
            Entry::Unjudged => {
                wire.counters.unjudged += 1;
                self.challenge(now, wire, request, false);
                None
            }
        }
    }

    fn challenge(&mut self, now: Instant, wire: &mut Wire, request: &Request, stale: bool) {
        wire.counters.challenged += 1;
        // A phone that comes again by another connection comes from another port.
        let from = match request.from.transport.reliable() {
            true => SocketAddr::new(request.from.ip(), 0),
            false => request.from.addr,
        };
        let mut challenge = self.guard.challenge(now, from, &request.message, stale);
        challenge.set_to_tag(&wire.tag_for(&request.message));
        wire.send(request.reply_to, &challenge);
    }

    /// Counts a wrong password; a trunk's address is not banned for one, for its calls need none.
    fn wrong(&mut self, now: Instant, wire: &mut Wire, request: &Request) {
        let account = self.named(&request.message);
        *wire.counters.failures.entry(account).or_default() += 1;
        if self.is_trunk(request.from.ip()) {
            return;
        }
        if let Some(until) = self.guard.wrong(now, request.from.addr) {
            wire.tell(Output::Banned { source: Source::of(request.from.ip()), until });
        }
    }

    /// Tells whether a peer that sends what nobody can read is answered still.
    pub fn admits(&mut self, now: Instant, from: &Peer) -> bool {
        self.guard.admits(now, from.addr)
    }

    /// Tells whether nothing of a peer is taken, since its source guessed passwords.
    pub fn bans(&self, now: Instant, from: &Peer) -> bool {
        self.guard.is_banned(now, from.addr) && !self.is_trunk(from.ip())
    }

    fn is_trunk(&self, ip: IpAddr) -> bool {
        let mut peers = self.trunks.values().flat_map(|trunk| &trunk.peers);
        peers.any(|peer| canonical(*peer) == ip)
    }

    /// The account that a wrong proof named, if we have it.
    fn named(&self, request: &Message) -> PhoneId {
        let values = request.headers.get_all("Authorization");
        values
            .filter_map(|value| Credentials::parse(value).ok())
            .map(|credentials| PhoneId::new(&credentials.username))
            .find(|phone| self.accounts.contains_key(phone))
            .unwrap_or_else(|| PhoneId::new(UNKNOWN_ACCOUNT))
    }

    /// The trunk whose peer sent the request. A peer that calls itself one of our own accounts has
    /// to prove it as anybody has: a phone may stand at a trunk's address, and nobody may pass for
    /// an extension from outside.
    fn trunk_of(&self, wire: &Wire, request: &Request) -> Option<(&TrunkId, &TrunkConfig)> {
        let ip = request.from.ip();
        let is_peer = |trunk: &TrunkConfig| trunk.peers.iter().any(|peer| canonical(*peer) == ip);
        let found = self.trunks.iter().find(|(_, trunk)| is_peer(trunk))?;
        let from = request.message.from()?;
        let host_is_ours = match &from.uri.host_with_port.host {
            Host::IpAddr(ip) => wire.locals.has(*ip),
            Host::Domain(name) => name.to_string().eq_ignore_ascii_case(&wire.realm),
        };
        let user = uri::user(&from.uri).unwrap_or_default();
        let ours = host_is_ours && self.accounts.contains_key(&PhoneId::new(&user));
        (!ours).then_some(found)
    }
}

/// Tells whether a request belongs to a call that stands.
fn is_of_call(wire: &Wire, request: &Request) -> bool {
    DialogId::of_request(&request.message).is_some_and(|id| wire.dialogs.contains_key(&id))
}

/// Takes a request to the leg of its dialog (RFC 3261 12.2.2); gives it if that was its end.
fn within(
    now: Instant,
    wire: &mut Wire,
    legs: &mut Legs,
    dialog: &DialogId,
    request: &Request,
) -> Option<LegId> {
    let leg = wire.dialogs.get(dialog).copied().filter(|leg| legs.has(*leg));
    if leg.is_none() {
        wire.answer(request.reply_to, &request.message, 481);
        return None;
    }
    let Ok(id) = wire.transactions.accept(&request.message, request.reply_to, Owner::Nobody) else {
        wire.counters.limited += 1;
        wire.answer(request.reply_to, &request.message, 503);
        return None;
    };
    let within = Within { id, message: &request.message, from: request.from };
    if request.message.method() == Some(Method::Refer) {
        let other = leg.and_then(|leg| consulted(wire, legs, leg, &request.message));
        return with(legs, leg, |leg| leg.refer(now, wire, &within, other));
    }
    with(legs, leg, |leg| leg.request(now, wire, &within))
}

/// Lets something happen to a leg; gives it if that was its end.
fn with(legs: &mut Legs, id: Option<LegId>, step: impl FnOnce(&mut Leg)) -> Option<LegId> {
    id.filter(|id| legs.with(*id, step))
}

fn changed(change: Change) -> Output {
    match change {
        Change::Registered { phone, contacts } => Output::Registered { phone, contacts },
        Change::Unregistered { phone } => Output::Unregistered { phone },
    }
}

/// An IPv4 address, though a socket of both families shows it as IPv6.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}
