//! All calls of the box: finds the one an input is about and drops those that are over.

use crate::io::{Input, Output, Rules, Wish};
use crate::shared::{Counters, Shared};
use crate::state::{Call, State, Then};
use crate::timers::Kind;
use crate::{DRAIN_TALK_MAX, DRAINING, GOODBYE, LOST_AFTER};
use model::fact::{Party, Who};
use model::site::{Lang, Marks};
use model::time::Anchor;
use model::{
    CallId, Cause, Fact, Instant, LegEvent, LegId, MenuId, Order, PersonName, Via, VisitId,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The calls of the box.
#[derive(Debug)]
pub struct Calls {
    pub(crate) shared: Shared,
    pub(crate) calls: BTreeMap<CallId, Call>,
    next_call: u64,
    /// When those who still talk while the box drains are told.
    drain_at: Option<Instant>,
}

/// A leg that rings at the box.
struct Arrival {
    leg: LegId,
    who: Who,
    name: PersonName,
    dialled: String,
    lang: Lang,
    vip: bool,
    emergency: bool,
    /// Where a call from a line begins; a phone's is sought.
    node: Option<MenuId>,
}

impl Calls {
    /// Starts without a call; the first is given the number `next_call`.
    pub fn new(_now: Instant, anchor: Anchor, next_call: u64, rules: Rules) -> Self {
        Self {
            shared: Shared::new(anchor, rules),
            calls: BTreeMap::new(),
            next_call,
            drain_at: None,
        }
    }

    /// Takes an input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Arrived { leg, via, caller, name, dialled, vip, node, lang } => {
                let who = Who { via, number: caller, agent: None };
                let (node, emergency) = (Some(node), false);
                self.arrived(now, Arrival { leg, who, name, dialled, lang, vip, emergency, node });
            }
            Input::Dialled { leg, who, name, dialled, lang, emergency } => {
                let (node, vip) = (None, false);
                self.arrived(now, Arrival { leg, who, name, dialled, lang, vip, emergency, node });
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
            Input::Offer { visit, agent, how } => {
                self.with_visit(now, visit, |call, shared| call.offer(now, agent, how, shared));
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
            Input::Ring { call, who, how, longest } => {
                self.with(now, Some(call), |call, shared| {
                    call.ring(now, who, how, longest, shared)
                });
            }
            Input::Send { call, to } => {
                self.with(now, Some(call), |call, shared| call.send(now, to, shared));
            }
            Input::GiveUp { call, cause } => {
                self.with(now, Some(call), |call, shared| call.give_up(now, cause, shared));
            }
            Input::Cut { call } => {
                self.with(now, Some(call), |call, shared| {
                    call.tell(now, GOODBYE, Cause::Forbidden, shared);
                });
            }
            Input::RecordAnew { recording } => {
                self.with(now, Some(recording.call), |call, shared| {
                    if call.recording() == Some(recording) {
                        call.next_part(now, shared);
                    }
                });
            }
            Input::Wish { leg, wish } => {
                let call = self.shared.legs.get(&leg).copied();
                self.with(now, call, |call, shared| call.wish(now, leg, wish, shared));
            }
            Input::Join { leg, other, conference } => self.join(now, leg, other, conference),
            Input::Park { leg, slot, kept } => {
                let call = self.shared.legs.get(&leg).copied();
                self.with(now, call, |call, shared| call.park(now, leg, slot, kept, shared));
            }
            Input::Attach { call, leg, who, old } => {
                if !self.shared.legs.contains_key(&leg) {
                    self.with(now, Some(call), |call, shared| {
                        call.attach(now, leg, who, old, shared);
                    });
                }
            }
            Input::TakeOver { call, leg, who, old } => {
                if !self.shared.legs.contains_key(&leg) {
                    self.with(now, Some(call), |call, shared| {
                        call.taken_over(now, leg, who, old, shared);
                    });
                }
            }
            Input::Rules(rules) => self.shared.rules = rules,
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
                Kind::Ring => call.rung_long_enough(now, shared),
                Kind::Park => call.parked_too_long(now, shared),
                Kind::Attach => call.not_attached(now, shared),
                Kind::Lost(leg) => call.leg_lost(now, leg, shared),
            });
        }
        if self.drain_at.is_some_and(|at| at <= now) {
            self.drain_at = None;
            self.with_each(now, |call, shared| {
                if !call.emergency {
                    call.tell(now, DRAINING, Cause::Congestion, shared);
                }
            });
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

    /// Opens a call, or refuses it at the most calls there may be or while the box drains. An
    /// emergency call is never refused here: legs are bounded where they come from.
    fn arrived(&mut self, now: Instant, arrival: Arrival) {
        let Arrival { leg, who, name, dialled, lang, vip, emergency, node } = arrival;
        if self.shared.legs.contains_key(&leg) {
            return;
        }
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.shared.fact(Fact::CallArrived {
            call: id,
            via: who.via.clone(),
            caller: who.number.clone(),
            name: name.clone(),
            dialled: dialled.clone(),
            vip,
        });
        let full = self.calls.len() >= usize::from(self.shared.rules.limits.calls_max);
        if (self.shared.draining || full) && !emergency {
            let cause = Cause::Congestion;
            self.shared.counters.refused += 1;
            self.shared.fact(Fact::CallRefused { call: id, cause });
            self.shared.order(Order::Refuse { leg, cause });
            self.shared.fact(Fact::CallEnded { call: id, by: Party::Box, cause });
            self.shared.say(Output::Closed { call: id });
            return;
        }
        self.shared.legs.insert(leg, id);
        let calling = State::Calling { to: None, back: VecDeque::new() };
        let call = Call {
            id,
            via: who.via.clone(),
            side: who,
            name,
            lang,
            marks: Marks { vip, ..Marks::default() },
            emergency,
            started: now,
            state: calling,
            since: now,
            caller: Some(leg),
            unanswered: Some(leg),
            alerted: false,
            engaged: false,
            holds: false,
            told_held: false,
            joining: None,
            closing: BTreeSet::new(),
            visits: 0,
            visiting: false,
            queue: None,
            music: None,
            recording: None,
            parts: 0,
            recorded_to: None,
            ended: None,
        };
        let before = self.calls.insert(id, call);
        assert!(before.is_none(), "call {id} was opened twice");
        self.with(now, Some(id), |call, shared| match node {
            Some(node) => call.answer(now, Then::Menu(node), shared),
            None => call.dialled(now, dialled, shared),
        });
    }

    fn leg(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        let call = self.shared.legs.get(&leg).copied();
        self.with(now, call, |call, shared| match event {
            LegEvent::Answered if call.caller == Some(leg) => call.answered(now, shared),
            LegEvent::Answered => call.far_answered(now, leg, shared),
            LegEvent::Digit(digit) if call.caller == Some(leg) => call.digit(digit, shared),
            LegEvent::Held => call.held(now, leg, true, shared),
            LegEvent::Resumed => call.held(now, leg, false, shared),
            LegEvent::Gone(cause) => call.leg_gone(now, leg, cause, shared),
            LegEvent::Ringing => call.far_rings(leg, shared),
            LegEvent::EarlyMedia => call.far_sounds(leg, shared),
            LegEvent::TransferAsked { to } => call.wish(now, leg, Wish::Transfer { to }, shared),
            LegEvent::ForwardAsked { to } => call.forward(now, leg, to, shared),
            LegEvent::Arrived { .. }
            | LegEvent::ArrivedInPlace { .. }
            | LegEvent::JoinAsked { .. }
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
            State::InMenu
            | State::Waiting { .. }
            | State::Offered { .. }
            | State::Parked { .. } => call.tell(now, DRAINING, Cause::Congestion, shared),
            // A caller nobody has answered yet, or somebody is just being found for.
            State::Calling { .. } if call.unanswered.is_some() && !call.emergency => {
                call.tell(now, DRAINING, Cause::Congestion, shared);
            }
            // Answered soon, and told then.
            State::Answering { .. } => {}
            State::Calling { .. }
            | State::Talking(_)
            | State::Transferring { .. }
            | State::Consulting(_)
            | State::Conference { .. }
            | State::Parting { .. }
            | State::Ending => {}
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
    pub(crate) fn with(
        &mut self,
        now: Instant,
        id: Option<CallId>,
        act: impl FnOnce(&mut Call, &mut Shared),
    ) {
        let Some(call) = id.and_then(|id| self.calls.get_mut(&id)) else { return };
        act(call, &mut self.shared);
        if call.is_over() {
            call.close(now, &mut self.shared);
            let id = call.id;
            self.calls.remove(&id);
        }
    }
}

impl Call {
    /// Has the caller's leg answered.
    pub(crate) fn answer(&mut self, now: Instant, then: Then, shared: &mut Shared) {
        let Some(leg) = self.unanswered.take() else { return };
        shared.timers.clear(self.id, Kind::Ring);
        shared.timers.set(self.id, Kind::Answer, now + LOST_AFTER);
        shared.order(Order::Answer { leg });
        self.enter(now, State::Answering { then });
    }

    /// Tells whether the caller's leg is an inside phone's.
    pub(crate) fn is_inside(&self) -> bool {
        matches!(self.side.via, Via::Phone(_))
    }
}
