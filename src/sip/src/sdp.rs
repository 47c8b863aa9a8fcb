//! Session descriptions: the lines of RFC 8866 that a telephone call needs, read and written.
//!
//! What an offer and its answer make of them stands in `offer_answer`.

use std::fmt;
use std::net::IpAddr;

pub use crate::offer_answer::{MediaPlan, Terms, accept_answer, make_offer, negotiate};

/// Most bytes of a description; more are refused.
pub const SDP_MAX: usize = 16 * 1024;
/// Most media of a description; more are refused.
pub const MEDIA_MAX: usize = 16;
/// Most formats of a medium; more are refused.
pub const FORMATS_MAX: usize = 64;
/// Most attributes of a medium or of the session; more are refused.
pub const ATTRIBUTES_MAX: usize = 128;

/// Why a text is no description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("the description has {0} bytes, more than {SDP_MAX}")]
    TooLarge(usize),
    #[error("the description does not begin with v=0")]
    Version,
    #[error("the description has no o= line of six fields")]
    Origin,
    #[error("'{0}' is no line of a description")]
    Line(String),
    #[error("the medium '{0}' is malformed")]
    Media(String),
    #[error("too many media, formats or attributes")]
    TooMany,
}

/// Which way a medium flows, as its describer sees it (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    SendReceive,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

impl Direction {
    /// Makes the direction of its two halves.
    pub fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }
    /// Tells whether the describer sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }
    /// Tells whether the describer receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }
    /// The attribute's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
    fn named(name: &str) -> Option<Self> {
        [Self::SendReceive, Self::SendOnly, Self::ReceiveOnly, Self::Inactive]
            .into_iter()
            .find(|direction| direction.name() == name)
    }
}

/// One `a=` line.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub value: Option<String>,
}

impl Attribute {
    /// Makes an attribute with a value.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Some(value.into()) }
    }
    /// Makes an attribute without one.
    pub fn flag(name: &str) -> Self {
        Self { name: name.to_owned(), value: None }
    }
}

impl fmt::Debug for Attribute {
    /// Hides the value: it may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a={}…", self.name)
    }
}

/// One medium: an `m=` line and what stands below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video` …
    pub kind: String,
    /// 0 where the medium is refused or taken away.
    pub port: u16,
    pub proto: String,
    pub formats: Vec<String>,
    /// What stands behind `c=`, if the medium has its own.
    pub connection: Option<String>,
    pub attributes: Vec<Attribute>,
}

impl Media {
    /// What an encoding is called that a payload type stands for, with its clock rate: from
    /// `rtpmap`, or for 0, 8, 9 and 13 by RFC 3551 table 4. The name is in upper case.
    pub fn encoding(&self, payload_type: u8) -> Option<(String, u32)> {
        let mapped = self.attributes.iter().filter(|a| a.name == "rtpmap").find_map(|a| {
            let (number, map) = a.value.as_deref()?.split_once(' ')?;
            (number.parse() == Ok(payload_type)).then(|| map.trim())
        });
        let Some(map) = mapped else {
            return match payload_type {
                0 => Some(("PCMU".into(), 8000)),
                8 => Some(("PCMA".into(), 8000)),
                9 => Some(("G722".into(), 8000)),
                13 => Some(("CN".into(), 8000)),
                _ => None,
            };
        };
        let mut parts = map.split('/');
        let name = parts.next()?.to_ascii_uppercase();
        Some((name, parts.next()?.parse().ok()?))
    }

    /// The formats that are RTP payload types, in their order of preference.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> {
        self.formats.iter().filter_map(|format| format.parse().ok()).filter(|number| *number < 128)
    }
}

/// A whole description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What stands behind `o=`.
    pub origin: String,
    /// What stands behind the session's `c=`.
    pub connection: Option<String>,
    pub attributes: Vec<Attribute>,
    pub media: Vec<Media>,
}

