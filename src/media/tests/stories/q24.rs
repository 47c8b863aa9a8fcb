//! Keys in the sound, measured as ITU-T Q.24 measures a receiver: what it must take and what not.
//!
//! The bounds are the strictest of the administrations in Q.24's annex, as far as they go together.
//! Each figure is of keys that a law of the line carried, all sixteen in turn.

use crate::world::Random;
use media::dtmf::KeyTone;
use media::hear::{Filters, KeyEar};
use media::tone::Dbm0;
use model::{Digit, Law};

const SIGNS: &[u8; 16] = b"1234567890*#ABCD";

/// A row of keys, all pressed alike.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Of each tone, in dBm0; the high one is above the low one by the twist.
    pub low: f32,
    pub twist_db: f32,
    /// Both tones are off their frequencies by this share, up and down by turns.
    pub off: f32,
    pub tone_ms: f32,
    pub pause_ms: f32,
    /// White noise below the weaker tone by this; none where infinite.
    pub noise_db: f32,
    /// The keys come again, this much later and weaker.
    pub echo: Option<(f32, f32)>,
    pub law: Law,
}

/// What an average phone sends over a quiet line.
pub const PLAIN: Row = Row {
    low: -12.0,
    twist_db: 0.0,
    off: 0.0,
    tone_ms: 70.0,
    pause_ms: 70.0,
    noise_db: f32::INFINITY,
    echo: None,
    law: Law::A,
};

/// What an ear heard of a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    pub pressed: usize,
    pub found: usize,
    /// Told though nobody pressed it there: another key, or one a second time.
    pub wrong: usize,
}

/// Presses keys and listens. Where in a frame each begins is random.
pub fn press(row: &Row, keys: usize, seed: u64) -> Found {
    let mut random = Random(seed);
    let (len, pause) = ((row.tone_ms * 8.0) as usize, (row.pause_ms * 8.0) as usize);
    let mut sound = vec![0f32; 800];
    let mut places = Vec::new();
    for n in 0..keys {
        let digit = Digit::new(char::from(SIGNS[n % 16])).unwrap();
        let off = if n % 32 < 16 { 1.0 + row.off } else { 1.0 - row.off };
        let levels = (Dbm0(row.low), Dbm0(row.low + row.twist_db));
        let mut tone = vec![0i16; len];
        KeyTone::with_levels(digit, len, levels, off).fill(&mut tone);
        places.push((sound.len(), digit));
        sound.extend(tone.iter().map(|&sample| f32::from(sample)));
        // Half a millisecond more or less, so that no beginning falls always on the same sample.
        sound.resize(sound.len() + pause + random.below(8) as usize, 0.0);
    }
    sound.resize(sound.len() + 1600, 0.0);
    if let Some((delay_ms, weaker_db)) = row.echo {
        let (delay, gain) = ((delay_ms * 8.0) as usize, 10f32.powf(-weaker_db / 20.0));
        for n in (delay..sound.len()).rev() {
            sound[n] += sound[n - delay] * gain;
        }
    }
    let weaker = row.low.min(row.low + row.twist_db);
    let deviation = Dbm0(weaker - row.noise_db).peak() / std::f32::consts::SQRT_2;
    let noisy = sound.iter().map(|sample| sample + random.noise() * deviation);
    let samples: Vec<i16> = noisy.map(|s| s.clamp(-32_000.0, 32_000.0) as i16).collect();
    judge(&places, &hear(&samples, row.law), len + pause)
}

/// Keys told, with the sample at the end of the frame they were told in.
pub fn hear(samples: &[i16], law: Law) -> Vec<(usize, Digit)> {
    let (filters, mut ear) = (Filters::new(), KeyEar::default());
    let mut told = Vec::new();
    for (n, frame) in samples.chunks_exact(160).enumerate() {
        let (mut bytes, mut heard) = ([0; 160], [0; 160]);
        law.encode(frame, &mut bytes);
        law.decode(&bytes, &mut heard);
        told.extend(ear.hear(&filters, &heard).map(|digit| ((n + 1) * 160, digit)));
    }
    told
}

fn judge(places: &[(usize, Digit)], told: &[(usize, Digit)], period: usize) -> Found {
    let mut found = Found { pressed: places.len(), ..Found::default() };
    let mut taken = vec![false; told.len()];
    for &(at, digit) in places {
        let here = |&(when, what): &(usize, Digit)| {
            what == digit && (at..=at + period.max(640)).contains(&when)
        };
        let mut hits = (0..told.len()).filter(|&n| !taken[n] && here(&told[n]));
        if let Some(n) = hits.next() {
            taken[n] = true;
            found.found += 1;
        }
    }
    found.wrong = taken.iter().filter(|&&taken| !taken).count();
    found
}

/// Speech or music on its way to the ear, brought to a level of its loud parts.
pub fn at_level(samples: &[i16], level: Dbm0) -> Vec<i16> {
    let frames = samples.chunks(160).filter(|frame| Dbm0::of(frame).0 > -45.0);
    let (power, count) = frames.fold((0f64, 0usize), |(power, count), frame| {
        let of = frame.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
        (power + of, count + frame.len())
    });
    let loud = (power / count.max(1) as f64).sqrt().max(1.0) as f32;
    let gain = level.peak() / std::f32::consts::SQRT_2 / loud;
    samples.iter().map(|&s| (f32::from(s) * gain).clamp(-32_000.0, 32_000.0) as i16).collect()
}
