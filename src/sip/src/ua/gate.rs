//! What every request has to pass before anybody looks who sent it (RFC 3261 8.2): so a stranger
//! gets the same answer as a phone of ours.

use super::wire::{SDP, SUPPORTED, Wire};
use crate::events::package::EVENT_LIST;
use crate::message::Message;
use crate::peer::Peer;
use crate::registrar::outbound;
use crate::uri;
use rsip::Method;

/// Makes the refusal of a request that nobody could act upon.
pub fn refusal(wire: &Wire, from: &Peer, request: &Message) -> Option<Message> {
    let method = request.method()?;
    if matches!(method, Method::Ack | Method::Cancel) {
        return None;
    }
    // 8.2.1
    if !matches!(
        method,
        Method::Invite
            | Method::Bye
            | Method::Options
            | Method::Info
            | Method::Register
            | Method::PRack
            | Method::Update
            | Method::Refer
            | Method::Subscribe
    ) {
        return Some(wire.response(request, 405));
    }
    // 26.2.2: what is to be protected on its whole way came over a part that is not.
    if request.uri().is_some_and(uri::is_sips) && !from.transport.secure() {
        return Some(wire.response(request, 416));
    }
    // A call is carried on to an agent, so the hop counts; OPTIONS ends here (16.3 step 3), and
    // what is within a call came to its end already.
    let begins = request.to_tag().is_none() && method != Method::Options;
    if begins && request.max_forwards() == Some(0) {
        return Some(wire.response(request, 483));
    }
    // 8.2.2.3
    // RFC 4662 4.1: lists are for subscriptions alone.
    let lists = method == Method::Subscribe;
    // RFC 5626 section 6.
    let flows = method == Method::Register;
    let fits = |tag: &&str| {
        is_supported(tag)
            || lists && tag.eq_ignore_ascii_case(EVENT_LIST)
            || flows && tag.eq_ignore_ascii_case(outbound::TAG)
    };
    let mut foreign = request.headers.words("Require").filter(|tag| !fits(tag)).peekable();
    if foreign.peek().is_some() {
        let foreign = foreign.collect::<Vec<_>>().join(", ");
        return Some(wire.response(request, 420).with("Unsupported", foreign));
    }
    // 8.2.3
    let encoded = request.headers.words("Content-Encoding").any(|e| e != "identity");
    if encoded {
        return Some(wire.response(request, 415).with("Accept-Encoding", "identity"));
    }
    let foreign = !request.body.is_empty() && request.content_type().as_deref() != Some(SDP);
    if foreign && method == Method::Invite {
        return Some(wire.response(request, 415).with("Accept", SDP));
    }
    // 20.1, 21.4.7: who takes no session description in the answer cannot be talked with.
    if method == Method::Invite && !takes_sdp(request) {
        return Some(wire.response(request, 406));
    }
    None
}

fn is_supported(tag: &str) -> bool {
    SUPPORTED.split(", ").any(|ours| ours.eq_ignore_ascii_case(tag))
}

/// Tells whether the answer may hold a session description: no Accept means it may.
fn takes_sdp(request: &Message) -> bool {
    let mut accepts = request.headers.words("Accept");
    let stated = request.headers.get("Accept").is_some();
    let fits = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim();
        [SDP, "application/*", "*/*"].iter().any(|one| range.eq_ignore_ascii_case(one))
    };
    !stated || accepts.any(fits)
}
