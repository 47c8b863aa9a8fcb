//! A tiny world around the exchange: lines that carry out orders, phones with habits, and time.

use crate::words::word;
use exchange::{Config, Exchange, Input, Output};
use model::feature::{Features, Lamp, Watched};
use model::site::Site;
use model::time::Anchor;
use model::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long the world takes to carry an order out.
const LATENCY: Duration = Duration::from_millis(20);

/// What a desk phone does when it is rung.
#[derive(Clone, Copy, Debug)]
pub enum Habit {
    AnswersAfter(u64),
    Ignores,
    Refuses(Cause),
}

/// What a leg hears.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    Silence,
    Clips(PlayId, Vec<String>),
    Party(LegId),
    Room(RoomId),
    /// A supervisor, and by whom it is heard.
    Guest(RoomId, Voice),
}

/// What an exchange begins with on a new box.
pub fn config(site: Arc<Site>, anchor: Anchor) -> Config {
    Config {
        site,
        anchor,
        next_call: 1,
        agents: Vec::new(),
        seats: Vec::new(),
        phones: Vec::new(),
        owed: Vec::new(),
        spent: Default::default(),
    }
}

pub struct World {
    pub exchange: Exchange,
    pub now: Instant,
    pub facts: Vec<(WallTime, Fact)>,
    pub orders: Vec<Order>,
    /// Everything, in the order it was said.
    pub said: Vec<Output>,
    pub drained: bool,
    /// Legs that live, and what each hears.
    pub legs: BTreeMap<LegId, Heard>,
    /// Who hears whom beneath what is played.
    bridges: BTreeMap<LegId, LegId>,
    rooms: BTreeMap<LegId, Heard>,
    pub habits: BTreeMap<PhoneId, Habit>,
    /// The last leg each phone was rung on.
    pub rung: BTreeMap<PhoneId, LegId>,
    pub recorded: BTreeSet<RecordingId>,
    /// The last leg of a call out, and the number it was called by.
    pub dialled: Option<(LegId, String)>,
    /// What a number outside does.
    pub outside: Habit,
    /// How the last transfer of each leg went.
    pub transfers: BTreeMap<LegId, Vec<TransferStage>>,
    pub features: BTreeMap<PhoneId, Features>,
    pub lamps: BTreeMap<Watched, Lamp>,
    pub waiting: BTreeMap<PhoneId, (u32, u32)>,
    /// What the last ring of each phone showed.
    pub pops: BTreeMap<PhoneId, (String, Pop)>,
    /// Whether a HangUp is carried out.
    pub deaf: bool,
    happenings: BTreeMap<(Instant, u64), (LegId, LegEvent)>,
    inbound: u64,
    counted: u64,
}

impl World {
    pub fn new(site: Arc<Site>) -> Self {
        // No moment of a story is a whole millisecond of the wall clock's.
        let now = Instant::from_micros(1_000_300);
        let anchor = Anchor { at: Instant::from_micros(500), wall: WallTime(1_800_000_000_000) };
        let config = config(site, anchor);
        Self {
            exchange: Exchange::new(1, now, config),
            now,
            facts: Vec::new(),
            orders: Vec::new(),
            said: Vec::new(),
            drained: false,
            legs: BTreeMap::new(),
            bridges: BTreeMap::new(),
            rooms: BTreeMap::new(),
            habits: BTreeMap::new(),
            rung: BTreeMap::new(),
            recorded: BTreeSet::new(),
            dialled: None,
            outside: Habit::AnswersAfter(3),
            transfers: BTreeMap::new(),
            features: BTreeMap::new(),
            lamps: BTreeMap::new(),
            waiting: BTreeMap::new(),
            pops: BTreeMap::new(),
            deaf: false,
            happenings: BTreeMap::new(),
            inbound: 0,
            counted: 0,
        }
    }

