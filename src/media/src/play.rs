//! A play: clips joined to the sample, once or in a loop.

use crate::clip::Clip;
use crate::command::ClipList;
use model::{Frame, PlayId};

/// What a leg is being played.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    play: PlayId,
    clips: ClipList,
    looped: bool,
    /// Which clip comes next, and from which sample.
    clip: usize,
    sample: usize,
    /// Clips that are not there; counted once a play.
    missing: u64,
}

/// What a frame of a play was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// There is more to come.
    On,
    /// The last sample is in this frame, or was before it.
    Ended(PlayId),
}

impl Play {
    /// Starts at the first sample of the first clip.
    pub fn new(play: PlayId, clips: ClipList, looped: bool, known: &[Clip]) -> Self {
        let there = |clip: &&crate::command::ClipNo| known.get(clip.0 as usize).is_none();
        let missing = clips.as_slice().iter().filter(there).count() as u64;
        Self { play, clips, looped, clip: 0, sample: 0, missing }
    }

    /// Clips of the play that the engine does not have; they are left out.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Fills a frame; what is after the end is silence.
    pub fn fill(&mut self, known: &[Clip], frame: &mut Frame) -> Played {
        let mut filled = 0;
        let mut rounds = 0;
        while filled < frame.len() {
            let Some(clip) = self.clips.as_slice().get(self.clip) else {
                if !self.looped || rounds > 0 && filled == 0 {
                    break;
                }
                // A loop of nothing is silence, not an endless search for a sample.
                rounds += 1;
                (self.clip, self.sample) = (0, 0);
                continue;
            };
            let samples = known.get(clip.0 as usize).map_or(&[][..], |clip| &clip.0[..]);
            let rest = samples.get(self.sample..).unwrap_or(&[]);
            let run = rest.len().min(frame.len() - filled);
            frame[filled..filled + run].copy_from_slice(&rest[..run]);
            filled += run;
            self.sample += run;
            if run == rest.len() {
                (self.clip, self.sample) = (self.clip + 1, 0);
            }
        }
        frame[filled..].fill(0);
        let over = !self.looped && self.clip >= self.clips.as_slice().len();
        if over { Played::Ended(self.play) } else { Played::On }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::ClipNo;

    fn known() -> Vec<Clip> {
        let ramp = |from: i16, to: i16| Clip((from..to).collect());
        vec![ramp(0, 100), ramp(100, 101), ramp(101, 500), Clip([].into())]
    }

    fn list(clips: &[u32]) -> ClipList {
        clips.iter().copied().map(ClipNo).collect()
    }

    #[test]
    fn clips_join_without_losing_or_adding_a_sample() {
        let known = known();
        let mut play = Play::new(PlayId(1), list(&[0, 3, 1, 2]), false, &known);
        let mut heard = Vec::new();
        let mut frame = [0; 160];
        while play.fill(&known, &mut frame) == Played::On {
            heard.extend(frame);
        }
        heard.extend(frame);
        let mut want: Vec<i16> = (0..500).collect();
        want.resize(640, 0);
        assert_eq!(heard, want);
    }

    #[test]
    fn the_end_is_told_with_the_frame_that_holds_it() {
        let known = [Clip([7; 320].into())];
        let mut play = Play::new(PlayId(2), list(&[0]), false, &known);
        let mut frame = [0; 160];
        assert_eq!(play.fill(&known, &mut frame), Played::On);
        assert_eq!(play.fill(&known, &mut frame), Played::Ended(PlayId(2)));
        assert_eq!(frame, [7; 160]);
    }

    #[test]
    fn a_loop_goes_round_to_the_sample_for_ever() {
        let known = known();
        let mut play = Play::new(PlayId(3), list(&[0]), true, &known);
        let mut frame = [0; 160];
        for round in 0..50 {
            assert_eq!(play.fill(&known, &mut frame), Played::On);
            let want: Vec<i16> = (0..160).map(|n| (round * 160 + n) % 100).collect();
            assert_eq!(frame.as_slice(), want);
        }
    }

    #[test]
    fn a_loop_shorter_than_a_frame_and_a_loop_of_nothing_both_end_the_tick() {
        let known = known();
        let mut frame = [1; 160];
        let mut short = Play::new(PlayId(4), list(&[1]), true, &known);
        assert_eq!(short.fill(&known, &mut frame), Played::On);
        assert_eq!(frame, [100; 160]);
        let mut nothing = Play::new(PlayId(5), list(&[3, 99]), true, &known);
        assert_eq!((nothing.missing(), nothing.fill(&known, &mut frame)), (1, Played::On));
        assert_eq!(frame, [0; 160]);
    }

    #[test]
    fn a_play_of_nothing_ends_at_once() {
        let mut play = Play::new(PlayId(6), list(&[]), false, &[]);
        assert_eq!(play.fill(&[], &mut [0; 160]), Played::Ended(PlayId(6)));
    }
}
