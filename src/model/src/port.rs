//! The words of a line card: what a port reports and what it can be told.
//!
//! `board` reads and writes cards in these words (DAHDI's, as far as they are hardware's own), and
//! `line` makes telephony of them.

use crate::leg::Digit;
use serde::{Deserialize, Serialize};

/// What a port of a card is wired to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortKind {
    /// Faces the telephone exchange: the box is the phone.
    Fxo,
    /// Faces a telephone: the box is the exchange.
    Fxs,
}

/// An event of a port, as the card's driver reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortEvent {
    /// FXO: a ring burst began.
    RingBegin,
    /// FXO: a ring burst ended. FXS: the phone went off hook while it rang.
    RingOffHook,
    /// The far side went on hook (loop current dropped, or the phone was put down).
    OnHook,
    /// The polarity of the line reversed.
    Polarity,
    /// FXS: hook flash.
    Flash,
    /// FXS: a digit was dialled by pulse.
    Pulse(Digit),
    /// A hook change that was asked for is done.
    HookComplete,
    /// A dial string that was asked for has been sent.
    DialComplete,
    /// An alarm was raised or cleared.
    Alarm { alarm: Alarm, raised: bool },
}

/// How loud a port's far side was over its last calls, in tenths of dBm0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loudness {
    /// Of who spoke, and of the line where nobody did; where there was any.
    pub voice: Option<i16>,
    pub noise: Option<i16>,
    /// How much of each the means are of; what is longer ago weighs less and is not counted.
    pub voice_s: u16,
    pub noise_s: u16,
    /// The gain toward the box with which all of it was heard.
    pub gain_tenths_db: i16,
}

/// What is wrong with a port or its card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Alarm {
    /// No battery on an FXO port: the line is unplugged or dead.
    NoBattery,
    /// The card or its driver does not answer.
    CardGone,
    /// Loss of signal or frame on a span.
    Red,
    /// The far side lost our signal (remote alarm).
    Yellow,
    /// All ones from the far side.
    Blue,
    /// A span's signal is there and its frames are not to be found in it.
    LossOfFrame,
    /// The card's channel is of another kind than the site says, or not configured.
    Misfit,
    /// The receiver of a telephone lies beside: nobody can call it.
    ReceiverOff,
}

impl Alarm {
    /// Tells whether no call goes on while it stands. A far side that only complains of what it hears
    /// (yellow) or sends ones (blue) may still speak.
    pub fn ends_calls(self) -> bool {
        matches!(
            self,
            Self::NoBattery | Self::CardGone | Self::Misfit | Self::Red | Self::LossOfFrame
        )
    }

    /// The key under which a person reads the alarm.
    pub fn key(self) -> &'static str {
        match self {
            Self::NoBattery => "no-battery",
            Self::CardGone => "card-gone",
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
            Self::LossOfFrame => "loss-of-frame",
            Self::Misfit => "port-misfit",
            Self::ReceiverOff => "receiver-off",
        }
    }
}

/// What the box does with a port's hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Hang up.
    On,
    /// Seize or answer.
    Off,
    /// A short break, for the services of the exchange behind the line.
    Flash,
    /// FXS: ring the phone.
    Ring,
}

/// What a port can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortOrder {
    /// Change the hook.
    Hook(Hook),
    /// Dial by tone: digits, `*`, `#`, and `W` for half a second's wait.
    Dial(String),
    /// Dial by pulse, breaks of the loop: digits, and `W` for half a second's wait.
    Pulse(String),
    /// FXS: let sound through to the telephone on its hook for so long.
    SoundOnHook { ms: u32 },
    /// FXS: so many messages wait, for the telephone's lamp.
    Lamp(u16),
    /// A channel of a span: a call begins there, or ends. Its echo is cancelled meanwhile.
    Talk(bool),
    /// Gain in tenths of a decibel toward the box and toward the line.
    Gain { receive_tenths_db: i16, transmit_tenths_db: i16 },
}
