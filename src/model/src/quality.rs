//! What is known of a leg's sound over ten seconds.

use serde::{Deserialize, Serialize};

/// Span of a leg's figures; the last of a leg is shorter.
pub const QUALITY_MS: u64 = 10_000;
/// Figures in one fact: a minute's.
pub const QUALITY_PER_FACT: usize = 6;

/// An opinion below this is a poor one, in hundredths (ITU-T G.107 annex B: many are dissatisfied).
pub const MOS_POOR: u16 = 360;

/// Why a leg is told of though its packets come: nothing is to be heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Muted {
    /// Nothing was heard of it since the talk began.
    Unheard,
    /// It was heard, then nothing came but silence, and the other asked in vain.
    Unanswered,
    /// It was heard, and now nothing is heard of anybody.
    DeadAir,
}

impl Muted {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Unheard, Self::Unanswered, Self::DeadAir];

    /// The key under which a person reads it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unheard => "unheard",
            Self::Unanswered => "unanswered",
            Self::DeadAir => "dead-air",
        }
    }
}

/// A leg's sound over a span: what came of it and how it would be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The span, in milliseconds.
    pub ms: u16,
    /// Packets that came, that were numbered and never came, and that came too late.
    pub packets: u16,
    pub lost: u16,
    pub late: u16,
    /// Sound that was made up.
    pub concealed_ms: u16,
    /// Interarrival jitter, and the wait in the jitter buffer.
    pub jitter_ms: u16,
    pub buffer_ms: u16,
    /// There and back, where the peer reports (RTCP).
    pub round_trip_ms: Option<u16>,
    /// What the peer says it lost of ours of late, in 256ths.
    pub far_lost: Option<u8>,
    /// How loud voice was, and the noise between, in dBm0; where there was any.
    pub level_dbm0: Option<i8>,
    pub noise_dbm0: Option<i8>,
    /// How long somebody spoke, and how long there was no sound of any room.
    pub voice_ms: u16,
    pub dead_ms: u16,
    pub muted: Option<Muted>,
    /// The opinion of the E-model in hundredths, 100 to 450; none where nothing was to come.
    pub mos: Option<u16>,
}
