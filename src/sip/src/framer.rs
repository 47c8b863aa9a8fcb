//! The framer: a datagram in, a message that keeps the rules out, or a refusal that can be sent.
//!
//! ```text
//! bytes -> start line + header lines + body -> normalise -> rules -> Message
//!                                                  \-----------\---> ParseError { status, response }
//! ```

use crate::address::Address;
use crate::headers::Headers;
use crate::message::{Message, Start, cseq_parts, method_named, reason};
use crate::normalise::{is_token, normalise};
use crate::{uri, via::Via};
use rsip::{Method, Scheme};

/// Most bytes of a datagram; more are refused with 513. UDP cannot carry more.
pub const DATAGRAM_MAX: usize = 65_535;
/// Most bytes of a line once it is unfolded; more are refused with 400, of the first line with 414.
pub const LINE_MAX: usize = 8 * 1024;
/// Most header fields of a message, list values counted apart; more are refused with 400.
pub const HEADERS_MAX: usize = 128;

/// Headers that a message has no more than once (RFC 3261 section 7.3.1).
const SINGLE: [&str; 8] =
    ["To", "From", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type", "Expires"];
/// Headers that every message has (RFC 3261 section 8.1.1). Max-Forwards is forgiven: RFC 2543 did
/// not know it.
const REQUIRED: [&str; 5] = ["Via", "From", "To", "Call-ID", "CSeq"];

/// What is wrong with a datagram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the datagram holds no message")]
    Empty,
    #[error("the datagram has {0} bytes, more than {DATAGRAM_MAX}")]
    TooLarge(usize),
    #[error("the first line is no request line and no status line")]
    StartLine,
    #[error("the first line has more than {LINE_MAX} bytes")]
    UriTooLong,
    #[error("the version is not SIP/2.0")]
    Version,
    #[error("the method is not known here")]
    Method,
    #[error("the status code is none")]
    Code,
    #[error("the request URI is malformed: {0}")]
    Uri(#[from] uri::UriError),
    #[error("the request URI's scheme is not known here")]
    Scheme,
    #[error("the headers have no end")]
    Unfinished,
    #[error("start line and headers are longer than {} bytes", crate::stream::HEAD_BYTES_MAX)]
    HeadTooLong,
    #[error("a header line is none")]
    HeaderLine,
    #[error("a header line has more than {LINE_MAX} bytes")]
    LineTooLong,
    #[error("more than {HEADERS_MAX} header fields")]
    TooManyHeaders,
    #[error("a carriage return stands within a line")]
    BareReturn,
    #[error("header {0} holds a character that no receiver can trust")]
    Character(String),
    #[error("header {0} is missing")]
    Missing(&'static str),
    #[error("header {0} stands more than once")]
    Twice(&'static str),
    #[error("header {0} is malformed")]
    Malformed(&'static str),
    #[error("the method of CSeq is not the request's")]
    CseqMethod,
    #[error("the body has {there} bytes and Content-Length says {stated}")]
    BodyShort { stated: usize, there: usize },
}

impl Fault {
    /// The status code the RFC wants for it.
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge(_) | Self::HeadTooLong => 513,
            Self::UriTooLong => 414,
            Self::Scheme => 416,
            Self::Method => 501,
            Self::Version => 505,
            _ => 400,
        }
    }
}

/// A datagram that is no message for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct ParseError {
    pub status: u16,
    pub fault: Fault,
    /// The refusal, if it was a request (not an ACK) with enough in it to be answered. It still
    /// wants its Via stamped (`Message::stamp_via` gives where it goes) and a tag for To.
    pub response: Option<Box<Message>>,
}

/// Tells whether a datagram only keeps a NAT open: empty, line ends, spaces, zeros (RFC 5626
/// section 3.5.1 and what phones do besides).
pub fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.len() <= 64 && bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0 | b' '))
}

