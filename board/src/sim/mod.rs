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
mod desk;
mod ear;
mod events;
mod exchange;
mod fault;
mod keys;
mod modem;
mod people;
mod reader;
mod script;
mod sound;
mod span;
mod step;
mod talk;
mod wire;

pub use caller_id::CallerIdKind;
pub use desk::DeskStory;
pub use modem::{ModemHabits, SimModem};
pub use people::{Call, People};
pub use script::{CALLERS_MAX, Callers, Ends, STEPS_MAX, SimError};
pub use span::{SimSpan, Trouble};
pub use talk::{Heard, Next, Outcome};

use crate::{BLOCK, Card, CardError};
use agenda::Agenda;
use desk::Desk;
use events::Events;
use exchange::Exchange;
use fault::{Fault, What};
use model::port::{Alarm, PortEvent, PortKind, PortOrder};
use model::site::Tones;
use model::{Instant, Law};
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use script::Caller;
use std::collections::VecDeque;
use wire::{Ended, Wire};

/// Calls that are remembered for whoever tests the box; the oldest is forgotten first.
pub const STORIES_MAX: usize = 256;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Story {
    /// Counts from 1, as in the script.
    pub caller: usize,
    /// Counts from 0; of a primary rate line its slot, from 1.
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
    /// One a port; only those of FXS ports are lifted.
    desks: Vec<Desk>,
    /// When each port's present call began.
    began: Vec<u64>,
    callers: Vec<Caller>,
    faults: Vec<Fault>,
    agenda: Agenda,
    events: Events,
    dice: Dice,
    tick: u64,
    stories: VecDeque<Story>,
}

impl SimCard {
    /// Makes a card with ports of these kinds. Callers ring FXO ports; an FXS port has a telephone
    /// that nobody lifts but by the script.
    pub fn new(seed: u64, kinds: &[PortKind], callers: Callers) -> Result<Self, SimError> {
        let Callers { callers, phones, faults } = callers;
        let mut desks: Vec<Desk> = (0..kinds.len()).map(Desk::new).collect();
        for (phone, no) in phones.iter().zip(1..) {
            let what = match (kinds.get(phone.port), desks.get_mut(phone.port)) {
                (Some(PortKind::Fxs), Some(desk)) => {
                    *desk = Desk::new(phone.port).with(phone);
                    continue;
                }
                (Some(_), _) => "is fxo: no telephone hangs there".into(),
                (None, _) => format!("is not there: the card has {}", kinds.len()),
            };
            let port = phone.port.saturating_add(1);
            return Err(SimError::Port { line: phone.line, caller: no, port, what });
        }
        for fault in &faults {
            let what = match fault.port.map(|port| kinds.get(port)) {
                Some(None) => format!("the card has {} ports", kinds.len()),
                Some(Some(PortKind::Fxs)) if fault.what == What::NoBattery => {
                    "the port is fxs: the battery there is the card's own".to_owned()
                }
                _ => continue,
            };
            return Err(SimError::Fault { line: fault.line, what });
        }
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
        let exchange = Exchange::of(&Tones::default());
        Ok(Self {
            kinds: kinds.to_vec(),
            wires: (0..kinds.len()).map(|port| Wire::new(port, &exchange)).collect(),
            desks,
            began: vec![0; kinds.len()],
            agenda: Agenda::new(&callers, &mut dice),
            callers,
            faults,
            events: Events::new(),
            dice,
            tick: 0,
            stories: VecDeque::with_capacity(STORIES_MAX),
        })
    }

    /// The same card on lines of another country.
    pub fn in_country(mut self, tones: &Tones) -> Self {
        let exchange = Exchange::of(tones);
        self.wires.iter_mut().for_each(|wire| wire.moved(&exchange));
        self
    }

    /// The same card on lines of an exchange that takes numbers by pulse alone.
    pub fn by_pulse(mut self) -> Self {
        self.wires.iter_mut().for_each(Wire::grows_old);
        self
    }

    /// The same card on lines that echo what the box says, so many decibels weaker.
    pub fn echoing(mut self, weaker_db: f32) -> Self {
        let factor = 10_f32.powf(-weaker_db / 20.0);
        self.wires.iter_mut().for_each(|wire| wire.echoes(factor));
        self
    }

    /// The calls that are over, oldest first.
    pub fn stories(&self) -> impl Iterator<Item = &Story> {
        self.stories.iter()
    }

