//! SRTCP: control packets encrypted and authenticated (RFC 3711 3.4, RFC 7714 section 9).
//!
//! ```text
//!   CM:   | type, length, SSRC | the rest ....... | E, index | tag |     tag 10 bytes
//!   GCM:  | type, length, SSRC | the rest | tag | E, index |             tag 16 bytes
//!                              |<- encrypted ->|
//! ```
//!
//! Unlike those of sound, a control packet carries its index whole. What is sent is always
//! encrypted, and so must be what comes: no description here asks for `UNENCRYPTED_SRTCP`
//! (RFC 4568 6.3.2), and a packet without the E bit says nothing we would want to hear.

use super::index::Window;
use super::kdf::{Label, derive, key_stream};
use super::transform::{CM_TAG, cm_counter, gcm_nonce};
use super::{PACKET_MAX, Plain, Refused, SOURCES_MAX, TAG_MAX};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use heapless::Vec;
use model::srtp::{SrtpKeys, SrtpSuite};
use zeroize::Zeroizing;

/// Most bytes a control packet grows by: the longer tag and the index.
pub const CONTROL_GROWTH: usize = TAG_MAX + INDEX;
/// What is in clear: type, length and SSRC of the first packet of the compound.
const HEADER: usize = 8;
/// The word of the E bit and the index.
const INDEX: usize = 4;
/// The packet is encrypted.
const E: u32 = 1 << 31;

/// The session keys of one direction's control packets.
#[expect(clippy::large_enum_variant, reason = "it lives in the box of its session")]
enum Keys {
    Cm { cipher: EncryptingKey, mac: hmac::Key, salt: Zeroizing<[u8; 14]> },
    Gcm { key: LessSafeKey, salt: Zeroizing<[u8; 12]> },
}

impl Keys {
    /// Derives them of a master key.
    fn new(keys: &SrtpKeys) -> Option<Self> {
        let (master, salt) = (keys.key(), keys.salt());
        Some(match keys.suite() {
            SrtpSuite::AesCm128HmacSha1_80 => {
                let key = derive::<16>(master, salt, Label::ControlEncryption)?;
                let auth = derive::<20>(master, salt, Label::ControlAuthentication)?;
                Self::Cm {
                    cipher: key_stream(&key[..])?,
                    mac: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &auth[..]),
                    salt: derive(master, salt, Label::ControlSalt)?,
                }
            }
            SrtpSuite::AeadAes256Gcm => {
                let key = derive::<32>(master, salt, Label::ControlEncryption)?;
                Self::gcm(&key, derive(master, salt, Label::ControlSalt)?)?
            }
        })
    }

    fn gcm(key: &[u8; 32], salt: Zeroizing<[u8; 12]>) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some(Self::Gcm { key: LessSafeKey::new(key), salt })
    }

    /// Encrypts the compound of `len` bytes in place; gives its new length.
    fn protect(&self, bytes: &mut [u8], len: usize, index: u32) -> Option<usize> {
        let ssrc = ssrc_of(bytes.get(..len)?)?;
        let word = (E | index).to_be_bytes();
        match self {
            Self::Cm { cipher, mac, salt } => {
                let end = len + INDEX + CM_TAG;
                let counter = cm_counter(salt, ssrc, u64::from(index));
                let place = bytes.get_mut(HEADER..len)?;
                let context = EncryptionContext::Iv128(counter.into());
                cipher.less_safe_encrypt(place, context).ok()?;
                bytes.get_mut(len..len + INDEX)?.copy_from_slice(&word);
                let tag = hmac::sign(mac, bytes.get(..len + INDEX)?);
                bytes.get_mut(len + INDEX..end)?.copy_from_slice(tag.as_ref().get(..CM_TAG)?);
                Some(end)
            }
            Self::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(control_nonce(salt, ssrc, index));
                let aad = Aad::from(aad(bytes, word)?);
                let place = bytes.get_mut(HEADER..len)?;
                let tag = key.seal_in_place_separate_tag(nonce, aad, place).ok()?;
                let end = len + TAG_MAX + INDEX;
                bytes.get_mut(len..len + TAG_MAX)?.copy_from_slice(tag.as_ref());
                bytes.get_mut(len + TAG_MAX..end)?.copy_from_slice(&word);
                Some(end)
            }
        }
    }

    /// Where the word of the index stands, and where the tag.
    fn places(&self, len: usize) -> Option<(usize, usize)> {
        match self {
            Self::Cm { .. } => {
                let word = len.checked_sub(INDEX + CM_TAG)?;
                Some((word, word + INDEX))
            }
            Self::Gcm { .. } => {
                let tag = len.checked_sub(INDEX + TAG_MAX)?;
                Some((tag + TAG_MAX, tag))
            }
        }
    }

    /// Authenticates a compound and decrypts it into `plain`; gives its length, or nothing if the
    /// tag is not this key's.
    fn unprotect(&self, bytes: &[u8], index: u32, plain: &mut Plain) -> Option<usize> {
        let (word, tag) = self.places(bytes.len())?;
        let len = word.min(tag);
        let ssrc = ssrc_of(bytes.get(..len)?)?;
        match self {
            Self::Cm { cipher, mac, salt } => {
                let want = hmac::sign(mac, bytes.get(..tag)?);
                verify_slices_are_equal(want.as_ref().get(..CM_TAG)?, bytes.get(tag..)?).ok()?;
                let place = plain.get_mut(..len)?;
                place.copy_from_slice(bytes.get(..len)?);
                let counter = cm_counter(salt, ssrc, u64::from(index));
                let context = EncryptionContext::Iv128(counter.into());
                cipher.less_safe_encrypt(place.get_mut(HEADER..)?, context).ok()?;
            }
            Self::Gcm { key, salt } => {
                let nonce = Nonce::assume_unique_for_key(control_nonce(salt, ssrc, index));
                let aad = Aad::from(aad(bytes, (E | index).to_be_bytes())?);
                let (clear, decrypted) = plain.get_mut(..len)?.split_at_mut_checked(HEADER)?;
                clear.copy_from_slice(bytes.get(..HEADER)?);
                let (payload, tag) = (bytes.get(HEADER..len)?, bytes.get(tag..word)?);
                key.open_separate_gather(nonce, aad, payload, tag, decrypted).ok()?;
            }
        }
        Some(len)
    }
}

