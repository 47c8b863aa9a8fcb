//! Phones over TCP and TLS whose connection breaks in the middle of a call (RFC 5626 section 4.3): the
//! talk goes on, what either end asks within it goes by the next connection, and the caller is never
//! lost.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::Duration;
use tests::phone::Setup;
use tests::scene::{AGENT_HZ, GENERAL, SOON, Scene, talk};
use tests::signalling::Way;
use tests::sound::tone;

/// An agent over TCP or TLS talks with a caller; the connection breaks, and the phone registers by
/// another.
fn breaks(scene: &Scene, way: Way, told: bool) {
    let server = if matches!(way, Way::Tls(_)) { scene.tls().unwrap() } else { scene.sip() };
    let voice = tone(AGENT_HZ, -12.0, 1000);
    let setup = Setup { way, ..Setup::agent(server, "8001", voice) };
    let agent = scene.agent_with(setup).unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    talk(&caller, &agent).unwrap();
    agent.cut(told);
    std::thread::sleep(Duration::from_secs(1));
    talk(&caller, &agent).unwrap();
    agent.register();
    let back = |story: &tests::phone::Story| matches!(story.registered, Some(Ok(_)));
    agent.until("registered again", SOON, back).unwrap();
    // What the phone asks goes by the new connection …
    agent.hold(true);
    scene.calls_are("held", 1).unwrap();
    agent.hold(false);
    scene.calls_are("talking", 1).unwrap();
    talk(&caller, &agent).unwrap();
    assert!(caller.story().ended.is_empty(), "the caller was never lost");
    // … and so does what it is told.
    caller.hang_up();
    agent.until("hung up", SOON, |story| !story.talking).unwrap();
    scene.quiet().unwrap();
    agent.unregister();
}

#[test]
fn a_talk_over_tcp_goes_on_by_the_phones_next_connection() {
    let scene = Scene::hospital(|text| text).unwrap();
    for told in [true, false] {
        breaks(&scene, Way::Tcp, told);
    }
    scene.over().unwrap();
}

#[test]
fn a_talk_over_tls_goes_on_by_the_phones_next_connection() {
    let scene = Scene::hospital(|text| text).unwrap();
    for told in [true, false] {
        breaks(&scene, Way::Tls(scene.trusted().unwrap()), told);
    }
    scene.over().unwrap();
}
