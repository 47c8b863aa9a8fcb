//! A port with a telephone (FXS): an ordinary phone as an extension of the box.
//!
//! ```text
//!              lifted                  number whole, #, or 4 s without a key
//!   OnHook ----------> Dialling (tone) -------------------------> Asking --Answer--> Up <--.
//!    |  ^                 | 20 s without a key                     |  Refuse         | |   | number: Dialled
//!    |  |<-- put down ----+--> Over (congestion tone) <------------'--- HangUp ------' |   | flash: Dialled("")
//!    |  |                      | 60 s: Beside (silence, ReceiverOff)       Offer       v   |
//!    |Ring                                                       (after a flash)  Dialling, held
//!    v  | HangUp: Gone
//!   Ringing --lifted: Hook(Off), Answered--> Up                 any --alarm: Gone--> Dead
//! ```
//!
//! The bell rings in the cadence of the country, which the port keeps itself: the driver's own would be
//! that of its zone. Who calls is told in the first long pause. A driver rings on when the telephone is
//! lifted until it is told that the port is off hook.
//!
//! A tap of the hook that is no part of a talk gives another dial tone, as an exchange's does. A call
//! that is asked for meanwhile is given up.

mod bell;

use crate::caller_told::{Message, Sender};
use crate::config::{Config, Telephone};
use crate::keys::KeysEar;
use crate::port::{Input, Output};
use crate::sound::{Sound, decode, encode};
use crate::tone::Tone;
use bell::BellClock;
use model::port::{Alarm, Hook, PortEvent, PortOrder};
use model::site::CallerTold;
use model::{Cause, Instant, Law, LegEvent, Number, PersonName, Via};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Nobody presses a key for so long: the receiver lies beside.
const FIRST_KEY: Duration = Duration::from_secs(20);
/// A number is over after this long without a key.
const NEXT_KEY: Duration = Duration::from_secs(4);
/// Congestion is heard for so long; then the line is silent and the box told.
const CONGESTION: Duration = Duration::from_secs(60);
/// Keys of one number; with the last it is over.
pub const DIALLED_MAX: usize = 32;
/// From its end to the next ring: 200 ms at least.
const TOLD_BEFORE_MS: u32 = 200;
const TICK_MS: u32 = 20;
const OUTPUTS: usize = 16;

/// The port.
pub(crate) struct TelephonePort {
    telephone: Telephone,
    law: Law,
    told: CallerTold,
    state: State,
    alarms: BTreeSet<Alarm>,
    /// The receiver is off its hook, as far as the card has told.
    lifted: bool,
    ear: KeysEar,
    dial: Tone,
    ringback: Tone,
    over: Tone,
    bell: BellClock,
    /// Who calls, while it rings, and that on its way.
    message: Message,
    sender: Option<Sender>,
    /// Messages that wait: its lamp is lit and its dial tone stutters.
    waiting: u16,
    outputs: VecDeque<Output>,
}

enum State {
    OnHook,
    Ringing {
        /// Milliseconds since the bell began.
        ms: u32,
    },
    Dialling {
        /// Since the last key, or since the tone began.
        since: Instant,
        number: String,
        /// The party it talks with waits meanwhile.
        held: bool,
    },
    Asking {
        /// The far side rings, and the port says so itself.
        rings: bool,
    },
    Up,
    Over {
        since: Instant,
    },
    /// The receiver lies beside, and was heard to.
    Beside,
    Dead,
}

