//! Where phones are reached, put by for the next start: sealed, since addresses and accounts name people.
//!
//! ```text
//!   a phone comes, moves --at most every 10 s--> thread: seal, write beside, sync, rename
//!   one registers again  --at most every 60 s-->   likewise, for the time it has left
//!   start: read, open, leave out what ran out or has another password --> sip::Config::kept
//! ```

use crate::boxkey;
use crate::folders::Folders;
use crate::service::{Severity, log};
use crossbeam_channel::{Receiver, Sender};
use model::seal::Seal as _;
use model::site::Site;
use model::{PhoneId, WallTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use vault::BoxKey;

/// What the seal is bound to.
const CONTEXT: &[u8] = b"registrations 1";
/// Most that is read of a file: 8 addresses of 4,000 phones, and no more than a damaged disk may say.
const BYTES_MAX: u64 = 16 << 20;

/// Where phones are reached at a moment.
pub struct Put {
    pub site: Arc<Site>,
    pub at: WallTime,
    pub kept: Vec<sip::Kept>,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct File {
    at_ms: i64,
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    phone: String,
    contact: String,
    address: SocketAddr,
    left_s: u32,
    instance: Option<String>,
    /// Of the password it registered with.
    password: [u8; 32],
}

/// What a row was registered with, so that another password does not take it up.
fn mark(key: &BoxKey, site: &Site, phone: &PhoneId) -> Option<[u8; 32]> {
    let mut hash = Sha256::new();
    hash.update(key.phones().as_ref());
    hash.update(CONTEXT);
    hash.update(phone.as_str());
    hash.update([0]);
    hash.update(site.phones.get(phone)?.password.reveal());
    Some(hash.finalize().into())
}

/// What was put by and still holds. A file that cannot be read is passed over with a word.
pub fn read(folders: &Folders, key: &BoxKey, site: &Site, now: WallTime) -> Vec<sip::Kept> {
    let path = folders.registrations();
    if !path.exists() {
        return Vec::new();
    }
    match open(&path, key) {
        Ok(file) => valid(file, key, site, now),
        Err(error) => {
            let text = format!("where phones were reached is not known: {error:#}");
            log(Severity::Warning, &text);
            Vec::new()
        }
    }
}

fn open(path: &Path, key: &BoxKey) -> anyhow::Result<File> {
    let sealed = crate::plain_file::read(path, BYTES_MAX)?;
    let plain = key.fact_seal([0; 4]).open(CONTEXT, &sealed);
    let plain = plain.ok_or_else(|| anyhow::anyhow!("{} is damaged", path.display()))?;
    Ok(serde_json::from_slice(&plain)?)
}

fn valid(file: File, key: &BoxKey, site: &Site, now: WallTime) -> Vec<sip::Kept> {
    // A clock that was set back is taken for no time at all.
    let gone_s = u32::try_from(now.0.saturating_sub(file.at_ms).max(0) / 1000).unwrap_or(u32::MAX);
    let kept = file.rows.into_iter().filter_map(|row| {
        let phone = PhoneId::new(&row.phone);
        let same = mark(key, site, &phone) == Some(row.password);
        let left_s = row.left_s.saturating_sub(gone_s);
        let Row { contact, address, instance, .. } = row;
        let kept = sip::Kept { phone, contact, address, left_s, instance };
        (same && left_s > 0).then_some(kept)
    });
    kept.collect()
}

/// Starts the thread that writes; it ends when nobody sends any more.
pub fn start(folders: &Folders, key: Arc<BoxKey>) -> anyhow::Result<(Sender<Put>, JoinHandle<()>)> {
    let path = folders.registrations();
    let random = boxkey::random_32()?;
    let epoch = [random[0], random[1], random[2], random[3]];
    let (puts, wanted) = crossbeam_channel::bounded(1);
    let thread = std::thread::Builder::new().name("kept".into());
    Ok((puts, thread.spawn(move || run(&path, &key, epoch, &wanted))?))
}

fn run(path: &Path, key: &BoxKey, epoch: [u8; 4], wanted: &Receiver<Put>) {
    let seal = key.fact_seal(epoch);
    for (number, put) in wanted.iter().enumerate() {
        let written = encode(key, &put).and_then(|plain| {
            let sealed = seal.seal(CONTEXT, number as u64, &plain);
            write(path, &sealed)
        });
        if let Err(error) = written {
            let text = format!("where phones are reached was not put by: {error:#}");
            log(Severity::Error, &text);
        }
    }
}

fn encode(key: &BoxKey, put: &Put) -> anyhow::Result<Vec<u8>> {
    let row = |kept: &sip::Kept| {
        Some(Row {
            password: mark(key, &put.site, &kept.phone)?,
            phone: kept.phone.as_str().to_owned(),
            contact: kept.contact.clone(),
            address: kept.address,
            left_s: kept.left_s,
            instance: kept.instance.clone(),
        })
    };
    let rows = put.kept.iter().filter_map(row).collect();
    Ok(serde_json::to_vec(&File { at_ms: put.at.0, rows })?)
}

/// Puts the file in place of the old one at once.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let fresh: PathBuf = path.with_extension("new");
    let mut file = std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(std::fs::rename(&fresh, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provision::tests::world;
    use model::Secret;

    #[test]
    fn a_row_is_taken_up_by_the_password_it_was_registered_with_and_for_the_time_it_had_left() {
        let key = BoxKey::from_bytes([7; 32]);
        let site = world::site("Desk");
        let kept = |phone: &str, left_s| sip::Kept {
            phone: PhoneId::new(phone),
            contact: format!("sip:{phone}@192.0.2.9"),
            address: SocketAddr::from(([192, 0, 2, 9], 5060)),
            left_s,
            instance: None,
        };
        let rows = vec![kept("8001", 100), kept("8002", 30), kept("nobody", 100)];
        let put = Put { site: Arc::new(site.clone()), at: WallTime(0), kept: rows };
        let plain = encode(&key, &put).unwrap();
        let left = |site: &Site, key: &BoxKey, ms| {
            let file = serde_json::from_slice(&plain).unwrap();
            let rows = valid(file, key, site, WallTime(ms)).into_iter();
            rows.map(|row| (row.phone.as_str().to_owned(), row.left_s)).collect::<Vec<_>>()
        };
        let row = |phone: &str, left_s| (phone.to_owned(), left_s);
        assert_eq!(left(&site, &key, 10_000), [row("8001", 90), row("8002", 20)]);
        assert_eq!(left(&site, &key, 40_000), [row("8001", 60)], "the other's time is over");
        assert_eq!(left(&site, &key, -5), [row("8001", 100), row("8002", 30)], "a clock set back");
        let mut changed = site.clone();
        changed.phones.get_mut(&PhoneId::new("8001")).unwrap().password = Secret::new("another");
        assert_eq!(left(&changed, &key, 0), [row("8002", 30)]);
        assert_eq!(left(&site, &BoxKey::from_bytes([8; 32]), 0), []);
    }
}
