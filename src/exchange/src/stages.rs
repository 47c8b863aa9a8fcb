//! What each stage says, and what it means to the others.

use crate::exchange::Exchange;
use crate::plays::Player;
use crate::seats::Free;
use model::order::CLIPS_PER_PLAY_MAX;
use model::{
    AgentId, Cause, Clip, Fact, Instant, LegId, Order, PlayId, PromptId, QueueId, VisitId,
};

/// Heard where a queue that the site no longer has would have its own music.
pub(crate) const MUSIC: &str = "music.hold";

impl Exchange {
    pub(crate) fn call_says(&mut self, now: Instant, output: call::Output) {
        use call::Output as Say;
        match output {
            Say::Order(order) => self.call_orders(now, order),
            Say::Fact(fact) => {
                self.noted(&fact);
                self.fact(now, fact);
            }
            Say::BeginMenu { visit, node, lang } => {
                self.ivr.handle(now, ivr::Input::Begin { visit, node, lang });
            }
            Say::Digit { visit, digit } => {
                self.ivr.handle(now, ivr::Input::Digit { visit, digit });
            }
            Say::EndMenu { visit } => self.ivr.handle(now, ivr::Input::Gone { visit }),
            // Another site was applied under the caller's feet, and nobody waits there any more.
            Say::Join { visit, queue, .. } if !self.queues.is_open(&queue) => {
                let to = self.site.flow.to_agent.clone();
                self.calls.handle(now, call::Input::Overflow { visit, to });
            }
            Say::Join { visit, queue, marks, lang, first } => {
                let join = match first {
                    true => queue::Input::Rejoin { visit, queue, marks, lang },
                    false => queue::Input::Join { visit, queue, marks, lang },
                };
                self.queues.handle(now, join);
            }
            Say::Leave { visit } => self.queues.handle(now, queue::Input::Leave { visit }),
            Say::OfferAnswered { visit, agent } => {
                let accepted = queue::Input::Accepted { visit, agent: agent.clone() };
                self.queues.handle(now, accepted);
                self.agents.handle(now, agent::Input::Answered { agent, visit });
            }
            Say::PickedUp { visit, agent } => {
                let queue = self.calls.get(visit.call).and_then(|call| call.queue().cloned());
                let taken = queue::Input::PickedUp { visit, agent: agent.clone() };
                self.queues.handle(now, taken);
                self.agents.handle(now, agent::Input::Engaged { agent, visit, queue });
            }
            Say::Engaged { visit, agent } => {
                self.agents.handle(now, agent::Input::Engaged { agent, visit, queue: None });
            }
            Say::Seek { call, by, to } => self.seek(now, call, by, &to),
            Say::Recall { call, who } => self.recall(now, call, who),
            Say::Unreached { call, leg, who, cause, forward } => {
                self.unreached(now, call, leg, &who, cause, forward);
            }
            Say::LetGo { leg } => self.let_go(now, leg),
            Say::OfferFailed { visit, agent, cause } => {
                let failed = queue::Input::Failed { visit, agent: agent.clone(), cause };
                self.queues.handle(now, failed);
                self.offer_ended(now, visit, agent, cause);
            }
            Say::Released { visit, agent } => {
                self.agents.handle(now, agent::Input::Released { agent, visit });
            }
            Say::Closed { call } => drop(self.searches.remove(&call)),
        }
    }

    pub(crate) fn ivr_says(&mut self, now: Instant, output: ivr::Output) {
        use ivr::Output as Say;
        match output {
            Say::Play { visit, play, clips } => {
                if let Some(leg) = self.caller(visit) {
                    self.play(leg, Player::Menu { visit, play }, clips, false);
                }
            }
            Say::StopPlay { visit } => {
                if let Some(leg) = self.caller(visit) {
                    self.plays.stop(leg);
                    self.order(Order::StopPlay { leg });
                }
            }
            Say::ToQueue { visit, queue, complaint, lang } => {
                let music = self.music(&queue);
                let to_queue = call::Input::ToQueue { visit, queue, music, complaint, lang };
                self.calls.handle(now, to_queue);
            }
            Say::HangUp { visit } => {
                let ended = call::Input::FlowEnded { visit, cause: Cause::Normal };
                self.calls.handle(now, ended);
            }
            Say::Fact(fact) => self.fact(now, fact),
        }
    }

    pub(crate) fn queue_says(&mut self, now: Instant, output: queue::Output) {
        use queue::Output as Say;
        match output {
            Say::Offer { visit, agent, why } => self.offer(now, visit, agent, why.waited_ms),
            Say::Withdraw { visit, agent, cause } => {
                let withdraw = call::Input::Withdraw { visit, agent: agent.clone(), cause };
                self.calls.handle(now, withdraw);
                self.offer_ended(now, visit, agent, cause);
            }
            Say::Say { visit, play, clips, looped } => {
                if let Some(leg) = self.caller(visit) {
                    self.play(leg, Player::Queue { visit, play }, clips, looped);
                }
            }
            Say::Overflow { visit, to, .. } => {
                self.calls.handle(now, call::Input::Overflow { visit, to });
            }
            Say::Refused { visit } => self.calls.handle(now, call::Input::Refused { visit }),
            Say::Fact(fact) => self.fact(now, fact),
        }
    }

