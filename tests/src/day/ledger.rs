//! Promise: facts tell a whole story. Each call, visit, offer, recording and agent's state begins
//! and ends once and in order, and the times told add up to the millisecond.

use super::debts::Debts;
use super::timesheet::{Agent, Times};
use anyhow::{Context, Result, ensure};
use model::fact::{AgentState, Party, Who};
use model::{
    AgentId, CallId, Cause, Fact, MenuId, Owed, Owner, QueueId, RecordingId, Via, VisitId, WallTime,
};
use std::collections::{BTreeMap, BTreeSet};

/// A queue's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    pub queued: u64,
    pub connected: u64,
    pub abandoned: u64,
    pub overflowed: u64,
    pub turned_away: u64,
    /// Waited when the power was lost.
    pub cut: u64,
}

#[derive(Debug, Default)]
struct Call {
    answered: Option<WallTime>,
    refused: bool,
    visits: u16,
    visit: Option<Visit>,
    recording: Option<(RecordingId, WallTime)>,
    /// When the last part ended.
    recorded_to: Option<WallTime>,
    missed_ms: u64,
    parts: u16,
    inside: bool,
    /// Who is rung by no queue.
    rung: Option<Who>,
    /// Who talks by no queue, and since when.
    talks: Vec<(Who, WallTime)>,
    parked: Option<(String, WallTime)>,
    conference: bool,
    /// When a party of another talk or call last came free to talk here.
    handed_on: Option<WallTime>,
}

#[derive(Debug, Default)]
struct Visit {
    menu: Option<MenuId>,
    held: bool,
    /// Somebody takes the caller out of the queue by hand.
    picked: bool,
    place: Place,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Flow,
    Queue {
        queue: QueueId,
        since: WallTime,
        offered: Option<AgentId>,
    },
    Talk {
        agent: AgentId,
        since: WallTime,
    },
    Left,
}

/// All that was told.
#[derive(Debug, Default)]
pub struct Ledger {
    pub arrived: u64,
    /// Of `arrived` those of desk phones.
    pub inside: u64,
    pub refused: u64,
    pub answered: u64,
    /// Of these those of desk phones.
    pub refused_inside: u64,
    pub answered_inside: u64,
    pub transferred: u64,
    pub transfers_failed: u64,
    pub parked: u64,
    pub picked_up: u64,
    pub conferences: u64,
    pub merged: u64,
    pub ended: u64,
    /// Calls that a loss of power cut off; the next start ends them.
    pub cut: u64,
    pub offers: u64,
    pub offers_failed: u64,
    pub recorded_ms: u64,
    pub queues: BTreeMap<QueueId, Ends>,
    calls: BTreeMap<CallId, Call>,
    cut_off: BTreeSet<CallId>,
    agents: BTreeMap<AgentId, Agent>,
    debts: Debts,
    last: WallTime,
}

impl Ledger {
    pub fn fact(&mut self, at: WallTime, fact: &Fact) -> Result<()> {
        ensure!(at >= self.last, "time steps back");
        let before = std::mem::replace(&mut self.last, at);
        self.debts.fact(fact)?;
        match fact {
            Fact::CallArrived { call, via, .. } => {
                self.arrived += 1;
                let inside = matches!(via, Via::Phone(_));
                self.inside += u64::from(inside);
                ensure!(call.0 == self.arrived, "call {call} is the {}th", self.arrived);
                self.calls.insert(*call, Call { inside, ..Call::default() });
            }
            Fact::CallRefused { call, .. } => {
                self.refused += 1;
                let call = self.call(*call)?;
                let inside = call.inside;
                ensure!(call.answered.is_none() && !call.refused, "refused after an answer");
                call.refused = true;
                self.refused_inside += u64::from(inside);
            }
            Fact::CallAnswered { call } => {
                self.answered += 1;
                let call = self.call(*call)?;
                ensure!(call.answered.is_none() && !call.refused, "answered twice");
                call.answered = Some(at);
                let inside = call.inside;
                self.answered_inside += u64::from(inside);
            }
            Fact::CallEnded { call, .. } if self.cut_off.remove(call) => {}
            Fact::CallEnded { call, by, cause } => {
                self.ended += 1;
                let ended = self.calls.remove(call).context("a call ended that was none")?;
                ensure!(ended.visit.is_none() && ended.recording.is_none(), "ended too soon");
                let refused =
                    ended.answered.is_none() && (*by, *cause) == (Party::Box, Cause::Congestion);
                if ended.inside {
                    ensure!(!ended.refused || ended.answered.is_none(), "refused after an answer");
                } else {
                    ensure!(
                        ended.refused == refused,
                        "ended by {by:?}, refused: {}",
                        ended.refused
                    );
                }
                ensure!(ended.rung.is_none(), "ended while {:?} rings", ended.rung);
                ensure!(ended.talks.is_empty(), "ended amid a talk with {:?}", ended.talks);
                ensure!(ended.parked.is_none() && !ended.conference, "ended in a slot or a room");
                ensure!(ended.answered.is_some() == (ended.parts > 0), "answered, not recorded");
                let silent = ended.recorded_to.map_or(0, |to| at.ms_since(to));
                let explained = silent == ended.missed_ms || silent < 1000;
                ensure!(explained, "{silent} ms unrecorded, {} explained", ended.missed_ms);
            }
            Fact::RecordingStarted { .. } | Fact::RecordingEnded { .. } => {
                self.recording(at, fact)?;
            }
            Fact::Merged { call, into } => {
                self.merged += 1;
                ensure!(self.calls.contains_key(call), "no call {call}");
                self.call(*into)?.handed_on = Some(at);
            }
            Fact::RecordingMissed { call, ms, .. } => self.call(*call)?.missed_ms += ms,
            Fact::AgentChanged { agent, state } => self.agent(at, agent, state)?,
            Fact::BoxStopped => {
                ensure!(self.calls.is_empty(), "the box stops amid {:?}", self.calls.keys());
                self.off(at);
            }
            Fact::BoxStarted { .. } => self.off(before),
            _ => self.visit(at, fact)?,
        }
        Ok(())
    }

