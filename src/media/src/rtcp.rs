//! RTCP: what both ends of a leg tell each other of its packets (RFC 3550 section 6).
//!
//! ```text
//!   phone --SR, RR, BYE--> Compound --> round trip, what the phone hears, gone
//!   Receipt, Sent --Interval is due--> write::Compound --> phone
//! ```
//!
//! A leg has one peer and one sender each way. Its clock is the box' own since the start: the
//! standard asks for no other (RFC 3550 4). Nothing allocates: the `rtcp` crate keeps packets on
//! the heap, so it reads what is written here in the tests alone.

pub mod compound;
mod interval;
mod write;

pub use write::COMPOUND_MAX;

use compound::{Compound, Part, ReportBlock, SenderInfo};
use interval::Interval;
use model::Instant;
use std::time::Duration;
use write::NAME;

/// A round trip beyond this is no round trip but a report that lies.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);
/// Our last sender reports a peer may answer to.
const REPORTS_KEPT: usize = 4;
/// Bytes that a name is made of (RFC 7022 4.2: 96 bits).
pub const NAME_BYTES: usize = 12;
/// What a first compound takes: report with a block, name.
const FIRST_SIZE: usize = COMPOUND_MAX - 8;

/// What came of a sender's packets so far, for a report block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    pub ssrc: u32,
    /// The highest sequence number, with its wraps.
    pub highest: u32,
    pub expected: u64,
    pub received: u64,
    /// Interarrival jitter, in units of the time stamp.
    pub jitter: u32,
}

/// What was sent so far, for a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub ssrc: u32,
    /// The time stamp of now.
    pub timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

/// What a peer's compound told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is there.
    Alive,
    /// It sends no more (RFC 3550 6.6).
    Gone,
}

/// What the peer says it hears of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Far {
    /// Lost since its report before, in 256ths.
    pub fraction: u8,
    pub lost: i32,
    /// In units of the time stamp.
    pub jitter: u32,
}

/// A compound that breaks RFC 3550 A.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The reports of one leg.
#[derive(Clone, Copy, Debug)]
pub struct Reports {
    name: [u8; NAME],
    interval: Interval,
    /// The middle of the `ntp` of our last sender reports, newest first; 0 where none was.
    ours: [u32; REPORTS_KEPT],
    /// Middle of the `ntp` of the peer's last sender report, and when it came.
    theirs: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    far: Option<Far>,
    /// Whose packets the last block was about, with what was expected and received then.
    before: Receipt,
    /// Packets sent up to the last report.
    sent_before: u32,
}

impl Reports {
    /// Starts with a leg; `seed` gives the times of its reports, `chance` its name.
    pub fn new(now: Instant, seed: u64, chance: &[u8; NAME_BYTES]) -> Self {
        Self {
            name: name(chance),
            interval: Interval::new(now, seed, FIRST_SIZE),
            ours: [0; REPORTS_KEPT],
            theirs: None,
            round_trip: None,
            far: None,
            before: Receipt::default(),
            sent_before: 0,
        }
    }

    /// Takes a peer's compound. `us` is our sender, `them` the one whose sound is heard.
    pub fn take(
        &mut self,
        now: Instant,
        bytes: &[u8],
        us: u32,
        them: Option<u32>,
    ) -> Result<Told, Malformed> {
        let compound = Compound::parse(bytes).ok_or(Malformed)?;
        self.interval.taken(now, bytes.len());
        let mut told = Told::Alive;
        for part in compound.parts() {
            match part {
                Part::Sender { info, blocks, .. } => {
                    self.theirs = Some((middle(info.ntp), now));
                    self.hear(now, blocks.about(us));
                }
                Part::Receiver { blocks, .. } => self.hear(now, blocks.about(us)),
                Part::Goodbye(leavers) if them.is_none_or(|them| leavers.contains(them)) => {
                    told = Told::Gone;
                }
                Part::Goodbye(_) | Part::Description | Part::Other => {}
            }
        }
        Ok(told)
    }

    /// Tells whether a report is to be sent now.
    pub fn is_due(&mut self, now: Instant) -> bool {
        self.interval.is_due(now)
    }

