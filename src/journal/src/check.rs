//! The check: every fact there and sound, every view what its facts add up to.

use crate::journal::Journal;
use crate::row;
use crate::store::Rows;
use crate::view::{CallsView, Views, call_of};
use crate::{Error, Reader, record};
use model::{CallId, Fact};
use std::collections::BTreeMap;
use std::fmt;

/// Most problems that a report names; the rest is counted.
pub const PROBLEMS_MAX: usize = 100;
/// Calls whose rows are held in memory at once.
const BAND_CALLS: u64 = 1 << 16;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Facts that opened, of this many that should be there.
    pub facts: u64,
    pub facts_expected: u64,
    /// Rows of views compared byte for byte.
    pub rows: u64,
    /// The first problems, at most `PROBLEMS_MAX`.
    pub problems: Vec<Problem>,
    pub problems_total: u64,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Facts are missing, `first..=last`.
    Missing { first: u64, last: u64 },
    /// A fact does not open or read; the words say why.
    Fact { seq: u64, why: String },
    /// A row of a view is not there.
    RowMissing { row: String },
    /// A row of a view does not open, or says other than the facts.
    RowDiffers { row: String },
    /// A row that nothing accounts for.
    RowUnknown { row: String },
    /// Facts are missing or do not open, so there is nothing to compare views with.
    ViewsNotCompared,
}

impl CheckReport {
    /// Tells whether all is well.
    pub fn is_clean(&self) -> bool {
        self.problems_total == 0
    }

    fn add(&mut self, problem: Problem) {
        self.problems_total += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { first, last } if first == last => write!(f, "fact {first} is missing"),
            Self::Missing { first, last } => write!(f, "facts {first} to {last} are missing"),
            Self::Fact { why, .. } => f.write_str(why),
            Self::RowMissing { row } => write!(f, "row {row} is missing"),
            Self::RowDiffers { row } => write!(f, "row {row} does not say what the facts say"),
            Self::RowUnknown { row } => write!(f, "row {row} belongs to nothing"),
            Self::ViewsNotCompared => {
                f.write_str("views were not compared, since facts are missing")
            }
        }
    }
}

impl Journal {
    /// Reads every fact, folds the views anew and compares them with the stored rows byte for byte.
    ///
    /// Reads the facts twice: once for themselves, once for the calls, which are compared in bands
    /// so that memory does not grow with history. An error is the store's; what is wrong with the
    /// journal is in the report.
    pub fn check(&self) -> Result<CheckReport, Error> {
        let reader = &self.reader;
        let expected = self.last_seq();
        let mut report = CheckReport { facts_expected: expected, ..CheckReport::default() };
        let mut views = Views::default();
        // Which stretch of facts touches which band of calls.
        let mut bands: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        let mut next = 1;
        for found in reader.store.prefixed(row::FACTS) {
            let (key, sealed) = found?;
            let Some(seq) = row::number_of(row::FACTS, &key).filter(|&seq| seq >= next) else {
                report.add(Problem::RowUnknown { row: row::shown(&key) });
                continue;
            };
            if seq > expected {
                report.add(Problem::RowUnknown { row: row::shown(&key) });
                continue;
            }
            if seq > next {
                report.add(Problem::Missing { first: next, last: seq - 1 });
            }
            next = seq + 1;
            match record::open(&*reader.seal, seq, &sealed) {
                Ok(entry) => {
                    report.facts += 1;
                    if let Some(CallId(call)) = call_of(&entry.fact) {
                        bands.entry(call / BAND_CALLS).or_insert((seq, seq)).1 = seq;
                    }
                    views.fold_all_but_calls(&entry);
                }
                Err(e) => report.add(Problem::Fact { seq, why: e.to_string() }),
            }
        }
        if next <= expected {
            report.add(Problem::Missing { first: next, last: expected });
        }
        if report.facts != expected {
            report.add(Problem::ViewsNotCompared);
            return Ok(report);
        }
        compare_small(reader, &views, &mut report)?;
        compare_calls(reader, &bands, &mut report)?;
        find_strangers(reader, &bands, &mut report)?;
        Ok(report)
    }
}

