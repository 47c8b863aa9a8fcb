//! Callers who are sent on: at once, after asking, to a phone, a queue, a menu, and in vain.

use crate::desks::{office, rung, talk};
use crate::world::{Habit::*, Heard, World};
use exchange::Input;
use model::{Cause, LegEvent, LegId, PhoneId, TransferStage};

/// A caller of the queue who talks with 8001.
pub fn served(world: &mut World) -> (LegId, LegId) {
    world.agent("8001", AnswersAfter(2));
    let caller = world.call_desk();
    world.run(3);
    let agent = rung(world, "8001");
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    world.told();
    (caller, agent)
}

pub fn sends(world: &mut World, leg: LegId, to: &str) {
    world.event(leg, LegEvent::TransferAsked { to: to.into() });
}

#[test]
fn a_blind_transfer_rings_the_other_phone_while_the_caller_hears_music() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    sends(&mut world, agent, "8002");
    world.run(1);
    assert_eq!(world.hears(caller), ["music.hold"]);
    assert_eq!(world.exchange.calls().next().unwrap().state, "transferring");
    assert_eq!(world.transfers[&agent], [TransferStage::Trying, TransferStage::Ringing]);
    world.run(2);
    assert_eq!(world.transfers[&agent].last(), Some(&TransferStage::Done));
    assert_eq!(
        world.pops[&PhoneId::new("8002")].1.sent_by.reveal(),
        "8001",
        "RFC 3892: the phone is told"
    );
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8002")));
    assert!(!world.legs.contains_key(&agent));
    assert_eq!(
        world.told(),
        [
            "8001 sends to 8002",
            "called 8002",
            "released 8001",
            "8001 wrap-up",
            "visit 1 over",
            "visit 2",
            "sent by 8001",
            "reached 8002",
        ]
    );
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_transfer_that_comes_to_nothing_gives_the_caller_back() {
    for habit in [Refuses(Cause::Busy), Refuses(Cause::Unreachable), Ignores] {
        let mut world = office();
        let (caller, agent) = served(&mut world);
        world.habits.insert("8002".into(), habit);
        sends(&mut world, agent, "8002");
        world.run(31);
        assert!(matches!(world.transfers[&agent].last(), Some(TransferStage::Failed(_))));
        assert_eq!(world.legs[&caller], Heard::Party(agent), "{habit:?}");
        assert_eq!(world.exchange.calls().next().unwrap().state, "talking");
        world.gone(agent, Cause::Normal);
        world.over();
    }
}

#[test]
fn a_transfer_to_nobody_at_all_gives_the_caller_back_at_once() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    for to in ["999", "8001", ""] {
        sends(&mut world, agent, to);
        assert!(matches!(world.transfers[&agent].last(), Some(TransferStage::Failed(_))), "{to}");
        assert_eq!(world.legs[&caller], Heard::Party(agent));
    }
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_failed_transfer_whose_sender_hung_up_rings_the_sender_and_then_the_queue() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    world.habits.insert("8002".into(), Ignores);
    sends(&mut world, agent, "8002");
    world.run(1);
    world.gone(agent, Cause::Normal);
    world.habits.insert("8001".into(), Ignores);
    world.run(30);
    let again = rung(&world, "8001");
    assert_ne!(again, agent, "the sender is rung");
    assert_eq!(world.hears(caller), ["music.hold"]);
    world.run(25);
    let told = world.told();
    assert!(told.contains(&"queued desk".to_owned()), "{told:?}");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_sender_who_is_gone_for_good_leaves_the_caller_first_in_line() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    let waits = world.call_desk();
    world.habits.insert("8002".into(), Refuses(Cause::Busy));
    sends(&mut world, agent, "8002");
    world.legs.remove(&agent);
    world.tell(Input::Phone { phone: "8001".into(), up: false });
    world.event(agent, LegEvent::Gone(Cause::Normal));
    world.run(1);
    world.agent("8003", AnswersAfter(1));
    world.run(2);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8003")));
    for leg in [caller, waits] {
        world.gone(leg, Cause::Normal);
    }
    world.over();
}

#[test]
fn a_caller_is_sent_to_a_queue_to_a_menu_and_to_a_number_of_the_line() {
    let mut world = office();
    for (to, word) in [("desk", "queued desk"), ("main", "menu main"), ("5550", "queued desk")] {
        let (caller, agent) = served(&mut world);
        sends(&mut world, agent, to);
        assert_eq!(world.transfers[&agent].last(), Some(&TransferStage::Done));
        let told = world.told();
        assert!(told.contains(&word.to_owned()), "{to}: {told:?}");
        assert!(told.contains(&"visit 2".to_owned()));
        world.gone(caller, Cause::Normal);
        world.run(12);
    }
    world.over();
}

