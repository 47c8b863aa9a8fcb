//! Header lines made regular: unfolded, under canonical names, list headers one value an entry.
//!
//! Phones fold lines, use compact names, put spaces before the colon and end lines with LF alone;
//! past here no one has to know (RFC 3261 sections 7.3.1 and 25.1).

use crate::address::split_list;
use crate::framer::{Fault, HEADERS_MAX, LINE_MAX};
use crate::headers::{Headers, canonical};

/// Headers whose values are put apart, so that one can be pushed and taken.
const LISTS: [&str; 4] = ["Via", "Route", "Record-Route", "Contact"];
/// Headers that a response carries back to the letter, where no byte may be doubtful.
const VERBATIM: [&str; 3] = ["Via", "Call-ID", "CSeq"];

/// Header fields and the first thing that was wrong with them. They are read on after a fault, so
/// that a refusal can still be addressed.
pub(crate) struct Normal {
    pub headers: Headers,
    pub fault: Option<Fault>,
}

/// Makes the header lines regular; `lines` are without their ends.
pub(crate) fn normalise<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Normal {
    let mut normal = Normal { headers: Headers::new(), fault: None };
    let mut logical: Vec<u8> = Vec::new();
    for line in lines {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if logical.is_empty() {
                normal.note(Fault::HeaderLine);
            }
            // A fold counts as one space (RFC 3261 section 7.3.1).
            logical.push(b' ');
            logical.extend_from_slice(line.trim_ascii());
        } else {
            normal.take(&logical);
            logical.clear();
            logical.extend_from_slice(line);
        }
        if logical.len() > LINE_MAX {
            normal.note(Fault::LineTooLong);
            logical.truncate(LINE_MAX);
        }
    }
    normal.take(&logical);
    normal
}

impl Normal {
    fn note(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// Takes one whole line in.
    fn take(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            return self.note(Fault::HeaderLine);
        };
        let (name, value) = (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii());
        let name = match std::str::from_utf8(name) {
            Ok(name) if is_token(name) => canonical(name),
            _ => return self.note(Fault::HeaderLine),
        };
        if line.contains(&b'\r') {
            return self.note(Fault::BareReturn);
        }
        let verbatim = VERBATIM.contains(&name.as_ref());
        if verbatim && !std::str::from_utf8(value).is_ok_and(|v| !v.contains(is_foreign)) {
            return self.note(Fault::Character(name.into_owned()));
        }
        // Elsewhere a display name in another encoding than UTF-8 costs its signs, not the call.
        let value = String::from_utf8_lossy(value);
        let list = LISTS.contains(&name.as_ref());
        for value in if list { split_list(&value) } else { vec![value.trim()] } {
            // A message that says no length is written with one: there is always room for it.
            let length = name == "Content-Length" || self.headers.get("Content-Length").is_some();
            if self.headers.len() >= HEADERS_MAX - usize::from(!length) {
                return self.note(Fault::TooManyHeaders);
            }
            self.headers.push(&name, value);
        }
    }
}

/// Tells whether the text is a token (RFC 3261 section 25.1).
pub(crate) fn is_token(text: &str) -> bool {
    let of_token = |b: u8| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b);
    !text.is_empty() && text.bytes().all(of_token)
}

fn is_foreign(c: char) -> bool {
    c.is_control() && c != '\t'
}
