//! Lengths of time as people write them: `30s`, `4h`, `1m30s`.

use std::time::Duration;

const UNITS: [(char, u64); 3] = [('h', 3600), ('m', 60), ('s', 1)];

/// Reads hours, minutes and seconds in this order, each at most once; anything else is nothing.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds, mut units) = (text, 0_u64, UNITS.as_slice());
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let unit = after.chars().next()?;
        let at = units.iter().position(|&(name, _)| name == unit)?;
        let number: u64 = number.parse().ok()?;
        seconds = seconds.checked_add(number.checked_mul(units[at].1)?)?;
        units = &units[at + 1..];
        rest = &after[unit.len_utf8()..];
    }
    (!text.is_empty()).then_some(Duration::from_secs(seconds))
}

/// Writes a length of time the way `read` takes it.
pub(crate) fn write(span: Duration) -> String {
    let mut seconds = span.as_secs();
    let mut text = String::new();
    for (unit, of) in UNITS {
        if seconds >= of {
            text += &format!("{}{unit}", seconds / of);
            seconds %= of;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_stand_in_order_and_at_most_once() {
        assert_eq!(read("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(read("90s"), Some(Duration::from_secs(90)));
        assert_eq!(read("0s"), Some(Duration::ZERO));
        for wrong in
            ["", "30", "s", "30x", "1m1h", "1s1s", "-1s", "1.5s", " 1s", "99999999999999999999h"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in 0..200_000_u64) {
            let span = Duration::from_secs(seconds);
            prop_assert_eq!(read(&write(span)), Some(span));
        }
    }
}
