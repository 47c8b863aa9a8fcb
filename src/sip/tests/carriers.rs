//! Carriers that do what the book allows and few expect: challenges in odd places, progress without
//! sound, contacts changed on the way, connections that drop.

#![allow(clippy::unwrap_used)]

mod network;

use model::site::{TrunkAccount, TrunkOut};
use model::{Digit, LegId, TrunkId};
use network::carrier::*;
use network::far::SDP;
use network::*;
use sip::{Accounts, Command, Output, Transport, TrunkCall, TrunkConfig};
use std::collections::BTreeMap;
use std::time::Duration;

fn calling(change: impl Fn(&mut TrunkOut)) -> Network {
    let mut net = network(change);
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    net
}

/// A host says how a call goes, with a description where `sdp` is one.
fn say(net: &mut Network, host: &str, status: &str, sdp: &str) {
    let request = last(net, host, "INVITE");
    let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    let more = format!("Contact: <sip:far@{host}>\n{kind}");
    reply(net, host, &request, status, &more, &sdp.replace('\n', "\r\n"));
}

fn proofs(net: &Network, host: &str, method: &str) -> usize {
    let proved = |text: &str| header(text, "Proxy-Authorization").is_some();
    let came = net.wire.iter().filter(|w| w.1 == at(host) && line(&w.2) == method);
    came.filter(|w| proved(&w.2)).count()
}

#[test]
fn a_target_that_asks_for_a_proof_and_falls_silent_is_passed_over_as_a_silent_one() {
    for trying in [false, true] {
        let mut net = calling(|out| out.account = Some(account(false)));
        if trying {
            answer(&mut net, ONE, "INVITE", "100 Trying", "");
        }
        answer(&mut net, ONE, "INVITE", "407 Prove", CHALLENGE);
        assert_eq!(proofs(&net, ONE, "INVITE"), 1);
        net.run_ms(1900);
        assert_eq!(got(&net, TWO).len(), 0, "{trying}");
        net.run_ms(200);
        assert_eq!(got(&net, TWO), ["INVITE"], "{trying}");
    }
}

#[test]
fn rfc_3261_21_1_only_a_180_says_that_it_rings_and_what_failed_before_goes_to_the_next_target() {
    for progress in ["181 Forwarded", "182 Queued", "183 Session Progress"] {
        let mut net = calling(|_| {});
        say(&mut net, ONE, progress, "");
        assert_eq!(net.story(BOX, ringing()), "", "{progress}");
        answer(&mut net, ONE, "INVITE", "503 Service Unavailable", "");
        assert_eq!(got(&net, TWO), ["INVITE"], "{progress}");
    }
}

#[test]
fn rfc_3960_a_180_with_sound_rings_and_is_heard() {
    let mut net = calling(|_| {});
    say(&mut net, ONE, "180 Ringing", SDP);
    assert_eq!(net.story(BOX, ringing()), "Ringing EarlyMedia");
    answer(&mut net, ONE, "INVITE", "500 Server Error", "");
    assert_eq!(net.story(BOX, ringing()), "Ringing EarlyMedia Gone(NoAnswer)");
    assert_eq!(got(&net, TWO).len(), 0, "it rang: nobody is called twice");
}

#[test]
fn a_carrier_that_answers_too_late_and_challenges_the_bye_gets_it_again_with_the_proof() {
    let mut net = calling(|out| out.account = Some(account(false)));
    net.run_ms(2100);
    answer(&mut net, TWO, "INVITE", "180 Ringing", "");
    pick_up(&mut net, ONE);
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
    // A password that was wrong is not tried again.
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    net.run_ms(100);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
}

#[test]
fn a_carrier_that_answers_a_call_given_up_and_challenges_the_bye_gets_it_again_with_the_proof() {
    let mut net = calling(|out| out.account = Some(account(false)));
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(20);
    pick_up(&mut net, ONE);
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
    answer(&mut net, ONE, "BYE", "200 OK", "");
    net.run(Duration::from_secs(70));
    net.assert_torn_down();
}

#[test]
fn a_carrier_that_answers_once_more_when_the_call_is_over_gets_the_bye_with_the_proof() {
    let mut net = calling(|out| out.account = Some(account(false)));
    pick_up(&mut net, ONE);
    let invite = last(&net, ONE, "INVITE");
    net.tell(BOX, hang_up(ringing()));
    net.run_ms(20);
    answer(&mut net, ONE, "BYE", "200 OK", "");
    assert_eq!(net.endpoint(BOX).legs(), 0);
    let to = header(&invite, "To").unwrap();
    let other = invite.replace(&format!("To: {to}"), &format!("To: {to};tag=other"));
    let more = format!("Contact: <sip:other@{ONE}>\nContent-Type: application/sdp\n");
    reply(&mut net, ONE, &other, "200 OK", &more, SDP);
    assert_eq!(got(&net, ONE)[1..], ["ACK", "BYE", "ACK", "BYE"]);
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
}

