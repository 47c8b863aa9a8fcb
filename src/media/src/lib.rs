//! The media engine: RTP, jitter, G.711, DTMF, prompts, bridges and taps, in steps of 20 ms.
//!
//! It owns no socket, thread or clock. The daemon's media thread hands in commands, datagrams and
//! card blocks and calls `Engine::tick` each 20 ms; packets, blocks and taps come out through a
//! `Sink`, news through `Engine::poll_event`. All memory is reserved in `Engine::new`: nothing
//! after it allocates, locks or logs (`tests/no_allocation.rs`).
//!
//! ```text
//!   datagram -> srtp -> source -> packet -> sequence -> jitter (ring, transit) -> conceal -.
//!   card block -> card ---------------------------------------------------------- said
//!                                                       hear, telephone_event -> Digit
//!   digits (dtmf, telephone_event) | play (clip) | peer's or room's said | silence
//!                                                                     -> packet -> srtp -> Sink
//! ```

mod card;
pub mod care;
pub mod clip;
pub mod coder;
pub mod command;
mod conceal;
pub mod content;
mod digits;
mod drift;
pub mod dtmf;
pub mod engine;
pub mod hear;
mod jitter;
mod kaiser;
mod leg;
mod live;
mod made_up;
pub mod mos;
pub mod muffle;
pub mod muted;
pub mod opus;
pub mod packet;
mod play;
mod presses;
pub mod progress;
mod receive;
pub mod recode;
pub mod resample;
mod ring;
pub mod room;
pub mod rtcp;
mod said;
mod sequence;
pub mod silence;
pub mod sink;
mod source;
pub mod srtp;
pub mod telephone_event;
pub mod tone;
mod transit;

pub use clip::Clip;
pub use coder::Coder;
pub use command::{ClipList, ClipNo, Command, ControlPath, Packets, RoomNo, Slot, TapNo};
pub use engine::{Carried, Config, Engine, Retired};
pub use live::Live;
pub use room::Voice;
pub use sink::{Block, EngineCounters, Event, LegCounters, Sink, TapFrame};
pub use srtp::Srtp;
