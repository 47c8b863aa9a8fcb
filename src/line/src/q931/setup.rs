//! A call's begin: SETUP in and out, its channel, its number.

use super::call::{Call, CallNo, State, Timer};
use super::channel::{ChannelId, Which};
use super::channels::NoChannel;
use super::element::{Bearer, Element};
use super::message::{CallRef, Kind, Message};
use super::number::{PartyNumber, Plan, Presentation, TypeOfNumber};
use super::span::{Span, name_in};
use model::{Instant, LegEvent, Number, PersonName, Q850};

/// Most digits that are collected of a number that comes one by one.
const DIGITS_MAX: usize = 40;
/// How often a call of ours that lost its channel tries another.
const CHANNELS_TRIED_MAX: u8 = 2;

/// A call to be made.
#[derive(Clone, Debug, Default)]
pub struct Dialled {
    /// With `+` in front where it is international.
    pub number: Number,
    /// Shown as the caller; withheld where it is empty.
    pub caller: Number,
    pub name: PersonName,
    /// The number is whole; else `Span::digits` sends the rest.
    pub complete: bool,
}

impl Span {
    /// Makes a call; its end is told as an event. Fails where no channel or link is to be had.
    pub fn dial(&mut self, now: Instant, dialled: &Dialled) -> Result<CallNo, NoChannel> {
        let slot = self.channels.pick(None).filter(|_| self.is_up()).ok_or(NoChannel::AllTaken)?;
        let reference = self.reference().ok_or(NoChannel::AllTaken)?;
        let no = self.number();
        let (kind, digits) = match dialled.number.reveal().strip_prefix('+') {
            Some(digits) => (TypeOfNumber::International, digits),
            None => (TypeOfNumber::Unknown, dialled.number.reveal()),
        };
        let called = PartyNumber::new(kind, Plan::Isdn, digits);
        let mut setup = Message::new(CallRef { value: reference, to_chooser: false }, Kind::Setup)
            .with(Element::Bearer(Bearer::Sound { law: self.config.law }))
            .with(Element::Channel(self.asked(slot)))
            .with(Element::Calling(calling(&dialled.caller)))
            .with(Element::Called(called));
        if !dialled.name.is_empty() {
            setup = setup.with(Element::Display(dialled.name.clone()));
        }
        if dialled.complete {
            setup = setup.with(Element::SendingComplete);
        }
        let mut call = Call::new(no, true, slot, digits, setup.clone());
        call.start(now, Timer::T303);
        self.channels.take(slot, no);
        self.calls.insert((true, reference), call);
        self.counters.calls_out += 1;
        self.say(now, &setup);
        self.drain(now);
        Ok(no)
    }

    /// Sends more digits of a number that was not whole.
    pub fn digits(&mut self, now: Instant, no: CallNo, digits: &str, complete: bool) {
        let Some(key) = self.key_of(no) else { return };
        let Some(call) = self.calls.get_mut(&key).filter(|call| call.state == State::Overlap)
        else {
            return;
        };
        call.dialled.push_str(digits);
        call.start(now, Timer::T304);
        let number = PartyNumber::new(TypeOfNumber::Unknown, Plan::Isdn, digits);
        let mut message =
            Message::new(call.refers(), Kind::Information).with(Element::Called(number));
        if complete {
            message = message.with(Element::SendingComplete);
        }
        self.say(now, &message);
        self.drain(now);
    }

    fn asked(&self, slot: u8) -> ChannelId {
        ChannelId { exclusive: self.config.exclusive, which: Which::Slot(slot) }
    }

