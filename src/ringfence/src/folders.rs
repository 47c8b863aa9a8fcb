//! Where the box keeps what it keeps.

use anyhow::Context as _;
use std::path::{Path, PathBuf};

/// The state folder and what lies in it. Everything that names a person is sealed.
#[derive(Clone, Debug)]
pub struct Folders {
    state: PathBuf,
}

impl Folders {
    /// Takes the folder given, or the user's: `$STATE_DIRECTORY` under systemd, else
    /// `$XDG_STATE_HOME/ringfence`, else `~/.local/state/ringfence`.
    pub fn find(given: Option<PathBuf>) -> anyhow::Result<Self> {
        let from = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty());
        let state = given
            .or_else(|| from("STATE_DIRECTORY").map(PathBuf::from))
            .or_else(|| from("XDG_STATE_HOME").map(|home| PathBuf::from(home).join("ringfence")))
            .or_else(|| from("HOME").map(|home| PathBuf::from(home).join(".local/state/ringfence")))
            .context("no state folder: give --state DIR")?;
        Ok(Self { state })
    }

    /// Makes the folders that are missing, readable by this user alone.
    pub fn create(&self) -> anyhow::Result<()> {
        for dir in [self.state.clone(), self.journal(), self.recordings(), self.sites()] {
            make_private_dir(&dir)?;
        }
        Ok(())
    }

    pub fn state(&self) -> &Path {
        &self.state
    }
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal")
    }
    pub fn recordings(&self) -> PathBuf {
        self.state.join("recordings")
    }
    /// The sites applied so far, a numbered folder each.
    pub fn sites(&self) -> PathBuf {
        self.state.join("sites")
    }
    pub fn box_key(&self) -> PathBuf {
        self.state.join("box.key")
    }
    /// The box's certificate and key.
    pub fn tls(&self) -> PathBuf {
        self.state.join("tls")
    }
    /// How often each phone's credential was revoked, and whether it was shown.
    pub fn phones(&self) -> PathBuf {
        self.state.join("phones.json")
    }
    /// Where phones were reached last.
    pub fn registrations(&self) -> PathBuf {
        self.state.join("registrations")
    }
    /// Captures of ports, sealed.
    pub fn captures(&self) -> PathBuf {
        self.state.join("captures")
    }
    /// The control socket of the daemon that runs on this state folder.
    pub fn control_socket(&self) -> PathBuf {
        self.state.join("control.sock")
    }
}

/// Makes a folder and its parents with mode 0700, and mends the mode of one that is there.
pub fn make_private_dir(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let mode = std::fs::metadata(dir)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
            .with_context(|| format!("cannot make {} private", dir.display()))?;
    }
    Ok(())
}
