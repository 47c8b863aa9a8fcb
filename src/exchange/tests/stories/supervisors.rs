//! Supervisors who listen, whisper, barge in and take over.

use crate::desks::rung;
use crate::site::site;
use crate::transfers::served;
use crate::world::{Habit::*, Heard, World};
use exchange::{Input, SUPERVISORS_PER_TALK_MAX};
use model::site::{Notice, Role, Site};
use model::{Cause, LegEvent, LegId, Order, RoomId, Supervising, TransferStage, Voice};
use std::sync::Arc;

/// A role that may do all of it.
pub fn lead() -> Role {
    Role { supervises: Supervising::ALL.into(), ..Role::default() }
}

/// A site whose 8003 has a role that may do all of it, and 8002 one that may only listen.
pub fn sited(change: impl FnOnce(&mut Site)) -> Site {
    let mut site = site();
    let ear = Role { supervises: [Supervising::Listen].into(), ..Role::default() };
    site.roles.extend([("lead".into(), lead()), ("ear".into(), ear)]);
    for (agent, role) in [("8003", "lead"), ("8002", "ear")] {
        site.agents.get_mut(&agent.into()).unwrap().rights.role = Some(role.into());
    }
    change(&mut site);
    site
}

/// The office of that site.
pub fn office(change: impl FnOnce(&mut Site)) -> World {
    let mut world = World::new(Arc::new(sited(change)));
    for phone in ["8001", "8002", "8003"] {
        world.habits.insert(phone.into(), AnswersAfter(2));
        world.tell(Input::Phone { phone: phone.into(), up: true });
    }
    world
}

/// 8003 and 8002 are logged in and not ready; 8001 talks with a caller.
pub fn talk(change: impl FnOnce(&mut Site)) -> (World, LegId, LegId) {
    let mut world = office(change);
    for phone in ["8003", "8002"] {
        world.agent(phone, AnswersAfter(1));
        world.dial(phone, "*141");
        world.run(5);
    }
    let (caller, agent) = served(&mut world);
    world.told();
    (world, caller, agent)
}

pub fn guest(world: &World, leg: LegId) -> (RoomId, Voice) {
    match world.legs[&leg] {
        Heard::Guest(room, voice) => (room, voice),
        ref heard => panic!("{heard:?}"),
    }
}

#[test]
fn each_code_lets_the_supervisor_be_heard_as_it_says_and_the_two_go_on() {
    for (code, how) in [("*918001", "listen"), ("*928001", "whisper"), ("*938001", "barge")] {
        let (mut world, caller, agent) = talk(|_| {});
        let leg = world.dial("8003", code);
        world.run(0);
        world.now = world.now + std::time::Duration::from_millis(30);
        world.run(0);
        assert_eq!(world.hears(leg), [format!("supervise.{how}")]);
        world.run(2);
        let (room, heard_by) = guest(&world, leg);
        let meant = match how {
            "listen" => Voice::Nobody,
            "whisper" => Voice::One(agent),
            _ => Voice::Everybody,
        };
        assert_eq!(heard_by, meant);
        assert_eq!(world.legs[&caller], Heard::Room(room));
        assert_eq!(world.legs[&agent], Heard::Room(room));
        assert_eq!(world.told(), [format!("8003 has 8001: {how}")]);
        let agents: Vec<_> = world.exchange.agents().collect();
        assert_eq!(agents[0].supervised.map(Supervising::key), Some(how));
        world.gone(leg, Cause::Normal);
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(agent));
        assert_eq!(world.told(), ["8003 has 8001 no more"]);
        assert_eq!(world.recorded.len(), 1);
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn keys_change_what_a_supervisor_does_and_the_last_takes_the_talk() {
    let (mut world, caller, agent) = talk(|_| {});
    let leg = world.dial("8003", "*918001");
    world.run(2);
    for (key, voice) in [('5', Voice::One(agent)), ('6', Voice::Everybody), ('4', Voice::Nobody)] {
        world.press(leg, key);
        world.run(2);
        assert_eq!(guest(&world, leg).1, voice);
    }
    world.press(leg, '4');
    world.press(leg, '9');
    world.press(leg, '7');
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(leg));
    assert!(!world.legs.contains_key(&agent));
    let told = world.told();
    for what in ["8003 has 8001: listen", "8003 has 8001: whisper", "8003 has 8001: barge"] {
        assert!(told.iter().any(|told| told == what), "{told:?}");
    }
    let end = [
        "8003 has 8001: take-over",
        "8003 has 8001 no more",
        "released 8001",
        "8001 wrap-up",
        "sent by 8001",
        "reached 8003",
        "8003 talking",
    ];
    let found: Vec<&str> =
        told.iter().map(String::as_str).filter(|told| end.contains(told)).collect();
    assert_eq!(found, end);
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert!(!world.legs.contains_key(&leg));
    world.over();
}

