//! The keys of a leg: heard in its sound, told once, and sent as the far side takes them.

use super::{Constants, Leg, Line};
use crate::digits::Digits;
use crate::hear::{self, KeyEar};
use crate::presses::{Presses, Way};
use model::{Digit, Instant, Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};

/// How the far side of a leg takes keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// As telephone-events (RFC 4733).
    Event,
    /// By its signalling.
    Signal,
    /// In the sound itself.
    Sound,
}

/// What a leg knows of keys.
pub struct Keys {
    /// On their way to the leg.
    pub sent: Digits,
    /// Keys go by signalling where there are no telephone-events.
    pub signalled: bool,
    ear: KeyEar,
    presses: Presses,
}

impl Keys {
    /// Knows of none.
    pub fn new() -> Self {
        Self {
            sent: Digits::new(),
            signalled: false,
            ear: KeyEar::default(),
            presses: Presses::default(),
        }
    }

    /// Notes that the tone of a key goes out in this tick: its echo is no press.
    pub fn sounding(&mut self, now: Instant) {
        if let Some(digit) = self.sent.sounding() {
            self.presses.sounded(now, digit);
        }
    }

    /// Notes that a key which was told goes on.
    pub fn goes_on(&mut self, now: Instant, way: Way, digit: Digit) {
        self.presses.goes_on(now, way, digit);
    }
}

impl Leg {
    /// How the far side takes keys.
    pub fn takes(&self) -> Taken {
        match &self.line {
            Line::Rtp { sender, .. } if sender.dtmf_payload_type.is_some() => Taken::Event,
            Line::Rtp { .. } if self.keys.signalled => Taken::Signal,
            _ => Taken::Sound,
        }
    }

    /// Takes a key that came by one way; tells whether it is a press of its own.
    pub fn pressed(&mut self, now: Instant, way: Way, digit: Digit) -> bool {
        let own = self.keys.presses.take(now, way, digit);
        self.counters.digits_in += u64::from(own);
        own
    }

    /// Notes that the leg hears the tone of a key that its peer pressed.
    pub fn hears_key(&mut self, now: Instant, digit: Digit) {
        self.keys.presses.sounded(now, digit);
    }

    /// Finds keys in the sound of a leg that has told to send them as events: their tones are neither
    /// told nor sent on, and stay out of recordings. G.722 that passes undecoded is not looked at.
    pub(super) fn find_keys(&mut self, constants: &Constants) {
        let said = &self.said;
        let mut narrow = [0; SAMPLES_PER_FRAME_MAX];
        match said.codec.law() {
            _ if said.decoded => {
                let from = said.rate();
                self.to_ear.frame(
                    &constants.weights,
                    from,
                    &said.samples,
                    Rate::Narrow,
                    &mut narrow,
                );
            }
            Some(law) if said.bytes.iter().any(|byte| is_loud(law.sample(*byte))) => {
                law.decode(&said.bytes, &mut narrow[..SAMPLES_PER_FRAME]);
            }
            _ => {}
        }
        let narrow = &narrow[..SAMPLES_PER_FRAME];
        let found = match narrow.iter().any(|sample| is_loud(*sample)) {
            true => self.keys.ear.hear(&constants.filters, narrow),
            false => {
                self.keys.ear.rest();
                None
            }
        };
        self.counters.keys_unmeant += u64::from(found.is_some());
        self.said.key = self.keys.ear.is_pressed();
    }

    /// Hears what is said in this tick; gives a key that was found in it.
    pub(super) fn hear_keys(&mut self, now: Instant, constants: &Constants) -> Option<Digit> {
        let (said, mut narrow) = (&self.said, [0; SAMPLES_PER_FRAME_MAX]);
        let from = said.rate();
        self.to_ear.frame(&constants.weights, from, &said.samples, Rate::Narrow, &mut narrow);
        let digit = self.keys.ear.hear(&constants.filters, &narrow[..SAMPLES_PER_FRAME]);
        let held = self.keys.ear.pressed();
        if let Some(digit) = held {
            self.keys.goes_on(now, Way::Sound, digit);
        }
        self.said.key = held.is_some();
        self.said.likely_key = self.keys.ear.is_likely();
        digit
    }
}

/// Tells whether a sample may be a key's.
fn is_loud(sample: i16) -> bool {
    sample.unsigned_abs() >= hear::PEAK_MIN
}
