//! What is sent under a key: which index comes next.

use super::control::ControlOut;
use super::transform::Transform;
use crate::packet::Head;
use model::srtp::SrtpKeys;

/// One direction's keys and the counter of the packets sent under them.
pub struct Outbound {
    keys: SrtpKeys,
    transform: Transform,
    pub control: ControlOut,
    roc: u32,
    /// Sender and number of the packet before.
    before: Option<(u32, u16)>,
}

impl Outbound {
    pub fn new(keys: SrtpKeys) -> Option<Self> {
        let transform = Transform::new(&keys)?;
        let control = ControlOut::new(&keys)?;
        Some(Self { keys, transform, control, roc: 0, before: None })
    }

    /// Tells whether both were made of the same master key.
    pub fn same_keys(&self, other: &Self) -> bool {
        self.keys == other.keys
    }

    /// Encrypts the packet of `len` bytes; numbers go up by one, and another SSRC begins at rollover
    /// counter 0 (RFC 3711 3.2.3).
    pub fn protect(&mut self, bytes: &mut [u8], len: usize) -> Option<usize> {
        let head = Head::parse(bytes.get(..len)?)?;
        match self.before {
            Some((ssrc, _)) if ssrc != head.ssrc => self.roc = 0,
            // 2^48 packets of 20 ms are 178,000 years.
            Some((_, before)) if head.sequence < before => self.roc = self.roc.wrapping_add(1),
            _ => {}
        }
        self.before = Some((head.ssrc, head.sequence));
        self.transform.protect(bytes, len, head, self.roc)
    }
}