    /// The calls that were cut off and not ended yet.
    pub fn cut_off(&self) -> Vec<CallId> {
        self.cut_off.iter().copied().collect()
    }

    /// The states of the agents, as a restart finds them.
    pub fn agents(&self) -> Vec<(AgentId, AgentState, WallTime)> {
        let all = self.agents.iter();
        all.map(|(id, agent)| (id.clone(), agent.state.clone(), agent.since)).collect()
    }

    /// Who is to be called back, as a restart finds it.
    pub fn owed(&self) -> Vec<(Owner, Owed)> {
        self.debts.owed()
    }

    /// Tells whether the agent is logged in.
    pub fn logged_in(&self, agent: &AgentId) -> bool {
        self.agents.get(agent).is_some_and(|agent| agent.state != AgentState::LoggedOut)
    }

    /// Each agent's day.
    pub fn times(&self) -> BTreeMap<AgentId, Times> {
        self.agents.iter().map(|(id, agent)| (id.clone(), agent.times)).collect()
    }

    /// Checks at the end of the day that all is over and all adds up.
    pub fn close(&self) -> Result<()> {
        ensure!(self.calls.is_empty(), "calls that never ended: {:?}", self.calls.keys());
        ensure!(self.cut_off.is_empty(), "calls that were cut off: {:?}", self.cut_off);
        ensure!(self.arrived == self.ended + self.cut, "calls do not add up");
        for (queue, ends) in &self.queues {
            let Ends { queued, connected, abandoned, overflowed, turned_away, cut } = *ends;
            let left = connected + abandoned + overflowed + turned_away + cut;
            ensure!(queued == left, "queue {queue} does not add up: {ends:?}");
        }
        for (id, agent) in &self.agents {
            agent.close(id)?;
        }
        self.debts.close()
    }

    fn call(&mut self, call: CallId) -> Result<&mut Call> {
        self.calls.get_mut(&call).with_context(|| format!("no call {call}"))
    }

    fn recording(&mut self, at: WallTime, fact: &Fact) -> Result<()> {
        match fact {
            Fact::RecordingStarted { recording } => {
                let call = self.call(recording.call)?;
                let after = call.recorded_to.or(call.answered);
                ensure!(after == Some(at), "{recording} leaves a gap before it");
                ensure!(recording.part == call.parts + 1, "{recording} is not the next part");
                call.parts = recording.part;
                let before = call.recording.replace((*recording, at));
                ensure!(before.is_none(), "{recording} begins while another runs");
            }
            Fact::RecordingEnded { recording, ms } => {
                self.recorded_ms += ms;
                let call = self.call(recording.call)?;
                let (id, since) = call.recording.take().context("no recording ran")?;
                ensure!(id == *recording && *ms == at.ms_since(since), "{recording}: {ms} ms");
                call.recorded_to = Some(at);
            }
            _ => {}
        }
        Ok(())
    }

