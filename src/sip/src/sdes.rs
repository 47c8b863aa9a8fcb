//! Keys of encrypted sound within a description: the `a=crypto` lines of RFC 4568.
//!
//! ```text
//! a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:key||salt in base64|2^48
//!          tag       suite                                      lifetime
//! ```
//!
//! They are only as secret as the signalling that carries them, so the caller sees to it that none
//! is read or written but over TLS (section 5).

use crate::sdp::Attribute;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use model::srtp::{SRTP_BYTES_MAX, SrtpKeys, SrtpSuite};
use zeroize::Zeroizing;

/// Fewest packets a peer's key has to last: as many as nearly six hours of sound have. We make a
/// new key no sooner (section 6.1, RFC 3711 section 9.2).
pub const LIFETIME_MIN: u64 = 1 << 20;
/// Most packets a key may last (RFC 3711 section 9.2).
const LIFETIME_MAX: u64 = 1 << 48;
/// Most characters behind `inline:` that are looked at.
const INLINE_MAX: usize = 128;

/// Some phones leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a line is not used (RFC 4568 section 5.1.2); another may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("the crypto line is malformed")]
    Malformed,
    #[error("the suite is none of ours")]
    Suite,
    #[error("the key has not the length of its suite")]
    Key,
    #[error("the key has a master key identifier, or there are several")]
    Identifier,
    #[error("the key lasts fewer packets than {LIFETIME_MIN} or more than a key may")]
    Lifetime,
    #[error("a session parameter that is not understood")]
    Parameter,
}

/// One `a=crypto` line: a key under the number that an answer names it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crypto {
    pub tag: u32,
    pub keys: SrtpKeys,
}

impl Crypto {
    /// Makes a new key of a suite from random bytes.
    pub fn fresh(tag: u32, suite: SrtpSuite, fill: &mut dyn FnMut(&mut [u8])) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; SRTP_BYTES_MAX]);
        let bytes = bytes.get_mut(..suite.total())?;
        fill(bytes);
        Some(Self { tag, keys: SrtpKeys::new(suite, bytes)? })
    }

    /// Reads what stands behind `a=crypto:`. A master key identifier needs several keys, which we
    /// do not keep; a session parameter that is not understood makes the line void (section
    /// 6.3.7), but for those that begin with `-`, and the window size, which is a hint.
    pub fn parse(value: &str) -> Result<Self, CryptoError> {
        let mut words = value.split_ascii_whitespace();
        let mut word = || words.next().ok_or(CryptoError::Malformed);
        let (tag, suite, key) = (word()?, word()?, word()?);
        let digits = (1..=9).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return Err(CryptoError::Malformed);
        }
        let tag = tag.parse().map_err(|_| CryptoError::Malformed)?;
        let named = |of: &SrtpSuite| of.name() == suite;
        let suite = SrtpSuite::ALL.into_iter().find(named).ok_or(CryptoError::Suite)?;
        if words.any(|param| !param.starts_with('-') && !param.starts_with("WSH=")) {
            return Err(CryptoError::Parameter);
        }
        Ok(Self { tag, keys: inline(suite, key)? })
    }

    /// Writes the line.
    pub fn attribute(&self) -> Attribute {
        let key = Zeroizing::new(BASE64.encode(self.keys.reveal()));
        let suite = self.keys.suite().name();
        Attribute::new("crypto", format!("{} {suite} inline:{}", self.tag, *key))
    }
}

/// Reads `inline:key||salt[|lifetime]`.
fn inline(suite: SrtpSuite, text: &str) -> Result<SrtpKeys, CryptoError> {
    let text = text.strip_prefix("inline:").ok_or(CryptoError::Malformed)?;
    if text.len() > INLINE_MAX {
        return Err(CryptoError::Malformed);
    }
    if text.contains(';') {
        return Err(CryptoError::Identifier);
    }
    let mut parts = text.split('|');
    let key = parts.next().unwrap_or_default();
    for part in parts {
        if part.contains(':') {
            return Err(CryptoError::Identifier);
        }
        let packets = packets(part).ok_or(CryptoError::Malformed)?;
        if !(LIFETIME_MIN..=LIFETIME_MAX).contains(&packets) {
            return Err(CryptoError::Lifetime);
        }
    }
    let bytes = Zeroizing::new(BASE64.decode(key).map_err(|_| CryptoError::Malformed)?);
    SrtpKeys::new(suite, &bytes).ok_or(CryptoError::Key)
}

