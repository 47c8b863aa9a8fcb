//! The far party's hang-up by tone: found soon when it is one, never when somebody speaks or plays.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::sim::Callers;
use room::{Room, arrived, gone, sounds};

/// A caller who lets a line sound and would then wait for a minute.
fn line(voice_dbm0: i32, noise_dbm0: i32, more: &str) -> String {
    format!(
        "[[caller]]\njitter = \"0s\"\nvoice-dbm0 = {voice_dbm0}\nnoise-dbm0 = {noise_dbm0}\n{more}\n\
         steps = [\"say sound\", \"wait 60s\"]\n"
    )
}

/// The time from the tone's first burst to the hang-up; nothing if it was not found.
fn found_ms(script: &str, hz: f32, on_ms: f32, off_ms: f32) -> Option<u64> {
    let load = |_: &str| Ok(sounds::tone_after_speech(hz, on_ms, off_ms, 16));
    let mut room = Room::with(1, Callers::parse(script, load).unwrap());
    let answered = room.until(0, 30_000, arrived);
    room.run(26_000);
    let end = room.told[0].iter().find(|(_, output)| gone(output))?.0;
    // 200 ms until the caller speaks, and one second of speech before the tone.
    Some(end.saturating_sub(answered + 1240))
}

#[test]
fn busy_and_congestion_tones_are_found_at_any_level() {
    for (on_ms, most_ms) in [(350.0, 2400), (700.0, 4500)] {
        for dbm0 in [-9, -20, -30, -36] {
            let found = found_ms(&line(dbm0, dbm0 - 20, ""), 450.0, on_ms, on_ms);
            let found = found.unwrap_or_else(|| panic!("{on_ms} ms at {dbm0} dBm0"));
            assert!(found <= most_ms, "{on_ms} ms at {dbm0} dBm0: {found} ms");
        }
    }
}

/// GB/T 3380 allows 450 ± 25 Hz, and exchanges keep time to a tenth.
#[test]
fn exchanges_that_are_off_pitch_and_out_of_time_are_found() {
    for hz in [425.0, 437.0, 463.0, 475.0] {
        for (on_ms, off_ms) in [(315.0, 385.0), (385.0, 315.0), (350.0, 350.0)] {
            let found = found_ms(&line(-18, -50, ""), hz, on_ms, off_ms);
            assert!(found.is_some_and(|ms| ms < 4000), "{hz} Hz {on_ms}/{off_ms}: {found:?}");
        }
    }
}

#[test]
fn tones_that_mean_something_else_do_not_end_a_call() {
    // Ringback of China, the busy tones of Britain and North America, a modem's answer.
    let others = [
        (450.0, 1000.0, 4000.0),
        (400.0, 375.0, 375.0),
        (480.0, 500.0, 500.0),
        (2100.0, 350.0, 350.0),
    ];
    for (hz, on_ms, off_ms) in others {
        assert_eq!(
            found_ms(&line(-18, -60, ""), hz, on_ms, off_ms),
            None,
            "{hz} Hz {on_ms}/{off_ms}"
        );
    }
}

/// What the box itself says comes back from the line's hybrid, 14 dB fainter.
#[test]
fn a_busy_tone_is_found_under_the_echo_of_a_prompt() {
    let mut room = Room::with(1, {
        let load = |_: &str| {
            let mut sound = sounds::tone_after_speech(450.0, 350.0, 350.0, 16);
            let echo = sounds::speech(77, 24);
            sound.iter_mut().zip(echo).for_each(|(out, echo)| *out += echo / 5);
            Ok(sound)
        };
        Callers::parse(&line(-16, -60, ""), load).unwrap()
    });
    let answered = room.until(0, 30_000, arrived);
    let found = room.until(0, 20_000, gone) - answered - 1240;
    assert!(found < 6000, "{found} ms");
}

#[test]
fn half_an_hour_of_speech_and_music_does_not_end_a_call() {
    // Six callers for five minutes each, no two alike.
    let script = |n: usize| {
        format!(
            "[[caller]]\nport = {}\nnoise-dbm0 = -55\nsteps = [\"say {n}\", \"hang-up\"]\nhang-up = \"on-hook\"\n",
            n + 1
        )
    };
    let text: String = (0..6).map(script).collect();
    let load = |name: &str| {
        let seed: u64 = name.parse().unwrap();
        Ok(if seed < 3 { sounds::speech(seed, 300) } else { sounds::music(seed, 300) })
    };
    let mut room = Room::with(6, Callers::parse(&text, load).unwrap());
    let mut ticks = 0;
    while room.stories().len() < 6 && ticks < 17_000 {
        room.tick();
        ticks += 1;
    }
    for story in room.stories() {
        assert_eq!(story.outcome, board::sim::Outcome::Finished, "port {}", story.port);
        let ms = (story.ended_tick - story.began_tick) * 20;
        assert!(ms > 300_000, "port {} ended after {ms} ms", story.port);
    }
    assert_eq!(room.stories().len(), 6);
}