    /// A SETUP of the far side (5.2).
    pub(super) fn setup(&mut self, now: Instant, message: &Message) {
        let reference = message.reference.value;
        let bearer = message.find(|e| match e {
            Element::Bearer(bearer) => Some(Ok(*bearer)),
            Element::Malformed { id: 0x04 } => Some(Err(Q850::INVALID_CONTENTS)),
            _ => None,
        });
        let asked = message.find(|e| match e {
            Element::Channel(channel) => Some(Ok(*channel)),
            Element::Malformed { id: 0x18 } => Some(Err(Q850::INVALID_CONTENTS)),
            _ => None,
        });
        let demanded =
            message.find(|e| matches!(e, Element::Unknown { demanding: true, .. }).then_some(()));
        let refused = match (bearer, asked) {
            (None, _) => Some(Q850::MANDATORY_MISSING),
            (Some(Err(cause)), _) | (_, Some(Err(cause))) => Some(cause),
            // The network names a channel always (3.1.14).
            (_, None) if self.config.side == crate::q921::Side::User => {
                Some(Q850::MANDATORY_MISSING)
            }
            // Information element not implemented (5.8.7.1).
            _ if demanded.is_some() => Some(Q850(99)),
            (Some(Ok(Bearer::Other)), _) => Some(Q850::NOT_IMPLEMENTED),
            _ if self.calls.len() >= super::span::CALLS_MAX => Some(Q850::CONGESTION),
            _ => None,
        };
        let any = ChannelId { exclusive: false, which: Which::Any };
        let asked = asked.and_then(Result::ok).unwrap_or(any);
        let slot = match refused {
            Some(cause) => Err(cause),
            None => self.channel_for(asked),
        };
        let slot = match slot {
            Ok(slot) => slot,
            Err(cause) => {
                let to = CallRef { value: reference, to_chooser: true };
                let answer = Message::new(to, Kind::ReleaseComplete).with(Self::cause(cause));
                return self.say(now, &answer);
            }
        };
        let called = message.find(|e| match e {
            Element::Called(number) => Some(number.digits.clone()),
            _ => None,
        });
        let no = self.number();
        self.channels.take(slot, no);
        self.counters.calls_in += 1;
        let dialled = called.unwrap_or_default();
        let call = Call::new(no, false, slot, dialled.reveal(), message.clone());
        self.calls.insert((false, reference), call);
        let complete = message.elements.contains(&Element::SendingComplete);
        self.more_digits(now, (false, reference), complete);
    }

    /// Finds the channel for a call that arrives; one that both sides wanted is the network's call's
    /// (5.7).
    fn channel_for(&mut self, asked: ChannelId) -> Result<u8, Q850> {
        if self.config.side == crate::q921::Side::User
            && let Which::Slot(slot) = asked.which
            && let Some(holder) = self.channels.holder(slot)
            && let Some(key) = self.key_of(holder)
            && self
                .calls
                .get(&key)
                .is_some_and(|call| call.state == State::Initiated && !call.heard)
        {
            self.counters.glare += 1;
            self.channels.free(slot, holder);
            self.yield_channel(key, slot);
            return Ok(slot);
        }
        self.channels.fit(asked).map_err(|why| {
            self.counters.no_channel += 1;
            match why {
                NoChannel::AllTaken => Q850::NO_CHANNEL,
                NoChannel::Taken => Q850::CHANNEL_TAKEN,
                NoChannel::Unknown => Q850::NO_SUCH_CHANNEL,
            }
        })
    }

    /// A call of ours lost its channel before the far side said anything. The network answers it with
    /// another channel, or refuses it; then another is tried.
    fn yield_channel(&mut self, key: (bool, u16), slot: u8) {
        if let Some(call) = self.calls.get_mut(&key).filter(|call| call.slot == Some(slot)) {
            call.slot = None;
        }
    }

