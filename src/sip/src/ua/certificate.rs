//! Whose certificate mutual TLS proved, and whether it fits who speaks (RFC 5280 section 4.2.1.6,
//! RFC 5922 section 7).
//!
//! A password that leaked opens nothing to another device where the site asks for certificates: an
//! account goes by its own device's connection alone, a trunk by its peer's. What we connected to
//! ourselves was verified then, and over UDP and TCP nobody shows one.

use super::wire::Wire;
use crate::peer::Peer;

/// Tells whether the certificate of the connection that a peer came by carries one of these names;
/// true where none was asked for.
pub fn fits<'a>(wire: &Wire, from: &Peer, names: impl IntoIterator<Item = &'a str>) -> bool {
    let flow = from.flow.and_then(|flow| wire.flows.get(flow));
    let Some(flow) = flow.filter(|flow| from.transport.secure() && !flow.outgoing) else {
        return true;
    };
    let shown: Vec<String> = flow.certificate.iter().map(|name| plain(name)).collect();
    names.into_iter().any(|name| shown.contains(&plain(name)))
}

/// A name as it is compared: without case, and a hardware address without its signs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ':' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}
