//! Several connections of one phone, and a phone that comes back by another one in mid-call (RFC 5626
//! sections 4 to 6, RFC 3327; RFC 3261 18.2.2).

#![allow(clippy::unwrap_used)]

mod network;

use model::LegId;
use model::srtp::SrtpPolicy;
use network::far::{SDP, proof};
use network::*;
use rsip::Method;
use sip::registrar::outbound::FLOWS_MAX;
use sip::{Command, Config, FlowId, Transport};
use std::time::Duration;

const ONE: &str = "192.0.2.21:41001";
const TWO: &str = "192.0.2.21:41002";

/// Phone 8002 with its connections.
struct Phone {
    net: Network,
    n: u32,
}

impl Phone {
    fn new() -> Self {
        Self::with(box_config())
    }

    fn with(mut config: Config) -> Self {
        config.srtp = SrtpPolicy::Forbid;
        Self { net: Network::with(1, config), n: 0 }
    }

    /// Registers by a connection with these parameters of its contact and headers.
    fn register(&mut self, flow: FlowId, params: &str, more: &str) -> String {
        let End { who, transport, .. } = self.net.ends[&flow];
        let via = if transport == Transport::Tls { "TLS" } else { "TCP" };
        let mut request = |proof: &str| {
            self.n += 1;
            let n = self.n;
            let text = format!(
                "REGISTER sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/{via} {who};branch=z9hG4bKr{n}\n{more}\
                 Max-Forwards: 70\nFrom: <sip:8002@box.example>;tag=r{n}\n\
                 To: <sip:8002@box.example>\nCall-ID: reg\nCSeq: {n} REGISTER\n\
                 Contact: <sip:8002@{who};transport={via}>{params}\nExpires: 300\n{proof}\
                 Content-Length: 0\n\n"
            );
            self.net.ask_by(flow, &text).remove(0)
        };
        let first = request("");
        if line(&first) != "401 REGISTER" {
            return first;
        }
        request(&proof(&first, "8002", Method::Register, "sip:192.0.2.1"))
    }

    /// Registers one of several connections.
    fn outbound(&mut self, flow: FlowId, reg_id: u32) -> String {
        let params = format!(";+sip.instance=\"<urn:uuid:1>\";reg-id={reg_id}");
        self.register(flow, &params, "Supported: outbound, path\n")
    }

    fn by_two(&mut self) -> (FlowId, FlowId) {
        let one = self.net.dial(ONE, Transport::Tls);
        let two = self.net.dial(TWO, Transport::Tls);
        self.outbound(one, 1);
        assert_eq!(line(&self.outbound(two, 2)), "200 REGISTER");
        (one, two)
    }

    /// First lines of what came by the connection from that address.
    fn got(&self, who: &str) -> Vec<String> {
        let to = self.net.wire.iter().filter(|w| w.1 == at(who));
        to.map(|w| line(&w.2)).filter(|line| !line.ends_with("REGISTER")).collect()
    }

    fn last(&self, who: &str, first: &str) -> String {
        let mut came = self.net.wire.iter().rev().filter(|w| w.1 == at(who));
        came.find(|w| line(&w.2) == first).unwrap().2.clone()
    }

    /// Answers a request of the box by a connection.
    fn answer(&mut self, flow: FlowId, request: &str, code: u16, body: &str) {
        let of = |name: &str| header(request, name).unwrap();
        let to = match of("To") {
            to if to.contains("tag=") => to,
            to => format!("{to};tag=far"),
        };
        let (who, length) = (self.net.ends[&flow].who, body.replace('\n', "\r\n").len());
        let text = format!(
            "SIP/2.0 {code} Whatever\nVia: {}\nFrom: {}\nTo: {to}\nCall-ID: {}\nCSeq: {}\n\
             Contact: <sip:8002@{who};transport=tls>\nContent-Type: application/sdp\n\
             Content-Length: {length}\n\n{body}",
            of("Via"),
            of("From"),
            of("Call-ID"),
            of("CSeq"),
        );
        self.net.write(flow, &text);
        self.net.run_ms(20);
    }

