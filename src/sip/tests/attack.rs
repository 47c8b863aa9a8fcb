//! Who guesses, floods or answers out of turn gets nowhere, and nobody else has to suffer for it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod network;

use model::site::Guarding;
use model::{PhoneId, Secret};
use network::*;
use sip::{Command, Endpoint, Output, Source};
use std::time::Duration;

const GUESSER: &str = "203.0.113.99:5060";

fn register(net: &mut Network, who: &str, account: &str, password: &str) -> Option<Output> {
    let before = net.news(who).len();
    net.tell(who, registration(account, password, 300));
    net.run_ms(100);
    net.news(who).into_iter().nth(before)
}

fn granted(account: &str) -> Option<Output> {
    Some(Output::RegisterResult { user: PhoneId::new(account), result: Ok(300) })
}

fn refused(account: &str) -> Option<Output> {
    Some(Output::RegisterResult { user: PhoneId::new(account), result: Err(401) })
}

fn with_guesser() -> Network {
    let mut net = Network::new(1);
    net.endpoints.insert(at(GUESSER), Endpoint::new(net.now, phone_config(GUESSER)));
    net
}

/// Guesses each 40 s, so that each guess is judged, until the box has enough.
fn guess_until_banned(net: &mut Network, account: &str) -> u32 {
    for n in 1..100 {
        register(net, GUESSER, account, &format!("guess {n}"));
        if net.news(BOX).iter().any(|said| matches!(said, Output::Banned { .. })) {
            return n;
        }
        net.run(Duration::from_secs(40));
    }
    panic!("never banned");
}

#[test]
fn a_guesser_is_banned_with_an_alarm_and_hears_nothing_more_until_it_is_over() {
    let mut net = with_guesser();
    let guesses = guess_until_banned(&mut net, "8001");
    let Guarding { wrong_passwords, ban, .. } = Guarding::default();
    assert!((wrong_passwords..3 * wrong_passwords).contains(&guesses), "{guesses}");
    let banned = Source::of(at(GUESSER).ip());
    let alarm = |said: &Output| matches!(said, Output::Banned { source, .. } if *source == banned);
    assert_eq!(net.news(BOX).iter().filter(|said| alarm(said)).count(), 1);
    let heard = net.lines(BOX, GUESSER).len();
    assert_eq!(register(&mut net, GUESSER, "8001", PASSWORD), None, "though it is right");
    net.run(Duration::from_secs(40));
    assert_eq!(net.lines(BOX, GUESSER).len(), heard);
    assert!(net.endpoint(BOX).counters().banned > 0);
    net.run(ban);
    assert_eq!(register(&mut net, GUESSER, "8001", PASSWORD), granted("8001"));
}

#[test]
fn a_guesser_at_an_account_that_does_not_exist_is_treated_no_better() {
    let (mut one, mut other) = (with_guesser(), with_guesser());
    let guesses = [guess_until_banned(&mut one, "8001"), guess_until_banned(&mut other, "9999")];
    assert_eq!(guesses[0], guesses[1]);
    let told = |net: &Network| net.lines(BOX, GUESSER);
    assert_eq!(told(&one), told(&other));
}

#[test]
fn a_wrong_password_is_answered_the_same_whether_the_account_exists_or_not() {
    let answers = |account: &str| {
        let mut net = with_guesser();
        register(&mut net, GUESSER, account, "wrong");
        let of = |s: &&(model::Instant, std::net::SocketAddr, std::net::SocketAddr, String)| {
            s.1 == at(BOX) && s.2 == at(GUESSER)
        };
        // The tag of To hashes the account along, which is chosen by who asks.
        let stable = |l: &&str| !l.starts_with("WWW-") && !l.starts_with("To:");
        let text = |s: &(model::Instant, _, _, String)| {
            s.3.lines().filter(stable).collect::<Vec<_>>().join("\n").replace(account, "ACCOUNT")
        };
        net.sent.iter().filter(of).map(text).collect::<Vec<_>>()
    };
    let known = answers("8001");
    assert_eq!(known.len(), 2);
    assert_eq!(known, answers("9999"));
}

#[test]
fn a_guesser_that_does_not_wait_is_not_even_told_when_it_is_right() {
    let mut net = with_guesser();
    for n in 0..3 {
        assert_eq!(register(&mut net, GUESSER, "8001", &n.to_string()), refused("8001"));
    }
    assert_eq!(register(&mut net, GUESSER, "8001", PASSWORD), refused("8001"));
    assert_eq!(net.endpoint(BOX).counters().unjudged, 1);
    net.run(Duration::from_secs(1));
    assert_eq!(register(&mut net, GUESSER, "8001", PASSWORD), granted("8001"));
}

#[test]
fn a_phone_is_served_though_a_guesser_sits_behind_the_same_router() {
    let mut net = with_guesser();
    let phone = "203.0.113.99:6060";
    net.endpoints.insert(at(phone), Endpoint::new(net.now, phone_config(phone)));
    assert_eq!(register(&mut net, phone, "8002", PASSWORD), granted("8002"));
    guess_until_banned(&mut net, "8001");
    assert_eq!(register(&mut net, phone, "8002", PASSWORD), granted("8002"));
    net.tell(BOX, ring("8002"));
    net.run_ms(100);
    assert_eq!(net.story(BOX, ringing()), "Ringing");
}

