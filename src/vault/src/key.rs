//! The box key and the keys that hang below it.

use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of the box key and of every key derived from it.
pub const KEY_BYTES: usize = 32;

/// The salt of the hierarchy; a new number would be a new hierarchy.
const SALT: &[u8] = b"ringfence key hierarchy 1";
const LABEL_FACTS: &[u8] = b"facts";
const LABEL_RECORDING_WRAP: &[u8] = b"recording wrap";
const LABEL_KEY_ID: &[u8] = b"key id";
const LABEL_PHONES: &[u8] = b"phones";

/// The one secret of a box, from which every other key follows (HKDF-SHA256, RFC 5869).
///
/// Its bytes are wiped when it is dropped, and nothing of it is ever printed.
#[derive(Clone)]
pub struct BoxKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why a text or file is no box key. The text itself is not repeated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a box key is 32 bytes or 64 hex digits; got {0} bytes")]
    Length(usize),
    #[error("a box key of 64 characters must be hex digits only")]
    NotHex,
}

impl BoxKey {
    /// Takes the key's bytes. The caller wipes its own copy.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Takes what a key file or credential holds: 32 raw bytes, or 64 hex digits with or without
    /// white space around them.
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if let Ok(raw) = <[u8; KEY_BYTES]>::try_from(bytes) {
            return Ok(Self::from_bytes(raw));
        }
        let text = bytes.trim_ascii();
        if text.len() != 2 * KEY_BYTES {
            return Err(KeyError::Length(bytes.len()));
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text, &mut *key).map_err(|_| KeyError::NotHex)?;
        Ok(Self(key))
    }

    /// Gives the 64 hex digits and line end that a key file holds; wiped after use.
    pub fn to_file_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
        for byte in self.0.iter() {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        text
    }

    /// Names this key without telling anything of it, so that a file can say which key it needs.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.derive(LABEL_KEY_ID)[..8]);
        KeyId(id)
    }

    /// Makes the sealer of facts. `epoch_random` is fresh at each start of the daemon, so that a
    /// count which comes back after a crash does not make a nonce come back.
    pub fn fact_seal(&self, epoch_random: [u8; 4]) -> crate::FactSeal {
        crate::FactSeal::new(siv_key(&self.derive(LABEL_FACTS)), epoch_random)
    }

    /// The key that the credentials of desk phones follow from.
    pub fn phones(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        self.derive(LABEL_PHONES)
    }

    /// The key that wraps the file keys of recordings.
    pub(crate) fn recording_wrap(&self) -> LessSafeKey {
        siv_key(&self.derive(LABEL_RECORDING_WRAP))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        hkdf(SALT, &*self.0, label)
    }
}

impl fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoxKey({})", self.id())
    }
}

/// The public name of a box key: 8 bytes derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// One output block of HKDF-SHA256: a key for `label` out of `secret`.
pub(crate) fn hkdf(salt: &[u8], secret: &[u8], label: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    struct One;
    impl KeyType for One {
        fn len(&self) -> usize {
            KEY_BYTES
        }
    }
    let mut out = Zeroizing::new([0; KEY_BYTES]);
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    let filled = prk.expand(&[label], One).and_then(|okm| okm.fill(&mut *out));
    assert!(filled.is_ok(), "HKDF refuses only outputs above 255 blocks (RFC 5869 2.3)");
    out
}

fn siv_key(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    match UnboundKey::new(&AES_256_GCM_SIV, key) {
        Ok(key) => LessSafeKey::new(key),
        Err(_) => unreachable!("a key of 32 bytes fits AES-256"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_gives_the_first_block_of_rfc_5869_test_case_1() {
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let salt: Vec<u8> = (0..=0x0c).collect();
        let out = hkdf(&salt, &[0x0b; 22], &info);
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
        assert_eq!(hex::encode(*out), expected);
    }

    #[test]
    fn no_two_labels_and_no_two_boxes_share_a_key() {
        let (a, b) = (BoxKey::from_bytes([1; 32]), BoxKey::from_bytes([2; 32]));
        let mut keys = Vec::new();
        for key in [&a, &b] {
            for label in [LABEL_FACTS, LABEL_RECORDING_WRAP, LABEL_KEY_ID] {
                keys.push(key.derive(label).to_vec());
            }
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 6);
    }

    #[test]
    fn a_box_key_prints_its_public_id_and_nothing_of_itself() {
        let key = BoxKey::from_bytes([0xab; 32]);
        let printed = format!("{key:?}");
        assert_eq!(printed, format!("BoxKey({})", key.id()));
        assert!(!printed.contains("abab"), "{printed}");
    }

    #[test]
    fn a_key_file_is_read_raw_or_in_hex_and_refused_otherwise() {
        let key = BoxKey::from_bytes([0x5a; 32]);
        for good in [&[0x5a; 32][..], key.to_file_text().as_bytes(), "5A".repeat(32).as_bytes()] {
            assert_eq!(BoxKey::from_file_bytes(good).unwrap().id(), key.id());
        }
        assert_eq!(BoxKey::from_file_bytes(b"").unwrap_err(), KeyError::Length(0));
        assert_eq!(BoxKey::from_file_bytes(&[7; 33]).unwrap_err(), KeyError::Length(33));
        assert_eq!(BoxKey::from_file_bytes(&[b'g'; 64]).unwrap_err(), KeyError::NotHex);
    }
}
