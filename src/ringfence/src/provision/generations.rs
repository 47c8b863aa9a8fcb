//! How often each device's credential was revoked, in a file that the daemon and the command line
//! share.

use crate::folders::Folders;
use anyhow::{Context as _, bail};
use phone::Mac;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Longest file that is read: some 50,000 devices.
const BYTES_MAX: u64 = 4 << 20;

/// What is kept of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// Counts up when the credential is revoked.
    pub generation: u32,
    /// The credential of this generation was shown to a person.
    pub shown: bool,
}

type Lives = BTreeMap<String, Life>;

/// The file, read again when it changed.
#[derive(Debug)]
pub struct Generations {
    path: PathBuf,
    seen: Mutex<(Option<(SystemTime, u64)>, Lives)>,
}

impl Generations {
    pub fn new(folders: &Folders) -> Self {
        Self { path: folders.phones(), seen: Mutex::default() }
    }

    /// What is kept of a device. A file that cannot be read is an error: taking a revoked
    /// credential for good would be worse than serving nobody.
    pub fn of(&self, mac: Mac) -> anyhow::Result<Life> {
        self.read(|lives| lives.get(&mac.to_string()).copied().unwrap_or_default())
    }

    /// Ends a device's credential; the next one has not been shown to anybody.
    pub fn revoke(&self, mac: Mac) -> anyhow::Result<u32> {
        let life = self.change(mac, |life| {
            life.generation = life.generation.checked_add(1).context("no generation is left")?;
            life.shown = false;
            Ok(())
        })?;
        Ok(life.generation)
    }

    /// Notes that a device's credential is being shown; an error if it was shown before.
    pub fn show(&self, mac: Mac) -> anyhow::Result<u32> {
        let life = self.change(mac, |life| {
            if life.shown {
                bail!("the credential was shown already, and is shown once: revoke it for another");
            }
            life.shown = true;
            Ok(())
        })?;
        Ok(life.generation)
    }

    fn change(
        &self,
        mac: Mac,
        change: impl FnOnce(&mut Life) -> anyhow::Result<()>,
    ) -> anyhow::Result<Life> {
        let lock = std::fs::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.path.with_extension("lock"))?;
        lock.lock()?;
        let mut lives = self.read(Lives::clone)?;
        let life = lives.entry(mac.to_string()).or_default();
        change(life)?;
        let life = *life;
        let fresh = self.path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        let mut file = std::fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)
            .with_context(|| format!("cannot write {}", fresh.display()))?;
        file.write_all(&serde_json::to_vec_pretty(&lives)?)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        if let Some(dir) = self.path.parent() {
            std::fs::File::open(dir)?.sync_all()?;
        }
        Ok(life)
    }

    fn read<T>(&self, look: impl FnOnce(&Lives) -> T) -> anyhow::Result<T> {
        let stamp = match std::fs::metadata(&self.path) {
            Ok(meta) => (meta.modified()?, meta.ino()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(look(&Lives::new()));
            }
            Err(error) => return Err(error.into()),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != Some(stamp) {
            let bytes = crate::plain_file::read(&self.path, BYTES_MAX)?;
            let lives = serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is damaged", self.path.display()))?;
            *seen = (Some(stamp), lives);
        }
        Ok(look(&seen.1))
    }
}
