//! Responses before the answer that must not get lost, sound before the answer, UPDATE, and several
//! phones behind one INVITE (RFC 3262, 3311, 3960).

#![allow(clippy::unwrap_used)]

mod network;

use model::{Cause, LegEvent, LegId};
use network::far::{Far, SDP, answer, body, last, lines};
use network::*;
use sip::Command;
use std::time::Duration;

/// Takes a word out of every message on its way.
fn without(net: &mut Network, word: &'static str) {
    net.tamper = Some(Box::new(move |_, _, bytes| {
        Some(String::from_utf8_lossy(&bytes).replace(word, "").into_bytes())
    }));
}

fn early_media(net: &mut Network, leg: LegId) {
    net.tell(BOX, Command::EarlyMedia { leg, rtp: rtp(0) });
}

fn invite(more: &str) -> String {
    format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKi\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: <sip:95000@box.example>\nCall-ID: raw\n\
         CSeq: 7 INVITE\nContact: <sip:far@{TRUNK}>\n{more}Content-Type: application/sdp\n\n{SDP}"
    )
}

fn within(first: &str, method: &str, cseq: u32, more: &str, body: &str) -> String {
    let to = header(first, "To").unwrap();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "{method} sip:192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKw{cseq}\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: {to}\nCall-ID: raw\nCSeq: {cseq} {method}\n\
         Contact: <sip:far@{TRUNK}>\n{more}{kind}\n{body}"
    )
}

fn rack(response: &str, change: u32) -> String {
    let rseq: u32 = header(response, "RSeq").unwrap().parse().unwrap();
    format!("RAck: {} 7 INVITE\n", rseq + change)
}

#[test]
fn sound_before_the_answer_goes_reliably_to_a_caller_that_can() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    early_media(&mut net, leg);
    net.run_ms(100);
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "183 INVITE", "200 PRACK"]);
    assert_eq!(net.story(TRUNK, out()), "Ringing EarlyMedia");
    assert_eq!((net.media(BOX, leg).len(), net.media(TRUNK, out()).len()), (1, 1));
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.lines(TRUNK, BOX), ["INVITE", "PRACK", "ACK"]);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.story(TRUNK, out()), "Ringing EarlyMedia Answered");
    let answered = last(&net, BOX, TRUNK, "200 INVITE");
    assert_eq!(body(&answered), "", "the description stands since the PRACK");
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    let bye = last(&net, TRUNK, BOX, "BYE");
    let prack = last(&net, TRUNK, BOX, "PRACK");
    let number = |text: &str| -> u32 {
        header(text, "CSeq").unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(number(&bye), number(&prack) + 1, "one count from early to confirmed");
    net.tear_down();
}

#[test]
fn an_answer_waits_for_the_prack_of_a_description() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    early_media(&mut net, leg);
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "183 INVITE"]);
    net.run_ms(100);
    assert_eq!(net.lines(BOX, TRUNK)[2..], ["200 PRACK", "200 INVITE"]);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.story(TRUNK, out()), "Ringing EarlyMedia Answered");
}

#[test]
fn a_caller_without_100rel_hears_early_and_gets_the_description_again_in_the_200() {
    let mut net = Network::new(1);
    without(&mut net, "100rel, ");
    let leg = net.call_in();
    early_media(&mut net, leg);
    net.run_ms(100);
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.lines(TRUNK, BOX), ["INVITE", "ACK"]);
    assert_eq!(net.story(TRUNK, out()), "Ringing EarlyMedia Answered");
    let (early, answered) =
        (last(&net, BOX, TRUNK, "183 INVITE"), last(&net, BOX, TRUNK, "200 INVITE"));
    assert_eq!(body(&early), body(&answered), "3261 13.2.1: the same answer");
}

#[test]
fn a_caller_without_an_offer_answers_ours_in_the_prack() {
    let mut net = Network::new(1);
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", false));
    net.run_ms(100);
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(100);
    assert!(body(&last(&net, TRUNK, BOX, "PRACK")).contains("m=audio"));
    assert_eq!((net.media(BOX, leg).len(), net.media(TRUNK, out()).len()), (1, 1));
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.story(TRUNK, out()), "Ringing EarlyMedia Answered");
    assert_eq!(body(&last(&net, TRUNK, BOX, "ACK")), "");
}

