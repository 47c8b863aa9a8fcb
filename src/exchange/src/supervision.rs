//! Supervisors in talks of agents: listen 监听, whisper 密语, barge 强插, take over 拦截.
//!
//! ```text
//!                    code and agent           4 5 6                        7, or its code
//!   (a service leg) ───────────────▶ in the talk ──▶ in it otherwise ───────────────▶ (the talk's own leg)
//!                                        │
//!                                        ├── supervisor hung up ──▶ (gone)
//!                                        └── agent's leg is out ──▶ told so on a service leg
//! ```
//!
//! The talk is put into a room, whose full legs are the agent and the other side and whose guests
//! are the supervisors; the calls know nothing of it. What they order of the agent's leg is carried
//! out in the room, so that hold, consulting and conferences go on as they would; supervisors follow
//! the agent. When the last one leaves, the two are bridged again.

use crate::exchange::Exchange;
use crate::plays::Player;
use call::{Call, State};
use model::fact::Who;
use model::site::Notice;
use model::{
    AgentId, CallId, Cause, Clip, Digit, Fact, Instant, LegEvent, LegId, Order, PhoneId, RoomId,
    Supervising, TransferStage, VisitId, Voice,
};
use std::collections::BTreeMap;

/// Most supervisors of the box at once; the next is refused and counted.
pub const SUPERVISORS_MAX: usize = 256;
/// Most supervisors of one agent's talk; the next is refused and counted.
pub const SUPERVISORS_PER_TALK_MAX: usize = 4;

/// Rooms of supervised talks; those of conferences are numbered from 1.
const ROOMS_FROM: u64 = 1 << 62;

/// Why nobody is supervised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotSupervised {
    /// The role may not, or nobody whose role is known sits there.
    Forbidden,
    /// The agent does not talk, or is the supervisor.
    Nobody,
    TooMany,
}

impl NotSupervised {
    /// What is said of it.
    pub(crate) fn prompt(self) -> &'static str {
        match self {
            Self::Forbidden => "supervise.forbidden",
            Self::Nobody => "supervise.nobody",
            Self::TooMany => "call.busy",
        }
    }
}

/// A supervisor in a talk.
#[derive(Clone, Debug)]
struct Supervisor {
    phone: PhoneId,
    by: Who,
    agent: AgentId,
    /// The agent's leg.
    of: LegId,
    visit: VisitId,
    how: Supervising,
    since: Instant,
}

/// The room an agent's leg is in.
#[derive(Clone, Copy, Debug)]
struct Watch {
    room: RoomId,
    /// The leg put there beside it, where the talk is of two.
    with: Option<LegId>,
}

/// An agent's leg that may be supervised.
struct Talker {
    call: CallId,
    visit: VisitId,
    leg: LegId,
    with: Option<LegId>,
    /// The conference it is in.
    room: Option<RoomId>,
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
    pub(crate) fn is_empty(&self) -> bool {
        self.supervisors.is_empty() && self.watched.is_empty()
    }
    /// The supervisors of an agent's leg.
    fn of(&self, leg: LegId) -> Vec<LegId> {
        let of = self.supervisors.iter().filter(|(_, one)| one.of == leg);
        of.map(|(leg, _)| *leg).collect()
    }
    /// What is done in an agent's talk, by whoever does most.
    pub(crate) fn of_agent(&self, agent: &AgentId) -> Option<Supervising> {
        let of = self.supervisors.values().filter(|one| one.agent == *agent);
        of.map(|one| one.how).max()
    }
    /// The watched leg whose room a leg is in, or is to be in with another.
    fn room_of(&self, leg: LegId) -> Option<RoomId> {
        let with = || self.watched.values().find(|watch| watch.with == Some(leg));
        self.watched.get(&leg).or_else(with).map(|watch| watch.room)
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
        let own = self.sitter(phone) == Some(&agent);
        let talker = self.talker(&agent).filter(|_| !own).ok_or(NotSupervised::Nobody)?;
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
        if how == Supervising::TakeOver {
            self.take_over(now, leg, talker);
        } else {
            self.watch(&talker);
            self.supervise(now, leg, how);
            self.announce(&talker);
        }
        Ok(())
    }

    /// Tells whether who sits at a phone may do so: by the role, else by that of the phone.
    fn may_supervise(&self, phone: &PhoneId, how: Supervising) -> bool {
        let role = self.sitter(phone).and_then(|agent| self.role(agent));
        let own = || self.site.roles.get(self.site.phones.get(phone)?.role.as_ref()?);
        role.or_else(own).is_some_and(|role| role.supervises.contains(&how))
    }

    /// The talk an agent is in, with both sides there.
    fn talker(&self, agent: &AgentId) -> Option<Talker> {
        self.calls.iter().find_map(|call| talker_of(call, agent))
    }

