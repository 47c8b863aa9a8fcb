//! A message: which call it is of, what it is, and its information elements (Q.931 section 4).
//!
//! ```text
//!   octet 1   8: call control of Q.931
//!   octet 2   length of the call reference (1 or 2; 2 on a primary rate line)
//!   octet 3   flag (1) reference (15)      flag 1: sent to the side that chose the reference
//!   octet 5   what it is
//!   then      information elements (`element`)
//! ```

use super::element::Element;
use crate::q921::N201;

/// Call control of Q.931 (4.2).
const DISCRIMINATOR: u8 = 0x08;
/// Most elements of a message that are read; no message of the standard has as many.
const ELEMENTS_MAX: usize = 40;

/// Which call a message is of (4.3). Of the interface itself where the value is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallRef {
    /// 15 bits.
    pub value: u16,
    /// The message goes to the side that chose the reference.
    pub to_chooser: bool,
}

impl CallRef {
    /// That of messages about the interface.
    pub const GLOBAL: u16 = 0;
    /// The highest of two octets.
    pub const MAX: u16 = 0x7FFF;
}

/// What a message is (4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Alerting,
    CallProceeding,
    Progress,
    Setup,
    Connect,
    SetupAcknowledge,
    ConnectAcknowledge,
    Disconnect,
    Restart,
    Release,
    RestartAcknowledge,
    ReleaseComplete,
    Facility,
    Notify,
    StatusEnquiry,
    CongestionControl,
    Information,
    Status,
}

const KINDS: [(Kind, u8); 18] = [
    (Kind::Alerting, 0x01),
    (Kind::CallProceeding, 0x02),
    (Kind::Progress, 0x03),
    (Kind::Setup, 0x05),
    (Kind::Connect, 0x07),
    (Kind::SetupAcknowledge, 0x0D),
    (Kind::ConnectAcknowledge, 0x0F),
    (Kind::Disconnect, 0x45),
    (Kind::Restart, 0x46),
    (Kind::Release, 0x4D),
    (Kind::RestartAcknowledge, 0x4E),
    (Kind::ReleaseComplete, 0x5A),
    (Kind::Facility, 0x62),
    (Kind::Notify, 0x6E),
    (Kind::StatusEnquiry, 0x75),
    (Kind::CongestionControl, 0x79),
    (Kind::Information, 0x7B),
    (Kind::Status, 0x7D),
];

impl Kind {
    fn code(self) -> u8 {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, code)| *code)
    }
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Passed over (5.8.1, 5.8.2, 5.8.3.1).
    #[error("the message is cut off, or of another protocol")]
    Foreign,
    /// Answered with a status (5.8.4).
    #[error("a message of type {code:#04x} is unknown")]
    Unknown { reference: CallRef, code: u8 },
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub reference: CallRef,
    pub kind: Kind,
    pub elements: Vec<Element>,
}

impl Message {
    /// A message without elements.
    pub fn new(reference: CallRef, kind: Kind) -> Self {
        Self { reference, kind, elements: Vec::new() }
    }

    /// With an element more.
    pub fn with(mut self, element: Element) -> Self {
        self.elements.push(element);
        self
    }

    /// The first element that a reader takes (5.8.5.3: of one that comes twice the first counts).
    pub fn find<T>(&self, take: impl FnMut(&Element) -> Option<T>) -> Option<T> {
        self.elements.iter().find_map(take)
    }

    /// Reads a message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let [DISCRIMINATOR, length, rest @ ..] = bytes else { return Err(MessageError::Foreign) };
        // The dummy reference and those of more octets are of other lines (4.3).
        let (value, flag, rest) = match (length, rest) {
            (1, [one, rest @ ..]) => (u16::from(one & 0x7F), one & 0x80, rest),
            (2, [high, low, rest @ ..]) => {
                (u16::from_be_bytes([high & 0x7F, *low]), high & 0x80, rest)
            }
            _ => return Err(MessageError::Foreign),
        };
        let reference = CallRef { value, to_chooser: flag != 0 };
        let [code, rest @ ..] = rest else { return Err(MessageError::Foreign) };
        let Some((kind, _)) = KINDS.iter().find(|(_, known)| known == code) else {
            return Err(MessageError::Unknown { reference, code: *code });
        };
        Ok(Self { reference, kind: *kind, elements: Element::read_all(rest, ELEMENTS_MAX) })
    }

    /// Writes the message. Elements that find no room any more are left out: the caller's come
    /// before what is only told.
    pub fn write(&self) -> Vec<u8> {
        let flag = u16::from(self.reference.to_chooser) << 15;
        let [high, low] = (self.reference.value & CallRef::MAX | flag).to_be_bytes();
        let mut bytes = vec![DISCRIMINATOR, 2, high, low, self.kind.code()];
        // In the order of their identifiers (4.5.1).
        let mut parts: Vec<(u8, Vec<u8>)> =
            self.elements.iter().filter_map(|e| Some((e.id()?, e.write()))).collect();
        parts.sort_by_key(|(id, _)| *id);
        for (_, part) in parts {
            if bytes.len() + part.len() <= N201 {
                bytes.extend(part);
            }
        }
        bytes
    }
}
