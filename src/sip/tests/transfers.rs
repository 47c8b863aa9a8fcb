//! Transfers that phones ask for, calls that take another's place, and phones that send a call on
//! (RFC 3515, 3891, 4488; RFC 3261 21.3).

#![allow(clippy::unwrap_used)]

mod network;

use model::{Cause, LegEvent, LegId, PhoneId, TransferStage, TrunkId, Via};
use network::far::{self, Far, SDP, answer, body, last, lines};
use network::*;
use sip::{Command, Config};
use std::time::Duration;

/// The box talks with phone 8001, whose end is the test's.
fn talking(net: &mut Network) -> Far {
    let leg = net.ring_phone();
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    net.run_ms(100);
    Far::callee(net, PHONE)
}

/// The same phone has called the box too; gives that leg and that end.
fn consulting(net: &mut Network) -> (LegId, Far) {
    net.tell(PHONE, uri_call(OUT, "sip:8002@box.example", true));
    net.run_ms(100);
    let leg = *net.arrived(BOX).last().unwrap();
    net.tell(BOX, Command::Answer { leg, rtp: rtp(3) });
    net.run_ms(100);
    let answer = last(net, BOX, PHONE, "200 INVITE");
    let endpoint = net.endpoints.remove(&at(PHONE)).unwrap();
    let far = Far::caller(net, PHONE);
    net.endpoints.insert(at(PHONE), endpoint);
    assert_eq!(header(&answer, "Call-ID").as_deref(), Some(far.call_id.as_str()));
    (leg, far)
}

/// What another call is named by, as it stands in a Refer-To.
fn replaces(far: &Far) -> String {
    let id = far.call_id.replace('@', "%40");
    format!("?Replaces={id}%3Bto-tag%3D{}%3Bfrom-tag%3D{}", far.box_tag(), far.tag())
}

fn stage(net: &mut Network, stage: TransferStage) -> String {
    net.tell(BOX, Command::Transferring { leg: ringing(), stage });
    net.run_ms(20);
    last(net, BOX, PHONE, "NOTIFY")
}

fn asked(net: &Network) -> Option<LegEvent> {
    net.events(BOX, ringing()).last().cloned()
}

#[test]
fn a_blind_transfer_is_accepted_and_told_of_until_it_stands() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    assert_eq!(lines(&told), ["202 REFER", "NOTIFY"]);
    assert_eq!(asked(&net), Some(LegEvent::TransferAsked { to: "8002".into() }));
    assert_eq!(header(&told[1], "Event").as_deref(), Some("refer"));
    assert!(header(&told[1], "Subscription-State").unwrap().starts_with("active;expires="));
    assert_eq!(header(&told[1], "Content-Type").as_deref(), Some("message/sipfrag;version=2.0"));
    assert_eq!(body(&told[1]), "SIP/2.0 100 Trying\r\n", "2.4.4: at once");
    answer(&mut net, PHONE, &told[1], 200, "", "", "");
    let rings = stage(&mut net, TransferStage::Ringing);
    assert_eq!(body(&rings), "SIP/2.0 180 Ringing\r\n");
    answer(&mut net, PHONE, &rings, 200, "", "", "");
    let done = stage(&mut net, TransferStage::Done);
    assert_eq!(body(&done), "SIP/2.0 200 OK\r\n");
    let state = header(&done, "Subscription-State");
    assert_eq!(state.as_deref(), Some("terminated;reason=noresource"));
    answer(&mut net, PHONE, &done, 200, "", "", "");
    let notified = net.lines(BOX, PHONE).iter().filter(|l| *l == "NOTIFY").count();
    stage(&mut net, TransferStage::Ringing);
    let after = net.lines(BOX, PHONE).iter().filter(|l| *l == "NOTIFY").count();
    assert_eq!(notified, after, "nothing is told after the end");
    assert_eq!(asked(&net), Some(LegEvent::TransferAsked { to: "8002".into() }));
}

