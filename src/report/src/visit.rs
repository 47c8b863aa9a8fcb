//! A visit to a queue, from the join to its one end.

use model::{AgentId, Cause, QueueId, WallTime};

/// A visit of the day.
#[derive(Clone, Debug)]
pub struct Visit {
    pub queue: QueueId,
    pub end: End,
    pub wrap_up_ms: u64,
    /// Offers made: to whom, and how each ended.
    pub offers: Vec<Offer>,
}

/// An offer of a visit.
#[derive(Clone, Debug)]
pub struct Offer {
    pub agent: AgentId,
    /// Why it came to nothing; none while it stands or when it was answered.
    pub failed: Option<Cause>,
}

/// How a visit ended, if it did.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Waiting,
    /// Answered; talk time once it is over.
    Answered {
        agent: AgentId,
        waited_ms: u64,
        at: WallTime,
        talked_ms: Option<u64>,
    },
    Abandoned {
        waited_ms: u64,
    },
    Overflowed,
    TurnedAway,
    /// The box died while the caller waited.
    Lost,
}

impl Visit {
    /// A visit that joined a queue.
    pub fn joined(queue: QueueId) -> Self {
        Self { queue, end: End::Waiting, wrap_up_ms: 0, offers: Vec::new() }
    }

    /// Ends the wait; a visit ends once, whatever comes later.
    pub fn ended(&mut self, end: End) {
        if self.end == End::Waiting {
            self.end = end;
        }
    }

    /// Ends the talk.
    pub fn released(&mut self, ms: u64) {
        if let End::Answered { talked_ms: talked @ None, .. } = &mut self.end {
            *talked = Some(ms);
        }
    }

    /// Tells whether neither wait nor talk go on.
    pub fn is_over(&self) -> bool {
        !matches!(self.end, End::Waiting | End::Answered { talked_ms: None, .. })
    }

    /// Notes an offer that came to nothing.
    pub fn failed(&mut self, agent: &AgentId, cause: Cause) {
        let open = |offer: &&mut Offer| offer.agent == *agent && offer.failed.is_none();
        if let Some(offer) = self.offers.iter_mut().rev().find(open) {
            offer.failed = Some(cause);
        }
    }

    /// Ends what the box was in the middle of when it died; it is known to have run until `last`.
    pub fn cut_off(&mut self, last: WallTime) {
        self.ended(End::Lost);
        if let End::Answered { at, talked_ms: None, .. } = self.end {
            self.released(last.ms_since(at));
        }
    }
}
