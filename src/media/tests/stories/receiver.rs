//! The ear for keys holds what ITU-T Q.24 asks of a receiver.

use crate::q24::{PLAIN, Row, at_level, hear, press};
use media::Clip;
use media::hear::{Filters, KeyEar};
use media::tone::Dbm0;
use model::{Digit, Law};
use std::path::Path;

const KEYS: usize = 320;

fn taken(what: &str, row: Row) {
    for law in [Law::A, Law::Mu] {
        let found = press(&Row { law, ..row }, KEYS, 5);
        assert_eq!((found.found, found.wrong), (found.pressed, 0), "{what}, {law:?}");
    }
}

fn refused(what: &str, row: Row) {
    let found = press(&row, KEYS, 6);
    assert_eq!((found.found, found.wrong), (0, 0), "{what}");
}

#[test]
fn q24_every_level_from_0_to_minus_30_dbm0_is_taken_and_minus_45_is_not() {
    for low in [-3.0, -6.0, -12.0, -20.0, -25.0, -30.0] {
        taken(&format!("{low} dBm0"), Row { low, ..PLAIN });
    }
    refused("-45 dBm0", Row { low: -45.0, ..PLAIN });
}

#[test]
fn faint_keys_whose_tones_are_minus_38_dbm0_together_are_taken() {
    taken("-41 dBm0 a tone", Row { low: -41.0, noise_db: 20.0, ..PLAIN });
    taken("8 dB below", Row { low: -38.6, twist_db: -8.0, noise_db: 15.0, ..PLAIN });
}

#[test]
fn an_echo_that_fills_the_pause_is_no_key() {
    for low in [-6.0, -12.0, -20.0] {
        taken("echo", Row { low, echo: Some((60.0, 14.0)), ..PLAIN });
    }
}

#[test]
fn q24_the_high_tone_may_be_4_db_above_and_8_db_below_the_low_one() {
    for twist_db in [4.0_f32, 2.0, -4.0, -8.0] {
        taken(
            &format!("twist {twist_db} dB"),
            Row { low: -12.0 - twist_db.max(0.0), twist_db, ..PLAIN },
        );
    }
}

#[test]
fn q24_tones_1_5_percent_off_are_taken_and_3_5_percent_off_are_not() {
    for off in [0.015, -0.015] {
        taken(&format!("{off}"), Row { off, ..PLAIN });
    }
    refused("3.5 %", Row { off: 0.035, ..PLAIN });
}

#[test]
fn q24_keys_of_40_ms_with_pauses_of_30_ms_are_taken_and_tones_of_20_ms_are_not() {
    taken("40 and 40 ms", Row { tone_ms: 40.0, pause_ms: 40.0, ..PLAIN });
    taken("40 and 30 ms", Row { tone_ms: 40.0, pause_ms: 30.0, ..PLAIN });
    refused("20 ms", Row { tone_ms: 20.0, ..PLAIN });
    refused("23 ms", Row { tone_ms: 23.0, ..PLAIN });
}

#[test]
fn q24_an_echo_10_db_weaker_and_20_ms_late_changes_nothing() {
    taken("echo", Row { echo: Some((20.0, 10.0)), ..PLAIN });
    taken(
        "echo of short keys",
        Row { tone_ms: 50.0, pause_ms: 50.0, echo: Some((20.0, 16.0)), ..PLAIN },
    );
}

#[test]
fn q24_noise_15_db_below_the_weaker_tone_costs_no_key() {
    taken("noise", Row { noise_db: 15.0, ..PLAIN });
}

/// Half an hour: what the box itself says, some 15 minutes of two languages, at two levels.
#[test]
fn half_an_hour_of_prompts_and_the_music_hold_no_key() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../images");
    let mut seconds = 0.0;
    let mut told: Vec<String> = Vec::new();
    let mut likely = 0;
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "flac") {
                let sound = flac(&path);
                likely += likely_ticks(&sound);
                for (level, law) in [(-15.0, Law::A), (-24.0, Law::Mu)] {
                    seconds += sound.len() as f32 / 8000.0;
                    let keys = hear(&at_level(&sound, Dbm0(level)), law);
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    let sign = |(_, digit): (usize, Digit)| format!("{name} {}", digit.as_char());
                    told.extend(keys.into_iter().map(sign));
                }
            }
        }
    }
    assert!(seconds > 29.0 * 60.0, "{seconds} s");
    assert_eq!(told, [""; 0]);
    // 20 ms each that the other side would not hear if it took keys apart.
    assert!(likely <= 2, "{likely}");
}

/// Ticks in which speech looks like a key until it is looked at longer.
fn likely_ticks(sound: &[i16]) -> usize {
    let (filters, mut ear) = (Filters::new(), KeyEar::default());
    let heard = |tick: &&[i16]| {
        ear.hear(&filters, tick);
        ear.is_likely()
    };
    sound.chunks_exact(160).filter(heard).count()
}

fn flac(path: &Path) -> Vec<i16> {
    let mut reader = claxon::FlacReader::open(path).unwrap();
    let rate = reader.streaminfo().sample_rate;
    let samples: Vec<i16> = reader.samples().map(|s| s.unwrap() as i16).collect();
    Clip::from_pcm(&samples, rate).unwrap().samples(model::Rate::Narrow).to_vec()
}
