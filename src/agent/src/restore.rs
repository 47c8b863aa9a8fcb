//! After a restart: the agents come back as they were, as far as that is still true.
//!
//! | before           | after the restart                                                    |
//! |------------------|----------------------------------------------------------------------|
//! | ready            | not ready, `phone-gone`: ready when the phone registers again        |
//! | ringing, wrap-up | the same: the call is over and so is the rest after it               |
//! | talking          | not ready, `restart`: the talk was cut off, the agent says when      |
//! | not ready        | not ready, the same reason                                           |
//! | logged out       | logged out                                                           |
//!
//! A state older than `RESTORE_AGE_MAX` is not restored: the box was off over night and nobody
//! sits there. Each agent who was not logged out gets one `AgentChanged`, so the facts after
//! `BoxStarted` say who is there.

use crate::agents::Agents;
use crate::desk::PHONE_GONE;
use model::fact::AgentState;
use model::{AgentId, Instant, WallTime};
use std::time::Duration;

/// The reason of not ready for an agent whose talk a restart cut off.
pub const RESTART: &str = "restart";
/// States older than this are not restored.
pub const RESTORE_AGE_MAX: Duration = Duration::from_secs(12 * 3600);

impl Agents {
    /// Brings the agents back who were logged in before the box stopped.
    pub(crate) fn restore(
        &mut self,
        now: Instant,
        wall: WallTime,
        before: &[(AgentId, AgentState, WallTime)],
    ) {
        for (agent, state, since) in before {
            let old = *since + RESTORE_AGE_MAX < wall;
            match restored(state) {
                AgentState::LoggedOut if *state == AgentState::LoggedOut => {}
                state if !old && self.desks.contains_key(agent) => self.change(now, agent, state),
                _ => self.say_logged_out(agent),
            }
        }
    }
}

/// The state an agent comes back in.
fn restored(before: &AgentState) -> AgentState {
    match before {
        AgentState::LoggedOut => AgentState::LoggedOut,
        AgentState::NotReady { reason } => AgentState::NotReady { reason: reason.clone() },
        AgentState::Talking { .. } => AgentState::NotReady { reason: RESTART.into() },
        AgentState::Ready | AgentState::Ringing { .. } | AgentState::WrapUp { .. } => {
            AgentState::NotReady { reason: PHONE_GONE.into() }
        }
    }
}
