//! The rooms of supervised talks.
//!
//! What the calls order of an agent's watched leg is carried out in its room, so that hold,
//! consulting and conferences go on as they would. When the last supervisor leaves, the two are
//! bridged again: at once if they hear each other, else when the call would have them do so.

use crate::exchange::Exchange;
use crate::supervision::Supervision;
use crate::supervision::talker::Talker;
use model::site::Notice;
use model::{Instant, LegId, Order, RoomId, Supervising, Voice};
use std::collections::BTreeSet;

/// Rooms of supervised talks; those of conferences are numbered from 1.
const ROOMS_FROM: u64 = 1 << 62;

/// The room an agent's leg is in.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    room: RoomId,
    /// The leg put there beside it, where the talk is of two.
    with: Option<LegId>,
    /// Legs that were told of the supervisors.
    pub(super) told: BTreeSet<LegId>,
}

impl Supervision {
    /// The watched leg whose room a leg is in, or is to be in with another.
    fn room_of(&self, leg: LegId) -> Option<RoomId> {
        let with = || self.watched.values().find(|watch| watch.with == Some(leg));
        self.watched.get(&leg).or_else(with).map(|watch| watch.room)
    }

    fn open_room(&mut self) -> RoomId {
        self.rooms += 1;
        RoomId(ROOMS_FROM + self.rooms)
    }
}

impl Exchange {
    /// Puts a talk into a room, unless it is in one. Whoever was told of a supervisor is told again,
    /// of one more.
    pub(super) fn watch(&mut self, talker: &Talker) {
        if let Some(watch) = self.supervision.watched.get_mut(&talker.leg) {
            watch.told.clear();
            return;
        }
        let shared = talker.with.and_then(|with| self.supervision.room_of(with));
        let there = talker.room.or(shared);
        let room = there.unwrap_or_else(|| self.supervision.open_room());
        let watch = Watch { room, with: talker.with, told: BTreeSet::new() };
        self.supervision.watched.insert(talker.leg, watch);
        if there.is_none() {
            for leg in [Some(talker.leg), talker.with].into_iter().flatten() {
                self.plays.stop(leg);
                self.order(Order::Mix { leg, room });
            }
        }
    }

    /// Puts a supervisor where the agent is.
    pub(super) fn follow(&mut self, leg: LegId) {
        let Some(one) = self.supervision.supervisors.get(&leg) else { return };
        let Some(watch) = self.supervision.watched.get(&one.of) else { return };
        let voice = match one.how {
            Supervising::Listen => Voice::Nobody,
            Supervising::Whisper => Voice::One(one.of),
            _ => Voice::Everybody,
        };
        let unheard = voice != Voice::Everybody;
        let beeps = unheard && self.site.supervision.notice == Notice::Beep;
        self.order(Order::Supervise { leg, room: watch.room, voice, beeps });
    }

    /// Gives an order of the calls, carried out in the room where it is about a watched talk.
    pub(crate) fn order_watched(&mut self, order: Order) {
        match order {
            Order::Bridge { a, b } if self.is_watched(a) || self.is_watched(b) => {
                self.bridge_watched(a, b);
            }
            Order::Unbridge { leg } => match self.supervision.room_of(leg) {
                Some(room) => self.part_watched(room),
                None => self.order(order),
            },
            Order::Mix { leg, room } => {
                self.order(order);
                if let Some(watch) = self.supervision.watched.get_mut(&leg) {
                    (watch.room, watch.with) = (room, None);
                    self.supervision.of(leg).into_iter().for_each(|leg| self.follow(leg));
                }
            }
            order => self.order(order),
        }
    }

    fn is_watched(&self, leg: LegId) -> bool {
        self.supervision.watched.contains_key(&leg)
    }

    /// Two legs, one or both of them watched, hear each other from now on: in a room of their own,
    /// or in none where nobody supervises them any more.
    fn bridge_watched(&mut self, a: LegId, b: LegId) {
        let supervised = self.supervision.supervised();
        let room = [a, b].iter().any(|leg| supervised.contains(leg));
        let room = room.then(|| self.supervision.open_room());
        for (leg, other) in [(a, b), (b, a)] {
            let Some(watch) = self.supervision.watched.get_mut(&leg) else { continue };
            let before = watch.with.replace(other);
            watch.room = room.unwrap_or(watch.room);
            // Whoever was there before hears nobody until something is played.
            if let Some(before) = before.filter(|before| *before != other && *before != leg) {
                self.order(Order::Unmix { leg: before });
            }
        }
        let Some(room) = room else {
            [a, b].iter().for_each(|leg| drop(self.supervision.watched.remove(leg)));
            return self.order(Order::Bridge { a, b });
        };
        for leg in [a, b] {
            self.order(Order::Mix { leg, room });
        }
        for leg in [a, b] {
            self.supervision.of(leg).into_iter().for_each(|leg| self.follow(leg));
        }
    }

    /// The legs of a room hear nobody any more.
    fn part_watched(&mut self, room: RoomId) {
        let mut parted = BTreeSet::new();
        for (leg, watch) in &mut self.supervision.watched {
            if watch.room == room {
                parted.extend([Some(*leg), watch.with.take()].into_iter().flatten());
            }
        }
        parted.into_iter().for_each(|leg| self.order(Order::Unmix { leg }));
    }

    /// A leg is out of its call: whoever supervised it is told so.
    pub(crate) fn unwatch(&mut self, now: Instant, leg: LegId) {
        for watch in self.supervision.watched.values_mut() {
            watch.with = watch.with.filter(|with| *with != leg);
            watch.told.remove(&leg);
        }
        if self.supervision.watched.remove(&leg).is_some() {
            for leg in self.supervision.of(leg) {
                self.dismiss(now, leg);
            }
        }
    }

    /// Gives talks that nobody supervises any more back to their two legs.
    pub(super) fn give_back(&mut self) {
        let supervised = self.supervision.supervised();
        let watched = self.supervision.watched.keys().copied();
        for of in watched.filter(|of| !supervised.contains(of)).collect::<Vec<_>>() {
            let with = self.supervision.watched.get(&of).and_then(|watch| watch.with);
            match with {
                // Music is heard: the room is left when the talk goes on, or elsewhere, or ends.
                Some(with) if !self.company(of).contains(&with) => continue,
                Some(with) if !self.is_watched(with) => {
                    [with, of].iter().for_each(|leg| self.plays.stop(*leg));
                    self.order(Order::Bridge { a: with, b: of });
                }
                _ => {}
            }
            self.supervision.watched.remove(&of);
        }
    }
}
