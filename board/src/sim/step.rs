//! What a caller does once the box has answered: one step a line of the script.

use model::Digit;
use std::sync::Arc;
use std::time::Duration;

/// Longest time a script may name.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// Keys of one `press`.
const KEYS_MAX: usize = 32;
/// What a line carries.
const HZ: std::ops::RangeInclusive<u32> = 200..=3600;

/// A step, checked. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Until something was heard and then it was quiet, or the time is over.
    WaitPrompt {
        ms: u64,
    },
    Wait {
        ms: u64,
    },
    /// Until a tone is heard; hangs up when the time is over.
    WaitTone {
        hz: f32,
        ms: u64,
    },
    Press {
        keys: Arc<[Digit]>,
    },
    /// Says a sound once.
    Say {
        sound: Arc<[i16]>,
    },
    /// Says a sound again and again, with pauses, for a time.
    Talk {
        sound: Arc<[i16]>,
        ms: u64,
    },
    Tone {
        hz: f32,
        ms: u64,
    },
    /// The line's plug is drawn for a time.
    Unplug {
        ms: u64,
    },
    HangUp,
}

/// The steps there are, for messages.
const USAGE: &str = "expected wait-prompt TIME, wait TIME, wait-tone HZ TIME, press KEYS, say FILE, \
                     talk FILE TIME, tone HZ TIME, unplug TIME or hang-up";

/// Loads a sound file that a step names.
pub(super) type Loader<'a> = dyn FnMut(&str) -> Result<Arc<[i16]>, String> + 'a;

/// Reads a step; `sound` loads a file at the loudness of the caller.
pub(super) fn parse(text: &str, sound: &mut Loader<'_>) -> Result<Step, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (word, rest) = words.split_first().ok_or(USAGE)?;
    match (*word, rest) {
        ("wait-prompt", [time]) => Ok(Step::WaitPrompt { ms: duration_ms(time)? }),
        ("wait", [time]) => Ok(Step::Wait { ms: duration_ms(time)? }),
        ("wait-tone", [hz, time]) => {
            Ok(Step::WaitTone { hz: frequency(hz)?, ms: duration_ms(time)? })
        }
        ("press", [keys]) => Ok(Step::Press { keys: digits(keys)? }),
        ("say", [file]) => Ok(Step::Say { sound: sound(file)? }),
        ("talk", [file, time]) => Ok(Step::Talk { sound: sound(file)?, ms: duration_ms(time)? }),
        ("tone", [hz, time]) => Ok(Step::Tone { hz: frequency(hz)?, ms: duration_ms(time)? }),
        ("unplug", [time]) => Ok(Step::Unplug { ms: duration_ms(time)? }),
        ("hang-up", []) => Ok(Step::HangUp),
        _ => Err(USAGE.into()),
    }
}

/// Reads `250ms`, `20s`, `5m` or `2h`.
pub(super) fn duration_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{text}': expected a time like 250ms, 20s, 5m or 2h");
    let unit = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit);
    let scale = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(scale)
        .filter(|&ms| Duration::from_millis(ms) <= TIME_MAX)
        .ok_or_else(|| format!("'{text}': expected 24h at most"))
}

pub(super) fn frequency(text: &str) -> Result<f32, String> {
    let hz: Option<u32> = text.parse().ok().filter(|hz| HZ.contains(hz));
    hz.map(|hz| hz as f32).ok_or_else(|| {
        format!("'{text}': expected a frequency from {} to {}", HZ.start(), HZ.end())
    })
}

pub(super) fn digits(text: &str) -> Result<Arc<[Digit]>, String> {
    let keys: Option<Arc<[Digit]>> = text.chars().map(Digit::new).collect();
    keys.filter(|keys| keys.len() <= KEYS_MAX)
        .ok_or_else(|| format!("'{text}': expected up to {KEYS_MAX} keys 0-9, *, #, A-D"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_an_end() {
        for (text, ms) in [("250ms", 250), ("20s", 20_000), ("5m", 300_000), ("24h", 86_400_000)] {
            assert_eq!(duration_ms(text), Ok(ms));
        }
        for text in ["", "20", "s", "1d", "-1s", "1.5s", "25h", "99999999999999999999s", "秒"] {
            assert!(duration_ms(text).is_err(), "{text}");
        }
    }
}
