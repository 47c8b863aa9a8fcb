//! DTMF as sound, made: the two tones of a key (ITU-T Q.23).

use crate::tone::{Dbm0, Tone};
use model::Digit;

/// The low frequencies, one a row of the keypad, then the high ones, one a column (Q.23).
pub const FREQUENCIES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];
/// The keypad, row by row.
pub const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
/// Levels sent: within the -9/-7 dBm0 that exchanges expect, the high tone 2 dB above.
pub const LEVELS: (Dbm0, Dbm0) = (Dbm0(-9.0), Dbm0(-7.0));
/// Rise and fall of a key's tone: 2.5 ms, without a click.
const RAMP: usize = 20;

/// The sound of a key, for a given number of samples.
#[derive(Clone, Copy, Debug)]
pub struct KeyTone {
    low: Tone,
    high: Tone,
    at: usize,
    len: usize,
}

impl KeyTone {
    /// Makes the sound of a key at the usual levels.
    pub fn new(digit: Digit, len: usize) -> Self {
        Self::with_levels(digit, len, LEVELS, 1.0)
    }

    /// Makes it at other levels (low, high) and off by a factor of frequency, as old phones are.
    pub fn with_levels(digit: Digit, len: usize, levels: (Dbm0, Dbm0), off: f32) -> Self {
        let (row, column) = place(digit);
        Self {
            low: Tone::new(FREQUENCIES[row] * off, levels.0),
            high: Tone::new(FREQUENCIES[4 + column] * off, levels.1),
            at: 0,
            len,
        }
    }

    /// The next samples; silence after the end.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let edge = self.at.min(self.len.saturating_sub(self.at)).min(RAMP);
            let value = (self.low.sample() + self.high.sample()) * edge as f32 / RAMP as f32;
            *sample = value.round() as i16;
            self.at += 1;
        }
    }
}

/// Row and column of a key.
fn place(digit: Digit) -> (usize, usize) {
    let key = digit.as_char();
    for (row, keys) in KEYS.iter().enumerate() {
        if let Some(column) = keys.iter().position(|&other| other == key) {
            return (row, column);
        }
    }
    (3, 1)
}
