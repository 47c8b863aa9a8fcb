//! The feature codes: what is dialled at a phone, or pressed during a talk, that is nobody's number.

use crate::leg::Digit;
use std::collections::BTreeMap;

/// The feature codes agents dial from any phone. No code begins with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    pub log_in: String,
    pub log_out: String,
    pub ready: String,
    /// Followed by no or one digit of `reasons`.
    pub not_ready: String,
    pub wrap_up_end: String,
    /// After-call work begins, or goes on.
    pub wrap_up: String,
    /// Sit down at this phone: followed by the agent's number, then `*` and the PIN; what is not
    /// dialled is asked for.
    pub seat: String,
    /// During a talk: send the other party to the number that follows, ended by `#`.
    pub transfer: String,
    /// During a talk: ask the number that follows while the other party waits.
    pub consult: String,
    /// During a consultation, or with two calls: talk with the other one.
    pub swap: String,
    /// During a consultation, or with two calls: join the other two and leave.
    pub complete: String,
    /// During a consultation, or with two calls: let all three hear each other.
    pub conference: String,
    /// During a talk: park the other party, in the slot that follows or in a free one.
    pub park: String,
    /// Answer a phone that rings: any, or the one whose number follows.
    pub pick_up: String,
    pub dnd_on: String,
    pub dnd_off: String,
    /// Hear who is to be called back, and put the lamp out.
    pub missed: String,
    /// Send all calls of this phone to the number that follows.
    pub forward_always: String,
    pub forward_busy: String,
    /// Followed by the number, then `*` and how often the phone rings before.
    pub forward_no_answer: String,
    /// Send no calls on any more.
    pub forward_off: String,
    /// Listen to the talk of the agent whose number follows; whisper to the agent; let all hear
    /// each other; have the talk instead of the agent.
    pub listen: String,
    pub whisper: String,
    pub barge: String,
    pub take_over: String,
    /// Ring although the phone talks, or not.
    pub call_waiting_on: String,
    pub call_waiting_off: String,
    /// What a phone calls to have a conference of its own on the box (RFC 4579 5.4); no code, but
    /// a name that no number is.
    pub conference_factory: String,
    /// Reasons of not ready by their digit: `1` break, `2` lunch …
    pub reasons: BTreeMap<Digit, String>,
}

/// What may follow a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// No or one digit of `Codes.reasons`.
    Reason,
    /// An agent's number, `*` and the PIN, or less of it.
    Agent,
    /// The number of an agent who talks.
    Talker,
    /// A number to call.
    Number,
    /// A number or nothing.
    MaybeNumber,
    /// A number, or a number, `*` and how many rings.
    NumberAndRings,
}

/// A code with the key it has in `site.toml` and in the words of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow<'a> {
    pub key: &'static str,
    pub code: &'a str,
    pub takes: Takes,
    /// Pressed during a talk, not dialled.
    pub in_talk: bool,
}

/// Every code: its key, what may follow, whether it is pressed during a talk, and its field.
macro_rules! rows {
    ($given:expr, $row:ident) => {{
        let given = $given;
        [
            $row!("log-in", Takes::Nothing, false, given.log_in),
            $row!("log-out", Takes::Nothing, false, given.log_out),
            $row!("ready", Takes::Nothing, false, given.ready),
            $row!("not-ready", Takes::Reason, false, given.not_ready),
            $row!("wrap-up-end", Takes::Nothing, false, given.wrap_up_end),
            $row!("wrap-up", Takes::Nothing, false, given.wrap_up),
            $row!("seat", Takes::Agent, false, given.seat),
            $row!("transfer", Takes::Number, true, given.transfer),
            $row!("consult", Takes::Number, true, given.consult),
            $row!("swap", Takes::Nothing, true, given.swap),
            $row!("complete", Takes::Nothing, true, given.complete),
            $row!("conference", Takes::Nothing, true, given.conference),
            $row!("park", Takes::MaybeNumber, true, given.park),
            $row!("pick-up", Takes::MaybeNumber, false, given.pick_up),
            $row!("dnd-on", Takes::Nothing, false, given.dnd_on),
            $row!("dnd-off", Takes::Nothing, false, given.dnd_off),
            $row!("forward-always", Takes::Number, false, given.forward_always),
            $row!("forward-busy", Takes::Number, false, given.forward_busy),
            $row!("forward-no-answer", Takes::NumberAndRings, false, given.forward_no_answer),
            $row!("forward-off", Takes::Nothing, false, given.forward_off),
            $row!("call-waiting-on", Takes::Nothing, false, given.call_waiting_on),
            $row!("call-waiting-off", Takes::Nothing, false, given.call_waiting_off),
            $row!("missed", Takes::Nothing, false, given.missed),
            $row!("listen", Takes::Talker, false, given.listen),
            $row!("whisper", Takes::Talker, false, given.whisper),
            $row!("barge", Takes::Talker, false, given.barge),
            $row!("take-over", Takes::Talker, false, given.take_over),
        ]
    }};
}

