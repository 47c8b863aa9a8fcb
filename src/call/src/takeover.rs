//! A leg that arrived takes a place in a call: picks a ringing one up, takes a caller out of a
//! slot or a queue, or replaces another leg (RFC 3891).

use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Call, Consultation, State, Talk, Then};
use crate::timers::Kind;
use crate::{LOST_AFTER, VISITS_MAX};
use model::fact::Who;
use model::{Cause, Fact, Instant, LegId, Order};

impl Call {
    /// Answers the leg that takes the place.
    pub(crate) fn attach(
        &mut self,
        now: Instant,
        leg: LegId,
        who: Who,
        old: Option<LegId>,
        shared: &mut Shared,
    ) {
        if self.joining.is_some() || !self.takes(&who, old) {
            shared.counters.wishes_refused += 1;
            shared.order(Order::Refuse { leg, cause: Cause::NotFound });
            return;
        }
        shared.legs.insert(leg, self.id);
        self.joining = Some((leg, who, old));
        shared.order(Order::Answer { leg });
        shared.timers.set(self.id, Kind::Attach, now + LOST_AFTER);
    }

    /// A leg that is answered already has the place at once, where there is such a place.
    pub(crate) fn taken_over(
        &mut self,
        now: Instant,
        leg: LegId,
        who: Who,
        old: LegId,
        shared: &mut Shared,
    ) {
        let talks = matches!(self.state, State::Talking(_)) && self.takes(&who, Some(old));
        // It opens a visit; without one the caller would be told goodbye.
        let talks = talks && self.visits < VISITS_MAX;
        if !talks || self.joining.is_some() {
            shared.counters.wishes_refused += 1;
            return;
        }
        shared.legs.insert(leg, self.id);
        self.joining = Some((leg, who, Some(old)));
        self.attached(now, shared);
    }

    /// Tells whether there is such a place.
    fn takes(&self, who: &Who, old: Option<LegId>) -> bool {
        match &self.state {
            State::Parked { .. } => true,
            State::Waiting { .. } | State::Offered { .. } => who.agent.is_some(),
            State::Calling { to, .. } => to.is_some(),
            State::Transferring { to, .. } | State::Consulting(Consultation { to, .. }) => {
                to.as_ref().is_some_and(|to| old.is_none_or(|old| old == to.leg))
            }
            State::Talking(talk) => {
                old.is_some_and(|old| old == talk.leg || self.caller == Some(old))
            }
            _ => false,
        }
    }

    /// The leg was not answered in time.
    pub(crate) fn not_attached(&mut self, now: Instant, shared: &mut Shared) {
        if let Some((leg, ..)) = self.joining.take() {
            shared.counters.legs_lost += 1;
            self.hang_up(now, leg, Cause::Failure, shared);
        }
    }

    /// Gives up a leg that was to take a place, because the call ends.
    pub(crate) fn nobody_attaches(&mut self, now: Instant, shared: &mut Shared) {
        shared.timers.clear(self.id, Kind::Attach);
        if let Some((leg, ..)) = self.joining.take() {
            self.hang_up(now, leg, Cause::Cancelled, shared);
        }
    }

    /// The leg is answered and has the place.
    pub(crate) fn attached(&mut self, now: Instant, shared: &mut Shared) {
        shared.timers.clear(self.id, Kind::Attach);
        let Some((leg, who, old)) = self.joining.take() else { return };
        if !self.takes(&who, old) {
            return self.hang_up(now, leg, Cause::Cancelled, shared);
        }
        let mut talk = Talk { leg, who: who.clone(), queue: None, since: now, held: false };
        match self.state.clone() {
            State::Parked { .. } => {
                let by = self.leave_slot(now, shared);
                if !self.open_visit(now, shared) {
                    return self.hang_up(now, leg, Cause::Normal, shared);
                }
                let visit = self.visit();
                if let Some(by) = by {
                    shared.fact(Fact::Transferred { visit, by });
                }
                shared.fact(Fact::PickedUp { visit, who });
                self.meet(now, talk, shared);
            }
            State::Waiting { queue } => self.out_of_queue(now, queue, None, talk, shared),
            State::Offered { queue, leg: rung, .. } => {
                self.out_of_queue(now, queue, Some(rung), talk, shared);
            }
            State::Calling { to: Some(to), .. } => {
                shared.timers.clear(self.id, Kind::Ring);
                self.stop_ringing(now, to.leg, &to.who, shared);
                shared.fact(Fact::PickedUp { visit: self.visit(), who });
                if self.unanswered.is_some() {
                    self.answer(now, Then::Meet(Box::new(talk)), shared);
                } else {
                    self.meet(now, talk, shared);
                }
            }
            State::Transferring { to: Some(to), .. } => {
                shared.timers.clear(self.id, Kind::Ring);
                self.stop_ringing(now, to.leg, &to.who, shared);
                shared.fact(Fact::PickedUp { visit: self.visit(), who });
                self.transferred(now, talk, shared);
            }
            State::Consulting(Consultation { to: Some(to), .. }) => {
                shared.timers.clear(self.id, Kind::Ring);
                self.stop_ringing(now, to.leg, &to.who, shared);
                shared.fact(Fact::PickedUp { visit: self.visit(), who });
                self.consulted(now, talk, shared);
            }
            State::Talking(with) => {
                let with = if old == self.caller && old != Some(with.leg) {
                    self.swap_sides(now, shared);
                    match &self.state {
                        State::Talking(with) => with.clone(),
                        _ => with,
                    }
                } else {
                    with
                };
                talk.since = now;
                self.enter(now, State::Ending);
                self.handed_on(now, with, talk, shared);
            }
            _ => self.hang_up(now, leg, Cause::Cancelled, shared),
        }
    }

    fn stop_ringing(&mut self, now: Instant, leg: LegId, who: &Who, shared: &mut Shared) {
        self.hang_up(now, leg, Cause::Cancelled, shared);
        let (visit, cause) = (self.visit(), Cause::Cancelled);
        shared.fact(Fact::CalledInVain { visit, who: who.clone(), cause });
    }

    fn out_of_queue(
        &mut self,
        now: Instant,
        queue: model::QueueId,
        rung: Option<LegId>,
        mut talk: Talk,
        shared: &mut Shared,
    ) {
        let Some(agent) = talk.who.agent.clone() else { return };
        if let Some(rung) = rung {
            self.hang_up(now, rung, Cause::Cancelled, shared);
        }
        let visit = self.visit();
        shared.fact(Fact::PickedUp { visit, who: talk.who.clone() });
        talk.queue = Some(queue);
        shared.say(Output::PickedUp { visit, agent });
        self.bridge(now, talk, shared);
    }
}
