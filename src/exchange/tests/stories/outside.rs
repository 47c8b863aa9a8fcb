//! Calls out: by whom, over which trunk, and emergencies always.

use crate::desks::rung;
use crate::site::with;
use crate::transfers::sends;
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::site::*;
use model::{Cause, LegEvent, Number, Order, TransferStage};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

fn office_site() -> Site {
    let site = with(|site| {
        site.numbering = Numbering {
            country: "86".into(),
            area: "21".into(),
            international: "00".into(),
            national: "0".into(),
            outside: "9".into(),
            emergency: ["110".to_owned(), "120".to_owned()].into(),
            number: Some(Number::new("61234567")),
            ..Numbering::default()
        };
        let mobile = NumberRule { begins: "1".into(), digits: (11, 11), reach: Reach::National };
        site.numbering.kinds = [("mobile".to_owned(), vec![mobile])].into();
        let role = Role { dial: BTreeSet::from(["mobile".to_owned()]), ..Role::default() };
        site.roles = [("agent".into(), role)].into();
        for agent in ["8001", "8002"] {
            site.agents.get_mut(&agent.into()).unwrap().rights.role = Some("agent".into());
        }
        for trunk in site.trunks.values_mut() {
            let addr = "192.0.2.1:5060".parse().unwrap();
            trunk.out.targets = vec![Target { addr, transport: Transport::Udp }];
        }
        site.limits.calls_max = 3;
    });
    Site::clone(&site)
}

fn office() -> World {
    let mut world = World::new(Arc::new(office_site()));
    for phone in ["8001", "8002", "8003"] {
        world.habits.insert(phone.into(), AnswersAfter(2));
        world.tell(Input::Phone { phone: phone.into(), up: true });
    }
    world.dial("8001", "*11");
    world.run(5);
    world.told();
    world
}

#[test]
fn an_agent_calls_out_and_is_talking_until_it_ends() {
    let mut world = office();
    let caller = world.dial("8001", "913912345678");
    world.run(1);
    assert!(world.orders.contains(&Order::Alert { leg: caller }));
    world.run(3);
    let (far, number) = world.dialled.clone().unwrap();
    assert_eq!(number, "13912345678");
    assert_eq!(world.legs[&caller], Heard::Party(far));
    assert_eq!(world.exchange.agents().next().unwrap().state.key(), "talking");
    world.gone(far, Cause::Normal);
    world.run(1);
    let told = world.told();
    for word in ["out mobile +8613912345678", "out over", "8001 ready"] {
        assert!(told.contains(&word.to_owned()), "{word}: {told:?}");
    }
    world.over();
}

#[test]
fn what_the_carrier_says_before_an_answer_is_heard() {
    let mut world = office();
    world.outside = Ignores;
    let caller = world.dial("8001", "913912345678");
    let (far, _) = world.dialled.clone().unwrap();
    world.event(far, LegEvent::EarlyMedia);
    assert!(world.orders.contains(&Order::EarlyMedia { leg: caller }));
    assert_eq!(world.legs[&caller], Heard::Party(far));
    world.gone(far, Cause::NotFound);
    world.run(5);
    assert_eq!(world.told().last().unwrap(), "ended by box, not-found");
    world.over();
}

#[test]
fn who_may_not_call_a_number_is_told_so_and_nothing_is_dialled() {
    let mut world = office();
    for (phone, to) in [("8001", "90085212345678"), ("8003", "913912345678")] {
        let caller = world.dial(phone, to);
        assert!(matches!(world.hears(caller)[..], ["call.barred" | "call.unknown-number"]));
        world.run(5);
    }
    assert!(world.dialled.is_none());
    world.over();
}

