//! Busy and congestion tones as a hang-up: pure, even, in cadence, and nothing else.
//!
//! ```text
//!          even tone                    quiet
//!   Other ----------> On --------------> Off --tone--> On …   on and off each as the zone has it:
//!     ^------------------|----------------|                   a cycle; CYCLES_MIN of them: gone
//!        any other sound for longer than EDGE_HALVES
//! ```
//!
//! Each 10 ms are judged: is nearly all of their power at the tone's frequency, as loud and as high
//! as the burst's beginning? Speech and music pass that now and then. They do not stop for just as
//! long as they sounded, three times, and start again at the same pitch and level.

use crate::pitch::{HALF, HALF_MS, Half, PitchEar};
use crate::sound::Sound;
use crate::zone::Rhythm;
use model::site::Pitch;

/// Cycles of on and off that make a busy tone; and no less than its whole rhythm.
const CYCLES_MIN: u8 = 3;
/// On or off may be this share longer or shorter than the zone says, or this much.
const TOLERANCE: f32 = 0.15;
const TOLERANCE_MS: f32 = 40.0;
/// How much a burst may differ from the one before.
const BURST_HZ_MAX: f32 = 6.0;
const BURST_DB_MAX: f32 = 3.0;
/// And 10 ms from the burst's mean.
const EVEN_DB_MAX: f32 = 2.0;
/// A pause is this much quieter than the tone; echo of the box's own prompts may be in it.
const PAUSE_DB: f32 = 10.0;
/// Halves in a row that may be neither tone nor pause, where one becomes the other.
const EDGE_HALVES: u8 = 3;

/// An ear for rhythms of one pitch on one port.
#[derive(Clone, Debug)]
pub(crate) struct BusyEar {
    pitch: PitchEar,
    /// How far each rhythm was followed.
    rhythms: Vec<Followed>,
    phase: Phase,
    /// The last burst, for comparison.
    last: Option<Burst>,
}

/// A rhythm and how much of it was heard.
#[derive(Clone, Debug)]
struct Followed {
    rhythm: Rhythm,
    /// The pair of on and off that comes next.
    next: usize,
    cycles: u8,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Other,
    On { burst: Burst, edge: u8 },
    Off { on_ms: u32, off_ms: u32, edge: u8 },
}

/// A tone that sounds: sums over its halves.
#[derive(Clone, Copy, Debug)]
struct Burst {
    halves: u16,
    power: f32,
    offset_hz: f32,
}

impl BusyEar {
    /// Makes an ear; none for rhythms of a pause.
    pub(crate) fn new(pitch: Pitch, rhythms: Vec<Rhythm>) -> Option<Self> {
        let follow = |rhythm| Followed { rhythm, next: 0, cycles: 0 };
        Some(Self {
            pitch: PitchEar::new(pitch)?,
            rhythms: rhythms.into_iter().map(follow).collect(),
            phase: Phase::Other,
            last: None,
        })
    }

    /// Forgets what was heard.
    pub(crate) fn reset(&mut self) {
        self.pitch.reset();
        self.give_up();
    }

    /// Tells whether the pitch sounds.
    pub(crate) fn sounds(&self) -> bool {
        matches!(self.phase, Phase::On { .. })
    }

    /// Hears 20 ms; tells the place of the rhythm that was heard, if one was.
    pub(crate) fn hear(&mut self, sound: &Sound) -> Option<usize> {
        let mut heard = None;
        for samples in sound.chunks_exact(HALF) {
            let half = self.pitch.measure(samples);
            heard = self.step(half).or(heard);
        }
        heard
    }

    fn step(&mut self, half: Half) -> Option<usize> {
        match self.phase {
            Phase::Other => {
                if let Some(hz) = half.tone_hz {
                    self.phase = Phase::On { burst: Burst::new(half.power, hz), edge: 0 };
                }
                None
            }
            Phase::On { burst, edge } => {
                self.on(burst, edge, half);
                None
            }
            Phase::Off { on_ms, off_ms, edge } => self.off(on_ms, off_ms, edge, half),
        }
    }