#[test]
fn a_reliable_response_is_sent_again_until_its_prack_and_given_up_after_32_s() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tamper = Some(Box::new(|_, _, bytes| (!bytes.starts_with(b"PRACK")).then_some(bytes)));
    let begun = net.now;
    early_media(&mut net, leg);
    net.run(Duration::from_secs(33));
    let sent = net.sent.iter().filter(|s| line(&s.3) == "183 INVITE");
    let at: Vec<u64> = sent.map(|s| s.0.since(begun).as_millis() as u64).collect();
    assert_eq!(at, [0, 500, 1500, 3500, 7500, 15_500, 31_500], "3262 3: T1, doubling");
    assert_eq!(net.story(BOX, leg), "Arrived Gone(Vanished)");
    assert!(net.lines(BOX, TRUNK).contains(&"504 INVITE".to_owned()));
}

#[test]
fn a_caller_that_requires_it_gets_each_response_reliably_one_after_the_other() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let first = net.ask(TRUNK, BOX, &invite("Require: 100rel\n")).remove(0);
    assert_eq!(line(&first), "180 INVITE");
    assert_eq!(header(&first, "Require").as_deref(), Some("100rel"));
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(100);
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE"], "3: none before the first one's PRACK");
    let wrong = net.ask(TRUNK, BOX, &within(&first, "PRACK", 8, &rack(&first, 1), ""));
    assert_eq!(lines(&wrong), ["481 PRACK"]);
    let right = net.ask(TRUNK, BOX, &within(&first, "PRACK", 9, &rack(&first, 0), ""));
    assert_eq!(lines(&right), ["200 PRACK", "183 INVITE"]);
    assert_eq!(rack(&right[1], 0), rack(&first, 1), "7.1: counted up by one");
    let again = net.ask(TRUNK, BOX, &within(&first, "PRACK", 10, &rack(&first, 0), ""));
    assert_eq!(lines(&again), ["481 PRACK"], "it was acknowledged before");
}

#[test]
fn an_offer_in_the_prack_is_answered_in_its_200() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    net.ask(TRUNK, BOX, &invite("Supported: 100rel\n"));
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(20);
    let early = last(&net, BOX, TRUNK, "183 INVITE");
    let moved = SDP.replace("30000", "30002").replace("far 1 1", "far 1 2");
    let prack = within(&early, "PRACK", 8, &rack(&early, 0), &moved);
    let answers = net.ask(TRUNK, BOX, &prack);
    assert_eq!(lines(&answers), ["200 PRACK"]);
    assert!(body(&answers[0]).contains("m=audio"));
    let ports: Vec<_> = net.media(BOX, leg).iter().map(|m| m.remote.port()).collect();
    assert_eq!(ports, [30_000, 30_002]);
}

#[test]
fn rfc_3262_3_a_prack_that_fits_is_accepted_whatever_it_carries() {
    let moved = SDP.replace("30000", "30002").replace("far 1 1", "far 1 2");
    // 5: the answer to the INVITE's offer is yet to come, so that there is nothing to be offered.
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let first = net.ask(TRUNK, BOX, &invite("Require: 100rel\n")).remove(0);
    let leg = net.arrived(BOX)[0];
    let early = net.ask(TRUNK, BOX, &within(&first, "PRACK", 8, &rack(&first, 0), &moved));
    assert_eq!((lines(&early), body(&early[0])), (vec!["200 PRACK".to_owned()], ""));
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(20);
    assert_eq!(net.media(BOX, leg).last().unwrap().remote.port(), 30_000);

    // One that makes no call ends it, by the INVITE.
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    net.ask(TRUNK, BOX, &invite("Supported: 100rel\n"));
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(20);
    let early = last(&net, BOX, TRUNK, "183 INVITE");
    let unusable = moved.replace("AVP 8 101", "AVP 18");
    let said = net.ask(TRUNK, BOX, &within(&early, "PRACK", 8, &rack(&early, 0), &unusable));
    assert_eq!(lines(&said), ["200 PRACK", "488 INVITE"]);
    assert!(header(&said[1], "Warning").is_some());
    assert_eq!(net.story(BOX, leg), "Arrived Gone(NotAcceptable)");
}

