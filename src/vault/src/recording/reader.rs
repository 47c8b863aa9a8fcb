//! Reads a recording frame by frame and judges it.
//!
//! ```text
//!            frame opens           end mark opens, nothing after it
//! Reading ---------------> Reading ------------------------------> Whole
//!    |  `-- the file ends, or only zeros follow ------------------> Torn
//!    `----- anything else ----------------------------------------> Damaged
//! ```

use super::error::Error;
use super::frame::{
    BLOCK_BYTES, END_BYTES, FRAMES_MAX, Frame, HEAD_BYTES, KIND_AUDIO, KIND_END, PLAIN_BYTES_MAX,
    Place, TAG_BYTES,
};
use super::header::{FrameKey, Header, read_full};
use crate::BoxKey;
use model::audio::FRAME_MS;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// What a recording turned out to be once it was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every frame opened and the end mark agrees.
    Whole { ms: u64, frames: u32 },
    /// The end is missing, as after a power cut; what is there is sound and plays. `lost_bytes`
    /// stand in the file after the last sound frame.
    Torn { ms: u64, frames: u32, lost_bytes: u64 },
    /// Somebody or something changed the file at this frame; the frames before it are sound.
    Damaged { frame: u32 },
}

/// A recording being read: an iterator over its frames. Only frames that opened come out.
///
/// After `Damaged` or `Io` nothing more comes. A torn file just ends; `verdict` tells.
pub struct RecordingReader<R: Read> {
    source: R,
    key: FrameKey,
    header: Header,
    frames: u32,
    blocks: u64,
    verdict: Option<Verdict>,
    failed: bool,
}

/// Reads a recording to its end and judges it, without playing it. A file that ends within its
/// header is `Torn` as well: that is what a power cut right after a call's answer leaves.
pub fn verify(source: impl Read, key: &BoxKey) -> Result<Verdict, Error> {
    match RecordingReader::open(source, key) {
        Ok(mut reader) => reader.verify(),
        Err(Error::TornHeader { bytes }) => {
            Ok(Verdict::Torn { ms: 0, frames: 0, lost_bytes: bytes as u64 })
        }
        Err(e) => Err(e),
    }
}

impl<R: Read> RecordingReader<R> {
    /// Reads and authenticates the header.
    pub fn open(mut source: R, key: &BoxKey) -> Result<Self, Error> {
        let (header, key) = Header::open(&mut source, key)?;
        Ok(Self { source, key, header, frames: 0, blocks: 0, verdict: None, failed: false })
    }

    /// What the authenticated header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The frames from here to the end.
    pub fn frames(&mut self) -> &mut Self {
        self
    }

    /// The judgement, once the end was reached.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Reads what is left and judges the whole.
    pub fn verify(&mut self) -> Result<Verdict, Error> {
        for frame in self.by_ref() {
            match frame {
                Ok(_) | Err(Error::Damaged { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        self.verdict.ok_or(Error::Stopped { recording: self.header.recording })
    }

    fn read_record(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; HEAD_BYTES];
        let got = read_full(&mut self.source, &mut head)?;
        if got < HEAD_BYTES {
            return self.torn(got as u64);
        }
        let [kind, length @ ..] = head;
        let length = usize::from(u16::from_be_bytes(length));
        let fits = match kind {
            KIND_AUDIO => {
                (BLOCK_BYTES..=PLAIN_BYTES_MAX).contains(&length)
                    && length.is_multiple_of(BLOCK_BYTES)
                    && self.frames < FRAMES_MAX
            }
            KIND_END => length == END_BYTES,
            _ => false,
        };
        if !fits {
            return self.end_or_damage(head.last(), HEAD_BYTES as u64);
        }
        let mut bytes = Zeroizing::new(vec![0; length + TAG_BYTES]);
        let got = read_full(&mut self.source, &mut bytes)?;
        let read = (HEAD_BYTES + got) as u64;
        if got < bytes.len() {
            return self.torn(read);
        }
        let last = bytes.last().copied();
        let place = Place { recording: self.header.recording, kind, number: self.frames };
        if !place.open(&self.key, &mut bytes) {
            return self.end_or_damage(last.as_ref(), read);
        }
        if kind == KIND_END {
            return self.end(&bytes);
        }
        let frame = Frame { number: self.frames, bytes };
        self.frames += 1;
        self.blocks += (length / BLOCK_BYTES) as u64;
        Ok(Some(frame))
    }

    /// The end mark opened: it must agree with what was read, and be the last thing in the file.
    fn end(&mut self, mark: &[u8]) -> io::Result<Option<Frame>> {
        let (frames, blocks) = (u64::from(self.frames).to_be_bytes(), self.blocks.to_be_bytes());
        let agrees = mark == [frames, blocks].concat();
        let more = read_full(&mut self.source, &mut [0])?;
        self.verdict = Some(if agrees && more == 0 {
            Verdict::Whole { ms: self.blocks * FRAME_MS, frames: self.frames }
        } else {
            Verdict::Damaged { frame: self.frames }
        });
        Ok(None)
    }

    fn torn(&mut self, lost_bytes: u64) -> io::Result<Option<Frame>> {
        let ms = self.blocks * FRAME_MS;
        self.verdict = Some(Verdict::Torn { ms, frames: self.frames, lost_bytes });
        Ok(None)
    }

    /// A record did not open. A file system may leave zeros where the last second was to stand
    /// when the power went, so what ends in zeros up to the end of the file is a tear; all else is
    /// damage. Neither has an end mark, so neither passes for whole.
    fn end_or_damage(&mut self, last: Option<&u8>, read: u64) -> io::Result<Option<Frame>> {
        if last == Some(&0)
            && let Some(more) = self.zeros_to_end()?
        {
            return self.torn(read + more);
        }
        self.verdict = Some(Verdict::Damaged { frame: self.frames });
        Ok(None)
    }

    /// How many bytes are left, if all of them are zeros.
    fn zeros_to_end(&mut self) -> io::Result<Option<u64>> {
        let mut zeros = 0;
        let mut rest = [0; 4096];
        loop {
            let got = read_full(&mut self.source, &mut rest)?;
            if rest[..got].iter().any(|&byte| byte != 0) {
                return Ok(None);
            }
            zeros += got as u64;
            if got < rest.len() {
                return Ok(Some(zeros));
            }
        }
    }
}

impl<R: Read> Iterator for RecordingReader<R> {
    type Item = Result<Frame, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.verdict.is_some() {
            return None;
        }
        match self.read_record() {
            Ok(Some(frame)) => Some(Ok(frame)),
            Ok(None) => match self.verdict {
                Some(Verdict::Damaged { frame }) => {
                    Some(Err(Error::Damaged { recording: self.header.recording, frame }))
                }
                _ => None,
            },
            Err(e) => {
                self.failed = true;
                Some(Err(Error::Io(e)))
            }
        }
    }
}
