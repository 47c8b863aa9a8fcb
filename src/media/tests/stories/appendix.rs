//! Concealment held against that of ITU-T G.711 appendix I, over the same losses, by the ear.
//!
//! The appendix is done here as it says, with its delay of 3.75 ms, which ours does without.

use crate::cases::cases;
use crate::ear::{Ear, aligned};
use crate::judged::{Case, judge};
use crate::network::{Bursts, Network};
use crate::speech::speech;
use model::Law;

const FRAME: usize = 80;
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;
/// Longest overlap, and the delay that it costs.
const OVERLAP_MAX: usize = PITCH_MAX / 4;
const HISTORY: usize = 3 * PITCH_MAX + OVERLAP_MAX;
/// Samples of correlation, and what it looks back on.
const WINDOW: usize = 160;

/// The appendix' state, in its words.
struct AppendixI {
    history: [f32; HISTORY],
    pitch_buffer: [f32; HISTORY],
    last_quarter: [f32; OVERLAP_MAX],
    erased: usize,
    pitch: usize,
    overlap: usize,
    offset: usize,
    length: usize,
}

impl AppendixI {
    fn new() -> Self {
        Self {
            history: [0.0; HISTORY],
            pitch_buffer: [0.0; HISTORY],
            last_quarter: [0.0; OVERLAP_MAX],
            erased: 0,
            pitch: 0,
            overlap: 0,
            offset: 0,
            length: 0,
        }
    }

    /// I.2.6: the next samples of the repeated periods.
    fn next(&mut self, out: &mut [f32]) {
        for sample in out {
            *sample = self.pitch_buffer[HISTORY - self.length + self.offset];
            self.offset = (self.offset + 1) % self.length;
        }
    }

    /// I.2.4: joins the end of the pitch buffer with what stands before its start.
    fn join(&mut self) {
        let (from, end, n) = (HISTORY - self.length - self.overlap, HISTORY, self.overlap);
        for k in 0..n {
            let new = (k + 1) as f32 / n as f32;
            self.pitch_buffer[end - n + k] =
                self.last_quarter[k] * (1.0 - new) + self.pitch_buffer[from + k] * new;
        }
    }

    /// I.2.7: fades by a fifth each frame from the second on.
    fn fade(&self, out: &mut [f32]) {
        let from = 1.0 - (self.erased - 1) as f32 * 0.2;
        for (n, sample) in out.iter_mut().enumerate() {
            *sample *= (from - n as f32 * 0.2 / FRAME as f32).max(0.0);
        }
    }

    fn erasure(&mut self) -> [f32; FRAME] {
        let mut out = [0.0; FRAME];
        match self.erased {
            0 => {
                self.pitch_buffer = self.history;
                self.pitch = pitch(&self.history);
                self.overlap = self.pitch / 4;
                let n = self.overlap;
                self.last_quarter[..n].copy_from_slice(&self.pitch_buffer[HISTORY - n..]);
                (self.offset, self.length) = (0, self.pitch);
                self.join();
                self.history[HISTORY - n..].copy_from_slice(&self.pitch_buffer[HISTORY - n..]);
                self.next(&mut out);
            }
            1 | 2 => {
                let before = self.offset;
                let mut tail = [0.0; OVERLAP_MAX];
                let n = self.overlap;
                self.next(&mut tail[..n]);
                self.offset = before % self.pitch;
                self.length += self.pitch;
                self.join();
                self.next(&mut out);
                for k in 0..n {
                    let new = (k + 1) as f32 / n as f32;
                    out[k] = tail[k] * (1.0 - new) + out[k] * new;
                }
                self.fade(&mut out);
            }
            3..=5 => {
                self.next(&mut out);
                self.fade(&mut out);
            }
            _ => {}
        }
        self.erased += 1;
        self.save(&out)
    }

