//! The feature codes agents dial.

use model::Digit;
use model::site::Codes;

/// What an agent asks for by a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    LogIn,
    LogOut,
    Ready,
    /// With the reason's word, or an empty one.
    NotReady {
        reason: String,
    },
    WrapUpEnd,
    /// After-call work begins, or goes on until the agent ends it.
    WrapUp,
}

impl Code {
    /// Reads what was dialled; nothing if it is no code of the site. Only the code of not ready
    /// may be followed by one digit, that of a reason.
    pub fn read(codes: &Codes, dialled: &str) -> Option<Self> {
        let plain = [
            (&codes.log_in, Self::LogIn),
            (&codes.log_out, Self::LogOut),
            (&codes.ready, Self::Ready),
            (&codes.not_ready, Self::NotReady { reason: String::new() }),
            (&codes.wrap_up_end, Self::WrapUpEnd),
            (&codes.wrap_up, Self::WrapUp),
        ];
        if let Some((_, code)) = plain.into_iter().find(|(text, _)| text.as_str() == dialled) {
            return Some(code);
        }
        let mut rest = dialled.strip_prefix(codes.not_ready.as_str())?.chars();
        let reason = codes.reasons.get(&Digit::new(rest.next()?)?)?;
        rest.next().is_none().then(|| Self::NotReady { reason: reason.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialled: &str) -> Option<Code> {
        Code::read(&Codes::default(), dialled)
    }

    #[test]
    fn a_reason_is_one_digit_after_not_ready() {
        assert_eq!(read("*14"), Some(Code::NotReady { reason: String::new() }));
        assert_eq!(read("*142"), Some(Code::NotReady { reason: "lunch".into() }));
    }

    #[test]
    fn an_unknown_reason_or_a_digit_too_many_is_no_code() {
        for dialled in ["*149", "*1422", "*111", "8001", "", "*", "*14#"] {
            assert_eq!(read(dialled), None, "{dialled}");
        }
    }
}
