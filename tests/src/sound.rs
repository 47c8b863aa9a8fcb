//! Judging sound by what is heard: tones by frequency and level, identity by bytes.

use std::path::Path;

/// The level of a full-scale sine in A-law, in dBm0 (ITU-T G.711: +3.14).
#[expect(clippy::approx_constant, reason = "a level of G.711, not a circle")]
const FULL_SCALE_DBM0: f64 = 3.14_f64;

/// Decodes A-law to 16 bit (ITU-T G.711), for the ear of a test.
pub fn from_a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = ((byte >> 4) & 7, i16::from(byte & 0x0F));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if byte & 0x80 != 0 { magnitude } else { -magnitude }
}

/// A sine of `hz` at `dbm0` (0 dBm0 is 3.14 dB below full scale in A-law), at 8 kHz.
pub fn tone(hz: f64, dbm0: f64, ms: u32) -> Vec<i16> {
    let peak = 32_768.0 * 10_f64.powf((dbm0 - FULL_SCALE_DBM0) / 20.0);
    (0..ms * 8)
        .map(|n| (peak * (std::f64::consts::TAU * hz * f64::from(n) / 8000.0).sin()) as i16)
        .collect()
}

/// Longest stretch in ms in which `hz` carries nearly all the energy, above -40 dBm0, judged in
/// windows of 20 ms.
pub fn longest_tone_ms(samples: &[i16], hz: f64) -> u32 {
    let (mut longest, mut run) = (0, 0);
    for window in samples.chunks_exact(160) {
        run = if is_tone(window, hz) { run + 20 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Total ms of windows in which `hz` carries nearly all the energy.
pub fn tone_ms(samples: &[i16], hz: f64) -> u32 {
    samples.chunks_exact(160).filter(|window| is_tone(window, hz)).map(|_| 20).sum()
}

/// Total ms of windows in which `hz` is one of a few tones: at least a fifth of the energy.
pub fn mixed_tone_ms(samples: &[i16], hz: f64) -> u32 {
    let within = |window: &&[i16]| share_of(window, hz) > 0.2;
    samples.chunks_exact(160).filter(within).map(|_| 20).sum()
}

/// Total ms of windows in which `hz` is heard beside something up to 15 dB louder.
pub fn faint_tone_ms(samples: &[i16], hz: f64) -> u32 {
    let within = |window: &&[i16]| share_of(window, hz) > 0.03;
    samples.chunks_exact(160).filter(within).map(|_| 20).sum()
}

fn is_tone(window: &[i16], hz: f64) -> bool {
    share_of(window, hz) > 0.9
}

/// The share of a window's energy that is at `hz`; none of what is below -40 dBm0.
fn share_of(window: &[i16], hz: f64) -> f64 {
    let (mut i, mut q, mut energy) = (0.0, 0.0, 0.0);
    for (n, &sample) in (0_u32..).zip(window) {
        let angle = std::f64::consts::TAU * hz * f64::from(n) / 8000.0;
        let value = f64::from(sample);
        i += value * angle.cos();
        q += value * angle.sin();
        energy += value * value;
    }
    let count = window.len() as f64;
    let at_tone = 2.0 * (i * i + q * q) / count;
    let level =
        10.0 * (energy / count / (32_768.0_f64.powi(2) / 2.0)).max(1e-12).log10() + FULL_SCALE_DBM0;
    if level > -40.0 { at_tone / energy.max(1.0) } else { 0.0 }
}

/// Tells whether a prompt was said: most of its loud passages of 100 ms, in their order, by likeness. The
/// device has a clock of its own: the box may stretch them by 300 ppm, so that samples lie between
/// (`drift.rs`), and on a machine without time some are cut by a gap, or lost.
pub fn is_said(sound: &[i16], prompt: &[i16]) -> bool {
    const PASSAGE: usize = 800;
    /// How much later than the one before it a passage may begin, beside its own place: gaps.
    const LATE_MAX: usize = 4000;
    let level = |passage: &[i16]| passage.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let passages = || prompt.chunks_exact(PASSAGE);
    let loudest = passages().map(level).fold(0.0, f64::max);
    let Some(begin) = sound.iter().position(|sample| sample.abs() > 200) else { return false };
    let lead = prompt.iter().position(|sample| sample.abs() > 200).unwrap_or(0);
    let (mut late, mut loud, mut found) = (0_isize, 0, 0);
    for (no, passage) in passages().enumerate().filter(|(_, it)| level(it) > loudest / 30.0) {
        loud += 1;
        let place = (begin + no * PASSAGE).saturating_sub(lead + PASSAGE);
        let place = place.saturating_add_signed(late);
        let near = sound.get(place..sound.len().min(place + 3 * PASSAGE + LATE_MAX));
        let Some(near) = near.filter(|near| near.len() >= PASSAGE) else { continue };
        let likes = near.windows(PASSAGE).map(|there| alike(there, passage)).enumerate();
        let best = likes.max_by(|one, other| one.1.total_cmp(&other.1));
        if let Some((at, _)) = best.filter(|(_, likeness)| *likeness > 0.8) {
            found += 1;
            late += at as isize - PASSAGE as isize;
        }
    }
    loud >= 5 && 2 * found > loud
}

/// How much two pieces of a length are alike, from 0 to 1.
fn alike(one: &[i16], other: &[i16]) -> f64 {
    let (mut dot, mut energy, mut own) = (0.0, 0.0, 0.0);
    for (&a, &b) in one.iter().zip(other) {
        let (a, b) = (f32::from(a), f32::from(b));
        (dot, energy, own) = (dot + a * b, energy + a * a, own + b * b);
    }
    f64::from(dot / (energy * own).sqrt().max(1.0))
}

/// Writes samples at 8 kHz as a WAV file of 16 bit.
pub fn write_wav(path: &Path, sound: &[i16]) -> std::io::Result<()> {
    let length = (sound.len() * 2) as u32;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8000_u32.to_le_bytes());
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(sound.iter().flat_map(|sample| sample.to_le_bytes()));
    std::fs::write(path, bytes)
}

/// Reads the samples of a WAV file of one channel and 16 bit, also of one that is still written.
pub fn read_wav(path: &Path) -> std::io::Result<Vec<i16>> {
    let bytes = std::fs::read(path)?;
    let data = bytes.get(44..).unwrap_or_default();
    Ok(data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// Where `part` stands in `whole`, if it does.
pub fn find(whole: &[u8], part: &[u8]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_told_from_another_and_from_silence() {
        let sound: Vec<i16> =
            [tone(1004.0, -10.0, 500), vec![0; 4000], tone(1500.0, -10.0, 300)].concat();
        assert_eq!(longest_tone_ms(&sound, 1004.0), 500);
        assert_eq!(longest_tone_ms(&sound, 1500.0), 300);
        assert_eq!(tone_ms(&sound, 700.0), 0);
        let both: Vec<i16> = tone(1004.0, -14.0, 500)
            .iter()
            .zip(tone(700.0, -14.0, 500))
            .map(|(one, other)| one + other)
            .collect();
        assert_eq!((mixed_tone_ms(&both, 1004.0), mixed_tone_ms(&both, 700.0)), (500, 500));
        assert_eq!((tone_ms(&both, 1004.0), mixed_tone_ms(&both, 1500.0)), (0, 0));
    }
}
