//! Views: what facts add up to, kept ready so that nobody folds the whole history to ask.
//!
//! Each is a pure fold. The journal stores the touched rows with the facts that touched them;
//! `Views` folds all of it in memory and must come to the same bytes, which `check` proves.

mod agents;
mod calls;
mod counters;
mod hours;
mod owed;
mod phones;

pub use agents::{AgentRow, AgentsView};
pub use calls::{
    CallRow, CallsView, End, MenuStep, Outcome, QueueEnd, QueueStep, RecordingStep, STEPS_MAX,
    TEXT_CHARS_MAX, TalkStep,
};
pub use counters::{CountersView, VIEWS_VERSION};
pub use hours::{HOUR_MS, HoursView};
pub use owed::OwedView;
pub use phones::{PhoneRow, PhonesView};

pub(crate) use calls::call_of;
pub(crate) use hours::hour_of;

use model::{AgentId, CallId, Entry};
use serde::{Deserialize, Serialize};

/// All views together, folded in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Views {
    pub calls: CallsView,
    pub agents: AgentsView,
    pub phones: PhonesView,
    pub owed: OwedView,
    pub hours: HoursView,
    pub counters: CountersView,
}

impl Views {
    /// Folds the next fact.
    pub fn fold(&mut self, entry: &Entry) {
        if let Some(call) = call_of(&entry.fact) {
            self.calls.fold(call, entry.at, &entry.fact);
        }
        self.fold_all_but_calls(entry);
    }

    /// Folds the next fact into the views that stay small.
    pub(crate) fn fold_all_but_calls(&mut self, entry: &Entry) {
        if let Some(agent) = AgentRow::agent_of(&entry.fact) {
            let row = AgentRow::after(self.agents.0.get(agent), entry.at, &entry.fact);
            self.agents.0.insert(agent.clone(), row);
        }
        if let Some(phone) = PhoneRow::phone_of(&entry.fact) {
            let row = PhoneRow::after(self.phones.0.get(phone), &entry.fact);
            self.phones.0.insert(phone.clone(), row);
        }
        if let Some((owner, row)) = OwedView::row_of(&entry.fact) {
            self.owed.0.insert(owner, row);
        }
        self.hours.fold(entry.seq, entry.at);
        self.counters.fold(entry.seq, entry.at, &entry.fact);
    }

    /// Folds facts from the first.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut views = Self::default();
        entries.into_iter().for_each(|entry| views.fold(entry));
        views
    }

    /// The canonical bytes: equal facts give equal bytes.
    pub fn bytes(&self) -> Vec<u8> {
        // Nothing in a view can fail to encode: no maps of unknown length, no foreign types.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// The row of a call.
    pub fn call(&self, call: CallId) -> Option<&CallRow> {
        self.calls.0.get(&call)
    }
    /// The row of an agent.
    pub fn agent(&self, agent: &AgentId) -> Option<&AgentRow> {
        self.agents.0.get(agent)
    }
}
