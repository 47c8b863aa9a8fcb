//! Calls of primary rate lines, as the legs they are to the exchange.
//!
//! ```text
//!   Arrived: a leg on the port of its channel ... Answered: its sound is opened ... Gone: closed
//!   Dial: the exchange's leg is the call's; it gets a port with the channel the far side agrees to
//! ```

use super::Switch;
use crate::service::{Severity, log};
use line::q931::{CallNo, Dialled, Output};
use media::{Command, Slot};
use model::port::Alarm;
use model::{Cause, Instant, Law, LegEvent, LegId, Number, PersonName, TrunkId};

impl Switch {
    /// Carries out what a span says.
    pub(super) fn take_span(&mut self, now: Instant, no: usize, output: Output) {
        match output {
            // `Spans::poll` sends them.
            Output::Frame(_) | Output::Restarted { .. } => {}
            Output::Sound { slot, call: Some(call) } => {
                self.parts.spans.carry(no, call, slot);
                if let Some(leg) = self.parts.spans.leg(no, call) {
                    self.put_on_channel(no, call, leg);
                }
            }
            // The call's end follows, which closes its sound.
            Output::Sound { call: None, .. } => {}
            Output::Leg { call, event } => self.span_leg(now, no, call, event),
            Output::Link { up } => self.span_link(now, no, up),
        }
    }

    fn span_leg(&mut self, now: Instant, no: usize, call: CallNo, event: LegEvent) {
        let leg = match event {
            LegEvent::Arrived { .. } => {
                let port = self.parts.spans.port_of(no, call);
                let leg = port.and_then(|port| self.parts.wires.open_port(port));
                if let Some(leg) = leg {
                    self.parts.spans.bind(no, call, leg);
                }
                leg
            }
            LegEvent::Gone(_) => self.parts.spans.forget(no, call),
            _ => self.parts.spans.leg(no, call),
        };
        let Some(leg) = leg else { return };
        match event {
            LegEvent::Answered | LegEvent::EarlyMedia => self.open_channel(leg),
            LegEvent::Gone(_) => {
                if self.sound.opened.remove(&leg) {
                    self.tell_engine(leg, |slot| Command::Close { slot });
                }
                self.close(leg);
            }
            _ => {}
        }
        if !self.was_cut() {
            self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
        }
    }

    /// A leg that we made gets the channel of its call.
    fn put_on_channel(&mut self, no: usize, call: CallNo, leg: LegId) {
        if let Some(port) = self.parts.spans.port_of(no, call) {
            self.parts.wires.put_on_port(leg, port);
        }
    }

    /// Opens the sound of a leg's channel, once.
    pub(super) fn open_channel(&mut self, leg: LegId) {
        if self.parts.wires.get(leg).is_some() && self.sound.opened.insert(leg) {
            self.tell_engine(leg, |slot: Slot| Command::OpenCard { slot, law: Law::A });
        }
    }

    /// Calls over a primary rate line.
    pub(super) fn dial_span(
        &mut self,
        now: Instant,
        leg: LegId,
        trunk: &TrunkId,
        number: Number,
        caller: Number,
        name: PersonName,
    ) {
        let dialled = Dialled { number, caller, name, complete: true };
        if !self.parts.spans.dial(now, leg, trunk, &dialled) {
            let event = LegEvent::Gone(Cause::Congestion);
            self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
        }
    }

    fn span_link(&mut self, now: Instant, no: usize, up: bool) {
        let Some(line) = self.parts.spans.line(no) else { return };
        let trunk = line.trunk.clone();
        let why = if up { "" } else { "the data link is down" };
        log(Severity::Notice, &format!("trunk {trunk}: the data link is {}", up_or_down(up)));
        self.alarms.set(now, "trunk-down", trunk.as_str(), !up);
        let health = exchange::Input::TrunkHealth { trunk, up, why: why.to_owned() };
        self.parts.exchange.handle(now, health);
    }

    /// At the start every line is down, until its link stands.
    pub(crate) fn begin_spans(&mut self, now: Instant) {
        for no in 0.. {
            if self.parts.spans.line(no).is_none() {
                break;
            }
            self.span_link(now, no, false);
        }
    }

    /// An alarm of a channel: that of the first is the span's, and of another only what is its own.
    pub(super) fn span_alarm(&mut self, now: Instant, port: u16, alarm: Alarm, raised: bool) {
        let Some((no, first)) = self.parts.spans.of_port(port) else { return };
        let Some(line) = self.parts.spans.line(no) else { return };
        let trunk = line.trunk.to_string();
        if first {
            self.alarms.set(now, alarm.key(), &trunk, raised);
            self.parts.spans.alarm(now, no, alarm, raised);
        } else if alarm == Alarm::Misfit {
            let about = format!("{trunk}/{}", port - line.first_port + 1);
            self.alarms.set(now, alarm.key(), &about, raised);
        }
    }
}

fn up_or_down(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}
