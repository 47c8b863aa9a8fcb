//! Talks: the calls an agent is in, and what follows the last of them.

use crate::agents::Agents;
use crate::desk::Desk;
use model::fact::AgentState;
use model::{AgentId, Instant, QueueId, VisitId};

impl Desk {
    /// Notes that a talk begins, or goes on in another visit of the same call.
    pub(crate) fn begins(&mut self, visit: VisitId) {
        self.talks.retain(|talk| talk.call != visit.call);
        if self.talks.is_empty() && self.before.is_none() {
            self.before = Some((self.state.clone(), self.wrap_up_until));
        }
        self.talks.push(visit);
    }
}

impl Agents {
    /// The agent talks in a call, by no queue's offer.
    pub(crate) fn engaged(
        &mut self,
        now: Instant,
        agent: &AgentId,
        visit: VisitId,
        queue: Option<QueueId>,
    ) {
        let rest = queue.as_ref().and_then(|queue| self.site.queues.get(queue));
        let rest = rest.map(|queue| queue.wrap_up);
        let Some(desk) = self.desks.get_mut(agent) else { return };
        match desk.state {
            AgentState::LoggedOut => return,
            // The phone that rings for a queue goes on ringing.
            AgentState::Ringing { .. } => return desk.talks.push(visit),
            _ => desk.begins(visit),
        }
        desk.by_queue |= queue.is_some();
        if let Some(rest) = rest {
            desk.wrap_up = rest;
        }
        self.change(now, agent, AgentState::Talking { visit });
    }

    /// A talk ended. After the last the agent rests, if a queue asks for it, or is what the agent
    /// was before.
    pub(crate) fn released(&mut self, now: Instant, agent: &AgentId, visit: VisitId) {
        let Some(desk) = self.desks.get_mut(agent) else { return };
        let before = desk.talks.len();
        desk.talks.retain(|talk| talk.call != visit.call);
        if before == desk.talks.len() || matches!(desk.state, AgentState::Ringing { .. }) {
            return;
        }
        desk.last = Some(visit);
        if let Some(visit) = desk.talks.last().copied() {
            return self.change(now, agent, AgentState::Talking { visit });
        }
        let (state, until) = desk.before.take().unwrap_or((AgentState::Ready, None));
        let by_queue = std::mem::take(&mut desk.by_queue);
        if desk.leaving {
            self.change(now, agent, AgentState::LoggedOut);
        } else if std::mem::take(&mut desk.wants_rest) {
            self.change(now, agent, AgentState::WrapUp { visit });
        } else if by_queue && !desk.wrap_up.is_zero() {
            let until = now + desk.wrap_up;
            self.rests(now, agent, visit, Some(until));
        } else if by_queue {
            self.ready(now, agent, now);
        } else {
            self.as_before(now, agent, state, until);
        }
    }

    /// Brings the state of before a talk back, as far as it is still true.
    fn as_before(
        &mut self,
        now: Instant,
        agent: &AgentId,
        state: AgentState,
        until: Option<Instant>,
    ) {
        match state {
            AgentState::WrapUp { visit } if until.is_none_or(|until| until > now) => {
                self.rests(now, agent, visit, until);
            }
            AgentState::NotReady { .. } => {
                self.change(now, agent, state);
                self.follow_phone(now, agent);
            }
            _ => self.ready(now, agent, now),
        }
    }

    /// The agent rests after a call, until then or until the agent says so.
    fn rests(&mut self, now: Instant, agent: &AgentId, visit: VisitId, until: Option<Instant>) {
        if let Some(desk) = self.desks.get_mut(agent) {
            desk.wrap_up_until = until;
            if let Some(until) = until {
                self.wrap_ups.insert((until, agent.clone()));
            }
        }
        self.change(now, agent, AgentState::WrapUp { visit });
    }

    /// After-call work at the agent's wish, for as long as the agent likes: for the call that the
    /// agent rests after already, or for the last.
    pub(crate) fn rest(&mut self, now: Instant, agent: &AgentId) -> String {
        let Some(desk) = self.desks.get_mut(agent) else { return "agent.unknown-code".into() };
        let of_now = match desk.state {
            AgentState::WrapUp { visit } => Some(visit),
            _ => desk.last,
        };
        let Some(visit) = of_now else { return self.state_prompt(agent) };
        if let Some(until) = desk.wrap_up_until.take() {
            self.wrap_ups.remove(&(until, agent.clone()));
        }
        self.change(now, agent, AgentState::WrapUp { visit });
        "agent.wrap-up".into()
    }
}
