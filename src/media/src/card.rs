//! A leg that is a card's port: blocks come each 20 ms by the card's clock, and go by it.
//!
//! ```text
//!   block of the card --> CardEar: Drift --> a frame each tick
//!         '-- owes one --> CardMouth: Drift <-- a frame each tick
//!                              '--> as many blocks as came: the card's memory stays as full as it is
//! ```

use crate::conceal::Concealer;
use crate::drift::Drift;
use crate::resample::Fractions;
use crate::said::Said;
use crate::sink::Block;
use model::{Codec, Law, Rate, SAMPLES_PER_FRAME};

/// Blocks missing in a row after which the card is no longer waited for.
const MISSING_MAX: u8 = 3;

/// Blocks that may be owed to a card; of more the driver has run dry, and goes on with silence.
const OWED_MAX: u8 = 4;

/// Takes one port's blocks and gives what the line says.
pub struct CardEar {
    law: Law,
    blocks: Drift,
    concealer: Concealer,
    /// Ticks without enough blocks since the last one; `MISSING_MAX` before the first.
    missing: u8,
    concealed: u64,
    skipped: u64,
}

impl CardEar {
    /// Waits for the first block.
    pub const fn new(law: Law) -> Self {
        Self {
            law,
            blocks: Drift::new(law),
            concealer: Concealer::new(Rate::Narrow),
            missing: MISSING_MAX,
            concealed: 0,
            skipped: 0,
        }
    }

    /// Takes the next block.
    pub fn block(&mut self, block: &Block) {
        self.skipped += self.blocks.push(block) as u64;
    }

    /// Gives what the line says in this tick. It is always decoded: keys are heard in it.
    pub fn tick(&mut self, fractions: &Fractions, said: &mut Said) {
        said.silence(Codec::from(self.law));
        let samples = &mut said.samples[..SAMPLES_PER_FRAME];
        if self.blocks.pull(fractions, &mut said.bytes, samples) {
            let changed = self.concealer.real(samples);
            self.law.encode(&samples[..changed], &mut said.bytes[..changed]);
            self.missing = 0;
        } else if self.missing < MISSING_MAX {
            self.missing += 1;
            self.concealer.missing(samples);
            self.law.encode(samples, &mut said.bytes);
            self.concealed += samples.len() as u64;
            if self.missing == MISSING_MAX {
                self.blocks.restart();
            }
        }
    }

    /// Milliseconds made up and left out.
    pub fn counts(&self) -> (u64, u64) {
        (self.concealed / 8, self.skipped / 8)
    }
}

/// Takes what one port shall say and gives it by the card's clock: a block for each that came.
pub struct CardMouth {
    blocks: Drift,
    owed: u8,
}

impl CardMouth {
    /// Waits for the first two frames.
    pub const fn new(law: Law) -> Self {
        Self { blocks: Drift::new(law), owed: 0 }
    }

    /// The card took a block's time more.
    pub fn owe(&mut self) {
        self.owed = self.owed.saturating_add(1).min(OWED_MAX);
    }

    /// Takes what the port shall say in this tick; gives how many samples were left out for it.
    pub fn frame(&mut self, frame: &Block) -> usize {
        self.blocks.push(frame)
    }

    /// Gives the next block that the card wants now.
    pub fn block(&mut self, fractions: &Fractions) -> Option<Block> {
        let (mut block, mut samples) = ([0; SAMPLES_PER_FRAME], [0; SAMPLES_PER_FRAME]);
        self.owed = self.owed.checked_sub(1)?;
        if self.blocks.pull(fractions, &mut block, &mut samples) {
            return Some(block);
        }
        // It is owed until there is enough.
        self.owed += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Weights;
    use crate::tone::Dbm0;
    use std::f64::consts::PI;

    const HZ: f64 = 313.0;

    fn frame(no: u64) -> Block {
        let mut samples = [0; SAMPLES_PER_FRAME];
        for (n, sample) in samples.iter_mut().enumerate() {
            let turn = (no * 160 + n as u64) as f64 * HZ / 8000.0;
            let sine = (turn.fract() * std::f64::consts::TAU).sin();
            *sample = (sine * f64::from(Dbm0(-10.0).peak())).round() as i16;
        }
        let mut block = [0; SAMPLES_PER_FRAME];
        Law::A.encode(&samples, &mut block);
        block
    }

    #[test]
    fn a_port_is_given_a_block_for_each_that_came_for_an_hour_at_100_ppm() {
        let weights = Weights::new();
        for ppm in [100.0, -100.0] {
            let (mut mouth, mut owed, mut given) = (CardMouth::new(Law::A), 0u64, 0u64);
            let (mut last, mut step, mut left_out) = (None, 0, 0);
            for tick in 0..3600 * 50u64 {
                while (owed as f64) < tick as f64 * (1.0 + ppm * 1e-6) {
                    owed += 1;
                    mouth.owe();
                }
                left_out += mouth.frame(&frame(tick));
                while let Some(block) = mouth.block(&weights.fractions) {
                    given += 1;
                    let mut samples = [0; SAMPLES_PER_FRAME];
                    Law::A.decode(&block, &mut samples);
                    for sample in samples.map(i32::from) {
                        step = step.max(last.map_or(0, |last: i32| (sample - last).abs()));
                        last = Some(sample);
                    }
                }
                assert!(owed - given <= 2, "{ppm} ppm, tick {tick}: {given} of {owed}");
            }
            assert_eq!(left_out, 0, "{ppm} ppm");
            // What the tone allows, and a step of the law at its peak, which comes twice.
            let tone = f64::from(Dbm0(-10.0).peak()) * 2.0 * (PI * HZ / 8000.0).sin();
            assert!(f64::from(step) < tone + 512.0, "{ppm} ppm: a step of {step}, not {tone}");
        }
    }

    #[test]
    fn a_port_whose_card_is_gone_is_given_nothing_and_goes_on_with_what_is_said_then() {
        let (weights, mut mouth) = (Weights::new(), CardMouth::new(Law::A));
        let left_out: usize = (0..50).map(|no| mouth.frame(&frame(no))).sum();
        assert!(left_out > 0 && mouth.block(&weights.fractions).is_none());
        mouth.owe();
        assert!(mouth.block(&weights.fractions).is_some());
        assert!(mouth.block(&weights.fractions).is_none());
        (0..100).for_each(|_| mouth.owe());
        let given = std::iter::from_fn(|| mouth.block(&weights.fractions)).count();
        assert!(given <= usize::from(OWED_MAX), "{given}: it is not to catch up with a stall");
    }
}
