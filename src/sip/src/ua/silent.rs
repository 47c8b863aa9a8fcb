//! Phones that said nothing to an INVITE: each address is asked by OPTIONS whether somebody is there,
//! until it says anything, registers anew or runs out (RFC 3261 11).
//!
//! ```text
//!   silent --OPTIONS--> any answer: heard
//!     ^         '-- none for 64*T1 --> 30 s --+
//!     '---------------------------------------'
//! ```
//!
//! Within its 64*T1 an OPTIONS is sent every 4 s (Timer E), so that a phone whose cable is put back is
//! found that soon, or 30 s later.

use super::wire::{Owner, Wire};
use crate::address::Address;
use crate::message::Message;
use crate::peer::Peer;
use crate::registrar::Registrar;
use crate::uri;
use model::{Instant, PhoneId};
use rsip::{Method, Uri};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long one that did not answer is left alone.
const EVERY: Duration = Duration::from_secs(30);
/// Most addresses that are asked; one more is found by its next REGISTER or call.
const ASKED_MAX: usize = 1024;

/// The addresses that are asked.
#[derive(Debug, Default)]
pub struct Silent {
    asked: BTreeMap<u64, (PhoneId, Uri)>,
    by_contact: BTreeMap<String, u64>,
    agenda: BTreeSet<(Instant, u64)>,
    last: u64,
}

impl Silent {
    /// Asks an address from now on.
    pub fn add(&mut self, now: Instant, phone: PhoneId, contact: Uri) {
        if self.asked.len() < ASKED_MAX {
            self.last += 1;
            self.by_contact.insert(uri::write(&contact), self.last);
            self.asked.insert(self.last, (phone, contact));
            self.agenda.insert((now, self.last));
        }
    }

    /// Tells whether none is asked.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Asks those whose time it is. Who is silent no more, or has no such address, is forgotten.
    pub fn tick(&mut self, now: Instant, wire: &mut Wire, registrar: &Registrar) {
        while let Some((_, no)) = self.agenda.first().filter(|(at, _)| *at <= now).copied() {
            self.agenda.pop_first();
            let Some((phone, contact)) = self.asked.get(&no) else { continue };
            let Some(to) = registrar.silent_at(phone, contact) else {
                self.forget(no);
                continue;
            };
            // At the limit of transactions it counts as unanswered.
            if !wire.transactions.has_spare() || !ask(now, wire, contact, to, no) {
                self.unanswered(now, no);
            }
        }
    }

    /// When the next one is asked.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        self.agenda.first().map(|(at, _)| (*at, "silent phone to ask"))
    }

    /// One answered; gives which.
    pub fn answered(&mut self, no: u64) -> Option<(PhoneId, Uri)> {
        self.forget(no)
    }

    /// Somebody at a contact said something, though not to what was asked here; gives who.
    pub fn spoke(&mut self, contact: &Uri) -> Option<(PhoneId, Uri)> {
        let no = self.by_contact.get(&uri::write(contact)).copied()?;
        self.forget(no)
    }

    /// One did not answer.
    pub fn unanswered(&mut self, now: Instant, no: u64) {
        if self.asked.contains_key(&no) {
            self.agenda.insert((now + EVERY, no));
        }
    }

    fn forget(&mut self, no: u64) -> Option<(PhoneId, Uri)> {
        let (phone, contact) = self.asked.remove(&no)?;
        let text = uri::write(&contact);
        if self.by_contact.get(&text) == Some(&no) {
            self.by_contact.remove(&text);
        }
        Some((phone, contact))
    }
}

fn ask(now: Instant, wire: &mut Wire, contact: &Uri, to: Peer, no: u64) -> bool {
    let via = wire.via(&to);
    let from = Address::new(uri::of_host(wire.local)).tagged(&wire.token());
    let mut options = Message::request(Method::Options, contact.clone());
    options.headers.push_front("Via", via.to_string());
    let options = options
        .with("From", from.to_string())
        .with("To", Address::new(contact.clone()).to_string())
        .with("Call-ID", format!("{}@{}", wire.token(), wire.local.ip()))
        .with("CSeq", "1 OPTIONS")
        .with("Contact", wire.contact(&to, ""))
        .with("Accept", "application/sdp");
    wire.request(now, options, to, Owner::Silent { no }).is_some()
}
