//! Legs that are to hear each other, brought together in one media thread.
//!
//! ```text
//!   Bridge(a, b), Enter(leg, room)
//!      all in one thread  --------------------------------------------------> Bridge, Mix, Supervise
//!      in several --> the fewest of them set out, to where most are and a card's port must be
//!                     Take --> Left --> Land ... the last one left ----------> the same, right behind
//! ```
//!
//! A new leg begins in the thread of its call (`beside`), so that legs seldom move: for an attended
//! transfer, a supervisor who goes from talk to talk, a call picked up, a thread that is full. Where a
//! room's legs all go elsewhere the room does too, and they join it anew.

use super::Switch;
use crate::media_thread::{MediaOrder, Parcel};
use crate::rooms::{How, Moved};
use crate::service::{Severity, log};
use crate::wires::{ThreadNo, Wire};
use crate::wishes::{Waiting, Wish};
use media::{RoomNo, Slot};
use model::Voice;
use model::id::{LegId, RoomId};

/// Where legs are that are to meet.
enum Meeting {
    In(ThreadNo),
    /// Some are on their way.
    Later,
    /// No thread has place for all of them.
    Nowhere,
}

impl Switch {
    /// Has something done for legs' sound, now or after what it must wait for.
    pub(super) fn wish(&mut self, wish: Wish) {
        let legs = self.legs_of(&wish);
        if self.wishes.must_wait(&legs) {
            return self.wishes.wait(legs, wish);
        }
        if let Some(wish) = self.fulfil(wish) {
            self.wishes.wait(legs, wish);
        }
    }

    /// Has a leg's engine do something.
    pub(super) fn engine(
        &mut self,
        leg: LegId,
        make: impl FnOnce(Slot) -> media::Command + 'static,
    ) {
        if self.wishes.must_wait(&[leg]) {
            return self.wishes.wait(vec![leg], Wish::Engine { leg, make: Box::new(make) });
        }
        self.tell_engine(leg, make);
    }

    /// Goes on with what waited for a leg that left its thread.
    pub(super) fn left(&mut self, parcel: Box<Parcel>) {
        let leg = parcel.leg;
        let Some(to) = self.wishes.left(leg) else { return };
        self.parts.wires.moved(leg, to);
        self.tell_media(to.thread, MediaOrder::Land { slot: to.slot, parcel });
        for Waiting { legs, wish } in self.wishes.take() {
            if self.wishes.must_wait(&legs) {
                self.wishes.wait(legs, wish);
            } else if let Some(wish) = self.fulfil(wish) {
                self.wishes.wait(legs, wish);
            }
        }
    }

    /// All legs a wish is about: of a room, those that are in it too.
    fn legs_of(&self, wish: &Wish) -> Vec<LegId> {
        match *wish {
            Wish::Bridge { a, b } => vec![a, b],
            Wish::Enter { leg, room, how } => {
                let to = match how {
                    How::Guest { voice: Voice::One(to), .. } => Some(to),
                    _ => None,
                };
                let others = self.sound.rooms.legs_in(room).map(|(leg, _)| leg);
                others.chain([leg]).chain(to).collect()
            }
            Wish::Engine { leg, .. }
            | Wish::Line { leg, .. }
            | Wish::Untap { leg, .. }
            | Wish::Unmix { leg }
            | Wish::Shut { leg } => vec![leg],
        }
    }

    /// Does what is wanted, or gives it back where legs have set out for it.
    fn fulfil(&mut self, wish: Wish) -> Option<Wish> {
        match wish {
            Wish::Engine { leg, make } => self.tell_engine(leg, make),
            Wish::Line { leg, order } => {
                if let Some(Wire::Port(port)) = self.parts.wires.get(leg) {
                    self.tell_media(ThreadNo::OF_THE_CARD, MediaOrder::Line { port, order });
                }
            }
            Wish::Untap { leg, tap } => {
                if let Some(spot) = self.parts.wires.spot(leg) {
                    self.tell_media(spot.thread, MediaOrder::Untap { slot: spot.slot, tap });
                }
            }
            Wish::Bridge { a, b } => return self.join(a, b),
            Wish::Enter { leg, room, how } => return self.enter(leg, room, how),
            Wish::Unmix { leg } => {
                self.sound.rooms.leave(leg);
                self.tell_engine(leg, |slot| media::Command::Unmix { slot });
            }
            Wish::Shut { leg } => {
                self.sound.rooms.leave(leg);
                if let Some(spot) = self.parts.wires.release(leg) {
                    self.tell_media(spot.thread, MediaOrder::Shut { slot: spot.slot });
                }
            }
        }
        None
    }

