//! What the load heard: which frames came, when, and whether they were the right ones.

use serde::{Deserialize, Serialize};

/// A frame this much behind its time is late.
pub const LATE_MS: f32 = 20.0;
/// So it is of a bare forwarder, which has no jitter buffer: a frame that comes about the tick may
/// wait for it or not.
pub const LATE_FORWARDED_MS: f32 = 40.0;
const FRAME_MS: f32 = 20.0;
/// Frames between two looks at the time a leg's frames are due: clocks drift apart.
const DRIFT_FRAMES: usize = 500;

/// The frames of all legs.
pub struct Heard {
    legs: Vec<Leg>,
    delay_sum_ms: f64,
    delays: u64,
}

/// The frames one leg's phone heard.
#[derive(Default)]
struct Leg {
    first: Option<u16>,
    /// When each frame came, by its number from the first on; 0 for one that did not.
    came_ms: Vec<f32>,
    /// Frames that came but carried something else than the other phone had sent.
    wrong: u64,
}

/// The judgement of one step.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Verdict {
    pub frames: u64,
    pub lost: u64,
    pub late: u64,
    /// Frames of silence, or made up, where the other phone had spoken.
    pub wrong: u64,
    /// Mean from one phone to the other, where frames tell when they were sent.
    pub delay_ms: Option<f64>,
    /// The load itself did not keep up: the step says nothing good.
    pub overrun: bool,
    pub worst_ms: f64,
}

impl Verdict {
    /// The share of frames that were not heard in their time.
    pub fn late_share(&self) -> f64 {
        if self.frames == 0 {
            return 1.0;
        }
        self.bad() as f64 / self.frames as f64
    }

    /// Frames that were not heard in their time, or were not what was said.
    pub fn bad(&self) -> u64 {
        self.lost + self.late + self.wrong
    }
}

impl Heard {
    pub fn new(legs: usize, seconds: u64) -> Self {
        let frames = seconds as usize * 50 + 50;
        let leg = || Leg { came_ms: Vec::with_capacity(frames), ..Leg::default() };
        Self { legs: (0..legs).map(|_| leg()).collect(), delay_sum_ms: 0.0, delays: 0 }
    }

    /// Notes a frame: its number, when it came, and how long it was on its way. `right` tells
    /// whether its content is what it should be.
    pub fn note(
        &mut self,
        leg: usize,
        sequence: u16,
        at_ms: f32,
        delay_ms: Option<f64>,
        right: bool,
    ) {
        let Some(leg) = self.legs.get_mut(leg) else { return };
        let first = *leg.first.get_or_insert(sequence);
        let place = usize::from(sequence.wrapping_sub(first));
        if place >= leg.came_ms.capacity() {
            return;
        }
        if leg.came_ms.len() <= place {
            leg.came_ms.resize(place + 1, 0.0);
        }
        leg.came_ms[place] = at_ms;
        leg.wrong += u64::from(!right);
        if let Some(delay) = delay_ms {
            self.delay_sum_ms += delay;
            self.delays += 1;
        }
    }

    /// Judges all frames; `span_ms` is how long was listened.
    pub fn judge(&self, span_ms: f32, overrun: bool, late_ms: f32) -> Verdict {
        let mut verdict = Verdict { overrun, ..Verdict::default() };
        // The last two frames may still be on their way.
        let expected = (span_ms / FRAME_MS) as usize - 2;
        for leg in &self.legs {
            let came = leg.came_ms.get(..leg.came_ms.len().min(expected)).unwrap_or_default();
            verdict.frames += expected as u64;
            verdict.lost += (expected - came.len()) as u64;
            verdict.wrong += leg.wrong;
            for (part, frames) in came.chunks(DRIFT_FRAMES).enumerate() {
                let wait =
                    |(n, at): (usize, &f32)| at - (part * DRIFT_FRAMES + n) as f32 * FRAME_MS;
                let there = || frames.iter().enumerate().filter(|(_, at)| **at > 0.0);
                let soonest = there().map(wait).fold(f32::MAX, f32::min);
                verdict.lost += (frames.len() - there().count()) as u64;
                for behind in there().map(|frame| wait(frame) - soonest) {
                    verdict.late += u64::from(behind > late_ms);
                    verdict.worst_ms = verdict.worst_ms.max(f64::from(behind));
                }
            }
        }
        verdict.delay_ms = (self.delays > 0).then(|| self.delay_sum_ms / self.delays as f64);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(frames: impl Iterator<Item = (u16, f32)>) -> Verdict {
        let mut heard = Heard::new(1, 2);
        frames.for_each(|(n, at)| heard.note(0, n, at, None, true));
        heard.judge(2040.0, false, LATE_MS)
    }

    #[test]
    fn frames_in_time_are_neither_late_nor_lost() {
        let verdict =
            heard((0..102).map(|n| (65_500_u16.wrapping_add(n), 5.0 + f32::from(n) * 20.0)));
        assert_eq!((verdict.frames, verdict.lost, verdict.late), (100, 0, 0));
    }

    #[test]
    fn a_frame_that_waits_more_than_20_ms_is_late_and_one_that_never_comes_is_lost() {
        let at = |n: u16| f32::from(n) * 20.0 + if n == 50 { 21.0 } else { 5.0 };
        let verdict = heard((0..102).filter(|n| *n != 60).map(|n| (n, at(n))));
        assert_eq!((verdict.lost, verdict.late), (1, 0));
        let at = |n: u16| f32::from(n) * 20.0 + if n == 50 { 26.0 } else { 5.0 };
        assert_eq!(heard((0..102).map(|n| (n, at(n)))).late, 1);
    }

    #[test]
    fn silence_from_the_start_is_all_lost() {
        assert_eq!(heard(std::iter::empty()).late_share(), 1.0);
    }
}
