//! Supervisors in talks of agents: listen 监听, whisper 密语, barge 强插, take over 拦截.
//!
//! ```text
//!                    code and agent           4 5 6                        7, or its code
//!   (a service leg) ───────────────▶ in the talk ──▶ in it otherwise ───────────────▶ (the talk's own leg)
//!                                        │
//!                                        ├── supervisor hung up ─────────────────────▶ (gone)
//!                                        └── agent's leg is out, or the right is ────▶ told so on a service leg
//! ```
//!
//! The talk is put into a room (`watch`), whose full legs are the agent and the other side and whose
//! guests are the supervisors; the calls know nothing of it. Supervisors follow the agent's leg,
//! whatever visit it is on and whoever comes to the talk, and `notice` tells those who are heard.
//!
//! The right is that of who sits at the supervisor's phone at any moment: it is looked at again when
//! the site is another or agents sit otherwise. Each fact names the visit and the supervisor of its
//! time; where one of them changes, the old is told to end and the new to begin.

mod notice;
mod takeover;
mod talker;
mod watch;

use crate::exchange::Exchange;
use crate::plays::Player;
use model::fact::Who;
use model::{
    AgentId, Cause, Clip, Digit, Fact, Instant, LegEvent, LegId, Order, PhoneId, Supervising,
    TransferStage, VisitId,
};
use std::collections::{BTreeMap, BTreeSet};
use watch::Watch;

/// Most supervisors of the box at once; the next is refused and counted.
pub const SUPERVISORS_MAX: usize = 256;
/// Most supervisors of one agent's talk; the next is refused and counted.
pub const SUPERVISORS_PER_TALK_MAX: usize = 4;

/// Why nobody is supervised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSupervised {
    /// The role may not, or nobody whose role is known sits there.
    Forbidden,
    /// The agent does not talk, or talks with the supervisor, or is the supervisor.
    Nobody,
    /// The talk is one in which nobody's place can be taken: of three, or while another is asked.
    NotTaken,
    TooMany,
}

impl NotSupervised {
    /// What is said of it.
    pub(crate) fn prompt(self) -> &'static str {
        match self {
            Self::Forbidden => "supervise.forbidden",
            Self::Nobody => "supervise.nobody",
            Self::NotTaken => "supervise.not-taken",
            Self::TooMany => "call.busy",
        }
    }
}

/// A supervisor in a talk.
#[derive(Clone, Debug)]
struct Supervisor {
    phone: PhoneId,
    /// Who sits there, as the last fact has it.
    by: Who,
    agent: AgentId,
    /// The agent's leg.
    of: LegId,
    /// The visit the last fact named.
    visit: VisitId,
    how: Supervising,
    /// Of `by` on `visit`.
    since: Instant,
}

/// All supervisors, and the legs of agents that are watched or were a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Supervision {
    supervisors: BTreeMap<LegId, Supervisor>,
    watched: BTreeMap<LegId, Watch>,
    rooms: u64,
}

impl Supervision {
    /// Tells whether a leg is a supervisor's.
    pub(crate) fn contains(&self, leg: LegId) -> bool {
        self.supervisors.contains_key(&leg)
    }
    /// Tells whether nobody supervises.
    /// The agent's leg that a supervisor's is with.
    pub(crate) fn of_whom(&self, leg: LegId) -> Option<LegId> {
        self.supervisors.get(&leg).map(|one| one.of)
    }

    /// The agent whom a supervisor's leg is with.
    pub(crate) fn agent_of(&self, leg: LegId) -> Option<&AgentId> {
        self.supervisors.get(&leg).map(|one| &one.agent)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.supervisors.is_empty() && self.watched.is_empty()
    }
    /// What is done in an agent's talk, by whoever does most.
    pub(crate) fn of_agent(&self, agent: &AgentId) -> Option<Supervising> {
        let of = self.supervisors.values().filter(|one| one.agent == *agent);
        of.map(|one| one.how).max()
    }
    /// The supervisors of an agent's leg.
    fn of(&self, leg: LegId) -> Vec<LegId> {
        let of = self.supervisors.iter().filter(|(_, one)| one.of == leg);
        of.map(|(leg, _)| *leg).collect()
    }
    /// The legs of agents that have supervisors.
    fn supervised(&self) -> BTreeSet<LegId> {
        self.supervisors.values().map(|one| one.of).collect()
    }
}

impl Exchange {
    /// Carries a supervisor's code out that was dialled on a service leg.
    pub(crate) fn asked_supervision(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: &PhoneId,
        key: &str,
        number: &str,
    ) -> Result<(), NotSupervised> {
        let how = Supervising::from_key(key).ok_or(NotSupervised::Nobody)?;
        let agent = AgentId::new(number.trim_end_matches('#'));
        if !self.may_supervise(phone, how) {
            return Err(NotSupervised::Forbidden);
        }
        if self.sitter(phone) == Some(&agent) {
            return Err(NotSupervised::Nobody);
        }
        if how == Supervising::TakeOver {
            return self.taken_by_code(now, leg, phone, &agent);
        }
        let talker = self.talker(&agent).filter(|talker| talker.hears);
        let talker = talker.filter(|talker| !self.is_at(phone, talker));
        let talker = talker.ok_or(NotSupervised::Nobody)?;
        let talk = self.supervision.of(talker.leg).len();
        if self.supervision.supervisors.len() >= SUPERVISORS_MAX || talk >= SUPERVISORS_PER_TALK_MAX
        {
            self.counters.services_refused += 1;
            return Err(NotSupervised::TooMany);
        }
        let (by, phone, of) = (self.who(phone), phone.clone(), talker.leg);
        let supervisor = Supervisor { phone, by, agent, of, visit: talker.visit, how, since: now };
        self.services.gone(leg);
        self.supervision.supervisors.insert(leg, supervisor);
        self.watch(&talker);
        self.supervise(now, leg, how);
        Ok(())
    }

