//! How a call ends: who meant it, the last words, the legs hung up, the one `CallEnded`.

use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Call, Rung, State, Talk, Then};
use crate::timers::Kind;
use crate::{GOODBYE, LOST_AFTER, TOLD_MAX};
use model::fact::Party;
use model::{Cause, Clip, Fact, Instant, LegId, Order, PlayId, TransferStage};
use std::collections::BTreeMap;

impl Call {
    /// A leg came to its end.
    pub(crate) fn leg_gone(&mut self, now: Instant, leg: LegId, cause: Cause, shared: &mut Shared) {
        shared.legs.remove(&leg);
        shared.timers.clear(self.id, Kind::Lost(leg));
        let was_closing = self.closing.remove(&leg);
        if self.caller == Some(leg) {
            self.caller = None;
            self.unanswered = None;
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
        let goes_on = match &self.state {
            State::Parting { .. } => return self.parting_leg_gone(now, leg, shared),
            State::Conference { .. } => self.conference_caller_gone(now, shared),
            State::Consulting(_) => self.consulting_caller_gone(now, shared),
            _ => false,
        };
        if !goes_on {
            self.end(now, Party::Caller, cause, shared);
        }
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
        let talks: Vec<Talk> = self.talks().cloned().collect();
        match &self.state {
            State::Answering { .. } | State::Parting { .. } | State::Ending => return,
            State::Talking(talk) => shared.order(Order::Unbridge { leg: talk.leg }),
            State::Transferring { talk, to } => {
                let (leg, stage) = (talk.leg, TransferStage::Failed(cause));
                shared.order(Order::Transferring { leg, stage });
                let to = to.clone();
                self.ring_no_more(now, to, shared);
            }
            State::Consulting(both) => {
                shared.order(Order::Unbridge { leg: both.talk.leg });
                let to = both.to.clone();
                self.ring_no_more(now, to, shared);
            }
            State::Conference { members, .. } => {
                let legs = self.caller.into_iter().chain(members.iter().map(|member| member.leg));
                for leg in legs {
                    shared.order(Order::Unmix { leg });
                }
                shared.fact(Fact::ConferenceEnded { visit: self.visit() });
            }
            State::InMenu
            | State::Waiting { .. }
            | State::Offered { .. }
            | State::Calling { .. }
            | State::Parked { .. } => self.leave_stage(now, shared),
        }
        shared.timers.clear(self.id, Kind::Ring);
        self.part(now, words, cause, talks, shared);
    }

    /// Says the last words to the caller, and to whoever talks; no stage has the call now.
    pub(crate) fn part(
        &mut self,
        now: Instant,
        words: &str,
        cause: Cause,
        talks: Vec<Talk>,
        shared: &mut Shared,
    ) {
        self.nobody_attaches(now, shared);
        self.ended.get_or_insert((Party::Box, cause));
        if let Some(leg) = self.unanswered {
            shared.order(Order::EarlyMedia { leg });
        }
        let mut telling = BTreeMap::new();
        for leg in self.caller.into_iter().chain(talks.iter().map(|talk| talk.leg)) {
            let play = shared.open_play();
            let clips = vec![Clip::new(self.lang, words)];
            shared.order(Order::Play { leg, play, clips, looped: false });
            telling.insert(leg, play);
        }
        shared.timers.set(self.id, Kind::Told, now + TOLD_MAX);
        self.enter(now, State::Parting { talks, telling });
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

    /// A leg needs no more words; a party's leg ends its talk with that.
    pub(crate) fn parting_leg_gone(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        let State::Parting { talks, telling } = &mut self.state else { return };
        telling.remove(&leg);
        if let Some(at) = talks.iter().position(|talk| talk.leg == leg) {
            let talk = talks.remove(at);
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
        self.nobody_attaches(now, shared);
        self.enter(now, State::Ending);
        if let Some(leg) = self.caller {
            self.hang_up(now, leg, Cause::Normal, shared);
        }
        self.release_caller(shared);
    }

    /// Takes the call from the stage that has it. A party's leg is hung up before the agent is
    /// told, so that it ends before the phone is rung again.
    fn leave_stage(&mut self, now: Instant, shared: &mut Shared) {
        let visit = self.visit();
        shared.timers.clear(self.id, Kind::Ring);
        if matches!(self.state, State::Parked { .. }) {
            self.leave_slot(now, shared);
            return;
        }
        match self.enter(now, State::Ending) {
            State::InMenu => shared.say(Output::EndMenu { visit }),
            State::Waiting { .. } => shared.say(Output::Leave { visit }),
            State::Offered { leg, .. } => {
                self.hang_up(now, leg, Cause::Cancelled, shared);
                shared.say(Output::Leave { visit });
            }
            State::Calling { to, .. } => self.ring_no_more(now, to, shared),
            State::Answering { then: Then::Meet(talk) } => {
                self.hang_up(now, talk.leg, Cause::Normal, shared);
            }
            State::Talking(talk) => self.let_go(now, &talk, shared),
            State::Transferring { talk, to } => {
                let (leg, stage) = (talk.leg, TransferStage::Failed(Cause::Cancelled));
                shared.order(Order::Transferring { leg, stage });
                self.ring_no_more(now, to, shared);
                self.let_go(now, &talk, shared);
            }
            State::Consulting(both) => {
                self.ring_no_more(now, both.to, shared);
                for talk in both.other.iter().chain([&both.talk]) {
                    self.let_go(now, talk, shared);
                }
            }
            State::Conference { members, .. } => {
                shared.fact(Fact::ConferenceEnded { visit });
                for talk in &members {
                    self.let_go(now, talk, shared);
                }
            }
            State::Answering { .. }
            | State::Parked { .. }
            | State::Parting { .. }
            | State::Ending => {}
        }
    }

    /// Stops a phone that rings by no queue.
    fn ring_no_more(&mut self, now: Instant, to: Option<Rung>, shared: &mut Shared) {
        if let Some(Rung { leg, who, .. }) = to {
            self.hang_up(now, leg, Cause::Cancelled, shared);
            let (visit, cause) = (self.visit(), Cause::Cancelled);
            shared.fact(Fact::CalledInVain { visit, who, cause });
        }
    }

    /// Hangs a leg up and waits for its end; one that was not answered yet is refused.
    pub(crate) fn hang_up(&mut self, now: Instant, leg: LegId, cause: Cause, shared: &mut Shared) {
        if self.closing.insert(leg) {
            if self.caller == Some(leg) {
                self.stop_recording(now, shared);
            }
            if self.unanswered.take_if(|unanswered| *unanswered == leg).is_some() {
                let cause = self.ended.map_or(cause, |(_, cause)| cause);
                shared.fact(Fact::CallRefused { call: self.id, cause });
                shared.order(Order::Refuse { leg, cause });
            } else {
                shared.order(Order::HangUp { leg, cause });
            }
            shared.timers.set(self.id, Kind::Lost(leg), now + LOST_AFTER);
        }
    }

    /// Says the call's one end when its last leg is gone.
    pub(crate) fn close(&mut self, now: Instant, shared: &mut Shared) {
        assert!(self.recording.is_none(), "call {} is over but recorded", self.id);
        self.release_caller(shared);
        self.end_visit(shared);
        self.explain_silence(now, shared);
        let (by, cause) = self.ended.unwrap_or((Party::Box, Cause::Failure));
        shared.fact(Fact::CallEnded { call: self.id, by, cause });
        shared.timers.clear_call(self.id);
        shared.say(Output::Closed { call: self.id });
    }
}
