//! The notifier: takes SUBSCRIBEs of phones that proved who they are, and notifies them (RFC 6665
//! section 4.2).
//!
//! ```text
//!   SUBSCRIBE --which event?--> 489   --how long?--> 423
//!      |--To tag--> refresh | 481 (not there, another phone's, another event)
//!      '--new--> 406 413 415 400 | whom? 403 404 421 | room? 503 | 200 and a NOTIFY
//! ```

pub use super::asked::Asked;
use super::asked::Body;
use super::board::Board;
use super::content::Source;
use super::directory::{Directory, Resource};
use super::package::{ALLOW_EVENTS, EVENT_LIST, Event, accepts, names};
use super::pins::Pins;
use super::subscription::{Reason, Subscription};
use super::table::Table;
use super::unasked::{self, News, Unasked};
use super::xml::BODY_MAX;
use crate::command::Output;
use crate::dialog::{Dialog, DialogId};
use crate::message::Message;

use crate::registrar::Target;
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use model::{Instant, PhoneId};
use rsip::Uri;
use std::collections::BTreeSet;
use std::time::Duration;

/// Shortest, longest and usual subscription granted, in seconds. Below the first: 423.
pub const EXPIRES_S: (u32, u32, u32) = (30, 3600, 3600);
/// Most subscriptions of one phone; one more is refused with 503. A phone has at most some 200 keys
/// with a lamp and a few subscriptions besides; a list is one.
pub const PER_PHONE_MAX: usize = 256;

/// Notifies phones of what they watch.
pub struct Notifier {
    pub(super) directory: Directory,
    pub(super) phones: BTreeSet<PhoneId>,
    pub(super) board: Board,
    pub(super) table: Table,
    pub(super) pins: Pins,
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
            Err(refused) => return refused.answer(wire, asked),
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
            Err(denied) => return refuse(wire, denied.status()),
        };
        // RFC 4662 section 4.1: only who says so is sent lists.
        let is_list = matches!(resource, Resource::List(_));
        if is_list && !list_reader(message) {
            let refusal = wire.response(message, 421).with("Require", EVENT_LIST);
            return wire.send(asked.reply_to, &refusal);
        }
        let tag = wire.tag_for(message);
        let dialog = Dialog::of_server(message, &tag, asked.from);
        let (Some(dialog), Some(contact)) = (dialog, message.target()) else {
            return refuse(wire, 400);
        };
        self.replace(asked.phone, &event, &resource, &contact);
        if self.table.count_of(asked.phone) >= PER_PHONE_MAX
            || self.table.len() >= wire.limits.subscriptions_max
        {
            wire.counters.limited += 1;
            return refuse(wire, 503);
        }
        let body = match self.body(now, wire, asked, package, None) {
            Ok(body) => body,
            Err(refused) => return refused.answer(wire, asked),
        };
        let no = self.table.next_no();
        let list = match &resource {
            Resource::List(phone) => self.directory.list(&self.phones, phone),
            _ => Vec::new(),
        };
        let mixed = names(message, "multipart/mixed");
        let phone = asked.phone.clone();
        let new = Subscription::new(no, phone, resource, event, dialog, contact, mixed);
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
            response.headers.push("Require", EVENT_LIST);
        }
        wire.transactions.respond(now, id, &response);
        if let Body::Wish(wish) = body {
            wire.counters.wishes += 1;
            wire.tell(Output::FeatureAsked { phone: asked.phone.clone(), wish });
        }
        self.step(now, wire, no);
        true
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

    /// The phones whose turn it is to be told so, and how.
    pub fn due_check_sync(&mut self, now: Instant, wire: &Wire) -> Vec<(PhoneId, News)> {
        let event = |phone: &PhoneId| self.directory.syncs.get(phone).copied();
        let told = |phone: PhoneId| {
            let news = News::check_sync(event(&phone).unwrap_or(unasked::CHECK_SYNC));
            (phone, news)
        };
        let room = wire.transactions.has_spare();
        self.unasked.due(now, room).into_iter().map(told).collect()
    }

    /// Pushes something to a phone, at each address it registered.
    pub fn push(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        phone: &PhoneId,
        to: &[Target],
        news: &News,
    ) {
        if news.body.len() > unasked::PUSH_MAX {
            wire.counters.limited += 1;
            return;
        }
        self.unasked.tell(now, wire, phone, to, news);
    }

    /// Takes the answer to what nobody subscribed to: whatever it is, the phone is there.
    pub fn push_answered(&mut self, no: u64, code: u16) {
        if code >= 200 {
            self.unasked.answered(no);
        }
    }

    /// Nobody answered it.
    pub fn push_unanswered(&mut self, now: Instant, wire: &mut Wire, no: u64) {
        self.unasked.unanswered(now, wire, no);
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
        self.unasked.tick(now, wire);
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

    pub(super) fn step(&mut self, now: Instant, wire: &mut Wire, no: u64) {
        let Self { directory, phones, board, table, .. } = self;
        if let Some(subscription) = table.get_mut(no) {
            let by = &subscription.phone().clone();
            subscription.tick(now, wire, Source { board, directory, phones, by });
        }
        table.settle(no);
    }
}

/// Tells whether who asks reads lists.
fn list_reader(message: &Message) -> bool {
    ["Supported", "Require"]
        .iter()
        .any(|name| message.headers.words(name).any(|tag| tag.eq_ignore_ascii_case(EVENT_LIST)))
}
