//! Caller id by keys: `D13800138000C`, as many exchanges in China send it (YD/T 1277).
//!
//! Each 10 ms the last 20 ms are judged: the loudest tone of each group, above the others and both
//! together most of the sound. Between rings nobody speaks, so this is less strict than what the
//! media engine asks of a caller's keys.

use crate::sound::{RATE, Sound, power};
use std::f32::consts::TAU;

/// Low and high frequencies (ITU-T Q.23).
const FREQUENCIES: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];
const HALF: usize = 80;
/// Windows of 20 ms, 10 ms apart, that hold the same key.
const HITS_MIN: u8 = 2;
/// Windows without it, after which the same key is a new one.
const MISSES_MIN: u8 = 2;
/// The same key so much weaker is its echo where it goes on from it: so many windows later at most.
/// A key that is pressed again comes later.
const ECHO_WEAKER: f32 = 8.0;
const ECHO_WINDOWS: u8 = 2;
/// Of both tones together.
const LEVEL_MIN_DBM0: f32 = -40.0;
/// Share of both tones in all power: 3 dB of noise at most.
const PURITY_MIN: f32 = 0.5;
/// The high tone above the low one, and the low above the high, at most.
const TWIST_MAX_DB: f32 = 10.0;
/// Digits of a number.
pub(crate) const DIGITS_MAX: usize = 24;

/// An ear for caller id by keys on one port.
#[derive(Clone, Debug)]
pub(crate) struct KeysEar {
    cosine: [f32; 8],
    floor: f32,
    before: [f32; 8],
    before_all: f32,
    candidate: Option<u8>,
    hits: u8,
    pressed: Option<u8>,
    misses: u8,
    told: Told,
    /// The digits after the start key; nothing before it.
    digits: Option<Digits>,
}

/// A key that was told: its strength, and windows since it or its echo was heard.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    key: Option<u8>,
    power: f32,
    windows: u8,
}

/// Digits in their order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    keys: [u8; DIGITS_MAX],
    len: usize,
}

impl Digits {
    /// The digits as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.keys.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }
}

impl KeysEar {
    pub(crate) fn new() -> Self {
        Self {
            cosine: FREQUENCIES.map(|hz| (TAU * hz / RATE).cos()),
            floor: power(LEVEL_MIN_DBM0),
            before: [0.0; 8],
            before_all: 0.0,
            candidate: None,
            hits: 0,
            pressed: None,
            misses: 0,
            told: Told::default(),
            digits: None,
        }
    }

    /// Hears 20 ms; gives the number when its end key was heard.
    pub(crate) fn hear(&mut self, sound: &Sound) -> Option<Digits> {
        let mut number = None;
        for samples in sound.chunks_exact(HALF) {
            let heard = self.measure(samples);
            if let Some(key) = self.step(heard) {
                number = self.key(key).or(number);
            }
        }
        number
    }

    /// Hears 20 ms of a telephone's keys; gives one that was pressed. Two are at least 40 ms apart
    /// (Q.24), so that no block has more.
    pub(crate) fn press(&mut self, sound: &Sound) -> Option<u8> {
        let mut pressed = None;
        for samples in sound.chunks_exact(HALF) {
            let heard = self.measure(samples);
            pressed = self.step(heard).or(pressed);
        }
        pressed
    }

    /// The start key is `A` or `D`, the end key `C` or `#`. More digits than a number has are none.
    fn key(&mut self, key: u8) -> Option<Digits> {
        match (key, &mut self.digits) {
            (b'A' | b'D', _) => self.digits = Some(Digits { keys: [0; DIGITS_MAX], len: 0 }),
            (b'C' | b'#', digits) => return digits.take(),
            (b'0'..=b'9', Some(digits)) => match digits.keys.get_mut(digits.len) {
                Some(place) => {
                    *place = key;
                    digits.len += 1;
                }
                None => self.digits = None,
            },
            _ => {}
        }
        None
    }

