//! Encrypted sound: what is heard of it, and what is not.

use crate::world::{World, tone};
use media::srtp::{OLD_KEYS_MS, PACKET_MAX, Refused, SOURCES_MAX, TAG_MAX, WINDOW};
use media::tone::loudest;
use media::{Command, Slot, Srtp};
use model::Law;
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use proptest::prelude::*;

fn keys(suite: SrtpSuite, seed: u8) -> SrtpKeys {
    let bytes: Vec<u8> = (0..suite.total()).map(|n| (n as u8).wrapping_mul(7) ^ seed).collect();
    SrtpKeys::new(suite, &bytes).unwrap()
}

/// The box's plan; the phone's is the other way round.
fn plan(suite: SrtpSuite, send: u8, receive: u8) -> SrtpPlan {
    SrtpPlan { send: keys(suite, send), receive: keys(suite, receive) }
}

fn pair(suite: SrtpSuite) -> (Box<Srtp>, Box<Srtp>) {
    (Srtp::new(&plan(suite, 1, 2)).unwrap(), Srtp::new(&plan(suite, 2, 1)).unwrap())
}

/// A bridge of an encrypted phone that says 700 Hz and one in clear that says 1300 Hz.
fn world(suite: SrtpSuite) -> (World, Slot, Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let b = world.phone(1, Law::A, Some(101), tone(1300.0, -10.0));
    world.encrypt(a, &plan(suite, 1, 2));
    world.command(Command::Bridge { a, b });
    (world, a, b)
}

fn heard_hz(world: &World, slot: Slot) -> f32 {
    let heard = world.phones[&slot].heard();
    let heard = loudest(&heard[heard.len() - 4000..]).unwrap();
    assert!(heard.purity > 0.99, "{heard}");
    heard.hz
}

/// A packet of numbered sound, encrypted by `from`.
fn packet(from: &mut Srtp, ssrc: u32, sequence: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 8];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend((u32::from(sequence) * 160).to_be_bytes());
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend([sequence as u8; 20]);
    let len = bytes.len();
    bytes.resize(len + TAG_MAX, 0);
    let len = from.protect(&mut bytes, len).unwrap();
    bytes.truncate(len);
    bytes
}

fn open(to: &mut Srtp, bytes: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut plain = [0; PACKET_MAX];
    to.unprotect(bytes, &mut plain).map(|len| plain[..len].to_vec())
}

#[test]
fn encrypted_sound_is_heard_both_ways_and_none_of_it_is_on_the_wire() {
    for suite in SrtpSuite::ALL {
        let (mut world, a, b) = world(suite);
        world.run(2000);
        assert!((heard_hz(&world, b) - 700.0).abs() < 2.0);
        assert!((heard_hz(&world, a) - 1300.0).abs() < 2.0);
        let phone = &world.phones[&a];
        assert!(phone.packets.len() > 90);
        for (clear, wire) in phone.packets.iter().zip(&phone.wire) {
            assert_eq!(wire.len(), clear.len() + if suite == SrtpSuite::ALL[0] { 16 } else { 10 });
            assert_eq!(wire[..12], clear[..12]);
            assert!(!wire.windows(16).any(|some| clear[12..].windows(16).any(|it| it == some)));
        }
        assert_eq!((world.counters(a).unauthenticated, world.counters(a).replayed), (0, 0));
    }
}

#[test]
fn a_key_pressed_on_an_encrypted_phone_is_told_and_one_sent_is_encrypted() {
    let (mut world, a, _) = world(SrtpSuite::AeadAes256Gcm);
    let event = world.phone_mut(a).packet(101, true, &[7, 0x8A, 3, 0x20]);
    let event = world.phone_mut(a).protect(event);
    world.datagram(a, &event);
    world.command(Command::SendDigit { slot: a, digit: model::Digit::new('4').unwrap() });
    world.run(300);
    assert_eq!(world.keys(a), "7");
    assert!(world.phones[&a].packets.iter().any(|packet| packet[1] & 0x7F == 101));
}

