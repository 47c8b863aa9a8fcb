//! A headset and a loudspeaker at the box, through alsa-lib's `file` over `null`: what the box says to
//! them is a file that is judged, what a microphone hears is a file that others hear.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use control::{HeadsetWish, Reply, Request, Supervising};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tests::phone::{Phone, Setup};
use tests::scene::{AGENT_HZ, CALLER_HZ, GENERAL, SOON, Scene, counter, loud_ms, samples, talk};
use tests::sound::{is_said, longest_tone_ms, mixed_tone_ms, tone, tone_ms};

const LEAD_HZ: f64 = 700.0;

/// What alsa-lib reads of its devices, in a folder; the loudspeaker alone or all of them.
fn configure(dir: &Path, with_headset: bool) {
    let dir_of = dir.display();
    let null = "pcm.null {\n  type null\n}\n";
    let speaker = format!(
        "pcm.speaker {{\n  type file\n  slave.pcm \"null\"\n  file \"{dir_of}/speaker.raw\"\n  \
         format \"raw\"\n}}\n"
    );
    let headset = format!(
        "pcm.headset {{\n  type asym\n  playback.pcm {{\n    type file\n    slave.pcm \"null\"\n    \
         file \"{dir_of}/said.raw\"\n    format \"raw\"\n  }}\n  capture.pcm {{\n    type file\n    \
         slave.pcm \"null\"\n    file \"/dev/null\"\n    infile \"{dir_of}/microphone.raw\"\n    \
         format \"raw\"\n  }}\n}}\n"
    );
    let text = match with_headset {
        true => format!("{null}{speaker}{headset}"),
        false => format!("{null}{speaker}"),
    };
    std::fs::write(dir.join("asound.conf"), text).unwrap();
}

/// Two minutes of who speaks into the headset.
fn speak(dir: &Path) {
    microphone(dir, LEAD_HZ, -12.0);
}

/// Two minutes of a tone at the microphone.
fn microphone(dir: &Path, hz: f64, dbm0: f64) {
    let sound = tone(hz, dbm0, 120_000);
    let bytes: Vec<u8> = sound.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    std::fs::write(dir.join("microphone.raw"), bytes).unwrap();
}

/// A hospital with a headset that may supervise and a loudspeaker; the sound devices are files of a
/// folder.
fn hospital(dir: &Path) -> Scene {
    let more = "[phone.8090]\ndevice = \"headset\"\nuse = \"headset\"\nrole = \"lead\"\n\n\
                [phone.8095]\ndevice = \"speaker\"\nuse = \"loudspeaker\"\nname = \"Ward\"\n\n\
                [phone.8093]\ndevice = \"null\"\nuse = \"headset\"\n\n\
                [role.lead]\nhears-recordings = true\nsupervises = [\"listen\", \"whisper\", \"barge\", \"take-over\"]\n\n\
                [parking]";
    let config = dir.join("asound.conf").display().to_string();
    Scene::hospital_in(&[("ALSA_CONFIG_PATH", config)], |text| text.replace("[parking]", more))
        .unwrap()
}

fn at_headset(scene: &Scene, wish: HeadsetWish) -> anyhow::Result<Reply> {
    scene.boxed.ask(&Request::Headset { phone: None, wish })
}

fn supervise(scene: &Scene, agent: &str, how: Supervising) -> anyhow::Result<Reply> {
    at_headset(scene, HeadsetWish::Supervise { agent: agent.to_owned(), how })
}

