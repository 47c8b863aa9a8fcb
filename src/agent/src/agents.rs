//! The core: calls, phones and time change the states; `code` says what agents ask for.

use crate::desk::{Desk, NO_ANSWER, PHONE_GONE, View};
use crate::pins::Guesses;
use crate::{Input, Output};
use model::fact::AgentState;
use model::site::Site;
use model::{AgentId, Cause, Fact, Instant, PhoneId, QueueId, VisitId, WallTime};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Rings without an answer, one after another, that make an agent not ready.
pub const UNANSWERED_MAX: u8 = 2;

/// All agents of the box: as many as the site names.
#[derive(Debug)]
pub struct Agents {
    pub(crate) site: Arc<Site>,
    pub(crate) desks: BTreeMap<AgentId, Desk>,
    /// Whose phone it is. The first agent's by number, should a site give a phone to two.
    pub(crate) owners: BTreeMap<PhoneId, AgentId>,
    pub(crate) phones_up: BTreeSet<PhoneId>,
    /// Phones that take no calls of a queue, and why.
    pub(crate) barred: BTreeMap<PhoneId, &'static str>,
    pub(crate) wrap_ups: BTreeSet<(Instant, AgentId)>,
    pub(crate) guesses: Guesses,
    out: VecDeque<Output>,
    pub(crate) counters: Counters,
}

/// What a console counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Agents who were made not ready because they did not answer.
    pub no_answer: u64,
    /// Codes that were none.
    pub unknown_codes: u64,
    /// PINs that were wrong.
    pub wrong_pins: u64,
    /// Inputs that fit no agent or call; each is ignored.
    pub stray: u64,
}

impl Agents {
    /// Takes the agents of a site, in the states they were in before the box stopped and since
    /// when; `wall` is now. All phones are down until `PhoneUp`.
    pub fn new(
        now: Instant,
        wall: WallTime,
        site: Arc<Site>,
        restored: &[(AgentId, AgentState, WallTime)],
    ) -> Self {
        let mut agents = Self {
            site: site.clone(),
            desks: BTreeMap::new(),
            owners: BTreeMap::new(),
            phones_up: BTreeSet::new(),
            barred: BTreeMap::new(),
            wrap_ups: BTreeSet::new(),
            guesses: Guesses::default(),
            out: VecDeque::new(),
            counters: Counters::default(),
        };
        agents.apply(now, site);
        agents.restore(now, wall, restored);
        agents
    }

