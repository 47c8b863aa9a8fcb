//! Who may overhear a talk as it goes on, which one, and who is told of it.

use crate::desks::rung;
use crate::supervisors::{guest, lead, office, sited, talk};
use crate::transfers::served;
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::site::{Notice, Phone, Role, Site};
use model::{Cause, Fact, LegEvent, LegId, Secret, Supervising, VisitId, Voice};
use std::sync::Arc;
use std::time::Duration;

fn keys(world: &mut World, leg: LegId, keys: &str) {
    keys.chars().for_each(|key| world.press(leg, key));
}

/// What a code says on its service leg, which is gone afterwards.
fn code_says(world: &mut World, phone: &str, code: &str) -> Vec<String> {
    let leg = world.dial(phone, code);
    let said = hears_next(world, leg);
    world.run(3);
    assert!(!world.legs.contains_key(&leg));
    said
}

/// What a leg hears a moment from now.
fn hears_next(world: &mut World, leg: LegId) -> Vec<String> {
    world.run(0);
    world.now = world.now + Duration::from_millis(30);
    world.run(0);
    world.hears(leg).into_iter().map(str::to_owned).collect()
}

fn announced(site: &mut Site) {
    site.supervision.notice = Notice::Announcement;
}

#[test]
fn the_talk_that_is_heard_is_taken_over_on_hold_too_and_never_the_agents_other_one() {
    let (mut world, caller, agent) = talk(|_| {});
    let leg = world.dial("8003", "*918001");
    world.run(2);
    world.event(agent, LegEvent::Held);
    let own = world.dial("8001", "8002");
    world.run(3);
    let colleague = rung(&world, "8002");
    assert_eq!(world.legs[&own], Heard::Party(colleague));
    world.press(leg, '7');
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(leg));
    assert_eq!(world.legs[&own], Heard::Party(colleague));
    assert!(!world.legs.contains_key(&agent));
    world.gone(caller, Cause::Normal);
    world.gone(own, Cause::Normal);
    world.over();
}

