//! Subscriptions, from SUBSCRIBE to their end (RFC 6665), and what was never subscribed to.

mod network;

use model::feature::{Lamp, Watched};
use model::{PhoneId, Secret};
use network::watcher::Watcher;
use network::*;
use sip::{Command, Transport};

/// A phone without an endpoint, that tests speak for.
const WATCHER: &str = "192.0.2.21:5060";

fn desk(phone: &str) -> Watched {
    Watched::Phone(PhoneId::new(phone))
}

fn lamp(net: &mut Network, lamp: Lamp) {
    net.tell(BOX, Command::Publish { watched: desk("8001"), lamp });
}

fn rings(net: &mut Network, caller: &str) {
    lamp(net, Lamp::Ringing { caller: caller.into() });
}

/// A phone that watches 8001, with its first NOTIFY.
fn watching(net: &mut Network) -> Watcher {
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    assert_eq!(line(&watcher.subscribe(net, "3600", None)), "200 SUBSCRIBE");
    // Past the time in which the next NOTIFY would have to wait.
    watcher.run(net, 1100);
    assert_eq!(watcher.notified.len(), 1);
    watcher
}

#[test]
fn rfc_6665_4_2_1_1_a_subscription_is_granted_and_notified_at_once() {
    let mut net = Network::new(1);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog;id=7");
    let granted = watcher.subscribe(&mut net, "600", None);
    assert_eq!(line(&granted), "200 SUBSCRIBE");
    assert_eq!(header(&granted, "Expires").as_deref(), Some("600"));
    assert!(header(&granted, "Contact").unwrap().contains("sip:8001@192.0.2.1"));
    watcher.run(&mut net, 20);
    let notify = watcher.last();
    assert_eq!(notify.lines().next(), Some("NOTIFY sip:8002@192.0.2.21:5060 SIP/2.0"));
    assert_eq!(header(notify, "Event").as_deref(), Some("dialog;id=7"), "8.2.1");
    assert_eq!(header(notify, "Subscription-State").as_deref(), Some("active;expires=600"));
    assert_eq!(header(notify, "Content-Type").as_deref(), Some("application/dialog-info+xml"));
    assert_eq!(header(notify, "To"), header(&granted, "From"), "the same dialog");
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn rfc_6665_4_4_1_who_recorded_its_route_on_a_subscribe_is_told_it_back() {
    let mut net = Network::new(1);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    watcher.more = "Record-Route: <sip:192.0.2.21;lr>\n".to_owned();
    let granted = watcher.subscribe(&mut net, "600", None);
    assert_eq!(line(&granted), "200 SUBSCRIBE");
    assert_eq!(header(&granted, "Record-Route").as_deref(), Some("<sip:192.0.2.21;lr>"));
}

#[test]
fn rfc_6665_3_1_1_without_expires_the_package_says_how_long() {
    let mut net = Network::new(1);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    let granted = watcher.subscribe(&mut net, "", None);
    assert_eq!(header(&granted, "Expires").as_deref(), Some("3600"));
    let granted = watcher.subscribe(&mut net, "90000", None);
    assert_eq!(header(&granted, "Expires").as_deref(), Some("3600"), "never longer than asked");
}

#[test]
fn rfc_6665_4_2_1_1_too_brief_a_subscription_is_refused_with_423() {
    let mut net = Network::new(1);
    let refused = Watcher::new(WATCHER, "8001", "dialog").subscribe(&mut net, "29", None);
    assert_eq!(line(&refused), "423 SUBSCRIBE");
    assert_eq!(header(&refused, "Min-Expires").as_deref(), Some("30"));
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
}

#[test]
fn rfc_6665_4_2_1_4_a_refresh_is_told_everything_and_lasts_anew() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    watcher.run(&mut net, 3_000_000);
    assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
    watcher.run(&mut net, 3_000_000);
    assert_eq!(watcher.states(), ["active;expires=3600", "active;expires=3600"]);
    assert!(Watcher::body(watcher.last()).contains("version=\"1\" state=\"full\""));
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn rfc_6665_4_2_1_4_a_subscription_that_nobody_refreshes_times_out() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    watcher.run(&mut net, 3_600_100);
    assert_eq!(watcher.states(), ["active;expires=3600", "terminated;reason=timeout"]);
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
    let late = watcher.subscribe(&mut net, "3600", None);
    assert_eq!(line(&late), "481 SUBSCRIBE");
}

