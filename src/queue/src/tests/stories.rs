//! What callers and agents meet, as sentences.

use super::*;
use model::fact::Fact;

const VIP: Marks = Marks { vip: true, complaint: false };
const COMPLAINT: Marks = Marks { vip: false, complaint: true };

fn one() -> World {
    World::new([("help", queue(&["talk"], 10))])
}

fn with(change: impl FnOnce(&mut Queue)) -> World {
    let mut help = queue(&["talk"], 10);
    change(&mut help);
    World::new([("help", help)])
}

#[test]
fn a_complaint_goes_before_a_vip_and_a_vip_before_who_waited_longer() {
    let mut world = one();
    world.join(1, "help");
    world.join(2, "help");
    world.join_marked(3, "help", VIP);
    world.join_marked(4, "help", COMPLAINT);
    assert_eq!(world.order("help"), [4, 3, 1, 2]);
    assert_eq!(offers(&world.free("8001", &[("talk", 1)])), [(4, "8001")]);
}

#[test]
fn who_lost_the_agent_goes_before_all_others_and_into_a_full_queue() {
    let mut world = with(|help| help.waiting_max = 1);
    world.join_marked(1, "help", Marks { vip: true, complaint: true });
    let (queue, marks) = ("help".into(), Marks::default());
    world.tell(Input::Rejoin { visit: visit(2), queue, marks, lang: Lang::Zh });
    assert_eq!(world.order("help"), [2, 1]);
}

#[test]
fn an_agent_of_two_queues_serves_the_higher_priority_and_then_the_longer_wait() {
    let mut world = World::new([
        ("cards", queue(&["cards"], 20)),
        ("help", queue(&["talk"], 10)),
        ("loans", queue(&["talk"], 10)),
    ]);
    world.join(1, "loans");
    world.until(5);
    world.join(2, "help");
    world.until(9);
    world.join(3, "cards");
    let both = [("cards", 1), ("talk", 1)];
    assert_eq!(offers(&world.free("8001", &both)), [(3, "8001")]);
    assert_eq!(offers(&world.free("8002", &both)), [(1, "8002")]);
    assert_eq!(offers(&world.free("8003", &both)), [(2, "8003")]);
}

#[test]
fn the_longest_idle_of_the_fit_is_rung_then_the_more_skilled_then_the_lower_number() {
    let mut world = one();
    world.free("8009", &[("talk", 1)]);
    world.free("8000", &[("type", 9)]);
    world.until(1);
    world.free("8003", &[("talk", 2)]);
    world.free("8001", &[("talk", 2)]);
    world.free("8002", &[("talk", 7)]);
    let chosen: Vec<String> =
        (1..=5).flat_map(|n| offers(&world.join(n, "help")).pop().map(|o| o.1.into())).collect();
    assert_eq!(chosen, ["8009", "8002", "8001", "8003"]);
}

#[test]
fn an_offer_says_why_it_was_made() {
    let mut world = one();
    world.join(1, "help");
    world.join_marked(2, "help", VIP);
    world.until(40);
    let offered = world.free("8001", &[("talk", 3), ("type", 1)]);
    let expected = OfferWhy {
        priority: 110,
        marks: VIP,
        waited_ms: 40_000,
        waiting: 2,
        skills: vec!["talk".into()],
        fit: 1,
        idle_ms: 0,
        attempt: 1,
    };
    assert_eq!(why(&offered), &expected);
    let fact = Fact::Offered { visit: visit(2), agent: "8001".into(), why: expected };
    assert_eq!(facts(&offered), [&fact]);
}