#[test]
fn who_owns_one_account_guesses_at_others_no_faster_and_is_banned_like_anybody() {
    let mut net = with_guesser();
    assert_eq!(register(&mut net, GUESSER, "8002", PASSWORD), granted("8002"));
    for n in 0..10 {
        register(&mut net, GUESSER, "8001", &n.to_string());
    }
    assert!(net.endpoint(BOX).counters().unjudged >= 6, "slowed");
    let of_guesser = |said: &Output| *said == Output::Estranged { addr: at(GUESSER) };
    assert!(net.news(BOX).iter().any(of_guesser));
    for n in 0..20 {
        net.run(Duration::from_secs(40));
        register(&mut net, GUESSER, "8002", PASSWORD);
        register(&mut net, GUESSER, "8001", &n.to_string());
    }
    assert!(net.news(BOX).iter().any(|said| matches!(said, Output::Banned { .. })));
    let heard = net.lines(BOX, GUESSER).len();
    register(&mut net, GUESSER, "8002", PASSWORD);
    assert_eq!(net.lines(BOX, GUESSER).len(), heard, "nothing of it is taken");
}

#[test]
fn a_trunk_whose_phones_mistype_goes_on_calling_and_guesses_no_further() {
    let mut net = Network::new(1);
    for n in 0..40 {
        register(&mut net, TRUNK, "8001", &n.to_string());
        net.run(Duration::from_secs(40));
    }
    net.call_in();
    assert!(net.news(BOX).iter().any(|said| matches!(said, Output::Banned { .. })), "an alarm");
    let unjudged = net.endpoint(BOX).counters().unjudged;
    register(&mut net, TRUNK, "8001", PASSWORD);
    assert_eq!(net.endpoint(BOX).counters().unjudged, unjudged + 1, "it guesses no further");
}

#[test]
fn a_challenge_from_elsewhere_is_not_answered_with_our_password() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(BOX));
    net.tell(TRUNK, uri_call(OUT, "sip:95000@box.example", true));
    net.run_ms(20);
    let invite = net.wire.last().unwrap().2.clone();
    let take = |name: &str| format!("{name}: {}\r\n", header(&invite, name).unwrap());
    let challenge = format!(
        "SIP/2.0 401 Unauthorized\r\n{}{}{};tag=x\r\n{}{}WWW-Authenticate: Digest realm=\"b\", \
         nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\nContent-Length: 0\r\n\r\n",
        take("Via"),
        take("From"),
        take("To").trim_end(),
        take("Call-ID"),
        take("CSeq"),
    );
    net.inject(STRANGER, TRUNK, challenge.as_bytes());
    net.run_ms(20);
    let proofs =
        |net: &Network| net.sent.iter().filter(|s| s.3.contains("\nAuthorization")).count();
    assert_eq!(proofs(&net), 0);
    net.inject(BOX, TRUNK, challenge.as_bytes());
    net.run_ms(20);
    assert_eq!(proofs(&net), 1, "who was asked may ask for it");
}