#[test]
fn what_does_not_authenticate_is_counted_and_teaches_nothing() {
    let (mut world, a, b) = world(SrtpSuite::AesCm128HmacSha1_80);
    let elsewhere = "203.0.113.9:4000".parse().unwrap();
    world.phone_mut(a).mute = true;
    for n in 0..50 {
        let clear = world.phone_mut(a).packet(8, false, &[0x2A; 160]);
        let mut forged = world.phone_mut(a).protect(clear.clone());
        forged[20 + n] ^= 4;
        let now = world.now();
        world.engine.datagram(now, a, elsewhere, &forged);
        world.engine.datagram(now, a, elsewhere, &clear);
        world.engine.datagram(now, a, elsewhere, &clear[..5]);
        world.run(20);
    }
    let counters = world.counters(a);
    assert_eq!((counters.unauthenticated, counters.packets, counters.sources), (100, 0, 0));
    assert_eq!(counters.malformed, 50);
    world.phone_mut(a).mute = false;
    world.run(1500);
    assert!((heard_hz(&world, b) - 700.0).abs() < 2.0, "the phone itself is heard as before");
}

#[test]
fn an_authenticated_packet_is_heard_from_wherever_it_comes() {
    let (mut world, a, b) = world(SrtpSuite::AeadAes256Gcm);
    world.run(500);
    world.phone_mut(a).mute = true;
    let elsewhere = "203.0.113.9:4000".parse().unwrap();
    for _ in 0..50 {
        let clear = world.phone_mut(a).packet(8, false, &[0x2A; 160]);
        let timestamp = world.phones[&a].timestamp;
        let mut clear = clear;
        clear[4..8].copy_from_slice(&timestamp.to_be_bytes());
        let packet = world.phone_mut(a).protect(clear);
        let now = world.now();
        world.engine.datagram(now, a, elsewhere, &packet);
        world.run(20);
    }
    assert_eq!(world.counters(a).sources, 1);
    assert!(world.phones[&b].heard_bytes.ends_with(&[0x2A; 160]));
}

#[test]
fn rfc3711_3_3_2_a_packet_replayed_is_refused_and_a_late_one_within_the_window_is_not() {
    const { assert!(WINDOW >= 64) };
    for suite in SrtpSuite::ALL {
        let (mut here, mut there) = pair(suite);
        let sent: Vec<Vec<u8>> = (0..400).map(|n| packet(&mut there, 5, n)).collect();
        let late = 399 - WINDOW as usize + 1;
        assert!(open(&mut here, &sent[0]).is_ok());
        assert_eq!(open(&mut here, &sent[0]), Err(Refused::Replayed));
        assert!(open(&mut here, &sent[399]).is_ok());
        assert!(open(&mut here, &sent[late]).is_ok());
        for n in [0, 1, late - 1, late, 399] {
            assert_eq!(open(&mut here, &sent[n]), Err(Refused::Replayed), "{n}");
        }
        // A forged packet far ahead moves no window.
        let mut forged = sent[398].clone();
        forged[2..4].copy_from_slice(&30_000_u16.to_be_bytes());
        assert_eq!(open(&mut here, &forged), Err(Refused::Unauthenticated));
        assert!(open(&mut here, &sent[398]).is_ok());
    }
}

#[test]
fn rfc3711_3_3_1_the_rollover_counter_survives_the_wrap_in_both_directions() {
    for suite in SrtpSuite::ALL {
        let (mut here, mut there) = pair(suite);
        let (mut held, mut heard) = (None, 0);
        for n in 40_000..240_000_u32 {
            let sequence = n as u16;
            let from_here = packet(&mut here, 1, sequence);
            assert_eq!(open(&mut there, &from_here).unwrap()[12..], [sequence as u8; 20]);
            let from_there = packet(&mut there, 2, sequence);
            match sequence {
                // Lost on both sides of the wrap.
                65_533 | 2 => {}
                // Late: it comes after packets from behind the wrap.
                65_530 => held = Some(from_there),
                _ => {
                    assert!(open(&mut here, &from_there).is_ok(), "{n}");
                    heard += 1;
                }
            }
            if sequence == 10 {
                let late = open(&mut here, &held.take().unwrap()).unwrap();
                assert_eq!(late[12..], [65_530_u16 as u8; 20]);
                heard += 1;
            }
        }
        assert_eq!(heard, 200_000 - 2 * 3, "three wraps, two lost at each");
    }
}

