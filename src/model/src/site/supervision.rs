//! What a site says of supervisors in talks, and of how sound is cared for.

use serde::{Deserialize, Serialize};

/// What the parties of a talk are told when a supervisor listens or whispers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// Nothing; the law of the place allows it, or the greeting says it.
    #[default]
    None,
    /// A beep each 15 s, as long as the supervisor is there.
    Beep,
    /// A sentence when the supervisor comes.
    Announcement,
}

/// `[supervision]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    pub notice: Notice,
}

/// What is done for the sound of legs before others hear it, by `[media]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoundCare {
    /// Noise is suppressed, where neither trunk nor agent says otherwise.
    pub suppress_noise: bool,
    /// Voices too faint or too loud are brought within bounds.
    pub automatic_level: bool,
}
