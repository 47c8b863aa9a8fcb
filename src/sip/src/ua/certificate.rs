//! Whose certificate mutual TLS proved, and whether it fits who speaks (RFC 5280 section 4.2.1.6,
//! RFC 5922 section 7).
//!
//! A password that leaked opens nothing to another device where the site asks for certificates: an
//! account goes by its own device's connection alone, a trunk by its peer's. What we connected to
//! ourselves was verified then. Over UDP and TCP nobody shows one, so nobody who needs one is taken
//! there: else a password that leaked were enough again.

use super::wire::Wire;
use crate::message::{Message, Start};
use crate::peer::Peer;

/// What a phone without the certificate of its own is told and shows.
const PHRASE: &str = "Needs TLS And Its Own Certificate";

/// Tells whether a peer came by a connection over TLS whose certificate carries one of these names,
/// or by one that we opened.
pub fn fits<'a>(wire: &Wire, from: &Peer, names: impl IntoIterator<Item = &'a str>) -> bool {
    let flow = from.flow.filter(|_| from.transport.secure());
    let Some(flow) = flow.and_then(|flow| wire.flows.get(flow)) else { return false };
    if flow.outgoing {
        return true;
    }
    let shown: Vec<String> = flow.certificate.iter().map(|name| plain(name)).collect();
    names.into_iter().any(|name| shown.contains(&plain(name)))
}

/// Makes the refusal of who came without it, in a phrase that phones show and in a warning
/// (RFC 3261 7.2, 20.43).
pub fn refusal(wire: &Wire, request: &Message) -> Message {
    let mut response = wire.response(request, 403);
    response.start = Start::Response { code: 403, reason: PHRASE.to_owned() };
    response.with("Warning", format!("399 {} \"{PHRASE}\"", wire.local))
}

/// A name as it is compared: without case, and a hardware address without its signs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ':' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}
