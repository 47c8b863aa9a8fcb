//! What the media thread counts.

use super::{Lateness, Runner};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Ticks between two looks at the counters of all legs: 1 s.
const TICKS_PER_TOTAL: u64 = 50;

/// What the thread counts, for the console.
#[derive(Default)]
pub struct MediaCounters {
    pub ticks: AtomicU64,
    /// The thread runs before others: in real time, or by its nice value.
    pub preferred: AtomicBool,
    /// Ticks that began more than 20 ms late.
    pub ticks_late: AtomicU64,
    /// Ticks left out after a stall.
    pub ticks_skipped: AtomicU64,
    /// How late ticks began.
    pub lateness: Lateness,
    /// Time spent in ticks.
    pub busy_us: AtomicU64,
    pub packets_in: AtomicU64,
    pub packets_out: AtomicU64,
    /// Packets the kernel would not take at once.
    pub send_failed: AtomicU64,
    /// Times the ring of the sockets was given up for a system call a datagram.
    pub ring_lost: AtomicU64,
    /// Times a peer's machine said that nobody listens there.
    pub refused: AtomicU64,
    pub taps_lost: AtomicU64,
    /// Ends of recordings that wait for the seal thread.
    pub ends_waiting: AtomicU64,
    pub news_lost: AtomicU64,
    pub card_errors: AtomicU64,
    /// Sockets the system would not watch: their legs are deaf.
    pub unwatched: AtomicU64,
    /// Packets from elsewhere than a leg's peer.
    pub foreign: AtomicU64,
    /// Times a leg's sender was learned anew at another address.
    pub moved: AtomicU64,
    /// Encrypted packets with a wrong tag.
    pub unauthenticated: AtomicU64,
    /// Encrypted packets that came before.
    pub replayed: AtomicU64,
    /// Packets that are no RTP, or of a payload not agreed on.
    pub malformed: AtomicU64,
    /// Keys in recorded sound of legs that send them as events.
    pub keys_unmeant: AtomicU64,
    pub lost: AtomicU64,
    pub late: AtomicU64,
    /// Orders for a slot or room that is not there.
    pub orders_refused: AtomicU64,
    /// Legs not cared for, as ticks have no time left for it.
    pub care_refused: AtomicU64,
    /// Events the engine had no room for.
    pub events_lost: AtomicU64,
}

impl Runner {
    /// Publishes what happened on all legs, once a second.
    pub(super) fn note_totals(&mut self) {
        if !self.out.tick.is_multiple_of(TICKS_PER_TOTAL) {
            return;
        }
        let (legs, engine) = (self.media.engine.totals(), self.media.engine.engine_counters());
        let counters = &self.media.counters;
        for (counter, value) in [
            (&counters.foreign, legs.foreign),
            (&counters.moved, legs.sources),
            (&counters.unauthenticated, legs.unauthenticated),
            (&counters.replayed, legs.replayed),
            (&counters.malformed, legs.malformed + legs.unknown_payload),
            (&counters.keys_unmeant, legs.keys_unmeant),
            (&counters.lost, legs.lost),
            (&counters.late, legs.late),
            (&counters.orders_refused, engine.commands_refused),
            (&counters.care_refused, engine.care_refused),
            (&counters.events_lost, engine.events_lost + engine.retired_not_fetched),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
    }
}