/// The control packets sent under a key.
pub struct ControlOut {
    keys: Keys,
    index: u32,
}

impl ControlOut {
    pub fn new(keys: &SrtpKeys) -> Option<Self> {
        Some(Self { keys: Keys::new(keys)?, index: 0 })
    }

    /// Encrypts the compound of `len` bytes in its place, which has room for `CONTROL_GROWTH` more;
    /// gives its new length. After 2^31 packets, some hundred years, none is sent (RFC 3711 9.2).
    pub fn protect(&mut self, bytes: &mut [u8], len: usize) -> Option<usize> {
        let index = self.index;
        if index & E != 0 {
            return None;
        }
        self.index += 1;
        self.keys.protect(bytes, len, index)
    }
}

/// A sender of control packets and those of its packets that came.
struct Source {
    ssrc: u32,
    window: Window,
}

/// The control packets that come under a key.
pub struct ControlIn {
    keys: Keys,
    /// The one heard last is first.
    sources: Vec<Source, SOURCES_MAX>,
}

impl ControlIn {
    pub fn new(keys: &SrtpKeys) -> Option<Self> {
        Some(Self { keys: Keys::new(keys)?, sources: Vec::new() })
    }

    /// Authenticates a compound and decrypts it; gives its length.
    pub fn unprotect(&mut self, bytes: &[u8], plain: &mut Plain) -> Result<usize, Refused> {
        let (word, tag) = self.keys.places(bytes.len()).ok_or(Refused::Malformed)?;
        let ssrc = bytes.get(..word.min(tag)).and_then(ssrc_of).ok_or(Refused::Malformed)?;
        let word = word_at(bytes, word).ok_or(Refused::Malformed)?;
        if word & E == 0 || bytes.len() > PACKET_MAX {
            return Err(Refused::Malformed);
        }
        let index = word & !E;
        let place = self.sources.iter().position(|source| source.ssrc == ssrc);
        let known = place.and_then(|place| self.sources.get(place));
        if known.is_some_and(|source| !source.window.admits(u64::from(index))) {
            return Err(Refused::Replayed);
        }
        let len = self.keys.unprotect(bytes, index, plain).ok_or(Refused::Unauthenticated)?;
        match place {
            Some(place) => {
                if let Some(heard) = self.sources.get_mut(..=place) {
                    heard.rotate_right(1);
                }
                if let Some(source) = self.sources.first_mut() {
                    source.window.note(u64::from(index));
                }
            }
            None => {
                if self.sources.is_full() {
                    self.sources.pop();
                }
                // There is room now.
                let window = Window::new(u64::from(index));
                let _ = self.sources.push(Source { ssrc, window });
                self.sources.rotate_right(1);
            }
        }
        Ok(len)
    }
}

fn ssrc_of(compound: &[u8]) -> Option<u32> {
    word_at(compound, 4)
}

fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

/// What is authenticated beside the encrypted part (RFC 7714 9.2).
fn aad(bytes: &[u8], word: [u8; INDEX]) -> Option<[u8; HEADER + INDEX]> {
    let mut aad = [0; HEADER + INDEX];
    aad[..HEADER].copy_from_slice(bytes.get(..HEADER)?);
    aad[HEADER..].copy_from_slice(&word);
    Some(aad)
}

