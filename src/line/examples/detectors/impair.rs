//! What a line does to sound: level, noise, echo, codecs, lost packets, a clock that is off.

use super::sounds::Dice;
use media::tone::Dbm0;
use model::Law;

/// Samples of a block.
const BLOCK: usize = 160;

/// A line. What it does not do is none.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Level of the loud parts, all of the sound together.
    pub dbm0: f32,
    /// White noise over the whole band, so much below the level.
    pub noise_db: f32,
    /// An echo, so late and so much weaker.
    pub echo: Option<(usize, f32)>,
    /// How often it goes from A-law to µ-law and back on its way.
    pub codecs: usize,
    /// Of 100 packets of 20 ms, those that are lost: the one before is said again, fading.
    pub lost: f32,
    /// The far clock is so much faster, in percent.
    pub clock: f32,
    pub law: Law,
}

/// A good line.
pub const PLAIN: Line =
    Line { dbm0: -16.0, noise_db: 40.0, echo: None, codecs: 0, lost: 0.0, clock: 0.0, law: Law::A };

impl Line {
    /// The sound as blocks at its end.
    pub fn pass(&self, sound: &[i16], dice: &mut Dice) -> Vec<[u8; BLOCK]> {
        let mut wave: Vec<f32> = sound.iter().map(|sample| f32::from(*sample)).collect();
        let factor = rms(self.dbm0) / loud(&wave).max(1.0);
        wave.iter_mut().for_each(|sample| *sample *= factor);
        if self.clock != 0.0 {
            wave = stretched(&wave, 1.0 + f64::from(self.clock) / 100.0);
        }
        if let Some((late_ms, weaker_db)) = self.echo {
            let factor = 10_f32.powf(-weaker_db / 20.0);
            for at in (late_ms * 8..wave.len()).rev() {
                wave[at] += wave[at - late_ms * 8] * factor;
            }
        }
        let noise = rms(self.dbm0 - self.noise_db) * 12_f32.sqrt() / 2_f32.sqrt();
        let mut samples: Vec<i16> = wave
            .iter()
            .map(|sample| {
                // Two rolls together are near enough to a bell.
                let hiss = (dice.roll() + dice.roll() - 1.0) * noise;
                (sample + hiss).clamp(-32_768.0, 32_767.0) as i16
            })
            .collect();
        samples.resize(samples.len().next_multiple_of(BLOCK), 0);
        for _ in 0..self.codecs {
            for law in [Law::A, Law::Mu] {
                samples.iter_mut().for_each(|sample| *sample = law.sample(law.byte(*sample)));
            }
        }
        self.lose(&mut samples, dice);
        let blocks = samples.chunks_exact(BLOCK).map(|samples| {
            let mut block = [0; BLOCK];
            self.law.encode(samples, &mut block);
            block
        });
        blocks.collect()
    }

    fn lose(&self, samples: &mut [i16], dice: &mut Dice) {
        let mut before = [0; BLOCK];
        for frame in samples.chunks_exact_mut(BLOCK) {
            if dice.roll() * 100.0 < self.lost {
                frame.copy_from_slice(&before);
                before.iter_mut().for_each(|sample| *sample /= 2);
            } else {
                before.copy_from_slice(frame);
            }
        }
    }
}

/// The effective value at a level.
fn rms(dbm0: f32) -> f32 {
    Dbm0(dbm0).peak() / 2_f32.sqrt()
}

/// The effective value of what is loud: blocks within 6 dB of the loudest.
pub fn loud(wave: &[f32]) -> f32 {
    let powers: Vec<f32> = wave
        .chunks(BLOCK)
        .map(|block| block.iter().map(|sample| sample * sample).sum::<f32>() / block.len() as f32)
        .collect();
    let most = powers.iter().copied().fold(0.0, f32::max);
    let loud: Vec<f32> = powers.into_iter().filter(|power| *power > most / 4.0).collect();
    (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt()
}

/// The wave played so much faster, by cubic interpolation.
fn stretched(wave: &[f32], by: f64) -> Vec<f32> {
    let at = |n: usize| wave.get(n).copied().unwrap_or_default();
    let count = (wave.len() as f64 / by) as usize;
    let sample = |n: usize| {
        let place = n as f64 * by;
        let (whole, part) = (place as usize, place.fract() as f32);
        let before = if whole == 0 { 0.0 } else { at(whole - 1) };
        let (a, b, c) = (at(whole), at(whole + 1), at(whole + 2));
        let curve = 3.0 * (a - b) + c - before;
        let bend = 2.0 * before - 5.0 * a + 4.0 * b - c;
        a + 0.5 * part * (b - before + part * (bend + part * curve))
    };
    (0..count).map(sample).collect()
}
