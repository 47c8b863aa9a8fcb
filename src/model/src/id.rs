//! Identities: what a call, a leg, a queue or an agent is called everywhere.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Defines a named identity: a short, checked string that is cheap to clone.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Makes the identity from its text.
            pub fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }
            /// Gives the text, as it stands in `site.toml`.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.0)
            }
        }
    };
}

name!(
    /// An agent 坐席, by the number the agent logs in with, e.g. `8001`.
    AgentId
);
name!(
    /// A desk phone's account (its SIP user part), e.g. `8001`. By default an agent's own number.
    PhoneId
);
name!(
    /// A queue 排队, by its key in `site.toml`.
    QueueId
);
name!(
    /// An IVR menu (or other flow node), by its key in `site.toml`.
    MenuId
);
name!(
    /// A skill 技能 an agent has and a queue asks for.
    SkillId
);
name!(
    /// A role: what its people may do and see, by its key in `site.toml`.
    RoleId
);
name!(
    /// A SIP trunk, by its key in `site.toml`.
    TrunkId
);
name!(
    /// A port of a line card, by its key in `site.toml`, e.g. `fxo-1`.
    PortId
);
name!(
    /// A prompt or part of a prompt, e.g. `greeting`, `num.7`; one recording a language.
    PromptId
);

/// A call: from the caller's arrival to the last leg's end. Counts up for the life of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

/// A pass of a call through ivr, queue and agent. Overflow, transfer or a survey opens the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VisitId {
    pub call: CallId,
    /// Counts from 1 within the call.
    pub no: u16,
}

impl fmt::Display for VisitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.call, self.no)
    }
}

/// A leg: one party's connection to the box, for as long as the daemon runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegId(pub u64);

impl LegId {
    /// Legs that the exchange opened (a desk phone it rings) have this bit set; legs that arrived
    /// from outside have not, so both sides may number without asking each other.
    const OUTBOUND: u64 = 1 << 63;

    /// The `n`th leg that arrived from a line, trunk or phone.
    pub fn inbound(n: u64) -> Self {
        Self(n & !Self::OUTBOUND)
    }
    /// The `n`th leg that the exchange opened.
    pub fn outbound(n: u64) -> Self {
        Self(n | Self::OUTBOUND)
    }
    /// Tells whether the exchange opened this leg.
    pub fn is_outbound(self) -> bool {
        self.0 & Self::OUTBOUND != 0
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.is_outbound() { 'o' } else { 'i' };
        write!(f, "{side}{}", self.0 & !Self::OUTBOUND)
    }
}

/// A recording: the `part`th sealed file of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordingId {
    pub call: CallId,
    /// Counts from 1 within the call.
    pub part: u16,
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.call, self.part)
    }
}

impl std::str::FromStr for RecordingId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is no recording id; expected digits-digits, e.g. 00000042-1");
        let (call, part) = text.split_once('-').ok_or_else(wrong)?;
        Ok(Self {
            call: CallId(call.parse().map_err(|_| wrong())?),
            part: part.parse().map_err(|_| wrong())?,
        })
    }
}

/// A conference: legs that hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomId(pub u64);

/// One playing of clips on a leg, so that its end can be told from another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlayId(pub u64);
