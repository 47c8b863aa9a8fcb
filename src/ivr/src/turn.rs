//! What a session may reach during one turn of the core.

use crate::{Counters, Output};
use model::time::Anchor;
use model::{Fact, Instant, PlayId};
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
}
