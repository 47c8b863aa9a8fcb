//! The journal: appending facts, and opening one safely.

use crate::fold::Folded;
use crate::mark::{Mark, Said};
use crate::store::Store;
use crate::view::{AgentsView, CountersView, VIEWS_VERSION};
use crate::{Entries, Error, Reader, record, row};
use model::seal::Seal;
use model::{Fact, WallTime};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most facts of one batch; more are refused, the caller cuts them.
pub const APPEND_MAX: usize = 4096;
/// Facts folded at once when views are rebuilt or an export is read.
pub(crate) const CHUNK: usize = 1000;

/// The journal of a box, open for writing. One at a time, in one process.
///
/// After an error of the store nothing more is taken: the same error, or a later one, comes back
/// until the journal is opened again.
pub struct Journal {
    pub(crate) reader: Reader,
    folded: Folded,
    mark: Mark,
    durable_seq: u64,
    opened: Opened,
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Facts that were there.
    pub facts: u64,
    /// Snapshots of the store that did not open and were moved aside, the log being read instead.
    /// Worth an alarm when it is not `*.generating`: a disk is failing.
    pub moved_aside: Vec<PathBuf>,
    /// Views were missing or of another version and were folded anew from the facts.
    pub rebuilt: bool,
    /// Synced facts that are gone, `first..=last`; only `open_accepting_loss` opens with such.
    pub lost: Option<(u64, u64)>,
    /// The mark of what was synced could not be read, so a loss would not have been noticed.
    pub mark_unreadable: bool,
}

impl Journal {
    /// Opens the journal in `dir`, or makes one.
    ///
    /// Checks that every fact that was synced is there (`Lost`), that the last fact is the one the
    /// counters tell of and that the rows in memory open under `seal`; `check` looks at all of it.
    pub fn open(dir: &Path, seal: Arc<dyn Seal>) -> Result<Self, Error> {
        Self::open_with(dir, seal, false)
    }

    /// Opens a journal that answered `Lost`, with what is left of it. Numbers of facts and calls
    /// that are gone will be given again: the caller must overwrite no recording.
    pub fn open_accepting_loss(dir: &Path, seal: Arc<dyn Seal>) -> Result<Self, Error> {
        Self::open_with(dir, seal, true)
    }

    fn open_with(dir: &Path, seal: Arc<dyn Seal>, accept_loss: bool) -> Result<Self, Error> {
        let (store, moved_aside) = Store::open(dir)?;
        let reader = Reader { store, seal };
        let last = last_fact(&reader.store)?;
        let mut opened = Opened { facts: last, moved_aside, ..Opened::default() };
        // Reads a row first: under another key that is what shall be said, not that a mark is bad.
        let counters: Option<CountersView> = reader.row(row::COUNTERS)?;
        let (mut mark, said) = Mark::open(dir, &*reader.seal)?;
        match said {
            Said::Durable(durable) if durable > last => {
                if !accept_loss {
                    return Err(Error::Lost { durable, found: last });
                }
                opened.lost = Some((last + 1, durable));
            }
            Said::Durable(_) => {}
            Said::Nothing => opened.mark_unreadable = last > 0,
            Said::Unreadable => opened.mark_unreadable = true,
        }
        opened.rebuilt = match counters {
            Some(counters) => counters.version != VIEWS_VERSION,
            None => last > 0,
        };
        if opened.rebuilt {
            rebuild(&reader, last)?;
        }
        let folded = Folded::load(&reader)?;
        let counted = folded.counters.last_seq;
        if counted != last {
            return Err(Error::Tail { last, counted });
        }
        // What was read back may still be on its way to the disk.
        reader.store.sync()?;
        mark.write(&*reader.seal, last)?;
        mark.sync()?;
        Ok(Self { reader, folded, mark, durable_seq: last, opened })
    }

