//! Supervisors in talks: in each mode who hears whom, judged by what each hears.

use crate::world::{World, tone};
use media::room::{BEEP_HZ, BEEP_MS, BEEP_PERIOD_MS};
use media::tone::{Dbm0, listen};
use media::{Command, Event, RoomNo, Slot, TapNo, Voice};
use model::{Codec, Law};

const CALLER: Slot = Slot(0);
const AGENT: Slot = Slot(1);
const SUPERVISOR: Slot = Slot(2);
/// Whole turns in the sound of every rate.
const HZ: [f32; 3] = [600.0, 900.0, 1200.0];
const ROOM: RoomNo = RoomNo(511);

/// A caller and an agent who talk, and a supervisor whose phone is there.
fn talk(codecs: [Codec; 3]) -> World {
    let mut world = World::new(vec![]);
    for (n, codec) in codecs.into_iter().enumerate() {
        let hz = HZ[n] / codec.rate().times() as f32;
        let slot = world.phone(n as u16, codec, Some(101), tone(hz, -16.0));
        world.command(Command::Tap { slot, tap: TapNo(n as u16) });
    }
    world.command(Command::Bridge { a: CALLER, b: AGENT });
    world.run(300);
    world
}

/// The supervisor comes, or does otherwise than before.
fn supervise(world: &mut World, voice: Voice, beeps: bool) {
    for slot in [CALLER, AGENT] {
        world.command(Command::Mix { slot, room: ROOM });
    }
    let (slot, room) = (SUPERVISOR, ROOM);
    world.command(Command::Supervise { slot, room, voice, beeps });
}

fn change(world: &mut World, voice: Voice) {
    let (slot, room, beeps) = (SUPERVISOR, ROOM, false);
    world.command(Command::Supervise { slot, room, voice, beeps });
}

/// Which of the three tones are in half a second of sound, at what level.
fn tones(sound: &[i16]) -> Vec<(f32, f32)> {
    let last = &sound[sound.len() - 4000..];
    let levels = HZ.iter().map(|&hz| (hz, listen(last, hz).level.0.round()));
    levels.filter(|(_, level)| *level > -45.0).collect()
}

/// A sound at 16 kHz at 8 kHz; what is above 4 kHz is not there in these stories.
fn narrow(codec: Codec, sound: Vec<i16>) -> Vec<i16> {
    sound.into_iter().step_by(codec.rate().times()).collect()
}

fn heard(world: &World, slot: Slot) -> Vec<(f32, f32)> {
    let phone = &world.phones[&slot];
    tones(&narrow(phone.codec, phone.heard()))
}

/// One side of a leg's recording.
fn recorded(world: &World, slot: Slot, left: bool) -> Vec<(f32, f32)> {
    use audio_codec::Decoder as _;
    let frames = &world.out.taps[&TapNo(slot.0)];
    let codec = frames[0].codec;
    let bytes: Vec<u8> =
        frames.iter().flat_map(|frame| if left { frame.left } else { frame.right }).collect();
    let mut samples = vec![0; bytes.len()];
    match codec.law() {
        Some(law) => law.decode(&bytes, &mut samples),
        None => samples = audio_codec::g722::G722Decoder::new().decode(&bytes),
    }
    tones(&narrow(codec, samples))
}

type Mode = (Voice, [Tones; 3], Tones);
type Tones = &'static [usize];

/// What caller, agent and supervisor hear in a mode: whose tones; and what the agent's recording
/// does.
const MODES: [Mode; 3] = [
    (Voice::Nobody, [&[1], &[0], &[0, 1]], &[0]),
    (Voice::One(AGENT), [&[1], &[0, 2], &[0, 1]], &[0]),
    (Voice::Everybody, [&[1, 2], &[0, 2], &[0, 1]], &[0, 2]),
];

fn at_16(whose: &[usize]) -> Vec<(f32, f32)> {
    whose.iter().map(|&n| (HZ[n], -16.0)).collect()
}

