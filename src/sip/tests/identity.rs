//! Who calls, who sent the call on, why it ended, and what a desk phone is told beside (RFC 3323,
//! 3325, 3326, 5806, 6432, 7044).

#![allow(clippy::unwrap_used)]

mod network;

use model::{Cause, LegEvent, LegId, Number, PersonName, PhoneId, TrunkId};
use network::far::{Far, SDP, answer, last, lines};
use network::*;
use sip::Command;

fn trusting(trusted: bool) -> Network {
    let mut config = box_config();
    config.trunks.get_mut(&TrunkId::new("carrier")).unwrap().out.trusted = trusted;
    let mut net = Network::with(1, config);
    net.endpoints.remove(&at(TRUNK));
    net
}

/// A call of the trunk with these headers; gives what was said of it.
fn arrives(net: &mut Network, more: &str) -> (String, String, String) {
    let n = net.arrived(BOX).len();
    let text = format!(
        "INVITE sip:95000@box.example SIP/2.0\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bKi{n}\n\
         Max-Forwards: 70\nFrom: \"Self\" <sip:111@x>;tag=far{n}\nTo: <sip:95000@box.example>\n\
         Call-ID: raw{n}\nCSeq: 7 INVITE\nContact: <sip:far@{TRUNK}>\n{more}\
         Content-Type: application/sdp\n\n{SDP}"
    );
    // Nobody acknowledges the refusals of before, which come again.
    assert_eq!(lines(&net.ask(TRUNK, BOX, &text)).last().unwrap(), "180 INVITE");
    let leg = *net.arrived(BOX).last().unwrap();
    let arrived = net.events(BOX, leg).remove(0);
    net.tell(BOX, Command::Refuse { leg, cause: Cause::Busy });
    net.run_ms(20);
    let LegEvent::Arrived { caller, name, diverted, .. } = arrived else { panic!() };
    (caller.reveal().to_owned(), name.reveal().to_owned(), diverted.reveal().to_owned())
}

fn asserted(who: &str, more: &str) -> String {
    format!("P-Asserted-Identity: \"True\" <sip:{who}@carrier.example>\n{more}")
}

#[test]
fn an_asserted_caller_counts_where_its_trunk_is_trusted() {
    let mut net = trusting(true);
    let (caller, name, _) = arrives(&mut net, &asserted("222", ""));
    assert_eq!((caller.as_str(), name.as_str()), ("222", "True"));
    let mut net = trusting(false);
    let (caller, name, _) = arrives(&mut net, &asserted("222", ""));
    assert_eq!((caller.as_str(), name.as_str()), ("111", "Self"), "3325 5: passed over");
}

#[test]
fn a_caller_that_wants_to_be_withheld_is_whatever_was_asserted() {
    for privacy in ["id", "user; id", "header;id;critical", "ID"] {
        let mut net = trusting(true);
        let (caller, name, _) =
            arrives(&mut net, &asserted("222", &format!("Privacy: {privacy}\n")));
        assert_eq!((caller.as_str(), name.as_str()), ("", ""), "{privacy}");
    }
    let mut net = trusting(true);
    let (caller, ..) = arrives(&mut net, &asserted("222", "Privacy: none\n"));
    assert_eq!(caller, "222");
}

#[test]
fn who_is_called_is_told_who_calls_only_where_it_is_trusted() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(BOX, ring("8001"));
    net.run_ms(20);
    let told = header(&last(&net, BOX, PHONE, "INVITE"), "P-Asserted-Identity").unwrap();
    assert_eq!(told, "\"Wang \\\"W\\\" Fang\" <sip:13912345678@box.example>");
    let mut call = uri_call(9, &format!("sip:110@{TRUNK}"), true);
    if let Command::InviteUri { to, .. } = &mut call {
        *to = sip::Peer::udp(at(TRUNK));
    }
    net.tell(BOX, call);
    net.run_ms(20);
    assert_eq!(header(&last(&net, BOX, TRUNK, "INVITE"), "P-Asserted-Identity"), None);
}

#[test]
fn who_sent_the_call_on_is_read_from_either_header() {
    let mut net = trusting(false);
    for (more, diverted) in [
        ("", ""),
        ("Diversion: <sip:333@x>;reason=no-answer;counter=1\n", "333"),
        ("Diversion: <sip:333@x>;reason=user-busy, <sip:444@x>;reason=unknown\n", "333"),
        ("Diversion: <sip:333@x>;privacy=full\n", ""),
        ("Diversion: <tel:+8610333>;privacy=\"off\"\n", "+8610333"),
        ("Diversion: nonsense<\n", ""),
        ("History-Info: <sip:95000@box>;index=1\n", ""),
        ("History-Info: <sip:333@x>;index=1, <sip:95000@box;cause=302>;index=1.1;mp=1\n", "333"),
        (
            "History-Info: <sip:444@x>;index=1\nHistory-Info: <sip:333@x>;index=1.1\n\
             History-Info: <sip:95000@box>;index=1.1.1\n",
            "333",
        ),
        ("Referred-By: \"Li\" <sip:333@x>;cid=\"a@x\"\n", "333"),
        ("b: <sip:3%2233%3B@x>\n", "333"),
        ("Referred-By: <sip:333@x>, <sip:444@x>\n", ""),
        ("Referred-By: <sip:333@x>\nDiversion: <sip:444@x>\n", "444"),
        ("History-Info: <sip:333@x?Privacy=history>;index=1, <sip:95000@box>;index=1.1\n", ""),
    ] {
        assert_eq!(arrives(&mut net, more).2, diverted, "{more}");
    }
}

