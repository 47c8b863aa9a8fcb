//! Calls in and out, refused, cancelled, held and ended from both sides (RFC 3261 9, 12 to 15).

#![allow(clippy::unwrap_used)]

mod network;

use model::{Cause, Codec, LegEvent, LegId, Number, PersonName, PhoneId, Secret, TrunkId, Via};
use network::*;
use sip::{Command, MediaPlan, TrunkConfig};
use std::time::Duration;

fn plan(remote: &str, send: bool, receive: bool) -> MediaPlan {
    MediaPlan {
        remote: remote.parse().unwrap(),
        codec: Codec::Pcma,
        dtmf_clock_hz: 8000,
        ptime_ms: 20,
        comfort_noise: false,
        rtcp_mux: true,
        opus: model::OpusTerms::default(),
        payload_type: 8,
        dtmf_payload_type: Some(101),
        send,
        receive,
        srtp: None,
    }
}

#[test]
fn a_trunk_call_arrives_without_a_challenge_and_says_who_calls_what() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    assert_eq!(
        net.events(BOX, leg),
        [LegEvent::Arrived {
            via: Via::Trunk(TrunkId::new("carrier")),
            caller: Number::new("13912345678"),
            name: PersonName::new("Wang Fang"),
            dialled: "95000".into(),
            diverted: Number::default(),
        }]
    );
    assert_eq!(leg, LegId::inbound(1));
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE"]);
    assert_eq!(net.story(TRUNK, out()), "Ringing");
}

#[test]
fn a_call_in_is_answered_with_media_before_the_answer_on_both_sides() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered");
    assert_eq!(net.media(BOX, leg), [plan("198.51.100.7:20000", true, true)]);
    assert_eq!(net.media(TRUNK, out()), [plan("192.0.2.1:10000", true, true)]);
    let place = |wanted: &dyn Fn(&sip::Output) -> bool| {
        net.said.iter().position(|s| s.who == at(BOX) && wanted(&s.output)).unwrap()
    };
    let media = place(&|o| matches!(o, sip::Output::Media { .. }));
    let answered = place(&|o| matches!(o, sip::Output::Leg { event: LegEvent::Answered, .. }));
    assert!(media < answered);
    assert_eq!(net.lines(TRUNK, BOX), ["INVITE", "ACK"]);
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "200 INVITE"]);
}

#[test]
fn the_caller_hangs_up() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(Normal)");
    net.tear_down();
}

#[test]
fn the_box_hangs_up() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, hang_up(leg));
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(Normal)");
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "200 INVITE", "BYE"]);
    net.tear_down();
}

#[test]
fn both_hang_up_at_once() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, hang_up(leg));
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(Normal)");
    net.tear_down();
}

#[test]
fn a_phone_calls_in_with_its_password_and_is_known_by_its_account() {
    let mut net = Network::new(1);
    net.tell(PHONE, uri_call(OUT, "sip:*81@box.example", true));
    net.run_ms(100);
    let leg = net.arrived(BOX)[0];
    let LegEvent::Arrived { via, caller, dialled, .. } = &net.events(BOX, leg)[0] else {
        panic!("it did not arrive");
    };
    assert_eq!(*via, Via::Phone(PhoneId::new("8001")));
    assert_eq!(caller.reveal(), "8001", "whatever number it claims in From");
    assert_eq!(dialled, "*81");
    assert_eq!(net.lines(PHONE, BOX), ["INVITE", "ACK", "INVITE"]);
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.story(PHONE, out()), "Ringing Answered");
}

#[test]
fn a_phone_with_a_wrong_password_does_not_call_in() {
    let mut net = Network::new(1);
    let Command::InviteUri { leg, uri, to, rtp, caller, name, user, offer, .. } =
        uri_call(OUT, "sip:95@box.example", true)
    else {
        panic!()
    };
    let secret = Secret::new("guess");
    net.tell(PHONE, Command::InviteUri { leg, uri, to, rtp, caller, name, user, secret, offer });
    net.run_ms(100);
    assert_eq!(net.story(PHONE, out()), "Gone(Forbidden)");
    assert_eq!(net.arrived(BOX), []);
    assert_eq!(net.endpoint(BOX).counters().failures[&PhoneId::new("8001")], 1);
    assert_eq!(net.endpoint(BOX).transactions(), 0, "a stranger costs no memory");
    net.tear_down();
}

