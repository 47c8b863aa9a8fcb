use crate::caller::{Caller, SECOND, flow, key, message, queue, site};
use ivr::{Input, Ivr, NODES_PER_VISIT_MAX, Output, PLAY_GUARD, VISITS_MAX};
use model::fact::Chosen;
use model::site::{Lang, Schedule};
use model::time::Anchor;
use model::{CallId, Fact, Instant, PlayId, VisitId, WallTime};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

#[test]
fn a_lost_end_of_a_prompt_strands_nobody() {
    let mut caller = Caller::at("greeting");
    caller.wait(PLAY_GUARD - SECOND);
    assert_eq!(caller.hears(), ["zh-CN/greeting"]);
    caller.wait(SECOND);
    assert_eq!(caller.node(), "languages");
    assert_eq!(caller.ivr.counters().plays_lost, 1);
    caller.wait(30 * SECOND).wait(PLAY_GUARD);
    assert_eq!(caller.queue(), Some("general"));
    assert_eq!(caller.ivr.counters().plays_lost, 2);
}

#[test]
fn a_caller_who_goes_round_for_ever_gets_an_agent() {
    let mut caller = Caller::at("main");
    caller.press(&"9".repeat(usize::from(NODES_PER_VISIT_MAX) - 1));
    assert_eq!(caller.node(), "main");
    caller.press("9");
    assert_eq!(caller.queue(), Some("general"));
    assert_eq!(caller.ivr.counters().visits_cut, 1);
}

#[test]
fn a_flow_that_spins_by_itself_gets_an_agent() {
    let mut spin = message("", "spin");
    if let model::site::Node::Message { say, .. } = &mut spin {
        say.clear();
    }
    let nodes = vec![("spin", spin), ("general", queue("general"))];
    let caller = Caller::on(site(nodes, Schedule::default(), "Asia/Shanghai"), "spin", WallTime(0));
    assert_eq!(caller.queue(), Some("general"));
}

#[test]
fn a_node_that_is_not_there_leads_to_an_agent() {
    assert_eq!(Caller::at("nowhere").queue(), Some("general"));
}

#[test]
fn one_visit_too_many_goes_straight_to_an_agent() {
    let anchor = Anchor { at: Instant::START, wall: WallTime(0) };
    let site = site(flow(), Schedule::default(), "Asia/Shanghai");
    let mut ivr = Ivr::new(Instant::START, anchor, site);
    for call in 0..=VISITS_MAX as u64 {
        let visit = VisitId { call: CallId(call), no: 1 };
        ivr.handle(Instant::START, Input::Begin { visit, node: "main".into(), lang: Lang::En });
    }
    let last = std::iter::from_fn(|| ivr.poll()).last();
    assert!(matches!(last, Some(Output::ToQueue { queue, .. }) if queue.as_str() == "general"));
    assert_eq!(ivr.len(), VISITS_MAX);
    assert_eq!(ivr.counters().visits_refused, 1);
}

#[test]
fn callers_do_not_disturb_one_another() {
    let anchor = Anchor { at: Instant::START, wall: WallTime(0) };
    let mut ivr =
        Ivr::new(Instant::START, anchor, site(flow(), Schedule::default(), "Asia/Shanghai"));
    let visit = |call| VisitId { call: CallId(call), no: 1 };
    for call in 1..=3 {
        let at = Instant::from_millis(call * 1000);
        ivr.handle(at, Input::Begin { visit: visit(call), node: "main".into(), lang: Lang::Zh });
    }
    ivr.handle(Instant::from_millis(4000), Input::Digit { visit: visit(2), digit: key('1') });
    ivr.handle(Instant::from_millis(5000), Input::Gone { visit: visit(3) });
    assert_eq!(ivr.at(visit(1)).unwrap().as_str(), "main");
    assert_eq!(ivr.at(visit(2)).unwrap().as_str(), "sub");
    assert_eq!(ivr.deadline().unwrap(), (Instant::from_millis(31_000), "caller presses nothing"));
}

#[test]
fn a_new_site_is_for_new_callers() {
    let mut caller = Caller::at("main");
    let nodes = vec![("main", message("news", "general")), ("general", queue("general"))];
    caller.ivr.apply(site(nodes, Schedule::default(), "Asia/Shanghai"));
    caller.press("1");
    assert_eq!(caller.node(), "sub");
    let visit = VisitId { call: CallId(8), no: 1 };
    caller.hand_in(Input::Begin { visit, node: "main".into(), lang: Lang::Zh });
    assert_eq!(caller.hears(), ["zh-CN/news"]);
}

