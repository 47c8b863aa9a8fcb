//! baresip as an agent's desk phone: another stack for signalling, sound and holding.

use std::time::Duration;
use tests::boxed::free_port;
use tests::foreign::Baresip;
use tests::network::{OWN, apart};
use tests::phone::Setup;
use tests::scene::{AGENT_HZ, CALLER_HZ, GENERAL, SOON, Scene, loud_ms, samples};
use tests::sound::{longest_tone_ms, tone, tone_ms};

/// What baresip speaks.
const SINE_HZ: u32 = 1500;

/// Starts baresip as phone 8001 and waits until it is registered. Debian's knows MD5 alone and
/// gives up when SHA-256 is offered beside it; when it comes again, MD5 alone is offered.
fn phone(scene: &Scene) -> Baresip {
    let ports = [free_port().unwrap(), free_port().unwrap(), 2 * (free_port().unwrap() / 2)];
    let dir = scene.dir.path().join("baresip");
    let start = || Baresip::start(&dir, scene.sip(), "8001", SINE_HZ, ports).unwrap();
    let first = start();
    first.says("Function not implemented", 1, SOON).unwrap();
    first.quit().unwrap();
    let phone = start();
    let up = |now: &control::Snapshot| now.agents.iter().any(|agent| agent.phone_up);
    scene.boxed.wait("baresip is registered", SOON, up).unwrap();
    phone
}

#[test]
fn baresip_logs_in_answers_by_itself_holds_resumes_and_hangs_up() {
    if apart(baresip_logs_in_answers_by_itself_holds_resumes_and_hangs_up) {
        return;
    }
    let scene = Scene::hospital_at(OWN, |text| text).unwrap();
    let mut phone = phone(&scene);
    phone.command("dial", "*11").unwrap();
    scene.agent_is("8001", "ready").unwrap();
    scene.quiet().unwrap();

    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    caller.hears(caller.mark(), SINE_HZ.into(), 1500).unwrap();

    phone.command("hold", "").unwrap();
    scene.calls_are("held", 1).unwrap();
    scene.facts_when("Held", 1).unwrap();
    let held = caller.mark();
    let music = |story: &tests::phone::Story| loud_ms(&story.heard[held..]) >= 1000;
    let story = caller.until("music is heard", SOON, music).unwrap();
    let sine = tone_ms(&samples(&story.heard[held..]), SINE_HZ.into());
    assert!(sine < 200, "{sine} ms of the agent were heard on hold");

    phone.command("resume", "").unwrap();
    scene.calls_are("talking", 1).unwrap();
    scene.facts_when("Resumed", 1).unwrap();
    caller.hears(caller.mark(), SINE_HZ.into(), 1000).unwrap();

    phone.command("hangup", "").unwrap();
    caller.until("hung up", SOON, |story| story.ended.len() == 1).unwrap();
    assert_eq!(scene.facts_when("CallEnded", 1).unwrap()[0]["by"], "Agent");
    let heard = phone.sounds("dec").unwrap();
    let caller_ms = heard.iter().map(|call| longest_tone_ms(call, CALLER_HZ)).max().unwrap_or(0);
    assert!(caller_ms >= 1000, "baresip heard {caller_ms} ms of the caller without a gap");

    // Who leaves properly takes the registration along, and the agent is no longer offered calls.
    phone.quit().unwrap();
    scene.agent_is("8001", "not-ready").unwrap();
    assert!(scene.boxed.snapshot().unwrap().agents.iter().all(|agent| !agent.phone_up));
    scene.over().unwrap();
}

#[test]
fn baresip_hears_the_confirmation_of_a_code_and_is_shown_who_calls() {
    if apart(baresip_hears_the_confirmation_of_a_code_and_is_shown_who_calls) {
        return;
    }
    let scene = Scene::hospital_at(OWN, |text| text).unwrap();
    let mut phone = phone(&scene);
    phone.command("dial", "*11").unwrap();
    phone.says("session closed", 1, Duration::from_secs(30)).unwrap();
    scene.quiet().unwrap();
    let prompt = samples(&scene.prompt("zh-CN", "agent.logged-in").unwrap());
    let heard = phone.sounds("dec").unwrap();
    let said: Vec<i16> = heard.concat();
    assert!(tests::scene::loud_ms_of(&said) > 300, "no confirmation was heard");
    assert!(tests::scene::likeness(&said, &prompt) > 0.8, "it was not the confirmation");

    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    assert!(phone.log().contains("<sip:13800000009@"), "{}", phone.log());
    caller.hang_up();
    scene.quiet().unwrap();
    phone.quit().unwrap();
    scene.over().unwrap();
}

/// A bank's policy: no phone talks in clear. The carrier's line of the demonstration does.
fn encrypted(text: String) -> String {
    text.replace("srtp = \"offer\"", "srtp = \"require\"")
        .replace("options-every = \"0s\"", "options-every = \"0s\"\nsrtp = \"offer\"")
}

#[test]
fn baresip_over_tls_talks_encrypted_and_a_phone_in_clear_is_refused() {
    if apart(baresip_over_tls_talks_encrypted_and_a_phone_in_clear_is_refused) {
        return;
    }
    let scene = Scene::hospital_at(OWN, encrypted).unwrap();
    let ports = [free_port().unwrap(), free_port().unwrap(), 2 * (free_port().unwrap() / 2)];
    let dir = scene.dir.path().join("baresip");
    let server = scene.tls().unwrap();
    let start = || Baresip::start_secure(&dir, server, "8001", SINE_HZ, ports).unwrap();
    let first = start();
    first.says("401 Unauthorized", 1, SOON).unwrap();
    let up = |now: &control::Snapshot| now.agents.iter().any(|agent| agent.phone_up);
    let mut phone = match scene.boxed.wait("registered", Duration::from_secs(3), up) {
        Ok(_) => first,
        Err(_) => {
            first.quit().unwrap();
            start()
        }
    };
    scene.boxed.wait("baresip is registered over TLS", SOON, up).unwrap();
    phone.command("dial", "*11").unwrap();
    scene.agent_is("8001", "ready").unwrap();
    scene.quiet().unwrap();

    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    caller.hears(caller.mark(), SINE_HZ.into(), 1500).unwrap();
    assert!(phone.log().contains("RTP/SAVP"), "{}", phone.log());
    caller.hang_up();
    scene.quiet().unwrap();
    let heard = phone.sounds("dec").unwrap();
    let caller_ms = heard.iter().map(|call| longest_tone_ms(call, CALLER_HZ)).max().unwrap_or(0);
    assert!(caller_ms >= 1000, "baresip heard {caller_ms} ms of the caller without a gap");

    // A phone of ours in clear is let in, but no call of its is taken.
    let clear = Setup::agent(scene.sip(), "8002", tone(AGENT_HZ, -12.0, 1000));
    let clear = scene.registered(clear).unwrap();
    clear.dial("*11");
    let story = clear.until("refused", SOON, |story| !story.ended.is_empty()).unwrap();
    assert!(story.heard.is_empty(), "{:?}", story.ended);
    phone.quit().unwrap();
    scene.over().unwrap();
}
