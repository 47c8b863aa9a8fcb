//! Calls and registrations over TCP and TLS: framing, reuse and loss of connections, keep-alives,
//! sips, and long requests (RFC 3261 17, 18, 26.2; RFC 5626 3.5.1 and 4.4.1).

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod network;

use model::{Cause, PhoneId, Secret};
use network::*;
use sip::{Command, Output, Peer, Transport};
use std::time::Duration;

const FAR: &str = "203.0.113.66:41000";

fn by(transport: Transport) -> Peer {
    Peer::new(transport, at(BOX))
}

fn register_over(net: &mut Network, who: &str, transport: Transport) {
    net.tell(
        who,
        Command::Register {
            registrar: by(transport),
            user: PhoneId::new("8001"),
            secret: Secret::new(PASSWORD),
            expires_s: 300,
        },
    );
    net.run_ms(100);
}

fn call_over(net: &mut Network, transport: Transport) -> model::LegId {
    let mut call = uri_call(OUT, "sip:95000@box.example", true);
    if let Command::InviteUri { to, .. } = &mut call {
        *to = by(transport);
    }
    net.tell(TRUNK, call);
    net.run_ms(100);
    *net.arrived(BOX).last().unwrap()
}

fn options(more: &str) -> String {
    format!(
        "OPTIONS sip:box.example SIP/2.0\nVia: SIP/2.0/TCP 203.0.113.66;branch=z9hG4bKo\n\
         From: <sip:e@x>;tag=e\nTo: <sip:box.example>\nCall-ID: o@x\nCSeq: 1 OPTIONS\n\
         {more}\n"
    )
}

#[test]
fn a_call_over_tcp_is_one_connection_and_nothing_is_sent_twice() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let mut net = Network::new(1);
        let leg = call_over(&mut net, transport);
        net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
        net.run_ms(100);
        net.tell(TRUNK, hang_up(out()));
        net.run_ms(100);
        assert_eq!(net.story(BOX, leg), "Arrived Answered Gone(Normal)");
        assert_eq!(net.ends.len(), 2, "one connection, two ends");
        let sent: Vec<String> = net.sent.iter().map(|s| line(&s.3)).collect();
        assert_eq!(sent, ["INVITE", "180 INVITE", "200 INVITE", "ACK", "BYE", "200 BYE"]);
        let via = header(&net.sent[0].3, "Via").unwrap();
        assert!(via.starts_with(&format!("SIP/2.0/{transport} ")), "{via}");
        let contact = header(&net.sent[2].3, "Contact").unwrap();
        assert!(contact.contains(&format!(";transport={}", transport.param())), "{contact}");
        net.tear_down();
    }
}

#[test]
fn over_tcp_a_request_nobody_answers_is_sent_once_and_given_up_after_32_s() {
    let mut net = Network::new(1);
    let flow = net.dial(TRUNK, Transport::Tcp);
    net.run_ms(10);
    let _ = flow;
    net.endpoints.remove(&at(PHONE));
    net.tell(TRUNK, {
        let mut call = uri_call(OUT, "sip:95000@box.example", true);
        if let Command::InviteUri { to, .. } = &mut call {
            *to = Peer::new(Transport::Tcp, at(BOX));
        }
        call
    });
    // The box hears nothing of it.
    net.endpoints.remove(&at(BOX));
    net.run(Duration::from_millis(31_990));
    assert_eq!(net.story(TRUNK, out()), "");
    net.run_ms(20);
    assert_eq!(net.story(TRUNK, out()), "Gone(Unreachable)");
    assert_eq!(net.sent.iter().filter(|s| line(&s.3) == "INVITE").count(), 1);
}

#[test]
fn a_phone_that_registered_over_tls_is_rung_by_the_connection_it_came_by() {
    let mut net = Network::new(1);
    register_over(&mut net, PHONE, Transport::Tls);
    let ends = net.ends.len();
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    let leg = *net.arrived(PHONE).last().unwrap();
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(3) });
    net.run_ms(100);
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(100);
    assert_eq!(net.story(PHONE, leg), "Arrived Answered Gone(Normal)");
    assert_eq!(net.ends.len(), ends, "no other connection was opened");
}

