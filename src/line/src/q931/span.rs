//! A span's D channel: its data link, its calls, its channels.
//!
//! ```text
//!   D channel frames --> q921::Link --messages--> calls (`received`) --> leg events, channels
//!   dial, answer, hang up ------------------------> calls (`setup`, `clear`) --> messages --> frames
//! ```
//!
//! The link is wanted always: where it is lost it is asked for again, and calls that talk go on for
//! T309 meanwhile.

use super::call::{Call, CallNo, State, T322};
use super::channels::{Channels, From};
use super::element::{Element, Location};
use super::message::{CallRef, Kind, Message};
use crate::q921::{self, Link, Side};
use model::port::Alarm;
use model::{Instant, Law, LegEvent, PersonName, Q850, Via};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How long calls that talk go on without a data link (Q.931 table 9-1; ETSI's is up to 90 s).
pub const T309: Duration = Duration::from_secs(90);
/// From the loss of a link to the next try.
const LINK_AGAIN: Duration = Duration::from_secs(2);
/// Calls at once, those being cleared among them: a span has 30 channels.
pub const CALLS_MAX: usize = 128;

/// What a span is told to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whose calls its calls are.
    pub via: Via,
    pub side: Side,
    pub law: Law,
    /// Which channels are taken first.
    pub from: From,
    /// Channels that the carrier does not serve.
    pub off: Vec<u8>,
    /// A channel we name may not be changed by the far side.
    pub exclusive: bool,
    /// Digits that a number dialled to us has, where they come one by one (overlap); none where a
    /// SETUP has them all.
    pub overlap_digits: Option<u8>,
    /// How long calls that talk go on without a data link.
    pub t309: Duration,
    /// What stands before a national number for the rest of the box.
    pub national_prefix: String,
}

impl Config {
    /// The user side of a EuroISDN line that dials en bloc.
    pub fn new(via: Via, side: Side) -> Self {
        let from = if side == Side::User { From::Highest } else { From::Lowest };
        Self {
            via,
            side,
            law: Law::A,
            from,
            off: Vec::new(),
            exclusive: false,
            overlap_digits: None,
            t309: T309,
            national_prefix: "0".to_owned(),
        }
    }
}

/// What a span says.
#[derive(Clone, PartialEq)]
pub enum Output {
    /// To be sent on the D channel, without its check sequence.
    Frame(Vec<u8>),
    /// Something happened to a call.
    Leg { call: CallNo, event: LegEvent },
    /// Sound of this channel is this call's from here on; nobody's if none is given.
    Sound { slot: u8, call: Option<CallNo> },
    /// The data link came or went.
    Link { up: bool },
    /// The far side restarted a channel, and a call on it ended.
    Restarted { slot: u8 },
}

/// What happened on a span since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub calls_in: u64,
    pub calls_out: u64,
    /// Calls that came while every channel, or the one they named, was taken.
    pub no_channel: u64,
    /// Messages that were of no call, of no kind, or had lost what they must carry.
    pub odd: u64,
    /// Times both sides wanted one channel.
    pub glare: u64,
    /// Channels that had to be restarted.
    pub restarts: u64,
    /// Calls that were lost with the data link.
    pub lost: u64,
}

/// A span's calls.
pub struct Span {
    pub(super) config: Config,
    pub(super) link: Link,
    /// By who chose the reference (we did: true), and the reference.
    pub(super) calls: BTreeMap<(bool, u16), Call>,
    pub(super) channels: Channels,
    pub(super) counters: Counters,
    next_no: u64,
    next_reference: u16,
    /// Until when a restart is waited for, and of which channel.
    pub(super) restart: Option<(Instant, u8)>,
    t309: Option<Instant>,
    link_again: Option<Instant>,
    alarms: BTreeSet<Alarm>,
    /// What was told of the link.
    up: bool,
    pub(super) outputs: VecDeque<Output>,
}

impl Span {
    /// Opens a span and asks for its link.
    pub fn new(now: Instant, config: Config) -> Self {
        let mut span = Self {
            link: Link::new(config.side),
            calls: BTreeMap::new(),
            channels: Channels::new(config.from, &config.off),
            counters: Counters::default(),
            next_no: 1,
            next_reference: 1,
            restart: None,
            t309: None,
            link_again: None,
            alarms: BTreeSet::new(),
            up: false,
            outputs: VecDeque::new(),
            config,
        };
        span.link.handle(now, q921::Input::Establish);
        span.drain(now);
        span
    }