/// Reads the one message of a datagram. Bytes after the stated body are passed over (RFC 3261
/// section 18.3).
pub fn parse_datagram(bytes: &[u8]) -> Result<Message, ParseError> {
    if bytes.len() > DATAGRAM_MAX {
        return Err(refusal(Fault::TooLarge(bytes.len()), "", &Headers::new()));
    }
    // Empty lines before the first are passed over (RFC 3261 section 7.5).
    let begin = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    let (first, rest) = line(&bytes[begin..]);
    if first.is_empty() {
        return Err(refusal(Fault::Empty, "", &Headers::new()));
    }
    let (lines, body, finished) = header_lines(rest);
    let normal = normalise(lines.into_iter());
    let mut headers = normal.headers;
    let first_text = String::from_utf8_lossy(&first[..first.len().min(LINE_MAX)]);
    let method_name = first_text.split(' ').next().unwrap_or_default();
    let result = (|| {
        let start = start_line(first)?;
        if !finished {
            return Err(Fault::Unfinished);
        }
        if let Some(fault) = normal.fault {
            return Err(fault);
        }
        check(&start, &headers)?;
        Ok((start, stated_body(&headers, body)?))
    })();
    match result {
        Ok((start, body)) => {
            let body = body.to_vec();
            // From here on the length is the body's own.
            headers.remove("Content-Length");
            Ok(Message { start, headers, body })
        }
        Err(fault) => Err(refusal(fault, method_name, &headers)),
    }
}

/// Reads the length of the body out of a head that ends in its empty line: on a stream it has to be
/// there, once (RFC 3261 section 20.14).
pub fn stated_length(head: &[u8]) -> Result<usize, Fault> {
    let (_, rest) = line(head);
    let (lines, ..) = header_lines(rest);
    let headers = normalise(lines.into_iter()).headers;
    let mut stated = headers.get_all("Content-Length");
    match (stated.next(), stated.next()) {
        (Some(stated), None) => number(stated).ok_or(Fault::Malformed("Content-Length")),
        (Some(_), Some(_)) => Err(Fault::Twice("Content-Length")),
        (None, _) => Err(Fault::Missing("Content-Length")),
    }
}

/// Takes a line off the front, without its CRLF or LF.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[][..]),
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// Takes the header lines off the front; the last value tells whether an empty line ended them.
fn header_lines(mut rest: &[u8]) -> (Vec<&[u8]>, &[u8], bool) {
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let (one, after) = line(rest);
        if one.is_empty() {
            return (lines, after, true);
        }
        lines.push(one);
        rest = after;
    }
    (lines, rest, false)
}

fn start_line(line: &[u8]) -> Result<Start, Fault> {
    let is_response = line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"SIP/");
    if line.len() > LINE_MAX {
        return Err(if is_response { Fault::LineTooLong } else { Fault::UriTooLong });
    }
    if is_response { status_line(line) } else { request_line(line) }
}

/// Reads `SIP/2.0 486 Busy Here`; the phrase may be missing, and what of it is no UTF-8 is lost.
fn status_line(line: &[u8]) -> Result<Start, Fault> {
    let text = String::from_utf8_lossy(line);
    let (version, rest) = text.split_once(' ').ok_or(Fault::StartLine)?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Fault::Version);
    }
    let (code, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
    let three = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    let code: u16 = if three { code.parse().map_err(|_| Fault::Code)? } else { 0 };
    if !(100..700).contains(&code) {
        return Err(Fault::Code);
    }
    let reason: String = phrase.chars().filter(|c| !c.is_control()).collect();
    Ok(Start::Response { code, reason: reason.trim().to_owned() })
}

/// Reads `INVITE sip:95@box.example SIP/2.0`, with exactly one space between (RFC 3261 section
/// 7.1).
fn request_line(line: &[u8]) -> Result<Start, Fault> {
    let text = std::str::from_utf8(line).map_err(|_| Fault::StartLine)?;
    let (method, rest) = text.split_once(' ').ok_or(Fault::StartLine)?;
    let (target, version) = rest.rsplit_once(' ').ok_or(Fault::StartLine)?;
    if !is_token(method) || target.is_empty() || version.len() < 5 {
        return Err(Fault::StartLine);
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        let is_sip = version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case("SIP/"));
        return Err(if is_sip { Fault::Version } else { Fault::StartLine });
    }
    let method = method_named(method).ok_or(Fault::Method)?;
    let uri = uri::parse(target)?;
    match &uri.scheme {
        Some(Scheme::Other(scheme)) if scheme != "tel" => Err(Fault::Scheme),
        _ => Ok(Start::Request { method, uri }),
    }
}

