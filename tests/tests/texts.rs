//! Alarms told by texts: the daemon with a modem on a real serial line.

use board::sim::ModemHabits;
use std::path::Path;
use std::time::Duration;
use tests::boxed::{Boxed, ringfence};
use tests::modem::Modem;
use tests::scene::{GENERAL, SOON, Scene, counter};

const TEXTED: Duration = Duration::from_secs(30);

/// A box with a modem that tells two people.
fn box_with(device: &Path, more: &str) -> Scene {
    let sms = format!(
        "\n[sms]\ndevice = \"{}\"\nnumbers = [\"+8613800138000\", \"10086\"]\n{more}\n",
        device.display()
    );
    Scene::hospital(|text| text + &sms).unwrap()
}

fn until(what: &str, done: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < TEXTED, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_alarm_is_told_to_everybody_named_once_and_without_the_callers_number() {
    let habits = ModemHabits { pin: Some("4711".into()), chatters: true, ..ModemHabits::default() };
    let modem = Modem::plug(habits).unwrap();
    let scene = box_with(&modem.device, "pin = \"4711\"\nalarms = [\"nobody-answers\"]");
    let caller = scene.caller("13900000001", GENERAL).unwrap();
    caller.until("answered", SOON, |story| story.talking).unwrap();
    until("both are told", || modem.taken().len() == 2);
    let told = modem.taken();
    let to: Vec<&str> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to, ["+8613800138000", "10086"]);
    for (_, words) in &told {
        assert!(words.contains("有人排队，无坐席可接"), "{words}");
        assert!(!words.contains("139") && !words.contains("4711"), "{words}");
    }
    until("the journal has both", || scene.facts("AlarmTexted").unwrap().len() == 2);
    caller.hang_up();
    scene.calls_are("waiting", 0).unwrap();
    let caller = scene.caller("13900000002", GENERAL).unwrap();
    caller.until("answered", SOON, |story| story.talking).unwrap();
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(modem.taken().len(), 2, "within an hour it is told once");
    assert_eq!(counter(&scene.boxed.snapshot().unwrap(), "texts-sent"), 2);
    let log = scene.boxed.log();
    assert!(!log.contains("4711"), "{log}");
}

#[test]
fn a_trial_says_what_became_of_it_and_a_modem_that_is_gone_is_an_alarm() {
    let modem = Modem::plug(ModemHabits::default()).unwrap();
    let scene = box_with(&modem.device, "");
    let trial = |number: &str| scene.boxed.command(&["sms", "test", number]).unwrap();
    until("a trial goes", || trial("10010").status.success());
    let taken = modem.taken();
    assert!(taken.iter().any(|(to, words)| to == "10010" && words.contains("测试短信")));
    let refused = trial("1x");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("3 to 20 digits"), "{refused:?}");
    drop(modem);
    let stands = |now: &control::Snapshot| now.alarms.iter().any(|row| row.key == "sms-modem-gone");
    scene.boxed.wait("the modem is an alarm", Duration::from_secs(60), stands).unwrap();
    let refused = trial("10010");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("SMS modem not there"),
        "{refused:?}"
    );
}

#[test]
fn a_wrong_pin_is_tried_once_over_restarts() {
    let habits = ModemHabits { pin: Some("4711".into()), ..ModemHabits::default() };
    let modem = Modem::plug(habits).unwrap();
    let mut scene = box_with(&modem.device, "pin = \"1234\"");
    let stands =
        |now: &control::Snapshot| now.alarms.iter().any(|row| row.key == "sms-pin-refused");
    scene.boxed.wait("the PIN is an alarm", TEXTED, stands).unwrap();
    assert_eq!(modem.pins(), ["1234"]);
    scene.boxed.kill().unwrap();
    let (state, sip) = (scene.boxed.state.clone(), scene.boxed.sip);
    scene.boxed = Boxed::start(ringfence().unwrap(), &state, &scene.site, sip, None).unwrap();
    scene.boxed.wait("the PIN is an alarm again", TEXTED, stands).unwrap();
    assert_eq!(modem.pins(), ["1234"]);
}
