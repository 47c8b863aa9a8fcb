//! Legs that hear each other in rooms, judged by what each hears.

use crate::world::{World, tone};
use media::room::LEGS_PER_ROOM_MAX;
use media::tone::{Dbm0, listen};
use media::{Clip, Command, RoomNo, Slot, TapNo};
use model::Law;

const HZ: [f32; 4] = [500.0, 800.0, 1100.0, 1700.0];
const ROOM: RoomNo = RoomNo(3);

/// Phones of both laws and a line, each with a tone of its own, in one room.
fn conference(count: u16) -> World {
    let mut world = World::new(vec![Clip::narrow(tone(2300.0, -10.0))]);
    for n in 0..count {
        let law = if n % 2 == 0 { Law::A } else { Law::Mu };
        let slot = world.phone(n, law, Some(101), tone(HZ[usize::from(n)], -16.0));
        world.command(Command::Mix { slot, room: ROOM });
    }
    world
}

/// Which of the tones a phone heard in the last half second, and at what level.
fn heard(world: &World, n: u16) -> Vec<(f32, f32)> {
    let heard = world.phones[&Slot(n)].heard();
    let last = &heard[heard.len() - 4000..];
    let tones = [HZ[0], HZ[1], HZ[2], HZ[3], 2300.0];
    let levels = tones.iter().map(|&hz| (hz, listen(last, hz).level.0.round()));
    levels.filter(|(_, level)| *level > -50.0).collect()
}

#[test]
fn three_legs_of_both_laws_each_hear_the_two_others_and_not_themselves() {
    let mut world = conference(3);
    world.run(1500);
    assert_eq!(heard(&world, 0), [(HZ[1], -16.0), (HZ[2], -16.0)]);
    assert_eq!(heard(&world, 1), [(HZ[0], -16.0), (HZ[2], -16.0)]);
    assert_eq!(heard(&world, 2), [(HZ[0], -16.0), (HZ[1], -16.0)]);
}

#[test]
fn a_line_talks_in_a_room_as_a_phone_does() {
    let mut world = conference(2);
    let line = world.line(5, Law::A, &tone(HZ[3], -16.0));
    world.command(Command::Mix { slot: line, room: ROOM });
    world.run(900);
    assert_eq!(heard(&world, 0), [(HZ[1], -16.0), (HZ[3], -16.0)]);
    let bytes = &world.out.cards[&line];
    let mut samples = vec![0; bytes.len()];
    Law::A.decode(bytes, &mut samples);
    let last = &samples[samples.len() - 4000..];
    assert!((listen(last, HZ[0]).level.0 + 16.0).abs() < 0.5);
    assert!(listen(last, HZ[3]).level.0 < -50.0, "not itself");
}

#[test]
fn two_legs_in_a_room_hear_each_other_to_the_byte() {
    let mut world = conference(1);
    let b = world.phone(2, Law::A, Some(101), tone(HZ[1], -12.0));
    world.command(Command::Mix { slot: b, room: ROOM });
    world.run(1000);
    let said = &world.phones[&b].said_bytes;
    let heard = &world.phones[&Slot(0)].heard_bytes;
    let start = heard.windows(160).position(|some| some == &said[..160]).unwrap();
    assert!(heard.len() - start > 6000);
    assert_eq!(heard[start..], said[..heard.len() - start]);
}

#[test]
fn a_leg_that_leaves_is_not_heard_and_hears_nobody() {
    for leaves in [Command::Unmix { slot: Slot(2) }, Command::Close { slot: Slot(2) }] {
        let mut world = conference(3);
        world.run(500);
        world.command(leaves);
        world.phone_mut(Slot(2)).forget();
        world.run(1500);
        assert_eq!(heard(&world, 0), [(HZ[1], -16.0)]);
        let silence = world.phones[&Slot(2)].heard();
        assert!(silence.iter().all(|sample| sample.abs() <= 8));
    }
}

