//! A primary rate line between two sides, and what befalls one.
//!
//! ```text
//!   side 0: data, sound --> due ticks later --> side 1: frames, sound, alarms
//!           <------------------------------------------
//! ```
//!
//! Neither side's signalling is here: whoever owns a side hands in its frames and blocks, and takes those
//! of the other. Time is the number of ticks of 20 ms.

use super::Dice;
use crate::BLOCK;
use model::Law;
use model::port::{Alarm, PortEvent};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;
use std::collections::{BTreeSet, VecDeque};

/// Channels that carry sound; the sixteenth slot is the D channel's.
const SLOTS: usize = 31;
/// Frames on their way to a side; more are lost, as in a driver without room.
const FRAMES_MAX: usize = 64;
/// From one side to the other.
const TICKS: u64 = 1;

/// What befalls a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The wire is cut: neither side has a signal.
    Cut,
    /// This side hears nothing; the other is told so.
    Deaf(usize),
    /// This side finds no frames in what it hears; the other is told so.
    LossOfFrame(usize),
    /// Between the sides somebody sends ones to this one, as an amplifier does whose other side is cut.
    Ones(usize),
    /// This side's card is drawn, or its driver loaded anew.
    Drawn(usize),
    /// The D channel carries nothing either way; sound goes on.
    NoData,
    /// Of a thousand frames so many are lost on their way.
    Noise(u16),
}

impl Trouble {
    /// The alarms of a side.
    fn alarms(self, side: usize) -> BTreeSet<Alarm> {
        let one = match self {
            Self::Cut => Some(Alarm::Red),
            Self::Deaf(deaf) if deaf == side => Some(Alarm::Red),
            Self::LossOfFrame(lost) if lost == side => Some(Alarm::LossOfFrame),
            Self::Ones(told) if told == side => Some(Alarm::Blue),
            Self::Drawn(drawn) if drawn == side => Some(Alarm::CardGone),
            Self::Drawn(_) => Some(Alarm::Red),
            Self::Deaf(_) | Self::LossOfFrame(_) | Self::Ones(_) => Some(Alarm::Yellow),
            Self::NoData | Self::Noise(_) => None,
        };
        one.into_iter().collect()
    }

    /// Tells whether what is said reaches a side.
    fn reaches(self, side: usize) -> bool {
        match self {
            Self::Cut | Self::Drawn(_) => false,
            Self::Deaf(deaf) | Self::LossOfFrame(deaf) | Self::Ones(deaf) => deaf != side,
            Self::NoData | Self::Noise(_) => true,
        }
    }
}

/// The line.
pub struct SimSpan {
    ends: [End; 2],
    trouble: Option<Trouble>,
    dice: Dice,
    tick: u64,
    frames_lost: u64,
}

/// What one side is told.
struct End {
    frames: VecDeque<(u64, Vec<u8>)>,
    alarms: BTreeSet<Alarm>,
    events: VecDeque<PortEvent>,
    sound: Vec<[u8; BLOCK]>,
}

impl SimSpan {
    /// A line on which all is well.
    pub fn new(seed: u64) -> Self {
        let end = || End {
            frames: VecDeque::new(),
            alarms: BTreeSet::new(),
            events: VecDeque::new(),
            sound: vec![[Law::A.silence(); BLOCK]; SLOTS],
        };
        let dice = Dice(ChaCha12Rng::seed_from_u64(seed));
        Self { ends: [end(), end()], trouble: None, dice, tick: 0, frames_lost: 0 }
    }

    /// Lets a trouble begin in place of the one before, or all be well.
    pub fn befall(&mut self, trouble: Option<Trouble>) {
        self.trouble = trouble;
        for (side, end) in self.ends.iter_mut().enumerate() {
            let alarms = trouble.map(|trouble| trouble.alarms(side)).unwrap_or_default();
            let went = end.alarms.difference(&alarms).map(|alarm| (*alarm, false));
            let came = alarms.difference(&end.alarms).map(|alarm| (*alarm, true));
            let changes = went.chain(came);
            end.events.extend(changes.map(|(alarm, raised)| PortEvent::Alarm { alarm, raised }));
            end.alarms = alarms;
            if trouble.is_some_and(|trouble| !trouble.reaches(side)) {
                self.frames_lost += end.frames.len() as u64;
                end.frames.clear();
                end.sound.fill([Law::A.silence(); BLOCK]);
            }
        }
    }

    /// Goes on 20 ms. What nobody says is silence.
    pub fn tick(&mut self) {
        self.tick += 1;
    }

    /// A side sends a frame on its D channel.
    pub fn send(&mut self, side: usize, frame: &[u8]) {
        let arrives = self.carries(side) && !self.is_lost();
        let due = self.tick + TICKS;
        match self.ends.get_mut(1 - side).filter(|end| arrives && end.frames.len() < FRAMES_MAX) {
            Some(end) => end.frames.push_back((due, frame.to_vec())),
            None => self.frames_lost += 1,
        }
    }

    /// The next frame that has come to a side.
    pub fn frame(&mut self, side: usize) -> Option<Vec<u8>> {
        let frames = &mut self.ends.get_mut(side)?.frames;
        let due = frames.front().is_some_and(|(due, _)| *due <= self.tick);
        due.then(|| frames.pop_front()).flatten().map(|(_, frame)| frame)
    }

    /// The next alarm that a side's card tells.
    pub fn event(&mut self, side: usize) -> Option<PortEvent> {
        self.ends.get_mut(side)?.events.pop_front()
    }

    /// A side says something on a channel, by its slot from 1.
    pub fn write(&mut self, side: usize, slot: u8, block: &[u8; BLOCK]) {
        if !self.carries(side) {
            return;
        }
        let place = usize::from(slot).checked_sub(1);
        let end = self.ends.get_mut(1 - side);
        if let Some(sound) = end.zip(place).and_then(|(end, place)| end.sound.get_mut(place)) {
            *sound = *block;
        }
    }

    /// What a side hears on a channel, once; silence where nothing was said, and nothing where its card
    /// is drawn.
    pub fn read(&mut self, side: usize, slot: u8) -> Option<[u8; BLOCK]> {
        if self.trouble == Some(Trouble::Drawn(side)) {
            return None;
        }
        let place = usize::from(slot).checked_sub(1)?;
        let sound = self.ends.get_mut(side)?.sound.get_mut(place)?;
        Some(std::mem::replace(sound, [Law::A.silence(); BLOCK]))
    }

    /// Frames that did not arrive.
    pub fn frames_lost(&self) -> u64 {
        self.frames_lost
    }

    /// Tells whether what a side says reaches the other.
    fn carries(&self, side: usize) -> bool {
        side < 2 && self.trouble.is_none_or(|trouble| trouble.reaches(1 - side))
    }

    fn is_lost(&mut self) -> bool {
        match self.trouble {
            Some(Trouble::NoData) => true,
            Some(Trouble::Noise(of_1000)) => self.dice.up_to(999) < u64::from(of_1000),
            _ => false,
        }
    }
}
