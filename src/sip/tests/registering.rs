//! Phones register: both algorithms, wrong passwords, stale nonces, ends (RFC 3261 10, 22).

mod network;

use model::PhoneId;
use network::far::proof;
use network::*;
use sip::{Endpoint, Output};
use std::time::Duration;

fn registered(contacts: usize) -> Output {
    Output::Registered { phone: PhoneId::new("8001"), contacts }
}

fn result(result: Result<u32, u16>) -> Output {
    Output::RegisterResult { user: PhoneId::new("8001"), result }
}

#[test]
fn a_phone_registers_with_sha_256_when_both_are_offered() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    assert_eq!(net.news(PHONE), [result(Ok(300))]);
    assert_eq!(net.news(BOX), [registered(1)]);
    assert!(net.sent.iter().any(|s| {
        header(&s.3, "Authorization").is_some_and(|a| a.contains("algorithm=SHA-256"))
    }));
    let all: Vec<_> = net.endpoint(BOX).registrations().map(|(p, n)| (p.clone(), n)).collect();
    assert_eq!(all, [(PhoneId::new("8001"), 1)]);
}

#[test]
fn a_phone_that_knows_md5_alone_registers_too() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        let known = |line: &&str| !(line.starts_with("WWW-Auth") && line.contains("SHA-256"));
        Some(text.split("\r\n").filter(known).collect::<Vec<_>>().join("\r\n").into_bytes())
    }));
    net.register(PHONE, "8001");
    assert_eq!(net.news(PHONE), [result(Ok(300))]);
    let proofs: Vec<_> = net.sent.iter().filter_map(|s| header(&s.3, "Authorization")).collect();
    assert!(proofs.len() == 1 && proofs[0].contains("algorithm=MD5"), "{proofs:?}");
}

#[test]
fn a_wrong_password_is_refused_and_counted_under_its_account() {
    let mut net = Network::new(1);
    net.tell(PHONE, registration("8001", "wrong", 300));
    net.run_ms(100);
    assert_eq!(net.news(PHONE), [result(Err(401))]);
    assert_eq!(net.news(BOX), []);
    let failures = net.endpoint(BOX).counters().failures;
    assert_eq!(failures.into_iter().collect::<Vec<_>>(), [(PhoneId::new("8001"), 1)]);
    net.tear_down();
}

#[test]
fn an_account_we_do_not_have_gets_the_answer_of_a_wrong_password() {
    let answers = |account: &str| {
        let mut net = Network::new(1);
        net.tell(PHONE, registration(account, "wrong", 300));
        net.run_ms(100);
        let sent = net.sent.iter().filter(|s| s.1 == at(BOX));
        let shape = |text: &str| {
            let names = text.lines().map(|l| l.split([':', ' ']).next().unwrap_or("").to_owned());
            (line(text), names.collect::<Vec<_>>())
        };
        (sent.map(|s| shape(&s.3)).collect::<Vec<_>>(), net.endpoint(BOX).counters().failures)
    };
    let (known, _) = answers("8001");
    let (unknown, failures) = answers("9999");
    assert_eq!(known, unknown);
    assert_eq!(failures.into_iter().collect::<Vec<_>>(), [(PhoneId::new("unknown"), 1)]);
}

#[test]
fn a_nonce_of_before_a_restart_is_stale_and_the_phone_proves_its_password_again() {
    let mut net = Network::new(1);
    net.tell(PHONE, registration("8001", PASSWORD, 300));
    net.run_ms(12);
    // The proof is on its way when the box starts anew.
    let mut config = box_config();
    config.seed = [8; 32];
    *net.endpoint(BOX) = Endpoint::new(net.now, config);
    net.run_ms(100);
    assert_eq!(net.lines(BOX, PHONE), ["401 REGISTER", "401 REGISTER", "200 REGISTER"]);
    assert!(net.sent.iter().any(|s| s.3.contains("stale=true")));
    assert_eq!(net.news(PHONE), [result(Ok(300))]);
    assert!(net.endpoint(BOX).counters().failures.is_empty());
}

#[test]
fn a_proof_that_comes_after_the_nonces_life_is_refused_as_stale() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let late = String::from_utf8_lossy(&bytes).contains("Authorization: ");
        (!late).then_some(bytes)
    }));
    net.register(PHONE, "8001");
    let proof = net.sent.iter().find(|s| s.3.contains("Authorization: ")).unwrap().3.clone();
    net.run(Duration::from_secs(301));
    let answers = net.sent.len();
    net.inject(PHONE, BOX, proof.as_bytes());
    assert_eq!(line(&net.sent[answers].3), "401 REGISTER");
    assert!(net.sent[answers].3.contains("stale=true"));
    assert_eq!(net.news(BOX), []);
}

#[test]
fn a_registration_is_renewed_before_it_runs_out_and_with_a_fresh_nonce() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.run(Duration::from_secs(1000));
    let refreshed = Output::Refreshed { phone: PhoneId::new("8001") };
    let news = net.news(BOX);
    assert_eq!(news.iter().filter(|n| **n == registered(1)).count(), 1);
    let renewals = news.iter().filter(|n| **n == refreshed).count();
    assert_eq!(renewals, 4, "at 240, 480, 720 and 960 s");
    assert!(!net.news(BOX).contains(&Output::Unregistered { phone: PhoneId::new("8001") }));
}