    /// A phone registers and its agent logs in, confirmation heard.
    pub fn agent(&mut self, phone: &str, habit: Habit) {
        self.habits.insert(phone.into(), habit);
        self.tell(Input::Phone { phone: phone.into(), up: true });
        self.dial(phone, "*11");
        self.run(5);
    }
    /// A phone dials the box.
    pub fn dial(&mut self, phone: &str, dialled: &str) -> LegId {
        self.arrive(Via::Phone(phone.into()), phone, dialled)
    }
    /// A caller arrives on the analogue line.
    pub fn call(&mut self, number: &str) -> LegId {
        self.arrive(Via::Port("fxo-1".into()), number, "")
    }
    /// A caller arrives on the line and goes to the desk's queue.
    pub fn call_desk(&mut self) -> LegId {
        let leg = self.arrive(Via::Trunk("carrier".into()), "13900000000", "5550");
        self.run(1);
        leg
    }
    pub fn arrive(&mut self, via: Via, number: &str, dialled: &str) -> LegId {
        self.inbound += 1;
        let leg = LegId::inbound(self.inbound);
        self.legs.insert(leg, Heard::Silence);
        let (caller, name) = (Number::new(number), PersonName::default());
        self.event(
            leg,
            LegEvent::Arrived {
                via,
                caller,
                name,
                dialled: dialled.into(),
                diverted: Default::default(),
            },
        );
        leg
    }
    pub fn press(&mut self, leg: LegId, key: char) {
        self.event(leg, LegEvent::Digit(Digit::new(key).unwrap()));
    }
    /// The party of a leg hangs up, or its phone falls silent.
    pub fn gone(&mut self, leg: LegId, cause: Cause) {
        assert!(self.legs.remove(&leg).is_some(), "{leg} was gone already");
        self.event(leg, LegEvent::Gone(cause));
    }
    pub fn event(&mut self, leg: LegId, event: LegEvent) {
        self.tell(Input::Leg { leg, event });
    }
    pub fn tell(&mut self, input: Input) {
        self.exchange.handle(self.now, input);
        self.carry_out();
    }