#[test]
fn in_each_mode_each_party_hears_whom_it_shall_and_its_recording_hears_all_but_a_whisper() {
    use Codec::{G722, Opus, Pcma, Pcmu};
    for codecs in [[Pcma; 3], [Pcmu, Pcma, G722], [Pcma, G722, Pcmu], [G722; 3], [Pcma, Opus, G722]]
    {
        let mut world = talk(codecs);
        for (voice, hear, agents) in MODES {
            supervise(&mut world, voice, false);
            world.run(1500);
            for (slot, whose) in [CALLER, AGENT, SUPERVISOR].into_iter().zip(hear) {
                let why = format!("{voice:?} {codecs:?} {slot:?}");
                if codecs[usize::from(slot.0)] != Opus {
                    assert_eq!(heard(&world, slot), at_16(whose), "{why}");
                }
                let whose = if slot == AGENT { agents } else { whose };
                assert_eq!(recorded(&world, slot, false), at_16(whose), "recorded {why}");
                let own = at_16(&[usize::from(slot.0)]);
                assert_eq!(recorded(&world, slot, true), own, "said {why}");
            }
        }
    }
}

#[test]
fn a_caller_on_a_line_hears_no_whisper_and_hears_who_barges_in() {
    let mut world = talk([Codec::Pcma; 3]);
    let line = world.line(5, Law::A, &tone(HZ[0], -16.0));
    world.command(Command::Close { slot: CALLER });
    world.command(Command::Mix { slot: line, room: ROOM });
    world.command(Command::Mix { slot: AGENT, room: ROOM });
    let on_the_line = |world: &World| {
        let bytes = &world.out.cards[&line];
        let mut samples = vec![0; bytes.len()];
        Law::A.decode(bytes, &mut samples);
        tones(&samples)
    };
    change(&mut world, Voice::One(AGENT));
    world.run(800);
    assert_eq!(on_the_line(&world), at_16(&[1]));
    change(&mut world, Voice::Everybody);
    world.run(800);
    assert_eq!(on_the_line(&world), at_16(&[1, 2]));
}

#[test]
fn who_takes_over_talks_with_the_caller_and_the_agent_hears_nobody() {
    let mut world = talk([Codec::Pcma; 3]);
    supervise(&mut world, Voice::One(AGENT), false);
    world.run(500);
    world.command(Command::Unmix { slot: AGENT });
    world.command(Command::Bridge { a: CALLER, b: SUPERVISOR });
    world.run(1500);
    assert_eq!(heard(&world, CALLER), at_16(&[2]));
    assert_eq!(heard(&world, SUPERVISOR), at_16(&[0]));
    assert_eq!(heard(&world, AGENT), []);
}

#[test]
fn a_listener_costs_the_talk_not_a_byte_from_beginning_to_end() {
    let mut world = talk([Codec::Pcma; 3]);
    for turn in 0..20 {
        supervise(&mut world, Voice::Nobody, false);
        world.run(130 + 7 * turn);
        world.command(Command::Unmix { slot: SUPERVISOR });
        world.run(90);
        world.command(Command::Bridge { a: CALLER, b: AGENT });
        world.run(110);
    }
    for (from, to) in [(CALLER, AGENT), (AGENT, CALLER)] {
        let said = &world.phones[&from].said_bytes;
        let heard = &world.phones[&to].heard_bytes;
        let start = heard.windows(160).position(|some| some == &said[..160]).unwrap();
        assert!(heard.len() - start > 48_000);
        assert_eq!(heard[start..], said[..heard.len() - start]);
    }
}

