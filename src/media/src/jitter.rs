//! The jitter buffer: packets as they come, sound as it was spoken.
//!
//! ```text
//!             first packet                       nothing for IDLE_TICKS
//!   Waiting ---------------> Playing (play = ts - delay) ---------------> Waiting
//!                             |  ^
//!                             +--+ a late packet, nothing played since: back up, delay grows
//!                             |  |
//!                             +--+ all packets of a window early: `excess`, delay shrinks
//!                             |  |
//!                             +--+ jump of the time stamp, LATE_MAX late ones, LEVEL_MAX held: anew
//! ```
//!
//! Lengths are samples of 8 kHz, which for G.711 are bytes and RTP time stamp units.

use crate::ring::{RING, Ring};
use crate::transit::{Transit, samples_at};
use model::{Instant, SAMPLES_PER_FRAME};

/// The longest payload taken: 120 ms. Longer ones are malformed.
pub const PAYLOAD_MAX: usize = 960;
/// Wanted wait of the fastest packet at the start: 40 ms.
pub const DELAY_MIN: i32 = 320;
/// Longest wait of the fastest packet that a late one may bring about: 100 ms and the tick.
pub const DELAY_MAX: i32 = 960;
/// Wanted wait of the slowest packet: 20 ms, for the ticks' own jitter.
const GUARD: i32 = 160;
/// The delay is only brought down when there is this much to win: 20 ms, what the start may be off
/// by. Below it the bytes of the wire are left alone.
const EXCESS_MIN: i32 = 160;
/// A packet further ahead than this is a jump of the time stamp: 375 ms. It leaves room in the ring
/// for backing up.
const AHEAD_MAX: i32 = 3000;
/// More than this held and the oldest is skipped: 250 ms.
pub const LEVEL_MAX: i32 = 2000;
/// Late packets in a row after which the place is found anew.
const LATE_MAX: u8 = 5;
/// Ticks without anything to play after which the next packet starts anew.
pub const IDLE_TICKS: u8 = 10;
/// The same for a sender that may pause for 400 ms between two packets, and jitter.
pub const IDLE_TICKS_DTX: u8 = 25;
const FRAME: u32 = SAMPLES_PER_FRAME as u32;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    Held,
    /// Its time has passed.
    Late,
    /// All of it was there already.
    Duplicate,
    /// Held, and the place was found anew with it.
    Resynced,
}

/// The sound of one sender, waiting for its time.
pub struct Jitter {
    ring: Ring,
    transit: Transit,
    playing: bool,
    /// Time stamp of the next sample to be played.
    play: u32,
    /// Time stamp after the newest sample held.
    newest: u32,
    /// Time stamp after the last real sample played; nothing from before it may be played again.
    played_to: u32,
    /// A span without sound that is no loss: comfort noise or a telephone-event.
    quiet: Option<Quiet>,
    next_tick: u32,
    late_in_a_row: u8,
    idle_ticks: u8,
    /// Wait asked for at the next start, from how much packets differed.
    start_delay: i32,
    /// Samples skipped because too many were held.
    skipped: u64,
}

/// A span of intended silence; without an end until sound comes again.
#[derive(Clone, Copy, Debug)]
struct Quiet {
    from: u32,
    to: Option<u32>,
}

impl Jitter {
    /// Waits for a first packet.
    pub fn new() -> Self {
        Self {
            ring: Ring::new(),
            transit: Transit::new(),
            playing: false,
            play: 0,
            newest: 0,
            played_to: 0,
            quiet: None,
            next_tick: 0,
            late_in_a_row: 0,
            idle_ticks: 0,
            start_delay: DELAY_MIN,
            skipped: 0,
        }
    }

    /// Waits for a first packet of another sender.
    pub fn restart(&mut self) {
        self.playing = false;
        self.transit.restart();
    }

