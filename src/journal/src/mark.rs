//! The mark: the last fact known to be on the disk, kept beside the store.
//!
//! sled takes a record that does not verify for the torn end of its log: one bent byte of its file
//! and it opens without a word, less everything behind that byte. The mark is what notices.
//!
//! It is written after each sync, so it never promises too much and never raises a false alarm. It
//! is itself synced only now and then: the end of a process, however it ends, leaves it exact; a
//! power cut may leave an older one, which notices less.

use crate::Error;
use model::seal::Seal;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

const NAME: &str = "mark";
const CONTEXT: &[u8] = b"mark";
/// A seq and what its sealing adds; a longer file is no mark.
const BYTES_MAX: usize = 256;
/// Syncs of the journal for one of the mark.
const SYNC_EVERY: u32 = 64;

pub(crate) struct Mark {
    file: File,
    unsynced: u32,
}

/// What the mark said when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// There is none yet.
    Nothing,
    Durable(u64),
    /// It does not open: torn, or changed.
    Unreadable,
}

impl Mark {
    pub fn open(dir: &Path, seal: &dyn Seal) -> Result<(Self, Said), Error> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(dir.join(NAME))?;
        let mut bytes = [0; BYTES_MAX];
        let mut length = 0;
        while length < BYTES_MAX {
            match file.read_at(&mut bytes[length..], length as u64)? {
                0 => break,
                more => length += more,
            }
        }
        let said = match seal.open(CONTEXT, &bytes[..length]).map(<[u8; 8]>::try_from) {
            Some(Ok(seq)) => Said::Durable(u64::from_be_bytes(seq)),
            _ if length == 0 => Said::Nothing,
            _ => {
                // What was longer than a mark would stay behind the next one.
                file.set_len(0)?;
                Said::Unreadable
            }
        };
        Ok((Self { file, unsynced: 0 }, said))
    }

    /// Says that facts up to `seq` are on the disk.
    pub fn write(&mut self, seal: &dyn Seal, seq: u64) -> Result<(), Error> {
        // Always of one length, and within one sector: an old mark or a new one, not half of each.
        self.file.write_all_at(&seal.seal(CONTEXT, seq, &seq.to_be_bytes()), 0)?;
        self.unsynced += 1;
        if self.unsynced >= SYNC_EVERY { self.sync() } else { Ok(()) }
    }

    pub fn sync(&mut self) -> Result<(), Error> {
        self.unsynced = 0;
        rustix::fs::fdatasync(&self.file).map_err(|e| Error::Io(e.into()))
    }
}