#[test]
fn a_phone_does_not_say_who_sent_it_a_call() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, to, bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let more = "Diversion: <sip:333@x>\r\nP-Asserted-Identity: <sip:1@x>\r\nAllow:";
        Some(if to == at(BOX) { text.replacen("Allow:", more, 1) } else { text }.into_bytes())
    }));
    net.tell(PHONE, uri_call(OUT, "sip:*81@box.example", true));
    net.run_ms(100);
    let LegEvent::Arrived { caller, diverted, .. } = &net.events(BOX, net.arrived(BOX)[0])[0]
    else {
        panic!()
    };
    assert_eq!((caller.reveal(), diverted.reveal()), ("8001", ""));
}

#[test]
fn a_headset_agents_phone_is_told_to_answer_by_itself() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    for auto in [false, true] {
        let mut call = ring("8001");
        if let Command::Invite { leg, auto_answer, .. } = &mut call {
            (*leg, *auto_answer) = (LegId::outbound(20 + u64::from(auto)), auto);
        }
        net.tell(BOX, call);
        net.run_ms(20);
        let invite = last(&net, BOX, PHONE, "INVITE");
        assert_eq!(invite.contains("Call-Info: <sip:192.0.2.1>;answer-after=0\r\n"), auto);
        assert_eq!(invite.contains("Call-Info: <sip:192.0.2.1>;intercom=true\r\n"), auto);
        let alert = "Alert-Info: <http://192.0.2.1>;info=alert-autoanswer;delay=0\r\n";
        assert_eq!(invite.contains(alert), auto);
    }
}

#[test]
fn rfc_3892_a_phone_is_told_who_transfers_the_caller_to_it() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    let mut call = ring("8001");
    if let Command::Invite { referrer, .. } = &mut call {
        *referrer = Number::new("8004\r\nX-Evil: 1");
    }
    net.tell(BOX, call);
    net.run_ms(20);
    let invite = last(&net, BOX, PHONE, "INVITE");
    let by = header(&invite, "Referred-By").unwrap();
    assert!(by.starts_with("<sip:8004%0D%0AX-Evil") && by.ends_with("@box.example>"), "{by}");
    assert_eq!(invite.matches("Referred-By").count(), 1);
}

#[test]
fn what_a_phone_shows_cannot_begin_a_header_of_its_own() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(
        BOX,
        Command::Invite {
            leg: ringing(),
            phone: PhoneId::new("8001"),
            rtp: rtp(1),
            caller: Number::new("1\r\nX-Evil: 1"),
            name: PersonName::new("VIP \u{7}\r\nX-Evil: 2\t投诉"),
            auto_answer: false,
            referrer: Number::default(),
            codec: None,
        },
    );
    net.run_ms(20);
    let invite = last(&net, BOX, PHONE, "INVITE");
    assert!(!invite.contains("\nX-Evil"), "{invite}");
    assert_eq!(net.arrived(PHONE).len(), 1);
}

#[test]
fn why_a_call_ended_is_told_in_the_words_of_the_telephone_network() {
    let mut net = Network::new(1);
    let leg = net.call_in();
    net.tell(BOX, Command::Refuse { leg, cause: Cause::Busy });
    net.run_ms(20);
    let refusal = last(&net, BOX, TRUNK, "486 INVITE");
    assert_eq!(header(&refusal, "Reason").as_deref(), Some("Q.850;cause=17;text=\"User busy\""));
    let mut net = Network::new(1);
    let leg = net.talk_in();
    net.tell(BOX, hang_up(leg));
    net.run_ms(20);
    let bye = last(&net, BOX, TRUNK, "BYE");
    assert!(header(&bye, "Reason").unwrap().starts_with("Q.850;cause=16;"));
    let mut net = Network::new(1);
    net.ring_phone();
    net.tell(BOX, Command::HangUp { leg: ringing(), cause: Cause::NoAnswer });
    net.run_ms(20);
    let cancel = last(&net, BOX, PHONE, "CANCEL");
    assert!(header(&cancel, "Reason").unwrap().starts_with("Q.850;cause=19;"));
}

#[test]
fn why_the_network_refused_counts_where_the_code_says_little() {
    for (code, more, gone) in [
        (480, "Reason: Q.850;cause=17\n", "Gone(Busy)"),
        (503, "Reason: Q.850;cause=1;text=\"x\"\n", "Gone(NotFound)"),
        (500, "Reason: SIP;cause=200, Q.850 ;cause=34\n", "Gone(Congestion)"),
        (486, "Reason: Q.850;cause=1\n", "Gone(Busy)"),
        (503, "Reason: Q.850;cause=999\n", "Gone(Congestion)"),
        (480, "", "Gone(Unreachable)"),
    ] {
        let mut net = Network::new(1);
        net.register(PHONE, "8001");
        net.endpoints.remove(&at(PHONE));
        net.tell(BOX, ring("8001"));
        net.run_ms(20);
        let invite = last(&net, BOX, PHONE, "INVITE");
        answer(&mut net, PHONE, &invite, code, "a", more, "");
        assert_eq!(net.story(BOX, ringing()), gone, "{code} {more}");
    }
}

#[test]
fn a_call_that_broke_is_told_from_one_that_was_hung_up() {
    for (more, gone) in [
        ("", "Gone(Normal)"),
        ("Reason: Q.850;cause=16\n", "Gone(Normal)"),
        ("Reason: Q.850;cause=17\n", "Gone(Normal)"),
        ("Reason: Q.850;cause=41\n", "Gone(Failure)"),
        ("Reason: Q.850;cause=27\n", "Gone(Vanished)"),
    ] {
        let mut net = Network::new(1);
        let leg = net.talk_in();
        let mut far = Far::caller(&mut net, TRUNK);
        far.ask(&mut net, "BYE", more, "");
        assert_eq!(net.story(BOX, leg), format!("Arrived Answered {gone}"), "{more}");
    }
}
