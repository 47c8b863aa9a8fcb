//! Who is at the other end of a leg, and what that end may.

use crate::offer_answer::Protection;
use crate::peer::Peer;
use model::srtp::SrtpPolicy;
use model::{Codec, PhoneId, Secret, Via};
use std::net::IpAddr;

/// The other end of a leg.
#[derive(Clone, Debug, Default)]
pub struct Party {
    /// Which phone or trunk it is; nothing where a test or a tool of ours called any address.
    pub via: Option<Via>,
    /// Whether it is believed who calls, and told so (RFC 3325 section 2): our own phones are told,
    /// a trunk is where the site says so.
    pub trusted: bool,
    /// What a challenge of its is answered with: never another's (RFC 3261 22.2).
    pub account: Option<Account>,
    pub srtp: SrtpPolicy,
    /// What the other party of its call speaks, which it is asked for first.
    pub codec: Option<Codec>,
    /// Keys go to it by INFO where it takes no telephone-event.
    pub keys_by_info: bool,
}

impl Party {
    /// A phone of ours.
    pub fn phone(phone: PhoneId, srtp: SrtpPolicy) -> Self {
        let via = Some(Via::Phone(phone));
        Self { via, trusted: true, srtp, ..Self::default() }
    }

    /// Tells whether it is a phone of ours.
    pub fn is_phone(&self) -> bool {
        matches!(self.via, Some(Via::Phone(_)))
    }

    /// Tells whether it may have calls transferred and replaced: a phone of ours, or a trunk that
    /// is trusted.
    pub fn may_refer(&self) -> bool {
        self.is_phone() || self.trusted
    }

    /// Tells whether two legs are of the same phone or trunk.
    pub fn is_same(&self, other: &Self) -> bool {
        self.via.is_some() && self.via == other.via
    }

    /// What may become of its sound, where keys would go over that signalling.
    pub fn protection(&self, secure_hop: bool) -> Protection {
        Protection::of(self.srtp, secure_hop)
    }
}

/// Our account at somebody else's box.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: PhoneId,
    secret: Secret,
    /// The hosts that may ask for its proof.
    hosts: Vec<IpAddr>,
    /// The realm of their challenges, where it is known.
    realm: Option<String>,
}

impl Account {
    /// Makes an account that is proved to these hosts alone. Where a request within a call goes to
    /// is the other end's word (RFC 3261 12.2.1.1), and who called may have forged its address.
    pub fn at(hosts: impl IntoIterator<Item = IpAddr>, user: PhoneId, secret: Secret) -> Self {
        let hosts = hosts.into_iter().map(|host| host.to_canonical()).collect();
        Self { user, secret, hosts, realm: None }
    }

    /// Proves it in this realm alone, where one is named.
    pub fn in_realm(self, realm: Option<String>) -> Self {
        Self { realm, ..self }
    }

    /// The realm that it is proved in.
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// The password, for a proof to that peer.
    pub fn secret_for(&self, to: &Peer) -> Option<&Secret> {
        self.hosts.contains(&to.ip().to_canonical()).then_some(&self.secret)
    }
}
