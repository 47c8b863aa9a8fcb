//! Whatever legs, phones and time do, in whatever order: no panic, one end a call, nothing left,
//! and no caller is nowhere.

use crate::site::{site, with};
use crate::world::config;
use exchange::{Exchange, Input, Output};
use model::feature::{FeatureWish, ForwardWhen};
use model::time::Anchor;
use model::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What phones dial, a caller's number among it.
const DIALLED: [&str; 25] = [
    "5550",
    "*11",
    "*12",
    "*13",
    "8001",
    "8002",
    "8003",
    "desk",
    "main",
    "701",
    "702",
    "99",
    "*8",
    "*88001",
    "*70",
    "*108002",
    "*78",
    "*728002",
    "conference",
    "110",
    "*918001",
    "*928002",
    "*938003",
    "*948001",
    "*948002",
];
/// What a phone sends its other side to.
const SENT: [&str; 10] =
    ["8001", "8002", "8003", "desk", "main", "701", "702", "nobody", "conference", "13912345678"];
/// What is pressed during a talk.
const PRESSED: [&str; 9] =
    ["*28002#", "*68003#", "*4", "*5", "*3", "*70#", "*70701#", "*99#", "*1"];

#[derive(Clone, Debug)]
enum Op {
    Arrives {
        leg: u64,
        via: u8,
        dialled: usize,
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
    Sends {
        nth: usize,
        to: usize,
    },
    Joins {
        nth: usize,
        other: usize,
    },
    InPlace {
        leg: u64,
        phone: u8,
        old: usize,
    },
    Presses {
        nth: usize,
        keys: usize,
    },
    Wishes {
        phone: u8,
        wish: FeatureWish,
    },
    Phone {
        phone: u8,
        up: bool,
    },
    Passes {
        ms: u64,
    },
    RecordAnew {
        call: u64,
        part: u16,
    },
    Drain,
    Site,
}

fn event() -> impl Strategy<Value = LegEvent> {
    let cause = prop_oneof![
        Just(Cause::Normal),
        Just(Cause::Cancelled),
        Just(Cause::Busy),
        Just(Cause::NoAnswer),
        Just(Cause::Vanished)
    ];
    prop_oneof![
        2 => Just(LegEvent::Ringing),
        1 => Just(LegEvent::EarlyMedia),
        4 => Just(LegEvent::Answered),
        4 => prop_oneof!["[0-7#*]"].prop_map(|key| digit(&key)),
        2 => Just(LegEvent::Held),
        2 => Just(LegEvent::Resumed),
        3 => (1..20_u64).prop_map(|play| LegEvent::Played(PlayId(play))),
        1 => Just(LegEvent::ForwardAsked { to: "8003".into() }),
        3 => cause.prop_map(LegEvent::Gone),
    ]
}

fn digit(key: &str) -> LegEvent {
    LegEvent::Digit(key.chars().next().and_then(Digit::new).unwrap())
}

fn wish() -> impl Strategy<Value = FeatureWish> {
    let to = prop_oneof![Just(None), Just(Some("8002".to_owned())), Just(Some("8001".to_owned()))];
    let when = prop_oneof![
        Just(ForwardWhen::Always),
        Just(ForwardWhen::Busy),
        Just(ForwardWhen::NoAnswer)
    ];
    prop_oneof![
        any::<bool>().prop_map(FeatureWish::Dnd),
        (when, to).prop_map(|(when, to)| FeatureWish::Forward { when, to, rings: None }),
        (1..4_u8).prop_map(|n| FeatureWish::LogIn {
            agent: Some(format!("800{n}").as_str().into()),
            pin: None
        }),
        Just(FeatureWish::Ready),
        Just(FeatureWish::WrapUp),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1..9_u64, 0..5_u8, 0..DIALLED.len())
            .prop_map(|(leg, via, dialled)| Op::Arrives { leg, via, dialled }),
        12 => (0..8_usize, event()).prop_map(|(nth, event)| Op::Says { nth, event }),
        14 => Just(Op::Answers),
        3 => (1..9_u64, any::<bool>(), event())
            .prop_map(|(leg, outbound, event)| Op::Event { leg, outbound, event }),
        6 => (0..8_usize, 0..SENT.len()).prop_map(|(nth, to)| Op::Sends { nth, to }),
        5 => (0..8_usize, 0..8_usize).prop_map(|(nth, other)| Op::Joins { nth, other }),
        3 => (1..9_u64, 1..4_u8, 0..8_usize)
            .prop_map(|(leg, phone, old)| Op::InPlace { leg, phone, old }),
        6 => (0..8_usize, 0..PRESSED.len()).prop_map(|(nth, keys)| Op::Presses { nth, keys }),
        1 => (1..4_u8, wish()).prop_map(|(phone, wish)| Op::Wishes { phone, wish }),
        2 => (1..4_u8, any::<bool>()).prop_map(|(phone, up)| Op::Phone { phone, up }),
        6 => prop_oneof![4 => 0..50_u64, 1 => 1000..70_000_u64].prop_map(|ms| Op::Passes { ms }),
        1 => (1..4_u64, 1..4_u16).prop_map(|(call, part)| Op::RecordAnew { call, part }),
        1 => Just(Op::Site),
    ]
}

