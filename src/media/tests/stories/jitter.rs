//! The jitter buffer: whatever the network does, the sound is whole and soon.

use crate::world::{Network, World, tone, voice};
use media::Command;
use media::tone::{listen, loudest};
use model::Law;

/// A phone bridged to a silent one that listens.
fn pair(sound: Vec<i16>) -> (World, media::Slot, media::Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), sound);
    let b = world.phone(1, Law::A, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    (world, a, b)
}

/// The longest stretch of `heard` from a start on that is exactly a stretch of `said`.
fn is_part(said: &[u8], heard: &[u8]) -> bool {
    said.windows(heard.len()).any(|window| window == heard)
}

#[test]
fn packets_of_every_length_give_the_same_sound() {
    for packet_ms in [10, 20, 30, 60] {
        let (mut world, a, b) = pair(voice(1, 2, 130.0));
        world.phone_mut(a).packet_ms = packet_ms;
        world.run(3000);
        world.phone_mut(b).forget();
        world.run(5000);
        let heard = &world.phones[&b].heard_bytes;
        assert!(is_part(&world.phones[&a].said_bytes, heard), "{packet_ms} ms");
        assert_eq!(world.counters(a).concealed_ms, 0, "{packet_ms} ms");
        let delay_ms = world.counters(a).delay_ms;
        assert!((40..=60).contains(&delay_ms), "{packet_ms} ms: {delay_ms} ms");
    }
}

#[test]
fn thirty_ms_of_jitter_cost_less_than_sixty_ms_of_delay_and_no_sound() {
    for seed in 0..10 {
        let (mut world, a, b) = pair(voice(2, 3, 180.0));
        world.random.0 = seed;
        world.phone_mut(a).network = Network { jitter_us: 30_000, ..Network::default() };
        world.run(10_000);
        let settled = world.counters(a);
        world.phone_mut(b).forget();
        world.run(20_000);
        let counters = world.counters(a);
        assert_eq!((counters.lost, counters.late), (0, 0), "seed {seed}");
        assert_eq!(counters.concealed_ms, settled.concealed_ms, "seed {seed}: made up");
        assert!(counters.delay_ms < 60, "seed {seed}: {} ms", counters.delay_ms);
        assert!((4_000..=18_000).contains(&counters.jitter_us), "{} us", counters.jitter_us);
    }
}

#[test]
fn reordered_and_doubled_packets_change_nothing() {
    let (mut world, a, b) = pair(voice(3, 2, 150.0));
    world.phone_mut(a).network = Network { jitter_us: 25_000, doubled: 0.3, ..Network::default() };
    world.run(6000);
    world.phone_mut(b).forget();
    world.run(2000);
    assert!(is_part(&world.phones[&a].said_bytes, &world.phones[&b].heard_bytes));
    let counters = world.counters(a);
    assert_eq!(counters.lost, 0);
    assert!(counters.duplicates > 60, "{}", counters.duplicates);
}

#[test]
fn the_wraps_of_sequence_and_time_stamp_are_not_heard() {
    // Both wrap within the first second (see `World::phone`).
    let (mut world, a, b) = pair(voice(4, 2, 150.0));
    world.run(3000);
    let heard = &world.phones[&b].heard_bytes[160 * 10..];
    assert!(is_part(&world.phones[&a].said_bytes, heard));
    assert!(world.phones[&a].sequence < 1000 && world.phones[&a].timestamp < 100_000);
    let counters = world.counters(a);
    assert_eq!((counters.lost, counters.resyncs, counters.concealed_ms), (0, 0, 0));
}

#[test]
fn a_longer_route_is_followed_and_the_delay_comes_down_again_after_a_shorter_one() {
    let (mut world, a, b) = pair(tone(700.0, -10.0));
    world.run(3000);
    world.phone_mut(a).network.delay_us = 150_000;
    world.run(3000);
    world.phone_mut(b).forget();
    world.run(1000);
    assert!(loudest(&world.phones[&b].heard()).unwrap().purity > 0.99, "heard again");
    let longer = world.counters(a);
    assert!(longer.resyncs <= 1 && longer.concealed_ms < 300, "{longer:?}");
    world.phone_mut(a).network.delay_us = 0;
    world.run(10_000);
    let shorter = world.counters(a);
    assert_eq!(shorter.lost, 0);
    assert!(shorter.skipped_ms >= 80, "{shorter:?}");
    assert!(shorter.delay_ms <= 75, "{shorter:?}");
    world.phone_mut(b).forget();
    world.run(1000);
    assert!(loudest(&world.phones[&b].heard()).unwrap().purity > 0.99);
}

