//! What a day has to know of the days before: who is logged in, since when and in which state.

use crate::Date;
use model::fact::{AgentState, Entry, Fact};
use model::time::Zone;
use model::{AgentId, WallTime};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// The state that passes from day to day. It is as small as the list of agents and may be kept each
/// midnight, so that a report need not read the journal from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Carry {
    /// The last fact folded in; one that comes again is passed over.
    pub seq: u64,
    /// The latest time seen. A wall clock that is set back between two runs takes no time from
    /// anybody: facts that claim to be earlier count as made at this time.
    pub clock: WallTime,
    logins: BTreeMap<AgentId, Login>,
}

/// An agent who is logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Login {
    state: AgentState,
    since: WallTime,
    logged_in: WallTime,
}

/// A span of an agent's time that came to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub agent: AgentId,
    /// In a state, or, with none, logged in: from the log-in to the log-out.
    pub state: Option<AgentState>,
    pub from: WallTime,
    pub to: WallTime,
}

impl Carry {
    /// Folds the facts of the days before `date`, given from the first of the journal on, up to the
    /// first fact of the date itself.
    pub fn before<E: Borrow<Entry>>(
        date: Date,
        zone: &Zone,
        entries: impl IntoIterator<Item = E>,
    ) -> Self {
        let start = zone.start_of(date);
        let mut carry = Self::default();
        for entry in entries {
            let entry: &Entry = entry.borrow();
            if carry.clock.max(entry.at) >= start {
                break;
            }
            carry.push(entry);
        }
        carry
    }

    /// Folds one fact in.
    pub fn push(&mut self, entry: &Entry) {
        self.fold(entry);
    }

    /// Folds one fact in and tells which spans it ended.
    pub(crate) fn fold(&mut self, entry: &Entry) -> Vec<Span> {
        if entry.seq <= self.seq {
            return Vec::new();
        }
        let last = self.clock;
        self.seq = entry.seq;
        self.clock = last.max(entry.at);
        match &entry.fact {
            Fact::AgentChanged { agent, state } => self.change(agent, state),
            Fact::BoxStopped => self.all_out(self.clock),
            Fact::BoxStarted { .. } => self.all_out(last),
            _ => Vec::new(),
        }
    }

    /// The spans that are open, as if they ended at `to`.
    pub(crate) fn open(&self, to: WallTime) -> Vec<Span> {
        self.logins.iter().flat_map(|(agent, login)| login.spans(agent, to)).collect()
    }

    /// The states of those who are logged in.
    pub(crate) fn states(&self) -> impl Iterator<Item = &AgentState> {
        self.logins.values().map(|login| &login.state)
    }

    fn change(&mut self, agent: &AgentId, state: &AgentState) -> Vec<Span> {
        let now = self.clock;
        let Some(login) = self.logins.get_mut(agent) else {
            if *state != AgentState::LoggedOut {
                let login = Login { state: state.clone(), since: now, logged_in: now };
                self.logins.insert(agent.clone(), login);
            }
            return Vec::new();
        };
        let [ended, whole] = login.spans(agent, now);
        if *state == AgentState::LoggedOut {
            self.logins.remove(agent);
            return vec![ended, whole];
        }
        login.state = state.clone();
        login.since = now;
        vec![ended]
    }

    fn all_out(&mut self, at: WallTime) -> Vec<Span> {
        let spans = self.open(at);
        self.logins.clear();
        spans
    }
}

impl Login {
    /// The state's span and the log-in's, up to `to`.
    fn spans(&self, agent: &AgentId, to: WallTime) -> [Span; 2] {
        let span = |state, from| Span { agent: agent.clone(), state, from, to };
        [span(Some(self.state.clone()), self.since), span(None, self.logged_in)]
    }
}
