//! What a media thread counts, and all of them together.

use super::{Lateness, Runner};
use std::sync::Arc;
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
    /// Legs that came from another thread, and ticks in which they were on their way.
    pub landed: AtomicU64,
    pub missed_on_the_way: AtomicU64,
    /// Legs that found no place where they were to land.
    pub unlanded: AtomicU64,
}

/// What all media threads count.
#[derive(Clone)]
pub struct AllCounters(Vec<Arc<MediaCounters>>);

impl AllCounters {
    /// One for each thread.
    pub fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| Arc::default()).collect())
    }

    /// Those of each thread.
    pub fn each(&self) -> &[Arc<MediaCounters>] {
        &self.0
    }

    /// The sum of a counter.
    pub fn sum(&self, of: impl Fn(&MediaCounters) -> &AtomicU64) -> u64 {
        self.0.iter().map(|counters| of(counters).load(Ordering::Relaxed)).sum()
    }

    /// The least of a counter: of ticks, those that every thread made.
    pub fn least(&self, of: impl Fn(&MediaCounters) -> &AtomicU64) -> u64 {
        self.0.iter().map(|counters| of(counters).load(Ordering::Relaxed)).min().unwrap_or(0)
    }

    /// Tells whether every thread runs before others.
    pub fn preferred(&self) -> bool {
        self.0.iter().all(|counters| counters.preferred.load(Ordering::Relaxed))
    }

    /// The lateness that a share of all ticks stayed within.
    pub fn late_us(&self, share: f64) -> u64 {
        Lateness::quantile_of(self.0.iter().map(|counters| &counters.lateness), share)
    }
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
