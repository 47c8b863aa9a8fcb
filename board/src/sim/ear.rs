//! What a caller hears of the box: whether somebody speaks, and tones.

use super::sound::{RATE, Sound, rms};
use std::f32::consts::TAU;

/// Louder than this is heard as sound: prompts are at -12 dBm0, a quiet line is at -60.
const SOUND_DBM0: f32 = -42.0;
/// Heard for this long in a row, pauses of 60 ms left out, it is a prompt and no click.
const PROMPT_TICKS_MIN: u32 = 200 / 20;
/// Quiet for this long ends a prompt. Speech pauses up to 0.7 s between its sentences.
const PAUSE_TICKS: u32 = 900 / 20;
/// A tone is heard when it is this loud, this pure and this long.
const TONE_DBM0: f32 = -40.0;
const PURITY_MIN: f32 = 0.8;
const TONE_TICKS_MIN: u32 = 200 / 20;

/// A caller's ear, from one step to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ear {
    /// Ticks of sound in this step, and quiet ones since the last of them.
    sound_ticks: u32,
    quiet_ticks: u32,
    tone_ticks: u32,
}

impl Ear {
    /// Hears 20 ms; tells whether they were sound.
    pub(super) fn hear(&mut self, heard: &Sound) -> bool {
        let squares: f32 = heard.iter().map(|sample| sample * sample).sum();
        let sound = (squares / heard.len() as f32).sqrt() > rms(SOUND_DBM0);
        if sound {
            self.sound_ticks = self.sound_ticks.saturating_add(1);
            self.quiet_ticks = 0;
        } else {
            self.quiet_ticks = self.quiet_ticks.saturating_add(1);
        }
        sound
    }

    /// Tells whether something was said and has come to its end.
    pub(super) fn prompt_ended(&self) -> bool {
        self.sound_ticks >= PROMPT_TICKS_MIN && self.quiet_ticks >= PAUSE_TICKS
    }

    /// Hears 20 ms for a tone; tells whether it has been there for long enough.
    pub(super) fn tone(&mut self, heard: &Sound, hz: f32) -> bool {
        let (mut re, mut im, mut squares) = (0_f32, 0_f32, 0_f32);
        for (sample, n) in heard.iter().zip(0_u16..) {
            let angle = TAU * hz * f32::from(n) / RATE;
            re += sample * angle.cos();
            im += sample * angle.sin();
            squares += sample * sample;
        }
        let len = heard.len() as f32;
        let tone = 2.0 * (re * re + im * im) / (len * len);
        let all = squares / len;
        let there = tone.sqrt() > rms(TONE_DBM0) && tone >= PURITY_MIN * all;
        self.tone_ticks = if there { self.tone_ticks + 1 } else { 0 };
        self.tone_ticks >= TONE_TICKS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::sound::Tone;

    fn after(ear: &mut Ear, tone: Option<f32>, ticks: u32) -> Sound {
        let mut tone = tone.map(|hz| Tone::new(hz, -20.0));
        let mut sound = [0.0; 160];
        for _ in 0..ticks {
            sound = [0.0; 160];
            if let Some(tone) = &mut tone {
                tone.add(&mut sound);
            }
            ear.hear(&sound);
        }
        sound
    }

    #[test]
    fn a_prompt_ends_after_its_last_pause_and_not_in_one_between_sentences() {
        let mut ear = Ear::default();
        after(&mut ear, None, 100);
        assert!(!ear.prompt_ended(), "nothing was said yet");
        after(&mut ear, Some(700.0), 50);
        after(&mut ear, None, 35);
        assert!(!ear.prompt_ended(), "a pause");
        after(&mut ear, Some(700.0), 20);
        after(&mut ear, None, 45);
        assert!(ear.prompt_ended());
    }

    #[test]
    fn a_tone_is_told_from_another() {
        let mut ear = Ear::default();
        let sound = after(&mut ear, Some(1500.0), 1);
        assert!(!(0..20).any(|_| ear.tone(&sound, 1400.0)));
        assert!((0..20).any(|_| ear.tone(&sound, 1500.0)));
    }
}