    /// Tells whether who sits at a phone may do so, or the phone itself where nobody sits.
    fn may_supervise(&self, phone: &PhoneId, how: Supervising) -> bool {
        self.role_at(phone).is_some_and(|role| role.supervises.contains(&how))
    }

    /// Lets a supervisor hear a talk, and be heard in it as the way is.
    fn supervise(&mut self, now: Instant, leg: LegId, how: Supervising) {
        let Some(one) = self.supervision.supervisors.get_mut(&leg) else { return };
        one.how = how;
        let one = one.clone();
        self.told_begun(now, &one);
        self.follow(leg);
        let prompt = format!("supervise.{}", how.key());
        let clips = vec![Clip::new(self.lang_of(&one.phone), &prompt)];
        self.play(leg, Player::Aside, clips, false);
    }

    /// Something happens on a supervisor's leg.
    pub(crate) fn supervisor_event(&mut self, now: Instant, leg: LegId, event: LegEvent) {
        match event {
            LegEvent::Digit(digit) => self.supervisor_key(now, leg, digit),
            LegEvent::Gone(_) => {
                self.plays.stop(leg);
                let one = self.supervision.supervisors.remove(&leg);
                self.leg_left(now, leg);
                if let Some(one) = one {
                    self.told_ended(now, &one);
                }
            }
            // There is no talk of the supervisor's own to be sent on.
            LegEvent::TransferAsked { .. } | LegEvent::JoinAsked { .. } => {
                let stage = TransferStage::Failed(Cause::NotAcceptable);
                self.order(Order::Transferring { leg, stage });
            }
            _ => {}
        }
    }

    fn supervisor_key(&mut self, now: Instant, leg: LegId, digit: Digit) {
        let how = Supervising::ALL.into_iter().find(|how| how.digit() == digit.as_char());
        let Some(how) = how else { return };
        let Some(one) = self.supervision.supervisors.get(&leg).cloned() else { return };
        let done = if !self.may_supervise(&one.phone, how) {
            Err(NotSupervised::Forbidden)
        } else if how == Supervising::TakeOver {
            self.taken_by_key(now, leg, &one)
        } else {
            if how != one.how {
                self.supervise(now, leg, how);
            }
            Ok(())
        };
        if let Err(why) = done {
            let clips = vec![Clip::new(self.lang_of(&one.phone), why.prompt())];
            self.play(leg, Player::Aside, clips, false);
        }
    }

    /// Looks at every supervisor's right again, because the site or who sits where is another: who
    /// has none any more is told that it is over.
    pub(crate) fn review_supervisors(&mut self, now: Instant) {
        for leg in self.supervision.supervisors.keys().copied().collect::<Vec<_>>() {
            let Some(one) = self.supervision.supervisors.get(&leg).cloned() else { continue };
            let own = self.sitter(&one.phone) == Some(&one.agent);
            if own || !self.may_supervise(&one.phone, one.how) {
                self.dismiss(now, leg);
                continue;
            }
            let by = self.who(&one.phone);
            if by != one.by {
                self.goes_on(now, leg, one.visit, by);
            }
        }
    }

    /// Brings the facts, the rooms and who was told of it up to date with what the calls did.
    pub(crate) fn mind_supervision(&mut self, now: Instant) {
        if self.supervision.is_empty() {
            return;
        }
        for (leg, of) in self.legs_supervised() {
            let call = self.calls.call_of(of).and_then(|call| self.calls.get(call));
            let visit = call.map(call::Call::visit);
            let one = self.supervision.supervisors.get(&leg);
            let moved = one.zip(visit).filter(|(one, visit)| one.visit != *visit);
            if let Some((one, visit)) = moved {
                let by = one.by.clone();
                self.goes_on(now, leg, visit, by);
            }
        }
        self.give_back();
        self.give_notice();
    }

    fn legs_supervised(&self) -> Vec<(LegId, LegId)> {
        self.supervision.supervisors.iter().map(|(leg, one)| (*leg, one.of)).collect()
    }

    /// A supervisor goes on in another visit, or another one does at the same phone.
    fn goes_on(&mut self, now: Instant, leg: LegId, visit: VisitId, by: Who) {
        let Some(one) = self.supervision.supervisors.get_mut(&leg) else { return };
        let next = Supervisor { visit, by, since: now, ..one.clone() };
        let before = std::mem::replace(one, next.clone());
        self.told_ended(now, &before);
        self.told_begun(now, &next);
    }

    /// Has a supervisor out of the talk and tells it so.
    fn dismiss(&mut self, now: Instant, leg: LegId) {
        let Some(one) = self.supervision.supervisors.remove(&leg) else { return };
        self.told_ended(now, &one);
        self.order(Order::Unmix { leg });
        let lang = self.lang_of(&one.phone);
        self.services.adopt(now, leg, one.phone);
        self.play(leg, Player::Service, vec![Clip::new(lang, "supervise.over")], false);
    }

    fn told_begun(&mut self, now: Instant, one: &Supervisor) {
        let Supervisor { visit, agent, by, how, .. } = one.clone();
        self.fact(now, Fact::Supervised { visit, agent, by, how });
    }

    fn told_ended(&mut self, now: Instant, one: &Supervisor) {
        let Supervisor { visit, agent, by, since, .. } = one.clone();
        let ms = self.anchor.wall(now).ms_since(self.anchor.wall(since));
        self.fact(now, Fact::SupervisionEnded { visit, agent, by, ms });
    }
}