/// Compares agents, hours and counters.
fn compare_small(reader: &Reader, views: &Views, report: &mut CheckReport) -> Result<(), Error> {
    let mut agents = BTreeMap::new();
    for (agent, row) in &views.agents.0 {
        let key = row::agent_key(agent);
        let bytes = row::bytes_of(&key, row)?;
        agents.insert(key, bytes);
    }
    compare(reader, reader.store.prefixed(row::AGENTS), agents, report)?;
    let mut phones = BTreeMap::new();
    for (phone, row) in &views.phones.0 {
        let key = row::phone_key(phone);
        let bytes = row::bytes_of(&key, row)?;
        phones.insert(key, bytes);
    }
    compare(reader, reader.store.prefixed(row::PHONES), phones, report)?;
    let mut owed = BTreeMap::new();
    for entry in &views.owed.0 {
        let key = row::owner_key(entry.0);
        let bytes = row::bytes_of(&key, &entry)?;
        owed.insert(key, bytes);
    }
    compare(reader, reader.store.prefixed(row::OWED), owed, report)?;
    let mut hours = BTreeMap::new();
    for (&first, hour) in &views.hours.0 {
        let key = row::hour_key(first);
        let bytes = row::bytes_of(&key, hour)?;
        hours.insert(key, bytes);
    }
    compare(reader, reader.store.prefixed(row::HOURS), hours, report)?;
    let mut counters = BTreeMap::new();
    if views.counters.last_seq > 0 {
        let key = row::COUNTERS.to_vec();
        let bytes = row::bytes_of(&key, &views.counters)?;
        counters.insert(key, bytes);
    }
    compare(reader, reader.store.prefixed(row::COUNTERS), counters, report)
}

/// Compares the calls, band by band.
fn compare_calls(
    reader: &Reader,
    bands: &BTreeMap<u64, (u64, u64)>,
    report: &mut CheckReport,
) -> Result<(), Error> {
    for (&band, &span) in bands {
        let in_band = |fact: &Fact| call_of(fact).filter(|call| call.0 / BAND_CALLS == band);
        let mut calls = CallsView::default();
        for entry in crate::Entries::new(reader.clone(), [span], None) {
            let entry = entry?;
            if let Some(call) = in_band(&entry.fact) {
                calls.fold(call, entry.at, &entry.fact);
            }
        }
        let mut rows = BTreeMap::new();
        for (&call, row) in &calls.0 {
            let key = row::call_key(call);
            let bytes = row::bytes_of(&key, row)?;
            rows.insert(key, bytes);
        }
        let (first, last) = (band * BAND_CALLS, band * BAND_CALLS + (BAND_CALLS - 1));
        let keys = row::call_key(CallId(first))..=row::call_key(CallId(last));
        compare(reader, reader.store.range(keys), rows, report)?;
    }
    Ok(())
}

fn compare(
    reader: &Reader,
    stored: Rows,
    mut expected: BTreeMap<Vec<u8>, Vec<u8>>,
    report: &mut CheckReport,
) -> Result<(), Error> {
    for found in stored {
        let (key, sealed) = found?;
        let row = row::shown(&key);
        let bytes = row::open_bytes(&*reader.seal, &key, &sealed).ok();
        match expected.remove(&key[..]) {
            None => report.add(Problem::RowUnknown { row }),
            Some(expected) if bytes.as_ref() == Some(&expected) => report.rows += 1,
            Some(_) => report.add(Problem::RowDiffers { row }),
        }
    }
    for key in expected.keys() {
        report.add(Problem::RowMissing { row: row::shown(key) });
    }
    Ok(())
}

/// Finds rows that no fact and no compared view accounts for.
fn find_strangers(
    reader: &Reader,
    bands: &BTreeMap<u64, (u64, u64)>,
    report: &mut CheckReport,
) -> Result<(), Error> {
    let known = [row::FACTS, row::AGENTS, row::PHONES, row::OWED, row::HOURS, row::COUNTERS];
    for found in reader.store.prefixed(b"") {
        let (key, _) = found?;
        let accounted = match row::number_of(row::CALLS, &key) {
            Some(call) => bands.contains_key(&(call / BAND_CALLS)),
            None => known.iter().any(|prefix| key.starts_with(prefix)),
        };
        if !accounted {
            report.add(Problem::RowUnknown { row: row::shown(&key) });
        }
    }
    Ok(())
}
