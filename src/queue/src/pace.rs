//! The pace of a queue: how fast its callers were answered lately, for an honest estimate.

use model::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// Fewer recent answers than this give no estimate.
pub const ANSWERS_MIN: usize = 5;
/// Answers older than this say nothing about now.
pub const ANSWER_AGE_MAX: Duration = Duration::from_secs(15 * 60);
/// Answers remembered; the oldest is forgotten.
const ANSWERS_MAX: usize = 20;

/// The last answers of a queue.
#[derive(Debug, Default)]
pub struct Pace(VecDeque<Instant>);

impl Pace {
    /// Notes an answer.
    pub fn answered(&mut self, now: Instant) {
        if self.0.len() == ANSWERS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    /// The mean time between two answers, up to this moment: it grows while nobody is answered.
    /// Nothing if there were too few to tell.
    pub fn interval(&self, now: Instant) -> Option<Duration> {
        let recent = |at: &&Instant| now.since(**at) <= ANSWER_AGE_MAX;
        let count = self.0.iter().filter(recent).count();
        let oldest = self.0.iter().find(recent)?;
        let intervals = u32::try_from(count).ok()?;
        (count >= ANSWERS_MIN).then(|| now.since(*oldest) / intervals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::from_millis(s * 1000)
    }

    #[test]
    fn four_answers_are_too_few_for_an_estimate() {
        let mut pace = Pace::default();
        for s in [0, 60, 120, 180] {
            pace.answered(at(s));
        }
        assert_eq!(pace.interval(at(200)), None);
    }

    #[test]
    fn an_answer_a_minute_means_a_minute_a_place_and_more_while_nobody_is_answered() {
        let mut pace = Pace::default();
        for s in [0, 60, 120, 180, 240] {
            pace.answered(at(s));
        }
        assert_eq!(pace.interval(at(300)), Some(Duration::from_secs(60)));
        assert_eq!(pace.interval(at(600)), Some(Duration::from_secs(120)));
        assert_eq!(pace.interval(at(1300)), None);
    }
}
