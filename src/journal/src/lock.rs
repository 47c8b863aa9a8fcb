//! One process at a time: a lock of our own, taken before any file of the store is touched.

use crate::Error;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

const NAME: &str = "lock";
/// A pid has at most 7 digits on Linux (`PID_MAX_LIMIT` is 2^22).
const PID_BYTES_MAX: u64 = 16;

/// Takes the lock of `dir`, held until the file is dropped or the process ends, however it ends.
pub(crate) fn take(dir: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    let path = dir.join(NAME);
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(|error| {
        std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(Error::InUse { dir: dir.to_owned(), by: pid_in(&mut file) });
        }
        Err(e) => return Err(Error::Io(e.into())),
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
