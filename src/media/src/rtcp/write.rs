//! Control packets written: report, name and goodbye into a fixed buffer (RFC 3550 6.4 to 6.6).

use super::compound::{
    BLOCK, DESCRIPTION, GOODBYE, RECEIVER_REPORT, ReportBlock, SENDER_REPORT, SenderInfo,
};

/// Bytes of a name: 96 bits by chance in base64 (RFC 7022 section 4.2).
pub const NAME: usize = 16;
/// The longest compound: a sender report with a block, the name, a goodbye.
pub const COMPOUND_MAX: usize = 28 + BLOCK + 28 + 8;
/// The item of the name (RFC 3550 6.5.1).
const CNAME: u8 = 1;

/// What a compound says.
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a> {
    pub ssrc: u32,
    /// Who sent since the report before makes a sender report (RFC 3550 6.4).
    pub info: Option<SenderInfo>,
    pub block: Option<ReportBlock>,
    pub name: &'a [u8; NAME],
    pub goodbye: bool,
}

impl Compound<'_> {
    /// Writes it; gives its length, 0 if the buffer is too short.
    pub fn write(&self, buffer: &mut [u8]) -> usize {
        let Some(buffer) = buffer.first_chunk_mut::<COMPOUND_MAX>() else { return 0 };
        let mut out = Words { buffer, len: 0 };
        let blocks = u8::from(self.block.is_some());
        let block_words = if self.block.is_some() { BLOCK as u16 / 4 } else { 0 };
        match &self.info {
            Some(info) => {
                out.head(blocks, SENDER_REPORT, 6 + block_words, self.ssrc);
                out.word((info.ntp >> 32) as u32);
                out.word(info.ntp as u32);
                out.word(info.timestamp);
                out.word(info.packets);
                out.word(info.octets);
            }
            None => out.head(blocks, RECEIVER_REPORT, 1 + block_words, self.ssrc),
        }
        if let Some(block) = &self.block {
            out.word(block.ssrc);
            let lost = block.lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF;
            out.word(u32::from(block.fraction) << 24 | lost);
            out.word(block.highest);
            out.word(block.jitter);
            out.word(block.last_report);
            out.word(block.since_last);
        }
        out.head(1, DESCRIPTION, 6, self.ssrc);
        // The item, and the zeros that end the chunk at a word (RFC 3550 6.5).
        let mut chunk = [0; 20];
        chunk[..2].copy_from_slice(&[CNAME, NAME as u8]);
        chunk[2..2 + NAME].copy_from_slice(self.name);
        out.bytes(&chunk);
        if self.goodbye {
            out.head(1, GOODBYE, 1, self.ssrc);
        }
        out.len
    }
}

struct Words<'a> {
    buffer: &'a mut [u8; COMPOUND_MAX],
    len: usize,
}

