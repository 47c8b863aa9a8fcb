//! Exports: a stereo WAV for people, raw bytes of the codec for exact comparison.

use super::error::Error;
use super::reader::{RecordingReader, Verdict};
use crate::BoxKey;
use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use model::audio::{FRAME_MS, SAMPLES_PER_FRAME};
use model::{Codec, Law, Rate, SAMPLES_PER_FRAME_MAX};
use std::io::{Read, Seek, SeekFrom, Write};

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
    let (codec, verdict, ms) = measure(&mut source, key)?;
    let rate = codec.rate();
    let block_bytes = 4 * rate.samples_per_frame();
    source.seek(SeekFrom::Start(start))?;
    let mut blocks_left = ms / FRAME_MS;
    let bytes = u32::try_from(blocks_left * block_bytes as u64)
        .ok()
        .filter(|bytes| bytes.checked_add(WAV_HEAD_BYTES).is_some())
        .ok_or(Error::TooLongForWav { ms })?;
    out.write_all(&wav_head(bytes, rate.hz()))?;

    let mut reader = RecordingReader::open(source, key)?;
    let recording = reader.header().recording;
    let (mut said, mut heard) = (Side::new(codec), Side::new(codec));
    let mut line = Vec::with_capacity(block_bytes);
    while blocks_left > 0 {
        let frame = reader.next().ok_or(Error::Changed { recording })??;
        for (left, right) in frame.blocks() {
            line.clear();
            for (l, r) in said.decode(left).iter().zip(heard.decode(right)) {
                line.extend_from_slice(&l.to_le_bytes());
                line.extend_from_slice(&r.to_le_bytes());
            }
            out.write_all(&line)?;
            blocks_left = blocks_left.checked_sub(1).ok_or(Error::Changed { recording })?;
        }
    }
    out.flush()?;
    Ok(verdict)
}

/// Writes the bytes of the codec of what is sound: exactly what was pushed, one direction a `Write`.
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

/// Hands on what is sound of a recording, 20 ms at a time, said and heard, until `each` wants no more.
pub fn listen(
    source: impl Read,
    key: &BoxKey,
    mut each: impl FnMut(Rate, &[i16], &[i16]) -> bool,
) -> Result<(), Error> {
    let mut reader = RecordingReader::open(source, key)?;
    let codec = reader.header().codec;
    let (mut said, mut heard) = (Side::new(codec), Side::new(codec));
    for frame in reader.by_ref() {
        let frame = match frame {
            Ok(frame) => frame,
            Err(Error::Damaged { .. }) => break,
            Err(e) => return Err(e),
        };
        for (left, right) in frame.blocks() {
            if !each(codec.rate(), said.decode(left), heard.decode(right)) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// One direction on its way to samples.
struct Side {
    ear: Ear,
    samples: [i16; SAMPLES_PER_FRAME_MAX],
    len: usize,
}

enum Ear {
    Law(Law),
    G722(Box<G722Decoder>),
}

impl Side {
    fn new(codec: Codec) -> Self {
        let ear = match codec.law() {
            Some(law) => Ear::Law(law),
            None => Ear::G722(Box::default()),
        };
        Self { ear, samples: [0; SAMPLES_PER_FRAME_MAX], len: codec.rate().samples_per_frame() }
    }

    /// The samples of the block after the one before it.
    fn decode(&mut self, block: &[u8; SAMPLES_PER_FRAME]) -> &[i16] {
        let samples = &mut self.samples[..self.len];
        match &mut self.ear {
            Ear::Law(law) => law.decode(block, samples),
            // Two samples a byte: there is room for them.
            Ear::G722(decoder) => _ = decoder.decode_into(block, samples),
        }
        samples
    }
}

/// Reads all of it: its codec, the verdict, and how much of it is sound.
fn measure(source: impl Read, key: &BoxKey) -> Result<(Codec, Verdict, u64), Error> {
    let mut reader = RecordingReader::open(source, key)?;
    let mut ms = 0;
    for frame in reader.by_ref() {
        match frame {
            Ok(frame) => ms += frame.ms(),
            Err(Error::Damaged { .. }) => break,
            Err(e) => return Err(e),
        }
    }
    Ok((reader.header().codec, reader.verify()?, ms))
}

/// The head of a RIFF WAVE file with one `fmt ` and one `data` chunk.
fn wav_head(data_bytes: u32, rate: u32) -> [u8; WAV_HEAD_BYTES as usize] {
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
    put(&rate.to_le_bytes());
    put(&(rate * 4).to_le_bytes()); // bytes a second
    put(&4u16.to_le_bytes()); // bytes a sample of both channels
    put(&16u16.to_le_bytes()); // bits
    put(b"data");
    put(&data_bytes.to_le_bytes());
    head
}
