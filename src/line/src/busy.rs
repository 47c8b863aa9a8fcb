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

use crate::sound::{RATE, Sound, power};
use crate::zone::{Tone, Zone};
use std::f32::consts::{PI, TAU};

/// Samples judged at once: 10 ms.
const HALF: usize = 80;
const HALF_MS: u32 = 10;
/// Cycles of on and off that make a busy tone.
const CYCLES_MIN: u8 = 3;
/// On or off may be this share longer or shorter than the zone says, or this much.
const TOLERANCE: f32 = 0.15;
const TOLERANCE_MS: f32 = 40.0;
/// Exchanges are off by up to 25 Hz (GB/T 3380: 450 ± 25 Hz).
const OFFSET_HZ_MAX: f32 = 27.0;
/// How much a burst may differ from the one before.
const BURST_HZ_MAX: f32 = 6.0;
const BURST_DB_MAX: f32 = 3.0;
/// And 10 ms from the burst's mean.
const EVEN_DB_MAX: f32 = 2.0;
/// Share of the tone in all power.
const PURITY_MIN: f32 = 0.85;
/// Quieter tones are taken for crosstalk of a neighbour's line.
const LEVEL_MIN_DBM0: f32 = -40.0;
/// A pause is this much quieter than the tone; echo of the box's own prompts may be in it.
const PAUSE_DB: f32 = 10.0;
/// Halves in a row that may be neither tone nor pause, where one becomes the other.
const EDGE_HALVES: u8 = 3;

/// An ear for the zone's tones on one port.
#[derive(Clone, Debug)]
pub(crate) struct BusyEar {
    zone: Zone,
    /// What the frequency turns by a sample, and in a half, in radians.
    step: f32,
    turn: f32,
    floor: f32,
    before: (f32, f32),
    phase: Phase,
    /// The last burst, for comparison.
    last: Option<Burst>,
    cycles: u8,
    cycle_of: Option<usize>,
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

/// 10 ms, measured.
#[derive(Clone, Copy, Debug)]
struct Half {
    power: f32,
    /// Off the tone's frequency by this, if it is that tone.
    tone_hz: Option<f32>,
}

impl BusyEar {
    pub(crate) fn new(zone: Zone) -> Self {
        let hz = zone.gone.first().map_or(450.0, |tone| tone.hz);
        let step = TAU * hz / RATE;
        Self {
            zone,
            step,
            turn: step * HALF as f32 % TAU,
            floor: power(LEVEL_MIN_DBM0),
            before: (0.0, 0.0),
            phase: Phase::Other,
            last: None,
            cycles: 0,
            cycle_of: None,
        }
    }

    /// Forgets what was heard.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.zone);
    }

    /// Hears 20 ms; tells whether the far party is gone.
    pub(crate) fn hear(&mut self, sound: &Sound) -> bool {
        let mut gone = false;
        for samples in sound.chunks_exact(HALF) {
            let half = self.measure(samples);
            gone |= self.step(half);
        }
        gone
    }

    /// Correlates with the frequency; its phase against the half before tells how far off it is.
    fn measure(&mut self, samples: &[f32]) -> Half {
        let (mut re, mut im, mut squares) = (0_f32, 0_f32, 0_f32);
        // The angle turns by multiplication: a sine for each sample would cost ten times as much.
        let (turn_re, turn_im) = (self.step.cos(), -self.step.sin());
        let (mut unit_re, mut unit_im) = (1_f32, 0_f32);
        for &sample in samples {
            re += sample * unit_re;
            im += sample * unit_im;
            squares += sample * sample;
            (unit_re, unit_im) =
                (unit_re * turn_re - unit_im * turn_im, unit_re * turn_im + unit_im * turn_re);
        }
        let before = std::mem::replace(&mut self.before, (re, im));
        let len = HALF as f32;
        let power = squares / len;
        if power < self.floor {
            return Half { power, tone_hz: None };
        }
        let (turned_re, turned_im) = (re * before.0 + im * before.1, im * before.0 - re * before.1);
        let mut angle = turned_im.atan2(turned_re) - self.turn;
        while angle < -PI {
            angle += TAU;
        }
        let offset_hz = angle / TAU * RATE / len;
        // What the correlation loses by the offset: sin x / x.
        let x = angle / 2.0;
        let kept = if x.abs() < 1e-3 { 1.0 } else { x.sin() / x };
        let purity = 2.0 * (re * re + im * im) / (len * len) / (kept * kept) / power;
        let is = offset_hz.abs() <= OFFSET_HZ_MAX && purity >= PURITY_MIN;
        Half { power, tone_hz: is.then_some(offset_hz) }
    }

    fn step(&mut self, half: Half) -> bool {
        match self.phase {
            Phase::Other => {
                if let Some(hz) = half.tone_hz {
                    self.phase = Phase::On { burst: Burst::new(half.power, hz), edge: 0 };
                }
                false
            }
            Phase::On { burst, edge } => {
                self.on(burst, edge, half);
                false
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

    fn off(&mut self, on_ms: u32, off_ms: u32, edge: u8, half: Half) -> bool {
        let Some(last) = self.last else {
            self.give_up();
            return false;
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
                false
            }
            Some(hz) => {
                let edge_ms = u32::from(edge) * HALF_MS / 2;
                self.phase = Phase::On { burst: Burst::new(half.power, hz), edge: 0 };
                self.cycle(on_ms, off_ms + edge_ms)
            }
            None if edge < EDGE_HALVES => {
                self.phase = Phase::Off { on_ms, off_ms, edge: edge + 1 };
                false
            }
            None => {
                self.give_up();
                false
            }
        }
    }

    /// A tone and its pause are over.
    fn cycle(&mut self, on_ms: u32, off_ms: u32) -> bool {
        let of = self.zone.gone.iter().position(|tone| fits(tone, on_ms, off_ms));
        match of {
            None => self.start_over(),
            Some(_) if of == self.cycle_of => self.cycles = self.cycles.saturating_add(1),
            Some(_) => (self.cycles, self.cycle_of) = (1, of),
        }
        self.cycles >= CYCLES_MIN
    }

    fn longest_ms(&self) -> u32 {
        let longest = self.zone.gone.iter().map(|tone| u32::from(tone.off_ms)).max();
        longest.unwrap_or(0) * 3 / 2
    }

    fn start_over(&mut self) {
        (self.cycles, self.cycle_of) = (0, None);
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

fn fits(tone: &Tone, on_ms: u32, off_ms: u32) -> bool {
    let near = |ms: u32, nominal: u16| {
        let (ms, nominal) = (ms as f32, f32::from(nominal));
        (ms - nominal).abs() <= (nominal * TOLERANCE).max(TOLERANCE_MS)
    };
    near(on_ms, tone.on_ms) && near(off_ms, tone.off_ms)
}
