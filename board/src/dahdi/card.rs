//! A card of real ports.
//!
//! ```text
//!   Shut --each second: asked, checked, opened--> Open --events--> PortEvent
//!    ^  CardGone, Misfit stand                     |   \--looked at each second--> alarms
//!    '------------ removed, ENODEV, EIO -----------'   no sound: CardGone stands, and it stays open
//!                  with every port of its span
//! ```
//!
//! A channel whose card is drawn or whose driver is loaded anew must be closed at once: each further
//! call on it sleeps 5 ms in the kernel, and the driver cannot go while it is held. One card's ports
//! go together, so the first that is gone closes all of its span. All of this is done in the tick of
//! the media thread, at most one port opened in each; no call waits.

mod hook;

use super::driver::{Driver, Line};
use super::event::Happened;
use super::gain::Gain;
use super::info::{Alarms, Signalling};
use super::survey::{Difference, Wanted, check, survey};
use crate::{BLOCK, Card, CardError};
use hook::refusal;
use model::port::{Alarm, Hook, PortEvent, PortOrder};
use model::{Instant, Law};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// A port that is shut is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);
/// Ticks in which every port is looked at once.
const ROUND_TICKS: usize = 50;
/// A card that gives no sound for so many ticks is silent.
const SILENT_TICKS: u32 = 50;
/// Events taken of a port a tick. The driver holds 64, and loses later ones.
const EVENTS_PER_TICK: usize = 16;
/// Events that wait to be taken; the oldest are lost and counted.
const EVENTS_MAX: usize = 4096;

/// What went wrong without stopping anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Events that nobody took.
    pub events: u64,
    /// Blocks for which the driver had no room: the box's clock is faster than the card's.
    pub blocks: u64,
    /// Blocks that came with another length than 20 ms.
    pub odd: u64,
    /// Orders of the hook that the driver refused to the end.
    pub hooks: u64,
}

/// Ports of the cards that a driver drives.
pub struct DahdiCard<D: Driver> {
    driver: D,
    ports: Vec<Port<D::Line>>,
    events: VecDeque<(usize, PortEvent)>,
    /// The port that is looked at next, and the one that is tried next.
    looks_at: usize,
    tries: usize,
    /// When the present tick began.
    now: Instant,
    lost: Lost,
}

struct Port<L> {
    wanted: Wanted,
    state: State<L>,
    /// The span it was of when it was opened.
    span: u16,
    alarms: Alarms,
    /// Digits are on their way: a block written now would cut them off.
    dialling: bool,
    /// Times in a row that there was no sound of it.
    silent: u32,
    /// What its hook is to do, which was busy, and until when that is tried.
    again: Option<(Hook, Instant)>,
}

enum State<L> {
    Open(L),
    /// When it is tried again; never tried yet without.
    Shut(Option<Instant>),
}

impl<D: Driver> DahdiCard<D> {
    /// Makes a card of these ports and opens those that can be. The others are tried each second.
    pub fn new(driver: D, now: Instant, wanted: &[Wanted]) -> Self {
        let shut = |wanted: &Wanted| Port {
            wanted: *wanted,
            state: State::Shut(None),
            span: 0,
            alarms: Alarms::default(),
            dialling: false,
            silent: 0,
            again: None,
        };
        let ports = wanted.iter().map(shut).collect();
        let events = VecDeque::with_capacity(EVENTS_MAX);
        let (looks_at, tries, lost) = (0, 0, Lost::default());
        let mut card = Self { driver, ports, events, looks_at, tries, now, lost };
        for port in 0..card.ports.len() {
            card.open(now, port);
        }
        card
    }

    /// What keeps ports from being used now, for a person to read; takes as long as asking does.
    pub fn differences(&self) -> Vec<(usize, Difference)> {
        let wanted: Vec<Wanted> = self.ports.iter().map(|port| port.wanted).collect();
        survey(&self.driver, &wanted)
    }

    pub fn lost(&self) -> Lost {
        self.lost
    }

    fn open(&mut self, now: Instant, port: usize) {
        let Some(place) = self.ports.get_mut(port) else { return };
        let channel = place.wanted.channel;
        let opened = self.driver.channel(channel).map_err(|error| Difference::of(channel, &error));
        let opened = opened.and_then(|found| check(&place.wanted, &found).map(|()| found));
        let opened = opened.and_then(|found| {
            let line = self.driver.open(channel, &place.wanted.setup());
            let line = line.map_err(|error| Difference::of(channel, &error))?;
            Ok((found, line))
        });
        let mut alarms = Alarms::default();
        match opened {
            Ok((found, line)) => {
                (place.span, place.state) = (found.span, State::Open(line));
                (place.dialling, place.silent, place.again) = (false, 0, None);
                let has_telephone = place.wanted.signalling == Signalling::Fxs;
                self.look(now, port);
                // The driver tells how the hook changes; what it was before nobody was told.
                if has_telephone {
                    let lifted = found.off_hook;
                    self.tell(
                        port,
                        if lifted { PortEvent::RingOffHook } else { PortEvent::OnHook },
                    );
                }
                return;
            }
            Err(difference) => {
                place.state = State::Shut(Some(now + AGAIN));
                let misfit = difference.is_misfit();
                alarms.set(Alarm::Misfit, misfit);
                alarms.set(Alarm::CardGone, !misfit);
            }
        }
        self.tell_alarms(port, alarms);
    }