    fn on(&mut self, mut burst: Burst, edge: u8, half: Half) {
        let even = decibels(half.power, burst.mean_power()).abs() <= EVEN_DB_MAX;
        // The very first half is a part of a tone as a rule: a louder one begins the burst anew.
        let young = burst.halves <= 2;
        match half.tone_hz {
            Some(hz) if even && edge == 0 => {
                burst.add(half.power, hz);
                self.phase = Phase::On { burst, edge };
            }
            Some(hz) if young => {
                self.phase = Phase::On { burst: Burst::new(half.power, hz), edge: 0 };
            }
            _ if decibels(half.power, burst.mean_power()) <= -PAUSE_DB => {
                // The edge belongs half to the tone and half to the pause.
                let edge_ms = u32::from(edge) * HALF_MS / 2;
                let on_ms = u32::from(burst.halves) * HALF_MS + edge_ms;
                if self.last.is_some_and(|last| !last.like(&burst)) {
                    self.start_over();
                }
                self.last = Some(burst);
                self.phase = Phase::Off { on_ms, off_ms: HALF_MS + edge_ms, edge: 0 };
            }
            _ if edge < EDGE_HALVES => self.phase = Phase::On { burst, edge: edge + 1 },
            _ => self.give_up(),
        }
    }

    fn off(&mut self, on_ms: u32, off_ms: u32, edge: u8, half: Half) -> Option<usize> {
        let Some(last) = self.last else {
            self.give_up();
            return None;
        };
        let quiet = decibels(half.power, last.mean_power()) <= -PAUSE_DB;
        match half.tone_hz {
            _ if quiet => {
                let off_ms = off_ms + HALF_MS * (1 + u32::from(edge));
                if off_ms > self.longest_ms() {
                    self.give_up();
                } else {
                    self.phase = Phase::Off { on_ms, off_ms, edge: 0 };
                }
                None
            }
            Some(hz) => {
                let edge_ms = u32::from(edge) * HALF_MS / 2;
                self.phase = Phase::On { burst: Burst::new(half.power, hz), edge: 0 };
                let blur = self.pitch.blur_ms();
                self.cycle(on_ms.saturating_sub(blur), off_ms + edge_ms + blur)
            }
            None if edge < EDGE_HALVES => {
                self.phase = Phase::Off { on_ms, off_ms, edge: edge + 1 };
                None
            }
            None => {
                self.give_up();
                None
            }
        }
    }

    /// A tone and its pause are over.
    fn cycle(&mut self, on_ms: u32, off_ms: u32) -> Option<usize> {
        for followed in &mut self.rhythms {
            followed.cycle(on_ms, off_ms);
        }
        self.rhythms.iter().position(Followed::is_sure)
    }

    fn longest_ms(&self) -> u32 {
        self.rhythms.iter().map(|followed| followed.rhythm.longest_pause_ms()).max().unwrap_or(0)
            * 3
            / 2
    }

    fn start_over(&mut self) {
        for followed in &mut self.rhythms {
            (followed.next, followed.cycles) = (0, 0);
        }
    }

    fn give_up(&mut self) {
        self.start_over();
        (self.phase, self.last) = (Phase::Other, None);
    }
}

impl Burst {
    fn new(power: f32, offset_hz: f32) -> Self {
        Self { halves: 1, power, offset_hz }
    }

    fn add(&mut self, power: f32, offset_hz: f32) {
        self.halves = self.halves.saturating_add(1);
        self.power += power;
        self.offset_hz += offset_hz;
    }

    fn mean_power(&self) -> f32 {
        self.power / f32::from(self.halves)
    }

    fn like(&self, other: &Self) -> bool {
        let hz = |burst: &Self| burst.offset_hz / f32::from(burst.halves);
        let db = decibels(self.mean_power(), other.mean_power());
        db.abs() <= BURST_DB_MAX && (hz(self) - hz(other)).abs() <= BURST_HZ_MAX
    }
}

fn decibels(power: f32, of: f32) -> f32 {
    10.0 * (power.max(1e-6) / of.max(1e-6)).log10()
}

impl Followed {
    fn cycle(&mut self, on_ms: u32, off_ms: u32) {
        let pairs = self.rhythm.pairs();
        let fits = |n: usize| pairs.get(n).is_some_and(|pair| fits(*pair, on_ms, off_ms));
        if fits(self.next) {
            self.cycles = self.cycles.saturating_add(1);
            self.next = (self.next + 1) % pairs.len();
            return;
        }
        // It may have begun anywhere.
        let found = (0..pairs.len()).find(|n| fits(*n));
        self.cycles = u8::from(found.is_some());
        self.next = found.map_or(0, |n| (n + 1) % pairs.len());
    }

    fn is_sure(&self) -> bool {
        usize::from(self.cycles) >= self.rhythm.pairs().len().max(CYCLES_MIN.into())
    }
}

fn fits((on, off): (u16, u16), on_ms: u32, off_ms: u32) -> bool {
    let near = |ms: u32, nominal: u16| {
        let (ms, nominal) = (ms as f32, f32::from(nominal));
        (ms - nominal).abs() <= (nominal * TOLERANCE).max(TOLERANCE_MS)
    };
    near(on_ms, on) && near(off_ms, off)
}
