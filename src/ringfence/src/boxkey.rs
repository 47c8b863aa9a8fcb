//! The box key: read from a systemd credential or a private file, made on the first start.

use crate::folders::Folders;
use anyhow::{Context as _, bail};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use vault::BoxKey;
use zeroize::Zeroizing;

/// Name of the credential that systemd may hand in (sealed to the machine's TPM by the image).
const CREDENTIAL: &str = "box-key";

/// Reads the key of this box. A credential comes first; then the file, if there is one.
pub fn read(folders: &Folders) -> anyhow::Result<BoxKey> {
    if let Some(dir) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        let path = Path::new(&dir).join(CREDENTIAL);
        if path.exists() {
            return read_file(&path, false);
        }
    }
    let path = folders.box_key();
    if is_missing(&path)? {
        if has_facts(folders)? {
            return Err(gone(&path));
        }
        bail!("no box key at {}: start the box once, it makes its key", path.display());
    }
    read_file(&path, true)
}

/// Reads the key, or makes one if the box has neither key nor anything sealed under one.
pub fn read_or_make(folders: &Folders) -> anyhow::Result<BoxKey> {
    let path = folders.box_key();
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
        .is_some_and(|dir| Path::new(&dir).join(CREDENTIAL).exists());
    if !credential && is_missing(&path)? {
        if has_facts(folders)? {
            return Err(gone(&path));
        }
        make(&path)?;
    }
    read(folders)
}

/// Tells whether a file is not there; one that may not be looked at is an error.
fn is_missing(path: &Path) -> anyhow::Result<bool> {
    let there = path.try_exists();
    Ok(!there.with_context(|| format!("cannot look at the box key {}", path.display()))?)
}

/// Tells whether the box has sealed anything.
fn has_facts(folders: &Folders) -> anyhow::Result<bool> {
    let dir = folders.journal();
    match std::fs::read_dir(&dir) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", dir.display())),
    }
}

fn gone(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "the box key {} is gone but the journal is not: put the key back, \
         or move the state folder aside to begin anew",
        path.display()
    )
}

/// Writes a new key and puts it on disk before anything is sealed under it.
fn make(path: &Path) -> anyhow::Result<()> {
    let mut key = Zeroizing::new([0_u8; 32]);
    getrandom::fill(key.as_mut()).context("the system gave no randomness for the box key")?;
    let fresh = path.with_extension("new");
    let _ = std::fs::remove_file(&fresh);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("cannot make the box key {}", fresh.display()))?;
    file.write_all(key.as_ref())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    if let Some(dir) = path.parent() {
        std::fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

fn read_file(path: &Path, check_mode: bool) -> anyhow::Result<BoxKey> {
    let shown = path.display();
    let looked = std::fs::metadata(path);
    let mode = looked.with_context(|| format!("cannot look at the box key {shown}"))?.mode();
    if check_mode && mode & 0o077 != 0 {
        bail!("the box key {shown} may be read by others: chmod 600 it");
    }
    let bytes = Zeroizing::new(
        std::fs::read(path).with_context(|| format!("cannot read the box key {shown}"))?,
    );
    BoxKey::from_file_bytes(&bytes).with_context(|| format!("the box key {shown} is no key"))
}

/// 32 random bytes of the system, for the key of one recording or a seed.
pub fn random_32() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("the system gave no randomness")?;
    Ok(bytes)
}
