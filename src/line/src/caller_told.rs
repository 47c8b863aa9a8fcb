//! Who calls, told to a telephone between the first ring and the second.
//!
//! ```text
//!   seizure: 300 bits 0101…  | mark: 180 bits 1 | type length … checksum | mark  (10 bits a byte)
//! ```
//!
//! The multiple data message of Telcordia GR-30-CORE and ETSI EN 300 659-3, at 1200 baud.

use crate::sound::{RATE, Sound, peak};
use model::site::CallerTold;
use std::f32::consts::TAU;

/// Bytes of a message: frame, date, the longest number and name.
const MESSAGE_MAX: usize = 128;
/// Signs of a number and of a name that are sent (GR-31-CORE has 10 and 15, telephones show more).
const NUMBER_MAX: usize = 20;
const NAME_MAX: usize = 50;

const MULTIPLE: u8 = 0x80;
/// Parameters (EN 300 659-3 5.4): date, number, why there is none, name.
const DATE: u8 = 0x01;
const NUMBER: u8 = 0x02;
const NO_NUMBER: u8 = 0x04;
const NAME: u8 = 0x07;
/// The caller does not want to be known.
const PRIVATE: &[u8] = b"P";

/// A message, ready to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message {
    bytes: [u8; MESSAGE_MAX],
    len: usize,
}

impl std::fmt::Debug for Message {
    /// Hides who calls.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({} bytes)", self.len)
    }
}

impl Message {
    /// Makes it of a number, a name and a date (month, day, hour, minute: `MMDDhhmm`). What a
    /// telephone of this kind cannot show is left out: a name that is not ASCII, any sign of a number
    /// that is no digit.
    pub fn new(number: &str, name: &str, date: &str) -> Self {
        let mut message = Self { bytes: [0; MESSAGE_MAX], len: 2 };
        if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
            message.parameter(DATE, date.as_bytes());
        }
        let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).take(NUMBER_MAX).collect();
        match digits.is_empty() {
            true => message.parameter(NO_NUMBER, PRIVATE),
            false => message.parameter(NUMBER, &digits),
        }
        if !name.is_empty() && name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            message.parameter(NAME, name.as_bytes().get(..NAME_MAX).unwrap_or(name.as_bytes()));
        }
        let body = u8::try_from(message.len.saturating_sub(2)).unwrap_or(u8::MAX);
        message.bytes[0] = MULTIPLE;
        message.bytes[1] = body;
        // All bytes together are 0 modulo 256.
        let sum = message.all().iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        message.push(sum.wrapping_neg());
        message
    }

    fn parameter(&mut self, kind: u8, bytes: &[u8]) {
        self.push(kind);
        self.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        bytes.iter().for_each(|byte| self.push(*byte));
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    fn all(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

const BAUD: f32 = 1200.0;
const LEVEL_DBM0: f32 = -13.5;
const SEIZURE_BITS: usize = 300;
const MARK_BITS: usize = 180;
/// Mark behind the last byte, so that its stop bit is heard.
const TAIL_BITS: usize = 10;

/// A message on its way, as continuous-phase FSK.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    message: Message,
    /// Turns a sample of mark and of space.
    mark: f32,
    space: f32,
    phase: f32,
    bit: usize,
    /// How much of the bit has been sent, 0 to 1.
    sent: f32,
}

impl Sender {
    /// Begins to send; nothing where telephones are not told.
    pub(crate) fn new(way: CallerTold, message: Message) -> Option<Self> {
        let (mark_hz, space_hz) = match way {
            CallerTold::Bell202 => (1200.0, 2200.0),
            CallerTold::V23 => (1300.0, 2100.0),
            CallerTold::Not => return None,
        };
        let (mark, space) = (TAU * mark_hz / RATE, TAU * space_hz / RATE);
        Some(Self { message, mark, space, phase: 0.0, bit: 0, sent: 0.0 })
    }

    /// How long a message takes from its first sign to its last, in milliseconds.
    pub(crate) fn ms(&self) -> u32 {
        let bits = SEIZURE_BITS + MARK_BITS + self.message.len * 10 + TAIL_BITS;
        (bits as f32 * 1000.0 / BAUD) as u32
    }

    /// Adds the next 20 ms; tells whether more is to come.
    pub(crate) fn add(&mut self, sound: &mut Sound) -> bool {
        for sample in sound {
            let Some(mark) = self.bit_at(self.bit) else { return false };
            *sample += peak(LEVEL_DBM0) * self.phase.sin();
            self.phase = (self.phase + if mark { self.mark } else { self.space }) % TAU;
            self.sent += BAUD / RATE;
            if self.sent >= 1.0 {
                self.sent -= 1.0;
                self.bit += 1;
            }
        }
        true
    }

    fn bit_at(&self, bit: usize) -> Option<bool> {
        if bit < SEIZURE_BITS {
            return Some(bit % 2 == 1);
        }
        let Some(bit) = bit.checked_sub(SEIZURE_BITS + MARK_BITS) else { return Some(true) };
        let bytes = self.message.all();
        match (bytes.get(bit / 10), bit % 10) {
            (Some(_), 0) => Some(false),
            (Some(_), 9) => Some(true),
            (Some(byte), place) => Some(byte >> (place - 1) & 1 == 1),
            (None, _) => (bit < bytes.len() * 10 + TAIL_BITS).then_some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller_id::CallerIdEar;
    use crate::config::Names;

    fn heard(way: CallerTold, message: Message) -> Option<(String, String)> {
        let (mut sender, mut ear) =
            (Sender::new(way, message)?, CallerIdEar::new(Names::default()));
        let mut more = true;
        while more {
            let mut sound: Sound = [0.0; 160];
            more = sender.add(&mut sound);
            if let Some(caller) = ear.hear(&sound) {
                return Some((caller.number.reveal().to_owned(), caller.name.reveal().to_owned()));
            }
        }
        None
    }

    #[test]
    fn a_telephone_of_either_standard_reads_who_calls() {
        for way in [CallerTold::Bell202, CallerTold::V23] {
            let told = heard(way, Message::new("+8613800138000", "LI NA", "11231234"));
            assert_eq!(told, Some(("8613800138000".into(), "LI NA".into())), "{way:?}");
            let withheld = heard(way, Message::new("", "王芳", ""));
            assert_eq!(withheld, Some((String::new(), String::new())), "{way:?}");
        }
        assert_eq!(heard(CallerTold::Not, Message::new("110", "", "")), None);
    }

    #[test]
    fn the_longest_message_fits_the_shortest_pause_between_rings() {
        let long = Message::new(&"1".repeat(40), &"N".repeat(90), "11231234");
        let sender = Sender::new(CallerTold::V23, long).unwrap();
        assert!(sender.ms() < 1300, "{} ms", sender.ms());
        assert!(!format!("{:?}", Message::new("13800138000", "LI", "")).contains("138"));
    }
}
