//! Calls out over a trunk, its registration with the carrier, and the health of its targets.

#![allow(clippy::unwrap_used)]

mod network;

use model::site::{Target, TrunkAccount, TrunkOut};
use model::{Cause, Digit, LegEvent, Number, TrunkId};
use network::carrier::*;
use network::*;
use sip::{Accounts, Command, Output, Transport, TrunkCall, TrunkConfig};
use std::collections::BTreeMap;
use std::time::Duration;

const GONE_UNREACHABLE: &str = "Gone(Unreachable)";

#[test]
fn a_call_out_says_who_is_called_and_who_calls() {
    let mut net = network(|out| out.account = Some(account(false)));
    let referrer = Number::new("8004");
    net.tell(BOX, Command::InviteTrunk(TrunkCall { referrer, ..call() }));
    net.run_ms(20);
    let invite = last(&net, ONE, "INVITE");
    assert!(invite.starts_with("INVITE sip:+8613912345678@ims.carrier.example SIP/2.0\r\n"));
    let value = |name| header(&invite, name);
    assert!(value("From").unwrap().starts_with("<sip:+862160008001@ims.carrier.example>;tag="));
    assert_eq!(value("To").unwrap(), "<sip:+8613912345678@ims.carrier.example>");
    assert_eq!(value("Contact").unwrap(), "<sip:02160000000@192.0.2.1:5060>");
    // Nobody vouches for anything towards a trunk that is not trusted.
    for name in ["P-Asserted-Identity", "Privacy", "Diversion", "Referred-By"] {
        assert_eq!(value(name), None, "{name}");
    }
    answer(&mut net, ONE, "INVITE", "100 Trying", "");
    answer(&mut net, ONE, "INVITE", "180 Ringing", "");
    pick_up(&mut net, ONE);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    assert_eq!(got(&net, ONE), ["INVITE", "ACK"]);
    assert_eq!(got(&net, TWO), Vec::<String>::new());
}

#[test]
fn a_trusted_trunk_is_told_who_calls_though_it_is_withheld() {
    let mut net = network(|out| out.trusted = true);
    let withheld = TrunkCall {
        caller: Number::default(),
        asserted: Number::new("+862160000000"),
        diverted: Number::new("+862160000003"),
        referrer: Number::new("+862160008004"),
        ..call()
    };
    net.tell(BOX, Command::InviteTrunk(withheld));
    net.run_ms(20);
    let invite = last(&net, ONE, "INVITE");
    let value = |name| header(&invite, name).unwrap_or_default();
    assert!(value("From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>"));
    assert_eq!(value("P-Asserted-Identity"), "<sip:+862160000000@192.0.2.1:5060>");
    assert_eq!(value("Privacy"), "id");
    assert!(value("Diversion").starts_with("<sip:+862160000003@192.0.2.1:5060>"), "{invite}");
    assert_eq!(value("Referred-By"), "<sip:+862160008004@192.0.2.1:5060>");
}

#[test]
fn a_silent_target_is_passed_over_after_2_s_and_all_of_them_after_4() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(1990);
    assert_eq!(got(&net, TWO).len(), 0);
    net.run_ms(20);
    assert_eq!(got(&net, TWO), ["INVITE"]);
    net.run_ms(1980);
    assert_eq!(net.story(BOX, ringing()), "");
    net.run_ms(20);
    assert_eq!(net.story(BOX, ringing()), GONE_UNREACHABLE);
    net.run(Duration::from_secs(70));
    net.assert_torn_down();
}

#[test]
fn a_trunk_with_one_target_waits_4_s_for_it() {
    let mut net = network(|out| out.targets.truncate(1));
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(3990);
    assert_eq!(net.story(BOX, ringing()), "");
    net.run_ms(20);
    assert_eq!(net.story(BOX, ringing()), GONE_UNREACHABLE);
}

#[test]
fn a_target_that_works_on_the_call_is_waited_for() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(1000);
    answer(&mut net, ONE, "INVITE", "100 Trying", "");
    net.run(Duration::from_secs(14));
    assert_eq!(got(&net, TWO).len(), 0);
    answer(&mut net, ONE, "INVITE", "183 Session Progress", "");
    net.run(Duration::from_secs(60));
    pick_up(&mut net, ONE);
    assert_eq!(net.story(BOX, ringing()), "Answered");
}

