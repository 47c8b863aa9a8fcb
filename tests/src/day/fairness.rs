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
    /// Calls that waited before, and visits that began by a transfer or after an overflow.
    queued: BTreeSet<model::CallId>,
    sent: BTreeSet<VisitId>,
    /// Visits whose caller somebody takes out of the queue by hand.
    picked: BTreeSet<VisitId>,
    came: u64,
}

impl Fairness {
    pub fn new(site: Arc<Site>) -> Self {
        Self {
            site,
            waiting: BTreeMap::new(),
            ready: BTreeSet::new(),
            offers: BTreeMap::new(),
            queued: BTreeSet::new(),
            sent: BTreeSet::new(),
            picked: BTreeSet::new(),
            came: 0,
        }
    }

    pub fn fact(&mut self, fact: &Fact) -> Result<()> {
        match fact {
            Fact::Queued { visit, queue, marks, .. } => {
                // Who waited before and was sent nowhere by anybody lost an agent.
                let before = !self.queued.insert(visit.call);
                let rejoins = before && !self.sent.contains(visit);
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
                let picked = self.picked.remove(visit);
                let offered = picked || self.offers.remove(agent) == Some(*visit);
                ensure!(offered, "connected without an offer");
                self.waiting.remove(visit);
            }
            Fact::Abandoned { visit, .. }
            | Fact::Overflowed { visit, .. }
            | Fact::TurnedAway { visit, .. } => {
                let waiter = self.waiting.remove(visit).context("left a queue, did not wait")?;
                ensure!(waiter.offered.is_none(), "{visit} left while a phone rings");
                self.sent.insert(VisitId { no: visit.no + 1, ..*visit });
            }
            Fact::Transferred { visit, .. } => {
                self.sent.insert(*visit);
            }
            Fact::PickedUp { visit, .. } if self.waiting.contains_key(visit) => {
                self.picked.insert(*visit);
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

#[cfg(test)]
mod tests {
    use super::super::site::site;
    use super::*;
    use model::fact::OfferWhy;
    use model::site::{Lang, Marks};
    use model::{CallId, Cause};

    fn visit(call: u64) -> VisitId {
        VisitId { call: CallId(call), no: 1 }
    }
    fn queued(call: u64, vip: bool) -> Fact {
        let marks = Marks { vip, complaint: false };
        Fact::Queued { visit: visit(call), queue: "general".into(), marks, lang: Lang::Zh }
    }
    fn ready(agent: &str) -> Fact {
        Fact::AgentChanged { agent: agent.into(), state: AgentState::Ready }
    }
    fn offered(call: u64, agent: &str) -> Fact {
        let why = OfferWhy {
            priority: 0,
            marks: Marks::default(),
            waited_ms: 0,
            waiting: 1,
            skills: Vec::new(),
            fit: 1,
            idle_ms: 0,
            attempt: 1,
        };
        Fact::Offered { visit: visit(call), agent: agent.into(), why }
    }
    fn told(facts: &[Fact]) -> Result<()> {
        let mut fairness = Fairness::new(Arc::new(site()));
        facts.iter().try_for_each(|fact| fairness.fact(fact))?;
        fairness.settled(|_| false)
    }

    #[test]
    fn a_caller_who_is_passed_over_is_noticed() {
        let (one, two) = (queued(1, false), queued(2, false));
        let busy = Fact::AgentChanged { agent: "8001".into(), state: AgentState::LoggedOut };
        let in_turn = [one.clone(), two.clone(), ready("8001"), offered(1, "8001"), busy.clone()];
        assert!(told(&in_turn).is_ok());
        let passed_over = [one.clone(), two, ready("8001"), offered(2, "8001"), busy.clone()];
        assert!(told(&passed_over).is_err());
        let vip_first = [one, queued(2, true), ready("8001"), offered(2, "8001"), busy];
        assert!(told(&vip_first).is_ok());
    }

    #[test]
    fn an_agent_who_is_offered_two_calls_is_noticed() {
        let callers = [queued(1, false), queued(2, false), ready("8001")];
        let twice = [&callers[..], &[offered(1, "8001"), offered(2, "8001")]].concat();
        assert!(told(&twice).is_err());
        let failed =
            Fact::OfferFailed { visit: visit(1), agent: "8001".into(), cause: Cause::Busy };
        let busy = Fact::AgentChanged { agent: "8001".into(), state: AgentState::LoggedOut };
        let again = [queued(1, false), ready("8001"), offered(1, "8001"), failed];
        assert!(told(&[&again[..], &[offered(1, "8001"), busy]].concat()).is_ok());
    }

    #[test]
    fn a_caller_who_waits_beside_a_free_agent_is_noticed() {
        assert!(told(&[queued(1, false), ready("8001")]).is_err());
    }
}
