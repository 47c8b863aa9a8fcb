//! Why a call ended, in the words of telephone networks (RFC 3326; Q.850 as RFC 3398 maps it).
//!
//! ```text
//! Reason: SIP;cause=200;text="Call completed elsewhere", Q.850;cause=16
//! ```

use crate::message::Message;
use crate::param::split_outside_quotes;
use model::{Cause, Q850};

/// Told to the other phones of an agent, so that they show no missed call.
pub const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";
/// Told to a peer whose session timer ran out (RFC 4028 section 10 hangs up then).
pub const EXPIRED: &str = "SIP;cause=408;text=\"Session expired\"";
/// Told to a peer that wants its sound in clear where it has to be encrypted.
pub const ENCRYPT_PHRASE: &str = "Encryption is required";
/// The same as a reason (RFC 3326).
pub const ENCRYPT: &str = "SIP;cause=488;text=\"Encryption is required\"";

/// Most reasons of a message that are looked at.
const REASONS_MAX: usize = 8;

/// The header's value for a cause.
pub fn of(cause: Cause) -> &'static str {
    match cause {
        Cause::Normal | Cause::Cancelled => "Q.850;cause=16;text=\"Normal call clearing\"",
        Cause::Busy => "Q.850;cause=17;text=\"User busy\"",
        Cause::NoAnswer => "Q.850;cause=19;text=\"No answer\"",
        Cause::Declined => "Q.850;cause=21;text=\"Call rejected\"",
        Cause::NotFound => "Q.850;cause=1;text=\"Unallocated number\"",
        Cause::Unreachable => "Q.850;cause=20;text=\"Subscriber absent\"",
        Cause::Forbidden => "Q.850;cause=57;text=\"Not authorized\"",
        Cause::NotAcceptable => "Q.850;cause=88;text=\"Incompatible destination\"",
        Cause::Congestion => "Q.850;cause=42;text=\"Congestion\"",
        Cause::Failure => "Q.850;cause=41;text=\"Temporary failure\"",
        Cause::Vanished => "Q.850;cause=27;text=\"Destination out of order\"",
    }
}

/// The cause that a message's Q.850 reason stands for, if it has one.
pub fn read(message: &Message) -> Option<Cause> {
    let values = message.headers.get_all("Reason");
    let reasons = values.flat_map(|value| split_outside_quotes(value, ',')).take(REASONS_MAX);
    reasons.filter_map(q850).next()
}

fn q850(reason: &str) -> Option<Cause> {
    let mut parts = split_outside_quotes(reason, ';').into_iter().map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("Q.850") {
        return None;
    }
    let number = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("cause").then(|| value.trim().parse::<u8>().ok())?
    })?;
    Some(Q850(number).cause())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsip::Method;

    fn with(value: &str) -> Message {
        Message::request(Method::Bye, crate::uri::parse("sip:a@x").unwrap()).with("Reason", value)
    }

    #[test]
    fn what_is_written_for_a_cause_is_read_as_it() {
        use Cause::*;
        for cause in [Busy, NoAnswer, Declined, NotFound, Forbidden, NotAcceptable, Congestion] {
            assert_eq!(read(&with(of(cause))), Some(cause));
        }
    }

    #[test]
    fn the_q850_reason_is_found_among_others_and_nonsense_is_none() {
        assert_eq!(
            read(&with("SIP;cause=200;text=\"a, Q.850;cause=1\", q.850 ;cause=17")),
            Some(Cause::Busy)
        );
        for text in ["", "SIP;cause=17", "Q.850", "Q.850;cause=x", "Q.850;cause=999"] {
            assert_eq!(read(&with(text)), None, "{text}");
        }
    }
}
