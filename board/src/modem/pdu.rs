//! SMS-SUBMIT: a text and where it goes, as the octets a modem sends (3GPP TS 23.040 9.2.2.2).

use super::alphabet::{Parts, pack};
use model::Number;
use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// Messages that one text may take: 1,224 characters of the GSM alphabet, or 536 others.
pub const PARTS_MAX: usize = 8;
/// Digits of an address (9.1.2.5).
const DIGITS_MAX: usize = 20;

/// TP-MTI of SMS-SUBMIT, TP-VPF for a relative TP-VP, and TP-UDHI (9.2.3.1, 9.2.3.3, 9.2.3.23).
const SUBMIT: u8 = 0x01;
const RELATIVE: u8 = 0x10;
const HEADER: u8 = 0x40;
/// Types of address: international, and as the network takes it (9.1.2.5).
const INTERNATIONAL: u8 = 0x91;
const UNKNOWN: u8 = 0x81;
/// TP-DCS: the default alphabet, and UCS-2 (3GPP TS 23.038 4).
const DEFAULT_ALPHABET: u8 = 0x00;
const UCS2: u8 = 0x08;
/// Octets of the header of a concatenation with an 8-bit reference, its length among them
/// (9.2.3.24.1).
const CONCATENATION: usize = 6;

/// Why a text cannot be sent as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unsendable {
    #[error("the number is none: give 3 to 20 digits, perhaps after a +")]
    Number,
    #[error("the text takes {0} messages: at most {PARTS_MAX} are sent")]
    Length(usize),
    #[error("the text is empty")]
    Empty,
}

/// A text on its way: the octets of each message it takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Submit {
    parts: Vec<Vec<u8>>,
}

impl fmt::Debug for Submit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submit({} parts)", self.parts.len())
    }
}

impl Submit {
    /// Puts a text into messages. `reference` ties the parts of one text together; the centre tries
    /// for `validity`.
    pub fn new(
        to: &Number,
        text: &str,
        reference: u8,
        validity: Duration,
    ) -> Result<Self, Unsendable> {
        if text.is_empty() {
            return Err(Unsendable::Empty);
        }
        let address = address(to.reveal()).ok_or(Unsendable::Number)?;
        let parts = Parts::of(text);
        let count = parts.count();
        if count > PARTS_MAX {
            return Err(Unsendable::Length(count));
        }
        let head = |no: usize| (count > 1).then(|| concatenation(reference, count, no)).flatten();
        let frame = Frame { address: &address, validity: relative(validity) };
        let parts = match parts {
            Parts::Septets(parts) => {
                let parts = parts.iter().enumerate();
                parts.map(|(no, septets)| frame.septets(head(no), septets)).collect()
            }
            Parts::Units(parts) => {
                let parts = parts.iter().enumerate();
                parts.map(|(no, units)| frame.units(head(no), units)).collect()
            }
        };
        Ok(Self { parts })
    }

    /// Messages it takes.
    pub fn count(&self) -> usize {
        self.parts.len()
    }

    /// What `AT+CMGS` is told of a part: how many octets there are behind the centre's address, and
    /// all of them in hex (3GPP TS 27.005 4.3). The centre is the one the SIM knows.
    pub(super) fn part(&self, no: usize) -> Option<(usize, String)> {
        let octets = self.parts.get(no)?;
        let hex: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        Some((octets.len(), format!("00{hex}")))
    }
}

/// What the parts of a text have in common.
struct Frame<'a> {
    address: &'a [u8],
    validity: u8,
}

impl Frame<'_> {
    fn septets(&self, head: Option<[u8; CONCATENATION]>, septets: &[u8]) -> Vec<u8> {
        let header_octets = head.map_or(0, |head| head.len());
        let length = (header_octets * 8).div_ceil(7) + septets.len();
        self.whole(DEFAULT_ALPHABET, head, length, &pack(septets, header_octets))
    }

    fn units(&self, head: Option<[u8; CONCATENATION]>, units: &[u16]) -> Vec<u8> {
        let octets: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let length = head.map_or(0, |head| head.len()) + octets.len();
        self.whole(UCS2, head, length, &octets)
    }

    fn whole(
        &self,
        coding: u8,
        head: Option<[u8; CONCATENATION]>,
        length: usize,
        data: &[u8],
    ) -> Vec<u8> {
        let header = if head.is_some() { HEADER } else { 0 };
        // The modem numbers its messages itself: TP-MR 0; TP-PID 0 is a plain text.
        let mut octets = vec![SUBMIT | RELATIVE | header, 0];
        octets.extend(self.address);
        octets.extend([0, coding, self.validity, u8::try_from(length).unwrap_or(u8::MAX)]);
        octets.extend(head.into_iter().flatten());
        octets.extend(data);
        octets
    }
}

