//! A phone's own keys: do not disturb, forwards, log in and out, not ready with a reason, after-call
//! work, and one person at any phone (BroadSoft's device feature key synchronisation, call centre
//! and hoteling).

mod network;

use md5::{Digest, Md5};
use model::fact::AgentState;
use model::feature::{FeatureWish, Features, ForwardWhen};
use model::{AgentId, PhoneId, Secret};
use network::watcher::Watcher;
use network::*;
use sip::events::{Desk, Directory};
use sip::{Command, Config, Output};

const WATCHER: &str = "192.0.2.21:5060";
const FEATURES: &str = "application/x-as-feature-event+xml";
const HOTELING: &str = "application/x-broadworks-hoteling+xml";
const CSTA: &str = "xmlns=\"http://www.ecma-international.org/standards/ecma-323/csta/ed3\"";

fn config() -> Config {
    let mut config = box_config();
    let desk = |pin: Option<&str>| Desk { pin: pin.map(Secret::new), ..Desk::default() };
    config.directory = Directory {
        agents: [(AgentId::new("8101"), desk(Some("2468"))), (AgentId::new("8102"), desk(None))]
            .into(),
        reasons: [("2".to_owned(), "lunch".to_owned())].into(),
        ..Directory::default()
    };
    config
}

fn watch(net: &mut Network, event: &str) -> Watcher {
    let mut watcher = Watcher::new(WATCHER, "8002", event);
    assert_eq!(line(&watcher.subscribe(net, "3600", None)), "200 SUBSCRIBE");
    watcher.run(net, 500);
    watcher
}

fn show(net: &mut Network, features: Features) {
    net.tell(BOX, Command::ShowFeatures { phone: PhoneId::new("8002"), features });
}

fn seated(state: AgentState) -> Features {
    Features { agent: Some((AgentId::new("8101"), state)), ..Features::default() }
}

/// What phones asked for.
fn asked(net: &Network) -> Vec<FeatureWish> {
    let wish = |output: Output| match output {
        Output::FeatureAsked { phone, wish } => {
            assert_eq!(phone, PhoneId::new("8002"));
            Some(wish)
        }
        _ => None,
    };
    net.news(BOX).into_iter().filter_map(wish).collect()
}

/// The root elements of the NOTIFYs from the `from`th on.
fn roots(watcher: &Watcher, from: usize) -> Vec<String> {
    let root = |notify: &String| {
        let body = Watcher::body(notify).to_owned();
        let body = body.split("?>").nth(1).unwrap_or_default().trim().to_owned();
        body.trim_start_matches('<').split([' ', '>']).next().unwrap_or_default().to_owned()
    };
    watcher.notified[from..].iter().map(root).collect()
}

fn dnd(on: bool) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<SetDoNotDisturb {CSTA}>\n\
         <device>8002</device><doNotDisturbOn>{on}</doNotDisturbOn>\n</SetDoNotDisturb>\n"
    )
}

fn agent_state(state: &str, more: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<SetAgentState {CSTA}><device/>\
         <requestedAgentState>{state}</requestedAgentState>{more}<agentID/><password/>\
         </SetAgentState>\n"
    )
}

fn guest(guest: &str, proof: Option<(&str, &str)>) -> String {
    let proof = proof.map_or(String::new(), |(nonce, pin)| {
        let response = hex::encode(Md5::digest(format!("{nonce}:{pin}")));
        format!(
            "<authenticationData><nonce>{nonce}</nonce><algorithm>MD5</algorithm>\
             <response>{response}</response></authenticationData>"
        )
    });
    format!(
        "<?xml version=\"1.0\"?>\n<SetHoteling xmlns=\"http://schema.broadsoft.com/hoteling\">\
         <guestAddress>{guest}</guestAddress>{proof}</SetHoteling>\n"
    )
}

#[test]
fn a_phone_that_subscribes_is_told_every_key_one_document_at_a_time() {
    let mut net = Network::with(1, config());
    show(&mut net, seated(AgentState::NotReady { reason: "lunch".into() }));
    let watcher = watch(&mut net, "as-feature-event");
    let told = roots(&watcher, 0);
    let forward = "ForwardingEvent";
    assert_eq!(
        told,
        [
            "DoNotDisturbEvent",
            forward,
            forward,
            forward,
            "AgentLoggedOnEvent",
            "AgentNotReadyEvent"
        ]
    );
    assert!(watcher.last().contains("<pri:AgentNotReadyReasonValue>2<"), "{}", watcher.last());
    assert_eq!(header(watcher.last(), "Content-Type").as_deref(), Some(FEATURES));
}

