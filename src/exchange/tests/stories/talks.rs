//! Offers, talks and how they end.

use crate::site::site;
use crate::world::{Habit::*, Heard, World};
use model::{Cause, Fact, LegEvent, Order};
use std::sync::Arc;

fn world() -> World {
    World::new(Arc::new(site()))
}

/// A caller who talks with 8001, and the agent's leg.
fn talk(world: &mut World) -> (model::LegId, model::LegId) {
    world.agent("8001", AnswersAfter(2));
    let caller = world.call_desk();
    world.run(3);
    let agent = world.rung[&"8001".into()];
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    assert_eq!(world.legs[&agent], Heard::Party(caller));
    world.told();
    (caller, agent)
}

#[test]
fn an_agent_who_hangs_up_first_ends_the_callers_leg_too() {
    let mut world = world();
    let (caller, agent) = talk(&mut world);
    world.run(60);
    world.gone(agent, Cause::Normal);
    assert_eq!(world.orders.last(), Some(&Order::HangUp { leg: caller, cause: Cause::Normal }));
    world.run(1);
    assert_eq!(
        world.told(),
        ["released 8001", "8001 wrap-up", "recorded 1", "visit 1 over", "ended by agent, normal"]
    );
    world.over();
}

#[test]
fn a_caller_who_hangs_up_ends_the_agents_leg_before_the_phone_is_rung_again() {
    let mut world = world();
    let (caller, agent) = talk(&mut world);
    let next = world.call_desk();
    world.run(1);
    world.orders.clear();
    world.gone(caller, Cause::Normal);
    world.run(12);
    let hung_up = Order::HangUp { leg: agent, cause: Cause::Normal };
    let hung_up = world.orders.iter().position(|order| *order == hung_up).unwrap();
    let rung = world.orders.iter().position(|order| matches!(order, Order::Ring { .. }));
    assert!(hung_up < rung.unwrap());
    world.gone(next, Cause::Normal);
    world.over();
}

#[test]
fn talk_time_recording_and_fact_times_agree_to_the_millisecond() {
    let mut world = world();
    world.agent("8001", AnswersAfter(2));
    let caller = world.call_desk();
    world.run(100);
    world.now = world.now + std::time::Duration::from_micros(777);
    world.gone(caller, Cause::Normal);
    let at = |wanted: &dyn Fn(&Fact) -> bool| {
        world.facts.iter().find(|(_, fact)| wanted(fact)).map(|(at, _)| *at).unwrap()
    };
    let connected = at(&|fact| matches!(fact, Fact::Connected { .. }));
    let released = at(&|fact| matches!(fact, Fact::Released { .. }));
    let answered = at(&|fact| matches!(fact, Fact::RecordingStarted { .. }));
    for (_, fact) in &world.facts {
        match fact {
            Fact::Released { talked_ms, .. } => {
                assert_eq!(*talked_ms, released.ms_since(connected));
            }
            Fact::RecordingEnded { ms, .. } => assert_eq!(*ms, released.ms_since(answered)),
            _ => {}
        }
    }
    world.over();
}

#[test]
fn a_caller_on_hold_hears_music_and_then_the_agent_again() {
    let mut world = world();
    let (caller, agent) = talk(&mut world);
    world.event(agent, LegEvent::Held);
    world.event(agent, LegEvent::Held);
    assert_eq!(world.hears(caller), ["music.hold"]);
    assert_eq!(world.exchange.calls().next().unwrap().state, "held");
    world.run(30);
    world.event(agent, LegEvent::Resumed);
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    assert_eq!(world.told(), ["held", "resumed"]);
    world.event(agent, LegEvent::Held);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_whose_agents_phone_falls_silent_is_not_dropped_and_is_next() {
    let mut world = world();
    let (caller, agent) = talk(&mut world);
    let waits = world.call_desk();
    world.run(30);
    world.told();
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: false });
    world.gone(agent, Cause::Vanished);
    assert_eq!(
        world.told(),
        [
            "released 8001",
            "8001 wrap-up",
            "visit 1 over",
            "visit 2",
            "visit 2 over",
            "visit 3",
            "queued desk"
        ]
    );
    assert_ne!(world.hears(caller), Vec::<&str>::new(), "the caller hears something");
    world.agent("8002", AnswersAfter(2));
    world.run(3);
    let agent = world.rung[&"8002".into()];
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    assert_eq!(world.exchange.counters().reconnected, 1);
    world.gone(caller, Cause::Normal);
    world.gone(waits, Cause::Normal);
    world.over();
}

