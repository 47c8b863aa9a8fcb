//! Disks that refuse what the box writes, and take it again.

use std::time::Duration;
use tests::scene::{GENERAL, SOON, Scene};

#[test]
fn a_call_whose_recording_failed_is_recorded_again_when_the_disk_takes_it_and_what_lacks_is_told() {
    let scene = Scene::hospital(|text| text).unwrap();
    let recordings = scene.boxed.state.join("recordings");
    // Nothing can be written there any more, and the box's own user may be root.
    std::fs::rename(&recordings, recordings.with_extension("away")).unwrap();
    std::fs::write(&recordings, "in the way").unwrap();
    let agent = scene.agent("8001").unwrap();
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    agent.until("talking", SOON, |story| story.talking).unwrap();
    let stands = |now: &control::Snapshot| now.alarms.iter().any(|one| one.key == "not-recording");
    let failed = scene.boxed.wait("the alarm", SOON, stands).unwrap();
    assert!(!failed.calls[0].recording, "the call goes on unrecorded");
    std::thread::sleep(Duration::from_secs(3));

    std::fs::remove_file(&recordings).unwrap();
    std::fs::rename(recordings.with_extension("away"), &recordings).unwrap();
    scene.boxed.wait("recorded again", SOON, |now| now.calls[0].recording).unwrap();
    scene.boxed.wait("no alarm", SOON, |now| !stands(now)).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    caller.hang_up();
    scene.quiet().unwrap();

    let missed = scene.facts_when("RecordingMissed", 1).unwrap();
    let ms = missed[0]["ms"].as_u64().unwrap();
    assert!((3000..20_000).contains(&ms), "{missed:?}");
    assert!(missed[0]["why"].as_str().unwrap().contains("recordings"), "{missed:?}");
    assert_eq!(scene.facts("RecordingStarted").unwrap().len(), 2);
    assert_eq!(scene.facts("RecordingEnded").unwrap().len(), 2);
    let verified = scene.boxed.output(&["recording", "verify"]).unwrap();
    assert!(verified.starts_with("00000001-2"), "{verified}");
    scene.over().unwrap();
}
