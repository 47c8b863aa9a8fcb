//! One sealed record of a recording: a frame of audio, or the end mark.
//!
//! ```text
//! kind(1: 1 audio, 2 end)  length(2, of the plain bytes)  cipher text(length)  tag(16)
//! audio = (left(160) right(160)) x 1..=50        end = frames(8) blocks(8)
//! nonce = 0(8) number(4)      aad = recording id(10) kind(1) number(4) length(2)
//! ```
//!
//! Numbers count from 0 without a gap; the end mark has the number after the last frame's. The kind
//! in the authenticated data is the last-flag: no frame passes for an end mark.

use super::header::{FrameKey, id_bytes};
use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use model::RecordingId;
use model::audio::{FRAME_MS, SAMPLES_PER_FRAME};
use zeroize::Zeroizing;

/// Bytes of one 20 ms block, both directions.
pub const BLOCK_BYTES: usize = 2 * SAMPLES_PER_FRAME;
/// Blocks in a full frame: one second, the most that a power cut may cost.
pub const BLOCKS_PER_FRAME_MAX: usize = 50;
/// Most frames of one file; at it the writer answers `Full`. Five hours even of single blocks, and
/// far below the 2^32 uses that one AES-GCM key allows (NIST SP 800-38D 8.3).
pub const FRAMES_MAX: u32 = 1 << 20;

pub(super) const KIND_AUDIO: u8 = 1;
pub(super) const KIND_END: u8 = 2;
pub(super) const HEAD_BYTES: usize = 3;
pub(super) const TAG_BYTES: usize = 16;
pub(super) const PLAIN_BYTES_MAX: usize = BLOCK_BYTES * BLOCKS_PER_FRAME_MAX;
pub(super) const END_BYTES: usize = 16;

/// A frame that opened: up to a second of what was said and heard.
///
/// Its bytes are wiped when it is dropped.
#[derive(Clone)]
pub struct Frame {
    /// Counts from 0 within the recording.
    pub number: u32,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Frame {
    /// The 20 ms blocks in order: what the leg said (left) and what it heard (right).
    pub fn blocks(
        &self,
    ) -> impl ExactSizeIterator<Item = (&[u8; SAMPLES_PER_FRAME], &[u8; SAMPLES_PER_FRAME])> {
        const SILENT: &[u8; SAMPLES_PER_FRAME] = &[0; SAMPLES_PER_FRAME];
        self.bytes.chunks_exact(BLOCK_BYTES).map(|block| {
            let (left, right) = block.split_at(SAMPLES_PER_FRAME);
            (left.try_into().unwrap_or(SILENT), right.try_into().unwrap_or(SILENT))
        })
    }

    /// How long the frame is, in milliseconds.
    pub fn ms(&self) -> u64 {
        (self.bytes.len() / BLOCK_BYTES) as u64 * FRAME_MS
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({}, {} ms)", self.number, self.ms())
    }
}

/// What is bound to every record besides its bytes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub recording: RecordingId,
    pub kind: u8,
    pub number: u32,
}

impl Place {
    /// Seals `record`, which holds room for the head and then the plain bytes, and appends the tag.
    pub fn seal(self, key: &FrameKey, record: &mut Vec<u8>) {
        let length = record.len() - HEAD_BYTES;
        assert!(length <= PLAIN_BYTES_MAX, "a frame of {length} bytes is above one second");
        record[0] = self.kind;
        record[1..HEAD_BYTES].copy_from_slice(&(length as u16).to_be_bytes());
        let text = &mut record[HEAD_BYTES..];
        match key.0.seal_in_place_separate_tag(self.nonce(), self.aad(length), text) {
            Ok(tag) => record.extend_from_slice(tag.as_ref()),
            Err(_) => unreachable!("GCM refuses only texts above 64 GiB (NIST SP 800-38D 5.2.1.1)"),
        }
    }

    /// Opens cipher text and tag in place; false when a bit of them or of the place differs.
    pub fn open(self, key: &FrameKey, sealed: &mut Vec<u8>) -> bool {
        let length = sealed.len().saturating_sub(TAG_BYTES);
        let opened = key.0.open_in_place(self.nonce(), self.aad(length), sealed).is_ok();
        sealed.truncate(length);
        opened
    }

    fn nonce(self) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[8..].copy_from_slice(&self.number.to_be_bytes());
        Nonce::assume_unique_for_key(nonce)
    }

    fn aad(self, length: usize) -> Aad<[u8; 17]> {
        let mut aad = [0; 17];
        aad[..10].copy_from_slice(&id_bytes(self.recording));
        aad[10] = self.kind;
        aad[11..15].copy_from_slice(&self.number.to_be_bytes());
        aad[15..].copy_from_slice(&(length as u16).to_be_bytes());
        Aad::from(aad)
    }
}
