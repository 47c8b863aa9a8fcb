//! Whatever comes in: the framer does not panic, and what it reads is written so that it reads the
//! same again.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test fails by panicking

use proptest::prelude::*;
use rsip::Method;
use sip::Transport;
use sip::address::{Address, split_list};
use sip::framer::parse_datagram;
use sip::message::{Message, Start};
use sip::uri;
use sip::via::Via;

const SEEDS: [&str; 3] = [
    "INVITE sip:95@box.example:5060;transport=udp;user=phone SIP/2.0\r\n\
     Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK77, SIP/2.0/TCP [2001:db8::1]:5061;received=192.0.2.9\r\n\
     Route: <sip:a.example;lr>, \"B, C\" <sips:b@b.example;lr=on>;x=\"y;z\"\r\n\
     Max-Forwards: 70\r\nf: \"Ward \\\"3\\\"\" <sip:ward.3:pw@box.example>;tag=a1\r\nt: <tel:+86;x=y>\r\n\
     i: c1@192.0.2.7\r\nCSeq: 7 INVITE\r\nm: <sip:8001@10.0.0.5:5062;ob>;expires=60;q=0.5;+sip.instance=\"<urn:uuid:1>\"\r\n\
     c: application/sdp\r\nl: 3\r\n\r\nv=0rest",
    "SIP/2.0 486 Busy Here\r\nVia : SIP/2.0/UDP box.example;branch=z9hG4bK1\r\nFrom: sip:a@b;tag=1\r\n\
     To: b<sip:b@b>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nRetry-After: 5 (soon)\r\n\
     Warning: 399 box \"folded\r\n  line\"\r\n\r\n",
    "REGISTER sip:[::1] SIP/2.0\nVia: SIP/2.0/UDP [::1]\nFrom: <sip:a@[::1]>;tag=1\nTo: <sip:a@[::1]>\n\
     Call-ID: y\nCSeq: 2147483647 REGISTER\nContact: *\nExpires: 0\n\
     Authorization: Digest username=\"a\", nc=00000010, uri=\"sip:[::1]\"\n\n",
];

/// A seed with some bytes changed, put in, taken out, or pieces doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..5u8, 1..40usize);
    (0..SEEDS.len(), prop::collection::vec(edit, 0..6)).prop_map(|(seed, edits)| {
        let mut bytes = SEEDS[seed].as_bytes().to_vec();
        for (at, byte, kind, length) in edits {
            let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => _ = bytes.drain(at..end),
                3 => bytes.insert(at, b" \t,;:<>\"\\\r\n@=%?[]*"[usize::from(byte) % 18]),
                _ => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        bytes
    })
}

/// Asks a message everything it can be asked.
fn ask(message: &Message) {
    let _ = (message.via(), message.from_tag(), message.to_tag(), message.cseq());
    let _ = (message.contacts(), message.contact(), message.routes(), message.record_routes());
    let _ = (message.expires(), message.retry_after(), message.allow(), message.content_type());
    let _ = message.uri().and_then(uri::user);
    let _ = Message::response(message, 200).encode();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_read_is_written_so_that_it_reads_the_same(bytes in mutated()) {
        match parse_datagram(&bytes) {
            Ok(message) => {
                ask(&message);
                let again = parse_datagram(&message.encode());
                prop_assert_eq!(again.as_ref(), Ok(&message));
            }
            Err(error) => if let Some(mut response) = error.response {
                let source = "198.51.100.4:40000".parse().unwrap();
                prop_assert!(response.stamp_via(source).is_some());
                ask(&response);
            },
        }
    }

    #[test]
    fn no_bytes_make_the_framer_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_datagram(&bytes);
    }

    #[test]
    fn a_message_of_ours_reads_as_it_was_built(
        name in "[^\\p{Cc}]{0,20}", user in "\\PC{1,20}", subject in "[!-~]{0,40}",
        body in prop::collection::vec(any::<u8>(), 0..80), port in 1..u16::MAX, v6 in any::<bool>()
    ) {
        let host = if v6 { "[2001:db8::5]" } else { "192.0.2.5" };
        let at = format!("{host}:{port}").parse().unwrap();
        let target = uri::of_user(&user, at);
        prop_assert_eq!(uri::user(&target), Some(user));
        let from = Address::new(uri::of_host(at)).named(&name).tagged("t1");
        let message = Message::request(Method::Invite, target.clone())
            .with("Via", Via::new(Transport::Udp, at, "z9hG4bK5").to_string())
            .with("From", from.to_string())
            .with("To", Address::new(target).to_string())
            .with("Call-ID", "c5")
            .with("CSeq", "5 INVITE")
            .with("Subject", subject)
            .with_body("application/octet-stream", body);
        let read = parse_datagram(&message.encode());
        prop_assert_eq!(read.as_ref(), Ok(&message));
        prop_assert_eq!(message.from(), Some(from));
    }

    #[test]
    fn texts_that_are_addresses_come_back(text in "[a-z\"<>;:@, =%\\\\é]{0,40}") {
        if let Ok(address) = Address::parse(&text) {
            prop_assert_eq!(Address::parse(&address.to_string()), Ok(address));
        }
        let _ = (Via::parse(&text), uri::parse(&text), split_list(&text));
    }
}

/// rsip as a second reader: where it can read what we write, it reads the same.
#[test]
fn rsip_reads_what_we_write() {
    use rsip::headers::{ToTypedHeader, UntypedHeader};
    use rsip::message::HeadersExt;
    let message =
        parse_datagram(SEEDS[0].replace("[2001:db8::1]", "192.0.2.4").as_bytes()).unwrap();
    let theirs = rsip::Request::try_from(message.encode()).unwrap();
    let Start::Request { method, .. } = &message.start else { panic!("a request") };
    assert_eq!(&theirs.method, method);
    assert_eq!(theirs.call_id_header().unwrap().value(), message.call_id());
    assert_eq!(theirs.cseq_header().unwrap().typed().unwrap().seq, 7);
    let via = theirs.via_header().unwrap().typed().unwrap();
    assert_eq!(via.branch().map(|b| b.value()), message.via().unwrap().branch());
    assert_eq!(theirs.max_forwards_header().unwrap().num().unwrap(), 70);
    assert_eq!(theirs.body, b"v=0");
}
