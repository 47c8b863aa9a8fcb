//! Who is to be called back: what a phone's lamp for messages says (RFC 3842).
//!
//! ```text
//!   a phone is called, and nobody at it or anywhere it is sent on answers   -> owed by who sits
//!                                                        there, else by the phone
//!   a caller gives up in a queue that calls back, or finds it full          -> owed by the queue
//!   a caller leaves such a queue by its overflow, and nobody answers        -> owed by the queue
//!                                            at the end, unless another owes the call by then
//!   talked with, whoever called                                             -> owed no more
//!   heard by code                                                           -> seen: lamp out
//! ```
//!
//! An agent's go with the agent to any phone; a queue's show at the phones of all who are logged in
//! and serve it, and are seen by all of them once one has heard them. Of each owner at most
//! `model::owed::OWED_MAX` are kept. Each change is one fact with all that waits, so that the lamps
//! are lit again after a restart.

use crate::exchange::Exchange;
use crate::io::Output;
use model::fact::{AgentState, Who};
use model::order::CLIPS_PER_PLAY_MAX;
use model::site::{NumberForm, Site};
use model::{
    CallId, Clip, Fact, Instant, Missed, Number, Owed, Owner, PhoneId, QueueId, Via, WallTime, say,
};
use std::collections::{BTreeMap, BTreeSet};

/// Most owners that one call is tried at and may be missed by.
const TRIED_MAX: usize = 16;

/// Everything that waits, and the calls that may come to it.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    of: BTreeMap<Owner, Owed>,
    /// Who calls, of the calls that live.
    callers: BTreeMap<CallId, Number>,
    /// Who was called and not reached yet.
    tried: BTreeMap<CallId, BTreeSet<Owner>>,
    /// New and seen, as each phone was told last.
    pub(crate) shown: BTreeMap<PhoneId, (u32, u32)>,
}

impl Waiting {
    /// Takes up what waited before a restart, of those the site still has.
    pub(crate) fn restored(site: &Site, owed: Vec<(Owner, Owed)>) -> Self {
        let of = owed.into_iter().filter(|(owner, owed)| owes(site, owner) && !owed.is_empty());
        Self { of: of.collect(), ..Self::default() }
    }

    /// Tells whether no call is noted.
    pub(crate) fn is_idle(&self) -> bool {
        self.callers.is_empty() && self.tried.is_empty()
    }
}

/// Tells whether a fact may change who is to be called back.
pub(crate) fn is_meant(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::CallArrived { .. }
            | Fact::Abandoned { .. }
            | Fact::Overflowed { .. }
            | Fact::TurnedAway { .. }
            | Fact::Reached { .. }
            | Fact::Connected { .. }
            | Fact::CallEnded { .. }
    )
}

fn is_queue(owner: &Owner) -> bool {
    matches!(owner, Owner::Queue(_))
}

/// Tells whether the site has somebody to call back.
fn owes(site: &Site, owner: &Owner) -> bool {
    match owner {
        Owner::Agent(agent) => site.agents.contains_key(agent),
        Owner::Phone(phone) => {
            let of_agent = || site.agents.values().any(|agent| agent.phone == *phone);
            site.phones.contains_key(phone) || of_agent()
        }
        Owner::Queue(queue) => site.queues.get(queue).is_some_and(|queue| queue.callbacks),
    }
}

impl Exchange {
    /// A call is to be taken at a phone; unless somebody answers, it is missed there.
    pub(crate) fn tried(&mut self, call: CallId, phone: &PhoneId) {
        if let Some(owner) = self.owner(&self.who(phone)) {
            self.try_owner(call, owner);
        }
    }

    /// Notes that an owner was tried; past `TRIED_MAX` nobody more is.
    fn try_owner(&mut self, call: CallId, owner: Owner) {
        let tried = self.waiting.tried.entry(call).or_default();
        if tried.len() < TRIED_MAX {
            tried.insert(owner);
        }
    }

    /// One queue calls back, the last the caller was in.
    fn forget_queues(&mut self, call: CallId) {
        if let Some(tried) = self.waiting.tried.get_mut(&call) {
            tried.retain(|owner| !is_queue(owner));
        }
    }

    /// The number a queue calls back for a call: none where it calls nobody back, and nobody can
    /// call back who did not say the number.
    fn calls_back(&self, call: CallId, queue: &Owner) -> Option<Number> {
        let caller = self.waiting.callers.get(&call).filter(|caller| !caller.is_empty())?;
        owes(&self.site, queue).then(|| caller.clone())
    }