    /// Puts a talk into a room, unless it is in one.
    fn watch(&mut self, talker: &Talker) {
        if self.supervision.watched.contains_key(&talker.leg) {
            return;
        }
        let shared = talker.with.and_then(|with| self.supervision.room_of(with));
        let room = talker.room.or(shared).unwrap_or_else(|| {
            self.supervision.rooms += 1;
            RoomId(ROOMS_FROM + self.supervision.rooms)
        });
        let watch = Watch { room, with: talker.with };
        self.supervision.watched.insert(talker.leg, watch);
        if talker.room.is_none() && shared.is_none() {
            for leg in [Some(talker.leg), talker.with].into_iter().flatten() {
                self.plays.stop(leg);
                self.order(Order::Mix { leg, room });
            }
        }
    }

    /// Lets a supervisor hear a talk, and be heard in it as the way is.
    fn supervise(&mut self, now: Instant, leg: LegId, how: Supervising) {
        let Some(one) = self.supervision.supervisors.get_mut(&leg) else { return };
        one.how = how;
        let (visit, agent, by) = (one.visit, one.agent.clone(), one.by.clone());
        let phone = one.phone.clone();
        self.fact(now, Fact::Supervised { visit, agent, by, how });
        self.follow(leg);
        let prompt = match how {
            Supervising::Listen => "supervise.listen",
            Supervising::Whisper => "supervise.whisper",
            Supervising::Barge | Supervising::TakeOver => "supervise.barge",
        };
        let clips = vec![Clip::new(self.lang_of(&phone), prompt)];
        self.play(leg, Player::Aside, clips, false);
    }

    /// Puts a supervisor where the agent is.
    fn follow(&mut self, leg: LegId) {
        let Some(one) = self.supervision.supervisors.get(&leg) else { return };
        let Some(watch) = self.supervision.watched.get(&one.of) else { return };
        let voice = match one.how {
            Supervising::Listen => Voice::Nobody,
            Supervising::Whisper => Voice::One(one.of),
            Supervising::Barge | Supervising::TakeOver => Voice::Everybody,
        };
        let unheard = voice != Voice::Everybody;
        let beeps = unheard && self.site.supervision.notice == Notice::Beep;
        self.order(Order::Supervise { leg, room: watch.room, voice, beeps });
    }

    /// Tells both sides, where the site wants it, that a supervisor came.
    fn announce(&mut self, talker: &Talker) {
        if self.site.supervision.notice != Notice::Announcement {
            return;
        }
        let lang = self.calls.get(talker.call).map_or(self.site.lang, Call::lang);
        for leg in [Some(talker.leg), talker.with].into_iter().flatten() {
            let lang = self.phones.of(leg).map_or(lang, |phone| self.lang_of(phone));
            let clips = vec![Clip::new(lang, "supervise.notice")];
            self.play(leg, Player::Aside, clips, false);
        }
    }

    /// Gives a supervisor the talk instead of the agent.
    fn take_over(&mut self, now: Instant, leg: LegId, talker: Talker) {
        let Some(one) = self.supervision.supervisors.get(&leg).cloned() else { return };
        let how = Supervising::TakeOver;
        let Supervisor { visit, agent, by, phone, since, .. } = one;
        if talker.room.is_some() || talker.with.is_none() {
            // There is nobody's place to take among three.
            return self.told_over(now, leg, phone);
        }
        self.fact(now, Fact::Supervised { visit, agent: agent.clone(), by: by.clone(), how });
        self.supervision.supervisors.remove(&leg);
        self.told_ended(now, visit, agent, by.clone(), since);
        self.plays.stop(leg);
        let (call, old) = (talker.call, talker.leg);
        self.calls.handle(now, call::Input::TakeOver { call, leg, who: by, old });
        if self.calls.call_of(leg).is_none() {
            self.told_over(now, leg, phone);
        }
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
                    self.told_ended(now, one.visit, one.agent, one.by, one.since);
                    self.unwatched(one.of);
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
        let how = match digit.as_char() {
            '4' => Supervising::Listen,
            '5' => Supervising::Whisper,
            '6' => Supervising::Barge,
            '7' => Supervising::TakeOver,
            _ => return,
        };
        let Some(one) = self.supervision.supervisors.get(&leg) else { return };
        let (phone, agent, was) = (one.phone.clone(), one.agent.clone(), one.how);
        if !self.may_supervise(&phone, how) {
            let clips = vec![Clip::new(self.lang_of(&phone), NotSupervised::Forbidden.prompt())];
            return self.play(leg, Player::Aside, clips, false);
        }
        match (how, self.talker(&agent)) {
            (Supervising::TakeOver, Some(talker)) if talker.room.is_none() => {
                self.take_over(now, leg, talker);
            }
            (Supervising::TakeOver, _) => {}
            (how, _) if how != was => self.supervise(now, leg, how),
            _ => {}
        }
    }

