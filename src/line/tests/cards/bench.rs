//! Ports of the guest's cards, driven in real time as the media thread does, with a tone to say and an
//! ear for one.

pub use board::BLOCK;
use board::Card as _;
use board::dahdi::{DahdiCard, Kernel, Signalling, Wanted};
use model::port::{PortEvent, PortKind};
use model::{Instant, Law};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub fn kernel() -> Kernel {
    Kernel::new(Path::new("/dev/dahdi"))
}

pub fn fxo(channel: u16) -> Wanted {
    Wanted::analogue(channel, PortKind::Fxo, Law::A)
}

pub fn fxs(channel: u16) -> Wanted {
    Wanted::analogue(channel, PortKind::Fxs, Law::A)
}

pub fn bearer(channel: u16) -> Wanted {
    Wanted { signalling: Signalling::Bearer, ..fxo(channel) }
}

/// A tone and an ear for each port.
pub struct Bench {
    pub card: DahdiCard<Kernel>,
    began: std::time::Instant,
    ticks: u32,
    /// What each port says, in hertz; silence at 0.
    pub says: Vec<u32>,
    /// What each says with it, for a key.
    pub adds: Vec<u32>,
    /// Samples each port has said.
    said: Vec<usize>,
    tones: BTreeMap<u32, Tone>,
    /// Blocks each port heard, and those in which a tone was listened for and found.
    pub heard: Vec<Heard>,
    pub listens: Vec<u32>,
    /// A tone that must not be heard there.
    pub shuns: Vec<u32>,
    pub events: Vec<(usize, PortEvent)>,
    /// The block each port said last.
    pub blocks: Vec<[u8; BLOCK]>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    pub blocks: u32,
    pub tone: u32,
    /// Blocks in which the tone was found that must not be.
    pub other: u32,
    /// Blocks in which anything was said.
    pub loud: u32,
}

impl Bench {
    pub fn new(wanted: &[Wanted]) -> Self {
        let card = DahdiCard::new(kernel(), Instant::START, wanted);
        let ports = wanted.len();
        Self {
            card,
            began: std::time::Instant::now(),
            ticks: 0,
            says: vec![0; ports],
            adds: vec![0; ports],
            said: vec![0; ports],
            tones: BTreeMap::new(),
            heard: vec![Heard::default(); ports],
            listens: vec![0; ports],
            shuns: vec![0; ports],
            events: Vec::new(),
            blocks: vec![[Law::A.silence(); BLOCK]; ports],
        }
    }

    pub fn now(&self) -> Instant {
        Instant::START + self.began.elapsed()
    }

    /// The next tick of 20 ms; those that a busy machine missed are made up for.
    pub fn tick(&mut self) {
        self.ticks += 1;
        let due = self.began + Duration::from_millis(20) * self.ticks;
        std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
        self.card.tick(self.now());
        self.events.extend(std::iter::from_fn(|| self.card.event()));
        for port in 0..self.says.len() {
            let mut block = [0; BLOCK];
            for _ in 0..3 {
                if !self.card.read(port, &mut block).unwrap() {
                    break;
                }
                self.blocks[port] = block;
                self.heard[port].blocks += 1;
                let (listens, shuns) = (self.listens[port], self.shuns[port]);
                self.heard[port].tone += u32::from(listens > 0 && self.tone(listens).is_in(&block));
                self.heard[port].other += u32::from(shuns > 0 && self.tone(shuns).is_in(&block));
                self.heard[port].loud += u32::from(is_loud(&block));
                // A block for each that came, as the engine does: the card's clock is kept.
                let (says, said) = (self.says[port], self.said[port]);
                let mut block = self.tone(says).block(said);
                if self.adds[port] > 0 {
                    let other = self.tone(self.adds[port]).block(said);
                    let sum = |(a, b)| Law::A.byte(Law::A.sample(a) + Law::A.sample(b));
                    block = std::array::from_fn(|place| sum((block[place], other[place])));
                }
                self.card.write(port, &block).unwrap();
                self.said[port] += BLOCK;
            }
        }
    }

    fn tone(&mut self, hz: u32) -> &Tone {
        self.tones.entry(hz).or_insert_with(|| Tone::new(hz))
    }

    pub fn run(&mut self, time: Duration) {
        let end = self.now() + time;
        while self.now() < end {
            self.tick();
        }
    }

    /// Goes on until an event came to a port, which it takes out of those that came.
    pub fn until(&mut self, port: usize, event: PortEvent, within: Duration) -> Duration {
        let began = self.now();
        loop {
            let found = self.events.iter().position(|one| *one == (port, event));
            if let Some(place) = found {
                self.events.remove(place);
                return self.now().since(began);
            }
            let events = &self.events;
            assert!(self.now().since(began) < within, "port {port}: no {event:?}: {events:?}");
            self.tick();
        }
    }

    pub fn forget(&mut self) {
        self.heard.fill(Heard::default());
        self.events.clear();
    }
}

/// Louder than -40 dBm0; a channel that nobody has open is all ones, which is no sound.
fn is_loud(block: &[u8; BLOCK]) -> bool {
    let samples = || block.iter().map(|byte| i64::from(Law::A.sample(*byte)));
    let (power, sum) =
        (samples().map(|sample| sample * sample).sum::<i64>(), samples().sum::<i64>());
    let all = BLOCK as i64;
    power / all - (sum / all).pow(2) > 26_000
}

/// A tone, made and recognised by tables of whole numbers: the guest's processor is emulated.
pub struct Tone {
    /// Samples after which it is where it was.
    round: [u8; ROUND],
    cosine: [i64; BLOCK],
    sine: [i64; BLOCK],
}

/// Tones are multiples of 25 Hz.
const ROUND: usize = 320;

impl Tone {
    pub fn new(hz: u32) -> Self {
        let angle = |place: usize| {
            let turns = place as f64 * f64::from(hz) / 8000.0;
            turns.fract() * std::f64::consts::TAU
        };
        let whole = |value: f64, peak: f64| (value * peak).round() as i64;
        Self {
            round: std::array::from_fn(|place| {
                if hz == 0 {
                    Law::A.silence()
                } else {
                    Law::A.byte(whole(angle(place).sin(), 8000.0) as i16)
                }
            }),
            cosine: std::array::from_fn(|place| whole(angle(place).cos(), 1024.0)),
            sine: std::array::from_fn(|place| whole(angle(place).sin(), 1024.0)),
        }
    }

    pub fn block(&self, from: usize) -> [u8; BLOCK] {
        std::array::from_fn(|place| self.round[(from + place) % ROUND])
    }

    /// Nine tenths of a block's power are at its frequency: 20 ms tell apart what is 50 Hz apart.
    pub fn is_in(&self, block: &[u8; BLOCK]) -> bool {
        let (mut cosine, mut sine, mut power) = (0, 0, 0);
        for (place, &byte) in block.iter().enumerate() {
            let sample = i64::from(Law::A.sample(byte));
            cosine += sample * self.cosine[place] / 1024;
            sine += sample * self.sine[place] / 1024;
            power += sample * sample;
        }
        let at_hz = (cosine * cosine + sine * sine) * 2 / BLOCK as i64;
        power > 1_000_000 && at_hz * 10 > power * 9
    }
}
