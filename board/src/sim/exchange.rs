//! What the simulated exchange sounds like and how it rings, made ready for the tick.

use super::script::TICK_MS;
use super::sound::Signal;
use model::site::{Bell, Part, Tones};
use std::sync::Arc;

/// How loud its tones come.
const TONE_DBM0: f32 = -13.0;
/// From the end of the first ring to caller id: 0.5 to 1.5 s (Telcordia GR-30-CORE 2.3).
const CALLER_ID_TICKS: u64 = 600 / TICK_MS;

/// An exchange of a country.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    dial: Arc<[Part]>,
    busy: Arc<[Part]>,
    congestion: Arc<[Part]>,
    ringback: Arc<[Part]>,
    special: Arc<[Part]>,
    /// When the bell begins and stops within one period, and how long that is.
    rings: Vec<(u64, u64)>,
    period: u64,
    /// It is so old that it knows no tones.
    by_pulse_alone: bool,
}

/// What the bell does in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ring {
    Begins,
    Ends,
    GoesOn,
    Pauses,
}

impl Exchange {
    /// Makes it of a country's tones.
    pub(super) fn of(tones: &Tones) -> Arc<Self> {
        let (rings, period) = rings(&tones.bell);
        Arc::new(Self {
            dial: tones.dial.parts().into(),
            busy: tones.busy.parts().into(),
            congestion: tones.congestion.parts().into(),
            ringback: tones.ringback.parts().into(),
            special: tones.special.parts().into(),
            rings,
            period,
            by_pulse_alone: false,
        })
    }

    /// The same exchange in a town where numbers are dialled by pulse alone.
    pub(super) fn old(&self) -> Arc<Self> {
        Arc::new(Self { by_pulse_alone: true, ..self.clone() })
    }

    pub(super) fn by_pulse_alone(&self) -> bool {
        self.by_pulse_alone
    }

    pub(super) fn dial(&self) -> Signal {
        Signal::new(&self.dial, TONE_DBM0)
    }

    pub(super) fn busy(&self) -> Signal {
        Signal::new(&self.busy, TONE_DBM0)
    }

    pub(super) fn congestion(&self) -> Signal {
        Signal::new(&self.congestion, TONE_DBM0)
    }

    pub(super) fn ringback(&self) -> Signal {
        Signal::new(&self.ringback, TONE_DBM0)
    }

    pub(super) fn special(&self) -> Signal {
        Signal::new(&self.special, TONE_DBM0)
    }

    /// How long so many rings take.
    pub(super) fn rings_last(&self, rings: u64) -> u64 {
        self.period * rings
    }

    /// What the bell does so many ticks after it began.
    pub(super) fn bell(&self, ticks: u64) -> Ring {
        let phase = ticks % self.period;
        self.rings
            .iter()
            .find_map(|&(from, to)| match phase {
                _ if phase == from => Some(Ring::Begins),
                _ if phase == to => Some(Ring::Ends),
                _ if (from..to).contains(&phase) => Some(Ring::GoesOn),
                _ => None,
            })
            .unwrap_or(Ring::Pauses)
    }

    /// Tells whether caller id may be sent: between the first ring and the second.
    pub(super) fn tells(&self, ticks: u64) -> bool {
        let rung = self.rings.last().map_or(0, |&(_, to)| to);
        (rung + CALLER_ID_TICKS..self.period).contains(&ticks)
    }
}

fn rings(bell: &Bell) -> (Vec<(u64, u64)>, u64) {
    let (mut rings, mut at) = (Vec::new(), 0);
    for &(on, off) in bell.pairs() {
        let to = at + u64::from(on) / TICK_MS;
        rings.push((at, to));
        at = to + u64::from(off) / TICK_MS;
    }
    (rings, at.max(1))
}
