//! Recordings: whole, torn or damaged, and never in clear.
#![allow(clippy::unwrap_used)] // a test that cannot go on may fall

use model::{CallId, Codec, RecordingId, WallTime};
use proptest::prelude::*;
use std::io::{self, Cursor, Read, Write};
use vault::{
    BoxKey, RecordingError, RecordingReader, RecordingWriter, Verdict, to_law, to_wav, verify,
};

const HEADER: usize = 90;
/// Head and tag around a frame's bytes.
const AROUND: usize = 3 + 16;
const END: usize = 16 + AROUND;

type Block = [u8; 160];

fn key() -> BoxKey {
    BoxKey::from_bytes([7; 32])
}

fn id(call: u64, part: u16) -> RecordingId {
    RecordingId { call: CallId(call), part }
}

/// The `n`th 20 ms of a call, different in both directions and from every other.
fn block(n: usize, side: u8) -> Block {
    std::array::from_fn(|i| (n * 31 + i * 7) as u8 ^ side)
}

fn writer(recording: RecordingId) -> RecordingWriter<Vec<u8>> {
    let started = WallTime(1_795_000_000_000);
    RecordingWriter::create(Vec::new(), &key(), recording, Codec::Pcma, started, [9; 32]).unwrap()
}

/// A finished recording of frames with so many blocks each.
fn recording(recording: RecordingId, frames: &[usize]) -> Vec<u8> {
    let mut writer = writer(recording);
    let mut n = 0;
    for &blocks in frames {
        for _ in 0..blocks {
            writer.push(&block(n, 0), &block(n, 0x55)).unwrap();
            n += 1;
        }
        writer.flush_frame().unwrap();
    }
    writer.finish().unwrap()
}

/// Plays what is sound and judges the rest.
fn play(file: &[u8]) -> (Vec<(Block, Block)>, Verdict) {
    let mut reader = RecordingReader::open(file, &key()).unwrap();
    let mut played = Vec::new();
    for frame in reader.by_ref().map_while(Result::ok) {
        played.extend(frame.blocks().map(|(left, right)| (*left, *right)));
    }
    (played, reader.verify().unwrap())
}

fn assert_bit_exact(played: &[(Block, Block)]) {
    for (n, (left, right)) in played.iter().enumerate() {
        assert_eq!((left, right), (&block(n, 0), &block(n, 0x55)), "block {n}");
    }
}

#[test]
fn a_finished_recording_is_whole_and_plays_bit_exactly() {
    let mut writer = writer(id(42, 1));
    let mut sealed_at = Vec::new();
    for n in 0..123 {
        if writer.push(&block(n, 0), &block(n, 0x55)).unwrap() {
            sealed_at.push(n);
        }
    }
    assert_eq!(sealed_at, [49, 99], "a frame is sealed each second");
    assert_eq!((writer.frames(), writer.ms()), (2, 2460));
    let file = writer.finish().unwrap();

    let (played, verdict) = play(&file);
    assert_eq!(verdict, Verdict::Whole { ms: 2460, frames: 3 });
    assert_eq!(played.len(), 123);
    assert_bit_exact(&played);
    let reader = RecordingReader::open(&file[..], &key()).unwrap();
    assert_eq!(reader.header().recording, id(42, 1));
    assert_eq!(reader.header().started, WallTime(1_795_000_000_000));
    assert_eq!(reader.header().codec, Codec::Pcma);
}

#[test]
fn a_call_without_a_block_is_a_whole_recording_of_no_length() {
    let file = recording(id(1, 1), &[]);
    assert_eq!(file.len(), HEADER + END);
    assert_eq!(play(&file).1, Verdict::Whole { ms: 0, frames: 0 });
}

#[test]
fn every_flipped_bit_is_detected() {
    let file = recording(id(42, 1), &[2, 1, 3]);
    for bit in 0..file.len() * 8 {
        let mut bent = file.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        match RecordingReader::open(&bent[..], &key()) {
            Err(_) => assert!(bit < HEADER * 8, "bit {bit}: only a bent header refuses to open"),
            Ok(mut reader) => {
                let verdict = reader.verify().unwrap();
                assert!(!matches!(verdict, Verdict::Whole { .. }), "bit {bit}: {verdict:?}");
            }
        }
        if bit >= HEADER * 8 {
            assert_bit_exact(&play(&bent).0);
        }
    }
}

