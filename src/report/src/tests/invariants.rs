//! Random weeks of valid facts against figures counted in another way: gap by gap instead of span
//! by span, and fact by fact instead of visit by visit.

use super::*;
use crate::{AgentTimes, Carry};
use proptest::prelude::*;

const AGENTS: [&str; 3] = ["8001", "8002", "7999"];
const QUEUES: [&str; 3] = ["help", "book", "old"];
const REASONS: [&str; 3] = ["", "lunch", "phone-gone"];

#[derive(Clone, Debug)]
enum Op {
    Wait { ms: u64 },
    Call { queue: usize },
    Turn { queue: usize },
    Desk { agent: usize, want: usize },
    Offer { agent: usize },
    Answer { agent: usize },
    Miss { agent: usize, cancelled: bool },
    Release { agent: usize },
    Abandon { pick: usize },
    Overflow { pick: usize, queue: usize },
    Restart { in_order: bool, off_ms: u64, back: usize },
}

fn op() -> impl Strategy<Value = Op> {
    let agent = 0..AGENTS.len();
    let queue = 0..QUEUES.len();
    prop_oneof![
        6 => (0..4 * HOUR).prop_map(|ms| Op::Wait { ms }),
        6 => (0..5 * MINUTE).prop_map(|ms| Op::Wait { ms }),
        5 => queue.clone().prop_map(|queue| Op::Call { queue }),
        1 => queue.clone().prop_map(|queue| Op::Turn { queue }),
        6 => (agent.clone(), 0..6usize).prop_map(|(agent, want)| Op::Desk { agent, want }),
        7 => agent.clone().prop_map(|agent| Op::Offer { agent }),
        6 => agent.clone().prop_map(|agent| Op::Answer { agent }),
        1 => (agent.clone(), any::<bool>())
            .prop_map(|(agent, cancelled)| Op::Miss { agent, cancelled }),
        6 => agent.prop_map(|agent| Op::Release { agent }),
        1 => any::<usize>().prop_map(|pick| Op::Abandon { pick }),
        1 => (any::<usize>(), queue).prop_map(|(pick, queue)| Op::Overflow { pick, queue }),
        1 => (any::<bool>(), 0..12 * HOUR, 0..8usize)
            .prop_map(|(in_order, off_ms, back)| Op::Restart { in_order, off_ms, back }),
    ]
}

/// The box as far as its facts go.
struct Play {
    story: Story,
    calls: u64,
    waiting: Vec<(VisitId, usize, WallTime)>,
    agents: Vec<AgentState>,
    rung: BTreeMap<usize, (VisitId, usize, WallTime)>,
    talking: BTreeMap<usize, WallTime>,
}

impl Play {
    fn of(ops: &[Op]) -> Story {
        let mut play = Self {
            story: Story::at(DATE, 18 * HOUR),
            calls: 0,
            waiting: Vec::new(),
            agents: vec![AgentState::LoggedOut; AGENTS.len()],
            rung: BTreeMap::new(),
            talking: BTreeMap::new(),
        };
        play.story.started();
        for op in ops {
            play.step(op);
        }
        play.story
    }

    fn set(&mut self, agent: usize, state: AgentState) {
        self.agents[agent] = state;
    }