/// What a device was given so far.
fn said(dir: &Path, file: &str) -> Vec<i16> {
    let bytes = std::fs::read(dir.join(file)).unwrap_or_default();
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// Waits until what a device was given fits.
fn until(what: &str, dir: &Path, file: &str, fits: impl Fn(&[i16]) -> bool) {
    let began = Instant::now();
    while !fits(&said(dir, file)) {
        assert!(began.elapsed() < SOON, "{what}: not within {SOON:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A phone comes to hear one tone and nothing else for a second.
fn hears_alone(who: &str, phone: &Phone, hz: f64) {
    let mark = phone.mark();
    let last = |heard: &[u8]| samples(&heard[heard.len().saturating_sub(8000)..]);
    let fits = |heard: &[u8]| heard.len() >= 8000 && tone_ms(&last(heard), hz) >= 900;
    phone.until(&format!("{who} hears {hz} Hz"), SOON, |s| fits(&s.heard[mark..])).unwrap();
}

/// A phone hears these tones together for half a second.
fn hears(who: &str, phone: &Phone, tones: &[f64]) {
    let mark = phone.mark();
    let all = |heard: &[u8]| {
        let sound = samples(heard);
        tones.iter().all(|hz| mixed_tone_ms(&sound, *hz) >= 500)
    };
    phone.until(&format!("{who} hears {tones:?}"), SOON, |s| all(&s.heard[mark..])).unwrap();
}

#[test]
fn a_supervisor_at_the_boxs_headset_listens_whispers_barges_in_and_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), true);
    speak(dir.path());
    let scene = hospital(dir.path());
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13800000001", GENERAL).unwrap();
    scene.agent_is("8001", "talking").unwrap();
    talk(&caller, &agent).unwrap();

    supervise(&scene, "8001", Supervising::Listen).unwrap();
    until("both are heard", dir.path(), "said.raw", |sound| {
        mixed_tone_ms(sound, CALLER_HZ) >= 1000 && mixed_tone_ms(sound, AGENT_HZ) >= 1000
    });
    hears_alone("the caller", &caller, AGENT_HZ);
    hears_alone("the agent", &agent, CALLER_HZ);

    supervise(&scene, "8001", Supervising::Whisper).unwrap();
    hears("the agent", &agent, &[CALLER_HZ, LEAD_HZ]);
    hears_alone("the caller hears no whisper", &caller, AGENT_HZ);

    supervise(&scene, "8001", Supervising::Barge).unwrap();
    hears("the caller", &caller, &[AGENT_HZ, LEAD_HZ]);

    supervise(&scene, "8001", Supervising::TakeOver).unwrap();
    agent.until("the agent is out", SOON, |story| !story.talking).unwrap();
    let mark = said(dir.path(), "said.raw").len();
    hears_alone("the caller after it", &caller, LEAD_HZ);
    until("the caller is heard alone", dir.path(), "said.raw", |sound| {
        let last = &sound[mark.max(sound.len().saturating_sub(8000))..];
        last.len() == 8000 && tone_ms(last, CALLER_HZ) >= 900
    });

    at_headset(&scene, HeadsetWish::HangUp).unwrap();
    caller.until("the call is over", SOON, |story| !story.talking).unwrap();
    let idle = at_headset(&scene, HeadsetWish::HangUp).unwrap_err().to_string();
    assert!(idle.contains("is in no call"), "{idle}");
    let ways: Vec<String> = scene
        .facts_when("Supervised", 4)
        .unwrap()
        .iter()
        .map(|fact| fact["how"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ways, ["Listen", "Whisper", "Barge", "TakeOver"]);
    scene.over().unwrap();
}

#[test]
fn what_the_box_says_is_heard_at_the_headset_and_whom_the_site_does_not_have_is_said() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), true);
    speak(dir.path());
    let scene = hospital(dir.path());
    supervise(&scene, "8001", Supervising::Listen).unwrap();
    let prompt = |id: &str| samples(&scene.prompt("zh-CN", id).unwrap());
    until("it is said that nobody talks", dir.path(), "said.raw", |sound| {
        is_said(sound, &prompt("supervise.nobody"))
    });
    let sound = said(dir.path(), "said.raw");
    assert!(!is_said(&sound, &prompt("supervise.forbidden")), "nothing else is said");
    let unknown = supervise(&scene, "8999", Supervising::Listen).unwrap_err().to_string();
    assert!(unknown.contains("no agent 8999"), "{unknown}");
    scene.over().unwrap();
}

#[test]
fn a_recording_is_heard_at_the_headset_by_whom_the_site_lets_and_the_journal_says_so() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), true);
    speak(dir.path());
    let scene = hospital(dir.path());
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13800000001", GENERAL).unwrap();
    scene.agent_is("8001", "talking").unwrap();
    talk(&caller, &agent).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    caller.hang_up();
    scene.quiet().unwrap();

    let id = scene.boxed.output(&["recording", "list"]).unwrap();
    let id = id.split_whitespace().next().unwrap().to_owned();
    let hear = HeadsetWish::Hear { recording: id.clone() };
    let other = Request::Headset { phone: Some("8093".to_owned()), wish: hear.clone() };
    let refused = scene.boxed.ask(&other).unwrap_err().to_string();
    assert!(refused.contains("may hear no recordings"), "{refused}");
    let mark = said(dir.path(), "said.raw").len();
    at_headset(&scene, hear.clone()).unwrap();
    until("both sides are heard", dir.path(), "said.raw", |sound| {
        let sound = &sound[mark.min(sound.len())..];
        mixed_tone_ms(sound, CALLER_HZ) >= 1000 && mixed_tone_ms(sound, AGENT_HZ) >= 1000
    });
    let heard = scene.facts_when("RecordingHeard", 1).unwrap();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["by"]["via"]["Phone"], "8090", "{heard:?}");
    // It ends when it is hung up.
    at_headset(&scene, hear).unwrap();
    at_headset(&scene, HeadsetWish::HangUp).unwrap();
    let idle = at_headset(&scene, HeadsetWish::HangUp).unwrap_err().to_string();
    assert!(idle.contains("is in no call"), "{idle}");
    let gone = HeadsetWish::Hear { recording: "00009999-1".to_owned() };
    let gone = at_headset(&scene, gone).unwrap_err().to_string();
    assert!(gone.contains("no recording 00009999-1"), "{gone}");
    scene.over().unwrap();
}

