//! Whatever legs, phones and time do, in whatever order: no panic, one end a call, nothing left.

use crate::site::{site, with};
use exchange::{Config, Exchange, Input, Output};
use model::time::Anchor;
use model::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Op {
    Arrives {
        leg: u64,
        via: u8,
        dialled: u8,
    },
    Event {
        leg: u64,
        outbound: bool,
        event: LegEvent,
    },
    /// An event of a leg that there is.
    Says {
        nth: usize,
        event: LegEvent,
    },
    /// The leg that has waited longest for an answer gets it.
    Answers,
    Phone {
        phone: u8,
        up: bool,
    },
    Passes {
        ms: u64,
    },
    Drain,
    Site,
}

fn event() -> impl Strategy<Value = LegEvent> {
    let cause = prop_oneof![
        Just(Cause::Normal),
        Just(Cause::Cancelled),
        Just(Cause::Busy),
        Just(Cause::Vanished)
    ];
    prop_oneof![
        1 => Just(LegEvent::Ringing),
        4 => Just(LegEvent::Answered),
        4 => prop_oneof!["[0-4#*]"].prop_map(|key| digit(&key)),
        1 => Just(LegEvent::Held),
        1 => Just(LegEvent::Resumed),
        3 => (1..20_u64).prop_map(|play| LegEvent::Played(PlayId(play))),
        2 => cause.prop_map(LegEvent::Gone),
    ]
}

fn digit(key: &str) -> LegEvent {
    LegEvent::Digit(key.chars().next().and_then(Digit::new).unwrap())
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1..6_u64, 0..4_u8, 0..4_u8)
            .prop_map(|(leg, via, dialled)| Op::Arrives { leg, via, dialled }),
        12 => (0..8_usize, event()).prop_map(|(nth, event)| Op::Says { nth, event }),
        10 => Just(Op::Answers),
        3 => (1..6_u64, any::<bool>(), event())
            .prop_map(|(leg, outbound, event)| Op::Event { leg, outbound, event }),
        2 => (1..4_u8, any::<bool>()).prop_map(|(phone, up)| Op::Phone { phone, up }),
        6 => prop_oneof![4 => 0..50_u64, 1 => 1000..70_000_u64].prop_map(|ms| Op::Passes { ms }),
        1 => Just(Op::Site),
    ]
}

struct Nonsense {
    exchange: Exchange,
    now: Instant,
    legs: BTreeSet<LegId>,
    unanswered: VecDeque<LegId>,
    ends: BTreeMap<CallId, u32>,
}

impl Nonsense {
    fn new() -> Self {
        let now = Instant::START;
        let anchor = Anchor { at: now, wall: WallTime(1_800_000_000_000) };
        let site = with(|site| {
            site.limits.calls_max = 3;
            site.limits.call = Duration::from_secs(200);
            site.limits.recording = Duration::from_secs(20);
        });
        let config = Config { site, anchor, next_call: 1, agents: Vec::new() };
        let exchange = Exchange::new(1, now, config);
        Self {
            exchange,
            now,
            legs: BTreeSet::new(),
            unanswered: VecDeque::new(),

            ends: BTreeMap::new(),
        }
    }
    fn tell(&mut self, input: Input) {
        self.exchange.handle(self.now, input);
        self.take();
    }
    fn take(&mut self) {
        while let Some(output) = self.exchange.poll() {
            match output {
                Output::Order(Order::Ring { leg, .. } | Order::Answer { leg }) => {
                    self.legs.insert(leg);
                    self.unanswered.push_back(leg);
                }
                Output::Fact(_, Fact::CallArrived { call, .. }) => {
                    assert!(self.ends.insert(call, 0).is_none());
                }
                Output::Fact(_, Fact::CallEnded { call, .. }) => {
                    *self.ends.get_mut(&call).unwrap() += 1;
                }
                _ => {}
            }
        }
    }
    fn passes(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some((at, _)) = self.exchange.deadline().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.exchange.tick(self.now);
            self.take();
        }
        self.now = end;
    }
    fn does(&mut self, op: Op) {
        match op {
            Op::Arrives { leg, via, dialled } => {
                let via = match via {
                    0 => Via::Port("fxo-1".into()),
                    1 => Via::Trunk("carrier".into()),
                    2 => Via::Phone("8001".into()),
                    _ => Via::Phone("8002".into()),
                };
                let dialled = ["5550", "*11", "*12", "*13"][usize::from(dialled)].to_owned();
                let (caller, name) = (Number::default(), PersonName::default());
                let event = LegEvent::Arrived { via, caller, name, dialled, diverted: Default::default() };
                self.tell(Input::Leg { leg: LegId::inbound(leg), event });
            }
            Op::Event { leg, outbound, event } => {
                let leg = if outbound { LegId::outbound(leg) } else { LegId::inbound(leg) };
                self.tell(Input::Leg { leg, event });
            }
            Op::Says { nth, event } => {
                let leg = self.legs.iter().rev().nth(nth).copied();
                if let Some(leg) = leg {
                    self.tell(Input::Leg { leg, event });
                }
            }
            Op::Answers => {
                if let Some(leg) = self.unanswered.pop_front() {
                    self.tell(Input::Leg { leg, event: LegEvent::Answered });
                }
            }
            Op::Phone { phone, up } => {
                self.tell(Input::Phone { phone: format!("800{phone}").as_str().into(), up });
            }
            Op::Passes { ms } => self.passes(ms),
            Op::Drain => self.tell(Input::Drain),
            Op::Site => self.tell(Input::Site(Arc::new(site()))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
    #[test]
    fn nonsense_panics_nowhere_and_leaves_nothing(
        ops in prop::collection::vec(op(), 1..120),
        drains in any::<bool>(),
    ) {
        let mut world = Nonsense::new();
        for phone in 1..3 {
            world.does(Op::Phone { phone, up: true });
            world.does(Op::Arrives { leg: 6, via: 1 + phone, dialled: 1 });
            world.does(Op::Answers);
            world.does(Op::Says { nth: 0, event: LegEvent::Gone(Cause::Normal) });
        }
        ops.into_iter().for_each(|op| world.does(op));
        if drains {
            world.does(Op::Drain);
        }
        // Every party hangs up, and whoever is rung afterwards does.
        for _ in 0..50 {
            for leg in std::mem::take(&mut world.legs) {
                world.tell(Input::Leg { leg, event: LegEvent::Gone(Cause::Normal) });
            }
            world.passes(60_000);
        }
        prop_assert!(world.exchange.is_idle());
        prop_assert_eq!(world.exchange.live_calls(), 0);
        prop_assert!(world.ends.values().all(|ends| *ends == 1), "{:?}", world.ends);
    }
}
