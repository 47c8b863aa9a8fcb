//! What is told of legs whose packets come: that nothing is heard of them, and how they sound.

use super::Engine;
use crate::command::Slot;
use crate::content::{LOOK_TICKS, Look};
use crate::muted::Turn;
use crate::sink::Event;
use model::Instant;

impl Engine {
    /// Follows talks and gives figures, a quarter of the legs in each tick.
    pub(super) fn know(&mut self, now: Instant) {
        let first = (LOOK_TICKS - self.counters.ticks % LOOK_TICKS) % LOOK_TICKS;
        for n in (first as usize..self.legs.len()).step_by(LOOK_TICKS as usize) {
            if !self.legs[n].is_open() {
                continue;
            }
            let slot = Slot(n as u16);
            let others = self.others(n);
            match self.legs[n].watch(now, others) {
                Some(Turn::Muted(muted)) => self.tell(Event::Muted { slot, muted: Some(muted) }),
                Some(Turn::Heard) => self.tell(Event::Muted { slot, muted: None }),
                None => {}
            }
            if let Some(figures) = self.legs[n].due_figures(now) {
                self.tell(Event::Quality { slot, figures, last: false });
            }
        }
    }

    /// The loudest of those a leg is joined with, where they are all in the talk: nobody is heard
    /// by one who is on hold or hears a play. Guests of a room are not in its talk, and count for
    /// those who hear them.
    fn others(&self, n: usize) -> Option<Look> {
        let leg = &self.legs[n];
        if let Some(peer) = leg.peer {
            let peer = self.legs.get(usize::from(peer.0)).filter(|peer| peer.is_in_talk())?;
            return Some(peer.looks());
        }
        let room = self.rooms.get(usize::from(leg.room?.0))?;
        let own = Slot(n as u16);
        if !room.is_full_leg(own) {
            return None;
        }
        let others = room.legs().filter(|&slot| slot != own && room.hears(own, slot));
        let others = others.filter_map(|slot| self.legs.get(usize::from(slot.0)));
        let others = others.filter(|other| other.is_in_talk());
        let rank = |look: &Look| match look {
            Look::Dead => 0,
            Look::Faint => 1,
            Look::Voice => 2,
        };
        others.map(super::Leg::looks).max_by_key(rank)
    }
}
