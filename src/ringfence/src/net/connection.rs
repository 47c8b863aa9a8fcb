//! One connection: its bytes to the exchange thread a chunk at a time, and what is for it back.
//!
//! ```text
//!   opened --> reading: chunk --taken by the exchange--> next chunk
//!     |        writing: queue of at most 256 KB; 10 s a message
//!     '--> end of file, error, slow, or nobody writes any more --> Closed
//! ```

use super::Arrived;
use super::door::Place;
use super::intake::Intake;
use sip::{FlowId, Transport};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Most bytes taken at a time.
const CHUNK_BYTES: usize = 4 * 1024;
/// Bytes a second of a connection whose other end proved nothing yet.
const STRANGER_BYTES_S: u64 = 32 * 1024;
/// Messages that may wait to be written.
const WAITING_MAX: usize = 256;
/// Bytes that may wait to be written.
const WAITING_BYTES_MAX: usize = 256 * 1024;
/// Longest a message may take to be written.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// A connection that is open, as the exchange thread hears of it.
pub struct Opened {
    pub flow: FlowId,
    pub transport: Transport,
    pub addr: SocketAddr,
    pub certificate: Vec<String>,
    pub line: Line,
    /// Its first bytes are read once this is dropped.
    pub held: OwnedSemaphorePermit,
}

/// The exchange thread's end of a connection; dropping it closes the connection once what waits is
/// written.
#[derive(Clone, Debug)]
pub struct Line {
    queue: mpsc::Sender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    known: Arc<AtomicBool>,
}

/// The other end of a line.
pub struct Ends {
    queue: mpsc::Receiver<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    known: Arc<AtomicBool>,
    window: Arc<Semaphore>,
}

/// Makes a line; `known` where the other end is one we chose.
pub fn line(known: bool) -> (Line, Ends) {
    let (out, queue) = mpsc::channel(WAITING_MAX);
    let (waiting, known) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(known)));
    let line = Line { queue: out, waiting: waiting.clone(), known: known.clone() };
    (line, Ends { queue, waiting, known, window: Arc::new(Semaphore::new(1)) })
}

impl Line {
    /// Puts a message in the queue; tells whether there was room.
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        let length = bytes.len();
        let fits = self.waiting.load(Ordering::Relaxed) + length <= WAITING_BYTES_MAX;
        let sent = fits && self.queue.try_send(bytes).is_ok();
        if sent {
            self.waiting.fetch_add(length, Ordering::Relaxed);
        }
        sent
    }

    /// The other end proved a password.
    pub fn known(&self) {
        self.known.store(true, Ordering::Relaxed);
    }
}

impl Ends {
    /// Holds back the first bytes until the exchange thread knows of the connection.
    pub fn hold(&self) -> Option<OwnedSemaphorePermit> {
        self.window.clone().try_acquire_owned().ok()
    }
}

/// Carries bytes both ways until either end closes, then says so.
pub async fn carry<S: AsyncRead + AsyncWrite>(
    stream: S,
    flow: FlowId,
    ends: Ends,
    intake: Intake,
    place: Option<Place>,
) {
    intake.counters.open.fetch_add(1, Ordering::Relaxed);
    let (reader, writer) = tokio::io::split(stream);
    let Ends { queue, waiting, known, window } = ends;
    let reading = read(reader, flow, &window, &known, &intake, place);
    tokio::select! {
        () = reading => {}
        slow = write(writer, queue, &waiting) => {
            if slow {
                intake.counters.slow.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    intake.counters.open.fetch_sub(1, Ordering::Relaxed);
    closed(flow, &window, known.load(Ordering::Relaxed), &intake).await;
}

/// Says that a connection is closed, after everything that was read of it.
pub async fn closed(flow: FlowId, window: &Semaphore, known: bool, intake: &Intake) {
    let taken = window.acquire().await;
    intake.bring(known, Arrived::Closed { flow }).await;
    drop(taken);
}

/// The window of a connection that never came to be.
pub async fn failed(flow: FlowId, ends: Ends, intake: Intake) {
    closed(flow, &ends.window, true, &intake).await;
}

async fn read<R: AsyncRead + Unpin>(
    mut reader: R,
    flow: FlowId,
    window: &Arc<Semaphore>,
    known: &AtomicBool,
    intake: &Intake,
    mut place: Option<Place>,
) {
    let mut bytes = vec![0; CHUNK_BYTES];
    loop {
        // Before more is read the exchange has to have taken what there was.
        let Ok(held) = window.clone().acquire_owned().await else { return };
        let length = match reader.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(length) => length,
        };
        let is_known = known.load(Ordering::Relaxed);
        if is_known && let Some(place) = &mut place {
            place.known();
        }
        let chunk = bytes.get(..length).unwrap_or_default().to_vec();
        let at = intake.clock.now();
        if !intake.bring(is_known, Arrived::Bytes { flow, bytes: chunk, at, held }).await {
            return;
        }
        if !is_known {
            let pause = Duration::from_micros(length as u64 * 1_000_000 / STRANGER_BYTES_S);
            tokio::time::sleep(pause).await;
        }
    }
}

/// Writes what comes; tells whether the other end was too slow.
async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut queue: mpsc::Receiver<Vec<u8>>,
    waiting: &AtomicUsize,
) -> bool {
    while let Some(bytes) = queue.recv().await {
        let whole = async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        };
        match tokio::time::timeout(WRITE_MAX, whole).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return false,
            Err(_) => return true,
        }
        waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
    }
    // Nobody writes any more: the box closed it.
    let _ = tokio::time::timeout(Duration::from_secs(1), writer.shutdown()).await;
    false
}