#[test]
fn a_stall_of_the_network_is_caught_up_with() {
    let (mut world, a, b) = pair(tone(700.0, -10.0));
    world.run(2000);
    for delay_us in (0..400_000).rev().step_by(20_000) {
        // Everything of 400 ms arrives at once.
        world.phone_mut(a).network.delay_us = delay_us;
        world.run(20);
    }
    world.phone_mut(a).network.delay_us = 0;
    world.run(5000);
    world.phone_mut(b).forget();
    world.run(1000);
    assert!(loudest(&world.phones[&b].heard()).unwrap().purity > 0.99);
    let counters = world.counters(a);
    assert!(counters.delay_ms <= 120, "{counters:?}");
}

#[test]
fn clocks_that_differ_by_200_ppm_are_not_heard_in_ten_minutes() {
    for fast_ppm in [200, -200] {
        let (mut world, a, b) = pair(tone(700.0, -10.0));
        world.phone_mut(a).fast_ppm = fast_ppm;
        for _ in 0..10 {
            world.phone_mut(b).forget();
            world.run(60_000);
            let heard = world.phones[&b].heard();
            // Each second is a clean tone, but where a frame was made up or left out.
            let seconds = heard.chunks_exact(8000).skip(1);
            let worst = seconds.map(|s| listen(s, 700.0).purity).fold(1.0, f32::min);
            assert!(worst > 0.93, "{fast_ppm} ppm: {worst}");
        }
        let counters = world.counters(a);
        assert_eq!((counters.lost, counters.late, counters.resyncs), (0, 0, 0), "{fast_ppm} ppm");
        // 200 ppm of ten minutes are 120 ms.
        assert!(counters.concealed_ms <= 160 && counters.skipped_ms <= 160, "{counters:?}");
        assert!((20..=80).contains(&counters.delay_ms), "{counters:?}");
    }
}

#[test]
fn another_sender_behind_the_same_address_is_taken_after_two_packets() {
    let (mut world, a, b) = pair(tone(700.0, -10.0));
    world.run(1000);
    let phone = world.phone_mut(a);
    (phone.ssrc, phone.sequence, phone.timestamp) = (1, 30_000, 0x8000_0000);
    phone.sound = tone(1300.0, -10.0);
    phone.said = 0;
    world.run(200);
    world.phone_mut(b).forget();
    world.run(1000);
    let heard = loudest(&world.phones[&b].heard()).unwrap();
    assert!((heard.hz - 1300.0).abs() < 1.0 && heard.purity > 0.999, "{heard}");
    assert_eq!((world.counters(a).resyncs, world.counters(a).lost), (1, 0));
}

#[test]
fn one_packet_of_another_ssrc_disturbs_nothing() {
    let (mut world, a, b) = pair(tone(700.0, -10.0));
    world.run(1000);
    for n in 0..20 {
        let phone = world.phone_mut(a);
        let mut forged = phone.packet(8, false, &[0; 160]);
        phone.sequence = phone.sequence.wrapping_sub(1);
        forged[8..12].copy_from_slice(&[n; 4]);
        world.datagram(a, &forged);
        world.run(40);
    }
    assert_eq!((world.counters(a).resyncs, world.counters(a).concealed_ms), (0, 0));
    assert!(loudest(&world.phones[&b].heard()[4000..]).unwrap().purity > 0.999);
}

#[test]
fn a_jump_of_the_time_stamp_costs_no_more_than_the_buffer() {
    for jump in [40_000u32, 1 << 31, u32::MAX - 40_000, u32::MAX - 2000] {
        let (mut world, a, b) = pair(tone(700.0, -10.0));
        world.run(1000);
        let phone = world.phone_mut(a);
        phone.timestamp = phone.timestamp.wrapping_add(jump);
        world.run(400);
        world.phone_mut(b).forget();
        world.run(1000);
        assert!(loudest(&world.phones[&b].heard()).unwrap().purity > 0.99, "jump {jump}");
        assert_eq!(world.counters(a).resyncs, 1, "jump {jump}");
    }
}

#[test]
fn a_pause_of_a_phone_that_sends_no_silence_is_silence_and_talk_comes_back_whole() {
    let (mut world, a, b) = pair(tone(700.0, -10.0));
    world.run(2000);
    for _ in 0..3 {
        // A comfort noise packet, then nothing for two seconds.
        let phone = world.phone_mut(a);
        let noise = phone.packet(13, false, &[60]);
        world.datagram(a, &noise);
        world.phone_mut(a).mute = true;
        world.run(300);
        world.phone_mut(b).forget();
        world.run(1700);
        assert_eq!(loudest(&world.phones[&b].heard()), None);
        world.phone_mut(a).mute = false;
        world.run(200);
        world.phone_mut(b).forget();
        world.run(1000);
        assert!(loudest(&world.phones[&b].heard()).unwrap().purity > 0.999);
    }
    let counters = world.counters(a);
    assert_eq!((counters.lost, counters.concealed_ms, counters.resyncs), (0, 0, 0));
}
