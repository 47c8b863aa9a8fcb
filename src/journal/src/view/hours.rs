//! The hours: which facts lie in which hour of the wall clock, so that a day's read is a day's work.
//!
//! A run is a stretch of facts whose times lie in one hour. A clock that goes forward makes one run
//! an hour. After the clock was set back an hour has several runs, and all of them are found: the
//! index is exact whatever the clock did; only the number of runs grows.

use model::WallTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An hour of UTC.
pub const HOUR_MS: i64 = 3_600_000;

/// The hour of a moment, counted from 1970.
pub(crate) fn hour_of(at: WallTime) -> i64 {
    at.0.div_euclid(HOUR_MS)
}

/// The first fact of each run, and the run's hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursView(pub BTreeMap<u64, i64>);

impl HoursView {
    /// Folds the next fact; true when it begins a run.
    pub(crate) fn fold(&mut self, seq: u64, at: WallTime) -> bool {
        let hour = hour_of(at);
        let begins = self.0.last_key_value().is_none_or(|(_, &last)| last != hour);
        if begins {
            self.0.insert(seq, hour);
        }
        begins
    }

    /// The stretches of facts, `first..=last`, that may hold times of `[from, to)`, in order.
    pub(crate) fn spans(&self, from: WallTime, to: WallTime, last_seq: u64) -> Vec<(u64, u64)> {
        if from >= to {
            return Vec::new();
        }
        let wanted = hour_of(from)..=hour_of(WallTime(to.0 - 1));
        let ends = self.0.keys().skip(1).map(|first| first - 1).chain([last_seq]);
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for ((&first, hour), end) in self.0.iter().zip(ends) {
            let last = end.min(last_seq);
            if !wanted.contains(hour) || first > last {
                continue;
            }
            match spans.last_mut() {
                Some((_, before)) if *before + 1 == first => *before = last,
                _ => spans.push((first, last)),
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_that_the_clock_saw_twice_is_found_in_both_places() {
        let hours = HoursView(BTreeMap::from([(1, 10), (5, 11), (9, 10), (20, 11)]));
        let at = |hour: i64| WallTime(hour * HOUR_MS);
        assert_eq!(hours.spans(at(10), at(11), 25), [(1, 4), (9, 19)]);
        assert_eq!(hours.spans(at(11), WallTime(at(11).0 + 1), 25), [(5, 8), (20, 25)]);
        assert_eq!(hours.spans(at(10), at(12), 25), [(1, 25)]);
        assert_eq!(hours.spans(at(12), at(13), 25), []);
        assert_eq!(hours.spans(at(11), at(10), 25), []);
    }

    #[test]
    fn a_moment_before_1970_has_an_hour_too() {
        assert_eq!(hour_of(WallTime(-1)), -1);
        assert_eq!(hour_of(WallTime(0)), 0);
    }
}
