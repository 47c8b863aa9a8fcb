//! The tones of a country's exchanges, as data.

/// A tone of one frequency that comes and goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    pub hz: f32,
    pub on_ms: u16,
    pub off_ms: u16,
}

impl Tone {
    /// Makes it of its frequency, and the times it sounds and pauses.
    pub const fn new(hz: f32, on_ms: u16, off_ms: u16) -> Self {
        Self { hz, on_ms, off_ms }
    }
}

/// What a port has to know of the exchanges of a country.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zone {
    pub name: &'static str,
    /// Tones that say the far party is gone: busy and congestion. All of one frequency.
    pub gone: &'static [Tone],
    /// The pause between two rings of one call.
    pub ring_pause_ms: u16,
}

/// China: 450 Hz, busy 350/350 and congestion 700/700 ms, ring 1000/4000 ms (GB/T 3380).
pub const CHINA: Zone = Zone {
    name: "cn",
    gone: &[Tone::new(450.0, 350, 350), Tone::new(450.0, 700, 700)],
    ring_pause_ms: 4000,
};
