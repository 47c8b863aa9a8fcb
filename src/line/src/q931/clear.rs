//! A call's end, and its timers.

use super::call::{CallNo, State, Timer};
use super::message::{Kind, Message};
use super::span::{Output, Span};
use crate::q921::Side;
use model::{Cause, Instant, LegEvent, Q850};

/// How often the far side is asked for a call's state before the call is given up (5.8.10).
const ENQUIRIES_MAX: u8 = 2;

impl Span {
    /// Answers a call that arrived (5.2.7). Of the user's side it is answered once the network says
    /// so.
    pub fn answer(&mut self, now: Instant, no: CallNo) {
        let Some(key) = self.key_of(no) else { return };
        let user = self.config.side == Side::User;
        let Some(call) = self.calls.get_mut(&key).filter(|call| call.state == State::Received)
        else {
            return;
        };
        let connect = Message::new(call.refers(), Kind::Connect);
        if user {
            call.state = State::Connecting;
            call.start(now, Timer::T313);
        } else {
            (call.state, call.timer) = (State::Active, None);
        }
        self.say(now, &connect);
        if !user {
            self.tell(no, LegEvent::Answered);
        }
        self.drain(now);
    }

    /// Ends a call, whatever it does.
    pub fn hang_up(&mut self, now: Instant, no: CallNo, cause: Cause) {
        if let Some(key) = self.key_of(no) {
            self.disconnect(now, key, Q850::of(cause), cause);
            self.drain(now);
        }
    }

    /// Begins to clear a call (5.3.3, 5.3.4); `cause` is what its owner is told.
    pub(super) fn disconnect(&mut self, now: Instant, key: (bool, u16), value: Q850, cause: Cause) {
        let Some(call) = self.calls.get_mut(&key).filter(|call| !call.state.is_leaving()) else {
            return;
        };
        call.state = State::Disconnecting;
        (call.cause, call.t322) = (value, None);
        call.start(now, Timer::T305);
        let message = Message::new(call.refers(), Kind::Disconnect).with(Self::cause(value));
        self.gone(key, cause);
        self.say(now, &message);
    }

    /// Sends a RELEASE and waits for its answer.
    pub(super) fn release(&mut self, now: Instant, key: (bool, u16)) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        call.state = State::Releasing;
        call.t322 = None;
        call.start(now, Timer::T308);
        let cause = Self::cause(call.cause);
        let message = Message::new(call.refers(), Kind::Release).with(cause);
        self.say(now, &message);
    }

    /// Tells a call's owner that it is over; its channel is taken still.
    pub(super) fn gone(&mut self, key: (bool, u16), cause: Cause) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let (no, told) = (call.no, std::mem::take(&mut call.told));
        if let Some(slot) = call.slot.filter(|_| std::mem::take(&mut call.sounds)) {
            self.outputs.push_back(Output::Sound { slot, call: None });
        }
        if told {
            self.tell(no, LegEvent::Gone(cause));
        }
    }

    /// Forgets a call: it is over on both sides.
    pub(super) fn end(&mut self, key: (bool, u16)) {
        if let Some(call) = self.calls.get(&key) {
            self.gone(key, call.cause.cause());
        }
        if let Some(call) = self.calls.remove(&key)
            && let Some(slot) = call.slot
        {
            self.channels.free(slot, call.no);
        }
    }

    /// Does what is due of a call.
    pub(super) fn call_due(&mut self, now: Instant, key: (bool, u16)) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        if call.t322.take_if(|at| *at <= now).is_some() {
            call.again += 1;
            return match call.again <= ENQUIRIES_MAX {
                true => self.enquire(now, key),
                false => self.disconnect(now, key, Q850::TEMPORARY, Cause::Vanished),
            };
        }
        let Some((_, timer)) = call.timer.take_if(|(at, _)| *at <= now) else { return };
        match timer {
            Timer::T303 if !call.resent => {
                call.resent = true;
                call.start(now, Timer::T303);
                let setup = call.setup.clone();
                if let Some(setup) = setup {
                    self.say(now, &setup);
                }
            }
            Timer::T303 => {
                call.cause = Q850::OUT_OF_ORDER;
                let message = Message::new(call.refers(), Kind::ReleaseComplete)
                    .with(Self::cause(Q850::TIMER));
                self.say(now, &message);
                self.end(key);
            }
            // What came of the number is all there will be.
            Timer::T302 if !call.dialled.is_empty() => self.arrive(now, key),
            Timer::T302 => self.disconnect(now, key, Q850::INCOMPLETE, Cause::NotFound),
            Timer::T301 => self.disconnect(now, key, Q850::NO_ANSWER, Cause::NoAnswer),
            Timer::T304 | Timer::T310 | Timer::T313 => {
                self.disconnect(now, key, Q850::TIMER, Cause::Unreachable);
            }
            Timer::T305 => self.release(now, key),
            Timer::T308 if !call.released => {
                call.released = true;
                self.release(now, key);
            }
            Timer::T308 => {
                let slot = call.slot;
                self.end(key);
                if let Some(slot) = slot {
                    self.ask_restart(now, slot);
                }
            }
        }
    }
}
