//! Who calls and who sent the call on, as a message says it, and as ours say it (RFC 3323, 3325,
//! 5806, 7044). Nothing of a message is passed on as it stands.

use crate::address::{Address, split_list};
use crate::message::Message;
use crate::param;
use crate::uri;
use model::{Number, PersonName};

/// Most characters of a name that are taken over.
const NAME_MAX: usize = 64;
/// Most characters of a number or of what was dialled.
const NUMBER_MAX: usize = 64;
/// Most entries of a history that are looked at.
const HISTORY_MAX: usize = 16;
/// Longest Referred-By that is read, in bytes.
const REFERRED_MAX: usize = 512;

/// The caller's number and name: what a trusted trunk vouches for (RFC 3325) before what the caller
/// says of itself. Both are empty where they are withheld (RFC 3323).
pub fn of(invite: &Message, trusted: bool) -> (Number, PersonName) {
    let asserted = invite.headers.get("P-Asserted-Identity").filter(|_| trusted);
    let first = asserted.and_then(|value| split_list(value).into_iter().next());
    let asserted = first.and_then(|value| Address::parse(value).ok());
    let Some(address) = asserted.or_else(|| invite.from()) else {
        return (Number::default(), PersonName::default());
    };
    let hides = |word: &str| ["id", "user"].iter().any(|hide| word.eq_ignore_ascii_case(hide));
    let values = invite.headers.get_all("Privacy");
    let withheld = values.flat_map(|value| value.split([';', ','])).any(|word| hides(word.trim()));
    let number = uri::user(&address.uri).unwrap_or_default();
    if withheld || number.eq_ignore_ascii_case("anonymous") {
        return (Number::default(), PersonName::default());
    }
    (Number::new(cut(&number, NUMBER_MAX)), name(&address))
}

/// The display name.
pub fn name(address: &Address) -> PersonName {
    PersonName::new(cut(address.display.as_deref().unwrap_or_default(), NAME_MAX))
}

/// The user part of an address, where it has one.
pub fn user_of(address: &Address) -> Option<String> {
    let user = uri::user(&address.uri)?;
    Some(cut(&user, NUMBER_MAX).to_owned()).filter(|user| !user.is_empty())
}

/// What was dialled: the user part of the request URI.
pub fn dialled(invite: &Message) -> String {
    let user = invite.uri().and_then(uri::user).unwrap_or_default();
    cut(&user, NUMBER_MAX).to_owned()
}

/// Who sent the call on last: the first Diversion (RFC 5806 section 4), or the entry of the history
/// before the last (RFC 7044 section 5), or who transferred the caller to us (RFC 3892 section 2.3).
/// Empty where nobody did or wants to be named.
pub fn diverted(invite: &Message) -> Number {
    let entries = |name| invite.headers.get_all(name).flat_map(split_list).take(HISTORY_MAX);
    let number = |entry: &str| {
        let address = Address::parse(entry).ok()?;
        let hidden = |value: Option<String>| {
            value.is_some_and(|value| !value.trim_matches('"').eq_ignore_ascii_case("off"))
        };
        let private = address.param("privacy").is_some_and(hidden)
            || entry.to_ascii_lowercase().contains("privacy=history");
        let user = uri::user(&address.uri).filter(|_| !private)?;
        Some(Number::new(cut(&user, NUMBER_MAX)))
    };
    if let Some(first) = entries("Diversion").next() {
        return number(first).unwrap_or_default();
    }
    let history: Vec<&str> = entries("History-Info").collect();
    match history.as_slice() {
        [.., before, _] => number(before).unwrap_or_default(),
        _ => referrer(invite).ok().flatten().map(|by| Number::new(&by)).unwrap_or_default(),
    }
}

/// Who refers, as a message says it: the number of its one Referred-By, cleaned; 400 where it is
/// none or there are several (RFC 3892 section 2.1). The token behind its `cid` is not looked at.
pub fn referrer(message: &Message) -> Result<Option<String>, u16> {
    let mut values = message.headers.get_all("Referred-By").flat_map(split_list);
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) if value.len() <= REFERRED_MAX => value,
        _ => return Err(400),
    };
    let address = Address::parse(value).map_err(|_| 400_u16)?;
    let number = clean(&uri::user(&address.uri).unwrap_or_default());
    Ok(Some(number).filter(|number| !number.is_empty()))
}

/// Adds who sent the call on, both ways it is said. The call goes to `to`.
pub fn with_diverted(invite: Message, by: &Address, to: &Address) -> Message {
    let history = |address: &Address| {
        let mut address = Address::new(address.uri.clone());
        address.uri.params.clear();
        address
    };
    let (by, to) = (history(by), history(to));
    invite
        .with("Diversion", format!("{by};reason=unconditional;counter=1;privacy=off"))
        .with("History-Info", format!("{by};index=1, {to};index=1.1;mp=1"))
}

/// A number that a phone sends a call to, without all that no number and no extension has.
pub fn clean(text: &str) -> String {
    let of_number = |c: &char| c.is_ascii_alphanumeric() || "+*#-_.".contains(*c);
    text.chars().filter(of_number).take(NUMBER_MAX).collect()
}

/// Where a 3xx of a phone sends the call: the number of its first contact (RFC 3261 21.3).
pub fn forwarded(redirect: &Message) -> Option<String> {
    let contact = redirect.contact()?;
    // A phone may name the method; only a call is sent on.
    if param::value_of(&contact.uri.params, "method").is_some() {
        return None;
    }
    Some(clean(&uri::user(&contact.uri)?)).filter(|number| !number.is_empty())
}

fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}
