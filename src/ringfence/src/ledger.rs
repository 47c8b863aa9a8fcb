//! The journal thread: group commit of facts, and word to the exchange of what is durable.

use crate::service::{AbortOnPanic, Severity, log};
use crossbeam_channel::{Receiver, Sender};
use journal::{APPEND_MAX, Journal, Reader};
use model::seal::Seal;
use model::{Fact, WallTime};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most facts one commit takes.
const FACTS_PER_COMMIT_MAX: usize = 4096;
/// Batches that may wait for the disk. Beyond, the exchange keeps them itself and says so.
pub const BATCHES_MAX: usize = 16_384;
/// Least time between two commits. A sync costs the same for one fact and for a thousand, so a busy
/// box gathers what happens meanwhile; the first fact after a quiet moment waits for nothing.
const COMMIT_EVERY: Duration = Duration::from_millis(4);
/// Pause before a failed commit is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What the disk must take before the journal is opened anew: more than opening writes.
const TRIAL_BYTES: usize = 1 << 20;
/// Tries of a failing commit when the daemon ends: 5 s.
const TRIES_AT_END: u32 = 10;

/// The facts of one turn of the exchange.
pub struct Batch {
    /// Counts up from 1; durable up to here means all before too.
    pub no: u64,
    pub facts: Vec<(WallTime, Fact)>,
}

/// What the thread tells everyone.
#[derive(Default)]
pub struct Progress {
    /// The last batch on disk.
    pub batch: AtomicU64,
    /// The last fact on disk.
    pub seq: AtomicU64,
    /// The last commit failed: the disk is full or broken.
    pub failing: AtomicBool,
    /// The daemon ends: a disk that still fails is tried a few times more, then given up.
    pub ending: AtomicBool,
}

/// The journal's reader for whoever folds reports; none while the journal is opened anew.
#[derive(Clone, Default)]
pub struct SharedReader(Arc<Mutex<Option<Reader>>>);

impl SharedReader {
    /// A reader of its own for one piece of work.
    pub fn get(&self) -> anyhow::Result<Reader> {
        let reader = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        reader.ok_or_else(|| anyhow::anyhow!("the journal is being opened anew: try again"))
    }

    fn set(&self, reader: Option<Reader>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reader;
    }
}

/// Where the journal lies and what it is sealed with, to open it anew after an error.
pub struct Place {
    pub dir: PathBuf,
    pub seal: Arc<dyn Seal>,
}

impl Place {
    pub fn open(&self) -> Result<Journal, journal::Error> {
        Journal::open(&self.dir, self.seal.clone())
    }
}

pub struct Ledger {
    pub batches: Sender<Batch>,
    pub progress: Arc<Progress>,
    pub reader: SharedReader,
    pub thread: JoinHandle<()>,
}

/// Starts the thread. It ends when every sender is dropped and all is on disk.
pub fn start(journal: Journal, place: Place, wake: Box<dyn Fn() + Send>) -> anyhow::Result<Ledger> {
    let (batches, receiver) = crossbeam_channel::bounded(BATCHES_MAX);
    let progress = Arc::new(Progress::default());
    progress.seq.store(journal.last_seq(), Ordering::Relaxed);
    let reader = SharedReader::default();
    reader.set(Some(journal.reader()));
    let keeper = Keeper {
        journal: Some(journal),
        place,
        progress: progress.clone(),
        reader: reader.clone(),
        wake,
    };
    let thread =
        std::thread::Builder::new().name("journal".into()).spawn(move || keeper.run(&receiver))?;
    Ok(Ledger { batches, progress, reader, thread })
}

struct Keeper {
    /// None after an error of the store, until it opens again.
    journal: Option<Journal>,
    place: Place,
    progress: Arc<Progress>,
    reader: SharedReader,
    wake: Box<dyn Fn() + Send>,
}

impl Keeper {
    fn run(mut self, batches: &Receiver<Batch>) {
        let _guard = AbortOnPanic;
        let mut next_commit = std::time::Instant::now();
        while let Ok(first) = batches.recv() {
            let wait = next_commit.saturating_duration_since(std::time::Instant::now());
            if !wait.is_zero() && !self.progress.ending.load(Ordering::Relaxed) {
                std::thread::sleep(wait);
            }
            next_commit = std::time::Instant::now() + COMMIT_EVERY;
            let mut last = first.no;
            let mut facts = first.facts;
            while facts.len() < FACTS_PER_COMMIT_MAX {
                let Ok(more) = batches.try_recv() else { break };
                last = more.no;
                facts.extend(more.facts);
            }
            for chunk in facts.chunks(APPEND_MAX) {
                if !self.commit(chunk) {
                    return;
                }
            }
            self.progress.batch.store(last, Ordering::Release);
            (self.wake)();
        }
    }

    /// Appends and syncs, again and again until the disk takes it. Gives up only at the end.
    fn commit(&mut self, facts: &[(WallTime, Fact)]) -> bool {
        let mut ended_tries = 0;
        // Where the journal stood before, so that a batch whose append went through but whose sync
        // failed is not written twice after the journal was opened anew.
        let before = self.progress.seq.load(Ordering::Relaxed);
        loop {
            let error = match self.try_commit(before, facts) {
                Ok(seq) => {
                    self.progress.seq.store(seq, Ordering::Release);
                    self.progress.failing.store(false, Ordering::Relaxed);
                    return true;
                }
                Err(error) => error,
            };
            if !self.progress.failing.swap(true, Ordering::Relaxed) {
                log(Severity::Error, &format!("facts are not on disk, trying on: {error}"));
                (self.wake)();
            }
            loop {
                std::thread::sleep(RETRY_AFTER);
                if self.progress.ending.load(Ordering::Relaxed) {
                    ended_tries += 1;
                    if ended_tries > TRIES_AT_END {
                        log(Severity::Error, &format!("{} facts are lost: {error}", facts.len()));
                        return false;
                    }
                }
                if crate::trial::write(&self.place.dir, TRIAL_BYTES).is_ok() {
                    break;
                }
            }
            // The store takes nothing more after an error until it is opened again, and its lock
            // allows one at a time. Up to here whoever reads had the old one.
            self.journal = None;
            self.reader.set(None);
        }
    }

    fn try_commit(
        &mut self,
        before: u64,
        facts: &[(WallTime, Fact)],
    ) -> Result<u64, journal::Error> {
        let journal = match &mut self.journal {
            Some(journal) => journal,
            none => {
                let journal = none.insert(self.place.open()?);
                self.reader.set(Some(journal.reader()));
                journal
            }
        };
        if journal.last_seq() == before {
            journal.append(facts)?;
        }
        journal.sync()?;
        Ok(journal.last_seq())
    }
}
