//! The reception: what happens to each request that comes, and who is let in.
//!
//! ```text
//!   request --matched--> came before | CANCEL | ACK
//!      | new
//!      |--gate--> 405 415 420 483
//!      |--To tag--> the dialog's leg | 481 | 401, 403: not its party
//!      '--none---> INVITE: peer of a trunk | phone with its password | 401
//!                  REGISTER: phone with its password | 401
//!                  SUBSCRIBE: phone with its password | 401, then the notifier
//!                  OPTIONS: 200
//! ```
//!
//! Whoever was not let in is answered without state (RFC 3261 8.2.7), the same answer whether the
//! account exists or not.

mod entry;
mod invite;
mod registration;
mod silent;
mod within;

use super::gate;
use super::leg::{Leg, options};
use super::legs::Legs;
use super::silent::Silent;
use super::wire::{Owner, Wire};
use crate::command::{Accounts, Config, Output, TrunkConfig};
use crate::dialog::DialogId;
use crate::events::notifier::{Asked, Notifier};
use crate::events::unasked::News;
use crate::guard::Guard;
use crate::message::Message;
use crate::peer::Peer;
use crate::registrar::{Change, Registrar, Target};
use crate::transaction::Arrival;
use invite::SHED_RETRY_AFTER_S;
use model::{Instant, LegId, PhoneId, Secret, TrunkId};
use rsip::Method;
use std::collections::{BTreeMap, BTreeSet};
use within::{Standing, within};

/// Accounts, trunks, and the next leg's number.
pub struct Reception {
    /// Whoever subscribed.
    pub notifier: Notifier,
    guard: Guard,
    registrar: Registrar,
    silent: Silent,
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
            silent: Silent::default(),
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
        if !locked_out.is_empty() {
            for addr in self.guard.revoke(|account| locked_out.contains(&PhoneId::new(account))) {
                wire.tell(Output::Estranged { addr });
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
        let targets = self.targets(phone);
        self.notifier.push(now, wire, phone, &targets, news);
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
        self.silent.tick(now, wire, &self.registrar);
        self.notifier.tick(now, wire);
        for (phone, news) in self.notifier.due_check_sync(now, wire) {
            self.push(now, wire, &phone, &news);
        }
    }

    /// When the next registration or subscription wants something.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let silent = self.silent.deadline().into_iter();
        silent.chain(self.registrar.deadline()).chain(self.notifier.deadline()).min()
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
                let leg = dialog.as_ref().and_then(|dialog| wire.dialogs.get(dialog).copied());
                // Nobody can be asked for a proof by an ACK.
                let own = leg.zip(dialog).filter(|(leg, dialog)| {
                    self.standing(legs, *leg, dialog, &request) == Standing::Own
                });
                let leg = own.map(|(leg, _)| leg);
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
            if !self.may_speak(now, wire, legs, &dialog, &request) {
                return;
            }
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
}

/// Tells whether a request belongs to a call that stands.
fn is_of_call(wire: &Wire, request: &Request) -> bool {
    DialogId::of_request(&request.message).is_some_and(|id| wire.dialogs.contains_key(&id))
}

/// Lets something happen to a leg; gives it if that was its end.
fn with(legs: &mut Legs, id: Option<LegId>, step: impl FnOnce(&mut Leg)) -> Option<LegId> {
    id.filter(|id| legs.with(*id, step))
}

fn changed(change: Change) -> Output {
    match change {
        Change::Registered { phone, contacts } => Output::Registered { phone, contacts },
        Change::Refreshed { phone } => Output::Refreshed { phone },
        Change::Unregistered { phone } => Output::Unregistered { phone },
    }
}