#[test]
fn rfc_3262_5_the_first_reliable_response_to_an_invite_without_an_offer_has_ours() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let offerless = invite("Require: 100rel\n").replace(SDP, "");
    let offerless = offerless.replace("Content-Type: application/sdp\n", "");
    let first = net.ask(TRUNK, BOX, &offerless);
    assert_eq!(lines(&first), ["100 INVITE"], "it waits for a description to go with");
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(20);
    let described = last(&net, BOX, TRUNK, "183 INVITE");
    assert!(body(&described).contains("m=audio"));
    let said = net.ask(TRUNK, BOX, &within(&described, "PRACK", 8, &rack(&described, 0), SDP));
    assert_eq!(lines(&said), ["200 PRACK"]);
    assert_eq!(net.media(BOX, leg).len(), 1);
    net.tell(BOX, Command::Alert { leg });
    net.run_ms(20);
    assert_eq!(net.lines(BOX, TRUNK).last().map(String::as_str), Some("180 INVITE"));
}

#[test]
fn an_update_before_the_answer_waits_for_the_first_description() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let first = net.ask(TRUNK, BOX, &invite("Supported: 100rel\n")).remove(0);
    let leg = net.arrived(BOX)[0];
    let moved = SDP.replace("30000", "30002").replace("far 1 1", "far 1 2");
    let early = net.ask(TRUNK, BOX, &within(&first, "UPDATE", 8, "", &moved));
    assert_eq!(lines(&early), ["500 UPDATE"], "3311 5.2");
    assert!(header(&early[0], "Retry-After").is_some());
    early_media(&mut net, leg);
    net.run_ms(20);
    let described = last(&net, BOX, TRUNK, "183 INVITE");
    net.ask(TRUNK, BOX, &within(&first, "PRACK", 9, &rack(&described, 0), ""));
    let taken = net.ask(TRUNK, BOX, &within(&first, "UPDATE", 10, "", &moved));
    assert_eq!(lines(&taken), ["200 UPDATE"]);
    assert!(body(&taken[0]).contains("m=audio"));
    assert_eq!(net.media(BOX, leg).last().unwrap().remote.port(), 30_002);
}

#[test]
fn an_update_within_a_call_is_answered_at_once_and_needs_no_ack() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let mut far = Far::caller(&mut net, TRUNK);
    let held = format!("{SDP}a=sendonly\n");
    let answers = far.ask(&mut net, "UPDATE", "", &held);
    assert_eq!(lines(&answers), ["200 UPDATE"]);
    assert!(body(&answers[0]).contains("a=recvonly"));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    assert_eq!(lines(&far.ask(&mut net, "UPDATE", "", "")), ["200 UPDATE"]);
    assert_eq!(lines(&far.ask(&mut net, "UPDATE", "", "v=1\n")), ["488 UPDATE"]);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    net.run(Duration::from_secs(40));
    assert_eq!(net.endpoint(BOX).legs(), 1, "nothing waits for an ACK");
}

#[test]
fn an_update_that_meets_our_re_invite_is_refused_with_491() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let mut far = Far::caller(&mut net, TRUNK);
    net.tell(BOX, Command::Hold { leg, send: true });
    assert_eq!(lines(&far.ask(&mut net, "UPDATE", "", SDP)), ["INVITE", "491 UPDATE"]);
    assert_eq!(net.endpoint(BOX).counters().glares, 1);
}

/// Rings a phone whose endpoint is taken away; gives the INVITE.
fn rung(net: &mut Network) -> String {
    net.register(PHONE, "8001");
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
    net.run_ms(20);
    last(net, BOX, PHONE, "INVITE")
}

fn reliably(rseq: u32) -> String {
    format!("Require: 100rel\nRSeq: {rseq}\n")
}

