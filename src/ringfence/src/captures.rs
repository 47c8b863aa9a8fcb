//! Captures of ports, for whoever looks into a line's trouble: what a port reported, heard, said and
//! was told in a minute or so, sealed on disk.
//!
//! ```text
//!   who asks --Wanted--> Watched, the card of the media thread --Taken--> Shelf, a thread: seals it,
//!      ^                 copies what passes, into memory that was         writes and syncs it
//!      |                 made before                                         |
//!      '--------------------- the file's name, or why there is none ---------'
//! ```
//!
//! One at a time. Nothing changes for the call on the port, and no port is out of service.

mod opened;
mod shelf;
mod watched;

pub use opened::open;
pub use watched::Watched;

use crate::folders::Folders;
use crossbeam_channel::{Sender, bounded};
use model::port::{Hook, PortEvent, PortOrder};
use model::{PortId, WallTime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use vault::BoxKey;

/// How long one is. The command waits for its end, and for no more than two minutes.
pub const SECONDS: std::ops::RangeInclusive<u16> = 1..=110;
/// Events and orders of one; more are counted.
const NOTES_MAX: usize = 2000;
/// Captures that are kept: the oldest makes room.
const KEPT_MAX: usize = 16;
/// Samples of a second.
const RATE: usize = 8000;

/// What became of it: the file, or why there is none.
pub type Answer = oneshot::Sender<Result<String, String>>;

/// A port is wanted for so long, and where it is put.
struct Wanted {
    port: usize,
    span: Duration,
    taken: Taken,
}

/// What was taken of a port.
struct Taken {
    id: PortId,
    law: model::Law,
    at: WallTime,
    notes: Vec<(u32, Noted)>,
    /// Notes that found no room.
    lost: u32,
    heard: Vec<u8>,
    said: Vec<u8>,
    answer: Answer,
}

/// An event, or an order. Of what is dialled only how much it is: the sound has the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noted {
    Event(PortEvent),
    Hook(Hook),
    Dial(usize),
    Pulse(usize),
    SoundOnHook,
    Lamp(u16),
    Talk(bool),
    Gain(i16, i16),
}

impl Noted {
    fn of(order: &PortOrder) -> Self {
        match order {
            PortOrder::Hook(hook) => Self::Hook(*hook),
            PortOrder::Dial(keys) => Self::Dial(keys.len()),
            PortOrder::Pulse(keys) => Self::Pulse(keys.len()),
            PortOrder::SoundOnHook { .. } => Self::SoundOnHook,
            PortOrder::Lamp(count) => Self::Lamp(*count),
            PortOrder::Talk(talks) => Self::Talk(*talks),
            PortOrder::Gain { receive_tenths_db, transmit_tenths_db } => {
                Self::Gain(*receive_tenths_db, *transmit_tenths_db)
            }
        }
    }

    /// As support reads it: what the port told, `<`, and what it was told, `>`.
    fn words(self) -> String {
        match self {
            // A key dialled by pulse is a caller's.
            Self::Event(PortEvent::Pulse(_)) => "< Pulse".into(),
            Self::Event(event) => format!("< {event:?}"),
            Self::Hook(hook) => format!("> Hook({hook:?})"),
            Self::Dial(keys) => format!("> Dial, {keys} keys"),
            Self::Pulse(keys) => format!("> Pulse, {keys} keys"),
            Self::SoundOnHook => "> SoundOnHook".into(),
            Self::Lamp(count) => format!("> Lamp({count})"),
            Self::Talk(talks) => format!("> Talk({talks})"),
            Self::Gain(receive, transmit) => format!("> Gain({receive}, {transmit})"),
        }
    }
}

/// The end of whoever asks for captures.
#[derive(Clone)]
pub struct Captures {
    wanted: Sender<Wanted>,
    /// One goes on.
    busy: Arc<AtomicBool>,
}

impl Captures {
    /// Has a port captured, and the answer told at the end.
    pub fn begin(&self, id: &PortId, port: usize, at: WallTime, seconds: u16, answer: Answer) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return refuse(answer, "another port is being captured: wait until that is over");
        }
        let seconds = seconds.clamp(*SECONDS.start(), *SECONDS.end());
        // Room beyond the time, for a card whose clock is fast.
        let room = (usize::from(seconds) + 1) * RATE;
        let taken = Taken {
            id: id.clone(),
            law: model::Law::A,
            at,
            notes: Vec::with_capacity(NOTES_MAX),
            lost: 0,
            heard: Vec::with_capacity(room),
            said: Vec::with_capacity(room),
            answer,
        };
        let span = Duration::from_secs(seconds.into());
        let wanted = Wanted { port, span, taken };
        if let Err(error) = self.wanted.try_send(wanted) {
            self.busy.store(false, Ordering::Release);
            refuse(error.into_inner().taken.answer, "the box has no line card");
        }
    }
}

fn refuse(answer: Answer, why: &str) {
    // Whoever asked may have gone.
    let _ = answer.send(Err(why.to_owned()));
}

