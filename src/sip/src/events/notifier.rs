//! The notifier: takes SUBSCRIBEs of phones that proved who they are, and notifies them (RFC 6665
//! section 4.2).
//!
//! ```text
//!   SUBSCRIBE --which event?--> 489   --how long?--> 423
//!      |--To tag--> refresh | 481 (not there, another phone's, another event)
//!      '--new--> 406 413 415 400 | whom? 403 404 421 | room? 503 | 200 and a NOTIFY
//! ```

use super::board::{Board, Summary};
use super::directory::{Denied, Directory, Resource};
use super::package::{ALLOW_EVENTS, Event, Package, accepts, names};
use super::pins::{Pins, Verdict};
use super::subscription::{Reason, Source, Subscription};
use super::table::{Table, Topic};
use super::unasked::{self, News, Unasked};
use super::wish::{self, Hoteling, WishError};
use super::xml::{BODY_MAX, XmlError};
use crate::command::Output;
use crate::dialog::{Dialog, DialogId};
use crate::message::Message;
use crate::peer::Peer;
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use model::feature::{FeatureWish, Features, Lamp, Watched};
use model::{Instant, LegId, PhoneId};
use rsip::Uri;
use std::collections::BTreeSet;
use std::time::Duration;

/// Shortest, longest and usual subscription granted, in seconds. Below the first: 423.
pub const EXPIRES_S: (u32, u32, u32) = (30, 3600, 3600);
/// Most subscriptions of one phone; one more is refused with 503. A phone has at most some 200 keys
/// with a lamp and a few subscriptions besides; a list is one.
pub const PER_PHONE_MAX: usize = 256;

/// A SUBSCRIBE that came new, with the phone that proved to have sent it.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub phone: &'a PhoneId,
    pub message: &'a Message,
    pub from: Peer,
    /// Where the answer goes.
    pub reply_to: Peer,
}

/// What a SUBSCRIBE's body asks for besides.
enum Body {
    Nothing,
    Wish(FeatureWish),
    /// The proof of a PIN is to be asked for.
    AskProof,
}

/// Notifies phones of what they watch.
pub struct Notifier {
    directory: Directory,
    phones: BTreeSet<PhoneId>,
    board: Board,
    table: Table,
    pins: Pins,
    unasked: Unasked,
}

impl Notifier {
    /// Begins without a subscription.
    pub fn new(wire: &Wire, directory: Directory, phones: BTreeSet<PhoneId>) -> Self {
        Self {
            directory,
            phones,
            board: Board::new(&wire.realm, wire.local),
            table: Table::default(),
            pins: Pins::default(),
            unasked: Unasked::default(),
        }
    }

    /// Tells whether a dialog is a subscription's.
    pub fn has(&self, dialog: &DialogId) -> bool {
        self.table.of_dialog(dialog).is_some()
    }

    /// Subscriptions there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// Refuses what is no subscription at all, before anybody looks who asks.
    pub fn refusal(wire: &Wire, message: &Message) -> Option<Message> {
        // RFC 6665 section 8.3.2.
        let Some(_) = Event::of(message) else {
            return Some(wire.response(message, 489).with("Allow-Events", ALLOW_EVENTS));
        };
        // Section 4.2.1.1: less than the least, and less than an hour.
        let asked = message.expires().unwrap_or(EXPIRES_S.2);
        if asked > 0 && asked < EXPIRES_S.0 {
            let least = EXPIRES_S.0.to_string();
            return Some(wire.response(message, 423).with("Min-Expires", least));
        }
        (message.body.len() > BODY_MAX).then(|| wire.response(message, 413))
    }

    /// Takes a SUBSCRIBE that `refusal` let pass.
    pub fn subscribe(&mut self, now: Instant, wire: &mut Wire, asked: &Asked<'_>, draining: bool) {
        let Some(event) = Event::of(asked.message) else { return };
        match DialogId::of_request(asked.message) {
            Some(dialog) => self.again(now, wire, asked, &event, &dialog),
            None if draining => {
                wire.counters.drained += 1;
                wire.answer(asked.reply_to, asked.message, 503);
            }
            None => self.first(now, wire, asked, event),
        }
    }