#[test]
fn a_desk_phone_is_rung_and_picks_up() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    let LegEvent::Arrived { caller, name, dialled, .. } = &net.events(PHONE, leg)[0] else {
        panic!("it did not arrive");
    };
    assert_eq!(caller.reveal(), "13912345678");
    assert_eq!(name.reveal(), "Wang \"W\" Fang");
    assert_eq!(dialled, "8001");
    net.tell(PHONE, Command::Answer { leg, rtp: "192.0.2.11:30000".parse().unwrap() });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(net.media(BOX, ringing()), [plan("192.0.2.11:30000", true, true)]);
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(100);
    assert_eq!(net.story(PHONE, leg), "Arrived Answered Gone(Normal)");
    net.tear_down();
}

#[test]
fn a_withheld_number_rings_as_anonymous() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    let Command::Invite { leg, phone, rtp, .. } = ring("8001") else { panic!() };
    let (caller, name) = (Number::default(), PersonName::default());
    net.tell(
        BOX,
        Command::Invite {
            leg,
            phone,
            rtp,
            caller,
            name,
            auto_answer: false,
            referrer: Number::default(),
            codec: None,
        },
    );
    net.run_ms(100);
    let leg = net.arrived(PHONE)[0];
    let LegEvent::Arrived { caller, .. } = &net.events(PHONE, leg)[0] else { panic!() };
    assert!(caller.is_empty());
    let invite = net.sent.iter().find(|s| s.3.starts_with("INVITE")).unwrap();
    assert!(!invite.3.contains("P-Asserted-Identity"));
}

#[test]
fn a_phone_that_is_not_registered_is_out_of_reach_at_once() {
    let mut net = Network::new(1);
    net.tell(BOX, ring("8001"));
    assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
}

#[test]
fn each_refusal_of_a_phone_has_its_cause() {
    for (refused, told) in [
        (Cause::Busy, "Gone(Busy)"),
        (Cause::Declined, "Gone(Declined)"),
        (Cause::NoAnswer, "Gone(NoAnswer)"),
        (Cause::NotFound, "Gone(NotFound)"),
        (Cause::Congestion, "Gone(Congestion)"),
    ] {
        let mut net = Network::new(1);
        let leg = net.ring_phone();
        net.tell(PHONE, Command::Refuse { leg, cause: refused });
        net.run_ms(100);
        assert_eq!(net.story(BOX, ringing()), format!("Ringing {told}"));
        net.tear_down();
    }
}

#[test]
fn the_box_refuses_a_caller_and_the_refusal_is_acknowledged() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tell(BOX, Command::Refuse { leg, cause: Cause::Busy });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Gone(Busy)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Gone(Busy)");
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "486 INVITE"]);
    assert_eq!(net.lines(TRUNK, BOX), ["INVITE", "ACK"]);
    net.tear_down();
}

#[test]
fn a_caller_who_gives_up_while_it_rings_is_cancelled() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Gone(Cancelled)");
    assert_eq!(net.lines(TRUNK, BOX), ["INVITE", "CANCEL", "ACK"]);
    let mut answers = net.lines(BOX, TRUNK);
    answers.sort();
    assert_eq!(answers, ["180 INVITE", "200 CANCEL", "487 INVITE"]);
    let tag = |first: &str| {
        let sent = net.sent.iter().find(|s| line(&s.3) == first).unwrap();
        header(&sent.3, "To").unwrap()
    };
    assert_eq!(tag("200 CANCEL"), tag("487 INVITE"), "9.2: the same tag");
    net.tear_down();
}

#[test]
fn a_phone_that_nobody_picks_up_is_cancelled_by_the_box() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    net.tell(BOX, Command::HangUp { leg: ringing(), cause: Cause::NoAnswer });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(NoAnswer)");
    assert_eq!(net.story(PHONE, leg), "Arrived Gone(Cancelled)");
    net.tear_down();
}

