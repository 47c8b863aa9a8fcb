//! A play: clips joined to the sample, once or in a loop.
//!
//! ```text
//!   music (looped):  fades in for MUSIC_IN_MS ----------------- stopped: fades out for MUSIC_OUT_MS
//!   prompts:         begin with their first sample ------------ stopped: fade out for CUT_MS
//! ```
//!
//! What ends by itself ends with its last sample. Music that was stopped goes on where it was.

use crate::clip::Clip;
use crate::command::{ClipList, ClipNo};
use crate::live::{Listener, Live};
use crate::resample::Samples;
use model::{PlayId, Rate};

/// How long music rises, and falls when it is stopped.
pub const MUSIC_IN_MS: u32 = 400;
pub const MUSIC_OUT_MS: u32 = 200;
/// How long a prompt falls when it is stopped, and rises after a jump: no click.
pub const CUT_MS: u32 = 10;

/// A gain on its way to 1 or to 0.
#[derive(Clone, Copy, Debug)]
struct Fade {
    gain: f32,
    /// A millisecond's worth; 0 for none.
    step: f32,
}

impl Fade {
    const NONE: Self = Self { gain: 1.0, step: 0.0 };

    fn rising(ms: u32) -> Self {
        Self { gain: 0.0, step: 1.0 / ms as f32 }
    }

    /// Falls from where it is.
    fn falling(self, ms: u32) -> Self {
        Self { step: -1.0 / ms as f32, ..self }
    }

    fn is_over(self) -> bool {
        self.step < 0.0 && self.gain <= 0.0
    }

    /// Applies the gain to samples at a rate of so many kHz.
    fn apply(&mut self, samples: &mut [i16], khz: f32) {
        if self.step == 0.0 {
            return;
        }
        for sample in samples {
            *sample = (f32::from(*sample) * self.gain) as i16;
            self.gain = (self.gain + self.step / khz).clamp(0.0, 1.0);
        }
        if self.step > 0.0 && self.gain >= 1.0 {
            *self = Self::NONE;
        }
    }
}

