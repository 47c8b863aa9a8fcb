//! Three who hear each other, and who stays when one leaves.

use crate::desks::{office, rung, talk};
use crate::transfers::served;
use crate::world::{Habit::*, Heard, World};
use model::{Cause, LegEvent, LegId, RoomId};

fn keys(world: &mut World, leg: LegId, keys: &str) {
    keys.chars().for_each(|key| world.press(leg, key));
}

fn room(world: &World, legs: &[LegId]) -> RoomId {
    let Heard::Room(room) = world.legs[&legs[0]] else { panic!("{:?}", world.legs) };
    for leg in legs {
        assert_eq!(world.legs[leg], Heard::Room(room));
    }
    assert_eq!(world.exchange.calls().next().unwrap().state, "conference");
    room
}

/// Caller, agent and colleague in a conference that began by a consultation.
fn conference(world: &mut World) -> [LegId; 3] {
    let (caller, agent) = served(world);
    keys(world, agent, "*68002#");
    world.run(3);
    let other = rung(world, "8002");
    keys(world, agent, "*3");
    room(world, &[caller, agent, other]);
    [caller, agent, other]
}

#[test]
fn whoever_leaves_a_conference_the_last_two_talk_and_are_recorded() {
    for leaves in 0..3 {
        let mut world = office();
        let mut legs = conference(&mut world).to_vec();
        let gone = legs.remove(leaves);
        world.run(10);
        assert_eq!(world.recorded.len(), 1);
        world.gone(gone, Cause::Normal);
        world.run(1);
        assert_eq!(world.legs[&legs[0]], Heard::Party(legs[1]), "{leaves} left");
        assert_eq!(world.recorded.len(), 1);
        assert_eq!(world.exchange.calls().next().unwrap().state, "talking");
        world.gone(legs[0], Cause::Normal);
        world.run(1);
        assert!(!world.legs.contains_key(&legs[1]));
        world.over();
    }
}

#[test]
fn a_phone_with_two_calls_makes_a_conference_of_them_and_stays_on_the_leg_that_asked() {
    for held_asks in [false, true] {
        let mut world = office();
        let (caller, agent) = served(&mut world);
        world.event(agent, LegEvent::Held);
        let (asks, asked) = talk(&mut world, "8001", "8002");
        let stays = if held_asks { agent } else { asks };
        keys(&mut world, stays, "*3");
        world.run(1);
        room(&world, &[caller, stays, asked]);
        assert_eq!(world.legs.len(), 3);
        assert_eq!(world.exchange.calls().count(), 1);
        assert_eq!(world.recorded.len(), 1);
        world.gone(stays, Cause::Normal);
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(asked));
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn a_phone_calls_the_conference_and_asks_its_two_calls_in() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    world.event(agent, LegEvent::Held);
    let host = world.dial("8001", "conference");
    world.run(1);
    assert_eq!(world.hears(host), ["music.hold"], "alone");
    world.event(agent, LegEvent::TransferAsked { to: "conference".into() });
    world.run(1);
    assert!(!world.legs.contains_key(&agent));
    assert!(matches!(world.legs[&caller], Heard::Room(_)));
    assert_eq!(world.legs[&caller], world.legs[&host]);
    let (asks, asked) = {
        let asks = world.dial("8001", "8002");
        world.run(3);
        (asks, rung(&world, "8002"))
    };
    world.event(host, LegEvent::JoinAsked { other: asks });
    world.run(1);
    room(&world, &[caller, host, asked]);
    assert_eq!(world.legs.len(), 3);
    world.gone(host, Cause::Normal);
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(asked));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_conference_of_one_ends_when_the_one_hangs_up() {
    let mut world = office();
    let host = world.dial("8001", "conference");
    world.run(30);
    world.gone(host, Cause::Normal);
    world.over();
}

#[test]
fn a_draining_box_lets_a_conference_finish_and_tells_it_after_ten_minutes() {
    let mut world = office();
    let legs = conference(&mut world);
    world.tell(exchange::Input::Drain);
    world.run(599);
    room(&world, &legs);
    world.run(1);
    for leg in legs {
        assert_eq!(world.hears(leg), ["system.draining"]);
    }
    world.run(3);
    assert!(world.drained);
    world.over();
}

#[test]
fn a_conference_that_nobody_but_agents_is_left_in_is_one_of_agents() {
    let mut world = office();
    let [caller, agent, other] = conference(&mut world);
    world.habits.insert("8003".into(), AnswersAfter(1));
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!(world.legs[&agent], Heard::Party(other));
    let told = world.told();
    assert!(told.contains(&"conference over".to_owned()), "{told:?}");
    world.gone(other, Cause::Normal);
    world.over();
}
