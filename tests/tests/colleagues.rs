//! Three desk phones of baresip work together on callers: they send them on, ask each other, make
//! conferences, park, sit down elsewhere. Each party is heard by its tone.

use tests::foreign::Baresip;
use tests::network::{OWN, apart};
use tests::phone::{Phone, Setup, Story};
use tests::scene::{CALLER_HZ, GENERAL, SOON, Scene, counter, loud_ms, samples};
use tests::sound::{mixed_tone_ms, tone};

const FIRST: (&str, u32) = ("8001", 1500);
const SECOND: (&str, u32) = ("8002", 700);
const THIRD: (&str, u32) = ("8003", 850);

/// The address of a phone at the box.
fn at(scene: &Scene, user: &str) -> String {
    format!("sip:{user}@{}", scene.sip())
}

fn hears_music(caller: &Phone) {
    let mark = caller.mark();
    let music = |story: &Story| loud_ms(&story.heard[mark..]) >= 1000;
    caller.until("music is heard", SOON, music).unwrap();
}

/// Caller and phone hear each other.
fn talk(caller: &Phone, phone: &Baresip, (_, hz): (&str, u32)) {
    let mark = caller.mark();
    phone.hears(CALLER_HZ, 400).unwrap();
    caller.hears(mark, hz.into(), 500).unwrap();
}

/// A caller as loud as the phones' sines, who reaches an agent.
fn calls(scene: &Scene, number: &str) -> Phone {
    let setup = Setup::trunk(scene.sip(), number, tone(CALLER_HZ, -4.0, 1000));
    let caller = scene.caller_with(setup, GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    caller
}

#[test]
fn a_caller_is_sent_on_handed_over_parked_fetched_and_made_a_conference_of() {
    if apart(a_caller_is_sent_on_handed_over_parked_fetched_and_made_a_conference_of) {
        return;
    }
    // With two threads of sound: who is asked and who is handed over come from either.
    let pin = |text: String| {
        let text = text.replace("[agent.8002]", "[agent.8002]\npin = \"2468\"");
        text + "\n[media]\nthreads = 2\n"
    };
    let scene = Scene::hospital_at(OWN, pin).unwrap();
    let phones = Baresip::desks(&scene, &[FIRST, SECOND, THIRD]).unwrap();
    let [mut first, mut second, mut third] = <[Baresip; 3]>::try_from(phones).ok().unwrap();
    first.command("dial", "*11").unwrap();
    scene.agent_is("8001", "ready").unwrap();
    scene.quiet().unwrap();
    let caller = calls(&scene, "13800000009");
    talk(&caller, &first, FIRST);

    // Blind: REFER, and NOTIFY of how it went (RFC 3515).
    first.command("transfer", &at(&scene, "8002")).unwrap();
    talk(&caller, &second, SECOND);
    first.says("message/sipfrag", 1, SOON).unwrap();

    // Attended: the second asks the third while the caller hears music, then hands over (RFC 3891).
    second.command("hold", "").unwrap();
    hears_music(&caller);
    second.command("dial", "8003").unwrap();
    second.says("Call established", 2, SOON).unwrap();
    second.hears(THIRD.1.into(), 400).unwrap();
    third.hears(SECOND.1.into(), 400).unwrap();
    let replaces = second.replaces().unwrap();
    second.command("line", "1").unwrap();
    let target = format!("<{}?Replaces={replaces}>", at(&scene, "8003"));
    second.command("transfer", &target).unwrap();
    talk(&caller, &third, THIRD);
    let moved = counter(&scene.boxed.snapshot().unwrap(), "legs-moved");
    assert!(moved > 0, "what was asked was another call, in another thread");

    // Parked by keys, and fetched by the slot's number.
    third.command("sndcode", "*70#").unwrap();
    scene.calls_are("parked", 1).unwrap();
    hears_music(&caller);
    first.command("dial", "701").unwrap();
    talk(&caller, &first, FIRST);

    // Three of a conference on the box.
    first.command("sndcode", "*68002#").unwrap();
    hears_music(&caller);
    first.command("sndcode", "*3").unwrap();
    scene.calls_are("conference", 1).unwrap();
    let mark = caller.mark();
    let both = |story: &Story| {
        let sound = samples(&story.heard[mark..]);
        [FIRST, SECOND].iter().all(|(_, hz)| mixed_tone_ms(&sound, f64::from(*hz)) >= 500)
    };
    caller.until("both colleagues are heard", SOON, both).unwrap();
    for (phone, other) in [(&first, SECOND), (&second, FIRST)] {
        phone.hears(CALLER_HZ, 400).unwrap();
        phone.hears(other.1.into(), 400).unwrap();
    }
    caller.hang_up();
    second.command("hangup", "").unwrap();
    scene.quiet().unwrap();

    // Who logs out here may sit down there: one person, any phone, proved by a PIN.
    first.command("dial", "*12").unwrap();
    scene.agent_is("8001", "logged-out").unwrap();
    scene.quiet().unwrap();
    third.command("dial", "*108002").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    third.command("sndcode", "2468#").unwrap();
    scene.agent_is("8002", "ready").unwrap();
    scene.quiet().unwrap();
    let caller = calls(&scene, "13800000010");
    talk(&caller, &third, THIRD);

    // A second call rings during the talk; who calls is heard when it is answered.
    second.command("dial", "8003").unwrap();
    third.says("answering call on line 2", 1, SOON).unwrap();
    scene.calls_are("talking", 2).unwrap();
    second.hears(THIRD.1.into(), 400).unwrap();
    second.command("hangup", "").unwrap();
    caller.hang_up();
    scene.quiet().unwrap();

    let now = scene.boxed.snapshot().unwrap();
    let missed = ["legs-moved-ticks-missed", "recorded-ticks-missed", "meetings-refused"];
    assert_eq!(missed.map(|name| counter(&now, name)), [0; 3]);
    for phone in [first, second, third] {
        phone.quit().unwrap();
    }
    scene.over().unwrap();
}