/// TP-DA: the digits' number, the type, and the digits in swapped halves of octets (9.1.2.3, 9.1.2.5).
fn address(number: &str) -> Option<Vec<u8>> {
    let digits = number.strip_prefix('+').unwrap_or(number).as_bytes();
    let fits = (3..=DIGITS_MAX).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    if !fits {
        return None;
    }
    let kind = if number.starts_with('+') { INTERNATIONAL } else { UNKNOWN };
    let mut octets = vec![u8::try_from(digits.len()).ok()?, kind];
    octets.extend(digits.chunks(2).map(|pair| {
        let low = pair.first().map_or(0xf, |digit| digit & 0xf);
        let high = pair.get(1).map_or(0xf, |digit| digit & 0xf);
        high << 4 | low
    }));
    Some(octets)
}

/// The header that says which part of how many it is (9.2.3.24.1).
fn concatenation(reference: u8, count: usize, no: usize) -> Option<[u8; CONCATENATION]> {
    let (count, no) = (u8::try_from(count).ok()?, u8::try_from(no + 1).ok()?);
    Some([5, 0, 3, reference, count, no])
}

/// TP-VP in relative form, rounded up (9.2.3.12.1).
fn relative(validity: Duration) -> u8 {
    let minutes = validity.as_secs().div_ceil(60);
    let value = match minutes {
        0..=720 => minutes.div_ceil(5).saturating_sub(1),
        721..=1440 => 143 + (minutes - 720).div_ceil(30),
        1441..=43_200 => 166 + minutes.div_ceil(1440),
        _ => 192 + minutes.div_ceil(7 * 1440),
    };
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn first(to: &str, text: &str) -> (usize, String) {
        Submit::new(&Number::new(to), text, 7, DAY).unwrap().part(0).unwrap()
    }

    #[test]
    fn ts_23_040_9_2_2_2_a_short_text_is_one_message_of_septets() {
        let (length, hex) = first("+46708251358", "hellohello");
        assert_eq!(hex, "0011000B916407281553F80000A70AE8329BFD4697D9EC37");
        assert_eq!(length, hex.len() / 2 - 1);
    }

    #[test]
    fn a_chinese_text_is_ucs2_to_a_number_as_the_network_takes_it() {
        let (_, hex) = first("10086", "断线");
        assert_eq!(hex, "00110005810180F60008A70465AD7EBF");
    }

    #[test]
    fn ts_23_040_9_2_3_24_1_a_long_text_is_parts_that_say_which_they_are() {
        let submit = Submit::new(&Number::new("10086"), &"线".repeat(68 + 67), 7, DAY).unwrap();
        assert_eq!(submit.count(), 3);
        let (_, last) = submit.part(2).unwrap();
        assert!(last.contains("050003070303"), "{last}");
        assert!(last.starts_with("0051"), "a header is told of");
    }

    #[test]
    fn ts_23_040_9_2_3_12_1_how_long_the_centre_tries() {
        let hours = |hours: u64| relative(Duration::from_secs(hours * 3600));
        assert_eq!((hours(0), hours(1), hours(12), hours(24)), (0, 11, 143, 167));
        assert_eq!((hours(48), hours(30 * 24), hours(63 * 7 * 24)), (168, 196, 255));
        assert_eq!(hours(1_000_000), 255);
    }

    #[test]
    fn what_cannot_be_sent_is_told_in_a_sentence() {
        let to = |number: &str, text: &str| Submit::new(&Number::new(number), text, 0, DAY);
        assert_eq!(to("12", "a"), Err(Unsendable::Number));
        assert_eq!(to("1391234x", "a"), Err(Unsendable::Number));
        assert_eq!(to("10086", ""), Err(Unsendable::Empty));
        assert_eq!(to("10086", &"线".repeat(537)), Err(Unsendable::Length(9)));
        assert!(to("10086", &"线".repeat(536)).is_ok());
    }
}
