//! Composes the stages a call walks through into the whole exchange, without a socket or a clock.
//!
//! ```text
//!            Input::Leg                 Order, Fact
//!  daemon ───────────────▶ exchange ───────────────▶ daemon
//!                            │  ▲
//!              what a stage  │  │ what a stage
//!              needs to know ▼  │ says, translated
//!              call · ivr · queue · agent · dial
//! ```
//!
//! A leg from a port or a trunk becomes a call, and so does one of a desk phone that dials a number;
//! a feature code is dialled on a *service leg*, which is nobody's call. The stages do not know one another: each of their outputs is
//! taken here, turned into inputs of the others, orders and facts, and never forwarded as it is.
//! The same inputs at the same moments give the same outputs, byte for byte.

mod arrival;
mod exchange;
mod features;
mod io;
mod keys;
mod lamps;
mod owed;
mod phones;
mod pickup;
mod plays;
mod pops;
mod reach;
mod seats;
mod service;
mod stages;
mod supervision;
pub mod view;

pub use dial::Spent;
pub use exchange::Exchange;
pub use io::{Config, Input, Output};
pub use keys::{KEYS_MAX, PAUSE};
pub use phones::{CALLS_PER_PHONE_MAX, Setting};
pub use reach::HOPS_MAX;
pub use service::{SERVICE_TIME_MAX, SERVICES_MAX};
pub use supervision::{SUPERVISORS_MAX, SUPERVISORS_PER_TALK_MAX};
pub use view::{AgentView, CallView, Counters, LegView, QueueView};
