//! A caller id message: its frame, its checksum and its parameters.
//!
//! ```text
//!   0x04 length  MMDDhhmm number…                    checksum     single data message
//!   0x80 length  (type length value)…                checksum     multiple data message
//! ```

use crate::caller_id::CallerId;
use crate::config::Names;
use encoding_rs::{DecoderResult, GB18030};
use model::{Number, PersonName};

/// Telcordia GR-30-CORE 2.4; ETSI EN 300 659-3 5.2 has the multiple one alone.
const SINGLE: u8 = 0x04;
const MULTIPLE: u8 = 0x80;
/// Parameters of a multiple data message (EN 300 659-3 5.3). Others are passed over.
const NUMBER: u8 = 0x02;
const NO_NUMBER: u8 = 0x04;
const NAME: u8 = 0x07;
/// Digits of the date that a single message begins with.
const DATE_LEN: usize = 8;
/// Bytes kept: the longest message is 2 + 255 + 1; some of the seizure's go before it.
const BYTES_MAX: usize = 320;
/// Signs of a number and of a name that are taken; more are cut off.
const NUMBER_MAX: usize = 24;
const NAME_MAX: usize = 60;
/// Room for as many in UTF-8: a sign of one octet grows to three at most, and the decoder wants three more.
const NAME_ROOM: usize = NAME_MAX * 3 + 3;

/// The bytes of an ear, until they hold a message that is whole.
///
/// Noise before the message may look like the beginning of one, so each byte that could be one is
/// tried; the checksum and the parameters' lengths tell.
#[derive(Clone, Debug)]
pub(crate) struct Bytes {
    bytes: [u8; BYTES_MAX],
    len: usize,
    names: Names,
}

impl Bytes {
    pub(crate) fn new(names: Names) -> Self {
        Self { bytes: [0; BYTES_MAX], len: 0, names }
    }

    /// Takes one more; gives the caller once a message is complete. When full, the oldest half is
    /// forgotten.
    pub(crate) fn push(&mut self, byte: u8) -> Option<CallerId> {
        if self.len == BYTES_MAX {
            self.bytes.copy_within(BYTES_MAX / 2.., 0);
            self.len = BYTES_MAX / 2;
        }
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
        let bytes = self.bytes.get(..self.len)?;
        (0..bytes.len()).find_map(|from| whole(bytes.get(from..)?, self.names))
    }
}

/// Reads a message that fills the bytes exactly.
fn whole(bytes: &[u8], names: Names) -> Option<CallerId> {
    let [kind @ (SINGLE | MULTIPLE), length, body @ .., _] = bytes else { return None };
    if body.len() != usize::from(*length) {
        return None;
    }
    let sum = bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
    if sum != 0 {
        return None;
    }
    if *kind == SINGLE { single(body) } else { multiple(body, names) }
}

fn single(body: &[u8]) -> Option<CallerId> {
    let (date, number) = body.split_at_checked(DATE_LEN)?;
    date.iter().all(u8::is_ascii_digit).then(|| number_or_reason(number))?
}

fn multiple(mut body: &[u8], names: Names) -> Option<CallerId> {
    let mut caller = CallerId::default();
    let mut told = false;
    while !body.is_empty() {
        let [kind, length, rest @ ..] = body else { return None };
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        told |= matches!(*kind, NUMBER | NO_NUMBER);
        match *kind {
            NUMBER => caller.number = number_or_reason(value)?.number,
            NO_NUMBER => caller.number = Number::default(),
            NAME => caller.name = name(value, names),
            _ => {}
        }
        body = rest;
    }
    // A message about something else, as waiting voice mail is, names no caller.
    told.then_some(caller)
}

/// Digits are a number; one letter says why there is none: `P` private, `O` out of area.
fn number_or_reason(value: &[u8]) -> Option<CallerId> {
    let value = value.get(..value.len().min(NUMBER_MAX))?;
    let number = match value {
        [b'P' | b'O'] => "",
        _ => std::str::from_utf8(value).ok()?.trim(),
    };
    let sign = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#' | '-' | ' ');
    let digits = number.chars().all(sign).then(|| number.replace(['-', ' '], ""))?;
    Some(CallerId { number: Number::new(digits), name: PersonName::default() })
}

/// A name in ASCII, UTF-8 or as the exchange writes it. One in another code is left out rather than shown
/// wrong.
fn name(value: &[u8], names: Names) -> PersonName {
    let value = value.get(..value.len().min(NAME_MAX)).unwrap_or_default();
    let mut room = [0; NAME_ROOM];
    let text = match (std::str::from_utf8(value), names) {
        (Ok(text), Names::Unicode) => Some(text),
        // Letters of two octets in UTF-8 are no Chinese ones, but any two signs of GB 2312 may look so.
        (Ok(text), Names::Gb18030) if text.is_ascii() || text.chars().any(|c| c >= '\u{800}') => {
            Some(text)
        }
        (_, Names::Gb18030) => gb18030(value, &mut room),
        (Err(_), Names::Unicode) => None,
    };
    let fits = |c: char| !c.is_control() && !('\u{E000}'..='\u{F8FF}').contains(&c);
    match text.filter(|text| text.chars().all(fits)) {
        Some("P" | "O") | None => PersonName::default(),
        Some(text) => PersonName::new(text.trim()),
    }
}

