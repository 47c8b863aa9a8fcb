//! Feature codes from desk phones, and phones that come and go.

use crate::site::site;
use crate::world::{Habit::*, World};
use model::fact::AgentState;
use model::{Cause, Fact};
use std::sync::Arc;

fn world() -> World {
    World::new(Arc::new(site()))
}

#[test]
fn a_feature_code_is_answered_confirmed_and_hung_up_and_is_no_call() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    assert_eq!(world.told(), ["8001 ready"]);
    let leg = world.dial("8001", "*142");
    world.run(0);
    assert_eq!(world.exchange.calls().count(), 0);
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    assert!(!world.hears(leg).is_empty());
    world.run(5);
    assert!(!world.legs.contains_key(&leg));
    assert_eq!(world.told(), ["8001 not-ready"]);
    assert!(!world.facts.iter().any(|(_, fact)| matches!(fact, Fact::CallArrived { .. })));
    world.over();
}

#[test]
fn an_unknown_number_from_a_phone_is_told_so() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    world.told();
    let leg = world.dial("8001", "*99");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    assert_eq!(world.hears(leg), ["agent.unknown-code"]);
    world.run(5);
    assert!(!world.legs.contains_key(&leg));
    assert_eq!(world.told(), Vec::<String>::new());
    // What may be a number is a call, which comes to nothing, and is told so before an answer.
    let leg = world.dial("8001", "99");
    assert_eq!(world.hears(leg), ["call.unknown-number"]);
    world.run(5);
    assert!(!world.legs.contains_key(&leg));
    let told = world.told();
    assert_eq!(told[0], "call 1 arrived");
    assert_eq!(told.last().unwrap(), "ended by box, not-found");
    assert!(!told.contains(&"answered".to_owned()));
    world.over();
}

#[test]
fn an_agent_is_not_rung_while_the_phone_still_says_a_confirmation() {
    let mut world = world();
    let caller = world.call_desk();
    world.habits.insert("8001".into(), AnswersAfter(1));
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: true });
    let leg = world.dial("8001", "*11");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    assert!(world.told().contains(&"8001 ready".to_owned()));
    assert!(!world.rung.contains_key(&"8001".into()), "rung while the phone is busy with us");
    world.gone(leg, Cause::Normal);
    assert!(world.rung.contains_key(&"8001".into()), "rung when it is free");
    world.run(2);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_ready_agent_who_dials_a_code_is_not_rung_meanwhile() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    let leg = world.dial("8001", "*13");
    let caller = world.call_desk();
    assert!(!world.rung.contains_key(&"8001".into()), "rung while the phone is busy with us");
    world.run(5);
    assert!(!world.legs.contains_key(&leg));
    assert!(world.rung.contains_key(&"8001".into()), "rung when it is free");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn an_agent_who_logs_out_before_the_confirmation_is_over_is_not_rung_after_it() {
    let mut world = world();
    let caller = world.call_desk();
    world.habits.insert("8001".into(), AnswersAfter(1));
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: true });
    let first = world.dial("8001", "*11");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    world.dial("8001", "*12");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    world.gone(first, Cause::Normal);
    world.run(5);
    assert!(!world.rung.contains_key(&"8001".into()));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_phone_that_hangs_up_before_its_confirmation_leaves_nothing() {
    let mut world = world();
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: true });
    let before = world.dial("8001", "*11");
    world.gone(before, Cause::Cancelled);
    let during = world.dial("8001", "*11");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    world.gone(during, Cause::Normal);
    assert_eq!(world.told(), ["8001 ready"]);
    world.over();
}

#[test]
fn an_agent_whose_phone_is_gone_is_offered_nothing_until_it_is_back() {
    let mut world = world();
    world.agent("8001", AnswersAfter(1));
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: false });
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: false });
    let view = world.exchange.agents().next().unwrap();
    assert!(matches!(view.state, AgentState::NotReady { .. }) && !view.phone_up);
    let caller = world.call_desk();
    world.run(30);
    assert!(!world.rung.contains_key(&"8001".into()));
    world.tell(exchange::Input::Phone { phone: "8001".into(), up: true });
    world.run(2);
    assert!(world.rung.contains_key(&"8001".into()));
    world.gone(caller, Cause::Normal);
    world.over();
}
