//! RTP packets (RFC 3550 section 5.1): read without a copy, written into a fixed buffer.

use rtp::header::Header;
use webrtc_util::marshal::{Marshal, Unmarshal};

/// The header without CSRCs and extension (RFC 3550 5.1).
pub const HEADER: usize = 12;
/// The largest payload the engine sends: 60 ms of G.711 or G.722, and a little.
pub const PAYLOAD_MAX: usize = 512;
/// The largest packet the engine sends in clear.
pub const SENT_MAX: usize = HEADER + PAYLOAD_MAX;

/// What a packet says; the payload is a part of the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    pub payload: &'a [u8],
}

/// What of a packet is in clear even when it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub sequence: u16,
    pub ssrc: u32,
    /// Where the payload starts: after CSRCs and extension.
    pub payload: usize,
}

impl Head {
    /// Reads the head of a packet of version 2.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        Some(Self::with_header(datagram)?.0)
    }

    fn with_header(datagram: &[u8]) -> Option<(Self, Header)> {
        let mut fixed = [0; HEADER];
        fixed.copy_from_slice(datagram.get(..HEADER)?);
        let (extended, sources) = (fixed[0] & 0x10 != 0, usize::from(fixed[0] & 0x0F));
        // CSRCs and extension are skipped by hand: the parser would keep them on the heap, and it
        // trusts their lengths.
        fixed[0] &= 0xE0;
        let header = Header::unmarshal(&mut &fixed[..]).ok()?;
        if header.version != 2 {
            return None;
        }
        let mut payload = HEADER + sources * 4;
        if extended {
            let words = datagram.get(payload + 2..payload + 4)?;
            payload += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
        }
        datagram.get(payload..)?;
        let head = Self { sequence: header.sequence_number, ssrc: header.ssrc, payload };
        Some((head, header))
    }
}

impl<'a> Packet<'a> {
    /// Reads a datagram; nothing if it is no whole RTP packet of version 2.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (head, header) = Head::with_header(datagram)?;
        let mut payload = datagram.get(head.payload..)?;
        if header.padding {
            // The last byte counts the padding, itself included (RFC 3550 5.1).
            let padding = usize::from(*payload.last()?);
            if padding == 0 {
                return None;
            }
            payload = payload.get(..payload.len().checked_sub(padding)?)?;
        }
        Some(Self {
            marker: header.marker,
            payload_type: header.payload_type,
            sequence: header.sequence_number,
            timestamp: header.timestamp,
            ssrc: header.ssrc,
            payload,
        })
    }

    /// Writes the packet and gives its length; nothing is written if the payload is too long.
    pub fn write(&self, buffer: &mut [u8]) -> usize {
        let header = Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let end = HEADER + self.payload.len();
        let Some(place) = buffer.get_mut(HEADER..end) else { return 0 };
        place.copy_from_slice(self.payload);
        match buffer.get_mut(..HEADER).map(|place| header.marshal_to(place)) {
            Some(Ok(_)) => end,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Packet<'static> = Packet {
        marker: true,
        payload_type: 8,
        sequence: 0xFFFE,
        timestamp: 0xFFFF_FF60,
        ssrc: 0xDEAD_BEEF,
        payload: b"0123456789",
    };

    fn written(packet: &Packet<'_>) -> Vec<u8> {
        let mut buffer = [0; SENT_MAX];
        let len = packet.write(&mut buffer);
        buffer[..len].to_vec()
    }

    #[test]
    fn a_packet_written_is_the_packet_read() {
        assert_eq!(Packet::parse(&written(&PLAIN)), Some(PLAIN));
    }

    #[test]
    fn sources_extension_and_padding_are_skipped() {
        let plain = written(&PLAIN);
        let mut bytes = plain[..HEADER].to_vec();
        bytes[0] |= 0x20 | 0x10 | 2;
        bytes.extend([0; 8]); // two CSRCs
        bytes.extend([0xBE, 0xDE, 0, 1, 0x1F, 1, 2, 3]); // an extension that lies about its inner length
        bytes.extend(PLAIN.payload);
        bytes.extend([0, 0, 3]);
        assert_eq!(Packet::parse(&bytes), Some(PLAIN));
    }

    #[test]
    fn what_is_cut_short_or_no_rtp_is_refused() {
        let plain = written(&PLAIN);
        assert_eq!(Packet::parse(&plain[..11]), None);
        for (first, rest) in [(0x00, 10), (0x8F, 0), (0x90, 2), (0xA0, 0)] {
            let mut bytes = plain[..HEADER + rest].to_vec();
            bytes[0] = first;
            assert_eq!(Packet::parse(&bytes), None, "{first:#04x}");
        }
        let mut endless = plain.clone();
        endless[0] |= 0x20;
        *endless.last_mut().unwrap() = 200;
        assert_eq!(Packet::parse(&endless), None);
    }

    #[test]
    fn a_payload_longer_than_the_buffer_is_not_written() {
        let packet = Packet { payload: &[0; PAYLOAD_MAX + 1], ..PLAIN };
        assert_eq!(packet.write(&mut [0; SENT_MAX]), 0);
        assert_eq!(Packet { payload: &[], ..PLAIN }.write(&mut [0; HEADER - 1]), 0);
    }

    proptest! {
        #[test]
        fn no_datagram_breaks_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(packet) = Packet::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER <= bytes.len());
            }
        }
    }
}