#[test]
fn every_cut_is_torn_and_all_whole_frames_before_it_play() {
    let frames = [2, 1, 3];
    let file = recording(id(42, 1), &frames);
    for length in 0..file.len() {
        let cut = &file[..length];
        let mut at = HEADER;
        let (mut whole, mut blocks) = (0, 0);
        for count in frames {
            at += count * 320 + AROUND;
            if at <= length {
                whole += 1;
                blocks += count;
            }
        }
        let Verdict::Torn { ms, frames, lost_bytes } = verify(cut, &key()).unwrap() else {
            panic!("cut to {length}: not torn");
        };
        assert_eq!((ms, frames), (blocks as u64 * 20, whole), "cut to {length}");
        if length < HEADER {
            assert_eq!(lost_bytes, length as u64);
            let refused = RecordingReader::open(cut, &key()).err();
            assert!(
                matches!(refused, Some(RecordingError::TornHeader { bytes }) if bytes == length)
            );
        } else {
            let sound = HEADER + blocks * 320 + whole as usize * AROUND;
            assert_eq!(lost_bytes, (length - sound) as u64, "cut to {length}");
            let (played, _) = play(cut);
            assert_eq!(played.len(), blocks);
            assert_bit_exact(&played);
        }
    }
}

#[test]
fn an_end_of_zeros_as_a_power_cut_leaves_it_is_torn_and_other_rubbish_is_damage() {
    let file = recording(id(42, 1), &[50, 50]);
    let one = HEADER + 50 * 320 + AROUND;
    for (kept, zeros) in
        [(one, 1), (one, 5000), (one + 2, 4096), (one + 700, 20_000), (one + 50 * 320 + 10, 9)]
    {
        let mut torn = file[..kept].to_vec();
        torn.resize(kept + zeros, 0);
        let lost_bytes = (kept + zeros - one) as u64;
        let verdict = verify(&torn[..], &key()).unwrap();
        assert_eq!(verdict, Verdict::Torn { ms: 1000, frames: 1, lost_bytes }, "{kept}+{zeros}");
        torn.push(1);
        let verdict = verify(&torn[..], &key()).unwrap();
        assert!(!matches!(verdict, Verdict::Whole { .. }), "{kept}+{zeros}+1: {verdict:?}");
    }
}

#[test]
fn frames_cannot_be_swapped_dropped_doubled_or_extended() {
    let file = recording(id(42, 1), &[1, 1, 1]);
    let size = 320 + AROUND;
    let frame = |n: usize| &file[HEADER + n * size..HEADER + (n + 1) * size];
    let (head, end) = (&file[..HEADER], &file[HEADER + 3 * size..]);

    let damaged = |parts: &[&[u8]], at: u32| {
        let (played, verdict) = play(&parts.concat());
        assert_eq!(verdict, Verdict::Damaged { frame: at });
        assert_eq!(played.len(), at as usize);
        assert_bit_exact(&played);
    };
    assert_eq!(play(&[head, frame(0), frame(1), frame(2), end].concat()).1, play(&file).1);
    damaged(&[head, frame(1), frame(0), frame(2), end], 0);
    damaged(&[head, frame(0), frame(2), end], 1);
    damaged(&[head, frame(0), frame(1), frame(1), frame(2), end], 2);
    damaged(&[head, frame(0), frame(1), end], 2);
    damaged(&[head, end], 0);
    damaged(&[&file, b"x"], 3);
    damaged(&[&file, frame(0)], 3);
}

#[test]
fn frames_of_another_recording_are_refused_even_under_the_same_file_key() {
    let (ours, theirs) = (recording(id(42, 1), &[1, 1]), recording(id(42, 2), &[1, 1]));
    let size = 320 + AROUND;
    let mixed = [&ours[..HEADER + size], &theirs[HEADER + size..]].concat();
    assert_eq!(verify(&mixed[..], &key()).unwrap(), Verdict::Damaged { frame: 1 });
    let beheaded = [&theirs[..HEADER], &ours[HEADER..]].concat();
    assert_eq!(verify(&beheaded[..], &key()).unwrap(), Verdict::Damaged { frame: 0 });
    // The same sound at the same place of two recordings is not the same bytes.
    assert_ne!(ours[HEADER..HEADER + size], theirs[HEADER..HEADER + size]);
}

#[test]
fn another_box_key_is_refused_by_name() {
    let file = recording(id(42, 1), &[1]);
    let other = BoxKey::from_bytes([8; 32]);
    let refused = RecordingReader::open(&file[..], &other).err().unwrap();
    assert_eq!(
        refused.to_string(),
        format!(
            "recording 00000042-1 is sealed under box key {}, and this is box key {}",
            key().id(),
            other.id()
        )
    );
    let refused = verify(&b"RIFF....WAVE"[..], &key()).unwrap_err();
    assert!(matches!(refused, RecordingError::NotARecording), "{refused}");
}

