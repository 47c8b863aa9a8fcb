//! A serial line: opened for this program alone, raw, and never waited for unasked.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{ControlModes, OptionalActions, QueueSelector};
use rustix::{fs, io, termios};
use std::path::Path;
use std::time::Duration;
use thiserror::Error;

/// What modems on real serial lines are set to; those on USB do not care.
const BITS_PER_S: u32 = 115_200;
/// Bytes taken between two looks at anything else.
const READ_MAX: usize = 4096;

/// Why a serial line cannot be had, or is lost.
#[derive(Debug, Error)]
pub enum SerialError {
    #[error("{0} is not there: is the modem plugged in?")]
    Missing(String),
    #[error("{0} may not be opened: put the user of ringfence into the group of the device")]
    Forbidden(String),
    #[error("{0} is no serial line")]
    NoTerminal(String),
    #[error("{0} is in use by another program")]
    Busy(String),
    #[error("the device is gone")]
    Gone,
    #[error("the device fails: {0}")]
    Io(#[from] Errno),
}

/// An open serial line.
#[derive(Debug)]
pub struct SerialPort {
    fd: OwnedFd,
}

impl SerialPort {
    /// Opens a line and sets it to 115,200 bit/s, 8 bits, no parity, no flow control by characters.
    pub fn open(path: &Path) -> Result<Self, SerialError> {
        let shown = || path.display().to_string();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = fs::open(path, flags, Mode::empty()).map_err(|error| match error {
            Errno::NOENT | Errno::NXIO | Errno::NODEV => SerialError::Missing(shown()),
            Errno::ACCESS | Errno::PERM => SerialError::Forbidden(shown()),
            Errno::BUSY => SerialError::Busy(shown()),
            other => SerialError::Io(other),
        })?;
        let mut modes = termios::tcgetattr(&fd).map_err(|_| SerialError::NoTerminal(shown()))?;
        modes.make_raw();
        // The modem's carrier is that of a data call, and it is not hung up when we end.
        modes.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        modes.control_modes &= !ControlModes::HUPCL;
        modes.set_speed(BITS_PER_S)?;
        termios::tcsetattr(&fd, OptionalActions::Now, &modes)?;
        termios::ioctl_tiocexcl(&fd)?;
        termios::tcflush(&fd, QueueSelector::IOFlush)?;
        Ok(Self { fd })
    }

    /// Takes what came; nothing where nothing did.
    pub fn read(&self) -> Result<Vec<u8>, SerialError> {
        let mut bytes = vec![0; READ_MAX];
        match io::read(&self.fd, &mut bytes) {
            Ok(0) => Err(SerialError::Gone),
            Ok(length) => {
                bytes.truncate(length);
                Ok(bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(Vec::new()),
            Err(Errno::IO | Errno::NXIO | Errno::NODEV) => Err(SerialError::Gone),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the line as many bytes as it takes; tells how many.
    pub fn write(&self, bytes: &[u8]) -> Result<usize, SerialError> {
        match io::write(&self.fd, bytes) {
            Ok(length) => Ok(length),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            Err(Errno::IO | Errno::NXIO | Errno::NODEV) => Err(SerialError::Gone),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until something comes, or for so long.
    pub fn wait(&self, longest: Duration) {
        let mut ends = [PollFd::new(&self.fd, PollFlags::IN)];
        let longest = Timespec::try_from(longest).ok();
        // Cut short by a signal or not: the caller looks.
        let _ = poll(&mut ends, longest.as_ref());
    }
}
