//! All calls of the box: finds the one an input is about and drops those that are over.

use crate::io::{Input, Output};
use crate::shared::{Counters, Shared};
use crate::state::{Call, State};
use crate::timers::Kind;
use crate::{DRAIN_TALK_MAX, DRAINING, LOST_AFTER};
use model::fact::Party;
use model::site::{Lang, Limits, Marks};
use model::time::Anchor;
use model::{
    CallId, Cause, Fact, Instant, LegEvent, LegId, MenuId, Number, Order, PersonName, Via, VisitId,
};
use std::collections::{BTreeMap, BTreeSet};

/// The calls of the box.
#[derive(Debug)]
pub struct Calls {
    shared: Shared,
    calls: BTreeMap<CallId, Call>,
    next_call: u64,
    /// When those who still talk while the box drains are told.
    drain_at: Option<Instant>,
}

/// A leg that rings at the box.
struct Arrival {
    leg: LegId,
    via: Via,
    caller: Number,
    name: PersonName,
    dialled: String,
    vip: bool,
    node: MenuId,
    lang: Lang,
}

impl Calls {
    /// Starts without a call; the first is given the number `next_call`.
    pub fn new(_now: Instant, anchor: Anchor, next_call: u64, limits: Limits) -> Self {
        Self {
            shared: Shared::new(anchor, limits),
            calls: BTreeMap::new(),
            next_call,
            drain_at: None,
        }
    }

