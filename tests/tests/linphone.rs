//! linphone as desk phones and as caller: its own stack for signalling, TLS, SRTP and sound.

use std::net::{IpAddr, Ipv4Addr};
use tests::linphone::{Linphone, Setup, Way};
use tests::scene::{CALLER_HZ, GENERAL, MAIN_MENU, SOON, Scene, counter, loud_ms_of};
use tests::sound::{tone, tone_ms};

const FIRST_HZ: f64 = 1500.0;
const SECOND_HZ: f64 = 700.0;
const THIRD_HZ: f64 = 850.0;

/// A registered desk phone of linphone that answers by itself.
fn desk(scene: &Scene, user: &str, way: Way, hz: f64) -> Linphone {
    let server = if way == Way::Tls { scene.tls().unwrap() } else { scene.sip() };
    start(scene, user, way, hz, server.ip(), true)
}

/// A caller behind the trunk.
fn caller(scene: &Scene, number: &str) -> Linphone {
    start(scene, number, Way::Udp, CALLER_HZ, Ipv4Addr::new(127, 0, 0, 2).into(), false)
}

fn start(scene: &Scene, user: &str, way: Way, hz: f64, own: IpAddr, register: bool) -> Linphone {
    let server = if way == Way::Tls { scene.tls().unwrap() } else { scene.sip() };
    let trusted = scene.trusted().unwrap();
    let voice = tone(hz, -12.0, 120_000);
    let setup = Setup { server, user, way, voice: &voice, own, trusted: &trusted, register };
    Linphone::start(&scene.dir.path().join(format!("linphone-{user}")), &setup).unwrap()
}

/// Half a second of a tone and more is heard from now on.
fn hears(phone: &Linphone, hz: f64) {
    let what = format!("{hz} Hz");
    phone.hears(phone.heard().len(), &what, |sound| tone_ms(sound, hz) >= 500).unwrap();
}

#[test]
fn a_caller_presses_to_an_agent_and_is_held_handed_on_parked_and_fetched_over_udp_tcp_and_tls() {
    let scene = Scene::hospital(|text| text).unwrap();
    let mut first = desk(&scene, "8001", Way::Tcp, FIRST_HZ);
    let mut second = desk(&scene, "8002", Way::Tls, SECOND_HZ);
    let mut third = desk(&scene, "8003", Way::Udp, THIRD_HZ);
    first.tell("call *11").unwrap();
    scene.agent_is("8001", "ready").unwrap();
    scene.quiet().unwrap();

    // Through the menu by a key to the agent.
    let mut caller = caller(&scene, "13800000009");
    caller.tell(&format!("call sip:{MAIN_MENU}@{}", scene.sip())).unwrap();
    caller.hears(0, "the menu", |sound| loud_ms_of(sound) > 1000).unwrap();
    caller.tell("0").unwrap();
    scene.calls_are("talking", 1).unwrap();
    hears(&caller, FIRST_HZ);
    hears(&first, CALLER_HZ);

    // Held, with music; the agent asks a colleague, whose sound is encrypted, and hands over.
    first.tell("pause").unwrap();
    scene.calls_are("held", 1).unwrap();
    let mark = caller.heard().len();
    caller.hears(mark, "music", |sound| loud_ms_of(sound) > 1000).unwrap();
    first.tell("call 8002").unwrap();
    hears(&first, SECOND_HZ);
    hears(&second, FIRST_HZ);
    assert!(second.log().contains("RTP/SAVP"));
    let ids = ids(&first);
    first.tell(&format!("transfer {} --to-call {}", ids[0], ids[1])).unwrap();
    first.prints("has been transfered", 1).unwrap();
    assert!(first.log().contains("?Replaces="));
    hears(&caller, SECOND_HZ);
    hears(&second, CALLER_HZ);

    // Handed on without asking.
    second.tell("transfer 8003").unwrap();
    hears(&caller, THIRD_HZ);
    hears(&third, CALLER_HZ);

    // Parked by keys, and fetched by the slot's number.
    third.tell("*70#").unwrap();
    scene.calls_are("parked", 1).unwrap();
    let mark = caller.heard().len();
    caller.hears(mark, "music", |sound| loud_ms_of(sound) > 1000).unwrap();
    first.tell("call 701").unwrap();
    hears(&caller, FIRST_HZ);
    hears(&first, CALLER_HZ);
    caller.tell("terminate").unwrap();
    scene.over().unwrap();
}

/// The numbers linphone gave its last two calls.
fn ids(phone: &Linphone) -> [u32; 2] {
    let printed = phone.printed();
    let ids = printed.split("assigned id ").skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    let ids: Vec<u32> = ids.collect();
    [ids[ids.len() - 2], ids[ids.len() - 1]]
}

#[test]
fn a_bank_takes_a_phone_that_encrypts_and_tells_a_clear_one_and_the_console_why_it_is_refused() {
    let numbers = |text: String| {
        text.replace("{ \"4008000911\"", &format!("{{ \"{GENERAL}\" = \"general\", \"4008000911\""))
    };
    let scene = Scene::of("bank", Ipv4Addr::LOCALHOST, numbers).unwrap();
    let mut encrypted = desk(&scene, "8001", Way::Tls, FIRST_HZ);
    encrypted.tell("call *11").unwrap();
    scene.agent_is("8001", "ready").unwrap();
    scene.quiet().unwrap();
    // The carrier's cable is the bank's own, and in clear.
    let caller = scene.caller("13800000009", GENERAL).unwrap();
    scene.calls_are("talking", 1).unwrap();
    caller.hears(caller.mark(), FIRST_HZ, 500).unwrap();
    hears(&encrypted, CALLER_HZ);
    caller.hang_up();
    scene.quiet().unwrap();

    let mut clear = desk(&scene, "8002", Way::Tcp, SECOND_HZ);
    clear.tell("call *11").unwrap();
    clear.logs("SIP/2.0 488 Encryption is required", 1).unwrap();
    clear.prints("error", 1).unwrap();
    let refused = |now: &control::Snapshot| {
        now.alarms.iter().any(|alarm| alarm.key == "call-in-clear" && alarm.about.contains("8002"))
    };
    let now = scene.boxed.wait("the console shows the refusal", SOON, refused).unwrap();
    assert_eq!(counter(&now, "sip-refused-clear"), 1);
    assert!(clear.heard().is_empty(), "a phone in clear heard something");
    scene.over().unwrap();
}