    /// Closes a port whose card is gone, and with it every port of its span.
    fn gone(&mut self, now: Instant, port: usize) {
        let Some(span) = self.ports.get(port).map(|port| port.span) else { return };
        let mut alarms = Alarms::default();
        alarms.set(Alarm::CardGone, true);
        for other in 0..self.ports.len() {
            let Some(place) = self.ports.get_mut(other) else { continue };
            if place.span == span && matches!(place.state, State::Open(_)) {
                place.state = State::Shut(Some(now + AGAIN));
                place.dialling = false;
                self.tell_alarms(other, alarms);
            }
        }
    }

    /// Asks which alarms stand on a port, and whether it still dials.
    fn look(&mut self, now: Instant, port: usize) {
        let Some(place) = self.ports.get_mut(port) else { return };
        let State::Open(line) = &place.state else { return };
        if place.dialling && line.is_dialling().is_ok_and(|goes_on| !goes_on) {
            place.dialling = false;
        }
        let channel = place.wanted.channel;
        let found = match self.driver.channel(channel) {
            Ok(found) => found,
            Err(error) if Difference::of(channel, &error).is_absence() => {
                return self.gone(now, port);
            }
            // The box is out of files or memory, and the card no worse for it.
            Err(_) => return,
        };
        // Configured anew while it was open: the driver hands such a channel to nobody.
        if check(&place.wanted, &found).is_err() {
            place.state = State::Shut(Some(now));
            return;
        }
        let span = self.driver.span(found.span).ok();
        let mut alarms = span.as_ref().map(|span| span.alarms()).unwrap_or_default();
        let digital = span.is_some_and(|span| span.digital);
        alarms.set(Alarm::NoBattery, !digital && found.has_no_battery());
        let silent = self.ports.get(port).is_some_and(|place| place.silent >= SILENT_TICKS);
        alarms.set(Alarm::CardGone, silent);
        self.tell_alarms(port, alarms);
    }

    fn tell_alarms(&mut self, port: usize, alarms: Alarms) {
        let Some(place) = self.ports.get_mut(port) else { return };
        let before = std::mem::replace(&mut place.alarms, alarms);
        for (alarm, raised) in alarms.since(before) {
            self.tell(port, PortEvent::Alarm { alarm, raised });
        }
    }

    fn tell(&mut self, port: usize, event: PortEvent) {
        if self.events.len() == EVENTS_MAX {
            self.events.pop_front();
            self.lost.events += 1;
        }
        self.events.push_back((port, event));
    }

    /// Takes the events of a port that wait in the driver.
    fn drain(&mut self, now: Instant, port: usize) {
        for _ in 0..EVENTS_PER_TICK {
            let Some(Port { state: State::Open(line), .. }) = self.ports.get(port) else { return };
            match line.event() {
                Ok(None) => return,
                Ok(Some(Happened::Port(event))) => {
                    if event == PortEvent::DialComplete {
                        self.dials(port, false);
                    }
                    self.tell(port, event);
                }
                Ok(Some(Happened::Alarm)) => self.look(now, port),
                Ok(Some(Happened::Removed)) | Err(_) => return self.gone(now, port),
                Ok(Some(Happened::FrameLost | Happened::Nothing(_))) => {}
            }
        }
    }

    /// Notes whether there was sound of a port.
    fn sounds(&mut self, port: usize, sounds: bool) {
        if let Some(place) = self.ports.get_mut(port) {
            place.silent = if sounds { 0 } else { place.silent.saturating_add(1) };
        }
    }

    fn dials(&mut self, port: usize, dialling: bool) {
        if let Some(place) = self.ports.get_mut(port) {
            place.dialling = dialling;
        }
    }

    /// The port's line, if it is open.
    fn line(&mut self, port: usize) -> Result<(&Wanted, &D::Line), CardError> {
        let place = self.ports.get(port).ok_or(CardError::NoPort(port))?;
        match &place.state {
            State::Open(line) => Ok((&place.wanted, line)),
            State::Shut(_) => Err(CardError::Gone),
        }
    }
}