#[test]
fn a_mode_changes_without_a_click_or_a_lost_frame() {
    use Codec::{G722, Pcma};
    for codecs in [[Pcma; 3], [Pcma, G722, Pcma], [Pcma, Pcma, G722]] {
        let mut world = talk(codecs);
        supervise(&mut world, Voice::Nobody, false);
        world.run(300);
        [CALLER, AGENT, SUPERVISOR].into_iter().for_each(|slot| world.phone_mut(slot).forget());
        let modes = [Voice::One(AGENT), Voice::Everybody, Voice::Nobody, Voice::Everybody];
        for (turn, voice) in modes.into_iter().cycle().take(60).enumerate() {
            change(&mut world, voice);
            world.run(61 + 13 * (turn as u64 % 7));
        }
        for slot in [CALLER, AGENT, SUPERVISOR] {
            let phone = &world.phones[&slot];
            let heard = phone.heard();
            // Two tones of -16 dBm0 and up to 1200 Hz, and the steps of their codec.
            let highest = if slot == SUPERVISOR { HZ[0] } else { HZ[2] };
            let rate = 8000.0 * phone.codec.rate().times() as f32;
            let step = |hz: f32| Dbm0(-16.0).peak() * hz * std::f32::consts::TAU / rate;
            let most = 1.25 * (step(highest) + step(HZ[1])) + 150.0;
            let steps =
                heard.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
            let widest = steps.max().unwrap();
            assert!((widest as f32) < most, "{codecs:?} {slot:?}: {widest} of {most}");
            let packets = phone.packets.iter();
            let packets: Vec<_> =
                packets.filter_map(|bytes| media::packet::Packet::parse(bytes)).collect();
            let mut after = packets.windows(2).map(|pair| {
                let on = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
                (pair[1].sequence.wrapping_sub(pair[0].sequence), on)
            });
            assert!(after.all(|after| after == (1, 160)), "{codecs:?} {slot:?}");
        }
    }
}

#[test]
fn what_was_whispered_is_in_no_recording_from_beginning_to_end_and_leaves_no_click_there() {
    use Codec::{G722, Opus, Pcma};
    for codecs in [[Pcma; 3], [Pcma, G722, Pcma], [G722, Pcma, G722], [Pcma, Opus, Pcma]] {
        let mut world = talk(codecs);
        supervise(&mut world, Voice::Nobody, false);
        world.run(500);
        let begin = world.out.taps[&TapNo(AGENT.0)].len();
        for turn in 0..12 {
            change(&mut world, Voice::One(AGENT));
            world.run(130 + 7 * turn);
            change(&mut world, Voice::Nobody);
            world.run(90);
        }
        change(&mut world, Voice::One(AGENT));
        world.run(100);
        world.command(Command::Unmix { slot: SUPERVISOR });
        world.run(300);
        world.out.taps.get_mut(&TapNo(AGENT.0)).unwrap().drain(..begin);
        use audio_codec::Decoder as _;
        let frames = &world.out.taps[&TapNo(AGENT.0)];
        let codec = frames[0].codec;
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.right).collect();
        let mut samples = vec![0; bytes.len()];
        match codec.law() {
            Some(law) => law.decode(&bytes, &mut samples),
            None => samples = audio_codec::g722::G722Decoder::new().decode(&bytes),
        }
        let rate = 8000.0 * codec.rate().times() as f32;
        let step = Dbm0(-16.0).peak() * HZ[0] * std::f32::consts::TAU / rate;
        let steps = samples[400..].windows(2);
        let widest = steps.map(|p| (i32::from(p[1]) - i32::from(p[0])).abs()).max().unwrap();
        assert!((widest as f32) < 1.25 * step + 150.0, "{codecs:?}: {widest} of {step}");
        let sound = narrow(codec, samples);
        for part in sound[400..].chunks_exact(800) {
            assert!(listen(part, HZ[2]).level.0 < -45.0, "{codecs:?} {}", listen(part, HZ[2]));
            assert!((listen(part, HZ[0]).level.0 + 16.0).abs() < 1.0, "{codecs:?}");
        }
    }
}

