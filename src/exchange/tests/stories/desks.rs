//! Desk phones that call each other, forward, wait, and want to be left alone.

use crate::site::{site, with};
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::feature::{FeatureWish, ForwardWhen, Lamp, Watched};
use model::{Cause, Fact, LegEvent, LegId, Order, PhoneId};
use std::sync::Arc;

pub fn office() -> World {
    let mut world = World::new(Arc::new(site()));
    for phone in ["8001", "8002", "8003"] {
        world.habits.insert(phone.into(), AnswersAfter(2));
        world.tell(Input::Phone { phone: phone.into(), up: true });
    }
    world.told();
    world
}

pub fn rung(world: &World, phone: &str) -> LegId {
    world.rung[&PhoneId::new(phone)]
}

/// A phone calls another, who answers: the two legs.
pub fn talk(world: &mut World, from: &str, to: &str) -> (LegId, LegId) {
    let caller = world.dial(from, to);
    world.run(3);
    let party = rung(world, to);
    assert_eq!(world.legs[&caller], Heard::Party(party));
    (caller, party)
}

fn wish(world: &mut World, phone: &str, wish: FeatureWish) {
    world.tell(Input::Feature { phone: phone.into(), wish });
}

#[test]
fn a_phone_calls_another_and_it_is_a_call_recorded_like_any() {
    let mut world = office();
    let caller = world.dial("8001", "8002");
    world.run(1);
    assert!(world.orders.contains(&Order::Alert { leg: caller }), "the caller hears it ring");
    assert_eq!(world.exchange.calls().next().unwrap().state, "calling");
    world.run(2);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8002")));
    assert_eq!(world.recorded.len(), 1);
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!(
        world.told(),
        [
            "call 1 arrived",
            "visit 1",
            "called 8002",
            "answered",
            "recording 1",
            "reached 8002",
            "recorded 1",
            "parted 8002",
            "visit 1 over",
            "ended by caller, normal",
        ]
    );
    world.over();
}

#[test]
fn agents_who_talk_with_each_other_are_offered_nothing_and_are_what_they_were_before() {
    let mut world = office();
    world.agent("8001", AnswersAfter(2));
    world.dial("8002", "*11");
    world.run(5);
    world.dial("8002", "*141");
    world.run(5);
    world.told();
    let (caller, _) = talk(&mut world, "8001", "8002");
    let told = world.told();
    assert!(told.contains(&"8001 talking".to_owned()) && told.contains(&"8002 talking".to_owned()));
    let waits = world.call_desk();
    world.run(5);
    assert_eq!(world.exchange.calls().last().unwrap().state, "waiting");
    world.gone(caller, Cause::Normal);
    world.run(3);
    let told = world.told();
    assert!(told.contains(&"8002 not-ready".to_owned()), "{told:?}");
    assert!(told.contains(&"connected 8001".to_owned()), "{told:?}");
    world.gone(waits, Cause::Normal);
    world.over();
}

#[test]
fn a_busy_phone_a_phone_that_is_gone_and_ones_own_are_told_so_before_an_answer() {
    let mut world = office();
    world.habits.insert("8002".into(), Refuses(Cause::Busy));
    world.tell(Input::Phone { phone: "8003".into(), up: false });
    for (to, words, cause) in [
        ("8002", "call.busy", "busy"),
        ("8003", "call.unreachable", "unreachable"),
        ("8001", "call.busy", "busy"),
    ] {
        world.told();
        let caller = world.dial("8001", to);
        world.now = world.now + std::time::Duration::from_millis(40);
        world.run(0);
        assert_eq!(world.hears(caller), [words], "{to}");
        assert!(world.orders.contains(&Order::EarlyMedia { leg: caller }));
        world.run(3);
        assert!(!world.legs.contains_key(&caller));
        assert_eq!(world.told().last().unwrap(), &format!("ended by box, {cause}"));
    }
    world.over();
}

