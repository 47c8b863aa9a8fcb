//! What a message of the far side does (Q.931 section 5, errors of 5.8).

use super::call::{State, Timer};
use super::channel::Which;
use super::element::{Element, IN_BAND};
use super::message::{CallRef, Kind, Message, MessageError};
use super::span::{Output, Span, caller_name_in};
use crate::q921::Side;
use model::{Cause, Digit, Instant, LegEvent, Q850};

/// The far end is no telephone of the network, so its tones are to be heard (4.5.23).
const NOT_ISDN: u8 = 1;

type Key = (bool, u16);

impl Span {
    /// Takes a message.
    pub(super) fn message(&mut self, now: Instant, bytes: &[u8]) {
        let (message, unknown) = match Message::read(bytes) {
            Ok(message) => (message, false),
            Err(MessageError::Foreign) => return self.counters.odd += 1,
            // Only its reference counts.
            Err(MessageError::Unknown { reference, .. }) => {
                (Message::new(reference, Kind::Facility), true)
            }
        };
        let CallRef { value, to_chooser } = message.reference;
        let key = (to_chooser, value);
        if value == CallRef::GLOBAL {
            return self.of_interface(now, &message);
        }
        let known = self.calls.contains_key(&key);
        match (known, unknown) {
            (false, _) => self.of_no_call(now, &message, unknown),
            (true, true) => self.status(now, key, Q850::UNKNOWN_MESSAGE),
            (true, false) => self.of_call(now, key, &message),
        }
    }

    /// A message with a reference that no call has (5.8.3.2).
    fn of_no_call(&mut self, now: Instant, message: &Message, unknown: bool) {
        let CallRef { value, to_chooser } = message.reference;
        let back = CallRef { value, to_chooser: !to_chooser };
        let state = message.find(|e| match e {
            Element::CallState(state) => Some(*state),
            _ => None,
        });
        let complete = |cause| Message::new(back, Kind::ReleaseComplete).with(Self::cause(cause));
        let answer = match message.kind {
            _ if unknown => complete(Q850::INVALID_REFERENCE),
            Kind::Setup if !to_chooser => return self.setup(now, message),
            Kind::Setup | Kind::ReleaseComplete => return self.counters.odd += 1,
            Kind::Status if state.is_none_or(|state| state == 0) => return,
            Kind::Status => complete(Q850::WRONG_STATE),
            Kind::StatusEnquiry => Message::new(back, Kind::Status)
                .with(Self::cause(Q850::STATUS_ENQUIRED))
                .with(Element::CallState(0)),
            _ => complete(Q850::INVALID_REFERENCE),
        };
        self.counters.odd += u64::from(message.kind != Kind::StatusEnquiry);
        self.say(now, &answer);
    }

