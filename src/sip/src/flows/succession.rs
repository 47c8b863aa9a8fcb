//! By which connection a phone came back that had another (RFC 5626 section 4.3).

use crate::peer::FlowId;
use std::collections::BTreeMap;

/// Most closed connections whose successors are known. At it the oldest is forgotten: what goes to
/// it finds nobody.
pub const SUCCESSORS_MAX: usize = 16_384;
/// Most successors in a row that are followed.
const SUCCESSIONS_MAX: usize = 16;

/// Connections and their successors.
#[derive(Debug, Default)]
pub(super) struct Succession(BTreeMap<FlowId, FlowId>);

impl Succession {
    /// Notes that whoever was at the other end of a connection is at that of another now.
    pub fn add(&mut self, old: FlowId, new: FlowId) {
        if old == new {
            return;
        }
        // It came back by one that it had before: nothing leads round.
        self.0.remove(&new);
        self.0.insert(old, new);
        if self.0.len() > SUCCESSORS_MAX {
            self.0.pop_first();
        }
    }

    /// The successors of a connection, the nearest first.
    pub fn of(&self, flow: FlowId) -> impl Iterator<Item = FlowId> {
        let next = |id: &FlowId| self.0.get(id).copied();
        std::iter::successors(next(&flow), next).take(SUCCESSIONS_MAX)
    }
}
