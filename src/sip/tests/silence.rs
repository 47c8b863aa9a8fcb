//! Phones that say nothing to an INVITE: how long they are waited for, and how they are found again.

mod network;

use model::{Cause, LegId};
use network::far::{answer, last};
use network::*;
use sip::{Command, Output};
use std::time::Duration;

/// What the box said of the phone's being there, in order: `true` for there.
fn there(net: &Network) -> Vec<bool> {
    let of = |output: &Output| match output {
        Output::Registered { .. } => Some(true),
        Output::Unregistered { .. } => Some(false),
        _ => None,
    };
    net.news(BOX).iter().filter_map(of).collect()
}

fn requests(net: &Network, to: &str, method: &str) -> usize {
    net.lines(BOX, to).iter().filter(|line| *line == method).count()
}

/// A phone registered as 8001, whose cable is then pulled, and that is rung.
fn unplugged(net: &mut Network) {
    net.register(PHONE, "8001");
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
}

#[test]
fn a_phone_that_is_unplugged_is_out_of_reach_after_5_s_and_away_before_that_is_said() {
    let mut net = Network::new(1);
    unplugged(&mut net);
    net.run(Duration::from_millis(4_900));
    assert_eq!((net.story(BOX, ringing()), there(&net)), (String::new(), vec![true]));
    net.run(Duration::from_millis(200));
    assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
    assert_eq!(there(&net), [true, false]);
    let away = net.said.iter().position(|s| matches!(s.output, Output::Unregistered { .. }));
    let gone = net.said.iter().position(|s| matches!(s.output, Output::Leg { .. }));
    assert!(away < gone, "or its agent would be offered the next call at once");
    assert_eq!(net.endpoint(BOX).counters().phones_silent, 1);
}

#[test]
fn any_word_of_a_phone_ends_the_waiting_for_one() {
    let mut net = Network::new(1);
    unplugged(&mut net);
    net.run_ms(3_900);
    let invite = last(&net, BOX, PHONE, "INVITE");
    answer(&mut net, PHONE, &invite, 100, "", "", "");
    net.run(Duration::from_secs(60));
    assert_eq!((net.story(BOX, ringing()), there(&net)), (String::new(), vec![true]));
}

#[test]
fn what_a_phone_says_when_it_was_given_up_is_cancelled_or_hung_up() {
    for (code, said) in [(180, "CANCEL"), (200, "BYE")] {
        let mut net = Network::new(1);
        unplugged(&mut net);
        net.run(Duration::from_millis(5_100));
        let invite = last(&net, BOX, PHONE, "INVITE");
        let body = if code == 200 { far::SDP } else { "" };
        let got = answer(&mut net, PHONE, &invite, code, "late", "", body);
        assert_eq!(far::lines(&got).last().map(String::as_str), Some(said), "{code}: {got:?}");
        assert_eq!(there(&net), [true, false, true], "it is there after all");
    }
}

#[test]
fn a_phone_that_went_silent_is_asked_until_it_answers() {
    let mut net = Network::new(1);
    unplugged(&mut net);
    net.run(Duration::from_secs(90));
    let asked = requests(&net, PHONE, "OPTIONS");
    assert!((15..25).contains(&asked), "asked {asked} times in 85 s");
    assert_eq!(there(&net), [true, false]);
    let options = last(&net, BOX, PHONE, "OPTIONS");
    answer(&mut net, PHONE, &options, 486, "x", "", "");
    assert_eq!(there(&net), [true, false, true], "whoever refuses is there");
    net.run(Duration::from_secs(60));
    assert_eq!(requests(&net, PHONE, "OPTIONS"), asked, "and is asked no more");
    net.tell(BOX, ring("8001"));
    net.run_ms(50);
    assert_eq!(requests(&net, PHONE, "INVITE"), 7 + 1, "and rung again");
}

#[test]
fn a_phone_that_went_silent_is_there_again_when_it_registers_or_calls() {
    for calls in [false, true] {
        let mut net = Network::new(1);
        unplugged(&mut net);
        net.run(Duration::from_millis(5_100));
        let config = sip::Config { seed: [3; 32], ..phone_config(PHONE) };
        net.endpoints.insert(at(PHONE), sip::Endpoint::new(net.now, config));
        // It does not know of OPTIONS as it should.
        net.tamper =
            Some(Box::new(|_, _, bytes| (!bytes.starts_with(b"OPTIONS")).then_some(bytes)));
        match calls {
            true => net.tell(PHONE, uri_call(OUT, "sip:8002@box.example", true)),
            false => net.tell(PHONE, registration("8001", PASSWORD, 300)),
        }
        net.run_ms(100);
        assert_eq!(there(&net)[..3], [true, false, true], "calls: {calls}");
    }
}

#[test]
fn a_phone_that_is_forgotten_is_asked_no_more() {
    let mut net = Network::new(1);
    unplugged(&mut net);
    net.run(Duration::from_secs(290));
    assert_eq!(there(&net), [true, false], "it was away before it ran out");
    net.run(Duration::from_secs(60));
    let asked = requests(&net, PHONE, "OPTIONS");
    net.run(Duration::from_secs(120));
    assert_eq!(requests(&net, PHONE, "OPTIONS"), asked);
    assert_eq!(there(&net), [true, false]);
    net.assert_torn_down();
}