    fn of_call(&mut self, now: Instant, key: Key, message: &Message) {
        use State::*;
        let Some(call) = self.calls.get_mut(&key) else { return };
        let (no, state, was_heard) = (call.no, call.state, call.heard);
        let leaves =
            matches!(message.kind, Kind::Disconnect | Kind::Release | Kind::ReleaseComplete);
        let demands =
            message.find(|e| matches!(e, Element::Unknown { demanding: true, .. }).then_some(()));
        if demands.is_some() && !leaves {
            // Information element not implemented (5.8.7.1).
            return self.status(now, key, Q850(99));
        }
        let cause = message.find(|e| match e {
            Element::Cause { value, .. } => Some(Q850(*value)),
            _ => None,
        });
        let ends = matches!(message.kind, Kind::Release | Kind::ReleaseComplete);
        if ends && state == Initiated && !was_heard {
            let complete = Message::new(call.refers(), Kind::ReleaseComplete);
            if self.try_another(now, key, cause.unwrap_or_default()) {
                if message.kind == Kind::Release {
                    self.say(now, &complete);
                }
                return;
            }
        }
        let Some(call) = self.calls.get_mut(&key) else { return };
        match (message.kind, state) {
            // It came again.
            (Kind::Setup, _) => {}
            (Kind::SetupAcknowledge, Initiated) => {
                call.state = Overlap;
                call.start(now, Timer::T304);
                self.answered_with(now, key, message);
            }
            (Kind::CallProceeding, Initiated | Overlap) => {
                call.state = Proceeding;
                call.start(now, Timer::T310);
                self.answered_with(now, key, message);
            }
            (Kind::Alerting, Initiated | Overlap | Proceeding) => {
                call.state = Delivered;
                call.start(now, Timer::T301);
                if self.answered_with(now, key, message) {
                    self.tell(no, LegEvent::Ringing);
                }
            }
            (Kind::Progress, Initiated | Overlap | Proceeding | Delivered) => {
                // An announcement may last; the call is bounded all the same (5.1.6).
                call.start(now, Timer::T301);
                self.answered_with(now, key, message);
            }
            (Kind::Connect, Initiated | Overlap | Proceeding | Delivered) => {
                (call.state, call.timer, call.again) = (Active, None, 0);
                let acknowledge = Message::new(call.refers(), Kind::ConnectAcknowledge);
                if self.answered_with(now, key, message) {
                    self.say(now, &acknowledge);
                    self.tell(no, LegEvent::Answered);
                }
            }
            (Kind::ConnectAcknowledge, Connecting) => {
                (call.state, call.timer, call.again) = (Active, None, 0);
                self.tell(no, LegEvent::Answered);
            }
            (Kind::ConnectAcknowledge, Active) => {}
            (Kind::Information, OverlapIn) => {
                if let Some(digits) = digits_in(message) {
                    call.dialled.push_str(&digits);
                }
                let complete = message.elements.contains(&Element::SendingComplete);
                self.more_digits(now, key, complete);
            }
            (Kind::Information, Active) => self.keys(no, message),
            (Kind::Disconnect, Disconnecting) => self.release(now, key),
            (Kind::Disconnect, Releasing) => {}
            (Kind::Disconnect, _) => {
                let cause = cause.unwrap_or(Q850::MANDATORY_MISSING);
                call.cause = Q850::NORMAL;
                self.gone(key, ended(cause, state));
                self.release(now, key);
            }
            (Kind::Release, _) => {
                let cause = cause.unwrap_or(Q850::MANDATORY_MISSING);
                let complete = Message::new(call.refers(), Kind::ReleaseComplete);
                self.gone(key, ended(cause, state));
                if state != Releasing {
                    self.say(now, &complete);
                }
                self.end(key);
            }
            (Kind::ReleaseComplete, _) => {
                let cause = cause.unwrap_or(Q850::UNSPECIFIED);
                self.gone(key, ended(cause, state));
                self.end(key);
            }
            (Kind::StatusEnquiry, _) => self.status(now, key, Q850::STATUS_ENQUIRED),
            (Kind::Status, _) => self.their_state(now, key, message),
            // A name that comes after the SETUP, while its number is not whole.
            (Kind::Facility, OverlapIn) => {
                if let Some(name) = caller_name_in(message)
                    && let Some(setup) = &mut call.setup
                    && caller_name_in(setup).is_none()
                {
                    setup.elements.push(Element::CallerName(name));
                }
            }
            (Kind::Notify | Kind::Facility | Kind::CongestionControl, _) => {}
            // A call that is being cleared has no use for more of it.
            _ if state.is_leaving() => {}
            _ => self.status(now, key, Q850::WRONG_STATE),
        }
    }

    /// Tells the far side a call's state, and why it is told.
    fn status(&mut self, now: Instant, key: Key, cause: Q850) {
        let Some(call) = self.calls.get(&key) else { return };
        self.counters.odd += u64::from(cause != Q850::STATUS_ENQUIRED);
        let message = Message::new(call.refers(), Kind::Status)
            .with(Self::cause(cause))
            .with(Element::CallState(call.state.value()));
        self.say(now, &message);
    }

