//! Transit times: how much faster some packets are than others (RFC 3550 6.4.1 and appendix A.8).

use model::Instant;

/// A window's length: the extremes of the last one to two windows are kept.
const WINDOW_SAMPLES: u32 = 8000;
/// Fewer packets than this say nothing of a window.
const PACKETS_MIN: u32 = 10;

/// A moment as an RTP clock of 8 kHz sees it.
pub fn samples_at(now: Instant) -> u32 {
    (now.as_micros() / 125) as u32
}

/// The extremes within a window, relative to the first transit seen.
#[derive(Clone, Copy, Debug)]
struct Window {
    fastest: i32,
    slowest: i32,
    packets: u32,
    /// Sum of the times packets waited for their play.
    waited: i64,
}

impl Window {
    const EMPTY: Self = Self { fastest: i32::MAX, slowest: i32::MIN, packets: 0, waited: 0 };
}

/// Arrival times of one sender's packets against their time stamps, all in samples.
#[derive(Clone, Copy, Debug)]
pub struct Transit {
    /// The transit that others are relative to; the clocks' offset, which nobody knows.
    origin: Option<u32>,
    now: Window,
    before: Option<Window>,
    since: u32,
    last: i32,
    /// Interarrival jitter in sixteenths of a sample.
    jitter: i64,
}

impl Transit {
    /// Knows nothing yet.
    pub const fn new() -> Self {
        Self { origin: None, now: Window::EMPTY, before: None, since: 0, last: 0, jitter: 0 }
    }

    /// Notes a packet's arrival, and how long before its play that was.
    pub fn note(&mut self, arrival: u32, timestamp: u32, waits: i32) {
        let transit = arrival.wrapping_sub(timestamp);
        let Some(origin) = self.origin else {
            self.origin = Some(transit);
            self.since = arrival;
            self.last = 0;
            self.add(0, waits);
            return;
        };
        let transit = transit.wrapping_sub(origin) as i32;
        let change = i64::from(transit.wrapping_sub(self.last).unsigned_abs());
        self.last = transit;
        self.jitter += change - (self.jitter + 8) / 16;
        if arrival.wrapping_sub(self.since) >= WINDOW_SAMPLES {
            self.before = (self.now.packets >= PACKETS_MIN).then_some(self.now);
            self.now = Window::EMPTY;
            self.since = arrival;
        }
        self.add(transit, waits);
    }

    /// Forgets the window's transits (the stream jumped) but not how much they differed.
    pub fn restart(&mut self) {
        *self = Self { jitter: self.jitter, ..Self::new() };
    }

    /// How long the fastest and the slowest packet of late wait when the play is at `play` at the
    /// moment `at`; the slowest only when a whole window is known.
    pub fn waits(&self, at: u32, play: u32) -> Option<Waits> {
        let offset = at.wrapping_sub(play).wrapping_sub(self.origin?) as i32;
        let before = self.before.unwrap_or(Window::EMPTY);
        let fastest = self.now.fastest.min(before.fastest);
        let slowest = self.now.slowest.max(before.slowest);
        Some(Waits {
            fastest: offset.saturating_sub(fastest),
            slowest: self.before.map(|_| offset.saturating_sub(slowest)),
        })
    }

    /// How much the packets of late differed, when a whole window is known.
    pub fn spread(&self) -> Option<i32> {
        let before = self.before?;
        let fastest = self.now.fastest.min(before.fastest);
        Some(self.now.slowest.max(before.slowest).saturating_sub(fastest))
    }

    /// Interarrival jitter in microseconds.
    pub fn jitter_us(&self) -> u64 {
        u64::try_from(self.jitter * 125 / 16).unwrap_or(0)
    }

    /// Mean wait of the packets of late, in milliseconds.
    pub fn delay_ms(&self) -> u64 {
        let before = self.before.unwrap_or(Window::EMPTY);
        let packets = i64::from(self.now.packets + before.packets).max(1);
        u64::try_from((self.now.waited + before.waited) / packets / 8).unwrap_or(0)
    }

    fn add(&mut self, transit: i32, waits: i32) {
        self.now.fastest = self.now.fastest.min(transit);
        self.now.slowest = self.now.slowest.max(transit);
        self.now.packets += 1;
        self.now.waited += i64::from(waits);
    }
}

/// Times between arrival and play, in samples; negative for packets that come too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    pub fastest: i32,
    pub slowest: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_that_of_the_standard() {
        let mut transit = Transit::new();
        // Every second packet 10 ms late: |D| is 80 samples each time and J tends to it.
        for n in 0..400u32 {
            transit.note(n * 160 + (n % 2) * 80, n * 160, 0);
        }
        assert!((9_900..=10_000).contains(&transit.jitter_us()), "{}", transit.jitter_us());
    }

    #[test]
    fn the_slowest_of_two_windows_counts_and_older_ones_are_forgotten() {
        let mut transit = Transit::new();
        let waits = |transit: &Transit| transit.waits(0, 0u32.wrapping_sub(400)).unwrap();
        for n in 0..60u32 {
            transit.note(n * 160 + if n == 3 { 240 } else { 0 }, n * 160, 0);
        }
        assert_eq!(waits(&transit), Waits { fastest: 400, slowest: Some(160) });
        for n in 60..160u32 {
            transit.note(n * 160, n * 160, 0);
        }
        assert_eq!(waits(&transit), Waits { fastest: 400, slowest: Some(400) });
    }
}
