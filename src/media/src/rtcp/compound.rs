//! Control packets read: always several in one datagram (RFC 3550 section 6.1).
//!
//! ```text
//!   | SR or RR | SDES | [BYE] |      each: version, padding, count | type | words - 1 | SSRC ...
//! ```
//!
//! Nothing is copied: parts are read off the datagram one after the other, none before the whole
//! was found in order (RFC 3550 A.2).

/// Types (RFC 3550 section 12.1).
pub const SENDER_REPORT: u8 = 200;
pub const RECEIVER_REPORT: u8 = 201;
pub const DESCRIPTION: u8 = 202;
pub const GOODBYE: u8 = 203;
/// Bytes of a report block.
pub const BLOCK: usize = 24;

/// Tells a control packet from one of sound on the same port: the types 192 to 223 stand where
/// sound has its marker and payload type (RFC 5761 section 4).
pub fn is_control(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first >> 6 == 2)
}

/// What a sender says it has sent (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Seconds and parts of 2^32 of one, by the sender's clock.
    pub ntp: u64,
    /// The same moment on the clock of its time stamps.
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What somebody says of a sender's packets (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The sender it is about.
    pub ssrc: u32,
    /// Lost since the report before, in 256ths.
    pub fraction: u8,
    /// Lost since the beginning, of 24 bits with a sign: doubled packets make it less.
    pub lost: i32,
    /// The highest sequence number, with its wraps.
    pub highest: u32,
    /// Interarrival jitter, in units of the time stamp.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's `ntp`; 0 if none came.
    pub last_report: u32,
    /// Since then, in 65536ths of a second.
    pub since_last: u32,
}

/// A part of a compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Sender {
        ssrc: u32,
        info: SenderInfo,
        blocks: Blocks<'a>,
    },
    Receiver {
        ssrc: u32,
        blocks: Blocks<'a>,
    },
    /// What a participant is called (RFC 3550 6.5); nobody here asks.
    Description,
    Goodbye(Leavers<'a>),
    /// APP, extended reports (RFC 3611), feedback (RFC 4585) and what is to come.
    Other,
}

/// The report blocks of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

impl Blocks<'_> {
    /// The block about a sender.
    pub fn about(&self, ssrc: u32) -> Option<ReportBlock> {
        let (blocks, _) = self.0.as_chunks::<BLOCK>();
        blocks.iter().map(block).find(|block| block.ssrc == ssrc)
    }
}

/// Those who leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leavers<'a>(&'a [u8]);

impl Leavers<'_> {
    /// Tells whether one is among them.
    pub fn contains(&self, ssrc: u32) -> bool {
        let (words, _) = self.0.as_chunks::<4>();
        words.iter().any(|word| u32::from_be_bytes(*word) == ssrc)
    }
}

/// A datagram of control packets that is in order.
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a>(&'a [u8]);

impl<'a> Compound<'a> {
    /// Checks the whole datagram (RFC 3550 6.1, A.2): version 2 throughout, first a report without
    /// padding, padding on the last alone, lengths that come to the datagram's and hold what they
    /// count.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let mut rest = datagram;
        let mut first = true;
        while !rest.is_empty() {
            let (head, after) = split(rest)?;
            let report = matches!(head.kind, SENDER_REPORT | RECEIVER_REPORT);
            let padded = head.padded && (first || !after.is_empty());
            if first && !report || padded || part(&head).is_none() {
                return None;
            }
            (rest, first) = (after, false);
        }
        (!first).then_some(Self(datagram))
    }

    /// Its parts, in order.
    pub fn parts(&self) -> Parts<'a> {
        Parts(self.0)
    }
}

/// The parts of a compound.
pub struct Parts<'a>(&'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;
    fn next(&mut self) -> Option<Part<'a>> {
        let (head, after) = split(self.0)?;
        self.0 = after;
        part(&head)
    }
}

struct Head<'a> {
    padded: bool,
    count: usize,
    kind: u8,
    /// What follows the first word, without padding.
    body: &'a [u8],
}

/// Takes the first packet off.
fn split(bytes: &[u8]) -> Option<(Head<'_>, &[u8])> {
    let word = bytes.first_chunk::<4>()?;
    if word[0] >> 6 != 2 {
        return None;
    }
    let len = 4 + 4 * usize::from(u16::from_be_bytes([word[2], word[3]]));
    let (whole, after) = bytes.split_at_checked(len)?;
    let padded = word[0] & 0x20 != 0;
    let mut body = whole.get(4..)?;
    if padded {
        // The last byte counts the padding, a multiple of four with itself (RFC 3550 6.4.1).
        let padding = usize::from(*body.last()?);
        if padding == 0 || padding % 4 != 0 {
            return None;
        }
        body = body.get(..body.len().checked_sub(padding)?)?;
    }
    let head = Head { padded, count: usize::from(word[0] & 0x1F), kind: word[1], body };
    Some((head, after))
}

