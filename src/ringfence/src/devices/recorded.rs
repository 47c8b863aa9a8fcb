//! A recording on its way to a headset: opened, both its sides as one, brought to 8 kHz.
//!
//! ```text
//!   sealed file --its own thread--> blocks of A-law [bounded] --> the device's thread --> headset
//! ```
//!
//! Whoever takes the blocks sets the pace; when they take no more the file is closed.

use crate::service::{Severity, log};
use crossbeam_channel::{Receiver, bounded};
use media::Block;
use media::resample::{Resampler, Samples, Weights};
use model::{Law, Rate, RecordingId, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vault::BoxKey;

/// Blocks that wait for the device: a second.
const AHEAD: usize = 50;

/// Where recordings lie, and what opens them.
#[derive(Clone)]
pub struct Shelf {
    pub dir: PathBuf,
    pub key: Arc<BoxKey>,
}

impl Shelf {
    /// Begins to play a recording; nothing where there is none.
    pub fn play(&self, id: RecordingId) -> Option<Receiver<Block>> {
        let file = open(&self.dir, id)?;
        let (say, said) = bounded(AHEAD);
        let key = self.key.clone();
        let thread = std::thread::Builder::new().name("recorded".to_owned());
        let started = thread.spawn(move || {
            let (weights, mut resampler) = (Weights::new(), Resampler::new());
            let played = vault::listen(BufReader::new(file), &key, |rate, said, heard| {
                let block = block(&weights, &mut resampler, rate, said, heard);
                say.send(block).is_ok()
            });
            if let Err(error) = played {
                log(Severity::Error, &format!("recording {id} cannot be heard: {error}"));
            }
        });
        started.is_ok().then_some(said)
    }
}

fn open(dir: &Path, id: RecordingId) -> Option<File> {
    File::open(crate::seal::path(dir, id)).ok()
}

/// Both sides of 20 ms as one, each as loud as it is.
fn block(
    weights: &Weights,
    resampler: &mut Resampler,
    rate: Rate,
    said: &[i16],
    heard: &[i16],
) -> Block {
    let mut sound: Samples = [0; SAMPLES_PER_FRAME_MAX];
    for (sample, (said, heard)) in sound.iter_mut().zip(said.iter().zip(heard)) {
        *sample = said.saturating_add(*heard);
    }
    let mut narrow: Samples = [0; SAMPLES_PER_FRAME_MAX];
    resampler.frame(weights, rate, &sound, Rate::Narrow, &mut narrow);
    let mut block = [Law::A.silence(); SAMPLES_PER_FRAME];
    Law::A.encode(&narrow[..SAMPLES_PER_FRAME], &mut block);
    block
}
