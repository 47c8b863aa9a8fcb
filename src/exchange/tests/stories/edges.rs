//! Draining, another site, events that come twice or late, and the same again from the same seed.

use crate::site::{site, with};
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::{Cause, LegEvent, LegId, Number, Order, PersonName, Via};
use std::sync::Arc;

fn world() -> World {
    World::new(Arc::new(site()))
}

#[test]
fn a_draining_box_refuses_new_calls_tells_who_waits_and_lets_who_talks_finish() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let talks = world.call_desk();
    world.run(2);
    let waits = world.call_desk();
    let menu = world.call("13900000001");
    world.run(1);
    let answering = world.call("13900000002");
    world.told();
    world.tell(Input::Drain);
    assert_eq!(world.hears(waits), ["system.draining"]);
    assert_eq!(world.hears(menu), ["system.draining"]);
    let refused = world.call("13900000003");
    let refuse = Order::Refuse { leg: refused, cause: Cause::Congestion };
    assert_eq!(world.orders.last(), Some(&refuse));
    world.run(60);
    assert!(!world.legs.contains_key(&answering));
    assert_eq!(world.legs.len(), 2, "caller and agent talk on");
    assert!(!world.drained);
    world.gone(talks, Cause::Normal);
    world.run(1);
    assert!(world.drained);
    world.over();
}

#[test]
fn a_talk_longer_than_ten_minutes_of_draining_is_told_and_ended() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let talks = world.call_desk();
    world.run(2);
    world.tell(Input::Drain);
    world.run(599);
    assert!(world.hears(talks).is_empty());
    world.run(1);
    assert_eq!(world.hears(talks), ["system.draining"]);
    world.run(2);
    assert!(world.drained);
    assert_eq!(world.told().last().unwrap(), "ended by box, congestion");
    world.over();
}

#[test]
fn an_idle_box_is_drained_at_once() {
    let mut world = world();
    world.tell(Input::Drain);
    assert!(world.drained);
    let leg = world.dial("8001", "*11");
    let refuse = Order::Refuse { leg, cause: Cause::Congestion };
    assert_eq!(world.orders.last(), Some(&refuse));
    world.over();
}

#[test]
fn another_site_holds_for_new_calls_while_a_live_one_keeps_its_flow() {
    let mut world = world();
    let old = world.call("13900000000");
    world.run(2);
    let next = with(|site| {
        let main = site.ports[&"fxo-1".into()].entry.default.clone();
        let node = site.flow.nodes.remove(&main).unwrap();
        site.flow.nodes.insert("new-main".into(), node);
        site.ports.get_mut(&"fxo-1".into()).unwrap().entry.default = "new-main".into();
        site.limits.calls_max = 2;
    });
    world.tell(Input::Site(next));
    world.told();
    let new = world.call("13900000001");
    world.run(1);
    assert!(world.told().contains(&"menu new-main".to_owned()));
    world.press(old, '1');
    assert_eq!(world.told(), ["left main by 1", "queued desk"]);
    world.call("13900000002");
    assert!(world.told().contains(&"refused congestion".to_owned()));
    world.gone(old, Cause::Normal);
    world.gone(new, Cause::Normal);
    world.over();
}

/// A site whose queue `desk` has another name.
fn renamed() -> Arc<model::site::Site> {
    with(|site| {
        let desk = site.queues.remove(&"desk".into()).unwrap();
        site.queues.insert("front".into(), desk);
        for node in ["to-desk", "to-complaints"] {
            let complaint = node == "to-complaints";
            let node_of = model::site::Node::Queue { queue: "front".into(), complaint };
            site.flow.nodes.insert(node.into(), node_of);
        }
    })
}

