//! DTMF as sound, heard: which key is pressed, and speech that is none (ITU-T Q.24).
//!
//! ```text
//!   Quiet --HITS_MIN windows of one key--> Pressed (told once) --MISSES_MIN others--> Quiet
//! ```
//!
//! Each 10 ms the last 20 ms are judged: two tones, one of each group, both loud enough, not too
//! different, holding nearly all of the sound's power, and each within the tolerance of its
//! frequency by how its phase moved. Speech passes one of these now and then, not all of them for
//! 40 ms. Faint keys have to be purer and to last longer. The same key that goes on weaker is its
//! echo.

use crate::dtmf::{FREQUENCIES, KEYS};
use crate::tone::Dbm0;
use model::{Digit, SAMPLES_PER_FRAME};
use std::f32::consts::{PI, TAU};

/// Samples of half a window: 10 ms.
const HALF: usize = 80;
/// Windows in a row that make a key: with their overlap, 40 ms of tone.
const HITS_MIN: u8 = 3;
/// Windows in a row after which a key is likely: what passed until then, 30 ms, is none to anybody.
const HITS_LIKELY: u8 = 2;
/// Windows in a row without the key that end it; shorter drop-outs do not.
const MISSES_MIN: u8 = 3;
/// Ticks a key has sounded at most when it is found: its first windows, and where they fell in a tick.
pub const KEY_FOUND_TICKS: usize = 3;
/// Both tones together at least this loud. Q.24 lists operators' limits from -24 to -36 dBm a tone.
const LEVEL_MIN: Dbm0 = Dbm0(-40.0);
/// A frame with two such tones has a sample of this or more: the peak of the stronger one, 3 dB below
/// both at least.
pub const PEAK_MIN: u16 = 160;
/// A key with a tone weaker than this is faint: speech is as weak sooner than keys are.
const FAINT: Dbm0 = Dbm0(-34.0);
/// Windows in a row that make a faint key, and the share of its tones in all power.
const FAINT_HITS_MIN: u8 = 4;
const FAINT_PURITY_MIN: f32 = 0.85;
/// The same key so much weaker is its echo where it goes on from it: so many windows later at most.
/// A key that is pressed again comes later.
const ECHO_WEAKER: f32 = 8.0;
const ECHO_WINDOWS: u8 = 3;
/// The high tone at most this much above the low one (Q.24: 4 dB and more).
const TWIST_MAX_DB: f32 = 6.0;
/// The low tone at most this much above the high one (Q.24: up to 10 dB).
const REVERSE_TWIST_MAX_DB: f32 = 10.5;
/// Share of both tones in all power.
const PURITY_MIN: f32 = 0.75;
/// Accepted offset: 1.8% and 3 Hz (Q.24: 1.5% must be taken, 3.5% must not).
const OFFSET_SHARE: f32 = 0.018;
const OFFSET_HZ: f32 = 3.0;
/// Power of a tone in the weaker half of a window to that in the stronger, so that a window at a
/// tone's edge counts for one side only.
const STEADY_MIN: f32 = 0.1;

/// The phase and size of one frequency in half a window.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    re: f32,
    im: f32,
}

impl Line {
    /// Its part in the mean power of a window.
    fn power(self) -> f32 {
        (self.re * self.re + self.im * self.im) / (HALF * HALF) as f32
    }
}

/// Constants of the eight frequencies, made once.
#[derive(Clone, Debug)]
pub struct Filters {
    cosine: [f32; 8],
    sine: [f32; 8],
    /// What a tone exactly at its frequency turns by in half a window, in radians.
    turn: [f32; 8],
    /// Powers of sounds of `LEVEL_MIN` and `FAINT`.
    floor: f32,
    faint: f32,
}

impl Filters {
    /// Computes them.
    pub fn new() -> Self {
        let step = FREQUENCIES.map(|hz| TAU * hz / 8000.0);
        Self {
            cosine: step.map(f32::cos),
            sine: step.map(f32::sin),
            turn: step.map(|step| step * HALF as f32 % TAU),
            floor: LEVEL_MIN.peak() * LEVEL_MIN.peak() / 2.0,
            faint: FAINT.peak() * FAINT.peak() / 2.0,
        }
    }
}

impl Default for Filters {
    fn default() -> Self {
        Self::new()
    }
}

/// Half a window, measured.
#[derive(Clone, Copy, Debug, Default)]
struct Half {
    lines: [Line; 8],
    power: f32,
}

/// The ear for keys on one leg.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyEar {
    before: Half,
    candidate: Option<(usize, usize)>,
    hits: u8,
    pressed: Option<(usize, usize)>,
    misses: u8,
    told: Told,
}

/// A window's key.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// Row and column.
    place: (usize, usize),
    /// Of both tones.
    power: f32,
    faint: bool,
}

/// A key that was told: its strength, and windows since it or its echo was heard.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    place: Option<(usize, usize)>,
    power: f32,
    windows: u8,
}

impl KeyEar {
    /// Hears 20 ms at 8 kHz; gives a key once when it is sure of it.
    pub fn hear(&mut self, filters: &Filters, frame: &[i16]) -> Option<Digit> {
        let mut told = None;
        for half in frame.chunks_exact(SAMPLES_PER_FRAME / 2) {
            let now = measure(filters, half);
            let heard = judge(filters, &self.before, &now);
            self.before = now;
            told = self.step(heard).or(told);
        }
        told
    }

    /// Takes 20 ms in which nothing is loud enough (`PEAK_MIN`) to be a key.
    pub fn rest(&mut self) {
        self.before = Half::default();
        (0..2).for_each(|_| _ = self.step(None));
    }

