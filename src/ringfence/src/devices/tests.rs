//! A device's thread with devices that are pretended: they come, go and hold sound as a test wants.

use super::*;
use board::Card as _;
use board::alsa::{DeviceError, Ways};
use model::port::{Alarm, PortEvent};
use model::site::SoundUse;
use model::{Law, Rate, SAMPLES_PER_FRAME};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for what is to happen at once.
const SOON: Duration = Duration::from_secs(10);

/// What a test does with the device, and what came of it.
#[derive(Default)]
struct Room {
    plugged: AtomicBool,
    /// All that was said to it, at its rate.
    said: Mutex<Vec<i16>>,
    /// The next sample that it hears.
    hears: Mutex<i16>,
    opened: Mutex<Vec<String>>,
}

impl Room {
    fn said(&self) -> Vec<i16> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Pretended {
    room: Arc<Room>,
    ways: Ways,
    rate: Rate,
}

impl Opened for Pretended {
    fn hears(&self) -> Option<Rate> {
        self.ways.hears.then_some(self.rate)
    }
    fn says(&self) -> Option<Rate> {
        self.ways.says.then_some(self.rate)
    }
    fn xruns(&self) -> u64 {
        0
    }
    fn read(&mut self, block: &mut [i16]) -> Result<(), DeviceError> {
        if !self.room.plugged.load(Ordering::Relaxed) {
            return Err(DeviceError::Gone);
        }
        std::thread::sleep(Duration::from_millis(2));
        block.fill(*self.room.hears.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
    fn write(&mut self, block: &[i16]) -> Result<(), DeviceError> {
        self.room.said.lock().unwrap_or_else(PoisonError::into_inner).extend(block);
        Ok(())
    }
}

/// A device of a site, its thread, and the card the media thread has.
struct Stage {
    room: Arc<Room>,
    card: WithDevices,
    told: Arc<Told>,
    plays: Plays,
    stop: Arc<AtomicBool>,
}

impl Stage {
    fn new(used: SoundUse, rate: Rate) -> Self {
        let device = SoundDevice { name: "Jabra".into(), used, rate: None };
        let named = Named { phone: PhoneId::new("8090"), device };
        let (room, stop) = (Arc::new(Room::default()), Arc::new(AtomicBool::new(false)));
        let (heard_out, heard) = leak();
        let (said, said_in) = leak();
        let told = Arc::new(Told::default());
        let sound = Sound::new(&named, heard_out, said_in, told.clone(), stop.clone());
        let (plays, play) = crossbeam_channel::bounded(PLAYS_MAX);
        let sound = sound.playing(play);
        let there = room.clone();
        std::thread::spawn(move || {
            sound.run(|name, ways, _| {
                there.opened.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
                match there.plugged.load(Ordering::Relaxed) {
                    true => Ok(Pretended { room: there.clone(), ways, rate }),
                    false => Err(DeviceError::Absent(name.to_owned())),
                }
            });
        });
        let ends = vec![End { heard, said, told: told.clone() }];
        Self { room, card: WithDevices::new(None, ends), told, plays, stop }
    }

    /// Waits for the next event of the device's port.
    fn event(&mut self) -> (PortEvent, Duration) {
        let began = Instant::now();
        loop {
            if let Some((port, event)) = self.card.event() {
                assert_eq!(port, 0);
                return (event, began.elapsed());
            }
            assert!(began.elapsed() < SOON, "no event came");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Plugs the device in, and waits until it is told to be there.
    fn open(&mut self) {
        self.room.plugged.store(true, Ordering::Relaxed);
        while self.event().0 != BACK {}
        assert_eq!(self.told.condition(), Condition::Open);
    }

    /// Says blocks by the device's own clock: one for each that it heard.
    fn say(&mut self, blocks: &[[u8; BLOCK]]) {
        let began = Instant::now();
        let mut left = blocks.iter();
        while left.len() > 0 {
            let mut heard = [0; BLOCK];
            while self.card.read(0, &mut heard) == Ok(true) {
                if let Some(block) = left.next() {
                    self.card.write(0, block).unwrap();
                }
            }
            assert!(began.elapsed() < SOON, "its clock stands");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(400));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

const GONE: PortEvent = PortEvent::Alarm { alarm: Alarm::CardGone, raised: true };
const BACK: PortEvent = PortEvent::Alarm { alarm: Alarm::CardGone, raised: false };

/// Law bytes of many values, none of them silence for long.
fn blocks(count: usize) -> Vec<[u8; BLOCK]> {
    let byte = |n: usize| (n * 7 % 251) as u8 ^ 0x55;
    (0..count).map(|no| std::array::from_fn(|n| byte(no * BLOCK + n))).collect()
}

#[test]
fn what_is_said_reaches_a_device_of_8_khz_bit_by_bit_and_without_a_gap() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Narrow);
    stage.open();
    let blocks = blocks(100);
    stage.say(&blocks);
    let mut meant = vec![0; blocks.len() * BLOCK];
    Law::A.decode(blocks.as_flattened(), &mut meant);
    let said = stage.room.said();
    let begin = said.windows(BLOCK).position(|at| at == &meant[..BLOCK]).unwrap();
    assert!(said[..begin].iter().all(|sample| *sample == 0), "silence before it");
    assert_eq!(said.get(begin..begin + meant.len()), Some(&meant[..]));
    assert_eq!(stage.told.gaps.load(Ordering::Relaxed), 0);
}

#[test]
fn a_device_of_48_khz_is_given_as_many_samples_as_it_takes_and_heard_at_its_level() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Full);
    *stage.room.hears.lock().unwrap() = 8000;
    stage.open();
    std::thread::sleep(Duration::from_millis(100));
    let (mut heard, mut last, mut sound) = ([0; BLOCK], [0; BLOCK], [0; SAMPLES_PER_FRAME]);
    while stage.card.read(0, &mut heard) == Ok(true) {
        last = heard;
    }
    Law::A.decode(&last, &mut sound);
    assert!(sound.iter().all(|sample| (7700..8300).contains(sample)), "{sound:?}");
    assert_eq!(stage.room.said().len() % Rate::Full.samples_per_frame(), 0);
}

#[test]
fn a_device_that_is_not_there_at_the_start_is_told_and_opened_by_its_name_when_it_comes() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Narrow);
    let (event, after) = stage.event();
    assert_eq!(event, GONE);
    assert!(after < Duration::from_secs(2), "{after:?}");
    stage.room.plugged.store(true, Ordering::Relaxed);
    assert_eq!(stage.event().0, BACK);
    let opened = stage.room.opened.lock().unwrap().clone();
    assert!(opened.len() >= 2 && opened.iter().all(|name| name == "Jabra"), "{opened:?}");
}

#[test]
fn a_device_that_is_pulled_out_is_told_within_2_s_and_goes_on_when_it_is_back() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Narrow);
    stage.open();
    stage.room.plugged.store(false, Ordering::Relaxed);
    let (event, after) = stage.event();
    assert_eq!(event, GONE);
    assert!(after < Duration::from_secs(2), "{after:?}");
    // What is said to nobody is not kept for whoever hears next.
    let mut heard = [0; BLOCK];
    while stage.card.read(0, &mut heard) == Ok(true) {}
    assert_eq!(stage.card.read(0, &mut heard), Ok(false));
    let before = stage.room.said().len();
    stage.room.plugged.store(true, Ordering::Relaxed);
    assert_eq!(stage.event().0, BACK);
    assert_eq!(stage.told.opened.load(Ordering::Relaxed), 2);
    let blocks = blocks(20);
    stage.say(&blocks);
    let mut first = [0; BLOCK];
    Law::A.decode(&blocks[0], &mut first);
    assert!(stage.room.said()[before..].windows(BLOCK).any(|at| at == first));
}

