//! Parsers of signalling: what is taken is written again as it was understood.

use super::Dice;
use model::{Codec, Codecs, Secret};
use sip::address::Address;
use sip::digest::{Challenge, Credentials};
use sip::events::wish;
use sip::framer::{self, parse_datagram};
use sip::message::Message;
use sip::offer_answer::{self, Terms};
use sip::sdp::Session;
use sip::stream::{Piece, Stream};
use sip::via::Via;
use sip::{param, uri};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A datagram: whoever reads what we wrote of it reads the same, and a refusal is a message.
pub fn message(bytes: &[u8]) {
    let _ = framer::is_keep_alive(bytes);
    match parse_datagram(bytes) {
        Ok(message) => {
            views(&message);
            let written = message.encode();
            let again = parse_datagram(&written);
            assert_eq!(again.as_ref(), Ok(&message), "written and read again");
            let refusal = Message::response(&message, 400).encode();
            assert!(parse_datagram(&refusal).is_ok(), "{}", String::from_utf8_lossy(&refusal));
        }
        Err(error) => {
            assert!((400..700).contains(&error.status));
            if let Some(response) = error.response {
                assert_eq!(response.code(), Some(error.status));
                assert!(response.via().is_some());
            }
        }
    }
}

/// Reads everything there is to read of a message.
fn views(message: &Message) {
    let _ = (message.method(), message.uri(), message.code(), message.cseq());
    let _ = (message.from_tag(), message.to_tag(), message.contacts(), message.contact());
    let _ = (message.max_forwards(), message.expires(), message.min_expires());
    let _ = (message.retry_after(), message.routes(), message.record_routes());
    let _ = (message.content_type(), message.allow(), message.supported(), message.require());
    let _ = sip::dialog::DialogId::of_request(message);
    let mut stamped = message.clone();
    let source = sip::Peer::udp(SocketAddr::from(([198, 51, 100, 7], 40_000)));
    let _ = stamped.stamp_via(source);
    stamped.set_to_tag("ours");
    assert_eq!(stamped.headers.get_all("To").count(), 1);
}

/// A stream: cut anywhere, it is the same messages; and each of them, framed again, is one.
pub fn stream(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let step = 1 + dice.below(64);
    let bytes = dice.0;
    let whole = pieces(bytes, bytes.len().max(1));
    let cut = pieces(bytes, step);
    // A line end that waits for what follows it may be told apart differently; messages may not.
    let messages = |pieces: &[Result<Piece, ()>]| -> Vec<Result<Vec<u8>, ()>> {
        let whole = |piece: &Result<Piece, ()>| match piece {
            Ok(Piece::Whole(bytes)) => Some(Ok(bytes.clone())),
            Ok(_) => None,
            Err(()) => Some(Err(())),
        };
        pieces.iter().filter_map(whole).collect()
    };
    let (whole, cut) = (messages(&whole), messages(&cut));
    assert_eq!(whole, cut, "however it was cut");
    for one in whole.into_iter().flatten() {
        let _ = parse_datagram(&one);
        assert_eq!(messages(&pieces(&one, one.len())), [Ok(one)], "one message is one");
    }
}

fn pieces(bytes: &[u8], step: usize) -> Vec<Result<Piece, ()>> {
    let (mut stream, mut all) = (Stream::default(), Vec::new());
    for chunk in bytes.chunks(step) {
        stream.push(chunk);
        loop {
            match stream.piece() {
                Ok(Some(piece)) => all.push(Ok(piece)),
                Ok(None) => break,
                Err(_) => {
                    all.push(Err(()));
                    return all;
                }
            }
        }
    }
    all
}

/// Addresses, name-addresses, Vias and parameters.
pub fn names(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = uri::parse(text) {
        let written = uri::write(&address);
        let again = uri::parse(&written);
        assert_eq!(again.as_ref(), Ok(&address), "{written}");
        assert!(uri::same(&address, &address), "{written} is itself");
        let _ = (uri::user(&address), uri::socket_addr(&address));
    }
    if let Ok(address) = Address::parse(text) {
        let written = address.to_string();
        assert!(!written.contains(['\r', '\n']) || text.contains(['\r', '\n']));
        let again = Address::parse(&written);
        assert!(again.as_ref() == Ok(&address), "{written}");
        let _ = (address.tag(), address.expires(), address.is_loose());
    }
    if let Ok(via) = Via::parse(text) {
        let written = via.to_string();
        assert_eq!(Via::parse(&written).as_ref(), Ok(&via), "{written}");
        let _ = (via.branch(), via.received(), via.rport(), via.sent_by_key());
    }
    if let Some(via) = Via::salvage(text) {
        assert!(Via::parse(&via.to_string()).is_ok(), "{via}");
    }
    let _ = param::parse(text);
}

/// Session descriptions, as offer and as answer.
pub fn sdp(bytes: &[u8]) {
    let Ok(session) = Session::parse(bytes) else { return };
    let written = session.encode();
    assert_eq!(Session::parse(&written).as_ref(), Ok(&session), "written and read again");
    let rtp = SocketAddr::from(([192, 0, 2, 1], 20_000));
    let mut terms = Terms::new(7, rtp, Codecs::new(Codec::ALL).unwrap_or_default());
    if let Ok((answer, plan)) = offer_answer::negotiate(&session, &mut terms) {
        assert_eq!(answer.media.len(), session.media.len(), "RFC 3264 section 6");
        assert!(plan.remote.port() > 0);
        assert!(Session::parse(&answer.encode()).is_ok());
    }
    let mut terms = Terms::new(7, rtp, Codecs::default());
    offer_answer::make_offer(&mut terms);
    let _ = offer_answer::accept_answer(&session, &terms);
    let _ = offer_answer::holds(&session);
}

/// Challenges and credentials.
pub fn digest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(challenge) = Challenge::parse(text) {
        let written = challenge.to_string();
        // Nothing is written that could begin a line of its own.
        assert!(!written.contains(char::is_control), "{written}");
        let plain = !text.contains(char::is_control);
        assert!(Challenge::parse(&written).is_ok(), "{written}");
        assert!(!plain || Challenge::parse(&written).as_ref() == Ok(&challenge), "{written}");
    }
    if let Ok(credentials) = Credentials::parse(text) {
        let written = credentials.to_string();
        let plain = !text.contains(char::is_control);
        assert!(!plain || Credentials::parse(&written).as_ref() == Ok(&credentials), "{written}");
        let _ = credentials.expected(&Secret::new("secret".to_owned()), "REGISTER");
    }
}

/// Bodies that phones' keys send.
pub fn event_bodies(bytes: &[u8]) {
    let reasons = BTreeMap::from([("1".to_owned(), "break".to_owned())]);
    let _ = wish::feature(bytes, &reasons);
    let _ = wish::hoteling(bytes);
    if let Ok(text) = sip::events::xml::text_of(bytes) {
        let escaped = sip::events::xml::escape(&text);
        assert!(!escaped.contains(['<', '>', '"']), "{escaped}");
        let document = format!("<a b=\"{escaped}\">{escaped}</a>");
        if document.len() < 4096 {
            assert!(sip::events::xml::parse(&document).is_ok(), "{document}");
        }
    }
}