/// What a leg is being played.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    play: PlayId,
    clips: ClipList,
    looped: bool,
    /// Which clip comes next, and from which sample at 8 kHz.
    clip: usize,
    sample: usize,
    fade: Fade,
    /// The place in what comes live.
    live: Listener,
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
        let fade = if looped { Fade::rising(MUSIC_IN_MS) } else { Fade::NONE };
        Self { play, clips, looped, clip: 0, sample: 0, fade, live: Listener::default(), missing }
    }

    /// Goes on where music of the same clips was stopped.
    pub fn resume(&mut self, before: &Self) {
        if self.looped && before.looped && self.clips == before.clips {
            (self.clip, self.sample) = (before.clip, before.sample);
        }
    }

    /// Falls from here on until it is silent.
    pub fn fall(mut self) -> Self {
        let ms = if self.looped { MUSIC_OUT_MS } else { CUT_MS };
        self.fade = self.fade.falling(ms);
        self
    }

    /// Tells whether it fell and is silent.
    pub fn is_over(&self) -> bool {
        self.fade.is_over()
    }

    /// Jumps by so much: not before the beginning; of what is not looped to its end at most.
    pub fn seek(&mut self, known: &[Clip], by_ms: i32) {
        let len = |clip: &ClipNo| {
            known.get(clip.0 as usize).map_or(0, |clip| clip.samples(Rate::Narrow).len())
        };
        let clips = self.clips.as_slice();
        let all: usize = clips.iter().map(len).sum();
        let before: usize = clips.iter().take(self.clip).map(len).sum();
        let at = (before + self.sample) as i64 + i64::from(by_ms) * 8;
        let mut rest = usize::try_from(at).unwrap_or(0);
        rest = if self.looped { rest % all.max(1) } else { rest.min(all) };
        self.clip = 0;
        while let Some(clip) = clips.get(self.clip) {
            if rest < len(clip) {
                break;
            }
            rest -= len(clip);
            self.clip += 1;
        }
        self.sample = rest;
        self.fade = Fade::rising(CUT_MS);
    }

    /// Clips of the play that the engine does not have; they are left out.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Fills a frame for a leg of a rate; what is after the end is silence. Gives the rate it has:
    /// 16 kHz where the leg and all clips of the play have it, else 8 kHz.
    pub fn fill(&mut self, known: &[Clip], leg: Rate, frame: &mut Samples) -> (Rate, Played) {
        if let Some(live) = self.live(known) {
            let frame = &mut frame[..Rate::Narrow.samples_per_frame()];
            live.listen(&mut self.live, frame);
            self.fade.apply(frame, 8.0);
            return (Rate::Narrow, Played::On);
        }
        let rate = self.rate(known, leg);
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
        self.fade.apply(&mut frame[..filled], times as f32 * 8.0);
        let over = !self.looped && self.clip >= self.clips.as_slice().len();
        (rate, if over { Played::Ended(self.play) } else { Played::On })
    }

    /// The rate it has for a leg of a rate.
    pub fn rate(&self, known: &[Clip], leg: Rate) -> Rate {
        if leg > Rate::Narrow && self.is_wide(known) { Rate::Wide } else { Rate::Narrow }
    }

    /// What comes live in the place of its music.
    fn live<'a>(&self, known: &'a [Clip]) -> Option<&'a Live> {
        let first = self.clips.as_slice().first().filter(|_| self.looped)?;
        known.get(first.0 as usize)?.live()
    }

    /// Tells whether it is music, which goes on where it was.
    pub fn is_music(&self) -> bool {
        self.looped
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
            if round < MUSIC_IN_MS as i16 / 20 {
                continue;
            }
            let want: Vec<i16> = (0..160).map(|n| (round * 160 + n) % 100).collect();
            assert_eq!(frame[..160], want);
        }
    }

    #[test]
    fn a_loop_shorter_than_a_frame_and_a_loop_of_nothing_both_end_the_tick() {
        let known = known();
        let mut frame = [1; 960];
        let mut short = Play::new(PlayId(4), list(&[1]), true, &known);
        for _ in 0..=MUSIC_IN_MS / 20 {
            assert_eq!(short.fill(&known, Rate::Narrow, &mut frame).1, Played::On);
        }
        assert_eq!(frame[..160], [100; 160]);
        let mut nothing = Play::new(PlayId(5), list(&[3, 99]), true, &known);
        let played = nothing.fill(&known, Rate::Narrow, &mut frame).1;
        assert_eq!((nothing.missing(), played), (1, Played::On));
        assert_eq!(frame[..160], [0; 160]);
    }

    #[test]
    fn what_comes_live_is_music_in_the_place_of_its_recording_while_it_is_on() {
        let live = Live::new();
        let wide = Clip::from_pcm(&[500; 3200], 16_000).unwrap().with_live(&live);
        let known = [wide, Clip::narrow([9; 320]).with_live(&live)];
        let mut music = Play::new(PlayId(10), list(&[0]), true, &known);
        let mut frame = [0; 960];
        assert_eq!(music.fill(&known, Rate::Wide, &mut frame), (Rate::Wide, Played::On));
        live.set(true);
        for _ in 0..MUSIC_IN_MS / 20 + 3 {
            live.write(&[4321; 160]);
            assert_eq!(music.fill(&known, Rate::Wide, &mut frame), (Rate::Narrow, Played::On));
        }
        assert_eq!(frame[..160], [4321; 160], "at 8 kHz, for wide-band legs too");
        // A prompt is what it is.
        let mut prompt = Play::new(PlayId(11), list(&[1]), false, &known);
        prompt.fill(&known, Rate::Narrow, &mut frame);
        assert_eq!(frame[..160], [9; 160]);
        live.set(false);
        assert_eq!(music.fill(&known, Rate::Wide, &mut frame).0, Rate::Wide);
        assert!(frame[..320].iter().all(|sample| (450..550).contains(sample)), "{frame:?}");
    }

    #[test]
    fn a_jump_lands_on_the_sample_and_stays_within_the_play() {
        let known = known();
        let mut frame = [0; 960];
        for (by_ms, want) in [(0, 160), (10, 240), (-10, 80), (-1000, 0), (20, 320)] {
            let mut play = Play::new(PlayId(7), list(&[0, 3, 1, 2]), false, &known);
            play.fill(&known, Rate::Narrow, &mut frame);
            play.seek(&known, by_ms);
            play.fill(&known, Rate::Narrow, &mut frame);
            assert_eq!(frame[100], want + 100, "{by_ms} ms");
        }
        let mut play = Play::new(PlayId(7), list(&[0, 2]), false, &known);
        play.seek(&known, 1000);
        assert_eq!(play.fill(&known, Rate::Narrow, &mut frame).1, Played::Ended(PlayId(7)));
        let mut music = Play::new(PlayId(8), list(&[0]), true, &known);
        music.seek(&known, 1000 + 5);
        music.fill(&known, Rate::Narrow, &mut frame);
        assert_eq!(frame[100], 40, "round and round: 8040 samples of a hundred");
        let mut nothing = Play::new(PlayId(9), list(&[]), true, &known);
        nothing.seek(&known, i32::MAX);
        assert_eq!(nothing.fill(&known, Rate::Narrow, &mut frame).1, Played::On);
    }

    #[test]
    fn a_play_of_nothing_ends_at_once() {
        let mut play = Play::new(PlayId(6), list(&[]), false, &[]);
        assert_eq!(play.fill(&[], Rate::Narrow, &mut [0; 960]).1, Played::Ended(PlayId(6)));
    }
}
