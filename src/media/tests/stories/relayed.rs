//! A key pressed at one end of a bridge goes out once at the other, as that end takes it.

use crate::world::{World, tone};
use media::dtmf::{FREQUENCIES, KeyTone};
use media::muffle::Muffle;
use media::packet::Packet;
use media::telephone_event::{EventIn, EventOut};
use media::tone::{Dbm0, listen};
use media::{Command, Event, RoomNo, Slot, TapFrame, TapNo, Voice};
use model::{Codec, Digit, Law};

const PRESSED: &str = "159#";

fn digit(key: char) -> Digit {
    Digit::new(key).unwrap()
}

/// One end of a bridge.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Events,
    Signalling,
    Sound,
    Card,
}

const ENDS: [End; 4] = [End::Events, End::Signalling, End::Sound, End::Card];

/// Keys of 100 ms, each half a second, at a level.
fn keys(level: f32) -> Vec<i16> {
    let mut sound = vec![0; 4000 * (PRESSED.len() + 2)];
    for (n, key) in PRESSED.chars().enumerate() {
        let levels = (Dbm0(level), Dbm0(level));
        KeyTone::with_levels(digit(key), 800, levels, 1.0)
            .fill(&mut sound[4000 * (n + 1)..][..800]);
    }
    sound
}

fn open(world: &mut World, slot: u16, end: End, sound: Vec<i16>) -> Slot {
    let place = match end {
        End::Card => return world.line(slot, Law::A, &sound),
        End::Events => world.phone(slot, Law::A, Some(101), sound),
        End::Signalling | End::Sound => world.phone(slot, Law::A, None, sound),
    };
    if end == End::Signalling {
        world.command(Command::SignalDigits { slot: place, signalled: true });
    }
    place
}

/// Sends a key as a telephone-event, all its packets at once (RFC 4733).
fn send_event(world: &mut World, slot: Slot, key: char) {
    let timestamp = world.phones[&slot].timestamp;
    let mut event = EventOut::new(digit(key), timestamp, 8000);
    while let Some(packet) = event.packet() {
        let mut bytes = world.phone_mut(slot).packet(101, false, &packet.payload);
        bytes[4..8].copy_from_slice(&timestamp.to_be_bytes());
        world.datagram(slot, &bytes);
    }
}

/// Presses the keys at an end, by telephone-event or signalling; sound has them in it.
fn press(world: &mut World, slot: Slot, end: End) {
    for key in PRESSED.chars() {
        match end {
            End::Sound | End::Card => {}
            End::Signalling => {
                world.command(Command::Pressed { slot, digit: digit(key) });
            }
            End::Events => send_event(world, slot, key),
        }
        world.run(500);
    }
    world.run(1500);
}

/// The samples an end heard.
fn heard(world: &World, slot: Slot) -> Vec<i16> {
    match world.out.cards.get(&slot) {
        Some(bytes) => {
            let mut samples = vec![0; bytes.len()];
            Law::A.decode(bytes, &mut samples);
            samples
        }
        None => world.phones[&slot].heard(),
    }
}

/// Keys that came to an end as events.
fn events(world: &World, slot: Slot) -> String {
    let mut ear = EventIn::default();
    let Some(phone) = world.phones.get(&slot) else { return String::new() };
    let packets = phone.packets.iter().filter_map(|bytes| Packet::parse(bytes));
    let events = packets.filter(|packet| packet.payload_type == 101);
    events
        .filter_map(|packet| ear.take(packet.timestamp, packet.payload))
        .map(Digit::as_char)
        .collect()
}

fn signalled(world: &World, slot: Slot) -> String {
    let key = |event: &Event| match event {
        Event::SignalDigit { slot: to, digit } if *to == slot => Some(digit.as_char()),
        _ => None,
    };
    world.events.iter().filter_map(key).collect()
}

/// Keys that came to an end as tones, heard by another box.
fn tones(world: &World, slot: Slot) -> String {
    let sound = heard(world, slot);
    let mut other = World::new(vec![]);
    let line = other.line(0, Law::A, &sound);
    other.run(sound.len() as u64 / 8);
    other.keys(line)
}

