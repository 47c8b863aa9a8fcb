//! A play: clips joined to the sample, once or in a loop.

use crate::clip::Clip;
use crate::command::ClipList;
use crate::resample::Samples;
use model::{PlayId, Rate};

/// What a leg is being played.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    play: PlayId,
    clips: ClipList,
    looped: bool,
    /// Which clip comes next, and from which sample at 8 kHz.
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

    /// Fills a frame for a leg of a rate; what is after the end is silence. Gives the rate it has:
    /// 16 kHz where the leg and all clips of the play have it, else 8 kHz.
    pub fn fill(&mut self, known: &[Clip], leg: Rate, frame: &mut Samples) -> (Rate, Played) {
        let rate =
            if leg > Rate::Narrow && self.is_wide(known) { Rate::Wide } else { Rate::Narrow };
        let (len, times) = (rate.samples_per_frame(), rate.times());
        let mut filled = 0;
        let mut rounds = 0;
        while filled < len {
            let Some(clip) = self.clips.as_slice().get(self.clip) else {
                if !self.looped || rounds > 0 && filled == 0 {
                    break;
                }
                // A loop of nothing is silence, not an endless search for a sample.
                rounds += 1;
                (self.clip, self.sample) = (0, 0);
                continue;
            };
            let samples = known.get(clip.0 as usize).map_or(&[][..], |clip| clip.samples(rate));
            let rest = samples.get(self.sample * times..).unwrap_or(&[]);
            let run = rest.len().min(len - filled);
            frame[filled..filled + run].copy_from_slice(&rest[..run]);
            filled += run;
            self.sample += run / times;
            if run == rest.len() {
                (self.clip, self.sample) = (self.clip + 1, 0);
            }
        }
        frame[filled..len].fill(0);
        let over = !self.looped && self.clip >= self.clips.as_slice().len();
        (rate, if over { Played::Ended(self.play) } else { Played::On })
    }

    /// Tells whether every clip that is there is there at 16 kHz.
    fn is_wide(&self, known: &[Clip]) -> bool {
        let mut clips = self.clips.as_slice().iter().filter_map(|clip| known.get(clip.0 as usize));
        clips.all(|clip| clip.is_wide())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::ClipNo;

    fn known() -> Vec<Clip> {
        let ramp = |from: i16, to: i16| Clip::narrow((from..to).collect::<Vec<i16>>());
        vec![ramp(0, 100), ramp(100, 101), ramp(101, 500), Clip::narrow([])]
    }

    fn list(clips: &[u32]) -> ClipList {
        clips.iter().copied().map(ClipNo).collect()
    }

    #[test]
    fn clips_join_without_losing_or_adding_a_sample() {
        let known = known();
        let mut play = Play::new(PlayId(1), list(&[0, 3, 1, 2]), false, &known);
        let mut heard: Vec<i16> = Vec::new();
        let mut frame = [0; 960];
        while play.fill(&known, Rate::Narrow, &mut frame).1 == Played::On {
            heard.extend(&frame[..160]);
        }
        heard.extend(&frame[..160]);
        let mut want: Vec<i16> = (0..500).collect();
        want.resize(640, 0);
        assert_eq!(heard, want);
    }

    #[test]
    fn the_end_is_told_with_the_frame_that_holds_it() {
        let known = [Clip::narrow([7; 320])];
        let mut play = Play::new(PlayId(2), list(&[0]), false, &known);
        let mut frame = [0; 960];
        assert_eq!(play.fill(&known, Rate::Narrow, &mut frame).1, Played::On);
        assert_eq!(play.fill(&known, Rate::Narrow, &mut frame).1, Played::Ended(PlayId(2)));
        assert_eq!(frame[..160], [7; 160]);
    }

    #[test]
    fn a_loop_goes_round_to_the_sample_for_ever() {
        let known = known();
        let mut play = Play::new(PlayId(3), list(&[0]), true, &known);
        let mut frame = [0; 960];
        for round in 0..50 {
            assert_eq!(play.fill(&known, Rate::Narrow, &mut frame).1, Played::On);
            let want: Vec<i16> = (0..160).map(|n| (round * 160 + n) % 100).collect();
            assert_eq!(frame[..160], want);
        }
    }

    #[test]
    fn a_loop_shorter_than_a_frame_and_a_loop_of_nothing_both_end_the_tick() {
        let known = known();
        let mut frame = [1; 960];
        let mut short = Play::new(PlayId(4), list(&[1]), true, &known);
        assert_eq!(short.fill(&known, Rate::Narrow, &mut frame).1, Played::On);
        assert_eq!(frame[..160], [100; 160]);
        let mut nothing = Play::new(PlayId(5), list(&[3, 99]), true, &known);
        let played = nothing.fill(&known, Rate::Narrow, &mut frame).1;
        assert_eq!((nothing.missing(), played), (1, Played::On));
        assert_eq!(frame[..160], [0; 160]);
    }

    #[test]
    fn a_play_of_nothing_ends_at_once() {
        let mut play = Play::new(PlayId(6), list(&[]), false, &[]);
        assert_eq!(play.fill(&[], Rate::Narrow, &mut [0; 960]).1, Played::Ended(PlayId(6)));
    }
}
