//! Which trunk a call takes: in their order, those that can be reached and have room first.

use model::TrunkId;
use model::site::Site;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of the trunks, beside the site.
#[derive(Debug, Default)]
pub(crate) struct Trunks {
    down: BTreeSet<TrunkId>,
    incoming: BTreeMap<TrunkId, u16>,
    outgoing: BTreeMap<TrunkId, u16>,
}

impl Trunks {
    /// Notes the health of a trunk; true where it changed. Every trunk is taken to be up at first.
    pub(crate) fn health(&mut self, trunk: &TrunkId, up: bool) -> bool {
        match up {
            true => self.down.remove(trunk),
            false => self.down.insert(trunk.clone()),
        }
    }

    pub(crate) fn is_up(&self, trunk: &TrunkId) -> bool {
        !self.down.contains(trunk)
    }

    pub(crate) fn incoming(&mut self, trunk: TrunkId, calls: u16) {
        match calls {
            0 => self.incoming.remove(&trunk),
            calls => self.incoming.insert(trunk, calls),
        };
    }

    pub(crate) fn take(&mut self, trunk: &TrunkId) {
        *self.outgoing.entry(trunk.clone()).or_default() += 1;
    }

    pub(crate) fn give_back(&mut self, trunk: &TrunkId) {
        if let Some(calls) = self.outgoing.get_mut(trunk) {
            *calls = calls.saturating_sub(1);
            if *calls == 0 {
                self.outgoing.remove(trunk);
            }
        }
    }

    /// Calls on a trunk, both ways.
    pub(crate) fn calls(&self, trunk: &TrunkId) -> u16 {
        let of = |calls: &BTreeMap<TrunkId, u16>| calls.get(trunk).copied().unwrap_or(0);
        of(&self.incoming).saturating_add(of(&self.outgoing))
    }

    /// Forgets trunks that the site no longer has.
    pub(crate) fn keep(&mut self, site: &Site) {
        self.down.retain(|trunk| site.trunks.contains_key(trunk));
        self.incoming.retain(|trunk, _| site.trunks.contains_key(trunk));
    }

    /// The next trunk for a call that tried some. One that is down comes after all that are up: its
    /// health may be known wrong. One without room is for emergencies alone, and comes last.
    pub(crate) fn next(
        &self,
        site: &Site,
        tried: &BTreeSet<TrunkId>,
        emergency: bool,
    ) -> Option<TrunkId> {
        let out =
            site.trunks.iter().filter(|(id, trunk)| trunk.dials_out() && !tried.contains(*id));
        let ranked = out.map(|(id, trunk)| {
            (self.calls(id) >= trunk.calls_max, !self.is_up(id), trunk.out.order, id)
        });
        let open = ranked.filter(|(full, ..)| emergency || !full);
        open.min().map(|(.., id)| id.clone())
    }
}
