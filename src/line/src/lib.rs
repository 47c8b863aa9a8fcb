//! Attached lines: what a port's events and sound mean, as the same leg events a trunk gives.
//!
//! ```text
//!   events ----------------------------> port (state machine) --> leg events, port orders, alarms
//!   blocks -> sound -> caller_id (fsk, message, keys) --^
//!                   -> busy (zone) ---------------------'
//!
//!   D channel frames -> q921 (data link) -> q931 (calls of a span) --> leg events, channels
//! ```

mod busy;
mod caller_id;
mod config;
mod fsk;
mod keys;
mod message;
mod port;
pub mod q921;
pub mod q931;
mod sound;
mod zone;

pub use config::{Config, ConfigError};
pub use port::{Input, LinePort, Output};
pub use zone::{CHINA, Tone, Zone};
