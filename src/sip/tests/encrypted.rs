//! Encrypted calls: keys in descriptions over TLS, by the site's policy (RFC 4568).

#![allow(clippy::unwrap_used)]

mod network;

use model::srtp::{SrtpPolicy, SrtpSuite};
use model::{LegId, PhoneId, Secret, TrunkId, Via};
use network::far::last;
use network::*;
use sip::{Command, Config, Endpoint, MediaPlan, Output, Peer, Transport};

/// The box and its phones under policies.
fn net(of_box: SrtpPolicy, of_phone: SrtpPolicy) -> Network {
    let config = Config { srtp: of_box, ..box_config() };
    let mut net = Network::with(1, config);
    for who in [PHONE, OTHER, TRUNK] {
        let config = Config { srtp: of_phone, ..phone_config(who) };
        net.endpoints.insert(at(who), Endpoint::new(net.now, config));
    }
    net
}

fn register(net: &mut Network, who: &str, transport: Transport) {
    let registrar = Peer::new(transport, at(BOX));
    let (user, secret) = (PhoneId::new("8001"), Secret::new(PASSWORD));
    net.tell(who, Command::Register { registrar, user, secret, expires_s: 300 });
    net.run_ms(100);
}

/// The box rings the phone, which answers if it rang.
fn ring_and_answer(net: &mut Network) {
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    for leg in net.arrived(PHONE) {
        net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    }
    net.run_ms(100);
}

fn call_in(net: &mut Network, transport: Transport) -> Option<LegId> {
    let mut call = uri_call(OUT, "sip:95000@box.example", true);
    if let Command::InviteUri { to, .. } = &mut call {
        *to = Peer::new(transport, at(BOX));
    }
    net.tell(TRUNK, call);
    net.run_ms(100);
    let leg = net.arrived(BOX).last().copied();
    if let Some(leg) = leg {
        net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
        net.run_ms(100);
    }
    leg
}

/// Asserts that what one end sends under is what the other takes, and gives the suite.
fn agreed(one: &MediaPlan, other: &MediaPlan) -> SrtpSuite {
    let (one, other) = (one.srtp.as_ref().unwrap(), other.srtp.as_ref().unwrap());
    assert!(one.send == other.receive && one.receive == other.send);
    assert!(one.send != one.receive, "each end has a key of its own");
    one.send.suite()
}

#[test]
fn a_call_over_tls_is_encrypted_by_the_better_suite() {
    let mut net = net(SrtpPolicy::Offer, SrtpPolicy::Offer);
    let leg = call_in(&mut net, Transport::Tls).unwrap();
    let suite = agreed(&net.media(BOX, leg)[0], &net.media(TRUNK, out())[0]);
    assert_eq!(suite, SrtpSuite::AeadAes256Gcm);
    let offer = last(&net, TRUNK, BOX, "INVITE");
    assert!(offer.contains("m=audio 20000 RTP/SAVP 8 0 101\r\n"), "{offer}");
    assert!(offer.contains("a=crypto:1 AEAD_AES_256_GCM inline:"), "{offer}");
    assert!(offer.contains("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"), "{offer}");
    let answer = last(&net, BOX, TRUNK, "200 INVITE");
    assert!(answer.contains(" RTP/SAVP 8 101\r\n"), "{answer}");
    assert_eq!(answer.matches("a=crypto:").count(), 1, "4568 5.1.2: exactly one");
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    net.tear_down();
}

#[test]
fn keys_are_neither_offered_nor_taken_where_others_could_read_them() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut net = net(SrtpPolicy::Offer, SrtpPolicy::Offer);
        let leg = call_in(&mut net, transport).unwrap();
        assert_eq!(net.media(BOX, leg)[0].srtp, None);
        assert!(net.sent.iter().all(|s| !s.3.contains("crypto")), "{transport}");
    }
    let mut net = net(SrtpPolicy::Offer, SrtpPolicy::Offer);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let keyed = "RTP/SAVP 8 0 101\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 \
                     inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
        let text = text.replace("RTP/AVP 8 0 101", keyed);
        Some(text.replace("Content-Length", "X-Was").into_bytes())
    }));
    assert_eq!(call_in(&mut net, Transport::Udp), None);
    assert_eq!(net.lines(BOX, TRUNK), ["488 INVITE"]);
}

