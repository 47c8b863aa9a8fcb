//! What a session may reach during one turn of the core.

use crate::{Counters, Output};
use model::site::{Node, Opening, Site};
use model::time::Anchor;
use model::{Fact, Instant, MenuId, PlayId};
use std::collections::VecDeque;

/// The moment and the ways out of the core.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    pub(crate) anchor: Anchor,
    pub(crate) counters: &'a mut Counters,
    pub(crate) plays: &'a mut u64,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl Turn<'_> {
    pub(crate) fn out(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
    pub(crate) fn fact(&mut self, fact: Fact) {
        self.out(Output::Fact(fact));
    }
    /// A number that no other play of this core has.
    pub(crate) fn next_play(&mut self) -> PlayId {
        *self.plays += 1;
        PlayId(*self.plays)
    }
    /// The node an hours node leads to now, by the clock of the site's zone.
    ///
    /// A schedule that is not there counts as open: a caller rather waits than is sent away.
    pub(crate) fn door<'s>(&self, site: &'s Site, node: &'s Node) -> &'s MenuId {
        let Node::Hours { schedule, open, closed, holiday } = node else {
            return &site.flow.to_agent;
        };
        let civil = site.zone.civil(self.anchor.wall(self.now));
        match site.flow.schedules.get(schedule).map(|hours| hours.at(civil)) {
            Some(Opening::Open) | None => open,
            Some(Opening::Closed) => closed,
            Some(Opening::Holiday) => holiday,
        }
    }
    /// Where the flow's `to_agent` leads now: itself, or through hours nodes to another.
    pub(crate) fn agent_node<'s>(&self, site: &'s Site) -> &'s MenuId {
        /// More doors one behind the other than any flow has; then the last is taken as it is.
        const DOORS_MAX: usize = 8;
        let mut to = &site.flow.to_agent;
        for _ in 0..DOORS_MAX {
            match site.flow.nodes.get(to) {
                Some(node @ Node::Hours { .. }) => to = self.door(site, node),
                _ => break,
            }
        }
        to
    }
}