    /// Gives an order of the calls, carried out in the room where it is about a watched talk.
    pub(crate) fn order_watched(&mut self, order: Order) {
        match order {
            Order::Bridge { a, b } if self.is_watched(a) || self.is_watched(b) => {
                self.bridge_watched(a, b);
            }
            Order::Unbridge { leg } => match self.supervision.room_of(leg) {
                Some(room) => self.part_watched(room),
                None => self.order(order),
            },
            Order::Mix { leg, room } => {
                self.order(order);
                if let Some(watch) = self.supervision.watched.get_mut(&leg) {
                    *watch = Watch { room, with: None };
                    self.supervision.of(leg).into_iter().for_each(|leg| self.follow(leg));
                }
            }
            order => self.order(order),
        }
    }

    fn is_watched(&self, leg: LegId) -> bool {
        self.supervision.watched.contains_key(&leg)
    }

    /// Two legs, one or both of them watched, hear each other from now on.
    fn bridge_watched(&mut self, a: LegId, b: LegId) {
        self.supervision.rooms += 1;
        let room = RoomId(ROOMS_FROM + self.supervision.rooms);
        for (leg, other) in [(a, b), (b, a)] {
            let Some(watch) = self.supervision.watched.get_mut(&leg) else { continue };
            let before = std::mem::replace(watch, Watch { room, with: Some(other) }).with;
            // Whoever was there before hears nobody until something is played.
            if let Some(before) = before.filter(|before| *before != other && *before != leg) {
                self.order(Order::Unmix { leg: before });
            }
        }
        for leg in [a, b] {
            self.order(Order::Mix { leg, room });
        }
        for leg in [a, b] {
            self.supervision.of(leg).into_iter().for_each(|leg| self.follow(leg));
        }
    }

    /// The legs of a room hear nobody any more.
    fn part_watched(&mut self, room: RoomId) {
        let mut parted = Vec::new();
        for (leg, watch) in &mut self.supervision.watched {
            if watch.room == room {
                parted.extend([Some(*leg), watch.with.take()].into_iter().flatten());
            }
        }
        parted.sort();
        parted.dedup();
        parted.into_iter().for_each(|leg| self.order(Order::Unmix { leg }));
    }

    /// A leg is out of its call: whoever supervised it is told so.
    pub(crate) fn unwatch(&mut self, now: Instant, leg: LegId) {
        for watch in self.supervision.watched.values_mut() {
            watch.with = watch.with.filter(|with| *with != leg);
        }
        if self.supervision.watched.remove(&leg).is_none() {
            return;
        }
        for leg in self.supervision.of(leg) {
            let Some(one) = self.supervision.supervisors.remove(&leg) else { continue };
            self.told_ended(now, one.visit, one.agent, one.by, one.since);
            self.order(Order::Unmix { leg });
            self.told_over(now, leg, one.phone);
        }
    }

    /// A supervisor is out of a talk that goes on: the last one gives it back to its two legs.
    fn unwatched(&mut self, of: LegId) {
        let Some(watch) = self.supervision.watched.get(&of).copied() else { return };
        if !self.supervision.of(of).is_empty() {
            return;
        }
        let held = self.calls.call_of(of).and_then(|call| self.calls.get(call));
        let talks = held.is_some_and(|call| call.key() == "talking");
        match watch.with {
            // Music is heard: the room is left when the talk goes on elsewhere, or ends.
            Some(_) if !talks => {}
            Some(with) if self.is_watched(with) => drop(self.supervision.watched.remove(&of)),
            Some(with) => {
                self.supervision.watched.remove(&of);
                self.order(Order::Bridge { a: with, b: of });
            }
            None => drop(self.supervision.watched.remove(&of)),
        }
    }

    fn told_ended(
        &mut self,
        now: Instant,
        visit: VisitId,
        agent: AgentId,
        by: Who,
        since: Instant,
    ) {
        let ms = self.anchor.wall(now).ms_since(self.anchor.wall(since));
        self.fact(now, Fact::SupervisionEnded { visit, agent, by, ms });
    }

    /// Tells a supervisor that it is over, and hangs up.
    fn told_over(&mut self, now: Instant, leg: LegId, phone: PhoneId) {
        self.supervision.supervisors.remove(&leg);
        let lang = self.lang_of(&phone);
        self.services.adopt(now, leg, phone);
        self.play(leg, Player::Service, vec![Clip::new(lang, "supervise.over")], false);
    }
}

/// The leg of an agent who talks in a call, on either side of it.
fn talker_of(call: &Call, agent: &AgentId) -> Option<Talker> {
    let (id, visit, caller) = (call.id(), call.visit(), call.caller()?);
    let is = |who: &Who| who.agent.as_ref() == Some(agent);
    match call.state() {
        State::Talking(talk) if call.key() == "talking" => {
            let (leg, with) = match (is(&talk.who), is(call.side())) {
                (true, _) => (talk.leg, caller),
                (_, true) => (caller, talk.leg),
                _ => return None,
            };
            Some(Talker { call: id, visit, leg, with: Some(with), room: None })
        }
        State::Conference { room, members } => {
            let member = members.iter().find(|member| is(&member.who)).map(|member| member.leg);
            let leg = member.or_else(|| is(call.side()).then_some(caller))?;
            Some(Talker { call: id, visit, leg, with: None, room: Some(*room) })
        }
        _ => None,
    }
}
