//! The recordings' disk: synced and measured, and tried again after it refused something.

use super::SealCounters;
use crate::folders::make_private_dir;
use crate::service::{Severity, log};
use anyhow::Context as _;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often everything written is made to reach the disk.
const SYNC_EVERY: Duration = Duration::from_millis(400);
/// Pause before a disk that refused a recording is tried again.
const TRY_EVERY: Duration = Duration::from_secs(3);
/// What a trial writes: the beginnings of a thousand recordings.
const TRIAL_BYTES: usize = 1 << 20;

pub(super) struct Disk {
    file: File,
    dir: PathBuf,
    counters: Arc<SealCounters>,
    /// Why the last sync failed, if it did.
    sync_trouble: Option<String>,
    tried: Option<Instant>,
}

impl Disk {
    pub(super) fn open(dir: PathBuf, counters: Arc<SealCounters>) -> anyhow::Result<Self> {
        let file = File::open(&dir).with_context(|| format!("cannot open {}", dir.display()))?;
        Ok(Self { file, dir, counters, sync_trouble: None, tried: None })
    }

    /// Looks after the disk until it is told to stop.
    pub(super) fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(SYNC_EVERY);
            self.sync();
            self.measure();
            self.try_again(Instant::now());
        }
    }

    fn sync(&mut self) {
        let began = Instant::now();
        let trouble = rustix::fs::syncfs(&self.file).err().map(|error| error.to_string());
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.counters.sync_ms.store(ms, Ordering::Relaxed);
        if let Some(words) = told_once(&mut self.sync_trouble, trouble) {
            log(Severity::Error, &words);
        }
    }

    fn measure(&self) {
        if let Ok(disk) = rustix::fs::fstatvfs(&self.file) {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
            self.counters.free_mb.store(free, Ordering::Relaxed);
        }
    }

    /// Tries a disk that refused a recording, until it takes something again.
    fn try_again(&mut self, now: Instant) {
        if !self.counters.refusing.load(Ordering::Relaxed)
            || self.tried.is_some_and(|at| now.duration_since(at) < TRY_EVERY)
        {
            return;
        }
        self.tried = Some(now);
        if self.takes_a_trial().is_ok() {
            self.counters.refusing.store(false, Ordering::Relaxed);
        }
    }

    fn takes_a_trial(&self) -> anyhow::Result<()> {
        make_private_dir(&self.dir)?;
        Ok(crate::trial::write(&self.dir, TRIAL_BYTES)?)
    }
}

/// What is to be logged of a trouble that may last for days: its beginning, a change, its end.
fn told_once(before: &mut Option<String>, now: Option<String>) -> Option<String> {
    if *before == now {
        return None;
    }
    let words = match &now {
        Some(error) => format!("recordings are not synced: {error}"),
        None => "recordings are synced again".to_owned(),
    };
    *before = now;
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_refused_a_recording_is_tried_every_3_s_until_it_takes_a_trial() {
        let dir = tempfile::tempdir().unwrap();
        let counters = Arc::new(SealCounters::default());
        let recordings = dir.path().join("recordings");
        std::fs::create_dir(&recordings).unwrap();
        let mut disk = Disk::open(recordings.clone(), counters.clone()).unwrap();
        std::fs::remove_dir(&recordings).unwrap();
        std::fs::write(&recordings, "in the way").unwrap();
        counters.refusing.store(true, Ordering::Relaxed);
        let (now, refusing) = (Instant::now(), || counters.refusing.load(Ordering::Relaxed));
        disk.try_again(now);
        assert!(refusing());
        std::fs::remove_file(&recordings).unwrap();
        disk.try_again(now + TRY_EVERY / 2);
        assert!(refusing(), "it is not its time yet");
        disk.try_again(now + TRY_EVERY);
        assert!(!refusing());
        assert_eq!(std::fs::read_dir(&recordings).unwrap().count(), 0, "no trial stays");
    }

    #[test]
    fn a_sync_that_fails_for_days_is_told_when_it_begins_changes_and_ends() {
        let mut before = None;
        let full = || Some("no space".to_owned());
        assert_eq!(told_once(&mut before, None), None);
        assert_eq!(told_once(&mut before, full()).unwrap(), "recordings are not synced: no space");
        assert_eq!(told_once(&mut before, full()), None);
        assert!(told_once(&mut before, Some("read-only".to_owned())).is_some());
        assert_eq!(told_once(&mut before, None).unwrap(), "recordings are synced again");
    }
}