    fn step(&mut self, op: &Op) {
        let now = self.story.now;
        match *op {
            Op::Wait { ms } => {
                self.story.wait(ms);
            }
            Op::Call { queue } => {
                self.calls += 1;
                self.story.call(self.calls, QUEUES[queue]);
                self.waiting.push((visit(self.calls), queue, now));
            }
            Op::Turn { queue } => {
                self.calls += 1;
                let visit = visit(self.calls);
                self.story.call(self.calls, QUEUES[queue]);
                self.story.fact(Fact::TurnedAway { visit, queue: QUEUES[queue].into() });
                self.story.end(self.calls);
            }
            Op::Desk { agent, want } => {
                let on_a_call = self.rung.contains_key(&agent) || self.talking.contains_key(&agent);
                let state = match want {
                    0 => AgentState::LoggedOut,
                    1 | 2 => AgentState::Ready,
                    reason => not_ready(REASONS[reason - 3]),
                };
                if !on_a_call && self.agents[agent] != state {
                    self.story.agent(AGENTS[agent], state.clone());
                    self.set(agent, state);
                }
            }
            Op::Offer { agent } => {
                if self.agents[agent] == AgentState::Ready && !self.waiting.is_empty() {
                    let (visit, queue, since) = self.waiting.remove(0);
                    self.story.offer(visit, AGENTS[agent]);
                    self.set(agent, AgentState::Ringing { visit });
                    self.rung.insert(agent, (visit, queue, since));
                }
            }
            Op::Answer { agent } => {
                if let Some((visit, queue, since)) = self.rung.remove(&agent) {
                    let waited_ms = now.ms_since(since);
                    self.story.connect(visit, QUEUES[queue], AGENTS[agent], waited_ms);
                    self.set(agent, AgentState::Talking { visit });
                    self.talking.insert(agent, now);
                }
            }
            Op::Miss { agent, cancelled } => {
                if let Some((visit, queue, since)) = self.rung.remove(&agent) {
                    let cause = if cancelled { Cause::Cancelled } else { Cause::NoAnswer };
                    self.story.fail(visit, AGENTS[agent], cause);
                    self.set(agent, AgentState::Ready);
                    match cancelled {
                        true => {
                            let waited_ms = now.ms_since(since);
                            self.story.abandon(visit, QUEUES[queue], waited_ms);
                        }
                        false => self.waiting.insert(0, (visit, queue, since)),
                    }
                }
            }
            Op::Release { agent } => {
                if let Some(since) = self.talking.remove(&agent)
                    && let AgentState::Talking { visit } = self.agents[agent]
                {
                    self.story.release(visit, AGENTS[agent], now.ms_since(since));
                    self.set(agent, AgentState::WrapUp { visit });
                }
            }
            Op::Abandon { pick } => {
                if let Some((visit, queue, since)) = self.take(pick) {
                    self.story.abandon(visit, QUEUES[queue], now.ms_since(since));
                }
            }
            Op::Overflow { pick, queue: to } => {
                if let Some((visit, queue, since)) = self.take(pick) {
                    self.story.overflow(visit, QUEUES[queue], now.ms_since(since));
                    let next = VisitId { no: visit.no + 1, ..visit };
                    self.story.join(next, QUEUES[to]);
                    self.waiting.push((next, to, now));
                }
            }
            Op::Restart { in_order, off_ms, back } => self.restart(in_order, off_ms, back),
        }
    }

    fn take(&mut self, pick: usize) -> Option<(VisitId, usize, WallTime)> {
        (!self.waiting.is_empty()).then(|| self.waiting.remove(pick % self.waiting.len()))
    }

    fn restart(&mut self, in_order: bool, off_ms: u64, back: usize) {
        if in_order {
            self.story.fact(Fact::BoxStopped);
        }
        self.story.wait(off_ms).started();
        self.waiting.clear();
        self.rung.clear();
        self.talking.clear();
        for (agent, name) in AGENTS.into_iter().enumerate() {
            let came_back = back & (1 << agent) != 0 && self.agents[agent] != AgentState::LoggedOut;
            let state = if came_back { not_ready("restart") } else { AgentState::LoggedOut };
            self.story.agent(name, state.clone());
            self.set(agent, state);
        }
    }
}

