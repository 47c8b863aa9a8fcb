//! What an agent dials, what it does, and what the agent hears of it.

use crate::Output;
use crate::agents::Agents;
use crate::code::Code;
use model::fact::AgentState;
use model::{AgentId, Clip, Instant, PhoneId};

impl Agents {
    /// Carries a code out and confirms it in the agent's language; in the site's for a phone that
    /// is nobody's.
    pub(crate) fn dialled(&mut self, now: Instant, phone: &PhoneId, dialled: &str) {
        let agent = self.owners.get(phone).cloned();
        let lang = agent.as_ref().and_then(|agent| self.site.agents.get(agent)).map(|a| a.lang);
        let code = agent.zip(Code::read(&self.site.codes, dialled));
        let prompt = match code {
            Some((agent, code)) => self.carry_out(now, &agent, code),
            None => {
                self.count_unknown_code();
                "agent.unknown-code".into()
            }
        };
        let clips = vec![Clip::new(lang.unwrap_or(self.site.lang), &prompt)];
        self.push(Output::Say { phone: phone.clone(), clips });
    }

    /// Does what a code asks for and names the prompt that says what came of it.
    pub(crate) fn carry_out(&mut self, now: Instant, agent: &AgentId, code: Code) -> String {
        let Some(desk) = self.desks.get_mut(agent) else { return "agent.unknown-code".into() };
        if code == Code::LogIn {
            return self.log_in(now, agent);
        }
        if desk.state == AgentState::LoggedOut {
            return "agent.not-logged-in".into();
        }
        if desk.on_a_call() {
            desk.leaving |= code == Code::LogOut;
            if code == Code::WrapUp {
                desk.wants_rest = true;
                return "agent.wrap-up".into();
            }
            return if code == Code::LogOut { "agent.logged-out" } else { "agent.on-a-call" }
                .into();
        }
        let wrapping = matches!(desk.state, AgentState::WrapUp { .. });
        match code {
            Code::LogOut => {
                self.change(now, agent, AgentState::LoggedOut);
                return "agent.logged-out".into();
            }
            Code::WrapUpEnd if wrapping => {
                self.settle(now, agent);
                return "agent.wrap-up-ended".into();
            }
            Code::NotReady { reason } => self.change(now, agent, AgentState::NotReady { reason }),
            Code::Ready if desk.state != AgentState::Ready => self.settle(now, agent),
            Code::WrapUp => return self.rest(now, agent),
            Code::Ready | Code::WrapUpEnd | Code::LogIn => {}
        }
        self.state_prompt(agent)
    }

    /// Logs an agent in, ready. Who is logged in already and asked to be logged out after the call
    /// takes that back by it.
    fn log_in(&mut self, now: Instant, agent: &AgentId) -> String {
        match self.desks.get_mut(agent) {
            Some(desk) if desk.state != AgentState::LoggedOut => {
                desk.leaving = false;
                "agent.already-logged-in".into()
            }
            _ => {
                self.settle(now, agent);
                self.log_in_prompt(agent)
            }
        }
    }

    /// The prompt for an agent who has just logged in: not a plain yes at a phone that takes no
    /// calls of a queue.
    pub(crate) fn log_in_prompt(&self, agent: &AgentId) -> String {
        match self.state(agent) {
            Some(AgentState::Ready) => "agent.logged-in".into(),
            _ => self.state_prompt(agent),
        }
    }

    /// The prompt that says whether the agent is ready, with the reason if it is one of the site's.
    pub(crate) fn state_prompt(&self, agent: &AgentId) -> String {
        match self.state(agent) {
            Some(AgentState::NotReady { reason }) if self.is_reason(reason) => {
                format!("agent.not-ready.{reason}")
            }
            Some(AgentState::Ready) => "agent.ready".into(),
            _ => "agent.not-ready".into(),
        }
    }

    fn is_reason(&self, reason: &str) -> bool {
        self.site.codes.reasons.values().any(|known| known == reason)
    }
}
