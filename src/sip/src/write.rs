//! The serialiser: a message as the bytes of its datagram. Bodies pass as they are.

use crate::message::{Message, Start, method_name};
use crate::uri;
use std::fmt::Write;

impl Message {
    /// Writes the message. Content-Length is counted here, whatever the headers say of it.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = match &self.start {
            Start::Request { method, uri } => {
                format!("{} {} SIP/2.0\r\n", method_name(*method), uri::write(uri))
            }
            Start::Response { code, reason } => {
                let reason: String = reason.chars().filter(|c| !c.is_control()).collect();
                format!("SIP/2.0 {code:03} {reason}\r\n")
            }
        };
        let lines = self.headers.iter().map(|header| header.name.len() + header.value.len() + 4);
        text.reserve(lines.sum::<usize>() + self.body.len() + 32);
        for header in self.headers.iter().filter(|header| header.name != "Content-Length") {
            text.push_str(&header.name);
            text.push_str(": ");
            text.push_str(&header.value);
            text.push_str("\r\n");
        }
        let _ = write!(text, "Content-Length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
