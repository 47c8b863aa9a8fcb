//! The agents' states: what a restarted daemon takes up again.

use model::fact::AgentState;
use model::{AgentId, Fact, PhoneId, WallTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An agent's state and since when. As many rows as the site ever had agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    pub state: AgentState,
    pub since: WallTime,
    /// The phone the agent last sat down at; none for the agent's own.
    pub seat: Option<PhoneId>,
}

impl AgentRow {
    /// The agent a fact tells of.
    pub(crate) fn agent_of(fact: &Fact) -> Option<&AgentId> {
        match fact {
            Fact::AgentChanged { agent, .. } | Fact::Seated { agent, .. } => Some(agent),
            _ => None,
        }
    }

    /// The row after a fact of the agent. Who logs out leaves the seat.
    pub(crate) fn after(before: Option<&Self>, at: WallTime, fact: &Fact) -> Self {
        let nobody = || Self { state: AgentState::LoggedOut, since: at, seat: None };
        let mut row = before.cloned().unwrap_or_else(nobody);
        match fact {
            Fact::AgentChanged { state, .. } => {
                row.state = state.clone();
                row.since = at;
                row.seat.take_if(|_| *state == AgentState::LoggedOut);
            }
            Fact::Seated { phone, .. } => row.seat = Some(phone.clone()),
            _ => {}
        }
        row
    }
}

/// Every agent that ever changed state, with the last one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentsView(pub BTreeMap<AgentId, AgentRow>);
