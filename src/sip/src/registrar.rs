//! The registrar: where each account's phones are, until when (RFC 3261 section 10.3).
//!
//! ```text
//!              register (> 0 s)                register again
//! (no binding) ----------------> bound until t --------------> bound until t'
//!      ^                             |
//!      +--- expires=0, `*`, tick(t) -+
//! ```
//!
//! A request changes all of its contacts or none. Requests go to the contact where it names the host
//! the registration came from, and else to where it came from, so phones behind a NAT are reached
//! (RFC 3581).

mod flows;
mod kept;
pub mod outbound;
mod silent;
mod wish;

pub use kept::Kept;
pub use wish::{Refusal, Wish};

use crate::address::Address;
use crate::message::Contacts;
use crate::peer::{FlowId, Peer};
use crate::uri;
use model::{Instant, PhoneId};
use outbound::{FLOWS_MAX, Known, Lost};
use rsip::Uri;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most addresses of an account. At it the one refreshed longest ago goes; a single request with
/// more is refused.
pub const CONTACTS_MAX: usize = 8;

/// One address of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The request URI of what is sent to it.
    pub contact: Uri,
    /// Where it is sent: see `reached_at`.
    pub address: Peer,
    pub expires_at: Instant,
    /// Nobody answered an INVITE there; whatever comes from there ends it.
    silent: bool,
    /// The same phone under another address, or by another connection (RFC 5626 section 4.1).
    known: Known,
    call_id: String,
    cseq: u32,
    refreshed: u64,
}

impl Binding {
    /// Tells whether it is of the same Call-ID and not older than the wish, which so comes late
    /// (RFC 3261 section 10.3 steps 6 and 7).
    fn is_after(&self, wish: &Wish) -> bool {
        self.call_id == wish.call_id && self.cseq >= wish.cseq
    }
}

/// What became of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has this many addresses now, at least one of them new, moved or heard again.
    Registered { phone: PhoneId, contacts: usize },
    /// It is reached where it was, for longer.
    Refreshed { phone: PhoneId },
    /// Its last address was taken back, ran out or fell silent.
    Unregistered { phone: PhoneId },
}

/// What the 200 says, and what changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// All addresses of the account, each with the seconds it has left.
    pub contacts: Vec<Address>,
    pub change: Option<Change>,
    /// A connection of several was registered (RFC 5626 section 6).
    pub outbound: bool,
    /// Connections of the phone that are no longer: it is reached by the one the REGISTER came by.
    pub moved: Vec<FlowId>,
}

/// Where a phone is rung: by its newest connection, and by its others if that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub at: (Uri, Peer),
    /// The newest first.
    pub spare: Vec<(Uri, Peer)>,
}

/// Where a phone is reached: at its contact if that is the host the registration came from, or else
/// where it came from, since behind a NAT the contact names an address that leads nowhere. The
/// connection it came by is used as long as it is open; who came by TLS is never reached otherwise.
fn reached_at(contact: &Uri, source: Peer) -> Peer {
    let Some(named) = uri::socket_addr(contact).filter(|named| named.ip() == source.ip()) else {
        return source;
    };
    match uri::transport(contact) {
        Some(other) if other != source.transport && !source.transport.secure() => {
            Peer { transport: other, flow: None, ..source.at_port(named.port()) }
        }
        _ => source.at_port(named.port()),
    }
}

/// Tells whether the same addresses are reached the same way.
fn leads_as(old: &[Binding], new: &[Binding]) -> bool {
    let is_old = |b: &Binding| old.iter().any(|o| o.address == b.address && o.contact == b.contact);
    old.len() == new.len() && new.iter().all(is_old)
}

/// Holds the addresses of every account.
#[derive(Clone, Debug)]
pub struct Registrar {
    /// Shortest and longest registration granted, in seconds.
    range_s: (u32, u32),
    accounts: BTreeMap<PhoneId, Vec<Binding>>,
    /// When the first address of an account runs out.
    due: BTreeSet<(Instant, PhoneId)>,
    /// Who is reached by which connection.
    flows: BTreeSet<(FlowId, PhoneId)>,
    /// Connections that closed under a registration: `CONTACTS_MAX` an account, the oldest goes.
    lost: BTreeMap<PhoneId, Vec<Lost>>,
    refreshes: u64,
    shed: u64,
}

impl Registrar {
    /// Starts without addresses; `range_s` is the shortest and longest registration granted.
    pub fn new(range_s: (u32, u32)) -> Self {
        let (accounts, due, flows) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { range_s, accounts, due, flows, lost: BTreeMap::new(), refreshes: 0, shed: 0 }
    }