struct Nonsense {
    exchange: Exchange,
    now: Instant,
    /// Legs of which no end was said, and what each hears.
    legs: BTreeMap<LegId, bool>,
    bridges: BTreeMap<LegId, LegId>,
    /// Legs that are heard in a room; supervisors are not among them.
    mixed: BTreeMap<LegId, RoomId>,
    /// Legs that were hung up.
    over: BTreeSet<LegId>,
    unanswered: VecDeque<LegId>,
    /// Phones that ring.
    ringing: BTreeSet<LegId>,
    ends: BTreeMap<CallId, u32>,
    recorded: BTreeMap<RecordingId, LegId>,
}

fn parked() -> Arc<model::site::Site> {
    with(|site| {
        let lead = model::site::Role {
            supervises: Supervising::ALL.into(),
            ..model::site::Role::default()
        };
        site.roles.insert("lead".into(), lead);
        for agent in site.agents.values_mut() {
            agent.rights.role = Some("lead".into());
        }
        site.limits.calls_max = 5;
        site.limits.call = Duration::from_secs(200);
        site.limits.recording = Duration::from_secs(20);
        site.parking.slots = vec!["701".into(), "702".into()];
        site.parking.longest = Duration::from_secs(30);
        site.supervision.notice = model::site::Notice::Announcement;
        site.numbering.country = "86".into();
        site.numbering.emergency = ["110".to_owned()].into();
        let addr = "192.0.2.1:5060".parse().unwrap();
        let transport = model::site::Transport::Udp;
        for trunk in site.trunks.values_mut() {
            trunk.out.targets = vec![model::site::Target { addr, transport }];
        }
    })
}

