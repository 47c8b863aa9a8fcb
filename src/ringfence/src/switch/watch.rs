//! What is looked after however often the thread wakes: the disk, the media thread, the watchdog.

use super::Switch;
use crate::service::{self, Severity, log};
use model::Instant;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Less room than this on the recordings' disk is an alarm: some seven hours of one call.
const FREE_MB_MIN: u64 = 500;
/// Least time a recording that failed is left, before its call gets a new part.
const RECORD_ANEW_AFTER: Duration = Duration::from_secs(5);
/// How often it is looked whether somebody could answer each queue.
const QUEUES_EVERY: Duration = Duration::from_secs(1);
/// How often disk, media thread and alarms are looked after, however often the thread wakes.
const WATCH_EVERY: Duration = Duration::from_millis(100);

/// How often it is put by where phones are reached, at most.
const PUT_BY_EVERY: Duration = Duration::from_secs(10);

impl Switch {
    /// Looks after the disk, the media thread and the watchdog.
    pub(super) fn watch(&mut self, now: Instant) {
        if now.since(self.watched) < WATCH_EVERY {
            return;
        }
        self.watched = now;
        let failing = self.parts.progress.failing.load(Ordering::Relaxed);
        self.alarms.set(now, "journal-failing", "journal", failing);
        if self.held.is_empty() && !self.behind {
            self.alarms.clear("facts-late", "journal");
        }
        let flooded = self.parts.net.is_flooded(now);
        self.alarms.set(now, "sip-flood", "sip", flooded);
        let overloaded = self.parts.net.load().was_over(now);
        self.alarms.set(now, "sip-overload", "sip", overloaded);
        if now.since(self.queues_looked) >= QUEUES_EVERY {
            self.queues_looked = now;
            let queues: Vec<_> =
                self.parts.exchange.queues(now).map(|queue| (queue.id, queue.unserved)).collect();
            for (queue, unserved) in queues {
                self.alarms.set(now, "nobody-answers", queue.as_str(), unserved);
            }
        }
        let slow = self.parts.seal_counters.sync_ms.load(Ordering::Relaxed) > 1000;
        self.alarms.set(now, "disk-slow", "recordings", slow);
        let free = self.parts.seal_counters.free_mb.load(Ordering::Relaxed);
        self.alarms.set(now, "disk-low", "recordings", is_low(free));
        self.record_anew(now);
        self.alarms.set(now, "files-short", "box", crate::files::are_short());
        let skipped = self.parts.media_counters.ticks_skipped.load(Ordering::Relaxed);
        if skipped > self.skipped_seen {
            self.skipped_seen = skipped;
            self.alarms.raise(now, "frames-late", "media", control::Level::Critical);
        }
        let ticks = self.parts.media_counters.ticks.load(Ordering::Relaxed);
        if self.heartbeat.hangs(now, ticks) {
            log(Severity::Error, "the media thread hangs: the box stops");
            std::process::abort();
        }
        self.end_vanished(now);
        self.end_figures(now);
        self.watch_desks(now);
        self.put_by(now);
        let Some(every) = self.watchdog else { return };
        if now.since(self.alive_told) >= every / 3 {
            service::tell_alive();
            self.alive_told = now;
        }
    }

    /// Puts by where phones are reached, now and then. A disk that hangs holds nobody up: it is done
    /// at another look.
    fn put_by(&mut self, now: Instant) {
        let early = self.put_by.is_some_and(|at| now.since(at) < PUT_BY_EVERY);
        if self.moved && !early && self.parts.kept.try_send(self.kept(now)).is_ok() {
            (self.moved, self.put_by) = (false, Some(now));
        }
    }

    /// Where phones are reached now.
    pub(crate) fn kept(&self, now: Instant) -> crate::kept::Put {
        let kept = self.parts.endpoint.kept(now);
        crate::kept::Put { site: self.parts.site.clone(), at: self.parts.anchor.wall(now), kept }
    }

    /// Has calls that go on unrecorded recorded again, once the disk takes recordings.
    fn record_anew(&mut self, now: Instant) {
        self.alarms.set(now, "not-recording", "seal", !self.unrecorded.is_empty());
        if self.parts.seal_counters.refusing.load(Ordering::Relaxed) {
            return;
        }
        for (&recording, lacks) in &mut self.unrecorded {
            if now.since(lacks.tried) >= RECORD_ANEW_AFTER {
                lacks.tried = now;
                self.parts.exchange.handle(now, exchange::Input::RecordAnew { recording });
            }
        }
    }
}

/// Tells whether so many MiB are too few; `u64::MAX` stands for a disk nobody has looked at yet.
fn is_low(free_mb: u64) -> bool {
    free_mb < FREE_MB_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::SealCounters;

    #[test]
    fn a_disk_without_any_room_is_low_and_one_not_looked_at_is_not() {
        assert!(is_low(0));
        assert!(is_low(FREE_MB_MIN - 1));
        assert!(!is_low(FREE_MB_MIN));
        assert!(!is_low(SealCounters::default().free_mb.load(Ordering::Relaxed)));
    }
}
