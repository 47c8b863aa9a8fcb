//! Peers that fall silent: which of them are told.

use crate::world::{World, tone};
use media::{Command, Slot};
use model::Law;

fn talking() -> (World, Slot) {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    world.run(2000);
    (world, a)
}

#[test]
fn a_phone_that_vanishes_in_the_middle_of_a_talk_is_told_once_after_three_seconds() {
    let (mut world, a) = talking();
    world.phone_mut(a).mute = true;
    world.run(2900);
    assert_eq!(world.silences(), []);
    world.run(60_000);
    let [(slot, Some(ms))] = world.silences()[..] else { panic!("{:?}", world.silences()) };
    assert_eq!(slot, a);
    assert!((3000..3020).contains(&ms), "{ms}");
}

#[test]
fn a_phone_that_comes_back_is_told_too_and_watched_on() {
    let (mut world, a) = talking();
    for _ in 0..2 {
        world.phone_mut(a).mute = true;
        world.run(5000);
        world.phone_mut(a).mute = false;
        // The network was away, not the voice: numbers went on meanwhile.
        world.phone_mut(a).sequence += 250;
        world.run(2000);
    }
    let told: Vec<bool> = world.silences().iter().map(|(_, ms)| ms.is_some()).collect();
    assert_eq!(told, [true, false, true, false]);
}

#[test]
fn a_phone_that_never_sent_is_not_said_to_have_vanished() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    world.run(100);
    world.phone_mut(a).mute = true;
    world.run(60_000);
    assert_eq!(world.silences(), []);
}

#[test]
fn a_phone_that_vanishes_in_its_first_second_is_told() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    world.run(400);
    world.phone_mut(a).mute = true;
    world.run(5000);
    assert_eq!(world.silences().len(), 1);
}

#[test]
fn a_network_that_holds_packets_up_for_a_moment_makes_no_phone_one_that_pauses() {
    let (mut world, a) = talking();
    // Nothing comes for 600 ms, and then what was on its way at once.
    for n in 0..30 {
        world.phone_mut(a).network.delay_us = 600_000 - 20_000 * n;
        world.run(20);
    }
    world.phone_mut(a).network.delay_us = 0;
    world.run(3000);
    world.phone_mut(a).mute = true;
    world.run(5000);
    assert_eq!(world.silences().len(), 1);
}

#[test]
fn a_phone_on_hold_may_be_silent_and_is_watched_again_once_it_is_taken_back() {
    let (mut world, a) = talking();
    world.open(a, true, false);
    world.phone_mut(a).mute = true;
    world.run(60_000);
    assert_eq!(world.silences(), []);
    world.open(a, true, true);
    world.phone_mut(a).mute = false;
    world.run(2000);
    world.phone_mut(a).mute = true;
    world.run(4000);
    assert_eq!(world.silences().len(), 1);
}

#[test]
fn hold_ends_a_silence_that_was_told() {
    let (mut world, a) = talking();
    world.phone_mut(a).mute = true;
    world.run(4000);
    world.open(a, true, false);
    world.run(100);
    assert_eq!(world.silences().last(), Some(&(a, None)));
}

#[test]
fn rfc3389_a_phone_that_announced_comfort_noise_is_silent_by_itself() {
    let (mut world, a) = talking();
    world.phone_mut(a).mute = true;
    let noise = world.phone_mut(a).packet(13, false, &[40]);
    world.datagram(a, &noise);
    world.run(60_000);
    assert_eq!(world.silences(), []);
}

#[test]
fn rfc3551_4_1_a_phone_that_pauses_between_talk_spurts_is_not_watched() {
    let (mut world, a) = talking();
    for _ in 0..3 {
        world.phone_mut(a).mute = true;
        world.run(900);
        world.phone_mut(a).mute = false;
        world.run(2000);
    }
    world.phone_mut(a).mute = true;
    world.run(60_000);
    assert_eq!(world.silences(), []);
}

#[test]
fn a_leg_that_closes_while_silent_says_no_more() {
    let (mut world, a) = talking();
    world.phone_mut(a).mute = true;
    world.run(4000);
    world.command(Command::Close { slot: a });
    world.run(1000);
    assert_eq!(world.silences().len(), 1);
}

#[test]
fn a_peer_of_which_nothing_comes_for_20_s_is_quiet_though_it_never_sent_or_pauses() {
    let mut world = World::new(vec![]);
    let a = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    world.phone_mut(a).mute = true;
    world.run(19_900);
    assert_eq!(world.quiet(), []);
    world.run(60_000);
    assert_eq!(world.quiet(), [a], "once");
    assert_eq!(world.silences(), []);
    world.phone_mut(a).mute = false;
    world.run(1000);
    assert_eq!(world.silences(), [(a, None)], "it is heard");
    world.phone_mut(a).mute = true;
    world.run(25_000);
    assert_eq!(world.quiet(), [a, a]);
}

#[test]
fn a_peer_from_which_nothing_is_to_come_is_not_quiet() {
    let (mut world, a) = talking();
    world.open(a, true, false);
    world.phone_mut(a).mute = true;
    world.run(60_000);
    assert_eq!(world.quiet(), []);
}
