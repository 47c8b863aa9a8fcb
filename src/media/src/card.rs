//! The receiving side of a leg that is a card's port: blocks come each 20 ms by the card's clock.

use crate::conceal::Concealer;
use crate::said::Said;
use crate::sink::Block;
use heapless::Deque;
use model::{Codec, Law, Rate, SAMPLES_PER_FRAME};

/// Blocks that may wait; when one more comes the oldest is left out and counted. The clocks of
/// card and tick differ by a few parts in a million, so this is rare.
pub const BLOCKS_MAX: usize = 4;
/// Blocks missing in a row after which the card is no longer waited for.
const MISSING_MAX: u8 = 3;

/// Takes one port's blocks and gives what the line says.
pub struct CardEar {
    law: Law,
    blocks: Deque<Block, BLOCKS_MAX>,
    concealer: Concealer,
    /// Ticks without a block since the last one; `MISSING_MAX` before the first.
    missing: u8,
    concealed: u64,
    skipped: u64,
}

impl CardEar {
    /// Waits for the first block.
    pub const fn new(law: Law) -> Self {
        Self {
            law,
            blocks: Deque::new(),
            concealer: Concealer::new(Rate::Narrow),
            missing: MISSING_MAX,
            concealed: 0,
            skipped: 0,
        }
    }

    /// Takes the next block.
    pub fn block(&mut self, block: &Block) {
        if self.blocks.is_full() {
            self.blocks.pop_front();
            self.skipped += block.len() as u64;
        }
        // There is room now.
        let _ = self.blocks.push_back(*block);
    }

    /// Gives what the line says in this tick. It is always decoded: keys are heard in it.
    pub fn tick(&mut self, said: &mut Said) {
        said.silence(Codec::from(self.law));
        let samples = &mut said.samples[..SAMPLES_PER_FRAME];
        if let Some(block) = self.blocks.pop_front() {
            said.bytes = block;
            self.law.decode(&block, samples);
            let changed = self.concealer.real(samples);
            self.law.encode(&samples[..changed], &mut said.bytes[..changed]);
            self.missing = 0;
        } else if self.missing < MISSING_MAX {
            self.missing += 1;
            self.concealer.missing(samples);
            self.law.encode(samples, &mut said.bytes);
            self.concealed += samples.len() as u64;
        }
    }

    /// Milliseconds made up and left out.
    pub fn counts(&self) -> (u64, u64) {
        (self.concealed / 8, self.skipped / 8)
    }
}
