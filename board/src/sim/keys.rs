//! Keys as sound: what a caller's telephone sends for them (ITU-T Q.23).

use super::sound::{RATE, Sound, Tone};
use model::Digit;
use std::sync::Arc;

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// How a telephone sends keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Manner {
    pub(super) on_ms: u32,
    pub(super) off_ms: u32,
    /// Of the low tone.
    pub(super) dbm0: f32,
    /// The high tone above the low one.
    pub(super) twist_db: f32,
}

/// Keys on their way, each followed by its pause.
#[derive(Clone, Debug)]
pub(super) struct KeySender {
    keys: Arc<[Digit]>,
    manner: Manner,
    next: usize,
    /// Samples left of the key's tone, and then of its pause.
    on: u32,
    off: u32,
    low: Tone,
    high: Tone,
}

impl KeySender {
    pub(super) fn new(keys: Arc<[Digit]>, manner: Manner) -> Self {
        let silent = Tone::new(0.0, manner.dbm0);
        Self { keys, manner, next: 0, on: 0, off: 0, low: silent, high: silent }
    }

    /// Adds the next 20 ms; tells whether more is to come.
    pub(super) fn add(&mut self, out: &mut Sound) -> bool {
        for sample in out {
            if self.on == 0 && self.off == 0 && !self.press() {
                return false;
            }
            if self.on > 0 {
                self.on -= 1;
                *sample += self.low.sample() + self.high.sample();
            } else {
                self.off -= 1;
            }
        }
        true
    }

    fn press(&mut self) -> bool {
        let Some(&key) = self.keys.get(self.next) else { return false };
        self.next += 1;
        let (low, high) = frequencies(key);
        self.low = Tone::new(low, self.manner.dbm0);
        self.high = Tone::new(high, self.manner.dbm0 + self.manner.twist_db);
        let samples = |ms: u32| ms.saturating_mul(RATE as u32 / 1000).max(1);
        (self.on, self.off) = (samples(self.manner.on_ms), samples(self.manner.off_ms));
        true
    }
}

fn frequencies(key: Digit) -> (f32, f32) {
    for (low, row) in LOW.iter().zip(KEYS) {
        for (high, of) in HIGH.iter().zip(row) {
            if of == key.as_char() {
                return (*low, *high);
            }
        }
    }
    // Every `Digit` is a key of the pad.
    (LOW[3], HIGH[1])
}
