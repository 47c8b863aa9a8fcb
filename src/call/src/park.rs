//! A caller in a slot: hears music until somebody takes the caller out, or for too long.

use crate::SEEK_MAX;
use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Back, Call, State};
use crate::timers::Kind;
use model::fact::Who;
use model::{Cause, Fact, Instant, LegId};

impl Call {
    /// A party puts the other one into a slot, and is out of the call.
    pub(crate) fn park(
        &mut self,
        now: Instant,
        leg: LegId,
        slot: String,
        kept: bool,
        shared: &mut Shared,
    ) {
        let Some(talk) = self.asks(now, leg, shared) else {
            shared.counters.wishes_refused += 1;
            return;
        };
        self.caller_waits(shared);
        if kept {
            shared.legs.remove(&leg);
            shared.say(Output::LetGo { leg });
            self.release(now, &talk, shared);
        } else {
            self.let_go(now, &talk, shared);
        }
        self.enter(now, State::Ending);
        if self.open_visit(now, shared) {
            shared.fact(Fact::Transferred { visit: self.visit(), by: talk.who.clone() });
            self.enters_slot(now, slot, talk.who, shared);
        }
    }

    /// The caller is in a slot from here on.
    pub(crate) fn enters_slot(&mut self, now: Instant, slot: String, by: Who, shared: &mut Shared) {
        let visit = self.visit();
        shared.fact(Fact::Parked { visit, slot: slot.clone(), by: by.clone() });
        self.enter(now, State::Parked { slot, by, since: now });
        shared.timers.set(self.id, Kind::Park, now + shared.rules.park);
        if let Some(leg) = self.caller {
            self.play_music(leg, shared);
        }
    }

    /// Says that the slot is free, and gives who had parked.
    pub(crate) fn leave_slot(&mut self, now: Instant, shared: &mut Shared) -> Option<Who> {
        let State::Parked { slot, by, since } = self.enter(now, State::Ending) else { return None };
        shared.timers.clear(self.id, Kind::Park);
        let parked_ms = shared.span_ms(since, now);
        shared.fact(Fact::Unparked { visit: self.visit(), slot, parked_ms });
        Some(by)
    }

    /// The caller was in the slot for too long: whoever parked is rung, then anybody.
    pub(crate) fn parked_too_long(&mut self, now: Instant, shared: &mut Shared) {
        if !matches!(self.state, State::Parked { .. }) {
            return;
        }
        if self.joining.is_some() {
            // Being taken out this very moment.
            return shared.timers.set(self.id, Kind::Park, now + SEEK_MAX);
        }
        shared.counters.parked_too_long += 1;
        let Some(by) = self.leave_slot(now, shared) else { return };
        let mut back = self.ways_back(Some(by), shared);
        if back.len() == 1 {
            // One of ours waits here as well, and is not let go for a phone that is not answered.
            back.push_back(Back::Menu(shared.rules.to_agent.clone()));
        }
        self.go_back(now, back, Cause::NoAnswer, shared);
    }
}
