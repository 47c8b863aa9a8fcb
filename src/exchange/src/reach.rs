//! Where a number leads: an agent, a phone, a slot, a queue, a node of the flow, or outside.
//!
//! ```text
//!   Seek ──▶ place of the box ─────────────────────────▶ Send
//!     │  ├─▶ phone ── busy, away, not to be disturbed ──▶ GiveUp
//!     │  │     └──── forwarded ──▶ (again, HOPS_MAX) ───▶ Ring
//!     │  └─▶ outside ──▶ dial ──▶ Route ────────────────▶ Ring
//!     │                    └────▶ Refused ──────────────▶ GiveUp
//!   Unreached ──▶ forward on busy, on no answer, the phone's own (302); another trunk
//! ```

use crate::exchange::Exchange;
use crate::phones::CALLS_PER_PHONE_MAX;
use crate::plays::Player;
use crate::pops::RING_OUTSIDE;
use call::{How, Place};
use model::fact::Who;
use model::feature::ForwardWhen;
use model::{AgentId, CallId, Cause, Clip, Instant, LegId, Number, PhoneId, QueueId, TrunkId, Via};
use std::collections::BTreeMap;

/// Most times a call may be sent on from phone to phone.
pub const HOPS_MAX: usize = 5;

/// Where a number leads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Goal {
    Phone(PhoneId),
    Place(Place),
    Outside,
}

/// A call that is being found somebody for.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// Who pays for a call out: who asked, or the phone that sends the call on.
    by: Who,
    /// Phones that sent the call on, so that a circle is noticed.
    hops: Vec<PhoneId>,
}

/// A call out that dialling was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Outside {
    pub(crate) ask: u64,
    pub(crate) answered: bool,
}

/// Calls out by their leg, and those that have none yet by their number.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    asked: u64,
    pub(crate) seeking: BTreeMap<u64, (CallId, String, Number)>,
    pub(crate) legs: BTreeMap<LegId, Outside>,
}

impl Exchange {
    /// A party asks for a number.
    pub(crate) fn seek(&mut self, now: Instant, call: CallId, by: Who, to: &str) {
        self.searches.insert(call, Search { by, hops: Vec::new() });
        self.reach(now, call, to);
    }

    /// Rings a party again that had the caller before, wherever it sits; not where its calls are
    /// sent.
    pub(crate) fn recall(&mut self, now: Instant, call: CallId, who: Who) {
        let by = self.calls.get(call).map_or_else(|| who.clone(), |call| call.side().clone());
        self.searches.insert(call, Search { by, hops: Vec::new() });
        let phone = match (&who.via, &who.agent) {
            (Via::Phone(_), Some(agent)) => self.agents.phone_of(agent).cloned(),
            (Via::Phone(phone), None) => Some(phone.clone()),
            _ => None,
        };
        let takes = |phone: &PhoneId| {
            self.phones.up.contains(phone)
                && !self.phones.occupied(phone)
                && !self.phones.setting(phone).dnd
        };
        match phone.filter(takes) {
            Some(phone) => {
                let longest = self.site.ringing.forward_after;
                self.ring_phone(now, call, phone, longest);
            }
            None => self.give_up(now, call, Cause::Unreachable),
        }
    }

    /// A party that was rung did not come: it may be sent on, or called another way.
    pub(crate) fn unreached(
        &mut self,
        now: Instant,
        call: CallId,
        leg: LegId,
        who: &Who,
        cause: Cause,
        forward: Option<String>,
    ) {
        if let Some(Outside { ask, .. }) = self.asks.legs.remove(&leg) {
            let shown = (call, who.number.reveal().to_owned(), Number::default());
            self.asks.seeking.insert(ask, shown);
            return self.dialling.handle(now, dial::Input::Failed { ask, cause });
        }
        let Via::Phone(phone) = &who.via else { return self.give_up(now, call, cause) };
        let when = match cause {
            Cause::Busy => Some(ForwardWhen::Busy),
            Cause::NoAnswer | Cause::Unreachable => Some(ForwardWhen::NoAnswer),
            _ => None,
        };
        let set = || self.phones.setting(phone).forwards.remove(&when?);
        match forward.or_else(set) {
            Some(to) => self.forward(now, call, phone.clone(), &to, cause),
            None => self.give_up(now, call, cause),
        }
    }

