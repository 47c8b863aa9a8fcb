//! How late ticks begin: a histogram that one thread writes and any may read.

use std::sync::atomic::{AtomicU64, Ordering};

/// Steps of each doubling: a figure is at most a quarter too high.
const STEPS: u64 = 4;
/// Doublings counted apart: up to 33 s.
const DOUBLINGS: usize = 25;
const PLACES: usize = DOUBLINGS * STEPS as usize;

/// Counts of lateness in microseconds, in steps that grow with it.
pub struct Lateness {
    places: [AtomicU64; PLACES],
    max_us: AtomicU64,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { places: [const { AtomicU64::new(0) }; PLACES], max_us: AtomicU64::new(0) }
    }
}

impl Lateness {
    /// Notes one tick.
    pub fn note(&self, us: u64) {
        self.max_us.fetch_max(us, Ordering::Relaxed);
        if let Some(place) = self.places.get(place(us)) {
            place.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The lateness that a share of the ticks stayed within, rounded up to its step; 0 before the
    /// first tick.
    pub fn quantile_us(&self, share: f64) -> u64 {
        Self::quantile_of([self].into_iter(), share)
    }

    /// The same of the ticks of several threads.
    pub fn quantile_of<'a>(all: impl Iterator<Item = &'a Self>, share: f64) -> u64 {
        let (mut counts, mut max) = ([0; PLACES], 0);
        for lateness in all {
            max = max.max(lateness.max_us.load(Ordering::Relaxed));
            for (sum, count) in counts.iter_mut().zip(&lateness.places) {
                *sum += count.load(Ordering::Relaxed);
            }
        }
        let wanted = (counts.iter().sum::<u64>() as f64 * share).ceil() as u64;
        let mut below = 0;
        for (place, count) in counts.iter().enumerate() {
            below += count;
            if below >= wanted {
                return end_us(place).min(max);
            }
        }
        max
    }

    /// Begins anew.
    pub fn clear(&self) {
        self.max_us.store(0, Ordering::Relaxed);
        self.places.iter().for_each(|place| place.store(0, Ordering::Relaxed));
    }
}

/// Where a lateness is counted: four to each doubling, the last for everything beyond.
fn place(us: u64) -> usize {
    let doubling = us.max(STEPS).ilog2() - STEPS.ilog2();
    let step =
        if us < STEPS { us } else { (us >> doubling) - STEPS + STEPS * u64::from(doubling + 1) };
    usize::try_from(step).unwrap_or(usize::MAX).min(PLACES - 1)
}

/// The most that is counted in a place.
fn end_us(place: usize) -> u64 {
    let (doubling, step) = (place as u64 / STEPS, place as u64 % STEPS);
    if doubling == 0 { step } else { ((STEPS + step + 1) << (doubling - 1)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lateness_lies_in_its_step_and_steps_are_at_most_a_quarter_wide() {
        let mut before = 0;
        for us in (0..5000).chain((1..400).map(|n| n * 50_000)) {
            let at = place(us);
            assert!(at >= before, "{us}");
            before = at;
            let (start, end) = (if at == 0 { 0 } else { end_us(at - 1) + 1 }, end_us(at));
            assert!((start..=end).contains(&us), "{us} in {start}..={end}");
            assert!((end - start) * 4 <= start.max(4), "{start}..={end}");
        }
    }

    #[test]
    fn quantiles_tell_the_few_late_ticks_from_the_many_in_time() {
        let lateness = Lateness::default();
        assert_eq!(lateness.quantile_us(0.5), 0);
        (0..990).for_each(|_| lateness.note(60));
        (0..10).for_each(|_| lateness.note(3000));
        assert!((60..=75).contains(&lateness.quantile_us(0.5)));
        assert!((60..=75).contains(&lateness.quantile_us(0.99)));
        assert_eq!(lateness.quantile_us(0.999), 3000);
        assert_eq!(lateness.quantile_us(1.0), 3000);
        let other = Lateness::default();
        (0..10).for_each(|_| other.note(9000));
        let both = |share| Lateness::quantile_of([&lateness, &other].into_iter(), share);
        assert!((60..=75).contains(&both(0.9)), "of both, most are in time");
        assert_eq!(both(1.0), 9000);
        lateness.clear();
        assert_eq!(lateness.quantile_us(1.0), 0);
    }
}
