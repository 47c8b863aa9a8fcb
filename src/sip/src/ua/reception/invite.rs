//! A call that begins: whose it is, and whether there is room for it.

use super::{Reception, Request};
use crate::dialog::Dialog;
use crate::ua::arrival::{arrival, party_of, replaced};
use crate::ua::certificate;
use crate::ua::incoming::Arrived;
use crate::ua::leg::Leg;
use crate::ua::legs::Legs;
use crate::ua::party::Party;
use crate::ua::refresh;
use crate::ua::session::Talk;
use crate::ua::wire::{Owner, Wire};
use model::{Instant, LegId, Via};
use rsip::Method;

/// Seconds after which a caller who was shed may try again: the backlog is gone by then, and a
/// carrier that takes the whole box for unwell (RFC 3261 21.5.4) does so no longer than needed.
pub(super) const SHED_RETRY_AFTER_S: &str = "1";

impl Reception {
    /// Tells whether a request begins a call of somebody who proved no password.
    pub(super) fn is_shed(&self, request: &Request) -> bool {
        let invites = request.message.method() == Some(Method::Invite);
        invites && request.message.to_tag().is_none() && !self.guard.has_proved(request.from.addr)
    }

    pub(super) fn invite(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        legs: &mut Legs,
        request: Request,
    ) {
        let refuse =
            |wire: &mut Wire, code: u16| wire.answer(request.reply_to, &request.message, code);
        if self.draining {
            wire.counters.drained += 1;
            return refuse(wire, 503);
        }
        if legs.len() >= wire.limits.legs_max {
            wire.counters.limited += 1;
            return refuse(wire, 503);
        }
        let message = &request.message;
        let party = match self.trunk_of(wire, &request) {
            Some((trunk, config)) => {
                let names = config.out.certificate.as_deref();
                if names.is_some() && !certificate::fits(wire, &request.from, names) {
                    let trunk = trunk.clone();
                    let refusal = certificate::refusal(wire, message);
                    wire.send(request.reply_to, &refusal);
                    return wire.wrong_certificate(Via::Trunk(trunk));
                }
                let calls = legs.calls_of(trunk);
                if calls >= usize::from(config.calls_max) {
                    wire.counters.limited += 1;
                    return refuse(wire, 503);
                }
                // Its address is known without being told, its connection is not.
                if request.from.flow.is_some() {
                    wire.known(request.from);
                }
                party_of(wire, trunk, config)
            }
            None => match self.proved(now, wire, &request) {
                Some(phone) => Party::phone(phone, wire.srtp),
                None => return,
            },
        };
        if refresh::is_too_brief(message) {
            let response = wire.response(message, 422);
            let response = response.with("Min-SE", refresh::MIN_SE.to_string());
            return wire.send(request.reply_to, &response);
        }
        let old = match replaced(wire, legs, &party, message) {
            Ok(old) => old,
            Err(code) => return refuse(wire, code),
        };
        let protection = party.protection(request.from.transport.secure());
        let sound = wire.locals.sound(&request.from);
        let offer = match Talk::read(&message.body, sound, wire.codecs.clone(), protection) {
            Ok(offer) => offer,
            Err(unusable) => {
                let response = wire.refusal_of(message, &unusable);
                wire.send(request.reply_to, &response);
                return wire.refused_description(&unusable, party.via);
            }
        };
        let tag = wire.tag_for(message);
        let Some(dialog) = Dialog::of_server(message, &tag, request.from) else {
            return refuse(wire, 400);
        };
        if wire.dialogs.contains_key(dialog.id()) {
            return refuse(wire, 482);
        }
        let leg = LegId::inbound(self.next_leg);
        let accepted = wire.transactions.accept(message, request.reply_to, Owner::Arrived { leg });
        let Ok(transaction) = accepted else {
            wire.counters.limited += 1;
            return refuse(wire, 503);
        };
        self.next_leg += 1;
        wire.counters.calls_in += 1;
        let event = arrival(message, &party, old, |number| self.is_extension(number));
        let invite = request.message;
        let arrived = Arrived { transaction, invite, offer, dialog, party, protection };
        legs.insert(leg, Leg::arrive(now, wire, leg, arrived));
        wire.event(leg, event);
    }
}
