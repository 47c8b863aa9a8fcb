//! One call and what it is doing.
//!
//! ```text
//!            Arrived            Answered          ToQueue            Offer
//!  (a leg) ──────────▶ Answering ──────▶ InMenu ──────────▶ Waiting ◀──────▶ Offered
//!     │                  ▲                 ▲                 ▲  │ ▲   Withdraw,  │
//!     │ Dialled          │ far side        └─────────────────┼──┘ │   leg gone   │ Answered
//!     ▼                  │ answered             Overflow      │    │ agent's phone│
//!   Calling ─────────────┘                                    │    │ fell silent  ▼
//!   ▲ │  ▲ └─── nobody came: the next way back ───────────────┘    └────────── Talking
//!   │ │  │                                                                    │ │ ▲ ▲ │
//!   │ │  │                             Transferring ◀── sent on ──────────────┘ │ │ │ │
//!   │ │  └── the one who sends is gone ───┘   └── came to nothing ──────────────┼─┘ │ │
//!   │ │                                   Consulting ◀── asks another ──────────┘   │ │
//!   │ └──▶ Parked ◀─────────────────────────────────────── parked ──────────────────┼─┤
//!   └── too long ┘                        Conference ◀── three and more ────────────┘ ▼
//!                                              └── the last two ──▶ Talking
//!   any ── limit, drain ──▶ Parting ──▶ Ending ◀── hung up, flow ended, last words said
//!                                          └── last leg gone ──▶ (over: CallEnded)
//! ```
//!
//! In none of them is the caller nowhere: in a menu, a queue, with a party, waiting for one with a
//! list of ways back, parked, or being told goodbye.

use crate::recording::Recording;
use model::fact::{Party, Who};
use model::site::{Lang, Marks};
use model::{
    AgentId, CallId, Cause, Instant, LegId, MenuId, Number, PersonName, PlayId, PromptId, QueueId,
    RecordingId, RoomId, Via, VisitId,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a call is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The box was told to answer the caller's leg.
    Answering { then: Then },
    /// The caller walks through the flow.
    InMenu,
    /// The caller waits in a queue.
    Waiting { queue: QueueId },
    /// The caller waits and an agent's phone is rung on `leg`.
    Offered { queue: QueueId, who: Who, leg: LegId },
    /// A party is rung for the caller, or is being found; `back` is where the caller goes if none
    /// comes.
    Calling { to: Option<Rung>, back: VecDeque<Back> },
    /// Caller and party talk.
    Talking(Talk),
    /// The party sends the caller on and stays until that stands.
    Transferring { talk: Talk, to: Option<Rung> },
    /// The party asks another while the caller waits, or the other way round.
    Consulting(Consultation),
    /// The caller is in a slot.
    Parked { slot: String, by: Who, since: Instant },
    /// The caller and all of these hear each other.
    Conference { room: RoomId, members: Vec<Talk> },
    /// The last words are said to the legs of `telling`; each is hung up when it has heard them.
    Parting { talks: Vec<Talk>, telling: BTreeMap<LegId, PlayId> },
    /// Every leg is gone or told to hang up.
    Ending,
}

/// What happens when the caller's leg is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    Menu(MenuId),
    Queue(QueueId),
    /// The far side has answered already.
    Meet(Box<Talk>),
    /// A conference of the caller alone, that others are asked into.
    Conference,
}

/// A party that is rung.
#[derive(Clone, Debug, PartialEq)]
pub struct Rung {
    pub leg: LegId,
    pub who: Who,
    /// Its sound came before an answer and is heard.
    pub early: bool,
}

/// Where a caller goes for whom nobody came; the first that can be had.
#[derive(Clone, Debug, PartialEq)]
pub enum Back {
    /// To who had the caller before.
    Party(Who),
    /// First in line.
    Queue(QueueId),
    Menu(MenuId),
}

/// A talk with an agent, another phone or a number outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Talk {
    pub leg: LegId,
    pub who: Who,
    /// The queue that found the agent, if one did.
    pub queue: Option<QueueId>,
    pub since: Instant,
    /// The party's phone put the caller on hold.
    pub held: bool,
}

