//! What is wanted of legs' sound while some of them are on their way to another media thread.
//!
//! ```text
//!   wanted --none of its legs is on its way, or wanted for before--> done
//!      '---one is--> waits ... the leg left, its thread is the other now --> done, the oldest first
//! ```
//!
//! So what is wanted of one leg is done in its order, and what is wanted of others does not wait.

use crate::media_thread::LineOrder;
use crate::rooms::How;
use crate::wires::Spot;
use media::{Slot, TapNo};
use model::id::{LegId, RoomId};
use std::collections::BTreeMap;

/// What is wanted; where its legs are is looked up when it is done.
pub enum Wish {
    /// Has the engine do something, given the leg's slot there.
    Engine {
        leg: LegId,
        make: Box<dyn FnOnce(Slot) -> media::Command>,
    },
    Line {
        leg: LegId,
        order: LineOrder,
    },
    Untap {
        leg: LegId,
        tap: TapNo,
    },
    Bridge {
        a: LegId,
        b: LegId,
    },
    /// Puts a leg into a room.
    Enter {
        leg: LegId,
        room: RoomId,
        how: How,
    },
    /// Takes a leg out of its room.
    Unmix {
        leg: LegId,
    },
    /// Closes a leg that is over.
    Shut {
        leg: LegId,
    },
}

/// What waits, and for which legs.
#[derive(Default)]
pub struct Wishes {
    /// Where legs go that are on their way.
    moving: BTreeMap<LegId, Spot>,
    waiting: Vec<Waiting>,
}

/// A wish, and all legs it is about.
pub struct Waiting {
    pub legs: Vec<LegId>,
    pub wish: Wish,
}

impl Wishes {
    /// Tells whether something that is wanted of these legs must wait.
    pub fn must_wait(&self, legs: &[LegId]) -> bool {
        if self.moving.is_empty() && self.waiting.is_empty() {
            return false;
        }
        legs.iter().any(|leg| {
            self.moving.contains_key(leg) || self.waiting.iter().any(|item| item.legs.contains(leg))
        })
    }

    /// Lets a wish wait, behind all others.
    pub fn wait(&mut self, legs: Vec<LegId>, wish: Wish) {
        self.waiting.push(Waiting { legs, wish });
    }

    /// Notes that a leg sets out.
    pub fn sets_out(&mut self, leg: LegId, to: Spot) {
        self.moving.insert(leg, to);
    }

    /// Takes note that a leg left; gives where it goes.
    pub fn left(&mut self, leg: LegId) -> Option<Spot> {
        self.moving.remove(&leg)
    }

    /// Gives all that waits, the oldest first, to be looked at anew.
    pub fn take(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting)
    }

    /// What waits, and legs on their way.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.moving.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wires::ThreadNo;

    #[test]
    fn what_is_wanted_of_a_leg_waits_behind_what_waits_for_it_and_nothing_else_does() {
        let mut wishes = Wishes::default();
        let [a, b, c, d] = [1, 2, 3, 4].map(LegId);
        assert!(!wishes.must_wait(&[a, b]));
        wishes.sets_out(a, Spot { thread: ThreadNo(1), slot: Slot(3) });
        assert!(wishes.must_wait(&[b, a]));
        wishes.wait(vec![a, b], Wish::Bridge { a, b });
        assert!(wishes.must_wait(&[b, c]), "its bridge comes first");
        wishes.wait(vec![b, c], Wish::Bridge { a: b, b: c });
        assert!(wishes.must_wait(&[c]));
        assert!(!wishes.must_wait(&[d]));
        assert_eq!(wishes.left(a), Some(Spot { thread: ThreadNo(1), slot: Slot(3) }));
        let waiting: Vec<Vec<LegId>> = wishes.take().into_iter().map(|item| item.legs).collect();
        assert_eq!(waiting, [vec![a, b], vec![b, c]]);
        assert!(!wishes.must_wait(&[a, b, c]));
    }
}
