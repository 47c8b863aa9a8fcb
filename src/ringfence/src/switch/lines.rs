//! Calls over analogue lines, as the legs they are to the exchange.
//!
//! ```text
//!   Arrived: a leg on the port ... Answered ... Gone
//!   Dial: the exchange's leg is put on a port of the trunk, and on the next one where that fails
//! ```

use super::Switch;
use crate::lines::{Asked, Next};
use crate::media_thread::{LineOrder, NUMBER_MAX};
use crate::service::{Severity, log};
use crate::wires::Wires;
use crate::wishes::Wish;
use model::port::Alarm;
use model::{Cause, Instant, LegEvent, LegId, Number, TrunkId};

/// A port that has no leg.
fn is_free(wires: &Wires) -> impl Fn(u16) -> bool {
    move |port| wires.leg_on(port).is_none()
}

impl Switch {
    /// Tells whether a trunk is analogue lines.
    pub(super) fn is_of_ports(&self, trunk: &TrunkId) -> bool {
        self.parts.site.trunks.get(trunk).is_some_and(|trunk| !trunk.ports.is_empty())
    }

    /// The card's ports of a trunk. One that came with a site of now is there at the next start.
    fn ports_of(&self, trunk: &TrunkId) -> Vec<u16> {
        let names = self.parts.site.trunks.get(trunk).map_or(&[][..], |trunk| &trunk.ports);
        let place = |name| self.parts.port_ids.iter().position(|id| id == name);
        names.iter().filter_map(place).filter_map(|port| u16::try_from(port).ok()).collect()
    }

    /// Calls over a trunk of analogue lines.
    pub(super) fn dial_line(&mut self, now: Instant, leg: LegId, trunk: &TrunkId, number: Number) {
        let ports = self.ports_of(trunk);
        self.ask_ports(now, leg, Asked::Dial(number), &ports);
    }

    /// Asks the first of these ports that is free.
    pub(super) fn ask_ports(&mut self, now: Instant, leg: LegId, asked: Asked, ports: &[u16]) {
        let next = self.lines.begin(leg, asked, ports, is_free(&self.parts.wires));
        self.go_on(now, next);
    }

    /// A port says whether it took its line for the call out that was ordered.
    pub(super) fn line_seized(&mut self, now: Instant, port: u16, seized: Result<(), Cause>) {
        let next = self.lines.seized(port, seized, is_free(&self.parts.wires));
        self.go_on(now, next);
    }

    /// Something happened on a port's leg.
    pub(super) fn line_event(&mut self, now: Instant, port: u16, event: LegEvent) {
        let leg = match event {
            LegEvent::Arrived { .. } => self.parts.wires.open_port(port),
            _ => self.parts.wires.leg_on(port),
        };
        let Some(leg) = leg else { return };
        match event {
            LegEvent::Gone(cause) => {
                let next = self.lines.gone(leg, cause, is_free(&self.parts.wires));
                return self.go_on(now, next);
            }
            LegEvent::EarlyMedia => self.lines.dialled(leg),
            _ => {}
        }
        self.line_tells(now, leg, event);
    }

    fn go_on(&mut self, now: Instant, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Ask { leg, port, asked: Asked::Ring(message) } => {
                self.parts.wires.put_on_port(leg, port);
                self.wish(Wish::Line { leg, order: LineOrder::Ring(message) });
            }
            Next::Ask { leg, port, asked: Asked::Dial(number) } => match number.reveal().try_into()
            {
                Ok(number) => {
                    self.parts.wires.put_on_port(leg, port);
                    self.wish(Wish::Line { leg, order: LineOrder::Dial(number) });
                }
                Err(_) => {
                    let digits = number.reveal().len();
                    let text =
                        format!("a line takes numbers of {NUMBER_MAX} keys, not of {digits}");
                    log(Severity::Warning, &text);
                    self.lines.hang_up(leg, Cause::NotFound);
                    self.line_seized(now, port, Err(Cause::NotFound));
                }
            },
            Next::HangUp { leg, cause } => {
                self.wish(Wish::Line { leg, order: LineOrder::HangUp(cause) });
            }
            Next::Gone { leg, cause } => {
                self.close(leg);
                self.line_tells(now, leg, LegEvent::Gone(cause));
            }
        }
    }

    pub(super) fn line_tells(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        self.parts.exchange.handle(now, exchange::Input::Leg { leg, event });
    }

    /// An alarm of a port: the trunk none of whose ports carries calls is down.
    pub(super) fn line_alarm(&mut self, now: Instant, port: u16, alarm: Alarm, raised: bool) {
        self.lines.alarm(port, alarm, raised);
        self.telephone_alarm(now, port);
        self.look_at_lines(now);
    }

    /// Tells of every trunk of ports that is up or down otherwise than before.
    pub(crate) fn look_at_lines(&mut self, now: Instant) {
        let of_ports = |trunk: &&TrunkId| self.is_of_ports(trunk);
        let trunks: Vec<TrunkId> =
            self.parts.site.trunks.keys().filter(of_ports).cloned().collect();
        for trunk in trunks {
            let ports = self.ports_of(&trunk);
            let Some(up) = self.lines.health(&trunk, &ports) else { continue };
            let why = if up { "" } else { "none of its ports carries calls" };
            self.alarms.set(now, "trunk-down", trunk.as_str(), !up);
            let health = exchange::Input::TrunkHealth { trunk, up, why: why.to_owned() };
            self.parts.exchange.handle(now, health);
        }
    }
}