#[test]
fn a_cancel_waits_for_the_first_word_of_the_phone() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(BOX, ring("8001"));
    net.tell(BOX, hang_up(ringing()));
    assert_eq!(net.lines(BOX, PHONE)[2..], ["INVITE"], "9.1: no CANCEL before a 1xx");
    net.run_ms(100);
    assert_eq!(net.lines(BOX, PHONE)[2..], ["INVITE", "CANCEL", "ACK"]);
    assert_eq!(net.story(BOX, ringing()), "Gone(Normal)");
    net.tear_down();
}

#[test]
fn a_phone_that_rings_for_ever_is_given_up_after_five_minutes() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(PHONE, registration("8001", PASSWORD, 3000));
    net.run_ms(100);
    net.tell(BOX, ring("8001"));
    net.run(Duration::from_secs(299));
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    // 13.3.1.1: told each minute that it still rings.
    let told = net.lines(PHONE, BOX).iter().filter(|l| *l == "180 INVITE").count();
    assert_eq!(told, 5);
    net.run(Duration::from_secs(2));
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(NoAnswer)");
    net.tell(PHONE, registration("8001", PASSWORD, 0));
    net.tear_down();
}

#[test]
fn a_cancelled_phone_that_dies_is_forgotten_after_32_s() {
    let mut net = Network::new(1);
    net.ring_phone();
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, hang_up(ringing()));
    assert_eq!(net.endpoint(BOX).legs(), 1);
    net.tear_down();
}

#[test]
fn a_cancel_that_crosses_the_answer_ends_in_a_bye() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    // Both in the same moment: CANCEL and 200 meet on the wire.
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(Normal)");
    assert_eq!(net.story(PHONE, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.lines(BOX, PHONE)[2..], ["INVITE", "CANCEL", "ACK", "BYE"]);
    net.tear_down();
}

#[test]
fn an_answer_that_crosses_the_callers_cancel_is_hung_up_by_the_caller() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Gone(Normal)");
    net.tear_down();
}

#[test]
fn a_box_that_hangs_up_before_the_ack_waits_for_it() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.tell(BOX, hang_up(leg));
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "200 INVITE"], "15: no BYE before the ACK");
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    net.run_ms(100);
    assert_eq!(net.lines(BOX, TRUNK)[2..], ["BYE"]);
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(Normal)");
    net.tear_down();
}

#[test]
fn a_caller_without_an_offer_gets_ours_and_answers_it_in_the_ack() {
    let mut net = Network::new(1);
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", false));
    net.run_ms(100);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    assert_eq!(net.story(BOX, leg), "Arrived", "not answered before the media are known");
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.media(BOX, leg), [plan("198.51.100.7:20000", true, true)]);
    assert_eq!(net.media(TRUNK, out()), [plan("192.0.2.1:10000", true, true)]);
    net.tell(BOX, hang_up(leg));
    net.tear_down();
}

#[test]
fn a_delayed_offer_without_an_answer_is_hung_up() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n").filter(|_| text.starts_with("ACK"))
        else {
            return Some(bytes);
        };
        let keep = |l: &&str| !l.starts_with("Content-");
        let head: Vec<_> = head.split("\r\n").filter(keep).collect();
        Some(format!("{}\r\n\r\n", head.join("\r\n")).into_bytes())
    }));
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", false));
    net.run_ms(100);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Gone(NotAcceptable)");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Gone(NotAcceptable)");
    net.tear_down();
}