/// Reads a packet; nothing if it does not hold what it counts.
fn part<'a>(head: &Head<'a>) -> Option<Part<'a>> {
    let body = head.body;
    Some(match head.kind {
        SENDER_REPORT => {
            let info = SenderInfo {
                ntp: u64::from(word(body, 1)?) << 32 | u64::from(word(body, 2)?),
                timestamp: word(body, 3)?,
                packets: word(body, 4)?,
                octets: word(body, 5)?,
            };
            let blocks = Blocks(body.get(24..24 + BLOCK * head.count)?);
            Part::Sender { ssrc: word(body, 0)?, info, blocks }
        }
        RECEIVER_REPORT => {
            let blocks = Blocks(body.get(4..4 + BLOCK * head.count)?);
            Part::Receiver { ssrc: word(body, 0)?, blocks }
        }
        DESCRIPTION => Part::Description,
        GOODBYE => Part::Goodbye(Leavers(body.get(..4 * head.count)?)),
        _ => Part::Other,
    })
}

fn block(bytes: &[u8; BLOCK]) -> ReportBlock {
    let at = |n| word(bytes, n).unwrap_or_default();
    ReportBlock {
        ssrc: at(0),
        fraction: bytes[4],
        // 24 bits with a sign.
        lost: (at(1) << 8) as i32 >> 8,
        highest: at(2),
        jitter: at(3),
        last_report: at(4),
        since_last: at(5),
    }
}

fn word(bytes: &[u8], n: usize) -> Option<u32> {
    bytes.get(4 * n..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RR: [u8; 8] = [0x80, 201, 0, 1, 0, 0, 0, 9];
    const BYE: [u8; 8] = [0x81, 203, 0, 1, 0, 0, 0, 9];

    fn kinds(bytes: &[u8]) -> Option<Vec<String>> {
        let name = |part: Part<'_>| format!("{part:?}").split([' ', '(']).next().map(str::to_owned);
        Compound::parse(bytes).map(|compound| compound.parts().filter_map(name).collect())
    }

    #[test]
    fn rfc3550_6_1_a_compound_begins_with_a_report_and_is_whole() {
        assert_eq!(kinds(&[RR, BYE].concat()).unwrap(), ["Receiver", "Goodbye"]);
        assert_eq!(kinds(&[BYE, RR].concat()), None, "no report first");
        assert_eq!(kinds(&[RR, BYE].concat()[..15]), None, "cut short");
        assert_eq!(kinds(&[&RR[..], &[0x80]].concat()), None, "more than the lengths say");
        assert_eq!(kinds(&[]), None);
        let mut other = RR;
        other[0] = 0x40;
        assert_eq!(kinds(&other), None, "another version");
    }

    #[test]
    fn a_count_that_the_length_does_not_hold_is_refused() {
        for (kind, count) in [(200, 0), (200, 1), (201, 1), (203, 2)] {
            let lying = [0x80 | count, kind, 0, 1, 0, 0, 0, 9];
            assert_eq!(kinds(&[RR, lying].concat()), None, "type {kind}, {count}");
        }
    }

    #[test]
    fn padding_stands_on_the_last_packet_alone_and_counts_whole_words() {
        let padded = |last| [0xA1, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, last];
        assert_eq!(kinds(&[&RR[..], &padded(4)].concat()).unwrap(), ["Receiver", "Goodbye"]);
        for last in [0, 1, 8, 200] {
            assert_eq!(kinds(&[&RR[..], &padded(last)].concat()), None, "{last}");
        }
        assert_eq!(kinds(&[&RR[..], &padded(4), &BYE].concat()), None);
        assert_eq!(kinds(&[0xA0, 201, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4]), None, "the first");
    }

    #[test]
    fn packets_nobody_here_reads_are_passed_over() {
        let extended = [0x80, 207, 0, 1, 0, 0, 0, 9];
        let to_come = [0x9F, 223, 0, 0];
        let bytes = [&RR[..], &extended, &to_come, &BYE].concat();
        assert_eq!(kinds(&bytes).unwrap(), ["Receiver", "Other", "Other", "Goodbye"]);
    }

    #[test]
    fn a_loss_with_a_sign_is_read_as_one() {
        let mut bytes = [0; BLOCK];
        bytes[5..8].copy_from_slice(&[0xFF, 0xFF, 0xFE]);
        assert_eq!(block(&bytes).lost, -2);
    }

    #[test]
    fn rfc5761_4_control_is_told_from_sound_by_its_second_byte() {
        assert!(is_control(&RR) && is_control(&BYE));
        for sound in [0, 8, 13, 96, 101, 127, 0x80, 0x80 | 8, 0x80 | 101] {
            assert!(!is_control(&[0x80, sound, 0, 0]), "{sound}");
        }
        assert!(!is_control(&[0x00, 201]) && !is_control(&[0x80]) && !is_control(&[]));
    }

    proptest! {
        #[test]
        fn no_datagram_breaks_the_reader(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let [first, kind, ..] = bytes.as_mut_slice() {
                (*first, *kind) = (*first & 0x3F | 0x80, 200 + *kind % 8);
            }
            if let Some(compound) = Compound::parse(&bytes) {
                prop_assert!(compound.parts().count() >= 1);
            }
        }
    }
}
