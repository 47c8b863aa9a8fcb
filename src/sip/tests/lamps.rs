//! Lamps, lists of them, presence and summaries as a phone is notified of them (RFC 4235, 4662, 3856,
//! 3863, 3842).

mod network;

use model::fact::AgentState;
use model::feature::{Features, Lamp, Watched};
use model::{AgentId, LegEvent, PhoneId, Via};
use network::watcher::Watcher;
use network::*;
use sip::events::{Desk, Directory};
use sip::{Command, Config, Output};

const WATCHER: &str = "192.0.2.21:5060";

/// The box with agent 8101, park slot 701, and keys on phone 8002.
fn config() -> Config {
    let mut config = box_config();
    let keys = ["8001", "8101", "701", "8002"].map(str::to_owned).to_vec();
    config.directory = Directory {
        keys: [(PhoneId::new("8002"), keys)].into(),
        agents: [(AgentId::new("8101"), Desk { name: "Li Na".into(), ..Desk::default() })].into(),
        slots: ["701".to_owned()].into(),
        reasons: [("2".to_owned(), "lunch".to_owned())].into(),
        ..Directory::default()
    };
    config
}

fn watch(net: &mut Network, target: &str, event: &str) -> Watcher {
    let mut watcher = Watcher::new(WATCHER, target, event);
    watcher.more = "Supported: eventlist\n".into();
    assert_eq!(line(&watcher.subscribe(net, "3600", None)), "200 SUBSCRIBE");
    // Past the time in which the next NOTIFY would have to wait.
    watcher.run(net, 5100);
    watcher
}

fn publish(net: &mut Network, watched: Watched, lamp: Lamp) {
    net.tell(BOX, Command::Publish { watched, lamp });
}

fn agent() -> Watched {
    Watched::Agent(AgentId::new("8101"))
}

fn desk() -> Watched {
    Watched::Phone(PhoneId::new("8001"))
}

fn sits(net: &mut Network, phone: &str, state: Option<AgentState>) {
    let agent = state.map(|state| (AgentId::new("8101"), state));
    let features = Features { agent, ..Features::default() };
    net.tell(BOX, Command::ShowFeatures { phone: PhoneId::new(phone), features });
}

fn rings() -> Lamp {
    Lamp::Ringing { caller: "********678".into() }
}

/// An attribute of a body's dialogs, the first of that name.
fn attribute(body: &str, name: &str) -> Option<String> {
    let body = body.split("?>").nth(1)?;
    let rest = body.split(&format!(" {name}=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

#[test]
fn rfc_4235_a_lamp_goes_from_dark_to_early_to_confirmed_to_terminated() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8001", "dialog");
    let mut told = Vec::new();
    for lamp in [rings(), Lamp::Talking { other: "********678".into() }, Lamp::Idle] {
        publish(&mut net, desk(), lamp);
        watcher.run(&mut net, 1100);
        let body = Watcher::body(watcher.last());
        let state = body.split("<state>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        told.push((attribute(body, "version").unwrap(), state));
    }
    let told: Vec<_> = told.iter().map(|(v, s)| (v.as_str(), s.as_str())).collect();
    // The first NOTIFY had version 0.
    assert_eq!(told, [("1", "early"), ("2", "confirmed"), ("3", "terminated")]);
}

#[test]
fn a_lamp_is_lit_within_50_ms() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8001", "dialog");
    publish(&mut net, desk(), rings());
    watcher.run(&mut net, 50);
    assert!(Watcher::body(watcher.last()).contains("early"));
}

#[test]
fn rfc_3891_the_ringing_call_is_named_so_that_a_colleagues_key_can_take_it() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8001", "dialog");
    publish(&mut net, desk(), rings());
    net.ring_phone();
    watcher.run(&mut net, 1100);
    let body = Watcher::body(watcher.last());
    let invite = net.sent.iter().find(|s| s.3.starts_with("INVITE")).unwrap().3.clone();
    let rang = net.sent.iter().find(|s| line(&s.3) == "180 INVITE").unwrap().3.clone();
    let tag = |value: Option<String>| value.unwrap().split("tag=").nth(1).map(str::to_owned);
    assert_eq!(attribute(body, "call-id"), header(&invite, "Call-ID"));
    assert_eq!(attribute(body, "remote-tag"), tag(header(&invite, "From")), "{body}");
    assert_eq!(attribute(body, "local-tag"), tag(header(&rang, "To")), "{body}");
    assert_eq!(attribute(body, "direction").as_deref(), Some("recipient"));
}

#[test]
fn rfc_3891_what_the_lamp_names_takes_the_call_that_rings() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8001", "dialog");
    publish(&mut net, desk(), rings());
    net.ring_phone();
    watcher.run(&mut net, 1100);
    let body = Watcher::body(watcher.last()).to_owned();
    let [call_id, to, from] =
        ["call-id", "remote-tag", "local-tag"].map(|name| attribute(&body, name).unwrap());
    let answer = watcher.pick_up(&mut net, &call_id, &to, &from);
    assert!(answer.starts_with("SIP/2.0 1"), "{answer}");
    let taken = net.said.iter().find_map(|said| match &said.output {
        Output::Leg { event: LegEvent::ArrivedInPlace { via, old }, .. } => {
            Some((via.clone(), *old))
        }
        _ => None,
    });
    assert_eq!(taken, Some((Via::Phone(PhoneId::new("8002")), ringing())));
}

