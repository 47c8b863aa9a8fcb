//! What a device proves itself with, and the password of its own menus.
//!
//! Nothing is stored: everything follows from a key of the box, the device's address and a
//! generation, which counts up when a credential is revoked.

use crate::mac::Mac;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use model::Secret;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The salt of the derivation; a new number would be new credentials for every phone.
const SALT: &[u8] = b"ringfence phones 1";
/// Letters and digits that nobody takes for another (no 0 1 8 9): 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Characters of a credential's secret: 100 bits, and still typed by hand in a minute.
const SECRET_CHARS: usize = 20;
/// Digits of a menu password, since a phone's keys have digits: 53 bits.
const MENU_DIGITS: usize = 16;
/// Most bytes of what a device may give; more is no credential of ours.
pub const GIVEN_BYTES_MAX: usize = 128;

/// The name and secret a device fetches its settings with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The device's address, as its files are named.
    pub user: String,
    pub secret: Secret,
}

/// Makes the credentials of every device of a box.
pub struct Keys {
    key: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Takes a key of the box that is for phones alone.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key: Zeroizing::new(key) }
    }

    /// The credential of a device in its `generation`th life.
    pub fn credential(&self, mac: Mac, generation: u32) -> Credential {
        let bytes = self.derive(b"credential", mac, generation);
        let chars = bytes.iter().take(SECRET_CHARS);
        let secret: String = chars
            .map(|byte| char::from(*ALPHABET.get(usize::from(byte & 31)).unwrap_or(&b'a')))
            .collect();
        Credential { user: mac.to_string(), secret: Secret::new(secret) }
    }

    /// The password of a device's own menus and web page.
    pub fn menu_password(&self, mac: Mac, generation: u32) -> Secret {
        let bytes = self.derive(b"menu", mac, generation);
        // Bytes from 250 on would make some digits likelier; 32 bytes hold 16 others all but surely.
        let fair = bytes.iter().filter(|byte| **byte < 250);
        let mut digits: String =
            fair.take(MENU_DIGITS).map(|byte| char::from(b'0' + byte % 10)).collect();
        while digits.len() < MENU_DIGITS {
            digits.push('7');
        }
        Secret::new(digits)
    }

    /// Tells whether a secret is the device's, in a time that does not tell how much of it is right.
    /// The work is the same for every address, known or not.
    pub fn proves(&self, mac: Mac, generation: u32, given: &str) -> bool {
        let wanted = self.credential(mac, generation).secret;
        let (wanted, given) = (wanted.reveal().as_bytes(), given.as_bytes());
        given.len() <= GIVEN_BYTES_MAX && bool::from(wanted.ct_eq(given))
    }

    fn derive(&self, purpose: &[u8], mac: Mac, generation: u32) -> [u8; 32] {
        let mut bytes = [0; 32];
        let prk = Salt::new(HKDF_SHA256, SALT).extract(self.key.as_ref());
        let info: [&[u8]; 3] = [purpose, &mac.0, &generation.to_be_bytes()];
        // One block of 32 bytes is below every limit of HKDF (RFC 5869 section 2.3).
        let filled = prk.expand(&info, Block).and_then(|block| block.fill(&mut bytes));
        debug_assert!(filled.is_ok(), "a block of HKDF is 32 bytes");
        bytes
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// The length of one block.
struct Block;

impl KeyType for Block {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Mac = Mac([0, 0x15, 0x65, 1, 2, 3]);
    const OTHER: Mac = Mac([0, 0x15, 0x65, 1, 2, 4]);

    #[test]
    fn a_device_has_a_credential_of_its_own_and_the_next_generation_another() {
        let keys = Keys::new([7; 32]);
        let secret = |mac, generation| keys.credential(mac, generation).secret;
        assert_eq!(secret(ONE, 0), secret(ONE, 0));
        assert_ne!(secret(ONE, 0), secret(OTHER, 0));
        assert_ne!(secret(ONE, 0), secret(ONE, 1));
        assert_ne!(secret(ONE, 0), Keys::new([8; 32]).credential(ONE, 0).secret);
        assert_eq!(secret(ONE, 0).reveal().len(), SECRET_CHARS);
        assert_ne!(keys.menu_password(ONE, 0), keys.menu_password(OTHER, 0));
        assert_eq!(keys.menu_password(ONE, 0).reveal().len(), MENU_DIGITS);
    }

    #[test]
    fn only_the_whole_secret_of_the_right_generation_proves_a_device() {
        let keys = Keys::new([7; 32]);
        let secret = keys.credential(ONE, 3).secret;
        assert!(keys.proves(ONE, 3, secret.reveal()));
        assert!(!keys.proves(ONE, 4, secret.reveal()), "revoked");
        assert!(!keys.proves(OTHER, 3, secret.reveal()), "another's");
        let most = secret.reveal().get(..SECRET_CHARS - 1).unwrap_or_default();
        for wrong in ["", most, &format!("{}x", secret.reveal()), &"a".repeat(10_000)] {
            assert!(!keys.proves(ONE, 3, wrong));
        }
    }

    #[test]
    fn nothing_of_a_credential_is_printed() {
        let keys = Keys::new([7; 32]);
        let credential = keys.credential(ONE, 0);
        let printed = format!("{keys:?} {credential:?}");
        assert!(!printed.contains(credential.secret.reveal()), "{printed}");
    }
}
