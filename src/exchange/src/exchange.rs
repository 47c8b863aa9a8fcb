//! The exchange itself: one turn an input, and what a screen may see.

use crate::io::{Config, Input, Output};
use crate::keys::Keys;
use crate::lamps::Shown;
use crate::owed::Waiting;
use crate::phones::Phones;
use crate::plays::Plays;
use crate::reach::{Asks, Search};
use crate::seats::Seats;
use crate::service::{Services, Stage};
use crate::supervision::Supervision;
use crate::view::{AgentView, CallView, Counters, LegView, QueueView};
use agent::Agents;
use call::Calls;
use ivr::Ivr;
use model::fact::{AgentState, Who};
use model::site::Site;
use model::time::Anchor;
use model::{AgentId, CallId, Cause, Fact, Instant, LegEvent, LegId, Order, PhoneId};
use queue::Queues;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Most steps of one turn: each call may pass all its visits in it, and then some. More is an error
/// of the program, and better stopped than run for ever.
const STEPS_MAX: u32 = 10_000_000;

/// Longest time in a slot where the site says nothing.
const PARK: Duration = Duration::from_secs(120);

/// The exchange of the box.
#[derive(Debug)]
pub struct Exchange {
    pub(crate) site: Arc<Site>,
    pub(crate) anchor: Anchor,
    pub(crate) calls: Calls,
    pub(crate) ivr: Ivr,
    pub(crate) queues: Queues,
    pub(crate) agents: Agents,
    pub(crate) dialling: dial::Dialling,
    pub(crate) asks: Asks,
    pub(crate) searches: BTreeMap<CallId, Search>,
    pub(crate) keys: BTreeMap<LegId, Keys>,
    /// The leg that parks this very moment, and where.
    pub(crate) parks_in: Option<(LegId, String)>,
    pub(crate) services: Services,
    pub(crate) phones: Phones,
    pub(crate) shown: Shown,
    pub(crate) waiting: Waiting,
    pub(crate) slots_dirty: BTreeSet<String>,
    pub(crate) seats: Seats,
    pub(crate) plays: Plays,
    pub(crate) supervision: Supervision,
    pub(crate) draining: bool,
    drained: bool,
    pub(crate) counters: Counters,
    pub(crate) out: VecDeque<Output>,
}

impl Exchange {
    /// Makes an exchange without calls, all phones down. No stage rolls dice so far, so every seed
    /// gives the same exchange.
    pub fn new(_seed: u64, now: Instant, config: Config) -> Self {
        let Config { site, anchor, next_call, agents, seats, phones, owed, spent } = config;
        let dial = dial::Config { site: Arc::clone(&site), anchor, spent };
        let mut exchange = Self {
            calls: Calls::new(now, anchor, next_call, rules(&site)),
            ivr: Ivr::new(now, anchor, Arc::clone(&site)),
            queues: Queues::new(now, Arc::clone(&site)),
            agents: Agents::new(now, anchor.wall(now), Arc::clone(&site), &agents),
            dialling: dial::Dialling::new(now, dial),
            asks: Asks::default(),
            searches: BTreeMap::new(),
            keys: BTreeMap::new(),
            parks_in: None,
            services: Services::default(),
            phones: Phones::default(),
            shown: Shown::default(),
            waiting: Waiting::restored(&site, owed),
            slots_dirty: BTreeSet::new(),
            seats: Seats::default(),
            plays: Plays::default(),
            supervision: Supervision::default(),
            draining: false,
            drained: false,
            counters: Counters::default(),
            out: VecDeque::new(),
            site,
            anchor,
        };
        exchange.agents.restore_seats(&seats);
        for (phone, setting) in phones {
            exchange.phones.settings.insert(phone.clone(), setting);
            exchange.phones.dirty.insert(phone.clone());
            exchange.bar(now, &phone);
        }
        exchange.keep_owed();
        exchange.settle(now);
        exchange.show();
        exchange
    }

