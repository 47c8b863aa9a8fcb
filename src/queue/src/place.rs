//! A caller's place: the order of service, in one queue and in the box.

use model::{Instant, VisitId};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What decides who is served first; the lesser place is. It never changes while a caller waits,
/// so a failed offer costs nobody the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The queue's priority and the marks' points together.
    pub priority: Reverse<u16>,
    pub since: Instant,
    /// Which join of the box it was: parts those who came in the same microsecond.
    pub no: u64,
    pub visit: VisitId,
}

/// The places of one queue.
#[derive(Debug, Default)]
pub struct Places {
    all: BTreeSet<Place>,
    /// Those of `all` for whom no phone rings.
    unoffered: BTreeSet<Place>,
}

impl Places {
    /// Takes a caller in, for whom no phone rings yet.
    pub fn enter(&mut self, place: Place) {
        self.all.insert(place);
        self.unoffered.insert(place);
    }
    /// Takes a caller out.
    pub fn leave(&mut self, place: Place) {
        self.all.remove(&place);
        self.unoffered.remove(&place);
    }
    /// Notes that a phone rings for the caller.
    pub fn offered(&mut self, place: Place) {
        self.unoffered.remove(&place);
    }
    /// Notes that no phone rings for the caller any more, who still waits.
    pub fn offer_over(&mut self, place: Place) {
        if self.all.contains(&place) {
            self.unoffered.insert(place);
        }
    }
    /// The caller to be served next.
    pub fn next(&self) -> Option<Place> {
        self.unoffered.first().copied()
    }
    /// Every place, in order of service.
    pub fn iter(&self) -> impl Iterator<Item = Place> {
        self.all.iter().copied()
    }
    /// How many wait, those for whom a phone rings included.
    pub fn len(&self) -> usize {
        self.all.len()
    }
    /// Tells whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
