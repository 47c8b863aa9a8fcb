//! Measures the sealing of a recording: `recording [MINUTES] [FILE.wav]`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // it measures time, and may fall

use model::{CallId, Codec, RecordingId, WallTime};
use std::io::{Cursor, Write};
use std::time::Instant;
use vault::{BoxKey, RecordingWriter, to_wav, verify};

fn main() {
    let mut args = std::env::args().skip(1);
    let minutes: usize = args.next().map_or(60, |minutes| minutes.parse().unwrap());
    let key = BoxKey::from_bytes([7; 32]);
    let id = RecordingId { call: CallId(1), part: 1 };
    // 440 Hz to the left and 880 Hz to the right would need an encoder; two square waves do.
    let wave = |period: usize| {
        std::array::from_fn(|i| if (i / period).is_multiple_of(2) { 0x90 } else { 0x10 })
    };
    let (left, right): ([u8; 160], [u8; 160]) = (wave(10), wave(5));

    let start = Instant::now();
    let mut writer =
        RecordingWriter::create(Vec::new(), &key, id, Codec::Pcma, WallTime(0), [9; 32]).unwrap();
    for _ in 0..minutes * 60 * 50 {
        writer.push(&left, &right).unwrap();
    }
    let file = writer.finish().unwrap();
    let seconds = (minutes * 60) as u32;
    println!("seal: {:.1?} a second of sound, {} bytes", start.elapsed() / seconds, file.len());
    let start = Instant::now();
    let verdict = verify(&file[..], &key).unwrap();
    println!("verify: {:.1?} for {minutes} minutes: {verdict:?}", start.elapsed());
    let mut wav = Vec::new();
    let start = Instant::now();
    to_wav(Cursor::new(&file), &key, &mut wav).unwrap();
    println!("to WAV: {:.1?}, {} MB", start.elapsed(), wav.len() >> 20);
    if let Some(path) = args.next() {
        std::fs::File::create(path).unwrap().write_all(&wav).unwrap();
    }
}
