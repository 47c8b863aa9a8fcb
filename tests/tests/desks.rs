//! What desk phones do with a call: send it on, make it a conference, park it, call out. Each
//! party is heard by its tone, and nothing is left afterwards.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, GENERAL, SOON, Scene, loud_ms, samples, talk};
use tests::sound::{mixed_tone_ms, tone};

/// What the colleague speaks, and the party at the other end of a trunk.
const COLLEAGUE_HZ: f64 = 700.0;
const FAR_HZ: f64 = 850.0;

/// Presses keys one after the other, as fast as a person does.
fn press(phone: &Phone, keys: &str) {
    for key in keys.chars() {
        phone.press(key);
        std::thread::sleep(Duration::from_millis(250));
    }
}

/// A phone that only speaks, listens and answers.
fn colleague(scene: &Scene) -> Phone {
    let voice = tone(COLLEAGUE_HZ, -12.0, 1000);
    scene.registered(Setup::agent(scene.sip(), "8002", voice)).unwrap()
}

/// An agent who talks with a caller.
fn served(scene: &Scene) -> (Phone, Phone) {
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    talk(&caller, &agent).unwrap();
    (caller, agent)
}

fn over(scene: Scene, phones: &[&Phone]) {
    for phone in phones {
        phone.hang_up();
    }
    scene.over().unwrap();
}

#[test]
fn an_agent_sends_a_caller_to_a_colleague_by_keys() {
    let scene = Scene::hospital(|text| text).unwrap();
    let (caller, agent) = served(&scene);
    let colleague = colleague(&scene);
    press(&agent, "*28002#");
    colleague.until("the colleague talks", SOON, |story| story.talking).unwrap();
    agent.until("the agent is out", SOON, |story| !story.talking).unwrap();
    let (mark, from) = (caller.mark(), colleague.mark());
    caller.hears(mark, COLLEAGUE_HZ, 500).unwrap();
    colleague.hears(from, CALLER_HZ, 500).unwrap();
    caller.hang_up();
    assert_eq!(scene.facts_when("CallEnded", 1).unwrap().len(), 1);
    over(scene, &[]);
}

#[test]
fn a_caller_sent_to_nobody_comes_back_to_who_sent() {
    let scene = Scene::hospital(|text| text).unwrap();
    let (caller, agent) = served(&scene);
    press(&agent, "*28099#");
    scene.facts_when("TransferFailed", 1).unwrap();
    talk(&caller, &agent).unwrap();
    caller.hang_up();
    over(scene, &[]);
}

#[test]
fn three_of_a_conference_hear_each_other() {
    let scene = Scene::hospital(|text| text).unwrap();
    let (caller, agent) = served(&scene);
    let colleague = colleague(&scene);
    press(&agent, "*68002#");
    colleague.until("the colleague is asked", SOON, |story| story.talking).unwrap();
    let mark = colleague.mark();
    colleague.hears(mark, AGENT_HZ, 500).unwrap();
    press(&agent, "*3");
    scene.calls_are("conference", 1).unwrap();
    for (phone, others) in [
        (&caller, [AGENT_HZ, COLLEAGUE_HZ]),
        (&agent, [CALLER_HZ, COLLEAGUE_HZ]),
        (&colleague, [CALLER_HZ, AGENT_HZ]),
    ] {
        let mark = phone.mark();
        let heard = |story: &tests::phone::Story| {
            let sound = samples(&story.heard[mark..]);
            others.iter().all(|hz| mixed_tone_ms(&sound, *hz) >= 500)
        };
        phone.until("both others are heard", SOON, heard).unwrap();
    }
    // Who asked for it goes; the other two talk on.
    agent.hang_up();
    scene.calls_are("talking", 1).unwrap();
    let (mark, from) = (caller.mark(), colleague.mark());
    caller.hears(mark, COLLEAGUE_HZ, 500).unwrap();
    colleague.hears(from, CALLER_HZ, 500).unwrap();
    caller.hang_up();
    over(scene, &[]);
}