impl Nonsense {
    fn new() -> Self {
        let now = Instant::START;
        let anchor = Anchor { at: now, wall: WallTime(1_800_000_000_000) };
        Self {
            exchange: Exchange::new(1, now, config(parked(), anchor)),
            now,
            legs: BTreeMap::new(),
            bridges: BTreeMap::new(),
            mixed: BTreeMap::new(),
            over: BTreeSet::new(),
            unanswered: VecDeque::new(),
            ringing: BTreeSet::new(),
            ends: BTreeMap::new(),
            recorded: BTreeMap::new(),
        }
    }
    fn tell(&mut self, input: Input) {
        if let Input::Leg { leg, event: LegEvent::ForwardAsked { .. } } = &input
            && !self.ringing.contains(leg)
        {
            return;
        }
        if let Input::Leg { leg, event } = &input
            && !matches!(event, LegEvent::Ringing | LegEvent::EarlyMedia)
        {
            self.ringing.remove(leg);
        }
        if let Input::Leg { leg, event: LegEvent::Gone(_) | LegEvent::ForwardAsked { .. } } = &input
        {
            self.part(*leg);
            self.legs.remove(leg);
            self.over.remove(leg);
        }
        self.exchange.handle(self.now, input);
        self.take();
    }
    fn part(&mut self, leg: LegId) {
        self.mixed.remove(&leg);
        if let Some(peer) = self.bridges.remove(&leg) {
            self.bridges.remove(&peer);
        }
    }
    fn hears(&mut self, leg: LegId, hears: bool) {
        if let Some(heard) = self.legs.get_mut(&leg) {
            *heard = hears;
        }
    }
    fn take(&mut self) {
        while let Some(output) = self.exchange.poll() {
            match output {
                Output::Order(order) => self.order(order),
                Output::Fact(_, Fact::CallArrived { call, .. }) => {
                    assert!(self.ends.insert(call, 0).is_none());
                }
                Output::Fact(_, Fact::CallEnded { call, .. }) => {
                    *self.ends.get_mut(&call).unwrap() += 1;
                }
                _ => {}
            }
        }
        self.nobody_is_nowhere();
    }
    fn order(&mut self, order: Order) {
        match order {
            Order::Ring { leg, .. } | Order::Dial { leg, .. } | Order::Answer { leg } => {
                self.legs.entry(leg).or_insert(false);
                self.unanswered.push_back(leg);
                if leg.is_outbound() {
                    self.ringing.insert(leg);
                }
            }
            Order::HangUp { leg, .. } | Order::Refuse { leg, .. } => {
                self.over.insert(leg);
                self.part(leg);
            }
            Order::Play { leg, .. } => self.hears(leg, true),
            Order::Mix { leg, room } => {
                self.part(leg);
                self.hears(leg, false);
                self.mixed.insert(leg, room);
            }
            Order::Supervise { leg, .. } => self.part(leg),
            Order::Unmix { leg } => drop(self.mixed.remove(&leg)),
            Order::StopPlay { leg } => self.hears(leg, false),
            Order::Bridge { a, b } => {
                self.part(a);
                self.part(b);
                self.bridges.extend([(a, b), (b, a)]);
            }
            Order::Unbridge { leg } => self.part(leg),
            Order::Record { leg, recording } => {
                assert!(self.recorded.insert(recording, leg).is_none());
            }
            Order::StopRecord { recording } => {
                assert!(self.recorded.remove(&recording).is_some());
            }
            _ => {}
        }
    }

