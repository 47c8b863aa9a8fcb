//! The bell of a telephone, in the cadence of its country.

use super::TICK_MS;

/// From the end of a ring to who calls: 0.5 to 1.5 s (Telcordia GR-30-CORE 2.3).
const TOLD_AFTER_MS: u32 = 600;

/// When the bell rings within a period of its cadence.
pub(super) struct BellClock {
    rings_ms: Vec<(u32, u32)>,
    pub(super) period_ms: u32,
}

impl BellClock {
    pub(super) fn new(pairs: &[(u16, u16)]) -> Self {
        // Rings begin and end with a tick.
        let whole = |ms: u16| u32::from(ms).div_ceil(TICK_MS) * TICK_MS;
        let (mut rings_ms, mut at) = (Vec::new(), 0);
        for &(on, off) in pairs {
            rings_ms.push((at, at + whole(on)));
            at += whole(on) + whole(off);
        }
        Self { rings_ms, period_ms: at.max(TICK_MS) }
    }

    /// Whether the bell begins to ring now, or ends.
    pub(super) fn edge(&self, ms: u32) -> Option<bool> {
        let phase = ms % self.period_ms;
        self.rings_ms.iter().find_map(|&(from, to)| match phase {
            _ if phase == from => Some(true),
            _ if phase == to => Some(false),
            _ => None,
        })
    }

    /// When who calls is told: behind the last ring of the first period.
    pub(super) fn told_ms(&self) -> u32 {
        let rung = self.rings_ms.last().map_or(0, |&(_, to)| to);
        (rung + TOLD_AFTER_MS).div_ceil(TICK_MS) * TICK_MS
    }
}