#[test]
fn rfc_6665_4_1_2_3_expires_0_ends_it_with_the_last_state() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    let ended = watcher.subscribe(&mut net, "0", None);
    assert_eq!(header(&ended, "Expires").as_deref(), Some("0"));
    watcher.run(&mut net, 20);
    assert_eq!(watcher.states()[1], "terminated;reason=timeout");
    assert!(Watcher::body(watcher.last()).contains("state=\"full\""));
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
}

#[test]
fn rfc_6665_4_4_3_expires_0_alone_fetches_the_state_once() {
    let mut net = Network::new(1);
    rings(&mut net, "110");
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    watcher.subscribe(&mut net, "0", None);
    watcher.run(&mut net, 20);
    assert_eq!(watcher.states(), ["terminated;reason=timeout"]);
    assert!(Watcher::body(watcher.last()).contains("<state>early</state>"));
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
}

#[test]
fn rfc_6665_8_3_2_an_event_we_do_not_have_is_refused_with_489() {
    let mut net = Network::new(1);
    for event in ["conference", "Dialog", "refer"] {
        let refused = Watcher::new(WATCHER, "8001", event).subscribe(&mut net, "600", None);
        assert_eq!(line(&refused), "489 SUBSCRIBE", "{event}");
        assert!(header(&refused, "Allow-Events").unwrap().contains("message-summary"));
    }
}

#[test]
fn rfc_6665_4_2_1_1_a_format_the_phone_does_not_take_is_refused_with_406() {
    let mut net = Network::new(1);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    watcher.more = "Accept: application/pidf+xml\n".into();
    assert_eq!(line(&watcher.subscribe(&mut net, "600", None)), "406 SUBSCRIBE");
}

#[test]
fn rfc_6665_4_2_1_3_who_may_not_watch_is_told_so() {
    let mut net = Network::new(1);
    let cases = [
        ("message-summary", "8001", "403"),
        ("as-feature-event", "8001", "403"),
        ("dialog", "9999", "404"),
    ];
    for (event, target, code) in cases {
        let refused = Watcher::new(WATCHER, target, event).subscribe(&mut net, "600", None);
        assert_eq!(&refused[8..11], code, "{event} of {target}");
    }
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
}

