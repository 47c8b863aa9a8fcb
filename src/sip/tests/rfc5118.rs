//! The messages of RFC 5118, SIP over IPv6, handed to a box. The files of `rfc5118/` are the RFC's
//! own but for the Content-Length of three bodies, which the RFC states wrong.

mod network;

use network::*;
use std::net::SocketAddr;

/// Hands a message to a box from a carrier's address and gives its answers.
fn meet(name: &str) -> (Network, Vec<String>) {
    let path = format!("{}/tests/rfc5118/{name}.dat", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut net = Network::new(1);
    net.endpoints.remove(&at(TRUNK));
    net.inject(TRUNK, BOX, &bytes);
    let back = |sent: &&(_, SocketAddr, SocketAddr, String)| sent.2.ip() == at(TRUNK).ip();
    let answers = net.sent.iter().filter(back).map(|sent| sent.3.clone()).collect();
    (net, answers)
}

fn is(name: &str, answer: &str) -> String {
    let (net, answers) = meet(name);
    assert_eq!(answers.iter().map(|a| line(a)).collect::<Vec<_>>(), [answer], "{name}");
    assert_eq!(net.arrived(BOX), []);
    answers[0].clone()
}

#[test]
fn ipv6_good_has_its_reference_in_brackets() {
    // 4.1
    let answer = is("ipv6-good", "401 REGISTER");
    assert!(header(&answer, "Via").unwrap().starts_with("SIP/2.0/UDP [2001:db8::9:1]"), "{answer}");
}

#[test]
fn ipv6_bad_has_no_brackets() {
    // 4.2
    is("ipv6-bad", "400 REGISTER");
}

#[test]
fn port_ambiguous_and_port_unambiguous_are_both_well_formed() {
    // 4.3, 4.4
    is("port-ambiguous", "401 REGISTER");
    is("port-unambiguous", "401 REGISTER");
    let uri = |text| sip::uri::parse(text).unwrap();
    assert_eq!(sip::uri::port(&uri("sip:[2001:db8::10:5070]")), None);
    assert_eq!(sip::uri::port(&uri("sip:[2001:db8::10]:5070")), Some(5070));
}

#[test]
fn received_is_read_with_and_without_brackets() {
    // 4.5
    is("via-received-param-with-delim", "481 BYE");
    is("via-received-param-no-delim", "200 OPTIONS");
    for received in ["[2001:db8::9:255]", "2001:db8::9:255"] {
        let via = format!("SIP/2.0/UDP [2001:db8::9:1];received={received};branch=z9hG4bKas3");
        let via = sip::via::Via::parse(&via).unwrap();
        assert_eq!(via.received(), Some("2001:db8::9:255".parse().unwrap()));
    }
}

#[test]
fn ipv6_in_sdp_is_read_and_offers_no_codec_of_ours() {
    // 4.6: G.726 and video
    is("ipv6-in-sdp", "488 INVITE");
}

#[test]
fn mult_ip_in_header_has_vias_of_both_families() {
    // 4.7
    let answer = is("mult-ip-in-header", "481 BYE");
    assert_eq!(answer.matches("SIP/2.0/").count(), 3, "{answer}");
}

#[test]
fn mult_ip_in_sdp_is_a_call_over_the_family_of_its_sound() {
    // 4.8
    let (mut net, _) = meet("mult-ip-in-sdp");
    let leg = *net.arrived(BOX).first().unwrap();
    net.tell(BOX, sip::Command::Answer { leg, rtp: rtp(0) });
    let remote = net.media(BOX, leg)[0].remote;
    assert_eq!(remote, "192.0.2.1:22334".parse().unwrap());
    // The video beside it is refused, and stands refused in the answer (RFC 3264 section 6).
    let answer = net.sent.iter().rfind(|sent| line(&sent.3) == "200 INVITE").unwrap();
    assert!(answer.3.contains("m=video 0 "), "{}", answer.3);
}

#[test]
fn ipv4_mapped_ipv6_is_read() {
    // 4.9
    is("ipv4-mapped-ipv6", "488 INVITE");
}

#[test]
fn ipv6_bug_abnf_is_written_right_and_survived_wrong() {
    // 4.10: two colons are an address; three are what RFC 3261's grammar wrote by mistake.
    is("ipv6-correct-abnf-2-colons", "200 OPTIONS");
    let (_, answers) = meet("ipv6-bug-abnf-3-colons");
    assert_eq!(answers.iter().map(|a| line(a)).collect::<Vec<_>>(), ["400 OPTIONS"]);
}