    /// Each caller who was answered hears somebody or something, waits for a menu's key, or is hung
    /// up; and is recorded meanwhile.
    fn nobody_is_nowhere(&self) {
        for call in self.exchange.calls() {
            let Some(leg) = call.leg.filter(|leg| !self.over.contains(leg)) else { continue };
            let state = call.state;
            if ["ringing", "ending", "menu"].contains(&state) {
                continue;
            }
            let recorded = self.recorded.values().any(|taped| *taped == leg);
            let answered = recorded || call.recording.is_some();
            if !answered {
                assert_eq!(state, "calling", "{} is {state} and was not answered", call.call);
                assert!(call.party.is_some(), "{} calls nobody", call.call);
                continue;
            }
            assert!(recorded, "{} is {state} and its caller's leg is not recorded", call.call);
            let heard = self.legs.get(&leg).copied().unwrap_or_default();
            let bridged = self.bridges.contains_key(&leg) || self.is_in_company(leg);
            // A play came to its end and the queue starts the next with the next word of the leg.
            let between = ["waiting", "offered"].contains(&state);
            assert!(heard || bridged || between, "{} is {state} and hears nothing", call.call);
        }
    }
    /// Another is heard in the room of a leg.
    fn is_in_company(&self, leg: LegId) -> bool {
        let room = self.mixed.get(&leg);
        let others = self.mixed.iter().filter(|(other, _)| **other != leg);
        room.is_some_and(|room| others.into_iter().any(|(_, other)| other == room))
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
    fn nth(&self, nth: usize) -> Option<LegId> {
        self.legs.keys().rev().nth(nth).copied()
    }
    fn arrives(&mut self, leg: LegId, event: LegEvent) {
        if self.legs.contains_key(&leg) {
            return;
        }
        self.legs.insert(leg, false);
        self.tell(Input::Leg { leg, event });
    }
    fn does(&mut self, op: Op) {
        match op {
            Op::Arrives { leg, via, dialled } => {
                let via = match via {
                    0 => Via::Port("fxo-1".into()),
                    1 => Via::Trunk("carrier".into()),
                    n => Via::Phone(format!("800{}", n - 1).as_str().into()),
                };
                let dialled = DIALLED[dialled].to_owned();
                let (caller, name) = (Number::default(), PersonName::default());
                let diverted = Number::default();
                let event = LegEvent::Arrived { via, caller, name, dialled, diverted };
                self.arrives(LegId::inbound(leg), event);
            }
            Op::Event { leg, outbound, event } => {
                let leg = if outbound { LegId::outbound(leg) } else { LegId::inbound(leg) };
                self.tell(Input::Leg { leg, event });
            }
            Op::Says { nth, event } => {
                if let Some(leg) = self.nth(nth) {
                    self.tell(Input::Leg { leg, event });
                }
            }
            Op::Answers => {
                if let Some(leg) = self.unanswered.pop_front() {
                    self.tell(Input::Leg { leg, event: LegEvent::Answered });
                }
            }
            Op::Sends { nth, to } => {
                if let Some(leg) = self.nth(nth) {
                    let event = LegEvent::TransferAsked { to: SENT[to].into() };
                    self.tell(Input::Leg { leg, event });
                }
            }
            Op::Joins { nth, other } => {
                if let (Some(leg), Some(other)) = (self.nth(nth), self.nth(other)) {
                    self.tell(Input::Leg { leg, event: LegEvent::JoinAsked { other } });
                }
            }
            Op::InPlace { leg, phone, old } => {
                let via = Via::Phone(format!("800{phone}").as_str().into());
                if let Some(old) = self.nth(old) {
                    self.arrives(LegId::inbound(leg), LegEvent::ArrivedInPlace { via, old });
                }
            }
            Op::Presses { nth, keys } => {
                if let Some(leg) = self.nth(nth) {
                    for key in PRESSED[keys].chars() {
                        let event = LegEvent::Digit(Digit::new(key).unwrap());
                        self.tell(Input::Leg { leg, event });
                    }
                }
            }
            Op::Wishes { phone, wish } => {
                let phone = format!("800{phone}").as_str().into();
                self.tell(Input::Feature { phone, wish });
            }
            Op::Phone { phone, up } => {
                self.tell(Input::Phone { phone: format!("800{phone}").as_str().into(), up });
            }
            Op::Passes { ms } => self.passes(ms),
            Op::RecordAnew { call, part } => {
                let recording = RecordingId { call: CallId(call), part };
                self.tell(Input::RecordAnew { recording });
            }
            Op::Drain => self.tell(Input::Drain),
            Op::Site => self.tell(Input::Site(Arc::new(site()))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn nonsense_panics_nowhere_leaves_nothing_and_nobody_nowhere(
        ops in prop::collection::vec(op(), 1..160),
        drains in any::<bool>(),
    ) {
        let mut world = Nonsense::new();
        for phone in 1..4 {
            world.does(Op::Phone { phone, up: true });
            world.does(Op::Arrives { leg: 90, via: 1 + phone, dialled: 1 });
            world.does(Op::Answers);
            world.does(Op::Says { nth: 0, event: LegEvent::Gone(Cause::Normal) });
        }
        ops.into_iter().for_each(|op| world.does(op));
        if drains {
            world.does(Op::Drain);
        }
        // Every party hangs up, and whoever is rung afterwards does.
        for _ in 0..50 {
            let legs: Vec<LegId> = world.legs.keys().copied().collect();
            for leg in legs {
                world.tell(Input::Leg { leg, event: LegEvent::Gone(Cause::Normal) });
            }
            world.passes(60_000);
        }
        prop_assert!(world.exchange.is_idle());
        prop_assert_eq!(world.exchange.live_calls(), 0);
        prop_assert!(world.ends.values().all(|ends| *ends == 1), "{:?}", world.ends);
        prop_assert!(world.recorded.is_empty(), "{:?}", world.recorded);
        prop_assert_eq!(world.exchange.counters().strays, 0);
    }
}