#[test]
fn a_target_that_only_says_it_tries_is_passed_over_after_15_s() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(1000);
    answer(&mut net, ONE, "INVITE", "100 Trying", "");
    net.run_ms(14_000);
    answer(&mut net, ONE, "INVITE", "100 Trying", "");
    net.run_ms(970);
    assert_eq!(got(&net, TWO).len(), 0);
    net.run_ms(40);
    assert_eq!(got(&net, TWO), ["INVITE"]);
    assert_eq!(got(&net, ONE), ["INVITE", "CANCEL"]);
    pick_up(&mut net, TWO);
    assert_eq!(net.story(BOX, ringing()), "Answered");
}

fn of_eight() -> Network {
    network(|out| {
        let first = out.targets.remove(0);
        out.targets = (21..29)
            .map(|n| Target { addr: at(&format!("198.51.100.{n}:5060")), ..first })
            .collect();
    })
}

#[test]
fn eight_targets_that_only_say_they_try_are_30_s_and_no_more() {
    let mut net = of_eight();
    net.tell(BOX, Command::InviteTrunk(call()));
    let begun = net.now;
    net.run_ms(20);
    answer(&mut net, ONE, "INVITE", "100 Trying", "");
    net.run_ms(15_010);
    answer(&mut net, TWO, "INVITE", "100 Trying", "");
    net.run(Duration::from_millis(29_990) - net.now.since(begun));
    assert_eq!(net.story(BOX, ringing()), "");
    net.run_ms(20);
    assert_eq!(net.story(BOX, ringing()), GONE_UNREACHABLE);
    assert_eq!(got(&net, TWO), ["INVITE", "CANCEL"]);
    assert_eq!(got(&net, "198.51.100.23:5060").len(), 0);
    net.run(Duration::from_secs(70));
    net.assert_torn_down();
}

#[test]
fn a_target_that_is_asked_late_and_rings_8_s_after_its_100_is_waited_for() {
    let mut net = of_eight();
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    answer(&mut net, ONE, "INVITE", "100 Trying", "");
    net.run_ms(15_100);
    answer(&mut net, TWO, "INVITE", "100 Trying", "");
    net.run_ms(8_000);
    answer(&mut net, TWO, "INVITE", "183 Session Progress", "");
    net.run(Duration::from_secs(60));
    pick_up(&mut net, TWO);
    assert_eq!(net.story(BOX, ringing()), "Answered");
}

#[test]
fn eight_silent_targets_are_4_s_of_silence_and_no_more() {
    let mut net = of_eight();
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(3990);
    assert_eq!(net.story(BOX, ringing()), "");
    net.run_ms(20);
    assert_eq!(net.story(BOX, ringing()), GONE_UNREACHABLE);
    net.run(Duration::from_secs(70));
    net.assert_torn_down();
}

#[test]
fn a_target_that_fails_is_followed_by_the_next_at_once() {
    for failure in ["503 Service Unavailable", "500 Server Error", "504 Timeout", "408 Timeout"] {
        let mut net = network(|_| {});
        net.tell(BOX, Command::InviteTrunk(call()));
        net.run_ms(20);
        answer(&mut net, ONE, "INVITE", "100 Trying", "");
        answer(&mut net, ONE, "INVITE", failure, "");
        assert_eq!(got(&net, TWO), ["INVITE"], "{failure}");
        pick_up(&mut net, TWO);
        assert_eq!(net.story(BOX, ringing()), "Answered", "{failure}");
    }
}

#[test]
fn what_the_far_side_says_is_taken_from_the_first_target() {
    for (refusal, cause) in [
        ("404 Not Found", Cause::NotFound),
        ("486 Busy Here", Cause::Busy),
        ("480 Temporarily Unavailable", Cause::NoAnswer),
        ("403 Forbidden", Cause::Forbidden),
        ("603 Decline", Cause::Declined),
        ("302 Moved Temporarily", Cause::NotFound),
    ] {
        let mut net = network(|_| {});
        net.tell(BOX, Command::InviteTrunk(call()));
        net.run_ms(20);
        answer(&mut net, ONE, "INVITE", refusal, "");
        assert_eq!(net.events(BOX, ringing()), [LegEvent::Gone(cause)], "{refusal}");
        assert_eq!(got(&net, TWO).len(), 0, "{refusal}");
    }
}

