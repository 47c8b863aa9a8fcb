//! The named timers of all calls, in the order they are due.

use model::{CallId, Instant, LegId};
use std::collections::{BTreeMap, BTreeSet};

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The caller's leg was told to answer.
    Answer,
    /// The longest call.
    Length,
    /// The longest part of a recording.
    Part,
    /// The last words.
    Told,
    /// A party is sought or rings.
    Ring,
    /// Longest time in a slot.
    Park,
    /// A leg is answered that takes a place in the call.
    Attach,
    /// A leg was told to hang up.
    Lost(LegId),
}

impl Kind {
    /// Why the daemon is woken for it.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Answer => "answer of a caller's leg",
            Self::Length => "longest call",
            Self::Part => "longest part of a recording",
            Self::Told => "last words",
            Self::Ring => "a party that is rung",
            Self::Park => "longest time in a slot",
            Self::Attach => "answer of a leg that takes a place",
            Self::Lost(_) => "end of a leg that was hung up",
        }
    }
}

/// At most one timer of a kind a call.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    at: BTreeMap<(CallId, Kind), Instant>,
    due: BTreeSet<(Instant, CallId, Kind)>,
}

impl Timers {
    /// Starts a timer, or moves it.
    pub(crate) fn set(&mut self, call: CallId, kind: Kind, at: Instant) {
        self.clear(call, kind);
        self.at.insert((call, kind), at);
        self.due.insert((at, call, kind));
    }
    /// Stops a timer, if it runs.
    pub(crate) fn clear(&mut self, call: CallId, kind: Kind) {
        if let Some(at) = self.at.remove(&(call, kind)) {
            self.due.remove(&(at, call, kind));
        }
    }
    /// Stops every timer of a call.
    pub(crate) fn clear_call(&mut self, call: CallId) {
        let all = self.at.range((call, Kind::Answer)..).take_while(|((id, _), _)| *id == call);
        let kinds: Vec<Kind> = all.map(|((_, kind), _)| *kind).collect();
        for kind in kinds {
            self.clear(call, kind);
        }
    }
    /// Takes the next timer that is due.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(CallId, Kind)> {
        let &(at, call, kind) = self.due.first()?;
        if at > now {
            return None;
        }
        self.clear(call, kind);
        Some((call, kind))
    }
    /// The next moment and what it is for.
    pub(crate) fn next(&self) -> Option<(Instant, Kind)> {
        self.due.first().map(|&(at, _, kind)| (at, kind))
    }
    /// Tells whether none runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: CallId = CallId(1);
    const TWO: CallId = CallId(2);

    fn at(s: u64) -> Instant {
        Instant::from_millis(s * 1000)
    }

    #[test]
    fn timers_are_due_in_order_and_a_timer_that_is_moved_is_due_once() {
        let mut timers = Timers::default();
        timers.set(ONE, Kind::Length, at(10));
        timers.set(TWO, Kind::Part, at(5));
        timers.set(ONE, Kind::Length, at(3));
        assert_eq!(timers.next(), Some((at(3), Kind::Length)));
        assert_eq!(timers.pop(at(2)), None);
        assert_eq!(timers.pop(at(20)), Some((ONE, Kind::Length)));
        assert_eq!(timers.pop(at(20)), Some((TWO, Kind::Part)));
        assert_eq!(timers.pop(at(20)), None);
        assert!(timers.is_empty());
    }

    #[test]
    fn a_call_that_is_over_takes_all_its_timers_with_it_and_no_others() {
        let mut timers = Timers::default();
        for kind in [Kind::Answer, Kind::Told, Kind::Lost(LegId::inbound(7))] {
            timers.set(ONE, kind, at(1));
            timers.set(TWO, kind, at(1));
        }
        timers.clear_call(ONE);
        let left = std::iter::from_fn(|| timers.pop(at(1)));
        assert!(left.map(|(call, _)| call).eq([TWO; 3]));
    }
}
