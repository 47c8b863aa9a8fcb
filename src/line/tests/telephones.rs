//! An ordinary telephone on an FXS port: dialling, ringing, who calls, flash, lamp.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::BLOCK;
use line::{Input, LinePort, Message, Output};
use model::port::{Alarm, Hook, PortEvent, PortKind, PortOrder};
use model::site::{CallerTold, Tones};
use model::{Cause, Instant, Law, LegEvent};
use room::{Room, alarm, gone, word};

fn script(steps: &str) -> String {
    format!("[[phone]]\nport = 1\nsteps = [{steps}]\n")
}

fn leg(event: LegEvent) -> impl Fn(&Output) -> bool {
    move |output| *output == Output::Leg(event.clone())
}

fn arrives(output: &Output) -> bool {
    matches!(output, Output::Leg(LegEvent::Arrived { .. }))
}

/// What the box says in a talk: a tone of 1500 Hz.
fn agent(now_ms: u64) -> [u8; BLOCK] {
    std::array::from_fn(|n| {
        let at = (now_ms * 8 + n as u64) as f64 / 8000.0;
        Law::A.byte(((at * 1500.0 * std::f64::consts::TAU).sin() * 8000.0) as i16)
    })
}

#[test]
fn a_telephone_hears_dial_tone_and_ringback_dials_by_tone_or_pulse_and_talks() {
    for dials in ["press", "pulse"] {
        let steps = format!(
            r#""lift", "wait-tone 450 2s", "{dials} 8001", "wait 6s", "wait-tone 450 6s",
               "wait-tone 1500 9s", "put-down""#
        );
        let mut room = Room::telephone(&script(&steps), &Tones::default(), &[]);
        room.says = agent;
        let arrived = room.until(0, 20_000, arrives);
        // Four seconds behind the last key.
        let dialled = if dials == "press" { 4000..6000 } else { 8000..10_500 };
        assert!(dialled.contains(&arrived), "{dials}: {arrived} ms");
        room.order(0, Input::Alert);
        room.run(7000);
        room.order(0, Input::Answer);
        room.until(0, 20_000, gone);
        assert_eq!(
            room.words(0),
            ["hook Off", "8105 dials 8001", "answered", "hook On", "gone normal"],
            "{dials}"
        );
        room.run(100);
        let story = room.card.desk(0).unwrap();
        assert!(story.finished && story.tones == 3, "{dials}: {story:?}");
    }
}