    /// A SUBSCRIBE within a dialog refreshes or ends what is there (section 4.2.1.4).
    fn again(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        asked: &Asked<'_>,
        event: &Event,
        dialog: &DialogId,
    ) {
        let found = self.table.of_dialog(dialog).filter(|no| {
            self.table.get(*no).is_some_and(|subscription| {
                let same = (subscription.phone(), subscription.event()) == (asked.phone, event);
                same && subscription.is_active()
            })
        });
        let Some(no) = found else {
            return wire.answer(asked.reply_to, asked.message, 481);
        };
        let in_order = self.table.get_mut(no).is_some_and(|s| s.is_in_order(asked.message));
        if !in_order {
            return wire.answer(asked.reply_to, asked.message, 500);
        }
        let body = match self.body(now, wire, asked, event.package, Some(no)) {
            Ok(body) => body,
            Err(refusal) => return wire.send(asked.reply_to, &refusal),
        };
        self.grant(now, wire, asked, no, body);
    }

    /// A SUBSCRIBE outside any dialog begins a new one (section 4.2.1.1).
    fn first(&mut self, now: Instant, wire: &mut Wire, asked: &Asked<'_>, event: Event) {
        let message = asked.message;
        let refuse = |wire: &mut Wire, code: u16| wire.answer(asked.reply_to, message, code);
        let package = event.package;
        if !accepts(message, package.content_type()) {
            let refusal = wire.response(message, 406).with("Accept", package.content_type());
            return wire.send(asked.reply_to, &refusal);
        }
        let user = message.uri().and_then(uri::user).unwrap_or_default();
        let found = self.directory.resource(&self.phones, package, asked.phone, &user);
        let resource = match found {
            Ok(resource) => resource,
            Err(denied @ (Denied::Unknown | Denied::Foreign)) => {
                return refuse(wire, denied.status());
            }
        };
        // RFC 4662 section 4.1: only who says so is sent lists.
        let is_list = matches!(resource, Resource::List(_));
        if is_list && !message.supported().iter().any(|tag| *tag == "eventlist") {
            let refusal = wire.response(message, 421).with("Require", "eventlist");
            return wire.send(asked.reply_to, &refusal);
        }
        let tag = wire.tag_for(message);
        let dialog = Dialog::of_server(message, &tag, asked.from);
        let (Some(dialog), Some(contact)) = (dialog, message.contact()) else {
            return refuse(wire, 400);
        };
        self.replace(asked.phone, &event, &resource, &contact.uri);
        if self.table.count_of(asked.phone) >= PER_PHONE_MAX
            || self.table.len() >= wire.limits.subscriptions_max
        {
            wire.counters.limited += 1;
            return refuse(wire, 503);
        }
        let body = match self.body(now, wire, asked, package, None) {
            Ok(body) => body,
            Err(refusal) => return wire.send(asked.reply_to, &refusal),
        };
        let no = self.table.next_no();
        let list = match &resource {
            Resource::List(phone) => self.directory.list(&self.phones, phone),
            _ => Vec::new(),
        };
        let mixed = names(message, "multipart/mixed");
        let phone = asked.phone.clone();
        let new = Subscription::new(no, phone, resource, event, dialog, contact.uri, mixed);
        self.table.insert(no, new, &list);
        if self.grant(now, wire, asked, no, body) {
            wire.counters.subscribed += 1;
        } else if let Some(new) = self.table.get_mut(no) {
            new.drop_it();
            self.table.settle(no);
        }
    }