#[test]
fn a_busy_told_with_a_503_is_no_reason_for_another_target() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    let why = "Reason: Q.850;cause=17;text=\"User busy\"\n";
    answer(&mut net, ONE, "INVITE", "503 Service Unavailable", why);
    assert_eq!(net.events(BOX, ringing()), [LegEvent::Gone(Cause::Busy)]);
}

#[test]
fn a_phone_that_rings_is_not_called_a_second_time_when_the_trunk_fails() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    answer(&mut net, ONE, "INVITE", "180 Ringing", "");
    answer(&mut net, ONE, "INVITE", "500 Server Error", "");
    assert_eq!(net.story(BOX, ringing()), "Ringing Gone(NoAnswer)");
    assert_eq!(got(&net, TWO).len(), 0);
}

#[test]
fn a_target_that_wakes_up_too_late_is_cancelled_or_hung_up() {
    for late in ["180 Ringing", "200 OK"] {
        let mut net = network(|_| {});
        net.tell(BOX, Command::InviteTrunk(call()));
        net.run_ms(2100);
        answer(&mut net, TWO, "INVITE", "180 Ringing", "");
        match late {
            "200 OK" => pick_up(&mut net, ONE),
            late => answer(&mut net, ONE, "INVITE", late, ""),
        }
        let said = got(&net, ONE).last().cloned().unwrap();
        assert_eq!(said, if late == "200 OK" { "BYE" } else { "CANCEL" });
        pick_up(&mut net, TWO);
        assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
    }
}

#[test]
fn a_target_that_answers_when_its_invite_was_given_up_is_hung_up() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run(Duration::from_secs(40));
    pick_up(&mut net, ONE);
    assert_eq!(got(&net, ONE), ["INVITE", "ACK", "BYE"]);
    net.run(Duration::from_secs(200));
    pick_up(&mut net, TWO);
    assert_eq!(got(&net, TWO), ["INVITE"], "so long after it nobody knows of it");
}

#[test]
fn a_connection_that_is_refused_is_a_failure_at_once() {
    let mut net = network(|out| out.targets[0].transport = Transport::Tcp);
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(100);
    assert_eq!(got(&net, TWO), ["INVITE"]);
}

#[test]
fn a_challenge_is_answered_with_the_trunks_own_account() {
    let mut net = network(|out| out.account = Some(account(false)));
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    answer(&mut net, ONE, "INVITE", "407 Proxy Authentication Required", CHALLENGE);
    let proof = header(&last(&net, ONE, "INVITE"), "Proxy-Authorization").unwrap();
    assert!(proof.contains("username=\"02160000000\"") && proof.contains("realm=\"carrier\""));
    assert!(!net.sent.iter().any(|sent| sent.3.contains("of the carrier")));
    // A password that was wrong is not tried again, and no other target is told.
    answer(&mut net, ONE, "INVITE", "407 Proxy Authentication Required", CHALLENGE);
    assert_eq!(net.story(BOX, ringing()), "Gone(Forbidden)");
    assert_eq!(got(&net, TWO).len(), 0);
}

#[test]
fn rfc_3261_22_1_a_password_is_proved_in_the_realm_that_the_site_names_and_in_no_other() {
    let named = |realm: &str| TrunkAccount { realm: Some(realm.into()), ..account(true) };
    for (realm, proved) in [("carrier", true), ("elsewhere", false)] {
        let mut net = network(|out| out.account = Some(named(realm)));
        net.run_ms(20);
        answer(&mut net, ONE, "REGISTER", "407 Proxy Authentication Required", CHALLENGE);
        let header = header(&last(&net, ONE, "REGISTER"), "Proxy-Authorization");
        assert_eq!(header.is_some(), proved, "{realm}");
        net.tell(BOX, Command::InviteTrunk(call()));
        net.run_ms(20);
        answer(&mut net, ONE, "INVITE", "407 Proxy Authentication Required", CHALLENGE);
        let told = if proved { "" } else { "Gone(Forbidden)" };
        assert_eq!(net.story(BOX, ringing()), told, "{realm}");
    }
    // Of several the one that is meant is answered.
    let mut net = network(|out| out.account = Some(named("carrier")));
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    let both = format!("{}{CHALLENGE}", CHALLENGE.replace("carrier", "elsewhere"));
    answer(&mut net, ONE, "INVITE", "407 Proxy Authentication Required", &both);
    let proof = header(&last(&net, ONE, "INVITE"), "Proxy-Authorization").unwrap();
    assert!(proof.contains("realm=\"carrier\""), "{proof}");
}

