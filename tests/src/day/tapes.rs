//! Promise: every moment from a caller's answer until the leg is gone or hung up is recorded. Calls
//! among colleagues are recorded as well, on the leg of one of them; that is the ledger's promise.

use anyhow::{Context, Result, ensure};
use model::{LegId, RecordingId};
use std::collections::{BTreeMap, BTreeSet};

/// Which legs must be recorded and which are.
#[derive(Debug, Default)]
pub struct Tapes {
    answered: BTreeSet<LegId>,
    running: BTreeMap<RecordingId, LegId>,
    changed: bool,
}

impl Tapes {
    pub fn answered(&mut self, leg: LegId) {
        self.answered.insert(leg);
        self.changed = true;
    }
    pub fn gone(&mut self, leg: LegId) {
        self.changed |= self.answered.remove(&leg);
    }
    pub fn begins(&mut self, leg: LegId, recording: RecordingId) -> Result<()> {
        let before = self.running.insert(recording, leg);
        ensure!(before.is_none(), "recording {recording} begins twice");
        self.changed = true;
        Ok(())
    }
    pub fn ends(&mut self, recording: RecordingId) -> Result<()> {
        let leg = self.running.remove(&recording);
        leg.with_context(|| format!("recording {recording} ends and did not run"))?;
        self.changed = true;
        Ok(())
    }
    /// Checks the promise after a step. A caller who was joined with another is heard on that one's
    /// recording: `heard` tells of a leg whether it is with a recorded one, or hears last words.
    pub fn settled(&mut self, heard: impl Fn(LegId, &BTreeSet<LegId>) -> bool) -> Result<()> {
        if std::mem::take(&mut self.changed) {
            let recorded: BTreeSet<LegId> = self.running.values().copied().collect();
            ensure!(recorded.len() == self.running.len(), "a leg is recorded twice");
            let unheard = self
                .answered
                .iter()
                .find(|leg| !recorded.contains(leg) && !heard(**leg, &recorded));
            ensure!(unheard.is_none(), "{unheard:?} is not recorded, but {recorded:?}");
        }
        Ok(())
    }
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
}
