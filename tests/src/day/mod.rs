//! A simulated day of the exchange in virtual time, from one seed.
//!
//! ```text
//!   callers, agents, phones, power ──▶ agenda ──▶ exchange ──▶ orders ──▶ legs ──┐
//!        ▲                                            │                          │
//!        └── what they hear, see and do next ◀────────┴── facts ──▶ ledger       │
//!                                                              ◀─────────────────┘
//! ```
//!
//! 2,000 callers press keys or nothing, late or wrong, wait, hang up, complain; 20 agents log in,
//! have lunch, let it ring, decline, put callers on hold, and their phones vanish; events come late
//! or twice; some legs never end; the box is drained and restarted once and loses power once. After
//! each step the [`Ledger`] compares what was said with a model of its own and stops the day at the
//! first promise broken, with the seed and the time of day.

mod callers;
mod debts;
mod desks;
mod dice;
mod fairness;
mod ledger;
mod legs;
mod orders;
mod parties;
mod power;
mod site;
mod tapes;
mod timesheet;
mod town;

pub use ledger::{Ends, Ledger};
pub use timesheet::Times;

use jiff::civil::Date;
use model::Entry;
use model::site::Site;
use std::sync::Arc;

/// Callers of a day.
pub const CALLERS: usize = 2000;

/// Agents of the site.
pub const AGENTS: usize = 20;

/// The day: a Monday.
pub const DATE: Date = Date::constant(2026, 11, 23);

/// What became of a day.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    pub site: Arc<Site>,
    pub date: Date,
    /// All facts of the day in their order, numbered from 1.
    pub facts: Vec<Entry>,
    /// Inputs and ticks of the exchange.
    pub steps: u64,
    /// Most calls in the box at once.
    pub calls_at_once: usize,
    /// Of both runs of the box that came to their end or lost power, added up.
    pub counters: exchange::Counters,
    /// What the ledger counted, for comparison with a report folded from the facts.
    pub ledger: Ledger,
}

impl Outcome {
    /// The facts as the journal writes them: equal bytes mean an equal day.
    pub fn bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.facts).unwrap_or_default()
    }
}

/// Lives through a day. Panics with seed and time when a promise is broken.
pub fn run_day(seed: u64) -> Outcome {
    town::Town::new(seed).live()
}
