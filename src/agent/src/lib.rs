//! Agents 坐席: who is logged in, ready, ringing, talking or wrapping up, since when.
//!
//! ```text
//!              log in                    Offered                 Answered
//!   LoggedOut ───────▶ Ready ───────────────────────▶ Ringing ───────────▶ Talking
//!       ▲               ▲ │ ▲ ▲                          │                    │ Released
//!       │ log out       │ │ │ └──── OfferEnded ──────────┤                    ▼
//!       │ (from any,    │ │ └─────── time or code ───────┼─────────────── WrapUp
//!       │  after a call)│ ▼ code, phone gone             ▼ 2 in a row
//!       └────────────── NotReady ◀───────────────────────┘
//! ```
//!
//! Logging in makes the agent ready: small centres expect to be called once they sat down. An agent
//! is `Ready` only with a registered phone; without one the state is `NotReady` with the reason
//! `phone-gone`, and ready again when the phone is back. Who logs out while the phone rings or a
//! call stands leaves when it is over; no other code is taken then, which `agent.on-a-call` says.

mod agents;
mod code;
mod desk;
mod dial;
mod restore;
#[cfg(test)]
mod tests;

pub use agents::{Agents, Counters, UNANSWERED_MAX};
pub use code::Code;
pub use desk::{NO_ANSWER, PHONE_GONE, View};
pub use restore::{RESTART, RESTORE_AGE_MAX};

use model::site::Site;
use model::{AgentId, Cause, Clip, Fact, Instant, PhoneId, QueueId, SkillId, VisitId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What agents are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<'a> {
    /// A phone dialled the box itself: a feature code or what it took for one.
    Code {
        phone: PhoneId,
        dialled: &'a str,
    },
    /// The agent's phone is being rung for a caller of the queue.
    Offered {
        agent: AgentId,
        visit: VisitId,
        queue: QueueId,
    },
    /// The offer is over; no cause means answered, which `Answered` says as well.
    OfferEnded {
        agent: AgentId,
        visit: VisitId,
        cause: Option<Cause>,
    },
    /// The agent answered: talk begins.
    Answered {
        agent: AgentId,
        visit: VisitId,
    },
    /// Talk ended.
    Released {
        agent: AgentId,
        visit: VisitId,
    },
    PhoneUp {
        phone: PhoneId,
    },
    PhoneDown {
        phone: PhoneId,
    },
    /// Another configuration holds from now on. Who is no longer in it is logged out, after the
    /// call if there is one.
    Site(Arc<Site>),
}

/// What agents say.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The agent may be offered a call. Said again when the skills changed.
    Free { agent: AgentId, skills: BTreeMap<SkillId, u8>, idle_since: Instant },
    /// The agent may not be offered a call.
    Busy { agent: AgentId },
    /// The confirmation of a code, to be played to the phone that dialled it.
    Say { phone: PhoneId, clips: Vec<Clip> },
    /// `AgentChanged`, exactly once a change.
    Fact(Fact),
}
