//! Settings as elements and attributes of XML.

use crate::text::xml;
use std::fmt::Display;

/// Writes a document of elements, one a line, indented. Every value is escaped.
pub(super) struct Tree {
    text: String,
    open: Vec<String>,
}

impl Tree {
    pub fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() }
    }

    /// Opens an element with its attributes.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        self.attributes(attributes, " ");
        self.text.push_str(">\n");
        self.open.push(name.to_owned());
        self
    }

    /// Closes the element opened last.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.text.push_str(&format!("</{name}>\n"));
        }
        self
    }

    /// Adds an element that holds a value.
    pub fn leaf(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.indent();
        let value = xml(&value.to_string());
        self.text.push_str(&format!("<{name}>{value}</{name}>\n"));
        self
    }

    /// Adds an element `<item name="…">`.
    pub fn item(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.indent();
        let (name, value) = (xml(name), xml(&value.to_string()));
        self.text.push_str(&format!("<item name=\"{name}\">{value}</item>\n"));
        self
    }

    /// Adds an element that has attributes alone, one a line.
    pub fn flat(&mut self, name: &str, attributes: &[(String, String)]) -> &mut Self {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        let gap = format!("\n{}", "  ".repeat(self.open.len() + 1));
        let borrowed: Vec<(&str, &str)> =
            attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.attributes(&borrowed, &gap);
        self.text.push_str("/>\n");
        self
    }

    /// Closes whatever is open.
    pub fn end(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }

    fn attributes(&mut self, attributes: &[(&str, &str)], gap: &str) {
        for (name, value) in attributes {
            self.text.push_str(&format!("{gap}{name}=\"{}\"", xml(value)));
        }
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.open.len()));
    }
}