    /// Notes what a fact means to those who wait for a call back.
    pub(crate) fn noted_owed(&mut self, now: Instant, fact: &Fact) {
        match fact {
            Fact::CallArrived { call, caller, .. } => {
                self.waiting.callers.insert(*call, caller.clone());
            }
            Fact::Abandoned { visit, queue, .. } | Fact::TurnedAway { visit, queue } => {
                let owner = Owner::Queue(queue.clone());
                if let Some(from) = self.calls_back(visit.call, &owner) {
                    self.forget_queues(visit.call);
                    self.owe(now, owner, from);
                }
            }
            Fact::Overflowed { visit, queue, .. } => {
                let owner = Owner::Queue(queue.clone());
                if self.calls_back(visit.call, &owner).is_some() {
                    self.forget_queues(visit.call);
                    self.try_owner(visit.call, owner);
                }
            }
            Fact::Reached { visit, who } => {
                self.waiting.tried.remove(&visit.call);
                self.talked(now, visit.call, who);
            }
            Fact::Connected { visit, agent, .. } => {
                self.waiting.tried.remove(&visit.call);
                if let Some(caller) = self.waiting.callers.get(&visit.call).cloned() {
                    self.forget(now, Some(&Owner::Agent(agent.clone())), &caller);
                }
            }
            Fact::CallEnded { call, .. } => {
                let from = self.waiting.callers.remove(call).unwrap_or_default();
                // Another site may have nobody there by now.
                let mut tried = self.waiting.tried.remove(call).unwrap_or_default();
                tried.retain(|owner| owes(&self.site, owner));
                if !tried.iter().all(is_queue) {
                    tried.retain(|owner| !is_queue(owner));
                }
                tried.into_iter().for_each(|owner| self.owe(now, owner, from.clone()));
            }
            _ => {}
        }
    }

    /// What a phone's lamp for messages shows: new ones, and those that were seen.
    pub(crate) fn show_waiting(&mut self, phone: &PhoneId) {
        let (mut new, mut old) = (0, 0);
        for owner in self.owners_at(phone) {
            let owed = self.waiting.of.get(&owner);
            new += owed.map_or(0, |owed| owed.new.len());
            old += owed.map_or(0, |owed| owed.seen.len());
        }
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let (new, old) = (count(new), count(old));
        let before = self.waiting.shown.insert(phone.clone(), (new, old)).unwrap_or_default();
        if before != (new, old) {
            self.out.push_back(Output::Waiting { phone: phone.clone(), new, old });
        }
    }

    /// Says who is to be called back, the latest first as far as there is room, and puts the lamp
    /// out. Where nothing is new, those that were seen are said again. Numbers outside are for those
    /// who may see them.
    pub(crate) fn hear_owed(&mut self, now: Instant, phone: &PhoneId) -> Vec<Clip> {
        let lang = self.lang_of(phone);
        let owners = self.owners_at(phone);
        let all = |pick: fn(&Owed) -> &Vec<Missed>| {
            let owed = owners.iter().filter_map(|owner| self.waiting.of.get(owner));
            owed.flat_map(pick).cloned().collect::<Vec<Missed>>()
        };
        let new = all(|owed| &owed.new);
        let mut calls = if new.is_empty() { all(|owed| &owed.seen) } else { new };
        if calls.is_empty() {
            return vec![Clip::new(lang, "missed.none")];
        }
        let mut clips = vec![Clip::new(lang, "missed.before")];
        clips.extend(say::number(lang, u32::try_from(calls.len()).unwrap_or(u32::MAX)));
        calls.sort_by_key(|missed| std::cmp::Reverse(missed.at));
        for missed in calls {
            let number = missed.from.reveal();
            let inside = matches!(self.goal(number), crate::reach::Goal::Phone(_));
            if number.is_empty() || !(inside || self.sees_numbers(phone)) {
                continue;
            }
            let digits = say::digits(lang, number);
            if clips.len() + 1 + digits.len() > CLIPS_PER_PLAY_MAX {
                break;
            }
            clips.push(Clip::new(lang, "missed.from"));
            clips.extend(digits);
        }
        for owner in owners {
            if self.waiting.of.get_mut(&owner).is_some_and(Owed::look) {
                self.tell_owed(now, &owner);
            }
        }
        clips
    }

