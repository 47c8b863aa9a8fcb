//! Two legs hear each other.

use crate::world::{World, tone};
use media::tone::{Dbm0, listen, loudest};
use media::{Command, TapNo};
use model::Law;

/// Skips the start, where the jitter buffer fills.
fn settled(heard: &[i16]) -> &[i16] {
    &heard[heard.len() - 8000..]
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[test]
fn each_hears_the_other_and_only_the_other() {
    for (law_a, law_b) in [(Law::A, Law::A), (Law::Mu, Law::Mu), (Law::A, Law::Mu)] {
        let mut world = World::new(vec![]);
        let a = world.phone(0, law_a, Some(101), tone(1000.0, -10.0));
        let b = world.phone(1, law_b, Some(101), tone(440.0, -20.0));
        world.command(Command::Bridge { a, b });
        world.run(2000);
        for (slot, other, hz, level) in [(a, 1000.0, 440.0, -20.0), (b, 440.0, 1000.0, -10.0)] {
            let heard = world.phones[&slot].heard();
            let loudest = loudest(settled(&heard)).unwrap();
            assert!((loudest.hz - hz).abs() < 1.0, "{law_a:?}-{law_b:?}: {loudest}");
            assert!((loudest.level.0 - level).abs() < 0.5, "{law_a:?}-{law_b:?}: {loudest}");
            assert!(loudest.purity > 0.99, "{law_a:?}-{law_b:?}: {loudest}");
            assert!(listen(settled(&heard), other).level.0 < -50.0, "one's own voice comes back");
        }
    }
}

#[test]
fn the_bytes_of_a_bridge_of_one_law_are_those_of_the_wire() {
    for law in [Law::A, Law::Mu] {
        let mut world = World::new(vec![]);
        let a = world.phone(0, law, None, crate::world::voice(1, 3, 120.0));
        let b = world.phone(1, law, None, crate::world::voice(2, 3, 210.0));
        world.command(Command::Bridge { a, b });
        world.run(5000);
        for (from, to) in [(a, b), (b, a)] {
            let said = &world.phones[&from].said_bytes;
            let heard = &world.phones[&to].heard_bytes;
            assert!(heard.len() > 39_000, "{}", heard.len());
            // After the fill of the buffer everything is what was said, and all of it but what is
            // still in the buffer.
            let start = heard.iter().position(|&byte| byte != law.silence()).unwrap();
            let start = start / 160 * 160;
            assert!(start <= 3 * 160, "heard after {start} samples");
            assert!(contains(said, &heard[start..]), "{law:?}");
        }
    }
}

#[test]
fn a_line_card_and_a_phone_hear_each_other() {
    let mut world = World::new(vec![]);
    let line = world.line(0, Law::A, &tone(800.0, -13.0).repeat(3));
    let phone = world.phone(1, Law::A, Some(101), tone(1500.0, -7.0));
    world.command(Command::Bridge { a: line, b: phone });
    world.run(2000);
    let heard = loudest(settled(&world.phones[&phone].heard())).unwrap();
    assert!((heard.hz - 800.0).abs() < 1.0 && (heard.level.0 + 13.0).abs() < 0.5, "{heard}");
    let bytes = &world.out.cards[&line];
    assert_eq!(bytes.len(), 100 * 160, "a block each tick");
    let mut samples = vec![0; bytes.len()];
    Law::A.decode(bytes, &mut samples);
    let heard = loudest(settled(&samples)).unwrap();
    assert!((heard.hz - 1500.0).abs() < 1.0 && (heard.level.0 + 7.0).abs() < 0.5, "{heard}");
}

#[test]
fn parted_legs_hear_silence_and_packets_keep_coming() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, None, tone(1000.0, -10.0));
    let b = world.phone(1, Law::A, None, tone(440.0, -10.0));
    world.command(Command::Bridge { a, b });
    world.run(1000);
    world.command(Command::Unbridge { slot: b });
    world.phone_mut(a).forget();
    world.run(1000);
    assert_eq!(world.phones[&a].packets.len(), 50);
    assert!(world.phones[&a].heard_bytes.iter().all(|&byte| byte == Law::A.silence()));
}

