//! What agents meet, as sentences.

use super::*;
use crate::{DND, FORWARDED, RESTORE_AGE_MAX, UNANSWERED_MAX};
use AgentState::{LoggedOut, Ready, Ringing, Talking, WrapUp};

const HOUR_MS: i64 = 3_600_000;

#[test]
fn logging_in_makes_ready_and_is_confirmed_in_the_agents_language() {
    let mut world = World::new(two());
    world.up("8002");
    let outputs = world.tell(Input::Code { phone: "8002".into(), dialled: "*11" });
    let expected = [
        Output::Fact(Fact::AgentChanged { agent: "8002".into(), state: Ready }),
        Output::Free {
            agent: "8002".into(),
            skills: [("talk".into(), 1)].into(),
            idle_since: world.now,
        },
        Output::Say { phone: "8002".into(), clips: vec![Clip::new(Lang::Zh, "agent.logged-in")] },
    ];
    assert_eq!(outputs, expected);
    assert_eq!(world.dial("8002", "*11"), "zh-CN agent.already-logged-in");
}

#[test]
fn who_logs_in_at_a_phone_that_takes_no_calls_hears_not_ready() {
    let sit = |world: &mut World, phone: &str| {
        let (phone, agent) = (PhoneId::new(phone), AgentId::new("8002"));
        let outputs = world.tell(Input::Sit { phone, agent, pin: None });
        let Some(Output::Say { clips, .. }) = outputs.last() else { panic!("{outputs:?}") };
        clips[0].prompt.to_string()
    };
    let mut world = World::new(two());
    assert_eq!(world.dial("8001", "*11"), "en agent.not-ready", "the phone is not registered");
    assert_eq!(sit(&mut world, "8002"), "agent.not-ready");
    world.dial("8001", "*12");
    for reason in [DND, FORWARDED] {
        world.up("8001");
        world.tell(Input::Barred { phone: "8001".into(), reason: Some(reason) });
        assert_eq!(world.dial("8001", "*11"), "en agent.not-ready", "{reason}");
        assert_eq!(world.state("8001"), not_ready(reason));
        assert_eq!(sit(&mut world, "8001"), "agent.not-ready", "{reason}");
        world.dial("8001", "*12");
    }
    world.tell(Input::Barred { phone: "8001".into(), reason: None });
    assert_eq!(world.dial("8001", "*11"), "en agent.logged-in");
}

#[test]
fn codes_of_one_who_is_not_logged_in_change_nothing() {
    let mut world = World::new(two());
    world.up("8001");
    for code in ["*12", "*13", "*14", "*141", "*15"] {
        assert_eq!(world.dial("8001", code), "en agent.not-logged-in");
    }
    assert_eq!(world.state("8001"), LoggedOut);
}

#[test]
fn a_code_nobody_knows_or_a_phone_that_is_nobodys_is_told_so() {
    let mut world = World::ready();
    assert_eq!(world.dial("8001", "*149"), "en agent.unknown-code");
    assert_eq!(world.dial("door", "*11"), "zh-CN agent.unknown-code");
    assert_eq!(world.agents.counters().unknown_codes, 2);
}

#[test]
fn not_ready_takes_a_reason_and_ready_ends_it() {
    let mut world = World::ready();
    assert_eq!(world.dial("8001", "*142"), "en agent.not-ready.lunch");
    assert_eq!(world.state("8001"), not_ready("lunch"));
    assert_eq!(world.dial("8001", "*14"), "en agent.not-ready");
    assert_eq!(world.state("8001"), not_ready(""));
    world.until(60);
    assert_eq!(world.dial("8001", "*13"), "en agent.ready");
    assert_eq!(world.agents.since(&"8001".into()), Some(at(60)));
    assert_eq!(world.dial("8001", "*13"), "en agent.ready");
    assert_eq!(world.agents.since(&"8001".into()), Some(at(60)), "no change, no new since");
}