#[test]
fn reliable_responses_are_acknowledged_in_their_order_and_others_passed_over() {
    let mut net = Network::new(1);
    let invite = rung(&mut net);
    assert!(header(&invite, "Supported").unwrap().contains("100rel"));
    let one = answer(&mut net, PHONE, &invite, 180, "a", &reliably(5), "");
    assert_eq!(lines(&one), ["PRACK"]);
    let cseq = header(&invite, "CSeq").unwrap();
    assert_eq!(header(&one[0], "RAck"), Some(format!("5 {cseq}")));
    assert!(header(&one[0], "To").unwrap().contains("tag=a"));
    let none = answer(&mut net, PHONE, &invite, 183, "a", &reliably(7), SDP);
    assert_eq!(lines(&none), [""; 0], "6 is missing");
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    let two = answer(&mut net, PHONE, &invite, 183, "a", &reliably(6), SDP);
    assert_eq!(lines(&two), ["PRACK"]);
    assert_eq!(net.story(BOX, ringing()), "Ringing EarlyMedia");
    let again = answer(&mut net, PHONE, &invite, 183, "a", &reliably(6), SDP);
    assert_eq!(lines(&again), [""; 0], "its PRACK is on its way");
}

#[test]
fn each_phone_behind_one_invite_has_its_early_dialog_and_the_first_answer_is_the_call() {
    let mut net = Network::new(1);
    let invite = rung(&mut net);
    let other = SDP.replace("30000", "40000");
    for (tag, rseq, sdp) in [("a", 5, SDP), ("b", 900, &other)] {
        let answers = answer(&mut net, PHONE, &invite, 183, tag, &reliably(rseq), sdp);
        assert_eq!(lines(&answers), ["PRACK"], "{tag}");
        assert!(header(&answers[0], "To").unwrap().ends_with(&format!("tag={tag}")));
    }
    let ports: Vec<_> = net.media(BOX, ringing()).iter().map(|m| m.remote.port()).collect();
    assert_eq!(ports, [30_000, 40_000], "the last to speak is heard");
    assert_eq!(net.endpoint(BOX).dialogs(), 2);
    let acks = answer(&mut net, PHONE, &invite, 200, "a", "", "");
    assert_eq!(lines(&acks), ["ACK"]);
    assert_eq!(net.story(BOX, ringing()), "EarlyMedia Answered");
    assert_eq!(net.media(BOX, ringing()).last().unwrap().remote.port(), 30_000);
    assert_eq!(net.endpoint(BOX).dialogs(), 1);
    net.tell(BOX, hang_up(ringing()));
    let bye = last(&net, BOX, PHONE, "BYE");
    assert!(header(&bye, "To").unwrap().ends_with("tag=a"));
    net.run(Duration::from_secs(40));
    assert_eq!((net.endpoint(BOX).dialogs(), net.endpoint(BOX).legs()), (0, 0));
}

#[test]
fn a_phone_that_rings_may_move_its_sound_by_update() {
    let mut net = Network::new(1);
    let invite = rung(&mut net);
    let prack = answer(&mut net, PHONE, &invite, 183, "a", &reliably(5), SDP).remove(0);
    let update = |cseq: u32, body: &str| {
        let of = |name: &str| header(&prack, name).unwrap();
        format!(
            "UPDATE sip:192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKu{cseq}\n\
             Max-Forwards: 70\nFrom: {}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} UPDATE\n\
             Contact: <sip:far@{PHONE}>\nContent-Type: application/sdp\n\n{body}",
            of("To"),
            of("From"),
            of("Call-ID")
        )
    };
    let moved = SDP.replace("30000", "30002").replace("far 1 1", "far 1 2");
    let answers = net.ask(PHONE, BOX, &update(1, &moved));
    assert_eq!(lines(&answers), ["200 UPDATE"]);
    assert_eq!(net.media(BOX, ringing()).last().unwrap().remote.port(), 30_002);
    assert_eq!(lines(&net.ask(PHONE, BOX, &update(1, &moved).replace("u1", "v1"))), ["500 UPDATE"]);
    let elsewhere = update(2, &moved).replace("tag=a", "tag=c");
    assert_eq!(lines(&net.ask(PHONE, BOX, &elsewhere)), ["481 UPDATE"]);
}