    /// The box talks with it by a connection; gives the INVITE.
    fn talk(&mut self, flow: FlowId, who: &str) -> String {
        self.net.tell(BOX, ring("8002"));
        self.net.run_ms(20);
        let invite = self.last(who, "INVITE");
        self.answer(flow, &invite, 200, SDP);
        assert_eq!(self.net.story(BOX, ringing()), "Answered");
        invite
    }
}

#[test]
fn rfc_5626_6_each_connection_of_a_phone_is_kept_and_it_is_rung_by_the_newest() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    let two = phone.net.dial(TWO, Transport::Tls);
    phone.outbound(one, 1);
    let granted = phone.outbound(two, 2);
    assert_eq!(header(&granted, "Require").as_deref(), Some("outbound"));
    assert_eq!(header(&granted, "Flow-Timer").as_deref(), Some("120"));
    assert!(granted.contains("reg-id=1") && granted.contains("reg-id=2"), "{granted}");
    phone.net.tell(BOX, ring("8002"));
    phone.net.run_ms(20);
    assert_eq!((phone.got(ONE), phone.got(TWO)), (vec![], vec!["INVITE".to_owned()]));
    // The first is refreshed, and so the newest.
    phone.net.tell(BOX, hang_up(ringing()));
    phone.outbound(one, 1);
    let mut again = ring("8002");
    if let Command::Invite { leg, .. } = &mut again {
        *leg = LegId::outbound(8);
    }
    phone.net.tell(BOX, again);
    phone.net.run_ms(20);
    assert_eq!(phone.got(ONE), ["INVITE"]);
}

