//! A registration of ours at another box, as a phone keeps it (RFC 3261 10.2).
//!
//! ```text
//!   REGISTER --401--> REGISTER with the password's proof --200--> held
//!       ^       423: again, for longer                              |
//!       '---------------- after 4/5 of the time granted ------------'
//! ```

use super::party::Account;
use super::proof;
use super::wire::{Owner, Wire};
use crate::address::Address;
use crate::message::{Contacts, Message};
use crate::peer::Peer;
use crate::transaction::TransactionId;
use crate::uri;
use model::{Instant, PhoneId, Secret};
use rsip::{Method, Scheme, Uri};
use std::time::Duration;

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something is on its way.
    Waits,
    /// It stands for so many seconds, and is renewed before they are over.
    Granted(u32),
    /// Taken back as we wished, or refused.
    Over(Result<u32, u16>),
}

/// How often one registration answers challenges and 423 before it takes the refusal for final.
const TRIES_MAX: u8 = 3;

/// One address-of-record of ours at one registrar.
#[derive(Debug)]
pub struct Registration {
    no: u32,
    registrar: Peer,
    user: PhoneId,
    secret: Secret,
    realm: Option<String>,
    expires_s: u32,
    call_id: String,
    from: Address,
    /// What is asked to register: the registrar's host, or the carrier's domain.
    place: Uri,
    cseq: u32,
    tries: u8,
    again_at: Option<Instant>,
}

impl Registration {
    /// Prepares a registration; `renew` sends it.
    pub fn new(wire: &mut Wire, no: u32, registrar: Peer, user: PhoneId) -> Self {
        let from = Address::new(uri::of_user(user.as_str(), registrar.addr)).tagged(&wire.token());
        Self {
            place: uri::of_ours("", registrar.transport, registrar.addr),
            no,
            registrar,
            user,
            secret: Secret::default(),
            realm: None,
            expires_s: 0,
            call_id: format!("{}@{}", wire.token(), wire.local.ip()),
            from,
            cseq: 0,
            tries: 0,
            again_at: None,
        }
    }

    /// Registers in a domain, which need not be the registrar's address.
    pub fn in_domain(mut self, domain: &str) -> Self {
        if let Ok(host) = uri::host_port(domain) {
            self.from.uri.host_with_port = host.clone();
            self.place = Uri { scheme: Some(Scheme::Sip), host_with_port: host, ..Uri::default() };
        }
        self
    }

    /// Proves its password in this realm alone, where one is named.
    pub fn in_realm(self, realm: Option<String>) -> Self {
        Self { realm, ..self }
    }

    /// Tells whether it is this user's at this registrar.
    pub fn is_of(&self, registrar: Peer, user: &PhoneId) -> bool {
        self.registrar == registrar && self.user == *user
    }

    /// Registers for `expires_s`; 0 takes the registration back.
    pub fn set(&mut self, now: Instant, wire: &mut Wire, secret: Secret, expires_s: u32) {
        self.secret = secret;
        self.expires_s = expires_s;
        self.renew(now, wire);
    }

    /// Takes a response.
    pub fn response(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) -> Verdict {
        let code = response.code().unwrap_or(500);
        match code {
            100..=199 => Verdict::Waits,
            200..=299 => self.granted(now, wire, response),
            401 | 407 if self.prove(now, wire, id, response) => Verdict::Waits,
            423 if self.longer(now, wire, response) => Verdict::Waits,
            _ => Verdict::Over(Err(code)),
        }
    }

    /// Whose it is.
    pub fn user(&self) -> &PhoneId {
        &self.user
    }

    /// Registers again if it is time.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire) {
        if self.again_at.is_some_and(|at| at <= now) {
            self.renew(now, wire);
        }
    }

    /// Tells whether it stands, by that connection.
    pub fn is_held_at(&self, flow: &Peer) -> bool {
        let same = (flow.transport, flow.addr) == (self.registrar.transport, self.registrar.addr);
        same && self.again_at.is_some()
    }

    /// Registers again then, or sooner where it is time sooner.
    pub fn renew_at(&mut self, at: Instant) {
        self.again_at = Some(self.again_at.map_or(at, |due| due.min(at)));
    }

    /// When it is time to register again.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.again_at.map(|at| (at, "register again"))
    }

    fn renew(&mut self, now: Instant, wire: &mut Wire) {
        self.tries = 0;
        self.again_at = None;
        self.send(now, wire);
    }

    fn send(&mut self, now: Instant, wire: &mut Wire) {
        self.cseq += 1;
        let via = wire.via(&self.registrar);
        let mut request = Message::request(Method::Register, self.place.clone());
        request.headers.push_front("Via", via.to_string());
        let to = Address { params: Vec::new(), ..self.from.clone() };
        let request = request
            .with("From", self.from.to_string())
            .with("To", to.to_string())
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{} REGISTER", self.cseq))
            .with("Contact", wire.contact(&self.registrar, self.user.as_str()))
            .with("Expires", self.expires_s.to_string());
        self.sent(now, wire, request);
    }

    fn sent(&mut self, now: Instant, wire: &mut Wire, request: Message) {
        let owner = Owner::Register { no: self.no };
        if wire.request(now, request, self.registrar, owner).is_none() {
            // At the limit of transactions: as if it were time again in a second.
            self.again_at = Some(now + Duration::from_secs(1));
        }
    }

    fn granted(&mut self, now: Instant, wire: &mut Wire, response: &Message) -> Verdict {
        let seconds = self.listed_s(wire, response).or(response.expires());
        let granted = seconds.unwrap_or(self.expires_s).min(self.expires_s);
        if granted == 0 {
            return Verdict::Over(Ok(0));
        }
        self.again_at = Some(now + Duration::from_millis(u64::from(granted) * 800));
        Verdict::Granted(granted)
    }

    /// The time that a 200 lists for our Contact (RFC 3261 10.2.4). One that the registrar changed
    /// on the way, as a border controller does, is known by its user part; where none is, the
    /// shortest time of all is the safe one.
    fn listed_s(&self, wire: &Wire, response: &Message) -> Option<u32> {
        let Ok(Contacts::List(list)) = response.contacts() else { return None };
        let ours = wire.contact_uri(&self.registrar, self.user.as_str());
        if let Some(same) = list.iter().find(|c| uri::same(&c.uri, &ours)) {
            return same.expires();
        }
        let is_user = |c: &&Address| uri::user(&c.uri).as_deref() == Some(self.user.as_str());
        let shortest = |all: &mut dyn Iterator<Item = &Address>| {
            all.filter_map(Address::expires).filter(|seconds| *seconds > 0).min()
        };
        shortest(&mut list.iter().filter(is_user)).or_else(|| shortest(&mut list.iter()))
    }

    fn prove(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        id: TransactionId,
        response: &Message,
    ) -> bool {
        self.tries = self.tries.saturating_add(1);
        if self.tries > TRIES_MAX {
            return false;
        }
        let account = Account::at([self.registrar.ip()], self.user.clone(), self.secret.clone())
            .in_realm(self.realm.clone());
        let again = proof::of_challenged(wire, id, response, &account);
        let Some((again, _)) = again else { return false };
        self.cseq += 1;
        self.sent(now, wire, again);
        true
    }

    fn longer(&mut self, now: Instant, wire: &mut Wire, response: &Message) -> bool {
        self.tries = self.tries.saturating_add(1);
        let least = response.min_expires().filter(|least| *least > self.expires_s);
        let Some(least) = least.filter(|_| self.tries <= TRIES_MAX && self.expires_s > 0) else {
            return false;
        };
        self.expires_s = least;
        self.send(now, wire);
        true
    }
}
