//! The far end of one port: the exchange, and the caller behind it.
//!
//! ```text
//!   Idle --due--> Announcing --reversal, keys--> Ringing --Hook(Off)--> Up --hangs up--> Over
//!    ^ \----------due---------------------------->' | patience            | Hook(On)       | Hook(On)
//!    |                                              v                     v                v
//!    '-----------------rest over----------------- Resting <------------------------------- '
//!
//!   Idle --Hook(Off)--> Seized (dial tone) --Dial--> Calling (ringback) --rings over--> Up
//!                                                 '--nobody has the number, busy …--> Over (a tone)
//!   Up --unplug--> Unplugged (no battery) --time over--> Resting, or Over when off hook
//! ```

use super::Dice;
use super::caller_id::{CallerIdKind, Sender};
use super::events::Events;
use super::exchange::{Exchange, Ring};
use super::script::{Caller, Ending, Ends, TICK_MS};
use super::sound::{Signal, Sound, decode, encode};
use super::talk::{Heard, Next, Outcome, Talk};
use crate::{BLOCK, CardError};
use model::Law;
use model::port::{Alarm, Hook, PortEvent, PortOrder};
use std::sync::Arc;

/// From the reversal of polarity to the keys.
const ANNOUNCE_TICKS: u64 = 300 / TICK_MS;
/// From the last key of a call out to its first ringback.
const POST_DIAL_TICKS: u64 = 900 / TICK_MS;
/// Time of a key that is dialled, and its pause.
const KEY_TICKS: u64 = 200 / TICK_MS;
/// Time of a pulse, and of the pause between two digits of them.
const PULSE_TICKS: u64 = 100 / TICK_MS;
const PULSES_PAUSE_TICKS: u64 = 700 / TICK_MS;
/// The exchange gives a port no new call for as long after one.
const REST_TICKS: u64 = 3000 / TICK_MS;
/// From the answer to the reversal that says so.
const REVERSAL_TICKS: u64 = 100 / TICK_MS;
/// One line.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    port: usize,
    exchange: Arc<Exchange>,
    state: State,
    off_hook: bool,
    hook_changed: bool,
    dialled: Option<Dialled>,
    /// What the box said last; silence when it said nothing in a tick.
    from_box: [u8; BLOCK],
    to_box: [u8; BLOCK],
    /// It was not read yet in this tick.
    unread: bool,
    /// Of what the box says so much comes back.
    echo: f32,
    receive_gain: f32,
    transmit_gain: f32,
}

#[derive(Clone, Debug)]
enum State {
    Idle,
    Announcing { caller: usize, ticks: u64, sender: Option<Sender> },
    Ringing { caller: usize, ticks: u64, sender: Option<Sender> },
    Up { caller: usize, ticks: u64, talk: Talk },
    Over { caller: Option<usize>, signal: Option<Signal> },
    Seized { signal: Signal },
    Dialling { ticks: u64, dialled: Dialled },
    Calling { caller: usize, ticks: u64, signal: Signal },
    Unplugged { ticks: u64 },
    Resting { ticks: u64 },
}

/// A number on its way to the exchange.
#[derive(Clone, Debug)]
struct Dialled {
    number: String,
    by_pulse: bool,
}

impl Dialled {
    /// How long it takes.
    fn ticks(&self) -> u64 {
        let pulses = |key: char| match key.to_digit(10) {
            Some(0) => 10 * PULSE_TICKS + PULSES_PAUSE_TICKS,
            Some(digit) => u64::from(digit) * PULSE_TICKS + PULSES_PAUSE_TICKS,
            None => PULSES_PAUSE_TICKS,
        };
        match self.by_pulse {
            true => self.number.chars().map(pulses).sum(),
            false => KEY_TICKS * self.number.len() as u64,
        }
    }
}

/// A call that ended on a line in this tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) caller: usize,
    pub(super) outcome: Outcome,
    pub(super) heard: Heard,
}

impl Wire {
    pub(super) fn new(port: usize, exchange: &Arc<Exchange>) -> Self {
        Self {
            port,
            exchange: Arc::clone(exchange),
            state: State::Idle,
            off_hook: false,
            hook_changed: false,
            dialled: None,
            from_box: [Law::A.silence(); BLOCK],
            to_box: [Law::A.silence(); BLOCK],
            unread: false,
            echo: 0.0,
            receive_gain: 1.0,
            transmit_gain: 1.0,
        }
    }

    /// Moves the line to another exchange.
    pub(super) fn moved(&mut self, exchange: &Arc<Exchange>) {
        self.exchange = Arc::clone(exchange);
    }