#[test]
fn a_phone_that_reads_several_documents_is_told_in_one_notify() {
    let mut net = Network::with(1, config());
    let mut watcher = Watcher::new(WATCHER, "8002", "as-feature-event");
    watcher.more = format!("Accept: {FEATURES}, multipart/mixed\n");
    watcher.subscribe(&mut net, "3600", None);
    watcher.run(&mut net, 500);
    assert_eq!(watcher.notified.len(), 1);
    assert_eq!(watcher.last().matches(&format!("Content-Type: {FEATURES}")).count(), 5);
}

#[test]
fn a_key_asks_the_box_and_is_told_what_came_of_it() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "as-feature-event");
    let before = watcher.notified.len();
    let body = dnd(true);
    let answer = watcher.subscribe(&mut net, "3600", Some((FEATURES, &body)));
    assert_eq!(line(&answer), "200 SUBSCRIBE");
    assert_eq!(asked(&net), [FeatureWish::Dnd(true)]);
    show(&mut net, Features { dnd: true, ..Features::default() });
    watcher.run(&mut net, 100);
    assert_eq!(roots(&watcher, before), ["DoNotDisturbEvent"]);
    assert!(watcher.last().contains("<doNotDisturbOn>true<"));
}

#[test]
fn a_wish_that_is_not_granted_is_told_too() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "as-feature-event");
    let before = watcher.notified.len();
    watcher.subscribe(&mut net, "3600", Some((FEATURES, &dnd(true))));
    watcher.run(&mut net, 300);
    assert_eq!(roots(&watcher, before), ["DoNotDisturbEvent"]);
    assert!(watcher.last().contains("<doNotDisturbOn>false<"));
}

#[test]
fn the_keys_of_a_call_centre_ask_for_the_agents_state() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "as-feature-event");
    let reason = "<extensions><privateData><private xmlns:pri=\"x\">\
                  <pri:AgentNotReadyReasonValue>2</pri:AgentNotReadyReasonValue>\
                  </private></privateData></extensions>";
    for (state, more) in [
        ("loggedOn", ""),
        ("ready", ""),
        ("notReady", reason),
        ("workingAfterCall", ""),
        ("loggedOff", ""),
    ] {
        let body = agent_state(state, more);
        watcher.subscribe(&mut net, "3600", Some((FEATURES, &body)));
    }
    let wishes = [
        FeatureWish::LogIn { agent: None, pin: None },
        FeatureWish::Ready,
        FeatureWish::NotReady { reason: "lunch".into() },
        FeatureWish::WrapUp,
        FeatureWish::LogOut,
    ];
    assert_eq!(asked(&net), wishes);
}

#[test]
fn an_agents_state_that_others_changed_is_shown_on_the_key() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "as-feature-event");
    let before = watcher.notified.len();
    show(&mut net, seated(AgentState::Ready));
    watcher.run(&mut net, 200);
    let mut forwarded = seated(AgentState::NotReady { reason: String::new() });
    forwarded.forwards.insert(ForwardWhen::Busy, "8001".into());
    show(&mut net, forwarded);
    watcher.run(&mut net, 200);
    show(&mut net, Features::default());
    watcher.run(&mut net, 200);
    assert_eq!(
        roots(&watcher, before),
        [
            "AgentLoggedOnEvent",
            "AgentReadyEvent",
            "ForwardingEvent",
            "AgentNotReadyEvent",
            "ForwardingEvent",
            "AgentLoggedOffEvent"
        ]
    );
}