    /// Does what a REGISTER of `phone` wants; the caller has proved that it may.
    pub fn register(
        &mut self,
        now: Instant,
        phone: &PhoneId,
        wish: &Wish,
    ) -> Result<Done, Refusal> {
        let had = self.is_there(phone);
        let old: Vec<_> =
            self.bindings(phone).iter().filter(|b| b.expires_at > now).cloned().collect();
        let refreshes = self.refreshes;
        let outbound = self.outbound(wish)?;
        let bindings = match &wish.contacts {
            Contacts::All if wish.expires_s != Some(0) => return Err(Refusal::Star),
            Contacts::All if old.iter().any(|b| b.is_after(wish)) => {
                return Err(Refusal::OutOfOrder);
            }
            Contacts::All => Vec::new(),
            Contacts::List(list) => self.merged(now, &old, list, wish)?,
        };
        let moved = self.moved(now, phone, &bindings, wish.source);
        let refreshed = self.refreshes > refreshes;
        let stays = had && leads_as(&old, &bindings);
        self.put(phone, bindings);
        let change = match self.is_there(phone) {
            true if refreshed && stays => Some(Change::Refreshed { phone: phone.clone() }),
            true if refreshed => Some(self.is_back(phone)),
            false if had => Some(Change::Unregistered { phone: phone.clone() }),
            _ => None,
        };
        Ok(Done { contacts: self.listed(now, phone), change, outbound, moved })
    }

    /// Where an account is rung: once for each phone of it, by its newest connection first.
    pub fn targets(&self, phone: &PhoneId) -> Vec<Target> {
        let mut targets: Vec<(&Known, Target)> = Vec::new();
        for binding in self.bindings(phone).iter().rev() {
            let at = (binding.contact.clone(), binding.address);
            let same = targets.iter_mut().find(|(known, _)| known.is_other_flow_of(&binding.known));
            match same {
                Some((_, target)) => target.spare.push(at),
                None => targets.push((&binding.known, Target { at, spare: Vec::new() })),
            }
        }
        targets.reverse();
        targets.into_iter().map(|(_, target)| target).collect()
    }

    /// The addresses of an account, the one refreshed last at the end.
    pub fn bindings(&self, phone: &PhoneId) -> &[Binding] {
        self.accounts.get(phone).map_or(&[], Vec::as_slice)
    }

    /// The accounts with an address, and how many they have.
    pub fn registrations(&self) -> impl Iterator<Item = (&PhoneId, usize)> {
        self.accounts.iter().map(|(phone, bindings)| (phone, bindings.len()))
    }

    /// How many addresses went because an account had too many.
    pub fn shed(&self) -> u64 {
        self.shed
    }

    /// Grants between these from now on, in seconds.
    pub fn set_range(&mut self, range_s: (u32, u32)) {
        self.range_s = range_s;
    }

    /// Forgets every address of an account; tells whether it was there.
    pub fn forget(&mut self, phone: &PhoneId) -> bool {
        let had = self.is_there(phone);
        self.lost.remove(phone);
        self.put(phone, Vec::new());
        had
    }

    /// Forgets what ran out; gives the accounts whose last address that was.
    pub fn tick(&mut self, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Some((_, phone)) = self.due.first().filter(|(at, _)| *at <= now).cloned() {
            let had = self.is_there(&phone);
            let left =
                self.bindings(&phone).iter().filter(|b| b.expires_at > now).cloned().collect();
            self.put(&phone, left);
            if had && !self.is_there(&phone) {
                changes.push(Change::Unregistered { phone });
            }
        }
        changes
    }

