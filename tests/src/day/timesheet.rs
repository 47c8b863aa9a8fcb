//! An agent's day: states that follow each other and partition the time logged in.

use anyhow::{Result, ensure};
use model::fact::AgentState;
use model::{AgentId, WallTime};

/// An agent's day in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// From log-ins to log-outs.
    pub logged_in: u64,
    pub not_ready: u64,
    pub ready: u64,
    pub ringing: u64,
    pub talking: u64,
    pub wrap_up: u64,
    /// What `Released` said of the talks.
    pub talked: u64,
    /// Of `talking`, what a loss of power cut off.
    pub cut: u64,
}

/// An agent as the facts tell of one.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) state: AgentState,
    pub(super) since: WallTime,
    logged_in: WallTime,
    /// The box is not running, so nobody is logged in; `state` is what a restart finds.
    off: bool,
    pub(super) times: Times,
}

impl Agent {
    pub(super) fn new(at: WallTime) -> Self {
        Self {
            state: AgentState::LoggedOut,
            since: at,
            logged_in: at,
            off: false,
            times: Times::default(),
        }
    }

    /// The agent comes into a state.
    pub(super) fn changed(&mut self, at: WallTime, id: &AgentId, state: &AgentState) -> Result<()> {
        if std::mem::take(&mut self.off) {
            self.state = AgentState::LoggedOut;
        }
        ensure!(may_follow(&self.state, state), "{id} goes from {:?} to {state:?}", self.state);
        if self.state == AgentState::LoggedOut {
            self.logged_in = at;
        }
        self.count(at, *state == AgentState::LoggedOut);
        self.state = state.clone();
        self.since = at;
        Ok(())
    }

    /// The box stops, or is found to have stopped then.
    pub(super) fn off(&mut self, at: WallTime) {
        if std::mem::replace(&mut self.off, true) {
            return;
        }
        if self.state != AgentState::LoggedOut {
            self.count(at, true);
        }
        if matches!(self.state, AgentState::Talking { .. }) {
            self.times.cut += at.ms_since(self.since);
        }
    }

    /// Checks at the end of the day that the agent is gone and the times add up.
    pub(super) fn close(&self, id: &AgentId) -> Result<()> {
        let times = self.times;
        ensure!(self.state == AgentState::LoggedOut, "{id} is still {:?}", self.state);
        let parts = times.not_ready + times.ready + times.ringing + times.talking + times.wrap_up;
        ensure!(times.logged_in == parts, "the states of {id} do not add up: {times:?}");
        // Talks with colleagues come on top.
        ensure!(times.talking >= times.talked, "the talks of {id}: {times:?}");
        Ok(())
    }

    /// Adds the state of until now to the day, and the session if it ends.
    fn count(&mut self, at: WallTime, ends: bool) {
        let span = at.ms_since(self.since);
        let times = &mut self.times;
        match &self.state {
            AgentState::LoggedOut => return,
            AgentState::NotReady { .. } => times.not_ready += span,
            AgentState::Ready => times.ready += span,
            AgentState::Ringing { .. } => times.ringing += span,
            AgentState::Talking { .. } => times.talking += span,
            AgentState::WrapUp { .. } => times.wrap_up += span,
        }
        if ends {
            times.logged_in += at.ms_since(self.logged_in);
        }
    }
}

/// Tells whether a state may follow another.
fn may_follow(old: &AgentState, new: &AgentState) -> bool {
    use AgentState::*;
    match (old, new) {
        (LoggedOut, Ready | NotReady { .. }) => true,
        (NotReady { reason: old }, NotReady { reason: new }) => old != new,
        (NotReady { .. }, Ready | LoggedOut) => true,
        (Ready, Ringing { .. } | NotReady { .. } | LoggedOut) => true,
        (Ringing { .. }, Talking { .. }) => true,
        (Ringing { .. }, Ready | NotReady { .. } | LoggedOut) => true,
        (Ready | NotReady { .. } | WrapUp { .. }, Talking { .. }) => true,
        // Took another call while the phone rang, or talks in two.
        (Talking { .. }, Talking { .. }) => true,
        (Ready | NotReady { .. } | Talking { .. }, WrapUp { .. }) => true,
        (Talking { .. }, Ready | NotReady { .. } | LoggedOut) => true,
        (WrapUp { .. }, Ready | NotReady { .. } | LoggedOut) => true,
        _ => false,
    }
}
