//! Legs that go from one engine to another: nobody who hears them, and no recording, finds a seam.

use crate::world::Random;
use media::packet::{Packet, SENT_MAX};
use media::srtp::TAG_MAX;
use media::{
    Block, Carried, Clip, ClipNo, Coder, Command, Config, ControlPath, Engine, Event, Packets,
    RoomNo, Sink, Slot, Srtp, TapFrame, TapNo, Voice,
};
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use model::{Codec, Digit, Instant, Law, PlayId};
use proptest::prelude::*;
use std::net::SocketAddr;

/// Legs of a world, and places of each engine.
const LEGS: usize = 8;
const ROOMS: usize = 2;
const KEYS_OF_PHONES: u8 = 200;

/// What left an engine in a tick, by the number of the leg.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Went {
    Packet(usize, Vec<u8>),
    Report(usize, Vec<u8>),
    Tap(u16, Vec<u8>),
    Key(usize, char),
    Played(usize, u64),
}

impl Went {
    fn whose(&self) -> (u8, usize) {
        match *self {
            Self::Packet(leg, _) => (0, leg),
            Self::Report(leg, _) => (1, leg),
            Self::Tap(tap, _) => (2, usize::from(tap)),
            Self::Key(leg, _) => (3, leg),
            Self::Played(leg, _) => (4, leg),
        }
    }
}

struct Out<'a> {
    whose: &'a [Option<usize>],
    went: &'a mut Vec<Went>,
}

impl Sink for Out<'_> {
    fn rtp(&mut self, slot: Slot, to: SocketAddr, packet: &[u8]) {
        let leg = self.whose[usize::from(slot.0)].unwrap();
        assert_eq!(to, address(leg));
        self.went.push(Went::Packet(leg, packet.to_vec()));
    }
    fn rtcp(&mut self, slot: Slot, _to: SocketAddr, _muxed: bool, packet: &[u8]) {
        let leg = self.whose[usize::from(slot.0)].unwrap();
        self.went.push(Went::Report(leg, packet.to_vec()));
    }
    fn card(&mut self, _slot: Slot, _block: &Block) {}
    fn tap(&mut self, tap: TapNo, frame: &TapFrame) {
        self.went.push(Went::Tap(tap.0, [frame.left, frame.right].concat()));
    }
}

fn address(leg: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1 + leg as u8], 4000))
}

fn codec(leg: usize) -> Codec {
    [Codec::Pcma, Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Pcma, Codec::Opus][leg % 6]
}

/// Every other leg is encrypted; the box's end of it, or the phone's.
fn session(leg: usize, of_box: bool) -> Option<Box<Srtp>> {
    let suite = SrtpSuite::ALL[leg / 2 % 2];
    let made = |seed: u8| SrtpKeys::new(suite, &vec![seed; suite.total()]).unwrap();
    let (ours, theirs) = (made(leg as u8), made(KEYS_OF_PHONES));
    let plan = match of_box {
        true => SrtpPlan { send: ours, receive: theirs },
        false => SrtpPlan { send: theirs, receive: ours },
    };
    leg.is_multiple_of(2).then(|| Srtp::new(&plan).unwrap())
}

fn open(leg: usize, slot: Slot) -> Command {
    let codec = codec(leg);
    Command::OpenRtp {
        slot,
        ssrc: leg as u32,
        remote: address(leg),
        coder: Coder::new(codec).unwrap(),
        payload_type: codec.payload_type().unwrap_or(111),
        dtmf_payload_type: (!leg.is_multiple_of(3)).then_some(101),
        packets: Packets { ms: [20, 20, 10, 30][leg % 4], ..Packets::default() },
        send: true,
        receive: true,
        srtp: session(leg, true),
        control: ControlPath::Muxed,
        name: [leg as u8; 12],
    }
}

/// One engine, or several among which the same legs go about.
struct World {
    engines: Vec<Engine>,
    /// Where each leg is: engine and slot.
    at: [(usize, usize); LEGS],
    /// Which room has which engine, and who is in it, with a voice where it is a guest.
    rooms: [Vec<(usize, Option<Said>)>; ROOMS],
    carried: Carried,
    moves: u64,
}

