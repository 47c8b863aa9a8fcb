//! A port of a line card as a leg of a call: FXO, facing the telephone exchange.
//!
//! ```text
//!   Idle --reversal--> Announced (5 s)
//!    |  \------------------|--------- RingBegin
//!    |                     v
//!    |                  Ringing --id known and rings counted, or one ring more--> Arrived is told
//!    |   no ring for 8 s |   |  Answer: Hook(Off)                    | Refuse, HangUp: Gone
//!    |   Gone(Cancelled) |   v                                       v
//!    |<------------------'  Answering --HookComplete or 500 ms      PassedOver --no ring for 8 s--.
//!    |                       |         Answered is told                                           |
//!    |                       v                                                                    |
//!    |                       Up --OnHook, reversal, busy tone: Hook(On), Gone(Normal)             |
//!    |                       |  \-HangUp: Hook(On), Gone(cause)                                   |
//!    |      2 s over         v                                                                    |
//!    '<------------------- Guard <----alarm cleared-- Dead <--alarm: Gone(Unreachable)-- any      |
//!    '<-------------------------------------------------------------------------------------------'
//! ```
//!
//! An exchange does not say when a caller who still hears the ring hangs up; the ring just stops. So
//! a line that stopped ringing is not answered: `Arrived` comes with caller id or with a ring.

use crate::busy::BusyEar;
use crate::caller_id::{CallerId, CallerIdEar};
use crate::config::Config;
use crate::sound::{Sound, decode};
use model::port::{Alarm, Hook, PortEvent, PortKind, PortOrder};
use model::{Cause, Instant, Law, LegEvent, Via};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// No ring for this long: the caller gave up. Twice the pause of the longest cadences.
const RING_STOPPED: Duration = Duration::from_secs(8);
/// A pause between rings may be this much off the zone's, as cards and exchanges are.
const CADENCE_TOLERANCE: Duration = Duration::from_secs(1);
/// A ring that pauses for less has stuttered.
const STUTTER_MAX: Duration = Duration::from_secs(1);
/// From a reversal of polarity to the ring that it announces.
const ANNOUNCED: Duration = Duration::from_secs(5);
/// A card that does not report the end of a hook change has made it after this.
const HOOK_MAX: Duration = Duration::from_millis(500);
/// From the answer to the first reversal that means hang-up: the one before means answered.
const REVERSAL_MIN: Duration = Duration::from_millis(600);
/// After hanging up, no ring is taken for this long: the exchange is still releasing.
const GUARD: Duration = Duration::from_secs(2);
/// Outputs that may wait; each input gives three at most and is followed by polling.
const OUTPUTS: usize = 16;

/// What happens at a port, and what shall.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// The card's driver reported an event.
    Event(PortEvent),
    /// 20 ms of the line's sound, each 20 ms.
    Block(&'a [u8; 160]),
    /// Answer the call that rings.
    Answer,
    /// An analogue line cannot refuse: let it ring and pass it over until it stops.
    Refuse(Cause),
    HangUp(Cause),
}

/// What a port says.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// To be done by the card.
    Port(PortOrder),
    /// Something happened on the leg.
    Leg(LegEvent),
    Alarm {
        alarm: Alarm,
        raised: bool,
    },
}

/// A port.
pub struct LinePort {
    config: Config,
    state: State,
    alarms: BTreeSet<Alarm>,
    caller: Option<CallerId>,
    caller_ear: CallerIdEar,
    busy_ear: BusyEar,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Announced {
        until: Instant,
    },
    Ringing {
        rings: u8,
        /// When a ring began or ended last.
        last: Instant,
        arrived: bool,
    },
    PassedOver {
        last: Instant,
    },
    Answering {
        since: Instant,
    },
    Up {
        since: Instant,
    },
    Guard {
        until: Instant,
    },
    Dead,
}

