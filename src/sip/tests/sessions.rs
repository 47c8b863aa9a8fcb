//! Session timers, whoever refreshes (RFC 4028), and challenges within a call (RFC 3261 22).

#![allow(clippy::unwrap_used)]

mod network;

use model::{LegId, PhoneId, Secret};
use network::far::{Far, SDP, answer, last, lines};
use network::*;
use sip::{Command, Config};
use std::time::Duration;

fn secs(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// A network whose box asks for a sign of life each `session_s`.
fn asking(session_s: u32) -> Network {
    let mut net = Network::with(1, Config { session_s, ..box_config() });
    for who in [PHONE, OTHER, TRUNK] {
        let config = Config { session_s: 0, ..phone_config(who) };
        net.endpoints.insert(at(who), sip::Endpoint::new(net.now, config));
    }
    net
}

fn invite(more: &str) -> String {
    format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKi\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: <sip:95000@box.example>\nCall-ID: raw\n\
         CSeq: 7 INVITE\nContact: <sip:far@{TRUNK}>\n{more}Content-Type: application/sdp\n\n{SDP}"
    )
}

/// A raw caller with these headers is answered; gives its end.
fn answered(net: &mut Network, more: &str) -> (LegId, Far, String) {
    net.endpoints.remove(&at(TRUNK));
    net.ask(TRUNK, BOX, &invite(more));
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(20);
    let ok = last(net, BOX, TRUNK, "200 INVITE");
    let mut far = Far::caller(net, TRUNK);
    let ack = far.request("ACK", "", "").replace("CSeq: 8", "CSeq: 7");
    net.ask(TRUNK, BOX, &ack);
    (leg, far, ok)
}

#[test]
fn a_call_is_refreshed_by_update_at_half_its_time_and_goes_on() {
    let mut net = asking(1800);
    let leg = net.talk_in();
    let ok = last(&net, BOX, TRUNK, "200 INVITE");
    assert_eq!(header(&ok, "Session-Expires").as_deref(), Some("1800;refresher=uas"));
    assert_eq!(header(&ok, "Require").as_deref(), Some("timer"));
    net.run(secs(899));
    assert!(!net.lines(BOX, TRUNK).contains(&"UPDATE".to_owned()));
    net.run(secs(3000));
    let updates = net.lines(BOX, TRUNK).iter().filter(|l| *l == "UPDATE").count();
    assert_eq!(updates, 4, "at 900, 1800, 2700 and 3600 s");
    let update = last(&net, BOX, TRUNK, "UPDATE");
    assert_eq!(header(&update, "Session-Expires").as_deref(), Some("1800;refresher=uac"));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.media(BOX, leg).len(), 1, "the sound was left alone");
}

#[test]
fn a_caller_without_update_is_refreshed_by_a_re_invite_that_changes_nothing() {
    let mut net = asking(1800);
    net.tamper = Some(Box::new(|from, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let ours = from == at(BOX);
        Some(if ours { text } else { text.replace(" UPDATE,", "") }.into_bytes())
    }));
    let leg = net.talk_in();
    let before = last(&net, BOX, TRUNK, "200 INVITE");
    net.run(secs(901));
    let again = last(&net, BOX, TRUNK, "INVITE");
    let origin = |text: &str| text.lines().find(|l| l.starts_with("o=")).unwrap().to_owned();
    assert_eq!(origin(&again).split(' ').next(), origin(&before).split(' ').next());
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered", "not held either");
}

#[test]
fn a_call_whose_far_end_vanished_is_found_out_by_the_refresh() {
    let mut net = asking(1800);
    let leg = net.talk_in();
    net.endpoints.remove(&at(TRUNK));
    net.run(secs(899));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    net.run(secs(34));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)");
    net.run(secs(40));
    assert_eq!((net.endpoint(BOX).legs(), net.endpoint(BOX).transactions()), (0, 0));
}

#[test]
fn a_far_end_that_promised_to_refresh_and_does_not_is_hung_up() {
    let mut net = asking(1800);
    let more = "Supported: timer\nSession-Expires: 300;refresher=uac\n";
    let (leg, mut far, ok) = answered(&mut net, more);
    assert_eq!(header(&ok, "Session-Expires").as_deref(), Some("300;refresher=uac"));
    net.run(secs(250));
    let more = "Supported: timer\nSession-Expires: 300;refresher=uac\n";
    let refreshed = far.ask(&mut net, "UPDATE", more, "");
    assert_eq!(header(&refreshed[0], "Session-Expires").as_deref(), Some("300;refresher=uac"));
    net.run(secs(267));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    net.run(secs(2));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)", "10: 32 s before the end");
    let bye = last(&net, BOX, TRUNK, "BYE");
    assert!(header(&bye, "Reason").unwrap().contains("Session expired"));
    assert_eq!(net.endpoint(BOX).counters().sessions_expired, 1);
}