    fn visit(&mut self, at: WallTime, fact: &Fact) -> Result<()> {
        let Some(id) = visit_of(fact) else { return Ok(()) };
        match fact {
            Fact::VisitOpened { .. } => {
                let call = self.call(id.call)?;
                let answered = call.answered.is_some() || call.inside;
                ensure!(call.visit.is_none() && answered, "{id} opens too soon");
                ensure!(id.no == call.visits + 1, "{id} is not the next visit");
                call.visits = id.no;
                call.visit = Some(Visit::default());
                return Ok(());
            }
            Fact::VisitEnded { .. } => {
                let call = self.call(id.call)?;
                ensure!(call.talks.is_empty(), "{id} ends amid {:?}", call.talks);
                let visit = call.visit.take();
                let visit = visit.with_context(|| format!("{id} ends and was not open"))?;
                ensure!(matches!(visit.place, Place::Flow | Place::Left), "{id} ends amid");
                return Ok(());
            }
            _ => {}
        }
        let call = self.calls.get_mut(&id.call).with_context(|| format!("no call of {id}"))?;
        ensure!(call.visits == id.no, "{id} is not the current visit");
        ensure!(call.visit.is_some(), "{id} is not open");
        if self.told_of_parties(at, fact)? {
            return Ok(());
        }
        let call = self.calls.get_mut(&id.call).with_context(|| format!("no call of {id}"))?;
        let visit = call.visit.as_mut().with_context(|| format!("{id} is not open"))?;
        let ends = |queue: &QueueId, queues: &mut BTreeMap<QueueId, Ends>, add: fn(&mut Ends)| {
            add(queues.entry(queue.clone()).or_default());
        };
        match (fact, &mut visit.place) {
            (Fact::MenuEntered { menu, .. }, Place::Flow) => {
                ensure!(visit.menu.is_none(), "{id} enters {menu} from another menu");
                visit.menu = Some(menu.clone());
            }
            (Fact::MenuLeft { menu, .. }, Place::Flow) => {
                ensure!(visit.menu.take().as_ref() == Some(menu), "left {menu}, was not in it");
            }
            (Fact::Collected { .. }, Place::Flow) => {
                visit.menu.take().context("collected outside a menu")?;
            }
            (Fact::Queued { queue, .. }, Place::Flow) => {
                ensure!(visit.menu.is_none(), "{id} queues amid a menu");
                ends(queue, &mut self.queues, |ends| ends.queued += 1);
                let queue = queue.clone();
                visit.place = Place::Queue { queue, since: at, offered: None };
            }
            (Fact::Announced { .. }, Place::Queue { offered: None, .. }) => {}
            (Fact::Offered { agent, why, .. }, Place::Queue { offered, since, .. }) => {
                self.offers += 1;
                ensure!(offered.is_none(), "{id} is offered twice");
                ensure!(near(why.waited_ms, *since, at), "{id}: waited {} ms", why.waited_ms);
                *offered = Some(agent.clone());
            }
            (Fact::OfferFailed { agent, .. }, Place::Queue { offered, .. }) => {
                self.offers_failed += 1;
                ensure!(offered.take().as_ref() == Some(agent), "{id} was not offered");
            }
            (
                Fact::Connected { queue, agent, waited_ms, .. },
                Place::Queue { offered, since, .. },
            ) => {
                let expected = offered.as_ref() == Some(agent) || visit.picked;
                ensure!(expected, "{id} connects without an offer");
                ensure!(near(*waited_ms, *since, at), "{id}: waited {waited_ms} ms");
                ends(queue, &mut self.queues, |ends| ends.connected += 1);
                visit.place = Place::Talk { agent: agent.clone(), since: at };
            }
            (Fact::Held { .. }, _) => {
                ensure!(!std::mem::replace(&mut visit.held, true), "{id} is held twice");
            }
            (Fact::Resumed { .. }, _) => {
                ensure!(std::mem::replace(&mut visit.held, false), "{id} is resumed, not held");
            }
            (Fact::Released { agent, talked_ms, .. }, Place::Talk { agent: with, since }) => {
                ensure!(agent == with && *talked_ms == at.ms_since(*since), "{id}: {talked_ms}");
                let agent = self.agents.get_mut(agent).context("no such agent")?;
                agent.times.talked += talked_ms;
                visit.place = Place::Left;
                call.handed_on = Some(at);
            }
            (Fact::Abandoned { queue, .. }, Place::Queue { offered: None, .. }) => {
                ends(queue, &mut self.queues, |ends| ends.abandoned += 1);
                visit.place = Place::Left;
            }
            (Fact::Overflowed { queue, .. }, Place::Queue { offered: None, .. }) => {
                ends(queue, &mut self.queues, |ends| ends.overflowed += 1);
                visit.place = Place::Left;
            }
            (Fact::TurnedAway { queue, .. }, Place::Queue { offered: None, .. }) => {
                ends(queue, &mut self.queues, |ends| ends.turned_away += 1);
                visit.place = Place::Left;
            }
            (fact, place) => anyhow::bail!("{fact:?} of a visit in {place:?}"),
        }
        Ok(())
    }

