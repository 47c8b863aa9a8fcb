//! A simulated SMS modem at the far end of a pty, in a thread, for a box that runs.

use board::sim::{ModemHabits, SimModem};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, ioctl_tiocnxcl, tcgetattr, tcsetattr};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tempfile::TempDir;

/// A serial line: the modem's end, and the box's as long as the box may open it.
struct Line {
    modem: OwnedFd,
    boxed: OwnedFd,
}

/// The modem; dropped, it is drawn.
pub struct Modem {
    /// Its serial line, by a name of its own: the system gives a number that is free again to the
    /// next pty, and a box that looks for its modem would find another's.
    pub device: PathBuf,
    folder: TempDir,
    taken: Arc<Mutex<Vec<String>>>,
    pins: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Modem {
    /// Plugs one in.
    pub fn plug(habits: ModemHabits) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let device = folder.path().join("modem");
        let line = Line::new(&device)?;
        let (taken, pins, over) = (Arc::default(), Arc::default(), Arc::default());
        let modem = Self { device, folder, taken, pins, over };
        let (taken, pins, over) = (modem.taken.clone(), modem.pins.clone(), modem.over.clone());
        std::thread::spawn(move || run(&line, habits, (&taken, &pins), &over));
        Ok(modem)
    }

    /// What it took so far: texts as they were written, and to whom.
    pub fn taken(&self) -> Vec<(String, String)> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let read = taken.iter().filter_map(|hex| sms_pdu_decoder::read_outgoing_sms(hex).ok());
        read.map(|sms| (sms.recipient, sms.content)).collect()
    }

    /// The PINs it was given.
    pub fn pins(&self) -> Vec<String> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is read of it from outside: texts and PINs.
type Seen<'a> = (&'a Mutex<Vec<String>>, &'a Mutex<Vec<String>>);

impl Drop for Modem {
    fn drop(&mut self) {
        // Before the line: whoever looks for it finds none. The folder goes last.
        let _ = std::fs::remove_file(self.folder.path().join("modem"));
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Line {
    /// A line that is raw from the beginning, as a real one is: nothing comes back by itself.
    fn new(device: &Path) -> anyhow::Result<Self> {
        // Not the box's as well: it would keep the line.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let modem = openpt(flags)?;
        grantpt(&modem)?;
        unlockpt(&modem)?;
        fcntl_setfl(&modem, OFlags::NONBLOCK)?;
        let path = PathBuf::from(ptsname(&modem, Vec::new())?.into_string()?);
        let boxed = open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut modes = tcgetattr(&boxed)?;
        modes.make_raw();
        tcsetattr(&boxed, OptionalActions::Now, &modes)?;
        symlink(path, device)?;
        Ok(Self { modem, boxed })
    }

    /// Lets the line be opened again. A serial line forgets who had it alone when it is closed; a pty
    /// does so with both its ends, and then whoever is not allowed everything finds it in use.
    fn forget(&self) {
        let _ = ioctl_tiocnxcl(&self.boxed);
    }
}

fn run(line: &Line, habits: ModemHabits, (taken, pins): Seen<'_>, over: &AtomicBool) {
    let begun = Instant::now();
    let now = || {
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        model::Instant::from_micros(micros)
    };
    let mut modem = SimModem::new(now(), habits);
    let step = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    while !over.load(Ordering::Relaxed) {
        line.forget();
        let _ = poll(&mut [PollFd::new(&line.modem, PollFlags::IN)], Some(&step));
        let mut bytes = [0; 1024];
        if let Ok(length) = rustix::io::read(&line.modem, &mut bytes) {
            modem.take(now(), bytes.get(..length).unwrap_or_default());
        }
        let _ = rustix::io::write(&line.modem, &modem.say(now()));
        taken.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&modem.taken);
        pins.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&modem.pins);
    }
}
