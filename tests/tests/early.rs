//! Sound before an answer: a carrier's announcement is heard by who calls out, and so is what the
//! box says to a phone whose call it does not put through.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::net::SocketAddr;
use tests::phone::{Phone, Setup, Story};
use tests::scene::{CALLER_HZ, SOON, Scene, has_heard, talk};
use tests::sound::tone;

#[test]
fn what_a_carrier_plays_before_the_answer_is_heard_at_the_agents_phone() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let far = Setup::trunk(nobody, "carrier", tone(CALLER_HZ, -12.0, 1000));
    let carrier = Phone::start(Setup { early: true, answer_after: None, ..far }).unwrap();
    let target = format!("\"udp:{}\"", carrier.address);
    let scene = Scene::hospital(|text| text.replace("\"udp:127.0.0.2:5060\"", &target)).unwrap();
    let agent = scene.agent("8001").unwrap();
    let mark = agent.mark();
    agent.dial("913912345678");
    carrier.until("the carrier is called", SOON, |story| story.rang == 1).unwrap();
    agent.hears(mark, CALLER_HZ, 500).unwrap();
    assert!(!agent.story().talking, "heard before the answer");
    let silent = scene.facts("CallAnswered").unwrap().len();
    carrier.answer();
    agent.until("the agent is through", SOON, |story| story.talking).unwrap();
    talk(&carrier, &agent).unwrap();
    let answered = scene.facts_when("CallAnswered", silent + 1).unwrap().len();
    assert_eq!(answered, silent + 1, "answered when the carrier was");
    agent.hang_up();
    carrier.until("the carrier's call is over", SOON, |story| !story.ended.is_empty()).unwrap();
    scene.over().unwrap();
}

#[test]
fn who_may_not_call_a_number_hears_why_and_is_never_answered() {
    let scene = Scene::hospital(|text| text).unwrap();
    let agent = scene.agent("8001").unwrap();
    let (mark, before) = (agent.mark(), agent.story().ended.len());
    agent.dial("90012125551234");
    let talked = |story: &Story| story.talking;
    let refused = agent.until("it is refused", SOON, |story| {
        assert!(!talked(story), "a call that is barred is never answered");
        story.ended.len() > before
    });
    let heard = refused.unwrap().heard;
    let zh = scene.prompt("zh-CN", "call.barred").unwrap();
    let en = scene.prompt("en", "call.barred").unwrap();
    let heard = &heard[mark..];
    assert!(has_heard(heard, &zh, 1500) || has_heard(heard, &en, 1500), "{} ms", heard.len() / 8);
    scene.over().unwrap();
}
