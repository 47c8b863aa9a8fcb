//! A telephone on an FXS port: who lifts it, dials, speaks and flashes, by a script.
//!
//! ```text
//!   steps: answer 2 | lift | wait-tone 450 5s | press 8001 | pulse 110 | tone 1004 3s | flash | put-down
//! ```

use super::ear::Ear;
use super::events::Events;
use super::keys::{KeySender, Manner};
use super::script::{STEPS_MAX, SimError, TICK_MS, line_of};
use super::sound::{Sound, Tone, decode, encode};
use super::step;
use crate::{BLOCK, CardError};
use model::port::{Hook, PortEvent, PortOrder};
use model::{Digit, Law};
use serde::Deserialize;
use std::sync::Arc;
use toml::Spanned;

/// Level of `tone`.
const TONE_DBM0: f32 = -10.0;
/// A telephone's keys.
const MANNER: Manner = Manner { on_ms: 100, off_ms: 100, dbm0: -10.0, twist_db: 2.0 };
/// Ten pulses a second, and the pause between two digits.
const PULSE_TICKS: u64 = 100 / TICK_MS;
const BETWEEN_TICKS: u64 = 700 / TICK_MS;

const USAGE: &str = "expected wait TIME, answer RINGS, lift, wait-tone HZ TIME, press KEYS, \
                     pulse DIGITS, tone HZ TIME, flash or put-down";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawPhone {
    port: usize,
    steps: Spanned<Vec<Spanned<String>>>,
}

/// A telephone's script, checked.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// Counts from 0.
    pub(super) port: usize,
    pub(super) line: usize,
    steps: Arc<[Step]>,
}

#[derive(Clone, Debug)]
enum Step {
    Wait {
        ms: u64,
    },
    /// Lifts once it rang so often.
    Answer {
        rings: u32,
    },
    Lift,
    /// Until a tone is heard; puts the receiver down for good when the time is over.
    WaitTone {
        hz: f32,
        ms: u64,
    },
    Press {
        keys: Arc<[Digit]>,
    },
    Pulse {
        keys: Arc<[Digit]>,
    },
    Tone {
        hz: f32,
        ms: u64,
    },
    Flash,
    PutDown,
}

impl Script {
    pub(super) fn read(text: &str, raw: Spanned<RawPhone>, no: usize) -> Result<Self, SimError> {
        let line = line_of(text, raw.span().start);
        let RawPhone { port, steps } = raw.into_inner();
        let wrong = |what: String| SimError::Caller { line, caller: no, what };
        let port = port.checked_sub(1).ok_or_else(|| wrong("port 0: they count from 1".into()))?;
        if steps.get_ref().len() > STEPS_MAX {
            return Err(wrong(format!("more than {STEPS_MAX} steps")));
        }
        let read = steps.into_inner().into_iter().zip(1..).map(|(step, at)| {
            let line = line_of(text, step.span().start);
            let text = step.into_inner();
            let fault =
                |what| SimError::Step { line, caller: no, step: at, text: text.clone(), what };
            parse(&text).map_err(fault)
        });
        Ok(Self { port, line, steps: read.collect::<Result<_, _>>()? })
    }
}

fn parse(text: &str) -> Result<Step, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["wait", time] => Ok(Step::Wait { ms: step::duration_ms(time)? }),
        ["answer", rings] => {
            let rings = rings.parse().ok().filter(|rings| (1..=20).contains(rings));
            rings.map(|rings| Step::Answer { rings }).ok_or("answer: expected 1 to 20 rings".into())
        }
        ["lift"] => Ok(Step::Lift),
        ["wait-tone", hz, time] => {
            Ok(Step::WaitTone { hz: step::frequency(hz)?, ms: step::duration_ms(time)? })
        }
        ["press", keys] => Ok(Step::Press { keys: step::digits(keys)? }),
        ["pulse", keys] if keys.bytes().all(|key| key.is_ascii_digit()) => {
            Ok(Step::Pulse { keys: step::digits(keys)? })
        }
        ["tone", hz, time] => {
            Ok(Step::Tone { hz: step::frequency(hz)?, ms: step::duration_ms(time)? })
        }
        ["flash"] => Ok(Step::Flash),
        ["put-down"] => Ok(Step::PutDown),
        _ => Err(USAGE.into()),
    }
}

/// What became of a telephone's script so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeskStory {
    /// Every step was done.
    pub finished: bool,
    /// Tones waited for and heard, and whether one was missed.
    pub tones: u16,
    pub missed: bool,
    /// How often its bell began to ring.
    pub rings: u32,
    /// Messages its lamp tells of.
    pub lamp: u16,
}

/// A telephone.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    port: usize,
    steps: Arc<[Step]>,
    step: usize,
    ticks: u64,
    lifted: bool,
    ringing: bool,
    /// Rings since this step began.
    rung: u32,
    ear: Ear,
    keys: Option<KeySender>,
    tone: Option<Tone>,
    from_box: [u8; BLOCK],
    to_box: [u8; BLOCK],
    unread: bool,
    pub(super) story: DeskStory,
}