#[test]
fn a_phone_whose_tls_connection_closes_is_unregistered_at_once() {
    let mut net = Network::new(1);
    register_over(&mut net, PHONE, Transport::Tls);
    let near = *net.ends.iter().find(|(_, end)| end.who == at(PHONE)).unwrap().0;
    net.close(near);
    net.run_ms(100);
    let gone = Output::Unregistered { phone: PhoneId::new("8001") };
    assert_eq!(net.news(BOX).last(), Some(&gone));
    net.tell(BOX, ring("8001"));
    assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
}

#[test]
fn a_phone_that_takes_connections_over_tcp_is_connected_to_anew() {
    let mut net = Network::new(1);
    register_over(&mut net, PHONE, Transport::Tcp);
    let near = *net.ends.iter().find(|(_, end)| end.who == at(PHONE)).unwrap().0;
    net.close(near);
    net.run_ms(100);
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    assert_eq!(net.arrived(PHONE).len(), 1);
    assert_eq!(net.ends.len(), 2);
}

#[test]
fn a_phone_that_cannot_be_connected_to_is_unreachable_at_once() {
    let mut net = Network::new(1);
    net.tell(
        PHONE,
        Command::Register {
            registrar: Peer::new(Transport::Tcp, at("192.0.2.99:5060")),
            user: PhoneId::new("8001"),
            secret: Secret::new(PASSWORD),
            expires_s: 300,
        },
    );
    net.run_ms(100);
    let refused = Output::RegisterResult { user: PhoneId::new("8001"), result: Err(503) };
    assert_eq!(net.news(PHONE), [refused]);
    assert_eq!(net.endpoint(PHONE).transactions(), 0);
}

#[test]
fn a_connection_that_carries_no_answer_for_32_s_is_closed_unless_something_else_came_by_it() {
    for speaks in [false, true] {
        let mut net = Network::new(1);
        register_over(&mut net, PHONE, Transport::Tls);
        let near = *net.ends.iter().find(|(_, end)| end.who == at(PHONE)).unwrap().0;
        // No end of the connection comes to either side.
        net.endpoints.remove(&at(PHONE));
        net.tell(BOX, ring("8001"));
        net.run(Duration::from_secs(20));
        assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
        if speaks {
            net.write(near, "\n\n");
        }
        net.run(Duration::from_millis(11_900));
        assert!(net.is_open(near));
        net.run_ms(200);
        assert_eq!(net.is_open(near), speaks);
        // The phone is asked by the same connection whether it is there.
        net.run(Duration::from_secs(70));
        assert!(!net.is_open(near));
    }
}

#[test]
fn a_phone_that_takes_connections_no_more_is_away_until_it_registers() {
    let mut net = Network::new(1);
    register_over(&mut net, PHONE, Transport::Tcp);
    let near = *net.ends.iter().find(|(_, end)| end.who == at(PHONE)).unwrap().0;
    net.close(near);
    net.run_ms(100);
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Gone(Unreachable)");
    let gone = Output::Unregistered { phone: PhoneId::new("8001") };
    assert_eq!(net.news(BOX).last(), Some(&gone));
}

#[test]
fn a_phone_that_rings_is_given_up_when_its_connection_closes() {
    let mut net = Network::new(1);
    register_over(&mut net, PHONE, Transport::Tls);
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing");
    let near = *net.ends.iter().find(|(_, end)| end.who == at(PHONE)).unwrap().0;
    net.close(near);
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(NoAnswer)");
}

#[test]
fn an_answer_whose_connection_closed_goes_to_the_port_of_the_sent_by() {
    let mut net = Network::new(1);
    let leg = call_over(&mut net, Transport::Tcp);
    let near = *net.ends.iter().find(|(_, end)| end.who == at(TRUNK)).unwrap().0;
    net.close(near);
    net.run_ms(100);
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, out()), "Ringing Answered", "it rang, so it was waited for");
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.ends.len(), 2, "opened by the box");
}

#[test]
fn messages_that_come_in_pieces_or_together_are_each_answered_once() {
    let mut net = Network::new(1);
    let flow = net.dial(FAR, Transport::Tcp);
    let text = options("Content-Length: 0\n");
    for (parts, answers) in [
        (vec![text.clone()], 1),
        (vec![format!("{text}{text}")], 2),
        (vec![text[..50].to_owned(), text[50..90].to_owned(), text[90..].to_owned()], 1),
    ] {
        let before = net.wire.len();
        for part in parts {
            net.write(flow, &part);
            net.run_ms(20);
        }
        let all: Vec<_> = net.wire[before..].iter().map(|w| line(&w.2)).collect();
        assert_eq!(all, vec!["200 OPTIONS"; answers]);
    }
}

