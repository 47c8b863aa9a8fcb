//! The views as the journal keeps them: the rows in memory, and the rows that a batch touches.

use crate::store::Write;
use crate::view::{
    AgentRow, AgentsView, CallRow, CountersView, OwedView, PhoneRow, PhonesView, call_of, hour_of,
};
use crate::{Error, Reader, row};
use model::{AgentId, CallId, Fact, Owed, Owner, PhoneId, WallTime};
use std::collections::BTreeMap;

/// Calls whose rows stay in memory, live ones and lately ended ones; any other row is read back
/// from the store when a fact touches it.
const CALLS_KEPT_MAX: usize = 1024;

/// What the next fact is folded into.
#[derive(Default)]
pub(crate) struct Folded {
    pub counters: CountersView,
    pub agents: AgentsView,
    pub phones: PhonesView,
    pub hour: Option<i64>,
    calls: BTreeMap<CallId, CallRow>,
}

/// What a batch changes. Nothing of it stands until the store has it.
#[derive(Default)]
pub(crate) struct Touched {
    counters: CountersView,
    agents: BTreeMap<AgentId, AgentRow>,
    phones: BTreeMap<PhoneId, PhoneRow>,
    /// Whole rows, so that those of before need not be kept in memory.
    owed: BTreeMap<Owner, Owed>,
    runs: Vec<(u64, i64)>,
    /// Rows looked at, and whether they changed.
    calls: BTreeMap<CallId, (CallRow, bool)>,
}

impl Folded {
    /// Takes the state of a stored journal up.
    pub fn load(reader: &Reader) -> Result<Self, Error> {
        Ok(Self {
            counters: reader.counters()?,
            agents: reader.agents()?,
            phones: reader.phones()?,
            hour: reader.hours()?.0.last_key_value().map(|(_, &hour)| hour),
            calls: BTreeMap::new(),
        })
    }

    /// Begins a batch.
    pub fn touch(&self) -> Touched {
        Touched { counters: self.counters, ..Touched::default() }
    }

    /// Folds the next fact into the batch.
    pub fn fold(
        &self,
        touched: &mut Touched,
        reader: &Reader,
        seq: u64,
        at: WallTime,
        fact: &Fact,
    ) -> Result<(), Error> {
        if let Some(call) = call_of(fact) {
            let (row, changed) = match touched.calls.entry(call) {
                std::collections::btree_map::Entry::Occupied(slot) => slot.into_mut(),
                std::collections::btree_map::Entry::Vacant(slot) => {
                    let row = match self.calls.get(&call) {
                        Some(row) => row.clone(),
                        None => reader.call(call)?.unwrap_or_default(),
                    };
                    slot.insert((row, false))
                }
            };
            *changed |= row.fold(at, fact);
        }
        if let Some(agent) = AgentRow::agent_of(fact) {
            let before = touched.agents.get(agent).or(self.agents.0.get(agent));
            let row = AgentRow::after(before, at, fact);
            touched.agents.insert(agent.clone(), row);
        }
        if let Some(phone) = PhoneRow::phone_of(fact) {
            let before = touched.phones.get(phone).or(self.phones.0.get(phone));
            let row = PhoneRow::after(before, fact);
            touched.phones.insert(phone.clone(), row);
        }
        if let Some((owner, row)) = OwedView::row_of(fact) {
            touched.owed.insert(owner, row);
        }
        let hour = hour_of(at);
        if touched.runs.last().map(|&(_, hour)| hour).or(self.hour) != Some(hour) {
            touched.runs.push((seq, hour));
        }
        touched.counters.fold(seq, at, fact);
        Ok(())
    }

    /// Makes the batch's changes stand, once the store has them.
    pub fn settle(&mut self, touched: Touched) {
        self.counters = touched.counters;
        self.agents.0.extend(touched.agents);
        self.phones.0.extend(touched.phones);
        self.hour = touched.runs.last().map(|&(_, hour)| hour).or(self.hour);
        self.calls.extend(touched.calls.into_iter().map(|(call, (row, _))| (call, row)));
        while self.calls.len() > CALLS_KEPT_MAX {
            let ended = self.calls.iter().find(|(_, row)| row.ended.is_some());
            let oldest = ended.or(self.calls.iter().next()).map(|(&call, _)| call);
            let Some(oldest) = oldest else { break };
            self.calls.remove(&oldest);
        }
    }
}

impl Touched {
    /// The sealed rows to write, but for the counters.
    pub fn rows(&self, reader: &Reader) -> Result<Vec<Write>, Error> {
        let (seal, seq) = (&*reader.seal, self.counters.last_seq);
        let mut writes = Vec::new();
        for (&call, (row, changed)) in &self.calls {
            if *changed {
                let key = row::call_key(call);
                let sealed = row::seal_row(seal, &key, seq, row)?;
                writes.push((key, Some(sealed)));
            }
        }
        for (agent, row) in &self.agents {
            let key = row::agent_key(agent);
            let sealed = row::seal_row(seal, &key, seq, row)?;
            writes.push((key, Some(sealed)));
        }
        for (phone, row) in &self.phones {
            let key = row::phone_key(phone);
            let sealed = row::seal_row(seal, &key, seq, row)?;
            writes.push((key, Some(sealed)));
        }
        for (owner, owed) in &self.owed {
            let key = row::owner_key(owner);
            let sealed = row::seal_row(seal, &key, seq, &(owner, owed))?;
            writes.push((key, Some(sealed)));
        }
        for (first, hour) in &self.runs {
            let key = row::hour_key(*first);
            let sealed = row::seal_row(seal, &key, seq, hour)?;
            writes.push((key, Some(sealed)));
        }
        Ok(writes)
    }

    /// The sealed row of the counters: with it a batch is complete.
    pub fn counters_row(&self, reader: &Reader) -> Result<Write, Error> {
        let (key, seq) = (row::COUNTERS.to_vec(), self.counters.last_seq);
        let sealed = row::seal_row(&*reader.seal, &key, seq, &self.counters)?;
        Ok((key, Some(sealed)))
    }
}
