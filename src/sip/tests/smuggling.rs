//! Requests hidden in requests: what is legal but odd is read one way by everybody, what can be
//! read two ways is refused (RFC 3261 7.3.1, 18.3, 20.14, 25.1).

mod network;

use network::*;
use sip::framer::parse_datagram;
use sip::{FlowId, Input, Output, Transport};

/// A request of a stranger with more header lines, its ends as given.
fn request(method: &str, more: &str, rest: &str) -> String {
    format!(
        "{method} sip:95@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.66:5060;branch=z9hG4bK{method}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:eve@203.0.113.66>;tag=e\r\nTo: <sip:95@192.0.2.1>\r\n\
         Call-ID: s-{method}\r\nCSeq: 1 {method}\r\n{more}\r\n{rest}"
    )
}

/// What a box answers to a datagram, e.g. `400 OPTIONS`.
fn by_datagram(text: &str) -> Vec<String> {
    let mut net = Network::new(1);
    net.inject(STRANGER, BOX, text.as_bytes());
    net.lines(BOX, STRANGER)
}

/// What a box answers to bytes of a connection, and whether it closed it.
fn by_stream(chunks: &[&[u8]]) -> (Vec<String>, bool) {
    let mut net = Network::new(1);
    let (flow, now) = (FlowId(9), net.now);
    let endpoint = net.endpoint(BOX);
    let addr = at(STRANGER);
    let (transport, outgoing, certificate) = (Transport::Tcp, false, Vec::new());
    endpoint.handle(now, Input::Opened { flow, transport, addr, outgoing, certificate });
    for bytes in chunks {
        endpoint.handle(now, Input::Bytes { flow, bytes });
    }
    let (mut lines, mut closed) = (Vec::new(), false);
    while let Some(output) = endpoint.poll() {
        match output {
            Output::Send { bytes, .. } => lines.push(line(&String::from_utf8_lossy(&bytes))),
            Output::Close { .. } => closed = true,
            _ => {}
        }
    }
    (lines, closed)
}

#[test]
fn a_length_is_found_however_its_line_is_written() {
    for length in ["Content-Length: 4", "l:4", "CONTENT-LENGTH \t:  4  ", "Content-Length:\r\n 4"] {
        let text = request("OPTIONS", &format!("{length}\r\n"), "abcdOPTIONS");
        assert_eq!(parse_datagram(text.as_bytes()).unwrap().body, b"abcd", "{length}");
        assert_eq!(by_datagram(&text), ["200 OPTIONS"], "{length}");
        // On a stream the rest begins the next message, and is none.
        let (lines, _) = by_stream(&[text.as_bytes()]);
        assert_eq!(lines, ["200 OPTIONS"], "{length}");
    }
}

#[test]
fn two_lengths_are_refused_by_every_reader_though_they_agree() {
    for lengths in ["Content-Length: 0\r\nl: 4\r\n", "l: 4\r\nContent-Length: 4\r\n", "l: 4, 4\r\n"]
    {
        let text = request("OPTIONS", lengths, "abcd");
        assert_eq!(by_datagram(&text), ["400 OPTIONS"], "{lengths}");
        let (lines, closed) = by_stream(&[text.as_bytes()]);
        assert_eq!((lines, closed), (vec!["400 OPTIONS".to_owned()], true), "{lengths}");
    }
}

#[test]
fn a_stream_without_a_length_cannot_be_read_on() {
    let second = request("REGISTER", "Content-Length: 0\r\n", "");
    let (lines, closed) = by_stream(&[request("OPTIONS", "", &second).as_bytes()]);
    assert_eq!((lines, closed), (vec!["400 OPTIONS".to_owned()], true));
}

#[test]
fn a_length_that_is_no_number_is_refused() {
    for length in ["-1", "+4", "0x4", "4 4", "4;x", "", "99999999999999999999", "\u{664}"] {
        let text = request("OPTIONS", &format!("Content-Length: {length}\r\n"), "abcd");
        assert_eq!(by_datagram(&text), ["400 OPTIONS"], "{length}");
        let (lines, closed) = by_stream(&[text.as_bytes()]);
        assert_eq!((lines.as_slice(), closed), (&["400 OPTIONS".to_owned()][..], true), "{length}");
    }
}