#[test]
fn where_it_is_required_a_call_in_clear_is_refused_and_the_phone_shows_why() {
    let mut net = net(SrtpPolicy::Require, SrtpPolicy::Forbid);
    for (n, transport) in [Transport::Udp, Transport::Tls].into_iter().enumerate() {
        assert_eq!(call_in(&mut net, transport), None);
        assert_eq!(net.story(TRUNK, out()), ["Gone(NotAcceptable)"].repeat(n + 1).join(" "));
        let refusal = last(&net, BOX, TRUNK, "488 INVITE");
        assert!(refusal.starts_with("SIP/2.0 488 Encryption is required\r\n"), "{refusal}");
        let warning = header(&refusal, "Warning").unwrap();
        assert!(warning.starts_with("399 ") && warning.contains("Encryption is required"));
        assert!(header(&refusal, "Reason").unwrap().contains("Encryption is required"));
        let via = Via::Trunk(TrunkId::new("carrier"));
        assert_eq!(net.news(BOX).last(), Some(&Output::RefusedClear { via }));
        assert_eq!(net.endpoint(BOX).counters().refused_clear, n as u64 + 1);
    }
    assert_eq!(net.endpoint(BOX).transactions(), 0);
}

#[test]
fn where_it_is_required_a_phone_without_tls_is_not_rung() {
    let mut net = net(SrtpPolicy::Require, SrtpPolicy::Offer);
    register(&mut net, PHONE, Transport::Udp);
    ring_and_answer(&mut net);
    assert_eq!(net.story(BOX, ringing()), "Gone(NotAcceptable)");
    assert_eq!(net.arrived(PHONE), []);
    let via = Via::Phone(PhoneId::new("8001"));
    assert!(net.news(BOX).contains(&Output::RefusedClear { via }));
}

#[test]
fn where_it_is_required_a_phone_that_cannot_is_not_called_in_clear() {
    let mut net = net(SrtpPolicy::Require, SrtpPolicy::Forbid);
    register(&mut net, PHONE, Transport::Tls);
    ring_and_answer(&mut net);
    assert_eq!(net.story(BOX, ringing()), "Gone(NotAcceptable)");
    assert_eq!(net.endpoint(BOX).counters().refused_clear, 1);
    net.tear_down();
}

#[test]
fn where_it_is_welcome_a_phone_that_cannot_is_called_again_in_clear() {
    let mut net = net(SrtpPolicy::Offer, SrtpPolicy::Forbid);
    register(&mut net, PHONE, Transport::Tls);
    ring_and_answer(&mut net);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(net.media(BOX, ringing())[0].srtp, None);
    assert_eq!(net.endpoint(BOX).counters().refused_clear, 0);
    net.tell(BOX, hang_up(ringing()));
    net.tear_down();
}

#[test]
fn where_it_is_forbidden_no_key_is_sent_even_over_tls() {
    let mut net = net(SrtpPolicy::Forbid, SrtpPolicy::Offer);
    register(&mut net, PHONE, Transport::Tls);
    ring_and_answer(&mut net);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert!(net.sent.iter().all(|s| !s.3.contains("crypto")));
}

#[test]
fn a_trunk_may_have_a_rule_of_its_own() {
    let mut config = Config { srtp: SrtpPolicy::Require, ..box_config() };
    let carrier = config.trunks.get_mut(&TrunkId::new("carrier")).unwrap();
    carrier.out.srtp = Some(SrtpPolicy::Forbid);
    let mut net = Network::with(1, config);
    let leg = call_in(&mut net, Transport::Udp).unwrap();
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
}

