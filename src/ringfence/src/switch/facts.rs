//! Facts on their way to the journal, and the orders that wait for them to be on disk.

use super::Switch;
use crate::ledger::Batch;
use model::{Instant, Order};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Longest an order waits for its facts to be on disk. A hospital's phone must be answered even
/// when a disk is stuck: then the order goes, and an alarm says that facts are late.
const HOLD_MAX: Duration = Duration::from_secs(2);
/// Facts kept in memory beside the journal's queue while the disk is stuck: some 25,000 calls.
const FACTS_WAITING_MAX: usize = 500_000;

impl Switch {
    /// Sends the facts collected so far as one batch.
    pub(super) fn send_facts(&mut self) {
        if self.facts.is_empty() {
            return;
        }
        let facts = std::mem::take(&mut self.facts);
        let batch = Batch { no: self.batch + 1, facts };
        match self.parts.batches.try_send(batch) {
            Ok(()) => self.batch += 1,
            // The disk has been stuck for thousands of turns: they stay here, as one batch, up to
            // `FACTS_WAITING_MAX`; what comes after those is shed, counted and an alarm.
            Err(error) => {
                self.facts = error.into_inner().facts;
                let over = self.facts.len().saturating_sub(FACTS_WAITING_MAX);
                if over > 0 {
                    self.facts.truncate(FACTS_WAITING_MAX);
                    self.facts_shed += over as u64;
                    let now = self.parts.clock.now();
                    self.alarms.raise(now, "facts-lost", "journal", control::Level::Critical);
                }
            }
        }
    }

    /// Carries out the orders whose facts are on disk. Tells whether it did any.
    pub(super) fn release(&mut self, now: Instant) -> bool {
        let durable = self.parts.progress.batch.load(Ordering::Acquire);
        // A disk that was waited for once is not waited for again until it has caught up: else each
        // turn of every call, hanging up too, would cost the whole wait.
        self.behind &= durable < self.batch;
        let mut any = false;
        while let Some(held) = self.held.front() {
            let ready = !held.order.acknowledges() || held.after <= durable || self.behind;
            let late = now.since(held.since) >= HOLD_MAX;
            if !ready && !late {
                break;
            }
            if late && !ready {
                self.behind = true;
                self.released_early += 1;
                self.alarms.raise(now, "facts-late", "journal", control::Level::Critical);
            }
            let Some(held) = self.held.pop_front() else { break };
            let opens = matches!(held.order, Order::EarlyMedia { .. });
            self.obey(now, held.order);
            any = true;
            if opens {
                // What it opens is told to media first: a leg without sound joins no other.
                break;
            }
        }
        any
    }
}
