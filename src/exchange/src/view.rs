//! What a supervisor's screen shows of the exchange, as plain values.

use model::fact::{AgentState, Who};
use model::site::{Lang, Marks, Words};
use model::{
    AgentId, CallId, Instant, LegId, MenuId, Number, PhoneId, QueueId, RecordingId, Supervising,
    Via,
};
use std::time::Duration;

/// A live call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallView {
    pub call: CallId,
    pub via: Via,
    /// Whole; who shows it masks it.
    pub caller: Number,
    /// The caller is one of the site's own phones.
    pub inside: bool,
    pub lang: Lang,
    /// `ringing`, `menu`, `waiting`, `offered`, `calling`, `talking`, `held`, `transferring`,
    /// `consulting`, `parked`, `conference` or `ending`.
    pub state: &'static str,
    /// The node of the flow the caller is at, while in one.
    pub menu: Option<MenuId>,
    /// The queue the caller waits in or was answered from.
    pub queue: Option<QueueId>,
    /// The agent who is rung or talks.
    pub agent: Option<AgentId>,
    /// When the call came into this state.
    pub since: Instant,
    /// When it rang at the box.
    pub started: Instant,
    pub marks: Marks,
    /// The party that is rung or talks: the agent's phone, another, or a number outside.
    pub party: Option<Who>,
    /// The slot the caller is in.
    pub slot: Option<String>,
    /// The caller's leg, until it is gone.
    pub leg: Option<LegId>,
    /// The recording that runs.
    pub recording: Option<RecordingId>,
}

/// Whose leg one is.
#[derive(Clone, Debug, PartialEq)]
pub struct LegView {
    pub call: CallId,
    /// The line or phone it goes to.
    pub via: Via,
    /// Who sits at it.
    pub agent: Option<AgentId>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueView {
    pub id: QueueId,
    pub name: Words,
    /// Callers in it, those being offered included.
    pub waiting: usize,
    /// Of the caller who came first; zero when nobody waits.
    pub longest_wait_ms: u64,
    /// Agents who are free and have its skills.
    pub agents_free: usize,
    /// Offers that ring right now.
    pub offered: usize,
    pub service_level: Duration,
    /// Callers wait and nobody who is logged in has the skills to answer them.
    pub unserved: bool,
}

/// An agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentView {
    pub id: AgentId,
    pub name: String,
    pub state: AgentState,
    pub since: Instant,
    pub phone_up: bool,
    /// Where the agent sits.
    pub phone: PhoneId,
    /// The phone takes no calls.
    pub dnd: bool,
    /// The phone sends some or all calls elsewhere.
    pub forwarded: bool,
    /// The call that rings, is talked or is being wrapped up.
    pub call: Option<CallId>,
    /// What a supervisor does in the agent's talk.
    pub supervised: Option<Supervising>,
}

/// What was refused, ignored or cut short at a limit since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls refused because `limits.calls_max` were there or the box drained.
    pub calls_refused: u64,
    /// Calls ended by the box at `limits.call`.
    pub calls_too_long: u64,
    /// Calls ended because they had had every visit a call may have.
    pub visits_exhausted: u64,
    /// Legs given up because no end came of them after a hang-up.
    pub legs_lost: u64,
    /// Callers whose agent's phone fell silent and who were queued again.
    pub reconnected: u64,
    /// Feature-code legs refused because too many were open.
    pub services_refused: u64,
    /// Calls refused because they came by a line that the site does not have.
    pub lines_unknown: u64,
    /// Callers who found their queue full.
    pub queues_full: u64,
    /// Visits that were sent to an agent at a limit of the flow.
    pub flows_cut: u64,
    /// Plays whose end never came.
    pub plays_lost: u64,
    /// Agents made not ready because they did not answer.
    pub agents_unanswering: u64,
    /// Numbers dialled by desk phones that are no feature codes.
    pub codes_unknown: u64,
    /// Transfers that came to nothing.
    pub transfers_failed: u64,
    /// Callers parked so long that they were sent back.
    pub parked_too_long: u64,
    /// Callers who were to be parked while no slot was free.
    pub slots_full: u64,
    /// Wishes of phones that fit nothing they did, or met a limit.
    pub wishes_refused: u64,
    /// Calls that were sent on in a circle, or too often.
    pub forwards_cut: u64,
    /// PINs that were wrong.
    pub wrong_pins: u64,
    /// Calls out that were not allowed.
    pub calls_barred: u64,
    /// Calls out that were given to another trunk.
    pub failovers: u64,
    /// Words between stages that fit nothing there: an error of the program, ignored.
    pub strays: u64,
    /// Events of legs that nobody knows (any more).
    pub events_ignored: u64,
}
