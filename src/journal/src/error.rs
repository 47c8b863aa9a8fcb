//! What can go wrong with a journal.

use std::io;
use std::path::PathBuf;

/// Why the journal cannot be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the journal in {} is in use{}; ask the running daemon instead", dir.display(), by.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    InUse {
        dir: PathBuf,
        /// The process that said so in the lock file.
        by: Option<u32>,
    },
    #[error("the journal in {} does not open, not even without its snapshots: {why}; put a copy of the folder back, or move it aside together with the box key to begin anew", dir.display())]
    Broken { dir: PathBuf, why: String },
    #[error(
        "row {row} of the journal does not open under this box key: the key is another one or the row was changed"
    )]
    RowSealed { row: String },
    #[error("row {row} of the journal opens but cannot be read as what it should be")]
    RowEncoding { row: String },
    #[error("fact {seq} does not open: it was changed, or sealed under another box key")]
    FactSealed { seq: u64 },
    #[error("fact {seq} opens but cannot be read")]
    FactEncoding { seq: u64 },
    #[error("fact {seq} was written in version {version}; this program reads up to {max}", max = model::fact::VERSION)]
    FactVersion { seq: u64, version: u8 },
    #[error("facts are missing: {expected} should follow, {} does", found.map_or_else(|| "nothing".to_owned(), |seq| seq.to_string()))]
    Gap { expected: u64, found: Option<u64> },
    #[error("the journal ends at fact {last}, but its counters say {counted}")]
    Tail { last: u64, counted: u64 },
    #[error("facts {first} to {last} were on the disk and are gone: the store lost its end; put a copy of the journal's folder back, or start the box: it keeps a copy and goes on with what is left", first = found + 1, last = durable)]
    Lost {
        /// The last fact that was synced.
        durable: u64,
        /// The last fact that is there.
        found: u64,
    },
    #[error("a fact of {bytes} bytes is above {max}", max = crate::record::FACT_BYTES_MAX)]
    FactTooLarge { bytes: usize },
    #[error("{facts} facts at once are above {max}", max = crate::journal::APPEND_MAX)]
    TooMany { facts: usize },
    #[error("the file is no export of a journal")]
    NotAnExport,
    #[error("the export has format {0}; this program reads format {expected}", expected = crate::export::FORMAT)]
    ExportFormat(u16),
    #[error("the export is damaged after fact {after}")]
    ExportDamaged { after: u64 },
    #[error("an export is read into an empty journal only; this one has {facts} facts")]
    NotEmpty { facts: u64 },
    #[error("the store failed: {0}")]
    Store(String),
    #[error("the store panicked: {0}")]
    StorePanicked(String),
    #[error("a file of the journal: {0}")]
    Io(#[from] io::Error),
}
