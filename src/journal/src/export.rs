//! The logical export: all facts, sealed, in one file that needs no store to be read back.
//!
//! ```text
//! "RINGFJNL" format(2)  { seq(8) length(4) sealed }*  0(8) length(4) sealed end
//! ```
//!
//! Facts stay sealed as they lie in the journal, bound to their numbers. The end is sealed too and
//! says how many there are, so that a cut export is noticed. Views are not exported: importing
//! folds them anew.

use crate::journal::{CHUNK, Journal};
use crate::{Error, Reader, record, row};
use model::{Fact, WallTime};
use std::io::{self, Read, Write};

/// The format written today.
pub(crate) const FORMAT: u16 = 1;
const MAGIC: [u8; 8] = *b"RINGFJNL";
const END_CONTEXT: &[u8] = b"export end";
/// No sealed fact is longer: the fact and what its sealing adds.
const SEALED_BYTES_MAX: usize = record::FACT_BYTES_MAX + 1024;

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportReport {
    pub facts: u64,
    pub bytes: u64,
}

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportReport {
    pub facts: u64,
    /// False when the export has no end: it was cut off, and what was there is imported.
    pub complete: bool,
}

impl Reader {
    /// Writes all facts there are now. Stops at the first that is not sound, and names it; what
    /// was written until then can be imported.
    pub fn export(&self, out: &mut impl Write) -> Result<ExportReport, Error> {
        let last = self.last_seq()?;
        out.write_all(&MAGIC)?;
        out.write_all(&FORMAT.to_be_bytes())?;
        let mut report = ExportReport { facts: 0, bytes: 10 };
        let mut rows = self.store.range(row::fact_key(1)..=row::fact_key(last));
        for expected in 1..=last {
            let (key, sealed) = rows.next().ok_or(Error::Gap { expected, found: None })??;
            let found = row::number_of(row::FACTS, &key);
            if found != Some(expected) {
                return Err(Error::Gap { expected, found });
            }
            record::open(&*self.seal, expected, &sealed)?;
            report.bytes += put(out, expected, &sealed)?;
            report.facts += 1;
        }
        let end = self.seal.seal(END_CONTEXT, last, &last.to_be_bytes());
        report.bytes += put(out, 0, &end)?;
        out.flush()?;
        Ok(report)
    }
}

impl Journal {
    /// Reads an export into this journal, which must be empty, and syncs it. Each fact is opened
    /// and its number checked; the first that is not sound stops it with an error.
    pub fn import(&mut self, source: &mut impl Read) -> Result<ImportReport, Error> {
        if self.last_seq() > 0 {
            return Err(Error::NotEmpty { facts: self.last_seq() });
        }
        let mut head = [0; 10];
        if !fill(source, &mut head)? || head[..8] != MAGIC {
            return Err(Error::NotAnExport);
        }
        let format = u16::from_be_bytes([head[8], head[9]]);
        if format != FORMAT {
            return Err(Error::ExportFormat(format));
        }
        let mut chunk: Vec<(WallTime, Fact)> = Vec::with_capacity(CHUNK);
        let mut facts = 0;
        let complete = loop {
            let Some((seq, sealed)) = take(source, facts)? else { break false };
            if seq == 0 {
                let end = self.reader.seal.open(END_CONTEXT, &sealed);
                if end.as_deref() != Some(&facts.to_be_bytes()[..]) || fill(source, &mut [0])? {
                    return Err(Error::ExportDamaged { after: facts });
                }
                break true;
            }
            if seq != facts + 1 {
                return Err(Error::Gap { expected: facts + 1, found: Some(seq) });
            }
            let entry = record::open(&*self.reader.seal, seq, &sealed)?;
            facts = seq;
            chunk.push((entry.at, entry.fact));
            if chunk.len() == CHUNK {
                self.append(&chunk)?;
                chunk.clear();
            }
        };
        self.append(&chunk)?;
        self.sync()?;
        Ok(ImportReport { facts, complete })
    }
}

fn put(out: &mut impl Write, seq: u64, sealed: &[u8]) -> Result<u64, Error> {
    let length =
        u32::try_from(sealed.len()).map_err(|_| Error::FactTooLarge { bytes: sealed.len() })?;
    out.write_all(&seq.to_be_bytes())?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(sealed)?;
    Ok(12 + u64::from(length))
}

/// The next record, or nothing where the file was cut off.
fn take(source: &mut impl Read, after: u64) -> Result<Option<(u64, Vec<u8>)>, Error> {
    let (mut seq, mut length) = ([0; 8], [0; 4]);
    if !fill(source, &mut seq)? || !fill(source, &mut length)? {
        return Ok(None);
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > SEALED_BYTES_MAX {
        return Err(Error::ExportDamaged { after });
    }
    let mut sealed = vec![0; length];
    Ok(fill(source, &mut sealed)?.then_some((u64::from_be_bytes(seq), sealed)))
}

/// Fills the buffer; false when the source ends before.
fn fill(source: &mut impl Read, into: &mut [u8]) -> Result<bool, Error> {
    match source.read_exact(into) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(Error::Io(e)),
    }
}
