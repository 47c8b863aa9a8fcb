//! A frame of layer 2, as ITU-T Q.921 section 3 has it, without flags and check sequence, which are
//! the card's.
//!
//! ```text
//!   octet 1   SAPI (6) C/R EA=0     C/R: a command of the network and a response of the user have 1
//!   octet 2   TEI (7)       EA=1
//!   octet 3   I: N(S) 0             S: 0000 SS 01          U: MMM P/F MM 11
//!   octet 4      N(R) P                N(R) P/F            (none)
//!   then      I alone: the message of layer 3
//! ```

use std::fmt;

/// Longest message of layer 3 a frame carries (Q.921 5.9.3, N201).
pub const N201: usize = 260;
/// Longest frame.
pub const FRAME_BYTES_MAX: usize = 4 + N201;
/// Numbers of frames count up to here and begin again at 0 (Q.921 3.5.2.1).
pub const MODULUS: u8 = 128;

/// Which end of the line a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    User,
    Network,
}

impl Side {
    /// The end opposite.
    pub fn other(self) -> Self {
        match self {
            Self::User => Self::Network,
            Self::Network => Self::User,
        }
    }
}

/// What a frame says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A numbered message (3.6.3).
    I { ns: u8, nr: u8, message: &'a [u8] },
    /// Ready for more (3.6.6).
    Rr { nr: u8 },
    /// Not ready for now (3.6.8).
    Rnr { nr: u8 },
    /// Send again from here (3.6.7).
    Rej { nr: u8 },
    /// Begin (3.6.4).
    Sabme,
    /// End (3.6.5).
    Disc,
    /// Agreed (3.6.10).
    Ua,
    /// Not begun (3.6.9).
    Dm,
    /// A frame that could not be used (3.6.11).
    Frmr,
    /// A message without a number (3.6.2): of no use to a point-to-point line.
    Ui,
    /// Exchange identification (3.6.12).
    Xid,
}

impl fmt::Debug for Kind<'_> {
    /// Of a message its length alone: it names who calls whom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I { ns, nr, message } => write!(f, "I {ns} {nr}, {} octets", message.len()),
            Self::Rr { nr } => write!(f, "RR {nr}"),
            Self::Rnr { nr } => write!(f, "RNR {nr}"),
            Self::Rej { nr } => write!(f, "REJ {nr}"),
            Self::Sabme => f.write_str("SABME"),
            Self::Disc => f.write_str("DISC"),
            Self::Ua => f.write_str("UA"),
            Self::Dm => f.write_str("DM"),
            Self::Frmr => f.write_str("FRMR"),
            Self::Ui => f.write_str("UI"),
            Self::Xid => f.write_str("XID"),
        }
    }
}

/// A frame of the one data link of a primary rate line: SAPI 0, TEI 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// A command, else a response.
    pub command: bool,
    /// The poll bit of a command, the final bit of a response.
    pub poll: bool,
    pub kind: Kind<'a>,
}

/// Why bytes are no frame for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Cut off, or an address that is none (2.9): passed over.
    Invalid,
    /// Of another data link: passed over.
    Foreign,
    /// A control field that means nothing (5.8.5, error L).
    Control,
    /// Something follows where nothing may (5.8.5, error M).
    Information,
    /// A message longer than N201 (5.8.5, error O).
    TooLong,
    /// A response that is a command alone, or the other way round.
    Direction,
}

const RR: u8 = 0x01;
const RNR: u8 = 0x05;
const REJ: u8 = 0x09;
const SABME: u8 = 0x6F;
const DM: u8 = 0x0F;
const UI: u8 = 0x03;
const DISC: u8 = 0x43;
const UA: u8 = 0x63;
const FRMR: u8 = 0x87;
const XID: u8 = 0xAF;
/// Where the P/F bit of an unnumbered frame stands.
const P_OF_U: u8 = 0x10;
/// What a FRMR tells of the frame it refuses (3.6.11).
const FRMR_BYTES: usize = 5;

impl<'a> Frame<'a> {
    /// A command.
    pub fn command(kind: Kind<'a>, poll: bool) -> Self {
        Self { command: true, poll, kind }
    }

    /// A response.
    pub fn response(kind: Kind<'a>, poll: bool) -> Self {
        Self { command: false, poll, kind }
    }

    /// Reads a frame that this side sent.
    pub fn read(bytes: &'a [u8], from: Side) -> Result<Self, Bad> {
        let [sapi, tei, control, rest @ ..] = bytes else { return Err(Bad::Invalid) };
        if sapi & 1 != 0 || tei & 1 != 1 {
            return Err(Bad::Invalid);
        }
        if sapi >> 2 != 0 || tei >> 1 != 0 {
            return Err(Bad::Foreign);
        }
        let command = (sapi & 2 != 0) == (from == Side::Network);
        if control & 3 == 3 {
            return Self::read_unnumbered(command, *control, rest);
        }
        let [second, message @ ..] = rest else { return Err(Bad::Invalid) };
        let (nr, poll) = (second >> 1, second & 1 != 0);
        let kind = match *control {
            i if i & 1 == 0 && !command => return Err(Bad::Direction),
            i if i & 1 == 0 && message.len() > N201 => return Err(Bad::TooLong),
            i if i & 1 == 0 => Kind::I { ns: i >> 1, nr, message },
            _ if !message.is_empty() => return Err(Bad::Information),
            RR => Kind::Rr { nr },
            RNR => Kind::Rnr { nr },
            REJ => Kind::Rej { nr },
            _ => return Err(Bad::Control),
        };
        Ok(Self { command, poll, kind })
    }

