//! One connection: what came of it so far, and when it is to be closed.

use crate::peer::{FlowId, Peer};
use crate::stream::{Broken, Piece, Stream};
use crate::transaction::timers::T1_X64;
use model::Instant;
use std::time::Duration;

/// Longest a message may take from its first byte to its last.
pub const HALF_MAX: Duration = Duration::from_secs(10);
/// Longest silence of a connection whose other end was never let in.
pub const STRANGER_SILENT_MAX: Duration = Duration::from_secs(30);
/// Longest silence of any other: longer than the longest registration.
pub const KNOWN_SILENT_MAX: Duration = Duration::from_secs(3 * 3600);
/// How often we ask whether the other end of a connection of ours is there (RFC 5626 4.4.1: 95 to
/// 120 s).
pub const PING: Duration = Duration::from_secs(110);
/// How long we wait for the answer (RFC 5626 4.4.1).
pub const PONG_MAX: Duration = Duration::from_secs(10);

/// How often a phone with several connections is asked to say that each is alive, in seconds
/// (Flow-Timer, RFC 5626 section 6) …
pub const FLOW_TIMER_S: u32 = 120;
/// … and the silence after which one is closed.
pub const KEPT_SILENT_MAX: Duration = Duration::from_secs(150);

/// One connection.
#[derive(Debug)]
pub struct Flow {
    pub peer: Peer,
    /// Whether we opened it.
    pub outgoing: bool,
    /// The names in the certificate that mutual TLS proved.
    pub certificate: Vec<String>,
    pub(super) stream: Stream,
    pub(super) known: bool,
    /// The other end keeps it alive as we asked it to.
    pub(super) kept: bool,
    heard_at: Instant,
    /// Since when a message is unfinished.
    half_since: Option<Instant>,
    ping_at: Option<Instant>,
    pong_until: Option<Instant>,
    /// The other end answered a ping once, so it will again.
    answers_pings: bool,
    /// Under which time it stands on the agenda: never later than its deadline.
    pub(super) noted: Instant,
}

/// What a connection is to do when its time came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Nothing,
    Ping,
    Close,
}

impl Flow {
    pub(super) fn new(
        now: Instant,
        id: FlowId,
        peer: Peer,
        outgoing: bool,
        certificate: Vec<String>,
    ) -> Self {
        let mut flow = Self {
            peer: Peer { flow: Some(id), ..peer },
            outgoing,
            certificate,
            stream: Stream::default(),
            known: outgoing,
            kept: false,
            heard_at: now,
            half_since: None,
            ping_at: outgoing.then(|| now + PING),
            pong_until: None,
            answers_pings: false,
            noted: now,
        };
        flow.noted = flow.deadline();
        flow
    }

    /// Takes bytes in.
    pub(super) fn push(&mut self, now: Instant, bytes: &[u8]) {
        self.heard_at = now;
        self.stream.push(bytes);
    }

    /// The next whole piece of what came.
    pub(super) fn piece(&mut self, now: Instant) -> Result<Option<Piece>, Broken> {
        let piece = self.stream.piece();
        let waits_for_pong = matches!(piece, Ok(None)) && self.pong_until.is_some();
        let pong = waits_for_pong && self.stream.take_pong();
        if matches!(piece, Ok(Some(_))) || pong {
            self.half_since = None;
        }
        if matches!(piece, Ok(Some(Piece::Pong))) || pong {
            self.answers_pings |= self.pong_until.take().is_some();
        }
        if matches!(piece, Ok(None)) && self.stream.is_within() {
            self.half_since.get_or_insert(now);
        }
        piece
    }

    /// Its time came.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        if self.closes_at() <= now {
            return Turn::Close;
        }
        if self.ping_at.is_none_or(|at| at > now) {
            return Turn::Nothing;
        }
        self.ping_at = Some(now + PING);
        self.pong_until = Some(now + PONG_MAX);
        Turn::Ping
    }

    /// Tells whether nothing came for as long as an answer may take: nobody is at the other end,
    /// though neither end was told.
    pub(super) fn is_dead(&self, now: Instant) -> bool {
        self.heard_at + T1_X64 <= now
    }

    /// When its time comes.
    pub(super) fn deadline(&self) -> Instant {
        self.ping_at.map_or(self.closes_at(), |ping| ping.min(self.closes_at()))
    }

    fn closes_at(&self) -> Instant {
        let silence = match (self.known, self.kept) {
            (true, true) => KEPT_SILENT_MAX,
            (true, false) => KNOWN_SILENT_MAX,
            (false, _) => STRANGER_SILENT_MAX,
        };
        let silent = self.heard_at + silence;
        let half = self.half_since.map(|since| since + HALF_MAX);
        let pong = self.pong_until.filter(|_| self.answers_pings);
        [half, pong].into_iter().flatten().fold(silent, Instant::min)
    }
}
