//! Owns the life of a call: its legs, its visits, its recording, its limits and its one end.
//!
//! A call begins when a leg arrives from a line, a trunk or a phone and is over when its last leg
//! is. What the caller is doing meanwhile is a [`State`]; the diagram stands at its top. This stage
//! knows neither menus nor queues nor agents nor numbers: it is told what was decided of them and
//! says what follows for the legs, and whoever composes the stages carries it between them.
//!
//! Each call gets exactly one `CallEnded`, and no leg is left without an owner: a leg that was hung
//! up and of which no end comes is given up after [`LOST_AFTER`] and counted.

mod calls;
mod conference;
mod consult;
mod ending;
mod hold;
mod io;
mod join;
mod life;
mod park;
mod recording;
mod seek;
mod shared;
mod state;
mod takeover;
mod talk;
mod timers;
mod transfer;

pub use calls::Calls;
pub use io::{How, Input, Output, Place, Rules, Wish};
pub use shared::Counters;
pub use state::{Back, Call, Consultation, Rung, State, Talk, Then};

use std::time::Duration;

/// Most visits of one call; a queue or a lost phone that asks for another ends it with a goodbye.
/// It also bounds what one turn can do when two full queues overflow into each other.
pub const VISITS_MAX: u16 = 100;

/// Most parties of a conference, the caller included (media has room for 32 legs).
pub const CONFERENCE_MAX: usize = 8;

/// How long the end of a leg is awaited after a hang-up, and its answer after an order to answer:
/// longer than 64*T1 = 32 s, after which a SIP transaction ends by itself (RFC 3261 17.1.1.2).
pub const LOST_AFTER: Duration = Duration::from_secs(40);

/// How long a party may be sought before the next way back is taken; it takes no time at all, so
/// this is for what nobody answers.
pub const SEEK_MAX: Duration = Duration::from_secs(5);

/// How long a party may listen to the last words; the longest of them lasts about 10 s.
pub const TOLD_MAX: Duration = Duration::from_secs(20);

/// How long parties who talk may go on while the box drains.
pub const DRAIN_TALK_MAX: Duration = Duration::from_secs(600);

/// Shortest part of a recording, whatever the limit says: a part a tick would help nobody.
pub const RECORDING_MIN: Duration = Duration::from_secs(10);

/// Said before the box ends a call at a limit.
pub const GOODBYE: &str = "ivr.goodbye";

/// Said to callers whose call the draining box ends.
pub const DRAINING: &str = "system.draining";

/// Heard by who asked another, while that phone rings.
pub const RINGBACK: &str = "tone.ringback";