#[test]
fn a_sender_that_is_new_under_the_same_keys_starts_at_counter_0_and_the_fifth_forgets_the_first() {
    let (mut here, mut there) = pair(SrtpSuite::AesCm128HmacSha1_80);
    let mut packets = Vec::new();
    for ssrc in 0..=SOURCES_MAX as u32 {
        for sequence in [65_000, 10] {
            packets.push(packet(&mut there, ssrc, sequence));
            assert!(open(&mut here, packets.last().unwrap()).is_ok());
        }
    }
    for bytes in &packets[2..] {
        assert_eq!(open(&mut here, bytes), Err(Refused::Replayed));
    }
    // The first is not known any more and begins anew; its keys are the peer's all the same.
    assert!(open(&mut here, &packets[1]).is_ok());
}

#[test]
fn ten_thousand_forged_senders_leave_nothing_behind() {
    let (mut here, mut there) = pair(SrtpSuite::AeadAes256Gcm);
    let first = packet(&mut there, 5, 1);
    assert!(open(&mut here, &first).is_ok());
    for ssrc in 0..10_000_u32 {
        let mut forged = first.clone();
        forged[8..12].copy_from_slice(&(1000 + ssrc).to_be_bytes());
        assert_eq!(open(&mut here, &forged), Err(Refused::Unauthenticated));
    }
    assert_eq!(open(&mut here, &first), Err(Refused::Replayed), "the true one is remembered");
}

#[test]
fn keys_roll_on_a_new_description_and_the_old_ones_count_until_the_first_packet_under_the_new() {
    for suite in SrtpSuite::ALL {
        let (mut world, a, b) = world(suite);
        world.run(1000);
        let old = world.phone_mut(a).srtp.take();
        world.encrypt(a, &plan(suite, 1, 3));
        // The phone has not switched yet.
        let new = std::mem::replace(&mut world.phone_mut(a).srtp, old);
        world.run(600);
        assert_eq!(world.counters(a).unauthenticated, 0);
        let late = world.phone_mut(a).packet(8, false, &[0; 160]);
        let late = world.phone_mut(a).protect(late);
        world.phone_mut(a).srtp = new;
        world.run(1000);
        assert!((heard_hz(&world, b) - 700.0).abs() < 2.0);
        assert_eq!((world.counters(a).unauthenticated, world.counters(a).resyncs), (0, 0));
        world.datagram(a, &late);
        assert_eq!(world.counters(a).unauthenticated, 1, "the old keys are over");
        assert!(world.engine.poll_retired().is_some() && world.engine.poll_retired().is_none());
    }
}

#[test]
fn old_keys_count_for_two_seconds_at_most() {
    let (mut world, a, _) = world(SrtpSuite::AesCm128HmacSha1_80);
    world.run(1000);
    let old = world.phone_mut(a).srtp.take();
    world.encrypt(a, &plan(SrtpSuite::AesCm128HmacSha1_80, 1, 3));
    world.phone_mut(a).srtp = old;
    world.run(OLD_KEYS_MS - 100);
    assert_eq!(world.counters(a).unauthenticated, 0);
    world.run(1100);
    let refused = world.counters(a).unauthenticated;
    assert!((48..=52).contains(&refused), "{refused}");
}

#[test]
fn what_is_sent_under_new_keys_is_a_new_source_and_under_the_same_keys_the_old_one() {
    let suite = SrtpSuite::AeadAes256Gcm;
    let (mut world, a, _) = world(suite);
    let source = |world: &World| {
        let packet = world.phones[&a].wire.last().unwrap();
        (packet[8..12].to_vec(), u16::from_be_bytes([packet[2], packet[3]]))
    };
    world.run(1000);
    let (ssrc, sequence) = source(&world);
    let other_way = world.phone_mut(a).srtp.take();
    world.encrypt(a, &plan(suite, 1, 2));
    world.phone_mut(a).srtp = other_way;
    world.run(20);
    assert_eq!(source(&world), (ssrc.clone(), sequence.wrapping_add(1)), "the same keys");
    world.encrypt(a, &plan(suite, 9, 2));
    world.run(20);
    assert_ne!(source(&world).0, ssrc);
    assert!(source(&world).1 < 0x8000, "so that the peer cannot miss a wrap");
}

