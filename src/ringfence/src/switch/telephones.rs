//! Ordinary telephones on ports, as the desk phones they are to the exchange.
//!
//! ```text
//!   lifted and dialled: Arrived by its phone         Ring: the port rings, and its lift is the answer
//!   flash in a talk:    the other waits, dial tone --number--> consult (as by its code)
//!   flash again:        swap                        put down while consulting: transferred
//! ```
//!
//! What a desk phone asks by a code pressed in a talk, a telephone asks by its hook: the keys of the same
//! codes go to the exchange.

use super::Switch;
use crate::lines::Asked;
use crate::media_thread::LineOrder;
use crate::wishes::Wish;
use model::site::{CodeRow, Site, Takes};
use model::{Cause, Digit, Instant, LegEvent, LegId, Number, PersonName, PhoneId};
use std::collections::{BTreeMap, BTreeSet};

/// The ports of telephones, by the accounts they are.
#[derive(Clone, Debug, Default)]
pub struct Telephones(BTreeMap<PhoneId, u16>);

impl Telephones {
    /// Those of a site's ports, in the ports' order.
    pub fn of(site: &Site, ports: &[model::PortId]) -> Self {
        let hung = ports
            .iter()
            .zip(0..)
            .filter_map(|(id, port)| Some((site.ports.get(id)?.telephone.clone()?, port)));
        Self(hung.collect())
    }

    fn port(&self, phone: &PhoneId) -> Option<u16> {
        self.0.get(phone).copied()
    }

    fn at(&self, port: u16) -> Option<&PhoneId> {
        self.0.iter().find(|(_, at)| **at == port).map(|(phone, _)| phone)
    }
}

/// Numbers that are whole with their last digit, for no other one begins with them: the house's own,
/// codes that take nothing, and help.
pub fn whole_numbers(site: &Site) -> BTreeSet<String> {
    let numbering = &site.numbering;
    let help = numbering.emergency.iter();
    let help = help.flat_map(|number| [number.clone(), format!("{}{number}", numbering.outside)]);
    let rows = site.codes.rows();
    let takes_nothing = |row: &&CodeRow<'_>| row.takes == Takes::Nothing && !row.in_talk;
    let longer = || rows.iter().filter(|row| !takes_nothing(row)).map(|row| row.code);
    let codes = rows.iter().filter(takes_nothing).map(|row| row.code.to_owned());
    let agents = site.agents.keys().map(|id| id.as_str().to_owned());
    let phones = site.phones.keys().map(|id| id.as_str().to_owned());
    let slots = site.parking.slots.iter().cloned();
    let all: BTreeSet<String> =
        agents.chain(phones).chain(slots).chain(help).chain(codes).collect();
    let begins = |number: &String| {
        let mut others = all.iter().map(String::as_str).chain(longer());
        others.any(|other| other != number && other.starts_with(number.as_str()))
    };
    all.iter().filter(|number| !begins(number)).cloned().collect()
}

impl Switch {
    /// Tells whether a phone is a telephone on a port.
    pub(super) fn is_telephone(&self, phone: &PhoneId) -> bool {
        self.parts.telephones.port(phone).is_some()
    }

    /// At the start every telephone can be rung; an alarm says otherwise.
    pub(crate) fn begin_telephones(&mut self, now: Instant) {
        let phones: Vec<PhoneId> = self.parts.telephones.0.keys().cloned().collect();
        for phone in phones {
            self.parts.exchange.handle(now, exchange::Input::Phone { phone, up: true });
        }
    }

    /// A telephone whose port is dead is like a desk phone that is not registered.
    pub(super) fn telephone_alarm(&mut self, now: Instant, port: u16) {
        let Some(phone) = self.parts.telephones.at(port).cloned() else { return };
        let up = !self.lines.is_dead(port);
        self.parts.exchange.handle(now, exchange::Input::Phone { phone, up });
    }

    /// Rings a telephone, and tells it who calls as far as it can show that.
    pub(super) fn ring_telephone(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: &PhoneId,
        number: &Number,
        name: &PersonName,
    ) {
        let Some(port) = self.parts.telephones.port(phone) else { return };
        if self.parts.wires.leg_on(port).is_some() {
            return self.line_tells(now, leg, LegEvent::Gone(Cause::Busy));
        }
        let date = self.parts.site.zone.civil(self.parts.anchor.wall(now));
        let (date, seconds) = (date.date, date.second_of_day);
        let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
        let date = format!("{:02}{:02}{hour:02}{minute:02}", date.month(), date.day());
        let message = line::Message::new(number.reveal(), name.reveal(), &date);
        self.ask_ports(now, leg, Asked::Ring(message), &[port]);
    }

    /// So many messages wait at a telephone.
    pub(super) fn light_telephone(&mut self, phone: &PhoneId, waiting: u32) {
        let Some(port) = self.parts.telephones.port(phone) else { return };
        let waiting = u16::try_from(waiting).unwrap_or(u16::MAX);
        self.tell_port(port, LineOrder::Messages(waiting));
    }

    /// The hook was flashed: in a consultation the two others are swapped, in a talk the other waits
    /// and a number is asked for.
    pub(super) fn flashed(&mut self, now: Instant, port: u16) {
        let Some(leg) = self.parts.wires.leg_on(port) else { return };
        let whose = self.parts.exchange.whose(leg);
        let state = whose.and_then(|whose| {
            let mut calls = self.parts.exchange.calls();
            calls.find(|call| call.call == whose.call).map(|call| call.state)
        });
        match state {
            Some("consulting") => {
                let keys = self.parts.site.codes.swap.clone();
                self.presses(now, leg, &keys);
            }
            Some("talking" | "held") => {
                self.line_tells(now, leg, LegEvent::Held);
                self.wish(Wish::Line { leg, order: LineOrder::Offer });
            }
            _ => {}
        }
    }

    /// What was dialled after a flash: nothing, a code, or whom to ask.
    pub(super) fn dialled_in_talk(&mut self, now: Instant, port: u16, number: &str) {
        let Some(leg) = self.parts.wires.leg_on(port) else { return };
        self.line_tells(now, leg, LegEvent::Resumed);
        let codes = &self.parts.site.codes;
        let keys = match number {
            "" => return,
            code if code.starts_with(['*', '#']) => {
                let whole = |row: &CodeRow<'_>| row.code == code && row.takes == Takes::Nothing;
                let ends = if codes.rows().iter().any(whole) { "" } else { "#" };
                format!("{code}{ends}")
            }
            number => format!("{}{number}#", codes.consult),
        };
        self.presses(now, leg, &keys);
    }

    fn presses(&mut self, now: Instant, leg: LegId, keys: &str) {
        for digit in keys.chars().filter_map(Digit::new) {
            self.line_tells(now, leg, LegEvent::Digit(digit));
        }
    }
}
