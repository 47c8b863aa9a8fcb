//! The one module that knows sled: keys and values in order, atomic batches, a real sync.
//!
//! What was measured of sled 0.34.7 and is answered here: `flush` asks for `sync_file_range` only,
//! so an `fdatasync` through a descriptor of our own follows it; a torn snapshot refuses to open,
//! so snapshots are moved aside and the log is read whole; damaged bytes can panic, so every call
//! is caught and becomes an error.

use crate::{Error, lock};
use std::fs::{self, DirBuilder, File};
use std::ops::{Bound, RangeBounds};
use std::os::unix::fs::DirBuilderExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Memory for sled's pages; its own default is a gigabyte.
const CACHE_BYTES: u64 = 64 << 20;
/// Where snapshots go that did not open, and how many of them are kept.
const ASIDE: &str = "aside";
const ASIDE_MAX: usize = 8;

/// A store, open in this process and in no other. Clones are handles of the same store.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

/// The order of fields is the order of closing: the lock goes last.
struct Inner {
    db: sled::Db,
    file: File,
    _lock: File,
}

/// One row to write, or to remove.
pub(crate) type Write = (Vec<u8>, Option<Vec<u8>>);
/// One row as it was read.
pub(crate) type Row = (sled::IVec, sled::IVec);

impl Store {
    /// Opens or makes the store in `dir`; tells which snapshots had to be moved aside for it.
    pub fn open(dir: &Path) -> Result<(Self, Vec<PathBuf>), Error> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = lock::take(dir)?;
        // A snapshot that is still being made was cut off by the end of its process.
        let mut moved = move_aside(dir, |name| name.ends_with(".generating"))?;
        let db = match try_open(dir) {
            Ok(db) => db,
            Err(first) => {
                let why = first.refusal(dir)?;
                let snapshots = move_aside(dir, |_| true)?;
                if snapshots.is_empty() {
                    return Err(Error::Broken { dir: dir.to_owned(), why });
                }
                moved.extend(snapshots);
                try_open(dir).map_err(|second| match second.refusal(dir) {
                    Ok(why) => Error::Broken { dir: dir.to_owned(), why },
                    Err(other) => other,
                })?
            }
        };
        let file = File::open(dir.join("db"))?;
        // A new store's files must be found again after a power cut.
        File::open(dir.join("conf"))?.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok((Self(Arc::new(Inner { db, file, _lock: lock })), moved))
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, Error> {
        guarded(|| self.0.db.get(key))
    }

    /// The rows of a range of keys, in order. A row that does not read is the last.
    pub fn range(&self, keys: impl RangeBounds<Vec<u8>>) -> Rows {
        let bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>) =
            (keys.start_bound().cloned(), keys.end_bound().cloned());
        Rows { rows: self.0.db.range(bounds), ended: false }
    }

    /// The rows whose keys begin with `prefix`.
    pub fn prefixed(&self, prefix: &[u8]) -> Rows {
        Rows { rows: self.0.db.scan_prefix(prefix), ended: false }
    }

    /// The last row whose key begins with `prefix`.
    pub fn last_of(&self, prefix: &[u8]) -> Result<Option<Row>, Error> {
        guarded(|| self.0.db.scan_prefix(prefix).next_back().transpose())
    }

    /// Writes all of it or, after a crash, none of it.
    pub fn apply(&self, writes: Vec<Write>) -> Result<(), Error> {
        let mut batch = sled::Batch::default();
        for (key, value) in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        guarded(|| self.0.db.apply_batch(batch))
    }

    /// Brings everything written before to the disk.
    pub fn sync(&self) -> Result<(), Error> {
        guarded(|| self.0.db.flush())?;
        rustix::fs::fdatasync(&self.0.file).map_err(|e| Error::Io(e.into()))
    }

    /// Bytes on the disk.
    pub fn size(&self) -> Result<u64, Error> {
        guarded(|| self.0.db.size_on_disk())
    }
}

/// Rows of a range, each read guarded.
pub(crate) struct Rows {
    rows: sled::Iter,
    ended: bool,
}

impl Iterator for Rows {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = guarded(|| self.rows.next().transpose()).transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

/// Runs a call into sled; its panics become errors. The program must unwind on panic.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(e))) => Err(Error::Io(e)),
        Ok(Err(e)) => Err(Error::Store(e.to_string())),
        Err(panic) => Err(Error::StorePanicked(words_of(&*panic))),
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words").to_owned()
}

/// What sled says when its file is locked.
const LOCKED: &str = "could not acquire lock";
/// Longest wait for it: 2 s.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why sled did not open.
struct Refused(Error);

impl Refused {
    /// The words of a refusal that a snapshot can be the cause of; any other error as it is.
    fn refusal(self, dir: &Path) -> Result<String, Error> {
        match self.0 {
            Error::Store(why) | Error::StorePanicked(why) => Ok(why),
            Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(e.to_string()),
            // Ours is held, so this is a handle of an earlier journal in this very process.
            Error::Io(e) if e.to_string().contains(LOCKED) => {
                Err(Error::InUse { dir: dir.to_owned(), by: Some(std::process::id()) })
            }
            other => Err(other),
        }
    }
}

/// Opens sled. A journal of this process that was dropped a moment ago may still hold sled's own
/// lock, since sled lets go of its file on a thread of its own: that is waited for.
#[expect(clippy::disallowed_methods, reason = "opening is no core's work; sled gives no signal")]
fn try_open(dir: &Path) -> Result<sled::Db, Refused> {
    let config = sled::Config::new().path(dir).flush_every_ms(None).cache_capacity(CACHE_BYTES);
    for _ in 0..LOCK_TRIES {
        match guarded(|| config.open()) {
            Err(Error::Io(e)) if e.to_string().contains(LOCKED) => std::thread::sleep(LOCK_PAUSE),
            opened => return opened.map_err(Refused),
        }
    }
    guarded(|| config.open()).map_err(Refused)
}

/// Moves the chosen `snap.*` files out of sled's sight; the oldest moved ones are removed.
fn move_aside(dir: &Path, chosen: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, Error> {
    let mut moved = Vec::new();
    for name in names(dir)? {
        if !name.starts_with("snap.") || !chosen(&name) {
            continue;
        }
        let aside = dir.join(ASIDE);
        fs::create_dir_all(&aside)?;
        let last = names(&aside)?.last().and_then(|name| name.split('.').next()?.parse().ok());
        let number = last.map_or(0, |last: u32| last.saturating_add(1));
        let to = aside.join(format!("{number:08}.{name}"));
        fs::rename(dir.join(&name), &to)?;
        moved.push(to);
        let kept = names(&aside)?;
        for old in &kept[..kept.len().saturating_sub(ASIDE_MAX)] {
            fs::remove_file(aside.join(old))?;
        }
    }
    Ok(moved)
}

fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
