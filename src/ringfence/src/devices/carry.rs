//! A device's thread: opens it by its name, carries blocks both ways, and looks for it when it is gone.
//!
//! ```text
//!   Gone --opened--> Open: read 20 ms | take a block to say | write 20 ms | ... --error--> Gone
//!     ^--- 1 s ---'
//! ```

use super::{Condition, Named, Told};
use crate::service::{Severity, log};
use board::alsa::{self, Device, DeviceError, Pace, Ways};
use crossbeam_channel::{Receiver, TryRecvError, never};
use heapless::spsc::{Consumer, Producer};
use media::Block;
use media::resample::{Resampler, Samples, Weights};
use model::site::SoundUse;
use model::{Law, Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a device that is gone is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest sleep in between, so that the box can end.
const NAP: Duration = Duration::from_millis(100);
/// Blocks that are there before any is said: the media thread's tick may be late by one.
const BEGIN_WITH: usize = 2;
/// More than this waiting and the oldest are left out: the device was away for a moment.
const WAITING_MAX: usize = 8;
/// Blocks without sound after which a talk is over rather than late.
const LATE_MAX: u32 = 10;

/// A device that is open: a real one, or a test's.
pub trait Opened {
    fn hears(&self) -> Option<Rate>;
    fn says(&self) -> Option<Rate>;
    fn xruns(&self) -> u64;
    fn read(&mut self, block: &mut [i16]) -> Result<(), DeviceError>;
    fn write(&mut self, block: &[i16]) -> Result<(), DeviceError>;
}

impl Opened for Device {
    fn hears(&self) -> Option<Rate> {
        Device::hears(self)
    }
    fn says(&self) -> Option<Rate> {
        Device::says(self)
    }
    fn xruns(&self) -> u64 {
        Device::xruns(self)
    }
    fn read(&mut self, block: &mut [i16]) -> Result<(), DeviceError> {
        Device::read(self, block)
    }
    fn write(&mut self, block: &[i16]) -> Result<(), DeviceError> {
        Device::write(self, block)
    }
}

/// Opens the device of a name by ALSA.
pub fn by_alsa(name: &str, ways: Ways, rate: Option<Rate>) -> Result<Device, DeviceError> {
    alsa::quiet();
    Device::open(&alsa::pcm_of(name), ways, rate)
}

/// Waits until a device that is gone is looked for again.
pub(super) fn rest(stop: &AtomicBool) {
    let until = Instant::now() + LOOK_EVERY;
    while !stop.load(Ordering::Relaxed) && Instant::now() < until {
        std::thread::sleep(NAP);
    }
}

/// A device's thread.
pub struct Sound {
    named: Named,
    heard: Producer<'static, Block>,
    said: Consumer<'static, Block>,
    told: Arc<Told>,
    stop: Arc<AtomicBool>,
    weights: Weights,
    /// Blocks since the last one that was said; less than `LATE_MAX` in mid-talk.
    without: u32,
    /// Waits for `BEGIN_WITH` blocks.
    waits: bool,
    plays: Receiver<Receiver<Block>>,
    /// A recording that is heard.
    play: Option<Receiver<Block>>,
}

impl Sound {
    pub(super) fn new(
        named: &Named,
        heard: Producer<'static, Block>,
        said: Consumer<'static, Block>,
        told: Arc<Told>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let (named, weights) = (named.clone(), Weights::new());
        let (plays, play) = (never(), None);
        let (without, waits) = (LATE_MAX, true);
        Self { named, heard, said, told, stop, weights, without, waits, plays, play }
    }

    /// Lets it play recordings that come that way.
    pub(super) fn playing(self, plays: Receiver<Receiver<Block>>) -> Self {
        Self { plays, ..self }
    }

    /// Runs until the box ends.
    pub(super) fn run<D: Opened>(
        mut self,
        open: impl Fn(&str, Ways, Option<Rate>) -> Result<D, DeviceError>,
    ) {
        let about = format!("phone {}: {}", self.named.phone, self.named.device.name);
        let says = Ways { hears: false, says: true };
        let ways = match self.named.device.used {
            SoundUse::Headset => Ways { hears: true, ..says },
            SoundUse::Loudspeaker => says,
        };
        let mut last = None;
        while !self.stop.load(Ordering::Relaxed) {
            let error = match open(&self.named.device.name, ways, self.named.device.rate) {
                Ok(device) => {
                    self.forget();
                    log(Severity::Notice, &format!("{about}: the sound device is open"));
                    self.told.opened.fetch_add(1, Ordering::Relaxed);
                    self.told.set(Condition::Open);
                    last = None;
                    match self.carry(device) {
                        Ok(()) => return,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            self.told.set(Condition::Gone);
            self.forget();
            if last.as_ref() != Some(&error) {
                log(Severity::Error, &format!("{about}: {error}"));
                last = Some(error);
            }
            rest(&self.stop);
        }
    }

    /// Leaves out what was to be said or played meanwhile: it is of no use to anybody, and who hears the
    /// device next may be another.
    fn forget(&mut self) {
        while self.said.dequeue().is_some() {}
        while self.plays.try_recv().is_ok() {}
        self.play = None;
        self.told.playing.store(false, Ordering::Release);
    }

    /// Carries sound until the box ends, or the device does.
    fn carry(&mut self, mut device: impl Opened) -> Result<(), DeviceError> {
        let (mut up, mut down) = (Resampler::new(), Resampler::new());
        let (hears, says) = (device.hears(), device.says());
        let began = Instant::now();
        let (mut pace, mut xruns) = (Pace::new(began.elapsed()), 0);
        self.waits = true;
        while !self.stop.load(Ordering::Relaxed) {
            let mut heard: Block = [Law::A.silence(); SAMPLES_PER_FRAME];
            if let Some(rate) = hears {
                let (mut sound, mut narrow) = (SILENCE, SILENCE);
                device.read(sound.get_mut(..rate.samples_per_frame()).unwrap_or_default())?;
                down.frame(&self.weights, rate, &sound, Rate::Narrow, &mut narrow);
                Law::A.encode(&narrow[..SAMPLES_PER_FRAME], &mut heard);
            }
            if let Some(rate) = says {
                let (mut narrow, mut sound) = (SILENCE, SILENCE);
                if let Some(block) = self.recorded().or_else(|| self.next()) {
                    Law::A.decode(&block, &mut narrow[..SAMPLES_PER_FRAME]);
                }
                up.frame(&self.weights, Rate::Narrow, &narrow, rate, &mut sound);
                device.write(sound.get(..rate.samples_per_frame()).unwrap_or_default())?;
            }
            // A device without a microphone gives its clock all the same: it is told how much it took.
            if self.heard.enqueue(heard).is_err() {
                self.told.lost.fetch_add(1, Ordering::Relaxed);
            }
            let more = device.xruns() - xruns;
            xruns += more;
            self.told.xruns.fetch_add(more, Ordering::Relaxed);
            let wait = pace.block(began.elapsed());
            if !wait.is_zero() {
                std::thread::sleep(wait);
            }
        }
        Ok(())
    }

    /// The next block of a recording, while one is heard; what is late of it is silence.
    fn recorded(&mut self) -> Option<Block> {
        while let Ok(play) = self.plays.try_recv() {
            self.play = Some(play);
            // The end of the one before may have been told after this was asked for.
            self.told.playing.store(true, Ordering::Release);
        }
        match self.play.as_ref()?.try_recv() {
            Ok(block) => Some(block),
            Err(TryRecvError::Empty) => Some([Law::A.silence(); SAMPLES_PER_FRAME]),
            Err(TryRecvError::Disconnected) => {
                self.play = None;
                self.told.playing.store(false, Ordering::Release);
                None
            }
        }
    }

    /// The next block to say, if there is one.
    fn next(&mut self) -> Option<Block> {
        let ready = self.said.len();
        for _ in WAITING_MAX..ready {
            self.said.dequeue();
            self.told.lost.fetch_add(1, Ordering::Relaxed);
        }
        self.waits &= ready < BEGIN_WITH;
        let block = if self.waits { None } else { self.said.dequeue() };
        if block.is_none() {
            self.waits = true;
            self.without = self.without.saturating_add(1);
        } else {
            let missed = std::mem::take(&mut self.without);
            if missed < LATE_MAX {
                self.told.gaps.fetch_add(u64::from(missed), Ordering::Relaxed);
            }
        }
        block
    }
}

const SILENCE: Samples = [0; SAMPLES_PER_FRAME_MAX];
