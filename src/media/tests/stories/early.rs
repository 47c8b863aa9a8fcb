//! Sound before the answer, and on hold: who hears what.

use crate::world::{World, tone};
use media::tone::loudest;
use media::{Clip, Command, Slot};
use model::Law;

/// Ringback, and music for those who wait.
fn world() -> World {
    World::new(vec![Clip::narrow(tone(450.0, -10.0)), Clip::narrow(tone(2300.0, -10.0))])
}

fn hears(world: &World, slot: Slot) -> Option<f32> {
    let heard = world.phones[&slot].heard();
    let last = heard.len().checked_sub(3000)?;
    loudest(&heard[last..]).filter(|heard| heard.purity > 0.98).map(|heard| heard.hz.round())
}

#[test]
fn a_caller_hears_the_ringback_before_the_answer_and_the_agent_after_it() {
    let mut world = world();
    let caller = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let agent = world.phone(1, Law::Mu, Some(101), tone(1300.0, -10.0));
    // Before the answer the caller is sent to and not listened to.
    world.open(caller, true, false);
    world.play(caller, 1, &[0], true);
    world.run(1000);
    assert_eq!(hears(&world, caller), Some(450.0));
    let sequence = |packet: &Vec<u8>| u16::from_be_bytes([packet[2], packet[3]]);
    let before = world.phones[&caller].packets.len();
    world.open(caller, true, true);
    world.command(Command::Bridge { a: caller, b: agent });
    world.run(1000);
    assert_eq!(hears(&world, caller), Some(1300.0));
    assert_eq!(hears(&world, agent), Some(700.0));
    // One stream to the caller, without a seam.
    let packets = &world.phones[&caller].packets;
    let (last, first) = (sequence(&packets[before - 1]), sequence(&packets[before]));
    assert_eq!(first, last.wrapping_add(1));
    assert_eq!(packets[before][8..12], packets[before - 1][8..12]);
}

#[test]
fn an_announcement_before_the_answer_is_told_when_it_ends() {
    let mut world = world();
    let caller = world.phone(0, Law::A, Some(101), vec![0]);
    world.open(caller, true, false);
    world.play(caller, 5, &[0], false);
    world.run(1100);
    assert_eq!(world.played(), [5]);
}

#[test]
fn a_key_pressed_before_the_answer_is_told_where_sound_goes_both_ways() {
    let mut world = world();
    let caller = world.phone(0, Law::A, Some(101), vec![0]);
    world.play(caller, 1, &[0], true);
    let event = world.phone_mut(caller).packet(101, true, &[3, 0x8A, 3, 0x20]);
    world.datagram(caller, &event);
    world.run(100);
    assert_eq!(world.keys(caller), "3");
}

#[test]
fn the_far_sides_own_ringback_is_heard_through_a_bridge_made_before_its_answer() {
    let mut world = world();
    let caller = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let trunk = world.phone(1, Law::A, Some(101), tone(425.0, -10.0));
    world.open(trunk, false, true);
    world.open(caller, true, false);
    world.command(Command::Bridge { a: caller, b: trunk });
    world.run(1000);
    assert_eq!(hears(&world, caller), Some(425.0));
    assert_eq!(world.phones[&trunk].packets.len(), 0, "nothing goes there before the answer");
}

#[test]
fn a_play_to_a_line_goes_on_through_its_answer() {
    let mut world = world();
    let line = world.line(4, Law::A, &[]);
    world.play(line, 1, &[0], false);
    world.run(500);
    world.command(Command::OpenCard { slot: line, law: Law::A });
    world.run(600);
    assert_eq!(world.played(), [1]);
    let heard = &world.out.cards[&line];
    let silence = heard.iter().filter(|byte| **byte == Law::A.silence()).count();
    assert!(silence < 1200, "the ringback has no hole: {silence}");
}

#[test]
fn while_a_phone_holds_by_its_key_the_caller_hears_music_and_the_phone_nothing() {
    let mut world = world();
    let caller = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let agent = world.phone(1, Law::A, Some(101), tone(1300.0, -10.0));
    world.command(Command::Bridge { a: caller, b: agent });
    world.run(1000);
    // Its re-INVITE said inactive or sendonly: nothing is sent to it, nothing taken of it.
    world.open(agent, false, false);
    world.play(caller, 1, &[1], true);
    let before = world.phones[&agent].packets.len();
    world.run(3000);
    assert_eq!(hears(&world, caller), Some(2300.0));
    assert_eq!(world.phones[&agent].packets.len(), before);
    world.open(agent, true, true);
    world.command(Command::StopPlay { slot: caller });
    world.run(1000);
    assert_eq!((hears(&world, caller), hears(&world, agent)), (Some(1300.0), Some(700.0)));
}

#[test]
fn while_the_box_holds_a_party_that_party_hears_music_and_is_not_heard() {
    let mut world = world();
    let caller = world.phone(0, Law::A, Some(101), tone(700.0, -10.0));
    let agent = world.phone(1, Law::A, Some(101), tone(1300.0, -10.0));
    world.command(Command::Bridge { a: caller, b: agent });
    world.run(500);
    world.command(Command::Unbridge { slot: agent });
    world.play(caller, 1, &[1], true);
    world.run(2000);
    assert_eq!(hears(&world, caller), Some(2300.0));
    assert_eq!(hears(&world, agent), None);
    world.command(Command::Bridge { a: caller, b: agent });
    world.run(1000);
    assert_eq!((hears(&world, caller), hears(&world, agent)), (Some(1300.0), Some(700.0)));
}
