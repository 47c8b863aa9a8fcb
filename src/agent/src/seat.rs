//! Seats: which agent is at which phone, and how an agent sits down at another's.

use crate::Output;
use crate::agents::Agents;
use crate::code::Code;
use model::fact::AgentState;
use model::{AgentId, Clip, Fact, Instant, PhoneId, Secret};
use std::collections::BTreeMap;

impl Agents {
    /// A phone's own key asks what a code would.
    pub(crate) fn wished(&mut self, now: Instant, phone: &PhoneId, code: Code) {
        if let Some(agent) = self.owners.get(phone).cloned() {
            self.carry_out(now, &agent, code);
        }
    }

    /// Has an agent sit down at a phone and says what came of it. An agent nobody knows and a wrong
    /// PIN are the same to who tries.
    pub(crate) fn sit(
        &mut self,
        now: Instant,
        phone: &PhoneId,
        agent: &AgentId,
        pin: Option<Secret>,
    ) {
        let prompt = self.seated(now, phone, agent, pin);
        let sitter = self.at(phone).and_then(|agent| self.site.agents.get(agent));
        let lang = sitter.map_or(self.site.lang, |agent| agent.lang);
        let clips = vec![Clip::new(lang, &prompt)];
        self.push(Output::Say { phone: phone.clone(), clips });
    }

    fn seated(
        &mut self,
        now: Instant,
        phone: &PhoneId,
        agent: &AgentId,
        pin: Option<Secret>,
    ) -> String {
        let entry = self.site.agents.get(agent);
        let own = entry.is_some_and(|entry| entry.phone == *phone);
        let wanted = entry.map(|entry| entry.rights.pin.clone());
        let lets = self.site.phones.get(phone).is_none_or(|phone| phone.hot_desk);
        let right = match &wanted {
            Some(Some(wanted)) => own || pin.as_ref() == Some(wanted),
            Some(None) => true,
            None => false,
        };
        // The own phone and an agent without a PIN ask for none: there is nothing to guess.
        let asked = !own && !matches!(wanted, Some(None));
        if asked && self.guesses.waits(now, agent, phone) {
            self.counters.wrong_pins += 1;
            return "agent.wrong-pin".into();
        }
        if !right {
            self.wrong_pin(now, phone, agent);
            return "agent.wrong-pin".into();
        }
        if asked {
            self.guesses.right(agent);
        }
        if !own && !lets {
            return "agent.seat-forbidden".into();
        }
        let sitter = self.at(phone).cloned();
        if sitter.as_ref() == Some(agent) {
            return "agent.already-logged-in".into();
        }
        let busy = |agent: &AgentId| self.desks.get(agent).is_some_and(|desk| desk.on_a_call());
        if busy(agent) || sitter.as_ref().is_some_and(busy) {
            return "agent.on-a-call".into();
        }
        for leaves in sitter.iter().chain([agent]) {
            self.change(now, leaves, AgentState::LoggedOut);
        }
        if let Some(desk) = self.desks.get_mut(agent) {
            desk.phone = phone.clone();
        }
        self.push(Output::Fact(Fact::Seated { agent: agent.clone(), phone: phone.clone() }));
        self.settle(now, agent);
        self.reseat();
        self.log_in_prompt(agent)
    }

    /// Counts a PIN that was wrong; at a lock whoever watches the box is told.
    pub(crate) fn wrong_pin(&mut self, now: Instant, phone: &PhoneId, agent: &AgentId) {
        self.counters.wrong_pins += 1;
        for locked in self.guesses.wrong(now, agent, phone) {
            let agent = locked.agent.then(|| agent.clone());
            let seconds = u32::try_from(locked.time.as_secs()).unwrap_or(u32::MAX);
            self.push(Output::Fact(Fact::PinsLocked { agent, phone: phone.clone(), seconds }));
        }
    }

    /// Takes up where agents sat before a restart.
    pub fn restore_seats(&mut self, seats: &[(AgentId, PhoneId)]) {
        for (agent, phone) in seats {
            let known = self.site.phones.contains_key(phone)
                || self.site.agents.values().any(|entry| entry.phone == *phone);
            if let Some(desk) = self.desks.get_mut(agent)
                && known
                && desk.state != AgentState::LoggedOut
            {
                desk.phone = phone.clone();
            }
        }
        self.reseat();
    }

    /// Says anew whose each phone is: of who is logged in there, else of whose own it is. The first
    /// agent's by number, should a site give a phone to two.
    pub(crate) fn reseat(&mut self) {
        let logged_in = |state: &AgentState| *state != AgentState::LoggedOut;
        let mut owners: BTreeMap<PhoneId, AgentId> = BTreeMap::new();
        for wanted in [true, false] {
            for (agent, desk) in &self.desks {
                if logged_in(&desk.state) == wanted {
                    owners.entry(desk.phone.clone()).or_insert_with(|| agent.clone());
                }
            }
        }
        self.owners = owners;
    }
}
