//! The receiving side of a leg that is a card's port: blocks come each 20 ms by the card's clock.

use crate::conceal::Concealer;
use crate::drift::Drift;
use crate::resample::Fractions;
use crate::said::Said;
use crate::sink::Block;
use model::{Codec, Law, Rate, SAMPLES_PER_FRAME};

/// Blocks missing in a row after which the card is no longer waited for.
const MISSING_MAX: u8 = 3;

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
