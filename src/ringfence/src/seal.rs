//! The seal thread: takes taps from the media threads, encrypts them and puts them on disk.
//!
//! ```text
//!  media 0 --TapItem--> [heapless queue] --.
//!  media n --TapItem--> [heapless queue] --+--> seal thread --sealed frames--> file
//!                           in order of ticks        |                           ^
//!                                                    +-- Sealed (to exchange)    | syncfs each 400 ms
//! ```
//!
//! A frame holds half a second and the file system is synced every 400 ms, so that a power cut
//! costs less than a second of audio. A tick that did not come (the queue overflowed, the disk
//! stalled) is filled with silence and counted, so that both sides stay in step. The tones of keys are
//! left out.
//!
//! ```text
//!             error                trial written                 StopRecord, Record
//!  writing ----------> refusing ------------------> the exchange --------------------> next part
//!                 (missed is counted)            begins a part anew
//! ```

mod disk;

use crate::boxkey;
use crate::folders::make_private_dir;
use crate::service::{AbortOnPanic, Severity, log};
use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender};
use media::muffle::Muffle;
use media::recode::Recoder;
use media::{Block, TapFrame, TapNo};
use model::id::RecordingId;
use model::{Codec, WallTime};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use vault::{BoxKey, RecordingWriter};

/// Blocks of 20 ms a sealed frame holds: half a second.
const BLOCKS_PER_FRAME: u64 = 25;
/// How often the thread looks for taps: well within the queue's length.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Most silence filled in at once; a longer gap ends the recording as missed.
const GAP_TICKS_MAX: u64 = 50 * 60;
/// Taps the queue between media and seal holds: 0.6 s of 1,000 calls.
pub const TAP_QUEUE: usize = 32_768;
/// How much sealing is preferred to reports, speech and the rest; media goes before it.
const NICE: i32 = -15;

/// What goes from a media thread to the seal thread.
#[expect(clippy::large_enum_variant, reason = "boxing a frame would allocate in the media thread")]
pub enum TapItem {
    /// A frame, and the media tick it belongs to.
    Frame { tap: TapNo, tick: u64, frame: TapFrame },
    /// The tap ended; nothing more of it comes.
    End { tap: TapNo, tick: u64 },
}

impl TapItem {
    fn tick(&self) -> u64 {
        match self {
            Self::Frame { tick, .. } | Self::End { tick, .. } => *tick,
        }
    }
}

pub type TapReceiver = heapless::spsc::Consumer<'static, TapItem>;

/// Announces a tap before its first frame.
pub struct TapBegin {
    pub tap: TapNo,
    pub recording: RecordingId,
    pub started: WallTime,
}

/// A recording is complete on disk, or could not be made.
#[derive(Debug)]
pub struct Sealed {
    /// Nothing more comes of it; else it has just failed and its call goes on unrecorded.
    pub over: bool,
    pub recording: RecordingId,
    /// Of it silence for audio that was lost on the way.
    pub missed_ms: u64,
    /// Why the recording is not whole, if it is not.
    pub trouble: Option<String>,
}

/// Counters the console shows.
pub struct SealCounters {
    pub open: AtomicU64,
    pub bytes: AtomicU64,
    pub missed_ticks: AtomicU64,
    pub failed: AtomicU64,
    /// Room left on the recordings' disk; `u64::MAX` before it was looked at.
    pub free_mb: AtomicU64,
    /// Longest sync of the last ones, in ms.
    pub sync_ms: AtomicU64,
    /// The disk refused a recording, and has taken no trial since.
    pub refusing: AtomicBool,
}

impl Default for SealCounters {
    fn default() -> Self {
        Self {
            open: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            missed_ticks: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            free_mb: AtomicU64::new(u64::MAX),
            sync_ms: AtomicU64::new(0),
            refusing: AtomicBool::new(false),
        }
    }
}

/// Everything the thread is given.
pub struct Seal {
    pub key: Arc<BoxKey>,
    pub dir: PathBuf,
    /// A queue of each media thread.
    pub taps: Vec<TapReceiver>,
    pub begins: Receiver<TapBegin>,
    pub sealed: Sender<Sealed>,
    pub wake: Box<dyn Fn() + Send>,
    pub counters: Arc<SealCounters>,
    /// Set when no tap will come any more: open recordings are ended and the thread stops.
    pub stop: Arc<AtomicBool>,
}

