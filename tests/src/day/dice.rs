//! Every chance of the day, from one seed.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::time::Duration;

/// Seeded dice. Whole numbers only, so that no processor rounds differently.
#[derive(Debug)]
pub struct Dice(ChaCha12Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }
    /// A number in `[low, high)`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.0.next_u64() % (high - low).max(1)
    }
    /// True `permille` times out of a thousand.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.between(0, 1000) < permille
    }
    /// A span of `[low, high)` milliseconds.
    pub fn ms(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }
    /// A span of `[low, high)` seconds, to the microsecond.
    pub fn s(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_micros(self.between(low * 1_000_000, high * 1_000_000))
    }
    /// One of the values, each as likely as its weight says.
    pub fn pick<T: Copy>(&mut self, weighted: &[(u64, T)]) -> T {
        let total = weighted.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(0, total);
        for (weight, value) in weighted {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *value,
            }
        }
        weighted[0].1
    }
}
