//! The driver's events in the house's words.

use super::abi;
use model::Digit;
use model::port::PortEvent;

/// What the driver says of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Port(PortEvent),
    /// An alarm came or went: look which.
    Alarm,
    /// The channel is no longer there. Closing it is all that may be done.
    Removed,
    /// A D channel's frame was lost on its way: aborted, too long, or its check was wrong.
    FrameLost,
    /// Nothing that matters here: ringer on and off, timers, what the echo canceller found.
    Nothing(i32),
}

impl Happened {
    /// What an event's number means.
    pub(super) fn of(number: i32) -> Self {
        match number {
            abi::EVENT_ON_HOOK => Self::Port(PortEvent::OnHook),
            abi::EVENT_RING_OFF_HOOK => Self::Port(PortEvent::RingOffHook),
            abi::EVENT_FLASH => Self::Port(PortEvent::Flash),
            abi::EVENT_ALARM | abi::EVENT_NO_ALARM => Self::Alarm,
            abi::EVENT_ABORT | abi::EVENT_OVERRUN | abi::EVENT_BAD_CHECK => Self::FrameLost,
            abi::EVENT_DIAL_COMPLETE => Self::Port(PortEvent::DialComplete),
            abi::EVENT_HOOK_COMPLETE => Self::Port(PortEvent::HookComplete),
            abi::EVENT_POLARITY => Self::Port(PortEvent::Polarity),
            abi::EVENT_RING_BEGIN => Self::Port(PortEvent::RingBegin),
            abi::EVENT_REMOVED => Self::Removed,
            other if other & abi::EVENT_PULSE_DIGIT != 0 => {
                let key = u8::try_from(other & abi::EVENT_KEY_MASK).ok().map(char::from);
                let digit = key.and_then(Digit::new);
                digit.map_or(Self::Nothing(other), |digit| Self::Port(PortEvent::Pulse(digit)))
            }
            other => Self::Nothing(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_by_pulse_is_told_and_one_that_is_none_is_not() {
        let told = |key: u8| Happened::of(abi::EVENT_PULSE_DIGIT | i32::from(key));
        let seven = Digit::new('7').expect("a key");
        assert_eq!(told(b'7'), Happened::Port(PortEvent::Pulse(seven)));
        assert!(matches!(told(b'x'), Happened::Nothing(_)));
        assert!(matches!(Happened::of(1 << 17 | 0x37), Happened::Nothing(_)), "a key by tone");
    }
}