#[test]
fn a_phone_that_rings_too_long_is_withdrawn_and_the_next_agent_rung() {
    let mut world = one();
    world.free("8001", &[("talk", 1)]);
    world.until(1);
    world.free("8002", &[("talk", 1)]);
    world.until(10);
    assert_eq!(offers(&world.join(1, "help")), [(1, "8001")]);
    let late = world.until(30);
    let failed =
        Fact::OfferFailed { visit: visit(1), agent: "8001".into(), cause: Cause::NoAnswer };
    assert_eq!(facts(&late)[0], &failed);
    assert!(late.contains(&Output::Withdraw {
        visit: visit(1),
        agent: "8001".into(),
        cause: Cause::NoAnswer
    }));
    assert_eq!(offers(&late), [(1, "8002")]);
    assert_eq!((why(&late).attempt, why(&late).waited_ms), (2, 20_000));
}

#[test]
fn who_did_not_answer_is_rung_again_only_when_nobody_else_is_free() {
    let mut world = one();
    world.free("8001", &[("talk", 1)]);
    world.join(1, "help");
    world.until(20);
    let again = world.free("8001", &[("talk", 1)]);
    assert_eq!(offers(&again), [(1, "8001")], "nobody else is there: the caller is not starved");
    let busy = Input::Failed { visit: visit(1), agent: "8001".into(), cause: Cause::Busy };
    world.tell(busy);
    world.tell(Input::AgentBusy { agent: "8001".into() });
    assert_eq!(offers(&world.free("8002", &[("talk", 1)])), [(1, "8002")]);
    world.free("8003", &[("talk", 1)]);
    world.free("8001", &[("talk", 1)]);
    let next = world.until(40);
    assert_eq!(offers(&next), [(1, "8003")]);
}

#[test]
fn a_caller_keeps_the_place_when_an_offer_fails() {
    let mut world = one();
    world.join(1, "help");
    world.join(2, "help");
    world.free("8001", &[("talk", 1)]);
    world.until(20);
    assert_eq!(world.order("help"), [1, 2]);
    assert_eq!(offers(&world.free("8002", &[("talk", 1)])), [(1, "8002")]);
}

#[test]
fn an_agent_who_answers_is_connected_once_with_the_time_waited() {
    let mut world = one();
    world.join(1, "help");
    world.until(12);
    world.free("8001", &[("talk", 1)]);
    world.until(15);
    let connected = Fact::Connected {
        visit: visit(1),
        queue: "help".into(),
        agent: "8001".into(),
        waited_ms: 15_000,
    };
    assert_eq!(facts(&world.accept(1, "8001")), [&connected]);
    assert_eq!(world.accept(1, "8001"), []);
    assert_eq!(world.queues.counters().stray, 1);
    assert_eq!(world.queues.deadline(), None, "no timer is left behind");
}

#[test]
fn a_caller_who_hangs_up_while_a_phone_rings_stops_the_phone() {
    let mut world = one();
    world.free("8001", &[("talk", 1)]);
    world.join(1, "help");
    world.until(7);
    let gone = world.tell(Input::Leave { visit: visit(1) });
    let cause = Cause::Cancelled;
    let expected = [
        Output::Withdraw { visit: visit(1), agent: "8001".into(), cause },
        Output::Fact(Fact::OfferFailed { visit: visit(1), agent: "8001".into(), cause }),
        Output::Fact(Fact::Abandoned { visit: visit(1), queue: "help".into(), waited_ms: 7000 }),
    ];
    assert_eq!(gone, expected);
    assert_eq!(world.until(600), []);
}

#[test]
fn an_agent_said_to_be_free_before_the_offer_ends_is_not_offered_two_calls() {
    let mut world = one();
    world.free("8001", &[("talk", 1)]);
    world.join(1, "help");
    world.join(2, "help");
    assert_eq!(offers(&world.free("8001", &[("talk", 1)])), []);
    let failed = Input::Failed { visit: visit(1), agent: "8001".into(), cause: Cause::Declined };
    assert_eq!(offers(&world.tell(failed)), [(1, "8001")]);
}