#[test]
fn rfc_5626_5_3_a_phone_whose_newest_connection_says_nothing_is_rung_by_the_other_after_2_s() {
    let mut phone = Phone::new();
    let (one, two) = phone.by_two();
    phone.net.tell(BOX, ring("8002"));
    phone.net.run_ms(1990);
    assert_eq!(phone.got(ONE), Vec::<String>::new());
    phone.net.run_ms(20);
    let invite = phone.last(ONE, "INVITE");
    phone.answer(one, &invite, 180, "");
    let late = phone.last(TWO, "INVITE");
    phone.answer(two, &late, 180, "");
    assert_eq!(phone.got(TWO), ["INVITE", "CANCEL"], "whoever comes late rings no more");
    phone.answer(one, &invite, 200, SDP);
    assert_eq!(phone.net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(phone.net.endpoint(BOX).counters().flows_failed_over, 1);
}

#[test]
fn a_phone_none_of_whose_connections_says_anything_is_away_before_its_leg_is_gone() {
    let mut phone = Phone::new();
    phone.by_two();
    phone.net.tell(BOX, ring("8002"));
    phone.net.run(Duration::from_millis(7_100));
    for who in [ONE, TWO] {
        assert_eq!(phone.got(who), ["INVITE", "OPTIONS"], "rung, and asked by each of them");
    }
    assert_eq!(phone.net.story(BOX, ringing()), "Gone(Unreachable)");
    let away = sip::Output::Unregistered { phone: "8002".into() };
    assert_eq!(phone.net.news(BOX).last(), Some(&away));
}

#[test]
fn rfc_5626_5_3_a_phone_whose_connection_breaks_is_rung_by_the_other_at_once() {
    let mut phone = Phone::new();
    let (one, two) = phone.by_two();
    phone.net.tell(BOX, ring("8002"));
    phone.net.run_ms(10);
    phone.net.close(two);
    phone.net.run_ms(20);
    let invite = phone.last(ONE, "INVITE");
    phone.answer(one, &invite, 486, "");
    assert_eq!(phone.net.story(BOX, ringing()), "Gone(Busy)", "and its word counts at once");
    assert_eq!(phone.net.endpoint(BOX).registrations().next().unwrap().1, 1);
}

#[test]
fn rfc_4568_5_keys_made_for_tls_do_not_go_to_the_phones_other_connection_in_clear() {
    let config = Config { srtp: SrtpPolicy::Offer, ..box_config() };
    let mut phone = Phone { net: Network::with(1, config), n: 0 };
    let (one, two) = (phone.net.dial(ONE, Transport::Tcp), phone.net.dial(TWO, Transport::Tls));
    phone.outbound(one, 1);
    phone.outbound(two, 2);
    phone.net.tell(BOX, ring("8002"));
    phone.net.run_ms(2010);
    assert!(phone.last(TWO, "INVITE").contains("a=crypto"));
    let clear = phone.last(ONE, "INVITE");
    assert!(!clear.contains("a=crypto") && clear.contains("RTP/AVP 8"), "{clear}");
    phone.answer(one, &clear, 200, SDP);
    assert_eq!(phone.net.story(BOX, ringing()), "Answered");
}

#[test]
fn where_encryption_is_required_a_phone_is_rung_by_its_connection_that_can() {
    let config = Config { srtp: SrtpPolicy::Require, ..box_config() };
    let mut phone = Phone { net: Network::with(1, config), n: 0 };
    let (one, two) = (phone.net.dial(ONE, Transport::Tls), phone.net.dial(TWO, Transport::Tcp));
    phone.outbound(one, 1);
    phone.outbound(two, 2);
    phone.net.tell(BOX, ring("8002"));
    phone.net.run_ms(3000);
    assert!(phone.last(ONE, "INVITE").contains("a=crypto"));
    assert_eq!(phone.got(TWO), Vec::<String>::new());
    assert_eq!(phone.net.story(BOX, ringing()), "");
}

#[test]
fn rfc_5626_4_2_a_phone_has_4_connections_at_most_and_the_oldest_goes() {
    let mut phone = Phone::new();
    let flow = phone.net.dial(ONE, Transport::Tls);
    for reg_id in 1..=4 {
        phone.outbound(flow, reg_id);
    }
    let fifth = phone.outbound(flow, 5);
    assert_eq!(fifth.matches("reg-id=").count(), FLOWS_MAX);
    assert!(!fifth.contains("reg-id=1;") && fifth.contains("reg-id=5"), "{fifth}");
}

#[test]
fn rfc_5626_6_two_connections_are_not_registered_at_once() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    let params = ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\nContact: <sip:8002@192.0.2.99>";
    let refused = phone.register(one, params, "Supported: outbound\n");
    assert_eq!(line(&refused), "400 REGISTER");
}

#[test]
fn rfc_5626_6_behind_a_proxy_without_outbound_there_is_none() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    let params = ";+sip.instance=\"<urn:uuid:1>\";reg-id=1";
    let more = "Via: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKp\nSupported: outbound\n";
    assert_eq!(line(&phone.register(one, params, more)), "439 REGISTER");
    // Who does not ask for it is registered as ever.
    let plain = "Via: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bKp\n";
    let granted = phone.register(one, params, plain);
    assert_eq!(line(&granted), "200 REGISTER");
    assert!(!granted.contains("outbound") && !granted.contains("reg-id"), "{granted}");
}

#[test]
fn rfc_3327_5_3_a_proxy_that_wants_to_be_on_the_way_back_is_refused() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    for more in ["Path: <sip:edge.example;lr;ob>\nSupported: outbound, path\n", "Require: path\n"] {
        let refused = phone.register(one, "", more);
        assert_eq!(line(&refused), "420 REGISTER");
        assert_eq!(header(&refused, "Unsupported").as_deref(), Some("path"));
    }
}