    /// Says where a number leads.
    pub(crate) fn goal(&self, to: &str) -> Goal {
        let site = &self.site;
        if let Some(phone) = self.agents.phone_of(&AgentId::new(to)) {
            return Goal::Phone(phone.clone());
        }
        let phone = PhoneId::new(to);
        let of_agent = site.agents.values().any(|agent| agent.phone == phone);
        if of_agent || site.phones.contains_key(&phone) {
            return Goal::Phone(phone);
        }
        if site.parking.slots.iter().any(|slot| slot == to) {
            return Goal::Place(Place::Slot(to.to_owned()));
        }
        if site.codes.conference_factory == to {
            return Goal::Place(Place::Conference);
        }
        let queue = QueueId::new(to);
        if let Some(rules) = site.queues.get(&queue) {
            let music = rules.music.clone();
            return Goal::Place(Place::Queue { queue, music });
        }
        if site.flow.nodes.contains_key(&to.into()) {
            return Goal::Place(Place::Menu(to.into()));
        }
        let entries = site.ports.values().map(|port| &port.entry);
        let mut entries = entries.chain(site.trunks.values().map(|trunk| &trunk.entry));
        match entries.find_map(|entry| entry.by_number.get(to)) {
            Some(node) => Goal::Place(Place::Menu(node.clone())),
            None => Goal::Outside,
        }
    }

    fn reach(&mut self, now: Instant, call: CallId, to: &str) {
        // An emergency number is one, whoever or whatever else has it.
        if self.is_emergency(to) {
            return self.reach_outside(now, call, to);
        }
        match self.goal(to) {
            Goal::Phone(phone) => self.reach_phone(now, call, phone),
            Goal::Place(Place::Slot(slot)) if self.parked_in(&slot).is_some() => {
                self.give_up(now, call, Cause::Busy);
            }
            Goal::Place(to) => {
                self.searches.remove(&call);
                self.calls.handle(now, call::Input::Send { call, to });
            }
            Goal::Outside => self.reach_outside(now, call, to),
        }
    }

    fn reach_phone(&mut self, now: Instant, call: CallId, phone: PhoneId) {
        let setting = self.phones.setting(&phone);
        let sent = |when| setting.forwards.get(&when).cloned();
        if let Some(to) = sent(ForwardWhen::Always) {
            return self.forward(now, call, phone, &to, Cause::Busy);
        }
        self.tried(call, &phone);
        if setting.dnd {
            return self.give_up(now, call, Cause::Busy);
        }
        if !self.phones.up.contains(&phone) {
            return match sent(ForwardWhen::NoAnswer) {
                Some(to) => self.forward(now, call, phone, &to, Cause::Unreachable),
                None => self.give_up(now, call, Cause::Unreachable),
            };
        }
        let legs = self.phones.legs(&phone).count();
        let own = self.phones.legs(&phone).any(|leg| self.calls.call_of(leg) == Some(call));
        let takes = if setting.call_waiting { CALLS_PER_PHONE_MAX } else { 1 };
        // Only a phone that talks has calls wait: not one that rings or says a code.
        let talks = self.phones.legs(&phone).all(|leg| self.talks(leg));
        if own || legs >= takes || !talks {
            return match sent(ForwardWhen::Busy) {
                Some(to) if !own => self.forward(now, call, phone, &to, Cause::Busy),
                _ => self.give_up(now, call, Cause::Busy),
            };
        }
        let longest = self.rings_for(&setting);
        self.ring_phone(now, call, phone, longest);
    }