/// RFC 3711 3.3.1 says the counter goes on, RFC 4568 7.1.4 that it starts again: phones do either.
#[test]
fn a_counter_that_goes_on_under_new_keys_and_one_that_starts_again_are_both_heard() {
    let suite = SrtpSuite::AesCm128HmacSha1_80;
    for goes_on in [true, false] {
        let (mut world, a, _) = world(suite);
        world.phone_mut(a).mute = true;
        world.phone_mut(a).sequence = 0;
        for _ in 0..70_000 {
            let packet = world.phone_mut(a).packet(8, false, &[0x2A; 160]);
            let packet = world.phone_mut(a).protect(packet);
            world.datagram(a, &packet);
        }
        world.encrypt(a, &plan(suite, 1, 3));
        let sequence = world.phones[&a].sequence;
        if goes_on {
            // The phone's new session goes through the first lap too.
            for n in [0, 30_000, 60_000, 10] {
                packet(world.phone_mut(a).srtp.as_mut().unwrap(), 100, n);
            }
        }
        let before = world.counters(a).packets;
        assert!(sequence > 10);
        for _ in 0..10 {
            let packet = world.phone_mut(a).packet(8, false, &[0x2A; 160]);
            let packet = world.phone_mut(a).protect(packet);
            world.datagram(a, &packet);
        }
        assert_eq!(
            (world.counters(a).packets - before, world.counters(a).unauthenticated),
            (10, 0)
        );
    }
}

#[test]
fn a_leg_goes_from_clear_to_encrypted_and_back_and_never_speaks_the_other_way() {
    let suite = SrtpSuite::AeadAes256Gcm;
    let (mut world, a, b) = world(suite);
    world.run(500);
    world.phone_mut(a).srtp = None;
    world.open(a, true, true);
    world.run(1000);
    assert!((heard_hz(&world, a) - 1300.0).abs() < 2.0);
    assert!((heard_hz(&world, b) - 700.0).abs() < 2.0);
    world.encrypt(a, &plan(suite, 4, 5));
    let clear = world.phone_mut(a).packet(8, false, &[0x2A; 160]);
    world.datagram(a, &clear);
    assert_eq!(world.counters(a).unauthenticated, 1);
    world.run(1000);
    assert!((heard_hz(&world, a) - 1300.0).abs() < 2.0);
    assert!((heard_hz(&world, b) - 700.0).abs() < 2.0);
    world.command(Command::Close { slot: a });
    let mut retired = 0;
    while world.engine.poll_retired().is_some() {
        retired += 1;
    }
    assert_eq!(retired, 2, "keys are freed elsewhere");
    assert_eq!(world.engine.engine_counters().retired_not_fetched, 0);
}

proptest! {
    /// Anything at all, and true packets cut and bent.
    #[test]
    fn no_datagram_breaks_the_decryption_and_none_but_true_ones_are_heard(
        noise in proptest::collection::vec(any::<u8>(), 0..1600),
        cut in 0usize..80,
        bent in any::<(usize, u8)>(),
    ) {
        for suite in SrtpSuite::ALL {
            let (mut here, mut there) = pair(suite);
            prop_assert!(open(&mut here, &noise).is_err());
            let whole = packet(&mut there, 5, 1);
            let mut bytes = whole.clone();
            let at = bent.0 % bytes.len();
            bytes[at] ^= bent.1;
            bytes.truncate(cut);
            if bytes != whole {
                prop_assert!(open(&mut here, &bytes).is_err());
            }
            prop_assert!(open(&mut here, &whole).is_ok(), "forged ones leave no trace");
        }
    }
}