    /// Places a packet's bytes; `fresh` tells that no newer packet was seen.
    pub fn put(&mut self, now: Instant, timestamp: u32, bytes: &[u8], fresh: bool) -> Placed {
        let arrival = samples_at(now);
        if !self.playing {
            // A pause may end with another clock than it began with.
            let slower = self.transit.waits(arrival, timestamp).map(|waits| waits.fastest);
            if slower.is_some_and(|slower| slower.unsigned_abs() > AHEAD_MAX.unsigned_abs()) {
                self.transit.restart();
            }
            self.start(arrival, timestamp);
            self.hold(arrival, timestamp, bytes);
            return Placed::Held;
        }
        let ahead = timestamp.wrapping_sub(self.play) as i32;
        let len = bytes.len() as i32;
        // `ahead` may be any number there is: it is the sender's.
        if ahead > AHEAD_MAX - len || ahead < -AHEAD_MAX {
            return if fresh { self.resync(arrival, timestamp, bytes) } else { Placed::Late };
        }
        if ahead >= 0 || self.back_up(timestamp, ahead) {
            self.late_in_a_row = 0;
            return self.hold(arrival, timestamp, bytes);
        }
        self.late_in_a_row += u8::from(fresh);
        if self.late_in_a_row >= LATE_MAX {
            return self.resync(arrival, timestamp, bytes);
        }
        self.transit.note(arrival, timestamp, 0);
        if ahead + len > 0 {
            // The end of it is still in time.
            let cut = ahead.unsigned_abs() as usize;
            self.hold(arrival, self.play, &bytes[cut..]);
            return Placed::Held;
        }
        Placed::Late
    }

    /// Notes that from a time stamp on nothing is said, until sound comes with a later one.
    pub fn hush(&mut self, timestamp: u32) {
        let ahead = timestamp.wrapping_sub(self.play) as i32;
        let open = self.quiet.is_some_and(|quiet| quiet.to.is_none());
        if self.playing && ahead.unsigned_abs() < RING && !open {
            self.quiet = Some(Quiet { from: timestamp, to: None });
        }
    }

    /// Notes that up to a packet's time stamp nothing was said after the packet before it.
    pub fn pause(&mut self, timestamp: u32) -> bool {
        let ahead = timestamp.wrapping_sub(self.newest) as i32;
        let busy = self
            .quiet
            .is_some_and(|quiet| quiet.to.is_none_or(|to| to.wrapping_sub(self.play) as i32 > 0));
        let paused = self.playing && ahead > 0;
        if paused && !busy {
            self.quiet = Some(Quiet { from: self.newest, to: Some(timestamp) });
        }
        paused
    }

    /// Tells whether nothing is held that is later than what is played now.
    pub fn is_dry(&self) -> bool {
        self.newest.wrapping_sub(self.play) as i32 <= 0
    }

    /// Begins a tick: what is put from here on is for the ticks after it.
    pub fn begin_tick(&mut self, now: Instant) {
        self.next_tick = samples_at(now).wrapping_add(FRAME);
        let level = self.newest.wrapping_sub(self.play) as i32;
        if self.playing && level > LEVEL_MAX {
            let skip = (level - self.start_delay) as u32;
            self.skipped += u64::from(skip);
            self.advance(skip);
        }
    }

    /// Tells whether a stream is being played, or its end still awaited.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// The next samples of one kind, at most `max`: what they are and how many.
    pub fn next(&self, max: usize) -> (Kind, usize) {
        let (present, run) = self.ring.run(self.play, max);
        if present {
            return (Kind::Sound, run);
        }
        let Some(quiet) = self.quiet else { return (Kind::Gap, run) };
        let after_start = self.play.wrapping_sub(quiet.from) as i32;
        let before_end = quiet.to.map_or(i32::MAX, |to| to.wrapping_sub(self.play) as i32);
        if after_start < 0 {
            (Kind::Gap, run.min(after_start.unsigned_abs() as usize))
        } else if before_end > 0 {
            (Kind::Quiet, run.min(before_end as usize))
        } else {
            (Kind::Gap, run)
        }
    }

    /// Copies the next samples without taking them.
    pub fn peek(&self, out: &mut [u8]) {
        self.ring.copy(self.play, out);
    }

    /// The byte `later` samples after the next one, with its time stamp, if it is there.
    pub fn mark(&self, later: u32) -> Option<(u32, u8)> {
        let (at, mut byte) = (self.play.wrapping_add(later), [0]);
        self.ring.copy(at, &mut byte);
        self.ring.whole(at, 1).then_some((at, byte[0]))
    }

    /// Takes `len` samples; `sound` tells that they were real and were played.
    pub fn take(&mut self, len: usize, sound: bool) {
        self.advance(len as u32);
        if sound {
            self.played_to = self.play;
        }
    }

