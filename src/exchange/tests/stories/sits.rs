//! Agents who sit down at other phones.

use crate::desks::{office, rung};
use crate::site::with;
use crate::world::{Habit::*, Heard, World, config};
use exchange::{Exchange, Input};
use model::fact::AgentState;
use model::feature::FeatureWish;
use model::time::Anchor;
use model::{Cause, LegId, Secret, WallTime};
use std::time::Duration;

fn with_pin() -> World {
    let mut world = office();
    world.tell(Input::Site(with(|site| {
        site.agents.get_mut(&"8003".into()).unwrap().rights.pin = Some(Secret::new("4711"));
    })));
    world
}

fn soon(world: &mut World) {
    world.now = world.now + Duration::from_millis(20);
    world.run(0);
}

#[test]
fn an_agent_sits_down_by_code_number_and_pin_and_is_rung_there() {
    let mut world = with_pin();
    world.dial("8001", "*11");
    world.run(5);
    world.told();
    let leg = world.dial("8001", "*108003*4711");
    soon(&mut world);
    assert_eq!(world.hears(leg), ["agent.logged-in"]);
    world.run(5);
    assert_eq!(world.told(), ["8001 logged-out", "8003 sits at 8001", "8003 ready"]);
    let caller = world.call_desk();
    world.run(3);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8001")));
    world.gone(caller, Cause::Normal);
    world.run(12);
    // Who dials the agent's number rings the phone where the agent sits.
    let colleague = world.dial("8002", "8003");
    world.run(3);
    assert_eq!(world.legs[&colleague], Heard::Party(rung(&world, "8001")));
    world.gone(colleague, Cause::Normal);
    world.run(1);
    world.dial("8001", "*12");
    world.run(5);
    world.dial("8001", "*11");
    world.run(5);
    assert!(world.told().contains(&"8001 ready".to_owned()), "the phone is its owner's again");
    world.over();
}

#[test]
fn what_is_not_dialled_is_asked_for() {
    let mut world = with_pin();
    let leg = world.dial("8001", "*10");
    soon(&mut world);
    assert_eq!(world.hears(leg), ["agent.enter-number"]);
    "8003#".chars().for_each(|key| world.press(leg, key));
    assert_eq!(world.hears(leg), ["agent.enter-pin"]);
    world.run(3);
    "4711#".chars().for_each(|key| world.press(leg, key));
    assert_eq!(world.hears(leg), ["agent.logged-in"]);
    world.run(5);
    assert!(world.told().contains(&"8003 sits at 8001".to_owned()));
    world.over();
}

#[test]
fn a_wrong_pin_and_an_agent_nobody_knows_sound_the_same_and_guessing_is_slowed() {
    let mut world = with_pin();
    for agent in ["8003", "9999"] {
        let leg = world.dial("8001", &format!("*10{agent}"));
        soon(&mut world);
        assert_eq!(world.hears(leg), ["agent.enter-pin"], "{agent}");
        "1111#".chars().for_each(|key| world.press(leg, key));
        assert_eq!(world.hears(leg), ["agent.wrong-pin"], "{agent}");
        world.run(5);
    }
    for _ in 0..2 {
        world.dial("8001", "*108003*1111");
        world.run(5);
    }
    let locks = |world: &World| {
        let facts = world.facts.iter();
        facts.filter(|(_, fact)| matches!(fact, model::Fact::PinsLocked { .. })).count()
    };
    assert_eq!(locks(&world), 1);
    let leg = world.dial("8001", "*108003*4711");
    soon(&mut world);
    assert_eq!(world.hears(leg), ["agent.wrong-pin"], "locked");
    world.run(61);
    let leg = world.dial("8001", "*108003*4711");
    soon(&mut world);
    assert_eq!(world.hears(leg), ["agent.logged-in"]);
    assert_eq!(world.exchange.counters().wrong_pins, 5);
    world.over();
}

#[test]
fn keys_of_a_phone_do_what_codes_do() {
    let mut world = office();
    let wish = |world: &mut World, wish| {
        world.tell(Input::Feature { phone: "8001".into(), wish });
        world.told()
    };
    let (agent, pin) = (Some("8002".into()), None);
    assert_eq!(
        wish(&mut world, FeatureWish::LogIn { agent, pin }),
        ["8002 sits at 8001", "8002 ready"]
    );
    let reason = "lunch".to_owned();
    assert_eq!(wish(&mut world, FeatureWish::NotReady { reason }), ["8002 not-ready"]);
    let shown = world.features[&"8001".into()].agent.clone().unwrap();
    assert_eq!(shown, ("8002".into(), AgentState::NotReady { reason: "lunch".into() }));
    assert_eq!(wish(&mut world, FeatureWish::Ready), ["8002 ready"]);
    assert_eq!(wish(&mut world, FeatureWish::LogOut), ["8002 logged-out"]);
    let login = FeatureWish::LogIn { agent: None, pin: None };
    assert_eq!(wish(&mut world, login), ["8001 ready"]);
    let caller = world.call_desk();
    world.run(3);
    world.told();
    assert_eq!(wish(&mut world, FeatureWish::WrapUp), Vec::<String>::new());
    world.gone(caller, Cause::Normal);
    world.run(60);
    assert_eq!(world.exchange.agents().next().unwrap().state.key(), "wrap-up", "until it is ended");
    wish(&mut world, FeatureWish::Ready);
    world.over();
}

#[test]
fn seats_and_settings_are_taken_up_after_a_restart() {
    let site = with(|_| {});
    let anchor = Anchor { at: model::Instant::START, wall: WallTime(1_800_000_000_000) };
    let mut config = config(site, anchor);
    config.agents = vec![("8003".into(), AgentState::Ready, anchor.wall)];
    config.seats = vec![("8003".into(), "8001".into())];
    let set = exchange::Setting { dnd: true, ..Default::default() };
    config.phones = vec![("8002".into(), set)];
    let mut exchange = Exchange::new(1, model::Instant::START, config);
    exchange.handle(model::Instant::START, Input::Phone { phone: "8001".into(), up: true });
    let agents: Vec<_> = exchange.agents().collect();
    assert!(agents[1].dnd);
    assert_eq!((agents[2].phone.as_str(), agents[2].state.key()), ("8001", "ready"));
    let _ = LegId::inbound(1);
}

#[test]
fn an_agent_on_a_call_does_not_sit_down_elsewhere_and_is_not_pushed_off_the_chair() {
    let mut world = office();
    world.agent("8001", AnswersAfter(1));
    let caller = world.call_desk();
    world.run(3);
    let leg = world.dial("8002", "*108001");
    soon(&mut world);
    assert_eq!(world.hears(leg), ["agent.on-a-call"]);
    world.run(5);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn guesses_at_an_agent_nobody_knows_and_by_a_phones_own_key_lock_like_any() {
    let mut world = with_pin();
    let locked = |world: &World, agent: &str| {
        world.facts.iter().any(|(_, fact)| {
            let lock = model::Fact::PinsLocked {
                agent: Some(agent.into()),
                phone: "8001".into(),
                seconds: 60,
            };
            *fact == lock
        })
    };
    for _ in 0..3 {
        world.dial("8001", "*109999*1111");
        world.run(5);
    }
    assert!(locked(&world, "9999"), "an agent nobody knows");
    for _ in 0..3 {
        world.tell(Input::WrongPin { phone: "8001".into(), agent: "8003".into() });
    }
    assert!(locked(&world, "8003"), "the hoteling key of a phone");
    world.over();
}
