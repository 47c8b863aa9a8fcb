//! Provisional responses that must not get lost, on both ends (RFC 3262).
//!
//! ```text
//!   us:   183 RSeq n --again each T1, 2*T1 ...--> PRACK n --> 200      64*T1: given up
//!   them: 18x RSeq n --> PRACK n;  18x RSeq n+1 --> PRACK n+1;  any other number: passed over
//! ```

use super::wire::Wire;
use crate::message::Message;
use crate::transaction::TransactionId;
use crate::transaction::timers::{T1, T1_X64};
use model::Instant;
use rsip::Method;
use std::time::Duration;

/// The option's name.
pub const TAG: &str = "100rel";

/// Which provisional responses of ours are sent reliably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliably {
    /// The peer cannot take them so.
    Never,
    /// Those with a description.
    WithMedia,
    /// All but 100.
    Always,
}

impl Reliably {
    /// What an INVITE asks for (RFC 3262 section 3).
    pub fn asked(invite: &Message) -> Self {
        let has = |name| invite.headers.words(name).any(|tag| tag == TAG);
        match (has("Require"), has("Supported")) {
            (true, _) => Self::Always,
            (false, true) => Self::WithMedia,
            (false, false) => Self::Never,
        }
    }

    /// Tells whether a response goes reliably.
    pub fn takes(self, with_media: bool) -> bool {
        self == Self::Always || self == Self::WithMedia && with_media
    }
}

/// A response of ours that waits for its PRACK.
#[derive(Debug)]
pub struct Unpracked {
    pub rseq: u32,
    pub with_media: bool,
    response: Message,
    again_at: Instant,
    interval: Duration,
    until: Instant,
}

impl Unpracked {
    /// Sends a response as number `rseq`.
    pub fn send(
        now: Instant,
        wire: &mut Wire,
        invite: TransactionId,
        response: Message,
        rseq: u32,
    ) -> Self {
        let with_media = !response.body.is_empty();
        let response = response.with("Require", TAG).with("RSeq", rseq.to_string());
        wire.transactions.respond(now, invite, &response);
        let (again_at, until) = (now + T1, now + T1_X64);
        Self { rseq, with_media, response, again_at, interval: T1, until }
    }

    /// Sends it again if it is time; tells whether it is given up (section 3: the INVITE is refused
    /// then).
    pub fn tick(&mut self, now: Instant, wire: &mut Wire, invite: TransactionId) -> bool {
        if self.again_at <= now && now < self.until {
            self.interval *= 2;
            self.again_at = now + self.interval;
            wire.counters.retransmitted += 1;
            wire.transactions.respond(now, invite, &self.response);
        }
        self.until <= now
    }

    /// When `tick` is due next.
    pub fn deadline(&self) -> Instant {
        self.again_at.min(self.until)
    }
}

/// The response and INVITE that a PRACK acknowledges: the numbers of its RAck (RFC 3262 7.2).
pub fn rack(prack: &Message) -> Option<(u32, u32)> {
    let mut words = prack.headers.get("RAck")?.split_ascii_whitespace();
    let (rseq, cseq) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    (words.next() == Some("INVITE")).then_some((rseq, cseq))
}

/// The number of a response that is to be acknowledged.
pub fn rseq(response: &Message) -> Option<u32> {
    let reliable = response.headers.words("Require").any(|tag| tag == TAG);
    let number = response.headers.get("RSeq").filter(|_| reliable)?;
    number.parse().ok()
}

/// What a PRACK says of the response.
pub fn rack_of(rseq: u32, response: &Message) -> String {
    let cseq = response.cseq().map_or(0, |(cseq, _)| cseq);
    format!("{rseq} {cseq} {}", Method::Invite)
}
