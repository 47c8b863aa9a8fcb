//! Random days against the promises of a queue, checked after each turn.

use super::*;
use model::fact::Fact;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const QUEUES: [(&str, &[&str], u8); 3] =
    [("cards", &["cards"], 20), ("both", &["cards", "talk"], 10), ("help", &["talk"], 10)];
const SKILLS: [&[(&str, u8)]; 3] = [&[("talk", 1)], &[("cards", 5)], &[("cards", 1), ("talk", 3)]];
const AGENTS: usize = 5;

#[derive(Clone, Debug)]
enum Op {
    Wait { ms: u64 },
    Join { queue: usize, vip: bool, complaint: bool, again: bool },
    Leave { pick: usize },
    Free { agent: usize },
    Busy { agent: usize },
    Answer { pick: usize },
    Fail { pick: usize },
    HearOut { pick: usize },
    Swap { small: bool },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1u64..20_000).prop_map(|ms| Op::Wait { ms }),
        5 => (0..3usize, any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1))
            .prop_map(|(queue, vip, complaint, again)| Op::Join { queue, vip, complaint, again }),
        1 => any::<usize>().prop_map(|pick| Op::Leave { pick }),
        5 => (0..AGENTS).prop_map(|agent| Op::Free { agent }),
        1 => (0..AGENTS).prop_map(|agent| Op::Busy { agent }),
        2 => any::<usize>().prop_map(|pick| Op::Answer { pick }),
        1 => any::<usize>().prop_map(|pick| Op::Fail { pick }),
        2 => any::<usize>().prop_map(|pick| Op::HearOut { pick }),
        1 => any::<bool>().prop_map(|small| Op::Swap { small }),
    ]
}

fn queues(small: bool) -> Vec<(&'static str, Queue)> {
    let rules = |(id, skills, priority)| {
        let mut queue = queue(skills, priority);
        queue.waiting_max = if small { 2 } else { 6 };
        if id != "help" {
            let after = Duration::from_secs(if small { 25 } else { 45 });
            queue.overflow = Some(Overflow { after, to: "bye".into() });
        }
        (id, queue)
    };
    QUEUES.into_iter().map(rules).collect()
}

#[derive(Clone, Debug, PartialEq)]
enum Agent {
    Busy,
    Free,
    Rung(VisitId),
    /// The ring is over or the call taken; not yet said to be free again.
    Away,
}

/// What a caller's story should look like, kept apart from the core.
struct Reference {
    world: World,
    agents: Vec<Agent>,
    /// Who waits: queue and order (priority downwards, then joins upwards).
    waiting: BTreeMap<VisitId, (usize, (i32, u64))>,
    rung: BTreeMap<VisitId, usize>,
    told: BTreeMap<VisitId, PlayId>,
    plays: BTreeMap<VisitId, PlayId>,
    ended: BTreeSet<VisitId>,
    away: BTreeSet<VisitId>,
    joins: u64,
}

fn name(agent: usize) -> AgentId {
    AgentId::new(&format!("{}", 8001 + agent))
}
fn number(agent: &AgentId) -> usize {
    agent.as_str().parse::<usize>().unwrap() - 8001
}
fn fit(agent: usize, queue: usize) -> bool {
    let has = SKILLS[agent % SKILLS.len()];
    QUEUES[queue].1.iter().all(|need| has.iter().any(|(skill, _)| skill == need))
}

impl Reference {
    fn new() -> Self {
        Self {
            world: World::new(queues(false)),
            agents: vec![Agent::Busy; AGENTS],
            waiting: BTreeMap::new(),
            rung: BTreeMap::new(),
            told: BTreeMap::new(),
            plays: BTreeMap::new(),
            ended: BTreeSet::new(),
            away: BTreeSet::new(),
            joins: 0,
        }
    }

    fn step(&mut self, op: &Op) {
        let outputs = match *op {
            Op::Wait { ms } => return self.pass(ms),
            Op::Join { queue, vip, complaint, again } => {
                self.joins += 1;
                let visit = visit(self.joins);
                let marks = Marks { vip, complaint };
                let points = i32::from(QUEUES[queue].2) + i32::from(marks.points());
                let priority = if again { i32::from(u16::MAX) } else { points };
                self.waiting.insert(visit, (queue, (-priority, self.joins)));
                let queue = QUEUES[queue].0.into();
                let lang = Lang::En;
                self.world.tell(match again {
                    true => Input::Rejoin { visit, queue, marks, lang },
                    false => Input::Join { visit, queue, marks, lang },
                })
            }
            Op::Leave { pick } => {
                let all: Vec<VisitId> =
                    self.waiting.keys().chain(self.told.keys()).copied().collect();
                let Some(&visit) = choose(&all, pick) else { return };
                if self.told.remove(&visit).is_some() {
                    assert_eq!(self.world.tell(Input::Leave { visit }), []);
                    return;
                }
                self.world.tell(Input::Leave { visit })
            }
            Op::Free { agent } => {
                if matches!(self.agents[agent], Agent::Rung(_)) {
                    return;
                }
                self.agents[agent] = Agent::Free;
                let skills = SKILLS[agent % SKILLS.len()];
                let skills = skills.iter().map(|&(skill, level)| (skill.into(), level)).collect();
                let idle_since = self.world.now;
                self.world.tell(Input::AgentFree { agent: name(agent), skills, idle_since })
            }
            Op::Busy { agent } => {
                if self.agents[agent] == Agent::Free {
                    self.agents[agent] = Agent::Busy;
                }
                self.world.tell(Input::AgentBusy { agent: name(agent) })
            }
            Op::Answer { pick } => {
                let Some((visit, agent)) = self.ringing(pick) else { return };
                self.agents[agent] = Agent::Away;
                self.rung.remove(&visit);
                self.world.tell(Input::Accepted { visit, agent: name(agent) })
            }
            Op::Fail { pick } => {
                let Some((visit, agent)) = self.ringing(pick) else { return };
                self.agents[agent] = Agent::Away;
                self.rung.remove(&visit);
                let cause = Cause::Busy;
                self.world.tell(Input::Failed { visit, agent: name(agent), cause })
            }
            Op::HearOut { pick } => {
                let all: Vec<_> = self.plays.iter().map(|(v, p)| (*v, *p)).collect();
                let Some(&(visit, play)) = choose(&all, pick) else { return };
                self.world.tell(Input::Played { visit, play })
            }
            Op::Swap { small } => self.world.tell(Input::Site(site(queues(small)))),
        };
        self.check(outputs);
    }