#[test]
fn a_third_leg_takes_the_peer_over_and_the_one_left_hears_silence() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, None, tone(1000.0, -10.0));
    let b = world.phone(1, Law::A, None, tone(440.0, -10.0));
    let c = world.phone(2, Law::A, None, tone(600.0, -10.0));
    world.command(Command::Bridge { a, b });
    world.run(500);
    world.command(Command::Bridge { a: c, b: a });
    world.phone_mut(b).forget();
    world.run(1000);
    assert_eq!(loudest(&world.phones[&b].heard()), None);
    let heard = loudest(settled(&world.phones[&a].heard())).unwrap();
    assert!((heard.hz - 600.0).abs() < 1.0, "{heard}");
    world.command(Command::Close { slot: c });
    world.phone_mut(a).forget();
    world.run(500);
    assert_eq!(loudest(&world.phones[&a].heard()), None, "the peer is gone");
}

#[test]
fn a_leg_on_hold_is_sent_nothing_and_says_nothing() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, None, tone(1000.0, -10.0));
    let b = world.phone(1, Law::A, None, tone(440.0, -10.0));
    world.command(Command::Bridge { a, b });
    world.run(1000);
    let before = world.phones[&b].packets.last().unwrap().clone();
    world.open(b, false, false);
    world.phone_mut(a).forget();
    world.phone_mut(b).forget();
    world.run(1000);
    assert!(world.phones[&b].packets.is_empty());
    assert!(world.phones[&a].heard_bytes[160..].iter().all(|&byte| byte == Law::A.silence()));
    assert!(world.counters(b).unwanted > 40);
    world.open(b, true, true);
    world.run(1500);
    let heard = loudest(settled(&world.phones[&a].heard())).unwrap();
    assert!((heard.hz - 440.0).abs() < 1.0, "{heard}");
    assert_eq!(world.counters(b).lost, 0, "what was not wanted was not lost");
    // The sequence goes on, time has passed, and the marker tells that talk starts again.
    let parse = |bytes: &[u8]| {
        let packet = media::packet::Packet::parse(bytes).unwrap();
        (packet.sequence, packet.timestamp, packet.marker)
    };
    let (sequence, timestamp, _) = parse(&before);
    let first = parse(&world.phones[&b].packets[0]);
    assert_eq!(first, (sequence.wrapping_add(1), timestamp.wrapping_add(51 * 160), true));
    assert!(!parse(&world.phones[&b].packets[1]).2);
}

#[test]
fn a_tap_holds_what_each_side_said_byte_for_byte() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, None, crate::world::voice(3, 2, 140.0));
    let b = world.phone(1, Law::A, None, crate::world::voice(4, 2, 190.0));
    world.command(Command::Tap { slot: a, tap: TapNo(5) });
    world.run(200);
    world.command(Command::Bridge { a, b });
    world.run(3000);
    world.command(Command::Untap { slot: a });
    world.run(200);
    let frames = &world.out.taps[&TapNo(5)];
    assert_eq!(frames.len(), 160, "a frame each tick, also while nobody speaks");
    assert_eq!(frames[0].left, [Law::A.silence(); 160]);
    assert_eq!(frames[5].right, [Law::A.silence(); 160]);
    let left: Vec<u8> = frames[20..].iter().flat_map(|frame| frame.left).collect();
    let right: Vec<u8> = frames[20..].iter().flat_map(|frame| frame.right).collect();
    assert!(contains(&world.phones[&a].said_bytes, &left));
    assert!(contains(&world.phones[&b].said_bytes, &right));
    assert!(contains(&world.phones[&a].heard_bytes, &right), "right is what the leg was sent");
}

#[test]
fn silence_is_silent() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::Mu, None, tone(1000.0, -10.0));
    world.run(1000);
    assert!(Dbm0::of(&world.phones[&a].heard()) <= Dbm0::SILENCE);
}