    /// Takes a frame of the D channel, without its check sequence.
    pub fn frame(&mut self, now: Instant, bytes: &[u8]) {
        self.link.handle(now, q921::Input::Frame(bytes));
        self.drain(now);
    }

    /// The D channel has opened: what was sent before is lost, so a link that does not stand is asked for
    /// at once.
    pub fn opened(&mut self, now: Instant) {
        if !self.link.is_up() && !self.is_dead() {
            self.link_again = None;
            self.link.handle(now, q921::Input::Establish);
            self.drain(now);
        }
    }

    /// The span's alarm changed. One that carries no frames takes the link with it.
    pub fn alarm(&mut self, now: Instant, alarm: Alarm, raised: bool) {
        let was = self.is_dead();
        match raised {
            true => self.alarms.insert(alarm),
            false => self.alarms.remove(&alarm),
        };
        match (was, self.is_dead()) {
            (false, true) => {
                self.link_again = None;
                self.link.handle(now, q921::Input::Down);
                self.drain(now);
                // Nothing is heard on it: calls that talk have ended for those who talk.
                self.end_all(|_| true);
            }
            (true, false) => self.link_again = Some(now),
            _ => {}
        }
        self.tick(now);
    }

    fn is_dead(&self) -> bool {
        let dead = [Alarm::Red, Alarm::LossOfFrame, Alarm::Blue, Alarm::CardGone, Alarm::Misfit];
        self.alarms.iter().any(|alarm| dead.contains(alarm))
    }

    /// Tells whether calls can be made.
    pub fn is_up(&self) -> bool {
        self.link.is_up() && !self.is_dead()
    }

    /// What happened since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What happened on its link since the start.
    pub fn link_counters(&self) -> q921::Counters {
        self.link.counters()
    }

