//! What all calls share: the way out, the timers, the index of legs and the counters.

use crate::io::{Output, Rules};
use crate::timers::Timers;
use model::time::Anchor;
use model::{CallId, Fact, Instant, LegId, Order, PlayId, RoomId};
use std::collections::{BTreeMap, VecDeque};

/// What was refused or cut short at a limit since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Refused at `limits.calls_max` or while draining.
    pub refused: u64,
    /// Ended at `limits.call`.
    pub too_long: u64,
    /// Ended at `VISITS_MAX`.
    pub visits_exhausted: u64,
    /// Legs given up after `LOST_AFTER`.
    pub legs_lost: u64,
    /// Callers whose agent's phone fell silent: rung again, or queued first in line.
    pub reconnected: u64,
    /// Transfers that came to nothing.
    pub transfers_failed: u64,
    /// Callers parked so long that they were sent back.
    pub parked_too_long: u64,
    /// Wishes of a phone that fit nothing it does, or met a limit.
    pub wishes_refused: u64,
}

/// What a call reaches beside itself.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) anchor: Anchor,
    pub(crate) rules: Rules,
    pub(crate) draining: bool,
    pub(crate) timers: Timers,
    /// Which call each leg belongs to.
    pub(crate) legs: BTreeMap<LegId, CallId>,
    pub(crate) counters: Counters,
    pub(crate) out: VecDeque<Output>,
    legs_opened: u64,
    plays: u64,
    rooms: u64,
}

impl Shared {
    pub(crate) fn new(anchor: Anchor, rules: Rules) -> Self {
        Self {
            anchor,
            rules,
            draining: false,
            timers: Timers::default(),
            legs: BTreeMap::new(),
            counters: Counters::default(),
            out: VecDeque::new(),
            legs_opened: 0,
            plays: 0,
            rooms: 0,
        }
    }
    pub(crate) fn say(&mut self, output: Output) {
        self.out.push_back(output);
    }
    pub(crate) fn order(&mut self, order: Order) {
        self.say(Output::Order(order));
    }
    pub(crate) fn fact(&mut self, fact: Fact) {
        self.say(Output::Fact(fact));
    }
    /// The number of a new leg of ours.
    pub(crate) fn open_leg(&mut self, call: CallId) -> LegId {
        self.legs_opened += 1;
        let leg = LegId::outbound(self.legs_opened);
        self.legs.insert(leg, call);
        leg
    }
    /// The number of a new play of ours.
    pub(crate) fn open_play(&mut self) -> PlayId {
        self.plays += 1;
        PlayId(self.plays)
    }
    /// The number of a new conference.
    pub(crate) fn open_room(&mut self) -> RoomId {
        self.rooms += 1;
        RoomId(self.rooms)
    }
    /// Milliseconds between two moments as the times of their facts have them, so that a span
    /// told in a fact and the difference of two facts' times agree to the millisecond.
    pub(crate) fn span_ms(&self, from: Instant, to: Instant) -> u64 {
        self.anchor.wall(to).ms_since(self.anchor.wall(from))
    }
}
