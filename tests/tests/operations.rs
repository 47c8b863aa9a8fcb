//! What an operator does with a box: sites, drain, reports, the service manager, secrets.

use model::site::Lang;
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tests::boxed::{Boxed, copy_site, ringfence};
use tests::phone::Setup;
use tests::scene::{APPOINTMENTS, GENERAL, SOON, Scene, has_heard, quick, talk};
use tests::sound::{find, tone};
use tests::wire::HandCaller;

fn hospital() -> Scene {
    Scene::hospital(|text| text).unwrap()
}

/// A copy of the scene's site with other text in it.
fn other_site(scene: &Scene, name: &str, edit: impl Fn(String) -> String) -> PathBuf {
    let dir = scene.dir.path().join(name);
    copy_site("hospital", &dir, |text| text).unwrap();
    let text = std::fs::read_to_string(scene.site.join("site.toml")).unwrap();
    std::fs::write(dir.join("site.toml"), edit(text)).unwrap();
    dir
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The line of a text, counted from 1, in which something stands.
fn line_of(path: &Path, what: &str) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().position(|line| line.contains(what)).unwrap() + 1
}

#[test]
fn a_bad_site_is_refused_with_file_line_and_key_and_leaves_the_running_one_alone() {
    let scene = hospital();
    let bad = other_site(&scene, "bad", |text| {
        text.replace("2 = \"english\" }", "2 = \"nowhere\" }").replace("tries = 3", "tries = 300")
    });
    let file = bad.join("site.toml");
    let checked = scene.boxed.command(&["check", bad.to_str().unwrap()]).unwrap();
    assert_eq!(checked.status.code(), Some(1));
    for (what, key) in [("\"nowhere\"", "menu.language.keys"), ("tries = 300", "menu.main.tries")] {
        let place = format!("site.toml:{}:", line_of(&file, what));
        let named = |line: &&str| line.contains(&place) && line.contains(key);
        assert!(
            said(&checked).lines().any(|line| named(&line)),
            "no {place} {key}:\n{}",
            said(&checked)
        );
    }
    let applied = scene.boxed.command(&["site", "apply", bad.to_str().unwrap()]).unwrap();
    assert_eq!(applied.status.code(), Some(1), "{applied:?}");
    assert!(said(&applied).contains("nowhere"), "{}", said(&applied));
    let history = scene.boxed.output(&["site", "history"]).unwrap();
    assert_eq!(history.lines().count(), 1, "{history}");
    assert!(history.starts_with("*      1 "), "{history}");
    let good = scene.boxed.output(&["check", scene.site.to_str().unwrap()]).unwrap();
    assert!(good.lines().count() > 20, "a site is explained in words: {good}");
    scene.over().unwrap();
}

#[test]
fn a_site_applied_holds_for_the_next_call_not_for_the_live_one_and_is_rolled_back() {
    let mut scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let live = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    talk(&live, &agent).unwrap();

    // The number leads to another queue from now on.
    let other = other_site(&scene, "other", |text| {
        text.replace("\"1000\" = \"general\"", "\"1000\" = \"to-appointments\"")
    });
    let applied = scene.boxed.output(&["site", "apply", other.to_str().unwrap()]).unwrap();
    assert!(applied.starts_with("site version 2 is applied"), "{applied}");
    talk(&live, &agent).unwrap();
    let next = scene.caller("13900000002", GENERAL).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    let queued = scene.facts_when("Queued", 2).unwrap();
    assert_eq!(
        (&queued[0]["queue"], &queued[1]["queue"]),
        (&"general".into(), &"appointments".into())
    );
    next.hang_up();
    scene.calls_are("waiting", 0).unwrap();

    let back = scene.boxed.output(&["site", "rollback", "1"]).unwrap();
    assert!(back.starts_with("site version 1 is applied"), "{back}");
    talk(&live, &agent).unwrap();
    let last = scene.caller("13900000003", GENERAL).unwrap();
    assert_eq!(scene.facts_when("Queued", 3).unwrap()[2]["queue"], "general");
    last.hang_up();
    live.hang_up();
    scene.quiet().unwrap();

    let history = scene.boxed.output(&["site", "history"]).unwrap();
    let marked: Vec<bool> = history.lines().map(|line| line.starts_with('*')).collect();
    assert_eq!(marked, [false, true], "newest first, the one that runs marked: {history}");
    assert!(scene.boxed.command(&["site", "rollback", "7"]).unwrap().status.code() == Some(1));

    // A restart runs the site applied, whatever --site says, and remembers the history.
    assert!(scene.boxed.stop(SOON).unwrap().success());
    assert_eq!(scene.boxed.output(&["site", "history"]).unwrap(), history);
    let state = scene.boxed.state.clone();
    scene.boxed = Boxed::start(ringfence().unwrap(), &state, &other, scene.sip(), None).unwrap();
    assert!(
        scene.boxed.log().contains("running the applied site, version 1"),
        "{}",
        scene.boxed.log()
    );
    assert_eq!(scene.boxed.output(&["site", "history"]).unwrap(), history);
    assert_eq!(scene.facts("SiteApplied").unwrap().len(), 2);
    assert_eq!(scene.facts("Queued").unwrap().len(), 3, "facts of before the restart");
    scene.over().unwrap();
}

