//! An agent's day by the clock, and the calls of the day the agent had.

use crate::visit::{End, Visit};
use model::fact::AgentState;
use model::{AgentId, Cause};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An agent's time, in milliseconds of the day. All but the first sum exactly to the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentTimes {
    /// From log-in to log-out, measured by themselves.
    pub logged_in_ms: u64,
    pub ready_ms: u64,
    /// By the reason's word; empty where none was given.
    pub not_ready_ms: BTreeMap<String, u64>,
    pub ringing_ms: u64,
    pub talking_ms: u64,
    pub wrap_up_ms: u64,
}

impl AgentTimes {
    /// Adds a span in a state, or logged in.
    pub(crate) fn add(&mut self, state: Option<&AgentState>, ms: u64) {
        match state {
            None => self.logged_in_ms += ms,
            Some(AgentState::LoggedOut) => {}
            Some(AgentState::NotReady { reason }) => {
                *self.not_ready_ms.entry(reason.clone()).or_default() += ms;
            }
            Some(AgentState::Ready) => self.ready_ms += ms,
            Some(AgentState::Ringing { .. }) => self.ringing_ms += ms,
            Some(AgentState::Talking { .. }) => self.talking_ms += ms,
            Some(AgentState::WrapUp { .. }) => self.wrap_up_ms += ms,
        }
    }

    /// Not ready, whatever the reason.
    pub fn not_ready_total_ms(&self) -> u64 {
        self.not_ready_ms.values().sum()
    }

    /// All states together: equal to `logged_in_ms`.
    pub fn states_total_ms(&self) -> u64 {
        self.ready_ms
            + self.not_ready_total_ms()
            + self.ringing_ms
            + self.talking_ms
            + self.wrap_up_ms
    }
}

/// Offers of the day's calls to an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentOffers {
    pub offered: u64,
    pub answered: u64,
    /// Came to nothing by the agent or the phone: not answered, busy, declined, out of reach.
    pub missed: u64,
    /// Came to nothing because the caller hung up first.
    pub withdrawn: u64,
}

impl AgentOffers {
    /// Counts the offers of visits by agent. An offer that still stands, or that the box died on,
    /// is offered and nothing else.
    pub(crate) fn of<'a>(visits: impl Iterator<Item = &'a Visit>) -> BTreeMap<AgentId, Self> {
        let mut agents: BTreeMap<AgentId, Self> = BTreeMap::new();
        for visit in visits {
            for offer in &visit.offers {
                let row = agents.entry(offer.agent.clone()).or_default();
                row.offered += 1;
                match offer.failed {
                    Some(Cause::Cancelled) => row.withdrawn += 1,
                    Some(_) => row.missed += 1,
                    None => {}
                }
            }
            if let End::Answered { agent, .. } = &visit.end {
                agents.entry(agent.clone()).or_default().answered += 1;
            }
        }
        agents
    }
}
