//! A party asks another on the same leg, by keys: consultation, swap, completion.

use crate::desks::{office, rung};
use crate::transfers::served;
use crate::world::{Habit::*, Heard, World};
use model::{Cause, LegId};

fn keys(world: &mut World, leg: LegId, keys: &str) {
    keys.chars().for_each(|key| world.press(leg, key));
}

/// 8001 talks with 8002 while the caller waits.
fn consulting(world: &mut World) -> (LegId, LegId, LegId) {
    let (caller, agent) = served(world);
    keys(world, agent, "*68002#");
    assert_eq!(world.hears(caller), ["music.hold"]);
    assert_eq!(world.hears(agent), ["tone.ringback"]);
    world.run(3);
    let other = rung(world, "8002");
    assert_eq!(world.legs[&agent], Heard::Party(other));
    assert_eq!(world.hears(caller), ["music.hold"]);
    assert_eq!(world.exchange.calls().next().unwrap().state, "consulting");
    (caller, agent, other)
}

#[test]
fn an_agent_asks_a_colleague_swaps_and_hands_the_caller_over() {
    let mut world = office();
    let (caller, agent, other) = consulting(&mut world);
    keys(&mut world, agent, "*4");
    assert_eq!(world.legs[&agent], Heard::Party(caller));
    assert_eq!(world.hears(other), ["music.hold"]);
    keys(&mut world, agent, "*4");
    assert_eq!(world.legs[&agent], Heard::Party(other));
    keys(&mut world, agent, "*5");
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(other));
    assert!(!world.legs.contains_key(&agent));
    let told = world.told();
    assert!(told.contains(&"visit 2".to_owned()) && told.contains(&"8001 wrap-up".to_owned()));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn an_agent_who_hangs_up_amid_a_consultation_hands_the_caller_over() {
    let mut world = office();
    let (caller, agent, other) = consulting(&mut world);
    world.gone(agent, Cause::Normal);
    assert_eq!(world.legs[&caller], Heard::Party(other));
    world.gone(other, Cause::Normal);
    world.over();
}

#[test]
fn a_colleague_who_hangs_up_or_does_not_come_gives_the_agent_the_caller_back() {
    let mut world = office();
    let (caller, agent, other) = consulting(&mut world);
    world.gone(other, Cause::Normal);
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    world.habits.insert("8003".into(), Refuses(Cause::Busy));
    keys(&mut world, agent, "*68003#");
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    keys(&mut world, agent, "*65550#");
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(agent), "a queue is nobody to ask");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_who_hangs_up_amid_a_consultation_leaves_the_two_talking_and_recorded() {
    let mut world = office();
    let (caller, agent, other) = consulting(&mut world);
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!(world.legs[&agent], Heard::Party(other));
    assert_eq!(world.recorded.len(), 1);
    world.gone(agent, Cause::Normal);
    world.over();
}

#[test]
fn an_agent_who_hands_over_while_the_colleagues_phone_rings_leaves_it_ringing() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    world.habits.insert("8002".into(), AnswersAfter(8));
    keys(&mut world, agent, "*68002#");
    world.run(1);
    world.gone(agent, Cause::Normal);
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.run(8);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8002")));
    world.gone(caller, Cause::Normal);
    world.over();
}