#[test]
fn who_waits_or_is_held_hears_the_line_in_while_it_is_there_and_so_does_the_recording() {
    const LINE_HZ: f64 = 600.0;
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), false);
    microphone(dir.path(), LINE_HZ, -15.0);
    let config = dir.path().join("asound.conf").display().to_string();
    let scene = Scene::hospital_in(&[("ALSA_CONFIG_PATH", config)], |text| {
        text + "\n[media]\nmusic-device = \"headset\"\n"
    });
    let scene = scene.unwrap();
    let gone = |now: &control::Snapshot| {
        now.alarms.iter().any(|row| row.key == "sound-device-gone" && row.about == "music")
    };
    scene.boxed.wait("the alarm stands", SOON, gone).unwrap();
    let caller = scene.caller("13800000001", GENERAL).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    let mark = caller.mark();
    let music = |story: &tests::phone::Story| loud_ms(&story.heard[mark..]) >= 1500;
    let story = caller.until("the recorded music", SOON, music).unwrap();
    assert!(tone_ms(&samples(&story.heard[mark..]), LINE_HZ) < 500, "nothing is plugged in");

    configure(dir.path(), true);
    scene.boxed.wait("the line-in is found", SOON, |now| !gone(now)).unwrap();
    let mark = caller.mark();
    let line = |heard: &[u8]| longest_tone_ms(&samples(heard), LINE_HZ) >= 2000;
    caller.until("the line-in", SOON, |story| line(&story.heard[mark..])).unwrap();

    // Who logs in is rung at once.
    let agent = Setup::agent(scene.sip(), "8001", tone(AGENT_HZ, -12.0, 1000));
    let agent = scene.registered(agent).unwrap();
    agent.dial("*11");
    scene.agent_is("8001", "talking").unwrap();
    talk(&caller, &agent).unwrap();
    agent.hold(true);
    scene.calls_are("held", 1).unwrap();
    let mark = caller.mark();
    caller.until("it is held", SOON, |story| line(&story.heard[mark..])).unwrap();
    caller.hang_up();
    scene.quiet().unwrap();
    let started = scene.facts("RecordingStarted").unwrap();
    let call = started[0]["recording"]["call"].as_u64().unwrap();
    let (_, right) = scene.recording(call).unwrap();
    let right = samples(&right);
    assert!(mixed_tone_ms(&right, LINE_HZ) >= 1500, "what the caller heard is recorded");
    scene.over().unwrap();
}

#[test]
fn whoever_calls_the_loudspeaker_is_heard_in_the_ward() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), true);
    speak(dir.path());
    let scene = hospital(dir.path());
    let sound = tone(AGENT_HZ, -12.0, 1000);
    let nurse = scene.registered(Setup::agent(scene.sip(), "8002", sound)).unwrap();
    nurse.dial("8095");
    nurse.until("the loudspeaker answers", SOON, |story| story.talking).unwrap();
    until("the ward hears the nurse", dir.path(), "speaker.raw", |sound| {
        tone_ms(sound, AGENT_HZ) >= 2000
    });
    let second = Setup::agent(scene.sip(), "8003", vec![0]);
    let second = scene.registered(second).unwrap();
    second.dial("8095");
    second.until("one announces at a time", SOON, |story| !story.ended.is_empty()).unwrap();
    nurse.hang_up();
    scene.over().unwrap();
}

