//! What a line, a trunk, a phone or the media says of a leg; past here all legs are alike.

use crate::id::{LegId, PhoneId, PlayId, PortId, TrunkId};
use crate::person::{Number, PersonName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a leg enters or leaves the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    /// An attached line: a port of a card.
    Port(PortId),
    /// A SIP trunk.
    Trunk(TrunkId),
    /// A registered desk phone.
    Phone(PhoneId),
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(id) => write!(f, "port {id}"),
            Self::Trunk(id) => write!(f, "trunk {id}"),
            Self::Phone(id) => write!(f, "phone {id}"),
        }
    }
}

/// A key of a telephone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digit(char);

impl Digit {
    /// Takes `0`-`9`, `*`, `#` or `A`-`D` (lower case too); nothing else is a key.
    pub fn new(key: char) -> Option<Self> {
        let key = key.to_ascii_uppercase();
        matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Self(key))
    }
    /// The key's sign.
    pub fn as_char(self) -> char {
        self.0
    }
    /// The event code of RFC 4733 section 3.2: 0-9, 10 is `*`, 11 is `#`, 12-15 are A-D.
    pub fn event_code(self) -> u8 {
        match self.0 {
            '*' => 10,
            '#' => 11,
            'A'..='D' => self.0 as u8 - b'A' + 12,
            digit => digit as u8 - b'0',
        }
    }
    /// The key of an event code of RFC 4733, if it is one.
    pub fn from_event_code(code: u8) -> Option<Self> {
        match code {
            0..=9 => Some(Self((b'0' + code) as char)),
            10 => Some(Self('*')),
            11 => Some(Self('#')),
            12..=15 => Some(Self((b'A' + code - 12) as char)),
            _ => None,
        }
    }
}

impl fmt::Debug for Digit {
    /// Hides the key: digits may be a PIN or a card number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(…)")
    }
}

/// Why a leg ended or was refused, in words shared by lines and SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// A party hung up.
    Normal,
    /// The caller hung up before an answer (SIP CANCEL).
    Cancelled,
    /// Busy (486, 600).
    Busy,
    /// Rang and nobody answered (408 after ringing, 480, 487 by our own time-out).
    NoAnswer,
    /// The party declined (603).
    Declined,
    /// No such number or account (404, 484, 604).
    NotFound,
    /// Not registered, unplugged or out of reach (480, 408 with no answer at all, alarm).
    Unreachable,
    /// Not allowed here (403, 401 that stayed unanswered).
    Forbidden,
    /// No codec or encryption in common (488, 606).
    NotAcceptable,
    /// The box or peer is at a limit or draining (503, 486 by limit).
    Congestion,
    /// The peer broke the protocol or a server failed (5xx other).
    Failure,
    /// No audio and no signalling came any more.
    Vanished,
}

impl Cause {
    /// The key under which a person reads the cause.
    pub fn key(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Declined => "declined",
            Self::NotFound => "not-found",
            Self::Unreachable => "unreachable",
            Self::Forbidden => "forbidden",
            Self::NotAcceptable => "not-acceptable",
            Self::Congestion => "congestion",
            Self::Failure => "failure",
            Self::Vanished => "vanished",
        }
    }
}

/// Something happened on a leg. The daemon names the leg beside it.
#[derive(Clone, Debug, PartialEq)]
pub enum LegEvent {
    /// A new leg rings at the box and waits for `Order::Answer` or `Order::Refuse`.
    Arrived {
        via: Via,
        /// Empty when withheld or not given.
        caller: Number,
        name: PersonName,
        /// What was dialled: a DID, an extension or a feature code; empty on an analogue line.
        dialled: String,
        /// Who sent the call on to us (Diversion, History-Info); empty where nobody did.
        diverted: Number,
    },
    /// A new leg shall take the place of `old`, a leg of ours that talks, rings or waits in a
    /// slot (INVITE with Replaces, RFC 3891). It waits for `Order::Answer` or `Order::Refuse`.
    ArrivedInPlace { via: Via, old: LegId },
    /// The far phone of a leg we opened rings.
    Ringing,
    /// Sound comes from the far side before an answer (183 with a description).
    EarlyMedia,
    /// The leg is answered: audio passes both ways from here.
    Answered,
    /// A key was pressed: by RFC 4733, in-band, or signalled.
    Digit(Digit),
    /// The party put us on hold (re-INVITE with sendonly or inactive).
    Held,
    /// The party took us back.
    Resumed,
    /// The party asks that the other party be sent to a number (REFER, RFC 3515). How that goes is
    /// told by `Order::Transferring`.
    TransferAsked { to: String },
    /// The party asks that the other party be joined with the far side of `other`, a leg of the
    /// same phone (REFER with Replaces).
    JoinAsked { other: LegId },
    /// The phone that rings sends the call on by itself (302). `Gone` does not follow.
    ForwardAsked { to: String },
    /// Clips that `Order::Play` started came to their end by themselves.
    Played(PlayId),
    /// The leg is over: refused, hung up or lost. Nothing more comes of it.
    Gone(Cause),
}
