//! A caller on the line, from the box's answer to the last step.

use super::Dice;
use super::ear::Ear;
use super::keys::KeySender;
use super::script::{Caller, TICK_MS};
use super::sound::{Sound, Tone};
use super::step::Step;
use std::sync::Arc;

/// Pause between two sayings of `talk`.
const BREATH_TICKS: u64 = 1500 / TICK_MS;
/// Level of `tone`.
const TONE_DBM0: f32 = -10.0;
/// Before a key or a word, for a person is not that fast; the jitter comes on top.
const REACTION_TICKS: u64 = 200 / TICK_MS;

/// What became of a call, for the one who tests the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The caller did every step and hung up.
    Finished,
    /// The box hung up first.
    BoxHungUp,
    /// Nobody answered, and the caller gave up.
    GaveUp,
    /// A tone the caller waited for was not heard.
    ToneMissed,
    /// The plug was drawn.
    Unplugged,
}

/// What a caller heard in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Prompts waited for that came to their end, and that did not.
    pub prompts: u16,
    pub prompts_missed: u16,
    /// Tones waited for and heard.
    pub tones: u16,
    /// Time in which the box was not quiet.
    pub sound_ms: u32,
}

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Stay,
    HangUp(Outcome),
    Unplug { ticks: u64 },
}

/// A caller's call.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    step: usize,
    /// Ticks since the step began, less those of the reaction before it.
    ticks: u64,
    reaction: u64,
    ear: Ear,
    voice: Voice,
    pub(super) heard: Heard,
}

#[derive(Clone, Debug)]
enum Voice {
    Quiet,
    Keys(KeySender),
    Tone(Tone),
    /// The next sample to be said, and the pause before it.
    Words {
        at: usize,
        pause: u64,
    },
}

impl Talk {
    pub(super) fn new(caller: &Caller, dice: &mut Dice) -> Self {
        let (ear, voice) = (Ear::default(), Voice::Quiet);
        let mut talk = Self { step: 0, ticks: 0, reaction: 0, ear, voice, heard: Heard::default() };
        talk.begin(caller, dice);
        talk
    }

    /// 20 ms of the call: hears the box and says what is due.
    pub(super) fn tick(
        &mut self,
        caller: &Caller,
        heard: &Sound,
        said: &mut Sound,
        dice: &mut Dice,
    ) -> Next {
        if self.ear.hear(heard) {
            self.heard.sound_ms += TICK_MS as u32;
        }
        let Some(step) = caller.steps.get(self.step) else {
            return Next::HangUp(Outcome::Finished);
        };
        if self.reaction > 0 {
            self.reaction -= 1;
            return Next::Stay;
        }
        self.ticks += 1;
        let passed_ms = self.ticks * TICK_MS;
        let over = |ms: u64| passed_ms >= ms;
        let done = match step {
            Step::WaitPrompt { ms } => {
                let ended = self.ear.prompt_ended();
                self.heard.prompts += u16::from(ended);
                self.heard.prompts_missed += u16::from(!ended && over(*ms));
                ended || over(*ms)
            }
            Step::Wait { ms } => over(*ms),
            Step::WaitTone { hz, ms } => {
                let there = self.ear.tone(heard, *hz);
                if !there && over(*ms) {
                    return Next::HangUp(Outcome::ToneMissed);
                }
                self.heard.tones += u16::from(there);
                there
            }
            Step::Press { .. } => !self.say(&[], said),
            Step::Say { sound } => !self.say(sound, said),
            Step::Tone { ms, .. } => {
                self.say(&[], said);
                over(*ms)
            }
            Step::Talk { sound, ms } => {
                let over = over(*ms);
                if !self.say(sound, said) {
                    self.voice = Voice::Words { at: 0, pause: BREATH_TICKS };
                }
                over
            }
            Step::Unplug { ms } => return Next::Unplug { ticks: ms.div_ceil(TICK_MS) },
            Step::HangUp => return Next::HangUp(Outcome::Finished),
        };
        if done {
            self.step += 1;
            self.begin(caller, dice);
        }
        Next::Stay
    }

    fn begin(&mut self, caller: &Caller, dice: &mut Dice) {
        (self.ticks, self.reaction, self.ear) = (0, 0, Ear::default());
        self.voice = match caller.steps.get(self.step) {
            Some(Step::Press { keys }) => {
                Voice::Keys(KeySender::new(Arc::clone(keys), caller.manner))
            }
            Some(Step::Say { .. } | Step::Talk { .. }) => Voice::Words { at: 0, pause: 0 },
            Some(Step::Tone { hz, .. }) => Voice::Tone(Tone::new(*hz, TONE_DBM0)),
            _ => Voice::Quiet,
        };
        if !matches!(self.voice, Voice::Quiet) {
            self.reaction = REACTION_TICKS + dice.up_to(caller.jitter_ticks);
        }
    }

    /// Says the next 20 ms; tells whether more is to come.
    fn say(&mut self, sound: &[i16], said: &mut Sound) -> bool {
        match &mut self.voice {
            Voice::Quiet => false,
            Voice::Keys(keys) => keys.add(said),
            Voice::Tone(tone) => {
                tone.add(said);
                true
            }
            Voice::Words { pause, .. } if *pause > 0 => {
                *pause -= 1;
                true
            }
            Voice::Words { at, .. } => {
                let words = sound.get(*at..).unwrap_or_default();
                said.iter_mut().zip(words).for_each(|(out, &word)| *out += f32::from(word));
                *at += said.len();
                *at < sound.len()
            }
        }
    }
}
