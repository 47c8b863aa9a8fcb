//! What a REGISTER wants, and why it may be refused.

use super::CONTACTS_MAX;
use super::outbound::Way;
use crate::address::AddressError;
use crate::message::{Contacts, Message};
use crate::peer::Peer;

/// What a REGISTER wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub contacts: Contacts,
    /// The Expires header, for contacts without an `expires` of their own.
    pub expires_s: Option<u32>,
    pub call_id: String,
    pub cseq: u32,
    /// Where the request came from.
    pub source: Peer,
    /// The way it took to us.
    pub way: Way,
}

impl Wish {
    /// Reads the wish of a REGISTER.
    pub fn of(request: &Message, source: Peer) -> Result<Self, AddressError> {
        Ok(Self {
            contacts: request.contacts()?,
            expires_s: request.expires(),
            call_id: request.call_id().to_owned(),
            cseq: request.cseq().map_or(0, |(number, _)| number),
            source,
            way: Way::of(request),
        })
    }
}

/// Why a REGISTER is refused; nothing of it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a contact asks for less than {min_s} s")]
    TooBrief { min_s: u32 },
    #[error("the CSeq is not above the last one of this Call-ID")]
    OutOfOrder,
    #[error("`*` goes with Expires: 0 alone")]
    Star,
    #[error("a contact is no SIP address")]
    Scheme,
    #[error("a contact is sips and the registration did not come by TLS")]
    Unprotected,
    #[error("more than {CONTACTS_MAX} contacts at once")]
    TooMany,
    #[error("a contact with a reg-id goes alone")]
    SeveralFlows,
    #[error("a proxy between the phone and us knows no outbound")]
    FirstHop,
    #[error("a proxy wants to be on the way back to the phone, and the box takes none")]
    Path,
}

impl Refusal {
    /// The status code: 423 comes with Min-Expires (RFC 3261 section 10.3 steps 6 and 7), 420 with
    /// Unsupported (RFC 3327 section 5.3), 439 by RFC 5626 section 6.
    pub fn status(self) -> u16 {
        match self {
            Self::TooBrief { .. } => 423,
            Self::OutOfOrder => 500,
            Self::Star | Self::Scheme | Self::Unprotected | Self::SeveralFlows => 400,
            Self::TooMany => 403,
            Self::FirstHop => 439,
            Self::Path => 420,
        }
    }
}