    fn good(&mut self, frame: &[f32]) -> [f32; FRAME] {
        let mut out: [f32; FRAME] = frame.try_into().unwrap();
        if self.erased > 0 {
            let n = (self.overlap + (self.erased - 1) * 32).min(FRAME);
            let mut made_up = [0.0; FRAME];
            self.next(&mut made_up[..n]);
            let gain = (1.0 - (self.erased - 1) as f32 * 0.2).max(0.0);
            for k in 0..n {
                let new = (k + 1) as f32 / n as f32;
                out[k] = made_up[k] * gain * (1.0 - new) + out[k] * new;
            }
            self.erased = 0;
        }
        self.save(&out)
    }

    fn save(&mut self, frame: &[f32; FRAME]) -> [f32; FRAME] {
        self.history.copy_within(FRAME.., 0);
        self.history[HISTORY - FRAME..].copy_from_slice(frame);
        let from = HISTORY - FRAME - OVERLAP_MAX;
        self.history[from..from + FRAME].try_into().unwrap()
    }
}

/// I.2.3: the lag of the best normalised correlation.
fn pitch(history: &[f32; HISTORY]) -> usize {
    let now = &history[HISTORY - WINDOW..];
    let score = |lag: usize| {
        let then = &history[HISTORY - WINDOW - lag..HISTORY - lag];
        let cross: f32 = now.iter().zip(then).map(|(a, b)| a * b).sum();
        let power: f32 = then.iter().map(|b| b * b).sum();
        cross / power.max(250.0).sqrt()
    };
    (PITCH_MIN..=PITCH_MAX).max_by(|a, b| score(*a).total_cmp(&score(*b))).unwrap()
}

/// What the appendix makes of speech whose packets of 20 ms are lost where `lost` says.
fn appendix_i(speech: &[i16], lost: &[bool]) -> Vec<i16> {
    let mut state = AppendixI::new();
    let mut out: Vec<i16> = Vec::with_capacity(speech.len());
    for (n, frame) in speech.chunks_exact(FRAME).enumerate() {
        let frame: Vec<f32> = frame.iter().map(|&s| f32::from(s)).collect();
        let said = if lost[n / 2] { state.erasure() } else { state.good(&frame) };
        out.extend(said.map(|s| s.round() as i16));
    }
    out.drain(..OVERLAP_MAX);
    out
}

#[test]
fn what_is_lost_is_made_up_as_well_as_by_the_appendix() {
    const SECONDS: u64 = 60;
    let (ear, clean) = (Ear::new(), speech());
    let mut through = vec![0; clean.len()];
    let mut bytes = vec![0; clean.len()];
    Law::A.encode(&clean, &mut bytes);
    Law::A.decode(&bytes, &mut through);
    let said: Vec<i16> = (0..SECONDS as usize * 8000).map(|n| through[n % through.len()]).collect();
    let plain: Vec<i16> = (0..said.len()).map(|n| clean[n % clean.len()]).collect();
    for bursts in [
        Bursts::random(0.03),
        Bursts::random(0.05),
        Bursts::random(0.1),
        Bursts::rows(0.05, 2.0),
        Bursts::rows(0.1, 3.0),
    ] {
        let way = Network { bursts, ..Network::new(5) };
        let mut again = way.clone();
        let lost: Vec<bool> =
            (0..SECONDS * 50).map(|n| again.arrivals(n * 20_000).is_empty()).collect();
        let appendix = appendix_i(&said, &lost);
        let gaps: Vec<i16> =
            said.iter().enumerate().map(|(n, &s)| if lost[n / 160] { 0 } else { s }).collect();
        let case = Case { way, ..cases().remove(0) };
        let ours = judge(&ear, &clean, &case, SECONDS, SECONDS);
        let q = |heard: &[i16]| {
            let heard = aligned(&plain, heard, 4000);
            ear.equivalent_q(&plain, ear.distance(&plain, &heard))
        };
        let (gaps, appendix) = (q(&gaps), q(&appendix));
        eprintln!("{bursts:?}: gap {gaps:.1}, appendix I {appendix:.1}, ours {:.1} dB", ours.q);
        assert!(appendix > gaps, "the ear knows the order");
        assert!(ours.q > appendix - 0.5, "as well as the appendix, or better");
    }
}
