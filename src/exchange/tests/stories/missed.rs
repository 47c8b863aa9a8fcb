//! Calls that were missed: the lamp, the code that says them, and what a restart knows of them.

use crate::desks::{office, rung};
use crate::site::with;
use crate::world::{Habit::*, World, config};
use exchange::{Exchange, Input, Output};
use model::time::Anchor;
use model::{Cause, Fact, Instant, Owed, Owner, Via, WallTime};

/// New and seen, as a phone's lamp was told last.
fn lamp(world: &World, phone: &str) -> (u32, u32) {
    world.waiting.get(&phone.into()).copied().unwrap_or_default()
}

fn soon(world: &mut World) {
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
}

#[test]
fn a_call_that_nobody_answers_lights_the_lamp_until_it_is_heard() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(3);
    assert_eq!(lamp(&world, "8002"), (0, 0), "it still rings");
    world.gone(caller, Cause::Cancelled);
    world.run(1);
    assert_eq!(lamp(&world, "8002"), (1, 0));
    let hears = world.dial("8002", "*98");
    soon(&mut world);
    let said =
        ["missed.before", "num.1", "missed.from", "digit.8", "digit.0", "digit.0", "digit.1"];
    assert_eq!(world.hears(hears), said);
    assert_eq!(lamp(&world, "8002"), (0, 1), "seen");
    world.run(10);
    let again = world.dial("8002", "*98");
    soon(&mut world);
    assert_eq!(world.hears(again), said, "what was seen is said again");
    world.run(10);
    let none = world.dial("8003", "*98");
    soon(&mut world);
    assert_eq!(world.hears(none), ["missed.none"]);
    world.over();
}

#[test]
fn who_is_busy_away_or_not_to_be_disturbed_has_missed_it_too() {
    let mut world = office();
    world.dial("8002", "*78");
    world.run(5);
    let caller = world.dial("8001", "8002");
    world.run(5);
    assert_eq!(lamp(&world, "8002"), (1, 0));
    world.tell(Input::Phone { phone: "8003".into(), up: false });
    world.dial("8001", "8003");
    world.run(5);
    assert_eq!(lamp(&world, "8003"), (1, 0));
    assert!(!world.legs.contains_key(&caller));
    world.over();
}

#[test]
fn a_call_answered_where_it_was_sent_on_is_not_missed() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    world.dial("8002", "*758003*1");
    world.run(5);
    let caller = world.dial("8001", "8002");
    world.run(9);
    assert_eq!(world.legs[&caller], crate::world::Heard::Party(rung(&world, "8003")));
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!((lamp(&world, "8002"), lamp(&world, "8003")), ((0, 0), (0, 0)));
    world.over();
}

#[test]
fn calling_back_puts_the_lamp_out_and_an_agents_goes_along_to_another_phone() {
    let mut world = office();
    world.agent("8002", Ignores);
    let caller = world.dial("8001", "8002");
    world.run(3);
    world.gone(caller, Cause::Cancelled);
    world.run(1);
    assert_eq!(lamp(&world, "8002"), (1, 0));
    world.dial("8003", "*108002");
    world.run(5);
    assert_eq!((lamp(&world, "8002"), lamp(&world, "8003")), ((0, 0), (1, 0)));
    world.habits.insert("8001".into(), AnswersAfter(1));
    let back = world.dial("8003", "8001");
    world.run(3);
    assert_eq!(lamp(&world, "8003"), (0, 0));
    world.gone(back, Cause::Normal);
    world.over();
}

#[test]
fn a_queue_that_calls_back_shows_its_lost_callers_to_all_who_serve_it() {
    let mut world = World::new(with(|site| {
        site.queues.get_mut(&"desk".into()).unwrap().callbacks = true;
    }));
    world.agent("8001", Ignores);
    world.agent("8002", Ignores);
    let caller = world.call_desk();
    world.run(2);
    world.gone(caller, Cause::Normal);
    world.run(1);
    for phone in ["8001", "8002"] {
        assert_eq!(lamp(&world, phone), (1, 0), "{phone}");
    }
    assert_eq!(lamp(&world, "8003"), (0, 0), "nobody is logged in there");
    world.dial("8001", "*98");
    world.run(20);
    assert_eq!(lamp(&world, "8002"), (0, 1), "one has heard it");
    // The same caller comes again and gets through.
    world.habits.insert("8001".into(), AnswersAfter(1));
    world.habits.insert("8002".into(), AnswersAfter(1));
    let caller = world.call_desk();
    world.run(5);
    assert_eq!((lamp(&world, "8001"), lamp(&world, "8002")), ((0, 0), (0, 0)));
    world.gone(caller, Cause::Normal);
    world.run(60);
    world.over();
}

/// Two queues that both agents serve: `desk` holds one caller and sends the next to `small`.
fn overflowing(desk: bool, small: bool) -> World {
    let mut world = World::new(with(|site| {
        let back = site.queues.get_mut(&"small".into()).unwrap();
        back.callbacks = small;
        back.skills = ["talk".to_owned()].map(|skill| skill.as_str().into()).into();
        back.overflow = None;
        let full = site.queues.get_mut(&"desk".into()).unwrap();
        full.callbacks = desk;
        full.waiting_max = 1;
        let after = std::time::Duration::from_secs(60);
        full.overflow = Some(model::site::Overflow { after, to: "to-small".into() });
    }));
    world.agent("8001", Ignores);
    world
}