/// 8001 is registered at a phone that is gone and at one that is there; the leg there.
fn one_of_two(net: &mut Network) -> LegId {
    net.register(PHONE, "8001");
    net.register(OTHER, "8001");
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    net.arrived(OTHER)[0]
}

#[test]
fn busy_is_told_after_4_s_though_an_old_address_of_the_phone_is_dead() {
    let mut net = Network::new(1);
    let other = one_of_two(&mut net);
    net.tell(OTHER, Command::Refuse { leg: other, cause: Cause::Busy });
    net.run(Duration::from_millis(3_800));
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    net.run(Duration::from_millis(200));
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(Busy)");
    assert_eq!(there(&net), [true, true], "the other is there");
}

#[test]
fn a_dead_address_of_a_phone_does_not_end_the_ringing_of_the_live_one() {
    let mut net = Network::new(1);
    let other = one_of_two(&mut net);
    net.run(Duration::from_secs(20));
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    // Late, and so known at once.
    net.tell(OTHER, Command::Refuse { leg: other, cause: Cause::Busy });
    net.run_ms(50);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(Busy)");
}

/// Registers 8001 over UDP from a port of the phone's host, as text; `more` goes to its Contact.
fn register_from(net: &mut Network, port: u16, cseq: u32, more: &str) {
    let from: &'static str = Box::leak(format!("192.0.2.11:{port}").into_boxed_str());
    let text = |proof: &str, cseq: u32| {
        format!(
            "REGISTER sip:box.example SIP/2.0\nVia: SIP/2.0/UDP {from};branch=z9hG4bKr{port}{cseq}\n\
             Max-Forwards: 70\nFrom: <sip:8001@box.example>;tag=f{port}\nTo: <sip:8001@box.example>\n\
             Call-ID: r{port}\nCSeq: {cseq} REGISTER\nContact: <sip:8001@{from}>{more}\n\
             Expires: 300\n{proof}Content-Length: 0\n\n"
        )
    };
    let refused = net.ask(from, BOX, &text("", cseq));
    let proof = far::proof(&refused[0], "8001", rsip::Method::Register, "sip:box.example");
    let taken = net.ask(from, BOX, &text(&proof, cseq + 1));
    assert_eq!(line(&taken[0]), "200 REGISTER");
}

/// How many addresses the phone had after each REGISTER.
fn contacts(net: &Network) -> Vec<usize> {
    let of = |output: &Output| match output {
        Output::Registered { contacts, .. } => Some(*contacts),
        _ => None,
    };
    net.news(BOX).iter().filter_map(of).collect()
}

#[test]
fn a_phone_that_comes_back_from_another_port_takes_the_place_of_its_silent_address() {
    for (before, after, left) in [
        ("", "", 1),
        (";+sip.instance=\"<urn:uuid:1>\"", "", 1),
        (";+sip.instance=\"<urn:uuid:1>\"", ";+sip.instance=\"<urn:uuid:2>\"", 2),
    ] {
        let mut net = Network::new(1);
        net.endpoints.remove(&at(PHONE));
        register_from(&mut net, 5060, 1, before);
        net.tell(BOX, ring("8001"));
        net.run(Duration::from_secs(6));
        register_from(&mut net, 5070, 1, after);
        assert_eq!(contacts(&net), [1, left], "{before} {after}");
        assert_eq!(there(&net), [true, false, true]);
    }
}

#[test]
fn two_phones_behind_one_translator_are_both_rung_while_neither_is_silent() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(PHONE));
    register_from(&mut net, 5060, 1, "");
    register_from(&mut net, 5070, 1, "");
    assert_eq!(contacts(&net), [1, 2]);
    // One is off: the other's refresh leaves it alone.
    net.tell(BOX, ring("8001"));
    let invite = last(&net, BOX, "192.0.2.11:5070", "INVITE");
    net.run_ms(50);
    answer(&mut net, "192.0.2.11:5070", &invite, 180, "rings", "", "");
    net.run(Duration::from_secs(6));
    assert_eq!(net.endpoint(BOX).counters().phones_silent, 1);
    register_from(&mut net, 5070, 3, "");
    assert_eq!(net.endpoint(BOX).registrations().map(|(_, addresses)| addresses).sum::<usize>(), 2);
}

#[test]
fn rfc_5626_6_a_phone_of_the_same_instance_has_one_address_whatever_its_port() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(PHONE));
    register_from(&mut net, 5060, 1, ";+sip.instance=\"<urn:uuid:1>\"");
    register_from(&mut net, 5070, 1, ";+sip.instance=\"<urn:uuid:1>\"");
    register_from(&mut net, 5080, 1, ";+sip.instance=\"<urn:uuid:2>\"");
    assert_eq!(contacts(&net), [1, 1, 2]);
}
