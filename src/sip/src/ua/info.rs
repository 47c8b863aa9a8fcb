//! Keys told by INFO, as gateways without RFC 4733 do; read in both forms, sent in the first.
//!
//! ```text
//! application/dtmf-relay: "Signal=5 CRLF Duration=160"      application/dtmf: "5"
//! ```

use crate::message::Message;
use model::Digit;

/// The body types we read.
pub const ACCEPT: &str = "application/dtmf-relay, application/dtmf";

/// What an INFO says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Info {
    Key(Digit),
    /// No body: it only keeps something open (RFC 6086 section 5).
    Nothing,
    /// A body that holds no key.
    Unreadable,
    /// A body of another type: 415.
    Foreign,
}

/// The body type we send.
pub const SENT: &str = "application/dtmf-relay";
/// How long a key lasts as it is sent.
const SENT_MS: u16 = 100;

/// The body that tells of a key.
pub fn body(digit: Digit) -> Vec<u8> {
    format!("Signal={}\r\nDuration={SENT_MS}\r\n", digit.as_char()).into_bytes()
}

/// Reads an INFO.
pub fn read(request: &Message) -> Info {
    let text = String::from_utf8_lossy(&request.body);
    let key = match request.content_type().as_deref() {
        _ if request.body.is_empty() => return Info::Nothing,
        Some("application/dtmf-relay") => text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim().to_owned())
        }),
        Some("application/dtmf") => Some(text.trim().to_owned()),
        _ => return Info::Foreign,
    };
    key.and_then(|key| digit(&key)).map_or(Info::Unreadable, Info::Key)
}

/// A key by its sign, or by its number as some phones send `*` and `#` (RFC 4733 section 3.2).
fn digit(key: &str) -> Option<Digit> {
    let mut signs = key.chars();
    match (signs.next(), signs.next()) {
        (Some(sign), None) => Digit::new(sign),
        _ => key.parse().ok().and_then(Digit::from_event_code),
    }
}
