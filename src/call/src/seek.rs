//! A party is found, rung and answers, or nobody comes and the caller goes a way back.

use crate::io::{How, Output, Place};
use crate::shared::Shared;
use crate::state::{Back, Call, Rung, State, Talk, Then};
use crate::timers::Kind;
use crate::{DRAINING, SEEK_MAX};
use model::fact::{Party, Who};
use model::{Cause, Fact, Instant, LegId, Number, Order, Pop, TransferStage};
use std::collections::VecDeque;
use std::time::Duration;

impl Call {
    /// A desk phone called: where to is sought.
    pub(crate) fn dialled(&mut self, now: Instant, to: String, shared: &mut Shared) {
        if self.open_visit(now, shared) {
            self.seek(now, self.side.clone(), to, shared);
        }
    }

    /// Asks where a number leads, and guards against no answer to that.
    pub(crate) fn seek(&mut self, now: Instant, by: Who, to: String, shared: &mut Shared) {
        shared.timers.set(self.id, Kind::Ring, now + SEEK_MAX);
        shared.say(Output::Seek { call: self.id, by, to });
    }

    /// The place of the party that is sought, while one is.
    fn sought(&mut self) -> Option<&mut Option<Rung>> {
        let to = match &mut self.state {
            State::Calling { to, .. } | State::Transferring { to, .. } => to,
            State::Consulting(both) if both.other.is_none() => &mut both.to,
            _ => return None,
        };
        Some(to)
    }

    /// Rings a party.
    pub(crate) fn ring(
        &mut self,
        now: Instant,
        who: Who,
        how: How,
        longest: Duration,
        shared: &mut Shared,
    ) {
        let (id, visit) = (self.id, self.visit());
        let Some(to @ None) = self.sought() else { return };
        let leg = shared.open_leg(id);
        *to = Some(Rung { leg, who: who.clone(), early: false });
        shared.fact(Fact::Called { visit, who });
        let sent_by = match &self.state {
            State::Transferring { talk, .. } => talk.who.number.clone(),
            _ => Number::default(),
        };
        shared.order(ring_order(leg, self.caller, how, sent_by));
        shared.timers.set(id, Kind::Ring, now + longest);
    }

    /// The far phone rings: whoever waits for it is told.
    pub(crate) fn far_rings(&mut self, leg: LegId, shared: &mut Shared) {
        if self.rung().is_none_or(|to| to.leg != leg) {
            return;
        }
        match (&self.state, self.unanswered) {
            (State::Calling { .. }, Some(caller)) if !self.alerted => {
                self.alerted = true;
                shared.order(Order::Alert { leg: caller });
            }
            (State::Transferring { talk, .. }, _) => {
                let (leg, stage) = (talk.leg, TransferStage::Ringing);
                shared.order(Order::Transferring { leg, stage });
            }
            _ => {}
        }
    }

    /// The far side is heard before it answers: what a carrier says of a number.
    pub(crate) fn far_sounds(&mut self, leg: LegId, shared: &mut Shared) {
        let (unanswered, caller) = (self.unanswered, self.caller);
        let State::Calling { to: Some(to), .. } = &mut self.state else { return };
        if to.leg != leg || std::mem::replace(&mut to.early, true) {
            return;
        }
        if let Some(caller) = unanswered {
            shared.order(Order::EarlyMedia { leg: caller });
        }
        if let Some(caller) = caller {
            shared.order(Order::Bridge { a: caller, b: leg });
        }
    }

    /// A leg of ours is answered.
    pub(crate) fn far_answered(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        if self.joining.as_ref().is_some_and(|(joining, ..)| *joining == leg) {
            return self.attached(now, shared);
        }
        if matches!(&self.state, State::Offered { leg: rung, .. } if *rung == leg) {
            return self.agent_answered(now, shared);
        }
        let Some(to) = self.rung().filter(|to| to.leg == leg).cloned() else { return };
        shared.timers.clear(self.id, Kind::Ring);
        let talk = Talk { leg, who: to.who, queue: None, since: now, held: false };
        match &self.state {
            State::Transferring { .. } => self.transferred(now, talk, shared),
            State::Consulting(_) => self.consulted(now, talk, shared),
            _ if self.unanswered.is_some() => {
                self.answer(now, Then::Meet(Box::new(talk)), shared);
            }
            _ => self.meet(now, talk, shared),
        }
    }

    /// The party that was rung is gone, for whatever reason.
    pub(crate) fn rung_gone(
        &mut self,
        now: Instant,
        cause: Cause,
        forward: Option<String>,
        shared: &mut Shared,
    ) {
        let (id, visit, caller) = (self.id, self.visit(), self.caller);
        let Some(to) = self.sought().and_then(Option::take) else { return };
        if to.early
            && let Some(leg) = caller
        {
            shared.order(Order::Unbridge { leg });
            if self.unanswered.is_none() {
                self.play_music(leg, shared);
            }
        }
        let (leg, who) = (to.leg, to.who);
        shared.fact(Fact::CalledInVain { visit, who: who.clone(), cause });
        shared.timers.set(id, Kind::Ring, now + SEEK_MAX);
        shared.say(Output::Unreached { call: id, leg, who, cause, forward });
    }

    /// A phone sends the call on by itself; nothing more comes of its leg (302).
    pub(crate) fn forward(&mut self, now: Instant, leg: LegId, to: String, shared: &mut Shared) {
        if self.rung().is_some_and(|rung| rung.leg == leg) {
            shared.legs.remove(&leg);
            self.rung_gone(now, Cause::Declined, Some(to), shared);
        } else if matches!(&self.state, State::Offered { leg: rung, .. } if *rung == leg) {
            shared.legs.remove(&leg);
            self.agent_gone(now, leg, Cause::Declined, shared);
        }
    }

