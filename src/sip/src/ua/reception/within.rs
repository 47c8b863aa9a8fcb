//! A request within a call: to the leg of its dialog (RFC 3261 12.2.2).

use super::{Request, with};
use crate::dialog::DialogId;
use crate::ua::arrival::consulted;
use crate::ua::leg::Within;
use crate::ua::legs::Legs;
use crate::ua::wire::{Owner, Wire};
use model::{Instant, LegId};
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
