//! A box under abuse: pipes and devices for sites, damaged state, files that are gone.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use tests::boxed::{Boxed, copy_site, ringfence, root};
use tests::phone::{Phone, Setup, Story};
use tests::scene::AGENT_HZ;
use tests::sound::tone;

const SOON: Duration = Duration::from_secs(10);

/// Runs the command line on a state folder, at most 20 s.
fn run(state: &Path, arguments: &[&str]) -> Output {
    Command::new("timeout")
        .arg("20")
        .arg(ringfence().unwrap())
        .args(arguments)
        .arg("--state")
        .arg(state)
        .env("RINGFENCE_SHARE", root().join("images"))
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_pipe_or_device_in_a_site_is_refused_at_once_and_the_box_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    for kind in ["device", "pipe", "prompt"] {
        let bad = dir.path().join(kind);
        copy_site("hospital", &bad, |text| text).unwrap();
        let toml = bad.join("site.toml");
        match kind {
            "device" => {
                std::fs::remove_file(&toml).unwrap();
                std::os::unix::fs::symlink("/dev/zero", &toml).unwrap();
            }
            "pipe" => {
                std::fs::remove_file(&toml).unwrap();
                assert!(Command::new("mkfifo").arg(&toml).status().unwrap().success());
            }
            _ => {
                let wav = bad.join("prompts/en/greeting.wav");
                assert!(Command::new("mkfifo").arg(wav).status().unwrap().success());
            }
        }
        let output = run(&state, &["site", "apply", bad.to_str().unwrap()]);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{kind}: {text}");
        assert!(text.contains("is not a plain file"), "{kind}: {text}");
    }
    let history = boxed.output(&["site", "history"]).unwrap();
    assert_eq!(history.lines().count(), 1, "{history}");
}

#[test]
fn a_damaged_applied_site_falls_back_to_the_newest_sound_one_with_an_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    for _ in 0..2 {
        let output = run(&state, &["site", "apply", site.to_str().unwrap()]);
        assert!(output.status.success(), "{}", said(&output));
    }
    std::fs::write(state.join("sites/000002/site.toml"), "xx").unwrap();
    let mut boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    boxed
        .wait("the alarm", Duration::from_secs(5), |now| {
            now.alarms.iter().any(|alarm| alarm.key == "site-damaged")
        })
        .unwrap();
    assert!(boxed.log().contains("running site version 1"), "{}", boxed.log());
    assert!(boxed.output(&["report", "day", "today"]).is_ok());
    assert!(boxed.stop(Duration::from_secs(20)).unwrap().success());
}

#[test]
fn a_run_that_was_killed_is_told_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let died = |now: &control::Snapshot| now.alarms.iter().any(|one| one.key == "last-run-died");
    let mut first = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let begun = first.wait("its start is on the disk", SOON, |now| now.durable_seq > 0).unwrap();
    assert!(!died(&begun));
    first.kill().unwrap();
    let mut second = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert!(died(&second.snapshot().unwrap()));
    assert!(second.stop(Duration::from_secs(20)).unwrap().success());
    let third = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert!(!died(&third.snapshot().unwrap()));
}

/// Nobody tells a phone over UDP that the box was started anew: it would register when its hour is over.
#[test]
fn a_phone_that_registered_once_is_rung_after_the_box_was_killed_and_started_anew() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let mut first = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let quiet = || tone(AGENT_HZ, -12.0, 1000);
    let up = |story: &Story| matches!(story.registered, Some(Ok(_)));
    let rung = Phone::start(Setup::agent(sip, "8001", quiet())).unwrap();
    rung.until("registered", SOON, up).unwrap();
    let kept = state.join("registrations");
    let begun = std::time::Instant::now();
    while !kept.exists() {
        assert!(begun.elapsed() < SOON, "nothing was put by");
        std::thread::sleep(Duration::from_millis(50));
    }
    first.kill().unwrap();
    // Whom it names is sealed.
    let bytes = std::fs::read(&kept).unwrap();
    assert!(!bytes.windows(4).any(|four| four == b"8001"));
    let mut second = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let caller = Phone::start(Setup::agent(sip, "8002", quiet())).unwrap();
    caller.until("registered", SOON, up).unwrap();
    caller.dial("8001");
    rung.until("it talks", SOON, |story| story.talking).unwrap();
    caller.hang_up();
    assert!(second.stop(Duration::from_secs(20)).unwrap().success());
    // A damaged file is no reason not to start.
    std::fs::write(&kept, "damaged").unwrap();
    let third = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert!(third.log().contains("is damaged"), "{}", third.log());
}

#[test]
fn a_journal_that_is_gone_is_not_called_sound() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let mut boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    boxed.stop(Duration::from_secs(20)).unwrap();
    std::fs::write(state.join("recordings/00000007-1.rfr"), "").unwrap();
    std::fs::remove_dir_all(state.join("journal")).unwrap();
    let output = run(&state, &["journal", "check"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("recordings up to call 7"), "{}", said(&output));
    let boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let alarms = boxed.snapshot().unwrap().alarms;
    assert!(alarms.iter().any(|alarm| alarm.key == "facts-lost"), "{alarms:?}");
}

