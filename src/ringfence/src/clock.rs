//! The only clock: turns the machine's into `model` time.

use model::time::{Anchor, Instant, WallTime};

/// The machine's monotonic clock, counted from the daemon's start.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    /// Starts counting and ties the count to the wall.
    pub fn start() -> (Self, Anchor) {
        let clock = Self { start: std::time::Instant::now() };
        (clock, Anchor { at: Instant::START, wall: wall_now() })
    }

    /// The moment now.
    pub fn now(&self) -> Instant {
        Instant::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// What the machine's wall clock says.
pub fn wall_now() -> WallTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    WallTime(since.map_or(0, |span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}
