//! Who may speak within a call: its party from where it is, and nobody in its place (RFC 3261 26.1).

#![allow(clippy::unwrap_used)]

mod network;

use model::{LegId, PhoneId, Secret};
use network::far::{Far, SDP, last, lines, proof};
use network::*;
use sip::{Accounts, Command, Output, Peer, Transport};
use std::collections::BTreeMap;

/// Phone 8001 talks to the box; gives its end, whose endpoint is gone.
fn talking(net: &mut Network) -> Far {
    let leg = net.ring_phone();
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    Far::callee(net, PHONE)
}

/// A request of a call as somebody else sends it.
fn from(who: &str, request: &str) -> String {
    request.replace(PHONE, who)
}

#[test]
fn nobody_else_speaks_within_a_phones_call() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let elsewhere = SDP.replace("198.51.100.9", "203.0.113.66");
    let refer = "Refer-To: <sip:900@box.example>\n";
    for (method, more, body) in [
        ("INVITE", "", elsewhere.as_str()),
        ("UPDATE", "", elsewhere.as_str()),
        ("INFO", "Content-Type: application/dtmf-relay\n", ""),
        ("REFER", refer, ""),
        ("BYE", "", ""),
    ] {
        let text = from(STRANGER, &far.request(method, more, body));
        let answers = net.ask(STRANGER, BOX, &text);
        assert_eq!(lines(&answers), [format!("401 {method}")]);
        assert!(header(&answers[0], "WWW-Authenticate").is_some());
    }
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(net.media(BOX, ringing()).len(), 1);
    // The phone itself needs no proof, from whatever port of its own.
    let text = from("192.0.2.11:6000", &far.request("BYE", "", ""));
    assert_eq!(lines(&net.ask("192.0.2.11:6000", BOX, &text)), ["200 BYE"]);
}

#[test]
fn an_acknowledgement_with_a_description_of_somebody_else_moves_no_sound() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let answers = far.ask(&mut net, "INVITE", "", "");
    assert_eq!(lines(&answers), ["200 INVITE"], "our offer");
    let cseq = header(&answers[0], "CSeq").unwrap().replace(" INVITE", "");
    let ack = far.request("ACK", "", SDP);
    let own = header(&ack, "CSeq").unwrap();
    let ack = ack.replace(&own, &format!("{cseq} ACK"));
    let before = net.media(BOX, ringing()).len();
    net.ask(STRANGER, BOX, &from(STRANGER, &ack));
    assert_eq!(net.media(BOX, ringing()).len(), before);
    net.ask(PHONE, BOX, &ack);
    assert_eq!(net.media(BOX, ringing()).len(), before + 1);
}

#[test]
fn a_phone_that_roamed_proves_its_password_and_goes_on() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let roamed = "192.0.2.99:5060";
    let first = far.request("INVITE", "", SDP);
    let challenge = net.ask(roamed, BOX, &from(roamed, &first)).remove(0);
    let uri = first.split(' ').nth(1).unwrap().to_owned();
    for (account, answer) in [("8002", "403 INVITE"), ("8001", "200 INVITE")] {
        let proof = proof(&challenge, account, rsip::Method::Invite, &uri);
        let text = from(roamed, &far.request("INVITE", &proof, SDP));
        let answers = net.ask(roamed, BOX, &text);
        let said = lines(&answers);
        match account {
            // The nonce counts once; whoever owns another account is told no and not asked again.
            "8002" => assert_eq!(said, [answer]),
            _ if said == ["401 INVITE"] => {
                let proof = self::proof(&answers[0], account, rsip::Method::Invite, &uri);
                let text = from(roamed, &far.request("INVITE", &proof, SDP));
                assert_eq!(lines(&net.ask(roamed, BOX, &text)), [answer]);
            }
            _ => assert_eq!(said, [answer]),
        }
    }
    let bye = from(roamed, &far.request("BYE", "", ""));
    assert_eq!(lines(&net.ask(roamed, BOX, &bye)), ["200 BYE"], "the call is there now");
}

#[test]
fn a_phone_that_registered_elsewhere_in_mid_call_speaks_from_there() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    net.register(OTHER, "8001");
    net.endpoints.remove(&at(OTHER));
    let bye = from(OTHER, &far.request("BYE", "", ""));
    assert_eq!(lines(&net.ask(OTHER, BOX, &bye)), ["200 BYE"]);
}

#[test]
fn another_phone_of_the_box_does_not_speak_within_a_colleagues_call() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    net.register(OTHER, "8002");
    net.endpoints.remove(&at(OTHER));
    let bye = from(OTHER, &far.request("BYE", "", ""));
    assert_eq!(lines(&net.ask(OTHER, BOX, &bye)), ["401 BYE"]);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
}

/// A caller by TLS is answered; gives the leg and its end.
fn talking_by_tls(net: &mut Network) -> (LegId, Far) {
    let mut call = uri_call(OUT, "sip:95000@box.example", true);
    if let Command::InviteUri { to, .. } = &mut call {
        *to = Peer::new(Transport::Tls, at(BOX));
    }
    net.tell(TRUNK, call);
    net.run_ms(100);
    let leg = *net.arrived(BOX).last().unwrap();
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    net.run_ms(100);
    (leg, Far::caller(net, TRUNK))
}

#[test]
fn a_call_over_tls_takes_nothing_in_clear_though_it_comes_from_the_same_host() {
    let mut net = Network::new(1);
    let (leg, mut far) = talking_by_tls(&mut net);
    let media = net.media(BOX, leg).len();
    for (method, body) in [("INVITE", SDP), ("BYE", "")] {
        let answers = far.ask(&mut net, method, "", body);
        assert_eq!(lines(&answers), [format!("403 {method}")]);
    }
    assert_eq!(net.story(BOX, leg), "Arrived Answered");
    assert_eq!(net.media(BOX, leg).len(), media);
}

#[test]
fn a_password_that_was_changed_makes_what_the_old_one_proved_a_strangers_again() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.register(OTHER, "8002");
    let secret = |account: &str, secret: &str| (PhoneId::new(account), Secret::new(secret));
    let accounts = BTreeMap::from([secret("8001", "another"), secret("8002", PASSWORD)]);
    net.tell(BOX, Command::Configure(Accounts { accounts, ..Accounts::default() }));
    let estranged: Vec<_> = net
        .news(BOX)
        .into_iter()
        .filter_map(|output| match output {
            Output::Estranged { addr } => Some(addr),
            _ => None,
        })
        .collect();
    assert_eq!(estranged, [at(PHONE)]);
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, Command::Shed(true));
    let invite = format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKi\n\
         Max-Forwards: 70\nFrom: <sip:8001@box.example>;tag=far\nTo: <sip:95000@box.example>\n\
         Call-ID: raw\nCSeq: 7 INVITE\nContact: <sip:far@{PHONE}>\n\n"
    );
    let answers = net.ask(PHONE, BOX, &invite);
    assert_eq!(lines(&answers), ["503 INVITE"], "shed as any stranger");
    let _ = last(&net, BOX, PHONE, "503 INVITE");
}
