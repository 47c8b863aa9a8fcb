//! What an exchange says while a call out is being made, and whether somebody answered.
//!
//! ```text
//!   off hook --dial tone--> dialled --ringback--> rings --a voice, or no more ringback--> answered
//!                              |         '----------'--busy, congestion, special--> gone
//!                              '--a voice for longer--> answered
//! ```
//!
//! An analogue line does not say that somebody answered unless it reverses its polarity. A voice
//! before any ringback may be an announcement of the exchange or a song played for ringback, and one
//! after it may be; it is let through as an answer, since who hears it knows better.

use crate::pitch::{HALF, HALF_MS, PitchEar};
use crate::sound::{Sound, power};
use crate::voice::{Heard, VoiceEar};
use crate::zone::{GoneEars, Meaning, Rhythm};
use model::site::{Cadence, Pitch, Tones};

/// A dial tone is sure after so much of it.
const DIAL_MS: u32 = 400;
/// Share of a tone in all power: of 8 dB of noise it is less than what ends a call (`pitch`).
const PURITY_MIN: f32 = 0.78;
/// A break no longer than this is none: the edge of an echo, a lost packet.
const BREAK_MS: u32 = 40;
/// A burst of ringback may be shorter or longer than it should by this share, or this much.
const TOLERANCE: f32 = 0.2;
const TOLERANCE_MS: f32 = 60.0;
/// A pause behind it makes it one.
const PAUSE_MS: u32 = 120;
/// Parts of special information last at least this long, each at its frequency.
const SPECIAL_MS: u32 = 200;
/// Quieter sound is no voice of a caller who is there before a number is dialled.
const VOICE_DBM0: f32 = -38.0;
/// So much voice within a second is somebody who speaks, after ringback and without any.
const VOICE_MS: u32 = 300;
const VOICE_ALONE_MS: u32 = 700;
const SECOND_MS: u32 = 1000;
const BLOCK_MS: u32 = 2 * HALF_MS;
/// Speech gets louder and weaker by this much within it; a dial tone of another country does not.
const SWING_DB: f32 = 9.0;
const SWING_HALVES: u32 = 5;
/// A dial tone for so long after the number was dialled: the exchange took none of it.
const STILL_MS: u32 = 3000;
/// No ringback for this much longer than its pause: somebody picked up and says nothing.
const SILENT_MS: u32 = 1500;

/// What was heard of a call that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Ringing,
    /// Somebody speaks, or picked up and says nothing.
    Answered,
    Gone(Meaning),
}

/// What was heard before the number was dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    DialTone,
    /// Somebody is there already.
    Voice,
    /// Another tone than the dial tone.
    Gone,
}

/// An ear for calls out.
#[derive(Clone, Debug)]
pub(crate) struct ProgressEar {
    dial: Run,
    ringback: Run,
    rings: Option<Rhythm>,
    special: Vec<Run>,
    /// The part of special information that comes next.
    special_next: usize,
    gone: GoneEars,
    voice: VoiceEar,
    floor: f32,
    /// How much voice there was lately, and since when nothing but pauses.
    voice_ms: u32,
    quiet_ms: u32,
    rang: bool,
    swing: Swing,
}

/// How much a voice gets louder and weaker, 50 ms at a time.
#[derive(Clone, Copy, Debug, Default)]
struct Swing {
    power: f32,
    halves: u32,
    least: f32,
    most: f32,
}

/// How long a pitch sounds without a break.
#[derive(Clone, Debug)]
struct Run {
    ear: Option<PitchEar>,
    ms: u32,
    /// How long the burst before was, and the pause since.
    burst_ms: u32,
    pause_ms: u32,
}

impl ProgressEar {
    /// Makes an ear for a country's tones.
    pub(crate) fn new(tones: &Tones) -> Self {
        let rings = Rhythm::of(&tones.ringback);
        // One pitch in a rhythm is heard like busy; several in a row one after the other.
        let special = match Rhythm::of(&tones.special) {
            Some(_) => Vec::new(),
            None => sounding(&tones.special).map(Run::new).collect(),
        };
        Self {
            dial: Run::new(first(&tones.dial)),
            ringback: Run::new(first(&tones.ringback)),
            rings: rings.map(|(_, rhythm)| rhythm),
            special,
            special_next: 0,
            gone: GoneEars::of_calls_out(tones),
            voice: VoiceEar::new(),
            floor: power(VOICE_DBM0),
            voice_ms: 0,
            quiet_ms: 0,
            rang: false,
            swing: Swing::default(),
        }
    }

    /// Forgets what was heard: another call begins, or its number was dialled.
    pub(crate) fn reset(&mut self) {
        self.gone.reset();
        [&mut self.dial, &mut self.ringback].into_iter().for_each(Run::reset);
        self.special.iter_mut().for_each(Run::reset);
        (self.special_next, self.voice_ms, self.quiet_ms, self.rang) = (0, 0, 0, false);
        (self.swing, self.voice) = (Swing::default(), VoiceEar::new());
    }

    /// Hears 20 ms before the number is dialled.
    pub(crate) fn before(&mut self, sound: &Sound) -> Before {
        if self.gone.hear(sound).is_some() {
            return Before::Gone;
        }
        for half in sound.chunks_exact(HALF) {
            let is_tone = self.dial.hear(half);
            self.listen_for_voice(half, is_tone);
        }
        // Of one that pauses two bursts may be needed.
        if self.dial.ms + self.dial.burst_ms >= DIAL_MS {
            Before::DialTone
        } else if self.voice_ms >= VOICE_ALONE_MS && self.swing.is_speech() {
            Before::Voice
        } else {
            Before::Nothing
        }
    }

    /// Tells whether nothing at all was heard for so long.
    pub(crate) fn is_quiet_for(&self, ms: u32) -> bool {
        self.quiet_ms >= ms
    }