#[test]
fn the_same_not_ready_twice_is_one_change() {
    let mut world = World::ready();
    world.dial("8001", "*142");
    let again = world.tell(Input::Code { phone: "8001".into(), dialled: "*142" });
    assert_eq!(changes(&again), []);
}

#[test]
fn a_call_goes_through_ringing_talking_and_a_wrap_up_of_the_queues_time() {
    let mut world = World::ready();
    let rings = world.offer("8001", 1, "help");
    assert_eq!(changes(&rings), [("8001", &Ringing { visit: visit(1) })]);
    assert!(rings.contains(&Output::Busy { agent: "8001".into() }));
    world.until(5);
    assert_eq!(changes(&world.answer("8001", 1)), [("8001", &Talking { visit: visit(1) })]);
    assert_eq!(changes(&world.answer("8001", 1)), [], "said twice, changed once");
    world.until(100);
    assert_eq!(changes(&world.release("8001", 1)), [("8001", &WrapUp { visit: visit(1) })]);
    assert_eq!(world.until(129), []);
    let rested = world.until(130);
    assert_eq!(changes(&rested), [("8001", &Ready)]);
    assert!(matches!(&rested[1], Output::Free { idle_since, .. } if *idle_since == at(130)));
}

#[test]
fn a_queue_without_wrap_up_makes_ready_at_once() {
    let mut world = World::talking("fast");
    assert_eq!(changes(&world.release("8001", 1)), [("8001", &Ready)]);
}

#[test]
fn wrap_up_ends_by_its_code_by_ready_or_by_not_ready() {
    let ends = [
        ("*15", "en agent.wrap-up-ended", Ready),
        ("*13", "en agent.ready", Ready),
        ("*141", "en agent.not-ready.break", not_ready("break")),
        ("*12", "en agent.logged-out", LoggedOut),
    ];
    for (code, said, state) in ends {
        let mut world = World::talking("help");
        world.release("8001", 1);
        assert_eq!(world.dial("8001", code), said);
        assert_eq!(world.state("8001"), state);
        assert_eq!(world.until(600), [], "no timer is left behind");
    }
}

#[test]
fn a_rest_that_goes_on_after_a_call_by_hand_stays_that_of_the_first_call() {
    let mut world = World::talking("help");
    world.release("8001", 1);
    world.tell(Input::Engaged { agent: "8001".into(), visit: visit(2), queue: None });
    assert_eq!(changes(&world.release("8001", 2)), [("8001", &WrapUp { visit: visit(1) })]);
    let rest = Input::Code { phone: "8001".into(), dialled: "*16" };
    assert_eq!(changes(&world.tell(rest)), []);
    assert_eq!(world.until(600), [], "for as long as the agent likes");
    assert_eq!(world.state("8001"), WrapUp { visit: visit(1) });
}

#[test]
fn a_log_out_while_talking_happens_at_the_end_of_the_call() {
    let mut world = World::talking("help");
    assert_eq!(world.dial("8001", "*12"), "en agent.logged-out");
    assert_eq!(world.state("8001"), Talking { visit: visit(1) });
    assert_eq!(changes(&world.release("8001", 1)), [("8001", &LoggedOut)]);
    assert_eq!(world.until(600), []);
}

#[test]
fn a_log_out_while_ringing_happens_when_the_ring_or_the_call_after_it_is_over() {
    let mut world = World::ready();
    world.offer("8001", 1, "help");
    world.dial("8001", "*12");
    assert_eq!(changes(&world.unanswered("8001", 1, Cause::NoAnswer)), [("8001", &LoggedOut)]);
    world.dial("8001", "*11");
    world.offer("8001", 2, "help");
    world.dial("8001", "*12");
    world.answer("8001", 2);
    assert_eq!(changes(&world.release("8001", 2)), [("8001", &LoggedOut)]);
}

#[test]
fn other_codes_are_not_taken_during_a_call() {
    let mut world = World::talking("help");
    for code in ["*13", "*142", "*15"] {
        assert_eq!(world.dial("8001", code), "en agent.on-a-call");
    }
    assert_eq!(changes(&world.release("8001", 1)), [("8001", &WrapUp { visit: visit(1) })]);
}

