//! The thread that seals captures and puts them on disk.

use super::{KEPT_MAX, Taken};
use crate::boxkey;
use crate::folders::make_private_dir;
use crate::service::{Severity, log};
use anyhow::Context as _;
use crossbeam_channel::Receiver;
use model::Law;
use model::seal::Seal as _;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vault::{BoxKey, FactSeal};

/// What the seal of a capture is bound to.
pub(super) const CONTEXT: &[u8] = b"line capture 1";
const EXTENSION: &str = "capture";

/// The head of a capture: its length in four octets, this as JSON, then as many octets of what was
/// heard as of what was said.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub port: String,
    pub a_law: bool,
    pub at_ms: i64,
    /// Milliseconds from the beginning, and what it was.
    pub notes: Vec<(u32, String)>,
    pub lost: u32,
}

/// Starts the thread; it ends with the card.
pub(super) fn start(
    dir: PathBuf,
    key: &BoxKey,
    taken: Receiver<Taken>,
    busy: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let random = boxkey::random_32()?;
    let seal = key.fact_seal([random[0], random[1], random[2], random[3]]);
    let run = move || {
        for (number, taken) in taken.iter().enumerate() {
            let put = put(&dir, &seal, number as u64, &taken);
            if let Err(error) = &put {
                log(Severity::Error, &format!("a capture was not kept: {error:#}"));
            }
            busy.store(false, Ordering::Release);
            let told = put.map(|path| path.display().to_string());
            // Whoever asked may have gone.
            let _ = taken.answer.send(told.map_err(|error| format!("{error:#}")));
        }
    };
    let thread = std::thread::Builder::new().name("captures".into());
    thread.spawn(run).context("the thread of captures")?;
    Ok(())
}

fn put(dir: &Path, seal: &FactSeal, number: u64, taken: &Taken) -> anyhow::Result<PathBuf> {
    make_private_dir(dir)?;
    make_room(dir)?;
    let path = dir.join(format!("{}.{EXTENSION}", taken.at.0));
    let sealed = seal.seal(CONTEXT, number, &plain(taken)?);
    let mut file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(&sealed)?;
    file.sync_all()?;
    Ok(path)
}

/// Takes the oldest away where there are as many as are kept.
fn make_room(dir: &Path) -> anyhow::Result<()> {
    let mut kept: Vec<PathBuf> = std::fs::read_dir(dir)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| kind == EXTENSION))
        .collect();
    // Named by their time.
    kept.sort();
    for path in kept.iter().take((kept.len() + 1).saturating_sub(KEPT_MAX)) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

fn plain(taken: &Taken) -> anyhow::Result<Vec<u8>> {
    let head = Head {
        port: taken.id.to_string(),
        a_law: taken.law == Law::A,
        at_ms: taken.at.0,
        notes: taken.notes.iter().map(|(ms, noted)| (*ms, noted.words())).collect(),
        lost: taken.lost,
    };
    let head = serde_json::to_vec(&head)?;
    let mut plain = Vec::with_capacity(4 + head.len() + 2 * taken.heard.len());
    plain.extend_from_slice(&u32::try_from(head.len())?.to_be_bytes());
    plain.extend_from_slice(&head);
    plain.extend_from_slice(&taken.heard);
    let mut said = taken.said.clone();
    said.resize(taken.heard.len(), taken.law.silence());
    plain.extend_from_slice(&said);
    Ok(plain)
}