    /// Tells whether a key is pressed that was told, or likely will be in 10 ms.
    pub fn is_likely(&self) -> bool {
        self.is_pressed() || self.hits >= HITS_LIKELY
    }

    /// Tells whether a key that was told is still pressed.
    pub fn is_pressed(&self) -> bool {
        self.pressed.is_some()
    }

    /// The key that was told and is still pressed.
    pub fn pressed(&self) -> Option<Digit> {
        let (row, column) = self.pressed?;
        Digit::new(KEYS[row][column])
    }

    fn step(&mut self, heard: Option<Heard>) -> Option<Digit> {
        self.told.windows = self.told.windows.saturating_add(1);
        let heard = heard.filter(|heard| !self.told.is_echo(heard));
        let key = heard.map(|heard| heard.place);
        if let Some(heard) = heard.filter(|_| key == self.pressed) {
            self.told.again(heard.power);
            (self.misses, self.hits, self.candidate) = (0, 0, None);
            return None;
        }
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MISSES_MIN {
            self.pressed = None;
        }
        self.hits = match key {
            Some(_) if key == self.candidate => self.hits.saturating_add(1),
            Some(_) => 1,
            None => 0,
        };
        self.candidate = key;
        let wanted = |heard: &Heard| if heard.faint { FAINT_HITS_MIN } else { HITS_MIN };
        let heard = heard.filter(|heard| self.hits >= wanted(heard))?;
        (self.pressed, self.misses, self.hits) = (key, 0, 0);
        self.told = Told { place: key, power: heard.power, windows: 0 };
        let (row, column) = heard.place;
        Digit::new(KEYS[row][column])
    }
}

impl Told {
    /// It sounds still.
    fn again(&mut self, power: f32) {
        (self.power, self.windows) = (self.power.max(power), 0);
    }

    /// Tells whether a window holds what the key left behind.
    fn is_echo(&mut self, heard: &Heard) -> bool {
        let weaker = self.power > heard.power * ECHO_WEAKER;
        let is = self.place == Some(heard.place) && weaker && self.windows <= ECHO_WINDOWS;
        if is {
            self.windows = 0;
        }
        is
    }
}

/// Goertzel's filter at the eight frequencies, and the power of all sound but its constant part.
fn measure(filters: &Filters, samples: &[i16]) -> Half {
    let mut one = [0f32; 8];
    let mut two = [0f32; 8];
    let (mut sum, mut squares) = (0f32, 0f32);
    for &sample in samples {
        let sample = f32::from(sample);
        sum += sample;
        squares += sample * sample;
        for n in 0..8 {
            let now = sample + 2.0 * filters.cosine[n] * one[n] - two[n];
            (two[n], one[n]) = (one[n], now);
        }
    }
    let len = samples.len() as f32;
    let mut half = Half { power: (squares - sum * sum / len) / len, ..Half::default() };
    for n in 0..8 {
        half.lines[n] =
            Line { re: one[n] - two[n] * filters.cosine[n], im: two[n] * filters.sine[n] };
    }
    half
}

/// Tells which key the two halves hold.
fn judge(filters: &Filters, before: &Half, now: &Half) -> Option<Heard> {
    let all = (before.power + now.power) / 2.0;
    if all < filters.floor {
        return None;
    }
    let halves = |n: usize| (before.lines[n].power(), now.lines[n].power());
    let powers: [f32; 8] = std::array::from_fn(|n| halves(n).0 + halves(n).1);
    let row = loudest(&powers[..4]);
    let column = loudest(&powers[4..]);
    let low = powers[row] * corrected(filters, row, before, now)?;
    let high = powers[4 + column] * corrected(filters, 4 + column, before, now)?;
    let twist_db = 10.0 * (high / low).log10();
    let loud = low + high >= filters.floor;
    let even = (-REVERSE_TWIST_MAX_DB..=TWIST_MAX_DB).contains(&twist_db);
    let faint = low.min(high) < filters.faint;
    let purity_min = if faint { FAINT_PURITY_MIN } else { PURITY_MIN };
    let pure = (low + high) >= purity_min * all;
    let steady = [row, 4 + column].iter().all(|&n| {
        let (before, now) = halves(n);
        before.min(now) >= STEADY_MIN * before.max(now)
    });
    let heard = Heard { place: (row, column), power: low + high, faint };
    (loud && even && pure && steady).then_some(heard)
}

fn loudest(powers: &[f32]) -> usize {
    let mut best = 0;
    for (n, power) in powers.iter().enumerate() {
        if *power > powers[best] {
            best = n;
        }
    }
    best
}

/// Judges how far off its frequency a tone is, by the turn of its phase from one half to the next;
/// gives the factor that makes up for what the filter lost by that, or nothing if it is too far.
fn corrected(filters: &Filters, n: usize, before: &Half, now: &Half) -> Option<f32> {
    let (a, b) = (before.lines[n], now.lines[n]);
    let (re, im) = (b.re * a.re + b.im * a.im, b.im * a.re - b.re * a.im);
    let mut turn = im.atan2(re) - filters.turn[n];
    if turn < -PI {
        turn += TAU;
    }
    if turn > PI {
        turn -= TAU;
    }
    let off_hz = turn / TAU * 8000.0 / HALF as f32;
    if off_hz.abs() > FREQUENCIES[n] * OFFSET_SHARE + OFFSET_HZ {
        return None;
    }
    let angle = turn / 2.0;
    let lost = if angle.abs() < 1e-3 { 1.0 } else { angle.sin() / angle };
    Some(1.0 / (lost * lost))
}
