//! The counters: where numbering goes on after a restart.

use super::call_of;
use model::{CallId, Fact, WallTime};
use serde::{Deserialize, Serialize};

/// Counts up with any change of what a view's rows say; a journal with rows of another version
/// rebuilds them from its facts when it is opened.
pub const VIEWS_VERSION: u16 = 3;

/// Where numbering goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountersView {
    pub version: u16,
    /// The last fact; 0 before the first.
    pub last_seq: u64,
    /// The time of the last fact.
    pub last_at: WallTime,
    /// The call number after the highest ever used; 1 before the first.
    pub next_call: u64,
}

impl Default for CountersView {
    fn default() -> Self {
        Self { version: VIEWS_VERSION, last_seq: 0, last_at: WallTime(0), next_call: 1 }
    }
}

impl CountersView {
    pub(crate) fn fold(&mut self, seq: u64, at: WallTime, fact: &Fact) {
        self.last_seq = seq;
        self.last_at = at;
        if let Some(CallId(call)) = call_of(fact) {
            self.next_call = self.next_call.max(call.saturating_add(1));
        }
    }
}