#[test]
fn keys_roll_with_each_re_invite_of_ours_and_of_theirs() {
    let mut net = net(SrtpPolicy::Require, SrtpPolicy::Require);
    let leg = call_in(&mut net, Transport::Tls).unwrap();
    net.tell(BOX, Command::Hold { leg, send: true });
    net.run_ms(100);
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    let (ours, theirs) = (net.media(BOX, leg), net.media(TRUNK, out()));
    assert_eq!((ours.len(), theirs.len()), (3, 3));
    let mut keys = Vec::new();
    for (one, other) in ours.iter().zip(&theirs) {
        agreed(one, other);
        let plan = one.srtp.clone().unwrap();
        assert!(!keys.contains(&plan.send) && !keys.contains(&plan.receive), "a key came again");
        keys.extend([plan.send, plan.receive]);
    }
}

#[test]
fn a_re_invite_that_would_take_the_encryption_away_is_refused_and_the_call_goes_on() {
    let mut net = net(SrtpPolicy::Require, SrtpPolicy::Offer);
    let leg = call_in(&mut net, Transport::Tls).unwrap();
    let answer = last(&net, BOX, TRUNK, "200 INVITE");
    let of = |name: &str| header(&answer, name).unwrap();
    let flow =
        net.ends.iter().find(|(_, end)| end.who == at(TRUNK)).map(|(flow, _)| *flow).unwrap();
    let clear = format!(
        "INVITE sip:192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/TLS 198.51.100.7;branch=z9hG4bKc\n\
         From: {}\nTo: {}\nCall-ID: {}\nCSeq: 99999999 INVITE\nContact: <sip:198.51.100.7>\n\
         Content-Type: application/sdp\nContent-Length: {}\n\n{}",
        of("From"),
        of("To"),
        of("Call-ID"),
        network::far::SDP.replace('\n', "\r\n").len(),
        network::far::SDP,
    );
    net.endpoints.remove(&at(TRUNK));
    let answers = net.ask_by(flow, &clear);
    assert_eq!(network::far::lines(&answers), ["488 INVITE"]);
    assert!(header(&answers[0], "Warning").is_some());
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.media(BOX, leg).len(), 1);
}

#[test]
fn each_address_of_a_phone_has_keys_of_its_own_or_none() {
    let mut net = net(SrtpPolicy::Offer, SrtpPolicy::Offer);
    register(&mut net, PHONE, Transport::Tls);
    register(&mut net, OTHER, Transport::Udp);
    net.tell(BOX, ring("8001"));
    net.run_ms(100);
    let (one, other) = (last(&net, BOX, PHONE, "INVITE"), last(&net, BOX, OTHER, "INVITE"));
    assert!(one.contains("a=crypto:") && !other.contains("a=crypto:"));
    let leg = net.arrived(OTHER)[0];
    net.tell(OTHER, Command::Answer { leg, rtp: rtp(9) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(net.media(BOX, ringing())[0].srtp, None);
}

#[test]
fn rfc_4568_7_1_no_key_is_told_in_clear_wherever_the_contact_says_that_requests_go() {
    let mut net = net(SrtpPolicy::Offer, SrtpPolicy::Offer);
    net.endpoints.remove(&at(TRUNK));
    let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
               inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\n";
    let invite = format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKi\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: <sip:95000@box.example>\nCall-ID: raw\n\
         CSeq: 7 INVITE\nContact: <sip:far@{TRUNK};transport=tls>\n\
         Content-Type: application/sdp\n\n{}{key}",
        network::far::SDP
    );
    net.ask(TRUNK, BOX, &invite);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    let answer = last(&net, BOX, TRUNK, "200 INVITE");
    assert!(!answer.contains("crypto"), "{answer}");
    assert_eq!(net.media(BOX, leg)[0].srtp, None);
}
