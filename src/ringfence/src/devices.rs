//! Sound devices of the box, as ports behind those of the card: a headset, a loudspeaker.
//!
//! ```text
//!   device <--read, write--> its thread <==[spsc, blocks of A-law]==> media thread (`WithDevices`)
//!                                 '--- condition, counters ---> exchange thread
//! ```
//!
//! A device waits for its crystal, so that it has a thread of its own; the media thread never waits for
//! it. Its clock is another than the tick's, like a card's, and the engine treats it so. A thread whose
//! device is gone looks for it by its name each second.

mod card;
mod carry;
mod line_in;
mod recorded;
#[cfg(test)]
mod tests;

pub use card::WithDevices;
pub use carry::{Opened, Sound};
pub use line_in::LineIn;
pub use recorded::Shelf;

use board::BLOCK;
use heapless::spsc::{Consumer, Producer, Queue};
use media::Block;
use model::PhoneId;
use model::site::{Site, SoundDevice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Blocks between a device's thread and the media thread: 320 ms each way. What finds no room is left
/// out and counted.
const BLOCKS: usize = 16;

/// Recordings that were asked for one after the other before the device's next block.
const PLAYS_MAX: usize = 8;

/// A device that the site names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The desk phone that it is to everything else.
    pub phone: PhoneId,
    pub device: SoundDevice,
}

/// The devices of a site, by the numbers of their phones.
pub fn of(site: &Site) -> Vec<Named> {
    let phones = site.phones.iter().filter_map(|(phone, desk)| {
        Some(Named { phone: phone.clone(), device: desk.device.clone()? })
    });
    phones.collect()
}

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It was not looked for yet.
    Unknown,
    Open,
    Gone,
}

/// What a device's thread tells of it.
#[derive(Debug, Default)]
pub struct Told {
    condition: AtomicU8,
    /// A recording is heard by it.
    pub playing: AtomicBool,
    /// Times that its thread was late and sound was lost.
    pub xruns: AtomicU64,
    /// Blocks of silence that it was given in mid-talk, for want of sound in time.
    pub gaps: AtomicU64,
    /// Blocks that found no room on their way.
    pub lost: AtomicU64,
    /// Times that it was opened.
    pub opened: AtomicU64,
}

impl Told {
    pub fn condition(&self) -> Condition {
        match self.condition.load(Ordering::Acquire) {
            0 => Condition::Unknown,
            1 => Condition::Open,
            _ => Condition::Gone,
        }
    }

    fn set(&self, condition: Condition) {
        self.condition.store(condition as u8, Ordering::Release);
    }
}

/// The media thread's ends of a device.
pub struct End {
    heard: Consumer<'static, Block>,
    said: Producer<'static, Block>,
    told: Arc<Told>,
}

/// What a device shall play in the place of what is said to it, until it ends: another takes its place.
pub type Plays = crossbeam_channel::Sender<crossbeam_channel::Receiver<Block>>;

/// All of them that were started.
#[derive(Default)]
pub struct Started {
    /// For the media thread, in the order of their ports.
    pub ends: Vec<End>,
    pub told: Vec<Arc<Told>>,
    pub plays: Vec<Plays>,
    pub threads: Vec<JoinHandle<()>>,
}

/// Starts a thread for each.
pub fn start(devices: &[Named], stop: &Arc<AtomicBool>) -> anyhow::Result<Started> {
    let mut started = Started::default();
    for named in devices {
        let (heard_out, heard) = leak();
        let (said, said_in) = leak();
        let told = Arc::new(Told::default());
        let (play, plays) = crossbeam_channel::bounded(PLAYS_MAX);
        let sound = Sound::new(named, heard_out, said_in, told.clone(), stop.clone());
        let sound = sound.playing(plays);
        let thread = std::thread::Builder::new().name(format!("sound-{}", named.phone));
        started.threads.push(thread.spawn(move || sound.run(carry::by_alsa))?);
        started.ends.push(End { heard, said, told: told.clone() });
        started.told.push(told);
        started.plays.push(play);
    }
    Ok(started)
}

/// A queue that lives as long as the process; there are as many as the site names devices.
fn leak() -> (Producer<'static, Block>, Consumer<'static, Block>) {
    let queue: &'static mut Queue<[u8; BLOCK], BLOCKS> = Box::leak(Box::new(Queue::new()));
    queue.split()
}
