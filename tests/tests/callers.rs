//! Callers behind the trunk: menus by key, the queue, and what befalls a talk.

use model::Cause;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::phone::{Phone, Setup};
use tests::scene::{
    AGENT_HZ, APPOINTMENTS, CALLER_HZ, COMPLAINTS, GENERAL, LANGUAGE_MENU, MAIN_MENU, SOON, Scene,
    has_heard, loud_ms, samples, talk,
};
use tests::sound::{tone, tone_ms};

fn hospital() -> Scene {
    Scene::hospital(|text| text).unwrap()
}

/// Waits until a caller stands at a node of the flow.
fn at(scene: &Scene, node: &str) {
    let there = |now: &control::Snapshot| now.calls.iter().any(|call| call.at == node);
    scene.boxed.wait(&format!("a caller at {node}"), SOON, there).unwrap();
}

/// Waits until a caller hears a prompt after `mark`.
fn hears(scene: &Scene, caller: &Phone, mark: usize, lang: &str, prompt: &str) {
    let sound = scene.prompt(lang, prompt).unwrap();
    let heard = |story: &tests::phone::Story| has_heard(&story.heard[mark..], &sound, 1500);
    // Judged now and then: a prompt is searched for in everything heard.
    let begun = Instant::now();
    while !heard(&caller.story()) {
        assert!(
            begun.elapsed() < SOON,
            "{prompt} ({lang}) was not heard; menus were left by {:?}",
            choices(scene)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What each menu was left by.
fn choices(scene: &Scene) -> Vec<(String, Value)> {
    let left = scene.facts("MenuLeft").unwrap();
    left.iter()
        .map(|fact| (fact["menu"].as_str().unwrap().to_owned(), fact["chosen"].clone()))
        .collect()
}

fn key(key: char) -> Value {
    json!({ "Key": key.to_string() })
}

/// A caller who stays silent, so that nothing but keys is heard of them.
fn silent(scene: &Scene, in_band: bool) -> Setup {
    let mut voice = Setup::trunk(scene.sip(), "13800000002", Vec::new());
    voice.in_band = in_band;
    voice
}

#[test]
fn keys_by_event_lead_through_the_chinese_menus_and_back_by_star() {
    let scene = hospital();
    let caller = scene.caller_with(silent(&scene, false), LANGUAGE_MENU).unwrap();
    hears(&scene, &caller, 0, "zh-CN", "language");
    let mark = caller.mark();
    caller.press('1');
    hears(&scene, &caller, mark, "zh-CN", "emergency");
    caller.press('1');
    at(&scene, "appointments");
    hears(&scene, &caller, mark, "zh-CN", "appointments");
    caller.press('*');
    at(&scene, "main");
    let mark = caller.mark();
    hears(&scene, &caller, mark, "zh-CN", "main");
    caller.press('1');
    at(&scene, "appointments");
    caller.press('2');
    scene.calls_are("waiting", 1).unwrap();
    let queued = &scene.facts_when("Queued", 1).unwrap()[0];
    assert_eq!((&queued["queue"], &queued["lang"]), (&json!("appointments"), &json!("zh-CN")));
    caller.hang_up();
    let menus: Vec<(String, Value)> = [
        ("language", '1'),
        ("main", '1'),
        ("appointments", '*'),
        ("main", '1'),
        ("appointments", '2'),
    ]
    .map(|(menu, pressed)| (menu.to_owned(), key(pressed)))
    .into();
    assert_eq!(choices(&scene), menus);
    scene.over().unwrap();
}

#[test]
fn keys_as_sound_lead_through_the_english_menus() {
    let scene = hospital();
    let caller = scene.caller_with(silent(&scene, true), LANGUAGE_MENU).unwrap();
    hears(&scene, &caller, 0, "en", "language");
    let mark = caller.mark();
    caller.press('2');
    hears(&scene, &caller, mark, "en", "emergency");
    caller.press('9');
    at(&scene, "main");
    hears(&scene, &caller, mark, "en", "main");
    caller.press('8');
    scene.calls_are("waiting", 1).unwrap();
    let queued = &scene.facts_when("Queued", 1).unwrap()[0];
    assert_eq!((&queued["queue"], &queued["lang"]), (&json!("complaints"), &json!("en")));
    assert_eq!(queued["marks"]["complaint"], true);
    caller.hang_up();
    scene.over().unwrap();
}

#[test]
fn wrong_keys_are_said_to_be_wrong_and_then_lead_to_an_agent() {
    let scene = hospital();
    let caller = scene.caller_with(silent(&scene, false), MAIN_MENU).unwrap();
    at(&scene, "main");
    let mark = caller.mark();
    caller.press('5');
    hears(&scene, &caller, mark, "zh-CN", "ivr.invalid");
    let mark = caller.mark();
    caller.press('7');
    hears(&scene, &caller, mark, "zh-CN", "ivr.invalid");
    caller.press('#');
    scene.calls_are("waiting", 1).unwrap();
    assert_eq!(choices(&scene), [("main".to_owned(), json!("Invalid"))]);
    assert_eq!(scene.facts_when("Queued", 1).unwrap()[0]["queue"], "general");
    caller.hang_up();
    scene.over().unwrap();
}

#[test]
fn a_card_number_is_collected_and_never_written_down() {
    let scene = hospital();
    let caller = scene.caller_with(silent(&scene, false), MAIN_MENU).unwrap();
    at(&scene, "main");
    caller.press('2');
    at(&scene, "results-card");
    for digit in "998877#".chars() {
        caller.press(digit);
    }
    scene.calls_are("waiting", 1).unwrap();
    let collected = &scene.facts_when("Collected", 1).unwrap()[0];
    assert_eq!((&collected["name"], &collected["digits"]), (&json!("results-card"), &json!("")));
    assert!(!format!("{:?}", scene.boxed.facts().unwrap()).contains("998877"));
    caller.hang_up();
    scene.over().unwrap();
}

/// The agents in the order calls were connected to callers.
fn connected(scene: &Scene, count: usize) -> Vec<u64> {
    let connected = scene.facts_when("Connected", count).unwrap();
    connected.iter().map(|fact| fact["visit"]["call"].as_u64().unwrap()).collect()
}

#[test]
fn a_vip_and_a_complaint_overtake_who_came_before() {
    let scene = hospital();
    let first = scene.caller("13900000001", GENERAL).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    let complaint = scene.caller("13900000002", COMPLAINTS).unwrap();
    scene.calls_are("waiting", 2).unwrap();
    // On the hospital's list of callers who come first.
    let vip = scene.caller("13800000001", GENERAL).unwrap();
    scene.calls_are("waiting", 3).unwrap();
    let voice = tone(AGENT_HZ, -12.0, 1000);
    let agent = scene.registered(Setup::agent(scene.sip(), "8001", voice)).unwrap();
    // Ready, and rung at once.
    scene.code(&agent, "*11").unwrap();
    let mut order = Vec::new();
    for talks in 1..=3 {
        agent.until("talking", SOON, |story| story.talking).unwrap();
        order = connected(&scene, talks);
        agent.hang_up();
        agent.until("over", SOON, |story| !story.talking).unwrap();
    }
    drop((first, complaint, vip));
    let offers = scene.facts("Offered").unwrap();
    let priorities: Vec<u64> =
        offers.iter().map(|offer| offer["why"]["priority"].as_u64().unwrap()).collect();
    assert!(priorities.is_sorted_by(|a, b| a >= b), "{priorities:?}");
    assert_eq!(*order.last().unwrap(), 1, "who came first and had no mark comes last: {order:?}");
    scene.over().unwrap();
}

#[test]
fn who_does_not_answer_is_busy_or_declines_is_passed_over_and_the_next_agent_answers() {
    let scene = hospital();
    let voice = || tone(AGENT_HZ, -12.0, 1000);
    let absent = Setup { answer_after: None, ..Setup::agent(scene.sip(), "8001", voice()) };
    let declining =
        Setup { refuse: Some(Cause::Declined), ..Setup::agent(scene.sip(), "8002", voice()) };
    let busy = Setup { refuse: Some(Cause::Busy), ..Setup::agent(scene.sip(), "8003", voice()) };
    // The longest idle is asked first.
    let phones = [absent, declining, busy].map(|setup| scene.agent_with(setup).unwrap());
    let answering = scene.agent("8004").unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    phones[0].until("rings", SOON, |story| story.ringing).unwrap();
    assert_eq!(phones[0].story().caller, "13900000001");
    answering.until("talking", SOON, |story| story.talking).unwrap();
    talk(&caller, &answering).unwrap();
    caller.hang_up();
    let failed = scene.facts_when("OfferFailed", 3).unwrap();
    let causes: Vec<_> = failed.iter().map(|fact| (&fact["agent"], &fact["cause"])).collect();
    let expected = [("8001", "NoAnswer"), ("8002", "Declined"), ("8003", "Busy")];
    assert_eq!(causes.len(), expected.len());
    for ((agent, cause), (who, why)) in causes.into_iter().zip(expected) {
        assert_eq!((agent, cause), (&json!(who), &json!(why)));
    }
    phones[0].until("no longer rings", SOON, |story| !story.ringing).unwrap();
    scene.over().unwrap();
}

#[test]
fn a_caller_who_gives_up_while_waiting_is_counted_as_abandoned() {
    let scene = hospital();
    let caller = scene.caller("13900000001", APPOINTMENTS).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    hears(&scene, &caller, 0, "zh-CN", "queue.busy");
    // Then the position, then music again.
    scene.facts_when("Announced", 1).unwrap();
    let mark = caller.mark();
    caller.until("position and music", SOON, |story| loud_ms(&story.heard[mark..]) > 4000).unwrap();
    assert_eq!(scene.facts("Announced").unwrap()[0]["position"], 1);
    caller.hang_up();
    let abandoned = &scene.facts_when("Abandoned", 1).unwrap()[0];
    assert_eq!(abandoned["queue"], "appointments");
    assert!(abandoned["waited_ms"].as_u64().unwrap() >= 10_000, "{abandoned}");
    scene.over().unwrap();
}

#[test]
fn wrap_up_lasts_its_time_and_who_is_not_ready_is_called_by_nobody() {
    let scene =
        Scene::hospital(|text| text.replace("wrap-up = \"1s\"", "wrap-up = \"3s\"")).unwrap();
    let agent = scene.agent("8001").unwrap();
    let first = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    let second = scene.caller("13900000002", GENERAL).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    talk(&first, &agent).unwrap();
    // The agent puts down first.
    agent.hang_up();
    first.until("hung up", SOON, |story| story.ended.len() == 1).unwrap();
    scene.agent_is("8001", "wrap-up").unwrap();
    agent.until("talking again", SOON, |story| story.talking).unwrap();
    talk(&second, &agent).unwrap();
    second.hang_up();
    scene.agent_is("8001", "wrap-up").unwrap();
    scene.quiet().unwrap();
    scene.code(&agent, "*142").unwrap();
    scene.agent_is("8001", "not-ready").unwrap();
    let rang = agent.story().rang;
    let third = scene.caller("13900000003", GENERAL).unwrap();
    scene.facts_when("Announced", 1).unwrap();
    assert_eq!(agent.story().rang, rang, "a phone rang although its agent was not ready");
    scene.code(&agent, "*13").unwrap();
    agent.until("talking once more", SOON, |story| story.talking).unwrap();
    third.hang_up();
    let ends = scene.facts_when("CallEnded", 3).unwrap();
    let by: Vec<_> = ends.iter().map(|end| end["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["Agent", "Caller", "Caller"]);

    let facts = scene.boxed.facts().unwrap();
    let time = |state: &str, nth: usize| {
        let fits = |entry: &&Value| {
            entry["fact"]["AgentChanged"]["state"].get(state).is_some()
                || entry["fact"]["AgentChanged"]["state"] == state
        };
        facts.iter().filter(fits).nth(nth).unwrap()["at"].as_i64().unwrap()
    };
    // Ready at the log-in, then at the end of the first wrap-up.
    let rested = time("Ready", 1) - time("WrapUp", 0);
    assert!((2900..3500).contains(&rested), "{rested} ms of wrap-up instead of 3 s");
    scene.over().unwrap();
}

#[test]
fn a_held_caller_hears_music_and_comes_back() {
    let scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    talk(&caller, &agent).unwrap();
    agent.hold(true);
    scene.calls_are("held", 1).unwrap();
    scene.facts_when("Held", 1).unwrap();
    let (mark, agent_mark) = (caller.mark(), agent.mark());
    let music = |story: &tests::phone::Story| loud_ms(&story.heard[mark..]) >= 1500;
    let story = caller.until("music", SOON, music).unwrap();
    assert!(tone_ms(&samples(&story.heard[mark..]), AGENT_HZ) < 200, "the agent was heard");
    let heard = tone_ms(&samples(&agent.story().heard[agent_mark..]), CALLER_HZ);
    assert!(heard < 200, "{heard} ms of a caller on hold were heard");
    agent.hold(false);
    scene.calls_are("talking", 1).unwrap();
    talk(&caller, &agent).unwrap();
    caller.hang_up();
    scene.facts_when("Resumed", 1).unwrap();
    scene.over().unwrap();
}

/// A caller who does not wait until the phone, which is rung once more, answers or another does.
#[test]
fn a_phone_that_vanishes_in_a_talk_leaves_nothing_behind_when_the_caller_hangs_up() {
    let scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    talk(&caller, &agent).unwrap();
    // Only of a phone that sent for a second is it known that it sends all the time.
    let mark = caller.mark();
    caller.until("a talk", SOON, |story| story.heard.len() > mark + 16_000).unwrap();
    agent.vanish();
    let vanished = Instant::now();
    scene.calls_are("calling", 1).unwrap();
    // 3 s, and what a loaded machine and the look at the console add.
    assert!(vanished.elapsed() < Duration::from_secs(5), "noticed after {:?}", vanished.elapsed());
    let mark = caller.mark();
    caller.until("a second", SOON, |story| story.heard.len() > mark + 8000).unwrap();
    let heard = tone_ms(&samples(&caller.story().heard[mark..]), AGENT_HZ);
    assert!(heard < 100, "who vanished is still heard: {heard} ms");
    caller.hang_up();
    scene.facts_when("Released", 1).unwrap();
    // The BYE to the phone is repeated for 32 s (RFC 3261 17.1.2.2, Timer F), behind the call's end.
    scene.quiet().unwrap();
    scene.forgotten().unwrap();
    scene.over().unwrap();
}

/// A carrier's host goes while its caller waits: 20 s of nothing, and 32 s of a question unanswered.
#[test]
fn a_caller_whose_carrier_vanishes_in_the_queue_holds_no_place_after_a_minute() {
    let scene = hospital();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    let mark = caller.mark();
    caller.until("the queue", SOON, |story| story.heard.len() > mark + 16_000).unwrap();
    let quiet = scene.caller("13900000002", GENERAL).unwrap();
    quiet.until("the queue", SOON, |story| story.heard.len() > 16_000).unwrap();
    scene.calls_are("waiting", 2).unwrap();
    caller.vanish();
    let one = |now: &control::Snapshot| now.calls.len() == 1;
    scene.boxed.wait("the call is over", Duration::from_secs(65), one).unwrap();
    let ended = scene.facts_when("CallEnded", 1).unwrap();
    assert_eq!(ended[0]["cause"].as_str(), Some("Vanished"), "{ended:?}");
    quiet.hang_up();
    scene.over().unwrap();
}

#[test]
fn a_caller_whose_agents_phone_loses_its_power_reaches_another_agent() {
    let scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    talk(&caller, &agent).unwrap();
    let other = scene.agent("8002").unwrap();
    agent.vanish();
    // Within 3 s it is rung once more, and then the caller stands in the queue again.
    other.until("talking", Duration::from_secs(40), |story| story.talking).unwrap();
    talk(&caller, &other).unwrap();
    caller.hang_up();
    scene.quiet().unwrap();
    scene.forgotten().unwrap();
    scene.over().unwrap();
}