#[test]
fn a_stranger_who_subscribes_learns_nothing_and_costs_no_memory() {
    let mut net = Network::new(1);
    for (target, account) in [("8001", "8002"), ("9999", "9999")] {
        let mut watcher = Watcher::new(STRANGER, target, "dialog");
        watcher.account = account;
        // The password is that of the phones; the proof is made for another account.
        let text = watcher.subscribe(&mut net, "600", None);
        let code = if account == "9999" { "401 SUBSCRIBE" } else { "200 SUBSCRIBE" };
        assert_eq!(line(&text), code);
    }
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn another_phone_cannot_refresh_or_end_a_subscription() {
    let mut net = Network::new(1);
    let watcher = watching(&mut net);
    let mut thief = watcher.clone();
    thief.account = "8001";
    assert_eq!(line(&thief.subscribe(&mut net, "0", None)), "481 SUBSCRIBE");
    let mut other_event = watcher.clone();
    other_event.event = "presence".into();
    assert_eq!(line(&other_event.subscribe(&mut net, "0", None)), "481 SUBSCRIBE");
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn rfc_6665_4_2_2_a_notify_waits_for_the_one_before_and_tells_what_changed_meanwhile_once() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    watcher.answers.clear();
    rings(&mut net, "110");
    watcher.run(&mut net, 100);
    assert_eq!(watcher.notified.len(), 2);
    for caller in ["120", "119"] {
        lamp(&mut net, Lamp::Idle);
        rings(&mut net, caller);
    }
    watcher.run(&mut net, 1500);
    assert_eq!(watcher.notified.len(), 2, "nobody answered the one before");
    watcher.answers = "200 OK".into();
    watcher.run(&mut net, 5000);
    assert_eq!(watcher.notified.len(), 3);
    let body = Watcher::body(watcher.last());
    assert!(body.contains("version=\"2\" state=\"partial\""), "{body}");
    assert!(body.contains("display=\"119\"") && !body.contains("120"), "{body}");
    assert!(body.contains("<dialog id=\"8001-1\"><state>terminated"), "{body}");
    let number = |n: &String| header(n, "CSeq").unwrap();
    let numbers: Vec<_> = watcher.notified.iter().map(number).collect();
    assert_eq!(numbers, ["1 NOTIFY", "2 NOTIFY", "3 NOTIFY"]);
}

#[test]
fn rfc_4235_3_10_lamps_are_told_at_most_once_a_second() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    watcher.run(&mut net, 2000);
    for n in 0..50 {
        let state = if n % 2 == 0 { Lamp::Ringing { caller: "110".into() } } else { Lamp::Idle };
        lamp(&mut net, state);
        watcher.run(&mut net, 100);
    }
    let told = watcher.notified.len() - 1;
    assert!((4..=6).contains(&told), "{told} in 5 s");
    watcher.run(&mut net, 2000);
    assert!(!Watcher::body(watcher.last()).contains("early"), "the last state is told");
}

#[test]
fn rfc_6665_4_2_2_a_notify_that_nobody_answers_ends_the_subscription() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    watcher.answers.clear();
    rings(&mut net, "110");
    watcher.run(&mut net, 33_000);
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
    assert_eq!(net.endpoint(BOX).counters().notify_failed, 1);
    assert_eq!(net.endpoint(BOX).transactions(), 0);
}

#[test]
fn rfc_6665_4_2_2_a_notify_that_is_refused_ends_it_but_for_retry_after() {
    for (answer, left) in [
        ("481 Gone", 0),
        ("489 Bad Event", 0),
        ("500 Oops", 0),
        ("401 Who\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"", 0),
        ("503 Later\nRetry-After: 7", 1),
    ] {
        let mut net = Network::new(1);
        let mut watcher = watching(&mut net);
        watcher.answers = answer.to_owned();
        rings(&mut net, "110");
        watcher.run(&mut net, 1000);
        assert_eq!(net.endpoint(BOX).subscriptions(), left, "{answer}");
        watcher.answers = "200 OK".to_owned();
        watcher.run(&mut net, 5500);
        assert_eq!(watcher.notified.len(), 2, "{answer}: not before 7 s");
        watcher.run(&mut net, 1000);
        assert_eq!(watcher.notified.len(), 2 + left, "{answer}");
        if left > 0 {
            let body = Watcher::body(watcher.last());
            assert!(body.contains("state=\"full\"") && body.contains("early"), "{body}");
        }
    }
}

#[test]
fn rfc_6665_4_1_3_a_box_that_stops_deactivates_and_a_phone_subscribes_anew() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    net.tell(BOX, Command::Farewell);
    watcher.run(&mut net, 50);
    assert_eq!(watcher.states()[1], "terminated;reason=deactivated");
    assert_eq!(net.endpoint(BOX).subscriptions(), 0);
    // The box that comes back knows nothing of it.
    let mut restarted = Network::new(2);
    watcher.forget();
    assert_eq!(line(&watcher.subscribe(&mut restarted, "3600", None)), "481 SUBSCRIBE");
    let mut anew = Watcher::new(WATCHER, "8001", "dialog");
    assert_eq!(line(&anew.subscribe(&mut restarted, "3600", None)), "200 SUBSCRIBE");
}

