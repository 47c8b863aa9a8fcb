//! A party sends the other one on, and is out of the call once that stands (RFC 3515, RFC 5589 6).
//!
//! The one who is sent on becomes the caller, whoever began the call: the recording follows, and
//! every way back is the caller's. Until somebody answers, the party that asked stays.

use crate::VISITS_MAX;
use crate::io::{Output, Wish};
use crate::shared::Shared;
use crate::state::{Call, State, Talk};
use model::{Cause, Fact, Instant, LegId, Order, PersonName, TransferStage};

impl Call {
    /// What a party asks for during a talk.
    pub(crate) fn wish(&mut self, now: Instant, leg: LegId, wish: Wish, shared: &mut Shared) {
        let done = match wish {
            Wish::Transfer { to } => self.transfer(now, leg, to, shared),
            Wish::Consult { to } => self.consult(now, leg, to, shared),
            Wish::Swap => self.swap(leg, shared),
            Wish::Complete => self.complete(now, leg, shared),
            Wish::Conference => self.confer(now, leg, shared),
        };
        if !done {
            shared.counters.wishes_refused += 1;
        }
    }

    fn transfer(&mut self, now: Instant, leg: LegId, to: String, shared: &mut Shared) -> bool {
        let Some(talk) = self.asks(now, leg, shared) else {
            let stage = TransferStage::Failed(Cause::NotAcceptable);
            shared.order(Order::Transferring { leg, stage });
            return false;
        };
        let by = talk.who.clone();
        let visit = self.visit();
        shared.fact(Fact::TransferAsked { visit, by: by.clone(), to: to.clone() });
        shared.order(Order::Transferring { leg, stage: TransferStage::Trying });
        self.enter(now, State::Transferring { talk, to: None });
        self.caller_waits(shared);
        self.seek(now, by, to, shared);
        true
    }

    /// Takes a party out of a talk in which it may ask for something; it is not the caller's side
    /// from then on. None if there is no talk, or no visit left to send anybody on.
    pub(crate) fn asks(&mut self, now: Instant, leg: LegId, shared: &mut Shared) -> Option<Talk> {
        if self.visits + 2 >= VISITS_MAX || self.joining.is_some() {
            return None;
        }
        if self.caller == Some(leg) {
            self.swap_sides(now, shared);
        }
        match &self.state {
            State::Talking(talk) if talk.leg == leg => Some(talk.clone()),
            _ => None,
        }
    }

    /// Parts the caller from the party and plays music.
    pub(crate) fn caller_waits(&mut self, shared: &mut Shared) {
        if let Some(leg) = self.caller {
            shared.order(Order::Unbridge { leg });
            self.play_music(leg, shared);
        }
    }

    /// Makes the party of a talk the caller, and the caller the party.
    pub(crate) fn swap_sides(&mut self, now: Instant, shared: &mut Shared) {
        let Some(caller) = self.caller else { return };
        let State::Talking(talk) = &self.state else { return };
        let talk = talk.clone();
        self.told_parted(now, &talk, shared);
        self.stop_recording(now, shared);
        let who = std::mem::replace(&mut self.side, talk.who);
        self.caller = Some(talk.leg);
        self.engaged = self.side.agent.is_some();
        self.name = PersonName::default();
        let held = std::mem::replace(&mut self.holds, talk.held);
        self.start_recording(now, shared);
        shared.fact(Fact::Reached { visit: self.visit(), who: who.clone() });
        self.state = State::Talking(Talk { leg: caller, who, queue: None, since: now, held });
    }

    /// Whom the caller was sent to answered: a new visit begins, the party that asked is out.
    pub(crate) fn transferred(&mut self, now: Instant, to: Talk, shared: &mut Shared) {
        let State::Transferring { talk, .. } = self.enter(now, State::Ending) else { return };
        let (leg, stage) = (talk.leg, TransferStage::Done);
        shared.order(Order::Transferring { leg, stage });
        self.handed_on(now, talk, to, shared);
    }

    /// Lets one party go and has the caller talk with another on a new visit.
    pub(crate) fn handed_on(&mut self, now: Instant, from: Talk, to: Talk, shared: &mut Shared) {
        self.let_go(now, &from, shared);
        self.meet_next(now, from, to, shared);
    }

    /// Has the caller talk with another party on a new visit; the one of before is gone.
    pub(crate) fn meet_next(&mut self, now: Instant, from: Talk, to: Talk, shared: &mut Shared) {
        if !self.open_visit(now, shared) {
            return self.hang_up(now, to.leg, Cause::Normal, shared);
        }
        shared.fact(Fact::Transferred { visit: self.visit(), by: from.who });
        self.meet(now, to, shared);
    }

    /// The party that sends the caller on is gone before that stands: the caller waits alone.
    pub(crate) fn sender_gone(&mut self, now: Instant, shared: &mut Shared) {
        let (talk, to) = match self.enter(now, State::Ending) {
            State::Transferring { talk, to } => (talk, to),
            State::Consulting(both) => (both.talk, both.to),
            _ => return,
        };
        self.release(now, &talk, shared);
        let back = self.ways_back(Some(talk.who.clone()), shared);
        let ringing = to.as_ref().map(|to| to.leg);
        self.enter(now, State::Calling { to, back });
        if !self.open_visit(now, shared) {
            if let Some(leg) = ringing {
                self.hang_up(now, leg, Cause::Cancelled, shared);
            }
            return;
        }
        shared.fact(Fact::Transferred { visit: self.visit(), by: talk.who });
        if ringing.is_none() {
            self.give_up(now, Cause::Failure, shared);
        }
    }

    /// Says that a talk goes on with whom it was, after something else came to nothing.
    pub(crate) fn resume_talk(&mut self, now: Instant, talk: Talk, shared: &mut Shared) {
        let Some(caller) = self.caller else { return };
        shared.order(Order::Bridge { a: caller, b: talk.leg });
        let (held, leg) = (talk.held, talk.leg);
        self.enter(now, State::Talking(talk));
        self.tell_hold(shared);
        if held {
            self.play_music(caller, shared);
        } else if self.holds {
            self.play_music(leg, shared);
        }
    }

    /// Hangs a party up and says that its talk is over.
    pub(crate) fn let_go(&mut self, now: Instant, talk: &Talk, shared: &mut Shared) {
        self.hang_up(now, talk.leg, Cause::Normal, shared);
        self.release(now, talk, shared);
    }

    /// Says that an agent goes on in another talk of the call.
    pub(crate) fn engage(&mut self, talk: &Talk, shared: &mut Shared) {
        if let Some(agent) = talk.who.agent.clone() {
            shared.say(Output::Engaged { visit: self.visit(), agent });
        }
    }
}