#[test]
fn a_phone_that_nobody_answers_stops_ringing_after_30_s() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(29);
    assert!(world.hears(caller).is_empty());
    world.run(1);
    assert_eq!(world.hears(caller), ["call.no-answer"]);
    world.over();
}

#[test]
fn a_caller_who_gives_up_stops_the_phone() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(5);
    let party = rung(&world, "8002");
    world.gone(caller, Cause::Cancelled);
    assert_eq!(world.orders.last(), Some(&Order::HangUp { leg: party, cause: Cause::Cancelled }));
    world.run(1);
    assert_eq!(world.told().last().unwrap(), "ended by caller, cancelled");
    world.over();
}

#[test]
fn either_side_of_a_call_between_phones_holds_and_the_other_hears_music() {
    let mut world = office();
    let (caller, party) = talk(&mut world, "8001", "8002");
    world.told();
    world.event(caller, LegEvent::Held);
    assert_eq!(world.hears(party), ["music.hold"]);
    world.event(party, LegEvent::Held);
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.event(caller, LegEvent::Resumed);
    assert_eq!(world.legs[&party], Heard::Party(caller));
    assert_eq!(world.exchange.calls().next().unwrap().state, "held");
    world.event(party, LegEvent::Resumed);
    assert_eq!(world.legs[&caller], Heard::Party(party));
    assert_eq!(world.told(), ["held", "resumed"]);
    world.gone(party, Cause::Normal);
    world.over();
}

#[test]
fn a_second_call_waits_on_a_phone_that_talks_a_third_finds_it_busy() {
    let mut world = office();
    talk(&mut world, "8001", "8002");
    let first = rung(&world, "8002");
    world.habits.insert("8002".into(), Ignores);
    let second = world.call_desk();
    world.gone(second, Cause::Normal);
    let second = world.dial("8003", "8002");
    world.run(1);
    assert_ne!(rung(&world, "8002"), first, "rings although it talks");
    let third = world.dial("8004", "8002");
    world.run(0);
    assert_eq!(world.hears(third), ["call.busy"]);
    world.gone(second, Cause::Cancelled);
    world.run(5);
    world.dial("8002", "*77");
    world.run(5);
    let fourth = world.dial("8003", "8002");
    world.run(0);
    assert_eq!(world.hears(fourth), ["call.busy"], "no waiting was asked for");
    world.gone(first, Cause::Normal);
    world.over();
}

#[test]
fn do_not_disturb_refuses_calls_makes_the_agent_not_ready_and_is_shown() {
    let mut world = office();
    world.agent("8001", AnswersAfter(2));
    world.told();
    let leg = world.dial("8001", "*78");
    world.now = world.now + std::time::Duration::from_millis(20);
    world.run(0);
    assert_eq!(world.hears(leg), ["phone.dnd-on"]);
    world.run(5);
    assert_eq!(world.told(), ["phone 8001 set, dnd true", "8001 not-ready"]);
    let view = world.exchange.agents().next().unwrap();
    assert!(
        view.dnd
            && matches!(&view.state, model::fact::AgentState::NotReady { reason } if reason == "dnd")
    );
    assert!(world.features[&"8001".into()].dnd);
    let waits = world.call_desk();
    let caller = world.dial("8002", "8001");
    assert_eq!(world.hears(caller), ["call.busy"]);
    world.run(5);
    wish(&mut world, "8001", FeatureWish::Dnd(false));
    assert!(!world.features[&"8001".into()].dnd);
    world.run(3);
    assert_eq!(world.exchange.agents().next().unwrap().state.key(), "talking");
    world.gone(waits, Cause::Normal);
    world.over();
}

