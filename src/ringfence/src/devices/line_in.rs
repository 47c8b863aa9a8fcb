//! Music on hold from a line-in of the box: its thread writes what it hears for whoever waits.
//!
//! Where the device is gone the site's own music is played, and the device is looked for each second.

use super::carry::{Opened, by_alsa, rest};
use super::{Condition, Told};
use crate::service::{Severity, log};
use board::alsa::{DeviceError, Pace, Ways};
use media::Live;
use media::resample::{Resampler, Samples, Weights};
use model::{Rate, SAMPLES_PER_FRAME, SAMPLES_PER_FRAME_MAX};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// A line-in that was started.
pub struct LineIn {
    pub live: Arc<Live>,
    pub told: Arc<Told>,
    pub thread: JoinHandle<()>,
}

impl LineIn {
    /// Starts its thread.
    pub fn start(device: String, stop: &Arc<AtomicBool>) -> std::io::Result<Self> {
        let (live, told) = (Live::new(), Arc::new(Told::default()));
        let (writes, tells, stop) = (live.clone(), told.clone(), stop.clone());
        let thread = std::thread::Builder::new().name("sound-music".to_owned());
        let thread = thread.spawn(move || run(&device, by_alsa, &writes, &tells, &stop))?;
        Ok(Self { live, told, thread })
    }
}

/// Runs until the box ends.
pub(super) fn run<D: Opened>(
    device: &str,
    open: impl Fn(&str, Ways, Option<Rate>) -> Result<D, DeviceError>,
    live: &Live,
    told: &Told,
    stop: &AtomicBool,
) {
    let (ways, mut last) = (Ways { hears: true, says: false }, None);
    while !stop.load(Ordering::Relaxed) {
        let error = match open(device, ways, None) {
            Ok(mut opened) => {
                log(Severity::Notice, &format!("music: {device}: the sound device is open"));
                told.opened.fetch_add(1, Ordering::Relaxed);
                told.set(Condition::Open);
                live.set(true);
                last = None;
                let ended = carry(&mut opened, live, told, stop);
                live.set(false);
                match ended {
                    Ok(()) => return,
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        told.set(Condition::Gone);
        if last.as_ref() != Some(&error) {
            log(Severity::Error, &format!("music: {device}: {error}"));
            last = Some(error);
        }
        rest(stop);
    }
}

/// Writes what it hears until the box ends, or the device does.
fn carry(
    device: &mut impl Opened,
    live: &Live,
    told: &Told,
    stop: &AtomicBool,
) -> Result<(), DeviceError> {
    let (weights, mut down) = (Weights::new(), Resampler::new());
    let rate = device.hears().unwrap_or(Rate::Narrow);
    let began = Instant::now();
    let (mut pace, mut xruns) = (Pace::new(began.elapsed()), 0);
    while !stop.load(Ordering::Relaxed) {
        let mut sound: Samples = [0; SAMPLES_PER_FRAME_MAX];
        let mut narrow = sound;
        device.read(sound.get_mut(..rate.samples_per_frame()).unwrap_or_default())?;
        down.frame(&weights, rate, &sound, Rate::Narrow, &mut narrow);
        live.write(&narrow[..SAMPLES_PER_FRAME]);
        let more = device.xruns() - xruns;
        xruns += more;
        told.xruns.fetch_add(more, Ordering::Relaxed);
        let wait = pace.block(began.elapsed());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
    }
    Ok(())
}
