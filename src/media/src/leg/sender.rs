//! The sending side of a leg that speaks RTP: blocks of sound and keys become packets.
//!
//! ```text
//!   packets of 10 ms:  block -> two packets       of 60 ms:  block, block, block -> one
//!   a key, or packets of another length, while blocks wait: they go first, in a short packet
//!   another codec, or nothing to be sent any more: they are left out and counted
//! ```

use crate::command::{Packets, Slot};
use crate::packet::{Packet, SENT_MAX};
use crate::receive::Expected;
use crate::rtcp::Sent;
use crate::sink::Sink;
use crate::srtp::{Secured, TAG_MAX};
use crate::telephone_event::EventPacket;
use model::{Codec, SAMPLES_PER_FRAME};
use std::net::SocketAddr;

/// Bytes of blocks that wait to fill a packet: less than one of 60 ms, and a block.
const HELD_MAX: usize = 4 * SAMPLES_PER_FRAME;

/// The sending side of a leg that speaks RTP.
#[derive(Clone, Debug)]
pub struct Sender {
    pub ssrc: u32,
    pub remote: SocketAddr,
    pub payload_type: u8,
    pub dtmf_payload_type: Option<u8>,
    pub send: bool,
    packets_of: Packets,
    codec: Codec,
    /// Blocks that wait to fill a packet.
    held: heapless::Vec<u8, HELD_MAX>,
    sequence: u16,
    timestamp: u32,
    /// The next packet is the first after a pause (RFC 3551 4.1).
    starts: bool,
    /// Packets and bytes of payload sent under this SSRC (RFC 3550 6.4.1).
    packets: u32,
    octets: u32,
    /// Bytes that waited to fill a packet and were not sent.
    unsent: u64,
}

impl Sender {
    /// Makes a sender whose counts start where `start` says; numbers in their lower half, so that
    /// losing the first packets cannot hide a wrap (RFC 3711 3.3.1).
    pub fn new(ssrc: u32, expected: &Expected, packets: Packets, send: bool, start: u64) -> Self {
        Self {
            ssrc,
            remote: expected.remote,
            payload_type: expected.payload_type,
            dtmf_payload_type: expected.dtmf_payload_type,
            send,
            packets_of: packets,
            codec: expected.codec,
            held: heapless::Vec::new(),
            sequence: (start >> 33) as u16 >> 1,
            timestamp: start as u32,
            starts: true,
            packets: 0,
            octets: 0,
            unsent: 0,
        }
    }

    /// Tells whether this is what and how is sent already.
    pub fn is_described(&self, expected: &Expected, packets: Packets, send: bool) -> bool {
        (self.remote, self.codec, self.packets_of, self.send)
            == (expected.remote, expected.codec, packets, send)
    }

    /// Changes where and what is sent; the counts go on. Another clock makes it another source,
    /// under `ssrc` (RFC 7160 4.1).
    pub fn change(&mut self, expected: &Expected, packets: Packets, send: bool, ssrc: u32) {
        self.starts |= send && !self.send;
        self.remote = expected.remote;
        self.payload_type = expected.payload_type;
        self.dtmf_payload_type = expected.dtmf_payload_type;
        self.packets_of = packets;
        self.send = send;
        let before = std::mem::replace(&mut self.codec, expected.codec);
        if before != self.codec || !send {
            self.unsent += self.held.len() as u64;
            self.held.clear();
        }
        if before.rtp_clock_hz() != self.codec.rtp_clock_hz() {
            self.begin_anew(ssrc);
        }
    }

    /// Goes on as another source: a peer that counts anew finds nothing to count on from.
    pub fn begin_anew(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
        self.sequence >>= 1;
        self.starts = true;
        (self.packets, self.octets) = (0, 0);
    }

    /// The clock that durations of keys count by.
    pub fn dtmf_clock_hz(&self) -> u32 {
        self.packets_of.dtmf_clock_hz
    }

