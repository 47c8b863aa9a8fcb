//! The tables of keys in the sound in README.md: `cargo run --release -p media --example keys`.
//!
//! Arguments are folders of speech and music (WAV of 8 kHz, or FLAC), which are sought for keys that
//! nobody pressed; without one, what the box itself says and plays.

#![allow(clippy::unwrap_used, reason = "a table that cannot be made is not made")]
#![allow(dead_code, reason = "the stories use more of their world")]

#[path = "../../tests/stories/network.rs"]
mod network;
#[path = "../../tests/stories/q24.rs"]
mod q24;
mod recordings;
#[path = "../../tests/stories/world.rs"]
mod world;

use media::tone::Dbm0;
use model::{Digit, Law};
use q24::{PLAIN, Row, at_level, hear, press};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const KEYS: usize = 1600;

fn main() {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images");
    rates();
    for folder in if folders.is_empty() { vec![own] } else { folders } {
        talk_off(&folder);
    }
}

/// Keys found of 1600, and wrong ones, by one property each.
fn rates() {
    println!("| keys of 70 ms at -12 dBm0 a tone, but | found | wrong |");
    println!("|---|---|---|");
    let line = |what: String, row: Row| {
        let found = press(&row, KEYS, 7);
        let share = found.found as f32 * 100.0 / found.pressed as f32;
        println!("| {what} | {share:.1} % | {} |", found.wrong);
    };
    for low in [-3.0, -12.0, -24.0, -30.0, -33.0, -36.0, -40.0] {
        line(format!("{low:.0} dBm0"), Row { low, ..PLAIN });
    }
    for twist_db in [10.0, 8.0, 6.0, 4.0, -4.0, -8.0, -10.0, -12.0] {
        line(format!("high tone {twist_db:+.0} dB"), Row { low: -16.0, twist_db, ..PLAIN });
    }
    for off in [1.5, 1.8, 2.0, 2.5, 3.0, 3.5] {
        line(format!("{off} % off"), Row { off: off / 100.0, ..PLAIN });
    }
    for tone_ms in [50.0, 45.0, 40.0, 35.0, 30.0, 25.0, 23.0] {
        line(format!("{tone_ms:.0} ms long"), Row { tone_ms, ..PLAIN });
    }
    for pause_ms in [50.0, 40.0, 30.0, 25.0, 20.0] {
        line(format!("pauses of {pause_ms:.0} ms"), Row { pause_ms, ..PLAIN });
    }
    for noise_db in [20.0, 15.0, 12.0, 10.0, 8.0, 6.0, 4.0] {
        line(format!("noise {noise_db:.0} dB below"), Row { noise_db, ..PLAIN });
    }
    for (delay_ms, weaker_db) in [(20.0, 16.0), (20.0, 10.0), (40.0, 10.0), (20.0, 6.0)] {
        let echo = Some((delay_ms, weaker_db));
        line(
            format!("echo {delay_ms:.0} ms later, {weaker_db:.0} dB weaker"),
            Row { echo, ..PLAIN },
        );
    }
}

/// Keys found where nobody pressed one.
fn talk_off(folder: &Path) {
    let sounds = recordings::of(folder);
    let minutes = sounds.iter().map(|(_, sound)| sound.len()).sum::<usize>() as f32 / 480_000.0;
    println!("\n{}: {} recordings, {minutes:.1} minutes", folder.display(), sounds.len());
    println!("| level of its loud parts | law | keys | which |");
    println!("|---|---|---|---|");
    for level in [-9.0, -15.0, -20.0, -27.0] {
        for law in [Law::A, Law::Mu] {
            let mut told: BTreeMap<String, String> = BTreeMap::new();
            for (name, sound) in &sounds {
                for (_, digit) in hear(&at_level(sound, Dbm0(level)), law) {
                    told.entry(name.clone()).or_default().push(Digit::as_char(digit));
                }
            }
            let keys: usize = told.values().map(String::len).sum();
            println!(
                "| {level:.0} dBm0 | {} | {keys} | {told:?} |",
                if law == Law::A { "A" } else { "µ" }
            );
        }
    }
}
