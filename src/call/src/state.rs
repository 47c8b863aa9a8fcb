//! One call and what it is doing.
//!
//! ```text
//!            Arrived            Answered          ToQueue            Offer
//!  (a leg) ──────────▶ Answering ──────▶ InMenu ──────────▶ Waiting ◀──────▶ Offered
//!                          │               │ ▲                │ ▲   Withdraw,   │
//!                          │               │ └────────────────┘ │   leg gone    │ Answered
//!                          │               │   Overflow         │               ▼
//!                          │               │                    └─────────── Talking
//!                          │               │                   agent's phone    │
//!                          │               │                   fell silent      │
//!                          │               ├── limit, drain ──▶ Parting ◀───────┤
//!                          ▼               ▼                       ▼            ▼
//!                        Ending ◀── caller or agent hung up, flow ended, last words said
//!                          │
//!                          └── last leg gone ──▶ (over: CallEnded)
//! ```

use crate::recording::Recording;
use model::fact::Party;
use model::site::{Lang, Marks};
use model::{
    AgentId, CallId, Cause, Instant, LegId, MenuId, Number, PersonName, PlayId, PromptId, QueueId,
    RecordingId, Via, VisitId,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a call is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The box was told to answer the caller's leg.
    Answering { node: MenuId },
    /// The caller walks through the flow.
    InMenu,
    /// The caller waits in a queue.
    Waiting { queue: QueueId },
    /// The caller waits and an agent's phone is rung on `leg`.
    Offered { queue: QueueId, agent: AgentId, leg: LegId },
    /// Caller and agent talk.
    Talking(Talk),
    /// The last words are said to the legs of `telling`; each is hung up when it has heard them.
    Parting { talk: Option<Talk>, telling: BTreeMap<LegId, PlayId> },
    /// Every leg is gone or told to hang up.
    Ending,
}

/// A talk with an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Talk {
    pub queue: QueueId,
    pub agent: AgentId,
    pub leg: LegId,
    pub since: Instant,
    /// The agent's phone put the caller on hold.
    pub held: bool,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    pub(crate) id: CallId,
    pub(crate) via: Via,
    pub(crate) number: Number,
    pub(crate) name: PersonName,
    pub(crate) lang: Lang,
    pub(crate) marks: Marks,
    pub(crate) started: Instant,
    pub(crate) state: State,
    pub(crate) since: Instant,
    /// The caller's leg until it is gone.
    pub(crate) caller: Option<LegId>,
    /// Legs that were told to hang up and of which no end came yet.
    pub(crate) closing: BTreeSet<LegId>,
    /// Visits opened so far; the last is the current one while `visiting`.
    pub(crate) visits: u16,
    pub(crate) visiting: bool,
    /// Heard in the queue and on hold.
    pub(crate) music: Option<PromptId>,
    pub(crate) recording: Option<Recording>,
    pub(crate) parts: u16,
    /// When the last part ended.
    pub(crate) recorded_to: Option<Instant>,
    pub(crate) ended: Option<(Party, Cause)>,
}

impl Call {
    /// The call's identity.
    pub fn id(&self) -> CallId {
        self.id
    }
    /// Where it came in.
    pub fn via(&self) -> &Via {
        &self.via
    }
    /// The caller's number, empty when withheld.
    pub fn number(&self) -> &Number {
        &self.number
    }
    /// The language the caller hears.
    pub fn lang(&self) -> Lang {
        self.lang
    }
    /// What puts the caller ahead of others.
    pub fn marks(&self) -> Marks {
        self.marks
    }
    /// When it rang at the box.
    pub fn started(&self) -> Instant {
        self.started
    }
    /// What it is doing.
    pub fn state(&self) -> &State {
        &self.state
    }
    /// Since when it is doing that.
    pub fn since(&self) -> Instant {
        self.since
    }
    /// The caller's leg, until it is gone.
    pub fn caller(&self) -> Option<LegId> {
        self.caller
    }
    /// The recording that runs.
    pub fn recording(&self) -> Option<RecordingId> {
        self.recording.as_ref().map(|recording| recording.id)
    }
    /// The current visit, from the answer on.
    pub fn visit(&self) -> VisitId {
        VisitId { call: self.id, no: self.visits }
    }
    /// The key under which a person reads the state.
    pub fn key(&self) -> &'static str {
        match &self.state {
            State::Answering { .. } => "ringing",
            State::InMenu => "menu",
            State::Waiting { .. } => "waiting",
            State::Offered { .. } => "offered",
            State::Talking(talk) if talk.held => "held",
            State::Talking(_) => "talking",
            State::Parting { .. } | State::Ending => "ending",
        }
    }
    /// The queue the caller waits in or was answered from.
    pub fn queue(&self) -> Option<&QueueId> {
        match &self.state {
            State::Waiting { queue } | State::Offered { queue, .. } => Some(queue),
            State::Talking(talk) => Some(&talk.queue),
            _ => None,
        }
    }
    /// The agent who is rung or talks.
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.state {
            State::Offered { agent, .. } => Some(agent),
            State::Talking(talk) => Some(&talk.agent),
            State::Parting { talk, .. } => talk.as_ref().map(|talk| &talk.agent),
            _ => None,
        }
    }
    /// Tells whether every leg is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Ending && self.caller.is_none() && self.closing.is_empty()
    }
    /// Enters a state and gives the one before.
    pub(crate) fn enter(&mut self, now: Instant, state: State) -> State {
        self.since = now;
        std::mem::replace(&mut self.state, state)
    }
}