#[test]
fn rfc_3261_13_2_2_4_the_ack_has_the_proof_that_its_invite_had() {
    for (challenge, header_of) in [
        (CHALLENGE.to_owned(), "Proxy-Authorization"),
        (CHALLENGE.replace("Proxy", "WWW"), "Authorization"),
    ] {
        let code = if header_of == "Authorization" { "401 Prove" } else { "407 Prove" };
        let mut net = network(|out| out.account = Some(account(false)));
        net.tell(BOX, Command::InviteTrunk(call()));
        net.run_ms(20);
        answer(&mut net, ONE, "INVITE", code, &challenge);
        let proof = header(&last(&net, ONE, "INVITE"), header_of);
        assert!(proof.is_some());
        pick_up(&mut net, ONE);
        assert_eq!(header(&last(&net, ONE, "ACK"), header_of), proof);
    }
}

#[test]
fn a_proof_does_not_follow_a_contact_to_another_host() {
    let domain = String::new();
    let mut net = network(|out| {
        out.account = Some(TrunkAccount { domain: domain.clone(), ..account(false) })
    });
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    answer(&mut net, ONE, "INVITE", "407 Prove", CHALLENGE);
    let invite = last(&net, ONE, "INVITE");
    let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.21\r\ns=-\r\nc=IN IP4 198.51.100.21\r\nt=0 0\r\n\
               m=audio 30000 RTP/AVP 8\r\n";
    let more = format!("Contact: <sip:far@{TWO}>\nContent-Type: application/sdp\n");
    reply(&mut net, ONE, &invite, "200 OK", &more, sdp);
    assert_eq!(header(&last(&net, TWO, "ACK"), "Proxy-Authorization"), None);
}

#[test]
fn rfc_3262_a_carrier_that_challenges_a_prack_gets_it_again_with_the_proof() {
    let mut net = network(|out| out.account = Some(account(false)));
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    let early = format!("Contact: <sip:far@{ONE}>\nRequire: 100rel\nRSeq: 5\n");
    answer(&mut net, ONE, "INVITE", "183 Session Progress", &early);
    let number = |text: &str, of| -> u32 {
        header(text, of).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let first = number(&last(&net, ONE, "PRACK"), "CSeq");
    answer(&mut net, ONE, "PRACK", "407 Prove", CHALLENGE);
    let again = last(&net, ONE, "PRACK");
    assert!(header(&again, "Proxy-Authorization").unwrap().contains("username=\"02160000000\""));
    assert_eq!((number(&again, "CSeq"), number(&again, "RAck")), (first + 1, 5));
    // A password that was wrong is not tried again.
    answer(&mut net, ONE, "PRACK", "407 Prove", CHALLENGE);
    assert_eq!(got(&net, ONE), ["INVITE", "PRACK", "PRACK"]);
}

#[test]
fn nobody_is_answered_who_challenges_in_a_targets_place() {
    let mut net = network(|out| out.account = Some(account(false)));
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    let invite = last(&net, ONE, "INVITE");
    reply(&mut net, STRANGER, &invite, "407 Proxy Authentication Required", CHALLENGE, "");
    assert!(!net.sent.iter().any(|sent| sent.3.contains("Authorization:")));
}

#[test]
fn who_calls_in_a_carriers_name_is_not_proved_the_carriers_password_where_the_call_leads() {
    let mut net = network(|out| out.account = Some(account(false)));
    let invite = format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {ONE};branch=z9hG4bKi\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=far\nTo: <sip:95000@box.example>\nCall-ID: raw\n\
         CSeq: 7 INVITE\nContact: <sip:eve@{STRANGER}>\nContent-Length: 0\n\n"
    );
    net.ask(ONE, BOX, &invite);
    let leg = net.arrived(BOX)[0];
    net.tell(BOX, Command::Answer { leg, rtp: rtp(0) });
    // Who only forges a source sees no 200 to acknowledge.
    net.run(Duration::from_secs(33));
    assert_eq!(got(&net, STRANGER), ["BYE"]);
    answer(&mut net, STRANGER, "BYE", "407 Who are you", CHALLENGE);
    net.run(Duration::from_secs(40));
    let proofs = net.sent.iter().filter(|s| s.3.contains("Authorization:")).count();
    assert_eq!(proofs, 0, "{:?}", net.wire.last());
    assert_eq!((net.endpoint(BOX).legs(), net.endpoint(BOX).dialogs()), (0, 0));
}

