//! Facts read back in their order, each gap noticed.

use crate::store::Rows;
use crate::{Error, Reader, record, row};
use model::{Entry, WallTime};
use std::collections::VecDeque;
use std::ops::Range;

/// Facts in the order of their numbers. The first error is the last item.
///
/// Facts that are appended after it was made do not appear.
pub struct Entries {
    reader: Reader,
    /// Stretches still to be read, `first..=last`.
    spans: VecDeque<(u64, u64)>,
    /// The stretch being read: its rows, the number that must come next, and the last.
    open: Option<(Rows, u64, u64)>,
    /// Only facts of this time.
    window: Option<Range<WallTime>>,
    failed: Option<Error>,
}

impl Entries {
    pub(crate) fn new(
        reader: Reader,
        spans: impl IntoIterator<Item = (u64, u64)>,
        window: Option<Range<WallTime>>,
    ) -> Self {
        let spans = spans.into_iter().filter(|(first, last)| first <= last).collect();
        Self { reader, spans, open: None, window, failed: None }
    }

    /// An iterator that says only why there are no facts.
    pub(crate) fn failed(reader: Reader, error: Error) -> Self {
        Self { reader, spans: VecDeque::new(), open: None, window: None, failed: Some(error) }
    }

    /// The next fact of the stretches, in any time.
    fn read(&mut self) -> Option<Result<Entry, Error>> {
        let (rows, next, _) = loop {
            match self.open.take() {
                Some(open) if open.1 <= open.2 => break self.open.insert(open),
                _ => {
                    let (first, last) = self.spans.pop_front()?;
                    let keys = row::fact_key(first)..=row::fact_key(last);
                    self.open = Some((self.reader.store.range(keys), first, last));
                }
            }
        };
        let expected = *next;
        *next = expected.saturating_add(1);
        let (key, sealed) = match rows.next() {
            Some(Ok(row)) => row,
            Some(Err(e)) => return Some(Err(e)),
            None => return Some(Err(Error::Gap { expected, found: None })),
        };
        let found = row::number_of(row::FACTS, &key);
        if found != Some(expected) {
            return Some(Err(Error::Gap { expected, found }));
        }
        Some(record::open(&*self.reader.seal, expected, &sealed))
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        loop {
            let entry = self.read()?;
            match (&entry, &self.window) {
                (Ok(entry), Some(window)) if !window.contains(&entry.at) => {}
                (Ok(_), _) => return Some(entry),
                (Err(_), _) => {
                    self.spans.clear();
                    self.open = None;
                    return Some(entry);
                }
            }
        }
    }
}