#[test]
fn sigterm_tells_who_waits_lets_who_talks_finish_and_refuses_who_comes() {
    let mut scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let talking = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    let waiting = scene.caller("13900000002", APPOINTMENTS).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    let mark = waiting.mark();
    scene.boxed.signal(Signal::TERM).unwrap();
    let told = waiting.until("told and hung up", SOON, |story| story.ended.len() == 1).unwrap();
    let words = scene.prompt("zh-CN", "system.draining").unwrap();
    assert!(has_heard(&told.heard[mark..], &words, 1500), "it was not said that the box stops");
    assert!(scene.boxed.snapshot().unwrap().draining);

    let mut late = HandCaller::new(scene.sip()).unwrap();
    late.next_call();
    late.send(&late.invite("400")).unwrap();
    let refused = late.receive("SIP/2.0 503", "1 INVITE", SOON).unwrap();
    assert!(refused.contains("Retry-After:"), "{refused}");
    late.send(&late.ack_refusal("400", &refused).unwrap()).unwrap();

    talk(&talking, &agent).unwrap();
    talking.hang_up();
    let status = scene.boxed.ended(SOON).unwrap();
    assert_eq!(status.code(), Some(0), "{}", scene.boxed.log());
    assert!(scene.boxed.log().contains("draining: no new calls"), "{}", scene.boxed.log());
    scene.sound().unwrap();
}

#[test]
fn a_second_sigterm_hangs_up_on_who_talks_and_the_recording_is_whole_to_the_cut() {
    let mut scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    talk(&caller, &agent).unwrap();
    scene.boxed.signal(Signal::TERM).unwrap();
    scene.boxed.wait("draining", SOON, |now| now.draining).unwrap();
    scene.boxed.signal(Signal::TERM).unwrap();
    for phone in [&caller, &agent] {
        phone.until("hung up on", SOON, |story| !story.talking).unwrap();
    }
    assert_eq!(scene.boxed.ended(SOON).unwrap().code(), Some(130), "{}", scene.boxed.log());
    let check = scene.boxed.output(&["journal", "check"]).unwrap();
    assert!(check.starts_with("sound"), "{check}");
    let verified = scene.boxed.output(&["recording", "verify"]).unwrap();
    assert!(verified.contains("whole") && verified.lines().count() == 1, "{verified}");
    // The next start explains the call that has no end.
    let state = scene.boxed.state.clone();
    scene.boxed =
        Boxed::start(ringfence().unwrap(), &state, &scene.site, scene.sip(), None).unwrap();
    let ended = scene.facts_when("CallEnded", 1).unwrap();
    assert_eq!((&ended[0]["by"], &ended[0]["cause"]), (&"Box".into(), &"Vanished".into()));
    assert!(scene.boxed.stop(SOON).unwrap().success());
}