#[test]
fn a_trunk_without_an_account_answers_no_challenge() {
    let mut net = network(|_| {});
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    answer(&mut net, ONE, "INVITE", "401 Unauthorized", &CHALLENGE.replace("Proxy", "WWW"));
    assert_eq!(net.story(BOX, ringing()), "Gone(Forbidden)");
}

#[test]
fn a_trunk_that_nobody_knows_is_unreachable() {
    let mut net = network(|_| {});
    let lost = TrunkCall { trunk: TrunkId::new("gone"), ..call() };
    net.tell(BOX, Command::InviteTrunk(lost));
    assert_eq!(net.story(BOX, ringing()), GONE_UNREACHABLE);
}

#[test]
fn the_box_registers_with_its_carrier_and_again_after_four_fifths_of_the_time() {
    let mut net = registering();
    let register = last(&net, ONE, "REGISTER");
    assert!(register.starts_with("REGISTER sip:ims.carrier.example SIP/2.0\r\n"), "{register}");
    assert_eq!(header(&register, "To").unwrap(), "<sip:02160000000@ims.carrier.example>");
    assert_eq!(header(&register, "Expires").unwrap(), "600");
    let challenge = CHALLENGE.replace("Proxy", "WWW");
    answer(&mut net, ONE, "REGISTER", "401 Unauthorized", &challenge);
    assert!(header(&last(&net, ONE, "REGISTER"), "Authorization").is_some());
    answer(&mut net, ONE, "REGISTER", "200 OK", GRANTED);
    assert_eq!(got(&net, ONE), ["REGISTER", "REGISTER"]);
    net.run(Duration::from_secs(239));
    assert_eq!(got(&net, ONE).len(), 2);
    net.run(Duration::from_secs(2));
    assert_eq!(got(&net, ONE).len(), 3);
    assert_eq!(health(&net), []);
}

#[test]
fn a_registration_that_fails_backs_off_and_goes_to_the_next_target() {
    let mut net = registering();
    answer(&mut net, ONE, "REGISTER", "403 Forbidden", "");
    assert_eq!(health(&net), [(false, "403 to REGISTER".to_owned())]);
    net.run(Duration::from_secs(14));
    assert_eq!(got(&net, TWO).len(), 0);
    net.run(Duration::from_secs(17));
    assert_eq!(got(&net, TWO), ["REGISTER"]);
    answer(&mut net, TWO, "REGISTER", "500 Server Error", "");
    // Twice as long, and back at the first.
    net.run(Duration::from_secs(29));
    assert_eq!(got(&net, ONE).len(), 1);
    net.run(Duration::from_secs(32));
    assert_eq!(got(&net, ONE).len(), 2);
    answer(&mut net, ONE, "REGISTER", "200 OK", GRANTED);
    assert_eq!(health(&net).last(), Some(&(true, String::new())));
}

#[test]
fn a_carrier_that_is_never_there_is_asked_every_half_hour_at_most() {
    let mut net = registering();
    let tries = |net: &Network| got(net, ONE).len() + got(net, TWO).len();
    net.run(Duration::from_secs(5 * 3600));
    let before = tries(&net);
    net.run(Duration::from_secs(5 * 3600));
    // Each try lasts 32 s, and a quarter to half an hour go by between two.
    let late = tries(&net) - before;
    assert!((9..=20).contains(&late), "{late}");
    assert_eq!(health(&net).len(), 1);
}

#[test]
fn a_retry_after_of_the_carrier_is_heeded() {
    let mut net = registering();
    answer(&mut net, ONE, "REGISTER", "503 Service Unavailable", "Retry-After: 120\n");
    net.run(Duration::from_secs(119));
    assert_eq!(got(&net, TWO).len(), 0);
    net.run(Duration::from_secs(2));
    assert_eq!(got(&net, TWO), ["REGISTER"]);
}