    /// So much of what the box says comes back, as a factor.
    pub(super) fn echoes(&mut self, factor: f32) {
        self.echo = factor;
    }

    /// Its exchange takes numbers by pulse alone.
    pub(super) fn grows_old(&mut self) {
        self.exchange = self.exchange.old();
    }

    pub(super) fn free(&self) -> bool {
        matches!(self.state, State::Idle) && !self.off_hook
    }

    /// What the line says in this tick, once.
    pub(super) fn take(&mut self) -> Option<&[u8; BLOCK]> {
        std::mem::take(&mut self.unread).then_some(&self.to_box)
    }

    pub(super) fn hear(&mut self, block: &[u8; BLOCK]) {
        self.from_box = *block;
    }

    /// A caller calls. The line must be free.
    pub(super) fn call(&mut self, caller: usize, script: &Caller, events: &mut Events) {
        let before = script.identity.kind == CallerIdKind::DtmfBeforeRing;
        self.state = if before {
            events.push(self.port, PortEvent::Polarity);
            State::Announcing { caller, ticks: 0, sender: script.identity.send() }
        } else {
            State::Ringing { caller, ticks: 0, sender: script.identity.send() }
        };
    }

    /// The plug is drawn for a time, whatever the line does; gives the call that this ends.
    pub(super) fn draw(&mut self, ticks: u64, events: &mut Events) -> Option<Ended> {
        let alarm = Alarm::NoBattery;
        events.push(self.port, PortEvent::Alarm { alarm, raised: true });
        let before = std::mem::replace(&mut self.state, State::Unplugged { ticks });
        let outcome = Outcome::Unplugged;
        match before {
            State::Up { caller, talk, .. } => Some(Ended { caller, outcome, heard: talk.heard }),
            State::Announcing { caller, .. } | State::Ringing { caller, .. } => {
                Some(Ended { caller, outcome, heard: Heard::default() })
            }
            _ => None,
        }
    }

    /// The driver is gone: it hung up.
    pub(super) fn hangs_up(&mut self) {
        (self.off_hook, self.hook_changed, self.dialled) = (false, false, None);
    }

    /// Does what the box asks.
    pub(super) fn order(&mut self, order: &PortOrder) -> Result<(), CardError> {
        match order {
            PortOrder::Hook(Hook::Off) => self.off_hook = true,
            PortOrder::Hook(Hook::On) => self.off_hook = false,
            PortOrder::Hook(Hook::Flash) if self.off_hook => {}
            PortOrder::Dial(number) if self.off_hook => {
                self.dialled = Some(Dialled { number: number.clone(), by_pulse: false });
            }
            PortOrder::Pulse(number) if self.off_hook => {
                self.dialled = Some(Dialled { number: number.clone(), by_pulse: true });
            }
            // Those are a telephone's, and a span's.
            PortOrder::SoundOnHook { .. } | PortOrder::Lamp(_) | PortOrder::Talk(_) => {}
            PortOrder::Hook(Hook::Flash | Hook::Ring)
            | PortOrder::Dial(_)
            | PortOrder::Pulse(_) => {
                return Err(CardError::Busy(self.port));
            }
            PortOrder::Gain { receive_tenths_db, transmit_tenths_db } => {
                let gain = |tenths: i16| 10f32.powf(f32::from(tenths) / 200.0);
                self.receive_gain = gain(*receive_tenths_db);
                self.transmit_gain = gain(*transmit_tenths_db);
            }
        }
        self.hook_changed |= matches!(order, PortOrder::Hook(_));
        Ok(())
    }

    /// Goes on 20 ms.
    pub(super) fn tick(
        &mut self,
        callers: &[Caller],
        dice: &mut Dice,
        events: &mut Events,
    ) -> Option<Ended> {
        if std::mem::take(&mut self.hook_changed) {
            events.push(self.port, PortEvent::HookComplete);
        }
        let mut heard = [0.0; BLOCK];
        decode(&self.from_box, &mut heard);
        heard.iter_mut().for_each(|sample| *sample *= self.transmit_gain);
        self.from_box = [Law::A.silence(); BLOCK];

        let echoed = heard;
        let mut turn = Turn { callers, heard, said: [0.0; BLOCK], dice, events };
        let state = std::mem::replace(&mut self.state, State::Idle);
        let (state, ended) = self.step(state, &mut turn);
        let Turn { mut said, dice, .. } = turn;
        let noise_rms = state.noise_rms(callers);
        if noise_rms > 0.0 {
            said.iter_mut().for_each(|sample| *sample += dice.noise() * noise_rms);
        }
        self.state = state;
        if self.off_hook {
            said.iter_mut().zip(&echoed).for_each(|(sample, echo)| *sample += echo * self.echo);
        }
        said.iter_mut().for_each(|sample| *sample *= self.receive_gain);
        encode(&said, &mut self.to_box);
        self.unread = true;
        ended
    }