/// Each agent's times of a day, counted from one fact to the next.
fn counted(entries: &[Entry], from: WallTime, to: WallTime, until: WallTime) -> Vec<AgentTimes> {
    let mut states = vec![AgentState::LoggedOut; AGENTS.len()];
    let mut times = vec![AgentTimes::default(); AGENTS.len()];
    let nexts = entries.iter().skip(1).map(Some).chain([None]);
    for (entry, next) in entries.iter().zip(nexts) {
        match &entry.fact {
            Fact::AgentChanged { agent, state } => {
                let agent = AGENTS.iter().position(|known| *known == agent.as_str());
                states[agent.unwrap()] = state.clone();
            }
            Fact::BoxStarted { .. } | Fact::BoxStopped => states.fill(AgentState::LoggedOut),
            _ => {}
        }
        let died = next.is_some_and(|next| matches!(next.fact, Fact::BoxStarted { .. }));
        let end = next.map_or(until, |next| next.at);
        let ms = end.min(to).ms_since(entry.at.max(from));
        if died || ms == 0 {
            continue;
        }
        for (state, times) in states.iter().zip(&mut times) {
            if *state != AgentState::LoggedOut {
                times.add(Some(state), ms);
                times.add(None, ms);
            }
        }
    }
    times
}

fn days(story: &Story) -> Vec<Date> {
    let last = shanghai().civil(story.now).date;
    let next = |day: &Date| day.tomorrow().ok();
    std::iter::successors(Some(DATE), next).take_while(|day| *day <= last).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_of_every_day_adds_up_however_it_is_folded(
        ops in proptest::collection::vec(op(), 1..150)
    ) {
        let story = Play::of(&ops);
        let (zone, site, until) = (shanghai(), site(), story.now);
        let mut total = crate::QueueRow::default();
        for date in days(&story) {
            let day = Day::fold(date, &zone, Carry::default(), &story.entries);
            let report = day.report(&site, until);
            assert_adds_up(&report);

            let times = counted(&story.entries, report.from, report.to, until);
            for (agent, times) in AGENTS.iter().zip(times) {
                let row = report.agents.iter().find(|row| row.agent.as_str() == *agent);
                prop_assert_eq!(row.map(|row| row.times.clone()).unwrap_or_default(), times);
            }

            let carry = Carry::before(date, &zone, &story.entries);
            let carry: Carry = serde_json::from_str(&serde_json::to_string(&carry)?)?;
            let rest: Vec<Entry> =
                story.entries.iter().filter(|entry| entry.seq > carry.seq).cloned().collect();
            let mut live = Day::new(date, &zone, carry);
            for entry in &rest {
                live.push(entry);
                live.report(&site, entry.at);
            }
            let again = live.report(&site, until);
            prop_assert_eq!(again.to_json()?, report.to_json()?);
            prop_assert_eq!(again.to_csv()?, report.to_csv()?);
            prop_assert_eq!(again.to_table(Lang::Zh), report.to_table(Lang::Zh));

            total.offered += report.total.offered;
            total.answered += report.total.answered;
            total.abandoned += report.total.abandoned;
            total.overflowed += report.total.overflowed;
            total.turned_away += report.total.turned_away;
            total.talk.total_ms += report.total.talk.total_ms;
        }
        let told = |is: fn(&Fact) -> bool| {
            story.entries.iter().filter(|entry| is(&entry.fact)).count() as u64
        };
        prop_assert_eq!(total.offered, told(|fact| matches!(fact, Fact::Queued { .. })));
        prop_assert_eq!(total.answered, told(|fact| matches!(fact, Fact::Connected { .. })));
        prop_assert_eq!(total.abandoned, told(|fact| matches!(fact, Fact::Abandoned { .. })));
        prop_assert_eq!(total.overflowed, told(|fact| matches!(fact, Fact::Overflowed { .. })));
        prop_assert_eq!(total.turned_away, told(|fact| matches!(fact, Fact::TurnedAway { .. })));
        let talked = story.entries.iter().map(|entry| match entry.fact {
            Fact::Released { talked_ms, .. } => talked_ms,
            _ => 0,
        });
        prop_assert!(total.talk.total_ms >= talked.sum::<u64>());
    }
}
