//! A supervisor by code at a desk phone: listens, whispers, barges in and takes over, each party
//! judged by the tones it hears, and the caller's recording with them.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, GENERAL, SOON, Scene, has_heard, samples, talk};
use tests::sound::{faint_tone_ms, from_a_law, mixed_tone_ms, tone, tone_ms};

const LEAD_HZ: f64 = 700.0;
const BEEP_HZ: f64 = 1400.0;

/// A hospital where 8004 may supervise and both sides are beeped at.
fn supervised() -> Scene {
    let lead = "[role.lead]\nsupervises = [\"listen\", \"whisper\", \"barge\", \"take-over\"]\n\n\
                [supervision]\nnotice = \"beep\"\n\n[parking]";
    let grace = "name = \"Grace Chen\"\npassword = \"ringfence-demo\"\nlanguage = \"en\"\nrole = ";
    Scene::hospital(|text| {
        let text = text.replace("[parking]", lead);
        text.replace(&format!("{grace}\"nurse\""), &format!("{grace}\"lead\""))
    })
    .unwrap()
}

/// A phone hears these tones together, in half a second of what comes now.
fn hears(who: &str, phone: &Phone, tones: &[f64]) {
    let mark = phone.mark();
    let what = format!("{who} hears {tones:?}");
    let all = |heard: &[u8]| {
        let sound = samples(heard);
        tones.iter().all(|hz| mixed_tone_ms(&sound, *hz) >= 500)
    };
    phone.until(&what, SOON, |story| all(&story.heard[mark..])).unwrap();
}

/// A phone comes to hear one tone and nothing else for a second.
fn hears_alone(who: &str, phone: &Phone, hz: f64) {
    let mark = phone.mark();
    let second = |heard: &[u8]| heard.len() >= 8000 && tone_ms(&samples(last(heard)), hz) >= 900;
    phone.until(&format!("{who} hears {hz} Hz"), SOON, |s| second(&s.heard[mark..])).unwrap();
}

/// How long the first beep since a mark is: what sounds in the two seconds from its begin. The next
/// comes 15 s later, however long a loaded machine takes.
fn first_beep_ms(phone: &Phone, mark: usize) -> u32 {
    let beep = |heard: &[u8]| {
        let sound = samples(&heard[mark..]);
        let begin = sound.chunks(160).position(|chunk| faint_tone_ms(chunk, BEEP_HZ) > 0)? * 160;
        sound.get(begin..begin + 16_000).map(|window| faint_tone_ms(window, BEEP_HZ))
    };
    phone.until("a beep", SOON, |story| beep(&story.heard).is_some()).unwrap();
    beep(&phone.story().heard).unwrap()
}

/// The last second of what was heard.
fn last(heard: &[u8]) -> &[u8] {
    &heard[heard.len().saturating_sub(8000)..]
}

#[test]
fn a_supervisor_listens_whispers_barges_in_and_takes_over_by_code_and_keys() {
    let scene = supervised();
    let agent = scene.agent("8001").unwrap();
    let lead = Setup::agent(scene.sip(), "8004", tone(LEAD_HZ, -12.0, 1000));
    let lead = scene.agent_with(lead).unwrap();
    scene.code(&lead, "*141").unwrap();
    scene.agent_is("8004", "not-ready").unwrap();
    let nurse = scene.registered(Setup::agent(scene.sip(), "8002", vec![0])).unwrap();
    scene.code(&nurse, "*11").unwrap();
    scene.code(&nurse, "*141").unwrap();
    let caller = scene.caller("13800000001", GENERAL).unwrap();
    scene.agent_is("8001", "talking").unwrap();
    talk(&caller, &agent).unwrap();

    let mark = nurse.mark();
    scene.code(&nurse, "*918001").unwrap();
    let forbidden = scene.prompt("zh-CN", "supervise.forbidden").unwrap();
    assert!(has_heard(&nurse.story().heard[mark..], &forbidden, 1500));

    let (mark, caller_mark) = (lead.mark(), caller.mark());
    lead.dial("*918001");
    hears("the supervisor", &lead, &[CALLER_HZ, AGENT_HZ]);
    let listen = scene.prompt("en", "supervise.listen").unwrap();
    assert!(has_heard(&lead.story().heard[mark..], &listen, 1500));
    let told = scene.boxed.wait("the console shows it", SOON, |now| {
        now.agents.iter().any(|row| row.agent == "8001" && row.reason == "listen")
    });
    told.unwrap();
    hears_alone("the caller", &caller, AGENT_HZ);
    hears_alone("the agent", &agent, CALLER_HZ);
    let beeped = first_beep_ms(&caller, caller_mark);
    assert!((300..=600).contains(&beeped), "a beep of {beeped} ms");

    lead.press('5');
    hears("the agent", &agent, &[CALLER_HZ, LEAD_HZ]);
    hears_alone("the caller hears no whisper", &caller, AGENT_HZ);

    lead.press('6');
    hears("the caller", &caller, &[AGENT_HZ, LEAD_HZ]);
    hears("the agent", &agent, &[CALLER_HZ, LEAD_HZ]);

    lead.press('7');
    agent.until("the agent is out", SOON, |story| !story.talking).unwrap();
    hears_alone("the caller after it", &caller, LEAD_HZ);
    hears_alone("the supervisor after it", &lead, CALLER_HZ);
    scene.agent_is("8004", "talking").unwrap();
    caller.hang_up();
    lead.until("the supervisor's call is over", SOON, |story| !story.talking).unwrap();
    scene.quiet().unwrap();

    let ways: Vec<String> = scene
        .facts_when("Supervised", 4)
        .unwrap()
        .iter()
        .map(|fact| fact["how"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ways, ["Listen", "Whisper", "Barge", "TakeOver"]);
    assert_eq!(scene.facts("SupervisionEnded").unwrap().len(), 1);

    // The recording heard what the caller did: the beep, the barging in, and no whisper before it.
    let call = scene.facts("RecordingStarted").unwrap();
    let call = call[0]["recording"]["call"].as_u64().unwrap();
    let (left, right) = scene.recording(call).unwrap();
    let side = |bytes: &[u8]| bytes.iter().copied().map(from_a_law).collect::<Vec<i16>>();
    let (left, right) = (side(&left), side(&right));
    assert!(tone_ms(&left, CALLER_HZ) > 4000 && mixed_tone_ms(&left, LEAD_HZ) == 0);
    assert!(faint_tone_ms(&right, BEEP_HZ) >= 300 && tone_ms(&right, LEAD_HZ) >= 900);
    scene.over().unwrap();
}