    /// A phone that was started anew subscribes again from the same address: what it had is over.
    fn replace(&mut self, phone: &PhoneId, event: &Event, resource: &Resource, at: &Uri) {
        for no in self.table.of_phone(phone) {
            if let Some(old) = self.table.get_mut(no)
                && old.is_replaced_by(phone, event, resource, at)
            {
                old.drop_it();
                self.table.settle(no);
            }
        }
    }

    /// Answers 200 and notifies at once (sections 4.2.1.2 and 4.2.2). Tells whether there was room.
    fn grant(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        asked: &Asked<'_>,
        no: u64,
        body: Body,
    ) -> bool {
        let message = asked.message;
        let Ok(id) = wire.transactions.accept(message, asked.reply_to, Owner::Nobody) else {
            wire.counters.limited += 1;
            wire.answer(asked.reply_to, message, 503);
            return false;
        };
        let Some(subscription) = self.table.get_mut(no) else { return false };
        let seconds = message.expires().unwrap_or(EXPIRES_S.2).min(EXPIRES_S.1);
        let until = now + Duration::from_secs(seconds.into());
        let wish = match &body {
            Body::Wish(wish) => Some(wish),
            Body::Nothing | Body::AskProof => None,
        };
        subscription.refresh(now, until, message, asked.from, wish);
        if let Body::AskProof = body {
            let nonce = wire.token();
            subscription.ask_proof(now, nonce);
        }
        let contact = wire.contact_in(subscription.dialog(), &subscription.user());
        let mut response = wire
            .response(message, 200)
            .with("Contact", contact)
            .with("Expires", seconds.to_string())
            .with("Allow-Events", ALLOW_EVENTS);
        if matches!(subscription.resource(), Resource::List(_)) {
            response.headers.push("Require", "eventlist");
        }
        wire.transactions.respond(now, id, &response);
        if let Body::Wish(wish) = body {
            wire.counters.wishes += 1;
            wire.tell(Output::FeatureAsked { phone: asked.phone.clone(), wish });
        }
        self.step(now, wire, no);
        true
    }

    /// Reads what a body asks for, or makes the refusal of it.
    fn body(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        asked: &Asked<'_>,
        package: Package,
        no: Option<u64>,
    ) -> Result<Body, Message> {
        let (message, phone) = (asked.message, asked.phone);
        let refuse = |code: u16| Err(wire.response(message, code));
        // Bodies of the other packages are filters we do not have (RFC 4235 section 3.3).
        let takes_one = matches!(package, Package::Features | Package::Hoteling);
        if !takes_one || message.body.is_empty() {
            return Ok(Body::Nothing);
        }
        let format = package.content_type();
        if message.content_type().as_deref() != Some(format) {
            return Err(wire.response(message, 415).with("Accept", format));
        }
        if package == Package::Features {
            return match wish::feature(&message.body, &self.directory.reasons) {
                Ok(wish) => Ok(Body::Wish(wish)),
                Err(WishError::Unknown) => Ok(Body::Nothing),
                Err(WishError::Xml(XmlError::TooLong)) => refuse(413),
                Err(_) => refuse(400),
            };
        }
        let (agent, proof) = match wish::hoteling(&message.body) {
            Ok(Hoteling::In { agent, proof }) => (agent, proof),
            Ok(Hoteling::Out) => return Ok(Body::Wish(FeatureWish::LogOut)),
            Err(WishError::Unknown) => return Ok(Body::Nothing),
            Err(WishError::Xml(XmlError::TooLong)) => return refuse(413),
            Err(_) => return refuse(400),
        };
        if self.pins.waits(now, phone) {
            return refuse(403);
        }
        let nonce = no.and_then(|no| self.table.get_mut(no)?.take_nonce());
        let (proof, nonce) = (proof.as_ref(), nonce.as_deref());
        match self.pins.judge(now, phone, &self.directory, &agent, proof, nonce) {
            Verdict::Passed(pin) => Ok(Body::Wish(FeatureWish::LogIn { agent: Some(agent), pin })),
            Verdict::Ask => Ok(Body::AskProof),
            Verdict::Wrong => {
                wire.counters.wrong_pins += 1;
                Ok(Body::Nothing)
            }
        }
    }

