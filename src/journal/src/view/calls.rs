//! The calls: each one's way through the box, in one bounded row.

use model::fact::{Chosen, Party};
use model::{AgentId, CallId, Cause, Fact, MenuId, Number, PersonName, QueueId, Via, WallTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

/// Most menu, queue, talk and recording steps each that a row keeps: the first ones. Further ones
/// are counted in `steps_cut`; the facts have them all.
pub const STEPS_MAX: usize = 64;
/// Most characters of a text a row keeps.
pub const TEXT_CHARS_MAX: usize = 64;

/// All calls of a stretch of history.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallsView(pub BTreeMap<CallId, CallRow>);

impl CallsView {
    /// Folds a fact of `call`. A fact that changes nothing makes no row.
    pub(crate) fn fold(&mut self, call: CallId, at: WallTime, fact: &Fact) {
        match self.0.entry(call) {
            Slot::Occupied(mut row) => {
                row.get_mut().fold(at, fact);
            }
            Slot::Vacant(place) => {
                let mut row = CallRow::default();
                if row.fold(at, fact) {
                    place.insert(row);
                }
            }
        }
    }
}

/// A call's way through the box.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    pub arrived: Option<WallTime>,
    pub answered: Option<WallTime>,
    pub ended: Option<End>,
    pub via: Option<Via>,
    pub caller: Number,
    pub name: PersonName,
    pub dialled: String,
    pub vip: bool,
    /// The menu path, over all visits.
    pub menus: Vec<MenuStep>,
    pub queues: Vec<QueueStep>,
    pub talks: Vec<TalkStep>,
    pub recordings: Vec<RecordingStep>,
    /// Answered time that was not recorded; `RecordingMissed` says why.
    pub missed_ms: u64,
    pub outcome: Outcome,
    /// Steps that did not fit.
    pub steps_cut: u32,
}

/// How a call ended or was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    pub at: WallTime,
    /// Nobody, when the call was refused.
    pub by: Option<Party>,
    pub cause: Cause,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is still on.
    #[default]
    Open,
    /// It was refused before an answer.
    Refused,
    /// It talked with an agent.
    Served,
    /// The caller hung up in a queue and had talked with nobody.
    Abandoned,
    /// A full queue sent the caller away.
    TurnedAway,
    /// It ended in the flow without asking for an agent, or before it came to one.
    Left,
}

/// A menu that was entered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MenuStep {
    pub visit: u16,
    pub menu: MenuId,
    /// How it was left; none while the caller is in it, or when the call ended there.
    pub chosen: Option<Chosen>,
}

/// A wait in a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueStep {
    pub visit: u16,
    pub queue: QueueId,
    pub at: WallTime,
    pub waited_ms: u64,
    pub end: QueueEnd,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum QueueEnd {
    Waiting,
    Connected(AgentId),
    Abandoned,
    Overflowed(MenuId),
    /// The queue was full.
    TurnedAway,
}

/// A talk with an agent, or with a phone or line where there is none: then `agent` names that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TalkStep {
    pub visit: u16,
    pub agent: AgentId,
    pub at: WallTime,
    /// None while they talk.
    pub talked_ms: Option<u64>,
}

/// A part of the call's recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordingStep {
    pub part: u16,
    /// None while it is written, or when the power went.
    pub ms: Option<u64>,
}

impl CallRow {
    /// Folds a fact of this call; true when the row changed.
    pub(crate) fn fold(&mut self, at: WallTime, fact: &Fact) -> bool {
        let changed = self.step(at, fact);
        if changed {
            self.outcome = self.judged();
        }
        changed
    }

