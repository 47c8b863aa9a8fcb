//! A phone's own transfer key over the wire: what the phone is told, who is heard, and that the
//! caller is never lost.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use model::Cause;
use std::time::Duration;
use tests::phone::{Phone, Setup};
use tests::scene::{CALLER_HZ, GENERAL, SOON, Scene, talk};
use tests::sound::tone;

/// What the colleague speaks.
const COLLEAGUE_HZ: f64 = 700.0;

/// A hospital whose phones ring no longer than 5 s, an agent who talks with a caller, and a
/// colleague at a phone that does as `change` says.
fn served(change: impl Fn(&mut Setup)) -> (Scene, Phone, Phone, Phone) {
    let scene = Scene::hospital(|text| format!("{text}\n[ringing]\nlongest = \"5s\"\n")).unwrap();
    let mut setup = Setup::agent(scene.sip(), "8002", tone(COLLEAGUE_HZ, -12.0, 1000));
    change(&mut setup);
    let colleague = scene.registered(setup).unwrap();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    talk(&caller, &agent).unwrap();
    (scene, caller, agent, colleague)
}

fn told(agent: &Phone, last: &str) -> Vec<String> {
    let over = |story: &tests::phone::Story| {
        story.transfer.last().is_some_and(|line| line.starts_with(last))
    };
    agent.until(last, SOON, over).unwrap().transfer
}

#[test]
fn a_blind_transfer_is_told_how_it_goes_until_it_stands() {
    let (scene, caller, agent, colleague) =
        served(|setup| setup.answer_after = Some(Duration::from_secs(1)));
    agent.refer("8002");
    let told = told(&agent, "SIP/2.0 200");
    assert!(told[0].starts_with("SIP/2.0 100"), "{told:?}");
    assert!(told.iter().any(|line| line.starts_with("SIP/2.0 180")), "{told:?}");
    agent.until("the agent is out", SOON, |story| !story.talking).unwrap();
    let (mark, from) = (caller.mark(), colleague.mark());
    caller.hears(mark, COLLEAGUE_HZ, 500).unwrap();
    colleague.hears(from, CALLER_HZ, 500).unwrap();
    assert_eq!(scene.facts_when("Transferred", 1).unwrap().len(), 1);
    caller.hang_up();
    scene.over().unwrap();
}

#[test]
fn a_transfer_to_a_busy_phone_is_told_so_and_the_caller_is_heard_again() {
    let (scene, caller, agent, colleague) = served(|setup| setup.refuse = Some(Cause::Busy));
    agent.refer("8002");
    told(&agent, "SIP/2.0 486");
    assert_eq!(colleague.story().rang, 1);
    talk(&caller, &agent).unwrap();
    assert!(agent.story().talking);
    caller.hang_up();
    scene.over().unwrap();
}

#[test]
fn a_transfer_that_nobody_answers_brings_the_caller_back_to_who_sent() {
    let (scene, caller, agent, colleague) = served(|setup| setup.answer_after = None);
    agent.refer("8002");
    colleague.until("the colleague is rung", SOON, |story| story.ringing).unwrap();
    let told = told(&agent, "SIP/2.0 480");
    assert!(told.iter().any(|line| line.starts_with("SIP/2.0 180")), "{told:?}");
    talk(&caller, &agent).unwrap();
    colleague.until("it rings no more", SOON, |story| !story.ringing).unwrap();
    assert_eq!(scene.facts_when("TransferFailed", 1).unwrap().len(), 1);
    // The colleague who did not answer has a missed call.
    caller.hang_up();
    let owed = scene.facts_when("CallsOwed", 1).unwrap();
    assert_eq!(owed[0]["new"].as_array().unwrap().len(), 1, "{owed:?}");
    scene.over().unwrap();
}