    fn step(&mut self, state: State, turn: &mut Turn<'_>) -> (State, Option<Ended>) {
        match state {
            State::Announcing { caller, .. } | State::Ringing { caller, .. } if self.off_hook => {
                let Some(script) = turn.callers.get(caller) else { return (State::Idle, None) };
                (State::Up { caller, ticks: 0, talk: Talk::new(script, turn.dice) }, None)
            }
            State::Announcing { caller, ticks, sender } => {
                (announce(caller, ticks, sender, turn), None)
            }
            State::Ringing { caller, ticks, sender } => self.ring(caller, ticks, sender, turn),
            State::Up { caller, ticks, talk } => self.talk(caller, ticks, talk, turn),
            State::Over { .. }
            | State::Seized { .. }
            | State::Dialling { .. }
            | State::Calling { .. }
                if !self.off_hook =>
            {
                (RESTING, None)
            }
            State::Over { caller, mut signal } => {
                if let Some(signal) = &mut signal {
                    signal.add(&mut turn.said);
                }
                (State::Over { caller, signal }, None)
            }
            State::Seized { mut signal } => {
                if let Some(dialled) = self.dialled.take() {
                    return (State::Dialling { ticks: dialled.ticks(), dialled }, None);
                }
                signal.add(&mut turn.said);
                (State::Seized { signal }, None)
            }
            State::Dialling { ticks: 0, dialled } => {
                turn.events.push(self.port, PortEvent::DialComplete);
                // An exchange that hears no keys still waits for a number.
                match dialled.by_pulse || !self.exchange.by_pulse_alone() {
                    true => (self.route(&dialled.number, turn.callers), None),
                    false => (State::Seized { signal: self.exchange.dial() }, None),
                }
            }
            State::Dialling { ticks, dialled } => {
                (State::Dialling { ticks: ticks - 1, dialled }, None)
            }
            State::Calling { caller, ticks, signal } => {
                (self.ring_out(caller, ticks, signal, turn), None)
            }
            State::Unplugged { ticks: 0 } => {
                let alarm = Alarm::NoBattery;
                turn.events.push(self.port, PortEvent::Alarm { alarm, raised: false });
                let over = State::Over { caller: None, signal: Some(self.exchange.busy()) };
                (if self.off_hook { over } else { RESTING }, None)
            }
            State::Unplugged { ticks } => (State::Unplugged { ticks: ticks - 1 }, None),
            State::Idle | State::Resting { .. } if self.off_hook => {
                self.dialled = None;
                (State::Seized { signal: self.exchange.dial() }, None)
            }
            State::Idle | State::Resting { ticks: 0 } => (State::Idle, None),
            State::Resting { ticks } => (State::Resting { ticks: ticks - 1 }, None),
        }
    }

    fn ring(
        &mut self,
        caller: usize,
        ticks: u64,
        mut sender: Option<Sender>,
        turn: &mut Turn<'_>,
    ) -> (State, Option<Ended>) {
        let bell = self.exchange.bell(ticks);
        let patience = turn.callers.get(caller).map_or(0, |script| script.patience_ticks);
        if ticks >= patience {
            if matches!(bell, Ring::GoesOn | Ring::Ends) {
                turn.events.push(self.port, PortEvent::RingOffHook);
            }
            let (outcome, heard) = (Outcome::GaveUp, Heard::default());
            return (RESTING, Some(Ended { caller, outcome, heard }));
        }
        match bell {
            Ring::Begins => turn.events.push(self.port, PortEvent::RingBegin),
            Ring::Ends => turn.events.push(self.port, PortEvent::RingOffHook),
            Ring::GoesOn | Ring::Pauses => {}
        }
        if self.exchange.tells(ticks) && !go_on(&mut sender, &mut turn.said) {
            sender = None;
        }
        (State::Ringing { caller, ticks: ticks + 1, sender }, None)
    }

