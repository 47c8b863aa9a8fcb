//! What comes from outside and is not as it should be.

use crate::world::{World, tone};
use media::tone::loudest;
use media::{Command, Event, Slot, engine::EVENTS_MAX};
use model::{Codec, Digit, Instant, Law};
use proptest::prelude::*;
use std::net::SocketAddr;

fn world() -> (World, Slot, Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let b = world.phone(1, Law::A, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    (world, a, b)
}

#[test]
fn packets_from_elsewhere_are_not_heard() {
    let (mut world, a, b) = world();
    world.run(500);
    for from in ["203.0.113.9:4000", "192.0.2.1:4001"] {
        let from: SocketAddr = from.parse().unwrap();
        for _ in 0..50 {
            let phone = world.phone_mut(a);
            let forged = phone.packet(8, false, &[0x2A; 160]);
            phone.sequence = phone.sequence.wrapping_sub(1);
            world.engine.datagram(world.now(), a, from, &forged);
            world.run(20);
        }
    }
    let counters = world.counters(a);
    assert_eq!((counters.foreign, counters.duplicates, counters.resyncs), (100, 0, 0));
    let heard = world.phones[&b].heard();
    assert!(loudest(&heard[heard.len() - 8000..]).unwrap().purity > 0.999);
}

#[test]
fn the_first_packet_of_the_same_ip_fixes_the_port() {
    let (mut world, a, _) = world();
    world.phone_mut(a).mute = true;
    let other: SocketAddr = "192.0.2.1:40000".parse().unwrap();
    let third: SocketAddr = "192.0.2.1:40002".parse().unwrap();
    for from in [other, third, other] {
        let packet = world.phone_mut(a).packet(8, false, &[0x2A; 160]);
        world.engine.datagram(world.now(), a, from, &packet);
    }
    assert_eq!((world.counters(a).packets, world.counters(a).foreign), (2, 1));
    world.run(100);
    assert!(world.phones[&a].packets.len() >= 5, "sent to the negotiated address all along");
}

#[test]
fn another_address_in_a_new_description_is_learned_anew() {
    let (mut world, a, b) = world();
    world.run(500);
    let phone = world.phone_mut(a);
    phone.address = "192.0.2.77:6000".parse().unwrap();
    world.open(a, true, true);
    world.run(500);
    world.phone_mut(b).forget();
    world.run(1000);
    assert!(loudest(&world.phones[&b].heard()).unwrap().purity > 0.99);
    assert_eq!(world.counters(a).foreign, 0);
}

#[test]
fn payload_types_that_were_not_negotiated_are_ignored() {
    let (mut world, a, _) = world();
    world.run(500);
    let before = world.counters(a);
    for payload_type in (0..=127).filter(|p| ![8, 13, 101].contains(p)) {
        let phone = world.phone_mut(a);
        let packet = phone.packet(payload_type, false, &[1; 160]);
        phone.sequence = phone.sequence.wrapping_sub(1);
        world.datagram(a, &packet);
    }
    world.run(500);
    let counters = world.counters(a);
    assert_eq!(counters.unknown_payload, 125);
    assert_eq!((counters.packets - before.packets, counters.lost), (25, 0));
    assert_eq!(counters.concealed_ms, 0);
}

#[test]
fn commands_and_input_for_slots_that_are_not_open_are_counted() {
    let mut world = World::with_legs(vec![], 2);
    let digit = Digit::new('1').unwrap();
    for slot in [Slot(1), Slot(2), Slot(u16::MAX)] {
        world.command(Command::Close { slot });
        world.command(Command::StopPlay { slot });
        world.command(Command::Untap { slot });
        world.command(Command::SendDigit { slot, digit });
        world.command(Command::Bridge { a: slot, b: Slot(0) });
        world.engine.card_block(slot, &[0; 160]);
        world.engine.datagram(Instant::START, slot, "192.0.2.1:1".parse().unwrap(), &[]);
    }
    world.command(Command::OpenCard { slot: Slot(2), law: Law::A });
    world.command(Command::OpenCard { slot: Slot(0), law: Law::A });
    world.command(Command::Bridge { a: Slot(0), b: Slot(0) });
    let counters = world.engine.engine_counters();
    assert_eq!((counters.commands_refused, counters.input_refused), (17, 6));
    assert_eq!(world.engine.counters(Slot(1)), None);
}

#[test]
fn events_nobody_fetches_are_lost_and_counted() {
    // Seven legs, so that it is over before the figures of ten seconds are told as well.
    const LEGS: u64 = 7;
    let mut world = World::with_legs(vec![], LEGS as usize);
    let slots: Vec<_> = (0..LEGS).map(|n| world.line(n as u16, Law::A, &[])).collect();
    let mut sink = crate::world::Out::default();
    for tick in 0..(EVENTS_MAX as u64 + 5) / LEGS {
        for (n, slot) in (0..).zip(&slots) {
            world.play(*slot, tick * LEGS + n, &[], false);
        }
        world.engine.tick(Instant::from_millis(tick * 20), &mut sink);
    }
    assert_eq!(world.engine.engine_counters().events_lost, 5);
    let first = world.engine.poll_event();
    assert_eq!(first, Some(Event::Played { slot: slots[0], play: model::PlayId(0) }));
    assert_eq!(std::iter::from_fn(|| world.engine.poll_event()).count(), EVENTS_MAX - 1);
}

/// A datagram that may be anything, or RTP of this leg with anything in it.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let rtp = (
        proptest::sample::select(vec![0x80u8, 0x90, 0xA0, 0xB1, 0x83, 0x40]),
        proptest::sample::select(vec![8u8, 0x88, 13, 101, 0xE5, 72, 0]),
        any::<u16>(),
        proptest::sample::select(vec![0u32, 160, 8000, 1 << 31, u32::MAX]),
        0u32..3,
        proptest::collection::vec(any::<u8>(), 0..1000),
    )
        .prop_map(|(first, second, sequence, timestamp, ssrc, rest)| {
            let mut bytes = vec![first, second];
            bytes.extend(sequence.to_be_bytes());
            bytes.extend(timestamp.wrapping_add(u32::from(sequence) * 160).to_be_bytes());
            bytes.extend(ssrc.to_be_bytes());
            bytes.extend(rest);
            bytes
        });
    prop_oneof![4 => rtp, 1 => proptest::collection::vec(any::<u8>(), 0..1500)]
}

