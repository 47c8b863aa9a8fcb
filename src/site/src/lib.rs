//! Reads `site.toml` into a checked `model::site::Site`, or says everything that is wrong with it.
//!
//! Nothing here touches a disk: the text and the names of the prompts there are are handed in.
//! README.md beside this crate describes the format, key by key.

mod explain;
mod fault;
mod load;
mod prompts;

pub use explain::explain;
pub use fault::{Fault, Note, Place};
pub use load::{Loaded, load};
pub use prompts::PromptFiles;

/// The name every fault gives the file it speaks of.
pub const FILE: &str = "site.toml";