#[test]
fn the_days_report_adds_up_in_every_form() {
    let mut scene = hospital();
    let agent = scene.agent("8001").unwrap();
    for caller in ["13900000001", "13900000002"] {
        let caller = scene.caller(caller, GENERAL).unwrap();
        agent.until("talking", SOON, |story| story.talking).unwrap();
        talk(&caller, &agent).unwrap();
        caller.hang_up();
        agent.until("over", SOON, |story| !story.talking).unwrap();
        scene.agent_is("8001", "ready").unwrap();
    }
    scene.code(&agent, "*142").unwrap();
    let gone = scene.caller("13900000003", GENERAL).unwrap();
    scene.calls_are("waiting", 1).unwrap();
    gone.hang_up();
    scene.facts_when("Abandoned", 1).unwrap();
    scene.code(&agent, "*12").unwrap();
    scene.agent_is("8001", "logged-out").unwrap();
    scene.quiet().unwrap();

    let day =
        |form: &str| scene.boxed.output(&["report", "day", "today", "--format", form]).unwrap();
    let json: Value = serde_json::from_str(&day("json")).unwrap();
    let rows = json["queues"].as_array().unwrap();
    let general = rows.iter().find(|row| row["queue"] == "general").unwrap();
    let count =
        |key: &str| general[key].as_u64().unwrap_or_else(|| panic!("no {key} in {general}"));
    assert_eq!((count("offered"), count("answered"), count("abandoned")), (3, 2, 1), "{general}");
    let row = json["agents"].as_array().unwrap().iter().find(|row| row["agent"] == "8001").unwrap();
    let ms = |key: &str| row[key].as_u64().unwrap_or_else(|| panic!("no {key} in {row}"));
    let parts = ["ready_ms", "ringing_ms", "talking_ms", "wrap_up_ms"].map(ms);
    let reasons = row["not_ready_ms"].as_object().unwrap();
    let not_ready: u64 = reasons.values().map(|ms| ms.as_u64().unwrap()).sum();
    assert_eq!(parts.iter().sum::<u64>() + not_ready, ms("logged_in_ms"), "{row}");
    assert!(parts.iter().all(|part| *part > 0) && reasons["lunch"] == not_ready, "{row}");

    // The forms show the same day; a person's languages change the table alone.
    let (csv, table) = (day("csv"), day("table"));
    assert!(csv.lines().any(|line| line.contains("general") && line.contains('3')), "{csv}");
    assert!(table.contains("General") && table.contains("8001"), "{table}");
    let chinese = ["report", "day", "today", "--lang", Lang::Zh.tag()].map(str::to_owned);
    let chinese: Vec<&str> = chinese.iter().map(String::as_str).collect();
    assert!(scene.boxed.output(&chinese).unwrap().contains("人工服务"));
    assert_eq!(
        scene.boxed.command(&["report", "day", "2999-01-01"]).unwrap().status.code(),
        Some(1)
    );
    assert_eq!(scene.boxed.command(&["report", "day", "soon"]).unwrap().status.code(), Some(1));

    // Folded anew from the facts of a stopped box, the figures are the same.
    assert!(scene.boxed.stop(SOON).unwrap().success());
    let again: Value = serde_json::from_str(
        &scene.boxed.output(&["report", "day", "today", "--format", "json"]).unwrap(),
    )
    .unwrap();
    assert_eq!((&again["queues"], &again["agents"]), (&json["queues"], &json["agents"]));
    scene.sound().unwrap();
}

#[test]
fn the_service_manager_hears_ready_signs_of_life_and_stopping() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    let sip = copy_site("hospital", &site, quick).unwrap();
    let path = dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap().to_owned()),
        ("WATCHDOG_USEC", "1500000".to_owned()),
    ];
    let mut boxed = Boxed::start_in(
        ringfence().unwrap(),
        &dir.path().join("state"),
        &site,
        sip,
        None,
        &environment,
    )
    .unwrap();
    let mut heard: Vec<(Instant, String)> = Vec::new();
    let mut until = |what: &str, count: usize| {
        let begun = Instant::now();
        let mut bytes = [0; 4096];
        while heard.iter().filter(|(_, text)| text.lines().any(|line| line == what)).count() < count
        {
            assert!(begun.elapsed() < SOON, "{what} was not told: {heard:?}");
            if let Ok(length) = manager.recv(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                heard.push((Instant::now(), text));
            }
        }
    };
    until("READY=1", 1);
    until("WATCHDOG=1", 5);
    boxed.signal(Signal::TERM).unwrap();
    until("STOPPING=1", 1);
    assert!(boxed.ended(SOON).unwrap().success());
    assert!(heard[0].1.contains("READY=1"), "{heard:?}");
    assert!(heard[0].1.contains("STATUS=answering on "), "{heard:?}");
    let signs = heard.iter().filter(|(_, text)| text.contains("WATCHDOG=1"));
    let signs: Vec<Instant> = signs.map(|(at, _)| *at).collect();
    let longest = signs.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    assert!(longest < Duration::from_millis(1500), "{longest:?} between two signs of life");
    // Without journald the log is plain text on stderr.
    let log = boxed.log();
    assert!(log.lines().all(|line| line.starts_with("ringfence: ")), "{log}");
    assert!(log.contains("ringfence: answering on "), "{log}");
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_and_the_first_runs_on() {
    let scene = hospital();
    let second = scene.boxed.command(&["run", "--site", scene.site.to_str().unwrap()]).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("another ringfence runs on"), "{}", said(&second));
    scene.boxed.snapshot().unwrap();
    scene.over().unwrap();
}