proptest! {
    #[test]
    fn nothing_from_the_wire_breaks_the_engine(
        datagrams in proptest::collection::vec((datagram(), 0u64..60_000), 1..80),
    ) {
        let (mut world, a, b) = world();
        world.phone_mut(a).mute = true;
        for (bytes, after_us) in datagrams {
            world.now_us += after_us / 1000 * 1000;
            world.datagram(a, &bytes);
            world.run(7);
        }
        // The phone itself is heard again afterwards.
        world.phone_mut(a).mute = false;
        world.run(1000);
        world.phone_mut(b).forget();
        world.run(300);
        let heard = loudest(&world.phones[&b].heard());
        prop_assert!(heard.is_some_and(|heard| heard.purity > 0.9), "{:?}", heard);
    }
}

/// Time stamps about the places where the difference to another one changes its sign.
fn far_stamps(from: u32) -> Vec<u32> {
    let half = from.wrapping_add(1 << 31);
    let near = [0u32, 1, 2, 79, 80, 159, 160, 161, 480, 959, 960, 961, 3000, 4096, 5760];
    let about = |at: u32| near.iter().flat_map(move |d| [at.wrapping_add(*d), at.wrapping_sub(*d)]);
    [0, 1 << 31, u32::MAX, from, half].into_iter().flat_map(about).collect()
}

#[test]
fn a_time_stamp_half_a_circle_away_is_a_jump_like_any_other() {
    for codec in [Codec::Pcma, Codec::G722, Codec::Opus] {
        let stamps = far_stamps(u32::MAX - 5000);
        for (n, stamp) in stamps.iter().enumerate() {
            let mut world = World::new(vec![]);
            let a = world.phone(0, codec, Some(101), vec![0]);
            // Half of them come first of all packets, half into a stream that plays.
            world.run(if n % 2 == 0 { 0 } else { 100 });
            for step in 0..3u32 {
                let phone = world.phone_mut(a);
                phone.timestamp = stamp.wrapping_add(step);
                let payload = if codec == Codec::Opus { vec![0x08; 40] } else { vec![7; 160] };
                let packet = phone.packet(phone.payload_type, false, &payload);
                world.datagram(a, &packet);
                world.run(20);
            }
            assert_eq!(world.counters(a).malformed, 0, "{codec:?} {stamp:#x}");
        }
    }
}
