//! Sound devices of the box, as the phones they are to the exchange.
//!
//! ```text
//!   headset:      the console dials for it --> Arrived ... Answer: its sound is opened ... Gone
//!   loudspeaker:  Ring --> Answered at once, by itself ...................................... Gone
//! ```
//!
//! A headset is not rung: nobody is heard who did not ask to be. Its right to supervise is that of its
//! phone's role, or of who sits at it, as at any phone.

use super::Switch;
use crate::clips::ClipTable;
use crate::devices::{Condition, Named, Plays, Shelf, Told};
use crate::service::{Severity, log};
use control::HeadsetWish;
use crossbeam_channel::{Receiver, bounded};
use media::{Block, Command, Live};
use model::site::SoundUse;
use model::{
    AgentId, Cause, Digit, Fact, Instant, LegEvent, LegId, Number, PersonName, PhoneId,
    RecordingId, Supervising, Via,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest number that is dialled, and most keys that are pressed at once.
const KEYS_MAX: usize = 64;

/// Why something is not done at a headset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAtHeadset {
    #[error("the site has no headset: give a phone a device (`[phone.NUMBER]`, device and use)")]
    None,
    #[error("phone {0} is no headset of the box")]
    Other(PhoneId),
    #[error("the headset of phone {0} is not there: plug it in")]
    Gone(PhoneId),
    #[error("the headset of phone {0} is in use: hang it up first")]
    Busy(PhoneId),
    #[error("the headset of phone {0} is in no call")]
    Idle(PhoneId),
    #[error("'{0}' cannot be dialled: at most 64 of 0-9, * and #")]
    Unreadable(String),
    #[error("the site has no agent {0}")]
    NoAgent(String),
    #[error("the site has no code to {0} agents: name one in [codes]")]
    NoCode(&'static str),
    #[error("the box takes no new calls")]
    Draining,
    #[error(
        "phone {0} may hear no recordings: give its role, or that of who sits at it, hears-recordings"
    )]
    NoRecordings(PhoneId),
    #[error("there is no recording {0}; see `ringfence recording list`")]
    NoRecording(String),
}

/// Phones that are sound devices, on the ports behind all others.
#[derive(Default)]
pub struct Devices {
    first_port: u16,
    rows: Vec<(Named, Arc<Told>)>,
    plays: Vec<Plays>,
    shelf: Option<Shelf>,
    /// The line-in that is the music of who waits.
    pub music: Option<(Arc<Live>, Arc<Told>)>,
    legs: BTreeMap<LegId, usize>,
}

impl Devices {
    pub fn new(first_port: u16, devices: Vec<Named>, told: Vec<Arc<Told>>) -> Self {
        let rows = devices.into_iter().zip(told).collect();
        Self { first_port, rows, ..Self::default() }
    }

    /// Lets recordings be heard by them.
    pub fn with(self, plays: Vec<Plays>, shelf: Shelf) -> Self {
        Self { plays, shelf: Some(shelf), ..self }
    }

    /// Takes its clips' music from the line-in, where there is one.
    pub fn music_of(&self, clips: ClipTable) -> ClipTable {
        match &self.music {
            Some((live, _)) => clips.with_live(live),
            None => clips,
        }
    }

    /// Has a headset play something else; nothing ends what it plays.
    fn play(&self, no: usize, blocks: Option<Receiver<Block>>) {
        let playing = self.rows.get(no).map(|(_, told)| &told.playing);
        if let (Some(plays), Some(playing)) = (self.plays.get(no), playing) {
            playing.store(blocks.is_some(), Ordering::Release);
            // A receiver whose sender is gone ends at once.
            let _ = plays.try_send(blocks.unwrap_or_else(|| bounded(0).1));
        }
    }

    fn is_playing(&self, no: usize) -> bool {
        self.rows.get(no).is_some_and(|(_, told)| told.playing.load(Ordering::Acquire))
    }

    /// Tells whether a phone is a device.
    pub fn has(&self, phone: &PhoneId) -> bool {
        self.number(phone).is_some()
    }

    /// Tells whether a leg is one's.
    pub fn owns(&self, leg: LegId) -> bool {
        self.legs.contains_key(&leg)
    }

    /// The sum of what they count.
    pub fn sum(&self, of: impl Fn(&Told) -> &AtomicU64) -> u64 {
        let music = self.music.iter().map(|(_, told)| told);
        let told = self.rows.iter().map(|(_, told)| told).chain(music);
        told.map(|told| of(told).load(Ordering::Relaxed)).sum()
    }

    fn number(&self, phone: &PhoneId) -> Option<usize> {
        self.rows.iter().position(|(named, _)| named.phone == *phone)
    }