#[test]
fn who_finds_all_busy_hears_so_then_music_then_the_position() {
    let mut world = one();
    let joined = world.join(1, "help");
    let (prompts, busy, looped) = heard(&joined);
    assert_eq!((prompts, looped), (vec!["queue.busy"], false));
    let music = world.tell(Input::Played { visit: visit(1), play: busy });
    assert_eq!((heard(&music).0, heard(&music).2), (vec!["music"], true));
    world.until(10);
    world.join(2, "help");
    world.until(20);
    world.join_marked(3, "help", VIP);
    let told = world.until(30);
    assert_eq!(facts(&told), [&Fact::Announced { visit: visit(1), position: 2 }]);
    let (prompts, play, looped) = heard(&told);
    assert_eq!(prompts, ["queue.position-one"], "no estimate without answers");
    assert!(!looped);
    assert_eq!(world.tell(Input::Played { visit: visit(1), play: busy }), [], "an old end");
    let back = world.tell(Input::Played { visit: visit(1), play });
    assert_eq!((heard(&back).0, heard(&back).2), (vec!["music"], true));
}

#[test]
fn the_wait_is_estimated_from_the_answers_of_late() {
    let mut world = one();
    for n in 1..=5 {
        world.until(60 * n);
        world.free("8001", &[("talk", 1)]);
        world.join(n, "help");
        world.accept(n, "8001");
    }
    for n in 6..=8 {
        world.join(n, "help");
    }
    let told = world.until(330);
    let expected = say::position(Lang::Zh, 3).into_iter().chain(say::minutes(Lang::Zh, 3));
    let expected: Vec<String> = expected.map(|clip| clip.prompt.to_string()).collect();
    assert_eq!(heard(&told).0, expected, "270 s for 5 answers, thrice: 162 s");
}

#[test]
fn who_finds_an_agent_free_hears_music_alone_until_the_answer() {
    let mut world = one();
    world.free("8001", &[("talk", 1)]);
    let joined = world.join(1, "help");
    assert_eq!((heard(&joined).0, heard(&joined).2), (vec!["music"], true));
    assert_eq!(offers(&joined), [(1, "8001")]);
}

#[test]
fn a_position_is_not_said_while_a_phone_rings_for_the_caller() {
    let mut world = one();
    world.join(1, "help");
    world.until(25);
    world.free("8001", &[("talk", 1)]);
    assert_eq!(world.until(40), [], "due at 30 s, while the phone rings");
    let told = world.until(60);
    assert!(facts(&told).contains(&&Fact::Announced { visit: visit(1), position: 1 }));
}

#[test]
fn an_announcement_every_zero_is_never_said() {
    let mut world = with(|help| help.announce_every = Duration::ZERO);
    world.join(1, "help");
    assert_eq!(world.queues.deadline(), None);
}

fn after_60_s(help: &mut Queue) {
    help.overflow = Some(Overflow { after: Duration::from_secs(60), to: "bye".into() });
}

fn overflowed(n: u64, waited_ms: u64) -> Fact {
    Fact::Overflowed { visit: visit(n), queue: "help".into(), to: "bye".into(), waited_ms }
}

#[test]
fn a_caller_who_waited_too_long_overflows() {
    let mut world = with(after_60_s);
    world.join(1, "help");
    let gone = world.until(60);
    let out = Output::Overflow { visit: visit(1), to: "bye".into(), waited_ms: 60_000 };
    assert!(gone.contains(&out) && facts(&gone).contains(&&overflowed(1, 60_000)));
    assert_eq!(world.until(600), []);
}

#[test]
fn a_caller_for_whom_a_phone_rings_overflows_only_when_the_offer_fails() {
    let mut world = with(after_60_s);
    world.join(1, "help");
    world.until(50);
    world.free("8001", &[("talk", 1)]);
    world.until(55);
    world.free("8002", &[("talk", 1)]);
    assert_eq!(facts(&world.until(69)), Vec::<&Fact>::new());
    let gone = world.until(70);
    assert!(facts(&gone).contains(&&overflowed(1, 70_000)));
    assert_eq!(offers(&gone), [], "the time is over: no next agent is tried");
}