impl Desk {
    /// A telephone that nobody lifts.
    pub(super) fn new(port: usize) -> Self {
        let quiet = [Law::A.silence(); BLOCK];
        Self {
            port,
            steps: Arc::new([]),
            step: 0,
            ticks: 0,
            lifted: false,
            ringing: false,
            rung: 0,
            ear: Ear::default(),
            keys: None,
            tone: None,
            from_box: quiet,
            to_box: quiet,
            unread: false,
            story: DeskStory::default(),
        }
    }

    pub(super) fn with(mut self, script: &Script) -> Self {
        self.steps = Arc::clone(&script.steps);
        self
    }

    pub(super) fn is_lifted(&self) -> bool {
        self.lifted
    }

    pub(super) fn take(&mut self) -> Option<&[u8; BLOCK]> {
        std::mem::take(&mut self.unread).then_some(&self.to_box)
    }

    pub(super) fn hear(&mut self, block: &[u8; BLOCK]) {
        self.from_box = *block;
    }

    pub(super) fn order(&mut self, order: &PortOrder) -> Result<(), CardError> {
        match order {
            PortOrder::Hook(Hook::Ring) if self.lifted => return Err(CardError::Busy(self.port)),
            PortOrder::Hook(Hook::Ring) => {
                self.ringing = true;
                self.rung += 1;
                self.story.rings += 1;
            }
            PortOrder::Hook(_) => self.ringing = false,
            PortOrder::Lamp(waiting) => self.story.lamp = *waiting,
            PortOrder::Dial(_) | PortOrder::Pulse(_) => return Err(CardError::Busy(self.port)),
            PortOrder::SoundOnHook { .. } | PortOrder::Gain { .. } | PortOrder::Talk(_) => {}
        }
        Ok(())
    }

    /// Goes on 20 ms.
    pub(super) fn tick(&mut self, events: &mut Events) {
        let (mut heard, mut said): (Sound, Sound) = ([0.0; BLOCK], [0.0; BLOCK]);
        if self.lifted {
            decode(&self.from_box, &mut heard);
        }
        self.from_box = [Law::A.silence(); BLOCK];
        self.ear.hear(&heard);
        self.ticks += 1;
        let step = self.steps.get(self.step).cloned();
        match step {
            Some(step) => {
                if self.does(&step, &heard, &mut said, events) {
                    (self.step, self.ticks, self.rung) = (self.step + 1, 0, 0);
                    (self.ear, self.keys, self.tone) = (Ear::default(), None, None);
                }
            }
            None => {
                self.hook(false, events);
                self.story.finished = !self.story.missed && !self.steps.is_empty();
            }
        }
        encode(&said, &mut self.to_box);
        self.unread = true;
    }

    /// Goes on with a step; tells whether it is done.
    fn does(&mut self, step: &Step, heard: &Sound, said: &mut Sound, events: &mut Events) -> bool {
        let over = |ms: u64| self.ticks * TICK_MS >= ms;
        match step {
            Step::Wait { ms } => over(*ms),
            Step::Answer { rings } => {
                let done = self.rung >= *rings;
                if done {
                    self.hook(true, events);
                }
                done
            }
            Step::Lift => {
                self.hook(true, events);
                true
            }
            Step::WaitTone { hz, ms } => {
                let missed = over(*ms);
                let there = self.ear.tone(heard, *hz);
                self.story.tones += u16::from(there);
                if missed && !there {
                    self.story.missed = true;
                    self.step = self.steps.len();
                }
                there
            }
            Step::Press { keys } => {
                let keys = || KeySender::new(Arc::clone(keys), MANNER);
                !self.keys.get_or_insert_with(keys).add(said)
            }
            Step::Pulse { keys } => self.pulses(keys, events),
            Step::Tone { hz, ms } => {
                let done = over(*ms);
                self.tone.get_or_insert_with(|| Tone::new(*hz, TONE_DBM0)).add(said);
                done
            }
            Step::Flash => {
                events.push(self.port, PortEvent::Flash);
                true
            }
            Step::PutDown => {
                self.hook(false, events);
                true
            }
        }
    }

    /// The driver counts the pulses and tells each digit behind its last.
    fn pulses(&mut self, keys: &[Digit], events: &mut Events) -> bool {
        let mut at = 0;
        for key in keys {
            let pulses = key.as_char().to_digit(10).filter(|digit| *digit > 0).unwrap_or(10);
            at += u64::from(pulses) * PULSE_TICKS + BETWEEN_TICKS;
            if at == self.ticks {
                events.push(self.port, PortEvent::Pulse(*key));
            }
        }
        self.ticks >= at
    }

    fn hook(&mut self, lifted: bool, events: &mut Events) {
        if std::mem::replace(&mut self.lifted, lifted) != lifted {
            let event = if lifted { PortEvent::RingOffHook } else { PortEvent::OnHook };
            events.push(self.port, event);
        }
    }
}