#[test]
fn too_short_a_time_is_refused_with_the_least_we_take() {
    let mut net = asking(1800);
    net.endpoints.remove(&at(TRUNK));
    let asked = invite("Supported: timer\nSession-Expires: 60\n");
    let refusal = net.ask(TRUNK, BOX, &asked).remove(0);
    assert_eq!(line(&refusal), "422 INVITE");
    assert_eq!(header(&refusal, "Min-SE").as_deref(), Some("90"));
    // 9: whoever does not understand that is not refused.
    let asked = invite("Session-Expires: 60\n").replace("z9hG4bKi", "z9hG4bKj");
    assert_eq!(lines(&net.ask(TRUNK, BOX, &asked)), ["180 INVITE"]);
}

#[test]
fn a_phone_that_wants_a_longer_time_is_called_again_with_it() {
    let mut net = asking(1800);
    net.register(PHONE, "8001");
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
    net.run_ms(20);
    let invite = last(&net, BOX, PHONE, "INVITE");
    assert_eq!(header(&invite, "Session-Expires").as_deref(), Some("1800"));
    assert_eq!(header(&invite, "Min-SE").as_deref(), Some("90"));
    let again = answer(&mut net, PHONE, &invite, 422, "a", "Min-SE: 3600\n", "");
    assert_eq!(lines(&again), ["ACK", "INVITE"]);
    assert_eq!(header(&again[1], "Session-Expires").as_deref(), Some("3600"));
    assert_eq!(header(&again[1], "Min-SE").as_deref(), Some("3600"));
    let mad = answer(&mut net, PHONE, &again[1], 422, "a", "Min-SE: 1\n", "");
    assert_eq!(lines(&mad), ["ACK"], "it demands nothing more");
    assert_eq!(net.story(BOX, ringing()), "Gone(Failure)");
}

#[test]
fn a_far_end_that_demands_a_longer_time_again_and_again_is_not_asked_for_ever() {
    let mut net = Network::new(1);
    let leg = call_carrier(&mut net);
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(20);
    let hold = last(&net, BOX, TRUNK, "INVITE");
    let mad = answer(&mut net, TRUNK, &hold, 422, "", "Min-SE: 1\n", "");
    assert_eq!(lines(&mad), ["ACK"], "it demands nothing more");
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(20);
    let mut asked = 1;
    for more in 1.. {
        let hold = last(&net, BOX, TRUNK, "INVITE");
        let least = format!("Min-SE: {}\n", 1800 + more);
        let again = answer(&mut net, TRUNK, &hold, 422, "", &least, "");
        if again.len() == 1 {
            break;
        }
        asked += 1;
        assert!(asked < 10, "once more each time");
    }
    assert!(asked > 1, "a longer time is granted");
    assert_eq!(net.story(BOX, leg), "Answered", "the call goes on as it was");
}

#[test]
fn a_refresh_that_is_refused_as_too_brief_is_not_sent_again_at_once() {
    let mut net = asking(1800);
    let (leg, _far, _) = answered(&mut net, "Allow: INVITE, UPDATE\n");
    net.run(secs(901));
    let update = last(&net, BOX, TRUNK, "UPDATE");
    let sent = net.lines(BOX, TRUNK);
    assert_eq!(answer(&mut net, TRUNK, &update, 422, "", "", ""), [""; 0]);
    net.run(secs(800));
    assert_eq!(net.lines(BOX, TRUNK), sent);
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
}

#[test]
fn a_far_end_that_knows_no_timer_is_asked_all_the_same_and_any_answer_is_a_sign_of_life() {
    let mut net = asking(1800);
    let (leg, _far, ok) = answered(&mut net, "Allow: INVITE, UPDATE\n");
    assert_eq!(header(&ok, "Session-Expires"), None);
    for round in 0..3 {
        net.run(secs(901));
        let update = last(&net, BOX, TRUNK, "UPDATE");
        answer(&mut net, TRUNK, &update, 403, "", "", "");
        assert_eq!(net.story(BOX, leg), "Arrived Answered", "round {round}");
    }
    net.run(secs(901));
    let update = last(&net, BOX, TRUNK, "UPDATE");
    answer(&mut net, TRUNK, &update, 481, "", "", "");
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)", "it knows of no call");
}

