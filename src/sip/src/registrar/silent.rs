//! Addresses where nobody answers: a phone all of whose addresses are silent is away, though its
//! registration has not run out, until one of them is heard.

use super::outbound::Known;
use super::{Binding, Change, Registrar};
use crate::peer::Peer;
use crate::uri;
use model::PhoneId;
use rsip::Uri;
use std::net::SocketAddr;

impl Known {
    /// Tells whether a contact may be the phone that is silent at another one: it comes from the same
    /// host, and does not say that it is another phone. Two phones behind one translator of addresses
    /// are both there, so neither takes the place of one that is heard.
    pub(super) fn may_succeed(&self, old: &Binding, from: Peer) -> bool {
        let another = self.instance.is_some()
            && old.known.instance.is_some()
            && self.instance != old.known.instance;
        old.silent && old.address.ip() == from.ip() && !another
    }
}

impl Registrar {
    /// Tells whether a phone has an address that is not silent.
    pub fn is_there(&self, phone: &PhoneId) -> bool {
        self.bindings(phone).iter().any(|binding| !binding.silent)
    }

    /// Notes that nobody answered at an address; tells whether that is news, and what it changes.
    pub fn fell_silent(&mut self, phone: &PhoneId, contact: &Uri) -> (bool, Option<Change>) {
        let is_it = |b: &Binding| !b.silent && uri::same(&b.contact, contact);
        let marked = self.mark(phone, is_it, true);
        let away = marked && !self.is_there(phone);
        (marked, away.then(|| Change::Unregistered { phone: phone.clone() }))
    }

    /// Notes that somebody answers at an address; tells what that changes.
    pub fn answers(&mut self, phone: &PhoneId, contact: &Uri) -> Option<Change> {
        self.ends_silence(phone, |b| uri::same(&b.contact, contact))
    }

    /// Notes that a phone asked for something from there; tells what that changes. One that is away
    /// may ask from another port than it is reached at.
    pub fn heard(&mut self, phone: &PhoneId, from: SocketAddr) -> Option<Change> {
        let exact = self.bindings(phone).iter().any(|b| b.address.addr == from);
        self.ends_silence(phone, |b| match exact {
            true => b.address.addr == from,
            false => b.address.ip() == from.ip().to_canonical(),
        })
    }

    /// Where a silent address is.
    pub fn silent_at(&self, phone: &PhoneId, contact: &Uri) -> Option<Peer> {
        let is_it = |b: &&Binding| b.silent && uri::same(&b.contact, contact);
        self.bindings(phone).iter().find(is_it).map(|binding| binding.address)
    }

    pub(super) fn is_back(&self, phone: &PhoneId) -> Change {
        Change::Registered { phone: phone.clone(), contacts: self.bindings(phone).len() }
    }

    fn ends_silence(
        &mut self,
        phone: &PhoneId,
        which: impl Fn(&Binding) -> bool,
    ) -> Option<Change> {
        let was_away = !self.is_there(phone);
        let marked = self.mark(phone, |b| b.silent && which(b), false);
        (marked && was_away).then(|| self.is_back(phone))
    }

    fn mark(&mut self, phone: &PhoneId, which: impl Fn(&Binding) -> bool, silent: bool) -> bool {
        let Some(bindings) = self.accounts.get_mut(phone) else { return false };
        let mut found = bindings.iter_mut().filter(|binding| which(binding)).peekable();
        let any = found.peek().is_some();
        found.for_each(|binding| binding.silent = silent);
        any
    }
}
