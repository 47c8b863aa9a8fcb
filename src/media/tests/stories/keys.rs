//! Keys as events: each press once, whatever is lost; keys sent, by event or tone.

use crate::world::{Network, World, tone};
use media::packet::Packet;
use media::telephone_event::EventOut;
use media::tone::loudest;
use media::{Command, Slot};
use model::{Digit, Law};

const KEYS: &str = "159#0*2846D7ABC3";

fn digit(key: char) -> Digit {
    Digit::new(key).unwrap()
}

/// Presses a key on a phone that sends events, through its network; 140 ms, then 60 ms of sound.
fn press(world: &mut World, slot: Slot, key: char) {
    let network = world.phones[&slot].network;
    let timestamp = world.phones[&slot].timestamp;
    world.phone_mut(slot).mute = true;
    let mut event = EventOut::new(digit(key), timestamp, 8000);
    while let Some(packet) = event.packet() {
        let phone = world.phone_mut(slot);
        let now = std::mem::replace(&mut phone.timestamp, timestamp);
        let bytes = phone.packet(101, packet.marker, &packet.payload);
        phone.timestamp = now;
        if world.random.share() >= network.loss {
            world.datagram(slot, &bytes);
            if world.random.share() < network.doubled {
                world.datagram(slot, &bytes);
            }
        }
        world.run(20);
    }
    world.phone_mut(slot).mute = false;
    world.run(60);
}

#[test]
fn each_key_is_told_once_through_loss_and_doubling() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(300.0, -20.0));
    world.phone_mut(a).network = Network { loss: 0.2, doubled: 0.3, ..Network::default() };
    world.run(200);
    for key in KEYS.chars() {
        press(&mut world, a, key);
    }
    assert_eq!(world.keys(a), KEYS);
    assert_eq!(world.counters(a).digits_in, 16);
}

#[test]
fn the_same_key_twice_is_two_keys() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(300.0, -20.0));
    world.run(200);
    for key in "1111".chars() {
        press(&mut world, a, key);
    }
    assert_eq!(world.keys(a), "1111");
}

#[test]
fn an_event_makes_no_sound_of_its_own() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let b = world.phone(1, Law::A, Some(101), vec![0]);
    world.command(Command::Bridge { a, b });
    world.run(500);
    press(&mut world, a, '5');
    world.run(500);
    assert_eq!((world.counters(a).concealed_ms, world.counters(a).lost), (0, 0));
    let heard = world.phones[&b].heard();
    let after = loudest(&heard[heard.len() - 3200..]).unwrap();
    assert!(after.purity > 0.99, "{after}");
}

#[test]
fn keys_are_sent_as_events_with_three_ends_and_sound_between_them() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), vec![0]);
    world.run(100);
    world.phone_mut(a).forget();
    world.command(Command::SendDigit { slot: a, digit: digit('4') });
    world.command(Command::SendDigit { slot: a, digit: digit('2') });
    world.run(1000);
    let bytes = world.phones[&a].packets.clone();
    let packets: Vec<_> = bytes.iter().map(|bytes| Packet::parse(bytes).unwrap()).collect();
    assert_eq!(packets.len(), 50, "one packet each tick, event or sound");
    for two in packets.windows(2) {
        assert_eq!(two[1].sequence, two[0].sequence.wrapping_add(1));
    }
    let events: Vec<_> = packets.iter().filter(|packet| packet.payload_type == 101).collect();
    assert_eq!(events.len(), 14);
    for (n, code) in [(0, 4), (7, 2)] {
        let event = &events[n..n + 7];
        assert!(event[0].marker && event.iter().all(|packet| packet.payload[0] == code));
        assert!(event.iter().all(|packet| packet.timestamp == event[0].timestamp));
        let ends = event.iter().filter(|packet| packet.payload[1] & 0x80 != 0).count();
        assert_eq!(ends, 3);
    }
    let apart = events[7].timestamp.wrapping_sub(events[0].timestamp);
    assert!(apart >= (140 + 60) * 8, "{apart}");
    // Sound goes on at its own time after the events.
    let (first, last) = (packets[0], packets[49]);
    let sound = [first, last].map(|packet| (packet.payload_type, packet.timestamp));
    assert_eq!(sound[1], (8, packets[48].timestamp.wrapping_add(160)));
    // What was sent is understood.
    let mut ear = media::telephone_event::EventIn::default();
    let told: String = events
        .iter()
        .filter_map(|packet| ear.take(packet.timestamp, packet.payload))
        .map(Digit::as_char)
        .collect();
    assert_eq!(told, "42");
}

#[test]
fn keys_sent_to_a_line_or_to_a_phone_without_events_are_heard_as_tones() {
    for card in [true, false] {
        let mut world = World::new(vec![]);
        let slot =
            if card { world.line(0, Law::A, &[]) } else { world.phone(0, Law::Mu, None, vec![0]) };
        for key in KEYS.chars() {
            world.command(Command::SendDigit { slot, digit: digit(key) });
        }
        world.run(4000);
        let heard = if card {
            let bytes = &world.out.cards[&slot];
            let mut samples = vec![0; bytes.len()];
            Law::A.decode(bytes, &mut samples);
            samples
        } else {
            world.phones[&slot].heard()
        };
        // Heard by another box.
        let mut other = World::new(vec![]);
        let line = other.line(0, Law::A, &heard);
        other.run(4000);
        assert_eq!(other.keys(line), KEYS, "card {card}");
        assert_eq!(world.counters(slot).digits_out, 16);
    }
}

#[test]
fn more_keys_than_may_wait_are_dropped_and_counted() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), vec![0]);
    for _ in 0..40 {
        world.command(Command::SendDigit { slot: a, digit: digit('1') });
    }
    assert_eq!(world.counters(a).digits_dropped, 8);
}
