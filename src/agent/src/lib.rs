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
//! `phone-gone`, and ready again when the phone is back. A code dialled while ringing or talking
//! takes effect when the call is over, which `agent.on-a-call` says.

use model::fact::AgentState;
use model::site::Site;
use model::{AgentId, Cause, Clip, Fact, Instant, PhoneId, QueueId, SkillId, VisitId, WallTime};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What agents are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input<'a> {
    /// A phone dialled the box itself: a feature code or what it took for one.
    Code { phone: PhoneId, dialled: &'a str },
    /// The agent's phone is being rung for a caller of the queue.
    Offered { agent: AgentId, visit: VisitId, queue: QueueId },
    /// The offer is over; no cause means answered, which `Answered` says as well.
    OfferEnded { agent: AgentId, visit: VisitId, cause: Option<Cause> },
    /// The agent answered: talk begins.
    Answered { agent: AgentId, visit: VisitId },
    /// Talk ended.
    Released { agent: AgentId, visit: VisitId },
    PhoneUp { phone: PhoneId },
    PhoneDown { phone: PhoneId },
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

/// All agents of the box.
#[derive(Debug)]
pub struct Agents {
    _site: Arc<Site>,
}

impl Agents {
    /// Takes the agents of a site, in the states they were in before the box stopped: since when,
    /// and `wall` is now. All phones are down until `PhoneUp`.
    pub fn new(
        _now: Instant,
        _wall: WallTime,
        site: Arc<Site>,
        _restored: &[(AgentId, AgentState, WallTime)],
    ) -> Self {
        Self { _site: site }
    }
    /// Takes an input in.
    pub fn handle(&mut self, _now: Instant, _input: Input<'_>) {}
    /// Fires the timers that are due.
    pub fn tick(&mut self, _now: Instant) {}
    /// Gives the next output.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }
    /// Tells when `tick` is needed next, and what for.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        None
    }
    /// The agent's state; nothing for a stranger.
    pub fn state(&self, _agent: &AgentId) -> Option<&AgentState> {
        None
    }
    /// Since when the agent is in that state.
    pub fn since(&self, _agent: &AgentId) -> Option<Instant> {
        None
    }
}
