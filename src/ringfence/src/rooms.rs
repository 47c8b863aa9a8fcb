//! Which room of the exchange is which place in the media, and who is in it.

use media::RoomNo;
use media::room::{LEGS_PER_ROOM_MAX, ROOMS_MAX};
use model::id::{LegId, RoomId};
use std::collections::{BTreeMap, BTreeSet};

/// The rooms that have legs.
#[derive(Default)]
pub struct Rooms {
    rooms: BTreeMap<RoomId, (RoomNo, BTreeSet<LegId>)>,
    legs: BTreeMap<LegId, RoomId>,
}

impl Rooms {
    /// Puts a leg into a room and out of the one before. Nothing changes if every place is taken, or
    /// every one in the room: the leg is then where it was until it is taken out.
    pub fn join(&mut self, leg: LegId, room: RoomId) -> Option<RoomNo> {
        let free = || (0..ROOMS_MAX as u16).map(RoomNo).find(|no| !self.is_taken(*no));
        let own = || self.legs.get(&leg).and_then(|own| self.rooms.get(own));
        let no = match self.rooms.get(&room) {
            Some((_, legs)) if legs.len() >= LEGS_PER_ROOM_MAX && !legs.contains(&leg) => None,
            Some((no, _)) => Some(*no),
            // Where it is alone it leaves a place.
            None => free().or_else(|| own().filter(|(_, legs)| legs.len() == 1).map(|(no, _)| *no)),
        }?;
        self.leave(leg);
        self.rooms.entry(room).or_insert_with(|| (no, BTreeSet::new())).1.insert(leg);
        self.legs.insert(leg, room);
        Some(no)
    }

    /// Takes a leg out; a room without legs gives its place back.
    pub fn leave(&mut self, leg: LegId) {
        let Some(room) = self.legs.remove(&leg) else { return };
        let Some((_, legs)) = self.rooms.get_mut(&room) else { return };
        legs.remove(&leg);
        if legs.is_empty() {
            self.rooms.remove(&room);
        }
    }

    /// Rooms there are, for the console.
    pub fn len(&self) -> usize {
        self.rooms.len()
    }

    fn is_taken(&self, no: RoomNo) -> bool {
        self.rooms.values().any(|(taken, _)| *taken == no)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_keeps_its_place_while_a_leg_is_in_it_and_gives_it_back_after_the_last() {
        let mut rooms = Rooms::default();
        let (a, b) = (LegId::inbound(1), LegId::inbound(2));
        let place = rooms.join(a, RoomId(7)).unwrap();
        assert_eq!(rooms.join(b, RoomId(7)), Some(place));
        assert_ne!(rooms.join(b, RoomId(8)), Some(place));
        rooms.leave(a);
        assert_eq!(rooms.len(), 1);
        assert_eq!(rooms.join(a, RoomId(9)), Some(place));
    }

    #[test]
    fn a_leg_that_is_refused_holds_its_place_until_it_is_taken_out() {
        let mut rooms = Rooms::default();
        for n in 0..LEGS_PER_ROOM_MAX as u64 {
            assert!(rooms.join(LegId::inbound(n + 1), RoomId(1)).is_some());
        }
        let (late, other) = (LegId::inbound(100), LegId::inbound(101));
        let place = rooms.join(late, RoomId(2)).unwrap();
        assert_eq!(rooms.join(late, RoomId(1)), None, "the room is full");
        assert_ne!(rooms.join(other, RoomId(3)), Some(place), "who is in it would be overheard");
        rooms.leave(late);
        assert_eq!(rooms.join(LegId::inbound(102), RoomId(4)), Some(place));
        assert!(rooms.join(LegId::inbound(1), RoomId(1)).is_some(), "who is there is there");
    }

    #[test]
    fn one_room_more_than_there_are_places_is_refused() {
        let mut rooms = Rooms::default();
        for n in 0..ROOMS_MAX as u64 {
            assert!(rooms.join(LegId::inbound(n + 1), RoomId(n)).is_some());
        }
        let late = LegId::inbound(1000);
        assert_eq!(rooms.join(late, RoomId(1000)), None);
        rooms.leave(LegId::inbound(1));
        assert!(rooms.join(late, RoomId(1000)).is_some());
    }
}
