//! Loss concealment: what is missing is made up from what was last heard, in the way of ITU-T
//! G.711 Appendix I.
//!
//! The last pitch period is repeated; from 10 ms on two, from 20 ms on three of them, so that it
//! does not buzz. It fades from 10 ms to silence at 60 ms. Where real sound comes again, both are
//! overlapped. Unlike the appendix nothing is delayed: the step where the made up sound begins is
//! bent away instead, so that sound from the wire is never changed for a loss that may come.

use crate::coder::PAST_SAMPLES;
use model::Rate;

/// Samples of the past that are kept, at the highest rate: three periods and the quarter before
/// them, and a little. Lengths below are samples at 8 kHz.
const HISTORY: usize = PAST_SAMPLES;
/// Shortest and longest pitch period: 200 Hz and 66 Hz (G.711 I.2.1).
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;
/// Samples the pitch is judged by: 20 ms.
const WINDOW: usize = 160;
/// A step of the appendix' plan: 10 ms.
const STEP: usize = 80;
/// Where the made up sound has faded: 60 ms.
const FADED: usize = 480;
/// Length of the fade into intended silence: 5 ms.
const HUSH: usize = 40;
/// Longest overlap where real sound comes again: 10 ms.
const OVERLAP_MAX: usize = 80;

/// The past of one stream, and what is being made up from it.
pub struct Concealer {
    /// Samples of the stream for each one at 8 kHz.
    times: usize,
    /// What was played last, newest at the end.
    history: [i16; HISTORY],
    /// The history as it was when the gap began.
    past: [i16; HISTORY],
    period: usize,
    /// Samples made up since the last real one; 0 outside a gap.
    gap: usize,
    /// Position within the repeated periods.
    at: usize,
    /// Step between the last real sample and the sample before the repeated period.
    bend: f32,
    /// Samples since silence was intended, within a gap.
    hushed: usize,
}

impl Concealer {
    /// Starts with a silent past. Rates above 16 kHz have decoders that conceal.
    pub const fn new(rate: Rate) -> Self {
        let times = if rate.times() > 2 { 2 } else { rate.times() };
        Self {
            times,
            history: [0; HISTORY],
            past: [0; HISTORY],
            period: PITCH_MIN * times,
            gap: 0,
            at: 0,
            bend: 0.0,
            hushed: 0,
        }
    }

    /// Forgets the past.
    pub fn reset(&mut self) {
        let times = self.times;
        *self = Self { times, period: PITCH_MIN * times, ..Self::new(Rate::Narrow) };
    }

    /// Tells whether the last sample was real, or silence that was meant.
    pub fn is_settled(&self) -> bool {
        self.gap == 0 || self.hushed >= HUSH * self.times
    }

    /// Takes the past of a stream that went by unheard.
    pub fn recall(&mut self, samples: &[i16]) {
        (self.gap, self.hushed) = (0, 0);
        self.remember(samples);
    }

    /// Takes real sound. After a gap its head is overlapped with what was made up; gives the
    /// number of samples so changed.
    pub fn real(&mut self, samples: &mut [i16]) -> usize {
        let changed = if self.gap == 0 { 0 } else { self.overlap(samples) };
        self.gap = 0;
        self.hushed = 0;
        self.remember(samples);
        changed
    }

    /// Makes up what is missing.
    pub fn missing(&mut self, samples: &mut [i16]) {
        for sample in samples.iter_mut() {
            *sample = rounded(self.made_up());
        }
        self.remember(samples);
    }

    /// Falls silent within 5 ms, for a pause that is no loss.
    pub fn quiet(&mut self, samples: &mut [i16]) {
        let hush = HUSH * self.times;
        for sample in samples.iter_mut() {
            let fade = 1.0 - self.hushed.min(hush) as f32 / hush as f32;
            *sample = if fade > 0.0 { rounded(self.made_up() * fade) } else { 0 };
            self.hushed += 1;
        }
        self.remember(samples);
    }