/// Puts a card under watch, and starts the thread that seals what is captured.
pub fn start(
    card: Box<dyn board::Card>,
    folders: &Folders,
    key: &BoxKey,
) -> anyhow::Result<(Watched, Captures)> {
    let (wanted, wants) = bounded(1);
    let (over, taken) = bounded(1);
    let busy = Arc::new(AtomicBool::new(false));
    shelf::start(folders.captures(), key, taken, busy.clone())?;
    Ok((Watched::new(card, wants, over), Captures { wanted, busy }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use board::{BLOCK, Card, CardError};
    use model::{Instant, Law};

    /// Two ports that say their numbers, and one event.
    #[derive(Default)]
    struct Line {
        told: bool,
    }

    impl Card for Line {
        fn ports(&self) -> usize {
            2
        }
        fn law(&self) -> Law {
            Law::A
        }
        fn tick(&mut self, _now: Instant) {}
        fn event(&mut self) -> Option<(usize, PortEvent)> {
            let first = !std::mem::replace(&mut self.told, true);
            first.then_some((1, PortEvent::RingBegin))
        }
        fn read(&mut self, port: usize, block: &mut [u8; BLOCK]) -> Result<bool, CardError> {
            *block = [10 + port as u8; BLOCK];
            Ok(true)
        }
        fn write(&mut self, _port: usize, _block: &[u8; BLOCK]) -> Result<(), CardError> {
            Ok(())
        }
        fn order(&mut self, _port: usize, _order: &PortOrder) -> Result<(), CardError> {
            Ok(())
        }
    }

    struct Bench {
        dir: tempfile::TempDir,
        key: BoxKey,
        card: Watched,
        captures: Captures,
        ms: u64,
    }

    impl Bench {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let folders = Folders::find(Some(dir.path().to_owned())).unwrap();
            let key = BoxKey::from_bytes([7; 32]);
            let (card, captures) = start(Box::new(Line::default()), &folders, &key).unwrap();
            Self { dir, key, card, captures, ms: 0 }
        }

        fn begin(&self, at: i64) -> oneshot::Receiver<Result<String, String>> {
            let (answer, told) = oneshot::channel();
            self.captures.begin(&PortId::new("fxo-2"), 1, WallTime(at), 1, answer);
            told
        }

        fn pass(&mut self, ticks: usize) {
            for tick in 0..ticks {
                self.card.tick(Instant::from_millis(self.ms));
                while self.card.event().is_some() {}
                for port in 0..2 {
                    self.card.read(port, &mut [0; BLOCK]).unwrap();
                }
                if tick >= 25 {
                    self.card.write(1, &[99; BLOCK]).unwrap();
                    self.card.write(0, &[98; BLOCK]).unwrap();
                }
                self.ms += 20;
            }
        }
    }

    #[test]
    fn what_passes_at_a_port_is_sealed_and_opens_under_the_boxs_key_alone() {
        let mut bench = Bench::new();
        let told = bench.begin(1_700_000_000_000);
        bench.pass(10);
        bench.card.order(1, &PortOrder::Dial("13912345678".into())).unwrap();
        bench.card.order(0, &PortOrder::Hook(Hook::Off)).unwrap();
        bench.pass(60);
        let path = told.blocking_recv().unwrap().unwrap();
        let sealed = std::fs::read(&path).unwrap();
        assert!(!sealed.windows(5).any(|five| five == b"fxo-2" || *five == [11; 5]));
        let to = bench.dir.path();
        let path = std::path::Path::new(&path);
        let other = open(path, &BoxKey::from_bytes([8; 32]), to).unwrap_err();
        assert!(other.to_string().contains("another box's"), "{other}");
        let said = open(path, &bench.key, to).unwrap();
        assert!(said.contains("port fxo-2, 1.0 s") && said.contains("2 events"), "{said}");
        let list = std::fs::read_to_string(to.join("1700000000000.txt")).unwrap();
        assert_eq!(list, "    0.000 < RingBegin\n    0.180 > Dial, 11 keys\n");
        let mut wav = hound::WavReader::open(to.join("1700000000000.wav")).unwrap();
        let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
        assert_eq!(samples.len(), 16_000);
        assert!(samples.iter().step_by(2).all(|heard| *heard == Law::A.sample(11)));
        let said: Vec<i16> = samples.iter().skip(1).step_by(2).copied().collect();
        assert_eq!(said[..10 * 160], [Law::A.sample(Law::A.silence()); 10 * 160]);
        assert_eq!(said[36 * 160..40 * 160], [Law::A.sample(99); 4 * 160]);
        assert!(open(path, &bench.key, to).unwrap_err().to_string().contains("is not replaced"));
        std::fs::write(path, &sealed[..sealed.len() - 1]).unwrap();
        assert!(open(path, &bench.key, to).is_err());
    }

    #[test]
    fn one_goes_on_at_a_time_and_the_oldest_of_sixteen_makes_room() {
        let mut bench = Bench::new();
        for at in 1..=17 {
            let told = bench.begin(at);
            bench.pass(2);
            let refused = bench.begin(at).blocking_recv().unwrap();
            assert!(refused.unwrap_err().contains("wait until that is over"));
            bench.pass(60);
            told.blocking_recv().unwrap().unwrap();
        }
        let kept = std::fs::read_dir(bench.dir.path().join("captures")).unwrap().count();
        assert_eq!(kept, KEPT_MAX);
        assert!(!bench.dir.path().join("captures/1.capture").exists());
    }

    #[test]
    fn a_box_without_a_card_says_so() {
        let mut bench = Bench::new();
        bench.card = Bench::new().card;
        let told = bench.begin(1);
        assert_eq!(told.blocking_recv().unwrap().unwrap_err(), "the box has no line card");
    }
}
