//! Random days against the promises of agents, checked after each turn.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const NUMBERS: [&str; 2] = ["8001", "8002"];
const CODES: [&str; 9] = ["*11", "*12", "*13", "*14", "*141", "*142", "*15", "*16", "*99"];
const CAUSES: [Cause; 4] = [Cause::NoAnswer, Cause::Busy, Cause::Cancelled, Cause::Unreachable];

#[derive(Clone, Debug)]
enum Op {
    Wait {
        s: u64,
    },
    Dial {
        agent: usize,
        code: usize,
    },
    Phone {
        agent: usize,
        up: bool,
    },
    Offer {
        agent: usize,
        fast: bool,
    },
    Answer {
        agent: usize,
    },
    EndOffer {
        agent: usize,
        cause: usize,
    },
    Release {
        agent: usize,
    },
    /// A talk by no queue begins or ends.
    Engage {
        agent: usize,
        call: u64,
        by_queue: bool,
    },
    Part {
        agent: usize,
        call: u64,
    },
    Sit {
        agent: usize,
        phone: usize,
    },
    Bar {
        phone: usize,
        barred: bool,
    },
    Swap {
        one: bool,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let who = 0..NUMBERS.len();
    prop_oneof![
        3 => (1..40u64).prop_map(|s| Op::Wait { s }),
        4 => (who.clone(), 0..CODES.len()).prop_map(|(agent, code)| Op::Dial { agent, code }),
        3 => (who.clone(), any::<bool>()).prop_map(|(agent, up)| Op::Phone { agent, up }),
        6 => (who.clone(), any::<bool>()).prop_map(|(agent, fast)| Op::Offer { agent, fast }),
        5 => who.clone().prop_map(|agent| Op::Answer { agent }),
        2 => (who.clone(), 0..CAUSES.len())
            .prop_map(|(agent, cause)| Op::EndOffer { agent, cause }),
        4 => who.clone().prop_map(|agent| Op::Release { agent }),
        4 => (who.clone(), 900..903u64, any::<bool>())
            .prop_map(|(agent, call, by_queue)| Op::Engage { agent, call, by_queue }),
        4 => (who.clone(), 900..903u64).prop_map(|(agent, call)| Op::Part { agent, call }),
        2 => (who.clone(), who.clone()).prop_map(|(agent, phone)| Op::Sit { agent, phone }),
        2 => (who, any::<bool>()).prop_map(|(phone, barred)| Op::Bar { phone, barred }),
        1 => any::<bool>().prop_map(|one| Op::Swap { one }),
    ]
}

/// What facts and outputs say, kept apart from the core.
#[derive(Default)]
struct Reference {
    free: BTreeSet<AgentId>,
    up: BTreeSet<usize>,
    /// The state of each agent as the last fact told it, and when.
    told: BTreeMap<AgentId, (AgentState, Instant)>,
    visits: u64,
    visit_of: BTreeMap<usize, VisitId>,
}

impl Reference {
    fn step(&mut self, world: &mut World, op: &Op) {
        let agent = |n: usize| AgentId::new(NUMBERS[n]);
        let visit_of = |n: &usize| self.visit_of.get(n).copied().unwrap_or(visit(0));
        let input = match op {
            Op::Wait { s } => return self.pass(world, *s),
            Op::Dial { agent: n, code } => {
                Input::Code { phone: NUMBERS[*n].into(), dialled: CODES[*code] }
            }
            Op::Phone { agent: n, up: true } => {
                self.up.insert(*n);
                Input::PhoneUp { phone: NUMBERS[*n].into() }
            }
            Op::Phone { agent: n, up: false } => {
                self.up.remove(n);
                Input::PhoneDown { phone: NUMBERS[*n].into() }
            }
            Op::Offer { agent: n, fast } => {
                if !self.free.contains(&agent(*n)) {
                    return;
                }
                self.visits += 1;
                self.visit_of.insert(*n, visit(self.visits));
                let queue = if *fast { "fast" } else { "help" };
                Input::Offered { agent: agent(*n), visit: visit(self.visits), queue: queue.into() }
            }
            Op::Answer { agent: n } => Input::Answered { agent: agent(*n), visit: visit_of(n) },
            Op::EndOffer { agent: n, cause } => {
                let cause = Some(CAUSES[*cause]);
                Input::OfferEnded { agent: agent(*n), visit: visit_of(n), cause }
            }
            Op::Release { agent: n } => Input::Released { agent: agent(*n), visit: visit_of(n) },
            Op::Engage { agent: n, call, by_queue } => Input::Engaged {
                agent: agent(*n),
                visit: visit(*call),
                queue: by_queue.then(|| "help".into()),
            },
            Op::Part { agent: n, call } => {
                Input::Released { agent: agent(*n), visit: visit(*call) }
            }
            Op::Sit { agent: n, phone } => {
                Input::Sit { phone: NUMBERS[*phone].into(), agent: agent(*n), pin: None }
            }
            Op::Bar { phone, barred } => {
                let reason = barred.then_some("dnd");
                Input::Barred { phone: NUMBERS[*phone].into(), reason }
            }
            Op::Swap { one: true } => Input::Site(Arc::new(site([super::agent("8001", Lang::En)]))),
            Op::Swap { one: false } => Input::Site(Arc::new(two())),
        };
        let outputs = world.tell(input);
        self.check(world, outputs);
    }