    /// What became of the telephone on a port.
    pub fn desk(&self, port: usize) -> Option<DeskStory> {
        self.desks.get(port).map(|desk| desk.story)
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
            let rings = |caller: &Caller| caller.rings(port);
            let Some(caller) = self.agenda.next(self.tick, &self.callers, rings) else { continue };
            let Some(script) = self.callers.get(caller) else { continue };
            wire.call(caller, script, &mut self.events);
            if let Some(began) = self.began.get_mut(port) {
                *began = self.tick;
            }
        }
    }

    /// Lets what is due go wrong, and come right again.
    fn go_wrong(&mut self) {
        for fault in self.faults.clone() {
            for port in (0..self.kinds.len()).filter(|port| fault.is_of(*port)) {
                self.goes_wrong(fault, port);
            }
        }
    }

    fn goes_wrong(&mut self, fault: Fault, port: usize) {
        let (tick, is_fxs) = (self.tick, self.kinds.get(port) == Some(&PortKind::Fxs));
        if tick == fault.from_tick && !is_fxs {
            let wire = self.wires.get_mut(port);
            let ended = match (fault.what, wire) {
                (What::NoBattery, Some(wire)) => wire.draw(fault.ticks, &mut self.events),
                // The driver hangs up what it had.
                (What::DriverReload, Some(wire)) => {
                    wire.hangs_up();
                    None
                }
                _ => None,
            };
            if let Some(ended) = ended {
                self.end(port, ended);
            }
        }
        let Some((alarm, from, until)) = fault.alarm() else { return };
        for (at, raised) in [(from, true), (until, false)] {
            if tick == at {
                self.events.push(port, PortEvent::Alarm { alarm, raised });
            }
        }
        // A card that is opened anew tells how it found the hook.
        if is_fxs && tick == until && alarm == Alarm::CardGone {
            let lifted = self.desks.get(port).is_some_and(Desk::is_lifted);
            let hook = if lifted { PortEvent::RingOffHook } else { PortEvent::OnHook };
            self.events.push(port, hook);
        }
    }

    /// Tells whether the driver is not there for a port, and whether there is no sound of it.
    fn is_gone(&self, port: usize) -> (bool, bool) {
        let stands = |fault: &&Fault| fault.is_of(port) && fault.stands(self.now_tick());
        let mut standing = self.faults.iter().filter(stands).map(|fault| fault.what);
        let gone = standing.clone().any(|what| what == What::DriverReload);
        (gone, gone || standing.any(|what| what == What::Silent))
    }

    /// The tick that runs, or ran last.
    fn now_tick(&self) -> u64 {
        self.tick.saturating_sub(1)
    }

    fn end(&mut self, port: usize, ended: Ended) {
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

    fn remember(&mut self, story: Story) {
        if self.stories.len() == STORIES_MAX {
            self.stories.pop_front();
        }
        self.stories.push_back(story);
    }

    /// The telephone of an FXS port.
    fn telephone(&mut self, port: usize) -> Option<&mut Desk> {
        let faces = self.kinds.get(port) == Some(&PortKind::Fxs);
        self.desks.get_mut(port).filter(|_| faces)
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
        self.go_wrong();
        self.call_whoever_is_due();
        for port in 0..self.wires.len() {
            if self.kinds.get(port) == Some(&PortKind::Fxs) {
                if let Some(desk) = self.desks.get_mut(port) {
                    desk.tick(&mut self.events);
                }
                continue;
            }
            let Some(wire) = self.wires.get_mut(port) else { continue };
            let ended = wire.tick(&self.callers, &mut self.dice, &mut self.events);
            if let Some(ended) = ended {
                self.end(port, ended);
            }
        }
        self.tick += 1;
    }

    fn event(&mut self) -> Option<(usize, PortEvent)> {
        // Nobody tells what happens on a port whose driver is not there.
        while let Some((port, event)) = self.events.pop() {
            if matches!(event, PortEvent::Alarm { .. }) || !self.is_gone(port).1 {
                return Some((port, event));
            }
        }
        None
    }

    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
        if self.is_gone(port).1 {
            return Ok(false);
        }
        let said = match self.telephone(port) {
            Some(desk) => desk.take(),
            None => self.wire(port)?.take(),
        };
        *block = *said.unwrap_or(block);
        Ok(said.is_some())
    }

    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError> {
        match self.telephone(port) {
            Some(desk) => desk.hear(block),
            None => self.wire(port)?.hear(block),
        }
        Ok(())
    }

    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError> {
        if self.is_gone(port).0 {
            return Err(CardError::Gone);
        }
        match self.telephone(port) {
            Some(desk) => desk.order(order),
            None => self.wire(port)?.order(order),
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