#[test]
fn logging_in_takes_back_a_log_out_that_waits_for_the_call() {
    let mut world = World::talking("fast");
    world.dial("8001", "*12");
    assert_eq!(world.dial("8001", "*11"), "en agent.already-logged-in");
    assert_eq!(changes(&world.release("8001", 1)), [("8001", &Ready)]);
}

#[test]
fn two_rings_in_a_row_without_an_answer_make_not_ready() {
    let mut world = World::ready();
    world.offer("8001", 1, "help");
    world.until(20);
    let first = world.unanswered("8001", 1, Cause::NoAnswer);
    assert_eq!(changes(&first), [("8001", &Ready)]);
    assert!(matches!(&first[1], Output::Free { idle_since, .. } if *idle_since == at(20)));
    world.offer("8001", 2, "help");
    let second = world.unanswered("8001", 2, Cause::Busy);
    assert_eq!(changes(&second), [("8001", &not_ready("no-answer"))]);
    assert_eq!(world.agents.counters().no_answer, 1);
    assert_eq!(world.dial("8001", "*13"), "en agent.ready");
    assert_eq!(UNANSWERED_MAX, 2);
}

#[test]
fn a_phone_that_falls_silent_while_it_rings_is_gone_and_no_fault_of_its_agent() {
    let mut world = World::ready();
    world.offer("8001", 1, "help");
    assert_eq!(changes(&world.down("8001")), [], "the ring ends by its own leg");
    let ended = world.unanswered("8001", 1, Cause::Unreachable);
    assert_eq!(changes(&ended), [("8001", &not_ready("phone-gone"))]);
    assert_eq!(changes(&world.up("8001")), [("8001", &Ready)]);
    world.offer("8001", 2, "help");
    let first = world.unanswered("8001", 2, Cause::NoAnswer);
    assert_eq!(changes(&first), [("8001", &Ready)], "the first in a row");
}

#[test]
fn an_answer_between_makes_the_count_start_again() {
    let mut world = World::ready();
    world.offer("8001", 1, "fast");
    world.unanswered("8001", 1, Cause::NoAnswer);
    world.offer("8001", 2, "fast");
    world.answer("8001", 2);
    world.release("8001", 2);
    world.offer("8001", 3, "fast");
    assert_eq!(changes(&world.unanswered("8001", 3, Cause::NoAnswer)), [("8001", &Ready)]);
}

#[test]
fn a_caller_who_hangs_up_while_the_phone_rings_costs_the_agent_nothing() {
    let mut world = World::ready();
    world.until(50);
    for n in 1..=5 {
        world.offer("8001", n, "help");
        let gone = world.unanswered("8001", n, Cause::Cancelled);
        assert!(matches!(&gone[1], Output::Free { idle_since, .. } if *idle_since == at(0)));
    }
    assert_eq!(world.state("8001"), Ready);
}

#[test]
fn an_agent_whose_phone_is_gone_is_not_offered_calls_until_it_is_back() {
    let mut world = World::ready();
    let gone = world.down("8001");
    assert_eq!(changes(&gone), [("8001", &not_ready("phone-gone"))]);
    assert!(gone.contains(&Output::Busy { agent: "8001".into() }));
    world.until(90);
    let back = world.up("8001");
    assert_eq!(changes(&back), [("8001", &Ready)]);
    assert!(matches!(&back[1], Output::Free { .. }));
}

#[test]
fn an_agent_at_lunch_stays_at_lunch_when_the_phone_comes_and_goes() {
    let mut world = World::ready();
    world.dial("8001", "*142");
    assert_eq!((world.down("8001"), world.up("8001")), (vec![], vec![]));
}

