//! Three and more who hear each other, mixed on the box.
//!
//! The recording is the caller's leg's: it says and hears all of it. When the caller leaves and two
//! others stay, one of them has the caller's place. When two are left they talk as any two.

use crate::CONFERENCE_MAX;
use crate::shared::Shared;
use crate::state::{Call, State, Talk};
use model::fact::Party;
use model::{Cause, Fact, Instant, LegId, Order, RoomId, Via};

impl Call {
    /// All three of a consultation hear each other.
    pub(crate) fn confer(&mut self, now: Instant, leg: LegId, shared: &mut Shared) -> bool {
        let State::Consulting(both) = &self.state else { return false };
        let Some(other) = both.other.clone().filter(|_| both.talk.leg == leg) else { return false };
        let members = vec![both.talk.clone(), other];
        self.begin_conference(now, members, shared);
        true
    }

    /// The caller alone, until others are asked in.
    pub(crate) fn open_conference(&mut self, now: Instant, shared: &mut Shared) {
        self.begin_conference(now, Vec::new(), shared);
        if let Some(leg) = self.caller {
            self.play_music(leg, shared);
        }
    }

    fn begin_conference(&mut self, now: Instant, members: Vec<Talk>, shared: &mut Shared) {
        let (visit, room) = (self.visit(), shared.open_room());
        shared.fact(Fact::ConferenceBegan { visit });
        for member in &members {
            shared.fact(Fact::ConferenceJoined { visit, who: member.who.clone() });
        }
        for leg in self.caller.into_iter().chain(members.iter().map(|member| member.leg)) {
            shared.order(Order::Mix { leg, room });
        }
        self.holds = false;
        let members = members.into_iter().map(|one| Talk { held: false, ..one }).collect();
        self.enter(now, State::Conference { room, members });
        self.tell_hold(shared);
    }

    /// Makes a conference of a talk and one more party, or takes the party into the one there is.
    /// The party's leg is the call's already.
    pub(crate) fn admit(&mut self, now: Instant, party: Talk, shared: &mut Shared) {
        match self.state.clone() {
            State::Talking(talk) => {
                shared.fact(Fact::Reached { visit: self.visit(), who: party.who.clone() });
                self.engage(&party, shared);
                self.begin_conference(now, vec![talk, party], shared);
            }
            State::Conference { room, mut members } => {
                let visit = self.visit();
                shared.fact(Fact::Reached { visit, who: party.who.clone() });
                shared.fact(Fact::ConferenceJoined { visit, who: party.who.clone() });
                self.engage(&party, shared);
                // Who waited alone hears music no more.
                if let Some(leg) = self.caller.filter(|_| members.is_empty()) {
                    shared.order(Order::Mix { leg, room });
                }
                shared.order(Order::Mix { leg: party.leg, room });
                members.push(party);
                self.state = State::Conference { room, members };
            }
            _ => self.hang_up(now, party.leg, Cause::Failure, shared),
        }
    }

    /// Tells whether one more party may come in.
    pub(crate) fn has_room(&self) -> bool {
        match &self.state {
            State::Talking(_) => true,
            State::Conference { members, .. } => members.len() + 1 < CONFERENCE_MAX,
            _ => false,
        }
    }

    /// A member is gone.
    pub(crate) fn member_gone(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        let visit = self.visit();
        let State::Conference { room, members } = &mut self.state else { return };
        let Some(at) = members.iter().position(|member| member.leg == leg) else { return };
        let (room, member) = (*room, members.remove(at));
        shared.fact(Fact::ConferenceLeft { visit, who: member.who.clone() });
        self.release(now, &member, shared);
        self.fewer(now, room, shared);
    }

    /// The caller is gone from a conference: the next one has the place, an outside one first.
    /// False if nobody is left to talk.
    pub(crate) fn conference_caller_gone(&mut self, now: Instant, shared: &mut Shared) -> bool {
        let (visit, side) = (self.visit(), self.side.clone());
        let State::Conference { room, members } = &mut self.state else { return false };
        if members.len() < 2 {
            return false;
        }
        let outside = members.iter().position(|one| !matches!(one.who.via, Via::Phone(_)));
        let (room, next) = (*room, members.remove(outside.unwrap_or(0)));
        shared.fact(Fact::ConferenceLeft { visit, who: side });
        self.told_parted(now, &next, shared);
        self.release_caller(shared);
        self.take_caller(now, &next, shared);
        self.fewer(now, room, shared);
        true
    }

    /// After one left: two are no conference.
    fn fewer(&mut self, now: Instant, room: RoomId, shared: &mut Shared) {
        let State::Conference { members, .. } = &self.state else { return };
        let (Some(caller), visit) = (self.caller, self.visit()) else { return };
        match members.as_slice() {
            [] => self.end(now, Party::Agent, Cause::Normal, shared),
            [last] => {
                let last = last.clone();
                shared.fact(Fact::ConferenceEnded { visit });
                for leg in [caller, last.leg] {
                    shared.order(Order::Unmix { leg });
                }
                shared.order(Order::Bridge { a: caller, b: last.leg });
                self.enter(now, State::Talking(last));
                self.tell_hold(shared);
            }
            [..] => {
                // The mixer drops a leg that is gone; those who stay are in the room already.
                let _ = room;
            }
        }
    }
}
