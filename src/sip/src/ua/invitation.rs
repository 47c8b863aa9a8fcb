//! What an INVITE of ours says, whatever address it goes to.

use super::caller;
use super::party::Party;
use super::refresh;
use super::wire::{ALLOW, SUPPORTED, Wire};
use crate::address::Address;
use crate::message::Message;
use crate::peer::Peer;
use crate::uri;
use rsip::{Method, Scheme, Uri};
use std::net::SocketAddr;

/// What an INVITE of ours says.
#[derive(Debug)]
pub struct Invitation {
    pub from: Address,
    /// Who calls as the box vouches for it (RFC 3325); only a trusted peer is told.
    pub asserted: Option<Address>,
    /// The number that sent the call on, at our realm.
    pub diverted: Option<Address>,
    /// Who transfers the caller, at our realm; only a trusted peer is told (RFC 3892 section 2.3).
    pub referred: Option<Address>,
    /// What else it says, as a header each.
    pub more: Vec<(&'static str, String)>,
    /// The phone shall answer by itself.
    pub auto_answer: bool,
    /// The user part of our Contact.
    pub contact: String,
    pub rtp: SocketAddr,
    /// Whether the INVITE carries the offer.
    pub offer: bool,
    pub party: Party,
}

/// What the INVITEs of one leg share.
#[derive(Debug)]
pub struct Names {
    pub call_id: String,
    /// With our tag.
    pub from: Address,
    pub cseq: u64,
}

impl Names {
    /// Makes those of a new leg.
    pub fn new(wire: &mut Wire, from: &Address) -> Self {
        Self {
            call_id: format!("{}@{}", wire.token(), wire.local.ip()),
            from: from.clone().tagged(&wire.token()),
            cseq: 1 + wire.dice(1 << 16),
        }
    }
}

impl Invitation {
    /// An invitation with an offer, and nothing said beyond who calls.
    pub fn new(from: Address, rtp: SocketAddr, party: Party) -> Self {
        Self {
            from,
            asserted: None,
            diverted: None,
            referred: None,
            more: Vec::new(),
            auto_answer: false,
            contact: String::new(),
            rtp,
            offer: true,
            party,
        }
    }

    /// Makes the INVITE to one address, without a description.
    pub fn invite(&self, wire: &mut Wire, names: &Names, target: &Uri, to: &Peer) -> Message {
        let via = wire.via(to);
        let mut invite = Message::request(Method::Invite, target.clone());
        invite.headers.push_front("Via", via.to_string());
        let invite = invite
            .with("From", names.from.to_string())
            .with("To", Address::new(target.clone()).to_string())
            .with("Call-ID", names.call_id.clone())
            .with("CSeq", format!("{} INVITE", names.cseq))
            .with("Contact", contact_of(wire, target, to, &self.contact))
            .with("Allow", ALLOW)
            .with("Supported", SUPPORTED);
        let mut invite = refresh::ask(invite, wire.session_s);
        if let Some(who) = self.asserted.as_ref().filter(|_| self.party.trusted) {
            invite.headers.push("P-Asserted-Identity", who.to_string());
        }
        if let Some(by) = self.referred.as_ref().filter(|_| self.party.trusted) {
            invite.headers.push("Referred-By", by.to_string());
        }
        for (name, value) in &self.more {
            invite.headers.push(name, value.clone());
        }
        if self.auto_answer {
            invite = auto_answered(invite, wire);
        }
        if let Some(by) = &self.diverted {
            invite = caller::with_diverted(invite, by, &Address::new(target.clone()));
        }
        invite
    }
}

/// Adds what makes a desk phone answer by itself: each maker reads another of them.
fn auto_answered(invite: Message, wire: &Wire) -> Message {
    let host = uri::write_host(&uri::of_host(wire.local).host_with_port.host);
    invite
        .with("Call-Info", format!("<sip:{host}>;answer-after=0"))
        .with("Call-Info", format!("<sip:{host}>;intercom=true"))
        .with("Alert-Info", format!("<http://{host}>;info=alert-autoanswer;delay=0"))
}

/// Our Contact in an INVITE: sips where that is what is asked for (RFC 3261 8.1.1.8).
fn contact_of(wire: &Wire, target: &Uri, to: &Peer, user: &str) -> String {
    let mut at = wire.contact_uri(to, user);
    if uri::is_sips(target) {
        at.scheme = Some(Scheme::Sips);
        at.params.clear();
    }
    Address::new(at).to_string()
}