#[test]
fn a_carrier_that_answers_when_its_invite_ran_out_and_challenges_the_bye_gets_it_with_the_proof() {
    let mut net = calling(|out| out.account = Some(account(false)));
    net.run(Duration::from_secs(40));
    pick_up(&mut net, ONE);
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
}

#[test]
fn a_carrier_that_answers_long_after_a_cancel_that_it_did_not_heed_is_hung_up() {
    let mut net = calling(|out| out.account = Some(account(false)));
    answer(&mut net, ONE, "INVITE", "180 Ringing", "");
    net.tell(BOX, hang_up(ringing()));
    net.run(Duration::from_secs(40));
    pick_up(&mut net, ONE);
    assert_eq!(got(&net, ONE)[1..], ["CANCEL", "ACK", "BYE"]);
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
}

#[test]
fn a_carrier_whose_answer_cannot_be_used_and_that_challenges_the_bye_gets_it_with_the_proof() {
    let mut net = calling(|out| out.account = Some(account(false)));
    say(&mut net, ONE, "200 OK", &SDP.replace("AVP 8 101", "AVP 18"));
    assert_eq!(net.story(BOX, ringing()), "Gone(NotAcceptable)");
    answer(&mut net, ONE, "BYE", "407 Prove", CHALLENGE);
    assert_eq!(proofs(&net, ONE, "BYE"), 1);
}

#[test]
fn rfc_3261_10_2_the_time_granted_is_found_though_the_carrier_changed_our_contact() {
    let ours = "<sip:02160000000@203.0.113.5:40123;transport=udp>;expires=100";
    for (contacts, granted_s) in [
        (ours.to_owned(), 100),
        (format!("<sip:other@203.0.113.9>;expires=60, {ours}"), 100),
        ("<sip:x9@203.0.113.5>;expires=120".to_owned(), 120),
        ("<sip:x9@203.0.113.5>;expires=120, <sip:x8@203.0.113.5>;expires=90".to_owned(), 90),
        ("<sip:x9@203.0.113.5>".to_owned(), 600),
    ] {
        let mut net = network(|out| out.account = Some(account(true)));
        net.run_ms(20);
        answer(&mut net, ONE, "REGISTER", "200 OK", &format!("Contact: {contacts}\n"));
        net.run(Duration::from_secs(granted_s * 4 / 5 - 1));
        assert_eq!(got(&net, ONE).len(), 1, "{contacts}");
        net.run(Duration::from_secs(2));
        assert_eq!(got(&net, ONE).len(), 2, "{contacts}");
    }
}

/// Another account, or another order, of the same trunk.
fn configure(net: &mut Network, out: TrunkOut) {
    let trunk = TrunkConfig { out, ..TrunkConfig::from_peers(vec![at(ONE).ip()], 10) };
    let trunks = BTreeMap::from([(TrunkId::new("line"), trunk)]);
    net.tell(BOX, Command::Configure(Accounts { trunks, ..Accounts::default() }));
    net.run_ms(20);
}

/// The REGISTERs that came: what each asks for, and whether it has a proof.
fn registers(net: &Network) -> Vec<(String, bool)> {
    let came = net.wire.iter().filter(|w| w.1 == at(ONE) && line(&w.2) == "REGISTER");
    let read =
        |text: &str| (header(text, "Expires").unwrap(), header(text, "Authorization").is_some());
    came.map(|w| read(&w.2)).collect()
}

fn asked(expires: &str, proved: bool) -> (String, bool) {
    (expires.to_owned(), proved)
}

#[test]
fn a_carrier_that_challenges_the_taking_back_of_a_registration_gets_the_proof() {
    let mut net = network(|out| out.account = Some(account(true)));
    net.run_ms(20);
    answer(&mut net, ONE, "REGISTER", "200 OK", GRANTED);
    configure(&mut net, way_out());
    answer(&mut net, ONE, "REGISTER", "401 Prove", &CHALLENGE.replace("Proxy", "WWW"));
    assert_eq!(registers(&net), [asked("600", false), asked("0", false), asked("0", true)]);
    answer(&mut net, ONE, "REGISTER", "200 OK", "");
    net.run(Duration::from_secs(70));
    assert_eq!(registers(&net).len(), 3);
}