fn invite(n: u32, from: &str) -> String {
    format!(
        "INVITE sip:8001@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKf{n};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:e{n}@x>;tag=e{n}\r\nTo: <sip:8001@192.0.2.1>\r\n\
         Call-ID: f{n}@x\r\nCSeq: 1 INVITE\r\nContact: <sip:e@{from}>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// 5,000 requests a second for 4 s from that many sources, each with another method and name; a
/// phone calls in the midst. Gives how long the phone's call took to ring.
fn flood(net: &mut Network, sources: u32) -> Duration {
    net.register(PHONE, "8001");
    let standing = net.talk_in();
    let mut rang = None;
    let mut rung_at = None;
    for n in 0..20_000_u32 {
        if n % 5 == 0 {
            net.run_ms(1);
        }
        let from = format!("10.{}.{}.9:5060", (n % sources) / 250, (n % sources) % 250);
        let text = invite(n, &from);
        let text = if n % 2 == 0 { text } else { text.replace("INVITE", "REGISTER") };
        net.inject(&from, BOX, text.as_bytes());
        if n == 10_000 {
            net.tell(BOX, ring("8001"));
            rung_at = Some(net.now);
        }
        if rang.is_none() && n % 100 == 0 && net.story(BOX, ringing()) == "Ringing" {
            rang = rung_at.map(|at| net.now.since(at));
        }
        if n % 1000 == 0 {
            net.wire.clear();
            net.sent.clear();
            let endpoint = net.endpoint(BOX);
            assert!(endpoint.transactions() < 10, "{}", endpoint.transactions());
            assert!(endpoint.legs() <= 2);
        }
    }
    assert_eq!(net.story(BOX, standing), "Arrived Answered", "the call stands");
    rang.unwrap_or(Duration::MAX)
}

#[test]
fn a_flood_of_one_source_is_cut_and_holds_nothing() {
    let mut net = Network::new(1);
    assert!(flood(&mut net, 1) < Duration::from_secs(1));
    let counters = net.endpoint(BOX).counters();
    assert!(counters.too_fast > 19_000, "{}", counters.too_fast);
}

#[test]
fn a_flood_of_a_thousand_sources_holds_nothing_and_no_phone_waits() {
    let mut net = Network::new(1);
    assert!(flood(&mut net, 1000) < Duration::from_secs(1));
    net.tell(BOX, hang_up(ringing()));
    net.tell(TRUNK, hang_up(out()));
    net.run(Duration::from_secs(33));
    let endpoint = net.endpoint(BOX);
    assert_eq!((endpoint.transactions(), endpoint.legs(), endpoint.dialogs()), (0, 0, 0));
    assert_eq!(register(&mut net, OTHER, "8002", PASSWORD), granted("8002"));
}

#[test]
fn thousands_of_calls_end_each_at_its_time() {
    let mut config = box_config();
    let carrier = config.trunks.values_mut().next().unwrap();
    carrier.calls_max = 2000;
    let mut net = Network::with(1, config);
    for n in 0..2000 {
        net.tell(TRUNK, uri_call(n + 1, "sip:95000@box.example", true));
    }
    net.run_ms(100);
    let arrived = net.arrived(BOX);
    assert_eq!(arrived.len(), 2000);
    net.tell(TRUNK, uri_call(2001, "sip:95000@box.example", true));
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, model::LegId::outbound(2001)), "Gone(Congestion)");
    for (n, leg) in arrived.iter().enumerate() {
        match n % 2 {
            0 => net.tell(BOX, Command::Answer { leg: *leg, rtp: rtp(0) }),
            _ => net.tell(BOX, Command::Refuse { leg: *leg, cause: model::Cause::Busy }),
        }
    }
    net.run_ms(100);
    assert_eq!(net.endpoint(BOX).legs(), 1000);
    for leg in arrived {
        net.tell(BOX, hang_up(leg));
    }
    net.tear_down();
}

#[test]
fn in_an_overload_new_calls_are_refused_early_and_nothing_of_calls_or_phones_is() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    let stands = net.talk_in();
    net.tell(BOX, Command::Shed(true));
    net.tell(TRUNK, uri_call(2, "sip:95000@box.example", true));
    let phone_calls = Command::InviteUri {
        leg: model::LegId::outbound(3),
        uri: "sip:119@box.example".to_owned(),
        to: sip::Peer::udp(at(BOX)),
        rtp: "192.0.2.11:20000".parse().unwrap(),
        caller: model::Number::new("8001"),
        name: model::PersonName::new(""),
        user: PhoneId::new("8001"),
        secret: Secret::new(PASSWORD),
        offer: true,
    };
    net.tell(PHONE, phone_calls);
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, model::LegId::outbound(2)), "Gone(Congestion)");
    let refusal = net.sent.iter().find(|s| line(&s.3) == "503 INVITE").unwrap();
    assert_eq!(header(&refusal.3, "Retry-After").as_deref(), Some("1"));
    assert_eq!(net.arrived(BOX).len(), 2, "the call that stood, and the phone's");
    assert_eq!(net.endpoint(BOX).counters().calls_shed, 1);
    // A party holds, hangs up, registers: none of it is a new call.
    net.tell(TRUNK, Command::Hold { leg: out(), send: true });
    net.run_ms(100);
    assert!(net.story(BOX, stands).contains("Held"), "{}", net.story(BOX, stands));
    net.tell(TRUNK, hang_up(out()));
    net.run_ms(100);
    assert!(net.story(BOX, stands).ends_with("Gone(Normal)"));
    assert_eq!(register(&mut net, OTHER, "8002", PASSWORD), granted("8002"));
    net.tell(BOX, Command::Shed(false));
    net.tell(TRUNK, uri_call(4, "sip:95000@box.example", true));
    net.run_ms(100);
    assert_eq!(net.story(TRUNK, model::LegId::outbound(4)), "Ringing");
}

#[test]
fn the_address_a_phone_is_rung_at_is_known_and_not_only_where_it_registers_from() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let moved = text
            .replace("Contact: <sip:8001@192.0.2.11:5060>", "Contact: <sip:8001@192.0.2.11:7070>");
        Some(moved.into_bytes())
    }));
    net.register(PHONE, "8001");
    let known: Vec<String> = net.known.iter().map(ToString::to_string).collect();
    assert!(known.contains(&"udp:192.0.2.11:7070".to_owned()), "{known:?}");
    assert!(known.contains(&"udp:192.0.2.11:5060".to_owned()), "{known:?}");
}

#[test]
fn a_password_is_never_shown_by_what_is_sent() {
    let mut net = with_guesser();
    register(&mut net, GUESSER, "8001", "guess");
    let secret = Secret::new("guess");
    assert!(net.sent.iter().all(|s| !s.3.contains(secret.reveal())));
}
