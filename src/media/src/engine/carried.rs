//! A leg that goes from one engine to another, with all it is in the middle of.
//!
//! ```text
//!   engine, after tick k:  take_leg(slot, &mut carried)   the slot is free, the leg in `carried`
//!   another, before k+1:   place_leg(slot, &mut carried)  `carried` is empty again
//! ```
//!
//! Sequence numbers, time stamps, SSRC, keys and their counters, jitter buffer, codec, play, keys that
//! wait, tap, counters and figures go with it: who hears it finds no seam. It leaves its bridge or
//! room, for those it is with stay. The place it travels in is made beforehand: both sides only swap.

use super::Engine;
use crate::command::Slot;
use crate::leg::Leg;

/// Room for a leg on its way.
pub struct Carried(Leg);

impl Default for Carried {
    fn default() -> Self {
        Self(Leg::closed())
    }
}

impl Carried {
    /// Tells whether a leg is in it.
    pub fn is_full(&self) -> bool {
        self.0.is_open()
    }
}

impl Engine {
    /// Takes a leg out, after a tick. Nothing changes, and it tells so, where the slot has none that
    /// can leave: a card's port stays where its card is.
    pub fn take_leg(&mut self, slot: Slot, into: &mut Carried) -> bool {
        if into.is_full() || !self.leg(slot).is_some_and(|leg| leg.can_leave()) {
            return false;
        }
        // Whose it will be next, the slot is another peer's to who heard it.
        if let Some(peer) = self.leg(slot).and_then(|leg| leg.peer).and_then(|peer| self.leg(peer))
        {
            peer.hears_nobody();
        }
        self.part(slot);
        let Some(leg) = self.leg(slot) else { return false };
        leg.hears_nobody();
        std::mem::swap(leg, &mut into.0);
        self.open.set(slot, false);
        true
    }

    /// Puts a leg in place, before a tick; `missed` ticks went by without it. What is done for its
    /// sound ends where this engine has no time for it. Nothing changes where there is no leg to be
    /// placed, or the slot is another's.
    pub fn place_leg(&mut self, slot: Slot, missed: u64, from: &mut Carried) -> bool {
        let free = self.legs.get(usize::from(slot.0)).is_some_and(|leg| !leg.is_open());
        if !free || !from.is_full() {
            return false;
        }
        let taken: u32 = self.legs.iter().map(Leg::care_us).sum();
        if taken + from.0.care_us() > self.care_us_max {
            self.counters.care_refused += 1;
            from.0.take_care(None).into_iter().for_each(|care| self.retire(care));
        }
        let Some(place) = self.legs.get_mut(usize::from(slot.0)) else { return false };
        std::mem::swap(place, &mut from.0);
        place.go_on(missed);
        self.open.set(slot, true);
        true
    }
}
