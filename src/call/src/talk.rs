//! The agent's side: rung, answered, held, and gone one way or another.

use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Call, State, Talk};
use model::fact::Party;
use model::{AgentId, Cause, Clip, Fact, Instant, LegId, Order, PhoneId};

impl Call {
    /// The queue offers the caller to an agent: the phone is rung as a new leg.
    pub(crate) fn offer(
        &mut self,
        now: Instant,
        agent: AgentId,
        phone: PhoneId,
        shared: &mut Shared,
    ) {
        let State::Waiting { queue } = &self.state else { return };
        let queue = queue.clone();
        let leg = shared.open_leg(self.id);
        let (caller, name) = (self.number.clone(), self.name.clone());
        shared.order(Order::Ring { leg, phone, caller, name, pop: Default::default() });
        self.enter(now, State::Offered { queue, agent, leg });
    }

    /// The queue takes its offer back.
    pub(crate) fn withdraw(
        &mut self,
        now: Instant,
        from: &AgentId,
        cause: Cause,
        shared: &mut Shared,
    ) {
        let State::Offered { queue, agent, leg } = &self.state else { return };
        if agent == from {
            let (queue, leg) = (queue.clone(), *leg);
            self.hang_up(now, leg, cause, shared);
            self.enter(now, State::Waiting { queue });
        }
    }

    /// The agent's leg is answered: both hear each other. The queue and the agent are told first,
    /// so that their facts stand before the bridge acknowledges them.
    pub(crate) fn agent_answered(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        let (State::Offered { queue, agent, leg: rung }, Some(caller)) = (&self.state, self.caller)
        else {
            return;
        };
        if *rung != leg {
            return;
        }
        let (queue, agent) = (queue.clone(), agent.clone());
        shared.say(Output::OfferAnswered { visit: self.visit(), agent: agent.clone() });
        shared.order(Order::StopPlay { leg: caller });
        shared.order(Order::Bridge { a: caller, b: leg });
        self.enter(now, State::Talking(Talk { queue, agent, leg, since: now, held: false }));
    }

    /// The agent's phone put the caller on hold or took the caller back.
    pub(crate) fn held(&mut self, now: Instant, leg: LegId, held: bool, shared: &mut Shared) {
        let (visit, lang) = (self.visit(), self.lang);
        let (State::Talking(talk), Some(caller)) = (&mut self.state, self.caller) else { return };
        if talk.leg != leg || talk.held == held {
            return;
        }
        talk.held = held;
        self.since = now;
        if !held {
            shared.fact(Fact::Resumed { visit });
            shared.order(Order::StopPlay { leg: caller });
            return;
        }
        shared.fact(Fact::Held { visit });
        if let Some(prompt) = self.music.clone() {
            let play = shared.open_play();
            let clips = vec![Clip { lang, prompt }];
            shared.order(Order::Play { leg: caller, play, clips, looped: true });
        }
    }

    /// The agent's leg came to its end by itself.
    pub(crate) fn agent_gone(
        &mut self,
        now: Instant,
        leg: LegId,
        cause: Cause,
        shared: &mut Shared,
    ) {
        match &self.state {
            State::Offered { queue, agent, leg: rung } if *rung == leg => {
                let (queue, agent) = (queue.clone(), agent.clone());
                shared.say(Output::OfferFailed { visit: self.visit(), agent, cause });
                self.enter(now, State::Waiting { queue });
            }
            State::Talking(talk) if talk.leg == leg => {
                let talk = talk.clone();
                self.talk_ended(now, talk, cause, shared);
            }
            State::Parting { .. } => self.parting_leg_gone(now, leg, shared),
            _ => {}
        }
    }

    /// An agent who hangs up ends the call; one whose phone fell silent did not mean to.
    fn talk_ended(&mut self, now: Instant, talk: Talk, cause: Cause, shared: &mut Shared) {
        self.release(now, &talk, shared);
        if !fell_silent(cause) {
            self.enter(now, State::Ending);
            self.end(now, Party::Agent, cause, shared);
            return;
        }
        if let Some(leg) = self.caller {
            shared.order(Order::Unbridge { leg });
        }
        self.reconnect(now, talk.queue, shared);
    }

    /// Says that a talk is over. Orders for the agent's leg go out before, so that the phone hears
    /// of the end of this call before it is rung for the next.
    pub(crate) fn release(&mut self, now: Instant, talk: &Talk, shared: &mut Shared) {
        let (visit, agent) = (self.visit(), talk.agent.clone());
        let talked_ms = shared.span_ms(talk.since, now);
        shared.fact(Fact::Released { visit, agent: agent.clone(), talked_ms });
        shared.say(Output::Released { visit, agent });
    }
}

/// Tells an end that nobody meant from one that a person made.
fn fell_silent(cause: Cause) -> bool {
    matches!(cause, Cause::Vanished | Cause::Failure | Cause::Unreachable)
}
