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
/// From the reversal of polarity to the keys.
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
    /// It was not read yet in this tick.
    unread: bool,
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
            unread: false,
            receive_gain: 1.0,
            transmit_gain: 1.0,
        }
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

        let mut turn = Turn { callers, heard, said: [0.0; BLOCK], dice, events };
        let state = std::mem::replace(&mut self.state, State::Idle);
        let (state, ended) = self.step(state, &mut turn);
        let Turn { mut said, dice, .. } = turn;
        let noise_rms = state.noise_rms(callers);
        if noise_rms > 0.0 {
            said.iter_mut().for_each(|sample| *sample += dice.noise() * noise_rms);
        }
        self.state = state;
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
            State::Over { .. } | State::Seized { .. } if !self.off_hook => (RESTING, None),
            State::Over { caller, mut signal } => {
                if let Some(signal) = &mut signal {
                    signal.add(&mut turn.said);
                }
                (State::Over { caller, signal }, None)
            }
            State::Seized { mut signal } => {
                if std::mem::take(&mut self.dialled) {
                    turn.events.push(self.port, PortEvent::DialComplete);
                    return (State::Over { caller: None, signal: Some(tone(700)) }, None);
                }
                signal.add(&mut turn.said);
                (State::Seized { signal }, None)
            }
            State::Unplugged { ticks: 0 } => {
                let alarm = Alarm::NoBattery;
                turn.events.push(self.port, PortEvent::Alarm { alarm, raised: false });
                let over = State::Over { caller: None, signal: Some(tone(350)) };
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
        turn: &mut Turn<'_>,
    ) -> (State, Option<Ended>) {
        let phase = ticks % RING_PERIOD_TICKS;
        let patience = turn.callers.get(caller).map_or(0, |script| script.patience_ticks);
        if ticks >= patience {
            if (1..=RING_TICKS).contains(&phase) {
                turn.events.push(self.port, PortEvent::RingOffHook);
            }
            let (outcome, heard) = (Outcome::GaveUp, Heard::default());
            return (RESTING, Some(Ended { caller, outcome, heard }));
        }
        if phase == 0 {
            turn.events.push(self.port, PortEvent::RingBegin);
        }
        if phase == RING_TICKS {
            turn.events.push(self.port, PortEvent::RingOffHook);
        }
        let window = CALLER_ID_TICKS..RING_PERIOD_TICKS;
        if window.contains(&ticks) && !go_on(&mut sender, &mut turn.said) {
            sender = None;
        }
        (State::Ringing { caller, ticks: ticks + 1, sender }, None)
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
            Ending { busy_tone: true, .. } => Some(tone(350)),
            Ending { congestion_tone: true, .. } => Some(tone(700)),
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

fn tone(ms: u32) -> Signal {
    Signal::new(TONE_HZ, TONE_DBM0, ms, ms)
}
