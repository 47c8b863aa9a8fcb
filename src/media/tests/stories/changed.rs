//! A description that changes in mid-call, or is merely said again.

use crate::world::{World, tone, voice};
use media::packet::Packet;
use media::{Command, Event, Slot};
use model::{Codec, Digit};

/// Two phones in a talk; the first wants packets of a length.
fn talk(ms: u8) -> (World, Slot, Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Codec::Pcma, Some(101), voice(1, 20, 130.0));
    let b = world.phone(1, Codec::Pcma, Some(101), voice(2, 20, 190.0));
    world.phone_mut(a).wants.ms = ms;
    world.open(a, true, true);
    world.command(Command::Bridge { a, b });
    (world, a, b)
}

/// Time stamps and lengths of the packets of sound that a phone was sent.
fn stretches(world: &World, of: Slot) -> Vec<(u32, u32)> {
    let read = |packet: &Vec<u8>| {
        let packet = Packet::parse(packet).unwrap();
        (packet.payload_type == 8).then_some((packet.timestamp, packet.payload.len() as u32))
    };
    world.phones[&of].packets.iter().filter_map(read).collect()
}

#[test]
fn rfc4028_a_session_that_is_refreshed_goes_on_as_it_was() {
    let (mut world, a, b) = talk(20);
    world.run(4000);
    // The owner listens with the phone muted, and the session is refreshed meanwhile.
    world.phone_mut(b).sound = vec![0];
    for _ in 0..6 {
        world.run(20_000);
        world.open(a, true, true);
        world.open(b, true, true);
    }
    let muted = |event: &&Event| matches!(event, Event::Muted { .. });
    assert_eq!(world.events.iter().find(muted), None, "it was heard before");
    assert_eq!(world.counters(a).resyncs + world.counters(b).resyncs, 0);
}

#[test]
fn a_refresh_and_a_key_lose_nothing_of_packets_that_were_being_filled() {
    for ms in [30u8, 60] {
        let (mut world, a, _) = talk(ms);
        world.run(1000);
        for turn in 0..20u64 {
            world.run(100 + 20 * turn);
            world.open(a, true, true);
            world.run(60);
            world.phone_mut(a).wants.ms = if turn % 2 == 0 { 10 } else { ms };
            world.open(a, true, true);
        }
        let sent = stretches(&world, a);
        assert!(sent.windows(2).all(|w| w[1].0 == w[0].0.wrapping_add(w[0].1)), "{ms}: {sent:?}");
        assert_eq!(world.counters(a).unsent_ms, 0, "{ms}");
        world.phone_mut(a).wants.ms = ms;
        world.open(a, true, true);
        world.run(200);
        let before = stretches(&world, a).len();
        world.command(Command::SendDigit { slot: a, digit: Digit::new('5').unwrap() });
        world.run(40);
        let mut packets = world.phones[&a].packets.iter().filter_map(|bytes| Packet::parse(bytes));
        let key = packets.find(|packet| packet.payload_type == 101);
        let (from, len) = *stretches(&world, a).last().unwrap();
        assert_eq!(from.wrapping_add(len), key.unwrap().timestamp, "{ms}: all up to the key");
        world.run(1000);
        assert!(stretches(&world, a).len() > before + 5, "{ms}: and then sound again");
    }
}

#[test]
fn sound_that_waits_when_the_codec_changes_is_counted() {
    let (mut world, a, _) = talk(60);
    world.run(1040);
    let held = world.counters(a).sent * 20 % 60;
    let phone = world.phone_mut(a);
    (phone.codec, phone.payload_type, phone.sound) = (Codec::G722, 9, vec![0]);
    phone.forget();
    world.open(a, true, true);
    assert_eq!(world.counters(a).unsent_ms, held);
    assert!(held > 0, "the story begins in the midst of a packet");
}

#[test]
fn rfc7160_4_1_another_clock_is_another_source_and_the_same_clock_is_not() {
    let (mut world, a, _) = talk(20);
    world.run(500);
    let mut sources = Vec::new();
    for (codec, payload_type) in [(Codec::G722, 9), (Codec::Opus, 111), (Codec::Pcma, 8)] {
        let before = Packet::parse(world.phones[&a].packets.last().unwrap()).unwrap().ssrc;
        let phone = world.phone_mut(a);
        (phone.codec, phone.payload_type, phone.sound) = (codec, payload_type, tone(500.0, -16.0));
        phone.forget();
        world.open(a, true, true);
        world.run(500);
        let packets = world.phones[&a].packets.iter().map(|bytes| Packet::parse(bytes).unwrap());
        let ssrcs: Vec<u32> = packets.map(|packet| packet.ssrc).collect();
        assert!(ssrcs.iter().all(|ssrc| *ssrc == ssrcs[0]));
        sources.push(ssrcs[0] == before);
    }
    assert_eq!(sources, [true, false, false], "8000 to 8000, to 48,000, and back");
}
