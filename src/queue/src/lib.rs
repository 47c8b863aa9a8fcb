//! Queues 排队: who waits, who is next, which agent is offered the call, and why.
//!
//! ```text
//!                    full, overflow given ──────────────────────────────▶ Overflowed
//!                  ┌─full, none given──▶ told so ──Played──▶ Refused
//!            Join ─┤
//!                  └▶ Waiting ◀──Failed / ring time-out──┐
//!                        │  └──a fit agent is free──▶ Offered ──Accepted──▶ Connected
//!        overflow.after  │                               │
//!         Overflowed ◀───┴───── Leave ──▶ Abandoned ◀────┘   (the offer is withdrawn)
//! ```
//!
//! Order of service in the whole box: the higher queue priority and marks first, then the longer
//! waiting. Of the agents who are free and have all skills of the queue, the longest idle is
//! chosen; then the one with the higher skill, then the lower number. A caller keeps the place
//! through every failed offer.

mod announce;
mod bench;
mod caller;
mod offer;
mod pace;
mod place;
mod queues;
#[cfg(test)]
mod tests;
mod timer;

pub use caller::Waiting;
pub use pace::{ANSWER_AGE_MAX, ANSWERS_MIN};
pub use queues::{Counters, FULL_MAX, Queues};

use model::fact::OfferWhy;
use model::site::{Lang, Marks, Site};
use model::{AgentId, Cause, Clip, Fact, Instant, MenuId, PlayId, QueueId, SkillId, VisitId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a queue is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A caller comes to wait.
    Join { visit: VisitId, queue: QueueId, marks: Marks, lang: Lang },
    /// A caller who lost the agent through no fault of anybody comes back and goes before all
    /// others, into a full queue too: the talk was promised already.
    Rejoin { visit: VisitId, queue: QueueId, marks: Marks, lang: Lang },
    /// The caller is gone, waiting or while a phone rings for them.
    Leave { visit: VisitId },
    /// The agent may be offered a call. Said again, it brings the skills and idle time up to date.
    AgentFree { agent: AgentId, skills: BTreeMap<SkillId, u8>, idle_since: Instant },
    /// The agent may not be offered a call. An offer that stands is not touched by it.
    AgentBusy { agent: AgentId },
    /// The agent answered the offer.
    Accepted { visit: VisitId, agent: AgentId },
    /// An agent took the caller out of the queue; a phone that rings for the caller is stopped.
    PickedUp { visit: VisitId, agent: AgentId },
    /// The offer came to nothing; the agent is not free until `AgentFree` says so.
    Failed { visit: VisitId, agent: AgentId, cause: Cause },
    /// What `Output::Say` started came to its end.
    Played { visit: VisitId, play: PlayId },
    /// Another configuration holds from now on. Callers of a queue that is no longer in it wait on
    /// under the old rules; a changed priority counts for callers who join from now on.
    Site(Arc<Site>),
}

/// What a queue says and wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Ring this agent for this caller.
    Offer { visit: VisitId, agent: AgentId, why: OfferWhy },
    /// Stop ringing: the caller is gone or the ring time is over. No `Failed` is expected.
    Withdraw { visit: VisitId, agent: AgentId, cause: Cause },
    /// Play to the caller; replaces what was played before. Play ids of queues have `PLAY` set.
    Say { visit: VisitId, play: PlayId, clips: Vec<Clip>, looped: bool },
    /// The caller leaves for another node of the flow.
    Overflow { visit: VisitId, to: MenuId, waited_ms: u64 },
    /// The queue is full and has no overflow, the caller was told: hang up.
    Refused { visit: VisitId },
    /// Of `Queued`, `Announced`, `Offered`, `OfferFailed`, `Connected`, `Abandoned`, `Overflowed`
    /// and `TurnedAway`.
    Fact(Fact),
}

/// Set in every play id of a queue, so that none is mistaken for one of the flow's.
pub const PLAY: u64 = 1 << 62;
