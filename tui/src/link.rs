//! The link to the box: a thread that speaks the control socket and comes back by itself.
//!
//! ```text
//!   connect -> Hello -> Watch every 500 ms -> Snapshot, Snapshot, ...
//!      ^                                          | closed, silent, another protocol
//!      '---- wait 250 ms, 500 ms, 1 s, 2 s <------'   (from 250 ms again after a snapshot)
//! ```

use control::{Lines, PROTOCOL, Reply, Request, Snapshot};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a snapshot is asked for.
pub const WATCH_MS: u32 = 500;
/// First and longest pause before the next try.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));
/// A box that says nothing for this long is not reachable; it should speak each `WATCH_MS`.
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// How long a read may sleep before the thread looks whether it shall end.
const READ: Duration = Duration::from_millis(250);
/// News that may wait for the screen; then the thread waits, and the box's sending with it.
const NEWS_MAX: usize = 4;

/// What the link has to say.
#[derive(Debug)]
pub enum News {
    Snapshot(Box<Snapshot>),
    /// Said again after each try that failed.
    Down(Trouble),
}

/// Why the box can't be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("there is no control socket")]
    Absent,
    #[error("nobody answers on the control socket")]
    Refused,
    #[error("this user may not use the control socket")]
    NotAllowed,
    #[error("{0}")]
    Io(String),
    #[error("the box closed the connection")]
    Closed,
    #[error("the box does not answer")]
    Silent,
    #[error(
        "the box ({version}) speaks protocol {protocol} and this console {PROTOCOL}: use the console of the box's version"
    )]
    Mismatch { protocol: u16, version: String },
    #[error("the box's answer is not understood: use the console of its version")]
    NotUnderstood,
    #[error("the box says: {0}")]
    Said(String),
}

/// The link's thread. Dropped, it lets the connection go.
#[derive(Debug)]
pub struct Link {
    news: Option<Receiver<News>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Starts to reach the box at `socket`.
    pub fn start(socket: PathBuf) -> std::io::Result<Self> {
        let (sender, news) = sync_channel(NEWS_MAX);
        let ending = Arc::new(AtomicBool::new(false));
        let ended = ending.clone();
        let thread = std::thread::Builder::new()
            .name("link".into())
            .spawn(move || keep(&socket, &sender, &ended))?;
        Ok(Self { news: Some(news), ending, thread: Some(thread) })
    }

    /// Waits at most `patience` for news.
    pub fn next(&self, patience: Duration) -> Option<News> {
        self.news.as_ref()?.recv_timeout(patience).ok()
    }

    /// Ends the thread and waits until it has let go of the socket.
    pub fn end(mut self) {
        self.let_go();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn let_go(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        // A thread that waits with news must not wait for ever.
        self.news = None;
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Asks for one snapshot.
pub fn once(socket: &Path) -> Result<Snapshot, Trouble> {
    let mut talk = Talk::open(socket)?;
    talk.ask(&Request::Snapshot)?;
    match talk.hear(&AtomicBool::new(false))? {
        Reply::Snapshot(snapshot) => Ok(*snapshot),
        Reply::Error { message } => Err(Trouble::Said(message)),
        _ => Err(Trouble::NotUnderstood),
    }
}

/// Asks for one thing to be done.
pub fn ask(socket: &Path, request: &Request) -> Result<(), Trouble> {
    let mut talk = Talk::open(socket)?;
    talk.ask(request)?;
    match talk.hear(&AtomicBool::new(false))? {
        Reply::Done => Ok(()),
        Reply::Error { message } => Err(Trouble::Said(message)),
        _ => Err(Trouble::NotUnderstood),
    }
}

fn keep(socket: &Path, sender: &SyncSender<News>, ending: &AtomicBool) {
    let mut pause = PAUSE.0;
    while !ending.load(Ordering::Relaxed) {
        let mut heard = false;
        let trouble = watch(socket, ending, |snapshot| {
            heard = true;
            sender.send(News::Snapshot(snapshot)).is_ok()
        });
        if ending.load(Ordering::Relaxed) || sender.send(News::Down(trouble)).is_err() {
            return;
        }
        if heard {
            pause = PAUSE.0;
        }
        wait(pause, ending);
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// Hands on snapshots until something ends it.
fn watch(
    socket: &Path,
    ending: &AtomicBool,
    mut take: impl FnMut(Box<Snapshot>) -> bool,
) -> Trouble {
    let mut run = || -> Result<(), Trouble> {
        let mut talk = Talk::open(socket)?;
        talk.ask(&Request::Watch { every_ms: WATCH_MS })?;
        loop {
            match talk.hear(ending)? {
                Reply::Snapshot(snapshot) => {
                    if !take(snapshot) {
                        return Ok(());
                    }
                }
                Reply::Error { message } => return Err(Trouble::Said(message)),
                _ => return Err(Trouble::NotUnderstood),
            }
        }
    };
    run().err().unwrap_or(Trouble::Closed)
}

/// Sleeps, or less when the link ends.
fn wait(pause: Duration, ending: &AtomicBool) {
    let until = Instant::now() + pause;
    while !ending.load(Ordering::Relaxed) {
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return;
        }
        std::thread::park_timeout(rest);
    }
}

/// A conversation that has been opened.
struct Talk {
    stream: UnixStream,
    lines: Lines,
}

impl Talk {
    fn open(socket: &Path) -> Result<Self, Trouble> {
        let stream = UnixStream::connect(socket).map_err(io)?;
        stream.set_read_timeout(Some(READ)).map_err(io)?;
        stream.set_write_timeout(Some(SILENCE_MAX)).map_err(io)?;
        let mut talk = Self { stream, lines: Lines::default() };
        talk.ask(&Request::Hello { protocol: PROTOCOL })?;
        match talk.hear(&AtomicBool::new(false))? {
            Reply::Hello { protocol: PROTOCOL, .. } => Ok(talk),
            Reply::Hello { protocol, version } => Err(Trouble::Mismatch { protocol, version }),
            Reply::Error { message } => Err(Trouble::Said(message)),
            _ => Err(Trouble::NotUnderstood),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<(), Trouble> {
        let line = control::encode(request).map_err(|error| Trouble::Io(error.to_string()))?;
        self.stream.write_all(&line).map_err(io)
    }

    /// The next reply, within `SILENCE_MAX`.
    fn hear(&mut self, ending: &AtomicBool) -> Result<Reply, Trouble> {
        let until = Instant::now() + SILENCE_MAX;
        let mut bytes = [0; 16 * 1024];
        loop {
            let line = self.lines.next_line().map_err(|_| Trouble::NotUnderstood)?;
            if let Some(line) = line {
                return control::decode(&line).map_err(|_| Trouble::NotUnderstood);
            }
            if ending.load(Ordering::Relaxed) || Instant::now() >= until {
                return Err(Trouble::Silent);
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(Trouble::Closed),
                Ok(length) => self.lines.push(bytes.get(..length).unwrap_or_default()),
                Err(error) if is_patience(error.kind()) => {}
                Err(error) => return Err(io(error)),
            }
        }
    }
}

fn is_patience(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn io(error: std::io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::NotFound => Trouble::Absent,
        ErrorKind::ConnectionRefused => Trouble::Refused,
        ErrorKind::PermissionDenied => Trouble::NotAllowed,
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Trouble::Closed,
        _ => Trouble::Io(error.to_string()),
    }
}
