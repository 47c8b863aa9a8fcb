//! A modem that sends texts by SMS: AT commands over a serial line, messages as octets (3GPP TS
//! 27.007, 27.005, 23.040).
//!
//! ```text
//!   Messenger::submit --> Talk (sans-IO) --commands--> SerialPort --> /dev/…
//!   Messenger::turn  <--- news <--------- lines <-----'
//! ```

mod alphabet;
mod lines;
mod messenger;
mod pdu;
mod reply;
mod serial;
mod talk;

pub use messenger::{Messenger, Moved, SmsModem};
pub use pdu::{PARTS_MAX, Submit, Unsendable};
pub use serial::{SerialError, SerialPort};
pub use talk::{Config, Input, Output, Talk, Wire};

/// Why no text can be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The device is not there, or is no serial line.
    Gone,
    /// The modem answers nothing, or not as it must.
    Silent,
    /// There is no SIM, or it is broken.
    NoSim,
    /// The SIM wants a PIN and the site has none.
    PinWanted,
    /// The PIN is wrong, or might be: it is not tried again.
    PinRefused,
    /// The SIM is locked: it wants its PUK, which a person must enter.
    Puk,
    /// No network takes the SIM.
    NoNetwork,
    /// The memory is full of texts that nobody has read.
    Full,
}

impl Trouble {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Gone,
        Self::Silent,
        Self::NoSim,
        Self::PinWanted,
        Self::PinRefused,
        Self::Puk,
        Self::NoNetwork,
        Self::Full,
    ];

    /// The key under which a person reads it as an alarm.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Gone => "sms-modem-gone",
            Self::Silent => "sms-modem-silent",
            Self::NoSim => "sms-no-sim",
            Self::PinWanted => "sms-pin-wanted",
            Self::PinRefused => "sms-pin-refused",
            Self::Puk => "sms-puk-wanted",
            Self::NoNetwork => "sms-no-network",
            Self::Full => "sms-memory-full",
        }
    }
}

/// What a messenger tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Texts can be sent.
    Ready,
    /// They cannot, until `Ready`.
    Down(Trouble),
    /// The network has taken the text.
    Sent,
    /// It has not; whether another try may help, and the number of the error.
    Failed { again: bool, code: Option<u16> },
    /// The PIN opened the SIM.
    PinTaken,
    /// It did not: the same one must not be given to `Config` again.
    PinRefused,
}
