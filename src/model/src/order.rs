//! What the exchange wants done on legs; the daemon carries it out through sip, line and media.

use crate::id::{LegId, PhoneId, PlayId, PromptId, RecordingId, RoomId, TrunkId};
use crate::leg::Cause;
use crate::person::{Number, PersonName};
use crate::site::{Lang, Marks};
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

/// What an agent's phone shows of a caller before the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pop {
    /// The menu or queue the caller comes from, in the agent's language.
    pub from: String,
    pub waited_s: u32,
    pub marks: Marks,
    /// The caller's number is shown masked.
    pub masked: bool,
    /// The phone shall answer by itself.
    pub auto_answer: bool,
    /// Who sends the caller on by a transfer; empty where nobody does.
    pub sent_by: Number,
}

/// How a transfer goes that a phone asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferStage {
    Trying,
    Ringing,
    /// It stands: the phone that asked is out of the call.
    Done,
    /// It came to nothing: the phone that asked has its caller back.
    Failed(Cause),
}

/// By whom a supervisor in a room is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Nobody,
    One(LegId),
    Everybody,
}

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
        /// What else the phone shows, and whether it answers by itself.
        pop: Pop,
        /// The leg it is to talk with, whose codec suits it best.
        with: Option<LegId>,
    },
    /// Call a number through a trunk as a new leg. `Ringing`, `EarlyMedia`, `Answered` or `Gone`
    /// follow.
    Dial {
        leg: LegId,
        trunk: TrunkId,
        /// As the trunk takes it.
        number: Number,
        /// The number shown; empty for withheld.
        caller: Number,
        name: PersonName,
        /// The number that sent the call on, where the box forwards it.
        diverted: Number,
        /// Who sends the caller on by a transfer; empty where nobody does.
        sent_by: Number,
        /// The leg it is to talk with, whose codec suits it best.
        with: Option<LegId>,
    },
    /// Tell a leg that arrived that the far side rings.
    Alert { leg: LegId },
    /// Open the sound of a leg that arrived before it is answered.
    EarlyMedia { leg: LegId },
    /// Put the leg into a room: it hears everybody there but itself. Ends its bridge and play.
    Mix { leg: LegId, room: RoomId },
    /// Put the leg into a room as a supervisor, who hears everybody there and is heard as `voice`
    /// says, or change by whom it is heard. A play goes on. With `beeps` the others are beeped at.
    Supervise { leg: LegId, room: RoomId, voice: Voice, beeps: bool },
    /// Take the leg out of its room.
    Unmix { leg: LegId },
    /// Tell the phone that asked for a transfer how it goes.
    Transferring { leg: LegId, stage: TransferStage },
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
        matches!(
            self,
            Self::Answer { .. } | Self::Play { .. } | Self::Bridge { .. } | Self::Supervise { .. }
        )
    }
}
