//! An offer: which caller, which agent, why, and how it ends.

use crate::Output;
use crate::bench::Free;
use crate::caller::{Offer, ms};
use crate::queues::Queues;
use crate::timer::Timer;
use model::fact::{Fact, OfferWhy};
use model::{AgentId, Cause, Instant, QueueId, VisitId};

impl Queues {
    /// Offers calls as long as somebody waits for whom an agent is free and fit.
    ///
    /// Among all such callers of the box the one with the first place is served first, so between
    /// two turns no caller waits unoffered beside a free agent who is fit.
    pub(crate) fn serve(&mut self, now: Instant) {
        while let Some((queue, visit)) = self.next_served() {
            if !self.offer(now, &queue, visit) {
                break;
            }
        }
    }

    /// The caller with the first place among the queues that have a free and fit agent.
    fn next_served(&self) -> Option<(QueueId, VisitId)> {
        let served = self.queues.iter().filter(|(queue, _)| self.bench.fit_count(queue) > 0);
        let first = served.filter_map(|(queue, open)| Some((open.places.next()?, queue))).min();
        first.map(|(place, queue)| (queue.clone(), place.visit))
    }

    /// Offers a caller to the longest idle of the fit. Agents who did not answer this caller are
    /// left out while another is free; when none is, everybody may be tried again.
    fn offer(&mut self, now: Instant, queue: &QueueId, visit: VisitId) -> bool {
        let (Some(caller), Some(open)) = (self.callers.get_mut(&visit), self.queues.get_mut(queue))
        else {
            return false;
        };
        let fresh = self.bench.fit(queue).find(|seat| !caller.tried.contains(&seat.agent));
        let Some(seat) = fresh.or_else(|| self.bench.fit(queue).next()) else { return false };
        if fresh.is_none() {
            caller.tried.clear();
        }
        caller.attempts = caller.attempts.saturating_add(1);
        let why = OfferWhy {
            priority: caller.place.priority.0,
            marks: caller.marks,
            waited_ms: caller.waited_ms(now),
            waiting: count(open.places.len()),
            skills: open.queue.skills.iter().cloned().collect(),
            fit: count(self.bench.fit_count(queue)),
            idle_ms: ms(now.since(seat.idle_since)),
            attempt: caller.attempts,
        };
        let agent = seat.agent.clone();
        let until = now + open.queue.ring;
        caller.offer = Some(Offer { agent: agent.clone(), until, free_again: None });
        open.places.offered(caller.place);
        self.bench.stand(&agent);
        self.rung.insert(agent.clone(), visit);
        self.timers.set(until, Timer::Ring, visit);
        self.fact(Fact::Offered { visit, agent: agent.clone(), why: why.clone() });
        self.out.push_back(Output::Offer { visit, agent, why });
        true
    }

    /// Notes that an agent may be offered calls.
    pub(crate) fn agent_free(&mut self, agent: AgentId, free: Free) {
        match self.offer_to(&agent) {
            Some(offer) => offer.free_again = Some(free),
            None => self.bench.sit(agent, free),
        }
    }

    /// Notes that an agent may not be offered calls.
    pub(crate) fn agent_busy(&mut self, agent: &AgentId) {
        if let Some(offer) = self.offer_to(agent) {
            offer.free_again = None;
        }
        self.bench.stand(agent);
    }

    /// Connects the caller with the agent who answered.
    pub(crate) fn accepted(&mut self, now: Instant, visit: VisitId, agent: AgentId) {
        if !self.is_offered(visit, &agent) {
            return self.stray();
        }
        if let Some(caller) = self.callers.get_mut(&visit).and_then(|caller| caller.offer.as_mut())
        {
            caller.free_again = None;
        }
        let Some(caller) = self.remove(visit) else { return };
        if let Some(open) = self.queues.get_mut(&caller.queue) {
            open.pace.answered(now);
        }
        let waited_ms = caller.waited_ms(now);
        self.fact(Fact::Connected { visit, queue: caller.queue, agent, waited_ms });
    }

    /// Connects the caller with an agent who took the call by hand.
    pub(crate) fn picked_up(&mut self, now: Instant, visit: VisitId, agent: AgentId) {
        self.withdraw(visit);
        let Some(caller) = self.remove(visit) else { return self.stray() };
        if let Some(open) = self.queues.get_mut(&caller.queue) {
            open.pace.answered(now);
        }
        let waited_ms = caller.waited_ms(now);
        self.fact(Fact::Connected { visit, queue: caller.queue, agent, waited_ms });
    }

    /// Lets the caller wait on after an offer that came to nothing.
    pub(crate) fn failed(&mut self, now: Instant, visit: VisitId, agent: AgentId, cause: Cause) {
        if !self.is_offered(visit, &agent) {
            return self.stray();
        }
        self.end_offer(visit, cause);
        let Some(caller) = self.callers.get_mut(&visit) else { return };
        caller.tried.insert(agent);
        if caller.overflow_due {
            self.overflow(now, visit);
        }
    }

    /// Stops the phone that rang long enough.
    pub(crate) fn ring_over(&mut self, now: Instant, visit: VisitId) {
        let Some(agent) = self.offered_agent(visit) else { return };
        self.out.push_back(Output::Withdraw {
            visit,
            agent: agent.clone(),
            cause: Cause::NoAnswer,
        });
        self.failed(now, visit, agent, Cause::NoAnswer);
    }

    /// Stops the phone that rings for a caller who is gone, if one does.
    pub(crate) fn withdraw(&mut self, visit: VisitId) {
        let Some(agent) = self.offered_agent(visit) else { return };
        self.out.push_back(Output::Withdraw { visit, agent, cause: Cause::Cancelled });
        self.end_offer(visit, Cause::Cancelled);
    }

    /// Ends an offer in vain; the caller is in the place of before.
    fn end_offer(&mut self, visit: VisitId, cause: Cause) {
        let Some(caller) = self.callers.get_mut(&visit) else { return };
        let Some(offer) = caller.offer.take() else { return };
        let place = caller.place;
        if let Some(open) = self.queues.get_mut(&caller.queue) {
            open.places.offer_over(place);
        }
        self.fact(Fact::OfferFailed { visit, agent: offer.agent.clone(), cause });
        self.forget_offer(visit, offer);
    }

    /// Takes the ring timer back and frees the agent who was said to be free meanwhile.
    pub(crate) fn forget_offer(&mut self, visit: VisitId, offer: Offer) {
        self.timers.unset(Some(offer.until), Timer::Ring, visit);
        self.rung.remove(&offer.agent);
        if let Some(free) = offer.free_again {
            self.bench.sit(offer.agent, free);
        }
    }

    fn offer_to(&mut self, agent: &AgentId) -> Option<&mut Offer> {
        let visit = self.rung.get(agent)?;
        self.callers.get_mut(visit).and_then(|caller| caller.offer.as_mut())
    }

    fn offered_agent(&self, visit: VisitId) -> Option<AgentId> {
        let offer = self.callers.get(&visit).map(|caller| &caller.offer)?;
        offer.as_ref().map(|offer| offer.agent.clone())
    }

    fn is_offered(&self, visit: VisitId, agent: &AgentId) -> bool {
        self.offered_agent(visit).as_ref() == Some(agent)
    }
}

/// A count as a fact carries it.
fn count(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}