/// Holds the headers against the rules of RFC 3261 sections 8.1.1 and 20.
fn check(start: &Start, headers: &Headers) -> Result<(), Fault> {
    for name in SINGLE {
        if headers.get_all(name).count() > 1 {
            return Err(Fault::Twice(name));
        }
    }
    for name in REQUIRED {
        if headers.get(name).is_none_or(str::is_empty) {
            return Err(Fault::Missing(name));
        }
    }
    let get = |name| headers.get(name).unwrap_or_default();
    let (_, cseq_method) = cseq_parts(get("CSeq")).ok_or(Fault::Malformed("CSeq"))?;
    if let Start::Request { method, .. } = start {
        if method_named(cseq_method) != Some(*method) {
            return Err(Fault::CseqMethod);
        }
    } else if !is_token(cseq_method) {
        return Err(Fault::Malformed("CSeq"));
    }
    if get("Call-ID").contains([' ', '\t']) {
        return Err(Fault::Malformed("Call-ID"));
    }
    Via::parse(get("Via")).map_err(|_| Fault::Malformed("Via"))?;
    if headers.get_all("Via").any(str::is_empty) {
        return Err(Fault::Malformed("Via"));
    }
    for name in ["From", "To", "Route", "Record-Route"] {
        for value in headers.get_all(name) {
            Address::parse(value).map_err(|_| Fault::Malformed(name))?;
        }
    }
    let star = headers.get_all("Contact").eq(["*"]);
    if !star && headers.get_all("Contact").any(|value| Address::parse(value).is_err()) {
        return Err(Fault::Malformed("Contact"));
    }
    match headers.get("Max-Forwards") {
        Some(hops) if number(hops).is_none_or(|hops| hops > 255) => {
            Err(Fault::Malformed("Max-Forwards"))
        }
        _ => Ok(()),
    }
}

/// Cuts the body to Content-Length; without one it is the rest of the datagram (RFC 3261 section
/// 20.14).
fn stated_body<'a>(headers: &Headers, body: &'a [u8]) -> Result<&'a [u8], Fault> {
    let Some(stated) = headers.get("Content-Length") else { return Ok(body) };
    let stated = number(stated).ok_or(Fault::Malformed("Content-Length"))?;
    body.get(..stated).ok_or(Fault::BodyShort { stated, there: body.len() })
}

fn number(digits: &str) -> Option<usize> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Makes the error of a head that a stream broke within.
pub fn refused(fault: Fault, head: &[u8]) -> ParseError {
    let (first, rest) = line(head);
    let (lines, ..) = header_lines(rest);
    let headers = normalise(lines.into_iter()).headers;
    let first = String::from_utf8_lossy(&first[..first.len().min(LINE_MAX)]);
    let is_response = first.get(..4).is_some_and(|v| v.eq_ignore_ascii_case("SIP/"));
    let method = if is_response { "" } else { first.split(' ').next().unwrap_or_default() };
    refusal(fault, method, &headers)
}

/// Makes the error, with a response where one can be addressed.
fn refusal(fault: Fault, method: &str, headers: &Headers) -> ParseError {
    let status = fault.status();
    let is_request = is_token(method) && method != Method::Ack.to_string();
    // Of a malformed Via what is left is enough to go back by.
    let via = headers.get("Via").and_then(|text| match Via::parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(_) => Via::salvage(text).map(|via| via.to_string()),
    });
    let whole = REQUIRED.iter().all(|name| headers.get(name).is_some_and(|v| !v.is_empty()));
    let response = via.filter(|_| is_request && whole).map(|via| {
        let mut response = Message {
            start: Start::Response { code: status, reason: reason(status).to_owned() },
            headers: Headers::new(),
            body: Vec::new(),
        };
        response.headers.push("Via", via);
        for value in headers.get_all("Via").skip(1).filter(|value| value.contains('/')) {
            response.headers.push("Via", value);
        }
        for name in &REQUIRED[1..] {
            response.headers.push(name, headers.get(name).unwrap_or_default());
        }
        Box::new(response)
    });
    ParseError { status, fault, response }
}