#[test]
fn a_parked_caller_hears_music_and_whoever_dials_the_slot_has_the_caller() {
    let scene = Scene::hospital(|text| text).unwrap();
    let (caller, agent) = served(&scene);
    let colleague = colleague(&scene);
    let mark = caller.mark();
    press(&agent, "*70#");
    agent.until("the slot was said", SOON, |story| !story.talking).unwrap();
    let music = |story: &tests::phone::Story| loud_ms(&story.heard[mark..]) >= 1000;
    caller.until("music is heard", SOON, music).unwrap();
    colleague.dial("701");
    colleague.until("the colleague talks", SOON, |story| story.talking).unwrap();
    let (mark, from) = (caller.mark(), colleague.mark());
    caller.hears(mark, COLLEAGUE_HZ, 500).unwrap();
    colleague.hears(from, CALLER_HZ, 500).unwrap();
    colleague.hang_up();
    over(scene, &[]);
}

#[test]
fn two_phones_call_each_other() {
    let scene = Scene::hospital(|text| text).unwrap();
    let voice = tone(AGENT_HZ, -12.0, 1000);
    let first = scene.registered(Setup::agent(scene.sip(), "8001", voice)).unwrap();
    let second = colleague(&scene);
    first.dial("8002");
    second.until("rung and answered", SOON, |story| story.talking).unwrap();
    first.until("answered", SOON, |story| story.talking).unwrap();
    let (mark, from) = (first.mark(), second.mark());
    first.hears(mark, COLLEAGUE_HZ, 500).unwrap();
    second.hears(from, AGENT_HZ, 500).unwrap();
    second.hang_up();
    first.until("hung up", SOON, |story| !story.ended.is_empty()).unwrap();
    over(scene, &[]);
}

/// A hospital whose carrier has two hosts: one that says nothing, and one that answers.
fn trunk() -> (Scene, UdpSocket, Phone) {
    let silent = UdpSocket::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let mut setup = Setup::trunk(nobody, "far", tone(FAR_HZ, -12.0, 1000));
    setup.answer_after = Some(Duration::from_millis(300));
    let far = Phone::start(setup).unwrap();
    let targets = format!("\"udp:{}\", \"udp:{}\"", silent.local_addr().unwrap(), far.address);
    let scene = Scene::hospital(|text| text.replace("\"udp:127.0.0.2:5060\"", &targets)).unwrap();
    (scene, silent, far)
}

#[test]
fn a_call_out_reaches_the_second_host_of_a_carrier_within_4_s_when_the_first_is_silent() {
    let (scene, silent, far) = trunk();
    // Who may call out is the agent's role, so the agent is logged in.
    let agent = scene.agent("8001").unwrap();
    let begun = Instant::now();
    agent.dial("913912345678");
    far.until("rung", SOON, |story| story.rang == 1).unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(4800), "{took:?}");
    agent.until("answered", SOON, |story| story.talking).unwrap();
    let (mark, from) = (agent.mark(), far.mark());
    agent.hears(mark, FAR_HZ, 500).unwrap();
    far.hears(from, AGENT_HZ, 500).unwrap();
    agent.hang_up();
    far.until("hung up", SOON, |story| !story.ended.is_empty()).unwrap();
    drop(silent);
    over(scene, &[]);
}

#[test]
fn what_a_role_may_not_dial_is_refused_and_an_emergency_passes() {
    let (scene, _silent, far) = trunk();
    let agent = scene.agent("8001").unwrap();
    let before = agent.story().ended.len();
    agent.dial("900442079460000");
    agent.until("refused", SOON, |story| story.ended.len() > before).unwrap();
    assert_eq!(far.story().rang, 0, "a number abroad left the box");
    scene.quiet().unwrap();
    agent.dial("120");
    far.until("an emergency rings", SOON, |story| story.rang == 1).unwrap();
    agent.until("answered", SOON, |story| story.talking).unwrap();
    agent.hang_up();
    over(scene, &[]);
}
