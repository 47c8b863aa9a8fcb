//! Passwords and PINs: what they must be. No message shows anything of one, not even its length.

use crate::read::{Field, Reader};
use model::Secret;

/// A shorter password of a phone is guessed in an afternoon.
const PASSWORD_MIN: usize = 8;
const PASSWORD_MAX: usize = 128;
const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// Takes the password of the `owner` with a number: an agent or a phone.
pub(crate) fn password(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    number: &str,
    owner: &str,
) -> Option<Secret> {
    let secret = secret(reader, field, PASSWORD_MIN)?;
    let text = secret.reveal();
    if text.contains(number) && text.len() <= number.len() * 2 {
        let problem = format!("is little more than the {owner}'s number; choose another");
        reader.fault(&field.spot, problem);
        return None;
    }
    Some(secret)
}

/// Takes a secret of so many characters at least.
pub(crate) fn secret(reader: &mut Reader<'_>, field: &Field<'_>, least: usize) -> Option<Secret> {
    let Some(text) = field.value.as_str() else {
        reader.fault(&field.spot, "must be a text in quotes");
        return None;
    };
    if !(least..=PASSWORD_MAX).contains(&text.chars().count()) {
        let rule = format!("must have {least} to {PASSWORD_MAX} characters");
        reader.fault(&field.spot, rule);
        return None;
    }
    if text.chars().any(char::is_control) {
        reader.fault(&field.spot, "must stand on one line");
        return None;
    }
    Some(Secret::new(text))
}

/// Takes a PIN: digits that a phone's keys can say.
pub(crate) fn pin(reader: &mut Reader<'_>, field: &Field<'_>, number: &str) -> Option<Secret> {
    let digits = field.value.as_str().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let Some(digits) = digits.filter(|digits| PIN_DIGITS.contains(&digits.len())) else {
        let (least, most) = (PIN_DIGITS.start(), PIN_DIGITS.end());
        reader.fault(&field.spot, format!("must be {least} to {most} digits in quotes"));
        return None;
    };
    let first = digits.bytes().next();
    let alike = digits.bytes().all(|b| Some(b) == first);
    if digits == number || alike {
        let problem = "is the agent's number or one digit over and over; choose another";
        reader.fault(&field.spot, problem);
        return None;
    }
    Some(Secret::new(digits))
}

/// Takes the PIN of a SIM: 4 to 8 digits (3GPP TS 31.101 9.5.1).
pub(crate) fn sim_pin(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Secret> {
    let digits = field.value.as_str().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let Some(digits) = digits.filter(|digits| (4..=8).contains(&digits.len())) else {
        reader.fault(&field.spot, "must be 4 to 8 digits in quotes");
        return None;
    };
    Some(Secret::new(digits))
}
