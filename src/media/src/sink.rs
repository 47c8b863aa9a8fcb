//! Where the engine's sound goes, and what it tells of itself.

use crate::command::{Slot, TapNo};
use model::quality::{Figures, Muted};
use model::{Codec, Digit, PlayId, SAMPLES_PER_FRAME};
use std::net::SocketAddr;

/// One 20 ms block of bytes of G.711 or G.722.
pub type Block = [u8; SAMPLES_PER_FRAME];

/// Takes what a tick makes. Called from within `Engine::tick`, so it must neither block nor
/// allocate where that matters.
pub trait Sink {
    /// A packet to be sent for a leg.
    fn rtp(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]);
    /// Reports to be sent for a leg: from the port of its sound, or from one of their own.
    fn rtcp(&mut self, slot: Slot, to: SocketAddr, muxed: bool, packet: &[u8]);
    /// A block to be written to the card port of a leg.
    fn card(&mut self, slot: Slot, block: &Block);
    /// What a tapped leg said and heard in this tick; one call a tick and tap, silence included.
    fn tap(&mut self, tap: TapNo, frame: &TapFrame);
}

/// Both directions of a leg for 20 ms, in the codec its line speaks. Where a byte came from the wire
/// it is that byte; where nothing came or was sent it is silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapFrame {
    pub codec: Codec,
    /// Said by the leg, after the jitter buffer.
    pub left: Block,
    /// Sent to the leg by the box.
    pub right: Block,
    /// Left and right hold the tone of a key, that was found in this frame or before and has sounded
    /// for up to `hear::KEY_FOUND_TICKS` already. Nobody needs it in a recording, and a card's number
    /// may be read from it.
    pub keys: [bool; 2],
}

/// What the engine found out; drained by `Engine::poll_event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A key was pressed: once a press.
    Digit { slot: Slot, digit: Digit },
    /// A key is to be sent to a leg by its signalling.
    SignalDigit { slot: Slot, digit: Digit },
    /// A peer that sends all the time has sent nothing for `ms`.
    Silent { slot: Slot, ms: u64 },
    /// Neither sound nor a report came of a peer for `silence::QUIET`, whether it sends all the time
    /// or not.
    Quiet { slot: Slot },
    /// It sends again, or is no longer expected to.
    Heard { slot: Slot },
    /// Nothing is to be heard of a leg whose packets come, or it is heard again.
    Muted { slot: Slot, muted: Option<Muted> },
    /// What is known of a leg's sound in the last 10 s; `last` tells that it is closed now.
    Quality { slot: Slot, figures: Figures, last: bool },
    /// A play that is not looped came to its end by itself.
    Played { slot: Slot, play: PlayId },
}

impl Event {
    /// The leg the event is about.
    pub fn slot(&self) -> Slot {
        match *self {
            Self::Digit { slot, .. }
            | Self::SignalDigit { slot, .. }
            | Self::Silent { slot, .. }
            | Self::Quiet { slot }
            | Self::Heard { slot }
            | Self::Muted { slot, .. }
            | Self::Quality { slot, .. }
            | Self::Played { slot, .. } => slot,
        }
    }
}

/// What happened on one leg since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegCounters {
    /// RTP packets (or card blocks) taken in.
    pub packets: u64,
    /// Packets the sender numbered that never came (RFC 3550 A.3).
    pub lost: u64,
    /// Packets that came after their time and could not be played.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets from another address than the leg's.
    pub foreign: u64,
    /// Packets whose tag was made with no key of the peer's (SRTP).
    pub unauthenticated: u64,
    /// Encrypted packets that came before, or too late to tell (SRTP).
    pub replayed: u64,
    /// Times the sender's address was learned anew.
    pub sources: u64,
    /// Datagrams that are no RTP, or RTP cut short.
    pub malformed: u64,
    /// Packets of a payload type that was not negotiated.
    pub unknown_payload: u64,
    /// Packets that came while nothing was to be received.
    pub unwanted: u64,
    /// Sound made up for what was missing.
    pub concealed_ms: u64,
    /// Rows in which packets were lost or too late.
    pub gaps: u64,
    /// Sound left out to bring the delay down.
    pub skipped_ms: u64,
    /// Times the jitter buffer had to find its place anew: SSRC change, jump of sequence or time
    /// stamp, a route that became much slower.
    pub resyncs: u64,
    /// Datagrams of reports taken in, sent, and not in order (RTCP).
    pub reports_in: u64,
    pub reports_out: u64,
    pub reports_malformed: u64,
    /// Keys heard.
    pub digits_in: u64,
    /// Keys found in recorded sound of a leg that sends them as events: left out, and not told.
    pub keys_unmeant: u64,
    /// Keys sent.
    pub digits_out: u64,
    /// Keys that could not be sent because 32 were waiting.
    pub digits_dropped: u64,
    /// Packets sent (or card blocks written).
    pub sent: u64,
    /// Sound that waited to fill a packet when the codec changed or nothing more was to be sent.
    pub unsent_ms: u64,
    /// Clips of a play that are not in the engine.
    pub clips_missing: u64,
    /// Interarrival jitter (RFC 3550 6.4.1), in microseconds.
    pub jitter_us: u64,
    /// From the arrival of a packet to its play, over the last 2 s, in milliseconds.
    pub delay_ms: u64,
}

impl LegCounters {
    /// Adds another leg's counts; jitter and delay are the worst of both.
    pub fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.lost += other.lost;
        self.late += other.late;
        self.duplicates += other.duplicates;
        self.foreign += other.foreign;
        self.unauthenticated += other.unauthenticated;
        self.replayed += other.replayed;
        self.sources += other.sources;
        self.malformed += other.malformed;
        self.unknown_payload += other.unknown_payload;
        self.unwanted += other.unwanted;
        self.concealed_ms += other.concealed_ms;
        self.gaps += other.gaps;
        self.skipped_ms += other.skipped_ms;
        self.resyncs += other.resyncs;
        self.reports_in += other.reports_in;
        self.reports_out += other.reports_out;
        self.reports_malformed += other.reports_malformed;
        self.digits_in += other.digits_in;
        self.keys_unmeant += other.keys_unmeant;
        self.digits_out += other.digits_out;
        self.digits_dropped += other.digits_dropped;
        self.sent += other.sent;
        self.unsent_ms += other.unsent_ms;
        self.clips_missing += other.clips_missing;
        self.jitter_us = self.jitter_us.max(other.jitter_us);
        self.delay_ms = self.delay_ms.max(other.delay_ms);
    }
}

/// What happened in the engine as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineCounters {
    pub ticks: u64,
    /// Commands for a slot that is closed or does not exist.
    pub commands_refused: u64,
    /// Datagrams and blocks for such a slot.
    pub input_refused: u64,
    /// Legs that were not cared for, as the tick has no time left for it (`care::budget_us`).
    pub care_refused: u64,
    /// Events lost because `engine::EVENTS_MAX` were waiting.
    pub events_lost: u64,
    /// Keys and codecs that were freed in the tick because nobody fetched the ones before them.
    pub retired_not_fetched: u64,
}
