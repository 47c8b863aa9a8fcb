//! Nonces that need no table to be known as ours: a time and a count under a keyed hash, which also
//! holds the address they were issued to; from another address they are foreign.
//!
//! ```text
//! issue --> fresh --5 min--> stale
//!             \--nc not above the highest seen--> replayed
//! ```
//!
//! Only nonces that proved a password are remembered, with the highest `nc` each came with
//! (RFC 7616 section 3.4); a stranger cannot fill the table.

use model::Instant;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// How long a nonce is taken (RFC 7616 section 3.3 leaves it to the server).
pub const LIFE: Duration = Duration::from_secs(300);
/// Most nonces whose `nc` is remembered. At it the oldest goes, and is stale from then on.
pub const NONCES_MAX: usize = 65_536;

/// Bytes of the keyed hash that a nonce carries.
const MAC_BYTES: usize = 16;

/// What a nonce is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fresh,
    /// Ours, but too old, or its count came before.
    Stale,
    /// Not made by us, by us before a restart, or for another address.
    Foreign,
}

/// Time in microseconds and count: in the order they were issued.
type Stamp = (u64, u32);

/// The nonces of one server.
#[derive(Clone)]
pub struct Nonces {
    key: [u8; 32],
    issued: u32,
    /// The highest `nc` of each nonce that proved a password.
    seen: BTreeMap<Stamp, u32>,
    /// Up to here nonces are stale although their time is not over: their `nc` was forgotten.
    forgotten: Option<Stamp>,
    /// How often `NONCES_MAX` was reached.
    shed: u64,
}

impl Nonces {
    /// Starts with a secret key, which no other run may share.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, issued: 0, seen: BTreeMap::new(), forgotten: None, shed: 0 }
    }

    /// Makes a new nonce for an address.
    pub fn issue(&mut self, now: Instant, to: IpAddr) -> String {
        self.issued = self.issued.wrapping_add(1);
        self.write((now.as_micros(), self.issued), to)
    }

    /// Tells what a nonce is worth, without counting it.
    pub fn look(&self, now: Instant, from: IpAddr, nonce: &str) -> Verdict {
        match self.read(nonce, from) {
            None => Verdict::Foreign,
            Some(stamp) if self.is_over(now, stamp) => Verdict::Stale,
            Some(_) => Verdict::Fresh,
        }
    }

    /// Takes a nonce and its `nc` into use, once the password was proved with them. The same or a
    /// lower `nc` is a replay and stale.
    pub fn count(&mut self, now: Instant, from: IpAddr, nonce: &str, nc: u32) -> Verdict {
        let Some(stamp) = self.read(nonce, from) else { return Verdict::Foreign };
        if self.is_over(now, stamp) {
            return Verdict::Stale;
        }
        let highest = self.seen.get(&stamp).copied().unwrap_or(0);
        if nc <= highest {
            return Verdict::Stale;
        }
        self.seen.insert(stamp, nc);
        self.forget(now);
        Verdict::Fresh
    }

    /// How many nonces are remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Tells whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// How many were forgotten before their time.
    pub fn shed(&self) -> u64 {
        self.shed
    }

    fn is_over(&self, now: Instant, stamp: Stamp) -> bool {
        let at = Instant::from_micros(stamp.0);
        at > now || now.since(at) >= LIFE || self.forgotten.is_some_and(|floor| stamp <= floor)
    }

    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.seen.first_entry() {
            let over = now.since(Instant::from_micros(oldest.key().0)) >= LIFE;
            if !over && self.seen.len() <= NONCES_MAX {
                return;
            }
            if let Some((stamp, _)) = self.seen.pop_first().filter(|_| !over) {
                self.forgotten = Some(stamp);
                self.shed += 1;
            }
        }
    }

    fn write(&self, stamp: Stamp, to: IpAddr) -> String {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&stamp.0.to_be_bytes());
        bytes[8..].copy_from_slice(&stamp.1.to_be_bytes());
        let mac = self.mac(&bytes, to);
        hex::encode(bytes) + &hex::encode(&mac[..MAC_BYTES])
    }

    fn read(&self, nonce: &str, from: IpAddr) -> Option<Stamp> {
        let mut bytes = [0; 12 + MAC_BYTES];
        hex::decode_to_slice(nonce, &mut bytes).ok()?;
        let (stamp, mac) = bytes.split_at(12);
        let ours = self.mac(stamp, from);
        if !bool::from(ours[..MAC_BYTES].ct_eq(mac)) {
            return None;
        }
        let (micros, count) = stamp.split_at(8);
        let micros = u64::from_be_bytes(micros.try_into().ok()?);
        Some((micros, u32::from_be_bytes(count.try_into().ok()?)))
    }

    /// What only we can make of a stamp and an address; IPv4 within IPv6 is IPv4.
    fn mac(&self, stamp: &[u8], of: IpAddr) -> [u8; 32] {
        let of = match of.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        hmac_sha256(&self.key, &[stamp, &of.octets()].concat())
    }
}

