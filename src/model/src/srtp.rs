//! The keys of encrypted sound, as offer and answer carry them (RFC 4568) and media uses them.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroize;

/// How packets are encrypted and authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 3711, RFC 4568 section 6.2.1).
    AesCm128HmacSha1_80,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    AeadAes256Gcm,
}

impl SrtpSuite {
    /// Every suite, the better first.
    pub const ALL: [Self; 2] = [Self::AeadAes256Gcm, Self::AesCm128HmacSha1_80];

    /// The name in an `a=crypto` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }
    /// Bytes of master key and master salt.
    pub const fn lengths(self) -> (usize, usize) {
        match self {
            Self::AesCm128HmacSha1_80 => (16, 14),
            Self::AeadAes256Gcm => (32, 12),
        }
    }
    /// Bytes of both together: what stands behind `inline:`.
    pub const fn total(self) -> usize {
        let (key, salt) = self.lengths();
        key + salt
    }
}

/// Most bytes of a master key with its salt.
pub const SRTP_BYTES_MAX: usize = 44;

/// A master key and its salt.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtpKeys {
    suite: SrtpSuite,
    bytes: [u8; SRTP_BYTES_MAX],
}

impl SrtpKeys {
    /// Takes key and salt, one after the other; nothing if their length is not the suite's.
    pub fn new(suite: SrtpSuite, key_and_salt: &[u8]) -> Option<Self> {
        let mut bytes = [0; SRTP_BYTES_MAX];
        let place = bytes.get_mut(..suite.total())?;
        if place.len() != key_and_salt.len() {
            return None;
        }
        place.copy_from_slice(key_and_salt);
        Some(Self { suite, bytes })
    }
    /// Which suite they are for.
    pub fn suite(&self) -> SrtpSuite {
        self.suite
    }
    /// Gives key and salt to code that has a reason to know them.
    pub fn reveal(&self) -> &[u8] {
        self.bytes.get(..self.suite.total()).unwrap_or_default()
    }
    /// The master key.
    pub fn key(&self) -> &[u8] {
        self.bytes.get(..self.suite.lengths().0).unwrap_or_default()
    }
    /// The master salt.
    pub fn salt(&self) -> &[u8] {
        self.bytes.get(self.suite.lengths().0..self.suite.total()).unwrap_or_default()
    }
}

impl Drop for SrtpKeys {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for SrtpKeys {
    /// Hides the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrtpKeys({}, …)", self.suite.name())
    }
}

/// Both directions of a leg's encrypted sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrtpPlan {
    /// What we send under.
    pub send: SrtpKeys,
    /// What the peer sends under.
    pub receive: SrtpKeys,
}

/// Whether calls are encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SrtpPolicy {
    /// Never.
    Forbid,
    /// Where the other side can.
    #[default]
    Offer,
    /// A call in clear is refused.
    Require,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_suites_length_and_are_never_printed() {
        let suite = SrtpSuite::AesCm128HmacSha1_80;
        let keys = SrtpKeys::new(suite, &[7; 30]).unwrap();
        assert_eq!((keys.key().len(), keys.salt().len()), (16, 14));
        assert_eq!(format!("{keys:?}"), "SrtpKeys(AES_CM_128_HMAC_SHA1_80, …)");
        assert_eq!(SrtpKeys::new(suite, &[7; 31]), None);
        assert!(SrtpKeys::new(SrtpSuite::AeadAes256Gcm, &[7; 44]).is_some());
    }
}
