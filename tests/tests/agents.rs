//! Agents at desk phones: registering, logging in and out by feature code, being rung.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::{Duration, Instant};
use tests::boxed::{Boxed, copy_site, ringfence};
use tests::phone::{Phone, Setup};
use tests::scene::{GENERAL, Scene};
use tests::sound::{from_a_law, tone, tone_ms};

const SOON: Duration = Duration::from_secs(10);

fn hospital(dir: &std::path::Path, silence: &str) -> Boxed {
    let site = dir.join("site");
    let quick =
        |text: String| text.replace("silence = \"30s\"", &format!("silence = \"{silence}\""));
    let sip = copy_site("hospital", &site, quick).unwrap();
    Boxed::start(ringfence().unwrap(), &dir.join("state"), &site, sip, None).unwrap()
}

#[test]
fn agent_logs_in_by_code_hears_it_and_answers_a_caller_of_the_trunk() {
    let dir = tempfile::tempdir().unwrap();
    let mut boxed = hospital(dir.path(), "30s");
    let phone = Phone::start(Setup::agent(boxed.sip, "8001", tone(1500.0, -12.0, 1000))).unwrap();
    phone.wait(SOON, |story| matches!(story.registered, Some(Ok(_)))).unwrap();
    phone.dial("*11");
    let login = phone.wait(Duration::from_secs(20), |story| story.ended.len() == 1).unwrap();
    let loud = login.heard.iter().filter(|&&byte| from_a_law(byte).unsigned_abs() > 400).count();
    assert!(loud > 2000, "no confirmation was heard");
    boxed
        .wait("ready", SOON, |now| {
            now.agents.iter().any(|agent| agent.agent == "8001" && agent.state == "ready")
        })
        .unwrap();

    let caller =
        Phone::start(Setup::trunk(boxed.sip, "13800000001", tone(1004.0, -12.0, 1000))).unwrap();
    caller.dial("400");
    caller.wait(SOON, |story| story.talking).unwrap();
    // The rule of the trade: who presses nothing reaches an agent.
    phone.wait(Duration::from_secs(60), |story| story.talking).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    caller.hang_up();
    let talked = phone.wait(SOON, |story| story.ended.len() == 2).unwrap();
    let heard: Vec<i16> = talked.heard.iter().copied().map(from_a_law).collect();
    assert!(tone_ms(&heard, 1004.0) > 2000, "the agent did not hear the caller");
    let heard: Vec<i16> = caller.story().heard.iter().copied().map(from_a_law).collect();
    assert!(tone_ms(&heard, 1500.0) > 2000, "the caller did not hear the agent");
    boxed.wait("over", SOON, |now| now.calls.is_empty()).unwrap();
    assert!(boxed.stop(Duration::from_secs(20)).unwrap().success(), "{}", boxed.log());
    assert!(boxed.output(&["journal", "check"]).unwrap().starts_with("sound"));
    assert!(boxed.output(&["recording", "verify"]).unwrap().contains("whole"));
}

#[test]
fn a_dead_phone_costs_a_caller_5_s_and_is_away_until_it_is_heard_again() {
    let patient = |text: String| text.replace("ring = \"5s\"", "ring = \"15s\"");
    let scene = Scene::hospital(patient).unwrap();
    let first = scene.agent("8001").unwrap();
    let second = scene.agent("8002").unwrap();
    first.vanish();
    let _caller = scene.caller("13900000001", GENERAL).unwrap();
    scene.agent_is("8001", "ringing").unwrap();
    let begun = Instant::now();
    second.until("answered by the next agent", SOON, |story| story.talking).unwrap();
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(8), "the dead phone was rung for {waited:?}");
    let away = |row: &control::AgentRow| {
        (row.agent.as_str(), row.reason.as_str(), row.phone_up) == ("8001", "phone-gone", false)
    };
    scene.boxed.wait("8001 is away", SOON, |now| now.agents.iter().any(away)).unwrap();
    // Its cable is put back: it registers, from another port.
    let again = Setup::agent(scene.sip(), "8001", Vec::new());
    let _again = scene.registered(again).unwrap();
    scene.agent_is("8001", "ready").unwrap();
}

#[test]
fn a_phone_that_names_another_interface_in_its_description_is_heard_and_hears() {
    let dir = tempfile::tempdir().unwrap();
    let boxed = hospital(dir.path(), "5s");
    let phone = Phone::start(Setup {
        names: Some([192, 0, 2, 7].into()),
        ..Setup::agent(boxed.sip, "8001", tone(1500.0, -12.0, 1000))
    })
    .unwrap();
    phone.wait(SOON, |story| matches!(story.registered, Some(Ok(_)))).unwrap();
    phone.dial("*11");
    phone.wait(Duration::from_secs(20), |story| story.ended.len() == 1).unwrap();
    let caller =
        Phone::start(Setup::trunk(boxed.sip, "13800000001", tone(1004.0, -12.0, 1000))).unwrap();
    caller.dial("400");
    phone.wait(Duration::from_secs(60), |story| story.talking).unwrap();
    let both = |story: &tests::phone::Story, hz: f64| {
        let heard: Vec<i16> = story.heard.iter().copied().map(from_a_law).collect();
        tone_ms(&heard, hz) > 1000
    };
    phone.wait(SOON, |story| both(story, 1004.0)).unwrap();
    caller.wait(SOON, |story| both(story, 1500.0)).unwrap();
}

#[test]
fn a_caller_by_ipv4_talks_with_a_phone_by_ipv6_where_the_box_has_both() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let both = |text: String| {
        let text = text.replace("bind = \"127.0.0.1:", "bind = \"[::]:");
        text.replace("silence = \"30s\"", "silence = \"5s\"")
    };
    let sip = copy_site("hospital", &site, both).unwrap();
    let state = dir.path().join("state");
    let _boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let six = (std::net::Ipv6Addr::LOCALHOST, sip.port()).into();
    let phone = Phone::start(Setup::agent(six, "8001", tone(1500.0, -12.0, 1000))).unwrap();
    phone.wait(SOON, |story| matches!(story.registered, Some(Ok(_)))).unwrap();
    phone.dial("*11");
    phone.wait(Duration::from_secs(20), |story| story.ended.len() == 1).unwrap();
    let caller = Phone::start(Setup::trunk(sip, "13800000001", tone(1004.0, -12.0, 1000))).unwrap();
    caller.dial("400");
    phone.wait(Duration::from_secs(60), |story| story.talking).unwrap();
    let hears = |story: &tests::phone::Story, hz: f64| {
        let heard: Vec<i16> = story.heard.iter().copied().map(from_a_law).collect();
        tone_ms(&heard, hz) > 1000
    };
    phone.wait(SOON, |story| hears(story, 1004.0)).unwrap();
    caller.wait(SOON, |story| hears(story, 1500.0)).unwrap();
}