/// 0 | SSRC | 0 | index, XOR the salt (RFC 7714 9.1): the nonce of a sound packet whose index has
/// its upper half where the rollover counter stands.
fn control_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> [u8; 12] {
    gcm_nonce(salt, ssrc, u64::from(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> std::vec::Vec<u8> {
        (0..text.len() / 2)
            .map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
            .collect()
    }

    fn there_and_back(keys: &Keys, index: u32, plain: &[u8], cipher: &[u8]) {
        let mut bytes = plain.to_vec();
        bytes.resize(plain.len() + CONTROL_GROWTH, 0);
        let len = keys.protect(&mut bytes, plain.len(), index).unwrap();
        assert_eq!(&bytes[..len], cipher);
        let mut back = [0; PACKET_MAX];
        assert_eq!(keys.unprotect(cipher, index, &mut back), Some(plain.len()));
        assert_eq!(&back[..plain.len()], plain);
        for byte in 0..cipher.len() {
            let mut forged = cipher.to_vec();
            forged[byte] ^= 1;
            let (word, _) = keys.places(forged.len()).unwrap();
            let index = word_at(&forged, word).unwrap() & !E;
            assert_eq!(keys.unprotect(&forged, index, &mut back), None, "byte {byte}");
        }
    }

    /// RFC 7714 section 17.2: SRTCP AEAD_AES_256_GCM.
    #[test]
    fn rfc7714_17_2_a_control_packet_under_aead_aes_256_gcm() {
        let key: [u8; 32] = std::array::from_fn(|n| n as u8);
        let salt = hex("517569642070726f2071756f").try_into().unwrap();
        let plain = hex("81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                         deadbeefdeadbeefdeadbeefdeadbeefdeadbeef");
        let cipher = hex("81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50\
                          a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6c\
                          b26ac3be800005d4");
        let keys = Keys::gcm(&key, Zeroizing::new(salt)).unwrap();
        there_and_back(&keys, 0x5d4, &plain, &cipher);
    }

    /// The master key of RFC 3711 B.3; the packet is one that other implementations agree on.
    #[test]
    fn rfc3711_3_4_a_control_packet_under_aes_cm_128_hmac_sha1_80() {
        let keys = hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
        let keys = SrtpKeys::new(SrtpSuite::AesCm128HmacSha1_80, &keys).unwrap();
        let plain = hex("81c8000bcafebabeabababababababababababababababab");
        let cipher = hex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001\
                          993e08cd54d6c1230798");
        there_and_back(&Keys::new(&keys).unwrap(), 1, &plain, &cipher);
    }

    fn pair(suite: SrtpSuite) -> (ControlOut, ControlIn) {
        let keys: std::vec::Vec<u8> = (0..suite.total()).map(|n| n as u8).collect();
        let keys = SrtpKeys::new(suite, &keys).unwrap();
        (ControlOut::new(&keys).unwrap(), ControlIn::new(&keys).unwrap())
    }

    fn sent(out: &mut ControlOut, ssrc: u32) -> std::vec::Vec<u8> {
        let mut bytes = hex("80c90001");
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend([0; CONTROL_GROWTH]);
        let len = out.protect(&mut bytes, 8).unwrap();
        bytes[..len].to_vec()
    }

    #[test]
    fn rfc3711_3_3_2_a_control_packet_replayed_is_refused_and_one_out_of_order_is_not() {
        for suite in SrtpSuite::ALL {
            let (mut out, mut inward) = pair(suite);
            let mut plain = [0; PACKET_MAX];
            let packets: std::vec::Vec<_> = (0..6).map(|_| sent(&mut out, 7)).collect();
            for n in [0, 3, 1, 5, 2, 4] {
                assert_eq!(inward.unprotect(&packets[n], &mut plain), Ok(8), "{n}");
                assert_eq!(inward.unprotect(&packets[n], &mut plain), Err(Refused::Replayed));
            }
        }
    }

    #[test]
    fn rfc4568_6_3_2_a_control_packet_in_clear_is_refused_whatever_its_tag() {
        for suite in SrtpSuite::ALL {
            let (mut out, mut inward) = pair(suite);
            let mut packet = sent(&mut out, 7);
            let (word, _) = inward.keys.places(packet.len()).unwrap();
            packet[word] &= 0x7F;
            assert_eq!(inward.unprotect(&packet, &mut [0; PACKET_MAX]), Err(Refused::Malformed));
        }
    }

    #[test]
    fn only_authenticated_senders_are_remembered_and_at_most_four() {
        for suite in SrtpSuite::ALL {
            let (mut out, mut inward) = pair(suite);
            let mut plain = [0; PACKET_MAX];
            for ssrc in 0..10u32 {
                let packet = sent(&mut out, ssrc);
                let mut forged = packet.clone();
                forged[7] ^= 0x80;
                let refused = Err(Refused::Unauthenticated);
                assert_eq!(inward.unprotect(&forged, &mut plain), refused);
                assert_eq!(inward.unprotect(&packet, &mut plain), Ok(8));
            }
            assert_eq!(inward.sources.len(), SOURCES_MAX);
            for len in 0..40 {
                let short = sent(&mut out, 1);
                let refused = inward.unprotect(&short[..len.min(short.len() - 1)], &mut plain);
                assert!(refused.is_err(), "{len} bytes");
            }
        }
    }
}