#[test]
fn a_wrap_up_that_ends_without_a_phone_waits_for_the_phone() {
    let mut world = World::talking("help");
    assert_eq!(world.down("8001"), [], "the talk is not touched");
    world.release("8001", 1);
    assert_eq!(changes(&world.until(30)), [("8001", &not_ready("phone-gone"))]);
    assert_eq!(changes(&world.up("8001")), [("8001", &Ready)]);
}

#[test]
fn an_offer_to_one_who_is_not_ready_is_ignored_and_counted() {
    let mut world = World::ready();
    world.dial("8001", "*14");
    assert_eq!(world.offer("8001", 1, "help"), [Output::Busy { agent: "8001".into() }]);
    assert_eq!(world.state("8001"), not_ready(""));
    assert_eq!(world.answer("8001", 1), []);
    // An agent who logged in amid a talk is told of its end all the same.
    assert_eq!(world.release("8001", 1), []);
    assert_eq!(world.agents.counters().stray, 2);
}

#[test]
fn agents_come_back_after_a_restart_as_far_as_that_is_still_true() {
    let wall = WallTime(50 * HOUR_MS);
    let recently = WallTime(wall.0 - HOUR_MS);
    let cases = [
        (Ready, Some(not_ready("phone-gone")), Ready),
        (Ringing { visit: visit(1) }, Some(not_ready("phone-gone")), Ready),
        (WrapUp { visit: visit(1) }, Some(not_ready("phone-gone")), Ready),
        (Talking { visit: visit(1) }, Some(not_ready("restart")), not_ready("restart")),
        (not_ready("lunch"), Some(not_ready("lunch")), not_ready("lunch")),
        (LoggedOut, None, LoggedOut),
    ];
    for (before, told, after) in cases {
        let mut world = World::restored(two(), wall, &[("8001".into(), before.clone(), recently)]);
        let outputs = world.drain();
        let told: Vec<_> = told.iter().map(|state| ("8001", state)).collect();
        assert_eq!(changes(&outputs), told, "{before:?}");
        world.up("8001");
        assert_eq!(world.state("8001"), after, "{before:?}");
    }
}

#[test]
fn a_state_from_before_the_night_and_an_agent_of_before_are_logged_out() {
    let wall = WallTime(50 * HOUR_MS);
    let old = i64::try_from(RESTORE_AGE_MAX.as_millis()).unwrap();
    let before = [
        ("8001".into(), Ready, WallTime(wall.0 - old - 1)),
        ("8002".into(), Ready, WallTime(wall.0 - old)),
        ("7999".into(), Ready, wall),
    ];
    let mut world = World::restored(two(), wall, &before);
    let outputs = world.drain();
    let phone_gone = not_ready("phone-gone");
    let expected = [("8001", &LoggedOut), ("8002", &phone_gone), ("7999", &LoggedOut)];
    assert_eq!(changes(&outputs), expected);
    assert_eq!(world.agents.state(&"7999".into()), None);
}

#[test]
fn an_agent_taken_out_of_the_site_leaves_at_once_or_after_the_call() {
    let mut world = World::talking("help");
    world.up("8002");
    world.dial("8002", "*11");
    let applied = world.tell(Input::Site(Arc::new(site([]))));
    assert_eq!(changes(&applied), [("8002", &LoggedOut)]);
    assert_eq!(changes(&world.release("8001", 1)), [("8001", &LoggedOut)]);
    assert_eq!(world.agents.iter().count(), 0);
    assert_eq!(world.dial("8001", "*11"), "zh-CN agent.unknown-code");
}

#[test]
fn new_skills_of_a_free_agent_are_told_without_a_change_of_state() {
    let mut world = World::ready();
    world.until(9);
    let mut changed = two();
    let skills: BTreeMap<SkillId, u8> = [("type".into(), 3)].into();
    changed.agents.get_mut(&"8001".into()).unwrap().skills = skills.clone();
    let applied = world.tell(Input::Site(Arc::new(changed)));
    assert_eq!(applied, [Output::Free { agent: "8001".into(), skills, idle_since: at(0) }]);
}