    /// Nobody answered in time, or nobody said where to.
    pub(crate) fn rung_long_enough(&mut self, now: Instant, shared: &mut Shared) {
        match self.rung().map(|to| to.leg) {
            Some(leg) => {
                self.hang_up(now, leg, Cause::NoAnswer, shared);
                self.rung_gone(now, Cause::NoAnswer, None, shared);
            }
            None => self.give_up(now, Cause::Failure, shared),
        }
    }

    /// Nobody can be had: who asked has the caller back, or the caller goes the next way back.
    pub(crate) fn give_up(&mut self, now: Instant, cause: Cause, shared: &mut Shared) {
        let visit = self.visit();
        if !matches!(self.sought(), Some(None)) {
            return;
        }
        shared.timers.clear(self.id, Kind::Ring);
        match self.enter(now, State::Ending) {
            State::Transferring { talk, .. } => {
                shared.counters.transfers_failed += 1;
                shared.fact(Fact::TransferFailed { visit, cause });
                let (leg, stage) = (talk.leg, TransferStage::Failed(cause));
                shared.order(Order::Transferring { leg, stage });
                self.resume_talk(now, talk, shared);
            }
            State::Consulting(both) => self.resume_talk(now, both.talk, shared),
            State::Calling { back, .. } => self.go_back(now, back, cause, shared),
            other => drop(self.enter(now, other)),
        }
    }

    /// Sends the caller the first way back that there is, or says why there is none.
    pub(crate) fn go_back(
        &mut self,
        now: Instant,
        mut back: VecDeque<Back>,
        cause: Cause,
        shared: &mut Shared,
    ) {
        match back.pop_front() {
            Some(Back::Party(who)) => {
                self.enter(now, State::Calling { to: None, back });
                shared.timers.set(self.id, Kind::Ring, now + SEEK_MAX);
                shared.say(Output::Recall { call: self.id, who });
            }
            Some(_) if shared.draining => {
                self.part(now, DRAINING, Cause::Congestion, Vec::new(), shared);
            }
            Some(Back::Queue(queue)) => {
                if self.open_visit(now, shared) {
                    self.wait(now, queue, true, shared);
                }
            }
            Some(Back::Menu(node)) => {
                if self.open_visit(now, shared) {
                    self.begin_menu(now, node, shared);
                }
            }
            None => self.part(now, regret(cause), cause, Vec::new(), shared),
        }
    }

    /// The ways back of a caller whom `by` had.
    pub(crate) fn ways_back(&self, by: Option<Who>, shared: &Shared) -> VecDeque<Back> {
        let party = by.map(Back::Party);
        let queue = self.queue.clone().map(Back::Queue);
        // One of ours hears that nobody came; anybody else is not let go for that.
        let last = match (&queue, self.is_inside()) {
            (None, false) => Some(Back::Menu(shared.rules.to_agent.clone())),
            _ => None,
        };
        party.into_iter().chain(queue).chain(last).collect()
    }

    /// Sends the caller who is sought a party for to a place instead.
    pub(crate) fn send(&mut self, now: Instant, to: Place, shared: &mut Shared) {
        if !matches!(self.sought(), Some(None)) {
            return;
        }
        shared.timers.clear(self.id, Kind::Ring);
        if matches!(self.state, State::Consulting(_)) {
            // Nobody to ask lives there.
            return self.give_up(now, Cause::NotFound, shared);
        }
        if self.unanswered.is_some() {
            let then = match to {
                Place::Menu(node) => Then::Menu(node),
                Place::Queue { queue, music } => {
                    self.music = Some(music);
                    Then::Queue(queue)
                }
                Place::Conference => Then::Conference,
                Place::Slot(_) => return self.give_up(now, Cause::NotFound, shared),
            };
            return self.answer(now, then, shared);
        }
        let by = match self.enter(now, State::Ending) {
            State::Transferring { talk, .. } => {
                let stage = TransferStage::Done;
                shared.order(Order::Transferring { leg: talk.leg, stage });
                self.let_go(now, &talk, shared);
                talk.who
            }
            _ => self.side.clone(),
        };
        if !self.open_visit(now, shared) {
            return;
        }
        shared.fact(Fact::Transferred { visit: self.visit(), by: by.clone() });
        match to {
            Place::Menu(node) => self.begin_menu(now, node, shared),
            Place::Queue { queue, music } => {
                self.music = Some(music);
                self.wait(now, queue, false, shared);
            }
            Place::Slot(slot) => self.enters_slot(now, slot, by, shared),
            Place::Conference => self.end(now, Party::Box, Cause::NotFound, shared),
        }
    }
}

/// The order that rings a party for the leg `with`; `sent_by` is who transfers the caller to it, if anybody does.
pub(crate) fn ring_order(leg: LegId, with: Option<LegId>, how: How, sent_by: Number) -> Order {
    match how {
        How::Phone { phone, caller, name, pop } => {
            Order::Ring { leg, phone, caller, name, pop: Pop { sent_by, ..pop }, with }
        }
        How::Trunk { trunk, number, caller, name, diverted } => {
            Order::Dial { leg, trunk, number, caller, name, diverted, sent_by, with }
        }
    }
}

/// The words for a caller whom nobody could be found for.
fn regret(cause: Cause) -> &'static str {
    match cause {
        Cause::Busy | Cause::Declined => "call.busy",
        Cause::NoAnswer => "call.no-answer",
        Cause::NotFound => "call.unknown-number",
        Cause::Forbidden => "call.barred",
        _ => "call.unreachable",
    }
}
