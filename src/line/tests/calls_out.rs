//! Calls out over an FXO port: dial tone, number, ringback, answer, and whoever is quicker.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::sim::Callers;
use line::{Input, Output};
use model::port::PortEvent;
use model::site::Tones;
use model::{Cause, LegEvent};
use room::{Room, sounds};

const NUMBER: &str = "13800138000";

/// A room where the box may call somebody who does this.
fn room(tones: &Tones, more: &str) -> Room {
    let script = format!(
        "[[caller]]\ncalled = \"{NUMBER}\"\nnoise-dbm0 = -50\n{more}\n\
         steps = [\"say hello\", \"wait 60s\"]\n"
    );
    let callers = Callers::parse(&script, |_| Ok(sounds::speech(4, 5))).unwrap();
    Room::abroad(1, callers, tones)
}

fn leg(event: LegEvent) -> impl Fn(&Output) -> bool {
    move |output| *output == Output::Leg(event.clone())
}

fn ended(room: &Room) -> Option<Cause> {
    room.told[0].iter().find_map(|(_, output)| match output {
        Output::Leg(LegEvent::Gone(cause)) => Some(*cause),
        _ => None,
    })
}

#[test]
fn in_every_country_a_call_is_dialled_rings_and_is_answered_by_a_voice() {
    for country in site::countries() {
        let tones = site::tones_of(country).unwrap();
        let mut room = room(&tones, "");
        room.order(0, Input::Dial(NUMBER));
        let dialled = room.until(0, 8000, leg(LegEvent::EarlyMedia));
        let rings = room.until(0, 8000, leg(LegEvent::Ringing));
        assert_eq!(ended(&room), None, "{country}");
        let answered = room.until(0, 20_000, leg(LegEvent::Answered));
        let period: u64 = tones.bell.pairs().iter().map(|(on, off)| u64::from(on + off)).sum();
        let picked_up = dialled + 900 + 2 * period;
        assert!(rings < picked_up, "{country}: rings told at {rings} ms");
        let late = answered as i64 - picked_up as i64;
        assert!((0..2500).contains(&late), "{country}: answered {late} ms after it was");
        room.run(3000);
        assert_eq!(ended(&room), None, "{country}");
    }
}

#[test]
fn what_a_call_meets_with_is_told_in_every_country() {
    for country in site::countries() {
        let tones = site::tones_of(country).unwrap();
        let ends = [
            ("busy", Cause::Busy),
            ("congestion", Cause::Congestion),
            ("special", Cause::NotFound),
        ];
        for (meets, cause) in ends {
            // Where both are one tone it is busy.
            let same = meets == "congestion" && tones.busy == tones.congestion;
            let cause = if same { Cause::Busy } else { cause };
            let mut room = room(&tones, &format!("meets = \"{meets}\""));
            room.order(0, Input::Dial(NUMBER));
            room.run(30_000);
            assert_eq!(ended(&room), Some(cause), "{country}, {meets}: {:?}", room.told[0]);
            let answered = room.told[0].iter().any(|(_, told)| leg(LegEvent::Answered)(told));
            assert!(!answered, "{country}, {meets}");
        }
    }
}

#[test]
fn who_picks_up_and_says_nothing_has_answered_and_who_never_does_has_not() {
    let tones = Tones::default();
    let noises = ["", "noise-dbm0 = -36\n", "noise-dbm0 = -28\n"];
    let both = [("answer", true), ("nobody", false)];
    for ((meets, answers), noise) in both.into_iter().flat_map(|m| noises.map(|noise| (m, noise))) {
        let script = format!(
            "[[caller]]\ncalled = \"{NUMBER}\"\nmeets = \"{meets}\"\n{noise}steps = [\"wait 60s\"]\n"
        );
        let callers = Callers::parse(&script, |_| Ok(vec![0])).unwrap();
        let mut room = Room::abroad(1, callers, &tones);
        room.order(0, Input::Dial(NUMBER));
        room.run(60_000);
        let answered = room.told[0].iter().any(|(_, told)| leg(LegEvent::Answered)(told));
        assert_eq!(answered, answers, "{meets} {noise}");
    }
}

#[test]
fn a_line_that_reverses_its_polarity_is_believed_and_a_song_is_no_answer_there_any_more() {
    let tones = Tones::default();
    let mut room = room(&tones, "reverse-on-answer = true");
    room.order(0, Input::Dial(NUMBER));
    let dialled = room.until(0, 8000, leg(LegEvent::EarlyMedia));
    let answered = room.until(0, 20_000, leg(LegEvent::Answered));
    let picked_up = dialled + 900 + 10_000;
    assert!((picked_up..picked_up + 200).contains(&answered), "{answered}, not {picked_up}");
    room.order(0, Input::HangUp(Cause::Normal));
    room.run(6000);

    // Its next call: somebody who is heard at once, as a song in place of ringback is.
    room.order(0, Input::Dial(NUMBER));
    let again = room.until(0, 8000, leg(LegEvent::EarlyMedia));
    let answered = room.until(0, 20_000, leg(LegEvent::Answered));
    assert!((again + 10_900..again + 11_100).contains(&answered));
}