#[test]
fn the_caller_of_a_colleague_may_send_the_colleague_on() {
    let mut world = office();
    let (caller, party) = talk(&mut world, "8001", "8002");
    sends(&mut world, caller, "8003");
    world.run(3);
    let third = rung(&world, "8003");
    assert_eq!(world.legs[&party], Heard::Party(third));
    assert!(!world.legs.contains_key(&caller));
    assert_eq!(world.recorded.len(), 1, "recorded on");
    world.gone(third, Cause::Normal);
    world.over();
}

#[test]
fn a_caller_who_hangs_up_amid_a_transfer_stops_everything() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    world.habits.insert("8002".into(), Ignores);
    sends(&mut world, agent, "8002");
    world.run(1);
    world.gone(caller, Cause::Normal);
    world.run(1);
    assert!(world.legs.is_empty(), "{:?}", world.legs);
    world.over();
}

#[test]
fn a_carriers_leg_sends_nobody_anywhere() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    sends(&mut world, caller, "0085212345678");
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    assert_eq!(world.transfers[&caller], [TransferStage::Failed(Cause::Forbidden)]);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn a_transfer_by_keys_during_the_talk() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    "*28002#".chars().for_each(|key| world.press(agent, key));
    world.run(3);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8002")));
    let second = rung(&world, "8002");
    "*28003".chars().for_each(|key| world.press(second, key));
    world.run(6);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8003")), "ended by the pause");
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn an_attended_transfer_joins_the_caller_with_whom_the_agent_asked() {
    for consult_sends in [false, true] {
        let mut world = office();
        let (caller, agent) = served(&mut world);
        world.event(agent, LegEvent::Held);
        let (asks, asked) = talk(&mut world, "8001", "8002");
        assert_eq!(world.exchange.calls().count(), 2);
        let (leg, other) = if consult_sends { (asks, agent) } else { (agent, asks) };
        world.event(leg, LegEvent::JoinAsked { other });
        world.run(1);
        assert_eq!(world.legs[&caller], Heard::Party(asked));
        assert_eq!(world.legs[&asked], Heard::Party(caller));
        assert_eq!(world.legs.len(), 2);
        assert_eq!(world.exchange.calls().count(), 1);
        assert_eq!(world.transfers[&leg].last(), Some(&TransferStage::Done));
        let told = world.told();
        assert!(told.contains(&"call 2 into 1".to_owned()), "{told:?}");
        assert!(told.contains(&"8001 wrap-up".to_owned()), "{told:?}");
        world.gone(asked, Cause::Normal);
        world.over();
    }
}

#[test]
fn an_attended_transfer_to_a_phone_that_still_rings_leaves_the_caller_waiting_for_it() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    world.event(agent, LegEvent::Held);
    world.habits.insert("8002".into(), AnswersAfter(10));
    let asks = world.dial("8001", "8002");
    world.run(1);
    world.event(agent, LegEvent::JoinAsked { other: asks });
    world.run(1);
    assert_eq!(world.hears(caller), ["music.hold"]);
    assert_eq!(world.legs.len(), 2);
    world.run(10);
    assert_eq!(world.legs[&caller], Heard::Party(rung(&world, "8002")));
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn two_callers_of_one_phone_are_joined_and_both_are_heard() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    world.event(agent, LegEvent::Held);
    let colleague = world.dial("8002", "8001");
    world.run(3);
    let waiting = rung(&world, "8001");
    assert_eq!(world.legs[&colleague], Heard::Party(waiting));
    world.event(waiting, LegEvent::JoinAsked { other: agent });
    world.run(1);
    assert_eq!(world.legs[&caller], Heard::Party(colleague));
    assert_eq!(world.legs.len(), 2);
    world.gone(caller, Cause::Normal);
    world.over();
}

#[test]
fn legs_of_two_phones_are_not_joined() {
    let mut world = office();
    let (caller, agent) = served(&mut world);
    let (asks, asked) = talk(&mut world, "8002", "8003");
    world.event(agent, LegEvent::JoinAsked { other: asks });
    world.event(agent, LegEvent::JoinAsked { other: agent });
    world.event(agent, LegEvent::JoinAsked { other: LegId::inbound(999) });
    assert_eq!(world.legs[&caller], Heard::Party(agent));
    assert_eq!(world.legs[&asks], Heard::Party(asked));
    assert_eq!(world.exchange.counters().wishes_refused, 3);
    for leg in [caller, asks] {
        world.gone(leg, Cause::Normal);
    }
    world.over();
}