#[test]
fn a_number_that_nothing_may_follow_is_whole_at_once_and_so_is_one_with_a_square_behind_it() {
    for (keys, dialled) in [("110", "110"), ("8001#", "8001"), ("*11", "*11")] {
        let steps = format!(r#""lift", "wait-tone 450 2s", "press {keys}", "wait 9s""#);
        let mut room = Room::telephone(&script(&steps), &Tones::default(), &["110", "*11"]);
        let arrived = room.until(0, 9000, arrives);
        assert!(arrived < 1700, "{keys}: {arrived} ms");
        assert_eq!(room.words(0)[1], format!("8105 dials {dialled}"));
    }
}

#[test]
fn a_refused_call_and_a_receiver_that_lies_beside_hear_congestion_until_it_is_put_down() {
    let refused = r#""lift", "press 8001", "wait 5s", "wait-tone 450 3s", "put-down""#;
    let mut room = Room::telephone(&script(refused), &Tones::default(), &["8001"]);
    room.until(0, 9000, arrives);
    room.order(0, Input::Refuse(Cause::Busy));
    room.run(12_000);
    assert_eq!(room.words(0)[2..], ["gone busy", "hook On"]);
    assert!(room.card.desk(0).unwrap().finished);
    let beside = r#""lift", "wait 21s", "wait-tone 450 3s", "put-down""#;
    let mut room = Room::telephone(&script(beside), &Tones::default(), &[]);
    room.run(30_000);
    assert_eq!(room.words(0), ["hook Off", "hook On"], "nobody is called");
}

/// A telephone's port and one that faces the exchange, on one pair of wires.
#[test]
fn in_every_country_a_telephone_rings_in_its_cadence_and_is_told_who_calls() {
    for country in site::countries() {
        let tones = site::tones_of(country).unwrap();
        let told = if tones.told == CallerTold::V23 { "v23" } else { "bell 202" };
        // Two rings of one call count as two: in some countries they are in one period.
        let config = |kind| line::Config::new("p".into(), kind, Law::A, 2);
        let telephone = Some(line::Telephone { phone: "8105".into(), whole: Default::default() });
        let fxs = line::Config { tones: tones.clone(), telephone, ..config(PortKind::Fxs) };
        let fxo = line::Config { tones: tones.clone(), ..config(PortKind::Fxo) };
        let mut ours = LinePort::new(Instant::START, fxs);
        let mut theirs = LinePort::new(Instant::START, fxo);
        let message = Message::new("02161234567", "LI NA", "11230930");
        ours.handle(Instant::START, Input::Ring(&message));
        let (mut rings, mut on_hook_ms, mut arrived) = (Vec::new(), 0, None);
        for tick in 0..600_u64 {
            let now = Instant::from_millis(tick * 20);
            ours.handle(now, Input::Block(&[Law::A.silence(); BLOCK]));
            while let Some(output) = ours.poll() {
                let event = match output {
                    Output::Port(PortOrder::Hook(Hook::Ring)) => PortEvent::RingBegin,
                    Output::Port(PortOrder::Hook(Hook::On)) => PortEvent::RingOffHook,
                    Output::Port(PortOrder::SoundOnHook { ms }) => {
                        on_hook_ms = ms;
                        continue;
                    }
                    _ => continue,
                };
                rings.extend((event == PortEvent::RingBegin).then_some(tick * 20));
                theirs.handle(now, Input::Event(event));
            }
            let mut block = [Law::A.silence(); BLOCK];
            ours.says(&mut block);
            theirs.handle(now, Input::Block(&block));
            while let Some(output) = theirs.poll() {
                arrived = arrived.or(arrives(&output).then(|| word(&output)));
            }
        }
        let period: u64 = tones.bell.pairs().iter().map(|(on, off)| u64::from(on + off)).sum();
        let beats = tones.bell.pairs().len();
        let second = rings[beats] - rings[0];
        assert!(second.abs_diff(period) <= 40, "{country}: {second} ms, not {period}");
        assert_eq!(arrived.as_deref(), Some("arrived '02161234567' 'LI NA'"), "{country}, {told}");
        assert!((600..1500).contains(&on_hook_ms), "{country}: {on_hook_ms} ms");
    }
}

#[test]
fn a_telephone_that_is_lifted_while_it_rings_answers_and_one_in_use_is_busy() {
    let steps = r#""answer 2", "wait-tone 1500 5s", "put-down", "wait 1s", "lift", "wait 60s""#;
    let mut room = Room::telephone(&script(steps), &Tones::default(), &[]);
    room.says = agent;
    let message = Message::new("8001", "", "");
    room.run(100);
    room.order(0, Input::Ring(&message));
    let answered = room.until(0, 9000, leg(LegEvent::Answered));
    assert!((5000..5400).contains(&answered), "with the second ring: {answered}");
    room.until(0, 9000, gone);
    let words = room.words(0);
    let rings = words.iter().filter(|word| *word == "hook Ring").count();
    assert_eq!((words[0].as_str(), words[1].as_str(), rings), ("seized", "ringing", 2));
    assert_eq!(words[words.len() - 4..], ["hook Off", "answered", "hook On", "gone normal"]);
    room.run(2000);
    room.order(0, Input::Ring(&message));
    assert_eq!(room.words(0).last().unwrap(), "not seized: busy");
}

#[test]
fn a_ring_that_is_given_up_ends_at_once() {
    let mut room = Room::telephone("", &Tones::default(), &[]);
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    room.run(500);
    room.order(0, Input::HangUp(Cause::Cancelled));
    room.run(12_000);
    assert_eq!(room.words(0)[2..], ["hook Ring", "hook On", "gone cancelled"]);
    assert_eq!(room.card.desk(0).unwrap().rings, 1);
}

#[test]
fn a_flash_asks_for_another_number_while_the_talk_waits_and_a_second_one_is_back() {
    let steps = r#""answer 1", "wait-tone 1500 5s", "flash", "wait-tone 450 3s", "press 8002#",
                   "wait-tone 1500 5s", "flash", "wait-tone 450 3s", "flash", "wait-tone 1500 3s""#;
    let mut room = Room::telephone(&script(steps), &Tones::default(), &[]);
    room.says = agent;
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    for dialled in ["8002", ""] {
        room.until(0, 9000, |output| *output == Output::Flash);
        room.order(0, Input::Offer);
        let number = |output: &Output| *output == Output::Dialled(dialled.to_owned());
        room.until(0, 9000, number);
    }
    room.until(0, 9000, gone);
    room.run(100);
    let story = room.card.desk(0).unwrap();
    assert!(story.finished && story.tones == 5, "{story:?}");
}

#[test]
fn messages_light_the_lamp_and_make_the_dial_tone_stutter() {
    let heard = |waiting: u16| {
        let mut room = Room::telephone(&script("\"lift\", \"wait 60s\""), &Tones::default(), &[]);
        room.order(0, Input::Messages(waiting));
        assert_eq!(room.card.desk(0).unwrap().lamp, waiting);
        room.until(0, 1000, |output| *output == Output::Port(PortOrder::Hook(Hook::Off)));
        let loud = (0..40).filter(|_| {
            let mut block = [0; BLOCK];
            room.tick();
            room.lines[0].says(&mut block) && block.iter().any(|byte| Law::A.sample(*byte) > 1000)
        });
        loud.count()
    };
    assert_eq!(heard(0), 40);
    assert!((15..30).contains(&heard(2)));
}

#[test]
fn a_card_that_is_gone_ends_the_talk_and_the_telephone_comes_back() {
    let steps = r#""lift", "wait-tone 450 2s", "press 8001#", "wait 2s""#;
    let mut room = Room::telephone(&script(steps), &Tones::default(), &[]);
    room.until(0, 9000, arrives);
    room.order(0, Input::Answer);
    for raised in [true, false] {
        let event = PortEvent::Alarm { alarm: Alarm::CardGone, raised };
        room.order(0, Input::Event(event));
        assert!(room.told[0].iter().any(|(_, told)| alarm(Alarm::CardGone, raised)(told)));
        // Meanwhile the receiver is put down.
        room.run(4000);
    }
    assert!(room.words(0).contains(&"gone unreachable".to_owned()));
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    assert_eq!(room.words(0).last().unwrap(), "hook Ring");
}

/// Whoever hears congestion, or rings in vain, taps the hook for another dial tone.
#[test]
fn a_tap_of_the_hook_gives_a_dial_tone_in_every_state() {
    let steps = r#""lift", "press 8001", "wait 2s", "flash", "wait-tone 450 1s", "press 8001",
                   "wait 2s", "flash", "press 8002", "wait 60s""#;
    let mut room = Room::telephone(&script(steps), &Tones::default(), &["8001", "8002"]);
    room.until(0, 9000, arrives);
    room.order(0, Input::Refuse(Cause::Busy));
    room.until(0, 9000, arrives);
    room.order(0, Input::Alert);
    room.until(0, 9000, arrives);
    assert_eq!(
        room.words(0),
        [
            "hook Off",
            "8105 dials 8001",
            "gone busy",
            "8105 dials 8001",
            "gone cancelled",
            "8105 dials 8002"
        ]
    );
}

#[test]
fn a_receiver_that_lies_beside_is_told_after_a_minute_and_falls_silent_until_it_is_put_down() {
    let steps = r#""lift", "wait 3m", "put-down", "wait 60s""#;
    let mut room = Room::telephone(&script(steps), &Tones::default(), &[]);
    let told = room.until(0, 90_000, alarm(Alarm::ReceiverOff, true));
    assert!((80_000..80_200).contains(&told), "{told}");
    assert!(!room.lines[0].says(&mut [0; BLOCK]), "it is silent");
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    assert_eq!(room.words(0).last().unwrap(), "not seized: busy");
    room.until(0, 120_000, alarm(Alarm::ReceiverOff, false));
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    assert_eq!(room.words(0).last().unwrap(), "hook Ring");
}

/// The driver tells a change of the hook, not what it was before it was there.
#[test]
fn a_telephone_whose_card_comes_back_while_it_lies_beside_is_not_rung() {
    let steps = r#""lift", "press 8001", "wait 30s", "put-down""#;
    let mut room = Room::telephone(&script(steps), &Tones::default(), &["8001"]);
    room.until(0, 9000, arrives);
    room.order(0, Input::Answer);
    for raised in [true, false] {
        room.order(0, Input::Event(PortEvent::Alarm { alarm: Alarm::CardGone, raised }));
        room.run(1000);
    }
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    assert_eq!(room.words(0).last().unwrap(), "not seized: busy");
    assert!(room.lines[0].says(&mut [0; BLOCK]), "congestion");
    room.run(40_000);
    room.order(0, Input::Ring(&Message::new("8001", "", "")));
    assert_eq!(room.words(0).last().unwrap(), "hook Ring");
}
