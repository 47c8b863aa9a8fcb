//! Addresses that outlive the box: a phone over UDP is reached where it registered, though the box was
//! started anew meanwhile. Those over TCP and TLS end with their connections.

use super::outbound::Known;
use super::{Binding, CONTACTS_MAX, Change, Registrar};
use crate::peer::{Peer, Transport};
use crate::uri;
use model::{Instant, PhoneId};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// An address of an account, as it is put by.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    pub phone: PhoneId,
    /// The request URI of what is sent to it.
    pub contact: String,
    /// Where it is sent.
    pub address: SocketAddr,
    /// The seconds it has left.
    pub left_s: u32,
    /// `+sip.instance` (RFC 5626 section 4.1).
    pub instance: Option<String>,
}

impl fmt::Debug for Kept {
    /// Tells nothing of whose address it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("left_s", &self.left_s).finish_non_exhaustive()
    }
}

impl Registrar {
    /// The addresses that are worth putting by, each account's oldest first.
    pub fn kept(&self, now: Instant) -> Vec<Kept> {
        let by_udp = |binding: &&Binding| {
            binding.address.transport == Transport::Udp && binding.expires_at > now
        };
        let kept = |phone: &PhoneId, binding: &Binding| Kept {
            phone: phone.clone(),
            contact: uri::write(&binding.contact),
            address: binding.address.addr,
            left_s: u32::try_from(binding.expires_at.since(now).as_secs()).unwrap_or(u32::MAX),
            instance: binding.known.instance.clone(),
        };
        let of_phone = |(phone, bindings): (&PhoneId, &Vec<Binding>)| -> Vec<Kept> {
            bindings.iter().filter(by_udp).map(|binding| kept(phone, binding)).collect()
        };
        self.accounts.iter().flat_map(of_phone).collect()
    }

    /// Takes an address that was put by, unless it ran out or is none; tells what that changed. It
    /// lasts no longer than is granted now.
    pub fn restore(&mut self, now: Instant, kept: &Kept) -> Option<Change> {
        let contact = uri::parse(&kept.contact).ok().filter(uri::is_sip)?;
        let left_s = kept.left_s.min(self.range_s.1);
        let mut bindings = self.bindings(&kept.phone).to_vec();
        if left_s == 0 || bindings.len() >= CONTACTS_MAX {
            return None;
        }
        self.refreshes += 1;
        bindings.push(Binding {
            contact,
            address: Peer::udp(kept.address),
            expires_at: now + Duration::from_secs(left_s.into()),
            known: Known { instance: kept.instance.clone(), reg_id: None },
            silent: false,
            // Whatever comes next comes after it.
            call_id: String::new(),
            cseq: 0,
            refreshed: self.refreshes,
        });
        self.put(&kept.phone, bindings);
        Some(self.is_back(&kept.phone))
    }
}
