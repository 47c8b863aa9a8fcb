//! Facts on sled, sealed and gapless, and the views folded from them.
//!
//! ```text
//! facts --append--> one batch: f/<seq> sealed, v/<view>/<row> sealed --sync--> durable
//!                                   |
//!            entries, entries_between, check, export read it back
//! ```
//!
//! A batch is atomic: after a power cut all of it is there or none, facts and views alike, so the
//! views never disagree with the facts. A fact is durable once `sync` came back after its `append`;
//! whoever is told of it is told after that.
//!
//! Everything but keys is sealed by a `model::seal::Seal`. What keys show: sequence numbers, call
//! numbers and agent numbers; no caller.

mod check;
mod entries;
mod error;
mod export;
mod fold;
mod journal;
mod lock;
mod mark;
mod reader;
mod record;
mod row;
mod store;
pub mod view;

pub use check::{CheckReport, PROBLEMS_MAX, Problem};
pub use entries::Entries;
pub use error::Error;
pub use export::{ExportReport, ImportReport};
pub use journal::{APPEND_MAX, Journal, Opened};
pub use reader::Reader;
pub use record::FACT_BYTES_MAX;
pub use view::{
    AgentRow, AgentsView, CallRow, CallsView, CountersView, HoursView, Outcome, OwedView, PhoneRow,
    PhonesView, Views,
};
