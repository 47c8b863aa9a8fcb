//! The far side: offered, answered, and gone one way or another.

use crate::DRAINING;
use crate::io::{How, Output};
use crate::seek::ring_order;
use crate::shared::Shared;
use crate::state::{Call, State, Talk, Then};
use model::fact::{Party, Who};
use model::{AgentId, Cause, Fact, Instant, LegId, Number, Order, Via};
use std::collections::VecDeque;

impl Call {
    /// The queue offers the caller to an agent: the phone is rung as a new leg.
    pub(crate) fn offer(&mut self, now: Instant, agent: AgentId, how: How, shared: &mut Shared) {
        let State::Waiting { queue } = &self.state else { return };
        let How::Phone { phone, .. } = &how else { return };
        let queue = queue.clone();
        let number = Number::new(phone.as_str());
        let who = Who { via: Via::Phone(phone.clone()), number, agent: Some(agent) };
        let leg = shared.open_leg(self.id);
        shared.order(ring_order(leg, self.caller, how, Number::default()));
        self.enter(now, State::Offered { queue, who, leg });
    }

    /// The queue takes its offer back.
    pub(crate) fn withdraw(
        &mut self,
        now: Instant,
        from: &AgentId,
        cause: Cause,
        shared: &mut Shared,
    ) {
        let State::Offered { queue, who, leg } = &self.state else { return };
        if who.agent.as_ref() == Some(from) {
            let (queue, leg) = (queue.clone(), *leg);
            self.hang_up(now, leg, cause, shared);
            self.enter(now, State::Waiting { queue });
        }
    }

    /// The agent's leg is answered: both hear each other. The queue and the agent are told first,
    /// so that their facts stand before the bridge acknowledges them.
    pub(crate) fn agent_answered(&mut self, now: Instant, shared: &mut Shared) {
        let State::Offered { queue, who, leg } = self.enter(now, State::Ending) else { return };
        if let Some(agent) = who.agent.clone() {
            shared.say(Output::OfferAnswered { visit: self.visit(), agent });
        }
        let talk = Talk { leg, who, queue: Some(queue), since: now, held: false };
        self.bridge(now, talk, shared);
    }

    /// The party came: talk begins, by no queue.
    pub(crate) fn meet(&mut self, now: Instant, talk: Talk, shared: &mut Shared) {
        let talk = Talk { since: now, ..talk };
        shared.fact(Fact::Reached { visit: self.visit(), who: talk.who.clone() });
        self.engage(&talk, shared);
        self.bridge(now, talk, shared);
    }

    /// Lets both hear each other.
    pub(crate) fn bridge(&mut self, now: Instant, talk: Talk, shared: &mut Shared) {
        let (Some(caller), leg) = (self.caller, talk.leg) else { return };
        shared.order(Order::StopPlay { leg: caller });
        shared.order(Order::Bridge { a: caller, b: leg });
        self.enter(now, State::Talking(talk));
        self.tell_hold(shared);
        if self.holds {
            self.play_music(leg, shared);
        }
    }

    /// A leg that is not the caller's came to its end by itself.
    pub(crate) fn agent_gone(
        &mut self,
        now: Instant,
        leg: LegId,
        cause: Cause,
        shared: &mut Shared,
    ) {
        if self.joining.as_ref().is_some_and(|(joining, ..)| *joining == leg) {
            self.joining = None;
            return shared.timers.clear(self.id, crate::timers::Kind::Attach);
        }
        if self.rung().is_some_and(|to| to.leg == leg) {
            return self.rung_gone(now, cause, None, shared);
        }
        match &self.state {
            State::Offered { queue, who, leg: rung } if *rung == leg => {
                let (queue, agent) = (queue.clone(), who.agent.clone());
                if let Some(agent) = agent {
                    shared.say(Output::OfferFailed { visit: self.visit(), agent, cause });
                }
                self.enter(now, State::Waiting { queue });
            }
            // Answered and hung up before the caller's leg was.
            State::Answering { then: Then::Meet(talk) } if talk.leg == leg => {
                self.end(now, Party::Agent, cause, shared);
            }
            State::Talking(talk) if talk.leg == leg => {
                let talk = talk.clone();
                self.talk_ended(now, talk, cause, shared);
            }
            State::Transferring { talk, .. } if talk.leg == leg => self.sender_gone(now, shared),
            State::Consulting(both) if both.talk.leg == leg => self.consulter_gone(now, shared),
            State::Consulting(_) => self.consulted_gone(now, shared),
            State::Conference { .. } => self.member_gone(now, leg, shared),
            State::Parting { .. } => self.parting_leg_gone(now, leg, shared),
            _ => {}
        }
    }

    /// A party who hangs up ends the call; one whose phone fell silent did not mean to: the caller
    /// is held, the phone is rung once more, and then the caller is the next one of the queue.
    fn talk_ended(&mut self, now: Instant, talk: Talk, cause: Cause, shared: &mut Shared) {
        self.enter(now, State::Ending);
        self.release(now, &talk, shared);
        let inside = matches!(talk.who.via, Via::Phone(_));
        if !fell_silent(cause) || !inside || self.is_inside() {
            self.end(now, Party::Agent, cause, shared);
            return;
        }
        if let Some(leg) = self.caller {
            shared.order(Order::Unbridge { leg });
        }
        shared.counters.reconnected += 1;
        if shared.draining {
            return self.part(now, DRAINING, Cause::Congestion, Vec::new(), shared);
        }
        let back = self.ways_back(Some(talk.who), shared);
        self.enter(now, State::Calling { to: None, back: VecDeque::new() });
        if !self.open_visit(now, shared) {
            return;
        }
        if let Some(leg) = self.caller {
            self.play_music(leg, shared);
        }
        self.go_back(now, back, cause, shared);
    }

    /// Says that a talk is over. Orders for the party's leg go out before, so that the phone hears
    /// of the end of this call before it is rung for the next.
    pub(crate) fn release(&mut self, now: Instant, talk: &Talk, shared: &mut Shared) {
        self.told_parted(now, talk, shared);
        if let Some(agent) = talk.who.agent.clone() {
            shared.say(Output::Released { visit: self.visit(), agent });
        }
    }

    /// Tells the fact of a talk's end; the agent may go on in another one.
    pub(crate) fn told_parted(&mut self, now: Instant, talk: &Talk, shared: &mut Shared) {
        let (visit, talked_ms) = (self.visit(), shared.span_ms(talk.since, now));
        let fact = match (&talk.queue, &talk.who.agent) {
            (Some(_), Some(agent)) => Fact::Released { visit, agent: agent.clone(), talked_ms },
            _ => Fact::Parted { visit, who: talk.who.clone(), talked_ms },
        };
        shared.fact(fact);
    }
}

/// Tells an end that nobody meant from one that a person made.
fn fell_silent(cause: Cause) -> bool {
    matches!(cause, Cause::Vanished | Cause::Failure | Cause::Unreachable)
}