    pub(crate) fn agent_says(&mut self, now: Instant, output: agent::Output) {
        use agent::Output as Say;
        match output {
            Say::Free { agent, skills, idle_since } => {
                self.agent_free(now, agent, Free { skills, idle_since });
            }
            Say::Busy { agent } => self.agent_busy(now, agent),
            Say::Say { phone, clips } => self.confirm(&phone, clips),
            Say::Fact(fact) => {
                self.noted(&fact);
                let seats = matches!(fact, Fact::AgentChanged { .. } | Fact::Seated { .. });
                self.fact(now, fact);
                if seats {
                    self.review_supervisors(now);
                }
            }
        }
    }

    /// Tells whoever had a play started that it came to its end.
    pub(crate) fn played(&mut self, now: Instant, leg: LegId, play: PlayId) {
        match self.plays.ended(leg, play) {
            Some(Player::Call { play }) => {
                self.calls.handle(now, call::Input::Played { leg, play });
            }
            Some(Player::Menu { visit, play }) => {
                self.ivr.handle(now, ivr::Input::Played { visit, play });
            }
            Some(Player::Queue { visit, play }) => {
                self.queues.handle(now, queue::Input::Played { visit, play });
            }
            Some(Player::Service) => self.close_service(now, leg),
            Some(Player::Notice) => self.notice_heard(leg),
            Some(Player::Question | Player::Aside) => {}
            // Overtaken by another play on the way here.
            None if self.calls.call_of(leg).is_some() || self.services.contains(leg) => {}
            None => self.counters.events_ignored += 1,
        }
    }

    /// Plays clips on a leg; more than one play may hold are cut off.
    pub(crate) fn play(&mut self, leg: LegId, player: Player, mut clips: Vec<Clip>, looped: bool) {
        clips.truncate(CLIPS_PER_PLAY_MAX);
        let play = self.plays.start(leg, player);
        self.order(Order::Play { leg, play, clips, looped });
    }

    /// Has an agent's phone rung for a caller, unless the site lost the agent this very moment.
    fn offer(&mut self, now: Instant, visit: VisitId, agent: AgentId, waited_ms: u64) {
        let phone = self.agents.phone_of(&agent).cloned();
        let phone = phone.filter(|_| self.site.agents.contains_key(&agent));
        let call = self.calls.get(visit.call);
        let queue = call.and_then(|call| call.queue().cloned());
        let (Some(phone), Some(queue), Some(call)) = (phone, queue, call) else {
            let cause = Cause::NotFound;
            return self.queues.handle(now, queue::Input::Failed { visit, agent, cause });
        };
        let how = self.offered_how(call, &agent, &phone, waited_ms);
        let offered = agent::Input::Offered { agent: agent.clone(), visit, queue };
        self.agents.handle(now, offered);
        self.calls.handle(now, call::Input::Offer { visit, agent, how });
    }

    fn offer_ended(&mut self, now: Instant, visit: VisitId, agent: AgentId, cause: Cause) {
        let ended = agent::Input::OfferEnded { agent, visit, cause: Some(cause) };
        self.agents.handle(now, ended);
    }

    /// Gives a call's order the play numbers of the whole box, and notes which legs phones have.
    fn call_orders(&mut self, now: Instant, order: Order) {
        match &order {
            Order::Play { .. } => {
                if let Order::Play { leg, play, clips, looped } = order {
                    self.play(leg, Player::Call { play }, clips, looped);
                }
                return;
            }
            Order::StopPlay { leg } | Order::Mix { leg, .. } => self.plays.stop(*leg),
            Order::HangUp { leg, .. } | Order::Refuse { leg, .. } => {
                self.plays.stop(*leg);
                self.outside_ended(now, *leg);
                self.leg_left(now, *leg);
            }
            Order::Bridge { a, b } => {
                for leg in [*a, *b] {
                    self.plays.stop(leg);
                    self.phones.touch(leg);
                }
            }
            Order::Ring { leg, phone, .. } => {
                let phone = phone.clone();
                self.leg_taken(now, &phone, *leg);
            }
            _ => {}
        }
        // Only a phone of ours is told how its transfer goes.
        let told =
            matches!(&order, Order::Transferring { leg, .. } if self.phones.of(*leg).is_none());
        if !told {
            self.order_watched(order);
        }
    }

    /// Notes what a fact changes of what is shown.
    fn noted(&mut self, fact: &Fact) {
        match fact {
            Fact::Parked { slot, .. } | Fact::Unparked { slot, .. } => {
                self.slots_dirty.insert(slot.clone());
            }
            Fact::AgentChanged { agent, .. } => self.agent_touched(agent),
            Fact::Seated { agent, phone } => {
                self.agent_touched(agent);
                self.phones.dirty.insert(phone.clone());
            }
            _ => {}
        }
    }

    /// The leg of the caller whose current visit this is.
    fn caller(&self, visit: VisitId) -> Option<LegId> {
        let call = self.calls.get(visit.call)?;
        if call.visit() == visit { call.caller() } else { None }
    }

    fn music(&self, queue: &QueueId) -> PromptId {
        let queue = self.site.queues.get(queue);
        queue.map_or_else(|| MUSIC.into(), |queue| queue.music.clone())
    }
}
