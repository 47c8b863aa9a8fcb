//! Time: a monotonic instant for timers and a wall time for people; nobody here asks a clock.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment on the daemon's monotonic clock, in microseconds since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment the daemon (or a test) started.
    pub const START: Self = Self(0);

    /// Makes the moment `micros` after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }
    /// Makes the moment `millis` after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1000)
    }
    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
    /// Milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }
    /// The time since `earlier`, or zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// A moment people know: milliseconds since 1970-01-01 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct WallTime(pub i64);

impl WallTime {
    /// Milliseconds from `earlier` to this, or zero if `earlier` is later.
    pub fn ms_since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(ms))
    }
}

/// Ties the monotonic clock to the wall once, so that one run's wall times never step backwards.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    pub at: Instant,
    pub wall: WallTime,
}

impl Anchor {
    /// The wall time of `now`.
    pub fn wall(&self, now: Instant) -> WallTime {
        self.wall + now.since(self.at)
    }
}

/// A site's time zone, by its IANA name, e.g. `Asia/Shanghai`.
#[derive(Clone)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Looks the zone up in the data compiled into the program.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok()?;
        Some(Self { name: name.to_owned(), zone })
    }
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".into(), zone: TimeZone::UTC }
    }
    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What the wall clock of the site shows at `wall`.
    pub fn civil(&self, wall: WallTime) -> Civil {
        let stamp = jiff::Timestamp::from_millisecond(wall.0).unwrap_or_default();
        let local = self.zone.to_datetime(stamp);
        Civil {
            date: local.date(),
            weekday: local.weekday(),
            second_of_day: u32::from(local.hour().unsigned_abs()) * 3600
                + u32::from(local.minute().unsigned_abs()) * 60
                + u32::from(local.second().unsigned_abs()),
        }
    }
    /// The first moment of `date` here; a report's day runs to the first moment of the next.
    pub fn start_of(&self, date: Date) -> WallTime {
        let midnight = date.to_datetime(jiff::civil::Time::midnight());
        match self.zone.to_ambiguous_timestamp(midnight).compatible() {
            Ok(stamp) => WallTime(stamp.as_millisecond()),
            Err(_) => WallTime(0),
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a clock on the wall of the site shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub date: Date,
    pub weekday: Weekday,
    /// 0 to 86,399.
    pub second_of_day: u32,
}

impl fmt::Display for Civil {
    /// Writes `2026-11-22 15:04:05`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.second_of_day;
        write!(f, "{} {:02}:{:02}:{:02}", self.date, s / 3600, s / 60 % 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_a_zone_with_summer_time_has_23_hours_once_a_year() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let day = Date::constant(2026, 3, 29);
        let length = zone.start_of(day.tomorrow().unwrap()).ms_since(zone.start_of(day));
        assert_eq!(length, 23 * 3_600_000);
    }

    #[test]
    fn shanghai_is_eight_hours_ahead() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        assert_eq!(zone.civil(WallTime(0)).to_string(), "1970-01-01 08:00:00");
        assert_eq!(zone.start_of(Date::constant(1970, 1, 1)), WallTime(-8 * 3_600_000));
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert!(Zone::named("Mars/Olympus").is_none());
    }
}