    /// Takes an input and does everything that follows from it at this moment.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Leg { leg, event } => self.leg(now, leg, event),
            Input::Phone { phone, up } => self.phone(now, phone, up),
            Input::PortAlarm { port, alarm, raised } => {
                self.fact(now, Fact::PortAlarm { port, alarm, raised });
            }
            Input::Drain => {
                self.draining = true;
                self.dialling.handle(now, dial::Input::Drain);
                self.calls.handle(now, call::Input::Drain);
            }
            Input::RecordAnew { recording } => {
                self.calls.handle(now, call::Input::RecordAnew { recording });
            }
            Input::Feature { phone, wish } => self.wished(now, &phone, wish),
            Input::WrongPin { phone, agent } => {
                self.agents.handle(now, agent::Input::WrongPin { phone, agent });
            }
            Input::TrunkHealth { trunk, up, why } => {
                self.dialling.handle(now, dial::Input::TrunkHealth { trunk, up, why });
            }
            Input::Site(site) => self.apply(now, site),
        }
        self.settle(now);
        self.mind_supervision(now);
        self.show();
    }

    /// Fires every timer that is due, stage by stage.
    pub fn tick(&mut self, now: Instant) {
        self.calls.tick(now);
        self.settle(now);
        self.ivr.tick(now);
        self.settle(now);
        self.queues.tick(now);
        self.settle(now);
        self.agents.tick(now);
        self.settle(now);
        self.dialling.tick(now);
        self.settle(now);
        while let Some((leg, service)) = self.services.overdue(now) {
            match service.stage {
                Stage::Closing => {
                    self.counters.legs_lost += 1;
                    self.service_gone(now, leg);
                }
                _ => self.close_service(now, leg),
            }
            self.settle(now);
        }
        self.keys_tick(now);
        self.mind_supervision(now);
        self.show();
    }

    /// Gives the next thing that is to be done or written down.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// The next moment `tick` is wanted, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let services = self.services.deadline().map(|at| (at, "longest service leg"));
        [
            self.calls.deadline(),
            self.ivr.deadline(),
            self.queues.deadline(),
            self.agents.deadline(),
            self.dialling.deadline(),
            services,
            self.keys_deadline().map(|at| (at, "pause after keys")),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// The live calls, the oldest first.
    pub fn calls(&self) -> impl Iterator<Item = CallView> {
        self.calls.iter().map(|call| CallView {
            call: call.id(),
            via: call.via().clone(),
            caller: call.number().clone(),
            inside: matches!(call.side().via, model::Via::Phone(_)),
            lang: call.lang(),
            state: call.key(),
            menu: self.ivr.at(call.visit()).cloned(),
            queue: call.queue().cloned(),
            agent: call.agent().cloned(),
            party: call.party().cloned(),
            slot: call.slot().map(str::to_owned),
            leg: call.caller(),
            since: call.since(),
            started: call.started(),
            marks: call.marks(),
            recording: call.recording(),
        })
    }

    /// Whose a leg is, while its call lives and it is not one that merely rings.
    pub fn whose(&self, leg: LegId) -> Option<LegView> {
        let call = self.calls.get(self.calls.call_of(leg)?)?;
        let who = match call.caller() == Some(leg) {
            true => call.side(),
            false => &call.talk_of(leg)?.who,
        };
        Some(LegView { call: call.id(), via: who.via.clone(), agent: who.agent.clone() })
    }

    /// Another leg of a leg's call, or the one it supervises: who is near it is likely to hear it.
    pub fn beside(&self, leg: LegId) -> Option<LegId> {
        let supervised = self.supervision.of_whom(leg);
        supervised.or_else(|| {
            let call = self.calls.get(self.calls.call_of(leg)?)?;
            let legs = call.caller().into_iter().chain(call.talks().map(|talk| talk.leg));
            legs.into_iter().find(|other| *other != leg)
        })
    }

    /// The agent in whose talk a leg is, as a supervisor's.
    pub fn supervised_by(&self, leg: LegId) -> Option<&AgentId> {
        self.supervision.agent_of(leg)
    }

    /// Who is at a phone, where whoever that is may hear recordings.
    pub fn hears_recordings(&self, phone: &PhoneId) -> Option<Who> {
        self.role_at(phone).filter(|role| role.hears_recordings).map(|_| self.who(phone))
    }

    /// How many calls live.
    pub fn live_calls(&self) -> usize {
        self.calls.len()
    }

    /// The queues of the site as they are at `now`.
    pub fn queues(&self, now: Instant) -> impl Iterator<Item = QueueView> {
        self.site.queues.iter().map(move |(id, queue)| {
            let (mut waiting, mut offered, mut first) = (0, 0, None);
            for caller in self.queues.waiting(id) {
                waiting += 1;
                offered += usize::from(caller.offered.is_some());
                first = Some(first.map_or(caller.since, |first| caller.since.min(first)));
            }
            let longest = first.map_or(0, |first| now.since(first).as_millis());
            QueueView {
                id: id.clone(),
                name: queue.name.clone(),
                waiting,
                longest_wait_ms: u64::try_from(longest).unwrap_or(u64::MAX),
                agents_free: self.queues.free(id),
                offered,
                service_level: queue.service_level,
                unserved: waiting > 0 && !self.is_served(queue),
            }
        })
    }

    /// The agents of the site.
    pub fn agents(&self) -> impl Iterator<Item = AgentView> {
        self.site.agents.iter().map(|(id, agent)| {
            let state = self.agents.state(id).cloned().unwrap_or(AgentState::LoggedOut);
            let call = match &state {
                AgentState::Ringing { visit }
                | AgentState::Talking { visit }
                | AgentState::WrapUp { visit } => Some(visit.call),
                AgentState::LoggedOut | AgentState::NotReady { .. } | AgentState::Ready => None,
            };
            let phone = self.agents.phone_of(id).unwrap_or(&agent.phone).clone();
            let setting = self.phones.setting(&phone);
            AgentView {
                id: id.clone(),
                supervised: self.supervision.of_agent(id),
                dnd: setting.dnd,
                forwarded: !setting.forwards.is_empty(),
                name: agent.name.clone(),
                since: self.agents.since(id).unwrap_or_default(),
                phone_up: self.phones.up.contains(&phone),
                phone,
                state,
                call,
            }
        })
    }

    /// What met a limit or was ignored since the start.
    pub fn counters(&self) -> Counters {
        let calls = self.calls.counters();
        let (flows, queues) = (self.ivr.counters(), self.queues.counters());
        let (agents, dialling) = (self.agents.counters(), self.dialling.counters());
        Counters {
            calls_refused: calls.refused,
            calls_too_long: calls.too_long,
            visits_exhausted: calls.visits_exhausted,
            legs_lost: self.counters.legs_lost + calls.legs_lost,
            reconnected: calls.reconnected,
            transfers_failed: calls.transfers_failed,
            parked_too_long: calls.parked_too_long,
            wishes_refused: self.counters.wishes_refused + calls.wishes_refused,
            wrong_pins: agents.wrong_pins,
            calls_barred: dialling.barred,
            failovers: dialling.failovers,
            queues_full: queues.full,
            flows_cut: flows.visits_cut + flows.visits_refused,
            plays_lost: flows.plays_lost,
            agents_unanswering: agents.no_answer,
            codes_unknown: agents.unknown_codes + self.counters.codes_unknown,
            strays: queues.stray + agents.stray + dialling.stray,
            ..self.counters
        }
    }

    /// Tells whether nothing is left in any stage: no call, no leg, no caller in a flow or queue,
    /// no play that somebody waits for.
    pub fn is_idle(&self) -> bool {
        let nobody_waits = self.site.queues.keys().all(|id| self.queues.waiting(id).count() == 0);
        nobody_waits
            && self.calls.is_empty()
            && self.ivr.is_empty()
            && self.services.is_empty()
            && self.supervision.is_empty()
            && self.plays.is_empty()
            && self.phones.is_empty()
            && self.dialling.is_empty()
            && self.asks.seeking.is_empty()
            && self.asks.legs.is_empty()
            && self.keys.is_empty()
            && self.searches.is_empty()
            && self.waiting.is_idle()
    }

    /// Tells whether somebody who is logged in has all skills a queue asks for.
    fn is_served(&self, queue: &model::site::Queue) -> bool {
        self.site.agents.iter().any(|(id, agent)| {
            let there = self.agents.state(id).is_some_and(|state| *state != AgentState::LoggedOut);
            there && queue.skills.iter().all(|skill| agent.skills.contains_key(skill))
        })
    }

    fn leg(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        self.phones.touch(leg);
        match event {
            LegEvent::Arrived { via, caller, name, dialled, .. } => {
                self.arrived(now, leg, via, caller, name, dialled);
            }
            LegEvent::ArrivedInPlace { via, old } => self.arrived_in_place(now, leg, via, old),
            LegEvent::Played(play) => self.played(now, leg, play),
            event if self.supervision.contains(leg) => self.supervisor_event(now, leg, event),
            event if self.services.contains(leg) => self.service_event(now, leg, event),
            event if self.calls.call_of(leg).is_some() => self.call_event(now, leg, event),
            // The end of a leg that was refused comes when nobody knows it any more.
            LegEvent::Gone(_) => {}
            _ => self.counters.events_ignored += 1,
        }
    }

    fn call_event(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        match &event {
            LegEvent::Gone(_) => {
                self.plays.stop(leg);
                self.leg_left(now, leg);
            }
            LegEvent::Answered => self.outside_answered(now, leg),
            LegEvent::Digit(digit) if self.phones.of(leg).is_some() && self.talks(leg) => {
                return self.key(now, leg, *digit);
            }
            LegEvent::TransferAsked { .. } | LegEvent::JoinAsked { .. } => {
                return self.asked(now, leg, event);
            }
            _ => {}
        }
        let over = matches!(event, LegEvent::Gone(_));
        self.calls.handle(now, call::Input::Leg { leg, event });
        if over {
            // Whoever sought another way for it has by now.
            self.settle(now);
            self.outside_ended(now, leg);
        } else if self.calls.call_of(leg).is_none() {
            // A phone sent the call on by itself.
            self.leg_left(now, leg);
        }
    }

    fn phone(&mut self, now: Instant, phone: PhoneId, up: bool) {
        let changed = match up {
            true => self.phones.up.insert(phone.clone()),
            false => self.phones.up.remove(&phone),
        };
        if !changed {
            return;
        }
        self.phones.dirty.insert(phone.clone());
        if up {
            self.fact(now, Fact::PhoneRegistered { phone: phone.clone() });
            self.agents.handle(now, agent::Input::PhoneUp { phone });
        } else {
            self.fact(now, Fact::PhoneGone { phone: phone.clone() });
            self.agents.handle(now, agent::Input::PhoneDown { phone });
        }
    }

    fn apply(&mut self, now: Instant, site: Arc<Site>) {
        self.site = Arc::clone(&site);
        self.calls.handle(now, call::Input::Rules(rules(&site)));
        self.dialling.handle(now, dial::Input::Site(Arc::clone(&site)));
        self.ivr.apply(Arc::clone(&site));
        self.queues.handle(now, queue::Input::Site(Arc::clone(&site)));
        self.agents.handle(now, agent::Input::Site(site));
        self.keep_owed();
        self.review_supervisors(now);
    }

    /// Carries what the stages say to each other until none has anything to say. The queues go
    /// first and the calls last, so that a stage's facts stand before the order of a call that
    /// acknowledges them.
    pub(crate) fn settle(&mut self, now: Instant) {
        for _ in 0..STEPS_MAX {
            if let Some(output) = self.queues.poll() {
                self.queue_says(now, output);
            } else if let Some(output) = self.agents.poll() {
                self.agent_says(now, output);
            } else if let Some(output) = self.dialling.poll() {
                self.dial_says(now, output);
            } else if let Some(output) = self.ivr.poll() {
                self.ivr_says(now, output);
            } else if let Some(output) = self.calls.poll() {
                self.call_says(now, output);
            } else {
                self.drained();
                return;
            }
        }
        panic!("a turn came to no end in {STEPS_MAX} steps");
    }

    fn drained(&mut self) {
        let done = self.calls.is_empty() && self.services.is_empty() && self.supervision.is_empty();
        if self.draining && done && !self.drained {
            self.drained = true;
            self.out.push_back(Output::Drained);
        }
    }

    pub(crate) fn fact(&mut self, now: Instant, fact: Fact) {
        let meant = crate::owed::is_meant(&fact).then(|| fact.clone());
        self.out.push_back(Output::Fact(self.anchor.wall(now), fact));
        // What follows from a fact is told after it.
        if let Some(fact) = meant {
            self.noted_owed(now, &fact);
        }
    }

    pub(crate) fn order(&mut self, order: Order) {
        self.out.push_back(Output::Order(order));
    }

    pub(crate) fn refuse(&mut self, leg: LegId, cause: Cause) {
        self.order(Order::Refuse { leg, cause });
    }
}

/// What calls keep of a site.
fn rules(site: &Site) -> call::Rules {
    call::Rules {
        limits: site.limits.clone(),
        music: crate::stages::MUSIC.into(),
        to_agent: site.flow.to_agent.clone(),
        park: if site.parking.longest.is_zero() { PARK } else { site.parking.longest },
    }
}
