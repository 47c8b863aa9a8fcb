//! What names and numbers in `site.toml` may look like.

use crate::read::{Reader, Spot};

/// Longest name of a queue, node, port, skill …
const NAME_MAX: usize = 32;

/// Checks the name of a queue, node, port, trunk, skill or schedule.
pub(crate) fn name(reader: &mut Reader<'_>, spot: &Spot, text: &str) -> bool {
    let fits = (1..=NAME_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        let text = spot.shown(text);
        let rule = format!("1 to {NAME_MAX} of a-z, 0-9 and -");
        reader.fault(spot, format!("{text} is no name; a name has {rule}"));
    }
    fits
}

/// Checks the number of an agent or desk phone.
pub(crate) fn extension(reader: &mut Reader<'_>, spot: &Spot, text: &str) -> bool {
    let fits = (2..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !fits {
        let text = spot.shown(text);
        reader.fault(spot, format!("{text} is no number of a phone; it has 2 to 8 digits"));
    }
    fits
}

/// Tells whether a text is what a line dials: keys, and `W` for a pause.
pub(crate) fn is_dialled(text: &str) -> bool {
    let key = |b: u8| b.is_ascii_digit() || b"*#W".contains(&b);
    (1..=32).contains(&text.len()) && text.bytes().all(key)
}

/// Tells whether a text is a telephone number as lines give it: digits, perhaps after a `+`.
pub(crate) fn is_telephone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (1..=32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
