//! What exchanges of each country say when the far party is gone, and what they say before.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod room;

use board::sim::Callers;
use model::Rate;
use model::site::{Cadence, Tones};
use room::{Room, arrived, gone, sounds};

/// Speech, and then a tone of a country for so long.
fn speech_and(tone: &Cadence, seconds: usize) -> Vec<i16> {
    let mut sound = sounds::speech(9, 1);
    sound.truncate(8000);
    let period = media::progress::clip(tone).samples(Rate::Narrow).to_vec();
    sound.extend(period.iter().cycle().take(seconds * 8000));
    sound
}

/// When the call ended after the tone began; nothing if it did not.
fn found_ms(tones: &Tones, tone: &Cadence, dbm0: i32) -> Option<u64> {
    let script = format!(
        "[[caller]]\njitter = \"0s\"\nvoice-dbm0 = {dbm0}\nnoise-dbm0 = {}\n\
         steps = [\"say sound\", \"wait 60s\"]\n",
        dbm0 - 20
    );
    let callers = Callers::parse(&script, |_: &str| Ok(speech_and(tone, 16))).unwrap();
    let mut room = Room::abroad(1, callers, tones);
    let answered = room.until(0, 30_000, arrived);
    room.run(18_000);
    let end = room.told[0].iter().find(|(_, output)| gone(output))?.0;
    Some(end.saturating_sub(answered + 1240))
}

/// The time of so many pairs of tone and pause.
fn period_ms(tone: &Cadence) -> u64 {
    let parts = tone.parts();
    let whole: u64 = parts.iter().map(|part| u64::from(part.ms)).sum();
    whole * 3_u64.div_ceil(parts.len() as u64 / 2)
}

#[test]
fn busy_and_congestion_of_every_country_end_a_call_within_four_of_their_tones() {
    for country in site::countries() {
        let tones = site::tones_of(country).unwrap();
        for (name, tone) in [("busy", &tones.busy), ("congestion", &tones.congestion)] {
            for dbm0 in [-10, -20, -34] {
                let found = found_ms(&tones, tone, dbm0);
                let most = period_ms(tone) * 4 / 3 + 700;
                assert!(
                    found.is_some_and(|ms| ms <= most),
                    "{country}, {name} at {dbm0} dBm0: {found:?}, not {most} ms"
                );
            }
        }
    }
}

#[test]
fn dial_ringback_and_waiting_tones_of_every_country_end_none() {
    for country in site::countries() {
        let tones = site::tones_of(country).unwrap();
        let other =
            [("dial", &tones.dial), ("ringback", &tones.ringback), ("waiting", &tones.waiting)];
        for (name, tone) in other {
            assert_eq!(found_ms(&tones, tone, -18), None, "{country}, {name}");
        }
    }
}

#[test]
fn ten_minutes_of_speech_and_music_end_no_call_at_any_pitch() {
    for country in ["united-states", "united-kingdom", "france", "germany"] {
        let script = |n: usize| {
            let port = n + 1;
            format!(
                "[[caller]]\nport = {port}\nnoise-dbm0 = -55\nsteps = [\"say {n}\", \"hang-up\"]\n\
                 hang-up = \"on-hook\"\n"
            )
        };
        let text: String = (0..2).map(script).collect();
        let load = |name: &str| {
            let seed: u64 = name.parse().unwrap();
            Ok(if seed < 1 { sounds::speech(seed, 300) } else { sounds::music(seed, 300) })
        };
        let callers = Callers::parse(&text, load).unwrap();
        let mut room = Room::abroad(2, callers, &site::tones_of(country).unwrap());
        room.run(330_000);
        for story in room.stories() {
            let ms = (story.ended_tick - story.began_tick) * 20;
            assert!(ms > 300_000, "{country}, port {} ended after {ms} ms", story.port);
        }
        assert_eq!(room.stories().len(), 2, "{country}");
    }
}