impl Session {
    /// Reads a description. Lines that a call does not need are passed over.
    pub fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > SDP_MAX {
            return Err(SdpError::TooLarge(body.len()));
        }
        let text = String::from_utf8_lossy(body);
        let mut lines = text.split('\n').map(str::trim_end).filter(|line| !line.is_empty());
        if lines.next() != Some("v=0") {
            return Err(SdpError::Version);
        }
        let mut session = Self {
            origin: String::new(),
            connection: None,
            attributes: Vec::new(),
            media: Vec::new(),
        };
        for line in lines {
            session.take(line)?;
        }
        if session.origin.split_ascii_whitespace().count() != 6 {
            return Err(SdpError::Origin);
        }
        Ok(session)
    }

    /// Where a medium's packets go: its own `c=` or the session's. Nothing where that is a name or
    /// malformed, since names are not resolved here.
    pub fn address(&self, media: &Media) -> Option<IpAddr> {
        address(media.connection.as_deref().or(self.connection.as_deref())?)
    }

    /// Which way a medium flows: its own attribute, the session's, or both ways (RFC 8866 section
    /// 6.7).
    pub fn direction(&self, media: &Media) -> Direction {
        let stated = |attributes: &[Attribute]| {
            attributes.iter().find_map(|a| Direction::named(&a.name).filter(|_| a.value.is_none()))
        };
        stated(&media.attributes)
            .or_else(|| stated(&self.attributes))
            .unwrap_or(Direction::SendReceive)
    }

    /// Writes it as a body.
    pub fn encode(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    fn take(&mut self, line: &str) -> Result<(), SdpError> {
        let line = clean(line);
        let wrong = || SdpError::Line(line.chars().take(40).collect());
        let (kind, value) = line.split_once('=').ok_or_else(wrong)?;
        let value = value.trim_start();
        if kind.len() != 1 || !kind.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(wrong());
        }
        match kind {
            "o" if self.origin.is_empty() => self.origin = value.to_owned(),
            "c" => match self.media.last_mut() {
                // Of several the first counts: more are for multicast (RFC 8866 section 5.7).
                Some(media) => _ = media.connection.get_or_insert_with(|| value.to_owned()),
                None => _ = self.connection.get_or_insert_with(|| value.to_owned()),
            },
            "a" => {
                let attributes = match self.media.last_mut() {
                    Some(media) => &mut media.attributes,
                    None => &mut self.attributes,
                };
                if attributes.len() == ATTRIBUTES_MAX {
                    return Err(SdpError::TooMany);
                }
                attributes.push(match value.split_once(':') {
                    Some((name, value)) => Attribute::new(name, value),
                    None => Attribute::flag(value),
                });
            }
            "m" if self.media.len() == MEDIA_MAX => return Err(SdpError::TooMany),
            "m" => self.media.push(media(value)?),
            _ => {}
        }
        Ok(())
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes = |f: &mut fmt::Formatter<'_>, attributes: &[Attribute]| {
            attributes.iter().try_for_each(|a| match &a.value {
                Some(value) => write!(f, "a={}:{value}\r\n", a.name),
                None => write!(f, "a={}\r\n", a.name),
            })
        };
        write!(f, "v=0\r\no={}\r\ns=-\r\n", self.origin)?;
        if let Some(connection) = &self.connection {
            write!(f, "c={connection}\r\n")?;
        }
        f.write_str("t=0 0\r\n")?;
        attributes(f, &self.attributes)?;
        for media in &self.media {
            let formats = media.formats.join(" ");
            write!(f, "m={} {} {} {formats}\r\n", media.kind, media.port, media.proto)?;
            if let Some(connection) = &media.connection {
                write!(f, "c={connection}\r\n")?;
            }
            attributes(f, &media.attributes)?;
        }
        Ok(())
    }
}

/// Writes `IN IP4 192.0.2.1`.
pub fn connection(ip: IpAddr) -> String {
    format!("IN IP{} {ip}", if ip.is_ipv4() { 4 } else { 6 })
}

fn address(connection: &str) -> Option<IpAddr> {
    let mut parts = connection.split_ascii_whitespace();
    let (net, family, address) = (parts.next()?, parts.next()?, parts.next()?);
    let ip: IpAddr = address.split('/').next()?.parse().ok()?;
    let fits = matches!((family, ip), ("IP4", IpAddr::V4(_)) | ("IP6", IpAddr::V6(_)));
    (net == "IN" && fits).then_some(ip)
}

fn media(value: &str) -> Result<Media, SdpError> {
    let wrong = || SdpError::Media(value.chars().take(40).collect());
    let mut parts = value.split_ascii_whitespace().map(str::to_owned);
    let kind = parts.next().ok_or_else(wrong)?;
    let port = parts.next().ok_or_else(wrong)?;
    let port = port.split('/').next().and_then(|p| p.parse().ok()).ok_or_else(wrong)?;
    let proto = parts.next().ok_or_else(wrong)?;
    let formats: Vec<_> = parts.take(FORMATS_MAX + 1).collect();
    match formats.len() {
        0 => Err(wrong()),
        n if n > FORMATS_MAX => Err(SdpError::TooMany),
        _ => Ok(Media { kind, port, proto, formats, connection: None, attributes: Vec::new() }),
    }
}

/// Takes control characters and the white space at the end out.
fn clean(line: &str) -> String {
    let text: String = line.chars().filter(|c| !c.is_control()).collect();
    text.trim_end().to_owned()
}
