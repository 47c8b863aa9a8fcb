//! An open device: blocks of 20 ms to and from it, overruns mended, its end told.
//!
//! ```text
//!   open --read, write--> (EPIPE: began anew, counted) --ENODEV, or silent for 1 s--> an error: close it
//! ```
//!
//! It is never waited for longer than `STALL_MAX`, so that a device that hangs is told like one that is
//! gone.

use alsa::pcm::{Access, Format, HwParams, PCM, State};
use alsa::{Direction, ValueOr};
use model::Rate;

/// Periods of 20 ms in a device's memory.
const PERIODS: usize = 8;
/// Periods of silence before the first block that is said: what our thread may be late.
const AHEAD: usize = 3;
/// Longest wait for a device, in steps.
const STALL_MAX: u32 = 1000;
const STEP_MS: u32 = 100;
/// Times that a block is begun anew before the device is held to be broken.
const ANEW_MAX: u32 = 5;

/// What a device is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// It has a microphone, or a line in.
    pub hears: bool,
    /// It has a loudspeaker.
    pub says: bool,
}

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    #[error("there is no sound device {0}: `ringfence sound` lists those there are")]
    Absent(String),
    #[error("the sound device {0} is in use: by another program, or by another phone of the site")]
    Busy(String),
    #[error("this user may not use the sound device {0}: it must be of the group audio")]
    NotAllowed(String),
    /// It lacks what it is wanted for: rates, a microphone.
    #[error("the sound device {0} takes no 16 bit sound at {1}")]
    Unfit(String, &'static str),
    #[error("the sound device is gone")]
    Gone,
    #[error("the sound device does not go on")]
    Stalled,
    #[error("the sound device failed: {0}")]
    Failed(String),
}

impl DeviceError {
    /// What alsa-lib says, when a device is opened.
    fn opening(name: &str, error: &alsa::Error) -> Self {
        let name = name.to_owned();
        match error.errno() {
            libc::ENOENT | libc::ENODEV | libc::ENXIO => Self::Absent(name),
            libc::EBUSY | libc::EAGAIN => Self::Busy(name),
            libc::EACCES | libc::EPERM => Self::NotAllowed(name),
            _ => Self::Failed(error.to_string()),
        }
    }