/// How many codes there are.
pub const CODES: usize = 27;

impl Codes {
    /// Every code, in the order a person is told of them.
    pub fn rows(&self) -> [CodeRow<'_>; CODES] {
        macro_rules! row {
            ($key:expr, $takes:expr, $in_talk:expr, $field:expr) => {
                CodeRow { key: $key, code: &$field, takes: $takes, in_talk: $in_talk }
            };
        }
        rows!(self, row)
    }

    /// Every code by its key, to be read from a site.
    pub fn fields_mut(&mut self) -> [(&'static str, &mut String); CODES] {
        macro_rules! row {
            ($key:expr, $takes:expr, $in_talk:expr, $field:expr) => {
                ($key, &mut $field)
            };
        }
        rows!(self, row)
    }

    /// Finds the code that `dialled` begins with, and what follows it.
    pub fn find<'a>(&self, dialled: &'a str) -> Option<(&'static str, &'a str)> {
        let fits = |row: &CodeRow<'_>, rest: &str| match row.takes {
            Takes::Nothing => rest.is_empty(),
            Takes::Reason => rest.len() <= 1,
            Takes::Agent | Takes::MaybeNumber => true,
            Takes::Number | Takes::NumberAndRings | Takes::Talker => !rest.is_empty(),
        };
        self.rows().iter().find_map(|row| {
            let rest = dialled.strip_prefix(row.code)?;
            fits(row, rest).then_some((row.key, rest))
        })
    }
}

impl Default for Codes {
    fn default() -> Self {
        let reasons = [('1', "break"), ('2', "lunch"), ('3', "training"), ('4', "meeting")];
        Self {
            log_in: "*11".into(),
            log_out: "*12".into(),
            ready: "*13".into(),
            not_ready: "*14".into(),
            wrap_up_end: "*15".into(),
            wrap_up: "*16".into(),
            seat: "*10".into(),
            transfer: "*2".into(),
            consult: "*6".into(),
            swap: "*4".into(),
            complete: "*5".into(),
            conference: "*3".into(),
            park: "*70".into(),
            pick_up: "*8".into(),
            dnd_on: "*78".into(),
            dnd_off: "*79".into(),
            forward_always: "*72".into(),
            forward_busy: "*74".into(),
            forward_no_answer: "*75".into(),
            forward_off: "*73".into(),
            call_waiting_on: "*76".into(),
            call_waiting_off: "*77".into(),
            missed: "*98".into(),
            listen: "*91".into(),
            whisper: "*92".into(),
            barge: "*93".into(),
            take_over: "*94".into(),
            conference_factory: "conference".into(),
            reasons: reasons
                .into_iter()
                .filter_map(|(key, reason)| Some((Digit::new(key)?, reason.to_owned())))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_begins_with_another_and_no_key_stands_twice() {
        let codes = Codes::default();
        for (at, row) in codes.rows().iter().enumerate() {
            for (other_at, other) in codes.rows().iter().enumerate() {
                let begins = row.code.starts_with(other.code);
                assert!(at == other_at || (!begins && row.key != other.key), "{}", row.key);
            }
        }
    }

    #[test]
    fn what_follows_a_code_is_given_with_it() {
        let codes = Codes::default();
        assert_eq!(codes.find("*28002"), Some(("transfer", "8002")));
        assert_eq!(codes.find("*2"), None);
        assert_eq!(codes.find("*8"), Some(("pick-up", "")));
        assert_eq!(codes.find("*78"), Some(("dnd-on", "")));
        assert_eq!(codes.find("*781"), None);
        assert_eq!(codes.find("*108001*1234"), Some(("seat", "8001*1234")));
        assert_eq!(codes.find("8001"), None);
    }
}