#[test]
fn a_call_that_nobody_took_leaves_no_name_behind() {
    let mut net = Network::with(1, config());
    net.ring_phone();
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(33_000);
    let mut watcher = watch(&mut net, "8001", "dialog");
    publish(&mut net, desk(), rings());
    watcher.run(&mut net, 1100);
    assert_eq!(attribute(Watcher::body(watcher.last()), "call-id"), None);
}

#[test]
fn a_ring_that_comes_to_nothing_leaves_nothing_behind() {
    let mut net = Network::with(1, config());
    net.tell(BOX, ring("8001"));
    net.run_ms(20);
    assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
    assert_eq!(net.endpoint(BOX).ringing(), 0);
    // And who is rung twice as the same leg is rung once.
    net.register(PHONE, "8001");
    net.tell(BOX, ring("8001"));
    net.tell(BOX, ring("8002"));
    net.run_ms(20);
    net.tell(BOX, hang_up(ringing()));
    net.tear_down();
}

#[test]
fn an_agents_lamp_follows_the_agent_to_another_phone() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8101", "dialog");
    sits(&mut net, "8002", Some(AgentState::Ready));
    sits(&mut net, "8002", None);
    sits(&mut net, "8001", Some(AgentState::Ready));
    publish(&mut net, agent(), rings());
    net.ring_phone();
    watcher.run(&mut net, 1100);
    let body = Watcher::body(watcher.last());
    assert!(body.contains("entity=\"sip:8101@box.example\""), "{body}");
    let invite = net.sent.iter().find(|s| s.3.starts_with("INVITE")).unwrap().3.clone();
    assert_eq!(attribute(body, "call-id"), header(&invite, "Call-ID"), "of phone 8001's call");
}

#[test]
fn a_park_slot_has_a_lamp() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "701", "dialog");
    publish(&mut net, Watched::Slot("701".into()), Lamp::Talking { other: "110".into() });
    watcher.run(&mut net, 100);
    let body = Watcher::body(watcher.last());
    assert!(body.contains("<state>confirmed</state>") && body.contains("sip:701@"), "{body}");
}

#[test]
fn rfc_4662_4_1_a_list_needs_a_phone_that_reads_lists() {
    let mut net = Network::with(1, config());
    let mut watcher = Watcher::new(WATCHER, "blf-8002", "dialog");
    let refused = watcher.subscribe(&mut net, "3600", None);
    assert_eq!(line(&refused), "421 SUBSCRIBE");
    assert_eq!(header(&refused, "Require").as_deref(), Some("eventlist"));
}

#[test]
fn rfc_4662_4_1_a_phone_that_requires_lists_is_taken_at_its_word() {
    let mut net = Network::with(1, config());
    let mut watcher = Watcher::new(WATCHER, "blf-8002", "dialog");
    watcher.more = "Require: eventlist\n".into();
    assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
    let mut other = Watcher::new(WATCHER, "8001", "dialog");
    other.more = "Require: eventlist, recipient-list-subscribe\n".into();
    let refused = other.subscribe(&mut net, "3600", None);
    assert_eq!(line(&refused), "420 SUBSCRIBE");
    assert_eq!(header(&refused, "Unsupported").as_deref(), Some("recipient-list-subscribe"));
}

#[test]
fn rfc_4662_5_a_phones_keys_are_one_subscription() {
    let mut net = Network::with(1, config());
    let mut watcher = Watcher::new(WATCHER, "blf-8002", "dialog");
    watcher.more = "Supported: replaces, eventlist\n".into();
    let granted = watcher.subscribe(&mut net, "3600", None);
    assert_eq!(header(&granted, "Require").as_deref(), Some("eventlist"), "RFC 4662 4.2");
    watcher.run(&mut net, 1100);
    let first = watcher.last().to_owned();
    assert_eq!(header(&first, "Require").as_deref(), Some("eventlist"));
    let format = header(&first, "Content-Type").unwrap();
    assert!(format.starts_with("multipart/related;type=\"application/rlmi+xml\""), "{format}");
    let body = Watcher::body(&first);
    for key in ["8001", "8101", "701", "8002"] {
        assert!(body.contains(&format!("<resource uri=\"sip:{key}@box.example\">")), "{key}");
    }
    assert!(body.contains("fullState=\"true\"") && body.contains("<name>Li Na</name>"), "{body}");
    // Two lamps of one turn come in one NOTIFY, and the others not.
    publish(&mut net, desk(), rings());
    publish(&mut net, agent(), rings());
    watcher.run(&mut net, 1100);
    assert_eq!(watcher.notified.len(), 2);
    let body = Watcher::body(watcher.last());
    assert_eq!(body.matches("<resource ").count(), 2, "{body}");
    assert_eq!(body.matches("<state>early</state>").count(), 2, "{body}");
    assert!(body.contains("version=\"1\" fullState=\"false\""), "{body}");
}