    /// Takes facts that just happened, all of them or none, and folds them into the views. Gives
    /// their numbers. They are durable after the next `sync`.
    pub fn append(&mut self, facts: &[(WallTime, Fact)]) -> Result<RangeInclusive<u64>, Error> {
        if facts.len() > APPEND_MAX {
            return Err(Error::TooMany { facts: facts.len() });
        }
        let first = self.folded.counters.last_seq + 1;
        if facts.is_empty() {
            return Ok(first..=first - 1);
        }
        let mut touched = self.folded.touch();
        let mut writes = Vec::with_capacity(2 * facts.len() + 1);
        for (seq, (at, fact)) in (first..).zip(facts) {
            let sealed = record::seal(&*self.reader.seal, seq, *at, fact)?;
            writes.push((row::fact_key(seq), Some(sealed)));
            self.folded.fold(&mut touched, &self.reader, seq, *at, fact)?;
        }
        writes.extend(touched.rows(&self.reader)?);
        writes.push(touched.counters_row(&self.reader)?);
        self.reader.store.apply(writes)?;
        self.folded.settle(touched);
        Ok(first..=self.folded.counters.last_seq)
    }

    /// Brings every appended fact to the disk: sled's flush, then `fdatasync`.
    pub fn sync(&mut self) -> Result<(), Error> {
        let last = self.last_seq();
        if self.durable_seq < last {
            self.reader.store.sync()?;
            self.durable_seq = last;
            self.mark.write(&*self.reader.seal, last)?;
        }
        Ok(())
    }

    /// The number of the last fact appended; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.folded.counters.last_seq
    }
    /// The number of the last fact known to be on the disk.
    pub fn durable_seq(&self) -> u64 {
        self.durable_seq
    }
    /// Where numbering goes on: the next call, the last time.
    pub fn counters(&self) -> &CountersView {
        &self.folded.counters
    }
    /// The agents' states, for a daemon that starts again.
    pub fn agents(&self) -> &AgentsView {
        &self.folded.agents
    }
    /// What opening found.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }
    /// A handle for reading, also from another thread.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }
    /// The facts from number `from`; see `Reader::entries`.
    pub fn entries(&self, from: u64) -> Entries {
        self.reader.entries(from)
    }
    /// The facts of a stretch of time; see `Reader::entries_between`.
    pub fn entries_between(&self, from: WallTime, to: WallTime) -> Entries {
        self.reader.entries_between(from, to)
    }
}

impl Drop for Journal {
    /// Leaves an exact mark behind. Should that fail, an older one stands, which is sound too.
    fn drop(&mut self) {
        let _ = self.mark.sync();
    }
}

/// The number of the last fact in the store.
fn last_fact(store: &Store) -> Result<u64, Error> {
    let Some((key, _)) = store.last_of(row::FACTS)? else { return Ok(0) };
    row::number_of(row::FACTS, &key).ok_or_else(|| Error::RowEncoding { row: row::shown(&key) })
}

/// Folds all views anew. The counters are written last: a rebuild that is cut off begins again.
fn rebuild(reader: &Reader, last: u64) -> Result<(), Error> {
    let store = &reader.store;
    store.apply(vec![(row::COUNTERS.to_vec(), None)])?;
    let mut gone = Vec::new();
    for found in store.prefixed(row::VIEWS) {
        gone.push((found?.0.to_vec(), None));
        if gone.len() == CHUNK {
            store.apply(std::mem::take(&mut gone))?;
        }
    }
    store.apply(gone)?;

    let mut folded = Folded::default();
    let mut entries = Entries::new(reader.clone(), [(1, last)], None);
    loop {
        let chunk = entries.by_ref().take(CHUNK).collect::<Result<Vec<_>, _>>()?;
        let mut touched = folded.touch();
        for entry in &chunk {
            folded.fold(&mut touched, reader, entry.seq, entry.at, &entry.fact)?;
        }
        let mut writes = touched.rows(reader)?;
        if chunk.len() < CHUNK {
            writes.push(touched.counters_row(reader)?);
            store.apply(writes)?;
            return store.sync();
        }
        store.apply(writes)?;
        folded.settle(touched);
    }
}