/// What may happen, told apart from what makes sense.
#[derive(Clone, Debug)]
enum Step {
    Begin(u64, usize),
    Press(u64, char),
    /// The end of the play that is on, or of an older one.
    Played(u64, u64),
    Gone(u64),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let call = 0..4_u64;
    prop_oneof![
        (call.clone(), 0..13_usize).prop_map(|(call, node)| Step::Begin(call, node)),
        (call.clone(), proptest::sample::select("0123456789*#AD".chars().collect::<Vec<_>>()))
            .prop_map(|(call, sign)| Step::Press(call, sign)),
        (call.clone(), 0..3_u64).prop_map(|(call, back)| Step::Played(call, back)),
        call.prop_map(Step::Gone),
        (0..40_000_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_every_caller_is_on_the_way_to_somewhere(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let anchor = Anchor { at: Instant::START, wall: WallTime(0) };
        let nodes = flow();
        let names: Vec<_> = nodes.iter().map(|(name, _)| *name).collect();
        let mut ivr = Ivr::new(Instant::START, anchor, site(nodes, Schedule::default(), "UTC"));
        let mut now = Instant::START;
        let mut newest = BTreeMap::<VisitId, u64>::new();
        let mut open = BTreeMap::<VisitId, u32>::new();
        for step in steps {
            let visit = |call| VisitId { call: CallId(call), no: 1 };
            match step {
                Step::Begin(call, node) => {
                    let visit = visit(call);
                    open.remove(&visit);
                    let node = names[node % names.len()].into();
                    ivr.handle(now, Input::Begin { visit, node, lang: Lang::Zh });
                }
                Step::Press(call, sign) => {
                    ivr.handle(now, Input::Digit { visit: visit(call), digit: key(sign) });
                }
                Step::Played(call, back) => {
                    let play = newest.get(&visit(call)).copied().unwrap_or(0).saturating_sub(back);
                    ivr.handle(now, Input::Played { visit: visit(call), play: PlayId(play) });
                }
                Step::Gone(call) => {
                    open.remove(&visit(call));
                    ivr.handle(now, Input::Gone { visit: visit(call) });
                }
                Step::Pass(millis) => {
                    now = now + Duration::from_millis(millis);
                    ivr.tick(now);
                }
            }
            while let Some(output) = ivr.poll() {
                match output {
                    Output::Play { visit, play, clips } => {
                        prop_assert!(!clips.is_empty());
                        prop_assert!(newest.get(&visit).is_none_or(|last| *last < play.0));
                        newest.insert(visit, play.0);
                    }
                    Output::ToQueue { visit, .. } | Output::HangUp { visit } => {
                        prop_assert!(ivr.at(visit).is_none(), "left and still here");
                        prop_assert_eq!(open.remove(&visit).unwrap_or(0), 0, "left inside a menu");
                    }
                    Output::Fact(Fact::MenuEntered { visit, .. }) => {
                        *open.entry(visit).or_default() += 1;
                        prop_assert_eq!(open[&visit], 1, "in two menus at once");
                    }
                    Output::Fact(Fact::MenuLeft { visit, chosen, menu }) => {
                        prop_assert_eq!(open.insert(visit, 0), Some(1), "left a menu twice");
                        let collects = ["card", "pin"].contains(&menu.as_str());
                        prop_assert!(!(collects && matches!(chosen, Chosen::Key(_))));
                    }
                    Output::Fact(Fact::Collected { visit, .. }) => {
                        prop_assert_eq!(open.insert(visit, 0), Some(1));
                    }
                    Output::Fact(other) => prop_assert!(false, "{other:?}"),
                    Output::StopPlay { .. } => {}
                }
            }
            // A caller waits for a key or a play's end, and either has a time-out ahead.
            match ivr.deadline() {
                Some((at, _)) => {
                    prop_assert!(!ivr.is_empty());
                    prop_assert!(at <= now + PLAY_GUARD);
                }
                None => prop_assert!(ivr.is_empty()),
            }
        }
        // Left alone, everybody reaches a queue or a goodbye.
        for _ in 0..100 {
            let Some((at, _)) = ivr.deadline() else { break };
            now = now.max(at);
            ivr.tick(now);
        }
        prop_assert!(ivr.is_empty());
    }
}
