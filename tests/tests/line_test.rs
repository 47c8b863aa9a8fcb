//! `ringfence line test`: a line of a running box is tried, and no call is cut for it.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use std::time::{Duration, Instant};
use tests::boxed::{Boxed, ringfence};
use tests::scene::{SOON, Scene};

const NUMBER: &str = "13912345678";
const TRIED: &str = "10000";

/// Somebody who answers, speaks and hangs up.
fn person() -> String {
    format!(
        "[[caller]]\ncalled = \"{NUMBER}\"\nrings = 1\njitter = \"0s\"\n\
         steps = [\"wait 2s\", \"tone 1500 2s\", \"wait 2s\"]\n"
    )
}

fn said(output: &std::process::Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A box whose calls out go over the line first.
fn box_on_the_line() -> Scene {
    Scene::with_callers(&person(), |text| {
        text.replace(
            "[trunk.carrier]",
            "[trunk.lines]\nports = [\"fxo-1\"]\n\n[trunk.carrier]\norder = 5",
        )
    })
    .unwrap()
}

#[test]
fn a_line_is_tried_and_serves_calls_before_and_after() {
    let scene = box_on_the_line();
    let tried = scene.boxed.output(&["line", "test", "fxo-1", NUMBER, "--lang", "zh-CN"]).unwrap();
    for words in ["端口 fxo-1 测试结果", "线路电平正常", "对方挂机后有忙音"] {
        assert!(tried.contains(words), "{tried}");
    }
    // The port's guard is over soon, and a call out finds it free.
    std::thread::sleep(Duration::from_secs(5));
    let agent = scene.agent("8001").unwrap();
    agent.dial(&format!("9{NUMBER}"));
    agent.until("somebody picked up", SOON, |story| story.talking).unwrap();
    let refused = scene.boxed.command(&["line", "test", "fxo-1", NUMBER]).unwrap();
    assert!(said(&refused).contains("a call is on port fxo-1"), "{refused:?}");
    assert!(agent.story().talking, "the call goes on");
    let unknown = scene.boxed.command(&["line", "test", "fxo-9", NUMBER]).unwrap();
    assert!(said(&unknown).contains("there is no port fxo-9; there are: fxo-1"), "{unknown:?}");
    agent.hang_up();
    scene.quiet().unwrap();
    scene.over().unwrap();
}

/// A loud line: the card makes what comes 3 dB louder. Who is called goes on for 26 s; a number for
/// trials ends sooner.
fn loud_box() -> Scene {
    let long = person().replace("tone 1500 2s", "tone 1500 26s");
    let people = format!("{long}\n{}", person().replace(NUMBER, TRIED));
    Scene::with_callers(&people, |text| {
        let trunk = "[trunk.lines]\nports = [\"fxo-1\"]\n\n[trunk.carrier]\norder = 5";
        let port = format!("[port.fxo-1]\nreceive-gain-db = 3\ntest-number = \"{TRIED}\"\n");
        text.replace("[trunk.carrier]", trunk).replace("[port.fxo-1]\n", &port)
    })
    .unwrap()
}

/// What is told of a port in the list of them, once it is more than that nothing is known.
fn listed(boxed: &Boxed) -> String {
    let list = boxed.output(&["line", "list"]).unwrap();
    list.lines().find(|row| row.starts_with("fxo-1 ")).unwrap().to_owned()
}

/// Tries the line once the guard behind its call is over.
fn tried_at_last(boxed: &Boxed) -> String {
    let until = Instant::now() + SOON;
    loop {
        match boxed.output(&["line", "test", "fxo-1"]) {
            Ok(told) => return told,
            Err(error) => assert!(Instant::now() < until, "{error:#}"),
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn a_port_learns_in_a_call_how_loud_it_is_advises_its_gain_and_knows_it_after_a_restart() {
    let mut scene = loud_box();
    assert!(listed(&scene.boxed).ends_with("voice - over 0 s, noise -"));
    let agent = scene.agent("8001").unwrap();
    agent.dial(&format!("9{NUMBER}"));
    agent.until("somebody picked up", SOON, |story| story.talking).unwrap();
    agent.until("the far side hung up", 3 * SOON, |story| !story.talking).unwrap();
    scene.quiet().unwrap();
    let before = listed(&scene.boxed);
    assert!(before.contains("; advised: receive-gain-db = -"), "{before}");
    // The trial calls the site's number, and tells what is known besides what it measured.
    let known = before.split_once("voice ").unwrap().1;
    let tried = tried_at_last(&scene.boxed);
    assert!(tried.contains("hang-up is told by a busy tone") && tried.contains(known), "{tried}");
    let none = scene.boxed.command(&["line", "test", "fxo-2"]).unwrap();
    assert!(said(&none).contains("port.fxo-2.test-number"), "{none:?}");
    scene.boxed.stop(SOON).unwrap();
    let (state, site, sip) = (scene.boxed.state.clone(), scene.site.clone(), scene.sip());
    let again = Boxed::start(ringfence().unwrap(), &state, &site, sip, None).unwrap();
    assert_eq!(listed(&again), before);
}

/// The share of a pitch in 100 ms.
fn share(samples: &[f32], hz: f32) -> f32 {
    let twice = 2.0 * (std::f32::consts::TAU * hz / 8000.0).cos();
    let (mut one, mut two, mut all) = (0.0, 0.0, 0.0);
    for sample in samples {
        (one, two) = (sample + twice * one - two, one);
        all += sample * sample;
    }
    2.0 * (one * one + two * two - twice * one * two) / (all.max(1e6) * samples.len() as f32)
}

#[test]
fn a_capture_holds_what_a_call_did_at_its_port_and_nobody_reads_it_without_the_key() {
    let scene = box_on_the_line();
    let agent = scene.agent("8001").unwrap();
    let file = std::thread::scope(|scope| {
        let captured =
            scope.spawn(|| scene.boxed.output(&["line", "capture", "fxo-1", "--seconds", "20"]));
        std::thread::sleep(Duration::from_secs(1));
        agent.dial(&format!("9{NUMBER}"));
        agent.until("somebody picked up", SOON, |story| story.talking).unwrap();
        let unknown = scene.boxed.command(&["line", "capture", "fxo-9"]).unwrap();
        assert!(said(&unknown).contains("there is no port fxo-9"), "{unknown:?}");
        let second = scene.boxed.command(&["line", "capture", "fxo-1"]).unwrap();
        assert!(said(&second).contains("another port is being captured"), "{second:?}");
        captured.join().unwrap().unwrap()
    });
    let sealed = std::fs::read(file.trim()).unwrap();
    assert!(!sealed.windows(5).any(|five| five == b"fxo-1"));
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().to_str().unwrap();
    let told = scene.boxed.output(&["line", "open", file.trim(), "--to", to]).unwrap();
    assert!(told.contains("port fxo-1"), "{told}");
    let opened = |kind: &str| {
        let name = std::path::Path::new(file.trim()).file_stem().unwrap();
        std::fs::read(dir.path().join(name).with_extension(kind)).unwrap()
    };
    let list = String::from_utf8(opened("txt")).unwrap();
    for words in ["> Hook(Off)", "> Dial, 11 keys", "< DialComplete", "> Hook(On)"] {
        assert!(list.contains(words), "{list}");
    }
    let wav = opened("wav");
    let samples: Vec<f32> = wav[44..]
        .chunks_exact(4)
        .map(|both| f32::from(i16::from_le_bytes([both[0], both[1]])))
        .collect();
    let heard = samples.chunks(800).filter(|tenth| share(tenth, 1500.0) > 0.9).count();
    assert!((17..=21).contains(&heard), "the far side's tone of 2 s is heard in {heard} tenths");
    scene.quiet().unwrap();
    scene.over().unwrap();
}
