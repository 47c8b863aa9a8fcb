//! Reading a journal that this process has open, from any thread.

use crate::store::Store;
use crate::view::{
    AgentRow, AgentsView, CallRow, CountersView, HoursView, OwedView, PhoneRow, PhonesView,
};
use crate::{Entries, Error, row};
use model::seal::Seal;
use model::{AgentId, CallId, PhoneId, WallTime};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A handle for reading; cheap to clone and to send to another thread, so that a report does not
/// hold up the group commit. It sees what was appended, synced or not. The journal's files stay
/// locked until the last handle is dropped.
#[derive(Clone)]
pub struct Reader {
    pub(crate) store: Store,
    pub(crate) seal: Arc<dyn Seal>,
}

impl Reader {
    /// The facts from number `from` to the last there is now.
    pub fn entries(&self, from: u64) -> Entries {
        match self.counters() {
            Ok(counters) => Entries::new(self.clone(), [(from.max(1), counters.last_seq)], None),
            Err(e) => Entries::failed(self.clone(), e),
        }
    }

    /// The facts whose time lies in `[from, to)`, in the order of their numbers.
    ///
    /// Numbers are the order in which things happened. Times follow them but for a clock that was
    /// set back between two runs of the daemon; then facts of both runs come, the earlier run's
    /// first. Only the hours asked for are read, through `HoursView`.
    pub fn entries_between(&self, from: WallTime, to: WallTime) -> Entries {
        match self.spans(from, to) {
            Ok(spans) => Entries::new(self.clone(), spans, Some(from..to)),
            Err(e) => Entries::failed(self.clone(), e),
        }
    }

    /// The number of the last fact; 0 before the first.
    pub fn last_seq(&self) -> Result<u64, Error> {
        Ok(self.counters()?.last_seq)
    }

    /// Where numbering goes on.
    pub fn counters(&self) -> Result<CountersView, Error> {
        Ok(self.row(row::COUNTERS)?.unwrap_or_default())
    }

    /// A call's row.
    pub fn call(&self, call: CallId) -> Result<Option<CallRow>, Error> {
        self.row(&row::call_key(call))
    }

    /// The rows of a range of calls.
    pub fn calls(
        &self,
        calls: RangeInclusive<CallId>,
    ) -> impl Iterator<Item = Result<(CallId, CallRow), Error>> {
        let keys = row::call_key(*calls.start())..=row::call_key(*calls.end());
        let seal = self.seal.clone();
        // sled refuses a range that ends before it begins.
        let rows = (!calls.is_empty()).then(|| self.store.range(keys)).into_iter().flatten();
        rows.map(move |found| {
            let (key, sealed) = found?;
            let number = row::number_of(row::CALLS, &key)
                .ok_or_else(|| Error::RowEncoding { row: row::shown(&key) })?;
            Ok((CallId(number), row::open_row(&*seal, &key, &sealed)?))
        })
    }

    /// Every agent's last state.
    pub fn agents(&self) -> Result<AgentsView, Error> {
        let mut agents = BTreeMap::new();
        for found in self.store.prefixed(row::AGENTS) {
            let (key, sealed) = found?;
            let name = key.get(row::AGENTS.len()..).unwrap_or_default();
            let name = std::str::from_utf8(name)
                .map_err(|_| Error::RowEncoding { row: row::shown(&key) })?;
            let row: AgentRow = row::open_row(&*self.seal, &key, &sealed)?;
            agents.insert(AgentId::new(name), row);
        }
        Ok(AgentsView(agents))
    }

    /// Every phone's last settings.
    pub fn phones(&self) -> Result<PhonesView, Error> {
        let mut phones = BTreeMap::new();
        for found in self.store.prefixed(row::PHONES) {
            let (key, sealed) = found?;
            let name = key.get(row::PHONES.len()..).unwrap_or_default();
            let name = std::str::from_utf8(name)
                .map_err(|_| Error::RowEncoding { row: row::shown(&key) })?;
            let row: PhoneRow = row::open_row(&*self.seal, &key, &sealed)?;
            phones.insert(PhoneId::new(name), row);
        }
        Ok(PhonesView(phones))
    }

    /// Who is to be called back.
    pub fn owed(&self) -> Result<OwedView, Error> {
        let rows = self.store.prefixed(row::OWED);
        let rows = rows.map(|found| {
            let (key, sealed) = found?;
            row::open_row(&*self.seal, &key, &sealed)
        });
        Ok(OwedView(rows.collect::<Result<_, Error>>()?))
    }

    /// The index of hours: a row for each hour of the box's life, and more after clock steps.
    pub fn hours(&self) -> Result<HoursView, Error> {
        let mut hours = BTreeMap::new();
        for found in self.store.prefixed(row::HOURS) {
            let (key, sealed) = found?;
            let first = row::number_of(row::HOURS, &key)
                .ok_or_else(|| Error::RowEncoding { row: row::shown(&key) })?;
            hours.insert(first, row::open_row(&*self.seal, &key, &sealed)?);
        }
        Ok(HoursView(hours))
    }

    /// Bytes of the journal on the disk.
    pub fn size_bytes(&self) -> Result<u64, Error> {
        self.store.size()
    }

    pub(crate) fn row<T: serde::de::DeserializeOwned>(
        &self,
        key: &[u8],
    ) -> Result<Option<T>, Error> {
        let sealed = self.store.get(key)?;
        sealed.map(|sealed| row::open_row(&*self.seal, key, &sealed)).transpose()
    }

    fn spans(&self, from: WallTime, to: WallTime) -> Result<Vec<(u64, u64)>, Error> {
        // The counters first: an hour that begins in between then lies beyond the end.
        let last_seq = self.last_seq()?;
        Ok(self.hours()?.spans(from, to, last_seq))
    }
}
