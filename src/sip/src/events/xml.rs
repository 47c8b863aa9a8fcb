//! XML as event bodies have it: read within bounds, written without surprises.
//!
//! What is read comes from a phone: small, no document type, no entity of its own (`roxmltree`
//! refuses both), a bounded number of nodes. What is written escapes each text, so nothing a caller
//! or another phone says becomes markup.

use roxmltree::{Document, Node, ParsingOptions};
use std::borrow::Cow;

/// Longest body of a SUBSCRIBE that is read; a longer one is refused with 413.
pub const BODY_MAX: usize = 4096;
/// Most nodes (elements, texts, attributes' owners) of a body; a body with more is refused.
const NODES_MAX: u32 = 128;
/// Most characters of one text that is used; what is longer is no number, name or reason.
const TEXT_MAX: usize = 128;

/// Why a body is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    #[error("the body is longer than {BODY_MAX} bytes")]
    TooLong,
    #[error("the body is no XML, or has a document type or too many nodes")]
    Malformed,
}

/// The text of a body. Phones declare ISO-8859-1 and send ASCII; what is no UTF-8 is taken at its
/// word.
pub fn text_of(body: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    if body.len() > BODY_MAX {
        return Err(XmlError::TooLong);
    }
    Ok(match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(body.iter().map(|byte| char::from(*byte)).collect()),
    })
}

/// Reads a body.
pub fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text.trim(), options).map_err(|_| XmlError::Malformed)
}

/// The text of the first element of that name below a node, whatever its namespace; nothing where
/// it is empty or too long.
pub fn child_text(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.descendants().find(|n| n.is_element() && n.tag_name().name() == name)?;
    let text = found.text().unwrap_or_default().trim();
    (!text.is_empty() && text.chars().count() <= TEXT_MAX).then(|| text.to_owned())
}

/// Tells whether there is an element of that name below a node.
pub fn has_child(node: Node<'_, '_>, name: &str) -> bool {
    node.descendants().any(|n| n.is_element() && n.tag_name().name() == name)
}

/// Escapes a text for an element or a double-quoted attribute. Characters that no XML may hold are
/// left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_become_markup() {
        assert_eq!(escape("<a b=\"c\">&'\u{7}\u{0}x"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;x");
    }

    #[test]
    fn a_document_type_is_refused_and_so_is_an_entity() {
        let laughs = "<!DOCTYPE a [<!ENTITY b \"ha\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
        assert_eq!(parse(laughs).map(drop), Err(XmlError::Malformed));
        assert_eq!(parse("<a>&c;</a>").map(drop), Err(XmlError::Malformed));
    }

    #[test]
    fn nodes_and_bytes_are_bounded() {
        let deep = "<a>".repeat(200) + &"</a>".repeat(200);
        assert_eq!(parse(&deep).map(drop), Err(XmlError::Malformed));
        assert_eq!(text_of(&[b'a'; BODY_MAX + 1]).map(drop), Err(XmlError::TooLong));
    }

    #[test]
    fn a_body_of_latin_letters_is_read_though_it_is_no_utf_8() {
        let body = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a><b>caf\xe9</b></a>";
        let text = text_of(body).unwrap();
        let document = parse(&text).unwrap();
        assert_eq!(child_text(document.root_element(), "b").as_deref(), Some("café"));
    }
}
