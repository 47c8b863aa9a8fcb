//! What a REGISTER wants, and why it may be refused.

use super::CONTACTS_MAX;
use super::outbound::Way;
use crate::address::AddressError;
use crate::message::{Contacts, Message};
use crate::peer::{Locals, Peer};
use crate::uri;
use std::net::{IpAddr, Ipv4Addr};

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
    /// Tells whether a contact it adds cannot be a phone's: a group of hosts, no host at all, or the
    /// box itself, which would ring itself.
    pub fn leads_nowhere(&self, locals: &Locals) -> bool {
        let Contacts::List(list) = &self.contacts else { return false };
        let added = list.iter().filter(|c| c.expires().or(self.expires_s) != Some(0));
        added.filter_map(|contact| uri::socket_addr(&contact.uri)).any(|at| {
            let ip = at.ip().to_canonical();
            let nobody = ip.is_multicast() || ip.is_unspecified();
            nobody || ip == IpAddr::V4(Ipv4Addr::BROADCAST) || locals.listens(at)
        })
    }

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
    #[error("a contact leads to no phone: it is a group's address, nobody's, or the box's own")]
    Nowhere,
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
            Self::Star | Self::Scheme | Self::Nowhere | Self::Unprotected | Self::SeveralFlows => {
                400
            }
            Self::TooMany => 403,
            Self::FirstHop => 439,
            Self::Path => 420,
        }
    }
}