#[test]
fn without_a_dial_tone_the_number_is_dialled_after_5_s() {
    let silent = Tones { dial: model::site::Cadence::read("700").unwrap(), ..Tones::default() };
    let mut room = room(&silent, "");
    // The port's ear waits for China's, and this is no voice either.
    let config = line::Config::new("fxo-1".into(), model::port::PortKind::Fxo, model::Law::A, 2);
    room.lines[0] = line::LinePort::new(model::Instant::START, config);
    room.order(0, Input::Dial("10086"));
    let dialled = room.until(0, 9000, |output| {
        matches!(output, Output::Port(model::port::PortOrder::Dial(number)) if number == "10086")
    });
    assert!((5000..5700).contains(&dialled), "{dialled}");
}

#[test]
fn a_caller_who_rings_as_the_line_is_seized_is_taken_and_the_call_out_tries_elsewhere() {
    let mut room = room(&Tones::default(), "");
    room.order(0, Input::Dial(NUMBER));
    room.order(0, Input::Event(PortEvent::RingBegin));
    let told = room.words(0);
    assert_eq!(told, ["seized", "hook Off", "gone congestion", "arrived '' ''", "answered"]);
    room.order(0, Input::HangUp(Cause::Normal));
    room.run(5000);
    room.order(0, Input::Dial(NUMBER));
    room.until(0, 8000, leg(LegEvent::EarlyMedia));
}

#[test]
fn a_line_in_use_or_ringing_or_dead_is_not_seized() {
    let script = "[[caller]]\nsteps = [\"wait 5s\"]\njitter = \"0s\"\n";
    let mut room = Room::new(1, script);
    room.run(200);
    room.order(0, Input::Dial(NUMBER));
    assert_eq!(room.told[0].last().unwrap().1, Output::Seized(Err(Cause::Congestion)));
    let alarm = model::port::Alarm::NoBattery;
    room.order(0, Input::Event(PortEvent::Alarm { alarm, raised: true }));
    room.order(0, Input::Dial(NUMBER));
    assert_eq!(room.told[0].last().unwrap().1, Output::Seized(Err(Cause::Unreachable)));
}

#[test]
fn what_is_no_number_is_not_dialled() {
    for number in ["", "12a", "+86", &"1".repeat(33)] {
        let mut room = room(&Tones::default(), "");
        room.order(0, Input::Dial(number));
        let told: Vec<_> = room.told[0].iter().map(|(_, output)| output.clone()).collect();
        assert_eq!(told, [Output::Seized(Err(Cause::NotFound))], "{number}");
    }
}

#[test]
fn an_old_exchange_is_called_by_pulse_and_a_port_that_sends_it_tones_soon_knows() {
    for (pulse, number) in [(true, NUMBER), (false, NUMBER)] {
        let mut room = room(&Tones::default(), "");
        room.card = room.card.by_pulse();
        let config =
            line::Config::new("fxo-1".into(), model::port::PortKind::Fxo, model::Law::A, 2);
        let config = line::Config { pulse, ..config };
        room.lines[0] = line::LinePort::new(model::Instant::START, config);
        room.order(0, Input::Dial(number));
        if pulse {
            let dialled = room.until(0, 30_000, leg(LegEvent::EarlyMedia));
            // Half a second of dial tone, eleven digits of 74 pulses in all.
            assert!((15_000..16_500).contains(&dialled), "{dialled}");
            room.until(0, 20_000, leg(LegEvent::Answered));
        } else {
            let gone =
                room.until(0, 30_000, |output| matches!(output, Output::Leg(LegEvent::Gone(_))));
            assert!(gone < 9000, "{gone}");
            assert_eq!(ended(&room), Some(Cause::Congestion));
        }
    }
}

#[test]
fn there_are_no_pulses_for_the_star() {
    let mut room = room(&Tones::default(), "");
    let config = line::Config::new("fxo-1".into(), model::port::PortKind::Fxo, model::Law::A, 2);
    room.lines[0] =
        line::LinePort::new(model::Instant::START, line::Config { pulse: true, ..config });
    room.order(0, Input::Dial("*10086"));
    assert_eq!(room.told[0].last().unwrap().1, Output::Seized(Err(Cause::NotFound)));
}

/// In China a song is played in place of ringback: it is taken for the answer, and then the answer comes.
#[test]
fn the_first_reversal_behind_a_song_is_the_answer_and_the_second_is_the_end() {
    let mut room = room(&Tones::default(), "");
    room.order(0, Input::Dial(NUMBER));
    room.until(0, 8000, leg(LegEvent::EarlyMedia));
    room.until(0, 20_000, leg(LegEvent::Answered));
    room.run(3000);
    room.order(0, Input::Event(PortEvent::Polarity));
    room.run(2000);
    assert_eq!(ended(&room), None, "the song was no answer, and this is");
    room.order(0, Input::Event(PortEvent::Polarity));
    assert_eq!(ended(&room), Some(Cause::Normal));
    // From now on the line is believed.
    room.run(6000);
    room.order(0, Input::Dial(NUMBER));
    let dialled = room.until(0, 8000, leg(LegEvent::EarlyMedia));
    room.run(20_000);
    let answered =
        room.told[0].iter().any(|(at, told)| *at > dialled && leg(LegEvent::Answered)(told));
    assert!(!answered, "a voice is no answer there any more");
}
