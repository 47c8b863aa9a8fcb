//! What is played is heard whole, once, and without a gap.

use crate::world::{World, tone};
use media::tone::{Dbm0, loudest};
use media::{Clip, Command};
use model::Law;

/// A sine cut into clips at odd places.
fn pieces(whole: &[i16], cuts: &[usize]) -> Vec<Clip> {
    let mut from = 0;
    let mut clips = Vec::new();
    for &to in cuts.iter().chain([&whole.len()]) {
        clips.push(Clip::narrow(&whole[from..to]));
        from = to;
    }
    clips
}

fn encoded(law: Law, samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; samples.len()];
    law.encode(samples, &mut bytes);
    bytes
}

#[test]
fn joined_prompts_are_one_sound() {
    let whole = tone(437.0, -10.0);
    for law in [Law::A, Law::Mu] {
        let mut world = World::new(pieces(&whole, &[1, 161, 1003, 4444]));
        let a = world.phone(0, law, None, vec![0]);
        world.play(a, 1, &[0, 1, 2, 3, 4], false);
        world.run(1100);
        let heard = &world.phones[&a].heard_bytes;
        assert_eq!(heard[..8000], encoded(law, &whole), "every sample in its place");
        assert!(heard[8000..].iter().all(|&byte| byte == law.silence()));
        let heard = loudest(&world.phones[&a].heard()[..8000]).unwrap();
        assert!(heard.purity > 0.998 && (heard.level.0 + 10.0).abs() < 0.1, "{heard}");
    }
}

#[test]
fn the_end_is_told_once_when_the_last_sample_is_sent() {
    let mut world = World::new(vec![Clip::narrow(&tone(500.0, -10.0)[..1601])]);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 77, &[0], false);
    world.run(200);
    assert_eq!(world.played(), [0u64; 0], "one sample is left");
    world.run(20);
    assert_eq!(world.played(), [77]);
    world.run(1000);
    assert_eq!(world.played(), [77]);
}

#[test]
fn a_play_that_was_replaced_or_stopped_or_bridged_away_does_not_end_by_itself() {
    let clips = vec![Clip::narrow(tone(500.0, -10.0)), Clip::narrow(&tone(900.0, -10.0)[..800])];
    let mut world = World::new(clips);
    let a = world.phone(0, Law::A, None, vec![0]);
    let b = world.phone(1, Law::A, None, vec![0]);
    world.play(a, 1, &[0], false);
    world.run(100);
    world.play(a, 2, &[1], false);
    world.run(500);
    assert_eq!(world.played(), [2]);
    world.play(a, 3, &[0], false);
    world.run(100);
    world.command(Command::StopPlay { slot: a });
    world.play(b, 4, &[0], false);
    world.run(100);
    world.command(Command::Bridge { a, b });
    world.run(2000);
    assert_eq!(world.played(), [2]);
}

#[test]
fn music_loops_for_ever_without_a_seam() {
    let mut world = World::new(vec![Clip::narrow(tone(440.0, -16.0))]);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 1, &[0], true);
    world.run(10_000);
    let heard = loudest(&world.phones[&a].heard()[7600..8400]).unwrap();
    assert!(heard.purity > 0.999, "{heard}");
    let seam = world.phones[&a].heard_bytes[8000 - 80..8000 + 80].to_vec();
    assert_eq!(world.phones[&a].heard_bytes[72_000 - 80..72_000 + 80], seam);
    assert_eq!(world.played(), [0u64; 0]);
}

#[test]
fn a_leg_that_is_played_to_does_not_hear_its_peer_until_the_play_ends() {
    let mut world = World::new(vec![Clip::narrow(tone(1200.0, -10.0))]);
    let a = world.phone(0, Law::A, None, tone(600.0, -10.0));
    let b = world.phone(1, Law::A, None, tone(440.0, -10.0));
    world.command(Command::Bridge { a, b });
    world.run(500);
    world.play(a, 1, &[0], false);
    world.phone_mut(a).forget();
    world.phone_mut(b).forget();
    world.run(2500);
    let heard = world.phones[&a].heard();
    let during = loudest(&heard[..8000]).unwrap();
    assert!((during.hz - 1200.0).abs() < 1.0 && during.purity > 0.999, "{during}");
    let after = loudest(&heard[8000..16_000]).unwrap();
    assert!((after.hz - 440.0).abs() < 1.0 && after.purity > 0.99, "{after}");
    let peer = loudest(&world.phones[&b].heard()).unwrap();
    assert!((peer.hz - 600.0).abs() < 1.0 && peer.purity > 0.99, "the peer hears on: {peer}");
}

#[test]
fn clips_that_are_missing_are_left_out_and_counted() {
    let mut world = World::new(vec![Clip::narrow(&tone(500.0, -10.0)[..800])]);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 1, &[9, 0, 8], false);
    world.run(200);
    assert_eq!((world.played(), world.counters(a).clips_missing), (vec![1], 2));
    assert!(Dbm0::of(&world.phones[&a].heard()[..800]).0 > -11.0);
}
