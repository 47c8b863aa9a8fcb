//! A phone that sends its call on by REFER (RFC 3515), by hand: the product's own user agent has no
//! such key, and a foreign eye on the messages is what the story wants.

use std::net::SocketAddr;

/// The dialog of a call that came to the phone, as it stands in the messages on the wire.
#[derive(Clone, Debug, Default)]
pub struct Dialog {
    invite: String,
    answer: String,
}

impl Dialog {
    /// Notes a message that came.
    pub fn came(&mut self, text: &str) {
        if text.starts_with("INVITE ") && header(text, "To").is_some_and(|to| !to.contains("tag="))
        {
            *self = Self { invite: text.to_owned(), answer: String::new() };
        }
    }

    /// Notes a message that went.
    pub fn went(&mut self, text: &str) {
        let answers = text.starts_with("SIP/2.0 200") && header(text, "Call-ID") == self.call_id();
        if answers && header(text, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE")) {
            self.answer = text.to_owned();
        }
    }

    /// The REFER that asks for the other party to be sent to `number`; nothing outside a call.
    pub fn refer(&self, own: SocketAddr, server: SocketAddr, number: &str) -> Option<String> {
        let contact = header(&self.invite, "Contact")?;
        let target = contact.split_once('<')?.1.split_once('>')?.0;
        let (ours, theirs) = (header(&self.answer, "To")?, header(&self.invite, "From")?);
        let call = self.call_id()?;
        Some(format!(
            "REFER {target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-refer;rport\r\n\
             Max-Forwards: 70\r\nFrom: {ours}\r\nTo: {theirs}\r\nCall-ID: {call}\r\n\
             CSeq: 7000 REFER\r\nContact: <sip:phone@{own}>\r\n\
             Refer-To: <sip:{number}@{server}>\r\nContent-Length: 0\r\n\r\n"
        ))
    }

    fn call_id(&self) -> Option<&str> {
        header(&self.invite, "Call-ID")
    }
}

/// What a NOTIFY tells of a transfer, as a status line.
pub fn progress(text: &str) -> Option<&str> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let tells = head.starts_with("NOTIFY ") && head.contains("message/sipfrag");
    tells.then(|| body.lines().next().unwrap_or_default())
}

/// Tells whether a message is the answer to a REFER.
pub fn is_referred(text: &str) -> bool {
    text.starts_with("SIP/2.0 ") && header(text, "CSeq").is_some_and(|cseq| cseq.ends_with("REFER"))
}

/// The 200 to a request.
pub fn accept(request: &str) -> String {
    let mut answer = String::from("SIP/2.0 200 OK\r\n");
    for line in request.lines().take_while(|line| !line.is_empty()) {
        if ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name)) {
            answer.push_str(line);
            answer.push_str("\r\n");
        }
    }
    answer.push_str("Content-Length: 0\r\n\r\n");
    answer
}

/// The value of a header.
pub fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let head = text.split("\r\n\r\n").next()?;
    let line = head.lines().find(|line| {
        line.split_once(':').is_some_and(|(named, _)| named.eq_ignore_ascii_case(name))
    })?;
    Some(line.split_once(':')?.1.trim())
}