#[test]
fn rfc_5626_4_4_1_a_connection_that_is_no_longer_kept_alive_is_closed() {
    let mut phone = Phone::new();
    let (one, two) = phone.by_two();
    for _ in 0..3 {
        phone.net.run(Duration::from_secs(60));
        phone.net.write(one, "\n\n");
    }
    phone.net.run_ms(20);
    assert!(phone.net.is_open(one) && !phone.net.is_open(two));
    assert_eq!(phone.net.endpoint(BOX).registrations().next().unwrap().1, 1);
}

// A phone that comes back in mid-call

#[test]
fn a_call_whose_connection_breaks_goes_on_by_the_one_its_phone_registers_by() {
    for params in ["", ";+sip.instance=\"<urn:uuid:1>\""] {
        let mut phone = Phone::new();
        let one = phone.net.dial(ONE, Transport::Tls);
        phone.register(one, params, "");
        phone.talk(one, ONE);
        phone.net.close(one);
        phone.net.run(Duration::from_secs(30));
        assert_eq!(phone.net.story(BOX, ringing()), "Answered", "the call is kept");
        let two = phone.net.dial(TWO, Transport::Tls);
        assert_eq!(line(&phone.register(two, params, "")), "200 REGISTER");
        phone.net.tell(BOX, Command::Hold { leg: ringing(), send: true });
        phone.net.run_ms(20);
        assert_eq!(phone.got(TWO), ["INVITE"], "{params}");
        let hold = phone.last(TWO, "INVITE");
        phone.answer(two, &hold, 200, &SDP.replace("m=", "a=recvonly\nm="));
        phone.net.tell(BOX, hang_up(ringing()));
        phone.net.run_ms(20);
        assert_eq!(phone.got(TWO), ["INVITE", "ACK", "BYE"]);
        assert_eq!(phone.net.ends.len(), 2, "nothing was sent into a new connection of ours");
    }
}

#[test]
fn a_connection_that_only_looks_open_is_left_once_its_phone_registers_by_another() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    let same = ";+sip.instance=\"<urn:uuid:1>\"";
    phone.register(one, same, "");
    phone.talk(one, ONE);
    let before = phone.got(ONE).len();
    let two = phone.net.dial(TWO, Transport::Tls);
    phone.register(two, same, "");
    phone.net.tell(BOX, hang_up(ringing()));
    phone.net.run_ms(20);
    assert_eq!((phone.got(ONE).len(), phone.got(TWO)), (before, vec!["BYE".to_owned()]));
}

#[test]
fn another_phone_of_the_account_does_not_get_the_call_of_the_first() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    phone.register(one, ";+sip.instance=\"<urn:uuid:1>\"", "");
    phone.talk(one, ONE);
    phone.net.close(one);
    phone.net.run_ms(20);
    let two = phone.net.dial(TWO, Transport::Tls);
    phone.register(two, ";+sip.instance=\"<urn:uuid:2>\"", "");
    phone.net.tell(BOX, hang_up(ringing()));
    phone.net.run_ms(20);
    assert_eq!(phone.got(TWO), Vec::<String>::new());
}

#[test]
fn a_phone_with_two_connections_keeps_its_call_when_one_breaks() {
    let mut phone = Phone::new();
    let (_, two) = phone.by_two();
    phone.talk(two, TWO);
    phone.net.close(two);
    phone.net.run_ms(20);
    phone.net.tell(BOX, hang_up(ringing()));
    phone.net.run_ms(20);
    assert_eq!(phone.got(ONE), ["BYE"]);
}