#[test]
fn a_bridge_takes_out_of_a_room_and_a_room_out_of_a_bridge() {
    let mut world = conference(4);
    world.command(Command::Bridge { a: Slot(0), b: Slot(1) });
    world.run(1500);
    assert_eq!(heard(&world, 0), [(HZ[1], -16.0)]);
    assert_eq!(heard(&world, 2), [(HZ[3], -16.0)]);
    world.command(Command::Mix { slot: Slot(0), room: ROOM });
    world.run(1500);
    assert_eq!(heard(&world, 0), [(HZ[2], -16.0), (HZ[3], -16.0)]);
    assert_eq!(heard(&world, 1), [], "its peer went away");
}

#[test]
fn two_rooms_do_not_hear_each_other() {
    let mut world = conference(4);
    for n in [2, 3] {
        world.command(Command::Mix { slot: Slot(n), room: RoomNo(0) });
    }
    world.run(1500);
    assert_eq!(heard(&world, 0), [(HZ[1], -16.0)]);
    assert_eq!(heard(&world, 3), [(HZ[2], -16.0)]);
}

#[test]
fn a_play_replaces_the_room_for_one_leg_and_the_room_is_heard_again_after_it() {
    let mut world = conference(3);
    world.play(Slot(0), 1, &[0], false);
    world.run(700);
    assert_eq!(heard(&world, 0), [(2300.0, -10.0)]);
    assert_eq!(heard(&world, 1), [(HZ[0], -16.0), (HZ[2], -16.0)], "the others hear it still");
    world.run(1500);
    assert_eq!(world.played(), [1]);
    assert_eq!(heard(&world, 0), [(HZ[1], -16.0), (HZ[2], -16.0)]);
}

#[test]
fn music_on_hold_goes_on_in_a_room_until_it_is_stopped() {
    let mut world = conference(3);
    world.play(Slot(1), 1, &[0], true);
    world.run(5000);
    assert_eq!(heard(&world, 1), [(2300.0, -10.0)]);
    world.command(Command::StopPlay { slot: Slot(1) });
    world.run(1000);
    assert_eq!(heard(&world, 1), [(HZ[0], -16.0), (HZ[2], -16.0)]);
}

#[test]
fn a_tap_in_a_room_has_the_leg_on_the_left_and_what_it_hears_on_the_right() {
    let mut world = conference(3);
    world.command(Command::Tap { slot: Slot(0), tap: TapNo(4) });
    world.run(1500);
    let frames = &world.out.taps[&TapNo(4)];
    let side = |left: bool| {
        let bytes: Vec<u8> =
            frames.iter().flat_map(|frame| if left { frame.left } else { frame.right }).collect();
        let mut samples = vec![0; bytes.len()];
        Law::A.decode(&bytes, &mut samples);
        samples[samples.len() - 4000..].to_vec()
    };
    let level = |sound: &[i16], n: usize| listen(sound, HZ[n]).level.0.round();
    let (left, right) = (side(true), side(false));
    assert_eq!((level(&left, 0), level(&right, 1), level(&right, 2)), (-16.0, -16.0, -16.0));
    assert!(level(&left, 1) < -50.0 && level(&right, 0) < -50.0);
}

#[test]
fn thirty_two_shouting_legs_saturate_and_the_thirty_third_is_refused() {
    let mut world = World::with_legs(vec![], 40);
    for n in 0..=LEGS_PER_ROOM_MAX as u16 {
        let slot = world.phone(n, Law::A, Some(101), tone(500.0, 3.0));
        // All in step, as loud as a law can be.
        world.phone_mut(slot).sound = vec![30_000; 160];
        world.command(Command::Mix { slot, room: ROOM });
    }
    assert_eq!(world.engine.engine_counters().commands_refused, 1);
    world.run(500);
    let heard = world.phones[&Slot(0)].heard();
    assert!(heard[heard.len() - 800..].iter().all(|&sample| sample > 32_000), "not wrapped round");
    let left_out = world.phones[&Slot(LEGS_PER_ROOM_MAX as u16)].heard();
    assert!(Dbm0::of(&left_out).0 < -60.0);
    world.command(Command::Mix { slot: Slot(32), room: RoomNo(u16::MAX) });
    assert_eq!(world.engine.engine_counters().commands_refused, 2, "a room that is not there");
}
