//! What lies on a disk of the box lies there under lock: keys, sealed facts, sealed recordings.
//!
//! ```text
//! box key (32 bytes, a 0600 file or a systemd credential; read by the daemon)
//!   |-- HKDF "facts"          -> FactSeal          AES-256-GCM-SIV   journal's rows
//!   |-- HKDF "recording wrap" -> wraps one random file key a recording  AES-256-GCM-SIV
//!   |                              `-- HKDF, salted with the header -> frames  AES-256-GCM
//!   `-- HKDF "key id"         -> KeyId, public: which box key a file needs
//! ```
//!
//! The vault has no clock and no random source: times and random bytes are handed in. It writes to
//! any `Write` and reads from any `Read`; opening and syncing files is the daemon's.

pub mod fact;
pub mod key;
pub mod recording;

pub use fact::FactSeal;
pub use key::{BoxKey, KeyError, KeyId};
pub use recording::{
    Error as RecordingError, Frame, Header, RecordingReader, RecordingWriter, Verdict, listen,
    to_law, to_wav, verify,
};
