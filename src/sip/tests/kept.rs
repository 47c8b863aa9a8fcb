//! What outlives a start of the box: where phones over UDP are reached.

mod network;

use model::{Instant, PhoneId, Secret};
use network::*;
use sip::{Config, Endpoint, Kept, Output};
use std::time::Duration;

fn phones(kept: &[Kept]) -> Vec<(String, u32)> {
    kept.iter().map(|kept| (kept.address.to_string(), kept.left_s)).collect()
}

/// The box is started anew with what it kept.
fn restarted(net: &mut Network, change: impl Fn(&mut Config)) -> Vec<Kept> {
    let now = net.now;
    let kept = net.endpoint(BOX).kept(now);
    let mut config = Config { seed: [7; 32], kept: kept.clone(), ..box_config() };
    change(&mut config);
    net.endpoints.insert(at(BOX), Endpoint::new(net.now, config));
    net.said.clear();
    kept
}

#[test]
fn a_phone_that_registered_once_is_rung_after_the_box_was_started_anew() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.run(Duration::from_secs(100));
    let kept = restarted(&mut net, |_| ());
    assert_eq!(phones(&kept), [(PHONE.to_owned(), 199)]);
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    assert_eq!(net.arrived(PHONE).len(), 1);
    let up = Output::Registered { phone: PhoneId::new("8001"), contacts: 1 };
    assert!(net.news(BOX).contains(&up), "{:?}", net.news(BOX));
}

#[test]
fn what_was_kept_runs_out_when_it_would_have() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    restarted(&mut net, |_| ());
    net.endpoints.remove(&at(PHONE));
    net.run(Duration::from_secs(301));
    let now = net.now;
    assert_eq!(net.endpoint(BOX).kept(now), []);
    assert!(net.news(BOX).contains(&Output::Unregistered { phone: PhoneId::new("8001") }));
}

#[test]
fn an_account_that_is_gone_keeps_no_address() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    restarted(&mut net, |config| drop(config.accounts.remove(&PhoneId::new("8001"))));
    assert_eq!(net.endpoint(BOX).registrations().count(), 0);
}

#[test]
fn what_is_no_address_or_ran_out_is_passed_over_and_of_too_many_the_first_are_taken() {
    let one = |n: u16, contact: &str, left_s| Kept {
        phone: PhoneId::new("8001"),
        contact: contact.to_owned(),
        address: std::net::SocketAddr::new(at(PHONE).ip(), n),
        left_s,
        instance: None,
    };
    let sip = |n: u16| format!("sip:8001@192.0.2.9:{n}");
    let mut kept = vec![one(1, "no address", 60), one(2, "tel:8001", 60), one(3, &sip(3), 0)];
    kept.extend((100..200).map(|n| one(n, &sip(n), u32::MAX)));
    let mut config = Config { kept, ..box_config() };
    config.accounts.insert(PhoneId::new("8001"), Secret::new("any"));
    let endpoint = Endpoint::new(Instant::START, config);
    let taken = phones(&endpoint.kept(Instant::START));
    assert_eq!(taken.len(), sip::registrar::CONTACTS_MAX);
    assert!(taken.iter().all(|(_, left_s)| *left_s == box_config().register_s.1), "{taken:?}");
}
