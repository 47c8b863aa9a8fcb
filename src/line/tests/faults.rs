//! A card that goes wrong in the midst of calls, in virtual time.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::sim::{Callers, Outcome, SimError};
use line::{Input, Message, Output};
use model::port::Alarm;
use model::{Cause, LegEvent};
use room::{Room, alarm, arrived, gone};

const CALLER: &str = "[[caller]]\nnumber = \"13800138000\"\njitter = \"0s\"\nevery = \"30s\"\n\
                      steps = [\"wait 5m\"]\n";

fn fault(what: &str, at: &str, lasts: &str) -> String {
    format!("[[fault]]\nwhat = \"{what}\"\nat = \"{at}\"\nlasts = \"{lasts}\"\n")
}

fn alarms(room: &Room, port: usize) -> Vec<(u64, Alarm, bool)> {
    let told = room.told[port].iter().filter_map(|(at, output)| match output {
        Output::Alarm { alarm, raised } => Some((*at, *alarm, *raised)),
        _ => None,
    });
    told.collect()
}

fn gone_for(room: &Room, port: usize) -> Vec<Cause> {
    let told = room.told[port].iter().filter_map(|(_, output)| match output {
        Output::Leg(LegEvent::Gone(cause)) => Some(*cause),
        _ => None,
    });
    told.collect()
}

#[test]
fn each_fault_in_mid_call_ends_it_once_and_the_next_caller_is_answered() {
    let cases = [
        ("driver-reload", Alarm::CardGone, 0, true),
        ("silent", Alarm::CardGone, 1000, true),
        ("no-battery", Alarm::NoBattery, 0, true),
        ("red", Alarm::Red, 0, true),
        ("loss-of-frame", Alarm::LossOfFrame, 0, true),
        ("yellow", Alarm::Yellow, 0, false),
        ("blue", Alarm::Blue, 0, false),
    ];
    for (what, told, after_ms, ends) in cases {
        let mut room = Room::new(1, &(CALLER.to_owned() + &fault(what, "20s", "4s")));
        room.run(30_000);
        let wanted = [(20_000 + after_ms, told, true), (24_000, told, false)];
        assert_eq!(alarms(&room, 0), wanted, "{what}");
        let causes: &[Cause] = if ends { &[Cause::Unreachable] } else { &[] };
        assert_eq!(gone_for(&room, 0), causes, "{what}");
        if ends {
            room.until(0, 60_000, arrived);
            room.until(0, 1000, |output| *output == Output::Leg(LegEvent::Answered));
        }
    }
}

#[test]
fn a_driver_loaded_anew_in_every_moment_of_a_call_leaves_a_port_that_answers_the_next() {
    // While it rings, as it is answered, in the talk, while busy tone is heard, and between calls.
    let caller = "[[caller]]\nnumber = \"13800138000\"\njitter = \"0s\"\nevery = \"20s\"\n\
                  steps = [\"wait 10s\"]\n";
    for tenths in 0..300 {
        let at = format!("{}ms", tenths * 100);
        let mut room = Room::new(1, &(caller.to_owned() + &fault("driver-reload", &at, "2s")));
        room.run(33_000);
        // As many ends as arrivals: no call is lost from sight, and none ends twice.
        room.until(0, 60_000, arrived);
        room.until(0, 30_000, gone);
        let arrivals = room.told[0].iter().filter(|(_, output)| arrived(output)).count();
        assert_eq!(gone_for(&room, 0).len(), arrivals, "at {at}");
    }
}

#[test]
fn a_fault_in_mid_dial_is_unreachable_and_the_line_dials_again_behind_it() {
    for what in ["driver-reload", "silent", "no-battery", "red"] {
        for at in ["20ms", "300ms", "1s", "3s", "6s"] {
            let script = "[[caller]]\ncalled = \"10086\"\nsteps = [\"wait 60s\"]\n";
            let mut room = Room::new(1, &(script.to_owned() + &fault(what, at, "5s")));
            room.order(0, Input::Dial("10086"));
            room.run(14_000);
            assert_eq!(gone_for(&room, 0), [Cause::Unreachable], "{what} at {at}");
            room.order(0, Input::Dial("10086"));
            room.until(0, 30_000, |output| *output == Output::Leg(LegEvent::Answered));
        }
    }
}

#[test]
fn a_telephone_whose_driver_is_loaded_anew_is_found_as_it_lies() {
    let phone = |steps: &str| format!("[[phone]]\nport = 1\nsteps = [{steps}]\n");
    let tones = model::site::Tones::default();
    let reload = fault("driver-reload", "3s", "5s");
    // Lifted before and put down meanwhile, on its hook and lifted meanwhile, and beside all the time.
    let cases = [
        (r#""lift", "wait 5s", "put-down", "wait 60s""#, true),
        (r#""wait 5s", "lift", "wait 60s""#, false),
        (r#""lift", "wait 60s""#, false),
    ];
    for (steps, is_free) in cases {
        let mut room = Room::telephone(&(phone(steps) + &reload), &tones, &[]);
        room.run(10_000);
        room.order(0, Input::Ring(&Message::new("8001", "", "")));
        let told = room.told[0].iter().rev().find_map(|(_, output)| match output {
            Output::Seized(seized) => Some(seized.is_ok()),
            _ => None,
        });
        assert_eq!(told, Some(is_free), "{steps}: {:?}", room.words(0));
        assert!(room.told[0].iter().any(|(_, told)| alarm(Alarm::CardGone, false)(told)));
    }
}

#[test]
fn a_caller_on_a_line_whose_plug_is_drawn_while_it_rings_is_not_answered() {
    let mut room = Room::new(1, &(CALLER.to_owned() + &fault("no-battery", "500ms", "5s")));
    room.run(8000);
    assert_eq!(room.stories()[0].outcome, Outcome::Unplugged);
    assert!(!room.told[0].iter().any(|(_, output)| arrived(output)), "{:?}", room.words(0));
}

#[test]
fn faults_that_cannot_be_are_refused_with_their_line() {
    let said = |more: &str| {
        let script = format!("[[fault]]\nat = \"1s\"\nlasts = \"1s\"\n{more}\n");
        let callers = Callers::parse(&script, |_| Ok(vec![0]));
        let kinds = [model::port::PortKind::Fxs];
        let card = callers.and_then(|callers| board::sim::SimCard::new(1, &kinds, callers));
        card.map(|_| ()).map_err(|error: SimError| error.to_string())
    };
    let wrong = "line 1, fault: 'fire': expected driver-reload, silent, no-battery, red, \
                 loss-of-frame, yellow or blue";
    assert_eq!(said("what = \"fire\""), Err(wrong.into()));
    let wrong = "line 1, fault: port 0: they count from 1";
    assert_eq!(said("what = \"red\"\nport = 0"), Err(wrong.into()));
    let wrong = "line 1, fault: the card has 1 ports";
    assert_eq!(said("what = \"red\"\nport = 2"), Err(wrong.into()));
    let wrong = "line 1, fault: the port is fxs: the battery there is the card's own";
    assert_eq!(said("what = \"no-battery\"\nport = 1"), Err(wrong.into()));
    assert_eq!(said("what = \"silent\"\nport = 1"), Ok(()));
}