    fn overlap(&mut self, samples: &mut [i16]) -> usize {
        let (step, hush) = (STEP * self.times, HUSH * self.times);
        if self.hushed >= hush {
            // Silence was meant: what begins now begins as it is.
            return 0;
        }
        // A quarter of a period, and 4 ms for each further 10 ms of the gap (G.711 I.2.7).
        let longer = self.gap.div_ceil(step).saturating_sub(1) * 32 * self.times;
        let len = (self.period / 4 + longer).min(OVERLAP_MAX * self.times).min(samples.len());
        let hush = 1.0 - self.hushed.min(hush) as f32 / hush as f32;
        for (n, sample) in samples[..len].iter_mut().enumerate() {
            let real = (n + 1) as f32 / (len + 1) as f32;
            *sample = rounded(self.made_up() * hush * (1.0 - real) + f32::from(*sample) * real);
        }
        len
    }

    /// The next made up sample.
    fn made_up(&mut self) -> f32 {
        if self.gap == 0 {
            self.begin();
        }
        let (step, faded) = (STEP * self.times, FADED * self.times);
        if self.gap >= faded {
            return 0.0;
        }
        let quarter = self.period / 4;
        let periods = (self.gap / step + 1).min(3);
        let mut value = self.repeated(periods, self.at);
        // More periods come in by an overlap with what fewer would have gone on with.
        let since = self.gap % step;
        if periods > 1 && self.gap / step < 3 && since < quarter {
            let fewer = self.repeated(periods - 1, self.at);
            let new = (since + 1) as f32 / (quarter + 1) as f32;
            value = value * new + fewer * (1.0 - new);
        }
        if self.gap < quarter {
            value += self.bend * (1.0 - (self.gap + 1) as f32 / (quarter + 1) as f32);
        }
        let fade = (faded - self.gap.max(step)) as f32 / (faded - step) as f32;
        self.gap += 1;
        self.at += 1;
        value * fade
    }

    /// The sample of the last `periods` periods at a running position; the end of each round is
    /// overlapped with the quarter before its start, so that the seam is smooth.
    fn repeated(&self, periods: usize, at: usize) -> f32 {
        let (len, quarter) = (periods * self.period, self.period / 4);
        let (start, at) = (HISTORY - len, at % len);
        let value = f32::from(self.past[start + at]);
        let to_end = len - at;
        if to_end > quarter {
            return value;
        }
        let before = f32::from(self.past[start - to_end]);
        let new = (quarter - to_end + 1) as f32 / (quarter + 1) as f32;
        value * (1.0 - new) + before * new
    }

    fn begin(&mut self) {
        self.past = self.history;
        self.period = pitch(&self.past, self.times);
        self.at = 0;
        let (last, before) = (self.past[HISTORY - 1], self.past[HISTORY - 1 - self.period]);
        self.bend = f32::from(last) - f32::from(before);
    }

    fn remember(&mut self, samples: &[i16]) {
        let len = samples.len().min(HISTORY);
        self.history.copy_within(len.., 0);
        self.history[HISTORY - len..].copy_from_slice(&samples[samples.len() - len..]);
    }
}

/// The pitch period at the end of the past: where it is most like itself (G.711 I.2.1), searched
/// at 4 kHz first.
fn pitch(past: &[i16; HISTORY], times: usize) -> usize {
    let (shortest, longest, step) = (PITCH_MIN * times, PITCH_MAX * times, 2 * times);
    let coarse = best(past, times, (shortest..=longest).step_by(step), step);
    let near = coarse.saturating_sub(step - 1).max(shortest)..=(coarse + step - 1).min(longest);
    best(past, times, near, times)
}

fn best(
    past: &[i16; HISTORY],
    times: usize,
    lags: impl Iterator<Item = usize>,
    step: usize,
) -> usize {
    let window = WINDOW * times;
    let now = &past[HISTORY - window..];
    let mut found = (PITCH_MIN * times, f32::MIN);
    for lag in lags {
        let then = &past[HISTORY - window - lag..HISTORY - lag];
        let likeness = likeness(now, then, step);
        if likeness > found.1 {
            found = (lag, likeness);
        }
    }
    found.0
}

/// The normalised cross-correlation of two stretches of sound, from -1 to 1, over each `step`th
/// sample.
pub fn likeness(a: &[i16], b: &[i16], step: usize) -> f32 {
    let (mut cross, mut power_a, mut power_b) = (0.0f32, 1.0f32, 1.0f32);
    for (&a, &b) in a.iter().zip(b).step_by(step) {
        let (a, b) = (f32::from(a), f32::from(b));
        cross += a * b;
        power_a += a * a;
        power_b += b * b;
    }
    cross / (power_a * power_b).sqrt()
}

fn rounded(value: f32) -> i16 {
    // A cast from float saturates.
    value.round() as i16
}
