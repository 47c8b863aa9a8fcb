//! The far end of one port: the exchange, and the caller behind it.
//!
//! ```text
//!   Idle --due--> Announcing --reversal, keys--> Ringing --Hook(Off)--> Up --hangs up--> Over
//!    ^ \----------due---------------------------->' | patience            | Hook(On)       | Hook(On)
//!    |                                              v                     v                v
//!    '-----------------rest over----------------- Resting <------------------------------- '
//!
//!   Idle --Hook(Off)--> Seized (dial tone) --Dial--> Over (congestion tone)
//!   Up --unplug--> Unplugged (no battery) --time over--> Resting, or Over when off hook
//! ```

use super::Dice;
use super::caller_id::{CallerIdKind, Sender};
use super::events::Events;
use super::script::{Caller, Ending, TICK_MS};
use super::sound::{Signal, Sound, decode, encode};
use super::talk::{Heard, Next, Outcome, Talk};
use crate::{BLOCK, CardError};
use model::Law;
use model::port::{Alarm, Hook, PortEvent, PortOrder};

/// China's ring cadence: 1 s on, 4 s off.
const RING_TICKS: u64 = 1000 / TICK_MS;
const RING_PERIOD_TICKS: u64 = 5000 / TICK_MS;
/// From the end of the first ring to caller id: 0.5 to 1.5 s (Telcordia GR-30-CORE 2.3).
const CALLER_ID_TICKS: u64 = RING_TICKS + 600 / TICK_MS;
/// From the reversal of polarity to the keys, and from the keys to the first ring.
const ANNOUNCE_TICKS: u64 = 300 / TICK_MS;
/// The exchange gives a port no new call for as long after one.
const REST_TICKS: u64 = 3000 / TICK_MS;
/// From the answer to the reversal that says so.
const REVERSAL_TICKS: u64 = 100 / TICK_MS;
/// The exchange's tones: 450 Hz (China's; busy 350/350, congestion 700/700).
const TONE_HZ: f32 = 450.0;
const TONE_DBM0: f32 = -13.0;

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    port: usize,
    state: State,
    off_hook: bool,
    hook_changed: bool,
    dialled: bool,
    /// What the box said last; silence when it said nothing in a tick.
    from_box: [u8; BLOCK],
    to_box: [u8; BLOCK],
    receive_gain: f32,
    transmit_gain: f32,
}

#[derive(Clone, Debug)]
enum State {
    Idle,
    Announcing { caller: usize, ticks: u64, sender: Option<Sender> },
    Ringing { caller: usize, ticks: u64, sender: Option<Sender> },
    Up { caller: usize, ticks: u64, talk: Talk },
    Over { signal: Option<Signal> },
    Seized { signal: Signal },
    Unplugged { ticks: u64 },
    Resting { ticks: u64 },
}

/// A call that ended on a line in this tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) caller: usize,
    pub(super) outcome: Outcome,
    pub(super) heard: Heard,
}

impl Wire {
    pub(super) fn new(port: usize) -> Self {
        Self {
            port,
            state: State::Idle,
            off_hook: false,
            hook_changed: false,
            dialled: false,
            from_box: [Law::A.silence(); BLOCK],
            to_box: [Law::A.silence(); BLOCK],
            receive_gain: 1.0,
            transmit_gain: 1.0,
        }
    }

    pub(super) fn free(&self) -> bool {
        matches!(self.state, State::Idle) && !self.off_hook
    }

