//! A trial of a disk that refused something: whether it takes a file again.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// The trial's file; nothing of the box is called so.
const NAME: &str = "trial.tmp";

/// Writes so many bytes into a folder, has them on the disk and takes them away again.
pub fn write(dir: &Path, bytes: usize) -> io::Result<()> {
    let path = dir.join(NAME);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&vec![0; bytes])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}
