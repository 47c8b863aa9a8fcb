//! A flood of strangers for a few seconds: calls that stand lose nothing, a known phone still gets
//! through, and the console says what goes on. `scripts/bench sip flood` does it for a minute.

use std::time::{Duration, Instant};
use tests::flood::{Ask, Flood};
use tests::linphone::{self, Linphone};
use tests::phone::{Phone, Setup};
use tests::scene::{
    AGENT_HZ, CALLER_HZ, GENERAL, SOON, Scene, counter, missing_frames, samples, talk,
};
use tests::sound::{tone, tone_ms};

const LASTING: Duration = Duration::from_secs(5);
const RATE: u32 = 5000;

/// How long a known phone waits for its answer.
fn setup(phone: &Phone) -> Duration {
    let ended = phone.story().ended.len();
    let begun = Instant::now();
    phone.dial("*78");
    phone.until("answered", SOON, |story| story.talking || story.ended.len() > ended).unwrap();
    let took = begun.elapsed();
    assert!(phone.story().talking, "the code was refused: {:?}", phone.story().ended);
    phone.hang_up();
    phone.until("over", SOON, |story| story.ended.len() > ended).unwrap();
    took
}

fn flood(ask: Ask, sources: usize) {
    let scene = Scene::hospital(|text| text).unwrap();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    talk(&caller, &agent).unwrap();
    let voice = tone(AGENT_HZ, -12.0, 1000);
    let known = scene.registered(Setup::agent(scene.sip(), "8002", voice)).unwrap();
    setup(&known);

    let marks = (agent.mark(), caller.mark());
    let strangers = Flood::start(scene.sip(), ask, sources, RATE).unwrap();
    let begun = Instant::now();
    let (mut slowest, mut alarms) = (Duration::ZERO, Vec::new());
    while begun.elapsed() < LASTING {
        slowest = slowest.max(setup(&known));
        let now = scene.boxed.snapshot().unwrap();
        alarms.extend(now.alarms.into_iter().map(|alarm| alarm.key));
    }
    let sent = strangers.stop();
    assert!(sent.requests > 3 * u64::from(RATE), "{sent:?}: this machine sends no flood");
    assert!(slowest < Duration::from_secs(1), "a known phone waited {slowest:?}");
    assert!(alarms.iter().any(|key| key.contains("flood")), "{alarms:?}");
    let missing = missing_frames(&samples(&agent.story().heard[marks.0..]), CALLER_HZ)
        + missing_frames(&samples(&caller.story().heard[marks.1..]), AGENT_HZ);
    assert!(missing <= 5, "{missing} frames of the call were lost");
    let calm = |now: &control::Snapshot| !now.alarms.iter().any(|one| one.key.contains("flood"));
    scene.boxed.wait("the alarm goes", Duration::from_secs(15), calm).unwrap();
    assert!(setup(&known) < Duration::from_millis(500));
    caller.hang_up();
    scene.over().unwrap();
}

#[test]
fn calls_live_through_a_flood_of_registers_from_one_source() {
    flood(Ask::Register, 1);
}

#[test]
fn calls_live_through_a_flood_of_invites_from_a_thousand_sources() {
    flood(Ask::Invite, 1000);
}

#[test]
fn an_encrypted_call_over_tls_lives_through_a_flood_and_loses_no_frame() {
    let scene = Scene::hospital(|text| text).unwrap();
    let (server, trusted) = (scene.tls().unwrap(), scene.trusted().unwrap());
    let phone = linphone::Setup {
        server,
        user: "8001",
        way: linphone::Way::Tls,
        voice: &tone(AGENT_HZ, -12.0, 120_000),
        own: server.ip(),
        trusted: &trusted,
        register: true,
    };
    let mut agent = Linphone::start(&scene.dir.path().join("linphone"), &phone).unwrap();
    agent.tell("call *11").unwrap();
    scene.agent_is("8001", "ready").unwrap();
    scene.quiet().unwrap();
    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    caller.hears(caller.mark(), AGENT_HZ, 500).unwrap();
    agent.hears(agent.heard().len(), "the caller", |s| tone_ms(s, CALLER_HZ) >= 500).unwrap();

    let marks = (agent.heard().len(), caller.mark());
    let strangers = Flood::start(scene.sip(), Ask::Register, 1, RATE).unwrap();
    std::thread::sleep(LASTING);
    let sent = strangers.stop();
    let now = scene.boxed.snapshot().unwrap();
    assert!(sent.requests > 3 * u64::from(RATE), "{sent:?}: this machine sends no flood");
    assert!(agent.log().contains("RTP/SAVP"));
    assert_eq!(counter(&now, "rtp-unauthenticated"), 0);
    assert!(now.alarms.iter().any(|alarm| alarm.key.contains("flood")), "{:?}", now.alarms);
    let lost = missing_frames(&samples(&caller.story().heard[marks.1..]), AGENT_HZ);
    let heard = agent.heard();
    let of_agent = missing_frames(&heard[marks.0..], CALLER_HZ);
    assert!(lost + of_agent <= 5, "{lost} and {of_agent} frames of the call were lost");
    caller.hang_up();
    scene.over().unwrap();
}
