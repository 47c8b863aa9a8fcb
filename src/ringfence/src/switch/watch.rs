//! What is looked after however often the thread wakes: the disk, the media threads, the watchdog.

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

/// How often it is put by where phones are reached, at most: once one came, went or moved, and where
/// they only registered again for another while.
const PUT_BY_EVERY: Duration = Duration::from_secs(10);
const PUT_BY_RENEWED_EVERY: Duration = Duration::from_secs(60);

/// What became of phones since it was put by where they are reached.
#[derive(Default)]
pub(super) struct PutBy {
    pub(super) moved: bool,
    pub(super) renewed: bool,
    at: Option<Instant>,
}

impl PutBy {
    fn is_due(&self, now: Instant) -> bool {
        let every = match (self.moved, self.renewed) {
            (true, _) => PUT_BY_EVERY,
            (false, true) => PUT_BY_RENEWED_EVERY,
            (false, false) => return false,
        };
        self.at.is_none_or(|at| now.since(at) >= every)
    }
}

impl Switch {
    /// Looks after the disk, the media threads and the watchdog.
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
        self.watch_music(now);
        self.alarms.set(now, "files-short", "box", crate::files::are_short());
        let skipped = self.parts.media_counters.sum(|media| &media.ticks_skipped);
        if skipped > self.skipped_seen {
            self.skipped_seen = skipped;
            self.alarms.raise(now, "frames-late", "media", control::Level::Critical);
        }
        let threads = self.parts.media_counters.each().iter();
        for (no, (media, heartbeat)) in threads.zip(&mut self.heartbeats).enumerate() {
            if heartbeat.hangs(now, media.ticks.load(Ordering::Relaxed)) {
                log(Severity::Error, &format!("media thread {no} hangs: the box stops"));
                std::process::abort();
            }
        }
        self.end_vanished(now);
        self.end_figures(now);
        self.watch_desks(now);
        self.watch_texts(now);
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
        if self.put_by.is_due(now) && self.parts.kept.try_send(self.kept(now)).is_ok() {
            self.put_by = PutBy { at: Some(now), ..PutBy::default() };
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

    #[test]
    fn where_phones_are_reached_is_put_by_soon_after_one_moved_and_a_minute_after_mere_renewals() {
        let at = Some(Instant::START);
        let due = |moved, renewed, s| {
            PutBy { moved, renewed, at }.is_due(Instant::START + Duration::from_secs(s))
        };
        assert!(PutBy { moved: true, ..PutBy::default() }.is_due(Instant::START));
        assert_eq!((due(true, true, 9), due(true, true, 10)), (false, true));
        assert_eq!((due(false, true, 59), due(false, true, 60)), (false, true));
        assert!(!due(false, false, 3600), "nothing changed");
    }
}