#[test]
fn a_ping_is_answered_by_a_pong_and_a_pong_by_nothing() {
    let mut net = Network::new(1);
    let flow = net.dial(FAR, Transport::Tls);
    assert_eq!(net.ask_by(flow, "\n\n"), ["\r\n"]);
    assert_eq!(net.ask_by(flow, "\n"), Vec::<String>::new());
    assert!(net.is_open(flow));
}

#[test]
fn a_stream_without_a_length_is_answered_400_and_closed() {
    let mut net = Network::new(1);
    for more in ["", "Content-Length: 3x\n", "Content-Length: 0\nl: 40\n"] {
        let flow = net.dial(FAR, Transport::Tcp);
        let answers = net.ask_by(flow, &options(more));
        assert_eq!(line(&answers[0]), "400 OPTIONS", "{more}");
        assert!(!net.is_open(flow), "{more}");
    }
    assert_eq!(net.endpoint(BOX).flows(), 0);
}

#[test]
fn a_stream_of_noise_is_closed_without_an_answer() {
    let mut net = Network::new(1);
    let flow = net.dial(FAR, Transport::Tls);
    let noise = "\u{16}\u{3}\u{1}x".repeat(12_000);
    assert_eq!(net.ask_by(flow, &noise), Vec::<String>::new());
    assert!(!net.is_open(flow));
    assert_eq!(net.endpoint(BOX).counters().malformed, 1);
}

#[test]
fn a_request_that_hides_another_in_its_body_is_one_request() {
    let mut net = Network::new(1);
    let flow = net.dial(FAR, Transport::Tcp);
    let hidden = options("Content-Length: 0\n").replace('\n', "\r\n");
    let text = options(&format!("Content-Length: {}\n", hidden.len())).replace('\n', "\r\n");
    let answers = net.ask_by(flow, &format!("{text}{hidden}").replace("\r\n", "\n"));
    assert_eq!(answers.len(), 1);
}

#[test]
fn half_a_request_is_waited_for_10_s_and_a_silent_stranger_30_s() {
    let mut net = Network::new(1);
    let (half, silent) = (net.dial(FAR, Transport::Tcp), net.dial(STRANGER, Transport::Tcp));
    net.write(half, &options("")[..60]);
    net.run(Duration::from_millis(9_900));
    assert!(net.is_open(half));
    net.run_ms(200);
    assert!(!net.is_open(half));
    net.run(Duration::from_millis(19_700));
    assert!(net.is_open(silent));
    net.run_ms(300);
    assert!(!net.is_open(silent));
}

#[test]
fn a_connection_of_ours_is_kept_open_by_pings() {
    let mut net = Network::new(1);
    register_over(&mut net, PHONE, Transport::Tcp);
    let before = net.sent.len();
    net.run(Duration::from_secs(119));
    let pings: Vec<_> = net.sent[before..].iter().map(|s| s.3.as_str()).collect();
    assert_eq!(pings, ["\r\n\r\n", "\r\n"]);
}

#[test]
fn sips_is_refused_unless_it_comes_over_tls() {
    let mut net = Network::new(1);
    let text = |transport: &str| {
        let text = options("Content-Length: 0\n").replace("sip:box.example SIP", "sips:b SIP");
        text.replace("2.0/TCP", transport)
    };
    let flow = net.dial(FAR, Transport::Tcp);
    assert_eq!(line(&net.ask_by(flow, &text("2.0/TCP"))[0]), "416 OPTIONS");
    assert_eq!(line(&net.ask(STRANGER, BOX, &text("2.0/UDP"))[0]), "416 OPTIONS");
    let flow = net.dial(FAR, Transport::Tls);
    assert_eq!(line(&net.ask_by(flow, &text("2.0/TLS"))[0]), "200 OPTIONS");
}