    fn read_unnumbered(command: bool, control: u8, rest: &[u8]) -> Result<Self, Bad> {
        let poll = control & P_OF_U != 0;
        let (kind, is_command) = match control & !P_OF_U {
            SABME => (Kind::Sabme, true),
            DISC => (Kind::Disc, true),
            UA => (Kind::Ua, false),
            DM => (Kind::Dm, false),
            FRMR if rest.len() == FRMR_BYTES => (Kind::Frmr, false),
            // Both may be either, and carry what we do not read.
            UI => return Ok(Self { command, poll, kind: Kind::Ui }),
            XID => return Ok(Self { command, poll, kind: Kind::Xid }),
            FRMR => return Err(Bad::Information),
            _ => return Err(Bad::Control),
        };
        if kind != Kind::Frmr && !rest.is_empty() {
            return Err(Bad::Information);
        }
        if command != is_command {
            return Err(Bad::Direction);
        }
        Ok(Self { command, poll, kind })
    }

    /// Writes the frame as this side sends it.
    pub fn write(&self, from: Side) -> Vec<u8> {
        let c_r = u8::from(self.command == (from == Side::Network)) << 1;
        let mut bytes = vec![c_r, 1];
        let p = u8::from(self.poll);
        let supervisory = |control: u8, nr: u8| [control, nr << 1 | p];
        let unnumbered = |control: u8| control | if self.poll { P_OF_U } else { 0 };
        match self.kind {
            Kind::I { ns, nr, message } => {
                bytes.extend([ns << 1, nr << 1 | p]);
                bytes.extend(message);
            }
            Kind::Rr { nr } => bytes.extend(supervisory(RR, nr)),
            Kind::Rnr { nr } => bytes.extend(supervisory(RNR, nr)),
            Kind::Rej { nr } => bytes.extend(supervisory(REJ, nr)),
            Kind::Sabme => bytes.push(unnumbered(SABME)),
            Kind::Disc => bytes.push(unnumbered(DISC)),
            Kind::Ua => bytes.push(unnumbered(UA)),
            Kind::Dm => bytes.push(unnumbered(DM)),
            Kind::Ui => bytes.push(unnumbered(UI)),
            Kind::Xid => bytes.push(unnumbered(XID)),
            Kind::Frmr => {
                bytes.push(unnumbered(FRMR));
                bytes.extend([0; FRMR_BYTES]);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_written_is_the_frame_read() {
        let kinds = [
            Kind::I { ns: 127, nr: 5, message: b"setup" },
            Kind::Rr { nr: 0 },
            Kind::Rnr { nr: 127 },
            Kind::Rej { nr: 64 },
            Kind::Sabme,
            Kind::Disc,
            Kind::Ua,
            Kind::Dm,
            Kind::Frmr,
        ];
        for kind in kinds {
            for (side, poll) in [(Side::User, true), (Side::Network, true), (Side::User, false)] {
                let response = matches!(kind, Kind::Ua | Kind::Dm | Kind::Frmr);
                let frame = Frame { command: !response, poll, kind };
                assert_eq!(Frame::read(&frame.write(side), side), Ok(frame));
            }
        }
    }

    #[test]
    fn the_octets_are_those_of_the_recommendation() {
        let sabme = Frame::command(Kind::Sabme, true);
        assert_eq!(sabme.write(Side::User), [0x00, 0x01, 0x7F]);
        assert_eq!(sabme.write(Side::Network), [0x02, 0x01, 0x7F]);
        let ua = Frame::response(Kind::Ua, true);
        assert_eq!(ua.write(Side::Network), [0x00, 0x01, 0x73]);
        let rr = Frame::response(Kind::Rr { nr: 3 }, false);
        assert_eq!(rr.write(Side::User), [0x02, 0x01, 0x01, 0x06]);
        let i = Frame::command(Kind::I { ns: 1, nr: 2, message: &[8] }, false);
        assert_eq!(i.write(Side::User), [0x00, 0x01, 0x02, 0x04, 0x08]);
    }

    #[test]
    fn what_is_no_frame_for_us_says_why() {
        let read = |bytes: &[u8]| Frame::read(bytes, Side::Network).unwrap_err();
        assert_eq!(read(&[]), Bad::Invalid);
        assert_eq!(read(&[2, 1, 0]), Bad::Invalid, "an I frame without its second octet");
        assert_eq!(read(&[3, 1, 0x7F]), Bad::Invalid, "an address of one octet");
        assert_eq!(read(&[2, 0, 0x7F]), Bad::Invalid, "an address of three");
        assert_eq!(read(&[2, 0xFF, 0x03]), Bad::Foreign, "to all terminals");
        assert_eq!(read(&[0xFE, 1, 0x03]), Bad::Foreign, "of management");
        assert_eq!(read(&[2, 1, 0xFF]), Bad::Control);
        assert_eq!(read(&[2, 1, 0x0D, 0]), Bad::Control, "no supervisory frame is that");
        assert_eq!(read(&[2, 1, 0x7F, 0]), Bad::Information);
        assert_eq!(read(&[2, 1, 0x01, 0, 0]), Bad::Information);
        assert_eq!(read(&[0, 1, 0x7F]), Bad::Direction, "a SABME that answers");
        assert_eq!(read(&[0, 1, 0, 0]), Bad::Direction);
        let long = [&[2, 1, 0, 0][..], &[0; N201 + 1]].concat();
        assert_eq!(read(&long), Bad::TooLong);
    }
}
