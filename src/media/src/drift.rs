//! A card's clock against the tick's: blocks come by the one and frames are taken by the other.
//!
//! ```text
//!   block --> | HEADROOM, two blocks | --frame--> the line
//!   held:   below FEW: each frame takes 300 ppm less       above MANY: 300 ppm more
//!           until it is as at the start, then bytes pass as they are again
//! ```
//!
//! A block more or less in 200 s (100 ppm) so becomes a change of pitch by a 200th of a semitone for
//! a minute, and nothing is left out or made up. Where both clocks agree nothing is computed.

use crate::resample::{Fractions, REACH};
use crate::sink::Block;
use model::{Law, SAMPLES_PER_FRAME};

/// Bytes held: the past that a filter looks back at, and `HELD_MAX`.
const RING: usize = 1024;
/// More than this and the oldest block is left out and counted: 110 ms.
const HELD_MAX: usize = 880;
/// Silence before the first block: what a filter looks ahead, and the jitter of the tick.
const HEADROOM: usize = 40;
/// Held before a frame is taken, where both clocks agree: a block may be missing then.
const START: usize = HEADROOM + 2 * SAMPLES_PER_FRAME;
const FEW: usize = START - 60;
const MANY: usize = START + 80;
/// By how much frames differ from a block's length when they do, in 2^-32 of a sample: 300 ppm.
const STEER: i64 = (1i64 << 32) * 300 / 1_000_000;
/// Samples that a frame and its filter span at most.
const SPAN: usize = SAMPLES_PER_FRAME + REACH + 2;

/// How a frame's length differs from a block's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Steer {
    Even,
    /// Less is taken, so that more is held.
    Less,
    More,
}

/// Blocks by one clock, frames by another.
pub struct Drift {
    law: Law,
    ring: [u8; RING],
    /// Where the next sample is, how many are held from there, and how far it lies after that place
    /// in 2^-32 of a sample.
    at: usize,
    held: usize,
    after: u32,
    steer: Steer,
    /// Waits for the first two blocks.
    waits: bool,
}

impl Drift {
    /// Waits for blocks.
    pub const fn new(law: Law) -> Self {
        let (steer, waits) = (Steer::Even, true);
        Self { law, ring: [0; RING], at: 0, held: 0, after: 0, steer, waits }
    }

    /// Forgets what is held and waits for blocks anew.
    pub fn restart(&mut self) {
        *self = Self::new(self.law);
    }

    /// Takes a block; gives how many samples were left out for it.
    pub fn push(&mut self, block: &Block) -> usize {
        if self.waits && self.held == 0 {
            self.ring.fill(self.law.silence());
            self.held = HEADROOM;
        }
        let skipped = if self.held + block.len() > HELD_MAX { block.len() } else { 0 };
        self.take(skipped);
        for (n, byte) in block.iter().enumerate() {
            self.ring[(self.at + self.held + n) % RING] = *byte;
        }
        self.held += block.len();
        self.waits &= self.held < START;
        skipped
    }

    /// Gives the next frame, as bytes and as samples; nothing if not enough is held.
    pub fn pull(&mut self, fractions: &Fractions, bytes: &mut Block, samples: &mut [i16]) -> bool {
        if self.waits {
            return false;
        }
        self.judge();
        let exact = self.after == 0 && self.steer == Steer::Even;
        let ahead = if exact { 0 } else { REACH / 2 + 2 };
        if self.held < SAMPLES_PER_FRAME + ahead {
            return false;
        }
        if exact {
            for (n, byte) in bytes.iter_mut().enumerate() {
                *byte = self.ring[(self.at + n) % RING];
            }
            self.law.decode(bytes, samples);
            self.take(SAMPLES_PER_FRAME);
        } else {
            self.resample(fractions, samples);
            self.law.encode(samples, bytes);
        }
        true
    }

    /// Decides by what is held.
    fn judge(&mut self) {
        self.steer = match self.steer {
            Steer::Even if self.held < FEW => Steer::Less,
            Steer::Even if self.held > MANY => Steer::More,
            steer => steer,
        };
    }

    /// Tells whether as much is held as at the start.
    fn is_back(&self) -> bool {
        match self.steer {
            Steer::Even => true,
            Steer::Less => self.held >= START,
            Steer::More => self.held <= START,
        }
    }