    /// Takes what a window holds: a key, and how strong it is.
    fn step(&mut self, heard: Option<(u8, f32)>) -> Option<u8> {
        let (key, power) = heard.map_or((None, 0.0), |(key, power)| (Some(key), power));
        self.told.windows = self.told.windows.saturating_add(1);
        let key = key.filter(|key| !self.told.is_echo(*key, power));
        if key.is_some() && key == self.pressed {
            self.misses = 0;
            self.told.heard(power);
            return None;
        }
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MISSES_MIN {
            self.pressed = None;
        }
        self.hits = if key == self.candidate { self.hits.saturating_add(1) } else { 1 };
        self.candidate = key;
        if key.is_none() || self.hits < HITS_MIN {
            return None;
        }
        (self.pressed, self.misses) = (key, 0);
        self.told = Told { key, power, windows: 0 };
        key
    }

    /// Goertzel's filter at the eight frequencies over this half and the one before.
    fn measure(&mut self, samples: &[f32]) -> Option<(u8, f32)> {
        let (mut one, mut two, mut squares) = ([0_f32; 8], [0_f32; 8], 0_f32);
        for &sample in samples {
            squares += sample * sample;
            for ((one, two), cosine) in one.iter_mut().zip(&mut two).zip(&self.cosine) {
                let now = sample + 2.0 * cosine * *one - *two;
                (*two, *one) = (*one, now);
            }
        }
        let len = HALF as f32;
        let mut now = [0_f32; 8];
        for (((power, one), two), cosine) in now.iter_mut().zip(one).zip(two).zip(&self.cosine) {
            let square = one * one + two * two - 2.0 * cosine * one * two;
            *power = 2.0 * square / (len * len);
        }
        let before = std::mem::replace(&mut self.before, now);
        let all = (std::mem::replace(&mut self.before_all, squares / len) + squares / len) / 2.0;
        let powers: [f32; 8] = std::array::from_fn(|n| (now[n] + before[n]) / 2.0);
        let (low, high) = powers.split_at(4);
        let (row, low) = loudest(low)?;
        let (column, high) = loudest(high)?;
        let twist_db = 10.0 * (high / low.max(1e-6)).max(1e-6).log10();
        let is = low + high >= self.floor.max(PURITY_MIN * all) && twist_db.abs() <= TWIST_MAX_DB;
        let key = *KEYS.get(row)?.get(column)?;
        is.then_some((key, low + high))
    }
}

impl Told {
    /// It sounds still.
    fn heard(&mut self, power: f32) {
        (self.power, self.windows) = (self.power.max(power), 0);
    }

    /// Tells whether a window holds what the key left behind.
    fn is_echo(&mut self, key: u8, power: f32) -> bool {
        let weaker = self.power > power * ECHO_WEAKER;
        let is = self.key == Some(key) && weaker && self.windows <= ECHO_WINDOWS;
        if is {
            self.windows = 0;
        }
        is
    }
}

fn loudest(powers: &[f32]) -> Option<(usize, f32)> {
    powers.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::peak;

    /// Keys of 70 ms and 70 ms of pause, and their echo so many milliseconds later and 14 dB weaker.
    fn pressed(keys: &str, echo_ms: usize) -> String {
        let mut wave = vec![0.0_f32; 800];
        for key in keys.bytes() {
            let row = KEYS.iter().position(|row| row.contains(&key)).unwrap();
            let column = KEYS[row].iter().position(|other| *other == key).unwrap();
            let (low, high) = (FREQUENCIES[row], FREQUENCIES[4 + column]);
            wave.extend((0..560).map(|n| {
                let at = TAU * n as f32 / RATE;
                peak(-14.0) * ((low * at).sin() + (high * at).sin())
            }));
            wave.resize(wave.len() + 560, 0.0);
        }
        for n in (echo_ms * 8..wave.len()).rev() {
            wave[n] += wave[n - echo_ms * 8] * 0.2;
        }
        let mut ear = KeysEar::new();
        let blocks = wave.chunks_exact(160).map(|block| Sound::try_from(block).unwrap());
        blocks.filter_map(|block| ear.press(&block)).map(char::from).collect()
    }

    #[test]
    fn the_echo_of_a_key_is_no_key_and_the_same_key_again_is_one() {
        for echo_ms in [10, 30, 50, 60, 68] {
            assert_eq!(pressed("D13800138000C", echo_ms), "D13800138000C", "{echo_ms} ms");
        }
    }
}