/// Keeps every `write` apart, and fails once a number of bytes has passed.
struct Watched {
    writes: Vec<Vec<u8>>,
    room: usize,
}

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        self.writes.push(bytes[..taken].to_vec());
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn plain_audio_never_reaches_the_file() {
    let out = Watched { writes: Vec::new(), room: usize::MAX };
    let mut writer =
        RecordingWriter::create(out, &key(), id(1, 1), Codec::Pcmu, WallTime(0), [3; 32]).unwrap();
    for n in 0..75 {
        writer.push(&block(n, 0), &block(n, 0x55)).unwrap();
        let expected = if n < 49 { 1 } else { 2 };
        assert_eq!(writer.get_ref().writes.len(), expected, "a write is a whole sealed frame");
    }
    let file = writer.finish().unwrap().writes.concat();
    let windows: std::collections::BTreeSet<&[u8]> = file.windows(8).collect();
    for n in 0..75 {
        for side in [0, 0x55] {
            let plain = block(n, side);
            assert!(!plain.windows(8).any(|eight| windows.contains(eight)), "block {n}");
        }
    }
    assert!(!file.windows(8).any(|eight| eight == [3; 8]), "nor does the file key");
}

#[test]
fn a_full_disk_stops_the_file_and_what_was_sealed_before_plays() {
    let room = HEADER + 50 * 320 + AROUND + 700;
    let out = Watched { writes: Vec::new(), room };
    let mut writer =
        RecordingWriter::create(out, &key(), id(1, 1), Codec::Pcma, WallTime(0), [3; 32]).unwrap();
    let mut results = (0..101).map(|n| writer.push(&block(n, 0), &block(n, 0x55)));
    assert_eq!(results.by_ref().take(99).filter(|r| matches!(r, Ok(true))).count(), 1);
    assert!(matches!(results.next(), Some(Err(RecordingError::Io(_)))));
    assert!(matches!(results.next(), Some(Err(RecordingError::Stopped { .. }))));
    drop(results);
    let file = writer.get_ref().writes.concat();
    assert!(matches!(writer.finish(), Err(RecordingError::Stopped { .. })));
    let (played, verdict) = play(&file);
    assert_eq!(verdict, Verdict::Torn { ms: 1000, frames: 1, lost_bytes: 700 });
    assert_bit_exact(&played);
}

#[test]
fn the_wav_of_a_recording_is_stereo_linear_and_says_its_length() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut writer =
            RecordingWriter::create(Vec::new(), &key(), id(1, 1), codec, WallTime(0), [3; 32])
                .unwrap();
        let left: Block = [0x2a; 160];
        let right: Block = [codec.silence(); 160];
        writer.push(&left, &right).unwrap();
        writer.push(&right, &left).unwrap();
        let file = writer.finish().unwrap();
        let mut wav = Vec::new();
        let verdict = to_wav(Cursor::new(&file), &key(), &mut wav).unwrap();
        assert_eq!(verdict, Verdict::Whole { ms: 40, frames: 1 });

        let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
        assert_eq!(
            (&wav[..4], &wav[8..16], &wav[36..40]),
            (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..])
        );
        assert_eq!((number(4), number(16), number(40)), (36 + 1280, 16, 1280));
        assert_eq!(
            (number(20), number(24), number(28), number(32)),
            (0x2_0001, 8000, 32_000, 0x10_0004)
        );
        assert_eq!(wav.len(), 44 + 1280);
        let sample = |n: usize| i16::from_le_bytes(wav[44 + 2 * n..46 + 2 * n].try_into().unwrap());
        // On the wire bits are inverted: 0x2a is A-law 0x7f, the loudest negative sample, and
        // µ-law 0xd5, of segment 5 and step 5 (ITU-T G.711 tables 1a and 2a, scaled to 16 bit).
        let (loud, quiet) = match codec {
            Codec::Pcma => (-32_256, 8),
            _ => (-(((5 << 3) + 0x84) << 5) + 0x84, 0),
        };
        let got = (sample(0), sample(1), sample(320), sample(321));
        assert_eq!(got, (loud, quiet, quiet, loud), "{codec:?}");
    }
}