#[test]
fn a_transfer_that_fails_says_so_and_leaves_the_call() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    far.ask(&mut net, "REFER", "Refer-To: sip:8002@box.example\n", "");
    let failed = stage(&mut net, TransferStage::Failed(Cause::Busy));
    assert_eq!(body(&failed), "SIP/2.0 486 Busy Here\r\n");
    assert!(header(&failed, "Subscription-State").unwrap().starts_with("terminated"));
    assert_eq!(lines(&far.ask(&mut net, "OPTIONS", "", "")), ["200 OPTIONS"]);
    let again = far.ask(&mut net, "REFER", "Refer-To: <sip:8003@box.example>\n", "");
    assert_eq!(lines(&again), ["202 REFER", "NOTIFY"]);
    let refer = header(&again[0], "CSeq").unwrap();
    let id = refer.split(' ').next().unwrap();
    assert_eq!(header(&again[1], "Event"), Some(format!("refer;id={id}")), "2.4.6: the second");
}

#[test]
fn who_does_not_want_to_be_told_is_not() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let more = "Refer-To: <sip:8002@box.example>\nRefer-Sub: false\nSupported: norefersub\n";
    let told = far.ask(&mut net, "REFER", more, "");
    assert_eq!(lines(&told), ["202 REFER"]);
    assert_eq!(header(&told[0], "Refer-Sub").as_deref(), Some("false"));
    net.tell(BOX, Command::Transferring { leg: ringing(), stage: TransferStage::Done });
    net.run_ms(20);
    assert!(!net.lines(BOX, PHONE).contains(&"NOTIFY".to_owned()));
}

#[test]
fn a_second_refer_waits_for_the_end_of_the_first() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    let second = far.ask(&mut net, "REFER", "Refer-To: <sip:8003@box.example>\n", "");
    assert!(lines(&second).contains(&"491 REFER".to_owned()));
}

#[test]
fn a_transfer_nobody_ends_is_told_of_no_longer_than_3_minutes() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    answer(&mut net, PHONE, &told[1], 200, "", "", "");
    net.run(Duration::from_secs(181));
    let end = last(&net, BOX, PHONE, "NOTIFY");
    let state = header(&end, "Subscription-State");
    assert_eq!(state.as_deref(), Some("terminated;reason=timeout"));
    assert_eq!(body(&end), "SIP/2.0 100 Trying\r\n", "as far as it came");
}

#[test]
fn a_phone_that_hangs_up_while_it_is_transferred_is_told_that_no_more_comes() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    answer(&mut net, PHONE, &told[1], 200, "", "", "");
    let bye = far.ask(&mut net, "BYE", "", "");
    assert_eq!(lines(&bye), ["NOTIFY", "200 BYE"]);
    assert!(header(&bye[0], "Subscription-State").unwrap().starts_with("terminated"));
    assert!(net.story(BOX, ringing()).ends_with("Gone(Normal)"));
}

#[test]
fn a_phone_that_forgot_its_transfer_is_told_no_more() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    answer(&mut net, PHONE, &told[1], 481, "", "", "");
    net.tell(BOX, Command::Transferring { leg: ringing(), stage: TransferStage::Done });
    net.run_ms(20);
    let notified = net.lines(BOX, PHONE).iter().filter(|l| *l == "NOTIFY").count();
    assert_eq!(notified, 1);
    assert_eq!(net.story(BOX, ringing()).matches("Gone").count(), 0);
}

#[test]
fn rfc_6665_4_1_2_2_a_transfer_is_told_of_longer_where_the_phone_asks_again() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    answer(&mut net, PHONE, &told[1], 200, "", "", "");
    net.run(Duration::from_secs(170));
    let again = far.ask(&mut net, "SUBSCRIBE", "Event: refer\nExpires: 7200\n", "");
    assert_eq!(lines(&again), ["200 SUBSCRIBE", "NOTIFY"]);
    assert_eq!(header(&again[0], "Expires").as_deref(), Some("180"), "no longer than it may ring");
    assert_eq!(header(&again[1], "Subscription-State").as_deref(), Some("active;expires=180"));
    assert_eq!(body(&again[1]), "SIP/2.0 100 Trying\r\n", "as far as it came");
    answer(&mut net, PHONE, &again[1], 200, "", "", "");
    net.run(Duration::from_secs(170));
    let done = stage(&mut net, TransferStage::Done);
    assert_eq!(body(&done), "SIP/2.0 200 OK\r\n");
    let late = far.ask(&mut net, "SUBSCRIBE", "Event: refer\n", "");
    assert!(lines(&late).contains(&"481 SUBSCRIBE".to_owned()), "it is over: {late:?}");
    let other = far.ask(&mut net, "SUBSCRIBE", "Event: dialog\n", "");
    assert!(lines(&other).contains(&"489 SUBSCRIBE".to_owned()), "{other:?}");
}

