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
/// before the last (RFC 7044 section 5). Empty where nobody did or wants to be named.
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
        _ => Number::default(),
    }
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
