//! Caller id as an exchange sends it: the message and its sound.
//!
//! ```text
//!   seizure: 300 bits 0101…  | mark: 180 bits 1 | type length … checksum   (10 bits a byte)
//!   DTMF:  D 1 3 8 0 0 1 3 8 0 0 0 C
//! ```

use super::keys::{KeySender, Manner};
use super::sound::{RATE, Sound, Tone};
use model::Digit;
use std::sync::Arc;

/// How the exchange tells who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerIdKind {
    /// FSK with Bell 202's frequencies and a multiple data message: number, name and date.
    Bell202,
    /// FSK with Bell 202's frequencies and a single data message: number and date.
    Bell202Single,
    /// FSK with V.23's frequencies, a multiple data message (ETSI EN 300 659-3).
    V23,
    /// Keys between the first and the second ring.
    Dtmf,
    /// A reversal of the polarity, then keys, then the first ring.
    DtmfBeforeRing,
    /// The exchange does not tell.
    None,
}

impl CallerIdKind {
    /// The words of a script.
    pub(super) const WORDS: [(&'static str, Self); 6] = [
        ("fsk-bell202", Self::Bell202),
        ("fsk-bell202-single", Self::Bell202Single),
        ("fsk-v23", Self::V23),
        ("dtmf", Self::Dtmf),
        ("dtmf-before-ring", Self::DtmfBeforeRing),
        ("none", Self::None),
    ];

    /// Frequencies of mark (1) and space (0).
    fn frequencies(self) -> (f32, f32) {
        match self {
            Self::V23 => (1300.0, 2100.0),
            _ => (1200.0, 2200.0),
        }
    }
}

/// Who calls, ready to be sent as often as the caller calls.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) kind: CallerIdKind,
    dbm0: f32,
    message: Arc<[u8]>,
    keys: Arc<[Digit]>,
}

impl Identity {
    /// An empty number is one the caller withholds.
    pub(super) fn new(kind: CallerIdKind, number: &str, name: &str, dbm0: f32) -> Self {
        let message = match kind {
            CallerIdKind::Bell202Single => single(number),
            _ => multiple(number, name),
        };
        let keys = format!("D{number}C");
        let keys = keys.chars().filter_map(Digit::new).collect();
        Self { kind, dbm0, message: message.into(), keys }
    }

    /// Begins to send; nothing when the exchange does not tell.
    pub(super) fn send(&self) -> Option<Sender> {
        match self.kind {
            CallerIdKind::None => None,
            CallerIdKind::Dtmf | CallerIdKind::DtmfBeforeRing => {
                let manner = Manner { on_ms: 60, off_ms: 60, dbm0: self.dbm0, twist_db: 2.0 };
                Some(Sender::Keys(KeySender::new(Arc::clone(&self.keys), manner)))
            }
            kind => Some(Sender::Fsk(FskSender::new(kind, Arc::clone(&self.message), self.dbm0))),
        }
    }
}

/// Caller id on its way.
#[derive(Clone, Debug)]
pub(super) enum Sender {
    Fsk(FskSender),
    Keys(KeySender),
}

impl Sender {
    /// Adds the next 20 ms; tells whether more is to come.
    pub(super) fn add(&mut self, out: &mut Sound) -> bool {
        match self {
            Self::Fsk(fsk) => fsk.add(out),
            Self::Keys(keys) => keys.add(out),
        }
    }
}

/// Month, day, hour and minute: the simulator knows no date, and nobody uses the exchange's.
const DATE: &[u8] = b"01010800";
/// Single data message, and multiple data message (Telcordia GR-30-CORE, GR-31-CORE).
const SINGLE: u8 = 0x04;
const MULTIPLE: u8 = 0x80;
/// Parameters of a multiple data message: date, number, why there is none, name.
const PARAMETER_DATE: u8 = 0x01;
const PARAMETER_NUMBER: u8 = 0x02;
const PARAMETER_NO_NUMBER: u8 = 0x04;
const PARAMETER_NAME: u8 = 0x07;
/// The caller does not want to be known.
const PRIVATE: &[u8] = b"P";

fn single(number: &str) -> Vec<u8> {
    let number = if number.is_empty() { PRIVATE } else { number.as_bytes() };
    framed(SINGLE, [DATE, number].concat())
}

fn multiple(number: &str, name: &str) -> Vec<u8> {
    let mut body = Vec::new();
    let mut parameter = |kind: u8, bytes: &[u8]| {
        body.push(kind);
        body.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        body.extend_from_slice(bytes);
    };
    parameter(PARAMETER_DATE, DATE);
    if number.is_empty() {
        parameter(PARAMETER_NO_NUMBER, PRIVATE);
    } else {
        parameter(PARAMETER_NUMBER, number.as_bytes());
    }
    if !name.is_empty() {
        parameter(PARAMETER_NAME, name.as_bytes());
    }
    framed(MULTIPLE, body)
}

/// Adds type and length before, and the checksum behind: all bytes together are 0 modulo 256.
fn framed(kind: u8, body: Vec<u8>) -> Vec<u8> {
    let mut message = vec![kind, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    message.extend(body);
    let sum = message.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
    message.push(sum.wrapping_neg());
    message
}

const BAUD: f32 = 1200.0;
const SEIZURE_BITS: usize = 300;
const MARK_BITS: usize = 180;
/// Mark after the last byte, so that its stop bit is heard.
const TAIL_BITS: usize = 10;

/// A message as continuous-phase FSK of 1200 baud.
#[derive(Clone, Debug)]
pub(super) struct FskSender {
    message: Arc<[u8]>,
    mark_hz: f32,
    space_hz: f32,
    tone: Tone,
    bit: usize,
    /// How much of the bit has been sent, 0 to 1.
    sent: f32,
}

impl FskSender {
    fn new(kind: CallerIdKind, message: Arc<[u8]>, dbm0: f32) -> Self {
        let (mark_hz, space_hz) = kind.frequencies();
        let tone = Tone::new(mark_hz, dbm0);
        let mut sender = Self { message, mark_hz, space_hz, tone, bit: 0, sent: 0.0 };
        sender.tune();
        sender
    }

    fn add(&mut self, out: &mut Sound) -> bool {
        for sample in out {
            if self.bit_at(self.bit).is_none() {
                return false;
            }
            *sample += self.tone.sample();
            self.sent += BAUD / RATE;
            if self.sent >= 1.0 {
                self.sent -= 1.0;
                self.bit += 1;
                self.tune();
            }
        }
        true
    }

    fn tune(&mut self) {
        let mark = self.bit_at(self.bit).unwrap_or(true);
        self.tone.set_hz(if mark { self.mark_hz } else { self.space_hz });
    }

    fn bit_at(&self, bit: usize) -> Option<bool> {
        if bit < SEIZURE_BITS {
            return Some(bit % 2 == 1);
        }
        let Some(bit) = bit.checked_sub(SEIZURE_BITS + MARK_BITS) else { return Some(true) };
        match (self.message.get(bit / 10), bit % 10) {
            (Some(_), 0) => Some(false),
            (Some(_), 9) => Some(true),
            (Some(byte), place) => Some(byte >> (place - 1) & 1 == 1),
            (None, _) => (bit < self.message.len() * 10 + TAIL_BITS).then_some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_adds_up_to_nothing() {
        for message in [single("13800138000"), multiple("13800138000", "LI"), multiple("", "")] {
            let sum = message.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
            assert_eq!(sum, 0);
            assert_eq!(usize::from(message[1]), message.len() - 3);
        }
    }
}
