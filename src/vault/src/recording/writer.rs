//! Writes a recording: blocks in, sealed frames out.

use super::error::Error;
use super::frame::{
    BLOCK_BYTES, BLOCKS_PER_FRAME_MAX, FRAMES_MAX, HEAD_BYTES, KIND_AUDIO, KIND_END,
    PLAIN_BYTES_MAX, Place, TAG_BYTES,
};
use super::header::{FrameKey, Header, number};
use crate::BoxKey;
use model::audio::FRAME_MS;
use model::{Codec, RecordingId, SAMPLES_PER_FRAME, WallTime};
use std::io::Write;
use zeroize::Zeroizing;

/// A recording being written. Only sealed bytes ever reach the `Write`; the second that is not yet
/// sealed is wiped from memory when it is dropped.
///
/// After an error of the `Write` the file may end in half a frame, so nothing more is written to
/// it (`Stopped`): the caller begins the next part of the recording, and this one plays as torn.
pub struct RecordingWriter<W: Write> {
    out: W,
    key: FrameKey,
    recording: RecordingId,
    /// The record in the making: room for its head, then plain bytes, then sealed ones.
    record: Zeroizing<Vec<u8>>,
    frames: u32,
    blocks: u64,
    stopped: bool,
}

impl<W: Write> RecordingWriter<W> {
    /// Writes the header. `file_key` is 32 fresh random bytes, never used for another file.
    pub fn create(
        mut out: W,
        key: &BoxKey,
        recording: RecordingId,
        codec: Codec,
        started: WallTime,
        file_key: [u8; 32],
    ) -> Result<Self, Error> {
        let file_key = Zeroizing::new(file_key);
        number(codec).ok_or(Error::Codec(codec))?;
        let header = Header { recording, codec, started, key_id: key.id() };
        out.write_all(&header.seal(key, &file_key))?;
        // Never grows: a plain second must not stay behind in memory that was given back.
        let mut record =
            Zeroizing::new(Vec::with_capacity(HEAD_BYTES + PLAIN_BYTES_MAX + TAG_BYTES));
        record.resize(HEAD_BYTES, 0);
        let key = header.frame_key(&*file_key);
        Ok(Self { out, key, recording, record, frames: 0, blocks: 0, stopped: false })
    }

    /// Takes 20 ms: what the leg said and what it heard. The 50th block of a frame seals it, and
    /// then the answer is true: there is something to sync.
    pub fn push(
        &mut self,
        left: &[u8; SAMPLES_PER_FRAME],
        right: &[u8; SAMPLES_PER_FRAME],
    ) -> Result<bool, Error> {
        self.check_open()?;
        if self.frames >= FRAMES_MAX {
            return Err(Error::Full { recording: self.recording, frames: self.frames });
        }
        self.record.extend_from_slice(left);
        self.record.extend_from_slice(right);
        self.blocks += 1;
        let full = self.pending() == BLOCKS_PER_FRAME_MAX;
        if full {
            self.flush_frame()?;
        }
        Ok(full)
    }

    /// Seals what is there, if anything, although the second is not full.
    pub fn flush_frame(&mut self) -> Result<(), Error> {
        self.check_open()?;
        if self.pending() > 0 {
            self.write_record(KIND_AUDIO)?;
            self.frames += 1;
        }
        Ok(())
    }

    /// Seals the rest and the end mark, without which a file counts as torn; gives the `Write`
    /// back to be synced.
    pub fn finish(mut self) -> Result<W, Error> {
        self.flush_frame()?;
        self.record.extend_from_slice(&u64::from(self.frames).to_be_bytes());
        self.record.extend_from_slice(&self.blocks.to_be_bytes());
        self.write_record(KIND_END)?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// The recording's id.
    pub fn recording(&self) -> RecordingId {
        self.recording
    }
    /// Frames sealed so far.
    pub fn frames(&self) -> u32 {
        self.frames
    }
    /// Milliseconds taken so far, sealed or not.
    pub fn ms(&self) -> u64 {
        self.blocks * FRAME_MS
    }
    /// The `Write`, to be synced.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    fn pending(&self) -> usize {
        (self.record.len() - HEAD_BYTES) / BLOCK_BYTES
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.stopped {
            return Err(Error::Stopped { recording: self.recording });
        }
        Ok(())
    }

    fn write_record(&mut self, kind: u8) -> Result<(), Error> {
        let place = Place { recording: self.recording, kind, number: self.frames };
        place.seal(&self.key, &mut self.record);
        let written = self.out.write_all(&self.record);
        self.record.truncate(HEAD_BYTES);
        // The number is used up and half a frame may stand in the file.
        self.stopped = written.is_err();
        written.map_err(Error::Io)
    }
}
