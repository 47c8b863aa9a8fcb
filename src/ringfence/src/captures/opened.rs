//! A capture is opened by who may read the box's key: a WAV file and a list of events.

use super::SECONDS;
use super::shelf::{CONTEXT, Head};
use anyhow::{Context as _, bail};
use model::Law;
use model::seal::Seal as _;
use std::fs::File;
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use vault::BoxKey;

/// Far above the longest capture, its notes and its seal.
const BYTES_MAX: u64 = (*SECONDS.end() as u64 + 1) * 16_000 + 1_000_000;

/// Opens a capture into two new files that only this user may read: `NAME.wav`, the line at the left
/// and the box at the right, and `NAME.txt`. Tells what is in them.
pub fn open(path: &Path, key: &BoxKey, to: &Path) -> anyhow::Result<String> {
    let sealed = crate::plain_file::read(path, BYTES_MAX)?;
    let shown = path.display();
    let plain = key.fact_seal([0; 4]).open(CONTEXT, &sealed).with_context(|| {
        format!("{shown} is damaged, or no capture, or another box's: its key opens it")
    })?;
    let (head, sound) = parts(&plain).with_context(|| format!("{shown} is no capture"))?;
    let name = path.file_stem().unwrap_or_default();
    let wav = to.join(name).with_extension("wav");
    let list = to.join(name).with_extension("txt");
    write_list(&head, fresh(&list)?)?;
    write_wav(head.a_law, sound, fresh(&wav)?)?;
    Ok(format!(
        "{}: port {}, {:.1} s\n{}: {} events and orders\n",
        wav.display(),
        head.port,
        sound.len() as f64 / 16_000.0,
        list.display(),
        head.notes.len()
    ))
}

fn parts(plain: &[u8]) -> anyhow::Result<(Head, &[u8])> {
    let (length, rest) = plain.split_first_chunk::<4>().context("it is empty")?;
    let length = usize::try_from(u32::from_be_bytes(*length))?;
    let Some((head, sound)) = rest.split_at_checked(length) else { bail!("its head is cut") };
    Ok((serde_json::from_slice(head)?, sound))
}

fn fresh(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let options = File::options().write(true).create_new(true).mode(0o600).clone();
    let file = options.open(path).with_context(|| {
        format!("cannot make {} (a file that is there is not replaced)", path.display())
    })?;
    Ok(BufWriter::new(file))
}

fn write_list(head: &Head, mut out: impl std::io::Write) -> anyhow::Result<()> {
    for (ms, words) in &head.notes {
        writeln!(out, "{:>9.3} {words}", f64::from(*ms) / 1000.0)?;
    }
    if head.lost > 0 {
        writeln!(out, "and {} more that found no room", head.lost)?;
    }
    Ok(out.flush()?)
}

fn write_wav(a_law: bool, sound: &[u8], out: BufWriter<File>) -> anyhow::Result<()> {
    let law = if a_law { Law::A } else { Law::Mu };
    let (bits_per_sample, sample_format) = (16, hound::SampleFormat::Int);
    let spec = hound::WavSpec { channels: 2, sample_rate: 8000, bits_per_sample, sample_format };
    let mut wav = hound::WavWriter::new(out, spec)?;
    let (heard, said) = sound.split_at(sound.len() / 2);
    for (heard, said) in heard.iter().zip(said) {
        wav.write_sample(law.sample(*heard))?;
        wav.write_sample(law.sample(*said))?;
    }
    Ok(wav.finalize()?)
}
