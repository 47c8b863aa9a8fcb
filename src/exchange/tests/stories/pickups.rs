//! Calls of other phones that are picked up, by code, by lamp, and in place of a leg.

use crate::desks::{office, rung, talk};
use crate::world::{Habit::*, Heard, World};
use model::{Cause, LegEvent, LegId, Order, Via};

fn in_place(world: &mut World, phone: &str, old: LegId) -> LegId {
    let leg = LegId::inbound(500);
    world.legs.insert(leg, Heard::Silence);
    world.event(leg, LegEvent::ArrivedInPlace { via: Via::Phone(phone.into()), old });
    leg
}

#[test]
fn a_ringing_phone_is_picked_up_by_code_with_and_without_its_number() {
    for code in ["*8", "*88002"] {
        let mut world = office();
        world.habits.insert("8002".into(), Ignores);
        let caller = world.dial("8001", "8002");
        world.run(2);
        let rings = rung(&world, "8002");
        let picks = world.dial("8003", code);
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(picks));
        assert!(world.orders.contains(&Order::HangUp { leg: rings, cause: Cause::Cancelled }));
        assert!(world.told().contains(&"picked up by 8003".to_owned()));
        world.gone(picks, Cause::Normal);
        world.over();
    }
}

#[test]
fn nothing_rings_and_another_number_rings_are_told_so() {
    let mut world = office();
    let nothing = world.dial("8003", "*8");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    assert_eq!(world.hears(nothing), ["phone.nothing-rings"]);
    world.run(5);
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(1);
    let other = world.dial("8003", "*88001");
    world.run(1);
    assert_eq!(world.hears(other), ["phone.nothing-rings"]);
    world.gone(caller, Cause::Cancelled);
    world.over();
}

#[test]
fn an_agent_picks_up_a_queues_call_and_it_is_answered_for_the_queue() {
    let mut world = office();
    world.agent("8001", Ignores);
    world.agent("8002", Ignores);
    world.dial("8002", "*141");
    world.run(5);
    let caller = world.call_desk();
    world.told();
    let picks = world.dial("8002", "*88001");
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(picks));
    let told = world.told();
    let words: Vec<&str> = told.iter().map(String::as_str).collect();
    assert_eq!(
        words,
        [
            "picked up by 8002",
            "failed 8001, cancelled",
            "connected 8002",
            "8002 talking",
            "8001 ready"
        ]
    );
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert!(world.told().contains(&"8002 wrap-up".to_owned()), "the queue's rest");
    world.over();
}

#[test]
fn a_phone_nobody_is_logged_in_at_does_not_take_a_queues_call() {
    let mut world = office();
    world.agent("8001", Ignores);
    let caller = world.call_desk();
    world.dial("8002", "*8");
    world.run(2);
    assert_eq!(world.exchange.calls().next().unwrap().state, "offered");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_leg_in_place_of_a_ringing_one_has_the_call() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(1);
    let rings = rung(&world, "8002");
    let leg = in_place(&mut world, "8003", rings);
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(leg));
    assert!(!world.legs.contains_key(&rings));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_leg_in_place_of_another_of_the_same_phone_takes_the_talk_over() {
    let mut world = office();
    let (caller, party) = talk(&mut world, "8001", "8002");
    let other = in_place(&mut world, "8003", party);
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(party), "nobody takes a stranger's talk");
    assert!(!world.legs.contains_key(&other));
    let leg = in_place(&mut world, "8002", party);
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(leg));
    let leg = {
        world.legs.insert(LegId::inbound(501), Heard::Silence);
        let via = Via::Phone("8001".into());
        world.event(LegId::inbound(501), LegEvent::ArrivedInPlace { via, old: caller });
        world.run(1);
        assert_eq!(world.legs[&leg], Heard::Party(LegId::inbound(501)));
        leg
    };
    world.gone(leg, Cause::Normal);
    world.over();
}

#[test]
fn a_picker_who_hangs_up_at_once_and_a_caller_who_does_leave_nothing() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(1);
    let picks = world.dial("8003", "*8");
    world.gone(picks, Cause::Cancelled);
    world.run(1);
    assert_eq!(world.exchange.calls().next().unwrap().state, "calling");
    let picks = world.dial("8003", "*8");
    world.gone(caller, Cause::Cancelled);
    world.run(1);
    assert!(!world.legs.contains_key(&picks));
    world.over();
}