/// By whom a guest is heard.
#[derive(Clone, Copy, Debug)]
enum Said {
    Nobody,
    Everybody,
}

impl Said {
    fn is_nobody(self) -> bool {
        matches!(self, Self::Nobody)
    }
}

impl World {
    fn new(engines: usize) -> Self {
        let sound: Vec<i16> = (0..24_000).map(|n| ((n * n / 7) % 9000) as i16 - 4500).collect();
        let clips = [Clip::narrow(&sound[..7000]), Clip::from_pcm(&sound, 16_000).unwrap()];
        let config =
            |seed| Config { legs_max: LEGS, clips: clips.clone().into(), seed, silent_ms: 3000 };
        let mut engines: Vec<_> = (0..engines).map(|n| Engine::new(config(n as u64))).collect();
        for leg in 0..LEGS {
            engines[0].command(Instant::START, open(leg, Slot(leg as u16)));
        }
        let at = std::array::from_fn(|leg| (0, leg));
        Self { engines, at, rooms: Default::default(), carried: Carried::default(), moves: 0 }
    }

    fn slot(&self, leg: usize) -> Slot {
        Slot(self.at[leg].1 as u16)
    }

    /// Has something done with a leg, where it is.
    fn command(&mut self, now: Instant, leg: usize, make: impl FnOnce(Slot) -> Command) {
        let slot = self.slot(leg);
        self.engines[self.at[leg].0].command(now, make(slot));
    }

    /// Carries a leg elsewhere; where all is one engine it only leaves whom it is with.
    fn carry(&mut self, now: Instant, leg: usize, to: usize) {
        let (from, slot) = self.at[leg];
        if self.engines.len() == 1 {
            self.command(now, leg, |slot| Command::Unbridge { slot });
            return self.command(now, leg, |slot| Command::Unmix { slot });
        }
        assert!(self.engines[from].take_leg(Slot(slot as u16), &mut self.carried));
        let taken = |slot: &usize| self.at.contains(&(to, *slot));
        // From above, so that a slot is seldom the same one.
        let free = (0..LEGS).rev().find(|slot| !taken(slot)).unwrap();
        assert!(self.engines[to].place_leg(Slot(free as u16), 0, &mut self.carried));
        self.at[leg] = (to, free);
        self.moves += 1;
    }

    fn join(&mut self, now: Instant, leg: usize, room: usize, said: Option<Said>, on: bool) {
        let voice = said.map(|said| match said {
            Said::Nobody => Voice::Nobody,
            Said::Everybody => Voice::Everybody,
        });
        let room = RoomNo(room as u16);
        self.command(now, leg, |slot| match voice {
            Some(voice) => Command::Supervise { slot, room, voice, beeps: false },
            None if on => Command::MixOn { slot, room },
            None => Command::Mix { slot, room },
        });
    }

    fn leave_rooms(&mut self, leg: usize) {
        self.rooms.iter_mut().for_each(|room| room.retain(|(member, _)| *member != leg));
    }

    fn tick(&mut self, now: Instant, went: &mut Vec<Went>) {
        for (no, engine) in self.engines.iter_mut().enumerate() {
            let mut whose = [None; LEGS];
            for (leg, at) in self.at.iter().enumerate().filter(|(_, at)| at.0 == no) {
                whose[at.1] = Some(leg);
            }
            engine.tick(now, &mut Out { whose: &whose, went });
            while let Some(event) = engine.poll_event() {
                let leg = whose[usize::from(event.slot().0)].unwrap();
                match event {
                    Event::Digit { digit, .. } => went.push(Went::Key(leg, digit.as_char())),
                    Event::Played { play, .. } => went.push(Went::Played(leg, play.0)),
                    // Figures are looked at in turns that go by the slot.
                    _ => {}
                }
            }
            while engine.poll_retired().is_some() {}
        }
        // Stable: what one leg sent keeps its order.
        went.sort_by_key(Went::whose);
    }
}

