//! What is played is heard whole, once, and without a gap.

use crate::world::{World, tone};
use media::tone::{Dbm0, listen, loudest};
use media::{Clip, Command, Slot};
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

/// The level of each 20 ms of what a phone heard.
fn levels(world: &World, slot: Slot) -> Vec<f32> {
    world.phones[&slot].heard().chunks(160).map(|part| Dbm0::of(part).0).collect()
}

#[test]
fn music_fades_in_and_out_and_never_clicks() {
    let mut world = World::new(vec![Clip::narrow(tone(440.0, -10.0))]);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 1, &[0], true);
    world.run(1000);
    world.command(Command::StopPlay { slot: a });
    world.run(400);
    let levels = levels(&world, a);
    // Half the fade is 6 dB down, a tenth 20 dB.
    assert!(levels[0] < -30.0 && (levels[9] + 16.3).abs() < 1.0, "{levels:?}");
    assert!(levels[..20].windows(2).all(|two| two[1] > two[0]), "{levels:?}");
    assert!(levels[21..50].iter().all(|level| (level + 10.0).abs() < 0.2), "{levels:?}");
    assert!(levels[50..60].windows(2).all(|two| two[1] < two[0]), "{levels:?}");
    assert!(levels[61..].iter().all(|level| *level < -60.0), "{levels:?}");
    assert_eq!(world.played(), [0u64; 0]);
    let heard = loudest(&world.phones[&a].heard()[..11_000]).unwrap();
    assert!((heard.hz - 440.0).abs() < 1.0, "{heard}");
}

#[test]
fn a_prompt_cut_off_by_a_key_falls_silent_within_a_tick_and_the_next_one_begins_whole() {
    let whole = tone(1000.0, -10.0);
    let mut world = World::new(vec![Clip::narrow(tone(437.0, -10.0)), Clip::narrow(whole.clone())]);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 1, &[0], false);
    world.run(500);
    world.command(Command::StopPlay { slot: a });
    world.run(100);
    let levels = levels(&world, a);
    assert!(levels[24] > -10.5 && levels[25] < -14.0, "{levels:?}");
    assert!(levels[26..].iter().all(|level| *level < -60.0), "{levels:?}");
    world.phone_mut(a).forget();
    world.play(a, 2, &[1], false);
    world.run(900);
    assert_eq!(world.phones[&a].heard_bytes[..7000], encoded(Law::A, &whole)[..7000]);
}

#[test]
fn music_goes_on_after_an_announcement_where_it_was() {
    // Each second of the music has a frequency of its own.
    let seconds = [400.0, 600.0, 800.0, 1000.0];
    let music: Vec<i16> = seconds.iter().flat_map(|hz| tone(*hz, -12.0)).collect();
    let clips = vec![Clip::narrow(music), Clip::narrow(&tone(1700.0, -12.0)[..4000])];
    let mut world = World::new(clips);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 1, &[0], true);
    world.run(2300);
    world.play(a, 2, &[1], false);
    world.run(500);
    world.play(a, 3, &[0], true);
    world.run(1500);
    let heard = world.phones[&a].heard();
    let at = |ms: usize| loudest(&heard[ms * 8..(ms + 200) * 8]).unwrap();
    for (ms, hz) in [(2000, 800.0), (2550, 1700.0), (3200, 800.0), (3700, 1000.0)] {
        assert!((at(ms).hz - hz).abs() < 2.0, "after {ms} ms: {}", at(ms));
    }
    // The announcement begins over the music's end, at its own level.
    assert!((listen(&heard[2550 * 8..2750 * 8], 1700.0).level.0 + 12.0).abs() < 0.2);
    assert!(listen(&heard[2310 * 8..2410 * 8], 800.0).level.0 > -25.0);
}

#[test]
fn a_play_that_is_wound_forward_and_back_is_heard_at_that_place() {
    let seconds = [400.0, 600.0, 800.0, 1000.0];
    let clips = seconds.iter().map(|hz| Clip::narrow(tone(*hz, -12.0))).collect();
    let mut world = World::new(clips);
    let a = world.phone(0, Law::A, None, vec![0]);
    world.play(a, 5, &[0, 1, 2, 3], false);
    world.run(500);
    world.command(Command::Seek { slot: a, by_ms: 2000 });
    world.run(300);
    world.command(Command::Seek { slot: a, by_ms: -1000 });
    world.run(300);
    let heard = world.phones[&a].heard();
    for (ms, hz) in [(300, 400.0), (520, 800.0), (820, 600.0)] {
        let heard = loudest(&heard[ms * 8..(ms + 180) * 8]).unwrap();
        assert!((heard.hz - hz).abs() < 3.0 && heard.purity > 0.98, "after {ms} ms: {heard}");
    }
    world.command(Command::Seek { slot: a, by_ms: 60_000 });
    world.run(40);
    assert_eq!(world.played(), [5]);
    world.command(Command::Seek { slot: a, by_ms: -60_000 });
    world.run(40);
    assert_eq!(world.played(), [5], "what has ended has no place");
}
