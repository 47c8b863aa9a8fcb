//! Name-addresses: what stands in From, To, Contact, Route (RFC 3261 section 20.10).

use crate::param::{self, ParamError};
use crate::uri::{self, UriError};
use rsip::{Param, Uri};
use std::fmt;

/// Why a text is no name-address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("quotes or angle brackets do not match")]
    Unbalanced,
    #[error("an unquoted display name holds a character that needs quotes")]
    DisplayName,
    #[error("text after the address")]
    Trailing,
    #[error("an address with '?' stands without angle brackets")]
    Bare,
    #[error(transparent)]
    Uri(#[from] UriError),
    #[error(transparent)]
    Param(#[from] ParamError),
}

/// A display name, an address and the header's own parameters (`tag`, `expires`, `q` …).
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Without quotes, escapes and control characters.
    pub display: Option<String>,
    pub uri: Uri,
    pub params: Vec<Param>,
}

impl Address {
    /// Takes an address without name and parameters.
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Vec::new() }
    }

    /// Adds a display name; control characters are left out and an empty name is none.
    pub fn named(mut self, display: &str) -> Self {
        let clean: String = display.chars().filter(|c| !c.is_control()).collect();
        self.display = Some(clean).filter(|name| !name.is_empty());
        self
    }

    /// Sets the tag, in place of one that is there.
    pub fn tagged(mut self, tag: &str) -> Self {
        self.params.retain(|param| !matches!(param, Param::Tag(_)));
        self.params.push(Param::Tag(tag.into()));
        self
    }

    /// Adds a parameter.
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        let other = || Param::Other(name.into(), value.map(Into::into));
        self.params.push(Param::try_from((name, value)).unwrap_or_else(|_| other()));
        self
    }

    /// The tag of From or To (RFC 3261 section 19.3).
    pub fn tag(&self) -> Option<&str> {
        self.params.iter().find_map(|param| match param {
            Param::Tag(tag) => Some(tag.value()),
            _ => None,
        })
    }

    /// A parameter's value: `Some(None)` where it stands without one.
    pub fn param(&self, name: &str) -> Option<Option<String>> {
        param::value_of(&self.params, name)
    }

    /// The `expires` of a contact in seconds; a malformed one is nothing (RFC 3261 section 10.2.1.1
    /// lets a registrar treat it as 3600, our registrar takes its default). Too large a number is
    /// the largest.
    pub fn expires(&self) -> Option<u32> {
        seconds(&self.param("expires")??)
    }

    /// Tells whether the address, as a route, is a loose router's (RFC 3261 section 19.1.1).
    pub fn is_loose(&self) -> bool {
        param::value_of(&self.uri.params, "lr").is_some()
    }

    /// Reads one name-address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let (display, rest) = if text.starts_with('"') {
            let (name, rest) = quoted(text).ok_or(AddressError::Unbalanced)?;
            let rest = rest.trim_start();
            if !rest.starts_with('<') {
                return Err(AddressError::Unbalanced);
            }
            (Some(name), rest)
        } else if let Some(open) = text.find('<') {
            let name = text[..open].trim();
            if name.contains(['"', ',', ';', '>', ':']) {
                return Err(AddressError::DisplayName);
            }
            (Some(name.to_owned()), &text[open..])
        } else {
            (None, text)
        };
        let (uri, params) = match rest.strip_prefix('<') {
            Some(inner) => {
                let (uri, params) = inner.split_once('>').ok_or(AddressError::Unbalanced)?;
                (uri, params.trim())
            }
            // Without brackets all parameters belong to the header (RFC 3261 section 20.10).
            None => {
                let end = rest.find([';', ' ', '\t']).unwrap_or(rest.len());
                if rest[..end].contains(['?', ',', '>']) {
                    return Err(AddressError::Bare);
                }
                (&rest[..end], rest[end..].trim())
            }
        };
        let params = match params.strip_prefix(';') {
            Some(params) => param::parse(params)?,
            None if params.is_empty() => Vec::new(),
            None => return Err(AddressError::Trailing),
        };
        let address = Self { display: None, uri: uri::parse(uri)?, params };
        Ok(address.named(display.as_deref().unwrap_or_default()))
    }
}

impl fmt::Display for Address {
    /// Writes it so that `parse` reads the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "\"{}\" ", display.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        write!(f, "<{}>", uri::write(&self.uri))?;
        self.params.iter().try_for_each(|param| write!(f, "{param}"))
    }
}

impl fmt::Debug for Address {
    /// Hides name and user: they name a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address(…@{})", uri::write_host_port(&self.uri.host_with_port))
    }
}

/// Seconds of an `Expires`, `expires=` or `Retry-After`: digits only, the largest where too large.
pub fn seconds(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}

/// Splits a list at commas that stand outside quotes and angle brackets.
pub fn split_list(text: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut bracket) = (false, false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => bracket = true,
            '>' if !quoted => bracket = false,
            ',' if !quoted && !bracket => {
                parts.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Takes a quoted string off the front: its text without escapes, and what follows.
pub fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('"')?;
    let (mut name, mut escaped) = (String::new(), false);
    for (i, c) in inner.char_indices() {
        match c {
            c if escaped => {
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((name, &inner[i + 1..])),
            c => name.push(c),
        }
    }
    None
}
