//! The timers of waiting callers.

use model::{Instant, VisitId};
use std::collections::BTreeSet;

/// What a timer is for. Of those due at once the upper fire first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The agent's phone rang long enough.
    Ring,
    /// The caller waited long enough.
    Overflow,
    /// The next position is to be said.
    Announce,
    /// The caller was told that the queue is full, but no end of it was heard.
    Full,
}

/// All timers, the next in front.
#[derive(Debug, Default)]
pub struct Timers(BTreeSet<(Instant, Timer, VisitId)>);

impl Timers {
    /// Sets a timer of a visit.
    pub fn set(&mut self, at: Instant, timer: Timer, visit: VisitId) {
        self.0.insert((at, timer, visit));
    }
    /// Takes a timer back.
    pub fn unset(&mut self, at: Option<Instant>, timer: Timer, visit: VisitId) {
        if let Some(at) = at {
            self.0.remove(&(at, timer, visit));
        }
    }
    /// Takes the next timer that is due.
    pub fn due(&mut self, now: Instant) -> Option<(Timer, VisitId)> {
        let first = self.0.first().filter(|(at, ..)| *at <= now)?;
        let (_, timer, visit) = *first;
        self.0.pop_first();
        Some((timer, visit))
    }
    /// The next timer and its name.
    pub fn next(&self) -> Option<(Instant, &'static str)> {
        let (at, timer, _) = self.0.first()?;
        let name = match timer {
            Timer::Ring => "queue: ring time over",
            Timer::Overflow => "queue: overflow",
            Timer::Announce => "queue: position announcement",
            Timer::Full => "queue: full, told",
        };
        Some((*at, name))
    }
}