#[test]
fn what_was_said_or_played_to_a_device_that_is_gone_is_not_heard_when_it_is_back() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Narrow);
    stage.open();
    stage.room.plugged.store(false, Ordering::Relaxed);
    assert_eq!(stage.event().0, GONE);
    let (say, blocks_of_it) = crossbeam_channel::bounded(50);
    stage.plays.send(blocks_of_it).unwrap();
    for block in blocks(10) {
        stage.card.write(0, &block).unwrap();
        say.send(block).unwrap();
    }
    let before = stage.room.said().len();
    stage.room.plugged.store(true, Ordering::Relaxed);
    assert_eq!(stage.event().0, BACK);
    std::thread::sleep(Duration::from_millis(200));
    let said = stage.room.said();
    assert!(said.len() > before, "it is open");
    assert!(said[before..].iter().all(|sample| *sample == 0), "nothing of before");
    assert!(say.send(blocks(1)[0]).is_err(), "the recording was closed");
    assert!(!stage.told.playing.load(Ordering::Relaxed));
}

#[test]
fn a_recording_that_is_heard_is_told_whatever_ended_before_it() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Narrow);
    stage.open();
    let (say, blocks_of_it) = crossbeam_channel::bounded(50);
    stage.plays.send(crossbeam_channel::bounded(0).1).unwrap();
    stage.plays.send(blocks_of_it).unwrap();
    let began = Instant::now();
    while !stage.told.playing.load(Ordering::Relaxed) {
        assert!(began.elapsed() < SOON, "it is not told");
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(say);
    while stage.told.playing.load(Ordering::Relaxed) {
        assert!(began.elapsed() < SOON, "its end is not told");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_loudspeaker_gives_its_clock_though_it_has_no_microphone() {
    let mut stage = Stage::new(SoundUse::Loudspeaker, Rate::Narrow);
    stage.open();
    let blocks = blocks(40);
    stage.say(&blocks);
    let mut last = [0; BLOCK];
    Law::A.decode(&blocks[39], &mut last);
    assert!(stage.room.said().windows(BLOCK).any(|at| at == last));
    let mut heard = [1; BLOCK];
    while stage.card.read(0, &mut heard) == Ok(true) {}
    assert!(heard.iter().all(|byte| *byte == Law::A.silence()));
}

#[test]
fn a_port_that_no_device_and_no_card_has_is_said_so() {
    let mut stage = Stage::new(SoundUse::Headset, Rate::Narrow);
    let mut block = [0; BLOCK];
    assert_eq!(stage.card.ports(), 1);
    assert!(stage.card.read(1, &mut block).is_err() && stage.card.write(7, &block).is_err());
    // Nobody takes what is said: it is left out and counted, and nothing waits.
    for _ in 0..3 * BLOCKS {
        stage.card.write(0, &block).unwrap();
    }
    assert!(stage.told.lost.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_line_in_is_the_music_while_it_is_there_and_the_recorded_music_is_heard_while_it_is_not() {
    let (live, told, room) =
        (media::Live::new(), Arc::new(Told::default()), Arc::new(Room::default()));
    let stop = Arc::new(AtomicBool::new(false));
    *room.hears.lock().unwrap() = 8000;
    let thread = {
        let (live, told, room, stop) = (live.clone(), told.clone(), room.clone(), stop.clone());
        std::thread::spawn(move || {
            let open = |name: &str, ways: Ways, _: Option<Rate>| {
                assert_eq!((name, ways), ("Line", Ways { hears: true, says: false }));
                match room.plugged.load(Ordering::Relaxed) {
                    true => Ok(Pretended { room: room.clone(), ways, rate: Rate::Wide }),
                    false => Err(DeviceError::Absent(name.to_owned())),
                }
            };
            line_in::run("Line", open, &live, &told, &stop);
        })
    };
    let until = |what: &str, fits: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !fits() {
            assert!(began.elapsed() < SOON, "{what}");
            std::thread::sleep(Duration::from_millis(5));
        }
        began.elapsed()
    };
    let clips = [media::Clip::narrow([5; 1600]).with_live(&live)];
    until("it is told to be gone", &|| told.condition() == Condition::Gone);
    assert!(clips[0].live().is_none());
    for times in 1..=2 {
        room.plugged.store(true, Ordering::Relaxed);
        until("it is heard", &|| clips[0].live().is_some());
        assert_eq!(told.condition(), Condition::Open);
        assert_eq!(told.opened.load(Ordering::Relaxed), times);
        room.plugged.store(false, Ordering::Relaxed);
        let after = until("it is gone", &|| told.condition() == Condition::Gone);
        assert!(after < Duration::from_secs(2), "{after:?}");
        assert!(clips[0].live().is_none());
    }
    stop.store(true, Ordering::Relaxed);
    thread.join().unwrap();
}