    fn ring_phone(
        &mut self,
        now: Instant,
        call: CallId,
        phone: PhoneId,
        longest: std::time::Duration,
    ) {
        let Some(how) = self.called_how(call, &phone) else { return };
        let who = self.who(&phone);
        self.calls.handle(now, call::Input::Ring { call, who, how, longest });
    }

    /// A phone sends the call on; in a circle nobody is to be had.
    fn forward(&mut self, now: Instant, call: CallId, phone: PhoneId, to: &str, cause: Cause) {
        let by = self.who(&phone);
        let search = self.searches.entry(call);
        let search = search.or_insert_with(|| Search { by: by.clone(), hops: Vec::new() });
        if search.hops.contains(&phone) || search.hops.len() >= HOPS_MAX {
            self.counters.forwards_cut += 1;
            return self.give_up(now, call, cause);
        }
        search.hops.push(phone);
        search.by = by;
        self.reach(now, call, to);
    }

    pub(crate) fn give_up(&mut self, now: Instant, call: CallId, cause: Cause) {
        self.searches.remove(&call);
        self.calls.handle(now, call::Input::GiveUp { call, cause });
    }

    /// Tells whether a number is an emergency's.
    pub(crate) fn is_emergency(&self, number: &str) -> bool {
        self.dialling.plan().read(number).is_ok_and(|reading| reading.is_emergency())
    }

    fn reach_outside(&mut self, now: Instant, call: CallId, to: &str) {
        let Some(search) = self.searches.get(&call) else {
            return self.give_up(now, call, Cause::Failure);
        };
        let phone = match &search.by.via {
            Via::Phone(phone) => Some(phone.clone()),
            _ => None,
        };
        let agent = search.by.agent.clone();
        let role = match (&agent, &phone) {
            (Some(agent), _) => {
                self.site.agents.get(agent).and_then(|agent| agent.rights.role.clone())
            }
            (None, Some(phone)) => self.site.phones.get(phone).and_then(|one| one.role.clone()),
            (None, None) => None,
        };
        let sent_on = match search.hops.last() {
            Some(_) => self.calls.get(call).map(|call| call.number().clone()),
            None => None,
        };
        for (trunk, calls) in self.calls_in() {
            self.dialling.handle(now, dial::Input::Incoming { trunk, calls });
        }
        let who = dial::Who { agent, phone, role };
        self.asks.asked += 1;
        let ask = self.asks.asked;
        self.asks.seeking.insert(ask, (call, to.to_owned(), sent_on.unwrap_or_default()));
        let dialled = to.to_owned();
        self.dialling.handle(now, dial::Input::Asked { ask, call: Some(call), who, dialled });
    }

    /// The calls that came by each trunk, or by a port of it, and live: they hold it as calls out do.
    fn calls_in(&self) -> BTreeMap<TrunkId, u16> {
        let mut calls: BTreeMap<TrunkId, u16> =
            self.site.trunks.keys().map(|trunk| (trunk.clone(), 0)).collect();
        for call in self.calls.iter() {
            let trunk = match call.via() {
                Via::Trunk(trunk) => Some(trunk),
                Via::Port(port) => {
                    let mut trunks = self.site.trunks.iter();
                    trunks.find(|(_, trunk)| trunk.ports.contains(port)).map(|(id, _)| id)
                }
                Via::Phone(_) => None,
            };
            if let Some(count) = trunk.and_then(|trunk| calls.get_mut(trunk)) {
                *count = count.saturating_add(1);
            }
        }
        calls
    }

