//! Keys on their way to a leg, one after the other, as events or as tones.
//!
//! ```text
//!   Idle --a key waits--> Event | Tone --done--> Pause --PAUSE_TICKS--> Idle
//! ```

use crate::dtmf::KeyTone;
use crate::telephone_event::{EventOut, EventPacket, KEY_TICKS, PAUSE_TICKS};
use heapless::Deque;
use model::{Digit, SAMPLES_PER_FRAME};

/// Keys that may wait on one leg; the next is dropped and counted.
pub const DIGITS_MAX: usize = 32;

/// What is being sent.
#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Event(EventOut),
    Tone { digit: Digit, tone: KeyTone, ticks: u8 },
    Pause { ticks: u8 },
}

/// What the leg hears of a key in this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Nothing: other sound may pass.
    None,
    /// A packet of an event that began at a time stamp, instead of sound.
    Event { timestamp: u32, packet: EventPacket },
    /// A tone; the frame is filled with it.
    Tone,
}

/// The keys waiting on one leg.
pub struct Digits {
    waiting: Deque<Digit, DIGITS_MAX>,
    state: State,
    sent: u64,
    dropped: u64,
}

impl Digits {
    /// Has no keys to send.
    pub const fn new() -> Self {
        Self { waiting: Deque::new(), state: State::Idle, sent: 0, dropped: 0 }
    }

    /// Puts a key at the end of the line.
    pub fn push(&mut self, digit: Digit) {
        if self.waiting.push_back(digit).is_err() {
            self.dropped += 1;
        }
    }

    /// Goes on by a tick whose packet would have `timestamp`; `as_event` tells by which clock
    /// the next key that starts is sent as an event; as a tone without one.
    pub fn tick(&mut self, as_event: Option<u32>, timestamp: u32, frame: &mut [i16]) -> Key {
        if let State::Idle = self.state {
            let Some(digit) = self.waiting.pop_front() else { return Key::None };
            self.sent += 1;
            self.state = if let Some(clock_hz) = as_event {
                State::Event(EventOut::new(digit, timestamp, clock_hz))
            } else {
                let len = usize::from(KEY_TICKS) * SAMPLES_PER_FRAME;
                State::Tone { digit, tone: KeyTone::new(digit, len), ticks: KEY_TICKS }
            };
        }
        match &mut self.state {
            State::Idle => Key::None,
            State::Event(event) => match event.packet() {
                Some(packet) => Key::Event { timestamp: event.timestamp, packet },
                None => self.pause(PAUSE_TICKS),
            },
            State::Tone { ticks: 0, .. } => self.pause(PAUSE_TICKS),
            State::Tone { tone, ticks, .. } => {
                *ticks -= 1;
                tone.fill(frame);
                Key::Tone
            }
            State::Pause { ticks } => {
                let left = ticks.saturating_sub(1);
                self.pause(left)
            }
        }
    }

    /// The key whose tone is being sent.
    pub fn sounding(&self) -> Option<Digit> {
        match &self.state {
            State::Tone { digit, .. } => Some(*digit),
            _ => None,
        }
    }

    /// Keys that were begun, and keys that found no place.
    pub fn counts(&self) -> (u64, u64) {
        (self.sent, self.dropped)
    }

    fn pause(&mut self, ticks: u8) -> Key {
        self.state = if ticks == 0 { State::Idle } else { State::Pause { ticks } };
        Key::None
    }
}