#[test]
fn rfc_3261_20_43_a_description_that_makes_no_call_is_refused_with_its_reason() {
    let cases = [
        ("IN IP6 2001:db8::9", "audio 30000 RTP/AVP 8", 301, 1),
        ("IN IP4 gateway.example", "audio 30000 RTP/AVP 8", 301, 0),
        ("IN IP4 198.51.100.9", "video 30000 RTP/AVP 31", 304, 0),
        ("IN IP4 198.51.100.9", "audio 30000 RTP/AVP 18", 305, 0),
    ];
    for (connection, media, code, family) in cases {
        let mut net = Network::new(1);
        net.endpoints.remove(&at(TRUNK));
        let text = format!(
            "INVITE sip:95000@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKw\n\
             Max-Forwards: 70\nFrom: <sip:1@carrier.example>;tag=1\nTo: <sip:95000@192.0.2.1>\n\
             Call-ID: w\nCSeq: 1 INVITE\nContact: <sip:1@{TRUNK}>\n\
             Content-Type: application/sdp\n\nv=0\no=- 1 1 {connection}\ns=-\nc={connection}\n\
             t=0 0\nm={media}\n"
        );
        let answers = net.ask(TRUNK, BOX, &text);
        assert_eq!(line(&answers[0]), "488 INVITE");
        let warning = header(&answers[0], "Warning").unwrap();
        assert!(warning.starts_with(&format!("{code} 192.0.2.1:5060 \"")), "{warning}");
        assert_eq!(net.endpoint(BOX).counters().refused_family, family);
        let via = Via::Trunk(TrunkId::new("carrier"));
        let told = net.news(BOX).contains(&sip::Output::RefusedFamily { via });
        assert_eq!(told, family == 1, "{connection}");
    }
}

#[test]
fn a_box_of_both_families_answers_each_peer_in_its_own() {
    for (far, offered, own) in [
        (FAR, "IN IP6 2001:db8::7", "c=IN IP6 2001:db8::1"),
        (TRUNK, "IN IP4 198.51.100.7", "c=IN IP4"),
    ] {
        let mut config = box_config();
        let both = config.locals.and(sip::Transport::Udp, at(SIX));
        config.locals = both.sounding(std::net::Ipv6Addr::UNSPECIFIED.into());
        let peer = TrunkConfig::from_peers(vec![at(far).ip()], 10);
        config.trunks = [(TrunkId::new("six"), peer)].into();
        let mut net = Network::with(1, config);
        net.endpoints.remove(&at(TRUNK));
        let text = format!(
            "INVITE sip:95000@{BOX} SIP/2.0\nVia: SIP/2.0/UDP {far};branch=z9hG4bKw\n\
             Max-Forwards: 70\nFrom: <sip:1@carrier.example>;tag=1\nTo: <sip:95000@{BOX}>\n\
             Call-ID: w\nCSeq: 1 INVITE\nContact: <sip:1@{far}>\n\
             Content-Type: application/sdp\n\nv=0\no=- 1 1 {offered}\ns=-\nc={offered}\nt=0 0\n\
             m=audio 30000 RTP/AVP 8\n"
        );
        net.ask(far, BOX, &text);
        let leg = net.arrived(BOX)[0];
        let rtp = "[::]:20000".parse().unwrap();
        net.tell(BOX, Command::Answer { leg, rtp });
        net.run_ms(20);
        let answer = net.sent.iter().map(|sent| &sent.3).find(|text| text.contains("200 OK"));
        assert!(answer.unwrap().contains(own), "{answer:?}");
    }
}

const SIX: &str = "[2001:db8::1]:5060";
const FAR: &str = "[2001:db8::7]:5060";

#[test]
fn an_ipv4_offer_to_a_box_of_ipv6_alone_is_refused_with_its_reason() {
    let mut config = box_config();
    config.locals = sip::Locals::udp(at(SIX));
    config.trunks = [(TrunkId::new("six"), TrunkConfig::from_peers(vec![at(FAR).ip()], 10))].into();
    let mut net = Network::with(1, config.clone());
    net.endpoints.insert(at(SIX), sip::Endpoint::new(net.now, config));
    let text = format!(
        "INVITE sip:95000@{SIX} SIP/2.0\nVia: SIP/2.0/UDP {FAR};branch=z9hG4bKw\nMax-Forwards: 70\n\
         From: <sip:1@carrier.example>;tag=1\nTo: <sip:95000@{SIX}>\nCall-ID: w\nCSeq: 1 INVITE\n\
         Contact: <sip:1@{FAR}>\nContent-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 198.51.100.9\n\
         s=-\nc=IN IP4 198.51.100.9\nt=0 0\nm=audio 30000 RTP/AVP 8\n"
    );
    let answers = net.ask(FAR, SIX, &text);
    let warning = header(&answers[0], "Warning").unwrap();
    assert_eq!(line(&answers[0]), "488 INVITE");
    assert!(warning.starts_with("301 [2001:db8::1]:5060 "), "{warning}");
}

