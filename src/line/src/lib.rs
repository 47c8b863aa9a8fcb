//! Attached lines: what a port's events and sound mean, as the same leg events a trunk gives.
//!
//! ```text
//!   events ----------------------------> port (state machine) --> leg events, port orders, alarms
//!   blocks -> sound -> caller_id (fsk, message, keys) --^
//!                   -> zone (busy, pitch) --------------'
//!
//!   a telephone's keys and hook ------> telephone (state machine) --> leg events, tone, caller_told
//!
//!   D channel frames -> q921 (data link) -> q931 (calls of a span) --> leg events, channels
//! ```

mod busy;
mod call_out;
mod caller_id;
mod caller_told;
mod config;
mod fsk;
mod keys;
mod line_port;
mod message;
mod pitch;
mod port;
mod progress;
pub mod q921;
pub mod q931;
mod sound;
mod telephone;
mod tone;
pub mod trial;
mod voice;
mod zone;

pub use caller_told::Message;
pub use config::{Config, ConfigError, Names, Telephone};
pub use line_port::LinePort;
pub use port::{Input, Output};
