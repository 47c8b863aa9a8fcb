//! A trial of a port, for whoever installs it: a call is made or waited for, and what is heard of the
//! line is measured.
//!
//! ```text
//!   Rest --1 s--> Seizing --> DialTone --heard 1 s, or 5 s--> Dialling --> Progress --answer--> Probe
//!   Waits --second ring after the number, or third--> Answering -----------------------------> Probe
//!   Probe (a tone of ours, 1 s) --> Talk --the far side is gone, or 40 s--> After (4 s) --> Over
//!   busy, congestion, special; nobody; no battery; 120 s in all .......................--> Over
//! ```
//!
//! Sans-IO like the port itself, whose place it takes meanwhile: events and blocks in, orders and
//! blocks out.

mod advice;
mod measure;

pub use advice::{Advice, Settings, advice};

use crate::caller_id::CallerIdEar;
use crate::config::Names;
use crate::progress::{Before, Progress, ProgressEar};
use crate::sound::{RATE, Sound, decode};
use crate::zone::GoneEars;
use measure::{PROBE_HZ, Powers, at, dbm0, of};
use model::port::{Alarm, Hook, PortEvent, PortOrder};
use model::site::Tones;
use model::{Instant, Law};
use std::collections::VecDeque;
use std::f32::consts::TAU;
use std::time::Duration;

/// The whole trial.
pub const LASTS_MAX: Duration = Duration::from_secs(110);
const REST: Duration = Duration::from_secs(1);
const HOOK_MAX: Duration = Duration::from_millis(500);
const DIAL_TONE: Duration = Duration::from_secs(1);
const DIAL_TONE_MAX: Duration = Duration::from_secs(5);
const DIALLING_MAX: Duration = Duration::from_secs(20);
const PROGRESS_MAX: Duration = Duration::from_secs(50);
const PROBE: Duration = Duration::from_secs(1);
const TALK_MAX: Duration = Duration::from_secs(40);
const AFTER: Duration = Duration::from_secs(4);
/// From the answer to the first reversal that means hang-up, as a port has it.
const REVERSAL_MIN: Duration = Duration::from_millis(600);
/// Level of the tone that is sent, as telephones speak.
const PROBE_DBM0: f32 = -16.0;
/// Quieter blocks before the answer say nothing of a ring.
const SOUND_DBM0: f32 = -50.0;
/// Rings after which a call is answered though nobody said who calls.
const RINGS_MAX: u8 = 3;

/// How the line is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// It calls this number.
    Call(String),
    /// It waits for a call.
    Await,
}

/// What a trial says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    Port(PortOrder),
    Over,
}

/// Why the far side was known to be gone, and when after the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    pub current_ms: Option<u32>,
    pub polarity_ms: Option<u32>,
    pub tone_ms: Option<u32>,
}

impl Signals {
    /// Tells whether there was any.
    pub fn any(&self) -> bool {
        self.current_ms.or(self.polarity_ms).or(self.tone_ms).is_some()
    }
}

/// What was found. Levels are in dBm0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Findings {
    pub no_battery: bool,
    pub card_gone: bool,
    /// A call was waited for.
    pub awaited: bool,
    pub rings: u8,
    /// A number was understood between the rings, and how loud it came.
    pub caller_known: bool,
    pub caller_dbm0: Option<f32>,
    /// It came before the first ring or after a reversal of polarity.
    pub announced: bool,
    pub dial_tone: bool,
    /// What was heard before dialling, dial tone or not.
    pub dial_dbm0: Option<f32>,
    pub ringback: bool,
    pub answered: bool,
    /// The exchange reversed the polarity at the answer.
    pub reversed: bool,
    /// The number was busy or not reached.
    pub refused: bool,
    /// Of the far side's speech, and of the line between.
    pub voice_dbm0: Option<f32>,
    pub noise_dbm0: Option<f32>,
    /// Our own tone comes back so much weaker.
    pub echo_loss_db: Option<f32>,
    pub hang_up: Signals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Rest,
    Waits,
    Seizing,
    DialTone,
    Dialling,
    Progress,
    Answering,
    Probe,
    Talk,
    After,
    Over,
}