    fn step(&mut self, at: WallTime, fact: &Fact) -> bool {
        match fact {
            Fact::CallArrived { via, caller, name, dialled, vip, .. } => {
                self.arrived = Some(at);
                self.via = Some(via.clone());
                self.caller = Number::new(cut(caller.reveal()));
                self.name = PersonName::new(cut(name.reveal()));
                self.dialled = cut(dialled);
                self.vip = *vip;
            }
            Fact::CallRefused { cause, .. } => {
                self.ended = Some(End { at, by: None, cause: *cause });
            }
            Fact::CallAnswered { .. } => self.answered = Some(at),
            Fact::CallEnded { by, cause, .. } => {
                self.ended = Some(End { at, by: Some(*by), cause: *cause });
            }
            Fact::MenuEntered { visit, menu } => {
                let step = MenuStep { visit: visit.no, menu: menu.clone(), chosen: None };
                keep(&mut self.menus, step, &mut self.steps_cut);
            }
            Fact::MenuLeft { visit, menu, chosen } => {
                let open = |step: &&mut MenuStep| {
                    step.visit == visit.no && step.menu == *menu && step.chosen.is_none()
                };
                let step = self.menus.iter_mut().rev().find(open);
                return step.map(|step| step.chosen = Some(*chosen)).is_some();
            }
            Fact::Queued { visit, queue, .. } => {
                self.enter_queue(visit.no, queue, at, QueueEnd::Waiting);
            }
            Fact::Connected { visit, queue, agent, waited_ms } => {
                self.leave_queue(visit.no, queue, *waited_ms, QueueEnd::Connected(agent.clone()));
                let step = TalkStep { visit: visit.no, agent: agent.clone(), at, talked_ms: None };
                keep(&mut self.talks, step, &mut self.steps_cut);
            }
            Fact::Released { visit, agent, talked_ms } => {
                let open = |step: &&mut TalkStep| {
                    step.visit == visit.no && step.agent == *agent && step.talked_ms.is_none()
                };
                let step = self.talks.iter_mut().rev().find(open);
                return step.map(|step| step.talked_ms = Some(*talked_ms)).is_some();
            }
            Fact::Reached { visit, who } => {
                // A number outside has no agent: its step is kept under the line's name.
                let agent = who.agent.clone().unwrap_or_else(|| name_of(&who.via));
                let step = TalkStep { visit: visit.no, agent, at, talked_ms: None };
                keep(&mut self.talks, step, &mut self.steps_cut);
            }
            Fact::Parted { visit, who, talked_ms } => {
                let agent = who.agent.clone().unwrap_or_else(|| name_of(&who.via));
                let open = |step: &&mut TalkStep| {
                    step.visit == visit.no && step.agent == agent && step.talked_ms.is_none()
                };
                let step = self.talks.iter_mut().rev().find(open);
                return step.map(|step| step.talked_ms = Some(*talked_ms)).is_some();
            }
            Fact::Abandoned { visit, queue, waited_ms } => {
                return self.leave_queue(visit.no, queue, *waited_ms, QueueEnd::Abandoned);
            }
            Fact::Overflowed { visit, queue, to, waited_ms } => {
                let end = QueueEnd::Overflowed(to.clone());
                return self.leave_queue(visit.no, queue, *waited_ms, end);
            }
            Fact::TurnedAway { visit, queue } => {
                if !self.leave_queue(visit.no, queue, 0, QueueEnd::TurnedAway) {
                    self.enter_queue(visit.no, queue, at, QueueEnd::TurnedAway);
                }
            }
            Fact::RecordingStarted { recording } => {
                let step = RecordingStep { part: recording.part, ms: None };
                keep(&mut self.recordings, step, &mut self.steps_cut);
            }
            Fact::RecordingEnded { recording, ms } => {
                let part = |step: &&mut RecordingStep| step.part == recording.part;
                let step = self.recordings.iter_mut().rev().find(part);
                return step.map(|step| step.ms = Some(*ms)).is_some();
            }
            Fact::RecordingMissed { ms, .. } => {
                self.missed_ms = self.missed_ms.saturating_add(*ms);
            }
            // Facts that a row does not tell of. Named, so that a new fact asks where it belongs.
            Fact::VisitOpened { .. }
            | Fact::Collected { .. }
            | Fact::VisitEnded { .. }
            | Fact::Announced { .. }
            | Fact::Offered { .. }
            | Fact::OfferFailed { .. }
            | Fact::Held { .. }
            | Fact::Resumed { .. }
            | Fact::BoxStarted { .. }
            | Fact::BoxStopped
            | Fact::SiteApplied { .. }
            | Fact::AgentChanged { .. }
            | Fact::PhoneRegistered { .. }
            | Fact::PhoneGone { .. }
            | Fact::PortAlarm { .. }
            | Fact::AlarmTexted { .. }
            | Fact::PortHeard { .. }
            | Fact::Dialled { .. }
            | Fact::DialledEnded { .. }
            | Fact::DialBarred { .. }
            | Fact::CeilingReached { .. }
            | Fact::TrunkChanged { .. }
            | Fact::Called { .. }
            | Fact::CalledInVain { .. }
            | Fact::TransferAsked { .. }
            | Fact::TransferFailed { .. }
            | Fact::Transferred { .. }
            | Fact::Parked { .. }
            | Fact::Unparked { .. }
            | Fact::PickedUp { .. }
            | Fact::ConferenceBegan { .. }
            | Fact::ConferenceJoined { .. }
            | Fact::ConferenceLeft { .. }
            | Fact::ConferenceEnded { .. }
            | Fact::Merged { .. }
            | Fact::PhoneSet { .. }
            | Fact::Seated { .. }
            | Fact::RingsSet { .. }
            | Fact::CallsOwed { .. }
            | Fact::LegQuality { .. }
            | Fact::PinsLocked { .. }
            | Fact::DialCut { .. }
            | Fact::Supervised { .. }
            | Fact::SupervisionEnded { .. }
            | Fact::RecordingHeard { .. } => return false,
        }
        true
    }