/// Starts the seal thread and the one that syncs for it.
pub fn start(seal: Seal) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let disk = disk::Disk::open(seal.dir.clone(), seal.counters.clone())?;
    let stop = seal.stop.clone();
    let sealer = std::thread::Builder::new().name("seal".into()).spawn(move || run(seal))?;
    let syncer =
        std::thread::Builder::new().name("seal-sync".into()).spawn(move || disk.run(&stop))?;
    Ok(vec![sealer, syncer])
}

/// One recording being written. Its file is made with the first frame, which says the codec.
struct Open {
    begin: TapBegin,
    file: Option<Sealing>,
    muffle: Muffle,
    next_tick: Option<u64>,
    /// Blocks given to the writer, and of these the ones that it did not write yet.
    blocks: u64,
    pending: u64,
    missed: u64,
    trouble: Option<String>,
}

/// The file of a recording.
struct Sealing {
    writer: RecordingWriter<File>,
    /// What brings each side to the file's codec, where a re-INVITE changed the leg's.
    sides: [Recoder; 2],
    path: PathBuf,
}

fn run(mut seal: Seal) {
    let _guard = AbortOnPanic;
    // Without the right to it sealing shares the core as any thread; what it misses is counted.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    let mut open: BTreeMap<u16, Open> = BTreeMap::new();
    loop {
        // Read before draining: what was queued before the flag was set is still taken.
        let stopping = seal.stop.load(Ordering::Acquire);
        for begin in seal.begins.try_iter() {
            open.insert(begin.tap.0, Open::new(begin));
        }
        while let Some(item) = next(&mut seal.taps) {
            match item {
                TapItem::Frame { tap, tick, frame } => {
                    if let Some(recording) = open.get_mut(&tap.0) {
                        recording.take(tick, frame, &seal);
                    }
                }
                TapItem::End { tap, .. } => {
                    if let Some(recording) = open.remove(&tap.0) {
                        recording.end(&seal);
                    }
                }
            }
        }
        seal.counters.open.store(open.len() as u64, Ordering::Relaxed);
        if stopping {
            for (_, recording) in std::mem::take(&mut open) {
                recording.end(&seal);
            }
            return;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Gives what came first of all queues, by its tick: a leg that moved has frames of one recording in
/// two of them. Whatever a thread says of a leg it took over was said after all that the thread before
/// said of it; so a queue that was looked at too early for that is looked at once more.
fn next(taps: &mut [TapReceiver]) -> Option<TapItem> {
    let first = |taps: &[TapReceiver]| {
        let heads =
            taps.iter().enumerate().filter_map(|(no, taps)| Some((taps.peek()?.tick(), no)));
        heads.min()
    };
    let mut found = first(taps)?;
    if taps.len() > 1 {
        while let Some(again) = first(taps).filter(|again| *again != found) {
            found = again;
        }
    }
    taps.get_mut(found.1)?.dequeue()
}

impl Open {
    fn new(begin: TapBegin) -> Self {
        let muffle = Muffle::default();
        let (file, next_tick, trouble) = (None, None, None);
        Self { begin, file, muffle, next_tick, blocks: 0, pending: 0, missed: 0, trouble }
    }

    /// Takes the next frame, and writes the one that no key can be found in any more.
    fn take(&mut self, tick: u64, frame: TapFrame, seal: &Seal) {
        if let Some((tick, frame)) = self.muffle.push(tick, frame) {
            self.push(tick, &frame, seal);
        }
    }

    fn push(&mut self, tick: u64, frame: &TapFrame, seal: &Seal) {
        if self.file.is_none() && self.trouble.is_none() {
            match create(seal, &self.begin, frame.codec) {
                Ok(file) => self.file = Some(file),
                Err(error) => self.fail(&error, seal),
            }
        }
        let gap = tick.saturating_sub(self.next_tick.unwrap_or(tick)).min(GAP_TICKS_MAX);
        self.next_tick = Some(tick + 1);
        for _ in 0..gap {
            self.missed += 1;
            seal.counters.missed_ticks.fetch_add(1, Ordering::Relaxed);
            let Some(file) = &mut self.file else { continue };
            let [left, right] = file.sides.each_mut().map(Recoder::silence);
            self.write(&left, &right, seal);
        }
        if self.file.is_none() {
            seal.counters.missed_ticks.fetch_add(1, Ordering::Relaxed);
            self.missed += 1;
        }
        let (mut left, mut right) = (frame.left, frame.right);
        if let Some(file) = &mut self.file {
            let [said, heard] = &mut file.sides;
            said.block(frame.codec, &mut left);
            heard.block(frame.codec, &mut right);
        }
        self.write(&left, &right, seal);
    }

    /// Writes a block of both sides in the file's codec, if there is a file.
    fn write(&mut self, left: &Block, right: &Block, seal: &Seal) {
        let Some(file) = &mut self.file else { return };
        self.blocks += 1;
        self.pending += 1;
        let whole = self.blocks.is_multiple_of(BLOCKS_PER_FRAME);
        let written = file.writer.push(left, right).and_then(|_| match whole {
            true => file.writer.flush_frame(),
            false => Ok(()),
        });
        match written {
            Ok(()) if whole => self.pending = 0,
            Ok(()) => {}
            Err(error) => self.fail(&error.into(), seal),
        }
    }

    /// Gives the part up: what follows is missed until the exchange begins another.
    fn fail(&mut self, error: &anyhow::Error, seal: &Seal) {
        seal.counters.failed.fetch_add(1, Ordering::Relaxed);
        seal.counters.refusing.store(true, Ordering::Relaxed);
        self.missed += std::mem::take(&mut self.pending);
        let trouble = format!("{error:#}");
        log(Severity::Error, &format!("recording {}: {trouble}", self.begin.recording));
        self.trouble = Some(trouble);
        self.file = None;
        self.tell(seal, false);
    }

    fn end(mut self, seal: &Seal) {
        while let Some((tick, frame)) = self.muffle.pop() {
            self.push(tick, &frame, seal);
        }
        if let Some(file) = self.file.take() {
            let path = file.path;
            match file
                .writer
                .finish()
                .map_err(anyhow::Error::from)
                .and_then(|file| Ok(file.sync_all()?))
            {
                Ok(()) => {
                    let bytes = std::fs::metadata(&path).map_or(0, |meta| meta.len());
                    seal.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
                }
                Err(error) => self.fail(&error, seal),
            }
        }
        self.tell(seal, true);
    }
}

impl Open {
    fn tell(&self, seal: &Seal, over: bool) {
        let sealed = Sealed {
            over,
            recording: self.begin.recording,
            missed_ms: self.missed * 20,
            trouble: self.trouble.clone(),
        };
        // The exchange thread outlives this one; when it does not, nobody is left to be told.
        let _ = seal.sealed.send(sealed);
        (seal.wake)();
    }
}

/// Where a recording lies: `recordings/00000042-1.rfr`.
pub fn path(dir: &Path, recording: RecordingId) -> PathBuf {
    dir.join(format!("{recording}.rfr"))
}

fn create(seal: &Seal, begin: &TapBegin, codec: Codec) -> anyhow::Result<Sealing> {
    use std::os::unix::fs::OpenOptionsExt as _;
    make_private_dir(&seal.dir)?;
    let path = path(&seal.dir, begin.recording);
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    let key = boxkey::random_32()?;
    let writer =
        RecordingWriter::create(file, &seal.key, begin.recording, codec, begin.started, key)
            // Without its header it is no recording, and nobody is to wonder what it is.
            .inspect_err(|_| drop(std::fs::remove_file(&path)))?;
    let sides = [Recoder::new(codec), Recoder::new(codec)];
    Ok(Sealing { writer, sides, path })
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapless::spsc::Queue;

    fn end(tap: u16, tick: u64) -> TapItem {
        TapItem::End { tap: TapNo(tap), tick }
    }

    #[test]
    fn what_comes_of_several_threads_is_taken_by_its_tick() {
        let queue = || -> &'static mut Queue<TapItem, 8> { Box::leak(Box::new(Queue::new())) };
        let ((mut one, one_in), (mut two, two_in)) = (queue().split(), queue().split());
        let mut taps = [one_in, two_in];
        // A leg goes from the first thread to the second and back.
        for (to, ticks) in [(&mut one, [1, 5]), (&mut two, [2, 4])] {
            ticks.into_iter().for_each(|tick| assert!(to.enqueue(end(7, tick)).is_ok()));
        }
        assert!(two.enqueue(end(8, 5)).is_ok());
        let ticks = std::iter::from_fn(|| next(&mut taps).map(|item| item.tick()));
        assert_eq!(ticks.collect::<Vec<_>>(), [1, 2, 4, 5, 5]);
    }
}
