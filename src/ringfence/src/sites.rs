//! The sites a box was given: each applied one is kept whole under a number, one is current.
//!
//! ```text
//! sites/000001/site.toml, prompts/…, applied   (a copy; `applied` holds when)
//! sites/000002/…
//! sites/current -> 000002                      (replaced by one rename: old or new, never half)
//! ```

use crate::clips::{ClipTable, PromptFiles};
use crate::clock::wall_now;
use crate::folders::{Folders, make_private_dir};
use anyhow::{Context as _, bail};
use control::AppliedSite;
use model::WallTime;
use model::site::{Lang, Site};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The password the shipped demo sites print in their own text.
pub const DEMO_PASSWORD: &str = "ringfence-demo";
/// Largest `site.toml` read.
const SITE_BYTES_MAX: u64 = 4 << 20;
/// Most files and bytes a site's folder may have, so that a wrong DIR does not fill the disk.
const FILES_MAX: usize = 5_000;
const BYTES_MAX: u64 = 2 << 30;

/// A site that was checked together with its prompts.
pub struct Checked {
    pub site: Site,
    pub notes: Vec<String>,
    pub prompts: PromptFiles,
}

/// Checks the site in a folder; the error lists every fault, a line each.
pub fn check(dir: &Path, share: &Path) -> anyhow::Result<Checked> {
    let path = dir.join("site.toml");
    let shown = path.display();
    let size = std::fs::metadata(&path)
        .with_context(|| format!("no site in {}: cannot read {shown}", dir.display()))?
        .len();
    if size > SITE_BYTES_MAX {
        bail!("{shown} has {size} bytes; at most {SITE_BYTES_MAX} are read");
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {shown}"))?;
    let Ok(text) = String::from_utf8(bytes) else { bail!("{shown} is not UTF-8 text") };
    let prompts = PromptFiles::find(dir, share)?;
    let mut ids = site::PromptFiles::default();
    for lang in Lang::ALL {
        prompts.ids(lang).into_iter().for_each(|id| ids.add(lang, id));
    }
    match site::load(&text, &ids) {
        Ok(loaded) => {
            let mut notes: Vec<String> = loaded.notes.iter().map(ToString::to_string).collect();
            notes.extend(open_door(&loaded.site));
            Ok(Checked { site: loaded.site, notes, prompts })
        }
        Err(faults) => {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            bail!("{} is not a site that can run:\n{}", dir.display(), lines.join("\n"))
        }
    }
}

/// Warns of a demo's published password where others than this machine reach the box.
fn open_door(site: &Site) -> Option<String> {
    let known = |agent: &&model::site::Agent| agent.password.reveal() == DEMO_PASSWORD;
    let agents = site.agents.values().filter(known).count();
    (agents > 0 && !site.sip.bind.ip().is_loopback()).then(|| {
        format!("{agents} agents have the demo's published password: anybody on the LAN is them")
    })
}

/// A site ready to run.
pub struct Ready {
    pub version: u64,
    pub site: Arc<Site>,
    pub clips: ClipTable,
    pub notes: Vec<String>,
}

/// The history of sites in the state folder.
pub struct Sites {
    dir: PathBuf,
    share: PathBuf,
}

impl Sites {
    pub fn new(folders: &Folders, share: &Path) -> Self {
        Self { dir: folders.sites(), share: share.to_owned() }
    }

    /// The number of the current site, if one was ever applied.
    pub fn current(&self) -> Option<u64> {
        let target = std::fs::read_link(self.dir.join("current")).ok()?;
        target.file_name()?.to_str()?.parse().ok()
    }

    /// Loads the current site with its clips.
    pub fn load_current(&self) -> anyhow::Result<Ready> {
        let version = self.current().context("no site was applied yet: give --site DIR")?;
        self.load(version)
    }

    /// The current site alone, without its clips.
    pub fn current_site(&self) -> anyhow::Result<Arc<Site>> {
        let version = self.current().context("no site was applied yet")?;
        Ok(Arc::new(check(&self.folder(version), &self.share)?.site))
    }

    /// Loads a site of the history.
    pub fn load(&self, version: u64) -> anyhow::Result<Ready> {
        let dir = self.folder(version);
        if !dir.is_dir() {
            bail!("there is no site version {version}; see `ringfence site history`");
        }
        let checked = check(&dir, &self.share)?;
        let clips = ClipTable::load(&checked.prompts)?;
        Ok(Ready { version, site: Arc::new(checked.site), clips, notes: checked.notes })
    }

    /// Checks the site in `dir`, copies it into the history and loads it from there. It becomes
    /// the one that runs at the next start only by `make_current`.
    pub fn take_in(&self, dir: &Path) -> anyhow::Result<Ready> {
        check(dir, &self.share)?;
        let version = self.versions()?.last().map_or(1, |last| last + 1);
        let unfinished = self.dir.join(".unfinished");
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished)?;
        }
        make_private_dir(&unfinished)?;
        std::fs::copy(dir.join("site.toml"), unfinished.join("site.toml"))
            .context("cannot copy site.toml")?;
        let mut budget = Budget { files: FILES_MAX, bytes: BYTES_MAX };
        if dir.join("prompts").is_dir() {
            copy_folder(&dir.join("prompts"), &unfinished.join("prompts"), &mut budget)?;
        }
        std::fs::write(unfinished.join("applied"), wall_now().0.to_string())?;
        sync_tree(&unfinished)?;
        std::fs::rename(&unfinished, self.folder(version))?;
        sync_dir(&self.dir)?;
        self.load(version)
    }

    /// Makes a version the current one: after this returns, it is what a restart runs.
    pub fn make_current(&self, version: u64) -> anyhow::Result<()> {
        let fresh = self.dir.join(".current");
        let _ = std::fs::remove_file(&fresh);
        std::os::unix::fs::symlink(format!("{version:06}"), &fresh)?;
        std::fs::rename(&fresh, self.dir.join("current"))?;
        sync_dir(&self.dir)
    }

    /// The history, newest first.
    pub fn history(&self) -> anyhow::Result<Vec<AppliedSite>> {
        let current = self.current();
        let mut sites = Vec::new();
        for version in self.versions()?.into_iter().rev() {
            let dir = self.folder(version);
            let applied = std::fs::read_to_string(dir.join("applied")).unwrap_or_default();
            let (digest, shown) = match check(&dir, &self.share) {
                Ok(checked) => {
                    let wall = WallTime(applied.trim().parse().unwrap_or_default());
                    (checked.site.digest, checked.site.zone.civil(wall).to_string())
                }
                Err(_) => ("no longer valid".to_owned(), "?".to_owned()),
            };
            let current = current == Some(version);
            sites.push(AppliedSite { version, digest, applied: shown, current });
        }
        Ok(sites)
    }

    fn folder(&self, version: u64) -> PathBuf {
        self.dir.join(format!("{version:06}"))
    }

    fn versions(&self) -> anyhow::Result<Vec<u64>> {
        let mut versions = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            versions.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        versions.sort_unstable();
        Ok(versions)
    }
}

/// Copies a folder of any size.
pub fn copy_whole(from: &Path, to: &Path) -> anyhow::Result<()> {
    copy_folder(from, to, &mut Budget { files: usize::MAX, bytes: u64::MAX })
}

struct Budget {
    files: usize,
    bytes: u64,
}

/// Copies plain files and folders; links and devices are left out.
fn copy_folder(from: &Path, to: &Path, budget: &mut Budget) -> anyhow::Result<()> {
    make_private_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &target, budget)?;
        } else if kind.is_file() {
            let left = budget.bytes.checked_sub(entry.metadata()?.len());
            let (Some(bytes), Some(files)) = (left, budget.files.checked_sub(1)) else {
                bail!("{} holds more than a site's folder may", from.display());
            };
            *budget = Budget { files, bytes };
            std::fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

fn sync_tree(dir: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { sync_tree(&path)? } else { std::fs::File::open(&path)?.sync_all()? }
    }
    sync_dir(dir)
}

fn sync_dir(dir: &Path) -> anyhow::Result<()> {
    Ok(std::fs::File::open(dir)?.sync_all()?)
}
