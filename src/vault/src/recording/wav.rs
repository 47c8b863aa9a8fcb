//! Exports: a stereo WAV for people, raw law bytes for exact comparison.

use super::error::Error;
use super::reader::{RecordingReader, Verdict};
use crate::BoxKey;
use model::audio::{FRAME_MS, SAMPLE_RATE, SAMPLES_PER_FRAME};
use std::io::{Read, Seek, SeekFrom, Write};

/// Bytes of both channels' samples in 20 ms.
const WAV_BLOCK_BYTES: u64 = 4 * SAMPLES_PER_FRAME as u64;
const WAV_HEAD_BYTES: u32 = 44;

/// Writes what is sound in the recording as a stereo 16 bit PCM WAV: left said, right heard.
///
/// The recording is read twice from where `source` stands, since a WAV says its length first: once
/// to verify it, once to write it. A torn or damaged recording gives its sound part, and the
/// verdict tells the caller which it was.
pub fn to_wav<R: Read + Seek>(
    mut source: R,
    key: &BoxKey,
    mut out: impl Write,
) -> Result<Verdict, Error> {
    let start = source.stream_position()?;
    let (verdict, ms) = measure(&mut source, key)?;
    source.seek(SeekFrom::Start(start))?;
    let mut blocks_left = ms / FRAME_MS;
    let bytes = u32::try_from(blocks_left * WAV_BLOCK_BYTES)
        .ok()
        .filter(|bytes| bytes.checked_add(WAV_HEAD_BYTES).is_some())
        .ok_or(Error::TooLongForWav { ms })?;
    out.write_all(&wav_head(bytes))?;

    let mut reader = RecordingReader::open(source, key)?;
    let recording = reader.header().recording;
    let samples = reader.header().law.samples();
    let mut line = Vec::with_capacity(WAV_BLOCK_BYTES as usize);
    while blocks_left > 0 {
        let frame = reader.next().ok_or(Error::Changed { recording })??;
        for (left, right) in frame.blocks() {
            line.clear();
            for (&l, &r) in left.iter().zip(right) {
                line.extend_from_slice(&samples[usize::from(l)].to_le_bytes());
                line.extend_from_slice(&samples[usize::from(r)].to_le_bytes());
            }
            out.write_all(&line)?;
            blocks_left = blocks_left.checked_sub(1).ok_or(Error::Changed { recording })?;
        }
    }
    out.flush()?;
    Ok(verdict)
}

/// Writes the law bytes of what is sound: exactly what was pushed, one direction a `Write`.
pub fn to_law(
    source: impl Read,
    key: &BoxKey,
    mut said: impl Write,
    mut heard: impl Write,
) -> Result<Verdict, Error> {
    let mut reader = RecordingReader::open(source, key)?;
    for frame in reader.by_ref() {
        let frame = match frame {
            Ok(frame) => frame,
            Err(Error::Damaged { .. }) => break,
            Err(e) => return Err(e),
        };
        for (left, right) in frame.blocks() {
            said.write_all(left)?;
            heard.write_all(right)?;
        }
    }
    said.flush()?;
    heard.flush()?;
    reader.verify()
}

/// Reads all of it: the verdict, and how much of it is sound.
fn measure(source: impl Read, key: &BoxKey) -> Result<(Verdict, u64), Error> {
    let mut reader = RecordingReader::open(source, key)?;
    let mut ms = 0;
    for frame in reader.by_ref() {
        match frame {
            Ok(frame) => ms += frame.ms(),
            Err(Error::Damaged { .. }) => break,
            Err(e) => return Err(e),
        }
    }
    Ok((reader.verify()?, ms))
}

/// The head of a RIFF WAVE file with one `fmt ` and one `data` chunk.
fn wav_head(data_bytes: u32) -> [u8; WAV_HEAD_BYTES as usize] {
    let mut head = [0; WAV_HEAD_BYTES as usize];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        head[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&(data_bytes + WAV_HEAD_BYTES - 8).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes()); // linear PCM
    put(&2u16.to_le_bytes()); // channels
    put(&SAMPLE_RATE.to_le_bytes());
    put(&(SAMPLE_RATE * 4).to_le_bytes()); // bytes a second
    put(&4u16.to_le_bytes()); // bytes a sample of both channels
    put(&16u16.to_le_bytes()); // bits
    put(b"data");
    put(&data_bytes.to_le_bytes());
    head
}
