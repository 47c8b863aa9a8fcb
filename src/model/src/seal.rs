//! Sealing of what must not lie in clear on a disk, for crates that may not know the vault.

/// Seals and opens byte strings under a key that only the vault knows.
pub trait Seal: Send + Sync {
    /// Encrypts and authenticates `plain`, bound to `context` (what and where it is).
    /// `number` is the caller's running count; the implementation must stay safe when a crash
    /// makes a count come back.
    fn seal(&self, context: &[u8], number: u64, plain: &[u8]) -> Vec<u8>;

    /// Gives the plain bytes back, or nothing if a bit of them or of `context` differs.
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}