    /// Hears 20 ms of a call that was dialled.
    pub(crate) fn hear(&mut self, sound: &Sound) -> Option<Progress> {
        if let Some(meaning) = self.gone.hear(sound) {
            return Some(Progress::Gone(meaning));
        }
        let mut is_tone = self.gone.sounds();
        for half in sound.chunks_exact(HALF) {
            is_tone |= self.is_tone(half);
        }
        if self.is_special() {
            return Some(Progress::Gone(Meaning::Special));
        }
        if self.dial.ms >= STILL_MS {
            return Some(Progress::Gone(Meaning::Congestion));
        }
        let heard = self.voice.hear(sound, is_tone);
        self.voice_ms = match heard {
            Heard::Voice => (self.voice_ms + BLOCK_MS).min(SECOND_MS),
            Heard::Noise | Heard::Quiet => self.voice_ms.saturating_sub(BLOCK_MS / 4),
        };
        let quiet = heard == Heard::Quiet && !is_tone;
        self.quiet_ms = if quiet { self.quiet_ms + BLOCK_MS } else { 0 };
        if !self.rang && self.is_ringback() {
            (self.rang, self.voice_ms) = (true, 0);
            return Some(Progress::Ringing);
        }
        let longest = self.rings.as_ref().map_or(SECOND_MS, Rhythm::longest_pause_ms);
        let ceased = self.rang && self.quiet_ms > longest + SILENT_MS;
        let voice = if self.rang { VOICE_MS } else { VOICE_ALONE_MS };
        (ceased || self.voice_ms >= voice).then_some(Progress::Answered)
    }

    /// Hears 10 ms; tells whether they are of a tone that says nobody is there yet.
    fn is_tone(&mut self, half: &[f32]) -> bool {
        let mut is_tone = self.ringback.hear(half);
        is_tone |= self.dial.hear(half);
        for run in &mut self.special {
            is_tone |= run.hear(half);
        }
        is_tone
    }

    fn listen_for_voice(&mut self, half: &[f32], is_tone: bool) {
        let squares: f32 = half.iter().map(|sample| sample * sample).sum();
        let loud = squares / HALF as f32 > self.floor;
        if loud && !is_tone {
            self.swing.add(squares / HALF as f32);
        }
        self.voice_ms = match loud && !is_tone && !self.gone.sounds() {
            true => (self.voice_ms + HALF_MS).min(SECOND_MS),
            false => self.voice_ms.saturating_sub(HALF_MS / 4),
        };
        self.quiet_ms = if loud { 0 } else { self.quiet_ms + HALF_MS };
    }

    /// Tells whether a burst of ringback and a pause were heard.
    fn is_ringback(&self) -> bool {
        let Run { burst_ms, pause_ms, .. } = self.ringback;
        let blur = self.ringback.ear.as_ref().map_or(0, PitchEar::blur_ms);
        let near = |on: u16| {
            let (ms, on) = (burst_ms.saturating_sub(blur) as f32, f32::from(on));
            (ms - on).abs() <= (on * TOLERANCE).max(TOLERANCE_MS)
        };
        let fits = |rhythm: &Rhythm| rhythm.pairs().iter().any(|&(on, _)| near(on));
        pause_ms >= PAUSE_MS && self.rings.as_ref().is_some_and(fits)
    }

    /// Follows the parts of special information, each of which ends another's.
    fn is_special(&mut self) -> bool {
        let Some(run) = self.special.get(self.special_next) else { return false };
        if run.ms >= SPECIAL_MS {
            self.special_next += 1;
        } else if self.special_next > 0 && self.special.iter().all(|run| run.pause_ms > SECOND_MS) {
            self.special_next = 0;
        }
        self.special_next == self.special.len()
    }
}

impl Swing {
    fn add(&mut self, power: f32) {
        self.power += power;
        self.halves += 1;
        if self.halves < SWING_HALVES {
            return;
        }
        let (power, first) = (self.power / SWING_HALVES as f32, self.most == 0.0);
        self.least = if first { power } else { self.least.min(power) };
        self.most = self.most.max(power);
        (self.power, self.halves) = (0.0, 0);
    }

    fn is_speech(self) -> bool {
        self.most > self.least * 10f32.powf(SWING_DB / 10.0)
    }
}

impl Run {
    fn new(pitch: Pitch) -> Self {
        Self { ear: PitchEar::new(pitch), ms: 0, burst_ms: 0, pause_ms: 0 }
    }

    fn reset(&mut self) {
        if let Some(ear) = &mut self.ear {
            ear.reset();
        }
        (self.ms, self.burst_ms, self.pause_ms) = (0, 0, 0);
    }

    /// Hears 10 ms; tells whether they are of the pitch.
    fn hear(&mut self, half: &[f32]) -> bool {
        let Some(ear) = &mut self.ear else { return false };
        let is = ear.measure(half).share >= PURITY_MIN;
        if is {
            if self.ms == 0 && self.burst_ms > 0 && self.pause_ms <= BREAK_MS {
                self.ms = self.burst_ms + self.pause_ms;
            }
            (self.ms, self.pause_ms) = (self.ms + HALF_MS, 0);
        } else {
            if self.ms > 0 {
                (self.burst_ms, self.ms) = (self.ms, 0);
            }
            self.pause_ms = self.pause_ms.saturating_add(HALF_MS);
        }
        is
    }
}

fn sounding(cadence: &Cadence) -> impl Iterator<Item = Pitch> {
    cadence.parts().iter().map(|part| part.pitch).filter(|pitch| *pitch != Pitch::Pause)
}

fn first(cadence: &Cadence) -> Pitch {
    sounding(cadence).next().unwrap_or(Pitch::Pause)
}
