//! Agents who are free but whose phone still says the confirmation of a code: the queues hear of
//! them when it is put down, so that no phone is rung while it is busy with us.

use model::{AgentId, Instant, SkillId};
use std::collections::BTreeMap;

/// A free agent as the queues are told of one.
#[derive(Clone, Debug)]
pub(crate) struct Free {
    pub(crate) skills: BTreeMap<SkillId, u8>,
    pub(crate) idle_since: Instant,
}

/// Those who wait for their phone; at most one entry an agent of the site.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    held: BTreeMap<AgentId, Free>,
}

impl Seats {
    /// Holds an agent back, or brings what is held up to date.
    pub(crate) fn hold(&mut self, agent: AgentId, free: Free) {
        self.held.insert(agent, free);
    }
    /// Lets go of an agent: the phone is free, or the agent is not any more.
    pub(crate) fn release(&mut self, agent: &AgentId) -> Option<Free> {
        self.held.remove(agent)
    }
    /// The agents who are held back.
    pub(crate) fn held(&self) -> impl Iterator<Item = &AgentId> {
        self.held.keys()
    }
}