#[test]
fn rfc_6665_4_1_2_3_a_phone_that_wants_to_hear_no_more_of_its_transfer_is_told_no_more() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    answer(&mut net, PHONE, &told[1], 200, "", "", "");
    let end = far.ask(&mut net, "SUBSCRIBE", "Event: refer\nExpires: 0\n", "");
    assert_eq!(lines(&end), ["200 SUBSCRIBE", "NOTIFY"]);
    let state = header(&end[1], "Subscription-State");
    assert_eq!(state.as_deref(), Some("terminated;reason=timeout"));
    answer(&mut net, PHONE, &end[1], 200, "", "", "");
    let second = far.ask(&mut net, "REFER", "Refer-To: <sip:8003@box.example>\n", "");
    assert_eq!(lines(&second), ["491 REFER"], "the transfer goes on, unheard");
    net.tell(BOX, Command::Transferring { leg: ringing(), stage: TransferStage::Done });
    net.run_ms(20);
    assert_eq!(net.lines(BOX, PHONE).iter().filter(|l| *l == "NOTIFY").count(), 2);
}

#[test]
fn rfc_3515_2_4_6_two_transfers_of_one_call_are_told_apart_by_their_id() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
    let failed = stage(&mut net, TransferStage::Failed(Cause::Busy));
    let second = far.ask(&mut net, "REFER", "Refer-To: <sip:8003@box.example>\n", "");
    let id = header(&second[0], "CSeq").unwrap().split(' ').next().unwrap().to_owned();
    // The phone forgot the first meanwhile, which says nothing of the second.
    answer(&mut net, PHONE, &failed, 481, "", "", "");
    let first = far.ask(&mut net, "SUBSCRIBE", "Event: refer\n", "");
    assert!(lines(&first).contains(&"481 SUBSCRIBE".to_owned()), "the first is over: {first:?}");
    let own = far.ask(&mut net, "SUBSCRIBE", &format!("Event: refer;id={id}\nExpires: 60\n"), "");
    assert!(lines(&own).contains(&"200 SUBSCRIBE".to_owned()), "{own:?}");
    let rings = stage(&mut net, TransferStage::Ringing);
    assert_eq!(header(&rings, "Event"), Some(format!("refer;id={id}")));
    assert_eq!(body(&rings), "SIP/2.0 180 Ringing\r\n");
}

#[test]
fn rfc_6665_4_2_2_a_transfer_is_told_on_after_a_refusal_for_now_and_no_more_after_another() {
    for (more, told_on) in [("Retry-After: 5\n", true), ("", false)] {
        let mut net = Network::new(1);
        let mut far = talking(&mut net);
        let told = far.ask(&mut net, "REFER", "Refer-To: <sip:8002@box.example>\n", "");
        answer(&mut net, PHONE, &told[1], 503, "", more, "");
        net.tell(BOX, Command::Transferring { leg: ringing(), stage: TransferStage::Ringing });
        net.run_ms(20);
        let notified = net.lines(BOX, PHONE).iter().filter(|l| *l == "NOTIFY").count();
        assert_eq!(notified == 2, told_on, "{notified}");
    }
}

#[test]
fn rfc_4488_4_a_transfer_nobody_hears_of_cannot_be_asked_after() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let more = "Refer-To: <sip:8002@box.example>\nRefer-Sub: false\nRequire: norefersub\n";
    assert_eq!(lines(&far.ask(&mut net, "REFER", more, "")), ["202 REFER"]);
    assert_eq!(lines(&far.ask(&mut net, "SUBSCRIBE", "Event: refer\n", "")), ["481 SUBSCRIBE"]);
}