/// One thing that is done with both worlds.
#[derive(Clone, Copy, Debug)]
struct Turn {
    what: u8,
    leg: usize,
    other: usize,
    engine: usize,
}

fn turn() -> impl Strategy<Value = Turn> {
    (0..14u8, 0..LEGS, 0..LEGS, 0..3usize).prop_map(|(what, leg, other, engine)| Turn {
        what,
        leg,
        other,
        engine,
    })
}

/// What a phone sends in a tick.
fn datagram(leg: usize, tick: u32, srtp: &mut Option<Box<Srtp>>) -> Vec<u8> {
    let mut payload = [0; 160];
    let sound: Vec<i16> =
        (0..160).map(|n| ((n * (leg as i32 + 3) * 400) % 12_000 - 6000) as i16).collect();
    let codec = codec(leg);
    match codec.law() {
        Some(law) => law.encode(&sound, &mut payload),
        None => {
            payload = std::array::from_fn(|n| (n as u32 * 37 + tick * 11 + leg as u32) as u8);
            payload[0] = 0xF8;
        }
    }
    let key = tick % 90 < 5 && !leg.is_multiple_of(3);
    let packet = Packet {
        marker: false,
        payload_type: if key { 101 } else { codec.payload_type().unwrap_or(111) },
        sequence: (65_000 + tick) as u16,
        timestamp: (tick - if key { tick % 90 } else { 0 }) * codec.rtp_clock_hz() / 50,
        ssrc: 77,
        payload: if key { &[5, 10, 1, 160] } else { &payload },
    };
    let mut buffer = [0; SENT_MAX + TAG_MAX];
    let mut len = packet.write(&mut buffer);
    if let Some(srtp) = srtp {
        len = srtp.protect(&mut buffer, len).unwrap();
    }
    buffer[..len].to_vec()
}

