//! Picking up: which ringing phone a phone may answer in another's place.
//!
//! ```text
//!   *8        the call that has rung longest at a phone of my group
//!   *8NUMBER  the call that rings at that phone, of my group or where my role reaches further
//!   a lamp    the same as by number (Replaces)
//! ```
//!
//! Who sits at a phone brings the group; else it is the phone's own. Phones without a group are
//! one group together, so that a site which names none picks up everywhere.

use crate::exchange::Exchange;
use crate::reach::Goal;
use call::{Call, State};
use model::{CallId, PhoneId, Via};

/// Why nothing is picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoPickUp {
    NothingRings,
    OtherGroup,
}

impl Exchange {
    /// The call to be picked up: that of the phone whose number is given, or the one that has rung
    /// longest in the group. Nobody picks up the own phone's.
    pub(crate) fn ringing_for(&self, by: &PhoneId, number: &str) -> Result<CallId, NoPickUp> {
        let wanted = match number {
            "" => None,
            number => match self.goal(number) {
                Goal::Phone(phone) => Some(phone),
                _ => return Err(NoPickUp::NothingRings),
            },
        };
        if wanted.as_ref().is_some_and(|wanted| !self.reaches_up(by, wanted)) {
            return Err(NoPickUp::OtherGroup);
        }
        let picks = self.sitter(by).is_some();
        let rings = |call: &&Call| {
            let Some((phone, queued)) = rung(call) else { return false };
            let fits = match &wanted {
                Some(wanted) => wanted == phone,
                None => self.pick_up_group(by) == self.pick_up_group(phone),
            };
            fits && phone != by && (picks || !queued) && !call.is_joined()
        };
        let longest = self.calls.iter().filter(rings).min_by_key(|call| call.since());
        longest.map(Call::id).ok_or(NoPickUp::NothingRings)
    }

    /// Tells whether a phone may pick up what rings at another.
    pub(crate) fn reaches_up(&self, by: &PhoneId, rung: &PhoneId) -> bool {
        let anywhere = || self.role_at(by).is_some_and(|role| role.picks_up_anywhere);
        self.pick_up_group(by) == self.pick_up_group(rung) || anywhere()
    }

    /// The group of a phone: of who sits there, else its own.
    fn pick_up_group(&self, phone: &PhoneId) -> Option<&str> {
        let sitter = self.sitter(phone).and_then(|agent| self.site.agents.get(agent));
        let of_sitter = sitter.and_then(|agent| agent.rights.pick_up_group.as_deref());
        let own = || self.site.phones.get(phone)?.pick_up_group.as_deref();
        of_sitter.or_else(own)
    }
}

/// The phone that rings for a call, and whether a queue offers it.
fn rung(call: &Call) -> Option<(&PhoneId, bool)> {
    let (who, queued) = match call.state() {
        State::Offered { who, .. } => (who, true),
        _ => (&call.rung()?.who, false),
    };
    match &who.via {
        Via::Phone(phone) => Some((phone, queued)),
        _ => None,
    }
}