    fn pass(&mut self, world: &mut World, s: u64) {
        let end = world.now + Duration::from_secs(s);
        while let Some((due, _)) = world.agents.deadline().filter(|(due, _)| *due <= end) {
            assert!(due >= world.now, "a timer of the past");
            world.now = due;
            world.agents.tick(due);
            let outputs = world.drain();
            self.check(world, outputs);
        }
        world.now = end;
    }

    fn check(&mut self, world: &World, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Fact(Fact::AgentChanged { agent, state }) => {
                    let before = self.told.remove(&agent);
                    let before = before.map_or(AgentState::LoggedOut, |(state, _)| state);
                    assert!(may_follow(&before, &state), "{before:?} -> {state:?}");
                    self.told.insert(agent, (state, world.now));
                }
                Output::Free { agent, .. } => {
                    self.free.insert(agent);
                }
                Output::Busy { agent } => {
                    self.free.remove(&agent);
                }
                Output::Say { clips, .. } => assert_eq!(clips.len(), 1),
                Output::Fact(Fact::Seated { .. } | Fact::PinsLocked { .. }) => {}
                Output::Fact(other) => panic!("not a fact of agents: {other:?}"),
            }
        }
        for number in NUMBERS {
            let agent = AgentId::new(number);
            let Some(state) = world.agents.state(&agent) else {
                assert!(!self.free.contains(&agent), "a stranger is free");
                continue;
            };
            let told = self.told.get(&agent);
            assert_eq!(told.map_or(&AgentState::LoggedOut, |(state, _)| state), state);
            if let Some((_, since)) = told.filter(|(state, _)| *state != AgentState::LoggedOut) {
                assert_eq!(Some(*since), world.agents.since(&agent));
            }
            let ready = *state == AgentState::Ready;
            assert_eq!(self.free.contains(&agent), ready, "free and ready differ");
            let phone = world.agents.phone_of(&agent).expect("an agent sits somewhere");
            let at = NUMBERS.iter().position(|number| *number == phone.as_str()).unwrap();
            assert!(!ready || self.up.contains(&at), "ready without a phone");
            if *state != AgentState::LoggedOut {
                assert_eq!(world.agents.at(phone), Some(&agent), "two at one phone");
            }
        }
    }
}

/// The arrows of the diagram in `lib.rs`.
fn may_follow(before: &AgentState, after: &AgentState) -> bool {
    use AgentState::*;
    match (before, after) {
        (LoggedOut, Ready | NotReady { .. }) => true,
        (Ready, Ringing { .. } | NotReady { .. } | LoggedOut) => true,
        (NotReady { reason: a }, NotReady { reason: b }) => a != b,
        (NotReady { .. }, Ready | LoggedOut) => true,
        (Ready | NotReady { .. } | WrapUp { .. } | Ringing { .. }, Talking { .. }) => true,
        (Talking { visit: a }, Talking { visit: b }) => a != b,
        (Ready | NotReady { .. }, WrapUp { .. }) => true,
        (Ringing { .. }, Ready | NotReady { .. } | LoggedOut) => true,
        // After a talk by no queue the rest of before may go on.
        (Talking { .. }, WrapUp { .. }) => true,
        (Talking { .. }, Ready | NotReady { .. } | LoggedOut) => true,
        (WrapUp { .. }, Ready | NotReady { .. } | LoggedOut) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_state_begins_where_the_last_ends_and_free_is_exactly_ready_with_a_phone(
        ops in proptest::collection::vec(op(), 1..150)
    ) {
        let mut world = World::new(two());
        let mut reference = Reference::default();
        for op in &ops {
            reference.step(&mut world, op);
        }
    }
}