/// Does the same with one engine and with three among which the legs go about.
struct Pair {
    worlds: [World; 2],
    phones: Vec<Option<Box<Srtp>>>,
    peers: [Option<usize>; LEGS],
    random: Random,
    tick: u32,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let phones = (0..LEGS).map(|leg| session(leg, false)).collect();
        let worlds = [World::new(1), World::new(3)];
        Self { worlds, phones, peers: [None; LEGS], random: Random(seed), tick: 0 }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(u64::from(self.tick) * 20)
    }

    fn command(&mut self, leg: usize, make: impl Fn(Slot) -> Command) {
        let now = self.now();
        self.worlds.iter_mut().for_each(|world| world.command(now, leg, &make));
    }

    /// Brings legs together in an engine.
    fn gather(&mut self, legs: &[usize], engine: usize) {
        let now = self.now();
        let [one, many] = &mut self.worlds;
        for &leg in legs {
            if many.at[leg].0 != engine {
                one.carry(now, leg, 0);
                many.carry(now, leg, engine);
            }
        }
    }

    fn enter(&mut self, leg: usize, room: usize, said: Option<Said>, engine: usize) {
        let now = self.now();
        let others = |world: &World| -> Vec<_> {
            world.rooms[room].iter().copied().filter(|(member, _)| *member != leg).collect()
        };
        let others = others(&self.worlds[1]);
        // A guest who is heard fades in anew where the room goes elsewhere: that is to be heard.
        let mut there = self.worlds[1].rooms[room].iter();
        let loud = there.find(|(_, said)| said.is_some_and(|said| !said.is_nobody()));
        let engine = loud.map_or(engine, |(member, _)| self.worlds[1].at[*member].0);
        let moved = others.iter().any(|(member, _)| self.worlds[1].at[*member].0 != engine);
        let mut all: Vec<usize> = others.iter().map(|(member, _)| *member).collect();
        all.push(leg);
        self.gather(&all, engine);
        for world in &mut self.worlds {
            if moved {
                // Full ones first, as the daemon does it.
                for &(member, said) in others.iter().filter(|(_, said)| said.is_none()) {
                    world.join(now, member, room, said, true);
                }
                for &(member, said) in others.iter().filter(|(_, said)| said.is_some()) {
                    world.join(now, member, room, said, true);
                }
            }
            world.leave_rooms(leg);
            world.join(now, leg, room, said, false);
            world.rooms[room].push((leg, said));
        }
    }

    fn turn(&mut self, Turn { what, leg, other, engine }: Turn) {
        let tick = self.tick;
        match what {
            0 | 1 => {
                let play = PlayId(u64::from(tick));
                let clips = [ClipNo(0), ClipNo(1)].into_iter().collect();
                self.command(leg, |slot| Command::Play { slot, play, clips, looped: what == 0 });
            }
            2 => self.command(leg, |slot| Command::StopPlay { slot }),
            3 => self.command(leg, |slot| Command::Tap { slot, tap: TapNo(leg as u16) }),
            4 => {
                let digit = Digit::from_event_code(tick as u8 % 12).unwrap();
                self.command(leg, |slot| Command::SendDigit { slot, digit });
            }
            // Those who were joined last would find each other in the tick in which they were parted.
            5..=7
                if leg != other
                    && self.peers[leg] != Some(other)
                    && self.peers[other] != Some(leg) =>
            {
                self.gather(&[leg, other], engine);
                let now = self.now();
                for world in &mut self.worlds {
                    world.leave_rooms(leg);
                    world.leave_rooms(other);
                    let b = world.slot(other);
                    world.command(now, leg, |a| Command::Bridge { a, b });
                }
                (self.peers[leg], self.peers[other]) = (Some(other), Some(leg));
            }
            8 | 9 => self.enter(leg, other % ROOMS, None, engine),
            10 if leg != other => {
                let said = [Said::Nobody, Said::Everybody][tick as usize % 2];
                self.enter(leg, other % ROOMS, Some(said), engine);
            }
            11 => self.command(leg, |slot| open(leg, slot)),
            12 => {
                self.command(leg, |slot| Command::Unmix { slot });
                self.worlds.iter_mut().for_each(|world| world.leave_rooms(leg));
            }
            // For no reason at all.
            13 => {
                self.gather(&[leg], engine);
                let parted =
                    self.worlds[1].rooms.iter().flatten().any(|(member, _)| *member == leg);
                if parted {
                    self.command(leg, |slot| Command::Unmix { slot });
                    self.worlds.iter_mut().for_each(|world| world.leave_rooms(leg));
                }
            }
            _ => {}
        }
    }

    /// Goes on by a tick; tells what went out, which both worlds agree on.
    fn tick(&mut self) -> Vec<Went> {
        let now = self.now();
        for leg in 0..LEGS {
            let sent = datagram(leg, self.tick, &mut self.phones[leg]);
            if self.random.below(20) == 0 {
                continue;
            }
            for world in &mut self.worlds {
                let slot = world.slot(leg);
                world.engines[world.at[leg].0].datagram(now, slot, address(leg), &sent);
            }
        }
        let [mut one, mut many] = [Vec::new(), Vec::new()];
        self.worlds[0].tick(now, &mut one);
        self.worlds[1].tick(now, &mut many);
        assert_eq!(one.len(), many.len(), "tick {}", self.tick);
        for (one, many) in one.iter().zip(&many) {
            assert_eq!(one, many, "tick {}", self.tick);
        }
        self.tick += 1;
        one
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn legs_that_go_about_among_engines_send_record_and_tell_what_they_would_in_one(
        seed in any::<u64>(),
        turns in prop::collection::vec((turn(), 1..4u32), 20..120),
    ) {
        let mut pair = Pair::new(seed);
        let mut packets = 0;
        for (turn, ticks) in turns {
            pair.turn(turn);
            for _ in 0..ticks {
                packets += pair.tick().len();
            }
        }
        for _ in 0..30 {
            packets += pair.tick().len();
        }
        prop_assert!(packets > 200);
        let refused = |world: &World| -> u64 {
            world.engines.iter().map(|engine| engine.engine_counters().commands_refused).sum()
        };
        prop_assert_eq!(refused(&pair.worlds[0]), refused(&pair.worlds[1]));
        let heard = |world: &World| world.engines.iter().fold((0, 0, 0), |sum, engine| {
            let all = engine.totals();
            (sum.0 + all.packets, sum.1 + all.sent, sum.2 + all.unauthenticated + all.replayed)
        });
        prop_assert_eq!(heard(&pair.worlds[0]), heard(&pair.worlds[1]));
        prop_assert_eq!(heard(&pair.worlds[1]).2, 0);
    }
}

