//! A party asks another while the caller waits, all on one leg of its phone.
//!
//! ```text
//!   Talking ──Consult──▶ to rings ──answered──▶ party ↔ other  ◀──Swap──▶  party ↔ caller
//!      ▲                    │                        │ Complete, or the party hangs up
//!      └── nobody came ─────┘                        ├──▶ caller ↔ other (a new visit)
//!      └──────────── the other one hangs up ─────────┤
//!                                                    └── Conference ──▶ all three
//! ```

use crate::RINGBACK;
use crate::shared::Shared;
use crate::state::{Call, Consultation, State, Talk};
use model::{Clip, Fact, Instant, LegId, Order};

impl Call {
    /// Begins to ask another.
    pub(crate) fn consult(
        &mut self,
        now: Instant,
        leg: LegId,
        to: String,
        shared: &mut Shared,
    ) -> bool {
        let Some(talk) = self.asks(now, leg, shared) else { return false };
        let by = talk.who.clone();
        let both = Consultation { talk, to: None, other: None, with_caller: false };
        self.enter(now, State::Consulting(both));
        self.caller_waits(shared);
        let play = shared.open_play();
        let clips = vec![Clip::new(self.lang, RINGBACK)];
        shared.order(Order::Play { leg, play, clips, looped: true });
        self.seek(now, by, to, shared);
        true
    }

    /// The other one answered.
    pub(crate) fn consulted(&mut self, now: Instant, other: Talk, shared: &mut Shared) {
        let visit = self.visit();
        let State::Consulting(both) = &mut self.state else { return };
        both.to = None;
        both.other = Some(other.clone());
        let leg = both.talk.leg;
        shared.fact(Fact::Reached { visit, who: other.who.clone() });
        self.since = now;
        self.engage(&other, shared);
        shared.order(Order::Bridge { a: leg, b: other.leg });
    }

    /// The party talks with the one who waited.
    pub(crate) fn swap(&mut self, leg: LegId, shared: &mut Shared) -> bool {
        let Some(caller) = self.caller else { return false };
        let State::Consulting(both) = &mut self.state else { return false };
        let Some(other) = both.other.as_ref().map(|other| other.leg) else { return false };
        if both.talk.leg != leg {
            return false;
        }
        both.with_caller = !both.with_caller;
        let (next, waits) = if both.with_caller { (caller, other) } else { (other, caller) };
        shared.order(Order::Unbridge { leg });
        shared.order(Order::Bridge { a: next, b: leg });
        self.play_music(waits, shared);
        true
    }

    /// The party leaves the caller to the other one, or to the phone that still rings.
    pub(crate) fn complete(&mut self, now: Instant, leg: LegId, shared: &mut Shared) -> bool {
        let State::Consulting(both) = &self.state else { return false };
        if both.talk.leg != leg {
            return false;
        }
        self.hang_up(now, leg, model::Cause::Normal, shared);
        self.consulter_gone(now, shared);
        true
    }

    /// The party is gone: the caller talks with the other one, or waits for that.
    pub(crate) fn consulter_gone(&mut self, now: Instant, shared: &mut Shared) {
        let State::Consulting(both) = &self.state else { return };
        let Some(other) = both.other.clone() else {
            return self.sender_gone(now, shared);
        };
        let State::Consulting(Consultation { talk, .. }) = self.enter(now, State::Ending) else {
            return;
        };
        self.told_parted(now, &other, shared);
        self.release(now, &talk, shared);
        self.meet_next(now, talk, Talk { since: now, ..other }, shared);
    }

    /// The other one is gone: back to the caller.
    pub(crate) fn consulted_gone(&mut self, now: Instant, shared: &mut Shared) {
        let State::Consulting(both) = &self.state else { return };
        let Some(other) = both.other.clone() else { return };
        self.release(now, &other, shared);
        if let State::Consulting(both) = self.enter(now, State::Ending) {
            self.resume_talk(now, both.talk, shared);
        }
    }

    /// The caller is gone: the other one has the caller's place, and the recording.
    pub(crate) fn consulting_caller_gone(&mut self, now: Instant, shared: &mut Shared) -> bool {
        let State::Consulting(Consultation { other: Some(other), talk, .. }) = &self.state else {
            return false;
        };
        let (other, talk) = (other.clone(), talk.clone());
        self.told_parted(now, &other, shared);
        self.release_caller(shared);
        self.take_caller(now, &other, shared);
        self.resume_talk(now, talk, shared);
        true
    }

    /// A party has the caller's place from here on.
    pub(crate) fn take_caller(&mut self, now: Instant, party: &Talk, shared: &mut Shared) {
        self.stop_recording(now, shared);
        self.caller = Some(party.leg);
        self.side = party.who.clone();
        self.engaged = self.side.agent.is_some();
        self.holds = party.held;
        self.start_recording(now, shared);
    }
}
