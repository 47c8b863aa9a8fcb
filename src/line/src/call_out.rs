//! A call out on an FXO port, from the seizure to the answer.
//!
//! ```text
//!   Seizing --hook done--> Waiting --dial tone, or 5 s without--> Dialling --done--> Listening
//!      |                      |                                                          |
//!      '---ring---------------'--a voice and no dial tone: a caller was quicker          |
//!                             '--5 s of silence: gone, the line is dead                  |
//!                                                    reversal, voice, silence after ringback: answered
//!                                             busy, congestion, special information, 3 min: gone
//! ```

use crate::progress::{Before, Progress, ProgressEar};
use crate::sound::Sound;
use crate::zone::Meaning;
use model::port::PortEvent;
use model::site::Tones;
use model::{Cause, Instant};
use std::time::Duration;

/// A card that does not report the end of a hook change has made it after this.
const HOOK_MAX: Duration = Duration::from_millis(500);
/// The number is dialled after this though the tone that was heard is no dial tone we know. A line
/// of which nothing was heard is dead: a call over it would be waited for in vain.
const DIAL_TONE_MAX: Duration = Duration::from_secs(5);
/// So much of that time without a sound is silence: what the line said as it was seized was a click.
const SILENT_MS: u32 = 4500;
/// A card that does not report the end of dialling has dialled after this, and this for each key:
/// ten pulses and the pause between two digits.
const DIALLING_MAX: Duration = Duration::from_secs(5);
const DIGIT_MAX: Duration = Duration::from_millis(1800);
/// An exchange rings no longer.
const LISTENING_MAX: Duration = Duration::from_secs(180);
/// On a line that is known to reverse its polarity a voice counts only after so long.
const VOICE_AFTER: Duration = Duration::from_secs(30);
/// Keys of one number.
pub const NUMBER_MAX: usize = 32;

/// A call out, and what it takes to make one.
#[derive(Clone, Debug)]
pub(crate) struct CallOut {
    ear: ProgressEar,
    number: String,
    stage: Stage,
    /// The exchange was seen to reverse the polarity at an answer.
    reverses: bool,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Seizing { since: Instant },
    Waiting { since: Instant },
    Dialling { until: Instant },
    Listening { since: Instant },
}

/// What comes of a call out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Waits,
    Dial(String),
    /// The number was dialled: what comes is for the caller to hear.
    Dialled,
    Ringing,
    Answered,
    /// Somebody is heard, or picked up and says nothing: an answer, or what is played before it.
    SoundsAnswered,
    Gone(Cause),
    /// The line was ringing as it was seized: a caller is there.
    Caught,
}

impl CallOut {
    /// Makes what a port needs for all its calls out.
    pub(crate) fn new(tones: &Tones) -> Self {
        let stage = Stage::Seizing { since: Instant::START };
        let number = String::with_capacity(NUMBER_MAX);
        Self { ear: ProgressEar::new(tones), number, stage, reverses: false }
    }

    /// Begins a call: the port goes off hook.
    pub(crate) fn begin(&mut self, now: Instant, number: &str) {
        self.number.clear();
        self.number.push_str(number);
        self.ear.reset();
        self.stage = Stage::Seizing { since: now };
    }

    /// The line reversed its polarity behind what sounded like an answer.
    pub(crate) fn reversed(&mut self) {
        self.reverses = true;
    }

    pub(crate) fn event(&mut self, now: Instant, event: PortEvent) -> Step {
        match (event, self.stage) {
            (PortEvent::RingBegin | PortEvent::RingOffHook, stage) if !stage.dialled() => {
                Step::Caught
            }
            (PortEvent::HookComplete, Stage::Seizing { .. }) => {
                self.stage = Stage::Waiting { since: now };
                Step::Waits
            }
            (PortEvent::DialComplete, Stage::Dialling { .. }) => self.listen(now),
            (PortEvent::Polarity, Stage::Listening { .. }) => {
                self.reverses = true;
                Step::Answered
            }
            (PortEvent::OnHook, _) => Step::Gone(Cause::Congestion),
            _ => Step::Waits,
        }
    }

    /// Hears 20 ms of the line.
    pub(crate) fn block(&mut self, now: Instant, sound: &Sound) -> Step {
        match self.stage {
            Stage::Seizing { since } => {
                if now.since(since) >= HOOK_MAX {
                    self.stage = Stage::Waiting { since: now };
                }
                Step::Waits
            }
            Stage::Waiting { since } => match self.ear.before(sound) {
                Before::DialTone => self.dial(now),
                Before::Voice => Step::Caught,
                Before::Gone => Step::Gone(Cause::Congestion),
                Before::Nothing if now.since(since) < DIAL_TONE_MAX => Step::Waits,
                Before::Nothing if self.ear.is_quiet_for(SILENT_MS) => {
                    Step::Gone(Cause::Unreachable)
                }
                Before::Nothing => self.dial(now),
            },
            Stage::Dialling { until } if now >= until => self.listen(now),
            Stage::Dialling { .. } => Step::Waits,
            Stage::Listening { since } => self.heard(now, since, sound),
        }
    }

    fn dial(&mut self, now: Instant) -> Step {
        let digits = u32::try_from(self.number.len()).unwrap_or(u32::MAX);
        let until = now + DIALLING_MAX + DIGIT_MAX.saturating_mul(digits);
        self.stage = Stage::Dialling { until };
        Step::Dial(self.number.clone())
    }

    fn listen(&mut self, now: Instant) -> Step {
        self.ear.reset();
        self.stage = Stage::Listening { since: now };
        Step::Dialled
    }

    fn heard(&mut self, now: Instant, since: Instant, sound: &Sound) -> Step {
        match self.ear.hear(sound) {
            Some(Progress::Ringing) => Step::Ringing,
            Some(Progress::Answered) if self.reverses && now.since(since) < VOICE_AFTER => {
                Step::Waits
            }
            Some(Progress::Answered) => Step::SoundsAnswered,
            Some(Progress::Gone(Meaning::Busy)) => Step::Gone(Cause::Busy),
            Some(Progress::Gone(Meaning::Congestion)) => Step::Gone(Cause::Congestion),
            Some(Progress::Gone(Meaning::Special)) => Step::Gone(Cause::NotFound),
            None if now.since(since) >= LISTENING_MAX => Step::Gone(Cause::NoAnswer),
            None => Step::Waits,
        }
    }
}

impl Stage {
    fn dialled(self) -> bool {
        matches!(self, Self::Dialling { .. } | Self::Listening { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_which_nothing_is_heard_is_dead_and_costs_five_seconds() {
        let mut call = CallOut::new(&Tones::default());
        let at = |tick: u64| Instant::START + Duration::from_millis(20 * tick);
        call.begin(at(0), "10086");
        call.event(at(0), PortEvent::HookComplete);
        let click: Sound = [9000.0; 160];
        let told = (0..300).find_map(|tick| {
            let sound = if tick == 0 { click } else { [0.0; 160] };
            let step = call.block(at(tick), &sound);
            (step != Step::Waits).then_some((tick, step))
        });
        assert_eq!(told, Some((250, Step::Gone(Cause::Unreachable))));
    }
}