    /// Takes an input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Arrived { leg, via, caller, name, dialled, vip, node, lang } => {
                let arrival = Arrival { leg, via, caller, name, dialled, vip, node, lang };
                self.arrived(now, arrival);
            }
            Input::Leg { leg, event } => self.leg(now, leg, event),
            Input::Played { leg, play } => {
                let call = self.shared.legs.get(&leg).copied();
                self.with(now, call, |call, shared| call.last_words_said(now, leg, play, shared));
            }
            Input::ToQueue { visit, queue, music, complaint, lang } => {
                self.with_visit(now, visit, |call, shared| {
                    call.sent_to_queue(now, queue, music, complaint, lang, shared);
                });
            }
            Input::FlowEnded { visit, cause } => {
                self.with_visit(now, visit, |call, shared| call.flow_ended(now, cause, shared));
            }
            Input::Offer { visit, agent, phone } => {
                self.with_visit(now, visit, |call, shared| call.offer(now, agent, phone, shared));
            }
            Input::Withdraw { visit, agent, cause } => {
                self.with_visit(now, visit, |call, shared| {
                    call.withdraw(now, &agent, cause, shared)
                });
            }
            Input::Refused { visit } => {
                self.with_visit(now, visit, |call, shared| call.refused(now, shared));
            }
            Input::Overflow { visit, to } => {
                self.with_visit(now, visit, |call, shared| call.overflow(now, to, shared));
            }
            Input::Limits(limits) => self.shared.limits = limits,
            Input::Drain => self.drain(now),
        }
    }

    /// Fires every timer that is due.
    pub fn tick(&mut self, now: Instant) {
        while let Some((id, kind)) = self.shared.timers.pop(now) {
            self.with(now, Some(id), |call, shared| match kind {
                Kind::Answer => call.not_answered(now, shared),
                Kind::Length => call.too_long(now, shared),
                Kind::Part => call.next_part(now, shared),
                Kind::Told => call.told_long_enough(now, shared),
                Kind::Lost(leg) => call.leg_lost(now, leg, shared),
            });
        }
        if self.drain_at.is_some_and(|at| at <= now) {
            self.drain_at = None;
            self.with_each(now, |call, shared| call.tell(now, DRAINING, Cause::Congestion, shared));
        }
    }

    /// Gives the next thing that is to be done.
    pub fn poll(&mut self) -> Option<Output> {
        self.shared.out.pop_front()
    }

    /// The next moment `tick` is wanted, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let timer = self.shared.timers.next().map(|(at, kind)| (at, kind.why()));
        let drain = self.drain_at.map(|at| (at, "longest talk while draining"));
        timer.into_iter().chain(drain).min_by_key(|(at, _)| *at)
    }

    /// The call a leg belongs to.
    pub fn call_of(&self, leg: LegId) -> Option<CallId> {
        self.shared.legs.get(&leg).copied()
    }

    /// A live call.
    pub fn get(&self, call: CallId) -> Option<&Call> {
        self.calls.get(&call)
    }

    /// The live calls, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// How many calls live.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Tells whether nothing is left: no call, no leg, no timer.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.shared.legs.is_empty() && self.shared.timers.is_empty()
    }

    /// What met a limit since the start.
    pub fn counters(&self) -> Counters {
        self.shared.counters
    }

    /// Opens a call, or refuses it at the most calls there may be or while the box drains.
    fn arrived(&mut self, now: Instant, arrival: Arrival) {
        let Arrival { leg, via, caller, name, dialled, vip, node, lang } = arrival;
        if self.shared.legs.contains_key(&leg) {
            return;
        }
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.shared.fact(Fact::CallArrived {
            call: id,
            via: via.clone(),
            caller: caller.clone(),
            name: name.clone(),
            dialled,
            vip,
        });
        if self.shared.draining || self.calls.len() >= usize::from(self.shared.limits.calls_max) {
            let cause = Cause::Congestion;
            self.shared.counters.refused += 1;
            self.shared.fact(Fact::CallRefused { call: id, cause });
            self.shared.order(Order::Refuse { leg, cause });
            self.shared.fact(Fact::CallEnded { call: id, by: Party::Box, cause });
            self.shared.say(Output::Closed { call: id });
            return;
        }
        self.shared.legs.insert(leg, id);
        self.shared.timers.set(id, Kind::Answer, now + LOST_AFTER);
        self.shared.order(Order::Answer { leg });
        let call = Call {
            id,
            via,
            number: caller,
            name,
            lang,
            marks: Marks { vip, ..Marks::default() },
            started: now,
            state: State::Answering { node },
            since: now,
            caller: Some(leg),
            closing: BTreeSet::new(),
            visits: 0,
            visiting: false,
            music: None,
            recording: None,
            parts: 0,
            recorded_to: None,
            ended: None,
        };
        let before = self.calls.insert(id, call);
        assert!(before.is_none(), "call {id} was opened twice");
    }

    fn leg(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        let call = self.shared.legs.get(&leg).copied();
        self.with(now, call, |call, shared| match event {
            LegEvent::Answered if call.caller == Some(leg) => call.answered(now, shared),
            LegEvent::Answered => call.agent_answered(now, leg, shared),
            LegEvent::Digit(digit) if call.caller == Some(leg) => call.digit(digit, shared),
            LegEvent::Held => call.held(now, leg, true, shared),
            LegEvent::Resumed => call.held(now, leg, false, shared),
            LegEvent::Gone(cause) => call.leg_gone(now, leg, cause, shared),
            LegEvent::Arrived { .. }
            | LegEvent::ArrivedInPlace { .. }
            | LegEvent::EarlyMedia
            | LegEvent::TransferAsked { .. }
            | LegEvent::JoinAsked { .. }
            | LegEvent::ForwardAsked { .. }
            | LegEvent::Ringing
            | LegEvent::Digit(_)
            | LegEvent::Played(_) => {}
        });
    }

    fn drain(&mut self, now: Instant) {
        if self.shared.draining {
            return;
        }
        self.shared.draining = true;
        self.drain_at = Some(now + DRAIN_TALK_MAX);
        self.with_each(now, |call, shared| match call.state {
            State::InMenu | State::Waiting { .. } | State::Offered { .. } => {
                call.tell(now, DRAINING, Cause::Congestion, shared);
            }
            // Answered soon, and told then.
            State::Answering { .. } => {}
            State::Talking(_) | State::Parting { .. } | State::Ending => {}
        });
    }

    /// Does something to the call whose current visit this is.
    fn with_visit(
        &mut self,
        now: Instant,
        visit: VisitId,
        act: impl FnOnce(&mut Call, &mut Shared),
    ) {
        self.with(now, Some(visit.call), |call, shared| {
            if call.visiting && call.visit() == visit {
                act(call, shared);
            }
        });
    }

    fn with_each(&mut self, now: Instant, mut act: impl FnMut(&mut Call, &mut Shared)) {
        let all: Vec<CallId> = self.calls.keys().copied().collect();
        for id in all {
            self.with(now, Some(id), &mut act);
        }
    }

    /// Does something to a call and drops it if it is over by that.
    fn with(&mut self, now: Instant, id: Option<CallId>, act: impl FnOnce(&mut Call, &mut Shared)) {
        let Some(call) = id.and_then(|id| self.calls.get_mut(&id)) else { return };
        act(call, &mut self.shared);
        if call.is_over() {
            call.close(now, &mut self.shared);
            let id = call.id;
            self.calls.remove(&id);
        }
    }
}
