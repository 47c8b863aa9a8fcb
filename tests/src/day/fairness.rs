//! Promise: no caller is passed over by a later one of equal priority and skill, no agent is offered
//! two calls at once, and nobody waits beside a free agent who is fit.
//!
//! It is a model of the queues in the simplest form: a list of who waits, looked through whole.

use anyhow::{Context, Result, ensure};
use model::fact::AgentState;
use model::site::Site;
use model::{AgentId, Fact, QueueId, VisitId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Above every priority a site can give: a caller who lost the agent.
const FIRST: u16 = u16::MAX;

#[derive(Debug)]
struct Waiter {
    queue: QueueId,
    priority: u16,
    came: u64,
    offered: Option<AgentId>,
}

/// Who waits and who is ready.
#[derive(Debug)]
pub struct Fairness {
    site: Arc<Site>,
    waiting: BTreeMap<VisitId, Waiter>,
    ready: BTreeSet<AgentId>,
    offers: BTreeMap<AgentId, VisitId>,
    /// The last visit of each call that reached an agent.
    talked: BTreeMap<model::CallId, u16>,
    came: u64,
}

impl Fairness {
    pub fn new(site: Arc<Site>) -> Self {
        Self {
            site,
            waiting: BTreeMap::new(),
            ready: BTreeSet::new(),
            offers: BTreeMap::new(),
            talked: BTreeMap::new(),
            came: 0,
        }
    }

    pub fn fact(&mut self, fact: &Fact) -> Result<()> {
        match fact {
            Fact::Queued { visit, queue, marks, .. } => {
                let rejoins = self.talked.get(&visit.call).is_some_and(|no| no + 1 == visit.no);
                let own = self.site.queues.get(queue).context("no such queue")?.priority;
                let priority = if rejoins { FIRST } else { u16::from(own) + marks.points() };
                self.came += 1;
                let waiter =
                    Waiter { queue: queue.clone(), priority, came: self.came, offered: None };
                self.waiting.insert(*visit, waiter);
            }
            Fact::Offered { visit, agent, .. } => self.offered(*visit, agent)?,
            Fact::OfferFailed { visit, agent, .. } => {
                self.offers.remove(agent);
                self.waiting.get_mut(visit).context("offer failed, nobody waits")?.offered = None;
            }
            Fact::Connected { visit, agent, .. } => {
                ensure!(self.offers.remove(agent) == Some(*visit), "connected without an offer");
                self.waiting.remove(visit);
                self.talked.insert(visit.call, visit.no);
            }
            Fact::Abandoned { visit, .. }
            | Fact::Overflowed { visit, .. }
            | Fact::TurnedAway { visit, .. } => {
                let waiter = self.waiting.remove(visit).context("left a queue, did not wait")?;
                ensure!(waiter.offered.is_none(), "{visit} left while a phone rings");
            }
            Fact::AgentChanged { agent, state: AgentState::Ready } => {
                self.ready.insert(agent.clone());
            }
            Fact::AgentChanged { agent, .. } => {
                self.ready.remove(agent);
            }
            Fact::BoxStarted { .. } => {
                self.waiting.clear();
                self.offers.clear();
                self.ready.clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn offered(&mut self, visit: VisitId, agent: &AgentId) -> Result<()> {
        ensure!(self.ready.contains(agent), "{agent} is offered {visit} and is not ready");
        let other = self.offers.insert(agent.clone(), visit);
        ensure!(other.is_none(), "{agent} is offered {visit} and {other:?} at once");
        let chosen = self.waiting.get(&visit).context("offered, does not wait")?;
        ensure!(chosen.offered.is_none(), "{visit} is offered to two agents at once");
        ensure!(self.fits(agent, &chosen.queue), "{agent} has not the skills of {visit}");
        for (other, waiter) in &self.waiting {
            let before =
                (waiter.priority, chosen.came) > (chosen.priority, waiter.came) && *other != visit;
            let passed_over = before
                && waiter.priority >= chosen.priority
                && waiter.offered.is_none()
                && self.fits(agent, &waiter.queue);
            ensure!(!passed_over, "{other} is passed over by {visit}, offered to {agent}");
        }
        if let Some(chosen) = self.waiting.get_mut(&visit) {
            chosen.offered = Some(agent.clone());
        }
        Ok(())
    }

    /// Checks after a step that nobody waits beside a free agent; `busy` are agents whose phone
    /// speaks with the box.
    pub fn settled(&self, busy: impl Fn(&AgentId) -> bool) -> Result<()> {
        if self.ready.is_empty() || self.waiting.is_empty() {
            return Ok(());
        }
        for (visit, waiter) in self.waiting.iter().filter(|(_, waiter)| waiter.offered.is_none()) {
            let free = self.ready.iter().find(|agent| self.fits(agent, &waiter.queue));
            if let Some(agent) = free.filter(|agent| !busy(agent)) {
                anyhow::bail!("{visit} waits beside {agent}, who is free and fit");
            }
        }
        Ok(())
    }

    fn fits(&self, agent: &AgentId, queue: &QueueId) -> bool {
        let (agent, queue) = (self.site.agents.get(agent), self.site.queues.get(queue));
        agent.zip(queue).is_some_and(|(agent, queue)| {
            queue.skills.iter().all(|skill| agent.skills.contains_key(skill))
        })
    }
}
