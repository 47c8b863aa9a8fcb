//! Agents who are free, and what the queues need to know of each.
//!
//! An agent whose phone has a leg is not offered a call, so that no phone is rung while it says the
//! confirmation of a code or calls a colleague: the queues are told when it is put down.

use crate::exchange::Exchange;
use model::{AgentId, Instant, PhoneId, SkillId};
use std::collections::BTreeMap;

/// A free agent as the queues are told of one.
#[derive(Clone, Debug)]
pub(crate) struct Free {
    pub(crate) skills: BTreeMap<SkillId, u8>,
    pub(crate) idle_since: Instant,
}

/// The free agents; at most one entry an agent of the site.
pub(crate) type Seats = BTreeMap<AgentId, Free>;

impl Exchange {
    pub(crate) fn agent_free(&mut self, now: Instant, agent: AgentId, free: Free) {
        let phone = self.agents.phone_of(&agent);
        let on_the_phone = phone.is_some_and(|phone| self.phones.occupied(phone));
        self.seats.insert(agent.clone(), free);
        if !on_the_phone {
            self.seat(now, &agent);
        }
    }

    pub(crate) fn agent_busy(&mut self, now: Instant, agent: AgentId) {
        self.seats.remove(&agent);
        self.queues.handle(now, queue::Input::AgentBusy { agent });
    }

    /// A phone begins to speak with the box: its agent, if free, is offered nothing.
    pub(crate) fn phone_taken(&mut self, now: Instant, phone: &PhoneId) {
        let agent = self.agents.agent_of(phone).filter(|agent| self.seats.contains_key(*agent));
        if let Some(agent) = agent.cloned() {
            self.queues.handle(now, queue::Input::AgentBusy { agent });
        }
    }

    /// A phone is free again: its agent, if free, may be offered calls.
    pub(crate) fn phone_released(&mut self, now: Instant, phone: &PhoneId) {
        if let Some(agent) = self.agents.agent_of(phone).cloned() {
            self.seat(now, &agent);
        }
    }

    fn seat(&mut self, now: Instant, agent: &AgentId) {
        let Some(Free { skills, idle_since }) = self.seats.get(agent).cloned() else { return };
        let agent = agent.clone();
        self.queues.handle(now, queue::Input::AgentFree { agent, skills, idle_since });
    }
}
