//! What a REFER asks for, and which call a Replaces names (RFC 3515, RFC 3891). Of the addresses in
//! them the user part is taken, cleaned: nothing of them is passed on as it stands.

use super::caller;
use crate::address::split_list;
use crate::dialog::DialogId;
use crate::message::Message;
use crate::uri;

/// Most characters of a Replaces that are looked at.
const REPLACES_MAX: usize = 1024;

/// Whom a REFER asks to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A number (blind transfer).
    Number(String),
    /// Whoever is in that other call (attended transfer).
    InCall(Replaces),
}

/// A call that another takes the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    pub dialog: DialogId,
    /// Only while nobody answered it yet.
    pub early_only: bool,
}

/// Reads a REFER; gives the code to refuse it with where it asks for nothing that we do.
pub fn asked(refer: &Message) -> Result<Asked, u16> {
    let mut values = refer.headers.get_all("Refer-To").flat_map(split_list);
    // RFC 3515 section 2.4.2
    let (Some(to), None) = (values.next(), values.next()) else { return Err(400) };
    let text = match to.split_once('<') {
        Some((_, rest)) => rest.split_once('>').ok_or(400_u16)?.0,
        None => to.split(';').next().unwrap_or_default(),
    };
    let at = uri::parse(text).map_err(|_| 400_u16)?;
    let number = caller::clean(&uri::user(&at).unwrap_or_default());
    let other = crate::param::value_of(&at.params, "method").flatten();
    if other.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
        return Err(603);
    }
    match headers(text, "Replaces")? {
        Some(replaces) => Ok(Asked::InCall(replaces_of(&replaces)?)),
        None if number.is_empty() => Err(404),
        None => Ok(Asked::Number(number)),
    }
}

/// Whether a REFER asks not to be told how it goes (RFC 4488 section 4).
pub fn is_silent(refer: &Message) -> bool {
    refer.headers.get("Refer-Sub").is_some_and(|value| {
        value.split(';').next().is_some_and(|value| value.trim().eq_ignore_ascii_case("false"))
    })
}

/// The call that an INVITE takes the place of (RFC 3891 section 3).
pub fn replaces(invite: &Message) -> Result<Option<Replaces>, u16> {
    let mut values = invite.headers.get_all("Replaces");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(400),
        (Some(_), None) if invite.headers.get("Join").is_some() => Err(400),
        (Some(value), None) => replaces_of(value).map(Some),
    }
}

/// Reads `call-id;to-tag=ours;from-tag=theirs[;early-only]`.
fn replaces_of(value: &str) -> Result<Replaces, u16> {
    if value.len() > REPLACES_MAX {
        return Err(400);
    }
    let mut parts = value.split(';').map(str::trim);
    let call_id = parts.next().filter(|id| !id.is_empty()).ok_or(400_u16)?.to_owned();
    let (mut ours, mut theirs, mut early_only) = (None, None, false);
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let place = match name.trim().to_ascii_lowercase().as_str() {
            "to-tag" => &mut ours,
            "from-tag" => &mut theirs,
            "early-only" => {
                early_only = true;
                continue;
            }
            _ => continue,
        };
        if place.replace(value.trim().to_owned()).is_some() {
            return Err(400);
        }
    }
    let (Some(local_tag), Some(remote_tag)) = (ours, theirs) else { return Err(400) };
    // Tags of a peer of RFC 2543, which has none (section 3).
    let remote_tag = if remote_tag == "0" { String::new() } else { remote_tag };
    Ok(Replaces { dialog: DialogId { call_id, local_tag, remote_tag }, early_only })
}

/// A header that an address carries behind its `?`, unescaped.
fn headers(uri: &str, name: &str) -> Result<Option<String>, u16> {
    let Some((_, headers)) = uri.split_once('?') else { return Ok(None) };
    for header in headers.split('&') {
        let (key, value) = header.split_once('=').unwrap_or((header, ""));
        if key.eq_ignore_ascii_case(name) {
            return uri::unescape(value).map(Some).ok_or(400);
        }
    }
    Ok(None)
}