    fn pass(&mut self, ms: u64) {
        let end = self.world.now + Duration::from_millis(ms);
        while let Some((due, _)) = self.world.queues.deadline().filter(|(due, _)| *due <= end) {
            assert!(due >= self.world.now, "a timer of the past");
            self.world.now = due;
            self.world.queues.tick(due);
            let outputs = self.world.drain();
            self.check(outputs);
        }
        self.world.now = end;
    }

    fn ringing(&self, pick: usize) -> Option<(VisitId, usize)> {
        let all: Vec<_> = self.rung.iter().map(|(visit, agent)| (*visit, *agent)).collect();
        choose(&all, pick).copied()
    }

    fn check(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Offer { visit, agent, why } => self.check_offer(visit, &agent, &why),
                Output::Withdraw { visit, agent, .. } => {
                    assert_eq!(self.rung.remove(&visit), Some(number(&agent)));
                    self.agents[number(&agent)] = Agent::Away;
                }
                Output::Say { visit, play, .. } => {
                    assert!(!self.ended.contains(&visit) || self.away.contains(&visit));
                    self.plays.insert(visit, play);
                    if self.ended.contains(&visit) {
                        self.told.insert(visit, play);
                    }
                }
                Output::Refused { visit } => assert!(self.told.remove(&visit).is_some()),
                Output::Overflow { visit, .. } => assert!(self.ended.contains(&visit)),
                Output::Fact(fact) => self.check_fact(&fact),
            }
        }
        for (visit, (queue, _)) in &self.waiting {
            let idle = (0..AGENTS).any(|a| self.agents[a] == Agent::Free && fit(a, *queue));
            assert!(self.rung.contains_key(visit) || !idle, "{visit} waits beside a free agent");
        }
        for (id, ..) in QUEUES {
            let mut last = None;
            for caller in self.world.queues.waiting(&id.into()) {
                let (_, place) = self.waiting[&caller.visit];
                assert!(last < Some(place), "out of order");
                last = Some(place);
                assert_eq!(
                    caller.offered.map(|a| number(&a)),
                    self.rung.get(&caller.visit).copied()
                );
            }
        }
        let listed = QUEUES.iter().map(|(id, ..)| self.world.queues.waiting(&(*id).into()).count());
        assert_eq!(listed.sum::<usize>(), self.waiting.len());
    }

    fn check_offer(&mut self, visit: VisitId, agent: &AgentId, why: &OfferWhy) {
        let agent = number(agent);
        assert_eq!(self.agents[agent], Agent::Free, "offered while not free");
        let (queue, place) = self.waiting[&visit];
        assert!(fit(agent, queue), "not fit");
        for (other, (their_queue, their_place)) in &self.waiting {
            let passed_over =
                !self.rung.contains_key(other) && fit(agent, *their_queue) && their_place < &place;
            assert!(!passed_over, "{other} was passed over by {visit}");
        }
        let free = (0..AGENTS).filter(|a| self.agents[*a] == Agent::Free && fit(*a, queue));
        assert_eq!(usize::from(why.fit), free.count());
        assert_eq!(i32::from(why.priority), -place.0);
        let in_queue = self.waiting.values().filter(|(other, _)| *other == queue).count();
        assert_eq!(usize::from(why.waiting), in_queue);
        self.agents[agent] = Agent::Rung(visit);
        assert_eq!(self.rung.insert(visit, agent), None, "offered twice");
    }

    fn check_fact(&mut self, fact: &Fact) {
        let visit = match fact {
            Fact::Connected { visit, .. }
            | Fact::Abandoned { visit, .. }
            | Fact::Overflowed { visit, .. }
            | Fact::TurnedAway { visit, .. } => *visit,
            _ => return,
        };
        assert!(self.ended.insert(visit), "{visit} ended twice");
        assert!(self.waiting.remove(&visit).is_some(), "{visit} did not wait");
        assert!(!self.rung.contains_key(&visit), "{visit} ended while a phone rings");
        self.plays.remove(&visit);
        if matches!(fact, Fact::TurnedAway { .. }) {
            self.away.insert(visit);
        }
    }
}

fn choose<T>(all: &[T], pick: usize) -> Option<&T> {
    (!all.is_empty()).then(|| &all[pick % all.len()])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_agent_is_offered_two_calls_nobody_is_passed_over_and_every_caller_ends_once(
        ops in proptest::collection::vec(op(), 1..120)
    ) {
        let mut reference = Reference::new();
        for op in &ops {
            reference.step(op);
        }
        while !reference.waiting.is_empty() || !reference.told.is_empty() {
            reference.step(&Op::Leave { pick: 0 });
        }
        prop_assert_eq!(reference.ended.len() as u64, reference.joins);
        prop_assert_eq!(reference.world.queues.deadline(), None);
    }
}