#[test]
fn a_phone_that_falls_silent_is_rung_once_more_for_its_caller_who_is_held_meanwhile() {
    let mut world = world();
    let (caller, agent) = talk(&mut world);
    world.gone(agent, Cause::Vanished);
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.run(3);
    let again = world.rung[&"8001".into()];
    assert_ne!(again, agent);
    assert_eq!(world.legs[&caller], Heard::Party(again));
    assert_eq!(
        world.told(),
        [
            "released 8001",
            "8001 wrap-up",
            "visit 1 over",
            "visit 2",
            "called 8001",
            "reached 8001",
            "8001 talking"
        ]
    );
    world.habits.insert("8001".into(), Ignores);
    world.gone(again, Cause::Vanished);
    world.run(20);
    let told = world.told();
    assert!(told.contains(&"in vain 8001, no-answer".to_owned()), "{told:?}");
    assert!(told.contains(&"queued desk".to_owned()), "first in line: {told:?}");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_phone_that_refuses_leaves_the_call_to_the_next_agent() {
    let mut world = world();
    world.agent("8001", Refuses(Cause::Busy));
    world.agent("8002", AnswersAfter(2));
    world.told();
    let caller = world.call_desk();
    world.run(5);
    let told = world.told();
    let offers = |word: &&String| word.contains("offered") || word.contains("failed");
    let offers: Vec<_> = told.iter().filter(offers).collect();
    assert_eq!(offers, ["offered 8001", "failed 8001, busy", "offered 8002"]);
    assert_eq!(told.last().unwrap(), "8002 talking");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_phone_that_nobody_answers_is_stopped_and_the_next_one_rung() {
    let mut world = world();
    world.agent("8001", Ignores);
    world.agent("8002", AnswersAfter(2));
    let caller = world.call_desk();
    let first = world.rung[&"8001".into()];
    world.run(25);
    assert!(world.orders.contains(&Order::HangUp { leg: first, cause: Cause::NoAnswer }));
    let second = world.rung[&"8002".into()];
    assert_eq!(world.legs[&caller], Heard::Party(second));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_who_is_gone_while_a_phone_rings_stops_the_phone_and_frees_the_agent() {
    let mut world = world();
    world.agent("8001", Ignores);
    let caller = world.call_desk();
    world.told();
    let rung = world.rung[&"8001".into()];
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert!(world.orders.contains(&Order::HangUp { leg: rung, cause: Cause::Cancelled }));
    assert_eq!(
        world.told(),
        [
            "recorded 1",
            "failed 8001, cancelled",
            "abandoned desk",
            "8001 ready",
            "visit 1 over",
            "ended by caller, normal"
        ]
    );
    world.over();
}

#[test]
fn an_answer_that_crosses_the_end_of_the_ring_time_connects_nobody() {
    let mut world = world();
    world.agent("8001", Ignores);
    let caller = world.call_desk();
    let rung = world.rung[&"8001".into()];
    let stopped = Order::HangUp { leg: rung, cause: Cause::NoAnswer };
    while !world.orders.contains(&stopped) {
        world.now = world.now + std::time::Duration::from_millis(1);
        world.run(0);
    }
    world.told();
    world.event(rung, LegEvent::Answered);
    assert_eq!(world.told(), Vec::<String>::new());
    assert!(!matches!(world.legs[&caller], Heard::Party(_)));
    world.gone(caller, Cause::Normal);
    world.over();
}