#[test]
fn keys_that_the_site_changes_are_told_as_a_new_list() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "blf-8002", "dialog");
    let config = config();
    let mut accounts = sip::Accounts {
        accounts: config.accounts,
        directory: config.directory,
        ..Default::default()
    };
    accounts.directory.keys.insert(PhoneId::new("8002"), vec!["701".to_owned()]);
    net.tell(BOX, Command::Configure(accounts));
    watcher.run(&mut net, 100);
    let body = Watcher::body(watcher.last());
    assert!(body.contains("fullState=\"true\""), "{body}");
    assert_eq!(body.matches("<resource ").count(), 1, "{body}");
    publish(&mut net, desk(), rings());
    watcher.run(&mut net, 3000);
    assert_eq!(watcher.notified.len(), 2, "8001 is no key any more");
}

#[test]
fn a_list_of_64_keys_fits_one_notify() {
    let mut config = config();
    let slots: Vec<String> = (0..100).map(|n| format!("7{n:02}")).collect();
    config.directory.slots = slots.iter().cloned().collect();
    config.directory.keys.insert(PhoneId::new("8002"), slots.clone());
    let mut net = Network::with(1, config);
    let mut watcher = watch(&mut net, "blf-8002", "dialog");
    for slot in &slots {
        publish(&mut net, Watched::Slot(slot.clone()), Lamp::Talking { other: "110".into() });
    }
    watcher.run(&mut net, 1100);
    let body = Watcher::body(watcher.last());
    assert_eq!(body.matches("<state>confirmed</state>").count(), 64);
    assert!(watcher.last().len() < 60_000, "{} bytes", watcher.last().len());
}

#[test]
fn rfc_3856_an_agents_presence_is_told_with_the_reason_of_not_ready() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8101", "presence");
    assert!(Watcher::body(watcher.last()).contains("<basic>closed</basic>"));
    sits(&mut net, "8001", Some(AgentState::NotReady { reason: "lunch".into() }));
    watcher.run(&mut net, 5100);
    let body = Watcher::body(watcher.last());
    assert!(body.contains("<basic>open</basic>") && body.contains("<note>lunch</note>"), "{body}");
    let format = header(watcher.last(), "Content-Type");
    assert_eq!(format.as_deref(), Some("application/pidf+xml"));
    // A lamp is not the agent's presence.
    let told = watcher.notified.len();
    publish(&mut net, agent(), rings());
    watcher.run(&mut net, 6000);
    assert_eq!(watcher.notified.len(), told);
    sits(&mut net, "8001", None);
    watcher.run(&mut net, 5100);
    assert!(Watcher::body(watcher.last()).contains("<basic>closed</basic>"));
}

#[test]
fn rfc_3856_6_10_presence_is_told_at_most_once_in_5_s() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8101", "presence");
    for n in 0..20 {
        let state = if n % 2 == 0 {
            AgentState::Ready
        } else {
            AgentState::NotReady { reason: String::new() }
        };
        sits(&mut net, "8001", Some(state));
        watcher.run(&mut net, 500);
    }
    assert!(watcher.notified.len() - 1 <= 3, "{} in 10 s", watcher.notified.len() - 1);
}

#[test]
fn rfc_3842_a_phone_is_told_whom_to_call_back() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "8002", "message-summary");
    assert!(Watcher::body(watcher.last()).starts_with("Messages-Waiting: no\r\n"));
    let format = header(watcher.last(), "Content-Type");
    assert_eq!(format.as_deref(), Some("application/simple-message-summary"));
    net.tell(BOX, Command::Mailbox { phone: PhoneId::new("8002"), new: 2, old: 1 });
    watcher.run(&mut net, 100);
    let body = Watcher::body(watcher.last());
    assert!(body.contains("Messages-Waiting: yes") && body.contains("2/1 (0/0)"), "{body}");
    net.tell(BOX, Command::Mailbox { phone: PhoneId::new("8002"), new: 2, old: 1 });
    watcher.run(&mut net, 3000);
    assert_eq!(watcher.notified.len(), 2, "nothing new");
}