#[test]
fn idle_peers_of_the_control_socket_keep_no_console_out_for_long() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let socket = state.join("control.sock");
    let idle: Vec<_> =
        (0..60).map(|_| std::os::unix::net::UnixStream::connect(&socket).unwrap()).collect();
    // Asked within 60 s, as every client of the tests does; without the idle limit it never comes.
    assert!(boxed.snapshot().is_ok());
    drop(idle);
}

#[test]
fn consoles_that_watch_leave_room_for_whoever_asks_for_something() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let _boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    let watch = control::encode(&control::Request::Watch { every_ms: 1000 }).unwrap();
    let consoles: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = UnixStream::connect(state.join("control.sock")).unwrap();
            stream.write_all(&watch).unwrap();
            stream.set_read_timeout(Some(SOON)).unwrap();
            stream
        })
        .collect();
    let mut refused = 0;
    for mut console in &consoles {
        let mut first = [0; 64];
        let length = console.read(&mut first).unwrap();
        refused +=
            usize::from(String::from_utf8_lossy(&first[..length]).contains("consoles watch"));
    }
    assert_eq!(refused, 16, "24 of 40 watch");
    let history = run(&state, &["site", "history"]);
    assert!(history.status.success(), "{}", said(&history));
}

#[test]
fn a_box_whose_applied_sites_are_gone_runs_the_one_given_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let gone = |now: &control::Snapshot| now.alarms.iter().any(|one| one.key == "sites-gone");
    let mut first = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert!(!gone(&first.snapshot().unwrap()));
    assert!(first.stop(Duration::from_secs(20)).unwrap().success());
    std::fs::remove_dir_all(state.join("sites")).unwrap();
    let mut second = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert!(gone(&second.snapshot().unwrap()));
    assert!(second.stop(Duration::from_secs(20)).unwrap().success());
}

#[test]
fn what_is_in_the_way_is_named_and_what_is_wrong_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, |text| text).unwrap();
    let state = dir.path().join("state");
    let mut boxed = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert!(boxed.stop(Duration::from_secs(20)).unwrap().success());
    let says = |arguments: &[&str], words: &str| {
        let output = run(&state, arguments);
        assert!(said(&output).contains(words), "{arguments:?}: {}", said(&output));
    };
    says(&["report", "day", "2026-02-30", "--share", "/nowhere"], "'2026-02-30' is no date");
    says(&["site", "history", "--share", "/nowhere"], "not checked: no prompts");
    std::fs::remove_dir_all(state.join("recordings")).unwrap();
    std::fs::write(state.join("recordings"), "").unwrap();
    says(&["recording", "verify"], "state/recordings");
    std::fs::remove_file(state.join("recordings")).unwrap();
    std::fs::create_dir(state.join("control.sock")).unwrap();
    says(&["run"], "state/control.sock");
    std::fs::remove_file(state.join("lock")).unwrap();
    std::fs::create_dir(state.join("lock")).unwrap();
    says(&["run"], "state/lock");
}

#[test]
fn a_box_whose_line_card_is_missing_says_so_and_answers_what_comes_by_trunk() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let real = |text: String| {
        let text = text.replace("driver = \"sim\"", "driver = \"dahdi\"");
        text + "\n[trunk.e1]\nfirst-channel = 5\nentry = \"greeting\"\n"
    };
    let sip = copy_site("hospital", &site, real).unwrap();
    let state = dir.path().join("state");
    let none = dir.path().join("no-such-driver").display().to_string();
    let environment = [("RINGFENCE_DAHDI", none)];
    let program = ringfence().unwrap();
    let boxed = Boxed::start_in(program, &state, &site, sip, None, &environment).unwrap();
    boxed
        .wait("the alarms", Duration::from_secs(5), |now| {
            let gone = now.alarms.iter().filter(|alarm| alarm.key == "card-gone");
            let down =
                now.alarms.iter().any(|alarm| alarm.key == "trunk-down" && alarm.about == "e1");
            // Four ports, and the span as a whole.
            down && gone.count() == 5
        })
        .unwrap();
    let log = boxed.log();
    assert!(log.contains("port fxo-1: no card's driver is loaded"), "{log}");
    assert!(log.contains("trunk e1: no card's driver is loaded"), "{log}");
    let lines = boxed.snapshot().unwrap().lines;
    let alarmed = lines.iter().filter(|line| line.alarms == ["card-gone"]);
    assert_eq!(alarmed.count(), 4, "{lines:?}");
    let caller =
        Phone::start(Setup::trunk(sip, "13900000001", tone(AGENT_HZ, -12.0, 1000))).unwrap();
    caller.dial("1000");
    caller.until("answered by the box", SOON, |story| story.talking).unwrap();
}