/// A party that asks another while the caller waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Consultation {
    pub talk: Talk,
    /// Rings, or is being found.
    pub to: Option<Rung>,
    /// Answered.
    pub other: Option<Talk>,
    /// The party talks with the caller and the other one waits.
    pub with_caller: bool,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    pub(crate) id: CallId,
    /// Where the call came in.
    pub(crate) via: Via,
    /// Who is at the caller's leg: that may be another than who began the call.
    pub(crate) side: Who,
    pub(crate) name: PersonName,
    pub(crate) lang: Lang,
    pub(crate) marks: Marks,
    /// An emergency call: not refused, not told, not drained, of any length.
    pub(crate) emergency: bool,
    pub(crate) started: Instant,
    pub(crate) state: State,
    pub(crate) since: Instant,
    /// The caller's leg until it is gone.
    pub(crate) caller: Option<LegId>,
    /// The caller's leg while it rings at the box and was not told to be answered.
    pub(crate) unanswered: Option<LegId>,
    /// The caller's leg was told that the far side rings.
    pub(crate) alerted: bool,
    /// The caller's agent was said to be engaged.
    pub(crate) engaged: bool,
    /// The caller's phone put the party on hold.
    pub(crate) holds: bool,
    /// The visit's facts have it that somebody is on hold.
    pub(crate) told_held: bool,
    /// A leg that is being answered to take a place in this call, and whose place it takes.
    pub(crate) joining: Option<(LegId, Who, Option<LegId>)>,
    /// Legs that were told to hang up and of which no end came yet.
    pub(crate) closing: BTreeSet<LegId>,
    /// Visits opened so far; the last is the current one while `visiting`.
    pub(crate) visits: u16,
    pub(crate) visiting: bool,
    /// The queue the caller was in last.
    pub(crate) queue: Option<QueueId>,
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
    /// Who is at the caller's leg.
    pub fn side(&self) -> &Who {
        &self.side
    }
    /// The caller's number, empty when withheld.
    pub fn number(&self) -> &Number {
        &self.side.number
    }
    /// The caller's name as the line gave it.
    pub fn name(&self) -> &PersonName {
        &self.name
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
    /// Tells whether it is an emergency call.
    pub fn emergency(&self) -> bool {
        self.emergency
    }
    /// Tells whether a leg is being answered to take a place in the call.
    pub fn is_joined(&self) -> bool {
        self.joining.is_some()
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
            State::Calling { .. } => "calling",
            State::Talking(talk) if talk.held || self.holds => "held",
            State::Talking(_) => "talking",
            State::Transferring { .. } => "transferring",
            State::Consulting(_) => "consulting",
            State::Parked { .. } => "parked",
            State::Conference { .. } => "conference",
            State::Parting { .. } | State::Ending => "ending",
        }
    }
    /// The queue the caller waits in or was answered from.
    pub fn queue(&self) -> Option<&QueueId> {
        match &self.state {
            State::Waiting { queue } | State::Offered { queue, .. } => Some(queue),
            _ => self.talks().find_map(|talk| talk.queue.as_ref()),
        }
    }
    /// The slot the caller is in.
    pub fn slot(&self) -> Option<&str> {
        match &self.state {
            State::Parked { slot, .. } => Some(slot),
            _ => None,
        }
    }
    /// The agent who is rung or talks.
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.state {
            State::Offered { who, .. } => who.agent.as_ref(),
            State::Calling { to: Some(to), .. } => to.who.agent.as_ref(),
            _ => self.talks().find_map(|talk| talk.who.agent.as_ref()),
        }
    }
    /// The party that is rung or talks.
    pub fn party(&self) -> Option<&Who> {
        match &self.state {
            State::Offered { who, .. } => Some(who),
            State::Calling { to: Some(to), .. } => Some(&to.who),
            _ => self.talks().next().map(|talk| &talk.who),
        }
    }
    /// The party that is rung by no queue.
    pub fn rung(&self) -> Option<&Rung> {
        match &self.state {
            State::Calling { to, .. } | State::Transferring { to, .. } => to.as_ref(),
            State::Consulting(consultation) => consultation.to.as_ref(),
            _ => None,
        }
    }
    /// Everybody who talks, beside the caller.
    pub fn talks(&self) -> impl Iterator<Item = &Talk> {
        let (one, other, more): (Option<&Talk>, Option<&Talk>, &[Talk]) = match &self.state {
            State::Talking(talk) | State::Transferring { talk, .. } => (Some(talk), None, &[]),
            State::Consulting(both) => (Some(&both.talk), both.other.as_ref(), &[]),
            State::Conference { members, .. } => (None, None, members),
            State::Parting { talks, .. } => (None, None, talks),
            State::Answering { then: Then::Meet(talk) } => (Some(talk), None, &[]),
            _ => (None, None, &[]),
        };
        one.into_iter().chain(other).chain(more)
    }
    /// The talk of a leg.
    pub fn talk_of(&self, leg: LegId) -> Option<&Talk> {
        self.talks().find(|talk| talk.leg == leg)
    }
    /// Who hears a leg of the call.
    pub fn other_side(&self, leg: LegId) -> Option<&Who> {
        if self.caller == Some(leg) { self.party() } else { Some(&self.side) }
    }
    /// Tells whether a leg was told to hang up.
    pub fn is_closing(&self, leg: LegId) -> bool {
        self.closing.contains(&leg)
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