#[test]
fn calls_follow_a_forward_on_busy_on_no_answer_and_always() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    world.dial("8002", "*758003");
    world.run(5);
    let caller = world.dial("8001", "8002");
    world.run(23);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8003")), "on no answer");
    world.gone(caller, Cause::Normal);
    world.run(1);
    world.habits.insert("8002".into(), Refuses(Cause::Busy));
    wish(
        &mut world,
        "8002",
        FeatureWish::Forward { when: ForwardWhen::Busy, to: Some("8003".into()), rings: None },
    );
    let caller = world.dial("8001", "8002");
    world.run(4);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8003")), "on busy");
    world.gone(caller, Cause::Normal);
    world.dial("8002", "*728003");
    world.run(5);
    world.rung.clear();
    let caller = world.dial("8001", "8002");
    world.run(4);
    assert!(!world.rung.contains_key(&"8002".into()), "not rung at all");
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8003")), "always");
    world.gone(caller, Cause::Normal);
    world.dial("8002", "*73");
    world.run(5);
    assert!(world.features[&"8002".into()].forwards.is_empty());
    world.over();
}

#[test]
fn a_forward_to_no_number_or_one_too_long_is_told_so_and_leaves_the_one_before() {
    let mut world = office();
    let long = "1".repeat(33);
    let when = [ForwardWhen::Always, ForwardWhen::Busy, ForwardWhen::NoAnswer];
    for (code, when) in ["*72", "*74", "*75"].into_iter().zip(when) {
        world.dial("8002", &format!("{code}8003"));
        world.run(5);
        let mut wrong = vec![format!("{code}{long}")];
        if when == ForwardWhen::NoAnswer {
            wrong.push(format!("{code}#"));
        }
        for dialled in wrong {
            let leg = world.dial("8002", &dialled);
            world.now = world.now + std::time::Duration::from_millis(20);
            world.run(0);
            assert_eq!(world.hears(leg), ["agent.unknown-code"], "{dialled}");
            world.run(5);
            assert_eq!(world.features[&"8002".into()].forwards[&when], "8003", "{dialled}");
        }
        let to = Some(long.clone());
        wish(&mut world, "8002", FeatureWish::Forward { when, to, rings: None });
        assert_eq!(world.features[&"8002".into()].forwards[&when], "8003");
    }
    assert_eq!(world.exchange.counters().codes_unknown, 4);
    assert_eq!(world.exchange.counters().wishes_refused, 3);
    world.over();
}