#[test]
fn what_a_refer_asks_for_is_cleaned_and_nonsense_refused() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let mut ask = |net: &mut Network, more: &str| {
        let code = lines(&far.ask(net, "REFER", more, "")).remove(0);
        net.tell(BOX, Command::Transferring { leg: ringing(), stage: TransferStage::Done });
        net.run_ms(20);
        code
    };
    assert_eq!(ask(&mut net, ""), "400 REFER");
    let two = "Refer-To: <sip:1@x>\nRefer-To: <sip:2@x>\n";
    assert_eq!(ask(&mut net, two), "400 REFER", "2.4.2: exactly one");
    assert_eq!(ask(&mut net, "Refer-To: <sip:1@x>, <sip:2@x>\n"), "400 REFER");
    assert_eq!(ask(&mut net, "Refer-To: nonsense\n"), "400 REFER");
    assert_eq!(ask(&mut net, "Refer-To: <sip:1@x;method=BYE>\n"), "603 REFER");
    assert_eq!(ask(&mut net, "Refer-To: <sip:%3B%22@x>\n"), "404 REFER");
    assert_eq!(ask(&mut net, "Refer-To: <sip:1@x?Replaces=a%3Bto-tag%3Db>\n"), "400 REFER");
    let silent = "Refer-Sub: false\n";
    let dirty = format!("Refer-To: \"Boss\" <sip:+86 (21)%3C61234567@evil.example>\n{silent}");
    assert_eq!(ask(&mut net, &dirty), "400 REFER", "no address has a space");
    let dirty = format!("Refer-To: <sip:+86%20(21)%3C6123@evil.example?X=y%0D%0AVia%3A>\n{silent}");
    assert_eq!(ask(&mut net, &dirty), "202 REFER");
    assert_eq!(asked(&net), Some(LegEvent::TransferAsked { to: "+86216123".into() }));
    let tel = format!("Refer-To: <tel:110;phone-context=x>\n{silent}");
    assert_eq!(ask(&mut net, &tel), "202 REFER");
    assert_eq!(asked(&net), Some(LegEvent::TransferAsked { to: "110".into() }));
}

#[test]
fn rfc_3892_2_1_a_refer_says_once_who_refers_or_not_at_all() {
    let mut net = Network::new(1);
    let mut far = talking(&mut net);
    let to = "Refer-To: <sip:8002@box.example>\n";
    for by in ["nonsense<", "<sip:1@x>\nReferred-By: <sip:2@x>", &format!("<sip:{:600}@x>", 1)] {
        let told = far.ask(&mut net, "REFER", &format!("{to}Referred-By: {by}\n"), "");
        assert_eq!(lines(&told), ["400 REFER"], "{by}");
    }
    let told = far.ask(&mut net, "REFER", &format!("{to}Referred-By: <sip:9@x>;cid=\"a@b\"\n"), "");
    assert_eq!(lines(&told), ["202 REFER", "NOTIFY"]);
}

#[test]
fn an_attended_transfer_names_the_phones_other_call() {
    let mut net = Network::new(1);
    let leg = net.ring_phone();
    net.tell(PHONE, Command::Answer { leg, rtp: rtp(9) });
    net.run_ms(100);
    let (other, consult) = consulting(&mut net);
    let mut far = Far::callee(&mut net, PHONE);
    let to = format!("Refer-To: <sip:8002@box.example{}>\n", replaces(&consult));
    let told = far.ask(&mut net, "REFER", &to, "");
    assert_eq!(lines(&told), ["202 REFER", "NOTIFY"]);
    assert_eq!(asked(&net), Some(LegEvent::JoinAsked { other }));
}

#[test]
fn an_attended_transfer_to_a_call_that_is_not_the_phones_own_is_refused() {
    let mut net = Network::new(1);
    net.talk_in();
    let strange = Far::caller(&mut net, TRUNK);
    let mut far = talking(&mut net);
    let own = replaces(&far);
    for named in [replaces(&strange), own, "?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2".to_owned()] {
        let told = far.ask(&mut net, "REFER", &format!("Refer-To: <sip:1@x{named}>\n"), "");
        assert_eq!(lines(&told), ["481 REFER"], "{named}");
    }
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
}