#[test]
fn an_emergency_passes_from_a_phone_nobody_sits_at_beyond_every_limit_and_while_draining() {
    let mut world = office();
    let callers: Vec<_> = (0..3).map(|_| world.call_desk()).collect();
    let refused = world.dial("8002", "8003");
    world.run(1);
    assert!(!world.legs.contains_key(&refused), "the box is full");
    let first = world.dial("8003", "120");
    world.run(4);
    assert_eq!(world.dialled.as_ref().unwrap().1, "120");
    assert_eq!(world.legs[&first], Heard::Party(world.dialled.as_ref().unwrap().0));
    world.tell(Input::Drain);
    let second = world.dial("8002", "9110");
    world.run(4);
    assert_eq!(world.dialled.as_ref().unwrap().1, "110");
    assert_eq!(world.legs[&second], Heard::Party(world.dialled.as_ref().unwrap().0));
    world.run(700);
    assert_eq!(world.legs.len(), 4, "two emergencies talk on: {:?}", world.legs);
    assert!(!world.drained);
    for leg in [first, second] {
        world.gone(leg, Cause::Normal);
    }
    world.run(1);
    assert!(world.drained);
    drop(callers);
    world.over();
}

#[test]
fn an_emergency_call_is_not_ended_at_the_longest_call() {
    let mut site = office_site();
    site.limits.call = Duration::from_secs(600);
    let mut world = World::new(Arc::new(site));
    world.tell(Input::Phone { phone: "8003".into(), up: true });
    let caller = world.dial("8003", "120");
    world.run(2000);
    assert_eq!(world.legs[&caller], Heard::Party(world.dialled.as_ref().unwrap().0));
    assert_eq!(world.exchange.counters().calls_too_long, 0);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_is_sent_outside_by_an_agent_who_may_call_there() {
    let mut world = office();
    let caller = world.call_desk();
    world.run(3);
    let agent = rung(&world, "8001");
    sends(&mut world, agent, "90085212345678");
    assert!(matches!(world.transfers[&agent].last(), Some(TransferStage::Failed(_))));
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    sends(&mut world, agent, "913912345678");
    world.run(4);
    assert_eq!(world.legs[&caller], Heard::Party(world.dialled.as_ref().unwrap().0));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_number_outside_that_nobody_answers_is_given_up() {
    let mut world = office();
    world.outside = Ignores;
    let caller = world.dial("8001", "913912345678");
    world.run(120);
    assert_eq!(world.hears(caller), ["call.no-answer"]);
    world.over();
}

#[test]
fn who_uses_the_minutes_of_the_day_up_is_told_a_minute_before_and_then_cut() {
    for at_ceiling in [AtCeiling::Finish, AtCeiling::Cut] {
        let mut world = office();
        let mut site = office_site();
        site.numbering.at_ceiling = at_ceiling;
        site.roles.get_mut(&"agent".into()).unwrap().minutes_a_day = Some(3);
        world.tell(Input::Site(std::sync::Arc::new(site)));
        let caller = world.dial("8001", "913912345678");
        world.run(4);
        let (far, _) = world.dialled.clone().unwrap();
        let help = world.dial("8003", "110");
        world.run(10);
        let told = |world: &World, leg| {
            world.orders.iter().any(|order| {
                let minute = model::Clip::new(Lang::En, "call.minute-left");
                matches!(order, Order::Play { leg: of, clips, .. } if *of == leg && *clips == [minute])
            })
        };
        world.run(120);
        let cuts = at_ceiling == AtCeiling::Cut;
        assert_eq!(told(&world, caller), cuts);
        assert!(!told(&world, far) && !told(&world, help));
        assert_eq!(world.legs[&caller], Heard::Party(far), "still talks");
        world.run(60);
        assert_eq!(world.legs.contains_key(&far), !cuts);
        assert_eq!(world.legs.contains_key(&caller), !cuts);
        assert!(world.legs.contains_key(&help), "help is never cut");
        let fact = |fact: &model::Fact| matches!(fact, model::Fact::DialCut { .. });
        assert_eq!(world.facts.iter().any(|(_, one)| fact(one)), cuts);
        for leg in [caller, help] {
            if world.legs.contains_key(&leg) {
                world.gone(leg, Cause::Normal);
            }
        }
        world.over();
    }
}
