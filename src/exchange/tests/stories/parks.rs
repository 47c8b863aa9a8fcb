//! Callers in slots: put there, taken out, forgotten.

use crate::desks::{office as plain, rung, talk};
use crate::site::with;
use crate::transfers::{sends, served};
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::feature::{Lamp, Watched};
use model::{Cause, LegEvent, LegId, TransferStage};
use std::time::Duration;

fn office() -> World {
    let mut world = plain();
    world.tell(Input::Site(with(|site| {
        site.parking.slots = vec!["701".into(), "702".into()];
        site.parking.longest = Duration::from_secs(60);
    })));
    world
}

fn keys(world: &mut World, leg: LegId, keys: &str) {
    keys.chars().for_each(|key| world.press(leg, key));
}

fn lamp(world: &World, slot: &str) -> Lamp {
    world.lamps.get(&Watched::Slot(slot.into())).cloned().unwrap_or_default()
}

#[test]
fn a_parked_caller_hears_music_the_parker_the_slot_and_whoever_dials_it_the_caller() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    keys(&mut world, agent, "*70#");
    assert_eq!(world.hears(caller), ["music.hold"]);
    assert_eq!(world.hears(agent), ["park.slot", "digit.7", "digit.0", "digit.1"]);
    assert_eq!(lamp(&world, "701"), Lamp::Talking { other: "********000".into() });
    world.run(5);
    assert!(!world.legs.contains_key(&agent), "hung up after the slot was said");
    assert_eq!(world.exchange.calls().next().unwrap().slot.as_deref(), Some("701"));
    let takes = world.dial("8002", "701");
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(takes));
    assert_eq!(lamp(&world, "701"), Lamp::Idle);
    let told = world.told();
    for word in ["parked 701", "8001 wrap-up", "unparked 701", "picked up by 8002"] {
        assert!(told.contains(&word.to_owned()), "{word}: {told:?}");
    }
    world.gone(takes, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_is_parked_by_a_transfer_and_two_who_dial_the_slot_do_not_both_have_the_caller() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    sends(&mut world, agent, "702");
    assert_eq!(world.transfers[&agent].last(), Some(&TransferStage::Done));
    let (first, second) = (world.dial("8002", "702"), world.dial("8003", "702"));
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(first));
    assert!(!world.legs.contains_key(&second));
    let empty = world.dial("8003", "702");
    world.now = world.now + Duration::from_millis(20);
    world.run(0);
    assert_eq!(world.hears(empty), ["park.empty"]);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_slot_that_is_taken_and_a_lot_that_is_full_give_the_caller_back() {
    let mut world = office();
    let (first, agent) = served(&mut world);
    keys(&mut world, agent, "*70701#");
    world.run(20);
    let (second, agent) = served(&mut world);
    sends(&mut world, agent, "701");
    assert_eq!(world.transfers[&agent].last(), Some(&TransferStage::Failed(Cause::Busy)));
    assert_eq!(world.legs[&second], Heard::Party(agent));
    keys(&mut world, agent, "*70#");
    world.run(20);
    assert_eq!(world.exchange.calls().filter(|call| call.slot.is_some()).count(), 2);
    let (third, agent) = served(&mut world);
    keys(&mut world, agent, "*70#");
    assert_eq!(world.legs[&third], Heard::Party(agent));
    assert_eq!(world.exchange.counters().slots_full, 1);
    for leg in [first, second, third] {
        world.gone(leg, Cause::Normal);
    }
    world.over();
}

#[test]
fn a_caller_parked_too_long_rings_the_parker_and_then_the_queue() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    keys(&mut world, agent, "*70#");
    world.run(59);
    assert_eq!(rung(&world, "8001"), agent);
    world.habits.insert("8001".into(), Ignores);
    world.run(1);
    assert_ne!(rung(&world, "8001"), agent, "the parker is rung");
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.run(20);
    assert_eq!(world.exchange.counters().parked_too_long, 1);
    let told = world.told();
    assert!(told.contains(&"queued desk".to_owned()), "{told:?}");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_colleague_who_is_parked_too_long_is_not_dropped_either() {
    let mut world = office();
    let (caller, party) = talk(&mut world, "8001", "8002");
    world.event(party, LegEvent::Held);
    world.dial("8002", "*70");
    world.run(1);
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.tell(Input::Phone { phone: "8002".into(), up: false });
    world.run(65);
    assert!(world.legs.contains_key(&caller));
    assert_ne!(world.exchange.calls().next().unwrap().state, "parked");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_parked_caller_who_hangs_up_frees_the_slot() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    keys(&mut world, agent, "*70#");
    world.run(5);
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!(lamp(&world, "701"), Lamp::Idle);
    assert!(world.told().contains(&"unparked 701".to_owned()));
    world.over();
}