#[test]
fn a_phone_that_is_unplugged_is_unregistered_when_its_time_runs_out() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.endpoints.remove(&at(PHONE));
    net.run(Duration::from_secs(299));
    assert_eq!(net.news(BOX), [registered(1)]);
    net.run(Duration::from_secs(2));
    assert_eq!(net.news(BOX)[1..], [Output::Unregistered { phone: PhoneId::new("8001") }]);
    assert_eq!(net.endpoint(BOX).registrations().count(), 0);
}

#[test]
fn a_phone_takes_its_registration_back() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    net.tell(PHONE, registration("8001", PASSWORD, 0));
    net.run_ms(100);
    assert_eq!(net.news(BOX)[1..], [Output::Unregistered { phone: PhoneId::new("8001") }]);
    assert_eq!(net.news(PHONE)[1..], [result(Ok(0))]);
}

#[test]
fn a_registration_that_asks_for_too_little_time_is_told_the_least_and_asks_again() {
    let mut net = Network::new(1);
    net.tell(PHONE, registration("8001", PASSWORD, 5));
    net.run_ms(100);
    assert_eq!(net.news(PHONE), [result(Ok(60))]);
}

#[test]
fn a_registrar_that_is_not_there_is_told_as_408_after_32_s() {
    let mut net = Network::new(1);
    net.endpoints.remove(&at(BOX));
    net.tell(PHONE, registration("8001", PASSWORD, 300));
    net.run_ms(31_900);
    assert_eq!(net.news(PHONE), []);
    net.run_ms(200);
    assert_eq!(net.news(PHONE), [result(Err(408))]);
    net.tear_down();
}

#[test]
fn a_phone_may_not_register_for_another_account() {
    let mut net = Network::new(1);
    net.tamper = Some(Box::new(|_, _, bytes| {
        let text = String::from_utf8(bytes).unwrap();
        Some(text.replace("To: <sip:8001@", "To: <sip:8002@").into_bytes())
    }));
    net.register(PHONE, "8001");
    assert_eq!(net.news(PHONE), [result(Err(403))]);
    assert_eq!(net.news(BOX), []);
}

#[test]
fn a_proof_that_is_replayed_is_refused_as_stale() {
    let mut net = Network::new(1);
    net.register(PHONE, "8001");
    let proof = net.sent.iter().find(|s| s.3.contains("Authorization: ")).unwrap().3.clone();
    net.run(Duration::from_secs(40));
    let replayed = proof.replace("z9hG4bK", "z9hG4bKfff");
    let before = net.news(BOX).len();
    let answers = net.sent.len();
    net.inject(STRANGER, BOX, replayed.as_bytes());
    let answer = &net.sent[answers].3;
    assert_eq!(line(answer), "401 REGISTER");
    assert!(answer.contains("stale=true"));
    assert_eq!(net.news(BOX).len(), before);
}

#[test]
fn registering_succeeds_once_through_heavy_loss() {
    let weather = Weather { loss: 300, copies: 100, delay_ms: (5, 400) };
    let mut through = 0;
    for seed in 0..40 {
        let mut net = Network::new(seed);
        net.weather = weather;
        net.tell(PHONE, registration("8001", PASSWORD, 3600));
        net.run(Duration::from_secs(70));
        let results = net.news(PHONE);
        assert_eq!(results.len(), 1, "seed {seed}: {results:?}");
        through += usize::from(results[0] == result(Ok(3600)));
        net.weather = CALM;
        net.tear_down();
    }
    assert!(through >= 39, "{through} of 40");
}

/// A phone whose part the test plays.
const NEW: &str = "192.0.2.31:5060";

/// Registers a contact with the right password; gives what it is answered.
fn answer_to(contact: &str, expires_s: u32) -> String {
    let mut net = Network::new(1);
    let mut request = |n: u32, proof: &str| {
        let text = format!(
            "REGISTER sip:192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP {NEW};branch=z9hG4bKn{n}\n\
             Max-Forwards: 70\nFrom: <sip:8001@box.example>;tag=n\nTo: <sip:8001@box.example>\n\
             Call-ID: nowhere\nCSeq: {n} REGISTER\nContact: <{contact}>\nExpires: {expires_s}\n\
             {proof}Content-Length: 0\n\n"
        );
        net.ask(NEW, BOX, &text).remove(0)
    };
    let challenge = request(1, "");
    let answer = request(2, &proof(&challenge, "8001", rsip::Method::Register, "sip:192.0.2.1"));
    line(&answer)
}

#[test]
fn a_contact_that_can_be_no_phones_is_refused() {
    for host in ["224.0.1.75", "0.0.0.0", "255.255.255.255", "[ff02::1]", "[::]", "192.0.2.1:5060"]
    {
        assert_eq!(answer_to(&format!("sip:8001@{host}"), 300), "400 REGISTER", "{host}");
    }
    // Whatever is taken back was no harm, and another port of the box's host is another program's.
    assert_eq!(answer_to("sip:8001@0.0.0.0", 0), "200 REGISTER");
    assert_eq!(answer_to("sip:8001@192.0.2.1:5070", 300), "200 REGISTER");
    assert_eq!(answer_to("sip:8001@192.0.2.11:5060", 300), "200 REGISTER");
}