/// Reads a lifetime: `2^31` or the number itself.
fn packets(text: &str) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.strip_prefix("2^") {
        Some(power) if digits(power) => 1_u64.checked_shl(power.parse().ok()?),
        None if digits(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 4568 section 6.1.
    const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    #[test]
    fn the_example_of_rfc_4568_is_read() {
        let text = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20");
        let crypto = Crypto::parse(&text).unwrap();
        assert_eq!((crypto.tag, crypto.keys.suite()), (1, SrtpSuite::AesCm128HmacSha1_80));
        assert_eq!(crypto.keys.reveal(), b"wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#");
    }

    #[test]
    fn what_is_written_is_read_the_same() {
        for suite in SrtpSuite::ALL {
            let crypto = Crypto::fresh(7, suite, &mut |bytes| bytes.fill(0xA5)).unwrap();
            let line = crypto.attribute();
            assert_eq!(Crypto::parse(line.value.as_deref().unwrap()), Ok(crypto));
        }
    }

    #[test]
    fn a_key_of_aes_256_gcm_is_read_with_its_padding_and_without() {
        let crypto = Crypto::fresh(1, SrtpSuite::AeadAes256Gcm, &mut |b| b.fill(1)).unwrap();
        let line = crypto.attribute().value.unwrap();
        assert!(line.ends_with('='));
        assert_eq!(Crypto::parse(line.trim_end_matches('=')), Ok(crypto));
    }

    #[test]
    fn what_is_not_understood_makes_the_line_void() {
        let of = |suite: &str, key: &str, params: &str| {
            Crypto::parse(&format!("1 {suite} inline:{key} {params}")).unwrap_err()
        };
        const CM: &str = "AES_CM_128_HMAC_SHA1_80";
        let after = |tail: &str| format!("{KEY}{tail}");
        assert_eq!(of("AES_CM_128_HMAC_SHA1_32", KEY, ""), CryptoError::Suite);
        assert_eq!(of("AEAD_AES_256_GCM", KEY, ""), CryptoError::Key);
        assert_eq!(of(CM, "c2hvcnQ=", ""), CryptoError::Key);
        assert_eq!(of(CM, "***", ""), CryptoError::Malformed);
        assert_eq!(of(CM, &after("|2^20|1:4"), ""), CryptoError::Identifier);
        assert_eq!(of(CM, &after("|1:4"), ""), CryptoError::Identifier);
        assert_eq!(of(CM, &format!("{KEY};inline:{KEY}"), ""), CryptoError::Identifier);
        assert_eq!(of(CM, &after("|2^10"), ""), CryptoError::Lifetime);
        assert_eq!(of(CM, &after("|2^49"), ""), CryptoError::Lifetime);
        assert_eq!(of(CM, &after("|2^99"), ""), CryptoError::Malformed);
        assert_eq!(of(CM, &after("|soon"), ""), CryptoError::Malformed);
        for param in ["UNENCRYPTED_SRTP", "UNAUTHENTICATED_SRTP", "KDR=1", "FEC_ORDER=FEC_SRTP"] {
            assert_eq!(of(CM, KEY, param), CryptoError::Parameter);
        }
        assert!(Crypto::parse(&format!("1 {CM} inline:{KEY} WSH=64 -EXT=1")).is_ok());
        for text in
            ["", "1", "x AES", &format!("1 {CM} {KEY}"), &format!("1234567890 {CM} inline:{KEY}")]
        {
            assert_eq!(Crypto::parse(text), Err(CryptoError::Malformed), "{text}");
        }
    }
}
