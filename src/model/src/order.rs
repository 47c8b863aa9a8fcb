//! What the exchange wants done on legs; the daemon carries it out through sip, line and media.

use crate::id::{LegId, PhoneId, PlayId, PromptId, RecordingId};
use crate::leg::Cause;
use crate::person::{Number, PersonName};
use crate::site::Lang;
use serde::{Deserialize, Serialize};

/// A piece of recorded sound to play, in one language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Clip {
    pub lang: Lang,
    pub prompt: PromptId,
}

impl Clip {
    /// Names the prompt in a language.
    pub fn new(lang: Lang, prompt: &str) -> Self {
        Self { lang, prompt: prompt.into() }
    }
}

/// Most clips one `Order::Play` may join. A longer list is cut at load or where it is made.
pub const CLIPS_PER_PLAY_MAX: usize = 32;

/// What shall be done. Orders of one turn are carried out in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Answer a leg that arrived.
    Answer { leg: LegId },
    /// Refuse a leg that arrived and was not answered.
    Refuse { leg: LegId, cause: Cause },
    /// Ring a desk phone as a new leg. `LegEvent::Ringing`, `Answered` or `Gone` follow.
    Ring {
        leg: LegId,
        phone: PhoneId,
        /// Who calls, shown on the phone's display.
        caller: Number,
        name: PersonName,
    },
    /// Play clips joined without a gap; replaces what the leg heard from a play before.
    /// A play that is not looped ends in `LegEvent::Played`, unless it was stopped or replaced.
    Play { leg: LegId, play: PlayId, clips: Vec<Clip>, looped: bool },
    /// Stop what plays on the leg, if anything.
    StopPlay { leg: LegId },
    /// Let two legs hear each other. Ends any play on both.
    Bridge { a: LegId, b: LegId },
    /// Part the leg from its peer; both hear silence until the next play.
    Unbridge { leg: LegId },
    /// Record what the leg says (left) and hears (right) until `StopRecord` or its end.
    Record { leg: LegId, recording: RecordingId },
    /// End the recording.
    StopRecord { recording: RecordingId },
    /// Hang a leg up, or stop ringing it. `LegEvent::Gone` follows once.
    HangUp { leg: LegId, cause: Cause },
}

impl Order {
    /// Tells whether carrying the order out tells somebody that a fact stands, so that the facts
    /// emitted before it must be on disk first.
    pub fn acknowledges(&self) -> bool {
        matches!(self, Self::Answer { .. } | Self::Play { .. } | Self::Bridge { .. })
    }
}
