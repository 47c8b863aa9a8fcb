//! Which site the box runs.

use super::Options;
use crate::service::{Severity, log};
use crate::sites::{Ready, Sites};
use anyhow::Context as _;

/// The site to run: the applied one; the one given only where none was applied yet.
pub(super) fn choose_site(
    sites: &Sites,
    options: &Options,
) -> anyhow::Result<(Ready, Option<String>)> {
    if sites.is_empty()? {
        let dir = options.site.as_deref().context("no site was applied yet: give --site DIR")?;
        let ready = sites.take_in(dir)?;
        sites.make_current(ready.version)?;
        return Ok((ready, None));
    }
    let (ready, wrong) = sites.load_current()?;
    if let Some(wrong) = &wrong {
        let version = ready.version;
        log(Severity::Error, &format!("running site version {version}, since {wrong}"));
    }
    if let Some(dir) = &options.site {
        match crate::sites::check(dir, &options.share) {
            Ok(given) if given.site.digest == ready.site.digest => {}
            Ok(_) => log(
                Severity::Notice,
                &format!(
                    "running the applied site, version {}; {} differs: `ringfence site apply` it",
                    ready.version,
                    dir.display()
                ),
            ),
            Err(error) => log(Severity::Warning, &format!("the site given is not used: {error:#}")),
        }
    }
    Ok((ready, wrong))
}
