//! The legs by their number, with what is due next of all of them and how many calls each trunk has.
//!
//! ```text
//!   insert --> leg --with: a step--> noted again: its deadline, its trunk
//!                      '-- wholly over --> gone
//! ```
//!
//! A leg is only reached through `with`, so that agenda and counts follow every step; thousands of
//! them cost no search.

use super::leg::Leg;
use model::{Instant, LegId, TrunkId};
use std::collections::{BTreeMap, BTreeSet};

/// All legs that are not wholly over.
#[derive(Debug, Default)]
pub struct Legs {
    all: BTreeMap<LegId, Noted>,
    agenda: BTreeSet<(Instant, LegId)>,
    calls: BTreeMap<TrunkId, usize>,
}

#[derive(Debug)]
struct Noted {
    leg: Leg,
    due: Option<Instant>,
    trunk: Option<TrunkId>,
}

impl Legs {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Tells whether the leg is there.
    pub fn has(&self, id: LegId) -> bool {
        self.all.contains_key(&id)
    }

    /// Looks at a leg.
    pub fn get(&self, id: LegId) -> Option<&Leg> {
        self.all.get(&id).map(|noted| &noted.leg)
    }

    /// Calls of a trunk that are not gone.
    pub fn calls_of(&self, trunk: &TrunkId) -> usize {
        self.calls.get(trunk).copied().unwrap_or(0)
    }

    /// Adds a leg, unless it is over already.
    pub fn insert(&mut self, id: LegId, leg: Leg) {
        if !leg.is_over() {
            self.all.insert(id, Noted { leg, due: None, trunk: None });
            self.note(id);
        }
    }

    /// Lets something happen to a leg; tells whether that was its end.
    pub fn with(&mut self, id: LegId, step: impl FnOnce(&mut Leg)) -> bool {
        let Some(noted) = self.all.get_mut(&id) else { return false };
        step(&mut noted.leg);
        let over = noted.leg.is_over();
        self.note(id);
        over
    }

    /// The next leg that something is due for. Its step has to move its deadline.
    pub fn due(&self, now: Instant) -> Option<LegId> {
        self.agenda.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }

    /// When something is due for a leg, and what.
    pub fn deadline(&self) -> Option<(Instant, &'static str)> {
        let (_, id) = self.agenda.first()?;
        self.get(*id)?.deadline()
    }

    /// Brings agenda and counts up to date with a leg, and lets go of one that is over.
    fn note(&mut self, id: LegId) {
        let Some(noted) = self.all.get_mut(&id) else { return };
        let over = noted.leg.is_over();
        let due = if over { None } else { noted.leg.deadline().map(|(at, _)| at) };
        if due != noted.due {
            if let Some(at) = noted.due {
                self.agenda.remove(&(at, id));
            }
            self.agenda.extend(due.map(|at| (at, id)));
            noted.due = due;
        }
        let trunk = noted.leg.trunk().filter(|_| !over);
        if trunk != noted.trunk.as_ref() {
            let trunk = trunk.cloned();
            if let Some(new) = &trunk {
                *self.calls.entry(new.clone()).or_default() += 1;
            }
            if let Some(old) = std::mem::replace(&mut noted.trunk, trunk) {
                match self.calls.get_mut(&old) {
                    Some(calls) if *calls > 1 => *calls -= 1,
                    _ => _ = self.calls.remove(&old),
                }
            }
        }
        if over {
            self.all.remove(&id);
        }
    }
}