#[test]
fn rfc_6665_4_1_3_who_lost_the_account_is_rejected_and_what_is_gone_has_no_resource() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    let mut accounts = sip::Accounts { register_s: (60, 600), ..Default::default() };
    let secret = Secret::new(PASSWORD);
    accounts.accounts.insert(PhoneId::new("8002"), secret.clone());
    net.tell(BOX, Command::Configure(accounts.clone()));
    watcher.run(&mut net, 50);
    assert_eq!(watcher.states()[1], "terminated;reason=noresource", "8001 is gone");

    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    accounts.accounts = [(PhoneId::new("8001"), secret)].into();
    net.tell(BOX, Command::Configure(accounts));
    watcher.run(&mut net, 50);
    assert_eq!(watcher.states()[1], "terminated;reason=rejected", "8002 is gone");
}

#[test]
fn a_phone_that_starts_anew_takes_the_place_of_its_old_subscription() {
    let mut net = Network::new(1);
    for n in 0..5 {
        let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
        watcher.call_id = format!("start-{n}");
        assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
        watcher.run(&mut net, 20);
    }
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn at_the_limit_of_subscriptions_one_more_is_refused_with_503_and_memory_stays() {
    let mut config = box_config();
    config.limits.subscriptions_max = 3;
    let mut net = Network::with(1, config);
    for n in 0..6 {
        let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
        watcher.call_id = format!("one-more-{n}");
        watcher.contact = format!("sip:8002@192.0.2.21:{}", 5060 + n);
        let answer = watcher.subscribe(&mut net, "3600", None);
        let code = if n < 3 { "200 SUBSCRIBE" } else { "503 SUBSCRIBE" };
        assert_eq!(line(&answer), code);
        if n >= 3 {
            assert!(header(&answer, "Retry-After").is_some());
        }
    }
    assert_eq!(net.endpoint(BOX).subscriptions(), 3);
    assert_eq!(net.endpoint(BOX).counters().limited, 3);
}

#[test]
fn a_lamp_that_everybody_watches_leaves_room_for_calls() {
    let mut config = box_config();
    config.limits.client_transactions_max = 8;
    let mut net = Network::with(1, config);
    net.register(PHONE, "8001");
    let watchers: Vec<Watcher> = (0..12)
        .map(|n| {
            let who: &'static str = Box::leak(format!("192.0.2.{}:5060", 30 + n).into());
            let mut watcher = Watcher::new(who, "8001", "dialog");
            watcher.subscribe(&mut net, "3600", None);
            watcher.run(&mut net, 1100);
            watcher
        })
        .collect();
    assert_eq!(net.endpoint(BOX).subscriptions(), watchers.len());
    // Nobody answers: six NOTIFYs are all there is room for.
    net.run_ms(6000);
    let before = net.endpoint(BOX).counters().notified;
    rings(&mut net, "110");
    net.run_ms(100);
    assert_eq!(net.endpoint(BOX).counters().notified - before, 6);
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    assert_eq!(net.arrived(PHONE).len(), 1, "the phone rings all the same");
}

#[test]
fn a_draining_box_takes_no_new_subscription_and_keeps_what_it_has() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    net.tell(BOX, Command::Drain(true));
    let mut other = Watcher::new(WATCHER, "8002", "dialog");
    assert_eq!(line(&other.subscribe(&mut net, "3600", None)), "503 SUBSCRIBE");
    assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
}

#[test]
fn rfc_5626_a_subscription_goes_by_the_connection_it_came_by_and_by_the_next_one() {
    let mut net = Network::new(1);
    let flow = net.dial(WATCHER, Transport::Tls);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    watcher.flow = Some(flow);
    watcher.contact = "sip:8002@192.0.2.21:5060;transport=tls".into();
    assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
    watcher.run(&mut net, 1100);
    net.close(flow);
    net.run_ms(50);
    rings(&mut net, "110");
    net.run_ms(2000);
    assert_eq!(watcher.notified.len(), 1, "nobody is there");
    assert_eq!(net.endpoint(BOX).subscriptions(), 1, "it waits");
    watcher.flow = Some(net.dial(WATCHER, Transport::Tls));
    assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
    watcher.run(&mut net, 1100);
    assert_eq!(watcher.notified.len(), 2);
    assert!(Watcher::body(watcher.last()).contains("early"));
}

