//! The bytes of a frequency-keyed message: 1200 baud, a start bit, eight bits, a stop bit.
//!
//! Two correlators, one a tone, are as long as a bit; the difference of what they hear is above
//! zero for mark and below for space. A byte begins where it falls through zero, which is found
//! between two samples, and its bits are read in their middles.
//!
//! ```text
//!   Idle --falls--> Start --still space at 0.5 bit--> Bits 0..8 --mark at 9.5--> byte, Idle
//! ```

use crate::sound::{RATE, Sound, power};
use std::f32::consts::TAU;

/// The frequencies of one standard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standard {
    mark_hz: f32,
    space_hz: f32,
}

/// Used in China and North America (Telcordia GR-30-CORE; YD/T 1277).
pub(crate) const BELL_202: Standard = Standard { mark_hz: 1200.0, space_hz: 2200.0 };
/// Used in Europe (ITU-T V.23; ETSI EN 300 659-1).
pub(crate) const V23: Standard = Standard { mark_hz: 1300.0, space_hz: 2100.0 };

/// Samples of a bit at 1200 baud.
const BIT: f32 = RATE / 1200.0;
/// Samples a correlator looks back: the whole samples of a bit.
const WINDOW: usize = 7;
/// Below this there is no message.
const LEVEL_MIN_DBM0: f32 = -45.0;

/// An ear for one standard.
#[derive(Clone, Debug)]
pub(crate) struct FskEar {
    mark: Correlator,
    space: Correlator,
    floor: f32,
    /// The decision at the sample before.
    before: f32,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    /// Samples since the start bit's edge, the bits read so far and their values.
    Byte {
        since: f32,
        bits: u8,
        value: u8,
    },
}

impl FskEar {
    pub(crate) fn new(standard: Standard) -> Self {
        Self {
            mark: Correlator::new(standard.mark_hz),
            space: Correlator::new(standard.space_hz),
            floor: power(LEVEL_MIN_DBM0) / 2.0,
            before: 0.0,
            state: State::Idle,
        }
    }

    /// Hears 20 ms; gives each byte to `take`.
    pub(crate) fn hear(&mut self, sound: &Sound, take: &mut impl FnMut(u8)) {
        for &sample in sound {
            let (mark, space) = (self.mark.hear(sample), self.space.hear(sample));
            let now = if mark + space < self.floor { 0.0 } else { mark - space };
            if let Some(byte) = self.step(now) {
                take(byte);
            }
            self.before = now;
        }
    }

    fn step(&mut self, now: f32) -> Option<u8> {
        let State::Byte { since, bits, value } = self.state else {
            if self.before > 0.0 && now < 0.0 {
                // How long ago it was zero, 0 to 1 sample.
                let since = now / (now - self.before);
                self.state = State::Byte { since, bits: 0, value: 0 };
            }
            return None;
        };
        let since = since + 1.0;
        let middle = (f32::from(bits) + 0.5) * BIT;
        if since < middle {
            self.state = State::Byte { since, bits, value };
            return None;
        }
        // The decision in the very middle lies between this sample and the one before.
        let late = since - middle;
        let mark = now + (self.before - now) * late > 0.0;
        self.state = State::Byte { since, bits: bits + 1, value };
        match bits {
            0 if mark => self.state = State::Idle,
            0 => {}
            1..=8 => {
                let value = value >> 1 | if mark { 0x80 } else { 0 };
                self.state = State::Byte { since, bits: bits + 1, value };
            }
            _ => {
                self.state = State::Idle;
                return mark.then_some(value);
            }
        }
        None
    }
}

/// How much of one frequency is in the last bit's time.
#[derive(Clone, Debug)]
struct Correlator {
    /// A turning unit, by which the samples are multiplied, and its turn a sample.
    unit: (f32, f32),
    turn: (f32, f32),
    /// The last products.
    products: [(f32, f32); WINDOW],
    at: usize,
}

impl Correlator {
    fn new(hz: f32) -> Self {
        let step = TAU * hz / RATE;
        let turn = (step.cos(), step.sin());
        Self { unit: (1.0, 0.0), turn, products: [(0.0, 0.0); WINDOW], at: 0 }
    }

    /// Power of the frequency, mean square.
    fn hear(&mut self, sample: f32) -> f32 {
        let (re, im) = self.unit;
        if let Some(product) = self.products.get_mut(self.at) {
            *product = (sample * re, sample * im);
        }
        self.at = (self.at + 1) % WINDOW;
        let next = (re * self.turn.0 - im * self.turn.1, re * self.turn.1 + im * self.turn.0);
        // Rounding would let the unit grow or shrink: it is brought back to length 1.
        let length = 1.5 - 0.5 * (next.0 * next.0 + next.1 * next.1);
        self.unit = (next.0 * length, next.1 * length);
        let (mut re, mut im) = (0_f32, 0_f32);
        for product in &self.products {
            re += product.0;
            im += product.1;
        }
        2.0 * (re * re + im * im) / (WINDOW * WINDOW) as f32
    }
}
