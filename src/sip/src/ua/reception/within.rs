//! A request within a call: to the leg of its dialog (RFC 3261 12.2.2), where it comes from its party.
//!
//! ```text
//!   call over TLS, request in clear ---------------------------> 403
//!   phone: from where its dialog, a registration or a proof of it is --> the leg
//!          from elsewhere --> 401 --its password--> the leg
//!                                 '--another's----> 403
//!   trunk: its gateways differ in host --> the leg
//! ```
//!
//! The names of a dialog are no secret: phones that watch another are told of a call that rings
//! there, so that they can pick it up (RFC 4235).

use super::{Reception, Request, with};
use crate::dialog::DialogId;
use crate::ua::arrival::consulted;
use crate::ua::leg::Within;
use crate::ua::legs::Legs;
use crate::ua::wire::{Owner, Wire};
use model::{Instant, LegId, Via};
use rsip::Method;

/// Takes a request to the leg of its dialog (RFC 3261 12.2.2); gives it if that was its end.
pub(super) fn within(
    now: Instant,
    wire: &mut Wire,
    legs: &mut Legs,
    dialog: &DialogId,
    request: &Request,
) -> Option<LegId> {
    let leg = wire.dialogs.get(dialog).copied().filter(|leg| legs.has(*leg));
    if leg.is_none() {
        wire.answer(request.reply_to, &request.message, 481);
        return None;
    }
    let Ok(id) = wire.transactions.accept(&request.message, request.reply_to, Owner::Nobody) else {
        wire.counters.limited += 1;
        wire.answer(request.reply_to, &request.message, 503);
        return None;
    };
    let within = Within { id, message: &request.message, from: request.from };
    if request.message.method() == Some(Method::Refer) {
        let other = leg.and_then(|leg| consulted(wire, legs, leg, &request.message));
        return with(legs, leg, |leg| leg.refer(now, wire, &within, other));
    }
    with(legs, leg, |leg| leg.request(now, wire, &within))
}

/// Whether a request within a call comes from its party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Own,
    /// A phone's, from where nothing of that phone is.
    Elsewhere,
    /// The call is over TLS, and the request is not.
    Clear,
}

impl Reception {
    /// Where a request stands to the call that it names.
    pub(super) fn standing(
        &self,
        legs: &Legs,
        leg: LegId,
        dialog: &DialogId,
        request: &Request,
    ) -> Standing {
        let leg = legs.get(leg);
        let Some(source) = leg.and_then(|leg| leg.source(dialog)) else { return Standing::Own };
        let from = request.from;
        if source.transport.secure() && !from.transport.secure() {
            return Standing::Clear;
        }
        let via = leg.and_then(|leg| leg.party()).and_then(|party| party.via.as_ref());
        let Some(Via::Phone(phone)) = via else { return Standing::Own };
        let own = source.ip() == from.ip()
            || self.registrar.bindings(phone).iter().any(|at| at.address.ip() == from.ip())
            || self.guard.has_proved_as(from.addr, phone.as_str());
        if own { Standing::Own } else { Standing::Elsewhere }
    }

    /// Tells whether a request may act on the call that it names; who may not is told so. A phone
    /// that comes from another network proves that it is the one.
    pub(super) fn may_speak(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        legs: &Legs,
        dialog: &DialogId,
        request: &Request,
    ) -> bool {
        let Some(leg) = wire.dialogs.get(dialog).copied() else { return true };
        let standing = self.standing(legs, leg, dialog, request);
        if standing == Standing::Own {
            return true;
        }
        wire.counters.intruders += 1;
        if standing == Standing::Elsewhere {
            let Some(phone) = self.proved(now, wire, request) else { return false };
            let party = legs.get(leg).and_then(|leg| leg.party());
            if party.and_then(|party| party.via.as_ref()) == Some(&Via::Phone(phone)) {
                return true;
            }
        }
        wire.answer(request.reply_to, &request.message, 403);
        false
    }
}
