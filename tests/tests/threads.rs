//! Two threads of sound on one box: talks live on either, and whoever is to hear whom does, by tone,
//! both ways, wherever they began. No recording has a gap.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, GENERAL, SOON, Scene, counter, samples, talk};
use tests::sound::{from_a_law, mixed_tone_ms, tone, tone_ms};

const LEAD_HZ: f64 = 700.0;
const SECOND_HZ: f64 = 850.0;
const OTHER_CALLER_HZ: f64 = 1200.0;

/// A hospital with two media threads, where 8004 may supervise.
fn two_threads() -> Scene {
    let lead = "[role.lead]\nsupervises = [\"listen\", \"whisper\", \"barge\", \"take-over\"]\n\n\
                [media]\nthreads = 2\n\n[parking]";
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
    let all = |heard: &[u8]| {
        let sound = samples(heard);
        tones.iter().all(|hz| mixed_tone_ms(&sound, *hz) >= 500)
    };
    phone.until(&format!("{who} hears {tones:?}"), SOON, |s| all(&s.heard[mark..])).unwrap();
}

/// A phone comes to hear one tone and nothing else for a second.
fn hears_alone(who: &str, phone: &Phone, hz: f64) {
    let mark = phone.mark();
    let second = |heard: &[u8]| {
        let last = &heard[heard.len().saturating_sub(8000)..];
        last.len() == 8000 && tone_ms(&samples(last), hz) >= 900
    };
    phone.until(&format!("{who} hears {hz} Hz"), SOON, |s| second(&s.heard[mark..])).unwrap();
}

fn of(scene: &Scene, name: &str) -> u64 {
    counter(&scene.boxed.snapshot().unwrap(), name)
}