impl std::fmt::Debug for Nonces {
    /// Hides the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonces").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

/// HMAC-SHA-256 (RFC 2104) under a key of 32 bytes.
fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5C)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    const NOW: Instant = Instant::from_millis(10_000);
    const PHONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));

    fn at(seconds: u64) -> Instant {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn the_keyed_hash_is_the_rfcs() {
        // RFC 4231 section 4.2, its key of 20 bytes filled up with the zeros HMAC adds anyway.
        let mut key = [0; 32];
        key[..20].fill(0x0B);
        let mac = hmac_sha256(&key, b"Hi There");
        assert_eq!(
            hex::encode(mac),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn a_nonce_is_fresh_for_five_minutes() {
        let mut nonces = Nonces::new([7; 32]);
        let nonce = nonces.issue(NOW, PHONE);
        assert_eq!(nonces.look(at(299), PHONE, &nonce), Verdict::Fresh);
        assert_eq!(nonces.look(at(300), PHONE, &nonce), Verdict::Stale);
    }

    #[test]
    fn two_nonces_of_one_moment_differ() {
        let mut nonces = Nonces::new([7; 32]);
        assert_ne!(nonces.issue(NOW, PHONE), nonces.issue(NOW, PHONE));
    }

    #[test]
    fn the_count_must_rise_and_may_leave_gaps() {
        let mut nonces = Nonces::new([7; 32]);
        let nonce = nonces.issue(NOW, PHONE);
        let verdicts: Vec<_> =
            [1, 2, 2, 1, 16, 10, 17].map(|nc| nonces.count(at(1), PHONE, &nonce, nc)).to_vec();
        use Verdict::{Fresh, Stale};
        assert_eq!(verdicts, [Fresh, Fresh, Stale, Stale, Fresh, Stale, Fresh]);
        assert_eq!(nonces.count(at(1), PHONE, &nonces.clone().issue(NOW, PHONE), 0), Stale);
    }

    #[test]
    fn a_nonce_of_another_key_or_with_a_changed_time_is_foreign() {
        let mut nonces = Nonces::new([7; 32]);
        let nonce = nonces.issue(NOW, PHONE);
        assert_eq!(Nonces::new([8; 32]).look(NOW, PHONE, &nonce), Verdict::Foreign);
        let later = nonce.replacen('0', "1", 1);
        assert_eq!(nonces.look(NOW, PHONE, &later), Verdict::Foreign);
        assert_eq!(nonces.look(NOW, PHONE, "é"), Verdict::Foreign);
    }

    #[test]
    fn a_nonce_is_good_at_the_address_it_was_issued_to_and_at_no_other() {
        let mut nonces = Nonces::new([7; 32]);
        let nonce = nonces.issue(NOW, PHONE);
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
        assert_eq!(nonces.look(NOW, other, &nonce), Verdict::Foreign);
        assert_eq!(nonces.count(NOW, other, &nonce, 1), Verdict::Foreign);
        let mapped = IpAddr::V6(Ipv4Addr::new(192, 0, 2, 9).to_ipv6_mapped());
        assert_eq!(nonces.look(NOW, mapped, &nonce), Verdict::Fresh);
        let six = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let nonce = nonces.issue(NOW, six);
        assert_eq!(nonces.count(NOW, six, &nonce, 1), Verdict::Fresh);
    }

    #[test]
    fn at_the_limit_the_oldest_is_forgotten_and_cannot_be_replayed() {
        let mut nonces = Nonces::new([7; 32]);
        let first = nonces.issue(NOW, PHONE);
        assert_eq!(nonces.count(NOW, PHONE, &first, 1), Verdict::Fresh);
        for _ in 0..NONCES_MAX {
            let nonce = nonces.issue(at(1), PHONE);
            assert_eq!(nonces.count(at(1), PHONE, &nonce, 1), Verdict::Fresh);
        }
        assert_eq!((nonces.len(), nonces.shed()), (NONCES_MAX, 1));
        assert_eq!(nonces.count(at(2), PHONE, &first, 1), Verdict::Stale);
    }

    #[test]
    fn nonces_whose_time_is_over_leave_the_table() {
        let mut nonces = Nonces::new([7; 32]);
        let first = nonces.issue(NOW, PHONE);
        nonces.count(NOW, PHONE, &first, 1);
        let second = nonces.issue(at(400), PHONE);
        nonces.count(at(400), PHONE, &second, 1);
        assert_eq!((nonces.len(), nonces.shed()), (1, 0));
    }
}
