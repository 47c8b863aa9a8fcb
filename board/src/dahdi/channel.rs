//! The kernel's driver, by its files and ioctls.

use super::abi::{self, Op};
use super::call::{Plain, call};
use super::driver::{Driver, Line, Setup};
use super::event::Happened;
use super::gain::Gain;
use super::info::{ChannelInfo, Signalling, SpanInfo};
use super::survey::{Difference, Wanted, check};
use crate::BLOCK;
use model::Law;
use model::port::{Hook, PortKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Buffers of a channel each way. Two of the four are filled before the first is sent, so that a tick
/// of the box that is 20 ms late is not heard; the price is 40 ms.
const BUFFERS: i32 = 4;
/// Bytes of the longest frame of a D channel with its check (Q.921 5.9.3: 260 octets of information).
pub const FRAME_BYTES_MAX: usize = 300;
/// Buffers of a D channel: as many frames as the window of layer 2 and some more.
const FRAMES: i32 = 16;
/// Bytes of the check at a frame's end: told by the driver, written as any two.
const CHECK_BYTES: usize = 2;

/// DAHDI's files, commonly those of /dev/dahdi.
#[derive(Clone, Debug)]
pub struct Kernel {
    control: PathBuf,
    channel: PathBuf,
}

impl Kernel {
    pub fn new(root: &Path) -> Self {
        Self { control: root.join("ctl"), channel: root.join("channel") }
    }

    /// Asks what needs no channel. The file is closed again: an open one would keep the driver from
    /// being loaded anew.
    fn ask<T: Plain>(&self, op: &Op<T>, argument: &mut T) -> io::Result<()> {
        let file = open(&self.control)?;
        call(file.as_fd(), op, argument)
    }

    fn claim(&self, channel: u16) -> io::Result<Channel> {
        let file = open(&self.channel)?;
        let opened = Channel { file };
        opened.set(&abi::SPECIFY, channel.into())?;
        Ok(opened)
    }

    /// Opens the D channel of a span for whole frames, or says why it is none.
    pub fn open_data(&self, channel: u16) -> Result<DataChannel, Difference> {
        let failed = |error: io::Error| Difference::of(channel, &error);
        let found = self.channel(channel).map_err(failed)?;
        let wanted = Wanted::analogue(channel, PortKind::Fxo, Law::A);
        check(&Wanted { signalling: Signalling::Data, ..wanted }, &found)?;
        self.open_frames(channel).map_err(failed)
    }

    fn open_frames(&self, channel: u16) -> io::Result<DataChannel> {
        let opened = self.claim(channel)?;
        let bytes = FRAME_BYTES_MAX as i32;
        opened.set_buffers(FRAMES, bytes, abi::POLICY_IMMEDIATE)?;
        opened.set(&abi::FLUSH, abi::FLUSH_ALL)?;
        Ok(DataChannel { channel: opened })
    }
}

impl Driver for Kernel {
    type Line = Channel;

    fn channel(&self, channel: u16) -> io::Result<ChannelInfo> {
        let mut params = params(channel);
        self.ask(&abi::GET_PARAMS, &mut params)?;
        Ok(ChannelInfo::of(&params))
    }

    fn span(&self, span: u16) -> io::Result<SpanInfo> {
        let mut info = span_info(span);
        self.ask(&abi::SPANSTAT, &mut info)?;
        Ok(SpanInfo::of(&info))
    }

    fn open(&self, channel: u16, setup: &Setup) -> io::Result<Channel> {
        let opened = self.claim(channel)?;
        opened.set_buffers(BUFFERS, BLOCK as i32, abi::POLICY_HALF_FULL)?;
        if setup.bearer {
            opened.set(&abi::AUDIOMODE, 1)?;
        }
        opened.set(&abi::SETLAW, if setup.law == Law::A { abi::LAW_A } else { abi::LAW_MU })?;
        // The card's own ear for keys is turned off where it has one: keys are heard in the sound,
        // and what the card takes for one it would cut out of it.
        let _ = opened.set(&abi::TONEDETECT, 0);
        opened.set_gain(setup.law, setup.gain)?;
        opened.set(&abi::FLUSH, abi::FLUSH_ALL)?;
        Ok(opened)
    }
}

/// An open channel, closed when it is dropped; the driver then hangs it up.
#[derive(Debug)]
pub struct Channel {
    file: OwnedFd,
}

impl Channel {
    fn set(&self, op: &Op<i32>, value: i32) -> io::Result<()> {
        let mut value = value;
        call(self.file.as_fd(), op, &mut value)
    }

    fn get(&self, op: &Op<i32>) -> io::Result<i32> {
        let mut value = 0;
        call(self.file.as_fd(), op, &mut value)?;
        Ok(value)
    }

    fn set_buffers(&self, number: i32, bytes: i32, policy: i32) -> io::Result<()> {
        let buffers = abi::Buffers {
            transmit_policy: policy,
            receive_policy: abi::POLICY_IMMEDIATE,
            number,
            bytes,
            ..Default::default()
        };
        call(self.file.as_fd(), &abi::SET_BUFINFO, &mut { buffers })
    }

    /// FXS: the polarity of the line, which a payphone or a meter reads.
    pub fn reverse(&self, reversed: bool) -> io::Result<()> {
        self.set(&abi::SETPOLARITY, reversed.into())
    }
}

impl Line for Channel {
    fn event(&self) -> io::Result<Option<Happened>> {
        match self.get(&abi::GETEVENT)? {
            0 => Ok(None),
            number => Ok(Some(Happened::of(number))),
        }
    }

    fn read(&self, block: &mut [u8]) -> io::Result<Option<usize>> {
        match rustix::io::read(&self.file, block) {
            Ok(0) | Err(Errno::AGAIN) => Ok(None),
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, block: &[u8]) -> io::Result<bool> {
        match rustix::io::write(&self.file, block) {
            Err(Errno::AGAIN) => Ok(false),
            written => Ok(written? == block.len()),
        }
    }

    fn hook(&self, hook: Hook) -> io::Result<()> {
        let value = match hook {
            Hook::On => abi::HOOK_ON,
            Hook::Off => abi::HOOK_OFF,
            Hook::Flash => abi::HOOK_FLASH,
            Hook::Ring => abi::HOOK_RING,
        };
        match self.set(&abi::HOOK, value) {
            // It goes on by itself, and an event tells when it is done.
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => Ok(()),
            done => done,
        }
    }

    fn dial(&self, digits: &str, pulse: bool) -> io::Result<()> {
        let mut dial = abi::Dial { operation: abi::DIAL_REPLACE, digits: [0; abi::DIAL_BYTES] };
        let how = if pulse { b'P' } else { b'T' };
        let bytes = std::iter::once(how).chain(digits.bytes());
        if digits.len() + 2 > abi::DIAL_BYTES {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for (place, byte) in dial.digits.iter_mut().zip(bytes) {
            *place = byte;
        }
        call(self.file.as_fd(), &abi::DIAL, &mut dial)
    }

    fn is_dialling(&self) -> io::Result<bool> {
        Ok(self.get(&abi::DIALING)? != 0)
    }

    fn set_gain(&self, law: Law, gain: Gain) -> io::Result<()> {
        call(self.file.as_fd(), &abi::SETGAINS, &mut gain.tables(law))
    }

    fn send_on_hook(&self, ms: u32) -> io::Result<()> {
        self.set(&abi::ONHOOKTRANSFER, i32::try_from(ms).unwrap_or(i32::MAX))
    }

    fn show_messages(&self, waiting: u16) -> io::Result<()> {
        self.set(&abi::VMWI, waiting.into())
    }

    fn cancel_echo(&self, taps: u16) -> io::Result<()> {
        let mut echo = abi::Echo { taps: taps.into(), parameters: 0 };
        call(self.file.as_fd(), &abi::ECHOCANCEL_PARAMS, &mut echo)
    }
}

/// The D channel of a span.
#[derive(Debug)]
pub struct DataChannel {
    channel: Channel,
}

impl DataChannel {
    /// Waits until a frame or an event comes, so long at most. False where the channel is gone.
    pub fn wait(&self, most: Duration) -> bool {
        let events = PollFlags::IN | PollFlags::PRI;
        let mut waits = [PollFd::new(&self.channel.file, events)];
        let most = Timespec { tv_sec: 0, tv_nsec: i64::from(most.subsec_nanos()) };
        match poll(&mut waits, Some(&most)) {
            Ok(_) | Err(Errno::INTR) => {
                let came = waits[0].revents();
                !came.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
            }
            Err(_) => false,
        }
    }

    pub fn event(&self) -> io::Result<Option<Happened>> {
        self.channel.event()
    }

    /// The next frame without its check; `None` where there is none yet.
    pub fn read(&self, frame: &mut [u8; FRAME_BYTES_MAX]) -> io::Result<Option<usize>> {
        Ok(self.channel.read(frame)?.map(|bytes| bytes.saturating_sub(CHECK_BYTES)))
    }

    /// Sends a frame; the driver puts its check behind it. False where there was no room, or the frame
    /// is longer than any that layer 2 makes.
    pub fn write(&self, frame: &[u8]) -> io::Result<bool> {
        let mut room = [0; FRAME_BYTES_MAX];
        let bytes = frame.len() + CHECK_BYTES;
        let (Some(place), true) = (room.get_mut(..frame.len()), bytes <= FRAME_BYTES_MAX) else {
            return Ok(false);
        };
        place.copy_from_slice(frame);
        self.channel.write(room.get(..bytes).unwrap_or_default())
    }
}

fn open(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn params(channel: u16) -> abi::Params {
    abi::Params {
        channel: channel.into(),
        span: 0,
        place_in_span: 0,
        signalling: 0,
        able: 0,
        receive_off_hook: 0,
        receive_bits: 0,
        transmit_bits: 0,
        transmit_hook: 0,
        receive_hook: 0,
        law: 0,
        idle_bits: 0,
        name: [0; 40],
        times: [0; 11],
        alarms: 0,
    }
}

fn span_info(span: u16) -> abi::SpanInfo {
    abi::SpanInfo {
        span: span.into(),
        name: [0; 20],
        description: [0; 40],
        alarms: 0,
        transmit_level: 0,
        receive_level: 0,
        violations: 0,
        crc4_errors: 0,
        ebit_errors: 0,
        frame_errors: 0,
        counts: [0; 5],
        interrupts_missed: 0,
        clock_of: 0,
        channels_configured: 0,
        channels: 0,
        spans: 0,
        build_out: 0,
        line: 0,
        build_out_name: [0; 40],
        location: [0; 40],
        manufacturer: [0; 40],
        device: [0; 40],
        interrupt: 0,
        able: 0,
        kind: [0; 6],
    }
}
