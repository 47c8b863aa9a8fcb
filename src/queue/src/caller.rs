//! A caller who waits.

use crate::bench::Free;
use crate::place::Place;
use model::site::{Lang, Marks};
use model::{AgentId, Instant, PlayId, QueueId, VisitId};
use std::collections::BTreeSet;

/// A caller in a queue.
#[derive(Debug)]
pub struct Caller {
    pub queue: QueueId,
    pub place: Place,
    pub marks: Marks,
    pub lang: Lang,
    pub offer: Option<Offer>,
    /// Offers so far.
    pub attempts: u16,
    /// Agents who were offered the call in vain and are left out while others are free.
    pub tried: BTreeSet<AgentId>,
    /// What the caller hears.
    pub play: PlayId,
    pub overflow_at: Option<Instant>,
    /// The time to overflow came while a phone rang: the caller goes when the offer ends.
    pub overflow_due: bool,
    pub announce_at: Option<Instant>,
}

/// A phone that rings for a caller.
#[derive(Debug)]
pub struct Offer {
    pub agent: AgentId,
    pub until: Instant,
    /// The agent was said to be free again before the offer's end was told: sits down then.
    pub free_again: Option<Free>,
}

impl Caller {
    /// How long the caller has waited.
    pub fn waited_ms(&self, now: Instant) -> u64 {
        ms(now.since(self.place.since))
    }
}

/// A caller who waits, as a screen or a test sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    pub visit: VisitId,
    pub lang: Lang,
    pub marks: Marks,
    /// The queue's priority and the marks' points together.
    pub priority: u16,
    pub since: Instant,
    /// The agent whose phone rings for this caller.
    pub offered: Option<AgentId>,
    /// Offers so far.
    pub attempts: u16,
}

impl Waiting {
    /// Looks at a caller from outside.
    pub fn of(caller: &Caller) -> Self {
        Self {
            visit: caller.place.visit,
            lang: caller.lang,
            marks: caller.marks,
            priority: caller.place.priority.0,
            since: caller.place.since,
            offered: caller.offer.as_ref().map(|offer| offer.agent.clone()),
            attempts: caller.attempts,
        }
    }
}

/// Whole milliseconds of a span.
pub fn ms(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