#[test]
fn a_key_goes_out_once_as_the_other_end_takes_it_and_in_no_other_way() {
    for from in ENDS {
        for to in ENDS {
            let mut world = World::new(vec![]);
            let said = if matches!(from, End::Sound | End::Card) { keys(-12.0) } else { vec![0] };
            let a = open(&mut world, 0, from, said);
            let b = open(&mut world, 1, to, vec![0]);
            world.command(Command::Bridge { a, b });
            press(&mut world, a, from);
            assert_eq!(world.keys(a), PRESSED, "{from:?} told, to {to:?}");
            assert_eq!(world.keys(b), "", "{from:?} to {to:?}: nobody pressed there");
            let came = [events(&world, b), signalled(&world, b)];
            let want = match to {
                End::Events => [PRESSED, ""],
                End::Signalling => ["", PRESSED],
                End::Sound | End::Card => ["", ""],
            };
            assert_eq!(came, want, "{from:?} to {to:?}");
            if matches!(to, End::Sound | End::Card) {
                assert_eq!(tones(&world, b), PRESSED, "{from:?} to {to:?}");
            }
        }
    }
}

#[test]
fn a_relayed_tone_has_the_level_and_the_frequencies_of_the_standard() {
    let mut world = World::new(vec![]);
    let a = open(&mut world, 0, End::Events, vec![0]);
    let b = open(&mut world, 1, End::Card, vec![]);
    world.command(Command::Bridge { a, b });
    press(&mut world, a, End::Events);
    let heard = heard(&world, b);
    let start = heard.iter().position(|&sample| sample.abs() > 1000).unwrap();
    let one = &heard[start + 40..start + 700];
    let (low, high) = (listen(one, FREQUENCIES[0]), listen(one, FREQUENCIES[4]));
    assert!((low.level.0 + 9.0).abs() < 0.3, "{low}");
    assert!((high.level.0 + 7.0).abs() < 0.3, "{high}");
    assert!(low.purity + high.purity > 0.97, "{low}, {high}");
}

#[test]
fn a_tone_that_is_sent_on_as_an_event_is_cut_off_in_the_sound() {
    let mut world = World::new(vec![]);
    let a = open(&mut world, 0, End::Card, keys(-12.0));
    let b = open(&mut world, 1, End::Events, vec![0]);
    world.command(Command::Bridge { a, b });
    press(&mut world, a, End::Card);
    let heard = heard(&world, b);
    // What passes before a key is sure is too short to be taken for one.
    let loud = heard.chunks(80).filter(|part| Dbm0::of(part).0 > -30.0).count();
    assert!(loud <= 3 * PRESSED.len(), "{loud} times 10 ms");
    assert_eq!(tones(&world, b), "");
}

#[test]
fn a_key_that_comes_as_event_and_by_signalling_is_told_and_sent_on_once() {
    let mut world = World::new(vec![]);
    let a = open(&mut world, 0, End::Events, vec![0]);
    let b = open(&mut world, 1, End::Events, vec![0]);
    world.command(Command::Bridge { a, b });
    for key in "1122".chars() {
        send_event(&mut world, a, key);
        world.run(130);
        world.command(Command::Pressed { slot: a, digit: digit(key) });
        world.run(120);
    }
    world.run(1000);
    assert_eq!((world.keys(a), events(&world, b)), ("1122".into(), "1122".into()));
}

#[test]
fn the_echo_of_a_line_that_is_sent_tones_is_no_key() {
    let mut world = World::new(vec![]);
    let a = open(&mut world, 0, End::Events, tone(300.0, -40.0));
    let b = open(&mut world, 1, End::Card, vec![0; 320]);
    world.command(Command::Bridge { a, b });
    for key in PRESSED.chars() {
        send_event(&mut world, a, key);
        for _ in 0..25 {
            world.run(20);
            // The line sends back what it was sent, 10 dB weaker, 40 ms later.
            let said = world.out.cards.get(&b).and_then(|bytes| bytes.last_chunk::<160>());
            let mut last = [0; 160];
            Law::A.decode(said.unwrap_or(&[Law::A.silence(); 160]), &mut last);
            last.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * 0.316) as i16);
            let mut back = [0; 160];
            Law::A.encode(&last, &mut back);
            world.lines.get_mut(&b).unwrap().extend(back);
        }
    }
    assert_eq!((world.keys(a), world.keys(b)), (PRESSED.into(), String::new()));
    assert_eq!(events(&world, a), "", "nothing goes round");
}