#[test]
fn a_body_that_is_no_wish_changes_nothing() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "as-feature-event");
    let long = "x".repeat(5000);
    for (format, body, code) in [
        (FEATURES, "<SetDoNotDisturb", "400"),
        (FEATURES, "<!DOCTYPE a [<!ENTITY b \"c\">]><SetDoNotDisturb/>", "400"),
        (FEATURES, "<SetDoNotDisturb/>", "400"),
        ("text/plain", "dnd please", "415"),
        (FEATURES, long.as_str(), "413"),
        (FEATURES, "<SetSomethingNew/>", "200"),
    ] {
        let answer = watcher.subscribe(&mut net, "3600", Some((format, body)));
        assert_eq!(&answer[8..11], code, "{format} {body:.40}");
    }
    assert_eq!(asked(&net), []);
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn a_key_without_the_password_asks_for_nothing() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "as-feature-event");
    watcher.account = "9999";
    let answer = watcher.subscribe(&mut net, "3600", Some((FEATURES, &dnd(true))));
    assert_eq!(line(&answer), "401 SUBSCRIBE");
    assert_eq!(asked(&net), []);
}

#[test]
fn one_person_sits_down_at_any_phone_by_a_pin_that_is_never_sent() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "x-broadworks-hoteling");
    assert!(watcher.last().contains("<guestAddress/>"));
    watcher.subscribe(&mut net, "3600", Some((HOTELING, &guest("8101", None))));
    watcher.run(&mut net, 100);
    let nonce = watcher.last().split("<nonce>").nth(1).unwrap().split('<').next().unwrap();
    let proof = guest("8101", Some((nonce, "2468")));
    watcher.subscribe(&mut net, "3600", Some((HOTELING, &proof)));
    let pin = Some(Secret::new("2468"));
    let wish = FeatureWish::LogIn { agent: Some(AgentId::new("8101")), pin };
    assert_eq!(asked(&net), [wish]);
    show(&mut net, seated(AgentState::Ready));
    watcher.run(&mut net, 100);
    assert!(watcher.last().contains("<guestAddress>8101</guestAddress>"), "{}", watcher.last());
    watcher.subscribe(&mut net, "3600", Some((HOTELING, &guest("", None))));
    assert_eq!(asked(&net)[1], FeatureWish::LogOut);
}

#[test]
fn a_wrong_pin_seats_nobody_and_an_unknown_agent_is_asked_like_any() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "x-broadworks-hoteling");
    for agent in ["8101", "9999"] {
        watcher.subscribe(&mut net, "3600", Some((HOTELING, &guest(agent, None))));
        watcher.run(&mut net, 100);
        let nonce = watcher.last().split("<nonce>").nth(1).unwrap().split('<').next().unwrap();
        let proof = guest(agent, Some((nonce, "0000")));
        let answer = watcher.subscribe(&mut net, "3600", Some((HOTELING, &proof)));
        assert_eq!(line(&answer), "200 SUBSCRIBE", "{agent}");
        watcher.run(&mut net, 100);
        assert!(watcher.last().contains("<guestAddress/>"), "{agent}");
        // The proof is good for one try: the same nonce is asked anew.
        watcher.subscribe(&mut net, "3600", Some((HOTELING, &proof)));
        watcher.run(&mut net, 100);
        assert!(watcher.last().contains("<nonce>"), "{agent}");
    }
    assert_eq!(asked(&net), []);
    assert_eq!(net.endpoint(BOX).counters().wrong_pins, 2);
}

#[test]
fn a_phone_that_guesses_pins_has_to_wait() {
    let mut net = Network::with(1, config());
    let mut watcher = watch(&mut net, "x-broadworks-hoteling");
    for n in 0..5 {
        watcher.subscribe(&mut net, "3600", Some((HOTELING, &guest("8101", None))));
        watcher.run(&mut net, 50);
        let nonce = watcher.last().split("<nonce>").nth(1).unwrap().split('<').next().unwrap();
        let proof = guest("8101", Some((nonce, &format!("000{n}"))));
        watcher.subscribe(&mut net, "3600", Some((HOTELING, &proof)));
        watcher.run(&mut net, 50);
    }
    let body = guest("8101", None);
    let answer = watcher.subscribe(&mut net, "3600", Some((HOTELING, &body)));
    assert_eq!(line(&answer), "403 SUBSCRIBE");
    watcher.run(&mut net, 61_000);
    let answer = watcher.subscribe(&mut net, "3600", Some((HOTELING, &body)));
    assert_eq!(line(&answer), "200 SUBSCRIBE");
}