    /// Takes an input in.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Code { phone, dialled } => self.dialled(now, &phone, dialled),
            Input::Offered { agent, visit, queue } => self.offered(now, &agent, visit, &queue),
            Input::OfferEnded { agent, visit, cause: None } | Input::Answered { agent, visit } => {
                self.answered(now, &agent, visit);
            }
            Input::OfferEnded { agent, visit, cause: Some(cause) } => {
                self.offer_ended(now, &agent, visit, cause);
            }
            Input::Released { agent, visit } => self.released(now, &agent, visit),
            Input::Engaged { agent, visit, queue } => self.engaged(now, &agent, visit, queue),
            Input::Wish { phone, code } => self.wished(now, &phone, code),
            Input::Sit { phone, agent, pin } => self.sit(now, &phone, &agent, pin),
            Input::WrongPin { phone, agent } => self.wrong_pin(now, &phone, &agent),
            Input::Barred { phone, reason } => {
                match reason {
                    Some(reason) => drop(self.barred.insert(phone.clone(), reason)),
                    None => drop(self.barred.remove(&phone)),
                }
                self.phone_changed(now, &phone);
            }
            Input::PhoneUp { phone } => {
                self.phones_up.insert(phone.clone());
                self.phone_changed(now, &phone);
            }
            Input::PhoneDown { phone } => {
                self.phones_up.remove(&phone);
                self.phone_changed(now, &phone);
            }
            Input::Site(site) => self.apply(now, site),
        }
    }

    /// Ends the wrap-ups that are over.
    pub fn tick(&mut self, now: Instant) {
        while self.wrap_ups.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, agent)) = self.wrap_ups.pop_first() {
                self.settle(now, &agent);
            }
        }
    }

    /// Gives the next output.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Tells when `tick` is needed next, and what for.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.wrap_ups.first().map(|(at, _)| (*at, "agent: wrap-up over"))
    }

    /// The agent's state; nothing for a stranger.
    pub fn state(&self, agent: &AgentId) -> Option<&AgentState> {
        self.desks.get(agent).map(|desk| &desk.state)
    }
    /// Since when the agent is in that state.
    pub fn since(&self, agent: &AgentId) -> Option<Instant> {
        self.desks.get(agent).map(|desk| desk.since)
    }
    /// All agents, by number.
    pub fn iter(&self) -> impl Iterator<Item = View<'_>> {
        self.desks.iter().map(|(agent, desk)| View {
            agent,
            state: &desk.state,
            since: desk.since,
            leaving: desk.leaving,
        })
    }
    /// The phone the agent sits at: the agent's own, unless logged in at another.
    pub fn phone_of(&self, agent: &AgentId) -> Option<&PhoneId> {
        self.desks.get(agent).map(|desk| &desk.phone)
    }
    /// The agent who is logged in at a phone.
    pub fn at(&self, phone: &PhoneId) -> Option<&AgentId> {
        let agent = self.owners.get(phone)?;
        (*self.state(agent)? != AgentState::LoggedOut).then_some(agent)
    }
    /// The agent whose phone this is.
    pub fn agent_of(&self, phone: &PhoneId) -> Option<&AgentId> {
        self.owners.get(phone)
    }
    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn offered(&mut self, now: Instant, agent: &AgentId, visit: VisitId, queue: &QueueId) {
        let wrap_up = self.site.queues.get(queue).map_or_else(Default::default, |q| q.wrap_up);
        match self.desks.get_mut(agent) {
            Some(desk) if desk.state == AgentState::Ready => {
                desk.wrap_up = wrap_up;
                self.change(now, agent, AgentState::Ringing { visit });
            }
            _ => {
                self.counters.stray += 1;
                self.out.push_back(Output::Busy { agent: agent.clone() });
            }
        }
    }

    fn answered(&mut self, now: Instant, agent: &AgentId, visit: VisitId) {
        let Some(desk) = self.desks.get_mut(agent) else { return self.stray() };
        if desk.state == (AgentState::Ringing { visit }) {
            desk.unanswered = 0;
            desk.by_queue = true;
            desk.begins(visit);
            self.change(now, agent, AgentState::Talking { visit });
        } else if desk.state != (AgentState::Talking { visit }) {
            self.stray();
        }
    }

    /// Goes back to ready after an offer in vain, or to not ready if it was one too many. A caller
    /// who hung up meanwhile is not the agent's fault.
    fn offer_ended(&mut self, now: Instant, agent: &AgentId, visit: VisitId, cause: Cause) {
        let Some(desk) = self.desks.get_mut(agent) else { return self.stray() };
        if desk.state != (AgentState::Ringing { visit }) {
            return self.stray();
        }
        let mut idle_since = desk.idle_since;
        // Nor is a phone that nobody could ring.
        if cause != Cause::Cancelled && self.phones_up.contains(&desk.phone) {
            desk.unanswered += 1;
            idle_since = now;
        }
        if let Some(visit) = desk.talks.last().copied() {
            // Took another call while the phone rang.
            self.change(now, agent, AgentState::Talking { visit });
        } else if desk.leaving {
            self.change(now, agent, AgentState::LoggedOut);
        } else if desk.unanswered >= UNANSWERED_MAX {
            desk.unanswered = 0;
            self.counters.no_answer += 1;
            self.change(now, agent, AgentState::NotReady { reason: NO_ANSWER.into() });
        } else {
            self.ready(now, agent, idle_since);
        }
    }

    /// Makes the agent ready from a clean slate: after a log-in, a code, or a wrap-up.
    pub(crate) fn settle(&mut self, now: Instant, agent: &AgentId) {
        if let Some(desk) = self.desks.get_mut(agent) {
            desk.unanswered = 0;
        }
        self.ready(now, agent, now);
    }

    /// Makes the agent ready, or not ready for want of a phone.
    pub(crate) fn ready(&mut self, now: Instant, agent: &AgentId, idle_since: Instant) {
        let Some(desk) = self.desks.get_mut(agent) else { return };
        desk.idle_since = idle_since;
        let state = match (self.phones_up.contains(&desk.phone), self.barred.get(&desk.phone)) {
            (true, None) => AgentState::Ready,
            (true, Some(reason)) => AgentState::NotReady { reason: (*reason).into() },
            (false, _) => AgentState::NotReady { reason: PHONE_GONE.into() },
        };
        self.change(now, agent, state);
    }

    /// Brings a state that depends on the phone in line with it. A ring or a talk is not touched:
    /// it ends by its own leg.
    fn phone_changed(&mut self, now: Instant, phone: &PhoneId) {
        if let Some(agent) = self.owners.get(phone).cloned() {
            self.follow_phone(now, &agent);
        }
    }

    pub(crate) fn follow_phone(&mut self, now: Instant, agent: &AgentId) {
        let Some(desk) = self.desks.get(agent) else { return };
        let takes = self.phones_up.contains(&desk.phone) && !self.barred.contains_key(&desk.phone);
        if (desk.state == AgentState::Ready && !takes) || desk.waits_for_phone() {
            self.ready(now, agent, now);
        }
    }

    /// Sets the state: the only place where it changes, so each change is one fact.
    pub(crate) fn change(&mut self, now: Instant, agent: &AgentId, state: AgentState) {
        let Some(desk) = self.desks.get_mut(agent) else { return };
        if desk.state == state {
            return;
        }
        let was_free = desk.state == AgentState::Ready;
        let out = state == AgentState::LoggedOut;
        if let Some(until) = desk.wrap_up_until.take_if(|_| !is_wrap_up(&state)) {
            self.wrap_ups.remove(&(until, agent.clone()));
        }
        desk.state = state.clone();
        desk.since = now;
        self.out.push_back(Output::Fact(Fact::AgentChanged { agent: agent.clone(), state }));
        if was_free {
            self.out.push_back(Output::Busy { agent: agent.clone() });
        }
        self.say_free(agent);
        if out {
            self.empty(agent);
        }
    }

    /// Says that the agent is free, if so.
    fn say_free(&mut self, agent: &AgentId) {
        let Some(desk) = self.desks.get(agent).filter(|desk| desk.state == AgentState::Ready)
        else {
            return;
        };
        let skills = self.site.agents.get(agent).map(|a| a.skills.clone()).unwrap_or_default();
        let idle_since = desk.idle_since;
        self.out.push_back(Output::Free { agent: agent.clone(), skills, idle_since });
    }

    /// Says that an agent is not there who was before a restart.
    pub(crate) fn say_logged_out(&mut self, agent: &AgentId) {
        let state = AgentState::LoggedOut;
        self.out.push_back(Output::Fact(Fact::AgentChanged { agent: agent.clone(), state }));
    }

    /// Clears a desk whose agent logged out, and takes it away if the site has no such agent.
    fn empty(&mut self, agent: &AgentId) {
        if !self.site.agents.contains_key(agent) {
            self.desks.remove(agent);
        } else if let Some(desk) = self.desks.get_mut(agent) {
            let own = self.site.agents.get(agent).map(|entry| entry.phone.clone());
            *desk = Desk::empty(desk.since, own.unwrap_or_else(|| desk.phone.clone()));
        }
        self.reseat();
    }

    /// Takes the agents of a site; who is no longer one leaves, after the call if there is one.
    fn apply(&mut self, now: Instant, site: Arc<Site>) {
        let old = std::mem::replace(&mut self.site, site.clone());
        let gone = self.desks.keys().filter(|id| !site.agents.contains_key(*id));
        for agent in gone.cloned().collect::<Vec<_>>() {
            match self.desks.get_mut(&agent) {
                Some(desk) if desk.on_a_call() => desk.leaving = true,
                _ => {
                    self.change(now, &agent, AgentState::LoggedOut);
                    self.desks.remove(&agent);
                }
            }
        }
        for (agent, entry) in &site.agents {
            let fresh = || Desk::empty(now, entry.phone.clone());
            let desk = self.desks.entry(agent.clone()).or_insert_with(fresh);
            let own = old.agents.get(agent).map(|before| &before.phone);
            // Who sits elsewhere stays there.
            if desk.state == AgentState::LoggedOut || own == Some(&desk.phone) {
                desk.phone = entry.phone.clone();
            }
            if old.agents.get(agent).is_some_and(|before| before.skills != entry.skills) {
                self.say_free(agent);
            }
        }
        self.reseat();
        for agent in site.agents.keys() {
            self.follow_phone(now, agent);
        }
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn count_unknown_code(&mut self) {
        self.counters.unknown_codes += 1;
    }

    pub(crate) fn stray(&mut self) {
        self.counters.stray += 1;
    }
}

fn is_wrap_up(state: &AgentState) -> bool {
    matches!(state, AgentState::WrapUp { .. })
}
