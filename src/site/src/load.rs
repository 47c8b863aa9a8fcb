//! From text to a checked site.

use crate::fault::{Fault, Note};
use crate::prompts::PromptFiles;
use model::site::Site;

/// A site that holds every promise, and remarks on what is allowed but odd.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub site: Site,
    /// For example a node that no call can reach. Sorted by line.
    pub notes: Vec<Note>,
}

/// Reads and checks the text of a `site.toml`; on failure gives every fault, sorted by line.
pub fn load(_text: &str, _prompts: &PromptFiles) -> Result<Loaded, Vec<Fault>> {
    Err(Vec::new())
}