#[test]
fn a_trunk_has_nothing_transferred_unless_it_is_trusted() {
    for trusted in [false, true] {
        let mut config = box_config();
        config.trunks.get_mut(&TrunkId::new("carrier")).unwrap().out.trusted = trusted;
        let mut net = Network::with(1, config);
        net.talk_in();
        let mut far = Far::caller(&mut net, TRUNK);
        let told = far.ask(&mut net, "REFER", "Refer-To: <sip:00882@x>\n", "");
        assert_eq!(line(&told[0]), if trusted { "202 REFER" } else { "403 REFER" });
    }
}

#[test]
fn nobody_has_calls_made_out_of_the_blue() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(PHONE));
    let refer = format!(
        "REFER sip:95@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKr\n\
         Max-Forwards: 70\nFrom: <sip:8001@box.example>;tag=a\nTo: <sip:95@192.0.2.1>\n\
         Call-ID: r\nCSeq: 1 REFER\nRefer-To: <sip:1@x>\nContact: <sip:8001@{PHONE}>\n\n"
    );
    assert_eq!(lines(&net.ask(PHONE, BOX, &refer)), ["403 REFER"]);
    assert_eq!(net.endpoint(BOX).transactions(), 0);
}

// INVITE with Replaces

/// Phone OTHER calls in place of another call.
fn replacing(net: &mut Network, who: &'static str, value: &str) -> Vec<String> {
    net.endpoints.remove(&at(who));
    let invite = |proof: &str, n: u32| {
        format!(
            "INVITE sip:8001@box.example SIP/2.0\nVia: SIP/2.0/UDP {who};branch=z9hG4bKp{n}\n\
             Max-Forwards: 70\nFrom: <sip:8002@box.example>;tag=p\nTo: <sip:8001@box.example>\n\
             Call-ID: pick\nCSeq: {n} INVITE\nContact: <sip:8002@{who}>\n{proof}{value}\
             Content-Type: application/sdp\n\n{SDP}"
        )
    };
    let first = net.ask(who, BOX, &invite("", 1));
    if line(&first[0]) != "401 INVITE" {
        return first;
    }
    let proof = far::proof(&first[0], "8002", rsip::Method::Invite, "sip:8001@box.example");
    net.ask(who, BOX, &invite(&proof, 2))
}

#[test]
fn a_phone_picks_up_a_call_that_rings_elsewhere() {
    let mut net = Network::new(1);
    net.ring_phone();
    let rings = last(&net, PHONE, BOX, "180 INVITE");
    let value = format!(
        "Require: replaces\nReplaces: {};to-tag={};from-tag={};early-only\n",
        header(&rings, "Call-ID").unwrap(),
        header(&rings, "From").unwrap().split("tag=").nth(1).unwrap(),
        header(&rings, "To").unwrap().split("tag=").nth(1).unwrap(),
    );
    assert_eq!(lines(&replacing(&mut net, OTHER, &value)), ["180 INVITE"]);
    let via = Via::Phone(PhoneId::new("8002"));
    let leg = LegId::inbound(1);
    assert_eq!(net.events(BOX, leg), [LegEvent::ArrivedInPlace { via, old: ringing() }]);
}

#[test]
fn a_call_that_talks_is_taken_over_unless_only_an_early_one_is_wanted() {
    let mut net = Network::new(1);
    let far = talking(&mut net);
    let value =
        format!("Replaces: {};to-tag={};from-tag={}", far.call_id, far.box_tag(), far.tag());
    let early = format!("{value};early-only\n");
    assert_eq!(lines(&replacing(&mut net, OTHER, &early)), ["486 INVITE"], "3891 3");
    let mut net = Network::new(1);
    let far = talking(&mut net);
    let value =
        format!("Replaces: {};from-tag={};to-tag={}\n", far.call_id, far.tag(), far.box_tag());
    assert_eq!(lines(&replacing(&mut net, OTHER, &value)), ["180 INVITE"]);
    let events = net.events(BOX, LegId::inbound(1));
    assert!(matches!(&events[..], [LegEvent::ArrivedInPlace { old, .. }] if *old == ringing()));
}

