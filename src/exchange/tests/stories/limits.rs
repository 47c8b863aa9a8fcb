//! Each maximum, what happens at it, and its counter.

use crate::site::{site, with};
use crate::world::{Habit::*, World};
use exchange::{Input, SERVICE_TIME_MAX, SERVICES_MAX};
use model::{Cause, Fact, LegEvent, Order, RecordingId};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_call_beyond_calls_max_is_refused_with_congestion() {
    let mut world = World::new(with(|site| site.limits.calls_max = 1));
    let caller = world.call_desk();
    world.told();
    let refused = world.call("13900000001");
    assert_eq!(world.told(), ["call 2 arrived", "refused congestion", "ended by box, congestion"]);
    let refuse = Order::Refuse { leg: refused, cause: Cause::Congestion };
    assert_eq!(world.orders.last(), Some(&refuse));
    assert_eq!(world.exchange.counters().calls_refused, 1);
    world.gone(caller, Cause::Normal);
    world.run(1);
    let caller = world.call("13900000002");
    world.run(1);
    assert_eq!(world.exchange.calls().count(), 1);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_talk_beyond_the_longest_call_is_told_goodbye_on_both_sides_and_ends() {
    let mut world = World::new(with(|site| site.limits.call = Duration::from_secs(600)));
    world.agent("8001", AnswersAfter(2));
    let caller = world.call_desk();
    world.run(599);
    let agent = world.rung[&"8001".into()];
    world.told();
    assert_eq!(world.hears(caller), Vec::<&str>::new());
    world.now = world.now + Duration::from_millis(20);
    world.run(0);
    assert_eq!(world.hears(caller), ["ivr.goodbye"]);
    assert_eq!(world.hears(agent), ["ivr.goodbye"]);
    world.run(2);
    assert_eq!(
        world.told(),
        ["recorded 1", "released 8001", "8001 wrap-up", "visit 1 over", "ended by box, normal"]
    );
    assert_eq!(world.exchange.counters().calls_too_long, 1);
    world.over();
}

#[test]
fn a_waiting_caller_beyond_the_longest_call_is_told_goodbye() {
    let mut world = World::new(with(|site| site.limits.call = Duration::from_secs(600)));
    world.agent("8001", Ignores);
    let caller = world.call_desk();
    world.run(600);
    assert_eq!(world.hears(caller), ["ivr.goodbye"]);
    assert!(world.told().contains(&"abandoned desk".to_owned()));
    world.over();
}

#[test]
fn a_recording_continues_in_the_next_part_without_a_gap() {
    let mut world = World::new(with(|site| site.limits.recording = Duration::from_secs(60)));
    let caller = world.call("13900000000");
    world.run(2);
    world.press(caller, '1');
    world.told();
    world.run(120);
    assert_eq!(world.told(), ["recorded 1", "recording 2", "recorded 2", "recording 3"]);
    let parts: Vec<_> = world
        .orders
        .iter()
        .filter_map(|order| match order {
            Order::Record { recording, .. } => Some(("record", recording.part)),
            Order::StopRecord { recording } => Some(("stop", recording.part)),
            _ => None,
        })
        .collect();
    assert_eq!(parts, [("record", 1), ("stop", 1), ("record", 2), ("stop", 2), ("record", 3)]);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_recording_that_failed_is_taken_up_in_the_next_part_and_an_old_one_never() {
    let mut world = World::new(with(|_| ()));
    let caller = world.call("13900000000");
    world.run(2);
    world.press(caller, '1');
    world.told();
    let first = *world.recorded.first().unwrap();
    world.tell(Input::RecordAnew { recording: first });
    assert_eq!(world.told(), ["recorded 1", "recording 2"]);
    world.tell(Input::RecordAnew { recording: first });
    assert_eq!(world.told(), [""; 0], "that part is over");
    world.gone(caller, Cause::Normal);
    let last = RecordingId { part: 2, ..first };
    world.tell(Input::RecordAnew { recording: last });
    world.over();
}

#[test]
fn no_part_of_a_recording_begins_on_a_leg_that_was_hung_up() {
    let mut world = World::new(with(|site| site.limits.recording = Duration::from_secs(60)));
    let caller = world.call("13900000000");
    world.run(2);
    world.press(caller, '3');
    world.deaf = true;
    world.run(100);
    assert_eq!(world.orders.iter().filter(|o| matches!(o, Order::Record { .. })).count(), 1);
    assert!(world.recorded.is_empty() && world.exchange.is_idle());
}

#[test]
fn a_leg_of_which_no_end_comes_is_given_up_after_40_s() {
    let mut world = World::new(Arc::new(site()));
    world.agent("8001", AnswersAfter(1));
    let caller = world.call_desk();
    world.run(2);
    world.deaf = true;
    world.gone(caller, Cause::Normal);
    world.run(39);
    assert_eq!(world.exchange.calls().next().unwrap().state, "ending");
    world.run(2);
    assert_eq!(world.exchange.calls().count(), 0);
    assert_eq!(world.exchange.counters().legs_lost, 1);
    let explained = |fact: &Fact| matches!(fact, Fact::RecordingMissed { ms: 40_000, .. });
    assert!(world.facts.iter().any(|(_, fact)| explained(fact)));
    assert!(world.exchange.is_idle());
}

#[test]
fn a_leg_that_is_never_answered_is_given_up() {
    let mut world = World::new(Arc::new(site()));
    let leg = world.call("13900000000");
    world.legs.remove(&leg);
    world.deaf = true;
    world.run(81);
    assert_eq!(world.told().last().unwrap(), "ended by box, failure");
    assert!(world.exchange.is_idle());
}

#[test]
fn two_full_queues_that_overflow_into_each_other_end_in_a_goodbye() {
    let mut world = World::new(with(|site| {
        let small = site.queues.get_mut(&"small".into()).unwrap();
        small.waiting_max = 0;
        let overflow = small.overflow.clone().unwrap();
        let desk = site.queues.get_mut(&"desk".into()).unwrap();
        desk.waiting_max = 0;
        desk.overflow = Some(model::site::Overflow { to: "to-small".into(), ..overflow });
    }));
    let caller = world.call_desk();
    assert_eq!(world.hears(caller), ["ivr.goodbye"]);
    assert_eq!(world.exchange.counters().visits_exhausted, 1);
    world.over();
    assert_eq!(world.told().last().unwrap(), "ended by box, normal");
}

#[test]
fn service_legs_beyond_their_number_are_refused_and_stale_ones_hung_up() {
    let mut world = World::new(Arc::new(site()));
    let legs: Vec<_> = (0..=SERVICES_MAX).map(|_| world.dial("8001", "*11")).collect();
    let refuse = Order::Refuse { leg: legs[SERVICES_MAX], cause: Cause::Congestion };
    assert_eq!(world.orders.last(), Some(&refuse));
    assert_eq!(world.exchange.counters().services_refused, 1);
    world.over();
}

#[test]
fn a_service_leg_that_is_never_answered_or_never_gone_is_given_up() {
    let mut world = World::new(Arc::new(site()));
    let leg = world.dial("8001", "*11");
    world.legs.remove(&leg);
    world.deaf = true;
    world.run(SERVICE_TIME_MAX.as_secs());
    assert!(world.orders.contains(&Order::HangUp { leg, cause: Cause::Normal }));
    world.run(SERVICE_TIME_MAX.as_secs());
    assert!(world.exchange.is_idle());
    world.event(leg, LegEvent::Answered);
    assert_eq!(world.exchange.counters().events_ignored, 1);
}
