//! Session keys from a master key (RFC 3711 section 4.3, RFC 6188, RFC 7714 section 11).
//!
//! The key derivation rate is 0, as everywhere that keys come by SDES: each key is derived once.

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use zeroize::Zeroizing;

/// What a session key is for (RFC 3711 4.3.2, table of labels).
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Label {
    Encryption = 0,
    Authentication = 1,
    Salt = 2,
    ControlEncryption = 3,
    ControlAuthentication = 4,
    ControlSalt = 5,
}

/// Derives `N` bytes: the key stream of AES in counter mode under the master key, from a counter
/// made of salt and label. A salt of 96 bits stands at the high end of the 112 (RFC 7714 11).
pub fn derive<const N: usize>(
    master: &[u8],
    salt: &[u8],
    label: Label,
) -> Option<Zeroizing<[u8; N]>> {
    let mut counter = [0; 16];
    counter.get_mut(..salt.len().min(14))?.copy_from_slice(salt.get(..salt.len().min(14))?);
    counter[7] ^= label as u8;
    let mut derived = Zeroizing::new([0; N]);
    key_stream(master)?
        .less_safe_encrypt(&mut derived[..], EncryptionContext::Iv128(counter.into()))
        .ok()?;
    Some(derived)
}

/// AES in counter mode, of the key's length.
pub fn key_stream(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap())
    }

    /// RFC 3711 appendix B.2: AES-CM test vectors.
    #[test]
    fn rfc3711_b2_the_key_stream_of_aes_in_counter_mode() {
        let key: [u8; 16] = hex("2B7E151628AED2A6ABF7158809CF4F3C");
        let counter: [u8; 16] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000");
        let mut stream = [0; 48];
        let cipher = key_stream(&key).unwrap();
        cipher.less_safe_encrypt(&mut stream, EncryptionContext::Iv128(counter.into())).unwrap();
        let want = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB\
                    41E95B3BB0A2E8DD477901E4FCA894C0";
        assert_eq!(stream, hex(&want.replace(' ', "")));
    }

    /// RFC 3711 appendix B.3: key derivation test vectors.
    #[test]
    fn rfc3711_b3_session_keys_from_a_master_key_of_128_bits() {
        let master: [u8; 16] = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt: [u8; 14] = hex("0EC675AD498AFEEBB6960B3AABE6");
        let key = derive::<16>(&master, &salt, Label::Encryption).unwrap();
        assert_eq!(*key, hex("C61E7A93744F39EE10734AFE3FF7A087"));
        let salt_derived = derive::<14>(&master, &salt, Label::Salt).unwrap();
        assert_eq!(*salt_derived, hex("30CBBC08863D8C85D49DB34A9AE1"));
        let auth = derive::<20>(&master, &salt, Label::Authentication).unwrap();
        assert_eq!(*auth, hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    /// RFC 6188 section 7.2: the derivation that RFC 7714 takes for keys of 256 bits.
    #[test]
    fn rfc6188_7_2_session_keys_from_a_master_key_of_256_bits() {
        let master: [u8; 32] =
            hex("F0F04914B513F2763A1B1FA130F10E2998F6F6E43E4309D1E622A0E332B9F1B6");
        let salt: [u8; 14] = hex("3B04803DE51EE7C96423AB5B78D2");
        let key = derive::<32>(&master, &salt, Label::Encryption).unwrap();
        let want = "5BA1064E30EC51613CAD926C5A28EF731EC7FB397F70A960653CAF06554CD8C4";
        assert_eq!(*key, hex(want));
        let salt_derived = derive::<14>(&master, &salt, Label::Salt).unwrap();
        assert_eq!(*salt_derived, hex("FA31791685CA444A9E07C6C64E93"));
        let auth = derive::<20>(&master, &salt, Label::Authentication).unwrap();
        assert_eq!(*auth, hex("FD9C32D39ED5FBB5A9DC96B30818454D1313DC05"));
    }
}
