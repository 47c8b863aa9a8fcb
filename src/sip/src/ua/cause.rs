//! Status codes and the causes all legs share.

use model::Cause;

/// The status code that refuses an INVITE for a cause (RFC 3261 21).
pub fn status(cause: Cause) -> u16 {
    match cause {
        Cause::Normal | Cause::NoAnswer | Cause::Unreachable | Cause::Vanished => 480,
        Cause::Cancelled => 487,
        Cause::Busy => 486,
        Cause::Declined => 603,
        Cause::NotFound => 404,
        Cause::Forbidden => 403,
        Cause::NotAcceptable => 488,
        Cause::Congestion => 503,
        Cause::Failure => 500,
    }
}

/// The cause that a refusal of our INVITE stands for; `rang` tells a phone nobody picked up from
/// one that was never reached.
pub fn of_status(code: u16, rang: bool) -> Cause {
    match code {
        401 | 403 | 407 => Cause::Forbidden,
        404 | 410 | 484 | 604 => Cause::NotFound,
        408 | 480 if rang => Cause::NoAnswer,
        408 | 480 | 300..=399 => Cause::Unreachable,
        487 => Cause::NoAnswer,
        486 | 600 => Cause::Busy,
        603 => Cause::Declined,
        406 | 415 | 420 | 488 | 606 => Cause::NotAcceptable,
        503 => Cause::Congestion,
        _ => Cause::Failure,
    }
}

/// The cause that a refusal stands for, with what its Reason told of the network behind the peer:
/// that counts where the status code says little (RFC 6432 section 3).
pub fn of_refusal(code: u16, told: Option<Cause>, rang: bool) -> Cause {
    let vague = matches!(code, 480 | 500 | 502 | 503 | 504);
    match told {
        Some(told) if vague && told != Cause::Normal => told,
        _ => of_status(code, rang),
    }
}

/// Which of two refusals says more of a phone that was rung at several addresses: what a person
/// did (6xx, busy) before what a device did, and that before no word at all.
pub fn weight(code: u16) -> u8 {
    match code {
        600..=699 => 5,
        486 => 4,
        480 | 487 => 3,
        408 => 0,
        300..=399 | 503 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refuses_for_a_cause_is_read_as_that_cause() {
        use Cause::*;
        for cause in [Busy, NoAnswer, Declined, NotFound, Forbidden, NotAcceptable, Congestion] {
            assert_eq!(of_status(status(cause), true), cause);
        }
        assert_eq!(of_status(480, false), Unreachable);
    }
}
