//! Cards that Linux' DAHDI drives: analogue ports, and the spans of primary rate lines.
//!
//! ```text
//!   site's ports -> survey: what differs, in sentences
//!               \-> DahdiCard (card) -- Driver, Line (driver) --> Kernel (channel) -- call --> ioctl
//!                    events, alarms,                              DataChannel: D channel's frames
//!                    hot unplug
//! ```
//!
//! The driver is configured by `dahdi_cfg`, which is given what the site says of its lines (`conf`,
//! `configure`): it loads the tone zone and attaches the echo cancellers. The structures are written by hand in `abi` and proven
//! against the driver's header by its test; `call` is the only unsafe part.

mod abi;
mod call;
mod card;
mod channel;
mod conf;
mod configure;
mod driver;
mod event;
mod gain;
mod info;
mod survey;

pub use card::{DahdiCard, Lost};
pub use channel::{Channel, DataChannel, FRAME_BYTES_MAX, Kernel};
pub use conf::{Conf, PortWanted, SpanWanted};
pub use configure::{ConfigureError, Configured, Configurer};
pub use driver::{Driver, Line, Setup};
pub use event::Happened;
pub use gain::Gain;
pub use info::{Alarms, ChannelInfo, Signalling, SpanInfo};
pub use survey::{Difference, Faces, Wanted, survey};
