//! What names a person or opens a door: values that logs cannot print.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Defines a text whose `Debug` shows nothing of it and that has no `Display`.
macro_rules! private_text {
    ($(#[$doc:meta])* $name:ident, $shown:literal) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }
            /// Gives the text to code that has a reason to know it.
            pub fn reveal(&self) -> &str {
                &self.0
            }
            /// Tells whether there is no text.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($shown)
            }
        }
    };
}

private_text!(
    /// A telephone number of a caller; empty when withheld.
    Number,
    "Number(…)"
);
private_text!(
    /// A person's name as a line or a card gave it.
    PersonName,
    "PersonName(…)"
);
private_text!(
    /// A password, PIN or key in text.
    Secret,
    "Secret(…)"
);

impl Number {
    /// The number with all but its last three digits covered, for a screen.
    pub fn masked(&self) -> String {
        let count = self.0.chars().count();
        let shown = if count > 6 { 3 } else { 0 };
        self.0.chars().enumerate().map(|(i, c)| if i + shown >= count { c } else { '*' }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_printed_whole() {
        let number = Number::new("13912345678");
        assert_eq!(format!("{number:?}"), "Number(…)");
        assert_eq!(number.masked(), "********678");
        assert_eq!(Number::new("110").masked(), "***");
    }
}
