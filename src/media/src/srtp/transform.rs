//! What a packet goes through under one key: AES-CM with HMAC-SHA1 (RFC 3711 4.1, 4.2) or
//! AES-256-GCM (RFC 7714).
//!
//! ```text
//!   | header, CSRCs, extension | payload ............ | tag |
//!   |<----------- authenticated -------------------->|
//!                              |<----- encrypted ---->|        tag 10 bytes (CM), 16 (GCM)
//! ```

use super::index::index_of;
use super::kdf::{Label, derive, key_stream};
use super::{PACKET_MAX, Plain, TAG_MAX};
use crate::packet::Head;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use model::srtp::{SrtpKeys, SrtpSuite};
use zeroize::Zeroizing;

/// Bytes of the tag of HMAC-SHA1-80.
pub const CM_TAG: usize = 10;

/// The session keys of one direction.
#[expect(clippy::large_enum_variant, reason = "it lives in the box of its session")]
pub enum Transform {
    Cm { cipher: EncryptingKey, mac: hmac::Key, salt: Zeroizing<[u8; 14]> },
    Gcm { key: LessSafeKey, salt: Zeroizing<[u8; 12]> },
}

impl Transform {
    /// Derives the session keys of a master key.
    pub fn new(keys: &SrtpKeys) -> Option<Self> {
        let (master, salt) = (keys.key(), keys.salt());
        Some(match keys.suite() {
            SrtpSuite::AesCm128HmacSha1_80 => {
                let key = derive::<16>(master, salt, Label::Encryption)?;
                let auth = derive::<20>(master, salt, Label::Authentication)?;
                Self::Cm {
                    cipher: key_stream(&key[..])?,
                    mac: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &auth[..]),
                    salt: derive(master, salt, Label::Salt)?,
                }
            }
            SrtpSuite::AeadAes256Gcm => {
                let key = derive::<32>(master, salt, Label::Encryption)?;
                Self::gcm(&key, derive(master, salt, Label::Salt)?)?
            }
        })
    }

    fn gcm(key: &[u8; 32], salt: Zeroizing<[u8; 12]>) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self::Gcm { key: LessSafeKey::new(key), salt })
    }

    /// Bytes a packet grows by.
    pub fn tag_len(&self) -> usize {
        match self {
            Self::Cm { .. } => CM_TAG,
            Self::Gcm { .. } => TAG_MAX,
        }
    }

    /// Encrypts a packet of `len` bytes in place and appends its tag; gives its new length.
    pub fn protect(&self, bytes: &mut [u8], len: usize, head: Head, roc: u32) -> Option<usize> {
        let end = len + self.tag_len();
        let (packet, tag_place) = bytes.get_mut(..end)?.split_at_mut_checked(len)?;
        match self {
            Self::Cm { cipher, mac, salt } => {
                let counter = EncryptionContext::Iv128(
                    cm_counter(salt, head.ssrc, index_of(roc, head.sequence)).into(),
                );
                cipher.less_safe_encrypt(packet.get_mut(head.payload..)?, counter).ok()?;
                tag_place.copy_from_slice(cm_tag(mac, packet, roc).as_ref().get(..CM_TAG)?);
            }
            Self::Gcm { key, salt } => {
                let (header, payload) = packet.split_at_mut_checked(head.payload)?;
                let nonce = Nonce::assume_unique_for_key(gcm_nonce(
                    salt,
                    head.ssrc,
                    index_of(roc, head.sequence),
                ));
                let tag =
                    key.seal_in_place_separate_tag(nonce, Aad::from(&*header), payload).ok()?;
                tag_place.copy_from_slice(tag.as_ref());
            }
        }
        Some(end)
    }

    /// Authenticates a packet and decrypts it into `plain`; gives its length, or nothing if the
    /// tag is not this key's with this rollover counter.
    pub fn unprotect(
        &self,
        bytes: &[u8],
        head: Head,
        roc: u32,
        plain: &mut Plain,
    ) -> Option<usize> {
        let len = bytes.len().checked_sub(self.tag_len())?;
        let (packet, tag) = bytes.split_at_checked(len)?;
        let (header, payload) = packet.split_at_checked(head.payload)?;
        let place = plain.get_mut(..len)?;
        match self {
            Self::Cm { cipher, mac, salt } => {
                let want = cm_tag(mac, packet, roc);
                verify_slices_are_equal(want.as_ref().get(..CM_TAG)?, tag).ok()?;
                place.copy_from_slice(packet);
                let counter = EncryptionContext::Iv128(
                    cm_counter(salt, head.ssrc, index_of(roc, head.sequence)).into(),
                );
                cipher.less_safe_encrypt(place.get_mut(head.payload..)?, counter).ok()?;
            }
            Self::Gcm { key, salt } => {
                let (clear, decrypted) = place.split_at_mut_checked(head.payload)?;
                clear.copy_from_slice(header);
                let nonce = Nonce::assume_unique_for_key(gcm_nonce(
                    salt,
                    head.ssrc,
                    index_of(roc, head.sequence),
                ));
                key.open_separate_gather(nonce, Aad::from(header), payload, tag, decrypted).ok()?;
            }
        }
        Some(len)
    }
}

