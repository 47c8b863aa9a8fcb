//! The tables of detectors in README.md: `cargo run --release -p line --example detectors`.
//!
//! Arguments are folders of speech and music (WAV of 8 kHz, or FLAC) that calls talk of; without one,
//! what the box itself says and plays. The far end is spandsp's where it has a generator.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made is not made")]
#![allow(clippy::disallowed_methods, reason = "what another program makes is read")]

mod far;
mod impair;
mod port;
#[path = "../../../media/examples/keys/recordings.rs"]
mod recordings;
#[path = "../../tests/room/sounds.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod sounds;
mod talk;
mod tones;

use far::Far;
use impair::{Line, PLAIN};
use media::hear::{Filters, KeyEar};
use model::Law;
use model::site::Tones;
use port::Port;
use sounds::Dice;
use std::path::{Path, PathBuf};

/// Calls of each kind on each line.
const CALLS: usize = 40;
/// Keys of a call: each of them, thirty times.
const KEYS: &str = "0123456789ABCD*#";
const ROUNDS: usize = 30;
/// Samples of a key of 70 ms and the pause behind it.
const KEY_SAMPLES: f32 = 1120.0;

fn main() {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images");
    let folders = if folders.is_empty() { vec![own] } else { folders };
    let far = Far::new();
    caller_ids(&far);
    keys(&far);
    tones::found(&far);
    tones::missed();
    talk::false_ones(&folders);
}

/// Lines of every kind of damage, with its name.
pub fn lines() -> Vec<(String, Line)> {
    let mut lines = vec![("-16 dBm0, noise 40 dB below".to_owned(), PLAIN)];
    for dbm0 in [-9.0, -22.0, -28.0, -34.0, -38.0] {
        lines.push((format!("{dbm0:.0} dBm0"), Line { dbm0, noise_db: 25.0, ..PLAIN }));
    }
    for noise_db in [20.0, 15.0, 12.0, 8.0] {
        lines.push((format!("noise {noise_db:.0} dB below"), Line { noise_db, ..PLAIN }));
    }
    for (late_ms, weaker_db) in [(8, 14.0), (20, 14.0), (60, 14.0), (20, 8.0)] {
        let echo = Some((late_ms, weaker_db));
        let name = format!("echo {late_ms} ms late, {weaker_db:.0} dB weaker");
        lines.push((name, Line { echo, noise_db: 30.0, ..PLAIN }));
    }
    for codecs in [1, 4, 8] {
        lines.push((format!("A-law to µ-law and back, {codecs} times"), Line { codecs, ..PLAIN }));
    }
    lines.push(("µ-law at the card".into(), Line { law: Law::Mu, ..PLAIN }));
    for lost in [0.5, 1.0, 3.0, 5.0] {
        lines.push((format!("{lost} % of packets lost and concealed"), Line { lost, ..PLAIN }));
    }
    for clock in [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0] {
        lines.push((format!("clock {clock:+} %"), Line { clock, ..PLAIN }));
    }
    lines
}

/// Caller ids understood, and understood wrongly.
fn caller_ids(far: &Far) {
    let kinds = ["bell202", "bell202-single", "v23", "dtmf"];
    let tones = Tones::default();
    println!("\ncaller id of spandsp: understood of {CALLS} / wrong\n");
    println!("| line | Bell 202, MDMF | Bell 202, SDMF | V.23 | keys |\n|---|---|---|---|---|");
    for (name, line) in lines() {
        // The laws of both ends are one: a card's port has its own.
        let line =
            Line { law: Law::A, codecs: line.codecs + usize::from(line.law != Law::A), ..line };
        let mut row = format!("| {name} |");
        for kind in kinds {
            let mut dice = Dice(7);
            let (mut right, mut wrong) = (0, 0);
            for call in 0..CALLS {
                let number = format!("138{:08}", call * 1_234_567 % 100_000_000);
                let mut sound = vec![0; 400 + call * 13];
                sound.extend(far.caller_id(kind, &number));
                sound.resize(sound.len() + 4000, 0);
                match Port::who(&tones, &line.pass(&sound, &mut dice)) {
                    Some(heard) if heard == number => right += 1,
                    Some(heard) if !heard.is_empty() => wrong += 1,
                    _ => {}
                }
            }
            row += &format!(" {right} / {wrong} |");
        }
        println!("{row}");
    }
}

/// Keys of callers in a talk.
fn keys(far: &Far) {
    let all = KEYS.len() * ROUNDS;
    println!("\nkeys of spandsp in a talk, 70 ms and pauses of 70 ms: found of {all} / wrong\n");
    println!("| line | high tone 2 dB above | 4 dB above | 8 dB below |\n|---|---|---|---|");
    let sounds: Vec<Vec<i16>> =
        [2, 4, -8].map(|twist| far.keys(&KEYS.repeat(ROUNDS), 70, 70, twist)).into();
    let filters = Filters::new();
    let pressed: Vec<char> = KEYS.repeat(ROUNDS).chars().collect();
    for (name, line) in lines() {
        let mut row = format!("| {name} |");
        for sound in &sounds {
            let (mut ear, mut found, mut wrong) = (KeyEar::default(), 0, 0);
            // A key that is missed is looked past: each has its time.
            let per_key = KEY_SAMPLES / (1.0 + line.clock / 100.0);
            let mut last = None;
            for (tick, block) in line.pass(sound, &mut Dice(9)).iter().enumerate() {
                let mut samples = [0; 160];
                line.law.decode(block, &mut samples);
                let Some(digit) = ear.hear(&filters, &samples) else { continue };
                let place = (tick as f32 * 160.0 / per_key) as usize;
                let right = pressed.get(place) == Some(&digit.as_char()) && last != Some(place);
                last = Some(place);
                match right {
                    true => found += 1,
                    false => wrong += 1,
                }
            }
            row += &format!(" {found} / {wrong} |");
        }
        println!("{row}");
    }
}