fn owes(world: &World, queue: &str) -> Vec<String> {
    let told = world.facts.iter().rev().find_map(|(_, fact)| match fact {
        Fact::CallsOwed { by: Owner::Queue(by), new, .. } if by.as_str() == queue => Some(new),
        _ => None,
    });
    let from = told.into_iter().flatten().map(|missed| missed.from.reveal().to_owned());
    from.collect()
}

#[test]
fn who_left_a_queue_by_its_overflow_and_was_answered_nowhere_is_called_back_by_one_queue() {
    let caller = vec!["13900000000".to_owned()];
    for (desk, small, by) in [(true, false, "desk"), (true, true, "small"), (false, true, "small")]
    {
        let mut world = overflowing(desk, small);
        let first = world.arrive(Via::Trunk("carrier".into()), "13900000001", "5550");
        let full = world.call_desk();
        assert!(world.told().contains(&"overflowed desk to to-small".to_owned()));
        world.gone(full, Cause::Normal);
        world.run(1);
        let other = if by == "desk" { "small" } else { "desk" };
        assert_eq!((owes(&world, by), owes(&world, other)), (caller.clone(), vec![]), "{by}");
        world.gone(first, Cause::Normal);
        world.over();
    }
}

#[test]
fn who_left_a_queue_by_its_overflow_and_is_answered_in_the_next_is_owed_nothing() {
    let mut world = overflowing(true, true);
    let first = world.arrive(Via::Trunk("carrier".into()), "13900000001", "5550");
    let full = world.call_desk();
    world.agent("8002", AnswersAfter(1));
    world.run(3);
    assert!(matches!(world.legs[&full], crate::world::Heard::Party(_)));
    world.told();
    world.gone(full, Cause::Normal);
    world.run(1);
    assert_eq!((owes(&world, "desk"), owes(&world, "small")), (vec![], vec![]));
    world.gone(first, Cause::Normal);
    world.over();
}

#[test]
fn who_was_called_first_calls_back_and_no_queue_that_was_left_by_its_overflow() {
    let mut world = overflowing(true, false);
    world.habits.insert("8002".into(), Ignores);
    world.tell(Input::Phone { phone: "8002".into(), up: true });
    let (when, to) = (model::feature::ForwardWhen::NoAnswer, Some("desk".to_owned()));
    let wish = model::feature::FeatureWish::Forward { when, to, rings: Some(1) };
    world.tell(Input::Feature { phone: "8002".into(), wish });
    let first = world.arrive(Via::Trunk("carrier".into()), "13900000001", "5550");
    let caller = world.dial("8003", "8002");
    world.run(9);
    assert!(world.told().contains(&"overflowed desk to to-small".to_owned()));
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!(lamp(&world, "8002"), (1, 0));
    assert_eq!(owes(&world, "desk"), Vec::<String>::new(), "one person calls back");
    world.gone(first, Cause::Normal);
    world.over();
}

#[test]
fn who_left_two_queues_by_their_overflow_is_called_back_by_the_last() {
    let after = std::time::Duration::from_secs(5);
    let to = |node: &str| Some(model::site::Overflow { after, to: node.into() });
    let mut world = World::new(with(|site| {
        for (queue, next) in [("desk", "to-small"), ("small", "bye")] {
            let queue = site.queues.get_mut(&queue.into()).unwrap();
            (queue.callbacks, queue.overflow) = (true, to(next));
        }
    }));
    world.agent("8001", Ignores);
    let caller = world.call_desk();
    world.run(30);
    assert!(!world.legs.contains_key(&caller), "it was said goodbye");
    let told = (owes(&world, "desk"), owes(&world, "small"));
    assert_eq!(told, (vec![], vec!["13900000000".to_owned()]));
    world.over();
}

#[test]
fn what_waits_is_lit_again_after_a_restart() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(3);
    world.gone(caller, Cause::Cancelled);
    world.run(1);
    let owed = world.facts.iter().rev().find_map(|(_, fact)| match fact {
        Fact::CallsOwed { by, new, seen } => {
            Some((by.clone(), Owed { new: new.clone(), seen: seen.clone() }))
        }
        _ => None,
    });
    let (by, owed) = owed.unwrap();
    assert_eq!(by, Owner::Phone("8002".into()));
    let anchor = Anchor { at: Instant::START, wall: WallTime(1_800_000_000_000) };
    let mut config = config(with(|_| {}), anchor);
    config.owed = vec![(by, owed.clone()), (Owner::Agent("gone".into()), owed)];
    let mut exchange = Exchange::new(1, Instant::START, config);
    exchange.handle(Instant::START, Input::Phone { phone: "8002".into(), up: true });
    let said: Vec<_> = std::iter::from_fn(|| exchange.poll()).collect();
    assert!(said.contains(&Output::Waiting { phone: "8002".into(), new: 1, old: 0 }), "{said:?}");
}