impl Words<'_> {
    fn head(&mut self, count: u8, kind: u8, words: u16, ssrc: u32) {
        let [high, low] = words.to_be_bytes();
        self.bytes(&[0x80 | count, kind, high, low]);
        self.word(ssrc);
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.buffer.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compound;
    use super::*;
    use rtcp::goodbye::Goodbye;
    use rtcp::receiver_report::ReceiverReport;
    use rtcp::sender_report::SenderReport;
    use rtcp::source_description::SourceDescription;

    const BLOCK_OF: ReportBlock = ReportBlock {
        ssrc: 0xAABB_CCDD,
        fraction: 77,
        lost: 3000,
        highest: 0x0001_FFFE,
        jitter: 240,
        last_report: 0x1234_5678,
        since_last: 70_000,
    };
    const INFO: SenderInfo = SenderInfo {
        ntp: 0x0102_0304_0506_0708,
        timestamp: 0xFFFF_0000,
        packets: 500,
        octets: 80_000,
    };

    fn written(info: Option<SenderInfo>, block: Option<ReportBlock>, goodbye: bool) -> Vec<u8> {
        let mut buffer = [0xEE; COMPOUND_MAX];
        let name = b"0123456789abcdef";
        let len = Compound { ssrc: 9, info, block, name, goodbye }.write(&mut buffer);
        buffer[..len].to_vec()
    }

    /// The packets as the `rtcp` crate reads them.
    fn read_by_others(bytes: &[u8]) -> Vec<Box<dyn rtcp::packet::Packet + Send + Sync>> {
        rtcp::packet::unmarshal(&mut bytes::Bytes::copy_from_slice(bytes)).unwrap()
    }

    #[test]
    fn what_is_written_is_what_another_implementation_reads() {
        let packets = read_by_others(&written(Some(INFO), Some(BLOCK_OF), true));
        let report = packets[0].as_any().downcast_ref::<SenderReport>().unwrap();
        assert_eq!((report.ssrc, report.ntp_time, report.rtp_time), (9, INFO.ntp, INFO.timestamp));
        assert_eq!((report.packet_count, report.octet_count), (500, 80_000));
        let [block] = &report.reports[..] else { panic!("{report:?}") };
        assert_eq!((block.ssrc, block.fraction_lost, block.total_lost), (0xAABB_CCDD, 77, 3000));
        assert_eq!((block.last_sequence_number, block.jitter), (0x0001_FFFE, 240));
        assert_eq!((block.last_sender_report, block.delay), (0x1234_5678, 70_000));
        let name = packets[1].as_any().downcast_ref::<SourceDescription>().unwrap();
        assert_eq!(name.chunks[0].source, 9);
        assert_eq!(&name.chunks[0].items[0].text[..], b"0123456789abcdef");
        let goodbye = packets[2].as_any().downcast_ref::<Goodbye>().unwrap();
        assert_eq!(goodbye.sources, [9]);
        let packets = read_by_others(&written(None, None, false));
        let report = packets[0].as_any().downcast_ref::<ReceiverReport>().unwrap();
        assert_eq!((report.ssrc, report.reports.len(), packets.len()), (9, 0, 2));
    }

    #[test]
    fn what_is_written_is_what_is_read_here() {
        for (info, block, goodbye) in [
            (Some(INFO), Some(BLOCK_OF), true),
            (Some(INFO), None, false),
            (None, Some(ReportBlock { lost: -5, ..BLOCK_OF }), false),
            (None, None, true),
        ] {
            let bytes = written(info, block, goodbye);
            let compound = compound::Compound::parse(&bytes).unwrap();
            let parts: Vec<_> = compound.parts().collect();
            let blocks = match (&parts[0], info) {
                (compound::Part::Sender { ssrc: 9, info: read, blocks }, Some(info)) => {
                    assert_eq!(*read, info);
                    blocks
                }
                (compound::Part::Receiver { ssrc: 9, blocks }, None) => blocks,
                other => panic!("{other:?}"),
            };
            assert_eq!(blocks.about(0xAABB_CCDD), block);
            assert_eq!(parts[1], compound::Part::Description);
            assert_eq!(parts.len(), if goodbye { 3 } else { 2 });
        }
    }

    #[test]
    fn a_loss_beyond_24_bits_is_the_greatest_there_is() {
        for (lost, read) in [(i32::MAX, 0x7F_FFFF), (i32::MIN, -0x80_0000)] {
            let bytes = written(None, Some(ReportBlock { lost, ..BLOCK_OF }), false);
            let compound = compound::Compound::parse(&bytes).unwrap();
            let Some(compound::Part::Receiver { blocks, .. }) = compound.parts().next() else {
                panic!("no report")
            };
            assert_eq!(blocks.about(0xAABB_CCDD).unwrap().lost, read);
        }
    }

    #[test]
    fn a_buffer_too_short_is_left_alone() {
        let mut buffer = [0; COMPOUND_MAX - 1];
        let name = &[b'x'; NAME];
        let compound = Compound { ssrc: 9, info: None, block: None, name, goodbye: false };
        assert_eq!(compound.write(&mut buffer), 0);
    }
}
