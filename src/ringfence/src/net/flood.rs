//! Whether a flood is on: an alarm from the first second of shedding until ten quiet ones have
//! passed.

use model::Instant;
use std::time::Duration;

/// Messages shed in a second that are a flood and no phone that stutters.
const FLOOD_PER_S: u64 = 50;
/// How long it has to be quiet for the flood to be over.
const QUIET: Duration = Duration::from_secs(10);

/// Watches what is shed.
#[derive(Debug, Default)]
pub struct Flood {
    looked_at: Instant,
    shed: u64,
    last: Option<Instant>,
}

impl Flood {
    /// Looks at what was shed in all; tells whether a flood is on.
    pub fn look(&mut self, now: Instant, shed: u64) -> bool {
        let ms = u64::try_from(now.since(self.looked_at).as_millis()).unwrap_or(u64::MAX);
        if ms >= 1000 {
            if (shed - self.shed) * 1000 >= FLOOD_PER_S.saturating_mul(ms) {
                self.last = Some(now);
            }
            (self.looked_at, self.shed) = (now, shed);
        }
        self.last.is_some_and(|last| now.since(last) < QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_within_a_second_and_over_ten_seconds_after_it() {
        let mut flood = Flood::default();
        let mut told = Vec::new();
        let mut shed = 0;
        for second in 1..40 {
            shed += if (5..15).contains(&second) { 5000 } else { 1 };
            if flood.look(Instant::from_millis(second * 1000), shed) {
                told.push(second);
            }
        }
        assert_eq!(told, (5..24).collect::<Vec<_>>());
    }
}
