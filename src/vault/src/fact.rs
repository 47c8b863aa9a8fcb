//! The sealer of facts and of the views folded from them, behind `model::seal::Seal`.

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use model::seal::Seal;
use std::fmt;

/// The first byte of what is sealed: which way of sealing it was.
const FORM: u8 = 1;
/// The form byte, the nonce and the tag around the cipher text.
pub const OVERHEAD_BYTES: usize = 1 + NONCE_LEN + TAG_BYTES;
const TAG_BYTES: usize = 16;

/// Seals rows of the journal with AES-256-GCM-SIV (RFC 8452).
///
/// Sealed: form byte, nonce, cipher text, tag. The nonce is 4 random bytes of this start of the
/// daemon and the caller's count. A count comes back for rows written together and, one time in
/// 2^32 starts, after a crash; under SIV that tells an onlooker only whether two rows are equal.
/// The form byte, like the context, is authenticated. The length of a row is not hidden.
pub struct FactSeal {
    key: LessSafeKey,
    epoch: [u8; 4],
}

impl FactSeal {
    pub(crate) fn new(key: LessSafeKey, epoch: [u8; 4]) -> Self {
        Self { key, epoch }
    }

    fn aad(context: &[u8]) -> Aad<Vec<u8>> {
        let mut aad = Vec::with_capacity(1 + context.len());
        aad.push(FORM);
        aad.extend_from_slice(context);
        Aad::from(aad)
    }
}

impl Seal for FactSeal {
    fn seal(&self, context: &[u8], number: u64, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        nonce[..4].copy_from_slice(&self.epoch);
        nonce[4..].copy_from_slice(&number.to_be_bytes());

        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD_BYTES);
        sealed.push(FORM);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let text = &mut sealed[1 + NONCE_LEN..];
        match self.key.seal_in_place_separate_tag(nonce, Self::aad(context), text) {
            Ok(tag) => sealed.extend_from_slice(tag.as_ref()),
            Err(_) => unreachable!("GCM-SIV refuses only texts above 64 GiB (RFC 8452 6)"),
        }
        sealed
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (&form, rest) = sealed.split_first()?;
        if form != FORM || rest.len() < NONCE_LEN + TAG_BYTES {
            return None;
        }
        let (nonce, text) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let length = self.key.open_in_place(nonce, Self::aad(context), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

impl fmt::Debug for FactSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactSeal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxKey;

    fn seal(key: u8, epoch: u8) -> FactSeal {
        BoxKey::from_bytes([key; 32]).fact_seal([epoch; 4])
    }

    #[test]
    fn what_was_sealed_opens_in_any_later_epoch_and_under_no_other_key() {
        let sealed = seal(1, 1).seal(b"fact 7", 7, b"13912345678");
        assert_eq!(seal(1, 2).open(b"fact 7", &sealed).as_deref(), Some(&b"13912345678"[..]));
        assert_eq!(seal(2, 1).open(b"fact 7", &sealed), None);
        assert_eq!(seal(1, 1).open(b"fact 8", &sealed), None);
        assert!(!sealed.windows(4).any(|four| four == b"1391"));
        assert_eq!(sealed.len(), 11 + OVERHEAD_BYTES);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let seal = seal(1, 1);
        let sealed = seal.seal(b"fact 7", 7, b"arrived");
        for bit in 0..sealed.len() * 8 {
            let mut bent = sealed.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(seal.open(b"fact 7", &bent), None, "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert_eq!(seal.open(b"fact 7", &sealed[..length]), None, "cut to {length}");
        }
    }

    #[test]
    fn a_count_that_comes_back_in_another_epoch_makes_other_bytes() {
        let first = seal(1, 1).seal(b"fact 7", 7, b"arrived");
        assert_ne!(first, seal(1, 2).seal(b"fact 7", 7, b"arrived"));
        assert_ne!(first, seal(1, 1).seal(b"fact 7", 8, b"arrived"));
    }
}
