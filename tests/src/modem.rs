//! A simulated SMS modem at the far end of a pty, in a thread, for a box that runs.

use board::sim::{ModemHabits, SimModem};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The modem; dropped, it is drawn.
pub struct Modem {
    /// Its serial line.
    pub device: PathBuf,
    taken: Arc<Mutex<Vec<String>>>,
    pins: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Modem {
    /// Plugs one in.
    pub fn plug(habits: ModemHabits) -> anyhow::Result<Self> {
        // Not the box's as well: it would keep the line.
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let line = openpt(flags)?;
        grantpt(&line)?;
        unlockpt(&line)?;
        fcntl_setfl(&line, OFlags::NONBLOCK)?;
        let device = PathBuf::from(ptsname(&line, Vec::new())?.into_string()?);
        let (taken, pins, over) = (Arc::default(), Arc::default(), Arc::default());
        let modem = Self { device, taken, pins, over };
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
        self.over.store(true, Ordering::Relaxed);
    }
}

fn run(line: &OwnedFd, habits: ModemHabits, (taken, pins): Seen<'_>, over: &AtomicBool) {
    let begun = Instant::now();
    let now = || {
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        model::Instant::from_micros(micros)
    };
    let mut modem = SimModem::new(now(), habits);
    let step = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    while !over.load(Ordering::Relaxed) {
        let _ = poll(&mut [PollFd::new(line, PollFlags::IN)], Some(&step));
        let mut bytes = [0; 1024];
        match rustix::io::read(line, &mut bytes) {
            Ok(length) => modem.take(now(), bytes.get(..length).unwrap_or_default()),
            // Nobody has the line open, or nothing came.
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
        let _ = rustix::io::write(line, &modem.say(now()));
        taken.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&modem.taken);
        pins.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&modem.pins);
    }
}