    /// Shows a lamp.
    pub fn publish(&mut self, now: Instant, watched: Watched, lamp: Lamp) {
        if self.board.set_lamp(watched.clone(), lamp) {
            self.changed(now, &watched);
        }
    }

    /// Shows what a phone's keys do, and who sits at it.
    pub fn show(&mut self, now: Instant, phone: &PhoneId, features: Features) {
        let mut agents: Vec<Watched> =
            self.board.agents_at(phone).cloned().map(Watched::Agent).collect();
        agents.extend(features.agent.iter().map(|(agent, _)| Watched::Agent(agent.clone())));
        let changed = self.board.set_features(phone, features);
        for no in self.table.about(&Topic::Own(phone.clone())) {
            let Some(subscription) = self.table.get_mut(no) else { continue };
            if subscription.event().package == Package::Summary {
                continue;
            }
            if changed {
                subscription.change(now, None);
            }
            subscription.granted(now);
            self.table.settle(no);
        }
        for watched in agents.into_iter().filter(|_| changed) {
            for no in self.table.about(&Topic::Lamp(watched)) {
                self.touch(now, no, Package::Presence, None);
            }
        }
    }

    /// Shows who a phone has to call back.
    pub fn mailbox(&mut self, now: Instant, phone: &PhoneId, new: u32, old: u32) {
        if self.board.set_summary(phone, Summary { new, old }) {
            for no in self.table.about(&Topic::Own(phone.clone())) {
                self.touch(now, no, Package::Summary, None);
            }
        }
    }

    /// A leg rings a phone.
    pub fn rings(&mut self, leg: LegId, phone: &PhoneId) {
        self.board.rings(leg, phone);
    }

    /// A phone that a leg rings said which dialog that is: a colleague's key can take it now.
    pub fn rung(&mut self, now: Instant, leg: LegId, dialog: DialogId) {
        let Some(phone) = self.board.rung(leg, dialog) else { return };
        let agents: Vec<Watched> =
            self.board.agents_at(&phone).cloned().map(Watched::Agent).collect();
        for watched in agents.into_iter().chain([Watched::Phone(phone)]) {
            if matches!(self.board.lamp(&watched).lamp, Lamp::Ringing { .. }) {
                self.changed(now, &watched);
            }
        }
    }

    /// A leg is over.
    pub fn leg_over(&mut self, leg: LegId) {
        self.board.leg_over(leg);
    }

    /// A phone registered these contacts from there.
    pub fn registered(&mut self, now: Instant, phone: &PhoneId, contacts: &[Uri], from: Peer) {
        for no in self.table.of_phone(phone) {
            if let Some(subscription) = self.table.get_mut(no) {
                subscription.moved(now, contacts, from);
                self.table.settle(no);
            }
        }
    }

    /// A connection is closed.
    pub fn flow_closed(&mut self, flow: Peer) {
        let Some(id) = flow.flow else { return };
        for no in self.table.by_flow(id) {
            if let Some(subscription) = self.table.get_mut(no) {
                subscription.flow_closed(flow);
                self.table.settle(no);
            }
        }
    }

    /// Uses another site: what is gone ends, and so does what `locked_out` phones have.
    pub fn configure(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        directory: Directory,
        phones: BTreeSet<PhoneId>,
        locked_out: &BTreeSet<PhoneId>,
    ) {
        (self.directory, self.phones) = (directory, phones);
        let (directory, phones) = (&self.directory, &self.phones);
        self.board.keep(|watched| directory.has(phones, &Resource::One(watched.clone())));
        self.pins.keep(|phone| phones.contains(phone));
        for no in self.table.all() {
            let (directory, phones) = (&self.directory, &self.phones);
            let Some(subscription) = self.table.get_mut(no) else { continue };
            let list = match subscription.resource() {
                Resource::List(phone) => Some(directory.list(phones, phone)),
                _ => None,
            };
            if locked_out.contains(subscription.phone()) {
                subscription.end(Reason::Rejected);
            } else if !directory.has(phones, subscription.resource()) {
                subscription.end(Reason::NoResource);
            } else if list.is_some() {
                subscription.change_all(now);
            }
            if let Some(list) = list {
                self.table.list(no, &list);
            }
            self.step(now, wire, no);
        }
    }