#[test]
fn a_caller_without_a_law_of_ours_is_refused_with_488() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let foreign = text.replace("RTP/AVP 8 0 101", "RTP/AVP 9 18 101");
        Some(foreign.replace("Content-Length", "X-Was").into_bytes())
    }));
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", true));
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Gone(NotAcceptable)");
    assert_eq!(net.arrived(BOX), []);
    net.tear_down();
}

#[test]
fn a_phone_that_answers_with_nothing_usable_is_hung_up() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(text.replace("m=audio", "m=video").into_bytes())
    }));
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(NotAcceptable)");
    assert_eq!(net.story(PHONE, leg), "Arrived Answered Gone(NotAcceptable)");
    net.tear_down();
}

#[test]
fn a_party_holds_and_resumes() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    assert_eq!(net.media(BOX, leg)[1], plan("198.51.100.7:20000", false, true));
    assert_eq!(net.media(TRUNK, out())[1], plan("192.0.2.1:10000", true, false));
    net.tell(TRUNK, Command::Hold { leg: out(), send: false });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held", "held is held");
    assert_eq!(net.media(BOX, leg)[2], plan("198.51.100.7:20000", false, false));
    net.tell(TRUNK, Command::Resume { leg: out() });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held Resumed");
    assert_eq!(net.media(BOX, leg)[3], plan("198.51.100.7:20000", true, true));
    assert_eq!(net.media(TRUNK, out())[3], plan("192.0.2.1:10000", true, true));
    net.tell(BOX, hang_up(leg));
    net.tear_down();
}

#[test]
fn the_box_holds_and_resumes() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Held");
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.media(BOX, leg)[1], plan("198.51.100.7:20000", true, false));
    net.tell(BOX, Command::Resume { leg });
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Held Resumed");
    net.tell(TRUNK, hang_up(out()));
    net.tear_down();
}

#[test]
fn both_hold_and_each_resumes_alone() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(100);
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Held");
    let last = |net: &Network| {
        let media = net.media(BOX, leg).last().unwrap().clone();
        (media.send, media.receive)
    };
    assert_eq!(last(&net), (false, false));
    net.tell(BOX, Command::Resume { leg });
    net.run_ms(100);
    assert_eq!(last(&net), (false, true), "the other still holds");
    net.tell(TRUNK, Command::Resume { leg: out() });
    net.run_ms(100);
    assert_eq!(last(&net), (true, true));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held Resumed");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Held Resumed");
}

#[test]
fn re_invites_that_meet_are_both_refused_with_491_and_both_come_through_later() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, Command::Hold { leg, send: true });
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    assert!(net.lines(BOX, TRUNK).contains(&"491 INVITE".to_owned()));
    assert!(net.lines(TRUNK, BOX).contains(&"491 INVITE".to_owned()));
    assert_eq!(net.story(BOX, leg), "Arrived Answered", "nothing changed yet");
    // 14.1: the owner of the Call-ID waits 2.1 to 4 s, the other up to 2 s.
    net.run(Duration::from_millis(4200));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered Held");
    assert_eq!(net.endpoint(BOX).counters().glares, 2, "one sent, one got");
    let last = net.media(BOX, leg).last().unwrap().clone();
    assert_eq!((last.send, last.receive), (false, false));
    net.tell(BOX, hang_up(leg));
    net.tear_down();
}

#[test]
fn a_re_invite_nobody_answers_ends_the_call_as_vanished() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.endpoints.remove(&at(TRUNK));
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run(Duration::from_secs(31));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    net.run(Duration::from_secs(2));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)");
    net.tear_down();
}

#[test]
fn a_re_invite_of_a_call_the_peer_forgot_ends_it() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    // The gateway restarts.
    let anew = sip::Endpoint::new(net.now, phone_config(TRUNK));
    *net.endpoint(TRUNK) = anew;
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)");
    net.tear_down();
}