#[test]
fn a_phone_that_drops_its_connection_at_each_notify_is_told_at_its_300th_too() {
    let mut net = Network::new(1);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    watcher.contact = "sip:8002@192.0.2.21:5060;transport=tls".into();
    watcher.answers.clear();
    for round in 1..=300 {
        let flow = net.dial(WATCHER, Transport::Tls);
        watcher.flow = Some(flow);
        assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
        watcher.run(&mut net, 1100);
        assert_eq!(watcher.notified.len(), round);
        net.close(flow);
        net.run_ms(20);
    }
    assert_eq!(net.endpoint(BOX).subscriptions(), 1);
}

#[test]
fn rfc_5626_4_2_2_a_subscription_follows_the_registration_to_a_new_connection() {
    let mut net = Network::new(1);
    let flow = net.dial(WATCHER, Transport::Tls);
    let mut watcher = Watcher::new(WATCHER, "8001", "dialog");
    watcher.flow = Some(flow);
    watcher.contact = "sip:8002@192.0.2.21:5060;transport=tls".into();
    assert_eq!(line(&watcher.subscribe(&mut net, "3600", None)), "200 SUBSCRIBE");
    watcher.run(&mut net, 1100);
    net.close(flow);
    net.run_ms(50);
    rings(&mut net, "110");
    watcher.flow = Some(net.dial(WATCHER, Transport::Tls));
    assert_eq!(line(&watcher.register(&mut net)), "200 REGISTER");
    watcher.run(&mut net, 1100);
    assert_eq!(watcher.notified.len(), 2);
    assert!(Watcher::body(watcher.last()).contains("early"));
}

#[test]
fn a_subscription_survives_that_its_phone_registers_again() {
    let mut net = Network::new(1);
    let mut watcher = watching(&mut net);
    for _ in 0..3 {
        assert_eq!(line(&watcher.register(&mut net)), "200 REGISTER");
    }
    rings(&mut net, "110");
    watcher.run(&mut net, 100);
    assert_eq!(watcher.notified.len(), 2);
}

#[test]
fn rfc_3903_publish_is_not_offered() {
    let mut net = Network::new(1);
    let text = format!(
        "PUBLISH sip:8001@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {WATCHER};branch=z9hG4bKp\n\
         Max-Forwards: 70\nFrom: <sip:8001@box>;tag=p\nTo: <sip:8001@box>\nCall-ID: p\n\
         CSeq: 1 PUBLISH\nEvent: presence\nContent-Length: 0\n\n"
    );
    let answer = net.ask(WATCHER, BOX, &text).remove(0);
    assert_eq!(line(&answer), "405 PUBLISH");
    let allow = header(&answer, "Allow").unwrap();
    assert!(allow.contains("SUBSCRIBE") && !allow.contains("PUBLISH"), "{allow}");
}

#[test]
fn lamps_through_a_storm_end_in_the_state_that_is() {
    for seed in 1..6 {
        let mut net = Network::new(seed);
        let mut watcher = watching(&mut net);
        net.weather = Weather { loss: 200, copies: 100, delay_ms: (5, 300) };
        for n in 0..10 {
            rings(&mut net, if n == 9 { "119" } else { "110" });
            watcher.run(&mut net, 700);
            if n < 9 {
                lamp(&mut net, Lamp::Idle);
            }
        }
        watcher.run(&mut net, 40_000);
        let body = Watcher::body(watcher.last());
        assert!(body.contains("display=\"119\""), "seed {seed}: {body}");
        let number = |n: &String| header(n, "CSeq").unwrap();
        let came: Vec<String> = watcher.notified.iter().map(number).collect();
        let told: Vec<String> = (1..=came.len()).map(|n| format!("{n} NOTIFY")).collect();
        assert_eq!(came, told, "seed {seed}: in order, none left out");
    }
}