#[test]
fn a_site_without_session_timers_asks_nobody_and_grants_what_is_asked() {
    let mut net = asking(0);
    let leg = net.talk_in();
    net.run(secs(100_000));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.lines(BOX, TRUNK), ["180 INVITE", "200 INVITE"]);
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"c\", nonce=\"n1\", algorithm=MD5, \
                         qop=\"auth\"\n";

/// The box calls a carrier where it has an account, and is answered; gives the leg.
fn call_carrier(net: &mut Network) -> LegId {
    let leg = LegId::outbound(9);
    let Command::InviteUri { rtp, caller, name, .. } = uri_call(9, "", true) else { panic!() };
    net.endpoints.remove(&at(TRUNK));
    net.tell(
        BOX,
        Command::InviteUri {
            leg,
            uri: format!("sip:110@{TRUNK}"),
            to: sip::Peer::udp(at(TRUNK)),
            rtp,
            caller,
            name,
            user: PhoneId::new("box"),
            secret: Secret::new("s"),
            offer: true,
        },
    );
    net.run_ms(20);
    let invite = last(net, BOX, TRUNK, "INVITE");
    let acks = answer(net, TRUNK, &invite, 200, "far", "", SDP);
    assert_eq!(lines(&acks), ["ACK"]);
    leg
}

#[test]
fn a_carrier_of_ours_that_challenges_a_bye_gets_it_again_with_the_proof() {
    let mut net = Network::new(1);
    let leg = call_carrier(&mut net);
    net.tell(BOX, hang_up(leg));
    net.run_ms(20);
    assert_eq!(net.story(BOX, leg), "Answered Gone(Normal)");
    let bye = last(&net, BOX, TRUNK, "BYE");
    let again = answer(&mut net, TRUNK, &bye, 401, "", CHALLENGE, "");
    assert_eq!(lines(&again), ["BYE"]);
    assert!(header(&again[0], "Authorization").unwrap().contains("username=\"box\""));
    let wrong = answer(&mut net, TRUNK, &again[0], 401, "", CHALLENGE, "");
    assert_eq!(lines(&wrong), [""; 0], "the same proof would be refused again");
    net.run(secs(40));
    assert_eq!((net.endpoint(BOX).legs(), net.endpoint(BOX).dialogs()), (0, 0));
}

#[test]
fn a_carrier_of_ours_that_challenges_a_hold_gets_it_again_with_the_proof() {
    let mut net = Network::new(1);
    let leg = call_carrier(&mut net);
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(20);
    let hold = last(&net, BOX, TRUNK, "INVITE");
    let challenge = CHALLENGE.replace("WWW-Authenticate", "Proxy-Authenticate");
    let again = answer(&mut net, TRUNK, &hold, 407, "", &challenge, "");
    assert_eq!(lines(&again), ["ACK", "INVITE"]);
    assert!(header(&again[1], "Proxy-Authorization").unwrap().contains("username=\"box\""));
    let held = SDP.to_owned() + "a=recvonly\n";
    assert_eq!(lines(&answer(&mut net, TRUNK, &again[1], 200, "", "", &held)), ["ACK"]);
    let media = net.media(BOX, leg).last().unwrap().clone();
    assert_eq!((media.send, media.receive), (true, false));
}

#[test]
fn a_carrier_that_takes_no_proof_may_ask_for_one_at_each_of_300_holds() {
    let mut net = Network::new(1);
    let leg = call_carrier(&mut net);
    for _ in 0..300 {
        net.tell(BOX, Command::Hold { leg, send: true });
        net.run_ms(20);
        let hold = last(&net, BOX, TRUNK, "INVITE");
        let again = answer(&mut net, TRUNK, &hold, 401, "", CHALLENGE, "");
        assert_eq!(lines(&again), ["ACK", "INVITE"], "each has a proof of its own");
        assert_eq!(lines(&answer(&mut net, TRUNK, &again[1], 401, "", CHALLENGE, "")), ["ACK"]);
    }
    assert_eq!(net.story(BOX, leg), "Answered", "the call goes on as it was");
}

#[test]
fn a_carriers_call_whose_bye_finds_no_room_is_not_kept_for_ever() {
    let mut config = box_config();
    config.limits.client_transactions_max = 1;
    let mut net = Network::with(1, config);
    let leg = call_carrier(&mut net);
    net.run(secs(40));
    net.tell(BOX, Command::Ask { leg });
    net.tell(BOX, hang_up(leg));
    net.run(secs(40));
    assert_eq!(net.story(BOX, leg), "Answered Gone(Normal)");
    assert_eq!((net.endpoint(BOX).legs(), net.endpoint(BOX).dialogs()), (0, 0));
}