#[test]
fn a_key_pressed_is_told_by_info() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let invite = net.sent.iter().find(|s| line(&s.3) == "200 INVITE").unwrap().3.clone();
    let info = |cseq: u32, kind: &str, body: &str| {
        format!(
            "INFO sip:192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKi{cseq};rport\n\
             From: {}\nTo: {}\nCall-ID: {}\nCSeq: {cseq} INFO\nContent-Type: {kind}\n\
             Content-Length: {}\n\n{body}",
            header(&invite, "From").unwrap(),
            header(&invite, "To").unwrap(),
            header(&invite, "Call-ID").unwrap(),
            body.replace('\n', "\r\n").len(),
        )
    };
    let number = header(&invite, "CSeq").unwrap();
    let n: u32 = number.split(' ').next().unwrap().parse().unwrap();
    for (step, kind, body) in [
        (1, "application/dtmf-relay", "Signal=5\nDuration=160\n"),
        (2, "application/dtmf-relay", "Signal= #\nDuration= 160\n"),
        (3, "application/dtmf", "10"),
    ] {
        let text = info(n + step, kind, body).replace('\n', "\r\n");
        net.inject(TRUNK, BOX, text.as_bytes());
    }
    assert_eq!(net.story(BOX, leg), "Arrived Answered Digit(5) Digit(#) Digit(*)");
    let text = info(n + 4, "text/plain", "hello").replace('\n', "\r\n");
    net.inject(TRUNK, BOX, text.as_bytes());
    let text = info(n + 2, "application/dtmf", "1").replace("z9hG4bKi", "z9hG4bKlate");
    net.inject(TRUNK, BOX, text.replace('\n', "\r\n").as_bytes());
    let answers = net.lines(BOX, TRUNK);
    let infos: Vec<_> = answers.iter().filter(|l| l.ends_with("INFO")).collect();
    assert_eq!(infos, ["200 INFO", "200 INFO", "200 INFO", "415 INFO", "500 INFO"]);
}

#[test]
fn a_re_invite_that_is_refused_leaves_the_call_as_it_was() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tamper = Some(Box::new(|from, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let spoil = from == at(BOX) && text.starts_with("INVITE");
        Some(if spoil { text.replace("m=audio", "m=video").into_bytes() } else { bytes })
    }));
    net.tell(BOX, Command::Hold { leg, send: false });
    net.run_ms(100);
    assert!(net.lines(TRUNK, BOX).contains(&"488 INVITE".to_owned()));
    assert_eq!(net.media(BOX, leg).len(), 1);
    net.tamper = None;
    // The peer's own re-INVITE finds the box as it was before: both ways.
    net.tell(TRUNK, Command::Resume { leg: out() });
    net.run_ms(100);
    assert_eq!(net.media(TRUNK, out()).last(), Some(&plan("192.0.2.1:10000", true, true)));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
}

#[test]
fn a_hang_up_whose_ack_never_comes_is_told_once_and_says_bye_after_32_s() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tamper = Some(Box::new(|_, _, bytes| (!bytes.starts_with(b"ACK")).then_some(bytes)));
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.tell(BOX, hang_up(leg));
    net.run(Duration::from_secs(33));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.lines(BOX, TRUNK).last().map(String::as_str), Some("BYE"));
    net.tear_down();
}

#[test]
fn a_party_that_moves_is_followed_to_its_new_contact() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tamper = Some(Box::new(|from, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let moved = text
            .replace("Contact: <sip:8001@198.51.100.7:5060>", "Contact: <sip:m@198.51.100.7:5090>");
        Some(if from == at(TRUNK) { moved.into_bytes() } else { bytes })
    }));
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    net.tell(BOX, hang_up(leg));
    let last = net.sent.last().unwrap();
    assert_eq!(last.2, at("198.51.100.7:5090"));
    assert!(last.3.starts_with("BYE sip:m@198.51.100.7:5090 SIP/2.0"));
}

