//! Who calls, as a message says it.

use crate::address::{Address, split_list};
use crate::message::Message;
use crate::uri;
use model::{Number, PersonName};

/// Most characters of a name that are taken over.
const NAME_MAX: usize = 64;
/// Most characters of a number or of what was dialled.
const NUMBER_MAX: usize = 64;

/// The caller's number and name: what the trunk vouches for (RFC 3325) before what the caller says
/// of itself. Both are empty where they are withheld (RFC 3323).
pub fn of(invite: &Message) -> (Number, PersonName) {
    let asserted = invite.headers.get("P-Asserted-Identity");
    let first = asserted.and_then(|value| split_list(value).into_iter().next());
    let asserted = first.and_then(|value| Address::parse(value).ok());
    let Some(address) = asserted.or_else(|| invite.from()) else {
        return (Number::default(), PersonName::default());
    };
    let withheld = invite.headers.words("Privacy").any(|p| p.eq_ignore_ascii_case("id"));
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

/// What was dialled: the user part of the request URI.
pub fn dialled(invite: &Message) -> String {
    let user = invite.uri().and_then(uri::user).unwrap_or_default();
    cut(&user, NUMBER_MAX).to_owned()
}

fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}
