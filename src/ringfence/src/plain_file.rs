//! Opens files that others name: plain ones only, so that no pipe or device can hold the box.

use anyhow::{Context as _, bail};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a plain file for reading. A pipe, device or folder is refused and never waited for.
pub fn open(path: &Path) -> anyhow::Result<File> {
    let shown = path.display();
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
        .with_context(|| format!("cannot read {shown}"))?;
    if !file.metadata()?.is_file() {
        bail!("{shown} is not a plain file");
    }
    Ok(file)
}

/// Reads a plain file of at most `bytes_max` bytes.
pub fn read(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        bail!("{} is longer than the {bytes_max} bytes that are read", path.display());
    }
    Ok(bytes)
}