/// A headset that takes what is said to it for as long as the file given is there.
fn configure_plug(dir: &Path) -> PathBuf {
    configure(dir, true);
    let (plug, script) = (dir.join("plugged"), dir.join("takes.sh"));
    std::fs::write(&plug, "").unwrap();
    let takes =
        "exec 3<&0\ncat <&3 >/dev/null &\nwhile [ -e \"$1\" ]; do sleep 0.1; done\nkill $!\n";
    std::fs::write(&script, takes).unwrap();
    let config = dir.join("asound.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let file = format!("{}/said.raw", dir.display());
    let piped = text.replace(&file, &format!("|sh {} {}", script.display(), plug.display()));
    assert_ne!(text, piped);
    std::fs::write(&config, piped).unwrap();
    plug
}

/// Pulls it out, and waits for the alarm.
fn pull(scene: &Scene, dir: &Path, plug: &Path) {
    configure(dir, false);
    std::fs::remove_file(plug).unwrap();
    scene.boxed.wait("the alarm stands", SOON, is_gone).unwrap();
}

fn is_gone(now: &control::Snapshot) -> bool {
    now.alarms.iter().any(|row| row.key == "sound-device-gone" && row.about == "8090")
}

#[test]
fn a_headset_that_is_pulled_out_ends_its_talk_and_is_used_again_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let plug = configure_plug(dir.path());
    speak(dir.path());
    let scene = hospital(dir.path());
    scene.boxed.wait("it is there", SOON, |now| counter(now, "sound-opened") == 3).unwrap();
    let nurse = Setup::agent(scene.sip(), "8002", tone(AGENT_HZ, -12.0, 1000));
    let nurse = scene.registered(nurse).unwrap();
    at_headset(&scene, HeadsetWish::Dial { number: "8002".to_owned() }).unwrap();
    nurse.until("a talk", SOON, |story| story.talking).unwrap();
    hears_alone("the nurse", &nurse, LEAD_HZ);

    pull(&scene, dir.path(), &plug);
    nurse.until("the nurse is told", SOON, |story| !story.talking).unwrap();
    scene.quiet().unwrap();
    let idle = at_headset(&scene, HeadsetWish::HangUp).unwrap_err().to_string();
    assert!(idle.contains("is in no call"), "{idle}");

    configure(dir.path(), true);
    scene.boxed.wait("it is back", SOON, |now| !is_gone(now)).unwrap();
    at_headset(&scene, HeadsetWish::Dial { number: "8002".to_owned() }).unwrap();
    until("the nurse is heard", dir.path(), "said.raw", |sound| {
        longest_tone_ms(sound, AGENT_HZ) >= 1000
    });
    nurse.hang_up();
    scene.over().unwrap();
}

#[test]
fn a_caller_whose_supervisor_at_the_headset_is_pulled_out_comes_to_an_agent() {
    let dir = tempfile::tempdir().unwrap();
    let plug = configure_plug(dir.path());
    speak(dir.path());
    let scene = hospital(dir.path());
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13800000001", GENERAL).unwrap();
    scene.agent_is("8001", "talking").unwrap();
    talk(&caller, &agent).unwrap();
    supervise(&scene, "8001", Supervising::Listen).unwrap();
    supervise(&scene, "8001", Supervising::TakeOver).unwrap();
    agent.until("the agent is out", SOON, |story| !story.talking).unwrap();
    hears_alone("the caller", &caller, LEAD_HZ);
    pull(&scene, dir.path(), &plug);
    agent.until("the caller again", 2 * SOON, |story| story.talking).unwrap();
    talk(&caller, &agent).unwrap();
    caller.hang_up();
    scene.over().unwrap();
}

#[test]
fn a_headset_that_is_not_there_is_an_alarm_and_used_when_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), false);
    speak(dir.path());
    let scene = hospital(dir.path());
    let told = scene.boxed.wait("the alarm stands", SOON, is_gone).unwrap();
    assert!(!told.alarms.iter().any(|row| row.about == "8095"), "the loudspeaker is there");
    let refused = supervise(&scene, "8001", Supervising::Listen).unwrap_err().to_string();
    assert!(refused.contains("plug it in"), "{refused}");
    configure(dir.path(), true);
    let there = scene.boxed.wait("the headset is found", SOON, |now| !is_gone(now)).unwrap();
    assert_eq!(counter(&there, "sound-opened"), 3);
    supervise(&scene, "8001", Supervising::Listen).unwrap();
    until("it is used", dir.path(), "said.raw", |sound| sound.iter().any(|s| s.abs() > 1000));
    scene.over().unwrap();
}
