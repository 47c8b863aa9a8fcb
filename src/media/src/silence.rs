//! The watch over a peer whose packets should come and do not: a phone without power, a cut cable.
//!
//! ```text
//!   Heard --no packet for `silent_ms`--> Silent --a packet, or a new description--> Heard
//! ```
//!
//! Only a peer that sends all the time is watched. One that says comfort noise (RFC 3389), or whose
//! numbers go on after a pause as if nothing was meant to come in it (RFC 3551 4.1), is silent by
//! itself now and then.

use model::Instant;
use std::time::Duration;

/// How long nothing comes until it is told, unless the engine is made otherwise.
pub const SILENT_MS: u64 = 3000;
/// Packets after which a peer counts as one that sends: 1 s of 20 ms.
const STEADY_PACKETS: u32 = 50;
/// A longer pause is no jitter: what goes on after it without a loss was meant to pause.
const PAUSE: Duration = Duration::from_millis(400);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Silent { ms: u64 },
    Heard,
}

/// The watch over one peer.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// When the last packet came.
    heard_at: Instant,
    packets: u32,
    /// The last packet was comfort noise.
    noise: bool,
    /// The peer was seen to pause.
    pauses: bool,
    told: bool,
}

impl Watch {
    /// Begins with a description.
    pub fn new(now: Instant) -> Self {
        Self { heard_at: now, packets: 0, noise: false, pauses: false, told: false }
    }

    /// Begins anew with another description.
    pub fn renew(&mut self, now: Instant) {
        *self = Self { told: self.told, ..Self::new(now) };
    }

    /// Notes a packet; `follows` tells that it bears the number after the newest.
    pub fn packet(&mut self, now: Instant, noise: bool, follows: bool) {
        let paused = self.packets > 0 && now.since(self.heard_at) >= PAUSE;
        self.pauses |= paused && follows;
        self.heard_at = now;
        self.packets = self.packets.saturating_add(1);
        self.noise = noise;
    }

    /// Tells what changed; `receives` tells that packets should come at all.
    pub fn tick(&mut self, now: Instant, receives: bool, after: Duration) -> Option<Change> {
        let watched = receives && self.packets >= STEADY_PACKETS && !self.noise && !self.pauses;
        let span = now.since(self.heard_at);
        let silent = watched && span >= after;
        if std::mem::replace(&mut self.told, silent) == silent {
            return None;
        }
        let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Some(if silent { Change::Silent { ms } } else { Change::Heard })
    }
}
