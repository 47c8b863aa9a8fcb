//! Legs that arrive: from a line they become calls, from a desk phone calls or service legs.

use crate::exchange::Exchange;
use crate::plays::Player;
use crate::reach::Goal;
use call::Place;
use model::{
    CallId, Cause, Clip, Instant, LegEvent, LegId, MenuId, Number, Order, PersonName, PhoneId, Via,
};

impl Exchange {
    pub(crate) fn arrived(
        &mut self,
        now: Instant,
        leg: LegId,
        via: Via,
        caller: Number,
        name: PersonName,
        dialled: String,
    ) {
        if self.is_known(leg) {
            self.counters.events_ignored += 1;
            return;
        }
        let node = match &via {
            Via::Port(port) => {
                let port = self.site.ports.get(port);
                port.map(|port| port.entry.of(&dialled).clone())
            }
            Via::Trunk(trunk) => self.trunk_entry(trunk, &dialled),
            Via::Phone(phone) => return self.phone_dials(now, leg, phone.clone(), dialled),
        };
        let Some(node) = node else {
            // A line that the site of now does not have.
            self.counters.lines_unknown += 1;
            return self.refuse(leg, Cause::NotFound);
        };
        let trunk = match &via {
            Via::Trunk(trunk) => Some(trunk),
            _ => None,
        };
        // One customer has one number, whichever line gives it and however it writes it.
        let caller = self.dialling.home(trunk, &caller);
        let vip = !caller.is_empty()
            && (self.site.vip.contains(&caller) || self.dialling.is_vip(trunk, &caller));
        let lang = self.site.lang;
        let arrived = call::Input::Arrived { leg, via, caller, name, dialled, vip, node, lang };
        self.calls.handle(now, arrived);
    }

    fn trunk_entry(&self, trunk: &model::TrunkId, dialled: &str) -> Option<MenuId> {
        let entry = &self.site.trunks.get(trunk)?.entry;
        let listed = entry.by_number.get(dialled).cloned();
        listed.or_else(|| self.dialling.entry(trunk, dialled)).or(Some(entry.default.clone()))
    }

    fn is_known(&self, leg: LegId) -> bool {
        self.services.contains(leg)
            || self.supervision.contains(leg)
            || self.calls.call_of(leg).is_some()
    }

    /// A desk phone calls: an emergency first, then codes, slots, and everything else.
    fn phone_dials(&mut self, now: Instant, leg: LegId, phone: PhoneId, dialled: String) {
        let emergency = self.is_emergency(&dialled);
        if !emergency {
            if let Some((key, rest)) = self.site.codes.find(&dialled) {
                let (key, rest) = (key.to_owned(), rest.to_owned());
                return self.code_dialled(now, leg, phone, &key, &rest, dialled);
            }
            if dialled.starts_with(['*', '#']) || dialled.is_empty() {
                return self.open_service(now, leg, phone, dialled);
            }
            if let Goal::Place(Place::Slot(slot)) = self.goal(&dialled) {
                return match self.parked_in(&slot) {
                    Some(call) => self.attach(now, leg, call, &phone, None),
                    None => self.open_service(now, leg, phone, dialled),
                };
            }
        }
        let who = self.who(&phone);
        let name = who.agent.as_ref().and_then(|agent| self.site.agents.get(agent));
        let name = name.map_or_else(PersonName::default, |agent| PersonName::new(&agent.name));
        let lang = self.lang_of(&phone);
        self.leg_taken(now, &phone, leg);
        self.calls.handle(now, call::Input::Dialled { leg, who, name, dialled, lang, emergency });
        if self.calls.call_of(leg).is_none() {
            self.leg_left(now, leg);
        }
    }

    fn code_dialled(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: PhoneId,
        key: &str,
        rest: &str,
        dialled: String,
    ) {
        match key {
            "pick-up" => match self.ringing_for(&phone, rest) {
                Ok(call) => self.attach(now, leg, call, &phone, None),
                Err(_) => self.open_service(now, leg, phone, dialled),
            },
            _ => self.open_service(now, leg, phone, dialled),
        }
    }

    /// A leg of a phone takes a place in a call.
    pub(crate) fn attach(
        &mut self,
        now: Instant,
        leg: LegId,
        call: CallId,
        phone: &PhoneId,
        old: Option<LegId>,
    ) {
        let who = self.who(phone);
        self.leg_taken(now, phone, leg);
        self.calls.handle(now, call::Input::Attach { call, leg, who, old });
        if self.calls.call_of(leg).is_none() {
            self.leg_left(now, leg);
        }
    }