impl TelephonePort {
    pub(crate) fn new(config: &Config, telephone: Telephone) -> Self {
        let tones = &config.tones;
        Self {
            telephone,
            law: config.law,
            told: tones.told,
            state: State::OnHook,
            alarms: BTreeSet::new(),
            lifted: false,
            ear: KeysEar::new(),
            dial: Tone::new(&tones.dial),
            ringback: Tone::new(&tones.ringback),
            over: Tone::new(&tones.congestion),
            bell: BellClock::new(tones.bell.pairs()),
            message: Message::new("", "", ""),
            sender: None,
            waiting: 0,
            outputs: VecDeque::with_capacity(OUTPUTS),
        }
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Event(PortEvent::Alarm { alarm, raised }) => self.alarm(now, alarm, raised),
            Input::Event(event) => self.event(now, event),
            Input::Block(block) => self.block(now, block),
            Input::Ring(message) => self.ring(*message),
            Input::Answer => self.answer(),
            Input::Alert => {
                if let State::Asking { rings } = &mut self.state {
                    *rings = true;
                    self.ringback.begin(false);
                }
            }
            Input::Early => {
                if let State::Asking { rings } = &mut self.state {
                    *rings = false;
                }
            }
            Input::Offer => {
                if matches!(self.state, State::Up) {
                    self.offer(now, true);
                }
            }
            Input::Messages(waiting) => {
                self.waiting = waiting;
                self.order(PortOrder::Lamp(waiting));
            }
            Input::Refuse(cause) | Input::HangUp(cause) => self.hang_up(now, cause),
            // Nobody is dialled there; it is rung.
            Input::Dial(_) => self.outputs.push_back(Output::Seized(Err(Cause::NotFound))),
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What the port itself says in this tick; false where it says nothing.
    pub(crate) fn says(&mut self, block: &mut [u8; 160]) -> bool {
        let mut sound: Sound = [0.0; 160];
        match &mut self.state {
            State::Dialling { number, .. } if number.is_empty() => self.dial.add(&mut sound),
            State::Dialling { .. } => {}
            State::Asking { rings: true } => self.ringback.add(&mut sound),
            State::Over { .. } => self.over.add(&mut sound),
            State::Ringing { .. } => match &mut self.sender {
                Some(sender) => {
                    if !sender.add(&mut sound) {
                        self.sender = None;
                    }
                }
                None => return false,
            },
            State::OnHook | State::Asking { .. } | State::Up | State::Beside | State::Dead => {
                return false;
            }
        }
        encode(self.law, &sound, block);
        true
    }

    fn event(&mut self, now: Instant, event: PortEvent) {
        match event {
            PortEvent::RingOffHook => self.lifted = true,
            PortEvent::OnHook => self.lifted = false,
            _ => {}
        }
        match (event, &mut self.state) {
            (PortEvent::RingOffHook, State::OnHook) => {
                self.order(PortOrder::Hook(Hook::Off));
                self.offer(now, false);
            }
            (PortEvent::RingOffHook, State::Ringing { .. }) => {
                self.order(PortOrder::Hook(Hook::Off));
                self.state = State::Up;
                self.tell(LegEvent::Answered);
            }
            (PortEvent::OnHook, State::OnHook | State::Ringing { .. } | State::Dead) => {}
            (PortEvent::OnHook, _) => self.put_down(),
            (PortEvent::Flash, State::Up) => self.outputs.push_back(Output::Flash),
            (PortEvent::Flash, State::Dialling { held: true, .. }) => self.back(String::new()),
            (PortEvent::Flash, State::Asking { .. }) => {
                self.tell(LegEvent::Gone(Cause::Cancelled));
                self.offer(now, false);
            }
            (PortEvent::Flash, State::Dialling { .. } | State::Over { .. } | State::Beside) => {
                self.found();
                self.offer(now, false);
            }
            (PortEvent::Pulse(key), State::Dialling { .. }) => self.key(now, key.as_char()),
            _ => {}
        }
    }

    /// Who found the receiver that lay beside.
    fn found(&mut self) {
        if matches!(self.state, State::Beside) {
            let (alarm, raised) = (Alarm::ReceiverOff, false);
            self.outputs.push_back(Output::Alarm { alarm, raised });
        }
    }

    /// The receiver was put down.
    fn put_down(&mut self) {
        self.found();
        let before = std::mem::replace(&mut self.state, State::OnHook);
        self.order(PortOrder::Hook(Hook::On));
        match before {
            State::Asking { .. } => self.tell(LegEvent::Gone(Cause::Cancelled)),
            State::Up | State::Dialling { held: true, .. } => {
                self.tell(LegEvent::Gone(Cause::Normal));
            }
            _ => {}
        }
    }

    /// A dial tone, and an ear for the number.
    fn offer(&mut self, now: Instant, held: bool) {
        self.dial.begin(self.waiting > 0);
        self.ear = KeysEar::new();
        let number = String::with_capacity(DIALLED_MAX);
        self.state = State::Dialling { since: now, number, held };
    }

    fn block(&mut self, now: Instant, block: &[u8; 160]) {
        match &mut self.state {
            State::Dialling { since, number, .. } => {
                let longest = if number.is_empty() { FIRST_KEY } else { NEXT_KEY };
                if now.since(*since) >= longest {
                    return self.number_over(now);
                }
                let mut sound: Sound = [0.0; 160];
                decode(self.law, block, &mut sound);
                if let Some(key) = self.ear.press(&sound) {
                    self.key(now, char::from(key));
                }
            }
            State::Ringing { .. } => self.rings_on(),
            State::Over { since } if now.since(*since) >= CONGESTION => {
                self.state = State::Beside;
                let (alarm, raised) = (Alarm::ReceiverOff, true);
                self.outputs.push_back(Output::Alarm { alarm, raised });
            }
            _ => {}
        }
    }

    fn key(&mut self, now: Instant, key: char) {
        let State::Dialling { since, number, .. } = &mut self.state else { return };
        *since = now;
        // A code such as `*12#` begins with no digit; its end is no part of a number.
        if key == '#' && !number.is_empty() {
            return self.number_over(now);
        }
        number.push(key);
        let whole = self.telephone.whole.contains(number.as_str());
        if whole || number.len() >= DIALLED_MAX {
            self.number_over(now);
        }
    }

    fn number_over(&mut self, now: Instant) {
        let State::Dialling { number, held, .. } = &mut self.state else { return };
        let (number, held) = (std::mem::take(number), *held);
        match (held, number.is_empty()) {
            (true, _) => self.back(number),
            (false, true) => self.over(now),
            (false, false) => {
                self.state = State::Asking { rings: false };
                self.tell(LegEvent::Arrived {
                    via: Via::Phone(self.telephone.phone.clone()),
                    caller: Number::default(),
                    name: PersonName::default(),
                    dialled: number,
                    diverted: Number::default(),
                });
            }
        }
    }

    /// Back to the party that waits, with what was dialled meanwhile.
    fn back(&mut self, number: String) {
        self.state = State::Up;
        self.outputs.push_back(Output::Dialled(number));
    }

    fn over(&mut self, now: Instant) {
        self.over.begin(false);
        self.state = State::Over { since: now };
    }

    fn ring(&mut self, message: Message) {
        let free = match self.state {
            State::OnHook => Ok(()),
            State::Dead => Err(Cause::Unreachable),
            _ => Err(Cause::Busy),
        };
        self.outputs.push_back(Output::Seized(free));
        if free.is_ok() {
            (self.message, self.sender) = (message, None);
            self.state = State::Ringing { ms: 0 };
            self.tell(LegEvent::Ringing);
            self.rings_on();
        }
    }

    /// Goes on 20 ms with the bell and what is told between its rings.
    fn rings_on(&mut self) {
        let State::Ringing { ms } = &mut self.state else { return };
        let at = *ms;
        *ms = ms.saturating_add(TICK_MS);
        if at == self.bell.told_ms()
            && let Some(sender) = Sender::new(self.told, self.message)
        {
            let lasts = sender.ms();
            if at + lasts + TOLD_BEFORE_MS <= self.bell.period_ms {
                self.sender = Some(sender);
                self.order(PortOrder::SoundOnHook { ms: lasts + TICK_MS });
            }
        }
        match self.bell.edge(at) {
            Some(true) => self.order(PortOrder::Hook(Hook::Ring)),
            Some(false) => self.order(PortOrder::Hook(Hook::On)),
            None => {}
        }
    }

    fn answer(&mut self) {
        if matches!(self.state, State::Asking { .. }) {
            self.state = State::Up;
            self.tell(LegEvent::Answered);
        }
    }

    fn hang_up(&mut self, now: Instant, cause: Cause) {
        match self.state {
            State::Ringing { .. } => {
                self.state = State::OnHook;
                self.order(PortOrder::Hook(Hook::On));
                self.tell(LegEvent::Gone(cause));
            }
            State::Asking { .. } | State::Up | State::Dialling { held: true, .. } => {
                self.over(now);
                self.tell(LegEvent::Gone(cause));
            }
            _ => {}
        }
    }

    fn alarm(&mut self, now: Instant, alarm: Alarm, raised: bool) {
        let news = if raised { self.alarms.insert(alarm) } else { self.alarms.remove(&alarm) };
        if !news {
            return;
        }
        let dead = self.alarms.iter().any(|alarm| alarm.ends_calls());
        match (dead, &self.state) {
            (true, State::Ringing { .. } | State::Asking { .. } | State::Up)
            | (true, State::Dialling { held: true, .. }) => {
                self.order(PortOrder::Hook(Hook::On));
                self.tell(LegEvent::Gone(Cause::Unreachable));
                self.state = State::Dead;
            }
            (true, _) => {
                self.found();
                self.state = State::Dead;
            }
            (false, State::Dead) => {
                self.order(PortOrder::Hook(if self.lifted { Hook::Off } else { Hook::On }));
                self.order(PortOrder::Lamp(self.waiting));
                match self.lifted {
                    true => self.over(now),
                    false => self.state = State::OnHook,
                }
            }
            (false, _) => {}
        }
        self.outputs.push_back(Output::Alarm { alarm, raised });
    }

    fn order(&mut self, order: PortOrder) {
        self.outputs.push_back(Output::Port(order));
    }

    fn tell(&mut self, event: LegEvent) {
        self.outputs.push_back(Output::Leg(event));
    }
}