#[test]
fn a_call_that_is_not_there_or_waits_for_us_is_not_replaced() {
    let unknown = "Replaces: x;to-tag=1;from-tag=2\n";
    let mut net = Network::new(1);
    assert_eq!(lines(&replacing(&mut net, OTHER, unknown)), ["481 INVITE"]);
    let mut net = Network::new(1);
    assert_eq!(lines(&replacing(&mut net, OTHER, &unknown.repeat(2))), ["400 INVITE"]);
    // It rings at us: whoever we are to answer is nobody's to take (3891 3).
    let mut net = Network::new(1);
    net.call_in();
    let rings = last(&net, BOX, TRUNK, "180 INVITE");
    let value = format!(
        "Replaces: {};to-tag={};from-tag={}\n",
        header(&rings, "Call-ID").unwrap(),
        header(&rings, "To").unwrap().split("tag=").nth(1).unwrap(),
        header(&rings, "From").unwrap().split("tag=").nth(1).unwrap(),
    );
    assert_eq!(lines(&replacing(&mut net, OTHER, &value)), ["481 INVITE"]);
}

#[test]
fn a_trunk_takes_nobodys_place_unless_it_is_trusted() {
    let mut net = Network::new(1);
    let far = talking(&mut net);
    let value =
        format!("Replaces: {};to-tag={};from-tag={}\n", far.call_id, far.box_tag(), far.tag());
    assert_eq!(lines(&replacing_by_trunk(&mut net, &value)), ["403 INVITE"]);
    assert_eq!(net.story(BOX, ringing()), "Ringing Answered");
}

fn replacing_by_trunk(net: &mut Network, value: &str) -> Vec<String> {
    net.endpoints.remove(&at(TRUNK));
    let invite = format!(
        "INVITE sip:8001@box.example SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKt\n\
         Max-Forwards: 70\nFrom: <sip:1@x>;tag=p\nTo: <sip:8001@box.example>\nCall-ID: t\n\
         CSeq: 1 INVITE\nContact: <sip:1@{TRUNK}>\n{value}Content-Type: application/sdp\n\n{SDP}"
    );
    net.ask(TRUNK, BOX, &invite)
}

// 302

#[test]
fn a_phone_that_sends_the_call_on_is_heard_and_the_others_stop_ringing() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.register(OTHER, "8001");
    net.endpoints.remove(&at(PHONE));
    net.tell(BOX, ring("8001"));
    net.run_ms(20);
    let invite = last(&net, BOX, PHONE, "INVITE");
    let text = answer(&mut net, PHONE, &invite, 302, "a", "", "");
    assert_eq!(lines(&text), ["ACK"]);
    let to = "far".to_owned();
    assert_eq!(asked(&net), Some(LegEvent::ForwardAsked { to }), "the Contact's user part");
    net.run_ms(100);
    assert_eq!(net.story(OTHER, net.arrived(OTHER)[0]), "Arrived Gone(Cancelled)");
    assert!(!net.story(BOX, ringing()).contains("Gone"), "Gone does not follow");
    net.run(Duration::from_secs(40));
    assert_eq!(net.endpoint(BOX).legs(), 0);
}

#[test]
fn a_trunk_that_sends_a_call_on_is_not_followed() {
    let mut net = Network::with(1, Config { session_s: 0, ..box_config() });
    net.endpoints.remove(&at(TRUNK));
    let mut call = uri_call(9, &format!("sip:110@{TRUNK}"), true);
    if let Command::InviteUri { to, .. } = &mut call {
        *to = sip::Peer::udp(at(TRUNK));
    }
    net.tell(BOX, call);
    net.run_ms(20);
    let invite = last(&net, BOX, TRUNK, "INVITE");
    answer(&mut net, TRUNK, &invite, 302, "a", "", "");
    assert_eq!(net.story(BOX, LegId::outbound(9)), "Gone(Unreachable)");
}
