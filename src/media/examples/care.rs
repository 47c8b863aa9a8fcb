//! What the care for a leg's sound costs: `cargo run --release -p media --example care`.
//!
//! The least of many rounds of one second each, so that a busy machine tells nearly the same.

#![allow(clippy::disallowed_methods, reason = "it is measured how long it takes")]

use media::care::{Care, Terms};
use media::resample::Weights;
use model::{Rate, SAMPLES_PER_FRAME_MAX};
use std::time::{Duration, Instant};

const ROUNDS: u32 = 200;
const TICKS: u32 = 50;

fn main() {
    let weights = Weights::new();
    for (what, noise, level) in [("noise", true, false), ("level", false, true)] {
        for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
            let Some(mut care) = Care::new(Terms { noise, level }) else { continue };
            let mut least = Duration::MAX;
            for round in 0..ROUNDS {
                let began = Instant::now();
                for tick in 0..TICKS {
                    let mut samples = [0; SAMPLES_PER_FRAME_MAX];
                    for (n, sample) in (0u32..).zip(&mut samples) {
                        let seed = (round * TICKS + tick).wrapping_mul(7919).wrapping_add(n);
                        *sample = (seed.wrapping_mul(2_654_435_761) >> 18) as i16 / 8;
                    }
                    care.frame(&weights, rate, &mut samples, false);
                }
                least = least.min(began.elapsed());
            }
            let us = least.as_secs_f64() * 1e6 / f64::from(TICKS);
            println!(
                "{what} at {} Hz: {us:.0} us a tick, {:.2} % of a core",
                rate.hz(),
                us / 200.0
            );
        }
    }
}