    /// Says when the next address runs out.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.due.first().map(|(at, _)| (*at, "registration runs out"))
    }

    /// The addresses of an account once `list` is done.
    fn merged(
        &mut self,
        now: Instant,
        old: &[Binding],
        list: &[Address],
        wish: &Wish,
    ) -> Result<Vec<Binding>, Refusal> {
        let mut bindings = old.to_vec();
        if list.len() > CONTACTS_MAX {
            return Err(Refusal::TooMany);
        }
        for contact in list {
            if !uri::is_sip(&contact.uri) {
                return Err(Refusal::Scheme);
            }
            if uri::is_sips(&contact.uri) && !wish.source.transport.secure() {
                return Err(Refusal::Unprotected);
            }
            let seconds = self.granted(contact.expires().or(wish.expires_s))?;
            let known = Known::of(contact, wish.way.outbound && wish.source.transport.reliable());
            let is_it = |b: &Binding| known.replaces(&b.known, uri::same(&b.contact, &contact.uri));
            if old.iter().any(|b| is_it(b) && b.is_after(wish)) {
                return Err(Refusal::OutOfOrder);
            }
            // What comes from a new port may be the phone that is silent at its old one.
            let new = seconds > 0 && !old.iter().any(is_it);
            bindings.retain(|b| !(is_it(b) || new && known.may_succeed(b, wish.source)));
            if seconds > 0 {
                self.refreshes += 1;
                bindings.push(Binding {
                    contact: contact.uri.clone(),
                    address: reached_at(&contact.uri, wish.source),
                    expires_at: now + Duration::from_secs(seconds.into()),
                    silent: false,
                    known,
                    call_id: wish.call_id.clone(),
                    cseq: wish.cseq,
                    refreshed: self.refreshes,
                });
            }
        }
        bindings.sort_by_key(|binding| binding.refreshed);
        if let Some(new) = bindings.last().map(|binding| binding.known.clone()) {
            let flows = bindings.iter().filter(|b| b.known.is_other_flow_of(&new)).count();
            if flows > FLOWS_MAX
                && let Some(oldest) = bindings.iter().position(|b| b.known.is_other_flow_of(&new))
            {
                bindings.remove(oldest);
                self.shed += 1;
            }
        }
        let over = bindings.len().saturating_sub(CONTACTS_MAX);
        bindings.drain(..over);
        self.shed += over as u64;
        Ok(bindings)
    }

    /// Tells whether a reg-id of the wish counts; refuses what a proxy made impossible (RFC 5626
    /// section 6).
    fn outbound(&self, wish: &Wish) -> Result<bool, Refusal> {
        let Contacts::List(list) = &wish.contacts else { return Ok(false) };
        let way = wish.way;
        let flows = |c: &&Address| Known::of(c, way.outbound).reg_id.is_some();
        let with_reg_id = list.iter().filter(flows).count();
        if with_reg_id > 0 && way.proxied && !way.path {
            return Err(Refusal::FirstHop);
        }
        if way.path {
            return Err(Refusal::Path);
        }
        let kept = list.iter().filter(|c| c.expires().or(wish.expires_s) != Some(0)).count();
        if with_reg_id > 0 && kept > 1 {
            return Err(Refusal::SeveralFlows);
        }
        Ok(with_reg_id > 0 && wish.source.transport.reliable())
    }

    /// Puts the addresses of an account in place of those it had.
    fn put(&mut self, phone: &PhoneId, bindings: Vec<Binding>) {
        let first = |bindings: &[Binding]| bindings.iter().map(|b| b.expires_at).min();
        if let Some(at) = first(self.bindings(phone)) {
            self.due.remove(&(at, phone.clone()));
        }
        let flows = |bindings: &[Binding]| -> Vec<_> {
            bindings.iter().filter_map(|b| Some((b.address.flow?, phone.clone()))).collect()
        };
        for old in flows(self.bindings(phone)) {
            self.flows.remove(&old);
        }
        self.flows.extend(flows(&bindings));
        match first(&bindings) {
            Some(at) => {
                self.due.insert((at, phone.clone()));
                self.accounts.insert(phone.clone(), bindings);
            }
            None => _ = self.accounts.remove(phone),
        }
    }

    /// The seconds granted; without a wish the longest (RFC 3261 section 10.3 step 7).
    fn granted(&self, wish_s: Option<u32>) -> Result<u32, Refusal> {
        let (min_s, max_s) = self.range_s;
        match wish_s {
            Some(0) => Ok(0),
            Some(wish_s) if wish_s < min_s => Err(Refusal::TooBrief { min_s }),
            Some(wish_s) => Ok(wish_s.min(max_s)),
            None => Ok(max_s),
        }
    }

    fn listed(&self, now: Instant, phone: &PhoneId) -> Vec<Address> {
        let of_binding = |binding: &Binding| {
            let left = binding.expires_at.since(now).as_millis().div_ceil(1000);
            let address = Address::new(binding.contact.clone());
            let address = match &binding.known.instance {
                Some(instance) => address.with("+sip.instance", Some(instance)),
                None => address,
            };
            let address = match binding.known.reg_id {
                Some(id) => address.with("reg-id", Some(&id.to_string())),
                None => address,
            };
            address.with("expires", Some(&left.to_string()))
        };
        self.bindings(phone).iter().map(of_binding).collect()
    }
}
