//! Plug and play: a phone out of its box asks the network where its settings are.
//!
//! ```text
//! phone                         224.0.1.75:5060                       box
//!   |  SUBSCRIBE sip:MAC%3a0015…@224.0.1.75, Event: ua-profile          |
//!   |------------------------------------------------------------------>|
//!   |                                                       200 OK      |
//!   |<------------------------------------------------------------------|
//!   |                     NOTIFY, application/url: https://box/phones/  |
//!   |<------------------------------------------------------------------|
//! ```
//!
//! The URL holds no secret, since everybody on the network hears it (RFC 6080 calls the event
//! `ua-profile`). Only a device that the site names is answered. What the phone sent is read into
//! checked fields and written anew; a header that is odd makes the whole message nothing.

use crate::mac::Mac;
use crate::text::{clean, cut};
use std::fmt::Write as _;
use std::net::SocketAddr;

/// The group and port that phones ask at.
pub const GROUP: std::net::Ipv4Addr = std::net::Ipv4Addr::new(224, 0, 1, 75);
pub const PORT: u16 = 5060;
/// Longest message read, and most header lines in it.
pub const BYTES_MAX: usize = 4096;
const HEADERS_MAX: usize = 64;
/// Longest value that is written back.
const VALUE_BYTES_MAX: usize = 512;
const VIAS_MAX: usize = 4;

/// What a phone asked by multicast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub mac: Mac,
    /// As the phone says, cleaned; for a person to read.
    pub vendor: String,
    pub model: String,
    vias: Vec<String>,
    from: String,
    to: String,
    call_id: String,
    cseq: u32,
    /// Where the phone wants the NOTIFY.
    contact: String,
}

impl Asked {
    /// Reads a SUBSCRIBE for `ua-profile`; nothing for any other or odd message.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.split("\r\n");
        let uri = lines.next()?.strip_prefix("SUBSCRIBE ")?.strip_suffix(" SIP/2.0")?;
        let mac = mac_of(uri)?;
        let mut headers = Headers::default();
        for (index, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
            if index >= HEADERS_MAX {
                return None;
            }
            headers.add(line)?;
        }
        let event = headers.event?;
        let mut parts = event.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("ua-profile") {
            return None;
        }
        let (mut vendor, mut model) = (String::new(), String::new());
        for part in parts {
            let Some((name, value)) = part.split_once('=') else { continue };
            let value = cut(&clean(value.trim().trim_matches('"')), 40);
            match name.trim().to_ascii_lowercase().as_str() {
                "vendor" => vendor = value,
                "model" => model = value,
                _ => {}
            }
        }
        let (count, method) = headers.cseq?.split_once(' ')?;
        if method.trim() != "SUBSCRIBE" || headers.vias.is_empty() {
            return None;
        }
        Some(Self {
            mac,
            vendor,
            model,
            vias: headers.vias.iter().map(|via| (*via).to_owned()).collect(),
            from: headers.from?.to_owned(),
            to: headers.to?.to_owned(),
            call_id: headers.call_id?.to_owned(),
            cseq: count.parse().ok().filter(|count| *count < 1 << 31)?,
            contact: target(headers.contact?)?.to_owned(),
        })
    }

    /// The 200 to it. `tag` is fresh letters and digits.
    pub fn accept(&self, local: SocketAddr, tag: &str) -> String {
        let mut text = String::from("SIP/2.0 200 OK\r\n");
        for via in &self.vias {
            let _ = write!(text, "Via: {via}\r\n");
        }
        let to = self.tagged_to(tag);
        let _ = write!(
            text,
            "From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {} SUBSCRIBE\r\n\
             Contact: <sip:{local}>\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n",
            self.from, self.call_id, self.cseq
        );
        text
    }

    /// The NOTIFY that tells the phone where its settings are. `branch` is fresh letters and digits.
    pub fn notify(&self, local: SocketAddr, tag: &str, branch: &str, url: &str) -> String {
        let from = self.tagged_to(tag);
        format!(
            "NOTIFY {} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{branch};rport\r\n\
             Max-Forwards: 20\r\nFrom: {from}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 NOTIFY\r\n\
             Contact: <sip:{local}>\r\nEvent: ua-profile;effective-by=0\r\n\
             Subscription-State: terminated;reason=timeout\r\nContent-Type: application/url\r\n\
             Content-Length: {}\r\n\r\n{url}",
            self.contact,
            self.from,
            self.call_id,
            url.len(),
        )
    }

    /// What tells one question from another, however often it is sent.
    pub fn key(&self) -> String {
        format!("{} {}", self.call_id, self.cseq)
    }

    /// The box's side of the dialog: the `To` of the phone with our tag.
    fn tagged_to(&self, tag: &str) -> String {
        if self.to.contains(";tag=") { self.to.clone() } else { format!("{};tag={tag}", self.to) }
    }
}

/// The headers that matter, each once but for Via.
#[derive(Default)]
struct Headers<'a> {
    vias: Vec<&'a str>,
    from: Option<&'a str>,
    to: Option<&'a str>,
    call_id: Option<&'a str>,
    cseq: Option<&'a str>,
    contact: Option<&'a str>,
    event: Option<&'a str>,
}

impl<'a> Headers<'a> {
    /// Adds a line; nothing where it is folded, too long, doubled or holds control characters.
    fn add(&mut self, line: &'a str) -> Option<()> {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        let name = name.trim_end();
        if name.is_empty() || name.starts_with([' ', '\t']) || value.len() > VALUE_BYTES_MAX {
            return None;
        }
        if value.chars().any(char::is_control) {
            return None;
        }
        let place = match name.to_ascii_lowercase().as_str() {
            "via" | "v" => {
                self.vias.push(value);
                return (self.vias.len() <= VIAS_MAX).then_some(());
            }
            "from" | "f" => &mut self.from,
            "to" | "t" => &mut self.to,
            "call-id" | "i" => &mut self.call_id,
            "cseq" => &mut self.cseq,
            "contact" | "m" => &mut self.contact,
            "event" | "o" => &mut self.event,
            _ => return Some(()),
        };
        place.replace(value).is_none().then_some(())
    }
}

/// The device in the request's address: `sip:MAC0015…@…`, or `MAC%3a` before the digits.
fn mac_of(uri: &str) -> Option<Mac> {
    let (user, _) = uri.strip_prefix("sip:")?.split_once('@')?;
    let rest = user.get(..3).filter(|head| head.eq_ignore_ascii_case("mac"))?;
    let digits = user.get(rest.len()..)?;
    let colon = digits.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("%3a"));
    let digits = if colon { digits.get(3..)? } else { digits };
    Mac::parse(digits)
}

/// The address within a Contact: a `sip:` address without white space.
fn target(contact: &str) -> Option<&str> {
    let inner = match contact.split_once('<') {
        Some((_, rest)) => rest.split_once('>')?.0,
        None => contact.split(';').next()?,
    };
    let fits = inner.starts_with("sip:") && inner.len() > 4;
    let plain = inner.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    (fits && plain).then_some(inner)
}

#[cfg(test)]
mod tests;