    /// What it says of one that is open.
    fn using(error: &alsa::Error) -> Self {
        match error.errno() {
            libc::ENODEV | libc::ENOENT | libc::ENXIO | libc::EBADFD | libc::EIO => Self::Gone,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Keeps what alsa-lib says of each failure from the log of the thread that calls it: its errors tell.
pub fn quiet() {
    drop(alsa::Output::local_error_handler());
}

/// A device that is open.
pub struct Device {
    hears: Option<Stream>,
    says: Option<Stream>,
}

impl Device {
    /// Opens a PCM the ways it is wanted, at a rate, or at the lowest that it takes.
    pub fn open(name: &str, ways: Ways, rate: Option<Rate>) -> Result<Self, DeviceError> {
        let open = |wanted: bool, direction| {
            wanted.then(|| Stream::open(name, direction, rate)).transpose()
        };
        let hears = open(ways.hears, Direction::Capture)?;
        let says = open(ways.says, Direction::Playback)?;
        let device = Self { hears, says };
        if let Some(says) = &device.says {
            says.fill().map_err(|error| DeviceError::using(&error))?;
        }
        if let Some(hears) = &device.hears {
            hears.pcm.start().map_err(|error| DeviceError::using(&error))?;
        }
        Ok(device)
    }

    /// The rate of what it hears.
    pub fn hears(&self) -> Option<Rate> {
        self.hears.as_ref().map(|stream| stream.rate)
    }

    /// The rate of what it says.
    pub fn says(&self) -> Option<Rate> {
        self.says.as_ref().map(|stream| stream.rate)
    }

    /// Times that we were late and sound was lost.
    pub fn xruns(&self) -> u64 {
        let streams = self.hears.iter().chain(&self.says);
        streams.map(|stream| stream.xruns).sum()
    }

    /// Waits for the next 20 ms that it hears, at its rate.
    pub fn read(&mut self, block: &mut [i16]) -> Result<(), DeviceError> {
        self.hears.as_mut().map_or(Err(DeviceError::Gone), |stream| stream.read(block))
    }

    /// Waits until it takes 20 ms more, at its rate.
    pub fn write(&mut self, block: &[i16]) -> Result<(), DeviceError> {
        self.says.as_mut().map_or(Err(DeviceError::Gone), |stream| stream.write(block))
    }
}

/// One way of it.
struct Stream {
    pcm: PCM,
    rate: Rate,
    channels: usize,
    capture: bool,
    /// A block of all channels.
    frames: Vec<i16>,
    xruns: u64,
}

impl Stream {
    fn open(name: &str, direction: Direction, rate: Option<Rate>) -> Result<Self, DeviceError> {
        let failed = |error: alsa::Error| DeviceError::opening(name, &error);
        if name.contains('\0') {
            return Err(DeviceError::Absent(name.replace('\0', "")));
        }
        let pcm = PCM::new(name, direction, true).map_err(failed)?;
        let rates =
            rate.map_or_else(|| vec![Rate::Narrow, Rate::Wide, Rate::Full], |rate| vec![rate]);
        let Some((rate, channels)) = Self::set(&pcm, &rates).map_err(failed)? else {
            let rates = if rates.len() == 1 { "the rate of the site" } else { "8, 16 or 48 kHz" };
            return Err(DeviceError::Unfit(name.to_owned(), rates));
        };
        let frames = vec![0; rate.samples_per_frame() * channels];
        let capture = direction == Direction::Capture;
        Ok(Self { pcm, rate, channels, capture, frames, xruns: 0 })
    }

    /// Agrees with the device on a rate and on one channel, or on two; nothing where it has none of them.
    fn set(pcm: &PCM, rates: &[Rate]) -> alsa::Result<Option<(Rate, usize)>> {
        let chosen = {
            let wanted = HwParams::any(pcm)?;
            wanted.set_access(Access::RWInterleaved)?;
            if wanted.set_format(Format::s16()).is_err() {
                return Ok(None);
            }
            let rate = rates.iter().find(|rate| wanted.test_rate(rate.hz()).is_ok());
            let channels = [1, 2].into_iter().find(|count| wanted.test_channels(*count).is_ok());
            let (Some(rate), Some(channels)) = (rate, channels) else { return Ok(None) };
            wanted.set_channels(channels)?;
            wanted.set_rate(rate.hz(), ValueOr::Nearest)?;
            let frames = rate.samples_per_frame() as i64;
            wanted.set_period_size_near(frames, ValueOr::Nearest)?;
            let room = wanted.set_buffer_size_near(frames * PERIODS as i64)?;
            pcm.hw_params(&wanted)?;
            (*rate, channels as usize, room)
        };
        let (rate, channels, room) = chosen;
        let frames = rate.samples_per_frame() as i64;
        let when = pcm.sw_params_current()?;
        // One with little memory starts when that is full.
        when.set_start_threshold(room.min(frames * AHEAD as i64))?;
        when.set_avail_min(frames)?;
        pcm.sw_params(&when)?;
        Ok(Some((rate, channels)))
    }

    /// Fills a device's memory with as much silence as it shall stay ahead of us.
    fn fill(&self) -> alsa::Result<()> {
        let silence = vec![0; self.frames.len() * AHEAD];
        self.pcm.io_i16()?.writei(&silence).map(drop)
    }

    fn read(&mut self, block: &mut [i16]) -> Result<(), DeviceError> {
        self.pass(|pcm, frames| pcm.io_i16()?.readi(frames))?;
        for (sample, frame) in block.iter_mut().zip(self.frames.chunks_exact(self.channels)) {
            *sample = frame.first().copied().unwrap_or(0);
        }
        Ok(())
    }

    fn write(&mut self, block: &[i16]) -> Result<(), DeviceError> {
        for (sample, frame) in block.iter().zip(self.frames.chunks_exact_mut(self.channels)) {
            frame.fill(*sample);
        }
        self.pass(|pcm, frames| pcm.io_i16()?.writei(frames))
    }

    /// Has a whole block read or written.
    fn pass(
        &mut self,
        step: impl Fn(&PCM, &mut [i16]) -> alsa::Result<usize>,
    ) -> Result<(), DeviceError> {
        let (mut done, mut waited, mut anew) = (0, 0, 0);
        while let Some(rest) = self.frames.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let error = match step(&self.pcm, rest) {
                Ok(frames) if frames > 0 => {
                    done += frames * self.channels;
                    continue;
                }
                Ok(_) => None,
                Err(error) if error.errno() == libc::EAGAIN => None,
                Err(error) => Some(error),
            };
            let error = match error {
                Some(error) => error,
                None if waited >= STALL_MAX => return Err(DeviceError::Stalled),
                None => match self.pcm.wait(Some(STEP_MS)) {
                    Ok(true) => {
                        // One that says it is ready and gives nothing is not asked without a pause.
                        waited += 1;
                        continue;
                    }
                    Ok(false) => {
                        waited += STEP_MS;
                        continue;
                    }
                    Err(error) => error,
                },
            };
            if !matches!(error.errno(), libc::EPIPE | libc::ESTRPIPE | libc::EINTR)
                || anew >= ANEW_MAX
            {
                return Err(DeviceError::using(&error));
            }
            anew += 1;
            self.mend(&error)?;
            if self.capture {
                done = 0;
            }
        }
        Ok(())
    }

    /// Begins anew after an overrun, or after the machine slept.
    fn mend(&mut self, error: &alsa::Error) -> Result<(), DeviceError> {
        self.xruns += u64::from(error.errno() != libc::EINTR);
        let mended = self.pcm.try_recover(*error, true).and_then(|()| {
            // A signal stops no stream, and one that slept may go on by itself.
            match (self.pcm.state_raw() == State::Prepared as i32, self.capture) {
                (false, _) => Ok(()),
                (true, true) => self.pcm.start(),
                (true, false) => self.fill(),
            }
        });
        mended.map_err(|error| DeviceError::using(&error))
    }
}