    /// Finds who has the number that was dialled.
    fn route(&self, number: &str, callers: &[Caller]) -> State {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let called = callers.iter().position(|caller| {
            caller.called.as_ref().is_some_and(|called| called.number == digits)
        });
        let ends = called.and_then(|caller| Some(callers.get(caller)?.called.as_ref()?.ends));
        let over = |signal| State::Over { caller: None, signal: Some(signal) };
        match (called, ends) {
            (Some(caller), Some(Ends::Answered { .. } | Ends::Unanswered)) => {
                State::Calling { caller, ticks: 0, signal: self.exchange.ringback() }
            }
            (_, Some(Ends::Busy)) => over(self.exchange.busy()),
            (_, Some(Ends::Special)) => over(self.exchange.special()),
            _ => over(self.exchange.congestion()),
        }
    }

    /// The far party's telephone rings.
    fn ring_out(
        &self,
        caller: usize,
        ticks: u64,
        mut signal: Signal,
        turn: &mut Turn<'_>,
    ) -> State {
        let Some(script) = turn.callers.get(caller) else { return State::Idle };
        let ends = script.called.as_ref().map(|called| called.ends);
        if let Some(Ends::Answered { rings }) = ends
            && ticks >= POST_DIAL_TICKS + self.exchange.rings_last(rings)
        {
            return State::Up { caller, ticks: 0, talk: Talk::new(script, turn.dice) };
        }
        if ticks >= POST_DIAL_TICKS {
            signal.add(&mut turn.said);
        }
        State::Calling { caller, ticks: ticks + 1, signal }
    }

    fn talk(
        &mut self,
        caller: usize,
        ticks: u64,
        mut talk: Talk,
        turn: &mut Turn<'_>,
    ) -> (State, Option<Ended>) {
        let Some(script) = turn.callers.get(caller) else { return (State::Idle, None) };
        if !self.off_hook {
            let (outcome, heard) = (Outcome::BoxHungUp, talk.heard);
            return (RESTING, Some(Ended { caller, outcome, heard }));
        }
        if script.reverse_on_answer && ticks == REVERSAL_TICKS {
            turn.events.push(self.port, PortEvent::Polarity);
        }
        let next = talk.tick(script, &turn.heard, &mut turn.said, turn.dice);
        let ended = |outcome| Some(Ended { caller, outcome, heard: talk.heard });
        match next {
            Next::Stay => (State::Up { caller, ticks: ticks + 1, talk }, None),
            Next::HangUp(outcome) => {
                let signal = self.end(script.ending, turn.events);
                (State::Over { caller: Some(caller), signal }, ended(outcome))
            }
            Next::Unplug { ticks } => {
                let alarm = Alarm::NoBattery;
                turn.events.push(self.port, PortEvent::Alarm { alarm, raised: true });
                (State::Unplugged { ticks }, ended(Outcome::Unplugged))
            }
        }
    }

    /// Tells the box in the script's way that the caller is gone.
    fn end(&self, ending: Ending, events: &mut Events) -> Option<Signal> {
        if ending.polarity {
            events.push(self.port, PortEvent::Polarity);
        }
        if ending.on_hook {
            events.push(self.port, PortEvent::OnHook);
        }
        match ending {
            Ending { busy_tone: true, .. } => Some(self.exchange.busy()),
            Ending { congestion_tone: true, .. } => Some(self.exchange.congestion()),
            _ => None,
        }
    }
}

/// What a line has at hand for 20 ms.
struct Turn<'a> {
    callers: &'a [Caller],
    heard: Sound,
    said: Sound,
    dice: &'a mut Dice,
    events: &'a mut Events,
}

impl State {
    /// The line's own noise, which is as loud as the caller's script says.
    fn noise_rms(&self, callers: &[Caller]) -> f32 {
        let caller = match self {
            Self::Announcing { caller, .. }
            | Self::Ringing { caller, .. }
            | Self::Up { caller, .. }
            | Self::Calling { caller, .. }
            | Self::Over { caller: Some(caller), .. } => callers.get(*caller),
            _ => None,
        };
        caller.map_or(0.0, |caller| caller.noise_rms)
    }
}

fn announce(caller: usize, ticks: u64, mut sender: Option<Sender>, turn: &mut Turn<'_>) -> State {
    if ticks >= ANNOUNCE_TICKS && !go_on(&mut sender, &mut turn.said) {
        return State::Ringing { caller, ticks: 0, sender: None };
    }
    State::Announcing { caller, ticks: ticks + 1, sender }
}

/// Sends the next 20 ms of caller id; tells whether more is to come.
fn go_on(sender: &mut Option<Sender>, said: &mut Sound) -> bool {
    sender.as_mut().is_some_and(|sender| sender.add(said))
}

const RESTING: State = State::Resting { ticks: REST_TICKS };