    fn port(&self, no: usize) -> u16 {
        u16::try_from(no).map_or(u16::MAX, |no| self.first_port.saturating_add(no))
    }

    fn leg_of(&self, no: usize) -> Option<LegId> {
        self.legs.iter().find(|(_, of)| **of == no).map(|(leg, _)| *leg)
    }

    fn is_open(&self, no: usize) -> bool {
        self.rows.get(no).is_some_and(|(_, told)| told.condition() == Condition::Open)
    }

    /// The headset that is meant.
    fn headset(&self, phone: Option<&PhoneId>) -> Result<(usize, PhoneId), NotAtHeadset> {
        let headset = |row: &&(Named, Arc<Told>)| row.0.device.used == SoundUse::Headset;
        let meant = |row: &&(Named, Arc<Told>)| phone.is_none_or(|phone| row.0.phone == *phone);
        let found = self.rows.iter().find(|row| headset(row) && meant(row));
        let found = found.and_then(|(named, _)| Some((self.number(&named.phone)?, named)));
        match (found, phone) {
            (Some((no, named)), _) => Ok((no, named.phone.clone())),
            (None, Some(phone)) => Err(NotAtHeadset::Other(phone.clone())),
            (None, None) => Err(NotAtHeadset::None),
        }
    }
}

impl Switch {
    /// Does what is wanted at a headset.
    pub(super) fn at_headset(
        &mut self,
        now: Instant,
        phone: Option<&PhoneId>,
        wish: &HeadsetWish,
    ) -> Result<(), NotAtHeadset> {
        let (no, phone) = self.parts.devices.headset(phone)?;
        let leg = self.parts.devices.leg_of(no);
        match wish {
            HeadsetWish::Supervise { agent, how } => self.supervise_at(now, no, agent, *how),
            HeadsetWish::Dial { number } => self.dial_at(now, no, number.clone()),
            HeadsetWish::Press { keys } => {
                let leg = leg.ok_or(NotAtHeadset::Idle(phone))?;
                let digits: Option<Vec<Digit>> = keys.chars().map(Digit::new).collect();
                let digits = digits.filter(|digits| digits.len() <= KEYS_MAX);
                let digits = digits.ok_or_else(|| NotAtHeadset::Unreadable(cut(keys)))?;
                for digit in digits {
                    let event = LegEvent::Digit(digit);
                    self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
                }
                Ok(())
            }
            HeadsetWish::Hear { recording } => self.hear_at(now, no, phone, recording),
            HeadsetWish::HangUp if self.parts.devices.is_playing(no) => {
                self.parts.devices.play(no, None);
                Ok(())
            }
            HeadsetWish::HangUp => {
                let leg = leg.ok_or(NotAtHeadset::Idle(phone))?;
                self.end_device(now, leg, Cause::Normal);
                Ok(())
            }
        }
    }

    /// Dials the site's code for it, or presses the key in a talk that is heard already.
    fn supervise_at(
        &mut self,
        now: Instant,
        no: usize,
        agent: &str,
        how: Supervising,
    ) -> Result<(), NotAtHeadset> {
        let agent = AgentId::new(agent);
        if !self.parts.site.agents.contains_key(&agent) {
            return Err(NotAtHeadset::NoAgent(cut(agent.as_str())));
        }
        let leg = self.parts.devices.leg_of(no);
        let hears = |leg: &LegId| self.parts.exchange.supervised_by(*leg) == Some(&agent);
        if let (Some(leg), Some(key)) = (leg.filter(hears), Digit::new(how.digit())) {
            let event = LegEvent::Digit(key);
            self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
            return Ok(());
        }
        let codes = self.parts.site.codes.rows();
        let code = codes.iter().find(|row| row.key == how.key() && !row.code.is_empty());
        let code = code.ok_or(NotAtHeadset::NoCode(how.key()))?;
        self.dial_at(now, no, format!("{}{agent}", code.code))
    }

    /// Lets a recording be heard, and notes by whom.
    fn hear_at(
        &mut self,
        now: Instant,
        no: usize,
        phone: PhoneId,
        recording: &str,
    ) -> Result<(), NotAtHeadset> {
        let by = self.parts.exchange.hears_recordings(&phone);
        let by = by.ok_or_else(|| NotAtHeadset::NoRecordings(phone.clone()))?;
        if self.parts.devices.leg_of(no).is_some() {
            return Err(NotAtHeadset::Busy(phone));
        }
        if !self.parts.devices.is_open(no) {
            return Err(NotAtHeadset::Gone(phone));
        }
        let unknown = || NotAtHeadset::NoRecording(cut(recording));
        let recording: RecordingId = recording.parse().map_err(|_| unknown())?;
        let shelf = self.parts.devices.shelf.as_ref();
        let blocks = shelf.and_then(|shelf| shelf.play(recording)).ok_or_else(unknown)?;
        self.parts.devices.play(no, Some(blocks));
        let wall = self.parts.anchor.wall(now);
        log(Severity::Notice, &format!("recording {recording} is heard at phone {phone}"));
        self.facts.push((wall, Fact::RecordingHeard { recording, by }));
        Ok(())
    }