    /// Forgets whom another site does not have.
    pub(crate) fn keep_owed(&mut self) {
        let gone: Vec<Owner> =
            self.waiting.of.keys().filter(|owner| !owes(&self.site, owner)).cloned().collect();
        for owner in gone {
            self.waiting.of.remove(&owner);
            self.owed_touched(&owner);
        }
        let shown = std::mem::take(&mut self.waiting.shown);
        let has = |phone: &PhoneId| owes(&self.site, &Owner::Phone(phone.clone()));
        self.waiting.shown = shown.into_iter().filter(|(phone, _)| has(phone)).collect();
        // Skills may be others, and queues may call back now.
        self.phones.dirty.extend(self.waiting.shown.keys().cloned());
    }

    /// Whoever calls and whoever answers have talked with each other.
    fn talked(&mut self, now: Instant, call: CallId, who: &Who) {
        let caller = self.waiting.callers.get(&call).cloned().unwrap_or_default();
        let owner = self.owner(who);
        self.forget(now, owner.as_ref(), &caller);
        let side = self.calls.get(call).map(|call| call.side().clone());
        let side = side.and_then(|side| self.owner(&side));
        let called = match &who.via {
            Via::Phone(_) => who.number.clone(),
            _ => self.at_home(who.number.reveal()),
        };
        self.forget(now, side.as_ref(), &called);
    }

    /// A number as it was dialled, in the form in which callers' are kept.
    fn at_home(&self, dialled: &str) -> Number {
        match self.dialling.plan().read(dialled) {
            Ok(reading) => self.dialling.home(None, &reading.written(NumberForm::National)),
            Err(_) => Number::new(dialled),
        }
    }

    /// Nobody has to call a number any more: neither this owner nor a queue.
    fn forget(&mut self, now: Instant, owner: Option<&Owner>, number: &Number) {
        if number.is_empty() {
            return;
        }
        let mut changed = Vec::new();
        for (of, owed) in &mut self.waiting.of {
            let theirs = Some(of) == owner || matches!(of, Owner::Queue(_));
            if theirs && owed.forget(number) {
                changed.push(of.clone());
            }
        }
        changed.iter().for_each(|owner| self.tell_owed(now, owner));
    }

    fn owe(&mut self, now: Instant, owner: Owner, from: Number) {
        let at: WallTime = self.anchor.wall(now);
        self.waiting.of.entry(owner.clone()).or_default().add(Missed { at, from });
        self.tell_owed(now, &owner);
    }

    fn tell_owed(&mut self, now: Instant, owner: &Owner) {
        let Owed { new, seen } = self.waiting.of.get(owner).cloned().unwrap_or_default();
        if new.is_empty() && seen.is_empty() {
            self.waiting.of.remove(owner);
        }
        self.fact(now, Fact::CallsOwed { by: owner.clone(), new, seen });
        self.owed_touched(owner);
    }

    /// Has the lamps looked at that an owner's calls show on.
    fn owed_touched(&mut self, owner: &Owner) {
        match owner {
            Owner::Agent(agent) => self.agent_touched(agent),
            Owner::Phone(phone) => _ = self.phones.dirty.insert(phone.clone()),
            Owner::Queue(queue) => {
                let agents = self.site.agents.keys().filter(|agent| self.serves(agent, queue));
                let agents: Vec<_> = agents.cloned().collect();
                agents.iter().for_each(|agent| self.agent_touched(agent));
            }
        }
    }

    /// Who a party is to those who call back; none outside.
    fn owner(&self, who: &Who) -> Option<Owner> {
        match (&who.via, &who.agent) {
            (Via::Phone(_), Some(agent)) => Some(Owner::Agent(agent.clone())),
            (Via::Phone(phone), None) => Some(Owner::Phone(phone.clone())),
            _ => None,
        }
    }

    /// Whose calls a phone's lamp shows.
    fn owners_at(&self, phone: &PhoneId) -> Vec<Owner> {
        let mut owners = vec![Owner::Phone(phone.clone())];
        if let Some(agent) = self.agents.agent_of(phone) {
            owners.push(Owner::Agent(agent.clone()));
            let queues = self.site.queues.iter().filter(|(_, queue)| queue.callbacks);
            let served = queues.filter(|(queue, _)| self.serves(agent, queue));
            owners.extend(served.map(|(queue, _)| Owner::Queue(queue.clone())));
        }
        owners
    }

    /// Tells whether an agent is logged in and has the skills of a queue.
    fn serves(&self, agent: &model::AgentId, queue: &QueueId) -> bool {
        let there = self.agents.state(agent).is_some_and(|state| *state != AgentState::LoggedOut);
        let skills = self.site.agents.get(agent).map(|agent| &agent.skills);
        let queue = self.site.queues.get(queue);
        there
            && queue.zip(skills).is_some_and(|(queue, skills)| {
                queue.skills.iter().all(|skill| skills.contains_key(skill))
            })
    }
}