#[test]
fn the_wav_of_a_wide_band_recording_has_16000_samples_a_second() {
    use audio_codec::Encoder as _;
    let mut writer =
        RecordingWriter::create(Vec::new(), &key(), id(1, 1), Codec::G722, WallTime(0), [3; 32])
            .unwrap();
    let mut encoder = audio_codec::g722::G722Encoder::new();
    let silence: Block = [Codec::G722.silence(); 160];
    let mut block: Block = [0; 160];
    for tick in 0..50 {
        // 6 kHz, which no narrow line carries.
        let wave = |n: usize| (n as f32 * 0.375 * std::f32::consts::TAU).sin() * 8000.0;
        let sound: Vec<i16> = (0..320).map(|n| wave(tick * 320 + n) as i16).collect();
        encoder.encode_into(&sound, &mut block).unwrap();
        writer.push(&block, &silence).unwrap();
    }
    let file = writer.finish().unwrap();
    assert_eq!(RecordingReader::open(&file[..], &key()).unwrap().header().codec, Codec::G722);
    let mut wav = Vec::new();
    to_wav(Cursor::new(&file), &key(), &mut wav).unwrap();
    assert_eq!(wav.len(), 44 + 4 * 16_000);
    assert_eq!(wav[24..28], 16_000u32.to_le_bytes());
    let side = |offset: usize| {
        let bytes = wav[44 + offset..].chunks(4).skip(1600);
        bytes.map(|s| f64::from(i16::from_le_bytes([s[0], s[1]])).powi(2)).sum::<f64>().sqrt()
    };
    let (said, heard) = (side(0), side(2));
    let whole = 8000.0 / 2f64.sqrt() * 14_400f64.sqrt();
    assert!((0.9..1.1).contains(&(said / whole)), "{said} of {whole}");
    assert!(heard < whole / 1000.0, "{heard}");
}

#[test]
fn opus_has_no_blocks_and_is_not_recorded_as_it_is() {
    let made =
        RecordingWriter::create(Vec::new(), &key(), id(1, 1), Codec::Opus, WallTime(0), [3; 32]);
    assert!(matches!(made.err(), Some(RecordingError::Codec(Codec::Opus))));
}

#[test]
fn the_raw_export_is_exactly_what_was_pushed_and_a_torn_one_is_its_sound_part() {
    let file = recording(id(42, 1), &[50, 50, 7]);
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    let verdict = to_law(&file[..], &key(), &mut said, &mut heard).unwrap();
    assert_eq!(verdict, Verdict::Whole { ms: 2140, frames: 3 });
    assert_eq!(said, (0..107).flat_map(|n| block(n, 0)).collect::<Vec<_>>());
    assert_eq!(heard, (0..107).flat_map(|n| block(n, 0x55)).collect::<Vec<_>>());

    let torn = &file[..file.len() - END - 1];
    let mut wav = Vec::new();
    let verdict = to_wav(Cursor::new(torn), &key(), &mut wav).unwrap();
    assert_eq!(verdict, Verdict::Torn { ms: 2000, frames: 2, lost_bytes: 7 * 320 + 18 });
    assert_eq!(wav.len(), 44 + 100 * 640);
}

/// Gives one byte at a time and is interrupted in between.
struct Slow<'a>(&'a [u8], bool);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.0.read(&mut into[..1])
    }
}

#[test]
fn a_source_that_gives_a_byte_at_a_time_is_read_all_the_same() {
    let file = recording(id(42, 1), &[3, 2]);
    let verdict = verify(Slow(&file, false), &key()).unwrap();
    assert_eq!(verdict, Verdict::Whole { ms: 100, frames: 2 });
}

proptest! {
    #[test]
    fn garbage_is_never_a_recording(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let verdict = verify(&bytes[..], &key());
        let whole = matches!(verdict, Ok(Verdict::Whole { .. }));
        prop_assert!(!whole);
    }

    #[test]
    fn garbage_after_a_sound_start_costs_only_what_it_covers(
        keep in 0usize..2000,
        rest in proptest::collection::vec(any::<u8>(), 0..2000),
    ) {
        let file = recording(id(42, 1), &[1, 2, 1]);
        let keep = HEADER + keep.min(file.len() - HEADER);
        let bent = [&file[..keep], &rest].concat();
        let (played, verdict) = play(&bent);
        assert_bit_exact(&played);
        let whole = matches!(verdict, Verdict::Whole { .. });
        prop_assert_eq!(whole, bent == file);
    }

    #[test]
    fn any_calls_of_push_and_flush_come_back_as_they_went_in(
        frames in proptest::collection::vec(1usize..120, 0..5),
    ) {
        let file = recording(id(42, 1), &frames);
        let (played, verdict) = play(&file);
        let blocks: usize = frames.iter().sum();
        let count: usize = frames.iter().map(|blocks| blocks.div_ceil(50)).sum();
        prop_assert_eq!(
            verdict,
            Verdict::Whole { ms: blocks as u64 * 20, frames: count as u32 }
        );
        prop_assert_eq!(played.len(), blocks);
        assert_bit_exact(&played);
    }
}