    /// The time stamp of this tick.
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Goes on by a tick, in which something was sent or not.
    pub fn tick(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.codec.rtp_clock_hz() / 50);
    }

    /// Goes on by ticks in which the leg was nowhere. What waits to fill a packet is left out.
    pub fn miss(&mut self, ticks: u64) {
        if ticks > 0 {
            self.unsent += self.held.len() as u64;
            self.held.clear();
        }
        // As many as there are modulo 2^32, like the stamps.
        let skipped = (self.codec.rtp_clock_hz() / 50).wrapping_mul(ticks as u32);
        self.timestamp = self.timestamp.wrapping_add(skipped);
    }

    /// Milliseconds that waited to fill a packet and were not sent.
    pub fn unsent_ms(&self) -> u64 {
        self.unsent / 8
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        let Self { ssrc, timestamp, packets, octets, .. } = *self;
        Sent { ssrc, timestamp, packets, octets }
    }

    /// Sends a tick's sound in packets of the length that was agreed on: at once where that is a
    /// tick's, else in halves or when enough of it is there. Tells whether it is, or will be, sent.
    pub fn sound(
        &mut self,
        slot: Slot,
        payload: &[u8],
        blocks: bool,
        mut secured: Option<&mut Secured>,
        sink: &mut impl Sink,
    ) -> bool {
        let len = usize::from(self.packets_of.ms) * SAMPLES_PER_FRAME / 20;
        let at_once = !blocks || len == payload.len() || len == 0 || !self.send;
        if at_once && self.held.is_empty() {
            let whole = self.spoken(self.timestamp, payload);
            return self.packet(slot, whole, secured, sink);
        }
        let first = self.held_since();
        let len = if len == 0 { payload.len() } else { len };
        let mut held = std::mem::take(&mut self.held);
        // There is room: less than a packet waited.
        let _ = held.extend_from_slice(payload);
        let mut sent = 0;
        while let Some(payload) = held.get(sent..sent + len) {
            let one = self.spoken(first.wrapping_add(sent as u32), payload);
            if !self.packet(slot, one, secured.as_deref_mut(), sink) {
                return false;
            }
            sent += len;
        }
        let _ = self.held.extend_from_slice(&held[sent..]);
        true
    }

    /// Sends a packet of a key instead of sound; what waited to fill a packet goes before it.
    pub fn key(
        &mut self,
        slot: Slot,
        timestamp: u32,
        packet: &EventPacket,
        mut secured: Option<&mut Secured>,
        sink: &mut impl Sink,
    ) -> bool {
        let first = self.held_since();
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            let short = self.spoken(first, &held);
            self.packet(slot, short, secured.as_deref_mut(), sink);
        }
        let Some(payload_type) = self.dtmf_payload_type else { return false };
        let event = Packet {
            marker: packet.marker,
            payload_type,
            payload: &packet.payload,
            ..self.spoken(timestamp, &[])
        };
        self.packet(slot, event, secured, sink)
    }

    /// The time stamp of the first byte that waits.
    fn held_since(&self) -> u32 {
        self.timestamp.wrapping_sub(self.held.len() as u32)
    }

    /// A packet of sound, but for its numbers.
    fn spoken<'a>(&self, timestamp: u32, payload: &'a [u8]) -> Packet<'a> {
        let (marker, payload_type) = (self.starts, self.payload_type);
        Packet { marker, payload_type, timestamp, sequence: 0, ssrc: 0, payload }
    }

    /// Sends a packet of a time stamp, unless the leg is not to be sent anything. What cannot be
    /// encrypted is not sent.
    fn packet(
        &mut self,
        slot: Slot,
        packet: Packet<'_>,
        secured: Option<&mut Secured>,
        sink: &mut impl Sink,
    ) -> bool {
        if !self.send {
            return false;
        }
        let mut buffer = [0; SENT_MAX + TAG_MAX];
        let packet = Packet { ssrc: self.ssrc, sequence: self.sequence, ..packet };
        let mut len = packet.write(&mut buffer);
        if let Some(secured) = secured {
            let Some(protected) = secured.protect(&mut buffer, len) else { return false };
            len = protected;
        }
        sink.rtp(slot, self.remote, &buffer[..len]);
        self.sequence = self.sequence.wrapping_add(1);
        self.starts = false;
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(packet.payload.len() as u32);
        true
    }
}
