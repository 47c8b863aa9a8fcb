//! Recorded and sealed calls while the same cores compute and the same disk is written, at the
//! ordinary priority that reports and speech have.

use super::wire::Wire;
use super::{Case, JUDGED_S, step, told};
use crate::Figure;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// Calls carried meanwhile.
const CALLS: usize = 400;
/// Threads that compute without a pause: two a core.
const BURNERS: usize = 4;
/// Bytes of a file written, synced and written again.
const WRITTEN: usize = 64 << 20;

pub fn measure(wire: &Wire) -> anyhow::Result<Vec<Figure>> {
    let others = Others::start()?;
    let seen = step(wire, Case::Background, CALLS, 4 * JUDGED_S)?;
    drop(others);
    Ok(told(Case::Background, &seen, false))
}

/// The other work of the box; dropped, it ends.
struct Others {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Others {
    fn start() -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let dir = tempfile::tempdir()?;
        let mut threads: Vec<JoinHandle<()>> = (0..BURNERS)
            .map(|n| {
                let stop = stop.clone();
                thread::spawn(move || burn(n as u64, &stop))
            })
            .collect();
        let ended = stop.clone();
        threads.push(thread::spawn(move || {
            let block = vec![0x5A; 1 << 20];
            while !ended.load(Ordering::Relaxed) {
                let Ok(mut file) = File::create(dir.path().join("written")) else { return };
                for _ in 0..WRITTEN >> 20 {
                    let _ = file.write_all(&block);
                }
                let _ = file.sync_all();
            }
        }));
        Ok(Self { stop, threads })
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// Counts words of made-up facts, as a report folds them: memory and arithmetic without a pause.
fn burn(seed: u64, stop: &AtomicBool) {
    let mut counts = vec![0_u64; 1 << 20];
    let mut state = seed + 1;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let place = (state >> 44) as usize;
            counts[place] = counts[place].wrapping_add(state);
        }
    }
    std::hint::black_box(counts);
}