#[test]
fn the_registration_is_taken_back_when_the_box_stops_or_the_trunk_is_another() {
    let farewell = |net: &mut Network| net.tell(BOX, Command::Farewell);
    let other = |net: &mut Network| {
        let mut accounts = Accounts { register_s: (60, 3600), ..Accounts::default() };
        let out = TrunkOut { account: Some(account(true)), order: 5, ..way_out() };
        let trunk = TrunkConfig { out, ..TrunkConfig::from_peers(Vec::new(), 1) };
        accounts.trunks = BTreeMap::from([(TrunkId::new("line"), trunk)]);
        net.tell(BOX, Command::Configure(accounts));
    };
    let same = |net: &mut Network| {
        let mut accounts = Accounts { register_s: (60, 3600), ..Accounts::default() };
        let trunks = config(TrunkOut { account: Some(account(true)), ..way_out() }).trunks;
        accounts.trunks = trunks;
        net.tell(BOX, Command::Configure(accounts));
    };
    type Ending<'a> = (&'a dyn Fn(&mut Network), usize);
    let ends: [Ending<'_>; 3] = [(&farewell, 1), (&other, 1), (&same, 0)];
    for (end, taken_back) in ends {
        let mut net = registering();
        answer(&mut net, ONE, "REGISTER", "200 OK", GRANTED);
        end(&mut net);
        net.run_ms(20);
        let zero = |text: &str| header(text, "Expires").is_some_and(|expires| expires == "0");
        let gone = net.wire.iter().filter(|w| w.1 == at(ONE) && zero(&w.2)).count();
        assert_eq!(gone, taken_back);
    }
}

fn watched() -> Network {
    network(|out| {
        out.options_every = Duration::from_secs(30);
        out.targets.truncate(1);
    })
}

#[test]
fn a_target_is_asked_whether_it_is_well() {
    let mut net = watched();
    for round in 1..=10 {
        net.run(Duration::from_secs(if round == 1 { 2 } else { 30 }));
        assert_eq!(got(&net, ONE).len(), round);
        // A refusal is as good as a welcome: somebody is there.
        answer(&mut net, ONE, "OPTIONS", if round % 2 == 0 { "200 OK" } else { "404 No" }, "");
    }
    assert_eq!(health(&net), []);
}

#[test]
fn two_lost_answers_take_a_trunk_out_and_two_answers_bring_it_back() {
    let mut net = watched();
    net.run(Duration::from_secs(6));
    assert_eq!(health(&net), []);
    net.run(Duration::from_secs(10));
    let down = format!("udp:{ONE}: no answer to OPTIONS");
    assert_eq!(health(&net), [(false, down)]);
    for round in 0..10 {
        net.run(Duration::from_secs(5));
        if got(&net, ONE).last().is_some_and(|last| last == "OPTIONS") {
            answer(&mut net, ONE, "OPTIONS", "200 OK", "");
        }
        if health(&net).len() > 1 {
            assert!(round >= 1, "one answer is no recovery");
            break;
        }
    }
    assert_eq!(health(&net).last(), Some(&(true, String::new())));
}

#[test]
fn a_target_that_failed_calls_is_tried_last_and_one_that_is_held_too() {
    let mut net = network(|out| out.options_every = Duration::from_secs(3600));
    net.run(Duration::from_secs(2));
    answer(&mut net, ONE, "OPTIONS", "200 OK", "");
    answer(&mut net, TWO, "OPTIONS", "200 OK", "");
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    let busy = "Retry-After: 60\n";
    answer(&mut net, ONE, "INVITE", "503 Service Unavailable", busy);
    answer(&mut net, TWO, "INVITE", "486 Busy Here", "");
    let second = TrunkCall { leg: model::LegId::outbound(9), ..call() };
    let before = got(&net, ONE).len();
    net.tell(BOX, Command::InviteTrunk(second));
    net.run_ms(20);
    assert_eq!(got(&net, TWO).last().map(String::as_str), Some("INVITE"));
    assert_eq!(got(&net, ONE).len(), before);
    assert_eq!(health(&net), []);
}

fn key(sign: char) -> Command {
    Command::Key { leg: ringing(), digit: Digit::new(sign).unwrap() }
}