    /// What dialling says of a call out.
    pub(crate) fn dial_says(&mut self, now: Instant, output: dial::Output) {
        use dial::Output as Say;
        match output {
            Say::Route { ask, trunk, number, caller, .. } => {
                let Some((call, to, diverted)) = self.asks.seeking.remove(&ask) else {
                    return self.dialling.handle(now, dial::Input::Ended { ask });
                };
                let via = Via::Trunk(trunk.clone());
                let who = Who { via, number: Number::new(to), agent: None };
                let name = Default::default();
                let how = How::Trunk { trunk, number, caller, name, diverted };
                let longest = RING_OUTSIDE;
                self.calls.handle(now, call::Input::Ring { call, who, how, longest });
                let leg = self.calls.get(call).and_then(|call| call.rung()).map(|to| to.leg);
                match leg.filter(|leg| !self.asks.legs.contains_key(leg)) {
                    Some(leg) => {
                        let outside = Outside { ask, answered: false };
                        self.asks.legs.insert(leg, outside);
                    }
                    None => self.dialling.handle(now, dial::Input::Ended { ask }),
                }
            }
            Say::Refused { ask, why } => {
                if let Some((call, ..)) = self.asks.seeking.remove(&ask) {
                    self.give_up(now, call, why.cause());
                }
            }
            Say::Failed { ask, cause } => {
                if let Some((call, ..)) = self.asks.seeking.remove(&ask) {
                    self.give_up(now, call, cause);
                }
            }
            Say::Warn { ask } => self.warn(ask),
            Say::Cut { ask } => {
                if let Some(call) = self.leg_out(ask).and_then(|leg| self.calls.call_of(leg)) {
                    self.calls.handle(now, call::Input::Cut { call });
                }
            }
            Say::Fact(fact) => self.fact(now, fact),
        }
    }

    /// Tells who pays for a call out that its minutes end, and whoever is out there alone nothing.
    fn warn(&mut self, ask: u64) {
        let out = self.leg_out(ask);
        let call = out.and_then(|leg| self.calls.get(self.calls.call_of(leg)?));
        let Some(call) = call else { return };
        let legs = call.caller().into_iter().chain(call.talks().map(|talk| talk.leg));
        let ours: Vec<(LegId, PhoneId)> =
            legs.filter_map(|leg| Some((leg, self.phones.of(leg)?.clone()))).collect();
        for (leg, phone) in ours {
            let clip = Clip::new(self.lang_of(&phone), "call.minute-left");
            self.play(leg, Player::Aside, vec![clip], false);
        }
    }

    /// The leg of a call out.
    fn leg_out(&self, ask: u64) -> Option<LegId> {
        self.asks.legs.iter().find(|(_, outside)| outside.ask == ask).map(|(leg, _)| *leg)
    }

    /// The far side of a call out answered.
    pub(crate) fn outside_answered(&mut self, now: Instant, leg: LegId) {
        if let Some(outside) = self.asks.legs.get_mut(&leg)
            && !std::mem::replace(&mut outside.answered, true)
        {
            self.dialling.handle(now, dial::Input::Answered { ask: outside.ask });
        }
    }

    /// The leg of a call out is hung up or gone.
    pub(crate) fn outside_ended(&mut self, now: Instant, leg: LegId) {
        if let Some(Outside { ask, .. }) = self.asks.legs.remove(&leg) {
            self.dialling.handle(now, dial::Input::Ended { ask });
        }
    }

    /// Who is at a phone.
    pub(crate) fn who(&self, phone: &PhoneId) -> Who {
        let agent = self.sitter(phone).cloned();
        let own = agent.as_ref().map_or(phone.as_str(), AgentId::as_str);
        Who { via: Via::Phone(phone.clone()), number: Number::new(own), agent }
    }

    /// Tells whether a leg is in a talk.
    pub(crate) fn talks(&self, leg: LegId) -> bool {
        let call = self.calls.call_of(leg).and_then(|call| self.calls.get(call));
        call.is_some_and(|call| {
            call.talk_of(leg).is_some()
                || (call.caller() == Some(leg) && call.talks().next().is_some())
        })
    }

    /// The call that is parked in a slot.
    pub(crate) fn parked_in(&self, slot: &str) -> Option<CallId> {
        self.calls.iter().find(|call| call.slot() == Some(slot)).map(|call| call.id())
    }
}