    /// Tries a call of ours that was refused for want of its channel on another one; tells whether
    /// there was one.
    pub(super) fn try_another(&mut self, now: Instant, key: (bool, u16), cause: Q850) -> bool {
        let for_channel = [Q850(6), Q850::NO_CHANNEL, Q850::CHANNEL_TAKEN, Q850::NO_SUCH_CHANNEL];
        let Some(call) = self.calls.get(&key) else { return false };
        let again = call.ours
            && call.state == State::Initiated
            && call.again < CHANNELS_TRIED_MAX
            && for_channel.contains(&cause);
        let Some(slot) = self.channels.pick(call.slot).filter(|_| again) else { return false };
        let Some(reference) = self.reference() else { return false };
        let Some(mut call) = self.calls.remove(&key) else { return false };
        if let Some(old) = call.slot {
            self.channels.free(old, call.no);
        }
        let asked = self.asked(slot);
        (call.reference, call.slot, call.again) = (reference, Some(slot), call.again + 1);
        call.start(now, Timer::T303);
        let Some(setup) = &mut call.setup else { return false };
        setup.reference.value = reference;
        for element in &mut setup.elements {
            if let Element::Channel(channel) = element {
                *channel = asked;
            }
        }
        let setup = setup.clone();
        self.channels.take(slot, call.no);
        self.calls.insert((true, reference), call);
        self.say(now, &setup);
        true
    }

    /// Digits came, or all that will: the call arrives once its number is whole (5.2.1, 5.2.4).
    pub(super) fn more_digits(&mut self, now: Instant, key: (bool, u16), complete: bool) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        call.dialled.truncate(DIGITS_MAX);
        let wanted = self.config.overlap_digits.map_or(0, usize::from);
        let (refers, slot) = (call.refers(), call.slot);
        let channel = slot.map(|slot| Element::Channel(ChannelId::exclusive(slot)));
        if complete || call.dialled.len() >= wanted {
            return self.arrive(now, key);
        }
        call.start(now, Timer::T302);
        if std::mem::replace(&mut call.state, State::OverlapIn) == State::Present {
            let mut answer = Message::new(refers, Kind::SetupAcknowledge);
            answer.elements.extend(channel);
            self.say(now, &answer);
        }
    }

    /// The number is whole: the call is told, and the caller hears that it rings.
    pub(super) fn arrive(&mut self, now: Instant, key: (bool, u16)) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let first = call.state == State::Present;
        (call.state, call.timer, call.told) = (State::Received, None, true);
        let (refers, no, slot) = (call.refers(), call.no, call.slot);
        let dialled = call.dialled.clone();
        let setup = call.setup.take();
        let (caller, name) = match &setup {
            Some(setup) => (self.caller_in(setup), name_in(setup)),
            None => Default::default(),
        };
        let mut proceeding = Message::new(refers, Kind::CallProceeding);
        if let Some(slot) = slot.filter(|_| first) {
            proceeding = proceeding.with(Element::Channel(ChannelId::exclusive(slot)));
        }
        self.say(now, &proceeding);
        self.say(now, &Message::new(refers, Kind::Alerting));
        self.open_sound(key);
        let via = self.config.via.clone();
        let diverted = Number::default();
        self.tell(no, LegEvent::Arrived { via, caller, name, dialled, diverted });
    }

    fn caller_in(&self, setup: &Message) -> Number {
        let shown = setup.find(|e| match e {
            Element::Calling(number) => Some(number.clone()),
            _ => None,
        });
        let Some(number) = shown.filter(|n| n.presentation == Presentation::Allowed) else {
            return Number::default();
        };
        let digits = number.digits.reveal();
        match number.kind {
            _ if digits.is_empty() => Number::default(),
            TypeOfNumber::International => Number::new(format!("+{digits}")),
            TypeOfNumber::National => {
                Number::new(format!("{}{digits}", self.config.national_prefix))
            }
            _ => number.digits,
        }
    }
}

fn calling(caller: &Number) -> PartyNumber {
    let (kind, digits) = match caller.reveal().strip_prefix('+') {
        Some(digits) => (TypeOfNumber::International, digits),
        None => (TypeOfNumber::Unknown, caller.reveal()),
    };
    let presentation =
        if caller.is_empty() { Presentation::Restricted } else { Presentation::Allowed };
    PartyNumber { presentation, ..PartyNumber::new(kind, Plan::Isdn, digits) }
}