impl<D: Driver> Card for DahdiCard<D>
where
    D::Line: Send,
{
    fn ports(&self) -> usize {
        self.ports.len()
    }

    fn law(&self) -> Law {
        self.ports.first().map_or(Law::A, |port| port.wanted.law)
    }

    fn tick(&mut self, now: Instant) {
        self.now = now;
        for port in 0..self.ports.len() {
            self.drain(now, port);
            self.hook_again(now, port);
        }
        for _ in 0..self.ports.len().div_ceil(ROUND_TICKS) {
            let port = self.looks_at;
            self.looks_at = (port + 1) % self.ports.len();
            self.look(now, port);
        }
        let due = |port: &Port<D::Line>| match port.state {
            State::Open(_) => false,
            State::Shut(again) => again.is_none_or(|again| now >= again),
        };
        let all = self.ports.len();
        let next = (0..all).map(|ahead| (self.tries + ahead) % all.max(1));
        let next = next.into_iter().find(|&port| self.ports.get(port).is_some_and(due));
        if let Some(port) = next {
            self.tries = port + 1;
            self.open(now, port);
        }
    }

    fn event(&mut self) -> Option<(usize, PortEvent)> {
        self.events.pop_front()
    }

    fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
        // A port that is shut says nothing; its alarm says why.
        let Ok((wanted, line)) = self.line(port) else {
            return if port < self.ports.len() { Ok(false) } else { Err(CardError::NoPort(port)) };
        };
        let (law, mut read) = (wanted.law, line.read(block));
        if read.as_ref().is_err_and(event_waits) {
            self.drain(self.now, port);
            let Ok((_, line)) = self.line(port) else { return Ok(false) };
            read = line.read(block);
        }
        match read {
            Ok(Some(bytes)) => {
                if let Some(rest) = block.get_mut(bytes..).filter(|rest| !rest.is_empty()) {
                    rest.fill(law.silence());
                    self.lost.odd += 1;
                }
                self.sounds(port, true);
                Ok(true)
            }
            Ok(None) => {
                self.sounds(port, false);
                Ok(false)
            }
            // The next tick takes the event.
            Err(error) if event_waits(&error) => Ok(false),
            Err(_) => {
                self.gone(self.now, port);
                Ok(false)
            }
        }
    }

    fn write(&mut self, port: usize, block: &[u8; BLOCK]) -> Result<(), CardError> {
        if self.ports.get(port).is_some_and(|place| place.dialling) {
            return Ok(());
        }
        let Ok((_, line)) = self.line(port) else {
            return if port < self.ports.len() { Ok(()) } else { Err(CardError::NoPort(port)) };
        };
        let mut written = line.write(block);
        if written.as_ref().is_err_and(event_waits) {
            self.drain(self.now, port);
            let Ok((_, line)) = self.line(port) else { return Ok(()) };
            written = line.write(block);
        }
        match written {
            Ok(true) => {}
            Ok(false) => self.lost.blocks += 1,
            Err(error) if event_waits(&error) => self.lost.blocks += 1,
            Err(_) => self.gone(self.now, port),
        }
        Ok(())
    }

    fn order(&mut self, port: usize, order: &PortOrder) -> Result<(), CardError> {
        match order {
            PortOrder::Hook(hook) => self.order_hook(port, *hook),
            PortOrder::Dial(digits) => self.dial(port, digits, false),
            PortOrder::Pulse(digits) => self.dial(port, digits, true),
            PortOrder::SoundOnHook { ms } => {
                let (_, line) = self.line(port)?;
                line.send_on_hook(*ms).map_err(|error| refusal(port, &error))
            }
            // A channel without a canceller refuses it, and carries the call all the same.
            PortOrder::Talk(talks) => {
                let (wanted, line) = self.line(port)?;
                if wanted.echo_taps > 0 {
                    let _ = line.cancel_echo(if *talks { wanted.echo_taps } else { 0 });
                }
                Ok(())
            }
            // A card without lamps refuses it, and the dial tone tells of the messages all the same.
            PortOrder::Lamp(waiting) => {
                let (_, line) = self.line(port)?;
                let _ = line.show_messages(*waiting);
                Ok(())
            }
            PortOrder::Gain { receive_tenths_db, transmit_tenths_db } => {
                let (receive_tenths_db, transmit_tenths_db) =
                    (*receive_tenths_db, *transmit_tenths_db);
                let gain = Gain { receive_tenths_db, transmit_tenths_db };
                let place = self.ports.get_mut(port).ok_or(CardError::NoPort(port))?;
                place.wanted.gain = gain;
                // One that is shut gets it when it is opened.
                let State::Open(line) = &place.state else { return Ok(()) };
                line.set_gain(place.wanted.law, gain).map_err(|error| refusal(port, &error))
            }
        }
    }
}

/// The driver reads and writes nothing while an event waits.
fn event_waits(error: &io::Error) -> bool {
    error.raw_os_error() == Some(super::abi::ELAST)
}

#[cfg(test)]
#[path = "card/tests/pretended.rs"]
pub(super) mod pretended;
#[cfg(test)]
mod tests;