#[test]
fn a_trunk_set_up_anew_registers_once_its_old_registration_is_taken_back() {
    for answered in [true, false] {
        let mut net = network(|out| out.account = Some(account(true)));
        net.run_ms(20);
        answer(&mut net, ONE, "REGISTER", "200 OK", GRANTED);
        configure(&mut net, TrunkOut { account: Some(account(true)), order: 5, ..way_out() });
        assert_eq!(registers(&net).last(), Some(&asked("0", false)), "not both at once");
        if answered {
            answer(&mut net, ONE, "REGISTER", "200 OK", "");
            net.run_ms(20);
        } else {
            net.run(Duration::from_secs(33));
        }
        assert_eq!(registers(&net).last(), Some(&asked("600", false)), "{answered}");
    }
}

fn by_tcp() -> Network {
    let mut net = network(|out| {
        out.targets.truncate(1);
        out.targets[0].transport = Transport::Tcp;
        out.account = Some(TrunkAccount { domain: String::new(), ..account(true) });
    });
    // A carrier that takes connections: an endpoint that knows the account.
    let mut carrier = phone_config(ONE);
    carrier.trunks.clear();
    carrier.accounts.insert("02160000000".into(), account(true).password);
    net.endpoints.insert(at(ONE), sip::Endpoint::new(net.now, carrier));
    net.run_ms(1000);
    net
}

fn cut(net: &mut Network) {
    let mut ends = net.ends.iter();
    let flow = *ends.find(|(_, end)| end.who == at(ONE)).unwrap().0;
    let near = net.ends[&flow].other;
    net.close(flow);
    let _ = near;
    net.run_ms(20);
}

fn tries(net: &Network) -> usize {
    net.lines(BOX, ONE).iter().filter(|line| *line == "REGISTER").count()
}

#[test]
fn rfc_5626_4_5_a_registration_whose_connection_drops_is_made_anew_soon() {
    let mut net = by_tcp();
    let before = tries(&net);
    cut(&mut net);
    assert_eq!(tries(&net), before, "not in the same moment as everybody");
    net.run(Duration::from_secs(3));
    assert!(tries(&net) > before, "{:?}", net.lines(BOX, ONE));
}

#[test]
fn rfc_5626_4_5_a_carrier_that_drops_each_connection_is_asked_less_and_less() {
    let mut net = by_tcp();
    let before = tries(&net);
    for _ in 0..600 {
        if net.ends.values().any(|end| end.who == at(ONE)) {
            cut(&mut net);
        }
        net.run(Duration::from_secs(1));
    }
    let asked = tries(&net) - before;
    assert!((4..=24).contains(&asked), "{asked} REGISTERs in 10 minutes");
}

fn key(leg: LegId, sign: char) -> Command {
    Command::Key { leg, digit: Digit::new(sign).unwrap() }
}

#[test]
fn keys_are_offered_by_info_too_where_sound_came_before_the_answer() {
    let mut net = network(|out| out.keys_by_info = true);
    let invite = format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {ONE};branch=z9hG4bKi\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: <sip:95000@box.example>\nCall-ID: raw\n\
         CSeq: 7 INVITE\nContact: <sip:far@{ONE}>\nContent-Type: application/sdp\n\n{SDP}"
    );
    net.ask(ONE, BOX, &invite);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::EarlyMedia { leg, rtp: rtp(0) });
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    let told = |output: &Output| matches!(output, Output::KeysByInfo { signalled: true, .. });
    assert_eq!(net.news(BOX).iter().filter(|o| told(o)).count(), 1);
}

#[test]
fn keys_that_find_no_room_wait_in_their_order() {
    let mut config = config(TrunkOut { keys_by_info: true, ..way_out() });
    config.limits.client_transactions_max = 1;
    let mut net = Network::with(1, config);
    net.tell(BOX, Command::InviteTrunk(TrunkCall { leg: ringing(), ..call() }));
    net.run_ms(20);
    pick_up(&mut net, ONE);
    net.run(Duration::from_secs(40));
    net.tell(BOX, Command::Ask { leg: ringing() });
    for sign in ['5', '#'] {
        net.tell(BOX, key(ringing(), sign));
    }
    net.run_ms(20);
    assert_eq!(got(&net, ONE).last().unwrap(), "OPTIONS");
    net.run(Duration::from_secs(34));
    assert!(last(&net, ONE, "INFO").contains("Signal=5"));
    answer(&mut net, ONE, "INFO", "200 OK", "");
    net.run(Duration::from_secs(10));
    assert!(last(&net, ONE, "INFO").contains("Signal=#"));
}
