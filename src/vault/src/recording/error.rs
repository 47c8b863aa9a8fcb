//! What can go wrong with a recording.

use crate::KeyId;
use model::{Codec, RecordingId};
use std::io;

/// Why a recording cannot be written, opened or played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is no recording: it does not begin with the recording mark")]
    NotARecording,
    #[error("the recording has format {0}; this program reads format {expected}", expected = super::header::FORMAT)]
    Format(u16),
    #[error("the recording's header says {what} {value}, which no recorder writes")]
    Header { what: &'static str, value: u64 },
    #[error("{} has no blocks of 160 bytes; record it as G.722", .0.name())]
    Codec(Codec),
    #[error("the recording's header is cut off after {bytes} bytes; nothing of it can be played")]
    TornHeader { bytes: usize },
    #[error("recording {recording} is sealed under box key {needs}, and this is box key {have}")]
    WrongKey { recording: RecordingId, needs: KeyId, have: KeyId },
    #[error("the header of recording {recording} was changed: its key does not open")]
    HeaderChanged { recording: RecordingId },
    #[error("recording {recording} is damaged at frame {frame}; what comes before it is sound")]
    Damaged { recording: RecordingId, frame: u32 },
    #[error("recording {recording} changed while it was being read")]
    Changed { recording: RecordingId },
    #[error("recording {recording} is full at {frames} frames; begin the next part")]
    Full { recording: RecordingId, frames: u32 },
    #[error("recording {recording} stopped at an earlier error; begin the next part")]
    Stopped { recording: RecordingId },
    #[error("{ms} ms are too long for one WAV file; export the raw law bytes")]
    TooLongForWav { ms: u64 },
    #[error("reading or writing a recording: {0}")]
    Io(#[from] io::Error),
}
