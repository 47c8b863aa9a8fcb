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
//! ```text
//!   Idle --Dial: Seized, Hook(Off)--> Out (`call_out`) --answered--> Up
//!                             |  '--gone: Hook(On), Gone--> Guard
//!                             '--a caller was quicker: Gone(Congestion), Arrived--> Caught --Answer--> Up
//! ```
//!
//! An exchange does not say when a caller who still hears the ring hangs up; the ring just stops. So
//! a line that stopped ringing is not answered: `Arrived` comes with caller id or with a ring.

mod outward;

use crate::call_out::CallOut;
use crate::caller_id::{CallerId, CallerIdEar};
use crate::caller_told::Message;
use crate::config::Config;
use crate::sound::{Sound, decode};
use crate::zone::GoneEars;
use model::port::{Alarm, Hook, PortEvent, PortOrder};
use model::{Cause, Instant, LegEvent, Via};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// No ring for this long: the caller gave up. Twice the pause of the longest cadences.
const RING_STOPPED: Duration = Duration::from_secs(8);
/// A pause between rings may be this much off the country's, as cards and exchanges are.
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
    /// Seize the line and dial a number: digits, `*`, `#`, and `W` for half a second's wait. Whether
    /// the line was there for it is told by `Output::Seized`.
    Dial(&'a str),
    /// Ring the telephone and tell it who calls. Whether it was free is told by `Output::Seized`.
    Ring(&'a Message),
    /// The far side of the telephone's call rings.
    Alert,
    /// The far side is heard before it answers.
    Early,
    /// After a flash: a dial tone, and an ear for a number, which `Output::Dialled` tells.
    Offer,
    /// So many messages wait at the telephone.
    Messages(u16),
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
    /// The line is seized for a call out, or the telephone rings; or why it is not so. Then the port has
    /// no leg of that call: what it tells next is of whoever has the line.
    Seized(Result<(), Cause>),
    /// The hook of the telephone was flashed in a talk.
    Flash,
    /// What was dialled at the dial tone after a flash; empty where the telephone is just back.
    Dialled(String),
    Alarm {
        alarm: Alarm,
        raised: bool,
    },
}

/// A port that faces the telephone exchange.
pub(crate) struct ExchangePort {
    config: Config,
    state: State,
    alarms: BTreeSet<Alarm>,
    caller: Option<CallerId>,
    caller_ear: CallerIdEar,
    gone_ears: GoneEars,
    call_out: CallOut,
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
    /// A call out that nobody answered yet.
    Out,
    /// A caller who was there as the line was seized for a call out.
    Caught {
        since: Instant,
    },
    Up {
        since: Instant,
        /// The answer of a call out was guessed from what is heard: a reversal is the answer still.
        by_ear: bool,
    },
    Guard {
        until: Instant,
    },
    Dead,
}

impl ExchangePort {
    /// Makes a port on hook.
    pub(crate) fn new(_now: Instant, config: Config) -> Self {
        Self {
            state: State::Idle,
            alarms: BTreeSet::new(),
            caller: None,
            caller_ear: CallerIdEar::new(config.names),
            gone_ears: GoneEars::new(&config.tones),
            call_out: CallOut::new(&config.tones),
            outputs: VecDeque::with_capacity(OUTPUTS),
            config,
        }
    }

    /// Tells whether a call is on the line, or one has just ended.
    pub(crate) fn is_busy(&self) -> bool {
        !matches!(self.state, State::Idle | State::Dead)
    }

    /// The alarm that keeps the port from carrying calls.
    pub(crate) fn dead_by(&self) -> Option<Alarm> {
        self.alarms.iter().copied().find(|alarm| alarm.ends_calls())
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input<'_>) {
        if let Input::Event(PortEvent::Alarm { alarm, raised }) = input {
            return self.alarm(now, alarm, raised);
        }
        match input {
            Input::Event(event) => self.event(now, event),
            Input::Block(block) => self.block(now, block),
            Input::Answer => self.answer(now),
            Input::Dial(number) => self.dial(now, number),
            Input::Refuse(cause) | Input::HangUp(cause) => self.hang_up(now, cause),
            // Those are a telephone's.
            Input::Ring(_) => self.outputs.push_back(Output::Seized(Err(Cause::NotFound))),
            Input::Alert | Input::Early | Input::Offer | Input::Messages(_) => {}
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn event(&mut self, now: Instant, event: PortEvent) {
        match (event, self.state) {
            (event, State::Out) => {
                let step = self.call_out.event(now, event);
                self.goes_out(now, step);
            }
            (PortEvent::RingBegin, _) => self.ring_begins(now),
            (PortEvent::RingOffHook, State::Ringing { rings, arrived, .. }) => {
                self.state = State::Ringing { rings, last: now, arrived };
            }
            (PortEvent::RingOffHook, State::PassedOver { .. }) => {
                self.state = State::PassedOver { last: now };
            }
            (PortEvent::HookComplete, State::Answering { since }) => self.answered(since),
            (
                PortEvent::OnHook,
                State::Answering { .. } | State::Up { .. } | State::Caught { .. },
            ) => {
                self.release(now, Cause::Normal);
            }
            (PortEvent::Polarity, State::Up { by_ear: true, .. }) => {
                self.call_out.reversed();
                self.state = State::Up { since: now, by_ear: false };
            }
            (PortEvent::Polarity, State::Up { since, .. }) if now.since(since) >= REVERSAL_MIN => {
                self.release(now, Cause::Normal);
            }
            (PortEvent::Polarity, State::Idle) => {
                self.caller = None;
                self.caller_ear = CallerIdEar::new(self.config.names);
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
            State::Answering { .. }
            | State::Up { .. }
            | State::Out
            | State::Caught { .. }
            | State::Dead => {}
        }
        self.arrive();
    }

    fn first_ring(&mut self, now: Instant) {
        self.caller = None;
        self.caller_ear = CallerIdEar::new(self.config.names);
        self.state = State::Ringing { rings: 1, last: now, arrived: false };
    }

    /// Tells whether a ring after such a pause is the first of another call: its caller must not
    /// be taken for the one before. A pause of less than a second is a ring that stuttered.
    fn out_of_cadence(&self, pause: Duration) -> bool {
        let usual = Duration::from_millis(self.config.tones.bell.pause_ms().into());
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
        self.state = State::Ringing { rings, last, arrived: true };
        self.arrived();
    }

    fn arrived(&mut self) {
        let CallerId { number, name } = self.caller.take().unwrap_or_default();
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
            State::Out => {
                let mut sound: Sound = [0.0; 160];
                decode(self.config.law, block, &mut sound);
                let step = self.call_out.block(now, &sound);
                self.goes_out(now, step);
            }
            State::Up { .. } | State::Caught { .. } => {
                let mut sound: Sound = [0.0; 160];
                decode(self.config.law, block, &mut sound);
                if self.gone_ears.hear(&sound).is_some() {
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
        match self.state {
            State::Ringing { arrived: true, .. } => {
                self.state = State::Answering { since: now };
                self.hook(Hook::Off);
            }
            State::Caught { since } => self.answered(since),
            _ => {}
        }
    }

    fn answered(&mut self, since: Instant) {
        self.gone_ears.reset();
        self.state = State::Up { since, by_ear: false };
        self.tell(LegEvent::Answered);
    }

    fn hang_up(&mut self, now: Instant, cause: Cause) {
        match self.state {
            State::Ringing { last, arrived: true, .. } => {
                self.state = State::PassedOver { last };
                self.tell(LegEvent::Gone(cause));
            }
            State::Answering { .. } | State::Up { .. } | State::Out | State::Caught { .. } => {
                self.release(now, cause);
            }
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
        let dead = self.alarms.iter().any(|alarm| alarm.ends_calls());
        match (dead, self.state) {
            (
                true,
                State::Answering { .. } | State::Up { .. } | State::Out | State::Caught { .. },
            ) => {
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