    /// Calls there are, those being cleared among them.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        self.link.tick(now);
        self.drain(now);
        if self.link_again.take_if(|at| *at <= now).is_some() && !self.is_dead() {
            self.link.handle(now, q921::Input::Establish);
            self.drain(now);
        }
        if self.t309.take_if(|at| *at <= now).is_some() {
            self.counters.lost += self.calls.len() as u64;
            self.end_all(|_| true);
        }
        self.restart_due(now);
        let due: Vec<_> =
            self.calls.iter().filter(|(_, call)| call.is_due(now)).map(|(key, _)| *key).collect();
        for key in due {
            self.call_due(now, key);
        }
        self.drain(now);
    }

    /// When `tick` is due next, and why.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let calls = self.calls.values().filter_map(Call::deadline);
        let own = [
            self.link.deadline(),
            self.t309.map(|at| (at, "T309")),
            self.link_again.map(|at| (at, "the link is asked for again")),
            self.restart.map(|(at, ..)| (at, "T316")),
        ];
        own.into_iter().flatten().chain(calls).min()
    }

    /// What is to be sent and told, in its order; poll until there is nothing.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Hands on what the link says.
    pub(super) fn drain(&mut self, now: Instant) {
        while let Some(said) = self.link.poll() {
            match said {
                q921::Output::Frame(frame) => self.outputs.push_back(Output::Frame(frame)),
                q921::Output::Message(bytes) => self.message(now, &bytes),
                q921::Output::Established => self.link_came(now),
                q921::Output::Released => self.link_went(now),
            }
        }
    }

    /// Calls whose digits were on their way are gone (5.8.8), a SETUP that nobody answered yet is sent
    /// again, for it may be lost with the link before, and the other calls are asked for.
    fn link_came(&mut self, now: Instant) {
        self.t309 = None;
        self.link_again = None;
        self.tell_link(true);
        self.end_all(|state| matches!(state, State::Overlap | State::OverlapIn));
        let keys: Vec<_> = self.calls.keys().copied().collect();
        for key in keys {
            match self.calls.get(&key) {
                // The timer that bounds it runs on. Whoever has the call passes over a second one
                // (5.8.3.2 e), and whoever lost it would say to an enquiry that there is none.
                Some(Call {
                    state: State::Initiated, heard: false, setup: Some(setup), ..
                }) => {
                    let setup = setup.clone();
                    self.say(now, &setup);
                }
                _ => self.enquire(now, key),
            }
        }
        for slot in self.channels.restarting() {
            self.ask_restart(now, slot);
        }
    }

    fn tell_link(&mut self, up: bool) {
        if std::mem::replace(&mut self.up, up) != up {
            self.outputs.push_back(Output::Link { up });
        }
    }

    /// Calls that talk wait for the link until T309 runs out; the rest is gone (5.8.9).
    fn link_went(&mut self, now: Instant) {
        self.tell_link(false);
        // It is lost with the link, and sent anew with the next.
        self.restart = None;
        self.end_all(|state| state != State::Active);
        if !self.is_dead() {
            self.link_again = Some(now + LINK_AGAIN);
        }
        if !self.calls.is_empty() && self.t309.is_none() {
            self.t309 = Some(now + self.config.t309);
        }
    }

    /// Ends calls of these states without a word to the far side.
    fn end_all(&mut self, which: impl Fn(State) -> bool) {
        let gone: Vec<_> =
            self.calls.iter().filter(|(_, call)| which(call.state)).map(|(key, _)| *key).collect();
        for key in gone {
            if let Some(call) = self.calls.get_mut(&key) {
                call.cause = Q850::OUT_OF_ORDER;
            }
            self.end(key);
        }
        if self.calls.is_empty() {
            self.t309 = None;
        }
    }

    /// Gives a message to the link; `drain` hands its frames on.
    pub(super) fn say(&mut self, now: Instant, message: &Message) {
        self.link.handle(now, q921::Input::Send(message.write()));
    }

    /// A number for a call, never given before.
    pub(super) fn number(&mut self) -> CallNo {
        self.next_no += 1;
        CallNo(self.next_no - 1)
    }

    /// A reference that no call of ours has; none where there is no room for a call.
    pub(super) fn reference(&mut self) -> Option<u16> {
        if self.calls.len() >= CALLS_MAX {
            return None;
        }
        // At most as many are taken as there are calls.
        for _ in 0..=CALLS_MAX {
            let reference = self.next_reference;
            self.next_reference = if reference == CallRef::MAX { 1 } else { reference + 1 };
            if !self.calls.contains_key(&(true, reference)) {
                return Some(reference);
            }
        }
        None
    }

    /// The key of a call.
    pub(super) fn key_of(&self, no: CallNo) -> Option<(bool, u16)> {
        self.calls.iter().find(|(_, call)| call.no == no).map(|(key, _)| *key)
    }

    /// A cause as the box gives it.
    pub(super) fn cause(value: Q850) -> Element {
        Element::Cause { location: Location::PrivateLocal, value: value.0 }
    }

    /// Sound of a call's channel is the call's from here on.
    pub(super) fn open_sound(&mut self, key: (bool, u16)) {
        if let Some(call) = self.calls.get_mut(&key)
            && let Some(slot) = call.slot
            && !std::mem::replace(&mut call.sounds, true)
        {
            let call = Some(call.no);
            self.outputs.push_back(Output::Sound { slot, call });
        }
    }

    pub(super) fn tell(&mut self, call: CallNo, event: LegEvent) {
        self.outputs.push_back(Output::Leg { call, event });
    }

    /// Asks the far side what a call's state is (5.8.10).
    pub(super) fn enquire(&mut self, now: Instant, key: (bool, u16)) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        call.t322 = Some(now + T322);
        let message = Message::new(call.refers(), Kind::StatusEnquiry);
        self.say(now, &message);
    }
}

/// A caller's name, if the far side gave one. Where Facility says that it is withheld, it is so.
pub(super) fn name_in(message: &Message) -> PersonName {
    let displayed = |element: &Element| match element {
        Element::Display(name) => Some(name.clone()),
        _ => None,
    };
    caller_name_in(message).or_else(|| message.find(displayed)).unwrap_or_default()
}

/// A caller's name by Facility.
pub(super) fn caller_name_in(message: &Message) -> Option<PersonName> {
    message.find(|element| match element {
        Element::CallerName(name) => Some(name.clone()),
        _ => None,
    })
}