#[test]
fn a_guest_who_is_heard_leaves_without_a_click() {
    use Codec::{G722, Pcma};
    // Loud, and slow enough that a cut is no step of its own.
    const LOW_HZ: f32 = 300.0;
    for codecs in [[Pcma; 3], [Pcma, G722, Pcma], [Pcma, Pcma, G722]] {
        for turn in 0..16 {
            let mut world = talk(codecs);
            let hz = LOW_HZ / codecs[2].rate().times() as f32;
            world.phone_mut(SUPERVISOR).sound = tone(hz, -6.0);
            supervise(&mut world, Voice::Everybody, false);
            world.run(500 + 7 * turn);
            [CALLER, AGENT].into_iter().for_each(|slot| world.phone_mut(slot).forget());
            world.run(100);
            let slot = SUPERVISOR;
            world.command(match turn % 2 {
                0 => Command::Unmix { slot },
                _ => Command::Close { slot },
            });
            world.run(200);
            for (slot, own) in [(CALLER, HZ[1]), (AGENT, HZ[0])] {
                let phone = &world.phones[&slot];
                let rate = 8000.0 * phone.codec.rate().times() as f32;
                let step = |hz: f32, level| Dbm0(level).peak() * hz * std::f32::consts::TAU / rate;
                let most = 1.25 * (step(own, -16.0) + step(LOW_HZ, -6.0)) + 150.0;
                let heard = phone.heard();
                let steps = heard.windows(2).map(|p| (i32::from(p[1]) - i32::from(p[0])).abs());
                let widest = steps.max().unwrap();
                assert!((widest as f32) < most, "{codecs:?} {slot:?}: {widest} of {most}");
                // And it is gone within a tick and what is on its way.
                let narrow = narrow(phone.codec, heard);
                let late = &narrow[narrow.len() - 800..];
                assert!(listen(late, LOW_HZ).level.0 < -40.0, "{codecs:?} {slot:?}");
            }
        }
    }
}

#[test]
fn the_keys_of_one_whom_nobody_hears_leave_the_recordings_of_the_others_alone() {
    use media::dtmf::KeyTone;
    let mut sound = vec![0; 8000];
    let key = model::Digit::new('5').unwrap();
    KeyTone::with_levels(key, 4000, (Dbm0(-12.0), Dbm0(-12.0)), 1.0).fill(&mut sound[4000..]);
    for (voice, marked) in [
        (Voice::Nobody, [false, false]),
        (Voice::One(AGENT), [false, false]),
        (Voice::Everybody, [true, true]),
    ] {
        let mut world = talk([Codec::Pcma; 3]);
        let line = world.line(5, Law::A, &sound.repeat(3));
        let (room, beeps) = (ROOM, false);
        for slot in [CALLER, AGENT] {
            world.command(Command::Mix { slot, room });
        }
        world.command(Command::Supervise { slot: line, room, voice, beeps });
        world.run(2500);
        for (n, slot) in [CALLER, AGENT].into_iter().enumerate() {
            let frames = &world.out.taps[&TapNo(slot.0)];
            let any = frames.iter().any(|frame| frame.keys[1]);
            assert_eq!(any, marked[n], "{voice:?} {slot:?}");
        }
        assert!(world.keys(line).contains('5'));
    }
}

#[test]
fn the_beep_is_heard_over_the_talk_by_both_parties_and_by_nobody_where_none_is_wanted() {
    let level = |sound: &[i16]| listen(sound, BEEP_HZ).level.0;
    for beeps in [true, false] {
        let mut world = talk([Codec::Pcma; 3]);
        for slot in [CALLER, AGENT, SUPERVISOR] {
            world.phone_mut(slot).forget();
        }
        supervise(&mut world, Voice::Nobody, beeps);
        world.run(33_000);
        for (slot, whose) in [(CALLER, HZ[1]), (AGENT, HZ[0])] {
            let heard = world.phones[&slot].heard();
            // Windows of 100 ms with the beep, as stretches with their lengths in ms.
            let windows: Vec<&[i16]> = heard.chunks_exact(800).collect();
            let beeped = windows.iter().filter(|window| level(window) > -28.0).count() as u32 * 100;
            let want = if beeps { 3 * BEEP_MS } else { 0 };
            assert!(beeped.abs_diff(want) <= 300 * u32::from(beeps), "{slot:?} {beeped} ms");
            assert!(windows.iter().skip(1).all(|window| listen(window, whose).level.0 > -17.0));
            if beeps {
                let first = windows.iter().position(|window| level(window) > -28.0).unwrap();
                let next = windows[first + 10..].iter().position(|window| level(window) > -28.0);
                let apart = (next.unwrap() as u32 + 10) * 100;
                assert!(apart.abs_diff(BEEP_PERIOD_MS) <= 100, "{apart} ms");
            }
        }
        let supervisor = world.phones[&SUPERVISOR].heard();
        assert!(supervisor.chunks_exact(800).all(|window| level(window) < -45.0));
    }
}

