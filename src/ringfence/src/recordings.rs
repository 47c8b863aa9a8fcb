//! The sealed recordings on disk, for people who may open them.

use crate::seal::path;
use anyhow::{Context as _, bail};
use model::RecordingId;
use model::time::Zone;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use vault::{BoxKey, RecordingReader, Verdict};

/// A frame is written each half second; a file older than this is not being written.
const LIVE_WITHIN: std::time::Duration = std::time::Duration::from_secs(3);

/// A line a recording: id, start (UTC), length, state.
pub fn list(dir: &Path, key: &BoxKey) -> anyhow::Result<String> {
    let mut text = String::new();
    for id in ids(dir)? {
        let judged = judge(dir, key, id);
        let started = started(dir, key, id).map_or("-".to_owned(), |at| format!("{at} UTC"));
        let words = match &judged {
            Ok(Verdict::Torn { ms, .. }) if is_live(dir, id) => {
                format!("being recorded, {} s so far", ms / 1000)
            }
            judged => in_words(judged),
        };
        writeln!(text, "{id:<12} {started:<23} {words}")?;
    }
    if text.is_empty() {
        text.push_str("no recordings\n");
    }
    Ok(text)
}

/// Opens one recording, or all; tells for each what it is, and whether all are sound.
pub fn verify(dir: &Path, key: &BoxKey, id: Option<RecordingId>) -> anyhow::Result<(String, bool)> {
    let chosen = match id {
        Some(id) => vec![id],
        None => ids(dir)?,
    };
    let (mut text, mut sound) = (String::new(), true);
    for id in chosen {
        let judged = judge(dir, key, id);
        sound &= matches!(judged, Ok(Verdict::Whole { .. } | Verdict::Torn { .. }));
        writeln!(text, "{id:<12} {}", in_words(&judged))?;
    }
    Ok((text, sound))
}

/// Writes a recording as WAV to a new file that only this user may read.
pub fn export(dir: &Path, key: &BoxKey, id: RecordingId, to: &Path) -> anyhow::Result<String> {
    let source = open(dir, id)?;
    let shown = to.display();
    let target =
        File::options().write(true).create_new(true).mode(0o600).open(to).with_context(|| {
            format!("cannot make {shown} (a file that is there is not replaced)")
        })?;
    let mut out = BufWriter::new(target);
    let written = vault::to_wav(BufReader::new(source), key, &mut out)
        .map_err(anyhow::Error::from)
        .and_then(|verdict| Ok((verdict, out.flush()?)));
    match written {
        Ok((Verdict::Torn { ms: 0, .. }, ())) => {
            std::fs::remove_file(to)?;
            bail!("recording {id} holds no sound: the box was cut off right after the answer")
        }
        Ok((verdict @ Verdict::Damaged { .. }, ())) => {
            bail!(
                "{shown} holds what is sound of recording {id}, which is {}",
                in_words(&Ok(verdict))
            )
        }
        Ok((verdict, ())) => Ok(format!("{shown}: {}\n", in_words(&Ok(verdict)))),
        Err(error) => {
            let _ = std::fs::remove_file(to);
            Err(error.context(format!("recording {id} cannot be exported")))
        }
    }
}

fn ids(dir: &Path) -> anyhow::Result<Vec<RecordingId>> {
    let mut ids = Vec::new();
    if !dir.exists() {
        return Ok(ids);
    }
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rfr") {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            ids.extend(stem.and_then(|stem| stem.parse::<RecordingId>().ok()));
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Tells whether a recording without its end mark was written to just now: its call goes on.
fn is_live(dir: &Path, id: RecordingId) -> bool {
    let written = std::fs::metadata(path(dir, id)).and_then(|meta| meta.modified());
    written.ok().and_then(|at| at.elapsed().ok()).is_some_and(|ago| ago < LIVE_WITHIN)
}

/// The highest number of a call that has a recording on the disk; 0 when there is none.
pub fn last_call(dir: &Path) -> anyhow::Result<u64> {
    Ok(ids(dir)?.last().map_or(0, |id| id.call.0))
}

fn open(dir: &Path, id: RecordingId) -> anyhow::Result<File> {
    let path = path(dir, id);
    if !path.exists() {
        bail!("there is no recording {id}; see `ringfence recording list`");
    }
    File::open(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn judge(dir: &Path, key: &BoxKey, id: RecordingId) -> anyhow::Result<Verdict> {
    Ok(vault::verify(BufReader::new(open(dir, id)?), key)?)
}

fn started(dir: &Path, key: &BoxKey, id: RecordingId) -> Option<String> {
    let reader = RecordingReader::open(BufReader::new(open(dir, id).ok()?), key).ok()?;
    Some(Zone::utc().civil(reader.header().started).to_string())
}

fn in_words(judged: &anyhow::Result<Verdict>) -> String {
    let seconds = |ms: u64| format!("{}.{:02} s", ms / 1000, ms % 1000 / 10);
    match judged {
        Ok(Verdict::Whole { ms, frames }) => format!("whole, {}, {frames} frames", seconds(*ms)),
        Ok(Verdict::Torn { ms, frames, lost_bytes }) => format!(
            "torn: {} in {frames} frames play; no end mark, {lost_bytes} bytes after the last frame",
            seconds(*ms)
        ),
        Ok(Verdict::Damaged { frame }) => {
            format!("DAMAGED at frame {frame}: the file was changed; what is before it plays")
        }
        Err(error) => format!("CANNOT BE OPENED: {error:#}"),
    }
}