    /// Lets two legs hear each other.
    fn join(&mut self, a: LegId, b: LegId) -> Option<Wish> {
        let wires = (self.parts.wires.get(a), self.parts.wires.get(b));
        let (Some(_), Some(_)) = wires else { return None };
        match self.gather(&[a, b]) {
            Meeting::Later => return Some(Wish::Bridge { a, b }),
            Meeting::Nowhere => {
                self.no_place(a);
                self.no_place(b);
            }
            Meeting::In(_) => {
                for leg in [a, b] {
                    self.sound.rooms.leave(leg);
                    self.care_for(leg);
                }
                if let Some(other) = self.parts.wires.spot(b) {
                    self.tell_engine(a, |a| media::Command::Bridge { a, b: other.slot });
                }
            }
        }
        None
    }

    /// Puts a leg into a room, with all who are there.
    fn enter(&mut self, leg: LegId, room: RoomId, how: How) -> Option<Wish> {
        self.parts.wires.get(leg)?;
        if !self.sound.rooms.has_place(room, leg) {
            self.no_place(leg);
            return None;
        }
        let others: Vec<_> = self.sound.rooms.legs_in(room).filter(|at| at.0 != leg).collect();
        let legs: Vec<LegId> = others.iter().map(|at| at.0).chain([leg]).collect();
        let thread = match self.gather(&legs) {
            Meeting::In(thread) => thread,
            Meeting::Later => return Some(Wish::Enter { leg, room, how }),
            Meeting::Nowhere => {
                self.no_place(leg);
                return None;
            }
        };
        match self.sound.rooms.move_to(room, thread) {
            Moved::Stays => {}
            Moved::To(no) => {
                // Guests after those they hear and whisper to.
                let (full, guests): (Vec<_>, Vec<_>) =
                    others.iter().partition(|at| at.1 == How::Full);
                for (other, how) in full.into_iter().chain(guests) {
                    self.put(other, no, how, true);
                }
            }
            Moved::NoPlace => legs.iter().for_each(|leg| self.no_place(*leg)),
        }
        if how == How::Full {
            self.care_for(leg);
        }
        match self.sound.rooms.join(leg, room, thread, how) {
            Some(no) => self.put(leg, no, how, false),
            None => self.no_place(leg),
        }
        None
    }

    /// Has the engine put a leg into a room; `again` tells that it was in it in another thread.
    fn put(&mut self, leg: LegId, room: RoomNo, how: How, again: bool) {
        // A slot of another thread is somebody else's here: whispers to nobody are heard by nobody.
        let Some(here) = self.parts.wires.spot(leg).map(|spot| spot.thread) else { return };
        let to = |leg| {
            let spot = self.parts.wires.get(leg)?.spot();
            (spot.thread == here).then_some(spot.slot)
        };
        let voice = match how {
            How::Full => None,
            How::Guest { voice: Voice::Nobody, beeps } => Some((media::Voice::Nobody, beeps)),
            How::Guest { voice: Voice::Everybody, beeps } => Some((media::Voice::Everybody, beeps)),
            // An agent whose leg is gone hears nobody.
            How::Guest { voice: Voice::One(to_leg), beeps } => {
                Some((to(to_leg).map_or(media::Voice::Nobody, media::Voice::One), beeps))
            }
        };
        self.tell_engine(leg, |slot| match voice {
            Some((voice, beeps)) => media::Command::Supervise { slot, room, voice, beeps },
            None if again => media::Command::MixOn { slot, room },
            None => media::Command::Mix { slot, room },
        });
    }

    /// Brings legs to one thread.
    fn gather(&mut self, legs: &[LegId]) -> Meeting {
        let place = self.parts.wires.meeting_place(legs);
        let Some(thread) = place.thread else {
            self.meetings_refused += 1;
            return Meeting::Nowhere;
        };
        if place.away.is_empty() {
            return Meeting::In(thread);
        }
        for (leg, from) in place.away {
            // There is a place: it was looked for.
            let Some(to) = self.parts.wires.reserve(thread) else { continue };
            self.wishes.sets_out(leg, to);
            let take = MediaOrder::Take { slot: from.slot, parcel: Parcel::new(leg) };
            self.tell_media(from.thread, take);
        }
        Meeting::Later
    }

    /// Says that a leg finds no place with those it is to meet. It hears nobody from then on, and nobody
    /// hears it: where it was it is no longer meant to be.
    fn no_place(&mut self, leg: LegId) {
        let text = format!("leg {leg}: every place for those who are to hear each other is taken");
        log(Severity::Error, &text);
        self.sound.rooms.leave(leg);
        self.tell_engine(leg, |slot| media::Command::Unbridge { slot });
        self.tell_engine(leg, |slot| media::Command::Unmix { slot });
        let now = self.parts.clock.now();
        self.alarms.raise(now, "no-media", "rooms", control::Level::Critical);
    }

    /// Has the engine of a leg do something, at once.
    pub(super) fn tell_engine(&mut self, leg: LegId, make: impl FnOnce(Slot) -> media::Command) {
        if let Some(wire) = self.parts.wires.get(leg) {
            let spot = wire.spot();
            self.tell_media(spot.thread, MediaOrder::Engine(make(spot.slot)));
        }
    }
}