#[test]
fn a_talk_is_taken_over_by_its_code_alone_on_hold_too() {
    for held in [false, true] {
        let (mut world, caller, agent) = talk(|_| {});
        if held {
            world.event(agent, LegEvent::Held);
        }
        let leg = world.dial("8003", "*948001");
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(leg));
        assert!(!world.legs.contains_key(&agent));
        world.gone(leg, Cause::Normal);
        world.over();
    }
}

#[test]
fn who_may_not_is_told_so_by_code_and_by_key() {
    let (mut world, caller, agent) = talk(|_| {});
    for (phone, code) in [("8002", "*928001"), ("8002", "*948001")] {
        let leg = world.dial(phone, code);
        world.run(0);
        world.now = world.now + std::time::Duration::from_millis(30);
        world.run(0);
        assert_eq!(world.hears(leg), ["supervise.forbidden"]);
        world.run(3);
        assert!(!world.legs.contains_key(&leg));
    }
    let leg = world.dial("8002", "*918001");
    world.run(2);
    world.press(leg, '5');
    assert_eq!(world.hears(leg), ["supervise.forbidden"]);
    world.run(2);
    assert_eq!(guest(&world, leg).1, Voice::Nobody);
    world.press(leg, '7');
    world.run(2);
    let Heard::Room(_) = world.legs[&agent] else { panic!("{:?}", world.legs) };
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn nobody_is_heard_who_does_not_talk_and_nobody_hears_the_own_talk() {
    let (mut world, caller, agent) = talk(|_| {});
    world.event(agent, LegEvent::Held);
    for code in ["*918002", "*919999", "*918001"] {
        let leg = world.dial("8003", code);
        world.run(0);
        world.now = world.now + std::time::Duration::from_millis(30);
        world.run(0);
        assert_eq!(world.hears(leg), ["supervise.nobody"], "{code}");
        world.run(3);
    }
    assert_eq!(world.told(), ["held"]);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn it_ends_with_the_talk_whoever_hangs_up_and_the_supervisor_is_told_so() {
    for caller_ends in [true, false] {
        let (mut world, caller, agent) = talk(|_| {});
        let legs = ["*918001", "*938001"].map(|code| {
            let phone = if code == "*918001" { "8002" } else { "8003" };
            let leg = world.dial(phone, code);
            world.run(2);
            leg
        });
        assert_eq!(guest(&world, legs[0]).0, guest(&world, legs[1]).0);
        world.gone(if caller_ends { caller } else { agent }, Cause::Normal);
        world.run(0);
        for leg in legs {
            assert_eq!(world.hears(leg), ["supervise.over"]);
        }
        world.run(3);
        let told = world.told();
        for phone in ["8002", "8003"] {
            assert!(told.contains(&format!("{phone} has 8001 no more")), "{told:?}");
        }
        world.over();
    }
}

#[test]
fn a_supervisor_follows_the_agent_through_hold_consulting_and_a_conference() {
    let (mut world, caller, agent) = talk(|_| {});
    let leg = world.dial("8003", "*928001");
    world.run(2);
    world.event(agent, LegEvent::Held);
    world.run(1);
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.event(agent, LegEvent::Resumed);
    world.run(1);
    let (room, _) = guest(&world, leg);
    assert_eq!(world.legs[&caller], Heard::Room(room));
    "*68002#".chars().for_each(|key| world.press(agent, key));
    world.run(4);
    let other = rung(&world, "8002");
    let (room, voice) = guest(&world, leg);
    assert_eq!((&world.legs[&agent], voice), (&Heard::Room(room), Voice::One(agent)));
    assert_eq!(world.legs[&other], Heard::Room(room));
    assert_eq!(world.hears(caller), ["music.hold"]);
    "*3".chars().for_each(|key| world.press(agent, key));
    world.run(1);
    let (room, voice) = guest(&world, leg);
    for party in [agent, caller, other] {
        assert_eq!(world.legs[&party], Heard::Room(room));
    }
    assert_eq!(voice, Voice::One(agent));
    world.gone(other, Cause::Normal);
    world.run(1);
    let (room, _) = guest(&world, leg);
    assert_eq!(world.legs[&agent], Heard::Room(room));
    assert_eq!(world.legs[&caller], Heard::Room(room));
    world.gone(leg, Cause::Normal);
    world.run(1);
    assert_eq!(world.legs[&agent], Heard::Party(caller));
    world.gone(agent, Cause::Normal);
    world.over();
}

#[test]
fn two_agents_who_talk_with_each_other_are_supervised_in_one_room_each_as_was_asked() {
    let mut world = office(|_| {});
    for phone in ["8001", "8002", "8003"] {
        world.agent(phone, AnswersAfter(1));
        world.dial(phone, "*141");
        world.run(5);
    }
    let one = world.dial("8001", "8002");
    world.run(3);
    let two = rung(&world, "8002");
    let legs = ["*928001", "*928002"].map(|code| {
        let leg = world.dial("8003", code);
        world.run(3);
        leg
    });
    let (room, voice) = guest(&world, legs[0]);
    assert_eq!(voice, Voice::One(one));
    assert_eq!(guest(&world, legs[1]), (room, Voice::One(two)));
    assert_eq!((&world.legs[&one], &world.legs[&two]), (&Heard::Room(room), &Heard::Room(room)));
    world.gone(legs[0], Cause::Normal);
    world.run(1);
    assert_eq!(world.legs[&one], Heard::Room(room), "the other is still there");
    world.gone(legs[1], Cause::Normal);
    world.run(1);
    assert_eq!(world.legs[&one], Heard::Party(two));
    world.gone(two, Cause::Normal);
    world.run(3);
    assert!(!world.legs.contains_key(&one));
    world.over();
}

#[test]
fn the_site_says_whether_a_beep_or_a_sentence_tells_of_it() {
    for notice in [Notice::None, Notice::Beep, Notice::Announcement] {
        let (mut world, caller, agent) = talk(|site| site.supervision.notice = notice);
        world.orders.clear();
        let leg = world.dial("8003", "*918001");
        world.run(0);
        world.now = world.now + std::time::Duration::from_millis(30);
        world.run(0);
        let spoken = if notice == Notice::Announcement { vec!["supervise.notice"] } else { vec![] };
        assert_eq!((world.hears(caller), world.hears(agent)), (spoken.clone(), spoken));
        world.run(2);
        world.press(leg, '6');
        world.run(2);
        let beeps = world.orders.iter().filter_map(|order| match order {
            Order::Supervise { beeps, .. } => Some(*beeps),
            _ => None,
        });
        let beeps: Vec<bool> = beeps.collect();
        assert_eq!(beeps, [notice == Notice::Beep, false], "barging in tells of itself");
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn more_supervisors_than_a_talk_has_room_for_are_refused() {
    let (mut world, caller, _) = talk(|_| {});
    for n in 0..=SUPERVISORS_PER_TALK_MAX {
        let leg = world.dial("8003", "*918001");
        world.run(0);
        world.now = world.now + std::time::Duration::from_millis(30);
        world.run(0);
        let full = n == SUPERVISORS_PER_TALK_MAX;
        let says = if full { "call.busy" } else { "supervise.listen" };
        assert_eq!(world.hears(leg), [says]);
    }
    assert_eq!(world.exchange.counters().services_refused, 1);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_supervisors_phone_that_sends_the_talk_on_is_refused() {
    let (mut world, caller, _) = talk(|_| {});
    let leg = world.dial("8003", "*918001");
    world.run(2);
    world.event(leg, LegEvent::TransferAsked { to: "8002".into() });
    assert_eq!(world.transfers[&leg], [TransferStage::Failed(Cause::NotAcceptable)]);
    world.gone(caller, Cause::Normal);
    world.over();
}