    /// The far side told its state of a call (5.8.11).
    fn their_state(&mut self, now: Instant, key: Key, message: &Message) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let theirs = message.find(|e| match e {
            Element::CallState(state) => Some(*state),
            _ => None,
        });
        if call.t322.take().is_some() {
            call.again = 0;
        }
        match (theirs, call.state) {
            (Some(0), _) => {
                call.cause = Q850::TEMPORARY;
                self.end(key);
            }
            // They think that it still begins, or has ended.
            (Some(theirs), State::Active) if !matches!(theirs, 8 | 10) => {
                self.disconnect(now, key, Q850::WRONG_STATE, Cause::Failure);
            }
            _ => {}
        }
    }

    /// The far side answered a call of ours with a message that may name its channel and tell of
    /// sound; tells whether the call goes on.
    fn answered_with(&mut self, now: Instant, key: Key, message: &Message) -> bool {
        if !self.settle_channel(now, key, message) {
            return false;
        }
        let early = message.elements.iter().any(|e| {
            matches!(e, Element::Progress { description, .. } if [IN_BAND, NOT_ISDN].contains(description))
        });
        let Some(call) = self.calls.get_mut(&key) else { return false };
        let no = call.no;
        if early && message.kind != Kind::Connect && !std::mem::replace(&mut call.early, true) {
            self.tell(no, LegEvent::EarlyMedia);
        }
        true
    }

    /// Takes the channel that the far side gave a call of ours (5.1.2); one we cannot take ends it.
    fn settle_channel(&mut self, now: Instant, key: Key, message: &Message) -> bool {
        let named = message.find(|e| match e {
            Element::Channel(channel) => Some(channel.which),
            _ => None,
        });
        let Some(call) = self.calls.get_mut(&key) else { return false };
        let first = !std::mem::replace(&mut call.heard, true);
        let (no, old) = (call.no, call.slot);
        let wanted = match (named, old) {
            (Some(Which::Slot(slot)), _) => Some(slot),
            (_, old) => old,
        };
        let movable = first && !self.config.exclusive || old.is_none();
        let slot = match wanted {
            Some(slot) if Some(slot) == old => slot,
            Some(slot) if movable && self.channels.is_free(slot) => {
                if let Some(old) = old {
                    self.channels.free(old, no);
                }
                self.channels.take(slot, no);
                slot
            }
            _ => {
                // Channel unacceptable.
                self.disconnect(now, key, Q850(6), Cause::Congestion);
                return false;
            }
        };
        if let Some(call) = self.calls.get_mut(&key) {
            call.slot = Some(slot);
        }
        if first {
            self.open_sound(key);
        }
        true
    }

    /// Keys that came as messages.
    fn keys(&mut self, no: super::CallNo, message: &Message) {
        for key in digits_in(message).unwrap_or_default().chars().filter_map(Digit::new) {
            self.tell(no, LegEvent::Digit(key));
        }
    }

    /// A message about the interface: a restart (5.5.2), or its answer.
    fn of_interface(&mut self, now: Instant, message: &Message) {
        match message.kind {
            Kind::Restart => self.restarted(now, message),
            Kind::RestartAcknowledge => self.restart_answered(now),
            _ => self.counters.odd += 1,
        }
    }

    fn restarted(&mut self, now: Instant, message: &Message) {
        let class = message.find(|e| match e {
            Element::Restart(class) => Some(*class),
            _ => None,
        });
        let named: Vec<u8> = message
            .elements
            .iter()
            .filter_map(|e| match e {
                Element::Channel(channel) => Some(channel.which),
                _ => None,
            })
            .filter_map(|which| if let Which::Slot(slot) = which { Some(slot) } else { None })
            .collect();
        let all = matches!(class, Some(6 | 7));
        if class.is_none() || !all && named.is_empty() {
            // Nothing says what is to be restarted.
            return self.counters.odd += 1;
        }
        let hit: Vec<(Key, Option<u8>)> = self
            .calls
            .iter()
            .map(|(key, call)| (*key, call.slot))
            .filter(|(_, slot)| all || slot.is_some_and(|slot| named.contains(&slot)))
            .collect();
        for (key, slot) in hit {
            self.gone(key, Cause::Unreachable);
            self.end(key);
            if let Some(slot) = slot {
                self.outputs.push_back(Output::Restarted { slot });
            }
        }
        let back = CallRef { value: CallRef::GLOBAL, to_chooser: true };
        let mut answer = Message::new(back, Kind::RestartAcknowledge);
        let kept = |e: &&Element| matches!(e, Element::Channel(_) | Element::Restart(_));
        answer.elements.extend(message.elements.iter().filter(kept).cloned());
        self.say(now, &answer);
    }

    /// The side of the line that this end is.
    pub fn side(&self) -> Side {
        self.config.side
    }
}

/// Why a call is over for its owner: one who gave up before the answer cancelled.
fn ended(cause: Q850, state: State) -> Cause {
    let rang = matches!(state, State::Present | State::OverlapIn | State::Received);
    match cause.cause() {
        Cause::Normal if rang => Cause::Cancelled,
        cause => cause,
    }
}

fn digits_in(message: &Message) -> Option<String> {
    message.find(|e| match e {
        Element::Called(number) => Some(number.digits.reveal().to_owned()),
        Element::Keypad(digits) => Some(digits.reveal().to_owned()),
        _ => None,
    })
}
