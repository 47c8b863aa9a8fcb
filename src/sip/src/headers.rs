//! Header fields in their order, under canonical names (RFC 3261 section 7.3).

use std::borrow::Cow;

/// Canonical names with their compact forms (RFC 3261 section 20 and its extensions).
const NAMES: [(&str, Option<&str>); 54] = [
    ("Accept", None),
    ("Accept-Contact", Some("a")),
    ("Alert-Info", None),
    ("Allow", None),
    ("Allow-Events", Some("u")),
    ("Authentication-Info", None),
    ("Authorization", None),
    ("Call-ID", Some("i")),
    ("Call-Info", None),
    ("Contact", Some("m")),
    ("Content-Disposition", None),
    ("Content-Encoding", Some("e")),
    ("Content-Length", Some("l")),
    ("Content-Type", Some("c")),
    ("CSeq", None),
    ("Date", None),
    ("Diversion", None),
    ("Event", Some("o")),
    ("Expires", None),
    ("From", Some("f")),
    ("History-Info", None),
    ("Join", None),
    ("Max-Forwards", None),
    ("Min-Expires", None),
    ("Min-SE", None),
    ("P-Asserted-Identity", None),
    ("Privacy", None),
    ("Proxy-Authenticate", None),
    ("Proxy-Authorization", None),
    ("Proxy-Require", None),
    ("RAck", None),
    ("Reason", None),
    ("Record-Route", None),
    ("Refer-Sub", None),
    ("Refer-To", Some("r")),
    ("Referred-By", Some("b")),
    ("Reject-Contact", Some("j")),
    ("Replaces", None),
    ("Request-Disposition", Some("d")),
    ("Require", None),
    ("Retry-After", None),
    ("Route", None),
    ("RSeq", None),
    ("Server", None),
    ("Session-Expires", Some("x")),
    ("Subject", Some("s")),
    ("Subscription-State", None),
    ("Supported", Some("k")),
    ("To", Some("t")),
    ("Unsupported", None),
    ("User-Agent", None),
    ("Via", Some("v")),
    ("Warning", None),
    ("WWW-Authenticate", None),
];

/// Gives a header's canonical name: the long form in the RFC's spelling, or the name as it stands
/// where it is unknown here.
pub fn canonical(name: &str) -> Cow<'static, str> {
    // All compact forms are one letter, and no long name is.
    let compact = name.len() == 1;
    NAMES
        .iter()
        .find(|(long, short)| match compact {
            true => short.is_some_and(|s| name.eq_ignore_ascii_case(s)),
            false => name.eq_ignore_ascii_case(long),
        })
        .map_or_else(|| Cow::Owned(name.to_owned()), |&(long, _)| Cow::Borrowed(long))
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: Cow<'static, str>,
    /// One line, without white space around it.
    pub value: String,
}

/// The header fields of a message. Via, Route, Record-Route and Contact hold one value an entry
/// once they came through the framer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<Header>);

impl Headers {
    /// Makes no headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// Every value under a name, in order.
    pub fn get_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let name = if name.len() == 1 { canonical(name) } else { Cow::Borrowed(name) };
        self.0
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(&name))
            .map(|header| header.value.as_str())
    }

    /// The words of a comma-separated header, over all its lines.
    pub fn words<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.get_all(name).flat_map(|v| v.split(',')).map(str::trim).filter(|w| !w.is_empty())
    }

    /// Adds a field at the end. A line end within the value becomes a space: no value can begin a
    /// header of its own.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push(header(name, value.into()));
    }

    /// Adds a field at the front, as a sender does with its Via.
    pub fn push_front(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(0, header(name, value.into()));
    }

    /// Puts one value where the first under the name was, or at the end; the others go.
    pub fn replace(&mut self, name: &str, value: impl Into<String>) {
        let new = header(name, value.into());
        let place = self.0.iter().position(|old| old.name.eq_ignore_ascii_case(&new.name));
        self.0.retain(|old| !old.name.eq_ignore_ascii_case(&new.name));
        self.0.insert(place.unwrap_or(self.0.len()), new);
    }

    /// Takes every value under a name away; tells whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let (name, before) = (canonical(name), self.0.len());
        self.0.retain(|old| !old.name.eq_ignore_ascii_case(&name));
        before != self.0.len()
    }

    /// Takes the first value under a name away, as a receiver does with its Via.
    pub fn remove_first(&mut self, name: &str) -> Option<String> {
        let name = canonical(name);
        let place = self.0.iter().position(|old| old.name.eq_ignore_ascii_case(&name))?;
        Some(self.0.remove(place).value)
    }

    /// All fields in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn header(name: &str, value: String) -> Header {
    let value = if value.contains(['\r', '\n']) { value.replace(['\r', '\n'], " ") } else { value };
    let trimmed = value.trim_matches([' ', '\t']);
    let value = if trimmed.len() == value.len() { value } else { trimmed.to_owned() };
    Header { name: canonical(name), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_name_is_found_under_its_long_one() {
        let mut headers = Headers::new();
        headers.push("v", "one");
        headers.push("VIA", "two");
        assert_eq!(headers.get_all("Via").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(headers.iter().next().unwrap().name, "Via");
    }

    #[test]
    fn a_value_cannot_begin_a_header_of_its_own() {
        let mut headers = Headers::new();
        headers.push("Subject", "x\r\nContact: <sip:thief@192.0.2.66>");
        assert_eq!(headers.get("Subject"), Some("x  Contact: <sip:thief@192.0.2.66>"));
        assert_eq!(headers.get("Contact"), None);
    }

    #[test]
    fn replacing_keeps_the_place_and_leaves_one() {
        let mut headers = Headers::new();
        headers.push("To", "a");
        headers.push("X-One", "1");
        headers.push("x-one", "2");
        headers.push("From", "b");
        headers.replace("X-ONE", "3");
        let all: Vec<_> = headers.iter().map(|h| h.value.as_str()).collect();
        assert_eq!(all, ["a", "3", "b"]);
    }
}