    pub(super) fn to_box(&self) -> &[u8; BLOCK] {
        &self.to_box
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

    /// Does what the box asks.
    pub(super) fn order(&mut self, order: &PortOrder) -> Result<(), CardError> {
        match order {
            PortOrder::Hook(Hook::Off) => self.off_hook = true,
            PortOrder::Hook(Hook::On) => self.off_hook = false,
            PortOrder::Hook(Hook::Flash) if self.off_hook => {}
            PortOrder::Dial(_) if self.off_hook => self.dialled = true,
            PortOrder::Hook(Hook::Flash | Hook::Ring) | PortOrder::Dial(_) => {
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

        let mut said: Sound = [0.0; BLOCK];
        let state = std::mem::replace(&mut self.state, State::Idle);
        let (state, ended) = self.step(state, callers, &heard, &mut said, dice, events);
        if let State::Announcing { caller, .. }
        | State::Ringing { caller, .. }
        | State::Up { caller, .. } = state
            && let Some(caller) = callers.get(caller)
        {
            said.iter_mut().for_each(|sample| *sample += dice.noise() * caller.noise_rms);
        }
        self.state = state;
        said.iter_mut().for_each(|sample| *sample *= self.receive_gain);
        encode(&said, &mut self.to_box);
        ended
    }

    fn step(
        &mut self,
        state: State,
        callers: &[Caller],
        heard: &Sound,
        said: &mut Sound,
        dice: &mut Dice,
        events: &mut Events,
    ) -> (State, Option<Ended>) {
        let script = |caller: usize| callers.get(caller);
        match state {
            State::Announcing { caller, .. } | State::Ringing { caller, .. } if self.off_hook => {
                let Some(script) = script(caller) else { return (State::Idle, None) };
                (State::Up { caller, ticks: 0, talk: Talk::new(script, dice) }, None)
            }
            State::Announcing { caller, ticks, mut sender } => {
                let done = ticks >= ANNOUNCE_TICKS
                    && !sender.as_mut().is_some_and(|sender| sender.add(said));
                let state = match done {
                    true => State::Ringing { caller, ticks: 0, sender: None },
                    false => State::Announcing { caller, ticks: ticks + 1, sender },
                };
                (state, None)
            }
            State::Ringing { caller, ticks, sender } => {
                let patience = script(caller).map_or(0, |script| script.patience_ticks);
                self.ring(caller, ticks, sender, patience, said, events)
            }
            State::Up { caller, ticks, talk } => {
                let Some(script) = script(caller) else { return (State::Idle, None) };
                self.talk(caller, script, (ticks, talk), heard, said, dice, events)
            }
            State::Over { .. } | State::Seized { .. } if !self.off_hook => (RESTING, None),
            State::Over { mut signal } => {
                if let Some(signal) = &mut signal {
                    signal.add(said);
                }
                (State::Over { signal }, None)
            }
            State::Seized { mut signal } => {
                if std::mem::take(&mut self.dialled) {
                    events.push(self.port, PortEvent::DialComplete);
                    return (State::Over { signal: Some(tone(700)) }, None);
                }
                signal.add(said);
                (State::Seized { signal }, None)
            }
            State::Unplugged { ticks: 0 } => {
                let alarm = Alarm::NoBattery;
                events.push(self.port, PortEvent::Alarm { alarm, raised: false });
                let over = State::Over { signal: Some(tone(350)) };
                (if self.off_hook { over } else { RESTING }, None)
            }
            State::Unplugged { ticks } => (State::Unplugged { ticks: ticks - 1 }, None),
            State::Idle | State::Resting { .. } if self.off_hook => {
                self.dialled = false;
                (State::Seized { signal: Signal::new(TONE_HZ, TONE_DBM0, 1000, 0) }, None)
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
        patience: u64,
        said: &mut Sound,
        events: &mut Events,
    ) -> (State, Option<Ended>) {
        let phase = ticks % RING_PERIOD_TICKS;
        if ticks >= patience {
            if (1..=RING_TICKS).contains(&phase) {
                events.push(self.port, PortEvent::RingOffHook);
            }
            return (RESTING, Some(Ended { caller, outcome: Outcome::GaveUp, heard: Heard::default() }));
        }
        if phase == 0 {
            events.push(self.port, PortEvent::RingBegin);
        }
        if phase == RING_TICKS {
            events.push(self.port, PortEvent::RingOffHook);
        }
        let window = CALLER_ID_TICKS..RING_PERIOD_TICKS;
        if window.contains(&ticks) && !sender.as_mut().is_some_and(|sender| sender.add(said)) {
            sender = None;
        }
        (State::Ringing { caller, ticks: ticks + 1, sender }, None)
    }

    fn talk(
        &mut self,
        caller: usize,
        script: &Caller,
        (ticks, mut talk): (u64, Talk),
        heard: &Sound,
        said: &mut Sound,
        dice: &mut Dice,
        events: &mut Events,
    ) -> (State, Option<Ended>) {
        if !self.off_hook {
            let (outcome, heard) = (Outcome::BoxHungUp, talk.heard);
            return (RESTING, Some(Ended { caller, outcome, heard }));
        }
        if script.reverse_on_answer && ticks == REVERSAL_TICKS {
            events.push(self.port, PortEvent::Polarity);
        }
        let next = talk.tick(script, heard, said, dice);
        let ended = |outcome| Some(Ended { caller, outcome, heard: talk.heard });
        match next {
            Next::Stay => (State::Up { caller, ticks: ticks + 1, talk }, None),
            Next::HangUp(outcome) => {
                (State::Over { signal: self.end(script.ending, events) }, ended(outcome))
            }
            Next::Unplug { ticks } => {
                let alarm = Alarm::NoBattery;
                events.push(self.port, PortEvent::Alarm { alarm, raised: true });
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
            Ending { busy_tone: true, .. } => Some(tone(350)),
            Ending { congestion_tone: true, .. } => Some(tone(700)),
            _ => None,
        }
    }
}

const RESTING: State = State::Resting { ticks: REST_TICKS };

fn tone(ms: u32) -> Signal {
    Signal::new(TONE_HZ, TONE_DBM0, ms, ms)
}