#[test]
fn a_call_to_sips_has_a_sips_contact() {
    let mut net = Network::new(1);
    let mut call = uri_call(OUT, "sips:95000@box.example", true);
    if let Command::InviteUri { to, .. } = &mut call {
        *to = by(Transport::Tls);
    }
    net.tell(TRUNK, call);
    net.run_ms(100);
    let leg = *net.arrived(BOX).last().unwrap();
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    for n in [0, 2] {
        let contact = header(&net.sent[n].3, "Contact").unwrap();
        assert!(contact.starts_with("<sips:"), "{contact}");
    }
}

#[test]
fn a_sips_contact_is_not_bound_by_a_registration_in_clear() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        Some(text.replace("Contact: <sip:", "Contact: <sips:").into_bytes())
    }));
    net.register(PHONE, "8001");
    let refused = Output::RegisterResult { user: PhoneId::new("8001"), result: Err(400) };
    assert_eq!(net.news(PHONE), [refused]);
}

#[test]
fn an_answer_to_a_request_over_tls_is_not_taken_in_clear() {
    let mut net = Network::new(1);
    let _leg = call_over(&mut net, Transport::Tls);
    let ringing = net.sent.iter().find(|s| line(&s.3) == "180 INVITE").unwrap().3.clone();
    let busy = ringing.replace("SIP/2.0 180 Ringing", "SIP/2.0 486 Busy Here");
    net.inject(BOX, TRUNK, busy.as_bytes());
    assert_eq!(net.story(TRUNK, out()), "Ringing");
}

#[test]
fn a_request_too_long_for_a_datagram_goes_by_tcp_where_the_peer_is_known_there() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    let flow = net.connect(at(PHONE), Transport::Tcp, at(BOX), None);
    let _ = flow;
    net.connect(at(BOX), Transport::Tcp, at(PHONE), Some(at(PHONE)));
    let name = "W".repeat(1200);
    let mut call = ring("8001");
    if let Command::Invite { name: n, .. } = &mut call {
        *n = model::PersonName::new(&name);
    }
    let before = net.sent.len();
    net.tell(BOX, call);
    net.run_ms(100);
    let via = header(&net.sent[before].3, "Via").unwrap();
    assert!(via.starts_with("SIP/2.0/TCP "), "{via}");
    assert_eq!(net.arrived(PHONE).len(), 1);
}

#[test]
fn a_call_over_ipv6_has_brackets_wherever_its_addresses_stand() {
    let near = "[2001:db8::1]:5060";
    let far = "[2001:db8::7]:5060";
    let mut config = sip::Config::new([7; 32], at(near), "box.example");
    config.trunks.insert(
        model::TrunkId::new("carrier"),
        sip::TrunkConfig::from_peers(vec![at(far).ip()], 2),
    );
    let mut net = Network::with(1, box_config());
    net.endpoints.insert(at(near), sip::Endpoint::new(net.now, config));
    let config = sip::Config::new([8; 32], at(far), "phone");
    net.endpoints.insert(at(far), sip::Endpoint::new(net.now, config));
    for (n, transport) in [(1, Transport::Udp), (2, Transport::Tcp)] {
        let before = net.sent.len();
        let mut call = uri_call(n, "sip:95000@[2001:db8::1]", true);
        if let Command::InviteUri { to, rtp, .. } = &mut call {
            *to = Peer::new(transport, at(near));
            *rtp = at("[2001:db8::7]:20000");
        }
        net.tell(far, call);
        net.run_ms(100);
        let leg = *net.arrived(near).last().unwrap();
        net.tell(near, Command::Answer { leg, rtp: at("[2001:db8::1]:10000") });
        net.run_ms(100);
        assert_eq!(net.story(near, leg), "Arrived Answered");
        let invite = &net.sent[before].3;
        assert!(header(invite, "Via").unwrap().contains(" [2001:db8::7]:5060;"), "{invite}");
        assert!(header(invite, "Contact").unwrap().contains("@[2001:db8::7]:5060"), "{invite}");
        assert!(invite.contains("c=IN IP6 2001:db8::7\r\n"), "{invite}");
        assert!(invite.starts_with("INVITE sip:95000@[2001:db8::1] SIP/2.0\r\n"), "{invite}");
        net.tell(far, Command::HangUp { leg: model::LegId::outbound(n), cause: Cause::Normal });
        net.run_ms(100);
        assert_eq!(net.story(near, leg), "Arrived Answered Gone(Normal)");
    }
}