    /// Lets time pass: what is due happens in its order.
    pub fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        loop {
            let timer = self.exchange.deadline().map(|(at, _)| at);
            let happening = self.happenings.keys().next().map(|(at, _)| *at);
            let Some(at) = timer.into_iter().chain(happening).min().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            if happening == Some(at) {
                let (_, (leg, event)) = self.happenings.pop_first().unwrap();
                self.happen(leg, event);
            } else {
                self.exchange.tick(self.now);
                self.carry_out();
            }
        }
        self.now = end;
    }

    /// What was told since the last time, in short words.
    pub fn told(&mut self) -> Vec<String> {
        let told = self.facts.iter().filter_map(|(_, fact)| word(fact)).collect();
        self.facts.clear();
        told
    }
    /// The prompts a leg hears now.
    pub fn hears(&self, leg: LegId) -> Vec<&str> {
        match &self.legs[&leg] {
            Heard::Clips(_, clips) => clips.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
    /// Ends a story: nothing may be left anywhere.
    pub fn over(&mut self) {
        self.run(60);
        assert!(self.legs.is_empty(), "legs are left: {:?}", self.legs);
        assert!(self.recorded.is_empty(), "recordings run on: {:?}", self.recorded);
        assert!(self.exchange.is_idle(), "a stage is not idle");
        assert_eq!(self.exchange.calls().count(), 0);
    }

    fn happen(&mut self, leg: LegId, event: LegEvent) {
        let Some(heard) = self.legs.get_mut(&leg) else { return };
        match &event {
            LegEvent::Played(play) => {
                if !matches!(heard, Heard::Clips(heard, _) if heard == play) {
                    return;
                }
                // Whoever talks hears the other again.
                let room = self.rooms.get(&leg).cloned();
                let peer = self.bridges.get(&leg).map(|peer| Heard::Party(*peer));
                *heard = peer.or(room).unwrap_or(Heard::Silence);
            }
            LegEvent::Gone(_) => {
                self.legs.remove(&leg);
            }
            _ => {}
        }
        self.event(leg, event);
    }
    fn soon(&mut self, after: Duration, leg: LegId, event: LegEvent) {
        self.counted += 1;
        self.happenings.insert((self.now + after, self.counted), (leg, event));
    }
    fn carry_out(&mut self) {
        while let Some(output) = self.exchange.poll() {
            self.said.push(output.clone());
            match output {
                Output::Order(order) => {
                    self.orders.push(order.clone());
                    self.order(order);
                }
                Output::Fact(at, fact) => self.facts.push((at, fact)),
                Output::Show { phone, features } => drop(self.features.insert(phone, features)),
                Output::Waiting { phone, new, old } => {
                    self.waiting.insert(phone, (new, old));
                }
                Output::Lamp { watched, lamp } => drop(self.lamps.insert(watched, lamp)),
                Output::Drained => {
                    assert!(!self.drained, "drained is said once");
                    self.drained = true;
                }
            }
        }
    }
    fn order(&mut self, order: Order) {
        match order {
            Order::Answer { leg } => self.soon(LATENCY, leg, LegEvent::Answered),
            Order::Refuse { leg, cause } => self.soon(LATENCY, leg, LegEvent::Gone(cause)),
            Order::Ring { leg, phone, caller, pop, .. } => {
                self.pops.insert(phone.clone(), (caller.reveal().to_owned(), pop));
                self.legs.insert(leg, Heard::Silence);
                self.rung.insert(phone.clone(), leg);
                self.soon(LATENCY, leg, LegEvent::Ringing);
                match self.habits[&phone] {
                    Habit::AnswersAfter(seconds) => {
                        self.soon(Duration::from_secs(seconds), leg, LegEvent::Answered);
                    }
                    Habit::Ignores => {}
                    Habit::Refuses(cause) => self.soon(LATENCY, leg, LegEvent::Gone(cause)),
                }
            }
            Order::Play { leg, play, clips, looped } => {
                if !looped {
                    let length = Duration::from_secs(clips.len() as u64);
                    self.soon(length, leg, LegEvent::Played(play));
                }
                let clips = clips.iter().map(|clip| clip.prompt.to_string()).collect();
                self.hear(leg, Heard::Clips(play, clips));
            }
            Order::StopPlay { leg } => {
                let room = self.rooms.get(&leg).cloned();
                let peer = self.bridges.get(&leg).map(|peer| Heard::Party(*peer));
                self.hear(leg, peer.or(room).unwrap_or(Heard::Silence));
            }
            Order::Bridge { a, b } => {
                self.part(a);
                self.part(b);
                self.bridges.extend([(a, b), (b, a)]);
                self.hear(a, Heard::Party(b));
                self.hear(b, Heard::Party(a));
            }
            Order::Unbridge { leg } => {
                self.part(leg);
                self.hear(leg, Heard::Silence);
            }
            Order::Record { recording, .. } => {
                assert!(self.recorded.insert(recording), "{recording} began twice");
            }
            Order::StopRecord { recording } => {
                assert!(self.recorded.remove(&recording), "{recording} did not run");
            }
            Order::HangUp { leg, cause } if !self.deaf => {
                self.soon(LATENCY, leg, LegEvent::Gone(cause));
            }
            Order::HangUp { .. } => {}
            Order::Dial { leg, number, .. } => {
                self.legs.insert(leg, Heard::Silence);
                self.dialled = Some((leg, number.reveal().to_owned()));
                match self.outside {
                    Habit::AnswersAfter(seconds) => {
                        self.soon(LATENCY, leg, LegEvent::Ringing);
                        self.soon(Duration::from_secs(seconds), leg, LegEvent::Answered);
                    }
                    Habit::Ignores => {}
                    Habit::Refuses(cause) => self.soon(LATENCY, leg, LegEvent::Gone(cause)),
                }
            }
            Order::Alert { .. } | Order::EarlyMedia { .. } => {}
            Order::Mix { leg, room } => {
                self.part(leg);
                self.rooms.insert(leg, Heard::Room(room));
                self.hear(leg, Heard::Room(room));
            }
            Order::Supervise { leg, room, voice, .. } => {
                let guest = Heard::Guest(room, voice);
                self.rooms.insert(leg, guest.clone());
                if !matches!(self.legs.get(&leg), Some(Heard::Clips(..))) {
                    self.hear(leg, guest);
                }
            }
            Order::Unmix { leg } => {
                self.rooms.remove(&leg);
                if !matches!(self.legs.get(&leg), Some(Heard::Clips(..))) {
                    self.hear(leg, Heard::Silence);
                }
            }
            Order::Transferring { leg, stage } => {
                self.transfers.entry(leg).or_default().push(stage);
            }
        }
    }
    fn hear(&mut self, leg: LegId, what: Heard) {
        if let Some(heard) = self.legs.get_mut(&leg) {
            *heard = what;
        }
    }
    /// Takes a leg from its peer, who hears silence unless something is played.
    fn part(&mut self, leg: LegId) {
        self.rooms.remove(&leg);
        if let Some(peer) = self.bridges.remove(&leg) {
            self.bridges.remove(&peer);
            if self.legs.get(&peer) == Some(&Heard::Party(leg)) {
                self.hear(peer, Heard::Silence);
            }
        }
    }
}
