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
//!
//! A talk that no queue offered begins from any state but logged out and leads back to it. An agent
//! may talk in two calls at once (a consultation): the state names the last, and the rest after a
//! queue's call follows the last of them.
//!
//! Any agent may sit down at any phone that the site lets: who sat there is logged out, and so is
//! the agent from the phone of before.

mod agents;
mod code;
mod desk;
mod dial;
mod pins;
mod restore;
mod seat;
mod talks;
#[cfg(test)]
mod tests;

pub use agents::{Agents, Counters, UNANSWERED_MAX};
pub use code::Code;
pub use desk::{DND, FORWARDED, NO_ANSWER, PHONE_GONE, View};
pub use pins::{
    GUESSED_MAX, PIN_FORGOTTEN, PIN_LOCK, PIN_LOCK_MAX, WRONG_AT_PHONE_MAX, WRONG_PINS_MAX,
};
pub use restore::{RESTART, RESTORE_AGE_MAX};

use model::site::Site;
use model::{AgentId, Cause, Clip, Fact, Instant, PhoneId, QueueId, Secret, SkillId, VisitId};
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
    /// The agent talks by no queue's offer, or the call goes on in another visit. `queue` is that
    /// of a caller the agent took out of it.
    Engaged {
        agent: AgentId,
        visit: VisitId,
        queue: Option<QueueId>,
    },
    /// A phone's own key asks what a code would; nothing is said.
    Wish {
        phone: PhoneId,
        code: Code,
    },
    /// A proof of an agent's PIN was wrong that a phone's own key gave.
    WrongPin {
        phone: PhoneId,
        agent: AgentId,
    },
    /// An agent sits down at a phone and logs in there.
    Sit {
        phone: PhoneId,
        agent: AgentId,
        pin: Option<Secret>,
    },
    /// Why the phone takes no calls of a queue, if it does not.
    Barred {
        phone: PhoneId,
        reason: Option<&'static str>,
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
    /// `AgentChanged`, exactly once a change, and `Seated`.
    Fact(Fact),
}