/// Reads GB 18030, all of it or nothing. No heap is asked for.
fn gb18030<'a>(value: &[u8], room: &'a mut [u8; NAME_ROOM]) -> Option<&'a str> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    match decoder.decode_to_utf8_without_replacement(value, room, true) {
        (DecoderResult::InputEmpty, _, written) => std::str::from_utf8(room.get(..written)?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, body.len() as u8];
        bytes.extend(body);
        let sum = bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
        bytes.push(sum.wrapping_neg());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<CallerId> {
        read_as(bytes, Names::Unicode)
    }

    fn read_as(bytes: &[u8], names: Names) -> Option<CallerId> {
        let mut buffer = Bytes::new(names);
        bytes.iter().fold(None, |found, &byte| found.or(buffer.push(byte)))
    }

    #[test]
    fn both_kinds_of_message_are_read_behind_a_seizure() {
        let mut bytes = vec![0x55; 30];
        bytes.extend(message(SINGLE, b"0101080013800138000"));
        assert_eq!(read(&bytes).unwrap().number.reveal(), "13800138000");

        let caller =
            read(&message(MULTIPLE, b"\x01\x0801010800\x02\x0402-1\x07\x05LI NA")).unwrap();
        assert_eq!((caller.number.reveal(), caller.name.reveal()), ("021", "LI NA"));
    }

    #[test]
    fn a_withheld_number_is_an_empty_one() {
        assert!(read(&message(MULTIPLE, b"\x04\x01P")).unwrap().number.is_empty());
        assert!(read(&message(SINGLE, b"01010800O")).unwrap().number.is_empty());
    }

    #[test]
    fn a_message_with_a_wrong_bit_is_no_message() {
        let good = message(MULTIPLE, b"\x02\x0b13800138000");
        for at in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            assert_eq!(read(&bytes), None, "bit {at}");
        }
    }

    #[test]
    fn a_message_about_something_else_names_no_caller() {
        assert_eq!(read(&message(MULTIPLE, b"\x01\x0801010800\x0b\x01\xff")), None);
        assert_eq!(read(&message(MULTIPLE, b"")), None);
    }

    #[test]
    fn a_name_in_another_code_is_left_out() {
        let caller = read(&message(MULTIPLE, b"\x02\x03110\x07\x04\xc0\xee\xc4\xc8")).unwrap();
        assert_eq!((caller.number.reveal(), caller.name.reveal()), ("110", ""));
    }

    #[test]
    fn names_of_chinas_exchanges_are_read_in_gb_18030_and_in_utf_8() {
        let named = |name: &[u8], names| {
            let name = [&[NAME, name.len() as u8], name].concat();
            let body = [b"\x02\x03110", &name[..]].concat();
            let caller = read_as(&message(MULTIPLE, &body), names).unwrap();
            assert_eq!(caller.number.reveal(), "110");
            caller.name.reveal().to_owned()
        };
        let in_china = |name: &[u8]| named(name, Names::Gb18030);
        for (octets, name) in [
            (&b"LI NA"[..], "LI NA"),
            (b"\xc0\xee\xc4\xc8", "李娜"),
            (b"\xb6\xa1 Ding", "丁 Ding"),
            // GBK alone, and four octets that GB 18030 alone has.
            (b"\x96\x7c", "東"),
            (b"\x82\x35\x8f\x33\xc0\xee", "\u{9fa6}李"),
            // UTF-8 of two octets each would be Greek.
            (b"\xce\xa2", "微"),
            ("李娜".as_bytes(), "李娜"),
            // Cut off, no code of anything, an area of one's own, a control sign.
            (b"\xc0\xee\xc4", ""),
            (b"\xc0\xee\xff", ""),
            (b"\xaa\xa1", ""),
            (b"\xc0\xee\x07", ""),
            (b"P", ""),
        ] {
            assert_eq!(in_china(octets), name, "{octets:02X?}");
        }
        assert_eq!(named("Ελένη".as_bytes(), Names::Unicode), "Ελένη");
        // As many as are taken, each of which grows from two octets to three.
        let many = "龙".repeat(NAME_MAX / 2);
        assert_eq!(in_china(&b"\xc1\xfa".repeat(NAME_MAX / 2)), many);
        assert_eq!(in_china(&b"\xc1\xfa".repeat(NAME_MAX)), many);
        assert_eq!(in_china(&b"\x80".repeat(NAME_MAX)).chars().count(), NAME_MAX);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1000)) {
            let mut buffer = Bytes::new(Names::Gb18030);
            for byte in bytes {
                buffer.push(byte);
            }
        }

        #[test]
        fn no_name_panics_and_none_has_a_sign_that_is_not_shown(
            bytes in proptest::collection::vec(any::<u8>(), 0..80)
        ) {
            let name = name(&bytes, Names::Gb18030);
            prop_assert!(!name.reveal().chars().any(char::is_control));
        }
    }
}