#[test]
fn a_leg_that_moves_after_every_tick_keeps_its_numbers_its_keys_and_its_recording() {
    let mut pair = Pair::new(7);
    pair.command(2, |slot| Command::Tap { slot, tap: TapNo(2) });
    let mut phone = session(2, false).unwrap();
    let (mut numbers, mut frames) = (Vec::new(), 0);
    for tick in 0..400 {
        pair.gather(&[2], tick % 3);
        for went in pair.tick() {
            match went {
                Went::Packet(2, mut packet) => {
                    let mut plain = [0; media::srtp::PACKET_MAX];
                    let len = phone.unprotect(&packet, &mut plain).expect("it authenticates");
                    packet.truncate(len);
                    let read = Packet::parse(&plain[..len]).unwrap();
                    numbers.push((read.sequence, read.timestamp, read.ssrc));
                }
                Went::Tap(2, _) => frames += 1,
                _ => {}
            }
        }
    }
    assert!(pair.worlds[1].moves > 395, "{}", pair.worlds[1].moves);
    assert_eq!((numbers.len(), frames), (800, 400), "packets of 10 ms, and a frame a tick");
    for (before, after) in numbers.iter().zip(&numbers[1..]) {
        let next = (before.0.wrapping_add(1), before.1.wrapping_add(80), before.2);
        assert_eq!(*after, next);
    }
}

#[test]
fn ticks_that_a_leg_missed_on_its_way_are_in_its_time_stamps_and_in_nothing_else() {
    let mut world = World::new(2);
    let mut stamps = Vec::new();
    for tick in 0..10 {
        let mut went = Vec::new();
        let now = Instant::from_millis(tick * 20);
        if tick == 5 {
            assert!(world.engines[0].take_leg(Slot(1), &mut world.carried));
            assert!(world.engines[1].place_leg(Slot(1), 2, &mut world.carried));
            world.at[1] = (1, 1);
        }
        world.tick(now, &mut went);
        stamps.extend(went.iter().filter_map(|went| match went {
            Went::Packet(1, packet) => Packet::parse(packet).map(|p| (p.sequence, p.timestamp)),
            _ => None,
        }));
    }
    let (first, last) = (stamps[0], stamps[9]);
    assert_eq!(stamps.len(), 10);
    assert_eq!(last.0.wrapping_sub(first.0), 9);
    assert_eq!(last.1.wrapping_sub(first.1), 11 * 160);
}

#[test]
fn what_cannot_leave_or_has_no_place_stays_where_it_is() {
    let mut world = World::new(2);
    let (now, mut carried) = (Instant::START, Carried::default());
    world.engines[1].command(now, Command::OpenCard { slot: Slot(0), law: Law::A });
    assert!(!world.engines[1].take_leg(Slot(0), &mut carried), "a card's port");
    assert!(!world.engines[1].take_leg(Slot(1), &mut carried), "nothing is there");
    assert!(!world.engines[1].place_leg(Slot(1), 0, &mut carried), "nothing is carried");
    assert!(world.engines[0].take_leg(Slot(3), &mut carried));
    assert!(!world.engines[0].take_leg(Slot(4), &mut carried), "one at a time");
    assert!(!world.engines[1].place_leg(Slot(0), 0, &mut carried), "the port's place");
    assert!(!world.engines[1].place_leg(Slot(99), 0, &mut carried));
    assert!(carried.is_full());
    assert!(world.engines[0].place_leg(Slot(3), 0, &mut carried), "back again");
    assert!(!carried.is_full());
}