impl LinePort {
    /// Makes a port on hook.
    pub fn new(_now: Instant, config: Config) -> Self {
        Self {
            state: State::Idle,
            alarms: BTreeSet::new(),
            caller: None,
            caller_ear: CallerIdEar::new(),
            busy_ear: BusyEar::new(config.zone),
            outputs: VecDeque::with_capacity(OUTPUTS),
            config,
        }
    }

    /// The law its blocks are written in.
    pub fn law(&self) -> Law {
        self.config.law
    }

    /// Takes what happened. Time goes on by blocks: one each 20 ms keeps every timer.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if let Input::Event(PortEvent::Alarm { alarm, raised }) = input {
            return self.alarm(now, alarm, raised);
        }
        if self.config.kind == PortKind::Fxs {
            return;
        }
        match input {
            Input::Event(event) => self.event(now, event),
            Input::Block(block) => self.block(now, block),
            Input::Answer => self.answer(now),
            Input::Refuse(cause) | Input::HangUp(cause) => self.hang_up(now, cause),
        }
    }

    /// What is to be done and told, in its order; poll until there is nothing.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn event(&mut self, now: Instant, event: PortEvent) {
        match (event, self.state) {
            (PortEvent::RingBegin, _) => self.ring_begins(now),
            (PortEvent::RingOffHook, State::Ringing { rings, arrived, .. }) => {
                self.state = State::Ringing { rings, last: now, arrived };
            }
            (PortEvent::RingOffHook, State::PassedOver { .. }) => {
                self.state = State::PassedOver { last: now };
            }
            (PortEvent::HookComplete, State::Answering { since }) => self.answered(since),
            (PortEvent::OnHook, State::Answering { .. } | State::Up { .. }) => {
                self.release(now, Cause::Normal);
            }
            (PortEvent::Polarity, State::Up { since }) if now.since(since) >= REVERSAL_MIN => {
                self.release(now, Cause::Normal);
            }
            (PortEvent::Polarity, State::Idle) => {
                self.caller = None;
                self.caller_ear = CallerIdEar::new();
                self.state = State::Announced { until: now + ANNOUNCED };
            }
            _ => {}
        }
    }

    fn ring_begins(&mut self, now: Instant) {
        match self.state {
            State::Guard { until } if now < until => return,
            State::Idle | State::Guard { .. } => self.first_ring(now),
            State::Announced { .. } => {
                self.state = State::Ringing { rings: 1, last: now, arrived: false };
            }
            State::Ringing { last, arrived, .. } if self.out_of_cadence(now.since(last)) => {
                if arrived {
                    self.tell(LegEvent::Gone(Cause::Cancelled));
                }
                self.first_ring(now);
            }
            State::PassedOver { last } if self.out_of_cadence(now.since(last)) => {
                self.first_ring(now);
            }
            State::Ringing { rings, arrived, .. } => {
                self.state = State::Ringing { rings: rings.saturating_add(1), last: now, arrived };
            }
            State::PassedOver { .. } => self.state = State::PassedOver { last: now },
            State::Answering { .. } | State::Up { .. } | State::Dead => {}
        }
        self.arrive();
    }

    fn first_ring(&mut self, now: Instant) {
        self.caller = None;
        self.caller_ear = CallerIdEar::new();
        self.state = State::Ringing { rings: 1, last: now, arrived: false };
    }

    /// Tells whether a ring after such a pause is the first of another call: its caller must not
    /// be taken for the one before. A pause of less than a second is a ring that stuttered.
    fn out_of_cadence(&self, pause: Duration) -> bool {
        let usual = Duration::from_millis(self.config.zone.ring_pause_ms.into());
        let early = pause > STUTTER_MAX && pause + CADENCE_TOLERANCE < usual;
        early || pause > usual + CADENCE_TOLERANCE
    }

    /// Tells that a call arrived once it is known who calls, or will not be known.
    fn arrive(&mut self) {
        let State::Ringing { rings, last, arrived: false } = self.state else { return };
        let wanted = self.config.answer_after_rings;
        let known = self.caller.is_some() && rings >= wanted;
        if !known && rings <= wanted {
            return;
        }
        let CallerId { number, name } = self.caller.take().unwrap_or_default();
        self.state = State::Ringing { rings, last, arrived: true };
        let via = Via::Port(self.config.port.clone());
        self.tell(LegEvent::Arrived {
            via,
            caller: number,
            name,
            dialled: String::new(),
            diverted: Default::default(),
        });
    }

    fn block(&mut self, now: Instant, block: &[u8; 160]) {
        match self.state {
            State::Ringing { last, arrived, .. } if now.since(last) >= RING_STOPPED => {
                self.state = State::Idle;
                if arrived {
                    self.tell(LegEvent::Gone(Cause::Cancelled));
                }
            }
            State::PassedOver { last } if now.since(last) >= RING_STOPPED => {
                self.state = State::Idle;
            }
            State::Announced { until } | State::Guard { until } if now >= until => {
                self.state = State::Idle;
            }
            State::Announced { .. } | State::Ringing { arrived: false, .. } => {
                self.listen_for_caller(block);
            }
            State::Answering { since } if now.since(since) >= HOOK_MAX => self.answered(since),
            State::Up { .. } => {
                let mut sound: Sound = [0.0; 160];
                decode(self.config.law, block, &mut sound);
                if self.busy_ear.hear(&sound) {
                    self.release(now, Cause::Normal);
                }
            }
            _ => {}
        }
    }

    fn listen_for_caller(&mut self, block: &[u8; 160]) {
        if self.caller.is_some() {
            return;
        }
        let mut sound: Sound = [0.0; 160];
        decode(self.config.law, block, &mut sound);
        self.caller = self.caller_ear.hear(&sound);
        self.arrive();
    }

    fn answer(&mut self, now: Instant) {
        if let State::Ringing { arrived: true, .. } = self.state {
            self.state = State::Answering { since: now };
            self.hook(Hook::Off);
        }
    }

    fn answered(&mut self, since: Instant) {
        self.busy_ear.reset();
        self.state = State::Up { since };
        self.tell(LegEvent::Answered);
    }

    fn hang_up(&mut self, now: Instant, cause: Cause) {
        match self.state {
            State::Ringing { last, arrived: true, .. } => {
                self.state = State::PassedOver { last };
                self.tell(LegEvent::Gone(cause));
            }
            State::Answering { .. } | State::Up { .. } => self.release(now, cause),
            _ => {}
        }
    }

    /// Goes on hook.
    fn release(&mut self, now: Instant, cause: Cause) {
        self.state = State::Guard { until: now + GUARD };
        self.hook(Hook::On);
        self.tell(LegEvent::Gone(cause));
    }

    fn alarm(&mut self, now: Instant, alarm: Alarm, raised: bool) {
        let news = if raised { self.alarms.insert(alarm) } else { self.alarms.remove(&alarm) };
        if !news {
            return;
        }
        let dead = self.alarms.iter().any(|&alarm| ends_calls(alarm));
        match (dead, self.state) {
            (true, State::Answering { .. } | State::Up { .. }) => {
                self.release(now, Cause::Unreachable);
                self.state = State::Dead;
            }
            (true, State::Ringing { arrived: true, .. }) => {
                self.state = State::Dead;
                self.tell(LegEvent::Gone(Cause::Unreachable));
            }
            (true, _) => self.state = State::Dead,
            (false, State::Dead) => self.state = State::Guard { until: now + GUARD },
            (false, _) => {}
        }
        self.outputs.push_back(Output::Alarm { alarm, raised });
    }

    fn hook(&mut self, hook: Hook) {
        self.outputs.push_back(Output::Port(PortOrder::Hook(hook)));
    }

    fn tell(&mut self, event: LegEvent) {
        self.outputs.push_back(Output::Leg(event));
    }
}

/// A far side that only complains of what it hears (yellow) or sends ones (blue) may still speak.
fn ends_calls(alarm: Alarm) -> bool {
    matches!(alarm, Alarm::NoBattery | Alarm::CardGone | Alarm::Red)
}