    /// Makes a frame of what lies between samples.
    fn resample(&mut self, fractions: &Fractions, samples: &mut [i16]) {
        let mut line = [0; SPAN];
        let mut bytes = [0; SPAN];
        let first = self.at + RING - (REACH / 2 - 1);
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = self.ring[(first + n) % RING];
        }
        self.law.decode(&bytes, &mut line);
        let mut taken = 0;
        for sample in samples.iter_mut() {
            *sample = fractions.between(&line[taken..], self.after);
            let step = match self.steer {
                Steer::Even => 0,
                Steer::Less => -STEER,
                Steer::More => STEER,
            };
            let after = i64::from(self.after) + step;
            taken += 1;
            self.after = after as u32;
            if (0..1 << 32).contains(&after) {
                continue;
            }
            // A whole sample less or more: here it may end, on a sample as it came.
            let back = self.is_back();
            taken = match (after < 0, back) {
                (true, true) => taken,
                (true, false) => taken - 1,
                (false, _) => taken + 1,
            };
            if back {
                (self.after, self.steer) = (0, Steer::Even);
            }
        }
        self.take(taken);
    }

    fn take(&mut self, len: usize) {
        self.at = (self.at + len) % RING;
        self.held -= len.min(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::{Dbm0, loudest};

    const HZ: f64 = 313.0;
    const LEVEL: Dbm0 = Dbm0(-10.0);

    /// Blocks of a card whose clock is fast by so many parts in a million, that says a tone.
    struct Card {
        ppm: f64,
        blocks: u64,
    }

    impl Card {
        /// What came of blocks until a moment.
        fn until(&mut self, ms: f64) -> Option<Block> {
            let due = ms * (1.0 + self.ppm * 1e-6) >= (self.blocks + 1) as f64 * 20.0;
            due.then(|| {
                let first = self.blocks * 160;
                self.blocks += 1;
                let mut samples = [0; 160];
                for (n, sample) in samples.iter_mut().enumerate() {
                    let turn = (first + n as u64) as f64 * HZ / 8000.0;
                    let sine = (turn.fract() * std::f64::consts::TAU).sin();
                    *sample = (sine * f64::from(LEVEL.peak())).round() as i16;
                }
                let mut block = [0; 160];
                Law::A.encode(&samples, &mut block);
                block
            })
        }
    }

    /// Runs for minutes, with a tick that is up to a millisecond late; gives what the line says,
    /// and how many frames could not be had or were cut after the first second.
    fn run(ppm: f64, minutes: u32, mut each: impl FnMut(&[i16])) -> u32 {
        let (mut drift, fractions) = (Drift::new(Law::A), Fractions::new());
        let (mut card, mut faults) = (Card { ppm, blocks: 0 }, 0);
        let (mut bytes, mut samples) = ([0; 160], [0; 160]);
        for tick in 1..=minutes * 60 * 50 {
            let late = f64::from(tick.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
            while let Some(block) = card.until(f64::from(tick) * 20.0 + 3.0 + late) {
                faults += u32::from(drift.push(&block) > 0);
            }
            let had = drift.pull(&fractions, &mut bytes, &mut samples);
            if had {
                each(&samples);
            } else if tick > 50 {
                faults += 1;
            }
        }
        faults
    }

    #[test]
    fn an_hour_with_a_clock_100_ppm_off_has_no_click_and_nothing_left_out_or_made_up() {
        for (ppm, minutes) in [(100.0, 60), (-100.0, 60), (250.0, 10), (-250.0, 10)] {
            let (mut second, mut seconds, mut worst, mut step) = (Vec::new(), 0, 1.0f32, 0);
            let mut last = None;
            let faults = run(ppm, minutes, |samples| {
                for sample in samples {
                    let before = last.replace(i32::from(*sample));
                    step = step.max(before.map_or(0, |before| (i32::from(*sample) - before).abs()));
                }
                second.extend_from_slice(samples);
                if second.len() >= 8000 {
                    seconds += 1;
                    if seconds % 41 == 0 {
                        worst = worst.min(loudest(&second).unwrap().purity);
                    }
                    second.clear();
                }
            });
            assert_eq!(faults, 0, "{ppm} ppm");
            // What the tone allows, and a step of the law at its peak, which comes twice.
            let tone = f64::from(LEVEL.peak()) * 2.0 * (std::f64::consts::PI * HZ / 8000.0).sin();
            assert!(f64::from(step) < tone + 512.0, "{ppm} ppm: a step of {step}, not {tone}");
            assert!(worst > 0.998, "{ppm} ppm: {worst}");
            assert!(seconds > minutes * 60 - 5, "{ppm} ppm: {seconds} s");
        }
    }

    #[test]
    fn where_both_clocks_agree_every_byte_is_the_cards() {
        let (mut drift, fractions) = (Drift::new(Law::A), Fractions::new());
        let (mut bytes, mut samples, mut heard) = ([0; 160], [0; 160], Vec::new());
        let blocks: Vec<Block> = (0..100u8).map(|n| std::array::from_fn(|k| n ^ k as u8)).collect();
        for block in &blocks {
            drift.push(block);
            if drift.pull(&fractions, &mut bytes, &mut samples) {
                heard.extend(bytes);
            }
        }
        let said = blocks.concat();
        assert_eq!(heard[HEADROOM..], said[..heard.len() - HEADROOM]);
        assert!(heard.len() >= said.len() - 160);
    }

    #[test]
    fn a_card_that_stops_is_noticed_and_too_many_blocks_leave_the_oldest_out() {
        let (mut drift, fractions) = (Drift::new(Law::Mu), Fractions::new());
        let (mut bytes, mut samples) = ([0; 160], [0; 160]);
        assert!(!drift.pull(&fractions, &mut bytes, &mut samples), "nothing came yet");
        let skipped: usize = (0..8).map(|_| drift.push(&[1; 160])).sum();
        assert_eq!(skipped, 480, "of 1320, 880 and less are kept");
        let frames = (0..10).filter(|_| drift.pull(&fractions, &mut bytes, &mut samples)).count();
        assert!((4..=5).contains(&frames), "{frames}");
        drift.restart();
        drift.push(&[1; 160]);
        assert!(!drift.pull(&fractions, &mut bytes, &mut samples), "it waits for two anew");
    }
}
