//! Who sends texts, and the modem that does.

use super::{Config, Input, News, Output, SerialError, SerialPort, Submit, Talk};
use model::Instant;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes that wait for a line that takes none; past it the line is dead.
const UNSENT_MAX: usize = 8192;
/// Reads of a line in a row, so that one that floods holds nobody up.
const READS_MAX: usize = 16;
/// How often a line that was lost is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Sends texts to telephones, one at a time.
pub trait Messenger: Send {
    /// Tells whether it takes a text now.
    fn is_free(&self) -> bool;
    /// Takes a text; `Sent` or `Failed` tells what became of it.
    fn submit(&mut self, now: Instant, text: Submit);
    /// Does what there is to do, and gives the next news.
    fn turn(&mut self, now: Instant) -> Option<News>;
    /// Sleeps until there may be something to do, or for so long.
    fn wait(&self, longest: Duration);
    /// What was wrong with the device last, in words.
    fn fault(&self) -> Option<String>;
}

/// A modem on a serial line.
pub struct SmsModem {
    path: PathBuf,
    talk: Talk,
    port: Option<SerialPort>,
    unsent: VecDeque<u8>,
    moved: Moved,
    fault: Option<SerialError>,
}

/// Bytes that a line carried since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub taken: u64,
    pub given: u64,
}

impl SmsModem {
    /// The modem behind a device, which need not be there yet.
    pub fn new(now: Instant, path: PathBuf, config: Config) -> Self {
        let talk = Talk::new(now, config);
        Self {
            path,
            talk,
            port: None,
            unsent: VecDeque::new(),
            moved: Moved::default(),
            fault: None,
        }
    }

    /// What the line carried; none while it is shut.
    pub fn moved(&self) -> Option<Moved> {
        self.port.as_ref().map(|_| self.moved)
    }

    fn lose(&mut self, now: Instant, error: SerialError) {
        self.fault = Some(error);
        self.port = None;
        self.unsent.clear();
        self.talk.handle(now, Input::Lost);
    }

    fn read(&mut self, now: Instant) {
        for _ in 0..READS_MAX {
            let Some(port) = &self.port else { return };
            match port.read() {
                Ok(bytes) if bytes.is_empty() => return,
                Ok(bytes) => {
                    self.moved.taken = self.moved.taken.saturating_add(bytes.len() as u64);
                    self.talk.handle(now, Input::Bytes(&bytes));
                }
                Err(error) => return self.lose(now, error),
            }
        }
    }

    fn write(&mut self, now: Instant) {
        while let Some(port) = &self.port {
            let (bytes, _) = self.unsent.as_slices();
            if bytes.is_empty() {
                return;
            }
            match port.write(bytes) {
                Ok(0) if self.unsent.len() > UNSENT_MAX => {
                    return self.lose(now, SerialError::Gone);
                }
                Ok(0) => return,
                Ok(length) => {
                    self.moved.given = self.moved.given.saturating_add(length as u64);
                    self.unsent.drain(..length);
                }
                Err(error) => return self.lose(now, error),
            }
        }
    }

    fn open(&mut self, now: Instant) {
        match SerialPort::open(&self.path) {
            Ok(port) => {
                (self.port, self.fault, self.moved) = (Some(port), None, Moved::default());
                self.talk.handle(now, Input::Opened);
            }
            Err(error) => self.lose(now, error),
        }
    }
}

impl Messenger for SmsModem {
    fn is_free(&self) -> bool {
        self.talk.is_free()
    }

    fn submit(&mut self, now: Instant, text: Submit) {
        self.talk.handle(now, Input::Send(text));
    }

    fn turn(&mut self, now: Instant) -> Option<News> {
        self.read(now);
        self.talk.tick(now);
        loop {
            match self.talk.poll() {
                Some(Output::Open) => self.open(now),
                Some(Output::Close) => (self.port, self.unsent) = (None, VecDeque::new()),
                Some(Output::Write(bytes)) => {
                    self.unsent.extend(bytes.0);
                    self.write(now);
                }
                Some(Output::News(news)) => return Some(news),
                None => break,
            }
        }
        self.write(now);
        None
    }

    fn wait(&self, longest: Duration) {
        match &self.port {
            Some(port) => port.wait(longest),
            None => std::thread::sleep(longest.min(LOOK_EVERY)),
        }
    }

    fn fault(&self) -> Option<String> {
        self.fault.as_ref().map(ToString::to_string)
    }
}
