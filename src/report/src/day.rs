//! The fold: facts in, the figures of one day out.

use crate::Date;
use crate::agents::AgentTimes;
use crate::carry::{Carry, Span};
use crate::figures::{CallFigures, DayReport};
use crate::sound::Sounds;
use crate::visit::{End, Offer, Visit};
use model::fact::{AgentState, Entry, Fact};
use model::site::Site;
use model::time::Zone;
use model::{AgentId, CallId, Via, VisitId, WallTime};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

/// A day being folded. It grows with the day's calls and agents and with nothing else.
#[derive(Clone, Debug)]
pub struct Day {
    pub(crate) date: Date,
    pub(crate) zone: String,
    pub(crate) start: WallTime,
    pub(crate) end: WallTime,
    pub(crate) calls: CallFigures,
    pub(crate) visits: BTreeMap<VisitId, Visit>,
    pub(crate) agents: BTreeMap<AgentId, AgentTimes>,
    pub(crate) sounds: Sounds,
    carry: Carry,
    /// The day's calls, and those of them that have not ended.
    arrived: BTreeSet<CallId>,
    live: BTreeSet<CallId>,
}

impl Day {
    /// Opens a day of a zone with what the days before left. Without that (`Carry::default()`) the
    /// facts must be pushed from the first of the journal on.
    pub fn new(date: Date, zone: &Zone, carry: Carry) -> Self {
        Self {
            date,
            zone: zone.name().to_owned(),
            start: zone.start_of(date),
            end: date.tomorrow().map_or(WallTime(i64::MAX), |next| zone.start_of(next)),
            calls: CallFigures::default(),
            visits: BTreeMap::new(),
            agents: BTreeMap::new(),
            sounds: Sounds::default(),
            carry,
            arrived: BTreeSet::new(),
            live: BTreeSet::new(),
        }
    }

    /// Folds facts into a day. They may begin before it and go on after it; those after its
    /// completion are not read.
    pub fn fold<E: Borrow<Entry>>(
        date: Date,
        zone: &Zone,
        carry: Carry,
        entries: impl IntoIterator<Item = E>,
    ) -> Self {
        let mut day = Self::new(date, zone, carry);
        for entry in entries {
            if day.is_complete() {
                break;
            }
            day.push(entry.borrow());
        }
        day
    }

    /// Folds one fact in.
    pub fn push(&mut self, entry: &Entry) {
        if entry.seq <= self.carry.seq {
            return;
        }
        let last = self.carry.clock;
        for span in self.carry.fold(entry) {
            self.close(&span);
        }
        match &entry.fact {
            Fact::BoxStarted { .. } => self.cut_off(last),
            fact => self.note_call(fact),
        }
        self.note_visit(&entry.fact);
        self.note_sound(&entry.fact);
    }

    /// Tells whether no later fact can change the report: the day is over and so are its calls.
    pub fn is_complete(&self) -> bool {
        let of_the_day =
            |state| visit_of(state).is_some_and(|visit| self.visits.contains_key(&visit));
        self.carry.clock >= self.end
            && self.live.is_empty()
            && self.visits.values().all(Visit::is_over)
            && !self.carry.states().any(of_the_day)
    }

    /// Gives the figures as of `until` (or of the last fact, if that is later), with the names and
    /// service levels of a site.
    pub fn report(&self, site: &Site, until: WallTime) -> DayReport {
        let until = until.max(self.carry.clock).min(self.end);
        let mut day = self.clone();
        for span in self.carry.open(until) {
            day.close(&span);
        }
        DayReport::of(&day, site, until)
    }

    /// Adds an agent's span to the day, as far as it lies in it. The rest after a call is the
    /// call's own, wherever it lies.
    fn close(&mut self, span: &Span) {
        if let Some(AgentState::WrapUp { visit }) = &span.state
            && let Some(visit) = self.visits.get_mut(visit)
        {
            visit.wrap_up_ms += span.to.ms_since(span.from);
        }
        let ms = span.to.min(self.end).ms_since(span.from.max(self.start));
        if ms > 0 {
            let times = self.agents.entry(span.agent.clone()).or_default();
            times.add(span.state.as_ref(), ms);
        }
    }

    /// Ends what the box was in the middle of when it died; it is known to have run until `last`.
    fn cut_off(&mut self, last: WallTime) {
        self.live.clear();
        for visit in self.visits.values_mut() {
            visit.cut_off(last);
        }
    }

    fn note_call(&mut self, fact: &Fact) {
        match fact {
            // Calls among the site's own phones are not callers.
            Fact::CallArrived { via: Via::Phone(_), .. } => {}
            Fact::CallArrived { call, .. } => {
                let now = self.carry.clock;
                if self.start <= now && now < self.end && self.arrived.insert(*call) {
                    self.live.insert(*call);
                    self.calls.arrived += 1;
                }
            }
            Fact::CallRefused { call, .. } if self.live.remove(call) => self.calls.refused += 1,
            Fact::CallAnswered { call } if self.live.contains(call) => self.calls.answered += 1,
            Fact::CallEnded { call, .. } => {
                self.live.remove(call);
            }
            _ => {}
        }
    }

    /// A leg's figures are of the day they were told in.
    fn note_sound(&mut self, fact: &Fact) {
        let now = self.carry.clock;
        if let Fact::LegQuality { via, agent, figures, .. } = fact
            && self.start <= now
            && now < self.end
        {
            self.sounds.add(via, agent.as_ref(), figures);
        }
    }

    fn note_visit(&mut self, fact: &Fact) {
        let now = self.carry.clock;
        if let Fact::Queued { visit, queue, .. } = fact {
            if self.arrived.contains(&visit.call) {
                let joined = || Visit::joined(queue.clone());
                self.visits.entry(*visit).or_insert_with(joined);
            }
            return;
        }
        let Some(visit) = queue_visit(fact).and_then(|visit| self.visits.get_mut(&visit)) else {
            return;
        };
        match fact {
            Fact::Offered { agent, .. } => {
                visit.offers.push(Offer { agent: agent.clone(), failed: None });
            }
            Fact::OfferFailed { agent, cause, .. } => visit.failed(agent, *cause),
            Fact::Connected { agent, waited_ms, .. } => visit.ended(End::Answered {
                agent: agent.clone(),
                waited_ms: *waited_ms,
                at: now,
                talked_ms: None,
            }),
            Fact::Released { talked_ms, .. } => visit.released(*talked_ms),
            Fact::Abandoned { waited_ms, .. } => {
                visit.ended(End::Abandoned { waited_ms: *waited_ms });
            }
            Fact::Overflowed { .. } => visit.ended(End::Overflowed),
            Fact::TurnedAway { .. } => visit.ended(End::TurnedAway),
            _ => {}
        }
    }
}

/// The visit a fact of a queue tells of.
fn queue_visit(fact: &Fact) -> Option<VisitId> {
    match fact {
        Fact::Offered { visit, .. }
        | Fact::OfferFailed { visit, .. }
        | Fact::Connected { visit, .. }
        | Fact::Released { visit, .. }
        | Fact::Abandoned { visit, .. }
        | Fact::Overflowed { visit, .. }
        | Fact::TurnedAway { visit, .. } => Some(*visit),
        _ => None,
    }
}

/// The visit an agent is busy with.
fn visit_of(state: &AgentState) -> Option<VisitId> {
    match state {
        AgentState::Ringing { visit }
        | AgentState::Talking { visit }
        | AgentState::WrapUp { visit } => Some(*visit),
        AgentState::LoggedOut | AgentState::NotReady { .. } | AgentState::Ready => None,
    }
}
