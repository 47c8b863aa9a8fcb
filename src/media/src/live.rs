//! Sound that comes while it is played: a line-in, in the place of a piece of music.
//!
//! ```text
//!   one writer --20 ms--> ring of 1 s --each listener from a place of its own--> plays, in any thread
//! ```
//!
//! A listener stays `BEHIND` the writer, whose clock is another. One that comes too near hears the last
//! 60 ms again, one that falls too far behind leaves them out: once in ten minutes at 100 ppm. Where the
//! writer stands it is silent, until there is enough again. Nobody waits and nobody locks.

use model::SAMPLES_PER_FRAME;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI16, AtomicU64, Ordering};

/// Samples at 8 kHz that are kept: a second and a little more.
const RING: usize = 8192;
/// How far a listener begins behind what was written last: three frames.
const BEHIND: u64 = 3 * SAMPLES_PER_FRAME as u64;
/// How far it may fall behind: six frames.
const FAR: u64 = 6 * SAMPLES_PER_FRAME as u64;

/// The ring and what was written to it.
#[derive(Debug)]
pub struct Live {
    ring: Box<[AtomicI16]>,
    written: AtomicU64,
    on: AtomicBool,
}

/// Where a play is in what comes live.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Listener {
    /// The next sample to hear.
    place: u64,
    /// What had been written when it heard the last of it again.
    again: u64,
    /// It waits until enough is there.
    waits: bool,
}

impl Live {
    /// Makes one that is silent and off.
    pub fn new() -> Arc<Self> {
        let ring = (0..RING).map(|_| AtomicI16::new(0)).collect();
        Arc::new(Self { ring, written: AtomicU64::new(0), on: AtomicBool::new(false) })
    }

    /// Turns it on or off; off, the recording in its place is played.
    pub fn set(&self, on: bool) {
        self.on.store(on, Ordering::Release);
    }

    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// Takes the next samples at 8 kHz; of one writer alone.
    pub fn write(&self, samples: &[i16]) {
        let at = self.written.load(Ordering::Relaxed);
        for (n, sample) in (at..).zip(samples) {
            if let Some(kept) = self.ring.get(n as usize % RING) {
                kept.store(*sample, Ordering::Relaxed);
            }
        }
        self.written.store(at + samples.len() as u64, Ordering::Release);
    }

    /// Fills `out` with what a listener hears next.
    pub(crate) fn listen(&self, listener: &mut Listener, out: &mut [i16]) {
        let written = self.written.load(Ordering::Acquire);
        let len = out.len() as u64;
        if !listener.follow(written, len) {
            return out.fill(0);
        }
        for (n, sample) in (listener.place..written).zip(&mut *out) {
            let kept = self.ring.get(n as usize % RING);
            *sample = kept.map_or(0, |kept| kept.load(Ordering::Relaxed));
        }
        listener.place += len;
    }
}

impl Listener {
    /// Goes to where it can hear so many samples; tells whether there are as many.
    fn follow(&mut self, written: u64, len: u64) -> bool {
        let behind = BEHIND.max(len);
        let near = self.place + len > written;
        if self.waits || near && (written < behind || self.again == written) {
            self.waits = written < self.place.saturating_add(behind);
            if self.waits {
                return false;
            }
        }
        if near || written - self.place > FAR {
            self.place = written - behind;
            self.again = written;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(no: u64) -> [i16; SAMPLES_PER_FRAME] {
        std::array::from_fn(|n| ((no * 160 + n as u64) % 30_000) as i16 + 1)
    }

    fn heard(live: &Live, listener: &mut Listener) -> [i16; SAMPLES_PER_FRAME] {
        let mut out = [7; SAMPLES_PER_FRAME];
        live.listen(listener, &mut out);
        out
    }

    #[test]
    fn a_listener_hears_what_was_written_in_its_order_and_without_a_hole() {
        let (live, mut listener, mut sound) = (Live::new(), Listener::default(), Vec::new());
        for no in 0..500 {
            live.write(&frame(no));
            sound.extend(heard(&live, &mut listener));
        }
        let begin = sound.iter().position(|sample| *sample != 0).unwrap();
        assert!(begin <= 3 * SAMPLES_PER_FRAME, "{begin}");
        assert!(sound[begin..].windows(2).all(|two| two[0] % 30_000 + 1 == two[1]));
    }

    #[test]
    fn a_writer_of_another_clock_is_followed_with_a_jump_in_minutes() {
        // 200 ppm: a frame more or less in 5000. Half an hour of it.
        for more in [true, false] {
            let (live, mut listener, mut no) = (Live::new(), Listener::default(), 0);
            let (mut last, mut jumps, mut silent) = (None, 0, 0);
            for tick in 0..90_000_u64 {
                let times = match (tick % 5000, more) {
                    (2500, true) => 2,
                    (2500, false) => 0,
                    _ => 1,
                };
                for _ in 0..times {
                    live.write(&frame(no));
                    no += 1;
                }
                for sample in heard(&live, &mut listener) {
                    silent += u32::from(sample == 0);
                    jumps += u32::from(last.is_some_and(|last| last % 30_000 + 1 != sample));
                    last = (sample != 0).then_some(sample);
                }
            }
            assert!((1..=8).contains(&jumps), "{jumps} jumps");
            assert!(silent <= 3 * SAMPLES_PER_FRAME as u32, "{silent} samples");
        }
    }

    #[test]
    fn where_the_writer_stands_it_is_silent_and_goes_on_when_the_writer_does() {
        let (live, mut listener) = (Live::new(), Listener::default());
        assert_eq!(heard(&live, &mut listener), [0; SAMPLES_PER_FRAME], "nothing was written");
        for no in 0..50 {
            live.write(&frame(no));
            heard(&live, &mut listener);
        }
        let stands = (0..50).map(|_| heard(&live, &mut listener));
        let sounding = stands.filter(|frame| frame.iter().any(|sample| *sample != 0)).count();
        assert!(sounding <= 6, "{sounding} frames of a device that stands");
        let goes_on: Vec<i16> = (50..60)
            .flat_map(|no| {
                live.write(&frame(no));
                heard(&live, &mut listener)
            })
            .collect();
        let begin = goes_on.iter().position(|sample| *sample == 8001).unwrap();
        assert!(begin <= 3 * SAMPLES_PER_FRAME, "{begin}");
        assert!(goes_on[begin..].windows(2).all(|two| two[0] + 1 == two[1]));
    }

    #[test]
    fn a_burst_of_what_was_late_is_not_heard_late_for_ever() {
        let (live, mut listener) = (Live::new(), Listener::default());
        for no in 0..100 {
            live.write(&frame(no));
        }
        let sound = heard(&live, &mut listener);
        assert_eq!(sound, frame(97), "the last 60 ms");
    }
}
