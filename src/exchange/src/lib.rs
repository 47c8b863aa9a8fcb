//! Composes the stages a call walks through into the whole exchange, without a socket or a clock.
//!
//! ```text
//!            Input::Leg                 Order, Fact
//!  daemon ───────────────▶ exchange ───────────────▶ daemon
//!                            │  ▲
//!              what a stage  │  │ what a stage
//!              needs to know ▼  │ says, translated
//!                 call · ivr · queue · agent
//! ```
//!
//! A leg from a port or a trunk becomes a call; a leg from a desk phone is a *service leg* on which
//! an agent dials a feature code. The stages do not know one another: each of their outputs is
//! taken here, turned into inputs of the others, orders and facts, and never forwarded as it is.
//! The same inputs at the same moments give the same outputs, byte for byte.

mod arrival;
mod exchange;
mod io;
mod plays;
mod seats;
mod service;
mod stages;
pub mod view;

pub use exchange::Exchange;
pub use io::{Config, Input, Output};
pub use service::{SERVICE_TIME_MAX, SERVICES_MAX};
pub use view::{AgentView, CallView, Counters, QueueView};
