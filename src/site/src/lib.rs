//! Reads `site.toml` into a checked `model::site::Site`, or says everything that is wrong with it.
//!
//! Nothing here touches a disk: the text and the names of the prompts there are are handed in.
//! README.md beside this crate describes the format, key by key.

mod agents;
mod basics;
mod clashes;
mod codes;
mod explain;
mod fault;
mod flow;
mod graph;
mod lines;
mod load;
mod media;
mod migrate;
mod names;
mod nearest;
mod numbering;
mod passwords;
mod phones;
mod prompts;
mod queues;
mod read;
mod refs;
mod roles;
mod schedules;
mod sip;
mod sms;
mod sound;
mod span;
mod supervision;
mod tones;
mod transports;
mod trunks;

pub use explain::{codes, explain};
pub use fault::{Fault, Note, Place};
pub use load::{FAULTS_MAX, Loaded, TEXT_BYTES_MAX, load};
pub use numbering::{plan, plans};
pub use prompts::{PromptFiles, needed};
pub use tones::{countries, of as tones_of};

/// The name every fault gives the file it speaks of.
pub const FILE: &str = "site.toml";