    fn enter_queue(&mut self, visit: u16, queue: &QueueId, at: WallTime, end: QueueEnd) {
        let step = QueueStep { visit, queue: queue.clone(), at, waited_ms: 0, end };
        keep(&mut self.queues, step, &mut self.steps_cut);
    }

    fn leave_queue(&mut self, visit: u16, queue: &QueueId, waited_ms: u64, end: QueueEnd) -> bool {
        let open = |step: &&mut QueueStep| {
            step.visit == visit && step.queue == *queue && step.end == QueueEnd::Waiting
        };
        let Some(step) = self.queues.iter_mut().rev().find(open) else { return false };
        step.waited_ms = waited_ms;
        step.end = end;
        true
    }

    fn left_queue(&self, end: &QueueEnd) -> bool {
        self.queues.iter().any(|step| step.end == *end)
    }

    /// Whatever order the last facts of a call come in, the judgement is the same.
    fn judged(&self) -> Outcome {
        match &self.ended {
            None => Outcome::Open,
            Some(End { by: None, .. }) => Outcome::Refused,
            Some(_) if !self.talks.is_empty() => Outcome::Served,
            Some(_) if self.left_queue(&QueueEnd::Abandoned) => Outcome::Abandoned,
            Some(_) if self.left_queue(&QueueEnd::TurnedAway) => Outcome::TurnedAway,
            Some(_) => Outcome::Left,
        }
    }
}

/// The call whose row or numbering a fact touches.
pub(crate) fn call_of(fact: &Fact) -> Option<CallId> {
    match fact {
        Fact::CallArrived { call, .. }
        | Fact::CallRefused { call, .. }
        | Fact::CallAnswered { call }
        | Fact::CallEnded { call, .. }
        | Fact::Merged { call, .. }
        | Fact::RecordingMissed { call, .. } => Some(*call),
        Fact::VisitOpened { visit, .. }
        | Fact::MenuEntered { visit, .. }
        | Fact::MenuLeft { visit, .. }
        | Fact::Collected { visit, .. }
        | Fact::VisitEnded { visit }
        | Fact::Queued { visit, .. }
        | Fact::Announced { visit, .. }
        | Fact::Offered { visit, .. }
        | Fact::OfferFailed { visit, .. }
        | Fact::Connected { visit, .. }
        | Fact::Held { visit }
        | Fact::Resumed { visit }
        | Fact::Released { visit, .. }
        | Fact::Abandoned { visit, .. }
        | Fact::Overflowed { visit, .. }
        | Fact::TurnedAway { visit, .. }
        | Fact::Called { visit, .. }
        | Fact::CalledInVain { visit, .. }
        | Fact::Reached { visit, .. }
        | Fact::Parted { visit, .. }
        | Fact::TransferAsked { visit, .. }
        | Fact::TransferFailed { visit, .. }
        | Fact::Transferred { visit, .. }
        | Fact::Parked { visit, .. }
        | Fact::Unparked { visit, .. }
        | Fact::PickedUp { visit, .. }
        | Fact::ConferenceBegan { visit }
        | Fact::ConferenceJoined { visit, .. }
        | Fact::ConferenceLeft { visit, .. }
        | Fact::ConferenceEnded { visit }
        | Fact::Supervised { visit, .. }
        | Fact::SupervisionEnded { visit, .. } => Some(visit.call),
        Fact::RecordingStarted { recording }
        | Fact::RecordingEnded { recording, .. }
        | Fact::RecordingHeard { recording, .. } => Some(recording.call),
        Fact::BoxStarted { .. }
        | Fact::BoxStopped
        | Fact::SiteApplied { .. }
        | Fact::AgentChanged { .. }
        | Fact::PhoneRegistered { .. }
        | Fact::PhoneGone { .. }
        | Fact::PortAlarm { .. }
        | Fact::AlarmTexted { .. }
        | Fact::PortHeard { .. }
        | Fact::Dialled { .. }
        | Fact::DialledEnded { .. }
        | Fact::DialBarred { .. }
        | Fact::CeilingReached { .. }
        | Fact::TrunkChanged { .. }
        | Fact::PhoneSet { .. }
        | Fact::Seated { .. }
        | Fact::RingsSet { .. }
        | Fact::CallsOwed { .. }
        | Fact::PinsLocked { .. }
        | Fact::LegQuality { .. }
        | Fact::DialCut { .. } => None,
    }
}

/// A phone's or line's own name, where an agent's would stand.
fn name_of(via: &Via) -> AgentId {
    match via {
        Via::Port(id) => id.as_str().into(),
        Via::Trunk(id) => id.as_str().into(),
        Via::Phone(id) => id.as_str().into(),
    }
}

fn keep<T>(steps: &mut Vec<T>, step: T, steps_cut: &mut u32) {
    if steps.len() < STEPS_MAX {
        steps.push(step);
    } else {
        *steps_cut = steps_cut.saturating_add(1);
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}