/// A trial that goes on.
pub struct Trial {
    law: Law,
    way: Way,
    stage: Stage,
    began: Instant,
    since: Instant,
    answered: Instant,
    findings: Findings,
    caller_ear: CallerIdEar,
    progress: ProgressEar,
    gone: GoneEars,
    heard: Powers,
    probe: Powers,
    before: Powers,
    /// Samples of the tone that were sent.
    sent: u32,
    said: VecDeque<Said>,
}

impl Trial {
    pub fn new(now: Instant, law: Law, tones: &Tones, way: Way) -> Self {
        let awaited = way == Way::Await;
        let stage = if awaited { Stage::Waits } else { Stage::Rest };
        Self {
            law,
            way,
            stage,
            began: now,
            since: now,
            answered: now,
            findings: Findings { awaited, ..Findings::default() },
            caller_ear: CallerIdEar::new(Names::default()),
            progress: ProgressEar::new(tones),
            gone: GoneEars::new(tones),
            heard: Powers::new(),
            probe: Powers::new(),
            before: Powers::new(),
            sent: 0,
            said: VecDeque::with_capacity(8),
        }
    }

    /// What was found so far.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    pub fn poll(&mut self) -> Option<Said> {
        self.said.pop_front()
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        self.end();
    }

    /// Takes an event of the port.
    pub fn event(&mut self, now: Instant, event: PortEvent) {
        let talks = matches!(self.stage, Stage::Probe | Stage::Talk | Stage::After);
        let ms = u32::try_from(now.since(self.answered).as_millis()).unwrap_or(u32::MAX);
        match event {
            PortEvent::Alarm { alarm, raised: true } if alarm.ends_calls() => {
                self.findings.no_battery |= alarm == Alarm::NoBattery;
                self.findings.card_gone |= alarm != Alarm::NoBattery;
                self.end();
            }
            PortEvent::HookComplete if self.stage == Stage::Seizing => {
                self.go(now, Stage::DialTone);
            }
            PortEvent::HookComplete if self.stage == Stage::Answering => self.answer(now),
            PortEvent::DialComplete if self.stage == Stage::Dialling => {
                self.progress.reset();
                self.go(now, Stage::Progress);
            }
            PortEvent::RingBegin if self.stage == Stage::Waits => {
                self.findings.rings = self.findings.rings.saturating_add(1);
                let known = self.findings.caller_known;
                if self.findings.rings >= RINGS_MAX || known && self.findings.rings > 1 {
                    self.said.push_back(Said::Port(PortOrder::Hook(Hook::Off)));
                    self.go(now, Stage::Answering);
                }
            }
            PortEvent::Polarity if self.stage == Stage::Waits => {
                self.findings.announced |= self.findings.rings == 0;
            }
            PortEvent::Polarity if self.stage == Stage::Progress => {
                self.findings.reversed = true;
                self.answer(now);
            }
            PortEvent::Polarity if talks && now.since(self.answered) < REVERSAL_MIN => {
                self.findings.reversed = true;
            }
            PortEvent::Polarity if talks => {
                self.findings.hang_up.polarity_ms.get_or_insert(ms);
                self.after(now);
            }
            PortEvent::OnHook if talks => {
                self.findings.hang_up.current_ms.get_or_insert(ms);
                self.after(now);
            }
            PortEvent::OnHook if self.stage == Stage::Progress => self.end(),
            _ => {}
        }
    }

    /// Hears 20 ms, and gives what the line is told in them.
    pub fn block(&mut self, now: Instant, block: &[u8; 160]) -> Option<[u8; 160]> {
        let mut sound: Sound = [0.0; 160];
        decode(self.law, block, &mut sound);
        if now.since(self.began) >= LASTS_MAX {
            self.end();
        }
        let passed = now.since(self.since);
        match self.stage {
            Stage::Rest if passed >= REST => {
                self.said.push_back(Said::Port(PortOrder::Hook(Hook::Off)));
                self.go(now, Stage::Seizing);
            }
            Stage::Waits => self.waits(&sound),
            Stage::Seizing if passed >= HOOK_MAX => self.go(now, Stage::DialTone),
            Stage::DialTone => self.dial_tone(now, &sound),
            Stage::Dialling if passed >= DIALLING_MAX => self.go(now, Stage::Progress),
            Stage::Progress => self.goes_out(now, &sound),
            Stage::Answering if passed >= HOOK_MAX => self.answer(now),
            Stage::Probe => return Some(self.probed(now, &sound)),
            Stage::Talk => self.talks(now, &sound),
            Stage::After if passed >= AFTER => self.end(),
            Stage::After if self.gone.hear(&sound).is_some() => self.tone_means_gone(now),
            _ => {}
        }
        None
    }

    fn waits(&mut self, sound: &Sound) {
        let power = of(sound);
        if self.findings.rings <= 1 && dbm0(power) > SOUND_DBM0 && !self.findings.caller_known {
            self.before.add(power);
        }
        if self.caller_ear.hear(sound).is_some() {
            self.findings.caller_known = true;
            self.findings.announced |= self.findings.rings == 0;
            self.findings.caller_dbm0 = self.before.level(50);
        }
    }

    fn dial_tone(&mut self, now: Instant, sound: &Sound) {
        self.before.add(of(sound));
        self.findings.dial_tone |= self.progress.before(sound) == Before::DialTone;
        let passed = now.since(self.since);
        let heard = self.findings.dial_tone && passed >= DIAL_TONE;
        if !heard && passed < DIAL_TONE_MAX {
            return;
        }
        self.findings.dial_dbm0 = self.before.level(80);
        if let Way::Call(number) = &self.way {
            self.said.push_back(Said::Port(PortOrder::Dial(number.clone())));
        }
        self.go(now, Stage::Dialling);
    }

    fn goes_out(&mut self, now: Instant, sound: &Sound) {
        match self.progress.hear(sound) {
            Some(Progress::Ringing) => self.findings.ringback = true,
            Some(Progress::Answered) => self.answer(now),
            Some(Progress::Gone(_)) => {
                self.findings.refused = true;
                self.end();
            }
            None if now.since(self.since) >= PROGRESS_MAX => self.end(),
            None => {}
        }
    }

    fn answer(&mut self, now: Instant) {
        (self.findings.answered, self.answered) = (true, now);
        self.go(now, Stage::Probe);
    }

    /// Sends the tone and listens for it. Who speaks meanwhile is louder in some blocks and not in
    /// all: the weaker half of them is the echo.
    fn probed(&mut self, now: Instant, sound: &Sound) -> [u8; 160] {
        let passed = now.since(self.since);
        if passed >= PROBE / 5 {
            self.probe.add(at(sound, PROBE_HZ));
        }
        if passed >= PROBE {
            let loss = self.probe.level(25).map(|level| PROBE_DBM0 - level);
            self.findings.echo_loss_db = loss;
            self.go(now, Stage::Talk);
        }
        let peak = (2.0 * crate::sound::power(PROBE_DBM0)).sqrt();
        let mut samples = [0; 160];
        for sample in &mut samples {
            let turn = TAU * PROBE_HZ * self.sent as f32 / RATE;
            *sample = (turn.sin() * peak) as i16;
            // A second of it: far below where the turn loses its place.
            self.sent = self.sent.wrapping_add(1);
        }
        let mut block = [0; 160];
        self.law.encode(&samples, &mut block);
        block
    }

    fn talks(&mut self, now: Instant, sound: &Sound) {
        if self.gone.hear(sound).is_some() {
            self.tone_means_gone(now);
            return self.after(now);
        }
        if !self.gone.sounds() {
            self.heard.add(of(sound));
        }
        if now.since(self.since) >= TALK_MAX {
            self.end();
        }
    }

    fn tone_means_gone(&mut self, now: Instant) {
        let ms = u32::try_from(now.since(self.answered).as_millis()).unwrap_or(u32::MAX);
        self.findings.hang_up.tone_ms.get_or_insert(ms);
    }

    fn after(&mut self, now: Instant) {
        if self.stage != Stage::After {
            self.go(now, Stage::After);
        }
    }

    fn end(&mut self) {
        if self.stage == Stage::Over {
            return;
        }
        self.findings.noise_dbm0 = self.heard.level(10);
        let floor = self.findings.noise_dbm0.unwrap_or(-90.0);
        // The loudest tenth is who speaks, where it stands out of the noise.
        self.findings.voice_dbm0 = self.heard.level(90).filter(|level| *level > floor + 6.0);
        self.stage = Stage::Over;
        self.said.push_back(Said::Port(PortOrder::Hook(Hook::On)));
        self.said.push_back(Said::Over);
    }

    fn go(&mut self, now: Instant, stage: Stage) {
        (self.stage, self.since) = (stage, now);
    }
}
