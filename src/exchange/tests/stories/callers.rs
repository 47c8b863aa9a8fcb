//! From the line to the queue.

use crate::site::{VIP, site, with};
use crate::world::{Habit::*, World};
use exchange::Output;
use model::{Cause, Fact, Order, Via};
use std::sync::Arc;

#[test]
fn a_caller_who_presses_a_key_reaches_an_agent_and_all_of_it_is_told() {
    let mut world = World::new(Arc::new(site()));
    world.agent("8001", AnswersAfter(3));
    world.told();
    let caller = world.call("13900000000");
    world.run(2);
    world.press(caller, '1');
    world.run(10);
    world.gone(caller, Cause::Normal);
    world.run(11);
    assert_eq!(
        world.told(),
        [
            "call 1 arrived",
            "answered",
            "recording 1",
            "visit 1",
            "menu main",
            "left main by 1",
            "queued desk",
            "offered 8001",
            "8001 ringing",
            "connected 8001",
            "8001 talking",
            "recorded 1",
            "released 8001",
            "8001 wrap-up",
            "visit 1 over",
            "ended by caller, normal",
            "8001 ready",
        ]
    );
    world.over();
}

#[test]
fn a_caller_who_presses_nothing_reaches_an_agent_after_30_s() {
    let mut world = World::new(Arc::new(site()));
    world.agent("8001", AnswersAfter(1));
    world.told();
    let caller = world.call("13900000000");
    world.run(29);
    assert!(!world.told().contains(&"queued desk".to_owned()));
    world.run(5);
    let told = world.told();
    assert_eq!(told[..3], ["left main by silence", "queued desk", "offered 8001"]);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_who_hangs_up_before_the_answer_or_in_the_menu_ends_the_call() {
    let mut world = World::new(Arc::new(site()));
    let caller = world.call("13900000000");
    world.gone(caller, Cause::Cancelled);
    assert_eq!(world.told(), ["call 1 arrived", "ended by caller, cancelled"]);
    let caller = world.call("13900000000");
    world.run(1);
    world.told();
    world.gone(caller, Cause::Normal);
    assert_eq!(world.told(), ["recorded 1", "visit 1 over", "ended by caller, normal"]);
    world.over();
}

#[test]
fn a_caller_who_hangs_up_while_waiting_has_abandoned() {
    let mut world = World::new(Arc::new(site()));
    let caller = world.call_desk();
    world.run(30);
    world.told();
    world.gone(caller, Cause::Normal);
    assert_eq!(
        world.told(),
        ["recorded 1", "abandoned desk", "visit 1 over", "ended by caller, normal"]
    );
    world.over();
}

#[test]
fn the_number_dialled_chooses_the_node_the_caller_begins_at() {
    let mut world = World::new(Arc::new(site()));
    let caller = world.arrive(Via::Trunk("carrier".into()), "13900000000", "5550");
    world.run(1);
    assert!(world.told().contains(&"queued desk".to_owned()));
    world.gone(caller, Cause::Normal);
    let caller = world.arrive(Via::Trunk("carrier".into()), "13900000000", "5551");
    world.run(1);
    assert!(world.told().contains(&"menu main".to_owned()));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_complaint_goes_before_a_vip_and_a_vip_before_who_came_earlier() {
    let mut world = World::new(Arc::new(site()));
    let first = world.call_desk();
    let vip = world.call(VIP);
    world.run(1);
    world.press(vip, '1');
    let complaint = world.call("13900000009");
    world.run(1);
    world.press(complaint, '2');
    let told = world.told();
    assert!(told.contains(&"call 2 arrived, vip".to_owned()), "{told:?}");
    assert!(told.contains(&"queued desk, complaint".to_owned()), "{told:?}");
    world.agent("8001", AnswersAfter(1));
    for (leg, call) in [(complaint, 3), (vip, 2), (first, 1)] {
        world.run(15);
        let talks = world.exchange.calls().find(|call| call.state == "talking").unwrap();
        assert_eq!(talks.call.0, call);
        world.gone(leg, Cause::Normal);
    }
    world.over();
}

#[test]
fn a_flow_that_comes_to_its_end_says_goodbye_and_hangs_up() {
    let mut world = World::new(Arc::new(site()));
    let caller = world.call("13900000000");
    world.run(2);
    world.press(caller, '3');
    assert_eq!(world.hears(caller), ["ivr.goodbye"]);
    world.run(2);
    assert!(!world.legs.contains_key(&caller));
    assert_eq!(world.told().last().unwrap(), "ended by box, normal");
    world.over();
}

#[test]
fn a_caller_who_waited_too_long_begins_a_new_visit_elsewhere() {
    let mut world = World::new(Arc::new(site()));
    let caller = world.call("13900000000");
    world.run(2);
    world.press(caller, '4');
    world.told();
    world.run(61);
    assert_eq!(
        world.told(),
        ["overflowed small to to-desk", "visit 1 over", "visit 2", "queued desk"]
    );
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_who_finds_the_queue_full_goes_on_at_once() {
    let mut world = World::new(Arc::new(site()));
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let caller = world.call("13900000000");
            world.run(2);
            world.press(caller, '4');
            caller
        })
        .collect();
    assert!(world.told().ends_with(&[
        "queued small".into(),
        "overflowed small to to-desk".into(),
        "visit 1 over".into(),
        "visit 2".into(),
        "queued desk".into(),
    ]));
    callers.into_iter().for_each(|caller| world.gone(caller, Cause::Normal));
    world.over();
}

#[test]
fn a_caller_who_is_turned_away_by_a_full_queue_hears_it_and_is_hung_up() {
    let mut world = World::new(with(|site| {
        site.queues.get_mut(&"small".into()).unwrap().overflow = None;
    }));
    let waits = world.call("13900000000");
    world.run(2);
    world.press(waits, '4');
    let turned_away = world.call("13900000001");
    world.run(2);
    world.press(turned_away, '4');
    assert_eq!(world.hears(turned_away), ["queue.full"]);
    world.told();
    world.run(3);
    assert_eq!(world.told(), ["recorded 1", "visit 1 over", "ended by box, congestion"]);
    world.gone(waits, Cause::Normal);
    world.over();
}

#[test]
fn a_fact_stands_before_the_order_that_acknowledges_it() {
    let mut world = World::new(Arc::new(site()));
    world.agent("8001", AnswersAfter(1));
    let caller = world.call_desk();
    world.run(2);
    let place = |wanted: &dyn Fn(&Output) -> bool| world.said.iter().position(wanted).unwrap();
    let arrived = place(&|said| matches!(said, Output::Fact(_, Fact::CallArrived { .. })));
    let answer = Output::Order(Order::Answer { leg: caller });
    assert!(arrived < place(&|said| *said == answer));
    let connected = place(&|said| matches!(said, Output::Fact(_, Fact::Connected { .. })));
    let talking = place(&|said| match said {
        Output::Fact(_, Fact::AgentChanged { state, .. }) => state.key() == "talking",
        _ => false,
    });
    let bridge = place(&|said| matches!(said, Output::Order(Order::Bridge { .. })));
    assert!(connected < bridge && talking < bridge);
    world.gone(caller, Cause::Normal);
    world.over();
}
