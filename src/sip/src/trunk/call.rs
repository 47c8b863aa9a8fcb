//! What an INVITE to a trunk says: who is called, who calls, and on whose behalf.

use crate::address::Address;
use crate::command::TrunkConfig;
use crate::peer::Peer;
use crate::ua::arrival::party_of;
use crate::ua::invitation::Invitation;
use crate::ua::party::Party;
use crate::ua::wire::Wire;
use crate::uri;
use model::{Codec, LegId, Number, PersonName, TrunkId};
use rsip::Uri;
use std::net::SocketAddr;

/// A call over a trunk. Its numbers are in the form that the trunk takes.
#[derive(Clone, Debug, PartialEq)]
pub struct TrunkCall {
    pub leg: LegId,
    pub trunk: TrunkId,
    pub rtp: SocketAddr,
    pub number: Number,
    /// The number shown; empty for withheld.
    pub caller: Number,
    pub name: PersonName,
    /// Who sent the call on, where the box forwards it (RFC 5806).
    pub diverted: Number,
    /// Who calls though `caller` is withheld; only a trusted trunk is told (RFC 3325).
    pub asserted: Number,
    /// Who transfers the caller to the number; only a trusted trunk is told (RFC 3892).
    pub referrer: Number,
    /// What the other party of the call speaks, which is asked for first.
    pub codec: Option<Codec>,
}

/// Makes the invitation, and the address of the number at each target.
pub fn invitation(
    wire: &Wire,
    config: &TrunkConfig,
    call: &TrunkCall,
    targets: Vec<Peer>,
) -> (Invitation, Vec<(Uri, Peer)>) {
    let account = config.out.account.as_ref();
    let domain = account.map(|account| account.domain.as_str()).unwrap_or_default();
    let at = |number: &str, addr: SocketAddr| {
        let mut uri = uri::of_user(number, addr);
        if let Ok(host) = uri::host_port(domain) {
            uri.host_with_port = host;
        }
        uri
    };
    let own = |number: &str| Address::new(at(number, wire.local));
    let withheld = call.caller.is_empty();
    let from = match uri::parse("sip:anonymous@anonymous.invalid") {
        // RFC 3323 section 4.1.1.3.
        Ok(nobody) if withheld => Address::new(nobody).named("Anonymous"),
        _ => own(call.caller.reveal()).named(call.name.reveal()),
    };
    let user = account.map(|account| account.user.as_str()).unwrap_or_default();
    // Who calls, though it is withheld from the one who is called.
    let vouched = [call.caller.reveal(), call.asserted.reveal(), user];
    let asserted = vouched.into_iter().find(|number| !number.is_empty()).map(own);
    let party = Party { codec: call.codec, ..party_of(wire, &call.trunk, config) };
    let invitation = Invitation {
        asserted,
        diverted: Some(&call.diverted).filter(|by| !by.is_empty()).map(|by| own(by.reveal())),
        referred: Some(&call.referrer).filter(|by| !by.is_empty()).map(|by| own(by.reveal())),
        more: if withheld { vec![("Privacy", "id".to_owned())] } else { Vec::new() },
        contact: user.to_owned(),
        ..Invitation::new(from, call.rtp, party)
    };
    let number = call.number.reveal();
    let each = targets.into_iter().map(|to| (at(number, to.addr), to));
    (invitation, each.collect())
}
