//! Information elements (Q.931 4.5): those of calls are read, the rest is known to have been there.
//!
//! ```text
//!   1xxx xxxx            of one octet: 1010 0001 sending complete; 1001 Lxxx shift of codeset
//!   0xxx xxxx  length    contents ...
//! ```

use super::channel::ChannelId;
use super::facility::{self, FACILITY};
use super::number::PartyNumber;
use model::{Law, PersonName};

/// Longest name that is read (4.5.16: 80 octets of display in Europe at most).
const DISPLAY_MAX: usize = 80;
/// Most digits of a keypad element (4.5.18).
const KEYPAD_MAX: usize = 32;

/// Where a cause or a progress comes from (4.5.12, 4.5.23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    User,
    PrivateLocal,
    PublicLocal,
    Transit,
    PublicRemote,
    PrivateRemote,
    International,
    BeyondInterworking,
}

const LOCATIONS: [(Location, u8); 8] = [
    (Location::User, 0),
    (Location::PrivateLocal, 1),
    (Location::PublicLocal, 2),
    (Location::Transit, 3),
    (Location::PublicRemote, 4),
    (Location::PrivateRemote, 5),
    (Location::International, 7),
    (Location::BeyondInterworking, 10),
];

impl Location {
    fn read(octet: u8) -> Self {
        let known = LOCATIONS.iter().find(|(_, code)| *code == octet & 0x0F);
        known.map_or(Self::User, |(location, _)| *location)
    }

    fn write(self) -> u8 {
        let known = LOCATIONS.iter().find(|(location, _)| *location == self);
        0x80 | known.map_or(0, |(_, code)| *code)
    }
}

/// What a call carries (4.5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// Speech, or sound of 3.1 kHz, in this law.
    Sound { law: Law },
    /// Bits, or what we cannot carry.
    Other,
}

/// An element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    Bearer(Bearer),
    /// A value of Q.850.
    Cause {
        location: Location,
        value: u8,
    },
    /// A state of 4.5.7.
    CallState(u8),
    Channel(ChannelId),
    /// What of 4.5.23 is so: 8 is sound in band.
    Progress {
        location: Location,
        description: u8,
    },
    Notification(u8),
    Display(PersonName),
    /// The caller's name by Facility, which is read alone; empty where it is withheld.
    CallerName(PersonName),
    Keypad(model::Number),
    Calling(PartyNumber),
    Called(PartyNumber),
    /// No more digits come.
    SendingComplete,
    /// The class of 4.5.25: 0 is the channels named, 6 the interface, 7 all.
    Restart(u8),
    /// One whose contents mean nothing.
    Malformed {
        id: u8,
    },
    /// One that is not ours to read. `demanding` where a receiver that does not know it may not go
    /// on (comprehension required, 4.5.1).
    Unknown {
        id: u8,
        demanding: bool,
    },
}

const BEARER: u8 = 0x04;
const CAUSE: u8 = 0x08;
const CALL_STATE: u8 = 0x14;
const CHANNEL: u8 = 0x18;
const PROGRESS: u8 = 0x1E;
const NOTIFICATION: u8 = 0x27;
const DISPLAY: u8 = 0x28;
const KEYPAD: u8 = 0x2C;
const CALLING: u8 = 0x6C;
const CALLED: u8 = 0x70;
const RESTART: u8 = 0x79;
const SENDING_COMPLETE: u8 = 0xA1;
/// In-band sound (4.5.23).
pub const IN_BAND: u8 = 8;

impl Element {
    /// Reads the elements of a message, so many at most. What is cut off is malformed.
    pub(super) fn read_all(mut bytes: &[u8], most: usize) -> Vec<Self> {
        let mut elements = Vec::new();
        // The codeset in force, and that of the next element alone (4.5.2 to 4.5.4).
        let (mut locked, mut once) = (0, None);
        while let [id, rest @ ..] = bytes {
            if elements.len() == most {
                break;
            }
            if id & 0xF0 == 0x90 {
                bytes = rest;
                match id & 0x08 {
                    0 => locked = id & 7,
                    _ => once = Some(id & 7),
                }
                continue;
            }
            let codeset = once.take().unwrap_or(locked);
            if id & 0x80 != 0 {
                bytes = rest;
                if codeset == 0 && *id == SENDING_COMPLETE {
                    elements.push(Self::SendingComplete);
                }
                continue;
            }
            let [length, rest @ ..] = rest else {
                elements.push(Self::Malformed { id: *id });
                break;
            };
            let Some((contents, rest)) = rest.split_at_checked(usize::from(*length)) else {
                elements.push(Self::Malformed { id: *id });
                break;
            };
            bytes = rest;
            elements.push(match codeset {
                0 => Self::read(*id, contents),
                _ => Self::Unknown { id: *id, demanding: false },
            });
        }
        elements
    }

