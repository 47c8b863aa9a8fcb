//! What a supervisor does in a talk of an agent: who hears whom.

use serde::{Deserialize, Serialize};

/// How a supervisor is in a talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Supervising {
    /// 监听: hears both, and nobody hears the supervisor.
    Listen,
    /// 密语: the agent alone hears the supervisor.
    Whisper,
    /// 强插: all hear each other.
    Barge,
    /// 拦截: the supervisor has the talk, and the agent is out of it.
    TakeOver,
}

impl Supervising {
    /// Every way, in the order of their keys on the phone.
    pub const ALL: [Self; 4] = [Self::Listen, Self::Whisper, Self::Barge, Self::TakeOver];

    /// The key under which a person reads it; the feature code has the same.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
            Self::TakeOver => "take-over",
        }
    }

    /// The key of a phone that does it in a talk that is listened to.
    pub const fn digit(self) -> char {
        match self {
            Self::Listen => '4',
            Self::Whisper => '5',
            Self::Barge => '6',
            Self::TakeOver => '7',
        }
    }

    /// The way of a key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.key() == key)
    }
}
