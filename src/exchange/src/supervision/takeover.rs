//! A supervisor has the talk instead of the agent, by code or by key.

use super::{NotSupervised, Supervisor};
use crate::exchange::Exchange;
use crate::supervision::talker::Talker;
use model::{AgentId, Instant, LegId, PhoneId, Supervising};

impl Exchange {
    /// Gives a service leg the talk of an agent.
    pub(super) fn taken_by_code(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: &PhoneId,
        agent: &AgentId,
    ) -> Result<(), NotSupervised> {
        let talker = self.talker(agent).ok_or(match self.is_asking(agent) {
            true => NotSupervised::NotTaken,
            false => NotSupervised::Nobody,
        })?;
        self.take_over(now, leg, phone, agent, &talker, now)?;
        self.services.gone(leg);
        Ok(())
    }

    /// Gives a supervisor the very talk it is in, held or not; refused, it stays as it is.
    pub(super) fn taken_by_key(
        &mut self,
        now: Instant,
        leg: LegId,
        one: &Supervisor,
    ) -> Result<(), NotSupervised> {
        let talker = self.talker_on(one.of).ok_or(NotSupervised::NotTaken)?;
        self.take_over(now, leg, &one.phone, &one.agent, &talker, one.since)?;
        self.supervision.supervisors.remove(&leg);
        Ok(())
    }

    /// Has the call give the agent's place to a leg, and tells of it if it did.
    fn take_over(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: &PhoneId,
        agent: &AgentId,
        talker: &Talker,
        since: Instant,
    ) -> Result<(), NotSupervised> {
        if self.is_at(phone, talker) {
            return Err(NotSupervised::Nobody);
        }
        if talker.room.is_some() {
            // There is nobody's place to take among three.
            return Err(NotSupervised::NotTaken);
        }
        let by = self.who(phone);
        let (call, visit, old) = (talker.call, talker.visit, talker.leg);
        self.calls.handle(now, call::Input::TakeOver { call, leg, who: by.clone(), old });
        if self.calls.call_of(leg).is_none() {
            return Err(NotSupervised::NotTaken);
        }
        self.plays.stop(leg);
        let (phone, agent, how) = (phone.clone(), agent.clone(), Supervising::TakeOver);
        let one = Supervisor { phone, by, agent, of: old, visit, how, since };
        self.told_begun(now, &one);
        self.told_ended(now, &one);
        Ok(())
    }

    /// Tells whether an agent is in a call in another way than talking with its other side.
    fn is_asking(&self, agent: &AgentId) -> bool {
        self.calls.iter().any(|call| {
            let talks = call.talks().any(|talk| talk.who.agent.as_ref() == Some(agent));
            talks || call.side().agent.as_ref() == Some(agent) && call.talks().next().is_some()
        })
    }
}