/// Talks to a carrier that says what methods it takes.
fn talk(net: &mut Network, allow: &str) {
    net.tell(BOX, Command::InviteTrunk(call()));
    net.run_ms(20);
    let request = last(net, ONE, "INVITE");
    let sdp = "v=0\r\no=- 1 1 IN IP4 198.51.100.21\r\ns=-\r\nc=IN IP4 198.51.100.21\r\nt=0 0\r\n\
               m=audio 30000 RTP/AVP 8\r\n";
    let more = format!("Contact: <sip:far@{ONE}>\n{allow}Content-Type: application/sdp\n");
    reply(net, ONE, &request, "200 OK", &more, sdp);
}

/// What was said of keys by INFO, and the keys given back.
fn keys_told(net: &Network) -> (Vec<bool>, String) {
    let (mut offers, mut back) = (Vec::new(), String::new());
    for output in net.news(BOX) {
        match output {
            Output::KeysByInfo { signalled, .. } => offers.push(signalled),
            Output::KeyRefused { digit, .. } => back.push(digit.as_char()),
            _ => {}
        }
    }
    (offers, back)
}

#[test]
fn keys_go_by_info_one_after_the_other_where_the_site_says_so_and_the_carrier_allows_it() {
    let mut net = network(|out| out.keys_by_info = true);
    talk(&mut net, "Allow: INVITE, ACK, BYE, INFO\n");
    assert_eq!(keys_told(&net).0, [true]);
    net.tell(BOX, key('5'));
    net.tell(BOX, key('#'));
    net.run_ms(20);
    let info = last(&net, ONE, "INFO");
    assert_eq!(header(&info, "Content-Type").unwrap(), "application/dtmf-relay");
    assert!(info.ends_with("\r\n\r\nSignal=5\r\nDuration=100\r\n"), "{info}");
    assert_eq!(got(&net, ONE), ["INVITE", "ACK", "INFO"], "the second waits for the first");
    answer(&mut net, ONE, "INFO", "200 OK", "");
    assert!(last(&net, ONE, "INFO").contains("Signal=#"));
    answer(&mut net, ONE, "INFO", "200 OK", "");
    net.run_ms(40_000);
    assert_eq!(got(&net, ONE), ["INVITE", "ACK", "INFO", "INFO"]);
    assert_eq!(net.endpoint(BOX).counters().keys_sent, 2);
}

#[test]
fn keys_are_not_offered_by_info_where_the_site_or_the_carrier_does_not() {
    for (site, allow) in [(false, "Allow: INVITE, INFO\n"), (true, "Allow: INVITE, ACK, BYE\n")] {
        let mut net = network(|out| out.keys_by_info = site);
        talk(&mut net, allow);
        net.tell(BOX, key('5'));
        net.run_ms(20);
        assert_eq!((keys_told(&net).0, got(&net, ONE).len()), (vec![], 2), "{site} {allow}");
        assert_eq!(net.endpoint(BOX).counters().keys_lost, 1);
    }
}

#[test]
fn a_carrier_that_refuses_an_info_is_sent_no_more_and_the_keys_are_given_back() {
    let mut net = network(|out| out.keys_by_info = true);
    talk(&mut net, "");
    for sign in "147".chars() {
        net.tell(BOX, key(sign));
    }
    net.run_ms(20);
    answer(&mut net, ONE, "INFO", "415 Unsupported Media Type", "");
    assert_eq!(keys_told(&net), (vec![true, false], "147".into()));
    net.run_ms(20);
    assert_eq!(got(&net, ONE), ["INVITE", "ACK", "INFO"]);
}

#[test]
fn a_challenge_of_an_info_is_answered_and_the_key_counts_once() {
    let mut net = network(|out| {
        out.keys_by_info = true;
        out.account = Some(account(false));
    });
    talk(&mut net, "Allow: INFO\n");
    net.tell(BOX, key('8'));
    net.run_ms(20);
    answer(&mut net, ONE, "INFO", "407 Proxy Authentication Required", CHALLENGE);
    let again = last(&net, ONE, "INFO");
    let proof = header(&again, "Proxy-Authorization");
    assert!(proof.is_some() && again.contains("Signal=8"), "{again}");
    answer(&mut net, ONE, "INFO", "200 OK", "");
    net.run_ms(100);
    assert_eq!(keys_told(&net), (vec![true], String::new()));
}
