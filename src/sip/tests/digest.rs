//! Digest authentication: the example of RFC 7616, the guard's verdicts, and a client against it.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking

use model::{Instant, Secret};
use proptest::prelude::*;
use rsip::Method;
use sip::digest::{Algorithm, Challenge, Credentials, DigestError, Qop};
use sip::guard::{ASKED_MAX, Entry, Guard};
use sip::message::Message;
use sip::uri;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const NOW: Instant = Instant::from_millis(5_000);
const TARGET: &str = "sip:box.example";
const PHONE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9)), 5060);

/// RFC 7616 section 3.9.1.
fn mufasa(algorithm: Algorithm) -> Credentials {
    Credentials {
        username: "Mufasa".into(),
        realm: "http-auth@example.org".into(),
        nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".into(),
        uri: "/dir/index.html".into(),
        response: String::new(),
        algorithm,
        qop: Some(Qop { cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".into(), nc: 1 }),
        opaque: None,
    }
}

#[test]
fn the_rfcs_example_comes_out_in_both_algorithms() {
    let secret = Secret::new("Circle of Life");
    let response = |algorithm| mufasa(algorithm).expected(&secret, "GET");
    assert_eq!(response(Algorithm::Md5), "8ca523f5e9506fed4657c9700eebdbec");
    assert_eq!(
        response(Algorithm::Sha256),
        "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    );
}

#[test]
fn an_answer_without_qop_is_that_of_the_old_rfc() {
    // RFC 2069: MD5(MD5("u:r:p"):n:MD5("REGISTER:sip:box.example")), computed by another program.
    let challenge = Challenge::parse("Digest realm=\"r\", nonce=\"n\"").unwrap();
    let answer = challenge.answer("u", &Secret::new("p"), Method::Register, TARGET, "c", 1);
    assert_eq!((answer.qop.is_none(), answer.algorithm), (true, Algorithm::Md5));
    assert_eq!(answer.response, "3dc6de21939a75dc3bee5e6f3eac621e");
    assert!(!answer.to_string().contains("cnonce"));
}

#[test]
fn credentials_are_read_with_quotes_commas_and_a_hexadecimal_count() {
    let credentials = Credentials::parse(
        "digest username=\"a, \\\"b\\\"\",realm=\"x=y\" , nonce=\"n\",uri=\"sip:b\", ,\
         response=\"AB\", algorithm=sha-256, qop=\"auth\", nc=0000001f, cnonce=\"c\", extra=1",
    )
    .unwrap();
    assert_eq!((credentials.username.as_str(), credentials.realm.as_str()), ("a, \"b\"", "x=y"));
    assert_eq!(credentials.qop.unwrap().nc, 31);
    assert_eq!((credentials.response.as_str(), credentials.algorithm), ("ab", Algorithm::Sha256));
}

#[test]
fn malformed_credentials_are_refused() {
    let base = "username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:b\", response=\"a\"";
    let of = |more: &str| Credentials::parse(&format!("Digest {base}{more}")).unwrap_err();
    assert_eq!(Credentials::parse("Basic dTpw"), Err(DigestError::Scheme));
    assert_eq!(Credentials::parse("NoOneKnows scheme=\"x\""), Err(DigestError::Scheme));
    assert_eq!(of(", realm=\"other\""), DigestError::Param);
    assert_eq!(of(", x=\"open"), DigestError::Param);
    assert_eq!(of(", x=\"a\"b"), DigestError::Param);
    assert_eq!(of(", x"), DigestError::Param);
    assert_eq!(of(", algorithm=MD5-sess"), DigestError::Algorithm("MD5-sess".into()));
    assert_eq!(of(", qop=auth-int"), DigestError::Qop("auth-int".into()));
    assert_eq!(of(", qop=auth, cnonce=\"c\""), DigestError::Missing("nc"));
    for nc in ["1", "+0000001", "000000001", "0000000g"] {
        assert_eq!(
            of(&format!(", qop=auth, cnonce=\"c\", nc={nc}")),
            DigestError::Count(nc.into())
        );
    }
    let many: String = (0..40).map(|i| format!(", p{i}=1")).collect();
    assert_eq!(of(&many), DigestError::TooMany);
}

#[test]
fn credentials_are_never_printed() {
    let credentials = mufasa(Algorithm::Md5);
    assert_eq!(format!("{credentials:?}"), "Credentials(MD5…)");
}

struct Door {
    guard: Guard,
    secret: Secret,
}

impl Door {
    fn new() -> Self {
        Self { guard: Guard::new([9; 32], "box.example"), secret: Secret::new("s3cret") }
    }

    fn judge(&mut self, now: Instant, request: &Message) -> Entry {
        let secret = &self.secret;
        self.guard.judge(now, PHONE, request, |user| (user == "8001").then_some(secret))
    }

    /// The challenges of the 401 to a request.
    fn challenges(&mut self, now: Instant) -> Vec<Challenge> {
        let response = self.guard.challenge(now, PHONE, &register(None), false);
        let values = response.headers.get_all("WWW-Authenticate");
        values.map(|value| Challenge::parse(value).unwrap()).collect()
    }
}

fn register(credentials: Option<&Credentials>) -> Message {
    let request = Message::request(Method::Register, uri::parse(TARGET).unwrap());
    match credentials {
        Some(credentials) => request.with("Authorization", credentials.to_string()),
        None => request,
    }
}

fn prove(challenge: &Challenge, user: &str, password: &str, nc: u32) -> Credentials {
    challenge.answer(user, &Secret::new(password), Method::Register, TARGET, "c0ffee", nc)
}

const PASSED: fn() -> Entry = || Entry::Passed { user: "8001".into() };
const STALE: Entry = Entry::Refused { stale: true, wrong: false };
const WRONG: Entry = Entry::Refused { stale: false, wrong: true };
const NOTHING: Entry = Entry::Refused { stale: false, wrong: false };

#[test]
fn both_algorithms_are_offered_and_the_better_one_first() {
    let mut door = Door::new();
    let challenges = door.challenges(NOW);
    let names: Vec<_> = challenges.iter().map(|c| c.algorithm).collect();
    assert_eq!(names, [Algorithm::Sha256, Algorithm::Md5]);
    assert!(challenges.iter().all(|c| c.qop_auth && !c.stale && c.realm == "box.example"));
    for challenge in &challenges {
        let request = register(Some(&prove(challenge, "8001", "s3cret", 1)));
        assert_eq!(door.judge(NOW, &request), PASSED());
    }
}

#[test]
fn an_address_that_leaves_two_challenges_is_asked_by_md5_alone_until_it_proves_the_better_one() {
    let mut door = Door::new();
    assert_eq!(door.challenges(NOW).len(), 2);
    let md5 = door.challenges(NOW);
    assert_eq!(md5.iter().map(|c| c.algorithm).collect::<Vec<_>>(), [Algorithm::Md5]);
    let request = register(Some(&prove(&md5[0], "8001", "s3cret", 1)));
    assert_eq!(door.judge(NOW, &request), PASSED());
    assert_eq!(door.challenges(NOW).len(), 1, "MD5 proves no more than MD5");

    let mut door = Door::new();
    let both = door.challenges(NOW);
    assert_eq!(both[0].algorithm, Algorithm::Sha256);
    let request = register(Some(&prove(&both[0], "8001", "s3cret", 1)));
    assert_eq!(door.judge(NOW, &request), PASSED());
    assert_eq!(door.challenges(NOW).len(), 2);
}

#[test]
fn who_was_asked_is_forgotten_when_too_many_others_were() {
    let mut door = Door::new();
    door.challenges(NOW);
    for n in 0..ASKED_MAX {
        let stranger = SocketAddr::from(([203, 0, 113, 1], 1024 + n as u16));
        door.guard.challenge(NOW, stranger, &register(None), false);
    }
    assert_eq!(door.challenges(NOW).len(), 2);
}

#[test]
fn a_client_takes_the_first_challenge_it_knows() {
    let mut response = Door::new().guard.challenge(NOW, PHONE, &register(None), false);
    response
        .headers
        .push_front("WWW-Authenticate", "Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256");
    let (challenge, header) = Challenge::of_response(&response).unwrap();
    assert_eq!((challenge.algorithm, header), (Algorithm::Sha256, "Authorization"));
}

#[test]
fn no_wrong_or_unknown_credentials_are_refused_alike() {
    let mut door = Door::new();
    let challenge = door.challenges(NOW).remove(0);
    assert_eq!(door.judge(NOW, &register(None)), NOTHING);
    let wrong = register(Some(&prove(&challenge, "8001", "guess", 1)));
    let unknown = register(Some(&prove(&challenge, "nobody", "s3cret", 1)));
    assert_eq!(door.judge(NOW, &wrong), WRONG);
    assert_eq!(door.judge(NOW, &unknown), WRONG);
    // A wrong guess does not use the nonce up.
    assert_eq!(door.judge(NOW, &register(Some(&prove(&challenge, "8001", "s3cret", 1)))), PASSED());
}

#[test]
fn a_nonce_may_be_used_again_only_with_a_rising_count() {
    let mut door = Door::new();
    let challenge = door.challenges(NOW).remove(0);
    for nc in 1..=20 {
        let request = register(Some(&prove(&challenge, "8001", "s3cret", nc)));
        assert_eq!(door.judge(NOW, &request), PASSED(), "use {nc}");
        assert_eq!(door.judge(NOW, &request), STALE, "replay of use {nc}");
    }
}

#[test]
fn an_old_nonce_is_stale_and_an_old_one_with_a_wrong_password_is_wrong() {
    let mut door = Door::new();
    let challenge = door.challenges(NOW).remove(0);
    let later = NOW + Duration::from_secs(300);
    let request = register(Some(&prove(&challenge, "8001", "s3cret", 1)));
    assert_eq!(door.judge(later, &request), STALE);
    let request = register(Some(&prove(&challenge, "8001", "guess", 1)));
    assert_eq!(door.judge(later, &request), WRONG);
}

#[test]
fn a_phone_that_outlived_our_restart_is_told_to_try_again() {
    let foreign = Guard::new([1; 32], "box.example").challenge(NOW, PHONE, &register(None), false);
    let (challenge, _) = Challenge::of_response(&foreign).unwrap();
    let request = register(Some(&prove(&challenge, "8001", "s3cret", 1)));
    assert_eq!(Door::new().judge(NOW, &request), STALE);
}

#[test]
fn a_proof_for_another_address_method_or_realm_is_none() {
    let mut door = Door::new();
    let challenge = door.challenges(NOW).remove(0);
    let secret = Secret::new("s3cret");
    let elsewhere =
        challenge.answer("8001", &secret, Method::Register, "sip:other.example", "c", 1);
    assert_eq!(door.judge(NOW, &register(Some(&elsewhere))), WRONG);
    let method = challenge.answer("8001", &secret, Method::Invite, TARGET, "c", 1);
    assert_eq!(door.judge(NOW, &register(Some(&method))), WRONG);
    let realm = Challenge { realm: "other.example".into(), ..challenge };
    assert_eq!(door.judge(NOW, &register(Some(&prove(&realm, "8001", "s3cret", 1)))), NOTHING);
}

#[test]
fn credentials_without_qop_could_be_replayed_and_are_refused() {
    let mut door = Door::new();
    let challenge = Challenge { qop_auth: false, ..door.challenges(NOW).remove(0) };
    assert_eq!(door.judge(NOW, &register(Some(&prove(&challenge, "8001", "s3cret", 1)))), WRONG);
}

#[test]
fn credentials_for_another_realm_do_not_hide_ours() {
    let mut door = Door::new();
    let challenge = door.challenges(NOW).remove(1);
    let mut request = register(Some(&prove(&challenge, "8001", "s3cret", 1)));
    request.headers.push_front("Authorization", mufasa(Algorithm::Md5).to_string());
    assert_eq!(door.judge(NOW, &request), PASSED());
}

proptest! {
    #[test]
    fn credentials_come_back_as_they_were_written(
        user in "[^\\p{Cc}]{1,12}", realm in "[^\\p{Cc}]{0,12}", nonce in "[!-~]{1,20}",
        nc in any::<u32>(), cnonce in "[!-~]{0,12}"
    ) {
        let mut credentials = mufasa(Algorithm::Sha256);
        credentials.username = user;
        credentials.realm = realm;
        credentials.nonce = nonce;
        credentials.qop = Some(Qop { cnonce, nc });
        let read = Credentials::parse(&credentials.to_string());
        prop_assert!(read == Ok(credentials));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "Digest [ -~é]{0,80}") {
        let _ = Credentials::parse(&text);
        let _ = Challenge::parse(&text);
    }
}
