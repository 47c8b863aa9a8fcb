//! A simulated card: ports that ring, callers who speak and press keys.
//!
//! ```text
//!   script -> Callers -> agenda --due--> wire (a port's exchange) -- talk (the caller's steps)
//!                                          |  ^                         ear, keys, sound
//!                             events, read v  | write, order
//!                                       Card (the box)
//! ```
//!
//! Time is the number of ticks: the same seed and the same orders give the same calls. `README.md`
//! of this crate describes the scripts.

mod agenda;
mod caller_id;
mod ear;
mod events;
mod keys;
mod reader;
mod script;
mod sound;
mod step;
mod talk;
mod wire;

pub use caller_id::CallerIdKind;
pub use script::{CALLERS_MAX, Callers, STEPS_MAX, SimError};
pub use talk::{Heard, Outcome};

use crate::{BLOCK, Card, CardError};
use agenda::Agenda;
use events::Events;
use model::port::{PortEvent, PortKind, PortOrder};
use model::{Instant, Law};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use script::Caller;
use std::collections::VecDeque;
use wire::Wire;

/// Calls that are remembered for whoever tests the box; the oldest is forgotten first.
pub const STORIES_MAX: usize = 256;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Story {
    /// Counts from 1, as in the script.
    pub caller: usize,
    /// Counts from 0.
    pub port: usize,
    /// Ticks of 20 ms since the card began.
    pub began_tick: u64,
    pub ended_tick: u64,
    pub outcome: Outcome,
    pub heard: Heard,
}

/// The card.
pub struct SimCard {
    kinds: Vec<PortKind>,
    wires: Vec<Wire>,
    /// When each port's present call began.
    began: Vec<u64>,
    callers: Vec<Caller>,
    agenda: Agenda,
    events: Events,
    dice: Dice,
    tick: u64,
    stories: VecDeque<Story>,
}

impl SimCard {
    /// Makes a card with ports of these kinds. Callers ring FXO ports; an FXS port has a telephone
    /// that nobody ever lifts.
    pub fn new(seed: u64, kinds: &[PortKind], callers: Callers) -> Result<Self, SimError> {
        let callers = callers.callers;
        for (caller, no) in callers.iter().zip(1..) {
            let Some(port) = caller.port else { continue };
            let what = match kinds.get(port) {
                Some(PortKind::Fxo) => continue,
                Some(PortKind::Fxs) => "is fxs: a telephone hangs there, and nobody calls".into(),
                None => format!("is not there: the card has {}", kinds.len()),
            };
            return Err(SimError::Port { line: caller.line, caller: no, port: port + 1, what });
        }
        let mut dice = Dice(ChaCha12Rng::seed_from_u64(seed));
        Ok(Self {
            kinds: kinds.to_vec(),
            wires: (0..kinds.len()).map(Wire::new).collect(),
            began: vec![0; kinds.len()],
            agenda: Agenda::new(&callers, &mut dice),
            callers,
            events: Events::new(),
            dice,
            tick: 0,
            stories: VecDeque::with_capacity(STORIES_MAX),
        })
    }

    /// The calls that are over, oldest first.
    pub fn stories(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter()
    }

    /// Events that were lost because nobody took them.
    pub fn events_lost(&self) -> u64 {
        self.events.lost()
    }

    fn call_whoever_is_due(&mut self) {
        for ((port, wire), kind) in self.wires.iter_mut().enumerate().zip(&self.kinds) {
            if *kind != PortKind::Fxo || !wire.free() {
                continue;
            }
            let Some(caller) = self.agenda.next(self.tick, port, &self.callers) else { continue };
            let Some(script) = self.callers.get(caller) else { continue };
            wire.call(caller, script, &mut self.events);
            if let Some(began) = self.began.get_mut(port) {
                *began = self.tick;
            }
        }
    }

    fn remember(&mut self, story: Story) {
        if self.stories.len() == STORIES_MAX {
            self.stories.pop_front();
        }
        self.stories.push_back(story);
    }

    fn wire(&mut self, port: usize) -> Result<&mut Wire, CardError> {
        self.wires.get_mut(port).ok_or(CardError::NoPort(port))
    }
}

impl Card for SimCard {
    fn ports(&self) -> usize {
        self.wires.len()
    }

    fn law(&self) -> Law {
        Law::A
    }

    fn tick(&mut self, _now: Instant) {
        self.call_whoever_is_due();
        for port in 0..self.wires.len() {
            let Some(wire) = self.wires.get_mut(port) else { continue };
            let ended = wire.tick(&self.callers, &mut self.dice, &mut self.events);
            let Some(ended) = ended else { continue };
            if let Some(script) = self.callers.get(ended.caller) {
                self.agenda.ended(self.tick, ended.caller, script, &mut self.dice);
            }
            let began_tick = self.began.get(port).copied().unwrap_or_default();
            self.remember(Story {
                caller: ended.caller + 1,
                port,
                began_tick,
                ended_tick: self.tick,
                outcome: ended.outcome,
                heard: ended.heard,
            });
        }
        self.tick += 1;
    }

    fn event(&mut self) -> Option<(usize, PortEvent)> {
        self.events.pop()
    }

    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
        let said = self.wire(port)?.take();
        *block = *said.unwrap_or(block);
        Ok(said.is_some())
    }

    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError> {
        self.wire(port)?.hear(block);
        Ok(())
    }

    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError> {
        let kind = self.kinds.get(port).copied();
        let wire = self.wire(port)?;
        match kind {
            // Whatever the box does there, the telephone stays on its hook.
            Some(PortKind::Fxs) => Ok(()),
            _ => wire.order(order),
        }
    }
}

/// Seeded dice, for jitter and noise.
#[derive(Clone, Debug)]
struct Dice(ChaCha12Rng);

impl Dice {
    /// A number from 0 to `most`.
    fn up_to(&mut self, most: u64) -> u64 {
        self.0.next_u64() % most.saturating_add(1).max(1)
    }

    /// Nearly normal noise of root mean square 1: the sum of four bytes.
    fn noise(&mut self) -> f32 {
        let sum: u16 = self.0.next_u32().to_le_bytes().into_iter().map(u16::from).sum();
        (f32::from(sum) - 510.0) / 147.8
    }
}