#[test]
fn a_forward_of_the_phones_own_is_followed() {
    let mut world = office();
    world.habits.insert("8002".into(), Ignores);
    let caller = world.dial("8001", "8002");
    world.run(1);
    let sends = rung(&world, "8002");
    world.legs.remove(&sends);
    world.event(sends, LegEvent::ForwardAsked { to: "8003".into() });
    world.run(3);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8003")));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_queues_call_that_a_phone_sends_on_goes_to_the_next_agent() {
    let mut world = office();
    world.agent("8001", Ignores);
    let caller = world.call_desk();
    let sends = rung(&world, "8001");
    world.legs.remove(&sends);
    world.event(sends, LegEvent::ForwardAsked { to: "13900000000".into() });
    let told = world.told();
    assert!(told.contains(&"failed 8001, declined".to_owned()), "{told:?}");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn forwards_in_a_circle_are_cut() {
    let mut world = office();
    for (phone, to) in [("8001", "8002"), ("8002", "8001")] {
        let to = Some(to.to_owned());
        wish(
            &mut world,
            phone,
            FeatureWish::Forward { when: ForwardWhen::Always, to, rings: None },
        );
    }
    let caller = world.dial("8003", "8001");
    assert_eq!(world.hears(caller), ["call.busy"]);
    assert_eq!(world.exchange.counters().forwards_cut, 1);
    world.over();
}

#[test]
fn lamps_show_who_rings_and_who_talks_and_say_only_what_changed() {
    let mut world = office();
    let lamp = |world: &World, phone: &str| world.lamps[&Watched::Phone(phone.into())].clone();
    assert_eq!(lamp(&world, "8002"), Lamp::Idle);
    let caller = world.dial("8001", "8002");
    world.run(1);
    assert_eq!(lamp(&world, "8002"), Lamp::Ringing { caller: "8001".into() });
    world.run(2);
    assert_eq!(lamp(&world, "8001"), Lamp::Talking { other: "8002".into() });
    assert_eq!(lamp(&world, "8002"), Lamp::Talking { other: "8001".into() });
    world.said.clear();
    world.press(caller, '5');
    assert_eq!(world.said, []);
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert_eq!(lamp(&world, "8001"), Lamp::Idle);
    world.tell(Input::Phone { phone: "8001".into(), up: false });
    assert_eq!(lamp(&world, "8001"), Lamp::Away);
    world.over();
}

#[test]
fn a_phone_shows_queue_wait_and_marks_of_a_caller_and_masks_the_number_by_role() {
    let mut world = World::new(with(|site| {
        let role = model::site::Role { sees_numbers: true, ..Default::default() };
        site.roles = [("sees".into(), role), ("blind".into(), Default::default())].into();
        site.vip.insert(model::Number::new("13900000000"));
        let rights =
            |role: &str| model::site::Rights { role: Some(role.into()), ..Default::default() };
        site.agents.get_mut(&"8001".into()).unwrap().rights = rights("sees");
        site.agents.get_mut(&"8002".into()).unwrap().rights = rights("blind");
        let mut phone = model::site::Phone::with_password(model::Secret::new("x"));
        phone.auto_answer = true;
        site.phones = [("8001".into(), phone)].into();
    }));
    let caller = world.call_desk();
    world.run(29);
    world.agent("8001", Refuses(Cause::Busy));
    world.agent("8002", AnswersAfter(1));
    let (number, pop) = world.pops[&PhoneId::new("8001")].clone();
    assert_eq!((number.as_str(), pop.from.as_str()), ("13900000000", "Desk"));
    assert!(pop.auto_answer && pop.marks.vip && !pop.masked);
    assert_eq!(pop.waited_s, 31);
    let (number, pop) = world.pops[&PhoneId::new("8002")].clone();
    assert_eq!(number, "********000");
    assert!(pop.masked && !pop.auto_answer);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn settings_of_phones_are_told_so_that_they_outlive_a_restart() {
    let mut world = office();
    wish(&mut world, "8001", FeatureWish::Dnd(true));
    wish(&mut world, "8001", FeatureWish::Dnd(true));
    let set: Vec<_> =
        world.facts.iter().filter(|(_, fact)| matches!(fact, Fact::PhoneSet { .. })).collect();
    assert_eq!(set.len(), 1);
    world.over();
}

#[test]
fn calls_are_sent_on_after_the_rings_the_phone_says_else_after_the_sites() {
    let mut world = World::new(with(|site| {
        site.ringing.forward_after = std::time::Duration::from_secs(15);
    }));
    for phone in ["8001", "8002", "8003"] {
        world.habits.insert(phone.into(), Ignores);
        world.tell(Input::Phone { phone: phone.into(), up: true });
    }
    let mut forwarded_after = |rings: Option<u8>, code: Option<&str>| {
        match code {
            Some(code) => _ = world.dial("8002", code),
            None => {
                let (when, to) = (ForwardWhen::NoAnswer, Some("8003".to_owned()));
                wish(&mut world, "8002", FeatureWish::Forward { when, to, rings });
            }
        }
        world.run(5);
        let shown = world.features[&"8002".into()].rings;
        world.rung.clear();
        let caller = world.dial("8001", "8002");
        let mut seconds = 0;
        while !world.rung.contains_key(&"8003".into()) {
            world.run(1);
            seconds += 1;
        }
        world.gone(caller, Cause::Cancelled);
        world.dial("8002", "*73");
        world.run(5);
        (shown, seconds)
    };
    assert_eq!(forwarded_after(None, Some("*758003")), (3, 15), "the site's");
    assert_eq!(forwarded_after(None, Some("*758003*2#")), (2, 10), "the code's");
    assert_eq!(forwarded_after(Some(6), None), (6, 30), "the phone's key");
    assert_eq!(forwarded_after(Some(99), None), (20, 100), "at most");
    let set = world.facts.iter().filter(|(_, fact)| matches!(fact, Fact::RingsSet { .. }));
    assert!(set.count() >= 6, "set and cleared");
    world.over();
}