#[test]
fn a_listener_who_says_nothing_is_not_told_of_as_one_who_is_not_heard() {
    let mut world = talk([Codec::Pcma; 3]);
    world.phone_mut(SUPERVISOR).sound = vec![0];
    supervise(&mut world, Voice::Nobody, false);
    world.run(30_000);
    let muted = |event: &&Event| matches!(event, Event::Muted { .. });
    assert_eq!(world.events.iter().find(muted), None);
    // And a dead caller is told of, whoever listens.
    world.phone_mut(CALLER).sound = vec![0];
    supervise(&mut world, Voice::Nobody, false);
    world.run(12_000);
    let of = |event: &Event| matches!(event, Event::Muted { slot: CALLER, muted: Some(_) });
    assert!(world.events.iter().any(of));
}

#[test]
fn a_guest_of_a_conference_counts_for_its_places_and_leaves_them() {
    let mut world = talk([Codec::Pcma; 3]);
    supervise(&mut world, Voice::Everybody, false);
    world.run(700);
    world.command(Command::Close { slot: SUPERVISOR });
    world.run(1000);
    assert_eq!(heard(&world, AGENT), at_16(&[0]));
    let nowhere = RoomNo(u16::MAX);
    let refused = world.engine.engine_counters().commands_refused;
    let (slot, voice, beeps) = (AGENT, Voice::Nobody, false);
    world.command(Command::Supervise { slot, room: nowhere, voice, beeps });
    assert_eq!(world.engine.engine_counters().commands_refused, refused + 1);
}

#[test]
fn thirty_two_legs_each_hear_the_thirty_one_others_and_not_themselves() {
    // Tones 100 Hz apart, told apart in a second.
    let hz = |n: u16| 300.0 + 100.0 * f32::from(n);
    let mut world = World::with_legs(vec![], 32);
    for n in 0..32u16 {
        let law = if n % 2 == 0 { Law::A } else { Law::Mu };
        let slot = world.phone(n, law, Some(101), tone(hz(n), -32.0));
        world.command(Command::Mix { slot, room: ROOM });
    }
    world.run(2000);
    for n in 0..32u16 {
        let heard = world.phones[&Slot(n)].heard();
        let last = &heard[heard.len() - 8000..];
        for other in 0..32u16 {
            let level = listen(last, hz(other)).level.0;
            if other == n {
                assert!(level < -50.0, "{n} hears itself at {level}");
            } else {
                assert!((level + 32.0).abs() < 1.0, "{n} hears {other} at {level}");
            }
        }
    }
}

#[test]
fn who_has_the_slot_of_one_who_was_whispered_to_hears_no_whisper() {
    for moves in [false, true] {
        let mut world = talk([Codec::Pcma; 3]);
        supervise(&mut world, Voice::One(AGENT), false);
        world.run(1000);
        assert!(heard(&world, AGENT).iter().any(|(hz, _)| *hz == HZ[2]));
        if moves {
            assert!(world.engine.take_leg(AGENT, &mut media::Carried::default()));
        } else {
            world.command(Command::Close { slot: AGENT });
        }
        let next = world.phone(AGENT.0, Codec::Pcma, Some(101), tone(HZ[1], -16.0));
        world.command(Command::Mix { slot: next, room: ROOM });
        world.run(1000);
        let hears = heard(&world, next);
        assert!(hears.iter().all(|(hz, _)| *hz != HZ[2]) && !hears.is_empty(), "{hears:?}");
    }
}