#[test]
fn a_session_that_cannot_be_refreshed_for_its_broken_connection_lasts_its_time() {
    for comes_back in [true, false] {
        let mut phone = Phone::with(Config { session_s: 90, ..box_config() });
        let one = phone.net.dial(ONE, Transport::Tls);
        phone.register(one, "", "");
        phone.talk(one, ONE);
        phone.net.close(one);
        phone.net.run(Duration::from_secs(50));
        assert_eq!(phone.net.story(BOX, ringing()), "Answered", "45 s: its refresh found nobody");
        if comes_back {
            let two = phone.net.dial(TWO, Transport::Tls);
            phone.register(two, "", "");
            phone.net.run(Duration::from_secs(6));
            assert_eq!(phone.got(TWO), ["INVITE"], "it is refreshed by the new one");
            let refresh = phone.last(TWO, "INVITE");
            phone.answer(two, &refresh, 200, SDP);
        }
        phone.net.run(Duration::from_secs(38));
        let story = if comes_back { "Answered" } else { "Answered Gone(Vanished)" };
        assert_eq!(phone.net.story(BOX, ringing()), story);
    }
}

#[test]
fn rfc_3261_18_2_2_a_request_that_comes_again_by_a_new_connection_is_answered_there() {
    let mut phone = Phone::new();
    let one = phone.net.dial(ONE, Transport::Tls);
    let invite = |proof: &str, n: u32| {
        format!(
            "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/TLS {ONE};branch=z9hG4bKi{n}\n\
             Max-Forwards: 70\nFrom: <sip:8002@box.example>;tag=i\nTo: <sip:95000@box.example>\n\
             Call-ID: calls\nCSeq: {n} INVITE\nContact: <sip:8002@{ONE};transport=tls>\n{proof}\
             Content-Type: application/sdp\nContent-Length: {}\n\n{SDP}",
            SDP.replace('\n', "\r\n").len()
        )
    };
    let asked = phone.net.ask_by(one, &invite("", 1)).remove(0);
    let proof = proof(&asked, "8002", Method::Invite, "sip:95000@box.example");
    assert_eq!(line(&phone.net.ask_by(one, &invite(&proof, 2))[0]), "180 INVITE");
    phone.net.close(one);
    phone.net.run_ms(20);
    let two = phone.net.dial(TWO, Transport::Tls);
    assert_eq!(line(&phone.net.ask_by(two, &invite(&proof, 2))[0]), "180 INVITE");
    let leg = phone.net.arrived(BOX)[0];
    phone.net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    phone.net.run_ms(20);
    assert_eq!(phone.got(TWO), ["180 INVITE", "200 INVITE"], "of the one call");
    assert_eq!(phone.net.arrived(BOX).len(), 1);
}

#[test]
fn rfc_5626_5_3_a_phone_is_told_by_its_next_connection_where_the_newest_fails() {
    let check = || Command::CheckSync { phone: Some(model::PhoneId::new("8002")) };
    let count = |phone: &Phone, who| phone.got(who).iter().filter(|l| *l == "NOTIFY").count();
    // It says nothing for 2 s.
    let mut phone = Phone::new();
    phone.by_two();
    phone.net.tell(BOX, check());
    phone.net.run_ms(1900);
    assert_eq!((count(&phone, ONE), count(&phone, TWO)), (0, 1));
    phone.net.run_ms(200);
    assert_eq!((count(&phone, ONE), count(&phone, TWO)), (1, 1));
    phone.net.run_ms(40_000);
    assert_eq!(count(&phone, ONE), 1, "told once by each");
    assert_eq!(phone.net.endpoint(BOX).counters().flows_failed_over, 1);
    // It closes.
    let mut phone = Phone::new();
    let (_, two) = phone.by_two();
    phone.net.tell(BOX, check());
    phone.net.run_ms(50);
    phone.net.close(two);
    phone.net.run_ms(50);
    assert_eq!((count(&phone, ONE), count(&phone, TWO)), (1, 1));
    // It answers.
    let mut phone = Phone::new();
    let (_, two) = phone.by_two();
    phone.net.tell(BOX, check());
    phone.net.run_ms(50);
    let notify = phone.last(TWO, "NOTIFY");
    phone.answer(two, &notify, 200, "");
    phone.net.run_ms(40_000);
    assert_eq!(count(&phone, ONE), 0);
}
