//! What a phone's own keys ask of the box, and what the box shows on them.

use crate::fact::AgentState;
use crate::id::{AgentId, PhoneId};
use crate::person::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When a phone's calls go elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ForwardWhen {
    Always,
    Busy,
    NoAnswer,
}

/// What a phone asks for by a key of its own (`as-feature-event`, hoteling); feature codes ask the
/// same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeatureWish {
    /// Do not disturb.
    Dnd(bool),
    /// Send calls elsewhere, or no longer.
    Forward {
        when: ForwardWhen,
        to: Option<String>,
        /// How often the phone rings before, where it says so for `NoAnswer`.
        rings: Option<u8>,
    },
    /// The agent of this phone logs in, or the one named sits down at it (hot desking).
    LogIn {
        agent: Option<AgentId>,
        pin: Option<Secret>,
    },
    LogOut,
    Ready,
    /// With the reason's word, or an empty one.
    NotReady {
        reason: String,
    },
    /// After-call work 话后处理 begins (or goes on).
    WrapUp,
}

/// What a phone shows of itself and of who sits at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    pub dnd: bool,
    pub forwards: BTreeMap<ForwardWhen, String>,
    /// After so many rings without an answer calls are sent on.
    pub rings: u8,
    /// Who sits at it, and how the agent is.
    pub agent: Option<(AgentId, AgentState)>,
}

/// What another phone's lamp shows of a phone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lamp {
    #[default]
    Idle,
    /// It rings; picking up takes the call. `caller` is what may be shown of who calls.
    Ringing {
        caller: String,
    },
    Talking {
        other: String,
    },
    /// Not registered.
    Away,
}

/// Something a subscriber may watch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watched {
    Phone(PhoneId),
    Agent(AgentId),
    /// A park slot, by what is dialled for it.
    Slot(String),
}