#[test]
fn no_place_is_taken_among_three_nor_while_another_is_asked_and_the_refused_goes_on_listening() {
    for joined in [false, true] {
        let (mut world, caller, agent) = talk(|_| {});
        let leg = world.dial("8003", "*918001");
        world.run(2);
        keys(&mut world, agent, "*68002#");
        world.run(4);
        if joined {
            keys(&mut world, agent, "*3");
        }
        world.run(1);
        world.told();
        world.press(leg, '7');
        assert_eq!(world.hears(leg), ["supervise.not-taken"]);
        world.run(2);
        let (room, voice) = guest(&world, leg);
        assert_eq!((voice, &world.legs[&agent]), (Voice::Nobody, &Heard::Room(room)));
        assert_eq!(code_says(&mut world, "8003", "*948001"), ["supervise.not-taken"]);
        assert_eq!(world.told(), Vec::<String>::new(), "nothing was taken over");
        world.gone(leg, Cause::Normal);
        world.gone(agent, Cause::Normal);
        world.run(1);
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn a_supervisor_does_not_take_over_a_talk_of_the_own_phone() {
    let mut world = office(|_| {});
    for phone in ["8001", "8003"] {
        world.agent(phone, AnswersAfter(1));
        world.dial(phone, "*141");
        world.run(5);
    }
    let leg = world.dial("8003", "8001");
    world.run(3);
    world.event(leg, LegEvent::Held);
    for code in ["*948001", "*918001"] {
        assert_eq!(code_says(&mut world, "8003", code), ["supervise.nobody"]);
    }
    world.gone(leg, Cause::Normal);
    world.over();
}

/// The desk phone of agent 8002 may itself listen, and pick up anywhere.
fn phone_with_role(site: &mut Site) {
    let role = Role { picks_up_anywhere: true, ..lead() };
    site.roles.insert("place".into(), role);
    let mut phone = Phone::with_password(Secret::new("secret"));
    phone.role = Some("place".into());
    site.phones.insert("8002".into(), phone);
    site.agents.get_mut(&"8002".into()).unwrap().rights.role = None;
}

#[test]
fn who_sits_at_a_phone_without_a_role_has_not_that_of_the_phone() {
    let (mut world, caller, _) = talk(|site| {
        phone_with_role(site);
        for (agent, group) in [("8002", "here"), ("8003", "there")] {
            let agent = site.agents.get_mut(&agent.into()).unwrap();
            agent.rights.pick_up_group = Some(group.into());
        }
    });
    let colleague = world.dial("8001", "8003");
    world.run(1);
    assert_eq!(code_says(&mut world, "8002", "*88003"), ["phone.other-group"]);
    assert_eq!(code_says(&mut world, "8002", "*918001"), ["supervise.forbidden"]);
    world.gone(colleague, Cause::Normal);
    // Nobody sits there any more: the phone's own role counts.
    world.dial("8002", "*12");
    world.run(5);
    let leg = world.dial("8002", "*918001");
    world.run(2);
    assert_eq!(guest(&world, leg).1, Voice::Nobody);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn listening_ends_when_the_site_takes_the_right_away() {
    let (mut world, caller, agent) = talk(|_| {});
    let leg = world.dial("8003", "*918001");
    world.run(2);
    world.told();
    let mut site = sited(|_| {});
    site.roles.get_mut(&"lead".into()).unwrap().supervises = [Supervising::Barge].into();
    world.tell(Input::Site(Arc::new(site)));
    assert_eq!(world.hears(leg), ["supervise.over"]);
    world.run(3);
    assert!(!world.legs.contains_key(&leg));
    assert_eq!(world.told(), ["8003 has 8001 no more"]);
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn whoever_sits_down_at_a_listening_phone_needs_the_right_and_acts_under_the_own_name() {
    for may in [false, true] {
        let (mut world, caller, agent) = talk(|site| {
            if may {
                let agent = site.agents.get_mut(&"8002".into()).unwrap();
                agent.rights.role = Some("lead".into());
            }
        });
        let leg = world.dial("8003", "*938001");
        world.run(2);
        world.told();
        let wish = model::feature::FeatureWish::LogIn { agent: Some("8002".into()), pin: None };
        world.tell(Input::Feature { phone: "8003".into(), wish });
        world.run(3);
        let told = world.told();
        assert!(told.contains(&"8003 has 8001 no more".into()), "{told:?}");
        assert_eq!(told.contains(&"8002 has 8001: barge".into()), may, "{told:?}");
        assert_eq!(world.legs.contains_key(&leg), may);
        if may {
            world.press(leg, '7');
            world.run(1);
            assert_eq!(world.legs[&caller], Heard::Party(leg));
            assert!(world.told().contains(&"8002 has 8001: take-over".into()));
        } else {
            assert_eq!(world.legs[&caller], Heard::Party(agent));
        }
        world.gone(caller, Cause::Normal);
        world.over();
    }
}

#[test]
fn listening_ends_when_the_supervisor_logs_out() {
    let (mut world, caller, agent) = talk(|_| {});
    let leg = world.dial("8003", "*918001");
    world.run(2);
    world.tell(Input::Feature { phone: "8003".into(), wish: model::feature::FeatureWish::LogOut });
    assert_eq!(world.hears(leg), ["supervise.over"]);
    world.run(3);
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn everybody_who_is_overheard_is_told_once_whenever_it_comes_to_the_talk() {
    let (mut world, caller, agent) = talk(announced);
    let leg = world.dial("8003", "*918001");
    let notice = ["supervise.notice"];
    hears_next(&mut world, leg);
    assert_eq!((world.hears(caller), world.hears(agent)), (notice.to_vec(), notice.to_vec()));
    world.run(2);
    world.event(agent, LegEvent::Held);
    world.event(agent, LegEvent::Resumed);
    assert!(world.hears(caller).is_empty(), "it was told before");
    keys(&mut world, agent, "*68002#");
    world.run(0);
    let other = rung(&world, "8002");
    world.event(other, LegEvent::Answered);
    assert_eq!(world.hears(other), notice);
    assert!(world.hears(agent).is_empty());
    // A conference begins before it was heard to its end: it is said anew there.
    keys(&mut world, agent, "*3");
    assert_eq!(world.hears(other), notice);
    assert!(world.hears(caller).is_empty() && world.hears(agent).is_empty());
    world.run(2);
    assert!(world.hears(other).is_empty());
    // One more supervisor comes: all three are told.
    world.dial("8003", "*928001");
    hears_next(&mut world, leg);
    for party in [caller, agent, other] {
        assert_eq!(world.hears(party), notice);
    }
    world.run(2);
    for party in [agent, caller] {
        world.gone(party, Cause::Normal);
        world.run(1);
    }
    world.over();
}

/// The supervisions that were told, each with its visit.
fn visits(world: &World) -> Vec<(VisitId, bool)> {
    let told = world.facts.iter().filter_map(|(_, fact)| match fact {
        Fact::Supervised { visit, .. } => Some((*visit, true)),
        Fact::SupervisionEnded { visit, .. } => Some((*visit, false)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_leg_that_goes_to_another_call_takes_its_supervisor_to_that_calls_visit() {
    let mut world = office(|_| {});
    for phone in ["8003", "8002"] {
        world.agent(phone, AnswersAfter(1));
        world.dial(phone, "*141");
        world.run(5);
    }
    let (caller, first) = served(&mut world);
    world.event(first, LegEvent::Held);
    let asks = world.dial("8001", "8002");
    world.run(3);
    let leg = world.dial("8003", "*918001");
    world.run(2);
    assert!(world.legs[&asks] == Heard::Room(guest(&world, leg).0), "the talk not held is heard");
    let before = visits(&world);
    keys(&mut world, asks, "*3");
    world.run(1);
    let room = guest(&world, leg).0;
    assert_eq!(
        (&world.legs[&asks], &world.legs[&caller]),
        (&Heard::Room(room), &Heard::Room(room))
    );
    let told = visits(&world);
    let (old, on) = (before[0].0, told[told.len() - 1].0);
    assert_ne!(old.call, on.call);
    assert_eq!(told, [(old, true), (old, false), (on, true)]);
    world.gone(leg, Cause::Normal);
    assert_eq!(visits(&world).last(), Some(&(on, false)));
    world.gone(asks, Cause::Normal);
    world.run(1);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_talk_left_while_held_or_asking_is_one_of_two_again_once_it_goes_on() {
    for asks in [false, true] {
        let (mut world, caller, agent) = talk(|_| {});
        let leg = world.dial("8003", "*918001");
        world.run(2);
        if asks {
            keys(&mut world, agent, "*68002#");
            world.run(4);
            let other = rung(&world, "8002");
            world.gone(leg, Cause::Normal);
            assert_eq!(world.legs[&agent], Heard::Party(other), "nobody is heard there any more");
            world.gone(other, Cause::Normal);
        } else {
            world.event(agent, LegEvent::Held);
            world.gone(leg, Cause::Normal);
            assert_eq!(world.hears(caller), ["music.hold"]);
            world.event(agent, LegEvent::Resumed);
        }
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(agent));
        assert_eq!(world.legs[&agent], Heard::Party(caller));
        world.gone(caller, Cause::Normal);
        world.over();
    }
}
