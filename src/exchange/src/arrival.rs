//! Legs that arrive: from a line they become calls, from a desk phone they are service legs.

use crate::exchange::Exchange;
use crate::plays::Player;
use model::{Cause, Clip, Instant, LegEvent, LegId, Number, Order, PersonName, PhoneId, Via};

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
        if self.services.contains(leg) || self.calls.call_of(leg).is_some() {
            self.counters.events_ignored += 1;
            return;
        }
        let entry = match &via {
            Via::Port(port) => self.site.ports.get(port).map(|port| &port.entry),
            Via::Trunk(trunk) => self.site.trunks.get(trunk).map(|trunk| &trunk.entry),
            Via::Phone(phone) => return self.open_service(now, leg, phone.clone(), dialled),
        };
        let Some(node) = entry.map(|entry| entry.of(&dialled).clone()) else {
            // A line that the site of now does not have.
            self.counters.lines_unknown += 1;
            return self.refuse(leg, Cause::NotFound);
        };
        let vip = !caller.is_empty() && self.site.vip.contains(&caller);
        let lang = self.site.lang;
        let arrived = call::Input::Arrived { leg, via, caller, name, dialled, vip, node, lang };
        self.calls.handle(now, arrived);
    }

    fn open_service(&mut self, now: Instant, leg: LegId, phone: PhoneId, dialled: String) {
        if !self.draining && self.services.open(now, leg, phone.clone(), dialled) {
            self.order(Order::Answer { leg });
            self.phone_taken(now, &phone);
        } else {
            self.counters.services_refused += 1;
            self.refuse(leg, Cause::Congestion);
        }
    }

    pub(crate) fn service_event(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        match event {
            LegEvent::Answered => {
                let Some((phone, dialled)) = self.services.answered(leg) else { return };
                self.agents.handle(now, agent::Input::Code { phone, dialled: &dialled });
                self.settle(now);
                if self.services.is_asked(leg) {
                    self.close_service(now, leg);
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
        let Some(phone) = self.services.gone(leg) else { return };
        if !self.services.occupies(&phone) {
            self.phone_released(now, &phone);
        }
    }
}
