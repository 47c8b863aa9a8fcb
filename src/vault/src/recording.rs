//! Sealed recordings: one file a part of a call, both directions, played back only under the box key.
//!
//! ```text
//! file   = header  record*  [end]
//! header = clear part (authenticated)  wrapped file key            see `header`
//! record = kind(1)  length(2)  cipher text  tag(16)                see `frame`
//!
//!            push, 50 blocks | flush_frame        finish
//! created ------------------------------> frame* --------> end mark: whole
//!                                            `-- power cut --> no end mark: torn, the rest plays
//! ```
//!
//! Each frame is at most one second of stereo G.711 and is authenticated alone, with its number and
//! the recording's id, so that none can be changed, moved, dropped from the middle, or taken from
//! another recording. Only the end can be missing, and then the end mark is missing with it.
//! The daemon syncs the file after each frame; a power cut therefore costs at most one second.

mod error;
mod frame;
mod header;
mod reader;
mod wav;
mod writer;

pub use error::Error;
pub use frame::{BLOCK_BYTES, BLOCKS_PER_FRAME_MAX, FRAMES_MAX, Frame};
pub use header::{HEADER_BYTES, Header};
pub use reader::{RecordingReader, Verdict, verify};
pub use wav::{listen, to_law, to_wav};
pub use writer::RecordingWriter;
