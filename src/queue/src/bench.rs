//! The bench: agents who are free, by the queues they are fit for, the longest idle in front.
//!
//! Sitting down and standing up cost a look at each queue; a queue's next agent costs none.

use model::{AgentId, Instant, QueueId, SkillId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A free agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Free {
    pub skills: BTreeMap<SkillId, u8>,
    pub idle_since: Instant,
}

/// A free agent's place in front of one queue; the least is offered the next call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    pub idle_since: Instant,
    /// The levels of the skills the queue asks for, together.
    pub level: Reverse<u16>,
    pub agent: AgentId,
}

/// The free agents.
#[derive(Debug, Default)]
pub struct Bench {
    free: BTreeMap<AgentId, Free>,
    needs: BTreeMap<QueueId, BTreeSet<SkillId>>,
    seats: BTreeMap<QueueId, BTreeSet<Seat>>,
}

impl Bench {
    /// Sets what each queue asks for, and seats those who sit anew.
    pub fn ask(&mut self, needs: BTreeMap<QueueId, BTreeSet<SkillId>>) {
        self.needs = needs;
        self.seats.clear();
        for (agent, free) in std::mem::take(&mut self.free) {
            self.sit(agent, free);
        }
    }

    /// Seats an agent in front of each queue the agent is fit for; who sat before moves.
    pub fn sit(&mut self, agent: AgentId, free: Free) {
        self.stand(&agent);
        for (queue, need) in &self.needs {
            if let Some(seat) = seat(&agent, &free, need) {
                self.seats.entry(queue.clone()).or_default().insert(seat);
            }
        }
        self.free.insert(agent, free);
    }

    /// Takes an agent off the bench.
    pub fn stand(&mut self, agent: &AgentId) {
        let Some(free) = self.free.remove(agent) else { return };
        for (queue, need) in &self.needs {
            if let (Some(seat), Some(seats)) = (seat(agent, &free, need), self.seats.get_mut(queue))
            {
                seats.remove(&seat);
            }
        }
    }

    /// The free agents who are fit for a queue, the one to be offered a call in front.
    pub fn fit(&self, queue: &QueueId) -> impl Iterator<Item = &Seat> {
        self.seats.get(queue).into_iter().flatten()
    }
    /// How many are free and fit for a queue.
    pub fn fit_count(&self, queue: &QueueId) -> usize {
        self.seats.get(queue).map_or(0, BTreeSet::len)
    }
}

/// The agent's seat in front of a queue, if the agent has all skills the queue asks for.
fn seat(agent: &AgentId, free: &Free, need: &BTreeSet<SkillId>) -> Option<Seat> {
    let mut level = 0u16;
    for skill in need {
        level = level.saturating_add(u16::from(*free.skills.get(skill)?));
    }
    Some(Seat { idle_since: free.idle_since, level: Reverse(level), agent: agent.clone() })
}
