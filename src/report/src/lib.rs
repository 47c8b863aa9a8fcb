//! The day in figures: a pure fold over facts, as table, CSV and JSON.
//!
//! ```text
//! facts of the days before ─▶ Carry ─┐
//!                 facts of the day ──┴▶ Day ── report(site, until) ──▶ DayReport ─▶ table, CSV, JSON
//! ```
//!
//! What is counted, and where:
//!
//! - The day of a site begins at its midnight and ends at the next; one may have 23 or 25 hours.
//! - A call belongs to the day it arrived on, with all its waits, talks and wrap-ups, even those
//!   after midnight. A day is complete once all its calls are over; facts after that change nothing.
//! - A pass through a queue is a visit: a caller who overflows is offered to two queues.
//! - offered = answered + abandoned + overflowed + turned away + lost + waiting.
//! - Service level = answered within the queue's time / offered, as the site has the time now.
//! - An agent's states are clipped to the day by the clock, so they sum exactly to the time logged
//!   in. A session that began the day before is carried in.
//! - Sound belongs to the day it was measured in, and to the agent at the phone it came from, or to
//!   the line. An opinion below 3.6 is poor.
//! - When the box stops, nobody is logged in until it runs again. When it died without a word, the
//!   last fact before `BoxStarted` is the last moment it is known to have run: states and talks end
//!   there, and callers who waited are lost.
//!
//! The same facts, site and `until` give the same report, byte for byte, folded live or replayed.
//! `until` counts only for a day that has not ended.

mod agents;
mod carry;
mod csv_form;
mod day;
mod figures;
mod sound;
mod table;
#[cfg(test)]
mod tests;
mod visit;
mod words;

pub use agents::{AgentOffers, AgentTimes};
pub use carry::Carry;
pub use day::Day;
pub use figures::{AgentRow, CallFigures, DayReport, QueueRow, Service, Spread};
pub use jiff::civil::Date;
pub use sound::SoundRow;

/// Why a report could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the report could not be written as csv: {0}")]
    Csv(#[from] csv::Error),
    #[error("the report could not be written as json: {0}")]
    Json(#[from] serde_json::Error),
}