#[test]
fn a_box_key_that_others_may_read_is_refused() {
    let mut scene = hospital();
    assert!(scene.boxed.stop(SOON).unwrap().success());
    let key = scene.boxed.state.join("box.key");
    let mode = std::fs::metadata(&key).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    for command in [&["run"][..], &["journal", "check"], &["recording", "list"]] {
        let refused = scene.boxed.command(command).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{command:?}");
        assert!(said(&refused).contains("may be read by others: chmod 600"), "{}", said(&refused));
    }
    // Without its key a box with a past does not begin a new one over it.
    std::fs::remove_file(&key).unwrap();
    for command in [&["run"][..], &["journal", "check"], &["recording", "list"]] {
        let refused = scene.boxed.command(command).unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains("is gone but the journal is not"), "{}", said(&refused));
    }
    assert!(!key.exists());
}

#[test]
fn nothing_of_a_call_lies_in_clear_and_an_export_replaces_no_file() {
    let mut scene = hospital();
    let agent = scene.agent("8001").unwrap();
    let number = "13912345678";
    let voice = tone(1004.0, -12.0, 1000);
    let caller = scene.caller_with(Setup::trunk(scene.sip(), number, voice), GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    talk(&caller, &agent).unwrap();
    caller.until("two seconds are said", SOON, |story| story.said.len() > 16_000).unwrap();
    caller.hang_up();
    scene.quiet().unwrap();
    // The number was seen: at the agent's phone, and sealed in the journal.
    assert_eq!(agent.story().caller, number);
    assert_eq!(scene.facts("CallArrived").unwrap()[0]["caller"], number);
    let spoken = caller.story().said;
    let passage = &spoken[spoken.len() - 8000..][..160];
    let (left, _) = scene.recording(1).unwrap();
    assert!(find(&left, passage).is_some(), "the passage looked for is in the recording");
    assert!(scene.boxed.stop(SOON).unwrap().success());

    let mut files = 0;
    search(&scene.boxed.state, &mut |path, bytes| {
        files += 1;
        let shown = path.display();
        assert!(find(bytes, number.as_bytes()).is_none(), "{shown} holds the caller's number");
        assert!(find(bytes, passage).is_none(), "{shown} holds the caller's voice");
        // The site itself names its agents; nothing that was written of the call does.
        if !path.starts_with(scene.boxed.state.join("sites")) {
            assert!(find(bytes, "王芳".as_bytes()).is_none(), "{shown} holds the agent's name");
        }
    });
    assert!(files >= 5, "only {files} files were searched");
    assert!(!scene.boxed.log().contains(number), "the log names the caller");

    let wav = scene.dir.path().join("call.wav");
    let export = ["recording", "export", "00000001-1", "--to", wav.to_str().unwrap()];
    scene.boxed.output(&export).unwrap();
    let first = std::fs::read(&wav).unwrap();
    assert!(first.starts_with(b"RIFF") && first.len() == 44 + 4 * left.len());
    assert_eq!(std::fs::metadata(&wav).unwrap().permissions().mode() & 0o777, 0o600);
    let again = scene.boxed.command(&export).unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("is not replaced"), "{}", said(&again));
    assert_eq!(std::fs::read(&wav).unwrap(), first);
    scene.sound().unwrap();
}

/// Shows every file under a folder.
fn search(dir: &Path, show: &mut impl FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, show);
        } else if path.is_file() {
            show(&path, &std::fs::read(&path).unwrap());
        }
    }
}
