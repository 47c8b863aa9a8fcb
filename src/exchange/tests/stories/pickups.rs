//! Calls of other phones that are picked up, by code, by lamp, and in place of a leg.

use crate::desks::{office, rung, talk};
use crate::site::with;
use crate::transfers::{sends, served};
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::{Cause, LegEvent, LegId, Order, TransferStage, Via};

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
fn a_phone_that_rings_by_a_transfer_is_picked_up_and_the_sender_is_out() {
    for code in ["*8", "*88002"] {
        let mut world = office();
        let (caller, agent) = served(&mut world);
        world.habits.insert("8002".into(), Ignores);
        sends(&mut world, agent, "8002");
        world.run(1);
        let rings = rung(&world, "8002");
        let picks = world.dial("8003", code);
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(picks));
        assert!(!world.legs.contains_key(&rings) && !world.legs.contains_key(&agent));
        assert_eq!(world.transfers[&agent].last(), Some(&TransferStage::Done));
        let told = world.told();
        assert!(told.contains(&"picked up by 8003".to_owned()), "{told:?}");
        assert!(told.contains(&"sent by 8001".to_owned()), "{told:?}");
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn a_phone_that_rings_by_a_consultation_is_picked_up_and_asked_in_its_place() {
    for code in ["*8", "*88002"] {
        let mut world = office();
        let (caller, agent) = served(&mut world);
        world.habits.insert("8002".into(), Ignores);
        "*68002#".chars().for_each(|key| world.press(agent, key));
        world.run(1);
        let rings = rung(&world, "8002");
        let picks = world.dial("8003", code);
        world.run(1);
        assert_eq!(world.legs[&agent], Heard::Party(picks));
        assert_eq!(world.hears(caller), ["music.hold"]);
        assert!(!world.legs.contains_key(&rings));
        world.gone(agent, Cause::Normal);
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(picks), "handed over like any");
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn a_picker_whose_call_is_just_told_that_nobody_comes_is_let_go_and_the_box_drains() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(1);
    let rings = rung(&world, "8002");
    let picks = world.dial("8003", "*8");
    world.gone(rings, Cause::Declined);
    world.gone(caller, Cause::Cancelled);
    assert!(world.orders.contains(&Order::HangUp { leg: picks, cause: Cause::Cancelled }));
    world.tell(Input::Drain);
    world.run(60);
    assert!(world.drained);
    world.over();
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

/// An office whose phones 8001 and 8002 are of one group, and 8003 of another.
fn grouped(change: impl FnOnce(&mut model::site::Site)) -> World {
    let site = with(|site| {
        for (agent, group) in [("8001", "front"), ("8002", "front"), ("8003", "back")] {
            let agent = site.agents.get_mut(&agent.into()).unwrap();
            agent.rights.pick_up_group = Some(group.to_owned());
        }
        // Said of the phones too: nobody is logged in at some.
        for (phone, group) in [("8001", "front"), ("8002", "front"), ("8003", "back")] {
            let mut own = model::site::Phone::with_password(model::Secret::new("secret"));
            own.pick_up_group = Some(group.to_owned());
            own.role = Some("desk".into());
            site.phones.insert(phone.into(), own);
        }
        change(site);
    });
    let mut world = World::new(site);
    for phone in ["8001", "8002", "8003"] {
        world.habits.insert(phone.into(), Ignores);
        world.tell(Input::Phone { phone: phone.into(), up: true });
    }
    world
}

#[test]
fn the_code_alone_takes_the_longest_ringing_of_the_own_group_and_no_other() {
    let mut world = grouped(|_| {});
    let elsewhere = world.dial("8001", "8003");
    world.run(3);
    let picks = world.dial("8002", "*8");
    world.run(1);
    assert_eq!(world.hears(picks), ["phone.nothing-rings"], "8003 is of another group");
    world.run(5);
    let mine = world.call_desk();
    world.agent("8001", Ignores);
    world.gone(elsewhere, Cause::Cancelled);
    world.run(1);
    world.dial("8002", "*11");
    world.run(5);
    world.dial("8002", "*141");
    world.run(5);
    let picks = world.dial("8002", "*8");
    world.run(1);
    assert_eq!(world.legs[&mine], Heard::Party(picks));
    world.gone(mine, Cause::Normal);
    world.over();
}

#[test]
fn a_number_of_another_group_is_picked_up_by_a_role_that_reaches_further_alone() {
    for anywhere in [false, true] {
        let mut world = grouped(|site| {
            let role = model::site::Role { picks_up_anywhere: anywhere, ..Default::default() };
            site.roles.insert("desk".into(), role);
        });
        let caller = world.dial("8001", "8003");
        world.run(1);
        let rings = rung(&world, "8003");
        let lamp = in_place(&mut world, "8002", rings);
        world.run(1);
        if anywhere {
            assert_eq!(world.legs[&caller], Heard::Party(lamp));
        } else {
            assert!(!world.legs.contains_key(&lamp), "a lamp is no way round the groups");
            let picks = world.dial("8002", "*88003");
            world.run(1);
            assert_eq!(world.hears(picks), ["phone.other-group"]);
        }
        world.gone(caller, Cause::Normal);
        world.over();
    }
}