/// (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16) (RFC 3711 4.1.1).
pub fn cm_counter(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut counter = [0; 16];
    counter[..14].copy_from_slice(salt);
    let (ssrc, index) = (u128::from(ssrc) << 64, u128::from(index) << 16);
    (u128::from_be_bytes(counter) ^ ssrc ^ index).to_be_bytes()
}

/// The packet and the rollover counter, authenticated (RFC 3711 4.2).
fn cm_tag(mac: &hmac::Key, packet: &[u8], roc: u32) -> hmac::Tag {
    let mut context = hmac::Context::with_key(mac);
    context.update(packet);
    context.update(&roc.to_be_bytes());
    context.sign()
}

/// Two zero bytes, SSRC and index of 48 bits, XOR the salt (RFC 7714 8.1).
pub fn gcm_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
    nonce[6..].copy_from_slice(&index.to_be_bytes()[2..]);
    nonce.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
    nonce
}

const _: () = assert!(PACKET_MAX > TAG_MAX + 12);

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
            .collect()
    }

    fn there_and_back(transform: &Transform, roc: u32, plain: &[u8], cipher: &[u8]) {
        let head = Head::parse(plain).unwrap();
        let mut bytes = plain.to_vec();
        bytes.resize(plain.len() + TAG_MAX, 0);
        let len = transform.protect(&mut bytes, plain.len(), head, roc).unwrap();
        assert_eq!(&bytes[..len], cipher);
        let mut back = [0; PACKET_MAX];
        assert_eq!(transform.unprotect(cipher, head, roc, &mut back), Some(plain.len()));
        assert_eq!(&back[..plain.len()], plain);
        for byte in 0..cipher.len() {
            let mut forged = cipher.to_vec();
            forged[byte] ^= 1;
            let Some(head) = Head::parse(&forged) else { continue };
            assert_eq!(transform.unprotect(&forged, head, roc, &mut back), None, "byte {byte}");
        }
        assert_eq!(transform.unprotect(cipher, head, roc + 1, &mut back), None);
    }

    /// RFC 7714 section 16.2.1: SRTP AEAD_AES_256_GCM encryption.
    #[test]
    fn rfc7714_16_2_a_packet_under_aead_aes_256_gcm() {
        let key: [u8; 32] = std::array::from_fn(|n| n as u8);
        let salt = hex("517569642070726f2071756f").try_into().unwrap();
        let transform = Transform::gcm(&key, Zeroizing::new(salt)).unwrap();
        let plain = hex("8040f17b8041f8d35501a0b2\
             47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
        let cipher = hex("8040f17b8041f8d35501a0b2\
             32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b\
             7aa3db36dfffd6b0f9bb7878d7a76c13");
        there_and_back(&transform, 0, &plain, &cipher);
    }

    /// The master key of RFC 3711 B.3; the packet is one that other implementations agree on.
    #[test]
    fn rfc3711_4_a_packet_under_aes_cm_128_hmac_sha1_80() {
        let keys = hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
        let keys = SrtpKeys::new(SrtpSuite::AesCm128HmacSha1_80, &keys).unwrap();
        let plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
        let cipher =
            hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
        there_and_back(&Transform::new(&keys).unwrap(), 0, &plain, &cipher);
    }
}
