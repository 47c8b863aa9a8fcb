//! Tones and levels: made and judged, so that sound can be tested by what is heard of it.
//!
//! Levels are dBm0 of ITU-T G.711: the loudest sine a law can carry has +3.14 dBm0 (PCMA).

use std::f32::consts::TAU;
use std::fmt;

/// Peak of a sine of 0 dBm0 in 16 bit samples: 32768 less 3.14 dB (G.711 table 1).
pub const PEAK_OF_0_DBM0: f32 = 22_828.0;
const RATE: f32 = 8000.0;

/// A level as telephone people give it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dbm0(pub f32);

impl Dbm0 {
    /// What silence is given as.
    pub const SILENCE: Self = Self(-90.0);

    /// The peak of a sine of this level.
    pub fn peak(self) -> f32 {
        PEAK_OF_0_DBM0 * 10f32.powf(self.0 / 20.0)
    }
    /// The level of a mean power (of samples squared).
    pub fn of_power(power: f32) -> Self {
        let full = PEAK_OF_0_DBM0 * PEAK_OF_0_DBM0 / 2.0;
        Self((10.0 * (power / full).max(1e-12).log10()).max(Self::SILENCE.0))
    }
    /// The level of some sound.
    pub fn of(samples: &[i16]) -> Self {
        let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
        Self::of_power((sum / samples.len().max(1) as f64) as f32)
    }
}

impl fmt::Display for Dbm0 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBm0", self.0)
    }
}

/// A sine that goes on from where it was.
#[derive(Clone, Copy, Debug)]
pub struct Tone {
    /// In turns, 0 to 1.
    phase: f32,
    step: f32,
    peak: f32,
}

impl Tone {
    /// Makes a tone that starts at zero.
    pub fn new(hz: f32, level: Dbm0) -> Self {
        Self { phase: 0.0, step: hz / RATE, peak: level.peak() }
    }

    /// The next sample.
    pub fn sample(&mut self) -> f32 {
        let value = (self.phase * TAU).sin() * self.peak;
        self.phase = (self.phase + self.step).fract();
        value
    }

    /// Fills samples with the tone.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.sample().round() as i16;
        }
    }
}

/// What is heard of one frequency in some sound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    pub hz: f32,
    /// Level of the tone alone.
    pub level: Dbm0,
    /// Share of the tone in the power of all sound, 0 to 1.
    pub purity: f32,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} Hz at {}, {:.0}% of the sound", self.hz, self.level, self.purity * 100.0)
    }
}

/// Listens for a frequency: 100 ms and more tell tones 20 Hz apart (Goertzel with a Hann window).
pub fn listen(samples: &[i16], hz: f32) -> Heard {
    let len = samples.len().max(1) as f32;
    let cosine = 2.0 * f64::from((TAU * hz / RATE).cos());
    let (mut one, mut two, mut power, mut window_sum) = (0f64, 0f64, 0f64, 0f64);
    for (n, &sample) in samples.iter().enumerate() {
        let window = f64::from(0.5 - 0.5 * (TAU * (n as f32 + 0.5) / len).cos());
        let now = f64::from(sample) * window + cosine * one - two;
        (two, one) = (one, now);
        power += f64::from(sample) * f64::from(sample);
        window_sum += window;
    }
    let square = (one * one + two * two - cosine * one * two).max(0.0);
    let peak_squared = 4.0 * square / (window_sum * window_sum).max(1.0);
    let tone = (peak_squared / 2.0) as f32;
    let all = (power / f64::from(len)) as f32;
    let purity = if all > 0.0 { (tone / all).min(1.0) } else { 0.0 };
    Heard { hz, level: Dbm0::of_power(tone), purity }
}

/// Finds the loudest frequency between 100 and 3900 Hz, to less than 1 Hz; nothing in silence
/// (below -60 dBm0). It is sought in the middle 200 ms and then followed in all of the sound.
pub fn loudest(samples: &[i16]) -> Option<Heard> {
    if samples.is_empty() || Dbm0::of(samples).0 < -60.0 {
        return None;
    }
    let spare = samples.len().saturating_sub(1600) / 2;
    let middle = &samples[spare..samples.len() - spare];
    let step = RATE / middle.len() as f32;
    let mut hz = search(middle, 100.0, 3900.0, step);
    let mut step = step;
    // A Hann window loses less than 0.02 dB at a tenth of its resolution.
    while step > (RATE / samples.len() as f32 / 5.0).min(0.5) {
        (hz, step) = (search(samples, hz - step, hz + step, step / 8.0), step / 8.0);
    }
    Some(listen(samples, hz))
}

/// The loudest of the frequencies between two, in steps.
fn search(samples: &[i16], from: f32, to: f32, step: f32) -> f32 {
    let (mut best, mut loudest, mut hz) = (from, Dbm0::SILENCE, from);
    while hz <= to {
        let level = listen(samples, hz).level;
        if level > loudest {
            (best, loudest) = (hz, level);
        }
        hz += step;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound<const N: usize>(tones: [(f32, f32); N], len: usize) -> Vec<i16> {
        let mut tones = tones.map(|(hz, level)| Tone::new(hz, Dbm0(level)));
        (0..len).map(|_| tones.iter_mut().map(Tone::sample).sum::<f32>().round() as i16).collect()
    }

    #[test]
    fn a_tone_is_heard_at_its_frequency_and_level() {
        for (hz, level) in [(300.0, -3.0), (1000.0, -10.0), (3391.0, -45.0)] {
            let heard = loudest(&sound([(hz, level)], 800)).unwrap();
            assert!((heard.hz - hz).abs() < 2.0, "{heard}");
            assert!((heard.level.0 - level).abs() < 0.1, "{heard}");
            assert!(heard.purity > 0.98, "{heard}");
        }
    }

    #[test]
    fn a_tone_is_told_from_a_louder_neighbour() {
        let both = sound([(1000.0, -10.0), (1100.0, -30.0)], 1600);
        let heard = listen(&both, 1100.0);
        assert!((heard.level.0 + 30.0).abs() < 0.2, "{heard}");
        assert!(heard.purity < 0.02, "{heard}");
        assert!(listen(&both, 1050.0).level.0 < -50.0);
    }

    #[test]
    fn silence_has_no_tone() {
        assert_eq!(loudest(&[8; 800]), None);
        assert_eq!(Dbm0::of(&[0; 160]), Dbm0::SILENCE);
    }
}
