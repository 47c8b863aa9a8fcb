//! Settings as lines `name = value`.

use crate::text::line_value;
use model::Secret;
use std::fmt::Display;

/// Writes lines of settings. Names come from the code alone, so only values are made safe.
pub(super) struct Lines(String);

impl Lines {
    pub fn new(head: &str) -> Self {
        Self(format!("{head}\n"))
    }

    /// Adds a value that came from the site: kept to its line, without what begins a comment.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.put(name, &line_value(value))
    }

    /// Adds a value that the code itself made: a number, an address, a password of the box's.
    pub fn set(&mut self, name: &str, value: impl Display) -> &mut Self {
        let value = value.to_string();
        debug_assert!(!value.contains(['\n', '\r']), "a value is one line");
        self.put(name, &value)
    }

    /// Adds a password as it stands, spaces and all; what would end the line is left out.
    pub fn secret(&mut self, name: &str, secret: &Secret) -> &mut Self {
        let value: String = secret.reveal().chars().filter(|letter| !letter.is_control()).collect();
        self.put(name, &value)
    }

    fn put(&mut self, name: &str, value: &str) -> &mut Self {
        for part in [name, " = ", value, "\n"] {
            self.0.push_str(part);
        }
        self
    }

    pub fn end(self) -> String {
        self.0
    }
}
