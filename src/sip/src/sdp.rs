//! Session descriptions: what sound goes where (RFC 8866, RFC 3264).

use model::Law;
use std::net::SocketAddr;

/// What the media shall do for a leg, as offer and answer settled it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where the party wants its RTP.
    pub remote: SocketAddr,
    pub law: Law,
    pub payload_type: u8,
    /// The payload type of telephone-event (RFC 4733), if the party has it.
    pub dtmf_payload_type: Option<u8>,
    /// Whether the box may send to the party.
    pub send: bool,
    /// Whether the party will send to the box.
    pub receive: bool,
}
