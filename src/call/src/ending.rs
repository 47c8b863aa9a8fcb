//! How a call ends: who meant it, the last words, the legs hung up, the one `CallEnded`.

use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Call, State, Talk};
use crate::timers::Kind;
use crate::{GOODBYE, LOST_AFTER, TOLD_MAX};
use model::fact::Party;
use model::{Cause, Clip, Fact, Instant, LegId, Order, PlayId};
use std::collections::BTreeMap;

impl Call {
    /// A leg came to its end.
    pub(crate) fn leg_gone(&mut self, now: Instant, leg: LegId, cause: Cause, shared: &mut Shared) {
        shared.legs.remove(&leg);
        shared.timers.clear(self.id, Kind::Lost(leg));
        let was_closing = self.closing.remove(&leg);
        if self.caller == Some(leg) {
            self.caller = None;
            self.stop_recording(now, shared);
            self.caller_gone(now, leg, cause, shared);
        } else if !was_closing {
            self.agent_gone(now, leg, cause, shared);
        }
    }

    /// A leg was hung up and no end came of it.
    pub(crate) fn leg_lost(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        if self.closing.contains(&leg) {
            shared.counters.legs_lost += 1;
            self.leg_gone(now, leg, Cause::Vanished, shared);
        }
    }

    fn caller_gone(&mut self, now: Instant, leg: LegId, cause: Cause, shared: &mut Shared) {
        if matches!(self.state, State::Parting { .. }) {
            self.parting_leg_gone(now, leg, shared);
            return;
        }
        self.end(now, Party::Caller, cause, shared);
    }

    /// The call's longest time is over.
    pub(crate) fn too_long(&mut self, now: Instant, shared: &mut Shared) {
        if !matches!(self.state, State::Parting { .. } | State::Ending) {
            shared.counters.too_long += 1;
            self.tell(now, GOODBYE, Cause::Normal, shared);
        }
    }

    /// Ends the call by the box, with last words for whoever can hear them.
    pub(crate) fn tell(&mut self, now: Instant, words: &str, cause: Cause, shared: &mut Shared) {
        match &self.state {
            State::Answering { .. } | State::Parting { .. } | State::Ending => {}
            State::Talking(talk) => {
                let talk = talk.clone();
                shared.order(Order::Unbridge { leg: talk.leg });
                self.part(now, words, cause, Some(talk), shared);
            }
            State::InMenu | State::Waiting { .. } | State::Offered { .. } => {
                self.leave_stage(now, shared);
                self.part(now, words, cause, None, shared);
            }
        }
    }

    /// Says the last words to the caller, and to the agent of a talk; no stage has the call now.
    pub(crate) fn part(
        &mut self,
        now: Instant,
        words: &str,
        cause: Cause,
        talk: Option<Talk>,
        shared: &mut Shared,
    ) {
        self.ended.get_or_insert((Party::Box, cause));
        let mut telling = BTreeMap::new();
        for leg in self.caller.into_iter().chain(talk.as_ref().map(|talk| talk.leg)) {
            let play = shared.open_play();
            let clips = vec![Clip::new(self.lang, words)];
            shared.order(Order::Play { leg, play, clips, looped: false });
            telling.insert(leg, play);
        }
        shared.timers.set(self.id, Kind::Told, now + TOLD_MAX);
        self.enter(now, State::Parting { talk, telling });
        self.parted(now, shared);
    }

    /// A leg heard the last words to their end.
    pub(crate) fn last_words_said(
        &mut self,
        now: Instant,
        leg: LegId,
        play: PlayId,
        shared: &mut Shared,
    ) {
        let State::Parting { telling, .. } = &self.state else { return };
        if telling.get(&leg) == Some(&play) {
            self.hang_up(now, leg, Cause::Normal, shared);
            self.parting_leg_gone(now, leg, shared);
        }
    }

    /// The last words took too long: every leg is hung up where it is.
    pub(crate) fn told_long_enough(&mut self, now: Instant, shared: &mut Shared) {
        let State::Parting { telling, .. } = &self.state else { return };
        let legs: Vec<LegId> = telling.keys().copied().collect();
        for leg in legs {
            self.hang_up(now, leg, Cause::Normal, shared);
            self.parting_leg_gone(now, leg, shared);
        }
    }

    /// A leg needs no more words; an agent's leg ends the talk with that.
    pub(crate) fn parting_leg_gone(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        let State::Parting { talk, telling } = &mut self.state else { return };
        telling.remove(&leg);
        if let Some(talk) = talk.take_if(|talk| talk.leg == leg) {
            self.release(now, &talk, shared);
        }
        self.parted(now, shared);
    }

    fn parted(&mut self, now: Instant, shared: &mut Shared) {
        let State::Parting { telling, .. } = &self.state else { return };
        if telling.is_empty() {
            shared.timers.clear(self.id, Kind::Told);
            self.enter(now, State::Ending);
        }
    }

    /// Ends the call without words: takes it from its stage and hangs every leg up.
    pub(crate) fn end(&mut self, now: Instant, by: Party, cause: Cause, shared: &mut Shared) {
        self.ended.get_or_insert((by, cause));
        self.leave_stage(now, shared);
        self.enter(now, State::Ending);
        if let Some(leg) = self.caller {
            self.hang_up(now, leg, Cause::Normal, shared);
        }
    }

    /// Takes the call from the stage that has it. The agent's leg, if there is one, is hung up
    /// before the agent is told, so that it ends before the phone is rung again.
    fn leave_stage(&mut self, now: Instant, shared: &mut Shared) {
        let visit = self.visit();
        match self.enter(now, State::Ending) {
            State::InMenu => shared.say(Output::EndMenu { visit }),
            State::Waiting { .. } => shared.say(Output::Leave { visit }),
            State::Offered { leg, .. } => {
                self.hang_up(now, leg, Cause::Cancelled, shared);
                shared.say(Output::Leave { visit });
            }
            State::Talking(talk) => {
                self.hang_up(now, talk.leg, Cause::Normal, shared);
                self.release(now, &talk, shared);
            }
            State::Answering { .. } | State::Parting { .. } | State::Ending => {}
        }
    }

    /// Hangs a leg up and waits for its end.
    pub(crate) fn hang_up(&mut self, now: Instant, leg: LegId, cause: Cause, shared: &mut Shared) {
        if self.closing.insert(leg) {
            if self.caller == Some(leg) {
                self.stop_recording(now, shared);
            }
            shared.order(Order::HangUp { leg, cause });
            shared.timers.set(self.id, Kind::Lost(leg), now + LOST_AFTER);
        }
    }

    /// Says the call's one end when its last leg is gone.
    pub(crate) fn close(&mut self, now: Instant, shared: &mut Shared) {
        assert!(self.recording.is_none(), "call {} is over but recorded", self.id);
        self.end_visit(shared);
        self.explain_silence(now, shared);
        let (by, cause) = self.ended.unwrap_or((Party::Box, Cause::Failure));
        shared.fact(Fact::CallEnded { call: self.id, by, cause });
        shared.timers.clear_call(self.id);
        shared.say(Output::Closed { call: self.id });
    }
}