    /// What is told of parties that no queue found: rung, there, gone, parked, mixed.
    fn told_of_parties(&mut self, at: WallTime, fact: &Fact) -> Result<bool> {
        let Some(id) = visit_of(fact) else { return Ok(false) };
        let (mut transferred, mut failed, mut parked, mut picked, mut mixed) = (0, 0, 0, 0, 0);
        let call = self.calls.get_mut(&id.call).context("no such call")?;
        match fact {
            Fact::Called { who, .. } => {
                // One whose phone still rang when the caller was handed over is told of again.
                let again = call.rung.replace(who.clone());
                ensure!(again.is_none(), "{id} rings {who:?} and {again:?}");
            }
            Fact::CalledInVain { who, .. } => {
                ensure!(call.rung.take().as_ref() == Some(who), "{id} did not ring {who:?}");
            }
            Fact::Reached { who, .. } => {
                let rung = call.rung.take_if(|rung| rung == who).is_some();
                let picked = call.visit.as_ref().is_some_and(|visit| visit.picked);
                let expected = rung || picked || call.handed_on == Some(at);
                ensure!(expected, "{id} reaches {who:?}, who was not rung");
                call.talks.push((who.clone(), at));
            }
            Fact::Parted { who, talked_ms, .. } => {
                let at_talk = call.talks.iter().position(|(with, _)| with == who);
                let (_, since) = call.talks.remove(at_talk.context("parted, did not talk")?);
                ensure!(*talked_ms == at.ms_since(since), "{id}: talked {talked_ms} ms");
                call.handed_on = Some(at);
            }
            Fact::TransferAsked { .. } => {}
            Fact::TransferFailed { .. } => failed = 1,
            Fact::Transferred { .. } => transferred = 1,
            Fact::Parked { slot, .. } => {
                parked = 1;
                ensure!(call.parked.replace((slot.clone(), at)).is_none(), "{id} is parked twice");
            }
            Fact::Unparked { slot, parked_ms, .. } => {
                let (was, since) = call.parked.take().context("unparked, was in no slot")?;
                ensure!(was == *slot && *parked_ms == at.ms_since(since), "{id} in {slot}");
            }
            Fact::PickedUp { .. } => {
                picked = 1;
                if let Some(visit) = &mut call.visit {
                    visit.picked = true;
                }
            }
            Fact::ConferenceBegan { .. } => {
                mixed = 1;
                ensure!(!std::mem::replace(&mut call.conference, true), "{id} confers twice");
            }
            Fact::ConferenceEnded { .. } => {
                ensure!(std::mem::replace(&mut call.conference, false), "{id} does not confer");
            }
            Fact::ConferenceJoined { .. } | Fact::ConferenceLeft { .. } => {
                ensure!(call.conference, "{id} does not confer");
            }
            _ => return Ok(false),
        }
        self.transferred += transferred;
        self.transfers_failed += failed;
        self.parked += parked;
        self.picked_up += picked;
        self.conferences += mixed;
        Ok(true)
    }

    fn agent(&mut self, at: WallTime, id: &AgentId, state: &AgentState) -> Result<()> {
        self.agents.entry(id.clone()).or_insert_with(|| Agent::new(at)).changed(at, id, state)
    }

    /// The box stops or is found to have stopped: whatever stood is cut off.
    fn off(&mut self, at: WallTime) {
        for (id, call) in std::mem::take(&mut self.calls) {
            self.cut += 1;
            self.cut_off.insert(id);
            if let Some(Visit { place: Place::Queue { queue, .. }, .. }) = call.visit {
                self.queues.entry(queue).or_default().cut += 1;
            }
        }
        self.agents.values_mut().for_each(|agent| agent.off(at));
    }
}

/// Two spans measured on two clocks may differ by the rounding of one.
fn near(ms: u64, since: WallTime, at: WallTime) -> bool {
    ms.abs_diff(at.ms_since(since)) <= 1
}

fn visit_of(fact: &Fact) -> Option<VisitId> {
    match fact {
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
        | Fact::ConferenceEnded { visit } => Some(*visit),
        _ => None,
    }
}