    /// Writes the next compound; gives its length.
    pub fn write(
        &mut self,
        now: Instant,
        sent: Sent,
        receipt: Option<Receipt>,
        goodbye: bool,
        buffer: &mut [u8],
    ) -> usize {
        let ntp = ntp(now);
        let sends = sent.packets != self.sent_before;
        let info = sends.then_some(SenderInfo {
            ntp,
            timestamp: sent.timestamp,
            packets: sent.packets,
            octets: sent.octets,
        });
        let block = receipt.map(|receipt| self.block(now, receipt));
        let compound = write::Compound { ssrc: sent.ssrc, info, block, name: &self.name, goodbye };
        let len = compound.write(buffer);
        if sends {
            self.ours.rotate_right(1);
            self.ours[0] = middle(ntp);
        }
        self.sent_before = sent.packets;
        self.interval.sent(now, len);
        len
    }

    /// From here to the peer and back, by its last report.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }
    /// What the peer says it hears of us.
    pub fn far(&self) -> Option<Far> {
        self.far
    }

    /// Takes what the peer says of our packets; the round trip is what is left of the time since
    /// our report when the peer's own pause is taken off (RFC 3550 6.4.1).
    fn hear(&mut self, now: Instant, block: Option<ReportBlock>) {
        let Some(block) = block else { return };
        self.far = Some(Far { fraction: block.fraction, lost: block.lost, jitter: block.jitter });
        if block.last_report == 0 || !self.ours.contains(&block.last_report) {
            return;
        }
        let since = middle(ntp(now)).wrapping_sub(block.last_report);
        let Some(units) = since.checked_sub(block.since_last) else { return };
        let round_trip = Duration::from_micros((u64::from(units) * 1_000_000) >> 16);
        if round_trip <= ROUND_TRIP_MAX {
            self.round_trip = Some(round_trip);
        }
    }

    /// What is told of the peer's packets, with the share lost since the block before
    /// (RFC 3550 6.4.1, A.3).
    fn block(&mut self, now: Instant, receipt: Receipt) -> ReportBlock {
        let mut before = std::mem::replace(&mut self.before, receipt);
        if before.ssrc != receipt.ssrc || receipt.expected < before.expected {
            before = Receipt::default();
        }
        let expected = receipt.expected - before.expected;
        let received = receipt.received.saturating_sub(before.received);
        let lost = expected.saturating_sub(received);
        let fraction = (lost * 256).checked_div(expected).unwrap_or(0).min(255) as u8;
        let all = receipt.expected as i64 - receipt.received as i64;
        let (last_report, since_last) = self.theirs.map_or((0, 0), |(report, at)| {
            let since = now.since(at).as_micros() << 16;
            (report, u32::try_from(since / 1_000_000).unwrap_or(u32::MAX))
        });
        ReportBlock {
            ssrc: receipt.ssrc,
            fraction,
            lost: all.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32,
            highest: receipt.highest,
            jitter: receipt.jitter,
            last_report,
            since_last,
        }
    }
}

/// Seconds and parts of 2^32 of one since the box started. One second is added so that the moment
/// of the start is not 0, which means that nothing came.
fn ntp(now: Instant) -> u64 {
    let micros = u128::from(now.as_micros()) + 1_000_000;
    ((micros << 32) / 1_000_000) as u64
}