    /// Picks the headset up and dials.
    fn dial_at(&mut self, now: Instant, no: usize, dialled: String) -> Result<(), NotAtHeadset> {
        let Some((named, _)) = self.parts.devices.rows.get(no) else {
            return Err(NotAtHeadset::None);
        };
        let phone = named.phone.clone();
        let readable = |sign: char| sign.is_ascii_digit() || matches!(sign, '*' | '#');
        if dialled.is_empty() || dialled.len() > KEYS_MAX || !dialled.chars().all(readable) {
            return Err(NotAtHeadset::Unreadable(cut(&dialled)));
        }
        if self.draining {
            return Err(NotAtHeadset::Draining);
        }
        if self.parts.devices.leg_of(no).is_some() {
            return Err(NotAtHeadset::Busy(phone));
        }
        if !self.parts.devices.is_open(no) {
            return Err(NotAtHeadset::Gone(phone));
        }
        if self.parts.devices.is_playing(no) {
            self.parts.devices.play(no, None);
        }
        let port = self.parts.devices.port(no);
        let leg = self.parts.wires.open_port(port).ok_or(NotAtHeadset::None)?;
        self.parts.devices.legs.insert(leg, no);
        let event = LegEvent::Arrived {
            via: Via::Phone(phone.clone()),
            caller: Number::new(phone.as_str()),
            name: PersonName::default(),
            dialled,
            diverted: Number::default(),
        };
        self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
        Ok(())
    }

    /// A phone that is a device is rung: a loudspeaker answers.
    pub(super) fn ring_device(&mut self, now: Instant, leg: LegId, phone: &PhoneId) {
        let devices = &mut self.parts.devices;
        let no = devices.number(phone);
        let speaker = |no: &usize| {
            let row = devices.rows.get(*no);
            row.is_some_and(|(named, _)| named.device.used == SoundUse::Loudspeaker)
        };
        let cause = match no.filter(speaker) {
            None => Cause::Declined,
            Some(no) if !devices.is_open(no) => Cause::Unreachable,
            Some(no) if devices.leg_of(no).is_some() => Cause::Busy,
            Some(no) => {
                let port = devices.port(no);
                devices.legs.insert(leg, no);
                self.parts.wires.put_on_port(leg, port);
                return self.answer_device(now, leg);
            }
        };
        let event = LegEvent::Gone(cause);
        self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
    }

    /// A device's leg is answered.
    pub(super) fn answer_device(&mut self, now: Instant, leg: LegId) {
        self.open_channel(leg);
        let event = LegEvent::Answered;
        self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
    }

    /// A device's leg is over, whoever ended it.
    pub(super) fn end_device(&mut self, now: Instant, leg: LegId, cause: Cause) {
        self.parts.devices.legs.remove(&leg);
        if self.sound.opened.remove(&leg) {
            self.tell_engine(leg, |slot| Command::Close { slot });
        }
        self.close(leg);
        if !self.was_cut() {
            let event = LegEvent::Gone(cause);
            self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
        }
    }

    /// A device is gone or there again: who talks by it is cut off, and who calls it is told.
    pub(super) fn device_alarm(&mut self, now: Instant, port: u16, gone: bool) {
        let Some(no) = port.checked_sub(self.parts.devices.first_port).map(usize::from) else {
            return;
        };
        let Some((named, _)) = self.parts.devices.rows.get(no) else { return };
        let (phone, used) = (named.phone.clone(), named.device.used);
        self.alarms.set(now, "sound-device-gone", phone.as_str(), gone);
        if let Some(leg) = self.parts.devices.leg_of(no).filter(|_| gone) {
            self.end_device(now, leg, Cause::Vanished);
        }
        if used == SoundUse::Loudspeaker {
            self.parts.exchange.handle(now, exchange::Input::Phone { phone, up: !gone });
        }
    }

    /// Looks whether the line-in is there.
    pub(super) fn watch_music(&mut self, now: Instant) {
        if let Some((_, told)) = &self.parts.devices.music {
            let gone = told.condition() == Condition::Gone;
            self.alarms.set(now, "sound-device-gone", "music", gone);
        }
    }
}

/// What was typed, as much of it as a sentence takes.
fn cut(text: &str) -> String {
    text.chars().take(KEYS_MAX).filter(|sign| !sign.is_control()).collect()
}
