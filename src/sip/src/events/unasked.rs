//! NOTIFYs that nobody subscribed to: `check-sync`, and what a vendor's phones show when pushed to.
//!
//! They go to the addresses that a phone registered and nowhere else, and outside any dialog, as the
//! phones want them; RFC 6665 knows no such thing. To all phones they go a few at a time: each fetches
//! its settings right after.

use super::package::ALLOW_EVENTS;
use crate::address::Address;
use crate::message::Message;
use crate::peer::Peer;
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use model::{Instant, PhoneId};
use rsip::{Method, Uri};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Most phones that wait for a `check-sync`; more are not told, and counted.
pub const WAITING_MAX: usize = 16_384;
/// Longest body that is pushed; a longer one is not sent, and counted.
pub const PUSH_MAX: usize = 8192;
/// What lets a phone fetch its settings, without a restart where it needs none.
pub const CHECK_SYNC: &str = "check-sync;reboot=false";
/// Phones told at a time …
const AT_A_TIME: usize = 20;
/// … and the time between: 200 phones a second.
const APART: Duration = Duration::from_millis(100);

/// What is said: an Event header and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub event: String,
    /// Format and text; empty for none.
    pub content_type: String,
    pub body: Vec<u8>,
}

impl News {
    /// Asks a phone to fetch its settings, by the event it knows.
    pub fn check_sync(event: &str) -> Self {
        Self { event: event.to_owned(), content_type: String::new(), body: Vec::new() }
    }
}

/// Phones that are to be told.
#[derive(Debug, Default)]
pub struct Unasked {
    waiting: VecDeque<PhoneId>,
    known: BTreeSet<PhoneId>,
    next_at: Option<Instant>,
}

impl Unasked {
    /// Lets phones fetch their settings, in turn; gives how many found no room.
    pub fn check_sync(&mut self, now: Instant, phones: Vec<PhoneId>) -> usize {
        let mut shed = 0;
        for phone in phones {
            match self.waiting.len() < WAITING_MAX {
                true if !self.known.insert(phone.clone()) => {}
                true => self.waiting.push_back(phone),
                false => shed += 1,
            }
        }
        if !self.waiting.is_empty() {
            self.next_at.get_or_insert(now);
        }
        shed
    }

    /// The phones whose turn it is, if there is room for them.
    pub fn due(&mut self, now: Instant, room: bool) -> Vec<PhoneId> {
        if self.next_at.is_none_or(|at| at > now) {
            return Vec::new();
        }
        if !room {
            self.next_at = Some(now + APART);
            return Vec::new();
        }
        let count = self.waiting.len().min(AT_A_TIME);
        let due: Vec<PhoneId> = self.waiting.drain(..count).collect();
        for phone in &due {
            self.known.remove(phone);
        }
        self.next_at = (!self.waiting.is_empty()).then_some(now + APART);
        due
    }

    /// When the next turn is.
    pub fn deadline(&self) -> Option<Instant> {
        self.next_at
    }
}

/// Tells a phone at each address it registered.
pub fn tell(now: Instant, wire: &mut Wire, phone: &PhoneId, targets: &[(Uri, Peer)], news: &News) {
    if !wire.transactions.has_spare() {
        wire.counters.limited += 1;
        return;
    }
    for (contact, to) in targets {
        let via = wire.via(to);
        let tag = wire.token();
        let call_id = format!("{}@{}", wire.token(), wire.local.ip());
        let from = Address::new(uri::of_user(phone.as_str(), wire.local));
        let to_header = Address::new(contact.clone());
        let mut request = Message::request(Method::Notify, contact.clone());
        request.headers.push_front("Via", via.to_string());
        let mut request = request
            .with("From", from.tagged(&tag).to_string())
            .with("To", to_header.to_string())
            .with("Call-ID", call_id)
            .with("CSeq", "1 NOTIFY")
            .with("Contact", wire.contact(to, phone.as_str()))
            .with("Event", news.event.clone())
            .with("Subscription-State", "terminated;reason=noresource")
            .with("Allow-Events", ALLOW_EVENTS);
        if !news.content_type.is_empty() {
            request = request.with_body(&news.content_type, news.body.clone());
        }
        wire.counters.pushed += 1;
        wire.request(now, request, *to, Owner::Nobody);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_phones_are_told_a_few_at_a_time_and_each_once() {
        let mut unasked = Unasked::default();
        let phones: Vec<PhoneId> = (0..50).map(|n| PhoneId::new(&n.to_string())).collect();
        assert_eq!(unasked.check_sync(Instant::START, phones.clone()), 0);
        assert_eq!(unasked.check_sync(Instant::START, phones), 0, "they wait already");
        let mut told = Vec::new();
        while let Some(at) = unasked.deadline() {
            told.push((at.as_millis(), unasked.due(at, true).len()));
        }
        assert_eq!(told, [(0, 20), (100, 20), (200, 10)]);
    }

    #[test]
    fn while_there_is_no_room_for_requests_nobody_loses_the_turn() {
        let mut unasked = Unasked::default();
        unasked.check_sync(Instant::START, vec![PhoneId::new("8001")]);
        assert_eq!(unasked.due(Instant::START, false), []);
        let at = unasked.deadline().unwrap();
        assert_eq!(at, Instant::from_millis(100));
        assert_eq!(unasked.due(at, true), [PhoneId::new("8001")]);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut unasked = Unasked::default();
        let phones = (0..WAITING_MAX + 3).map(|n| PhoneId::new(&n.to_string())).collect();
        assert_eq!(unasked.check_sync(Instant::START, phones), 3);
    }
}
