//! The registrar: bindings come, are refreshed, run out (RFC 3261 section 10.3).

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking

use model::{Instant, PhoneId};
use proptest::prelude::*;
use sip::address::Address;
use sip::message::Contacts;
use sip::registrar::{CONTACTS_MAX, Change, Done, Refusal, Registrar, Wish};
use std::time::Duration;

const SOURCE: &str = "198.51.100.4:40000";

struct Desk {
    registrar: Registrar,
    phone: PhoneId,
    cseq: u32,
}

impl Desk {
    fn new() -> Self {
        Self { registrar: Registrar::new((60, 3600)), phone: "8001".into(), cseq: 0 }
    }

    /// Registers contacts at a second, with the next CSeq of one Call-ID.
    fn register(
        &mut self,
        at_s: u64,
        contacts: &[&str],
        expires_s: Option<u32>,
    ) -> Result<Done, Refusal> {
        self.cseq += 1;
        let wish = wish(contacts, expires_s, "call-1", self.cseq);
        self.registrar.register(at(at_s), &self.phone, &wish)
    }

    /// The contacts with the seconds they have left.
    fn listed(&mut self, at_s: u64) -> Vec<String> {
        let done = self.register(at_s, &[], None).unwrap();
        assert_eq!(done.change, None);
        done.contacts.iter().map(Address::to_string).collect()
    }
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn wish(contacts: &[&str], expires_s: Option<u32>, call_id: &str, cseq: u32) -> Wish {
    let contacts = match contacts {
        ["*"] => Contacts::All,
        list => Contacts::List(list.iter().map(|c| Address::parse(c).unwrap()).collect()),
    };
    Wish {
        contacts,
        expires_s,
        call_id: call_id.into(),
        cseq,
        source: SOURCE.parse().unwrap(),
        way: Default::default(),
    }
}

fn registered(contacts: usize) -> Option<Change> {
    Some(Change::Registered { phone: "8001".into(), contacts })
}

fn unregistered() -> Option<Change> {
    Some(Change::Unregistered { phone: "8001".into() })
}

const A: &str = "<sip:8001@10.0.0.5:5060>";
const B: &str = "<sip:8001@10.0.0.6:5060>";

#[test]
fn a_contact_is_bound_to_where_its_registration_came_from() {
    let mut desk = Desk::new();
    let done = desk.register(0, &[A], Some(600)).unwrap();
    assert_eq!(done.change, registered(1));
    assert_eq!(done.contacts[0].to_string(), "<sip:8001@10.0.0.5:5060>;expires=600");
    let binding = &desk.registrar.bindings(&desk.phone)[0];
    assert_eq!(binding.address, SOURCE.parse().unwrap());
    assert_eq!(binding.expires_at, at(600));
}

#[test]
fn who_registers_again_is_refreshed_and_who_is_reached_otherwise_is_registered_anew() {
    let mut desk = Desk::new();
    let refreshed = Some(Change::Refreshed { phone: "8001".into() });
    assert_eq!(desk.register(0, &[A], Some(600)).unwrap().change, registered(1));
    assert_eq!(desk.register(300, &[A], Some(600)).unwrap().change, refreshed);
    assert_eq!(desk.register(400, &[B], Some(600)).unwrap().change, registered(2));
    assert_eq!(desk.register(500, &[A], Some(600)).unwrap().change, refreshed);
    assert_eq!(desk.register(600, &[A, B], Some(600)).unwrap().change, refreshed);
    let away = format!("{B};expires=0");
    assert_eq!(desk.register(700, &[A, &away], Some(600)).unwrap().change, registered(1));
    let late = desk.register(1301, &[A], Some(600)).unwrap();
    assert_eq!(late.change, registered(1), "its time was over");
}

#[test]
fn a_contact_on_the_host_it_came_from_is_reached_at_its_own_port() {
    let mut desk = Desk::new();
    desk.register(0, &["<sip:8001@198.51.100.4:5070>"], Some(600)).unwrap();
    let binding = &desk.registrar.bindings(&desk.phone)[0];
    assert_eq!(binding.address, "198.51.100.4:5070".parse().unwrap());
}

#[test]
fn the_time_granted_keeps_within_the_range() {
    let mut desk = Desk::new();
    let brief = Refusal::TooBrief { min_s: 60 };
    assert_eq!((desk.register(0, &[A], Some(59)), brief.status()), (Err(brief), 423));
    assert_eq!(desk.registrar.registrations().count(), 0);
    for (contact, header, granted) in [
        ("<sip:a@10.0.0.5>;expires=60", Some(3000), 60),
        ("<sip:a@10.0.0.5>", Some(3000), 3000),
        ("<sip:a@10.0.0.5>;expires=9999999999", None, 3600),
        ("<sip:a@10.0.0.5>", None, 3600),
        ("<sip:a@10.0.0.5>;expires=soon", None, 3600),
    ] {
        let done = desk.register(0, &[contact], header).unwrap();
        assert_eq!(done.contacts[0].expires(), Some(granted), "{contact}");
    }
}

#[test]
fn a_registration_runs_out_at_its_deadline() {
    let mut desk = Desk::new();
    desk.register(0, &[A], Some(60)).unwrap();
    desk.register(10, &[B], Some(600)).unwrap();
    assert_eq!(desk.registrar.deadline().map(|(at, _)| at), Some(at(60)));
    assert_eq!(desk.registrar.tick(at(60)), []);
    assert_eq!(desk.listed(60), ["<sip:8001@10.0.0.6:5060>;expires=550"]);
    assert_eq!(desk.registrar.deadline().map(|(at, _)| at), Some(at(610)));
    assert_eq!(desk.registrar.tick(at(609)), []);
    assert_eq!(desk.registrar.tick(at(610)), [unregistered().unwrap()]);
    assert_eq!(desk.registrar.deadline(), None);
    assert_eq!(desk.registrar.registrations().count(), 0);
}

#[test]
fn what_ran_out_is_told_once_even_if_a_question_comes_before_the_tick() {
    let mut desk = Desk::new();
    desk.register(0, &[A], Some(60)).unwrap();
    let done = desk.register(61, &[], None).unwrap();
    assert_eq!((done.contacts.len(), done.change), (0, unregistered()));
    assert_eq!(desk.registrar.tick(at(62)), []);
}

#[test]
fn of_a_contact_named_twice_the_last_word_counts() {
    let mut desk = Desk::new();
    let twice = [&format!("{A};expires=600") as &str, &format!("{A};expires=0")];
    assert_eq!(desk.register(0, &twice, None).unwrap().contacts, []);
}

#[test]
fn a_refresh_moves_the_deadline_and_leaves_one_binding() {
    let mut desk = Desk::new();
    desk.register(0, &[A], Some(60)).unwrap();
    let done = desk.register(50, &["<sip:8001@10.0.0.5:5060;x=1>"], Some(60)).unwrap();
    assert_eq!((done.contacts.len(), done.change), (1, registered(1)));
    assert_eq!(desk.registrar.tick(at(60)), []);
    assert_eq!(desk.registrar.tick(at(110)), [unregistered().unwrap()]);
}

#[test]
fn a_contact_is_taken_back_with_expires_0() {
    let mut desk = Desk::new();
    desk.register(0, &[A, B], Some(600)).unwrap();
    let done = desk.register(1, &["<sip:8001@10.0.0.5:5060>;expires=0"], Some(600)).unwrap();
    assert_eq!((done.contacts.len(), done.change), (1, None));
    let done = desk.register(2, &[B], Some(0)).unwrap();
    assert_eq!((done.contacts.len(), done.change), (0, unregistered()));
    let again = desk.register(3, &[B], Some(0)).unwrap();
    assert_eq!(again.change, None);
}

#[test]
fn a_star_takes_all_back_and_only_with_expires_0() {
    let mut desk = Desk::new();
    desk.register(0, &[A, B], Some(600)).unwrap();
    assert_eq!(desk.register(1, &["*"], None), Err(Refusal::Star));
    assert_eq!(desk.register(1, &["*"], Some(60)), Err(Refusal::Star));
    let done = desk.register(1, &["*"], Some(0)).unwrap();
    assert_eq!((done.contacts.len(), done.change), (0, unregistered()));
    assert_eq!(desk.registrar.deadline(), None);
}

#[test]
fn a_request_that_comes_late_changes_nothing() {
    let mut desk = Desk::new();
    let phone = desk.phone.clone();
    let mut send = |contacts: &[&str], expires, call_id, cseq| {
        desk.registrar.register(at(0), &phone, &wish(contacts, Some(expires), call_id, cseq))
    };
    send(&[A], 600, "c", 5).unwrap();
    assert_eq!(send(&[A], 0, "c", 5), Err(Refusal::OutOfOrder));
    assert_eq!(send(&[A], 0, "c", 4), Err(Refusal::OutOfOrder));
    assert_eq!(send(&["*"], 0, "c", 4), Err(Refusal::OutOfOrder));
    assert_eq!(send(&[B, A], 600, "c", 4), Err(Refusal::OutOfOrder), "not even B");
    assert_eq!(send(&[], 0, "c", 1).unwrap().contacts.len(), 1);
    // After a restart a phone has another Call-ID and begins anew.
    assert_eq!(send(&[A], 0, "d", 1).unwrap().change, unregistered());
}

#[test]
fn a_request_with_one_bad_contact_changes_nothing() {
    let mut desk = Desk::new();
    let bad = "<sip:8001@10.0.0.6>;expires=5";
    assert_eq!(desk.register(0, &[A, bad], Some(600)), Err(Refusal::TooBrief { min_s: 60 }));
    assert_eq!(desk.register(0, &[A, "<mailto:a@b.example>"], Some(600)), Err(Refusal::Scheme));
    assert_eq!(desk.registrar.bindings(&desk.phone), []);
}

#[test]
fn the_same_phone_at_another_address_replaces_itself() {
    // RFC 5626 section 4.1
    let mut desk = Desk::new();
    let instance = ";+sip.instance=\"<urn:uuid:0-1>\"";
    desk.register(0, &[&format!("{A}{instance}")], Some(600)).unwrap();
    let done = desk.register(1, &[&format!("{B}{instance}")], Some(600)).unwrap();
    let listed: Vec<_> = done.contacts.iter().map(Address::to_string).collect();
    assert_eq!(listed, [format!("{B}{instance};expires=600")]);
}

#[test]
fn at_the_limit_the_one_refreshed_longest_ago_goes() {
    let mut desk = Desk::new();
    let contact = |n: usize| format!("<sip:8001@10.0.0.{n}>");
    for n in 0..CONTACTS_MAX {
        desk.register(n as u64, &[&contact(n)], Some(600)).unwrap();
    }
    desk.register(20, &[&contact(0)], Some(600)).unwrap();
    let done = desk.register(21, &[&contact(99)], Some(600)).unwrap();
    assert_eq!((done.contacts.len(), done.change), (CONTACTS_MAX, registered(CONTACTS_MAX)));
    assert_eq!(desk.registrar.shed(), 1);
    let listed = desk.listed(21).join(" ");
    assert!(listed.contains("10.0.0.0>") && !listed.contains("10.0.0.1>"));
    let all: Vec<_> = (0..=CONTACTS_MAX).map(contact).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    assert_eq!(desk.register(22, &all, Some(600)), Err(Refusal::TooMany));
}

#[test]
fn accounts_do_not_see_each_other() {
    let mut desk = Desk::new();
    desk.register(0, &[A], Some(600)).unwrap();
    let other = PhoneId::new("8002");
    let gone = desk.registrar.register(at(0), &other, &wish(&["*"], Some(0), "x", 1)).unwrap();
    assert_eq!(gone.change, None);
    let all: Vec<_> = desk.registrar.registrations().collect();
    assert_eq!(all, [(&PhoneId::new("8001"), 1)]);
}

proptest! {
    #[test]
    fn no_binding_outlives_its_time_and_none_is_lost_before(
        steps in prop::collection::vec((0..3usize, 0..5usize, 0..200u32, 0..90u64), 1..60)
    ) {
        let mut registrar = Registrar::new((60, 120));
        let (mut now, mut model) = (0u64, std::collections::BTreeMap::new());
        for (cseq, (phone, contact, expires, wait)) in steps.into_iter().enumerate() {
            let id = PhoneId::new(&format!("80{phone}"));
            let text = format!("<sip:a@10.0.0.{contact}>");
            let wish = wish(&[&text], Some(expires), "c", cseq as u32 + 1);
            let result = registrar.register(at(now), &id, &wish);
            match expires {
                0 => _ = model.remove(&(phone, contact)),
                1..60 => prop_assert!(result.is_err()),
                _ => _ = model.insert((phone, contact), now + u64::from(expires.min(120))),
            }
            now += wait;
            registrar.tick(at(now));
            model.retain(|_, end| *end > now);
            let first = model.values().min().map(|end| at(0) + Duration::from_secs(*end));
            prop_assert_eq!(registrar.deadline().map(|(at, _)| at), first);
            let bound: usize = registrar.registrations().map(|(_, n)| n).sum();
            prop_assert_eq!(bound, model.len());
        }
    }
}