/// The 32 bits in the middle: 65536ths of a second.
fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// 96 bits in base64 (RFC 7022 4.2): they tell nobody which box or phone this is, nor what number
/// comes next here.
fn name(chance: &[u8; NAME_BYTES]) -> [u8; NAME] {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut name = [0; NAME];
    let (threes, _) = chance.as_chunks::<3>();
    for (letters, &[a, b, c]) in name.chunks_exact_mut(4).zip(threes) {
        let word = u32::from_be_bytes([0, a, b, c]);
        for (n, letter) in letters.iter_mut().enumerate() {
            *letter = LETTERS[(word >> (18 - 6 * n) & 0x3F) as usize];
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: u32 = 1;
    const THEM: u32 = 2;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn sent(ssrc: u32, packets: u32) -> Sent {
        Sent { ssrc, timestamp: packets.wrapping_mul(160), packets, octets: packets * 160 }
    }

    fn receipt(ssrc: u32, expected: u64, received: u64) -> Receipt {
        Receipt { ssrc, highest: 65_536 + expected as u32, expected, received, jitter: 24 }
    }

    fn written(
        reports: &mut Reports,
        now: Instant,
        sent: Sent,
        receipt: Option<Receipt>,
        goodbye: bool,
    ) -> Vec<u8> {
        let mut buffer = [0; COMPOUND_MAX];
        let len = reports.write(now, sent, receipt, goodbye, &mut buffer);
        buffer[..len].to_vec()
    }

    /// The block about `ssrc` in a compound.
    fn block(bytes: &[u8], ssrc: u32) -> ReportBlock {
        let compound = Compound::parse(bytes).unwrap();
        let of = |part| match part {
            Part::Sender { blocks, .. } | Part::Receiver { blocks, .. } => blocks.about(ssrc),
            _ => None,
        };
        compound.parts().find_map(of).unwrap()
    }

    #[test]
    fn rfc3550_6_4_1_the_round_trip_is_what_is_left_without_the_peers_pause() {
        let (mut us, mut them) =
            (Reports::new(at(0), 1, &[1; 12]), Reports::new(at(0), 2, &[2; 12]));
        let there = written(&mut us, at(10_000), sent(US, 500), None, false);
        // 40 ms there, 3 s of waiting, 25 ms back.
        them.take(at(10_040), &there, THEM, Some(US)).unwrap();
        let back = written(&mut them, at(13_040), sent(THEM, 7), Some(receipt(US, 9, 9)), false);
        assert_eq!(us.round_trip(), None);
        us.take(at(13_065), &back, US, Some(THEM)).unwrap();
        let round_trip = us.round_trip().unwrap();
        let off = round_trip.abs_diff(Duration::from_millis(65));
        assert!(off < Duration::from_micros(100), "{round_trip:?}");
    }

    #[test]
    fn a_report_that_answers_to_none_of_ours_or_waited_longer_than_it_was_gives_no_round_trip() {
        let (mut us, mut them) =
            (Reports::new(at(0), 1, &[1; 12]), Reports::new(at(0), 2, &[2; 12]));
        let there = written(&mut us, at(10_000), sent(US, 500), None, false);
        them.take(at(9_000), &there, THEM, Some(US)).unwrap();
        let back = written(&mut them, at(12_000), sent(THEM, 1), Some(receipt(US, 9, 9)), false);
        us.take(at(12_500), &back, US, Some(THEM)).unwrap();
        assert_eq!(us.round_trip(), None, "3 s of pause within 2.5 s");
        let mut stranger = Reports::new(at(0), 3, &[3; 12]);
        stranger.theirs = Some((77, at(12_000)));
        let back =
            written(&mut stranger, at(12_001), sent(THEM, 1), Some(receipt(US, 9, 9)), false);
        us.take(at(12_600), &back, US, Some(THEM)).unwrap();
        assert_eq!(us.round_trip(), None, "a report we never sent");
        assert!(us.far().is_some(), "the rest of it counts");
    }

    #[test]
    fn rfc3550_a_3_the_share_lost_is_that_since_the_report_before() {
        let mut us = Reports::new(at(0), 1, &[1; 12]);
        let mut told = |expected, received| {
            let receipt = receipt(THEM, expected, received);
            let block = block(&written(&mut us, at(1000), sent(US, 1), Some(receipt), false), THEM);
            (block.fraction, block.lost)
        };
        assert_eq!(told(100, 100), (0, 0));
        assert_eq!(told(200, 150), (128, 50));
        assert_eq!(told(300, 250), (0, 50), "none since");
        assert_eq!(told(400, 360), (0, 40), "late ones came");
        assert_eq!(told(50, 25), (128, 25), "another count begins");
    }

    #[test]
    fn rfc3550_6_4_who_sent_nothing_since_makes_a_receiver_report() {
        let mut us = Reports::new(at(0), 1, &[1; 12]);
        let kinds: Vec<u8> = [0, 10, 10, 11]
            .map(|packets| written(&mut us, at(1000), sent(US, packets), None, false)[1])
            .to_vec();
        assert_eq!(kinds, [201, 200, 201, 200]);
    }

    #[test]
    fn rfc3550_6_6_a_goodbye_of_the_sender_heard_ends_it_and_one_of_another_does_not() {
        let (mut us, mut them) =
            (Reports::new(at(0), 1, &[1; 12]), Reports::new(at(0), 2, &[2; 12]));
        let goodbye = written(&mut them, at(5000), sent(THEM, 3), None, true);
        assert_eq!(us.take(at(5001), &goodbye, US, Some(THEM)), Ok(Told::Gone));
        assert_eq!(us.take(at(5001), &goodbye, US, Some(THEM + 1)), Ok(Told::Alive));
        assert_eq!(us.take(at(5001), &goodbye, US, None), Ok(Told::Gone));
        assert_eq!(us.take(at(5001), &goodbye[..9], US, None), Err(Malformed));
    }

    #[test]
    fn rfc7022_a_name_is_96_bits_in_sixteen_letters() {
        assert_eq!(&name(b"any carnal p"), b"YW55IGNhcm5hbCBw");
        assert_eq!(&name(&[0xFF; 12]), b"////////////////");
        assert_ne!(name(&[1; 12]), name(&[2; 12]));
    }
}
