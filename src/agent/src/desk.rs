//! A desk: one agent, the state and what it depends on.

use model::fact::AgentState;
use model::{AgentId, Instant, PhoneId, VisitId};
use std::time::Duration;

/// The reason of not ready while the agent's phone is not registered; ready again when it is.
pub const PHONE_GONE: &str = "phone-gone";
/// The reason of not ready while the agent's phone is set not to be disturbed.
pub const DND: &str = "dnd";
/// The reason of not ready while the agent's phone sends all its calls elsewhere.
pub const FORWARDED: &str = "forwarded";
/// The reason of not ready after too many rings without an answer.
pub const NO_ANSWER: &str = "no-answer";

/// One agent.
#[derive(Debug)]
pub struct Desk {
    pub phone: PhoneId,
    pub state: AgentState,
    pub since: Instant,
    /// From when the agent counts as idle. A caller who hangs up while the phone rings does not
    /// change it; a ring without an answer does, so that the next call goes to another.
    pub idle_since: Instant,
    /// Rings without an answer, one after another.
    pub unanswered: u8,
    /// Rest after the call of now, as its queue asks for.
    pub wrap_up: Duration,
    pub wrap_up_until: Option<Instant>,
    /// The calls the agent talks in; the last is the one of `state`.
    pub talks: Vec<VisitId>,
    /// One of these came by a queue, whose rest follows the last.
    pub by_queue: bool,
    /// The state before the first of these, and when that rest ends.
    pub before: Option<(AgentState, Option<Instant>)>,
    /// The last call talked in, which after-call work is for.
    pub last: Option<VisitId>,
    /// The agent asked for after-call work.
    pub wants_rest: bool,
    /// The agent logged out during a call and leaves when it is over.
    pub leaving: bool,
}

impl Desk {
    /// A desk nobody is logged in at.
    pub fn empty(now: Instant, phone: PhoneId) -> Self {
        Self {
            phone,
            state: AgentState::LoggedOut,
            since: now,
            idle_since: now,
            unanswered: 0,
            wrap_up: Duration::ZERO,
            wrap_up_until: None,
            talks: Vec::new(),
            by_queue: false,
            before: None,
            last: None,
            wants_rest: false,
            leaving: false,
        }
    }
    /// Tells whether a phone rings or a call stands.
    pub fn on_a_call(&self) -> bool {
        matches!(self.state, AgentState::Ringing { .. } | AgentState::Talking { .. })
    }
    /// Tells whether the agent would be ready if the phone were there and took calls.
    pub fn waits_for_phone(&self) -> bool {
        let by_phone = [PHONE_GONE, DND, FORWARDED];
        matches!(&self.state, AgentState::NotReady { reason } if by_phone.contains(&reason.as_str()))
    }
}

/// An agent as a screen sees one.
#[derive(Clone, Debug, PartialEq)]
pub struct View<'a> {
    pub agent: &'a AgentId,
    pub state: &'a AgentState,
    pub since: Instant,
    /// The agent logged out during the call and leaves when it is over.
    pub leaving: bool,
}
