//! Several connections of one phone, and how a phone is known again (RFC 5626 sections 4.1 and 6).
//!
//! ```text
//!   Contact: <...>;+sip.instance="<urn:uuid:1>";reg-id=1 --by connection 5--> binding (1, 1): 5
//!   Contact: <...>;+sip.instance="<urn:uuid:1>";reg-id=2 --by connection 6--> binding (1, 2): 6
//!                     5 closes: what went by it goes by 6; (1, 1) comes by 7: what went by 5 by 7
//! ```
//!
//! It is for TCP and TLS alone: over UDP it would take STUN to keep a flow, which we do not speak, so
//! a reg-id is passed over there. Between phones and the box stands no proxy: one that adds a Path is
//! refused (RFC 3327 section 5.3), one that adds nothing gets 439.

use crate::address::Address;
use crate::message::Message;
use crate::peer::FlowId;
use model::Instant;
use std::net::IpAddr;

/// Most connections of one phone. At it the one refreshed longest ago goes.
pub const FLOWS_MAX: usize = 4;
/// The option tag.
pub const TAG: &str = "outbound";
/// Longest `+sip.instance` that a phone is known by; by a longer one it is not.
const INSTANCE_MAX: usize = 128;
/// Largest reg-id (RFC 5626 section 4.2).
const REG_ID_MAX: u32 = i32::MAX as u32;

/// Which phone a contact is of, and by which of its connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// `+sip.instance`: the same phone under whatever address.
    pub instance: Option<String>,
    /// Which of its connections; never without an instance.
    pub reg_id: Option<u32>,
}

impl Known {
    /// Reads a contact; `outbound` where a reg-id counts.
    pub fn of(contact: &Address, outbound: bool) -> Self {
        let instance = contact.param("+sip.instance").flatten();
        let instance = instance.filter(|instance| instance.len() <= INSTANCE_MAX);
        let reg_id = contact.param("reg-id").flatten().and_then(|id| id.parse().ok());
        let reg_id = reg_id.filter(|id| outbound && instance.is_some() && fits(*id));
        Self { instance, reg_id }
    }

    /// Tells whether it takes the place of another. By outbound each connection stands for itself,
    /// whatever its address; without it a phone has one address.
    pub fn replaces(&self, old: &Self, same_contact: bool) -> bool {
        let same_phone = self.instance.is_some() && self.instance == old.instance;
        match (self.reg_id, old.reg_id) {
            (Some(new), Some(old)) => same_phone && new == old,
            _ => same_contact || same_phone,
        }
    }

    /// Tells whether both are the same phone by several connections.
    pub fn is_other_flow_of(&self, other: &Self) -> bool {
        self.reg_id.is_some() && other.reg_id.is_some() && self.instance == other.instance
    }
}

fn fits(reg_id: u32) -> bool {
    (1..=REG_ID_MAX).contains(&reg_id)
}

/// What a REGISTER says of the way it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// The phone knows outbound.
    pub outbound: bool,
    /// A proxy stands between: there is another Via.
    pub proxied: bool,
    /// A proxy wants to be on the way back.
    pub path: bool,
}

impl Way {
    /// Reads a REGISTER.
    pub fn of(request: &Message) -> Self {
        let says = |name: &str| request.headers.words(name).any(|t| t.eq_ignore_ascii_case(TAG));
        Self {
            outbound: says("Supported") || says("Require"),
            proxied: request.headers.get_all("Via").count() > 1,
            path: request.headers.get("Path").is_some(),
        }
    }
}

/// A connection that closed under a registration: who comes back by another is known by it.
#[derive(Clone, Debug)]
pub struct Lost {
    pub flow: FlowId,
    pub known: Known,
    pub ip: IpAddr,
    /// When the registration would have run out.
    pub until: Instant,
}

impl Lost {
    /// Tells whether it was that phone's: by its instance, or by its host where it names none.
    pub fn is_of(&self, known: &Known, ip: IpAddr) -> bool {
        match (&self.known.instance, &known.instance) {
            (Some(old), Some(new)) => old == new,
            (None, None) => self.ip == ip,
            _ => false,
        }
    }
}
