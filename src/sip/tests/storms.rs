//! Calls through loss, copies, delay and disorder end as exactly one call, and nothing is left of
//! them (RFC 3261 13.3.1.4, 17).

mod network;

use model::LegEvent;
use network::*;
use sip::Command;
use std::time::Duration;

/// 30 % lost each way, a tenth twice, up to 400 ms late and so out of order.
const STORM: Weather = Weather { loss: 300, copies: 100, delay_ms: (5, 400) };

/// Lets time pass and answers each leg that arrives at `who`.
fn run_and_answer(net: &mut Network, who: &str, span: Duration) {
    let end = net.now + span;
    let mut answered = net.arrived(who).len();
    while net.now < end {
        net.run_ms(50);
        let arrived = net.arrived(who);
        for leg in &arrived[answered..] {
            net.tell(who, Command::Answer { leg: *leg, rtp: rtp(0) });
        }
        answered = arrived.len();
    }
}

#[test]
fn a_call_in_through_a_storm_is_exactly_one_call_and_is_torn_down() {
    let mut whole = 0;
    for seed in 0..60 {
        let mut net = Network::new(seed);
        net.weather = STORM;
        net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", true));
        run_and_answer(&mut net, BOX, Duration::from_secs(40));
        let arrived = net.arrived(BOX);
        assert!(arrived.len() <= 1, "seed {seed}: {arrived:?}");
        net.tell(TRUNK, hang_up(out()));
        net.run(Duration::from_secs(66));
        net.weather = CALM;
        let (near, far) = (
            net.story(TRUNK, out()),
            arrived.first().map(|leg| net.story(BOX, *leg)).unwrap_or_default(),
        );
        for story in [&near, &far] {
            assert!(story.matches("Answered").count() <= 1, "seed {seed}: {story}");
            assert!(story.matches("Gone").count() <= 1, "seed {seed}: {story}");
        }
        // A BYE may be lost eleven times; then the media tell that the caller vanished.
        if let (Some(leg), false) = (arrived.first(), far.contains("Gone")) {
            net.tell(BOX, hang_up(*leg));
        }
        whole += usize::from(far == "Arrived Answered Gone(Normal)" && near.contains("Answered"));
        net.tear_down();
    }
    assert!(whole >= 57, "{whole} of 60 calls came through");
}

#[test]
fn a_desk_phone_rung_through_a_storm_rings_once() {
    let mut whole = 0;
    for seed in 0..60 {
        let mut net = Network::new(seed);
        net.tell(PHONE, registration("8001", PASSWORD, 3600));
        net.run_ms(100);
        net.weather = STORM;
        net.tell(BOX, ring("8001"));
        run_and_answer(&mut net, PHONE, Duration::from_secs(40));
        let arrived = net.arrived(PHONE);
        assert!(arrived.len() <= 1, "seed {seed}: {arrived:?}");
        net.tell(BOX, hang_up(ringing()));
        net.run(Duration::from_secs(66));
        net.weather = CALM;
        let near = net.story(BOX, ringing());
        whole += usize::from(near.ends_with("Answered Gone(Normal)"));
        if let Some(leg) = arrived.first() {
            net.tell(PHONE, hang_up(*leg));
        }
        net.tell(PHONE, registration("8001", PASSWORD, 0));
        net.tear_down();
    }
    assert!(whole >= 57, "{whole} of 60 calls came through");
}

#[test]
fn holding_and_resuming_through_a_storm_ends_where_it_was_wanted() {
    let mut whole = 0;
    for seed in 0..40 {
        let mut net = Network::new(seed);
        let leg = net.talk_in();
        net.weather = STORM;
        net.tell(BOX, Command::Hold { leg, send: true });
        net.tell(TRUNK, Command::Hold { leg: out(), send: true });
        net.run(Duration::from_secs(90));
        net.tell(TRUNK, Command::Resume { leg: out() });
        net.run(Duration::from_secs(90));
        net.weather = CALM;
        let ends = (net.media(BOX, leg).last().cloned(), net.media(TRUNK, out()).last().cloned());
        let (Some(near), Some(far)) = ends else { panic!("seed {seed}: no media") };
        let alive = |story: &str| !story.contains("Gone");
        if alive(&net.story(BOX, leg)) && alive(&net.story(TRUNK, out())) {
            // The box still holds, the caller does not: sound goes from the box to the caller.
            assert_eq!((near.send, near.receive), (true, false), "seed {seed}");
            assert_eq!((far.send, far.receive), (false, true), "seed {seed}");
            whole += 1;
        }
        net.tell(BOX, hang_up(leg));
        net.tell(TRUNK, hang_up(out()));
        net.tear_down();
    }
    assert!(whole >= 38, "{whole} of 40 calls lived");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let told = || {
        let mut net = Network::new(4);
        net.weather = STORM;
        net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", true));
        run_and_answer(&mut net, BOX, Duration::from_secs(40));
        net.sent.clone()
    };
    assert_eq!(told(), told());
}

