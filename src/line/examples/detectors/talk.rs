//! Calls that end while people talk or music plays: there must be none.

use super::impair::{Line, PLAIN};
use super::port::{Heard, Port};
use super::recordings;
use super::sounds::{self, Dice};
use model::Law;
use model::site::Tones;
use std::path::PathBuf;

/// What has to be heard at least.
const HOURS: f64 = 10.0;
/// Samples of an hour.
const HOUR: f64 = 8000.0 * 3600.0;

/// False hang-ups, in virtual time.
pub fn false_ones(folders: &[PathBuf]) {
    let read: Vec<_> = folders.iter().flat_map(|folder| recordings::of(folder)).collect();
    let samples: usize = read.iter().map(|(_, sound)| sound.len()).sum();
    println!("\nfalse hang-ups: {} recordings, {:.1} minutes", read.len(), samples as f64 / 480e3);
    let (mut hours, mut round, mut told) = (0.0, 0, Vec::new());
    let levels = [-9.0, -15.0, -20.0, -27.0];
    // Each round is another level, another law and another country.
    let countries: Vec<&str> = site::countries().collect();
    while hours < HOURS && samples > 0 {
        let country = countries[round % countries.len()];
        let line = Line {
            dbm0: levels[round % levels.len()],
            law: if round % 2 == 0 { Law::A } else { Law::Mu },
            codecs: round % 3,
            ..PLAIN
        };
        let tones = site::tones_of(country).unwrap();
        hours += listen(&tones, &line, &read, round, &mut told) / HOUR;
        round += 1;
    }
    println!("recordings, {hours:.1} hours in {round} rounds: {} false: {told:?}", told.len());
    let (mut hours, mut told) = (0.0, Vec::new());
    for (round, country) in countries.iter().cycle().enumerate() {
        if hours >= HOURS {
            break;
        }
        let seed = round as u64 + 100;
        let made = [
            ("speech".to_owned(), sounds::speech(seed, 600)),
            ("music".to_owned(), sounds::music(seed, 600)),
        ];
        let line = Line { dbm0: levels[round % levels.len()], ..PLAIN };
        let tones = site::tones_of(country).unwrap();
        hours += listen(&tones, &line, &made, round, &mut told) / HOUR;
    }
    println!(
        "synthetic speech, and music around the tones' pitches in their beat, {hours:.1} hours: {} \
         false: {told:?}",
        told.len()
    );
}

/// Listens to all of it, and tells where a call ended. Gives the samples heard.
fn listen(
    tones: &Tones,
    line: &Line,
    sounds: &[(String, Vec<i16>)],
    round: usize,
    told: &mut Vec<String>,
) -> f64 {
    let mut port = Port::talking(tones, line.law);
    let (mut heard, mut dice) = (0, Dice(round as u64 + 1));
    for (name, sound) in sounds {
        for block in line.pass(sound, &mut dice) {
            heard += 160;
            if port.hears(&block).contains(&Heard::Gone) {
                told.push(format!("{name} in round {round}"));
                port = Port::talking(tones, line.law);
            }
        }
    }
    f64::from(heard)
}
