//! The caller's way: answered, through the flow, into a queue, on to the next visit.

use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Call, State, Then};
use crate::timers::Kind;
use crate::{DRAINING, GOODBYE, VISITS_MAX};
use model::fact::Party;
use model::site::Lang;
use model::{Cause, Digit, Fact, Instant, MenuId, PromptId, QueueId};

impl Call {
    /// The caller's leg is answered: recording begins, and the first visit of a call from a line.
    pub(crate) fn answered(&mut self, now: Instant, shared: &mut Shared) {
        if !matches!(self.state, State::Answering { .. }) {
            return;
        }
        let State::Answering { then } = self.enter(now, State::Ending) else { return };
        shared.timers.clear(self.id, Kind::Answer);
        if !self.emergency {
            shared.timers.set(self.id, Kind::Length, now + shared.rules.limits.call);
        }
        shared.fact(Fact::CallAnswered { call: self.id });
        self.start_recording(now, shared);
        if !self.visiting && !self.open_visit(now, shared) {
            return;
        }
        self.engage_caller(shared);
        match then {
            Then::Menu(node) => self.begin_menu(now, node, shared),
            Then::Queue(queue) => self.wait(now, queue, false, shared),
            Then::Meet(talk) => return self.meet(now, *talk, shared),
            Then::Conference => return self.open_conference(now, shared),
        }
        if shared.draining {
            self.tell(now, DRAINING, Cause::Congestion, shared);
        }
    }

    /// Says that the caller's agent talks, once the box has answered.
    pub(crate) fn engage_caller(&mut self, shared: &mut Shared) {
        if let Some(agent) = self.side.agent.clone() {
            self.engaged = true;
            shared.say(Output::Engaged { visit: self.visit(), agent });
        }
    }

    /// Says that the caller's agent talks no more.
    pub(crate) fn release_caller(&mut self, shared: &mut Shared) {
        if std::mem::take(&mut self.engaged)
            && let Some(agent) = self.side.agent.clone()
        {
            shared.say(Output::Released { visit: self.visit(), agent });
        }
    }

    /// The caller's leg was told to answer and nothing came of it.
    pub(crate) fn not_answered(&mut self, now: Instant, shared: &mut Shared) {
        if matches!(self.state, State::Answering { .. }) {
            shared.counters.legs_lost += 1;
            self.end(now, Party::Box, Cause::Failure, shared);
        }
    }

    /// A key of the caller, of use only in the flow.
    pub(crate) fn digit(&mut self, digit: Digit, shared: &mut Shared) {
        if matches!(self.state, State::InMenu) {
            shared.say(Output::Digit { visit: self.visit(), digit });
        }
    }

    /// The flow sent the caller to a queue. A complaint stays one on every later visit.
    pub(crate) fn sent_to_queue(
        &mut self,
        now: Instant,
        queue: QueueId,
        music: PromptId,
        complaint: bool,
        lang: Lang,
        shared: &mut Shared,
    ) {
        if !matches!(self.state, State::InMenu) {
            return;
        }
        self.lang = lang;
        self.marks.complaint |= complaint;
        self.music = Some(music);
        self.wait(now, queue, false, shared);
    }

    /// The flow came to its end.
    pub(crate) fn flow_ended(&mut self, now: Instant, cause: Cause, shared: &mut Shared) {
        if matches!(self.state, State::InMenu) {
            self.end(now, Party::Box, cause, shared);
        }
    }

    /// The queue was full and the caller heard it.
    pub(crate) fn refused(&mut self, now: Instant, shared: &mut Shared) {
        if matches!(self.state, State::Waiting { .. }) {
            // The queue has let go of the caller already.
            self.enter(now, State::Ending);
            self.end(now, Party::Box, Cause::Congestion, shared);
        }
    }

    /// The queue sends the caller to a node of the flow, on a new visit.
    pub(crate) fn overflow(&mut self, now: Instant, to: MenuId, shared: &mut Shared) {
        let State::Waiting { .. } = &self.state else { return };
        if self.open_visit(now, shared) {
            self.begin_menu(now, to, shared);
        }
    }

    pub(crate) fn begin_menu(&mut self, now: Instant, node: MenuId, shared: &mut Shared) {
        self.enter(now, State::InMenu);
        shared.say(Output::BeginMenu { visit: self.visit(), node, lang: self.lang });
    }

    pub(crate) fn wait(&mut self, now: Instant, queue: QueueId, first: bool, shared: &mut Shared) {
        self.queue = Some(queue.clone());
        self.enter(now, State::Waiting { queue: queue.clone() });
        shared.say(Output::Join {
            visit: self.visit(),
            queue,
            marks: self.marks,
            lang: self.lang,
            first,
        });
    }

    /// Ends the current visit and opens the next, or says goodbye to a caller who had them all.
    pub(crate) fn open_visit(&mut self, now: Instant, shared: &mut Shared) -> bool {
        if self.visits >= VISITS_MAX {
            shared.counters.visits_exhausted += 1;
            self.part(now, GOODBYE, Cause::Normal, Vec::new(), shared);
            return false;
        }
        self.end_visit(shared);
        self.visits += 1;
        self.told_held = false;
        self.visiting = true;
        shared.fact(Fact::VisitOpened { visit: self.visit(), lang: self.lang });
        if self.engaged {
            self.engage_caller(shared);
        }
        true
    }

    /// Ends the current visit, if one is open.
    pub(crate) fn end_visit(&mut self, shared: &mut Shared) {
        if std::mem::take(&mut self.visiting) {
            shared.fact(Fact::VisitEnded { visit: self.visit() });
        }
    }
}