#[test]
fn a_request_within_a_body_is_a_body() {
    let inner = request("REGISTER", "Content-Length: 0\r\n", "");
    let text = request("OPTIONS", &format!("Content-Length: {}\r\n", inner.len()), &inner);
    assert_eq!(by_datagram(&text), ["200 OPTIONS"]);
    let bytes: Vec<_> = text.as_bytes().chunks(7).collect();
    assert_eq!(by_stream(&bytes), (vec!["200 OPTIONS".to_owned()], false));
    // Behind the stated body it is nothing of a datagram, and the next message of a stream.
    let text = request("OPTIONS", "Content-Length: 0\r\n", &inner);
    assert_eq!(by_datagram(&text), ["200 OPTIONS"]);
    let both = vec!["200 OPTIONS".to_owned(), "401 REGISTER".to_owned()];
    assert_eq!(by_stream(&[text.as_bytes()]), (both, false));
}

#[test]
fn a_folded_line_is_no_header_of_its_own() {
    let folded =
        "Subject: a\r\n Contact: <sip:thief@203.0.113.9>\r\n\tRoute: <sip:203.0.113.9>\r\n";
    let text = request("OPTIONS", &format!("{folded}Content-Length: 0\r\n"), "");
    let message = parse_datagram(text.as_bytes()).unwrap();
    assert_eq!((message.contact(), message.routes().len()), (None, 0));
    assert_eq!(by_datagram(&text), ["200 OPTIONS"]);
    // Nothing can be folded into the first line.
    let text = text.replacen("SIP/2.0\r\n", "SIP/2.0\r\n X: y\r\n", 1);
    assert_eq!(by_datagram(&text), ["400 OPTIONS"]);
}

#[test]
fn bare_returns_are_refused_and_bare_line_feeds_end_lines_for_everybody() {
    let text = request("OPTIONS", "Subject: a\rContact: <sip:t@203.0.113.9>\r\nl: 0\r\n", "");
    assert_eq!(by_datagram(&text), ["400 OPTIONS"]);
    assert_eq!(by_stream(&[text.as_bytes()]).0, ["400 OPTIONS"]);
    for mixed in ["\n", "\r\n"] {
        let text = request("OPTIONS", &format!("l: 4{mixed}"), "abcd").replace("70\r\n", "70\n");
        assert_eq!(parse_datagram(text.as_bytes()).unwrap().body, b"abcd");
        assert_eq!(by_stream(&[text.as_bytes()]).0, ["200 OPTIONS"]);
    }
}

#[test]
fn what_stands_once_may_not_stand_twice_under_any_of_its_names() {
    for doubled in [
        "From: <sip:8001@192.0.2.1>;tag=x",
        "f: <sip:8001@192.0.2.1>;tag=x",
        "t : <sip:8001@192.0.2.1>",
        "CALL-ID: other",
        "i: other",
        "CSeq: 2 OPTIONS",
        "Max-Forwards : 0",
    ] {
        let text = request("OPTIONS", &format!("{doubled}\r\nl: 0\r\n"), "");
        assert_eq!(by_datagram(&text), ["400 OPTIONS"], "{doubled}");
        assert_eq!(by_stream(&[text.as_bytes()]).0, ["400 OPTIONS"], "{doubled}");
    }
    let tags = request("OPTIONS", "l: 0\r\n", "").replace(";tag=e", ";tag=e;TAG=x");
    assert_eq!(by_datagram(&tags), ["400 OPTIONS"]);
    let branches = request("OPTIONS", "l: 0\r\n", "").replace(";branch", ";branch=z9hG4bKo;branch");
    assert_eq!(by_datagram(&branches), ["400 OPTIONS"]);
}

#[test]
fn names_with_odd_signs_are_no_headers() {
    for odd in ["Con tact: x", "Contact\u{0}: x", ": x", "Contact", "\u{e9}: x", "(X): y"] {
        let text = request("OPTIONS", &format!("{odd}\r\nl: 0\r\n"), "");
        assert_eq!(by_datagram(&text), ["400 OPTIONS"], "{odd:?}");
    }
}

#[test]
fn nothing_that_a_peer_says_begins_a_line_of_ours() {
    let odd = "\"a\\\r\\\nRoute: <sip:203.0.113.9>\" <sip:eve@203.0.113.66>;tag=e";
    let text = request("OPTIONS", "l: 0\r\n", "").replace("<sip:eve@203.0.113.66>;tag=e", odd);
    let mut net = Network::new(1);
    net.inject(STRANGER, BOX, text.as_bytes());
    for sent in &net.sent {
        assert!(!sent.3.lines().any(|line| line.starts_with("Route")), "{}", sent.3);
    }
}
