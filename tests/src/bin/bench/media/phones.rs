//! The phones of a step: who hears whom, under which keys, and what their packets carry.

use super::case::Case;
use anyhow::Context as _;
use media::Srtp;
use model::Codec;
use model::srtp::{SrtpKeys, SrtpPlan, SrtpSuite};
use rustix::time::{ClockId, clock_gettime};

/// The port of the load that all phones share: the box tells them apart by its own ports.
pub const LOAD_PORT: u16 = 9000;
/// RTP header and 20 ms of G.711.
pub const PACKET: usize = 172;
pub const HEADER: usize = 12;
const MARK: [u8; 4] = *b"ring";
/// A mark, the leg that speaks, and when; ten of them fill a packet, so that sound which was cut
/// and joined still tells.
const STAMP: usize = 16;

/// The machine's monotonic clock, the same on both sides.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The leg whose sound a leg of a forwarding case hears.
pub fn speaker(case: Case, calls: usize, leg: usize) -> usize {
    match case.listened(calls, leg) {
        Some(call) => call * 2,
        None => leg ^ 1,
    }
}

/// Writes a packet in clear.
pub fn write(packet: &mut [u8], codec: Codec, leg: usize, sequence: u16, at_ns: u64) {
    packet[0] = 0x80;
    packet[1] = codec.payload_type().unwrap_or_default();
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    packet[8..12].copy_from_slice(&(leg as u32 + 1).to_be_bytes());
    for stamp in packet[HEADER..PACKET].chunks_exact_mut(STAMP) {
        stamp[..4].copy_from_slice(&MARK);
        stamp[4..8].copy_from_slice(&(leg as u32).to_be_bytes());
        stamp[8..].copy_from_slice(&at_ns.to_be_bytes());
    }
}

/// Who spoke the sound of a packet, and when; nothing if it is no sound of a phone's.
pub fn stamp(payload: &[u8]) -> Option<(usize, u64)> {
    let at = payload.windows(MARK.len()).take(STAMP).position(|four| four == MARK)?;
    let leg: [u8; 4] = payload.get(at + 4..at + 8)?.try_into().ok()?;
    let ns: [u8; 8] = payload.get(at + 8..at + STAMP)?.try_into().ok()?;
    Some((u32::from_be_bytes(leg) as usize, u64::from_be_bytes(ns)))
}

/// The keys of a leg as its phone has them, or as the box has.
pub fn keys(leg: usize, of_the_box: bool) -> anyhow::Result<Box<Srtp>> {
    let suite = SrtpSuite::AesCm128HmacSha1_80;
    let key = |way: u8| {
        let mut bytes = vec![way; suite.total()];
        bytes[..4].copy_from_slice(&(leg as u32).to_be_bytes());
        SrtpKeys::new(suite, &bytes).context("a key of this length")
    };
    let (to_box, from_box) = (key(1)?, key(2)?);
    let plan = if of_the_box {
        SrtpPlan { send: from_box, receive: to_box }
    } else {
        SrtpPlan { send: to_box, receive: from_box }
    };
    Srtp::new(&plan).context("the cipher library refuses the keys")
}