#[test]
fn the_last_places_are_for_what_ends_a_call() {
    let mut config = box_config();
    config.limits.client_transactions_max = 8;
    let mut net = Network::with(1, config);
    let leg = call_carrier(&mut net);
    net.run(secs(40));
    for _ in 0..20 {
        net.tell(BOX, Command::Ask { leg });
    }
    assert_eq!(net.endpoint(BOX).transactions(), 7);
    net.tell(BOX, hang_up(leg));
    net.run_ms(20);
    assert_eq!(line(&last(&net, BOX, TRUNK, "BYE")), "BYE");
}

#[test]
fn an_answer_that_comes_again_when_its_ack_is_forgotten_does_not_end_its_call() {
    let mut net = Network::new(1);
    let leg = call_carrier(&mut net);
    let first = last(&net, BOX, TRUNK, "INVITE");
    let ok = |invite: &str| {
        let copied = ["Via", "From", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\n", header(invite, name).unwrap()))
            .concat();
        let to = header(invite, "To").unwrap();
        let tag = if to.contains("tag=") { "" } else { ";tag=far" };
        let text = format!(
            "SIP/2.0 200 OK\n{copied}To: {to}{tag}\nContact: <sip:far@{TRUNK}>\n\
             Content-Type: application/sdp\nContent-Length: {}\n\n{SDP}",
            SDP.replace('\n', "\r\n").len()
        );
        text.replace('\n', "\r\n").into_bytes()
    };
    // As many as ACKs are kept, all within one moment.
    for _ in 0..32_768 {
        net.tell(BOX, Command::Hold { leg, send: true });
        let hold = net.sent.last().unwrap().3.clone();
        net.inject(TRUNK, BOX, &ok(&hold));
        net.sent.clear();
    }
    net.inject(TRUNK, BOX, &ok(&first));
    assert_eq!(net.lines(BOX, TRUNK), ["ACK"]);
    assert_eq!(net.story(BOX, leg).matches("Gone").count(), 0);
}

#[test]
fn nobody_elses_challenge_is_answered() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    net.run_ms(100);
    let _far = Far::callee(&mut net, PHONE);
    net.tell(BOX, Command::Hold { leg: ringing(), send: true });
    net.run_ms(20);
    let hold = last(&net, BOX, PHONE, "INVITE");
    assert_eq!(lines(&answer(&mut net, PHONE, &hold, 401, "", CHALLENGE, "")), ["ACK"]);
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(20);
    let bye = last(&net, BOX, PHONE, "BYE");
    assert_eq!(lines(&answer(&mut net, PHONE, &bye, 401, "", CHALLENGE, "")), [""; 0]);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered Gone(Normal)");
}

#[test]
fn who_is_asked_within_a_call_is_there_and_who_knows_of_no_such_call_is_gone() {
    let mut net = asking(0);
    let leg = net.talk_in();
    net.tell(BOX, Command::Ask { leg });
    net.run(secs(1));
    assert!(net.news(BOX).contains(&sip::Output::There { leg }));
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    // Its power came back: it is there, and the call is not.
    let config = Config { session_s: 0, ..phone_config(TRUNK) };
    net.endpoints.insert(at(TRUNK), sip::Endpoint::new(net.now, config));
    net.tell(BOX, Command::Ask { leg });
    net.run(secs(1));
    assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Vanished)");
}

#[test]
fn who_answers_nothing_is_neither_there_nor_ended_by_the_question() {
    let mut net = asking(0);
    let leg = net.talk_in();
    net.endpoints.remove(&at(TRUNK));
    net.tell(BOX, Command::Ask { leg });
    net.run(secs(40));
    let news = net.news(BOX);
    assert!(!news.contains(&sip::Output::There { leg }));
    assert!(news.contains(&sip::Output::Unanswered { leg, code: 408 }), "{news:?}");
    assert_eq!(net.story(BOX, leg), "Arrived Answered", "whoever asked decides");
}

#[test]
fn a_refresh_that_finds_no_room_is_made_later() {
    let mut config = Config { session_s: 1800, ..box_config() };
    config.limits.client_transactions_max = 1;
    let mut net = Network::with(1, config);
    let (leg, _, _) = answered(&mut net, "Allow: UPDATE\n");
    net.run(secs(895));
    net.tell(BOX, Command::Ask { leg });
    net.run(secs(25));
    assert_eq!(net.lines(BOX, TRUNK).iter().filter(|l| *l == "UPDATE").count(), 0, "no room");
    net.run(secs(25));
    assert!(net.lines(BOX, TRUNK).contains(&"UPDATE".to_owned()));
}