#[test]
fn a_caller_for_whom_a_phone_rings_at_the_overflow_time_may_still_be_answered() {
    let mut world = with(after_60_s);
    world.join(1, "help");
    world.until(50);
    world.free("8001", &[("talk", 1)]);
    world.until(65);
    assert!(matches!(facts(&world.accept(1, "8001"))[..], [Fact::Connected { .. }]));
}

#[test]
fn a_full_queue_overflows_the_next_caller_at_once() {
    let mut world = with(|help| {
        help.waiting_max = 1;
        after_60_s(help);
    });
    world.join(1, "help");
    let full = world.join(2, "help");
    assert_eq!(facts(&full)[1], &overflowed(2, 0));
    assert_eq!(world.order("help"), [1]);
    assert_eq!(world.queues.counters().full, 1);
}

#[test]
fn a_full_queue_without_overflow_says_so_and_then_has_the_caller_hung_up_on() {
    let mut world = with(|help| help.waiting_max = 1);
    world.join(1, "help");
    let full = world.join(2, "help");
    let away = Fact::TurnedAway { visit: visit(2), queue: "help".into() };
    assert_eq!(facts(&full)[1], &away);
    let (prompts, play, _) = heard(&full);
    assert_eq!(prompts, ["queue.full"]);
    let refused = Output::Refused { visit: visit(2) };
    assert_eq!(world.tell(Input::Played { visit: visit(2), play }), [refused]);

    world.join(3, "help");
    assert!(world.until(30).contains(&Output::Refused { visit: visit(3) }), "heard or not");
    world.join(4, "help");
    assert_eq!(world.tell(Input::Leave { visit: visit(4) }), []);
}

#[test]
fn an_unknown_queue_refuses_the_caller() {
    let mut world = one();
    assert_eq!(world.join(1, "gone"), [Output::Refused { visit: visit(1) }]);
}

#[test]
fn callers_of_a_queue_taken_out_of_the_site_are_still_served() {
    let mut world = one();
    world.join(1, "help");
    world.tell(Input::Site(site([("other", queue(&["talk"], 10))])));
    assert_eq!(world.order("help"), [1]);
    assert_eq!(offers(&world.free("8001", &[("talk", 1)])), [(1, "8001")]);
    world.accept(1, "8001");
    assert_eq!(world.join(2, "help"), [Output::Refused { visit: visit(2) }]);
}

#[test]
fn an_agent_who_is_fit_by_a_new_site_is_offered_who_waits() {
    let mut world = one();
    world.free("8001", &[("type", 1)]);
    world.join(1, "help");
    let applied = world.tell(Input::Site(site([("help", queue(&["type"], 10))])));
    assert_eq!(offers(&applied), [(1, "8001")]);
}

#[test]
fn five_hundred_wait_and_two_hundred_agents_take_them_in_order() {
    let mut world = with(|help| {
        help.waiting_max = 500;
        help.ring = Duration::from_secs(60);
    });
    for n in 1..=500 {
        world.join(n, "help");
    }
    let mut served = Vec::new();
    for agent in 0..200 {
        for (n, agent) in offers(&world.free(&format!("{}", 8000 + agent), &[("talk", 1)])) {
            served.push((n, agent.to_owned()));
        }
    }
    for (n, agent) in served.clone() {
        world.accept(n, &agent);
        served.extend(
            offers(&world.free(&agent, &[("talk", 1)])).into_iter().map(|(n, a)| (n, a.to_owned())),
        );
    }
    let order: Vec<u64> = served.iter().map(|(n, _)| *n).collect();
    assert_eq!(order, (1..=400).collect::<Vec<_>>());
    let told = world.until(30);
    let said = facts(&told).into_iter().filter(|fact| matches!(fact, Fact::Announced { .. }));
    assert_eq!(said.count(), 100);
}