#[test]
fn an_answer_whose_acks_are_all_lost_is_hung_up_as_vanished_after_32_s() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tamper = Some(Box::new(|_, _, bytes| (!bytes.starts_with(b"ACK")).then_some(bytes)));
    let answered = net.now;
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run(Duration::from_millis(31_990));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    net.run_ms(20);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)");
    let answers: Vec<u64> = net
        .sent
        .iter()
        .filter(|s| s.1 == at(BOX) && line(&s.3) == "200 INVITE")
        .map(|s| s.0.since(answered).as_millis() as u64)
        .collect();
    assert_eq!(
        answers,
        [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
        "13.3.1.4: T1 doubling up to T2"
    );
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(Vanished)", "the BYE came");
    assert_eq!(net.endpoint(BOX).counters().unacknowledged, 1);
    net.tear_down();
}

#[test]
fn a_lost_ack_is_sent_again_when_the_answer_comes_again() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    let mut lost = false;
    net.tamper = Some(Box::new(move |_, _, bytes| {
        let lose = bytes.starts_with(b"ACK") && !std::mem::replace(&mut lost, true);
        (!lose).then_some(bytes)
    }));
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run(Duration::from_secs(40));
    assert_eq!(net.lines(TRUNK, BOX), ["INVITE", "ACK", "ACK"]);
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "200 INVITE", "200 INVITE"]);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered");
}

#[test]
fn a_lost_answer_of_a_delayed_offer_is_acknowledged_with_the_same_description() {
    let mut net = Network::new(1);
    let mut lost = false;
    net.tamper = Some(Box::new(move |_, _, bytes| {
        let lose = bytes.starts_with(b"ACK") && !std::mem::replace(&mut lost, true);
        (!lose).then_some(bytes)
    }));
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", false));
    net.run_ms(100);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived");
    net.run_ms(500);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    let acks: Vec<_> = net.sent.iter().filter(|s| s.3.starts_with("ACK")).collect();
    assert_eq!(acks.len(), 2);
    assert_eq!(acks[0].3, acks[1].3);
}

#[test]
fn a_refusal_nobody_acknowledges_is_given_up_after_32_s() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tamper = Some(Box::new(|_, _, bytes| (!bytes.starts_with(b"ACK")).then_some(bytes)));
    net.tell(BOX, Command::Refuse { leg, cause: model::Cause::Busy });
    net.run(Duration::from_secs(33));
    assert_eq!(net.story(BOX, leg), "Arrived Gone(Busy)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Gone(Busy)");
    assert_eq!(net.endpoint(BOX).counters().unacknowledged, 1);
    net.tear_down();
}

#[test]
fn an_invite_that_comes_twice_is_one_call() {
    let mut net = Network::new(1);
    net.weather.copies = 1000;
    let leg = net.call_in();
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert_eq!(net.arrived(BOX), [leg]);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(Normal)");
    net.tear_down();
}

#[test]
fn a_caller_is_heard_of_once_whatever_comes_after_the_end() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let all: Vec<_> = net.sent.iter().filter(|s| s.1 == at(TRUNK)).map(|s| s.3.clone()).collect();
    net.tell(BOX, hang_up(leg));
    net.run_ms(100);
    for text in all {
        net.inject(TRUNK, BOX, text.as_bytes());
    }
    net.run_ms(1000);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.arrived(BOX), [leg]);
    let gone = net.events(BOX, leg).iter().filter(|e| matches!(e, LegEvent::Gone(_))).count();
    assert_eq!(gone, 1);
    net.tear_down();
}