#[test]
fn a_caller_who_comes_to_a_queue_that_the_new_site_lost_reaches_an_agent() {
    let mut world = world();
    let removed = world.call("13900000000");
    let named_anew = world.call("13900000001");
    world.run(2);
    world.told();
    world.tell(Input::Site(with(|site| {
        site.queues.remove(&"small".into());
        site.flow.nodes.remove(&"to-small".into());
    })));
    world.press(removed, '4');
    world.run(1);
    let told = ["left main by 4", "visit 1 over", "visit 2", "queued desk"];
    assert_eq!(world.told(), told);
    world.gone(removed, Cause::Normal);
    world.run(1);
    world.told();
    world.tell(Input::Site(renamed()));
    world.press(named_anew, '2');
    let told = ["left main by 2", "visit 1 over", "visit 2", "queued front, complaint"];
    assert_eq!(world.told(), told);
    world.gone(named_anew, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_whose_agent_falls_silent_after_the_queue_was_renamed_reaches_another_agent() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let caller = world.call_desk();
    world.run(2);
    let agent = world.rung[&"8001".into()];
    world.tell(Input::Site(renamed()));
    world.tell(Input::Phone { phone: "8001".into(), up: false });
    world.told();
    world.gone(agent, Cause::Vanished);
    let told = world.told();
    assert!(told.contains(&"queued front".to_owned()), "{told:?}");
    world.agent("8002", AnswersAfter(1));
    world.run(2);
    assert_eq!(world.legs[&caller], Heard::Party(world.rung[&"8002".into()]));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn an_agent_the_new_site_lost_finishes_the_talk_and_is_logged_out() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let caller = world.call_desk();
    world.run(2);
    world.told();
    world.tell(Input::Site(with(|site| {
        site.agents.remove(&"8001".into());
    })));
    assert_eq!(world.told(), Vec::<String>::new());
    world.gone(caller, Cause::Normal);
    assert!(world.told().contains(&"8001 logged-out".to_owned()));
    world.over();
}

#[test]
fn events_that_come_twice_change_nothing() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let caller = world.call("13900000000");
    let (via, number) = (Via::Port("fxo-1".into()), Number::default());
    let again = LegEvent::Arrived {
        via,
        caller: number,
        name: PersonName::default(),
        dialled: String::new(),
        diverted: Default::default(),
    };
    world.event(caller, again);
    world.run(1);
    world.told();
    world.event(caller, LegEvent::Answered);
    assert_eq!(world.told(), Vec::<String>::new());
    world.press(caller, '1');
    world.run(2);
    world.told();
    world.event(caller, LegEvent::Answered);
    world.event(world.rung[&"8001".into()], LegEvent::Answered);
    assert_eq!(world.told(), Vec::<String>::new());
    world.gone(caller, Cause::Normal);
    world.event(caller, LegEvent::Gone(Cause::Normal));
    world.run(1);
    world.event(caller, LegEvent::Gone(Cause::Normal));
    let ends = world.told().iter().filter(|word| word.starts_with("ended")).count();
    assert_eq!(ends, 1);
    world.over();
}

#[test]
fn events_of_a_leg_nobody_knows_are_counted_and_ignored() {
    let mut world = world();
    let stranger = LegId::inbound(77);
    world.event(stranger, LegEvent::Answered);
    world.event(stranger, LegEvent::Held);
    world.event(LegId::outbound(77), LegEvent::Played(model::PlayId(1)));
    world.event(stranger, LegEvent::Gone(Cause::Normal));
    assert_eq!(world.exchange.counters().events_ignored, 3);
    assert_eq!(world.told(), Vec::<String>::new());
    world.over();
}

#[test]
fn a_call_by_a_line_the_site_does_not_have_is_refused() {
    let mut world = world();
    let leg = world.arrive(Via::Port("fxo-9".into()), "13900000000", "");
    let refuse = Order::Refuse { leg, cause: Cause::NotFound };
    assert_eq!(world.orders.last(), Some(&refuse));
    assert_eq!(world.exchange.counters().lines_unknown, 1);
    world.over();
}

#[test]
fn the_end_of_a_play_that_was_overtaken_reaches_nobody() {
    let mut world = world();
    let caller = world.call("13900000000");
    world.run(0);
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    let Some(Order::Play { play: first, .. }) = world.orders.last().cloned() else {
        panic!("the menu is said");
    };
    world.press(caller, '3');
    let said = world.hears(caller).len();
    world.event(caller, LegEvent::Played(first));
    assert_eq!(world.hears(caller).len(), said);
    assert_eq!(world.exchange.calls().next().unwrap().state, "menu");
    world.over();
}

#[test]
fn views_show_who_is_where() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let talks = world.call_desk();
    world.run(2);
    let waits = world.call_desk();
    world.run(9);
    let calls: Vec<_> = world.exchange.calls().collect();
    assert_eq!((calls[0].state, calls[1].state), ("talking", "waiting"));
    assert_eq!(calls[0].agent, Some("8001".into()));
    assert!(calls[0].recording.is_some());
    let queues: Vec<_> = world.exchange.queues(world.now).collect();
    let desk = queues.iter().find(|queue| queue.id == "desk".into()).unwrap();
    assert_eq!((desk.waiting, desk.offered, desk.agents_free), (1, 0, 0));
    assert_eq!(desk.longest_wait_ms / 1000, 9);
    let agent = world.exchange.agents().next().unwrap();
    assert_eq!((agent.state.key(), agent.call), ("talking", Some(calls[0].call)));
    world.gone(talks, Cause::Normal);
    world.gone(waits, Cause::Normal);
    world.over();
}

#[test]
fn the_same_day_twice_gives_the_same_facts() {
    let day = || {
        let mut world = world();
        world.agent("8001", AnswersAfter(2));
        for _ in 0..5 {
            let caller = world.call("13900000000");
            world.run(3);
            world.press(caller, '1');
            world.run(20);
            world.gone(caller, Cause::Normal);
        }
        world.over();
        (world.facts, world.orders)
    };
    assert_eq!(day(), day());
}
