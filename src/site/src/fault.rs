//! What is wrong or odd in a `site.toml`, and where.

use crate::FILE;
use std::fmt;

/// A place in `site.toml`: line and column count from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: u32,
    pub column: u32,
    /// The key's whole path, e.g. `queue.appointments.skills`.
    pub key: String,
}

/// Something that keeps a site from being used.
///
/// Reads `site.toml:41:11: queue.appointments.skills: 'cardiolgy' is no skill of any agent; …`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    pub place: Place,
    /// A lower-case sentence with the value (never a password) and what is allowed.
    pub problem: String,
}

/// Something allowed but odd, such as a node that no call can reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    pub place: Place,
    pub remark: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FILE}:{}:{}", self.line, self.column)?;
        if self.key.is_empty() { Ok(()) } else { write!(f, ": {}", self.key) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: note: {}", self.place, self.remark)
    }
}