#[test]
fn what_is_recorded_knows_where_a_key_sounds_on_either_side() {
    let mut world = World::new(vec![]);
    let a = open(&mut world, 0, End::Card, keys(-12.0));
    let b = open(&mut world, 1, End::Card, vec![]);
    world.command(Command::Bridge { a, b });
    world.command(Command::Tap { slot: a, tap: TapNo(1) });
    world.command(Command::Tap { slot: b, tap: TapNo(2) });
    world.run(3000);
    for (tap, side) in [(1, 0), (2, 1)] {
        let frames = &world.out.taps[&TapNo(tap)];
        let mut loud = Vec::new();
        for (n, frame) in frames.iter().enumerate() {
            let bytes = if side == 0 { &frame.left } else { &frame.right };
            let mut samples = [0; 160];
            Law::A.decode(bytes, &mut samples);
            if Dbm0::of(&samples).0 > -40.0 {
                loud.push(n);
            }
        }
        assert!(loud.len() >= 5 * PRESSED.len(), "{}", loud.len());
        let until = |n: usize| (n + media::hear::KEY_FOUND_TICKS + 1).min(frames.len());
        let marked = |n: &usize| frames[*n..until(*n)].iter().any(|frame| frame.keys[side]);
        let left: Vec<usize> = loud.into_iter().filter(|n| !marked(n)).collect();
        assert_eq!(left, [0usize; 0], "side {side}: frames with a tone, unmarked");
        assert!(frames.iter().all(|frame| !frame.keys[1 - side]));
    }
}

#[test]
fn the_begin_of_a_tone_that_is_sent_on_as_an_event_is_left_out_of_the_recording() {
    for to in [End::Events, End::Signalling] {
        let mut world = World::new(vec![]);
        let a = open(&mut world, 0, End::Card, keys(-12.0));
        let b = open(&mut world, 1, to, vec![0]);
        world.command(Command::Bridge { a, b });
        world.command(Command::Tap { slot: b, tap: TapNo(2) });
        world.run(3000);
        let frames = &world.out.taps[&TapNo(2)];
        let mut muffle = Muffle::default();
        let mut recorded: Vec<TapFrame> = Vec::new();
        for (tick, frame) in frames.iter().enumerate() {
            recorded.extend(muffle.push(tick as u64, *frame).map(|(_, frame)| frame));
        }
        recorded.extend(std::iter::from_fn(|| muffle.pop()).map(|(_, frame)| frame));
        let loud = |frames: &[TapFrame]| {
            let level = |frame: &&TapFrame| {
                let mut samples = [0; 160];
                Law::A.decode(&frame.right, &mut samples);
                Dbm0::of(&samples).0 > -50.0
            };
            frames.iter().filter(level).count()
        };
        assert!(loud(frames) >= PRESSED.len(), "something of each tone passes");
        assert_eq!(loud(&recorded), 0, "{to:?}");
    }
}

#[test]
fn tones_of_a_leg_that_agreed_on_events_are_left_out_of_recordings_and_are_no_keys() {
    for codec in [Codec::Pcma, Codec::Pcmu, Codec::Opus] {
        for tapped in [0, 1] {
            let mut world = World::new(vec![]);
            let sound = match codec {
                Codec::Opus => keys(-12.0).into_iter().flat_map(|sample| [sample; 6]).collect(),
                _ => keys(-12.0),
            };
            let a = world.phone(0, codec, Some(101), sound);
            let b = world.phone(1, Law::A, Some(101), vec![0]);
            world.command(Command::Bridge { a, b });
            world.command(Command::Tap { slot: Slot(tapped), tap: TapNo(1) });
            world.run(2900);
            assert_eq!((world.keys(a), events(&world, b)), (String::new(), String::new()));
            assert_eq!(tones(&world, b), PRESSED, "they pass");
            assert_eq!(world.counters(a).keys_unmeant, PRESSED.len() as u64, "{codec:?}");
            let side = usize::from(tapped);
            let frames = &world.out.taps[&TapNo(1)];
            let marks = frames.windows(2).filter(|two| !two[0].keys[side] && two[1].keys[side]);
            assert_eq!(marks.count(), PRESSED.len(), "{codec:?}");
        }
    }
}

#[test]
fn keys_go_on_while_a_supervisor_listens_and_are_not_sent_to_the_supervisor() {
    let mut world = World::new(vec![]);
    let a = open(&mut world, 0, End::Events, vec![0]);
    let b = open(&mut world, 1, End::Card, vec![]);
    let c = open(&mut world, 2, End::Events, vec![0]);
    let (room, voice) = (RoomNo(3), Voice::Nobody);
    world.command(Command::Mix { slot: a, room });
    world.command(Command::Mix { slot: b, room });
    world.command(Command::Supervise { slot: c, room, voice, beeps: false });
    press(&mut world, a, End::Events);
    assert_eq!((world.keys(a), tones(&world, b)), (PRESSED.into(), PRESSED.into()));
    assert_eq!((events(&world, a), events(&world, c)), (String::new(), String::new()));
}
