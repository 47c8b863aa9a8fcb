//! NOTIFYs that nobody subscribed to: `check-sync`, and what a vendor's phones show when pushed to.
//!
//! They go to the addresses that a phone registered and nowhere else, and outside any dialog, as the
//! phones want them; RFC 6665 knows no such thing. To all phones they go a few at a time: each fetches
//! its settings right after.

use super::package::ALLOW_EVENTS;
use crate::address::Address;
use crate::message::Message;
use crate::peer::Peer;
use crate::registrar::Target;
use crate::ua::spare::SILENT_MAX;
use crate::ua::wire::{Owner, Wire};
use crate::uri;
use model::{Instant, PhoneId};
use rsip::{Method, Uri};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Most phones that wait for a `check-sync`; more are not told, and counted.
pub const WAITING_MAX: usize = 16_384;
/// Longest body that is pushed; a longer one is not sent, and counted.
pub const PUSH_MAX: usize = 8192;
/// What lets a phone fetch its settings, without a restart where it needs none.
pub const CHECK_SYNC: &str = "check-sync;reboot=false";
/// Most that may yet go by another connection; one more goes by its first alone, and is counted.
const TRIALS_MAX: usize = 4096;
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
    /// What was said and not answered, where the phone has other connections.
    trials: BTreeMap<u64, Trial>,
    last_no: u64,
}

/// A NOTIFY that may go by other connections.
#[derive(Debug)]
struct Trial {
    request: Message,
    /// The newest first.
    to: VecDeque<(Uri, Peer)>,
    silent_at: Instant,
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

    /// When the next turn is, or a connection said nothing for too long.
    pub fn deadline(&self) -> Option<Instant> {
        let silent = self.trials.values().map(|trial| trial.silent_at);
        silent.chain(self.next_at).min()
    }

    /// Tells a phone at each address it registered, once where several are connections of one device.
    pub fn tell(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        phone: &PhoneId,
        targets: &[Target],
        news: &News,
    ) {
        if !wire.transactions.has_spare() {
            wire.counters.limited += 1;
            return;
        }
        for Target { at: (contact, to), spare } in targets {
            let request = notify(wire, phone, contact, to, news);
            wire.counters.pushed += 1;
            self.send(now, wire, request, *to, spare.iter().cloned().collect());
        }
    }

    /// A phone answered.
    pub fn answered(&mut self, no: u64) {
        self.trials.remove(&no);
    }

    /// Nobody answered, or the connection is gone: the next one is tried.
    pub fn unanswered(&mut self, now: Instant, wire: &mut Wire, no: u64) {
        let Some(mut trial) = self.trials.remove(&no) else { return };
        let Some((contact, to)) = trial.to.pop_front() else { return };
        let Some(mut request) = wire.anew(trial.request, &to) else { return };
        request.set_uri(contact);
        wire.counters.flows_failed_over += 1;
        self.send(now, wire, request, to, trial.to);
    }

    /// Goes on where a connection said nothing for too long.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        let silent = self.trials.iter().filter(|(_, trial)| trial.silent_at <= now);
        let silent: Vec<u64> = silent.map(|(no, _)| *no).collect();
        for no in silent {
            self.unanswered(now, wire, no);
        }
    }

    fn send(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        request: Message,
        by: Peer,
        to: VecDeque<(Uri, Peer)>,
    ) {
        self.last_no = self.last_no.wrapping_add(1);
        let no = self.last_no;
        let again = (!to.is_empty()).then(|| request.clone());
        let sent = wire.request(now, request, by, Owner::Unasked { no }).is_some();
        let Some(request) = again.filter(|_| sent) else { return };
        if self.trials.len() < TRIALS_MAX {
            self.trials.insert(no, Trial { request, to, silent_at: now + SILENT_MAX });
        } else {
            wire.counters.limited += 1;
        }
    }
}

/// Makes a NOTIFY outside any dialog.
fn notify(wire: &mut Wire, phone: &PhoneId, contact: &Uri, to: &Peer, news: &News) -> Message {
    let via = wire.via(to);
    let tag = wire.token();
    let call_id = format!("{}@{}", wire.token(), wire.local.ip());
    let from = Address::new(uri::of_user(phone.as_str(), wire.local));
    let to_header = Address::new(contact.clone());
    let mut request = Message::request(Method::Notify, contact.clone());
    request.headers.push_front("Via", via.to_string());
    let request = request
        .with("From", from.tagged(&tag).to_string())
        .with("To", to_header.to_string())
        .with("Call-ID", call_id)
        .with("CSeq", "1 NOTIFY")
        .with("Contact", wire.contact(to, phone.as_str()))
        .with("Event", news.event.clone())
        .with("Subscription-State", "terminated;reason=noresource")
        .with("Allow-Events", ALLOW_EVENTS);
    match news.content_type.is_empty() {
        true => request,
        false => request.with_body(&news.content_type, news.body.clone()),
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