/// Presses keys one after the other, as a hand does.
fn press(phone: &Phone, keys: &str) {
    for key in keys.chars() {
        phone.press(key);
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

/// An agent whose voice is a tone of its own.
fn agent(scene: &Scene, user: &str, hz: f64) -> Phone {
    scene.agent_with(Setup::agent(scene.sip(), user, tone(hz, -12.0, 1000))).unwrap()
}

#[test]
fn talks_of_two_threads_are_listened_to_joined_and_taken_over_and_recorded_whole() {
    let scene = two_threads();
    assert_eq!(of(&scene, "media-threads"), 2);
    let lead = agent(&scene, "8004", LEAD_HZ);
    scene.code(&lead, "*141").unwrap();
    let first = agent(&scene, "8001", AGENT_HZ);
    let caller = scene.caller("13800000001", GENERAL).unwrap();
    scene.agent_is("8001", "talking").unwrap();
    let second = agent(&scene, "8002", SECOND_HZ);
    let other = Setup::trunk(scene.sip(), "13800000002", tone(OTHER_CALLER_HZ, -12.0, 1000));
    let other = scene.caller_with(other, GENERAL).unwrap();
    scene.agent_is("8002", "talking").unwrap();
    talk(&caller, &first).unwrap();
    hears_alone("the other caller", &other, SECOND_HZ);
    hears_alone("the second agent", &second, OTHER_CALLER_HZ);
    assert_eq!(of(&scene, "legs-moved"), 0, "each call is in one thread");

    // A supervisor goes from one talk to the other, of which one is not in its leg's thread.
    for (user, agent, agent_hz, caller, hz) in [
        ("8001", &first, AGENT_HZ, &caller, CALLER_HZ),
        ("8002", &second, SECOND_HZ, &other, OTHER_CALLER_HZ),
    ] {
        lead.dial(&format!("*91{user}"));
        hears("the supervisor", &lead, &[hz, agent_hz]);
        hears_alone("the caller", caller, agent_hz);
        hears_alone("the agent", agent, hz);
        lead.press('6');
        hears("the caller", caller, &[agent_hz, LEAD_HZ]);
        hears("the agent", agent, &[hz, LEAD_HZ]);
        hears("the supervisor", &lead, &[hz, agent_hz]);
        if user == "8001" {
            lead.hang_up();
            lead.until("it is over", SOON, |story| !story.talking).unwrap();
            hears_alone("the caller", caller, agent_hz);
            hears_alone("the agent", agent, hz);
        }
    }
    assert!(of(&scene, "legs-moved") >= 1, "the supervisor's leg came to one of them");

    // Taken over there: the supervisor is the agent now.
    lead.press('7');
    second.until("the agent is out", SOON, |story| !story.talking).unwrap();
    hears_alone("the other caller", &other, LEAD_HZ);
    hears_alone("the supervisor", &lead, OTHER_CALLER_HZ);

    // A conference of three, one of whom is asked from the other talk's thread.
    press(&first, "*68002#");
    second.until("it rings", SOON, |story| story.talking).unwrap();
    hears_alone("the colleague", &second, AGENT_HZ);
    press(&first, "*3");
    hears("the caller", &caller, &[AGENT_HZ, SECOND_HZ]);
    hears("the agent", &first, &[CALLER_HZ, SECOND_HZ]);
    hears("the colleague", &second, &[CALLER_HZ, AGENT_HZ]);

    for phone in [&caller, &other, &second] {
        phone.hang_up();
    }
    scene.quiet().unwrap();
    let missed = ["legs-moved-ticks-missed", "recorded-ticks-missed", "taps-lost"];
    assert_eq!(missed.map(|name| of(&scene, name)), [0; 3]);
    let refused = ["meetings-refused", "media-orders-refused", "news-lost"];
    assert_eq!(refused.map(|name| of(&scene, name)), [0; 3]);

    // Of each call everybody's voice is in the recording, all along: that of a caller without a hole.
    let started = scene.facts("RecordingStarted").unwrap();
    for (fact, hz) in started.iter().zip([CALLER_HZ, OTHER_CALLER_HZ]) {
        let call = fact["recording"]["call"].as_u64().unwrap();
        let (left, right) = scene.recording(call).unwrap();
        let side = |bytes: &[u8]| bytes.iter().copied().map(from_a_law).collect::<Vec<i16>>();
        let (left, right) = (side(&left), side(&right));
        assert_eq!(left.len(), right.len());
        let begin = left.chunks(160).position(|chunk| tone_ms(chunk, hz) >= 20).unwrap();
        let said = tone_ms(&left[begin * 160..], hz);
        let lasted = (left.len() - begin * 160) as u32 / 8;
        assert!(said + 400 >= lasted, "{said} of {lasted} ms of {hz} Hz");
        assert!(tone_ms(&right, if hz == CALLER_HZ { AGENT_HZ } else { SECOND_HZ }) > 2000);
    }
    scene.over().unwrap();
}

#[test]
fn many_calls_come_and_go_on_two_threads_and_leave_nothing() {
    let scene = two_threads();
    let agents: Vec<Phone> =
        ["8001", "8002", "8003"].iter().map(|user| agent(&scene, user, AGENT_HZ)).collect();
    for turn in 0..3 {
        let callers: Vec<Phone> =
            (0..3).map(|n| scene.caller(&format!("1380000010{n}"), GENERAL).unwrap()).collect();
        scene.calls_are("talking", 3).unwrap();
        for caller in &callers {
            hears_alone("a caller", caller, AGENT_HZ);
        }
        for agent in &agents {
            hears_alone("an agent", agent, CALLER_HZ);
        }
        // Now the callers go, now the agents.
        for phone in if turn == 1 { &agents } else { &callers } {
            phone.hang_up();
        }
        scene.quiet().unwrap();
        for user in ["8001", "8002", "8003"] {
            scene.agent_is(user, "ready").unwrap();
        }
    }
    assert_eq!(of(&scene, "media-orders-refused"), 0);
    scene.over().unwrap();
}
