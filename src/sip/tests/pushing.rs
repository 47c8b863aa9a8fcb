//! What phones are told without a subscription: `check-sync`, and screens.

mod network;

use model::PhoneId;
use network::*;
use sip::Command;

const SCREEN: &str = "<YealinkIPPhoneTextScreen><Title>110</Title></YealinkIPPhoneTextScreen>";

fn push(phone: &str, event: &str, body: &str) -> Command {
    Command::Push {
        phone: PhoneId::new(phone),
        event: event.into(),
        content_type: "application/xml".into(),
        body: body.into(),
    }
}

fn notifies(net: &Network) -> Vec<(String, String)> {
    let notify = |s: &&(model::Instant, _, std::net::SocketAddr, String)| s.3.starts_with("NOTIFY");
    net.sent.iter().filter(notify).map(|s| (s.2.to_string(), s.3.clone())).collect()
}

#[test]
fn a_phone_is_told_to_fetch_its_settings_at_each_address_it_registered() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.register(OTHER, "8001");
    net.tell(BOX, Command::CheckSync { phone: Some(PhoneId::new("8001")) });
    net.run_ms(100);
    let told = notifies(&net);
    let mut to: Vec<_> = told.iter().map(|(to, _)| to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, [PHONE, OTHER]);
    let (_, notify) = &told[0];
    assert_eq!(header(notify, "Event").as_deref(), Some("check-sync;reboot=false"));
    assert!(header(notify, "Subscription-State").unwrap().starts_with("terminated"));
    assert_eq!(header(notify, "Content-Length").as_deref(), Some("0"));
}

#[test]
fn all_registered_phones_are_told_to_fetch_their_settings_and_no_other() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(BOX, Command::CheckSync { phone: None });
    net.tell(BOX, Command::CheckSync { phone: Some(PhoneId::new("8002")) });
    net.run_ms(500);
    let told = notifies(&net);
    assert_eq!(told.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), [PHONE]);
    net.tear_down();
}

#[test]
fn each_vendors_phones_are_told_by_the_event_they_know() {
    let mut config = box_config();
    config.directory.syncs = [(PhoneId::new("8001"), "check-sync")].into();
    let mut net = Network::with(1, config);
    net.register(PHONE, "8001");
    net.tell(BOX, Command::CheckSync { phone: None });
    net.run_ms(100);
    let (_, notify) = notifies(&net).remove(0);
    assert_eq!(header(&notify, "Event").as_deref(), Some("check-sync"));
}

#[test]
fn a_screen_is_pushed_to_the_phone_that_registered_and_to_nobody_else() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(BOX, push("8001", "Yealink-xml", SCREEN));
    net.tell(BOX, push("8002", "Yealink-xml", SCREEN));
    net.run_ms(100);
    let told = notifies(&net);
    assert_eq!(told.len(), 1);
    let (to, notify) = &told[0];
    assert_eq!(to, PHONE);
    assert_eq!(header(notify, "Event").as_deref(), Some("Yealink-xml"));
    assert_eq!(header(notify, "Content-Type").as_deref(), Some("application/xml"));
    assert!(notify.ends_with(SCREEN), "{notify}");
    assert_eq!(net.endpoint(BOX).counters().pushed, 1);
}

#[test]
fn a_screen_cannot_bring_a_header_of_its_own_and_none_is_endless() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(BOX, push("8001", "x\r\nContact: <sip:thief@203.0.113.66>", SCREEN));
    net.run_ms(100);
    let (_, notify) = notifies(&net).remove(0);
    let contacts = notify.lines().filter(|line| line.starts_with("Contact:")).count();
    assert_eq!(contacts, 1, "{notify}");
    net.tell(BOX, push("8001", "x", &"x".repeat(9000)));
    net.run_ms(100);
    assert!(notifies(&net).iter().all(|(_, notify)| notify.len() < 2000));
    assert_eq!(net.endpoint(BOX).counters().limited, 1);
}
