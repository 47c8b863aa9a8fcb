//! The agents' states: what a restarted daemon takes up again.

use model::fact::AgentState;
use model::{AgentId, WallTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An agent's state and since when. As many rows as the site ever had agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    pub state: AgentState,
    pub since: WallTime,
}

/// Every agent that ever changed state, with the last one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentsView(pub BTreeMap<AgentId, AgentRow>);