    /// Ends every subscription: the box stops, and phones subscribe again when it is back.
    pub fn farewell(&mut self, now: Instant, wire: &mut Wire) {
        for no in self.table.all() {
            if let Some(subscription) = self.table.get_mut(no) {
                subscription.end(Reason::Deactivated);
            }
            self.step(now, wire, no);
        }
    }

    /// Lets phones fetch their settings.
    pub fn check_sync(&mut self, now: Instant, wire: &mut Wire, phones: Vec<PhoneId>) {
        wire.counters.limited += self.unasked.check_sync(now, phones) as u64;
    }

    /// The phones whose turn it is to be told so.
    pub fn due_check_sync(&mut self, now: Instant) -> Vec<PhoneId> {
        self.unasked.due(now)
    }

    /// Takes the answer to a NOTIFY.
    pub fn answered(&mut self, now: Instant, wire: &mut Wire, no: u64, response: &Message) {
        let Some(subscription) = self.table.get_mut(no) else { return };
        subscription.answered(now, response);
        if subscription.is_over() {
            wire.counters.notify_failed += 1;
        }
        self.step(now, wire, no);
    }

    /// Nobody answered a NOTIFY.
    pub fn unanswered(&mut self, now: Instant, wire: &mut Wire, no: u64, code: u16) {
        let Some(subscription) = self.table.get_mut(no) else { return };
        subscription.unanswered(now, code);
        if subscription.is_over() {
            wire.counters.notify_failed += 1;
        }
        self.step(now, wire, no);
    }

    /// Sends what is due.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        while let Some((_, no)) = self.table.first().filter(|(at, _)| *at <= now) {
            self.step(now, wire, no);
        }
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let table = self.table.first().map(|(at, _)| (at, "notify or end a subscription"));
        let unasked = self.unasked.deadline().map(|at| (at, "tell phones to fetch settings"));
        table.into_iter().chain(unasked).min()
    }

    fn changed(&mut self, now: Instant, watched: &Watched) {
        for no in self.table.about(&Topic::Lamp(watched.clone())) {
            // An agent's presence follows the agent, a phone's its lamp.
            let package = self.table.get(no).map(|s| s.event().package);
            let lamp = package == Some(Package::Dialog);
            if lamp || !matches!(watched, Watched::Agent(_)) {
                self.touch(now, no, package.unwrap_or(Package::Dialog), Some(watched));
            }
        }
    }

    fn touch(&mut self, now: Instant, no: u64, package: Package, watched: Option<&Watched>) {
        let Some(subscription) = self.table.get_mut(no) else { return };
        if subscription.event().package == package {
            subscription.change(now, watched);
            self.table.settle(no);
        }
    }

    fn step(&mut self, now: Instant, wire: &mut Wire, no: u64) {
        let Self { directory, phones, board, table, .. } = self;
        if let Some(subscription) = table.get_mut(no) {
            subscription.tick(now, wire, Source { board, directory, phones });
        }
        table.settle(no);
    }
}

/// Pushes something to a phone, at each address it registered.
pub fn push(now: Instant, wire: &mut Wire, phone: &PhoneId, to: &[(Uri, Peer)], news: &News) {
    if news.body.len() > unasked::PUSH_MAX {
        wire.counters.limited += 1;
        return;
    }
    unasked::tell(now, wire, phone, to, news);
}