    /// Ends a tick: a stream that has nothing left for a while is given up.
    pub fn end_tick(&mut self, idle_max: u8) {
        self.idle_ticks = if self.is_dry() { self.idle_ticks.saturating_add(1) } else { 0 };
        if self.idle_ticks >= idle_max {
            self.playing = false;
        }
    }

    /// How many samples may be left out now to bring the delay down: as many as even the slowest
    /// packet of late did not need, if `held` samples are there to do it well.
    pub fn excess(&self, held: usize) -> Option<usize> {
        let at = self.next_tick.wrapping_sub(FRAME);
        let waits = self.transit.waits(at, self.play)?;
        let slowest = waits.slowest?.saturating_sub(GUARD);
        let excess = slowest.min(waits.fastest.saturating_sub(DELAY_MIN));
        (excess >= EXCESS_MIN && self.ring.whole(self.play, held)).then_some(excess as usize)
    }

    /// Interarrival jitter in microseconds.
    pub fn jitter_us(&self) -> u64 {
        self.transit.jitter_us()
    }
    /// Mean wait of packets of late, in milliseconds.
    pub fn delay_ms(&self) -> u64 {
        self.transit.delay_ms()
    }
    /// Samples left out because more than `LEVEL_MAX` were held.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Begins to play `start_delay` (rounded up to the tick) before a packet's first sample.
    fn start(&mut self, arrival: u32, timestamp: u32) {
        let to_tick = (self.next_tick.wrapping_sub(arrival) as i32).clamp(0, FRAME as i32);
        let frames = (self.start_delay - to_tick).max(0).unsigned_abs().div_ceil(FRAME);
        self.ring.clear();
        self.playing = true;
        self.play = timestamp.wrapping_sub(frames * FRAME);
        self.newest = timestamp;
        self.played_to = self.play;
        self.quiet = Some(Quiet { from: self.play, to: Some(timestamp) });
        self.late_in_a_row = 0;
        self.idle_ticks = 0;
    }

    fn resync(&mut self, arrival: u32, timestamp: u32, bytes: &[u8]) -> Placed {
        self.transit.restart();
        self.start(arrival, timestamp);
        self.hold(arrival, timestamp, bytes);
        Placed::Resynced
    }

    /// Goes back to a late packet if nothing was played since and the delay stays in bounds.
    fn back_up(&mut self, timestamp: u32, ahead: i32) -> bool {
        let unplayed = timestamp.wrapping_sub(self.played_to) as i32 >= 0;
        let waits = self.transit.waits(self.next_tick, timestamp);
        let bounded = waits.is_some_and(|waits| waits.fastest <= DELAY_MAX);
        if ahead >= 0 || !unplayed || !bounded {
            return false;
        }
        self.play = timestamp;
        true
    }

    fn hold(&mut self, arrival: u32, timestamp: u32, bytes: &[u8]) -> Placed {
        let to_tick = (self.next_tick.wrapping_sub(arrival) as i32).clamp(0, FRAME as i32);
        let waits = (timestamp.wrapping_sub(self.play) as i32).saturating_add(to_tick);
        self.transit.note(arrival, timestamp, waits);
        let fresh = self.ring.put(timestamp, bytes);
        let end = timestamp.wrapping_add(bytes.len() as u32);
        if end.wrapping_sub(self.newest) as i32 > 0 {
            self.newest = end;
        }
        if let Some(quiet) = &mut self.quiet
            && quiet.to.is_none()
            && timestamp.wrapping_sub(quiet.from) as i32 > 0
        {
            quiet.to = Some(timestamp);
        }
        self.learn();
        if fresh == 0 { Placed::Duplicate } else { Placed::Held }
    }

    /// Remembers how far packets differ, for the next start.
    fn learn(&mut self) {
        if let Some(spread) = self.transit.spread() {
            self.start_delay = spread.saturating_add(GUARD).clamp(DELAY_MIN, DELAY_MAX - GUARD);
        }
    }

    fn advance(&mut self, len: u32) {
        self.ring.forget(self.play, len);
        self.play = self.play.wrapping_add(len);
    }
}

/// What the next samples of a stream are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They are there.
    Sound,
    /// They are missing and something should be made up.
    Gap,
    /// Nothing was said.
    Quiet,
}