#[test]
fn alerting_says_ringing_again_and_means_nothing_after_the_answer() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tell(BOX, Command::Alert { leg });
    net.run_ms(20);
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "180 INVITE"]);
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(20);
    for command in [Command::Alert { leg }, Command::EarlyMedia { leg, rtp: rtp(0) }] {
        net.tell(BOX, command);
    }
    net.run_ms(20);
    assert_eq!(net.lines(BOX, TRUNK)[2..], ["200 INVITE"]);
    net.tell(BOX, hang_up(leg));
    net.run_ms(100);
    assert_eq!(net.events(BOX, leg).last(), Some(&LegEvent::Gone(Cause::Normal)));
}

/// Where the signalling of a leg's last medium was said to come from.
fn signalling(net: &Network, leg: LegId) -> String {
    let of = |said: &Said| match said.output {
        sip::Output::Media { leg: l, signalling, .. } if l == leg => Some(signalling.to_string()),
        _ => None,
    };
    net.said.iter().rev().find_map(of).unwrap()
}

const MOVED: &str = "198.51.100.17:5060";

#[test]
fn rfc_3311_5_2_a_party_that_moves_with_its_update_is_followed_before_its_sound_is() {
    let moved = SDP.replace("30000", "30002").replace("far 1 1", "far 1 2");
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let mut far = Far::caller(&mut net, TRUNK);
    let update = far.request("UPDATE", "", &moved).replace(TRUNK, MOVED);
    assert_eq!(lines(&net.ask(MOVED, BOX, &update)), ["200 UPDATE"]);
    assert_eq!(signalling(&net, leg), MOVED);

    // And before the answer.
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let first = net.ask(TRUNK, BOX, &invite("Supported: 100rel\n")).remove(0);
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(20);
    let described = last(&net, BOX, TRUNK, "183 INVITE");
    net.ask(TRUNK, BOX, &within(&first, "PRACK", 8, &rack(&described, 0), ""));
    let update = within(&first, "UPDATE", 9, "", &moved).replace(TRUNK, MOVED);
    assert_eq!(lines(&net.ask(MOVED, BOX, &update)), ["200 UPDATE"]);
    assert_eq!(signalling(&net, leg), MOVED);
}

#[test]
fn rfc_3261_20_43_an_answer_that_cannot_be_made_any_more_says_why() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    net.ask(TRUNK, BOX, &invite("").replace("AVP 8 101", "AVP 0"));
    let leg = net.arrived(BOX)[0];
    // The codec of the offer is taken away while it rings.
    let config = box_config();
    let codecs = model::Codecs::new([model::Codec::Pcma]).unwrap();
    let (accounts, trunks) = (config.accounts, config.trunks);
    net.tell(
        BOX,
        Command::Configure(sip::Accounts { accounts, trunks, codecs, ..Default::default() }),
    );
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    let refusal = last(&net, BOX, TRUNK, "488 INVITE");
    assert!(header(&refusal, "Warning").unwrap().starts_with("305 "), "{refusal}");
    assert!(header(&refusal, "Reason").is_some());
}

#[test]
fn rfc_3261_20_43_an_answer_in_the_prack_that_makes_no_call_is_refused_with_its_reason() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    let offerless = invite("Supported: 100rel\n").replace(SDP, "");
    let offerless = offerless.replace("Content-Type: application/sdp\n", "");
    let first = net.ask(TRUNK, BOX, &offerless).remove(0);
    let leg = net.arrived(BOX)[0];
    early_media(&mut net, leg);
    net.run_ms(20);
    let described = last(&net, BOX, TRUNK, "183 INVITE");
    let unusable = SDP.replace("AVP 8 101", "AVP 18");
    net.ask(TRUNK, BOX, &within(&first, "PRACK", 8, &rack(&described, 0), &unusable));
    let refusal = last(&net, BOX, TRUNK, "488 INVITE");
    assert!(header(&refusal, "Warning").is_some(), "{refusal}");
}
