//! Which room of the exchange is which place in the media, and who is in it and how.
//!
//! A room is one thread's; where all of it goes to another it has another place there.

use crate::wires::ThreadNo;
use media::RoomNo;
use media::room::{LEGS_PER_ROOM_MAX, ROOMS_MAX};
use model::Voice;
use model::id::{LegId, RoomId};
use std::collections::BTreeMap;

/// How a leg is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Full,
    Guest { voice: Voice, beeps: bool },
}

/// The rooms that have legs.
#[derive(Default)]
pub struct Rooms {
    rooms: BTreeMap<RoomId, Room>,
    legs: BTreeMap<LegId, RoomId>,
}

struct Room {
    at: (ThreadNo, RoomNo),
    legs: BTreeMap<LegId, How>,
}

impl Rooms {
    /// Puts a leg into a room and out of the one before. Nothing changes if every place of its thread
    /// is taken, or every one in the room, or the room is another thread's: the leg is then where it
    /// was until it is taken out.
    pub fn join(&mut self, leg: LegId, room: RoomId, thread: ThreadNo, how: How) -> Option<RoomNo> {
        let own = || self.legs.get(&leg).and_then(|own| self.rooms.get(own));
        let at = match self.rooms.get(&room) {
            Some(_) if !self.has_place(room, leg) => None,
            Some(there) => Some(there.at).filter(|at| at.0 == thread),
            // Where it is alone it leaves a place.
            None => self.free(thread).or_else(|| {
                own().filter(|own| own.legs.len() == 1 && own.at.0 == thread).map(|own| own.at)
            }),
        }?;
        self.leave(leg);
        let entered = self.rooms.entry(room).or_insert_with(|| Room { at, legs: BTreeMap::new() });
        entered.legs.insert(leg, how);
        self.legs.insert(leg, room);
        Some(at.1)
    }

    /// Takes a leg out; a room without legs gives its place back.
    pub fn leave(&mut self, leg: LegId) {
        let Some(room) = self.legs.remove(&leg) else { return };
        let Some(there) = self.rooms.get_mut(&room) else { return };
        there.legs.remove(&leg);
        if there.legs.is_empty() {
            self.rooms.remove(&room);
        }
    }

    /// Tells whether a leg is or could be in a room.
    pub fn has_place(&self, room: RoomId, leg: LegId) -> bool {
        let there = self.rooms.get(&room);
        there.is_none_or(|at| at.legs.len() < LEGS_PER_ROOM_MAX || at.legs.contains_key(&leg))
    }

    /// Who is in a room.
    pub fn legs_in(&self, room: RoomId) -> impl Iterator<Item = (LegId, How)> {
        let there = self.rooms.get(&room).into_iter();
        there.flat_map(|there| there.legs.iter().map(|(leg, how)| (*leg, *how)))
    }

    /// Gives a room a place in a thread, to which all its legs went, where it is another's. Nothing
    /// without a place there.
    pub fn move_to(&mut self, room: RoomId, thread: ThreadNo) -> Moved {
        let Some(at) = self.rooms.get(&room).map(|there| there.at) else { return Moved::Stays };
        if at.0 == thread {
            return Moved::Stays;
        }
        let Some(free) = self.free(thread) else { return Moved::NoPlace };
        if let Some(there) = self.rooms.get_mut(&room) {
            there.at = free;
        }
        Moved::To(free.1)
    }

    /// Rooms there are, for the console.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    fn free(&self, thread: ThreadNo) -> Option<(ThreadNo, RoomNo)> {
        let is_taken = |at: &(ThreadNo, RoomNo)| self.rooms.values().any(|room| room.at == *at);
        (0..ROOMS_MAX as u16).map(|no| (thread, RoomNo(no))).find(|at| !is_taken(at))
    }
}

/// Where a room is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Stays,
    /// At another place: its legs are to join it there.
    To(RoomNo),
    NoPlace,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ThreadNo = ThreadNo(0);

    #[test]
    fn a_room_keeps_its_place_while_a_leg_is_in_it_and_gives_it_back_after_the_last() {
        let mut rooms = Rooms::default();
        let (a, b) = (LegId::inbound(1), LegId::inbound(2));
        let place = rooms.join(a, RoomId(7), ONE, How::Full).unwrap();
        assert_eq!(rooms.join(b, RoomId(7), ONE, How::Full), Some(place));
        assert_ne!(rooms.join(b, RoomId(8), ONE, How::Full), Some(place));
        rooms.leave(a);
        assert_eq!(rooms.len(), 1);
        assert_eq!(rooms.join(a, RoomId(9), ONE, How::Full), Some(place));
    }

    #[test]
    fn a_leg_that_is_refused_holds_its_place_until_it_is_taken_out() {
        let mut rooms = Rooms::default();
        for n in 0..LEGS_PER_ROOM_MAX as u64 {
            assert!(rooms.join(LegId::inbound(n + 1), RoomId(1), ONE, How::Full).is_some());
        }
        let (late, other) = (LegId::inbound(100), LegId::inbound(101));
        let place = rooms.join(late, RoomId(2), ONE, How::Full).unwrap();
        assert_eq!(rooms.join(late, RoomId(1), ONE, How::Full), None, "the room is full");
        assert_ne!(
            rooms.join(other, RoomId(3), ONE, How::Full),
            Some(place),
            "who is in it would be overheard"
        );
        rooms.leave(late);
        assert_eq!(rooms.join(LegId::inbound(102), RoomId(4), ONE, How::Full), Some(place));
        assert!(
            rooms.join(LegId::inbound(1), RoomId(1), ONE, How::Full).is_some(),
            "who is there is there"
        );
    }

    #[test]
    fn one_room_more_than_there_are_places_is_refused() {
        let mut rooms = Rooms::default();
        for n in 0..ROOMS_MAX as u64 {
            assert!(rooms.join(LegId::inbound(n + 1), RoomId(n), ONE, How::Full).is_some());
        }
        let late = LegId::inbound(1000);
        assert_eq!(rooms.join(late, RoomId(1000), ONE, How::Full), None);
        rooms.leave(LegId::inbound(1));
        assert!(rooms.join(late, RoomId(1000), ONE, How::Full).is_some());
    }

    #[test]
    fn a_room_that_goes_to_another_thread_has_a_free_place_there_and_leaves_its_own() {
        let mut rooms = Rooms::default();
        let (a, b, other) = (LegId::inbound(1), LegId::inbound(2), ThreadNo(1));
        rooms.join(b, RoomId(1), other, How::Full);
        let place = rooms.join(a, RoomId(7), ONE, How::Full);
        assert_eq!(rooms.join(b, RoomId(7), other, How::Full), None, "it is not there");
        assert_eq!(rooms.move_to(RoomId(7), ONE), Moved::Stays);
        let Moved::To(next) = rooms.move_to(RoomId(7), other) else { panic!("it moves") };
        assert_ne!(next, RoomNo(0), "that of the other room");
        assert_eq!(rooms.join(b, RoomId(7), other, How::Full), Some(next));
        assert_eq!(rooms.legs_in(RoomId(7)).map(|(leg, _)| leg).collect::<Vec<_>>(), [a, b]);
        assert_eq!(rooms.join(LegId::inbound(3), RoomId(8), ONE, How::Full), place);
    }
}
