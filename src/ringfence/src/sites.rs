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
use crate::plain_file;
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
/// Folders in folders.
const DEPTH_MAX: u8 = 8;

/// A site that was checked together with its prompts.
pub struct Checked {
    pub site: Site,
    pub notes: Vec<String>,
    pub prompts: PromptFiles,
}

/// Checks the site in a folder; the error lists every fault, a line each.
pub fn check(dir: &Path, share: &Path) -> anyhow::Result<Checked> {
    let path = dir.join("site.toml");
    if !dir.is_dir() {
        bail!("{} is no folder: give the folder that holds site.toml", dir.display());
    }
    let bytes = plain_file::read(&path, SITE_BYTES_MAX)
        .with_context(|| format!("no site in {}", dir.display()))?;
    let Ok(text) = String::from_utf8(bytes) else { bail!("{} is not UTF-8 text", path.display()) };
    if !share.join("prompts").is_dir() {
        let share = share.display();
        bail!("the box's own prompts are not in {share} (--share, RINGFENCE_SHARE)");
    }
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
    // The agents' own phones are among them.
    let demo = |phone: &&model::site::Phone| phone.password.reveal() == DEMO_PASSWORD;
    let known = site.phones.values().filter(demo).count();
    (known > 0 && !site.sip.bind.ip().is_loopback()).then(|| {
        format!("{known} phones have the demo's published password: anybody on the LAN is them")
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

    /// Loads the current site with its clips. Where it is damaged, the newest one that is not: a box
    /// with an old site answers, a box without one does not. Tells what was wrong.
    pub fn load_current(&self) -> anyhow::Result<(Ready, Option<String>)> {
        let wrong = match self.current().map(|version| self.load(version)) {
            Some(Ok(ready)) => return Ok((ready, None)),
            Some(Err(error)) => format!("{error:#}"),
            None => "no version is marked as the current one".to_owned(),
        };
        let ready = self.newest_sound()?.with_context(|| format!("no site can run: {wrong}"))?;
        Ok((ready, Some(wrong)))
    }

    fn newest_sound(&self) -> anyhow::Result<Option<Ready>> {
        Ok(self.versions()?.into_iter().rev().find_map(|version| self.load(version).ok()))
    }

    /// Tells whether no site was ever applied.
    pub fn is_empty(&self) -> anyhow::Result<bool> {
        Ok(self.versions()?.is_empty())
    }

    /// The current site, or the newest sound one, for its names and time zone.
    pub fn current_site(&self) -> anyhow::Result<Arc<Site>> {
        Ok(self.load_current()?.0.site)
    }

    /// Loads a site of the history.
    pub fn load(&self, version: u64) -> anyhow::Result<Ready> {
        let dir = self.folder(version);
        if !dir.is_dir() {
            bail!("there is no site version {version}; see `ringfence site history`");
        }
        self.load_folder(&dir, version)
    }

    fn load_folder(&self, dir: &Path, version: u64) -> anyhow::Result<Ready> {
        let checked = check(dir, &self.share)?;
        let clips = ClipTable::load(&checked.prompts, &checked.site.numbering.tones)?;
        Ok(Ready { version, site: Arc::new(checked.site), clips, notes: checked.notes })
    }

    /// Checks the site in `dir`, copies it into the history and loads it from there. It becomes
    /// the one that runs at the next start only by `make_current`.
    pub fn take_in(&self, dir: &Path) -> anyhow::Result<Ready> {
        let checked = check(dir, &self.share)?;
        crate::tls::check_brought(&checked.site)?;
        let unfinished = self.dir.join(".unfinished");
        let taken = self.copy_in(dir, &unfinished);
        if unfinished.exists() {
            std::fs::remove_dir_all(&unfinished)?;
        }
        taken
    }

    /// Copies into `unfinished`, loads the copy and only then gives it its number.
    fn copy_in(&self, dir: &Path, unfinished: &Path) -> anyhow::Result<Ready> {
        if unfinished.exists() {
            std::fs::remove_dir_all(unfinished)?;
        }
        let mut budget = Budget { files: FILES_MAX, bytes: BYTES_MAX, depth: DEPTH_MAX };
        make_private_dir(unfinished)?;
        budget.copy_file(&dir.join("site.toml"), &unfinished.join("site.toml"))?;
        if dir.join("prompts").is_dir() {
            budget.copy_folder(&dir.join("prompts"), &unfinished.join("prompts"))?;
        }
        std::fs::write(unfinished.join("applied"), wall_now().0.to_string())?;
        sync_tree(unfinished)?;
        let mut ready = self.load_folder(unfinished, 0)?;
        ready.version = self.versions()?.last().map_or(1, |last| last + 1);
        std::fs::rename(unfinished, self.folder(ready.version))?;
        sync_dir(&self.dir)?;
        Ok(ready)
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
                // Without the box's own prompts no site can be judged.
                Err(_) if !self.share.join("prompts").is_dir() => {
                    ("not checked: no prompts (--share)".to_owned(), "?".to_owned())
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
    Budget { files: usize::MAX, bytes: u64::MAX, depth: DEPTH_MAX }.copy_folder(from, to)
}

/// What a copy may still take.
struct Budget {
    files: usize,
    bytes: u64,
    depth: u8,
}

impl Budget {
    /// Copies plain files and folders. Links are followed, as a check of the folder follows them;
    /// pipes and devices are refused.
    fn copy_folder(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let Some(depth) = self.depth.checked_sub(1) else {
            bail!("{} lies too deep, or a link leads back to itself", from.display());
        };
        self.depth = depth;
        make_private_dir(to)?;
        for entry in std::fs::read_dir(from)? {
            let (path, target) = {
                let entry = entry?;
                (entry.path(), to.join(entry.file_name()))
            };
            if path.is_dir() {
                self.copy_folder(&path, &target)?;
            } else {
                self.copy_file(&path, &target)?;
            }
        }
        self.depth += 1;
        Ok(())
    }

    fn copy_file(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let mut source = plain_file::open(from)?;
        let left = self.bytes.checked_sub(source.metadata()?.len());
        let (Some(bytes), Some(files)) = (left, self.files.checked_sub(1)) else {
            bail!("{} is more than a site's folder may hold", from.display());
        };
        (self.bytes, self.files) = (bytes, files);
        let mut target = std::fs::File::create(to)?;
        std::io::copy(&mut source, &mut target)
            .with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::Secret;

    #[test]
    fn a_door_is_open_where_others_reach_phones_of_the_published_password_each_counted_once() {
        let mut site = crate::provision::tests::world::site("Desk");
        assert_eq!(open_door(&site), None);
        for phone in site.phones.values_mut() {
            phone.password = Secret::new(DEMO_PASSWORD);
        }
        assert_eq!(open_door(&site), None, "only this machine reaches it");
        site.sip.bind = "192.0.2.1:5060".parse().unwrap();
        assert!(open_door(&site).unwrap().starts_with("2 phones have the demo's"));
    }
}