    fn read(id: u8, contents: &[u8]) -> Self {
        let element = match id {
            BEARER => bearer(contents).map(Self::Bearer),
            CAUSE => cause(contents),
            CALL_STATE => contents.first().map(|octet| Self::CallState(octet & 0x3F)),
            CHANNEL => ChannelId::read(contents).map(Self::Channel),
            PROGRESS => match contents {
                [location, description, ..] => Some(Self::Progress {
                    location: Location::read(*location),
                    description: description & 0x7F,
                }),
                _ => None,
            },
            NOTIFICATION => contents.first().map(|octet| Self::Notification(octet & 0x7F)),
            FACILITY => match facility::caller_name(contents) {
                Some(name) => Some(Self::CallerName(name)),
                // It asks for something else, which need not be done (Q.932).
                None => Some(Self::Unknown { id, demanding: false }),
            },
            DISPLAY => Some(Self::Display(PersonName::new(display(contents)))),
            KEYPAD => (contents.len() <= KEYPAD_MAX && contents.iter().all(u8::is_ascii_graphic))
                .then(|| Self::Keypad(model::Number::new(String::from_utf8_lossy(contents)))),
            CALLING => PartyNumber::read(contents).map(Self::Calling),
            CALLED => PartyNumber::read(contents).map(Self::Called),
            RESTART => contents.first().map(|octet| Self::Restart(octet & 7)),
            // 0000 xxxx: who does not know it may not go on.
            _ => Some(Self::Unknown { id, demanding: id & 0x70 == 0 }),
        };
        element.unwrap_or(Self::Malformed { id })
    }

    /// Its identifier; none where it is nothing we write.
    pub(super) fn id(&self) -> Option<u8> {
        Some(match self {
            Self::Bearer(_) => BEARER,
            Self::Cause { .. } => CAUSE,
            Self::CallState(_) => CALL_STATE,
            Self::Channel(_) => CHANNEL,
            Self::Progress { .. } => PROGRESS,
            Self::Notification(_) => NOTIFICATION,
            Self::Display(_) => DISPLAY,
            Self::Keypad(_) => KEYPAD,
            Self::Calling(_) => CALLING,
            Self::Called(_) => CALLED,
            Self::SendingComplete => SENDING_COMPLETE,
            Self::Restart(_) => RESTART,
            Self::CallerName(_) | Self::Malformed { .. } | Self::Unknown { .. } => return None,
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let contents = match self {
            // Speech, circuit mode of 64 kbit/s, G.711 in a law.
            Self::Bearer(Bearer::Sound { law }) => {
                vec![0x80, 0x90, if *law == Law::A { 0xA3 } else { 0xA2 }]
            }
            Self::Bearer(Bearer::Other) => vec![0x88, 0x90],
            Self::Cause { location, value } => vec![location.write(), 0x80 | value],
            Self::CallState(state) => vec![state & 0x3F],
            Self::Channel(channel) => channel.write(),
            Self::Progress { location, description } => {
                vec![location.write(), 0x80 | description]
            }
            Self::Notification(what) => vec![0x80 | what],
            Self::Display(name) => {
                let plain = |c: char| if matches!(c, ' '..='~') { c as u8 } else { b'?' };
                name.reveal().chars().map(plain).take(DISPLAY_MAX).collect()
            }
            Self::Keypad(digits) => digits.reveal().bytes().take(KEYPAD_MAX).collect(),
            Self::Calling(number) => number.write(true),
            Self::Called(number) => number.write(false),
            Self::Restart(class) => vec![0x80 | class],
            Self::SendingComplete => return vec![SENDING_COMPLETE],
            Self::CallerName(_) | Self::Malformed { .. } | Self::Unknown { .. } => {
                return Vec::new();
            }
        };
        let mut bytes = vec![self.id().unwrap_or(0), contents.len() as u8];
        bytes.extend(contents);
        bytes
    }
}

fn bearer(contents: &[u8]) -> Option<Bearer> {
    let [capability, rate, rest @ ..] = contents else { return None };
    if capability & 0x60 != 0 {
        return Some(Bearer::Other);
    }
    // Circuit mode of 64 kbit/s.
    let sound = matches!(capability & 0x1F, 0x00 | 0x10) && rate & 0x7F == 0x10;
    let law = match rest.first().map(|layer_1| layer_1 & 0x7F) {
        Some(0x22) => Law::Mu,
        _ => Law::A,
    };
    Some(if sound { Bearer::Sound { law } } else { Bearer::Other })
}

fn cause(contents: &[u8]) -> Option<Element> {
    let [location, rest @ ..] = contents else { return None };
    // A recommendation may be named between them.
    let value = match rest {
        [_, value, ..] if location & 0x80 == 0 => value,
        [value, ..] if location & 0x80 != 0 => value,
        _ => return None,
    };
    Some(Element::Cause { location: Location::read(*location), value: value & 0x7F })
}

/// A name in IA5; a character set that is named before it is passed over, and so are characters of
/// others: a name left out is better than one that reads wrong.
fn display(contents: &[u8]) -> String {
    let text = match contents {
        [set, text @ ..] if set & 0x80 != 0 => text,
        text => text,
    };
    let plain = text.iter().all(|octet| matches!(octet, b' '..=b'~'));
    let kept = if plain { &text[..text.len().min(DISPLAY_MAX)] } else { &[] };
    String::from_utf8_lossy(kept).trim().to_owned()
}
