//! The watch over a peer whose packets should come and do not: a phone without power, a cut cable.
//!
//! ```text
//!   Heard --no packet for `silent_ms`--> Silent --a packet, or a new description--> Heard
//!     '---- nothing for `QUIET` --> Quiet <--'           (from either, and to Heard again)
//! ```
//!
//! ```text
//!   reports come, no sound: pausing for REPORT_MAX after each       a goodbye: not watched
//! ```
//!
//! Only a peer that sends all the time is said to be silent. One that says comfort noise (RFC 3389), or whose
//! numbers go on after a pause as if nothing was meant to come in it (RFC 3551 4.1), is silent by
//! itself now and then. Of whichever neither sound nor a report came for `QUIET` it is told that it is
//! quiet, which may be meant.

use model::Instant;
use std::time::Duration;

/// How long nothing comes until it is told, unless the engine is made otherwise.
pub const SILENT_MS: u64 = 3000;
/// Packets after which a peer counts as one that sends: 200 ms of 20 ms. One that pauses after them
/// by itself is asked in vain once, and answers.
const STEADY_PACKETS: u32 = 10;
/// A longer pause is no jitter: where numbers go on after it and time stamps jump it was meant.
const PAUSE: Duration = Duration::from_millis(400);

/// A peer that is late by more owes packets: Opus pauses for 400 ms between two (RFC 7587 3.1.3).
const OVERDUE: Duration = Duration::from_millis(600);

/// A peer that reports (RTCP) while it sends no sound is there: so long it may take to its next
/// report (RFC 3550 6.3.1 draws at most 5.6 s with the least interval of 5 s, twice with hold-ups).
const REPORT_MAX: Duration = Duration::from_secs(6);

/// Neither sound nor a report for so long: of a peer that sends all the time, that pauses, or that
/// never sent at all.
pub const QUIET: Duration = Duration::from_secs(20);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Silent { ms: u64 },
    Quiet,
    Heard,
}

/// What was told last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Heard,
    Silent,
    Quiet,
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
    /// It reported while it sent no sound.
    reported_at: Option<Instant>,
    /// It said goodbye.
    gone: bool,
    told: Told,
}

impl Watch {
    /// Begins with a description.
    pub fn new(now: Instant) -> Self {
        Self {
            heard_at: now,
            packets: 0,
            noise: false,
            pauses: false,
            reported_at: None,
            gone: false,
            told: Told::Heard,
        }
    }

    /// Begins anew with another description.
    pub fn renew(&mut self, now: Instant) {
        *self = Self { told: self.told, ..Self::new(now) };
    }

    /// Notes a packet; `meant` tells that it bears the number after the newest, and that its time stamp
    /// says that a pause lies between: one that was merely held up on its way does not.
    pub fn packet(&mut self, now: Instant, noise: bool, meant: bool) {
        let paused = self.packets > 0 && !self.gone && now.since(self.heard_at) >= PAUSE;
        self.pauses |= paused && meant;
        self.heard_at = now;
        self.packets = self.packets.saturating_add(1);
        self.noise = noise;
        (self.reported_at, self.gone) = (None, false);
    }

    /// Tells whether the last packet was comfort noise.
    pub fn is_noise(&self) -> bool {
        self.noise
    }

    /// Notes a report: in a pause of sound it tells that the peer is there.
    pub fn report(&mut self, now: Instant) {
        if now.since(self.heard_at) >= PAUSE {
            self.reported_at = Some(now);
        }
    }

    /// Notes that the peer said goodbye: nothing more is to come, and that is meant.
    pub fn goodbye(&mut self) {
        self.gone = true;
    }

    /// How many packets of a length a peer that sends all the time has not sent since its last;
    /// nothing while that may be jitter, or meant.
    pub fn owes(&self, now: Instant, packet: Duration) -> u64 {
        let span = now.since(self.heard_at);
        if span < OVERDUE || !self.is_steady(now) {
            return 0;
        }
        u64::try_from(span.as_micros() / packet.as_micros().max(1)).unwrap_or(u64::MAX)
    }

    /// Tells whether nothing came yet at all of what was described.
    pub fn heard_nothing(&self) -> bool {
        self.packets == 0 && self.reported_at.is_none() && !self.gone
    }

    /// Tells whether packets should come now, of a peer that sends all the time.
    fn is_steady(&self, now: Instant) -> bool {
        let steady = self.packets >= STEADY_PACKETS && !self.noise && !self.pauses;
        let reports = self.reported_at.is_some_and(|at| now.since(at) < REPORT_MAX);
        steady && !reports && !self.gone
    }

    /// Tells what changed; `receives` tells that packets should come at all.
    pub fn tick(&mut self, now: Instant, receives: bool, after: Duration) -> Option<Change> {
        let span = now.since(self.heard_at);
        let sign = self.reported_at.map_or(self.heard_at, |at| at.max(self.heard_at));
        let state = if receives && now.since(sign) >= QUIET {
            Told::Quiet
        } else if receives && self.is_steady(now) && span >= after {
            Told::Silent
        } else {
            Told::Heard
        };
        if std::mem::replace(&mut self.told, state) == state {
            return None;
        }
        Some(match state {
            Told::Quiet => Change::Quiet,
            Told::Silent => {
                Change::Silent { ms: u64::try_from(span.as_millis()).unwrap_or(u64::MAX) }
            }
            Told::Heard => Change::Heard,
        })
    }
}