    /// A leg comes in another's place (Replaces): that of a phone that rings, of a caller in a
    /// slot, or of the same phone's talk.
    pub(crate) fn arrived_in_place(&mut self, now: Instant, leg: LegId, via: Via, old: LegId) {
        if self.is_known(leg) {
            self.counters.events_ignored += 1;
            return;
        }
        let (Via::Phone(phone), Some(id)) = (via, self.calls.call_of(old)) else {
            return self.refuse(leg, Cause::NotFound);
        };
        let who = self.who(&phone);
        let may = self.calls.get(id).is_some_and(|call| {
            let same = self.phones.of(old) == Some(&phone);
            let rings = call.rung().is_some_and(|to| to.leg == old)
                || matches!(call.state(), call::State::Offered { leg, .. } if *leg == old)
                    && who.agent.is_some();
            let reaches = self.phones.of(old).is_some_and(|rung| self.reaches_up(&phone, rung));
            same || rings && reaches || call.slot().is_some()
        });
        match may {
            true => self.attach(now, leg, id, &phone, Some(old)),
            false => self.refuse(leg, Cause::Forbidden),
        }
    }

    /// Answers a phone that dialled the box itself.
    pub(crate) fn open_service(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: PhoneId,
        dialled: String,
    ) {
        if !self.draining && self.services.open(now, leg, phone.clone(), dialled) {
            self.order(Order::Answer { leg });
            self.leg_taken(now, &phone, leg);
        } else {
            self.counters.services_refused += 1;
            self.refuse(leg, Cause::Congestion);
        }
    }

    pub(crate) fn service_event(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        match event {
            LegEvent::Answered => {
                let Some((phone, dialled)) = self.services.answered(leg) else { return };
                self.carry_out(now, leg, &phone, &dialled);
                self.settle(now);
                if self.services.is_asked(leg) {
                    self.close_service(now, leg);
                }
            }
            LegEvent::Digit(digit) => {
                if let Some((phone, seat)) = self.services.key(leg, digit) {
                    self.asked_seat(now, leg, &phone, seat);
                }
            }
            LegEvent::Gone(_) => self.service_gone(now, leg),
            _ => {}
        }
    }

    /// Says a confirmation on the service leg of a phone that waits for one.
    pub(crate) fn confirm(&mut self, phone: &PhoneId, clips: Vec<Clip>) {
        if let Some(leg) = self.services.confirming(phone) {
            self.play(leg, Player::Service, clips, false);
        }
    }

    pub(crate) fn close_service(&mut self, now: Instant, leg: LegId) {
        if self.services.close(now, leg) {
            self.plays.stop(leg);
            self.order(Order::HangUp { leg, cause: Cause::Normal });
        }
    }

    /// A service leg is gone: the agent of its phone may be offered calls again.
    pub(crate) fn service_gone(&mut self, now: Instant, leg: LegId) {
        self.plays.stop(leg);
        self.services.gone(leg);
        self.leg_left(now, leg);
    }

    /// What a party asks by its phone: a transfer, or to join two calls.
    pub(crate) fn asked(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        let Some(phone) = self.phones.of(leg).cloned() else {
            // Only our own phones send anybody anywhere: a carrier's transfer would be toll fraud.
            self.counters.events_ignored += 1;
            let call = self.calls.call_of(leg).and_then(|call| self.calls.get(call));
            if call.is_some_and(|call| !call.is_closing(leg)) {
                let stage = model::TransferStage::Failed(Cause::Forbidden);
                self.order(Order::Transferring { leg, stage });
            }
            return;
        };
        match event {
            LegEvent::TransferAsked { to } if to == self.site.codes.conference_factory => {
                let room = self.phones.legs(&phone).find(|leg| {
                    let call = self.calls.call_of(*leg).and_then(|call| self.calls.get(call));
                    call.is_some_and(|call| matches!(call.state(), call::State::Conference { .. }))
                });
                let other = room.unwrap_or(leg);
                self.calls.handle(now, call::Input::Join { leg, other, conference: true });
            }
            LegEvent::JoinAsked { other } => {
                // Legs of two phones are nobody's to join.
                let other = if self.phones.of(other) == Some(&phone) { other } else { leg };
                self.calls.handle(now, call::Input::Join { leg, other, conference: false });
            }
            event => self.calls.handle(now, call::Input::Leg { leg, event }),
        }
    }
}