#[test]
fn a_refusal_that_is_lost_is_sent_again_until_its_ack() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    let mut lost = 0;
    net.tamper = Some(Box::new(move |_, _, bytes| {
        lost += usize::from(bytes.starts_with(b"SIP/2.0 486"));
        (lost != 1 && lost != 2 || !bytes.starts_with(b"SIP/2.0 486")).then_some(bytes)
    }));
    net.tell(BOX, Command::Refuse { leg, cause: Cause::Busy });
    net.run_ms(1400);
    assert_eq!(net.story(TRUNK, out()), "Ringing");
    net.run_ms(200);
    assert_eq!(net.story(TRUNK, out()), "Ringing Gone(Busy)", "17.2.1: after 0.5 and 1.5 s");
    net.run_ms(10_000);
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "486 INVITE", "486 INVITE", "486 INVITE"]);
    net.tear_down();
}

#[test]
fn a_bye_before_the_answer_ends_the_ringing_as_a_cancel_does() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    let ringing = net.sent.iter().find(|s| line(&s.3) == "180 INVITE").unwrap().3.clone();
    let head = |name: &str| header(&ringing, name).unwrap();
    let bye = format!(
        "BYE sip:192.0.2.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKbye;rport\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 99999999 BYE\r\n\r\n",
        head("From"),
        head("To"),
        head("Call-ID")
    );
    net.inject(TRUNK, BOX, bye.as_bytes());
    net.run_ms(100);
    assert_eq!(net.story(BOX, leg), "Arrived Gone(Cancelled)");
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "200 BYE", "487 INVITE"]);
    net.tear_down();
}

#[test]
fn a_video_phone_keeps_its_refused_video_when_it_is_put_on_hold() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|from, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let plain = text.replace("Content-Length", "X-Was");
        Some(if from == at(TRUNK) && text.starts_with("INVITE") {
            (plain + "m=video 9000 RTP/AVP 96\r\n").into_bytes()
        } else if text.starts_with("SIP/2.0 200") && text.contains("m=video") {
            // The test's caller knows nothing of the video it offered.
            plain.split("m=video").next().unwrap().as_bytes().to_vec()
        } else {
            bytes
        })
    }));
    let leg = net.talk_in();
    net.tell(BOX, Command::Hold { leg, send: true });
    let offer = &net.sent.last().unwrap().3;
    let media: Vec<_> = offer.lines().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(media, ["m=audio 10000 RTP/AVP 8 0 101", "m=video 0 RTP/AVP 96"]);
}

#[test]
fn a_party_that_holds_the_old_way_by_an_address_of_zeros_is_held_and_taken_back() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    let mut far = network::far::Far::caller(&mut net, TRUNK);
    let zeros = network::far::SDP.replace("c=IN IP4 198.51.100.9", "c=IN IP4 0.0.0.0");
    let held = far.ask(&mut net, "INVITE", "", &zeros);
    assert_eq!(network::far::lines(&held), ["200 INVITE"]);
    let plan = net.media(BOX, leg).last().unwrap().clone();
    assert!(!plan.send && plan.receive && plan.remote.ip().is_unspecified());
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    let ack = far.request("ACK", "", "");
    let cseq = |text: &str| header(text, "CSeq").unwrap();
    net.ask(TRUNK, BOX, &ack.replace(&cseq(&ack), &cseq(&held[0]).replace("INVITE", "ACK")));
    far.ask(&mut net, "INVITE", "", network::far::SDP);
    assert!(net.media(BOX, leg).last().unwrap().send);
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held Resumed");
}

#[test]
fn a_party_that_holds_us_both_ways_hears_and_says_nothing() {
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(TRUNK, Command::Hold { leg: out(), send: false });
    net.run_ms(100);
    let plan = net.media(BOX, leg).last().unwrap().clone();
    assert_eq!((plan.send, plan.receive), (false, false));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Held");
    // We hold it too meanwhile, and take it back: it still holds us.
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(100);
    net.tell(BOX, Command::Resume { leg });
    net.run_ms(100);
    let plan = net.media(BOX, leg).last().unwrap().clone();
    assert_eq!((plan.send, plan.receive), (false, false));
    net.tell(TRUNK, Command::Resume { leg: out() });
    net.run_ms(100);
    let plan = net.media(BOX, leg).last().unwrap().clone();
    assert_eq!((plan.send, plan.receive), (true, true));
    assert!(net.story(BOX, leg).ends_with("Held Resumed"), "{}", net.story(BOX, leg));
}
