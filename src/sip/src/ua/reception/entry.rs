//! Who is let in: phones that prove a password, and peers of trunks by their address.

use super::{Reception, Request};
use crate::command::{Output, TrunkConfig};
use crate::counters::UNKNOWN_ACCOUNT;
use crate::digest::Credentials;
use crate::guard::Entry;
use crate::message::Message;
use crate::peer::Peer;
use crate::source::Source;
use crate::ua::certificate;
use crate::ua::wire::Wire;
use crate::uri;
use model::{Instant, PhoneId, TrunkId, Via};
use rsip::Host;
use std::net::{IpAddr, SocketAddr};

impl Reception {
    /// The account whose password the request proves. Where it proves none it is challenged.
    pub(super) fn proved(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        request: &Request,
    ) -> Option<PhoneId> {
        let accounts = &self.accounts;
        let secret_of = |user: &str| accounts.get(&PhoneId::new(user));
        match self.guard.judge(now, request.from.addr, &request.message, secret_of) {
            Entry::Passed { user } => {
                let phone = PhoneId::new(&user);
                let names = self.certificates.get(&phone);
                let fits = |names: &Vec<String>| {
                    certificate::fits(wire, &request.from, names.iter().map(String::as_str))
                };
                if !names.is_none_or(fits) {
                    let refusal = certificate::refusal(wire, &request.message);
                    wire.send(request.reply_to, &refusal);
                    wire.wrong_certificate(Via::Phone(phone));
                    return None;
                }
                wire.known(request.from);
                self.heard(wire, &phone, request);
                Some(phone)
            }
            Entry::Refused { stale, wrong } => {
                if wrong {
                    self.wrong(now, wire, request);
                }
                self.challenge(now, wire, request, stale);
                None
            }
            Entry::Unjudged => {
                wire.counters.unjudged += 1;
                self.challenge(now, wire, request, false);
                None
            }
        }
    }

    fn challenge(&mut self, now: Instant, wire: &mut Wire, request: &Request, stale: bool) {
        wire.counters.challenged += 1;
        // A phone that comes again by another connection comes from another port.
        let from = match request.from.transport.reliable() {
            true => SocketAddr::new(request.from.ip(), 0),
            false => request.from.addr,
        };
        let mut challenge = self.guard.challenge(now, from, &request.message, stale);
        challenge.set_to_tag(&wire.tag_for(&request.message));
        wire.send(request.reply_to, &challenge);
    }

    /// Counts a wrong password. A trunk's address that gave too many has none judged any more, and
    /// its calls, which need none, go on.
    fn wrong(&mut self, now: Instant, wire: &mut Wire, request: &Request) {
        let account = self.named(&request.message);
        *wire.counters.failures.entry(account.clone()).or_default() += 1;
        let (until, strangers) = self.guard.wrong(now, request.from.addr, account.as_str());
        for addr in strangers {
            wire.tell(Output::Estranged { addr });
        }
        if let Some(until) = until {
            wire.tell(Output::Banned { source: Source::of(request.from.ip()), until });
        }
    }

    /// Tells whether a peer that sends what nobody can read is answered still.
    pub fn admits(&mut self, now: Instant, from: &Peer) -> bool {
        self.guard.admits(now, from.addr)
    }

    /// Tells whether nothing of a peer is taken, since its source guessed passwords.
    pub fn bans(&self, now: Instant, from: &Peer) -> bool {
        self.guard.is_banned(now, from.addr) && !self.is_trunk(from.ip())
    }

    pub(super) fn is_trunk(&self, ip: IpAddr) -> bool {
        let mut peers = self.trunks.values().flat_map(|trunk| &trunk.peers);
        peers.any(|peer| canonical(*peer) == ip)
    }

    /// The account that a wrong proof named, if we have it.
    fn named(&self, request: &Message) -> PhoneId {
        let values = request.headers.get_all("Authorization");
        values
            .filter_map(|value| Credentials::parse(value).ok())
            .map(|credentials| PhoneId::new(&credentials.username))
            .find(|phone| self.accounts.contains_key(phone))
            .unwrap_or_else(|| PhoneId::new(UNKNOWN_ACCOUNT))
    }

    /// Tells whether a number is one of our accounts, or would be read as one: `+8001`, `80-01`.
    pub(super) fn is_extension(&self, number: &str) -> bool {
        let plain: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
        [number, &plain].iter().any(|number| self.accounts.contains_key(&PhoneId::new(number)))
    }

    /// The trunk whose peer sent the request. A peer that calls itself one of our own accounts has
    /// to prove it as anybody has: a phone may stand at a trunk's address, and nobody may pass for
    /// an extension from outside.
    pub(super) fn trunk_of(
        &self,
        wire: &Wire,
        request: &Request,
    ) -> Option<(&TrunkId, &TrunkConfig)> {
        let ip = request.from.ip();
        let is_peer = |trunk: &TrunkConfig| trunk.peers.iter().any(|peer| canonical(*peer) == ip);
        let found = self.trunks.iter().find(|(_, trunk)| is_peer(trunk))?;
        let from = request.message.from()?;
        let host_is_ours = match &from.uri.host_with_port.host {
            Host::IpAddr(ip) => wire.locals.has(*ip),
            Host::Domain(name) => name.to_string().eq_ignore_ascii_case(&wire.realm),
        };
        let user = uri::user(&from.uri).unwrap_or_default();
        let ours = host_is_ours && self.accounts.contains_key(&PhoneId::new(&user));
        (!ours).then_some(found)
    }
}

/// An IPv4 address, though a socket of both families shows it as IPv6.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}
