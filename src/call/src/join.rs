//! Two calls of one phone become one: the other sides are joined and the phone leaves (attended
//! transfer, RFC 5589 7), or stays with both (conference).
//!
//! The call in which the phone is the party goes on, so that a caller's call stays the caller's;
//! where it began both, the one that asked. The other call ends, and a fact says where it went on.

use crate::calls::Calls;
use crate::io::Output;
use crate::shared::Shared;
use crate::state::{Call, Rung, State, Talk};
use crate::timers::Kind;
use model::fact::Party;
use model::{CallId, Cause, Fact, Instant, LegId, Order, TransferStage};
use std::time::Duration;

/// How long a phone still rings for a caller who was handed over meanwhile.
const RING_ON: Duration = Duration::from_secs(30);

/// What a phone is in one of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Party,
    Caller,
    /// It calls, and the other side rings.
    Seeker,
    /// It is in a conference.
    Member,
}

/// The other side of a phone's call.
enum Far {
    Leg(Talk),
    Ringing(Rung),
}

impl Calls {
    /// Joins the other sides of two legs of one phone.
    pub(crate) fn join(&mut self, now: Instant, leg: LegId, other: LegId, conference: bool) {
        if !self.joined(now, leg, other, conference) {
            self.shared.counters.wishes_refused += 1;
            let stage = TransferStage::Failed(Cause::NotAcceptable);
            self.shared.order(Order::Transferring { leg, stage });
        }
    }

    fn joined(&mut self, now: Instant, leg: LegId, other: LegId, conference: bool) -> bool {
        let call_of = |leg: LegId| self.shared.legs.get(&leg).copied();
        let (Some(one), Some(two)) = (call_of(leg), call_of(other)) else { return false };
        let role = |id: CallId, leg: LegId| self.calls.get(&id).and_then(|call| role(call, leg));
        let (Some(here), Some(there)) = (role(one, leg), role(two, other)) else { return false };
        if one == two {
            return false;
        }
        let here_goes_on = match (here, there) {
            (Role::Member, Role::Member) | (Role::Seeker, Role::Seeker) => return false,
            (Role::Member, _) => true,
            (_, Role::Member) => false,
            // A caller from outside keeps the call of its own.
            (Role::Party, Role::Party) => {
                let inside = |id| self.calls.get(&id).is_some_and(Call::is_inside);
                !inside(one) || inside(two)
            }
            (Role::Party, _) => true,
            (_, Role::Party) | (Role::Seeker, _) => false,
            (Role::Caller, _) => true,
        };
        let (on, over) = if here_goes_on {
            ((one, leg, here), (two, other, there))
        } else {
            ((two, other, there), (one, leg, here))
        };
        let into_room = conference || on.2 == Role::Member;
        let fits = |call: &Call| if into_room { call.has_room() } else { spare(call) };
        if (into_room && over.2 == Role::Seeker) || !self.calls.get(&on.0).is_some_and(fits) {
            return false;
        }
        let Some(mut ends) = self.calls.remove(&over.0) else { return false };
        let active = leg;
        self.with(now, Some(on.0), |call, shared| {
            if on.2 == Role::Caller {
                call.swap_sides(now, shared);
            }
            let stage = TransferStage::Done;
            shared.order(Order::Transferring { leg: active, stage });
            let stays = into_room && on.2 != Role::Member && active == over.1;
            let Some(far) = ends.give_far(now, over.1, call, stays, shared) else { return };
            match far {
                Far::Leg(far) if into_room => {
                    if stays {
                        call.moves_to(now, active, shared);
                    }
                    call.admit(now, far, shared);
                }
                Far::Leg(far) => {
                    if let State::Talking(from) = call.state.clone() {
                        call.handed_on(now, from, far, shared);
                    }
                }
                Far::Ringing(rung) => call.rings_on(now, rung, shared),
            }
        });
        self.calls.insert(over.0, ends);
        self.with(now, Some(over.0), |_, _| {});
        true
    }
}

/// A transfer opens a visit; one is kept for what comes after.
fn spare(call: &Call) -> bool {
    call.visits + 2 < crate::VISITS_MAX
}

/// What the phone of a leg is in the call, if it may join others.
fn role(call: &Call, leg: LegId) -> Option<Role> {
    let is_caller = call.caller == Some(leg);
    match &call.state {
        State::Talking(talk) if talk.leg == leg => Some(Role::Party),
        State::Talking(_) if is_caller => Some(Role::Caller),
        State::Calling { to: Some(to), .. } if is_caller && !to.early => Some(Role::Seeker),
        State::Conference { members, .. } => {
            let member = is_caller || members.iter().any(|member| member.leg == leg);
            member.then_some(Role::Member)
        }
        _ => None,
    }
}

impl Call {
    /// Gives the other side of a phone's leg to another call, and ends. The phone's own leg is hung
    /// up unless it `stays` and goes to the other call too.
    fn give_far(
        &mut self,
        now: Instant,
        leg: LegId,
        to: &Call,
        stays: bool,
        shared: &mut Shared,
    ) -> Option<Far> {
        self.nobody_attaches(now, shared);
        shared.timers.clear(self.id, Kind::Ring);
        self.ended.get_or_insert((Party::Agent, Cause::Normal));
        let state = self.enter(now, State::Ending);
        let is_caller = self.caller == Some(leg);
        let far = match state {
            State::Talking(talk) if is_caller => {
                self.goes_on(&talk.who.agent, to, shared);
                self.leave(now, leg, stays, shared);
                self.release(now, &talk, shared);
                self.release_caller(shared);
                Far::Leg(Talk { queue: None, since: now, held: false, ..talk })
            }
            State::Talking(talk) => {
                let far = self.caller?;
                self.goes_on(&self.side.agent, to, shared);
                self.leave(now, leg, stays, shared);
                self.release(now, &talk, shared);
                self.stop_recording(now, shared);
                self.caller = None;
                self.release_caller(shared);
                let (who, since) = (self.side.clone(), now);
                Far::Leg(Talk { leg: far, who, queue: None, since, held: false })
            }
            State::Calling { to: Some(rung), .. } => {
                self.leave(now, leg, false, shared);
                let (visit, cause) = (self.visit(), Cause::Cancelled);
                shared.fact(Fact::CalledInVain { visit, who: rung.who.clone(), cause });
                self.release_caller(shared);
                Far::Ringing(rung)
            }
            other => {
                drop(self.enter(now, other));
                return None;
            }
        };
        let moved = match &far {
            Far::Leg(talk) => talk.leg,
            Far::Ringing(rung) => rung.leg,
        };
        shared.legs.insert(moved, to.id);
        shared.order(Order::Unbridge { leg: moved });
        shared.fact(Fact::Merged { call: self.id, into: to.id });
        Some(far)
    }

    /// Says before an agent's talk ends here that it goes on there, so that nobody offers the agent
    /// a call in between.
    fn goes_on(&self, agent: &Option<model::AgentId>, to: &Call, shared: &mut Shared) {
        if let Some(agent) = agent.clone() {
            shared.say(Output::Engaged { visit: to.visit(), agent });
        }
    }

    /// The phone's own leg leaves the call.
    fn leave(&mut self, now: Instant, leg: LegId, stays: bool, shared: &mut Shared) {
        if !stays {
            self.hang_up(now, leg, Cause::Normal, shared);
        } else if self.caller == Some(leg) {
            self.stop_recording(now, shared);
            self.caller = None;
        }
    }

    /// The party goes on by another leg of its phone, and the one of before is hung up.
    fn moves_to(&mut self, now: Instant, leg: LegId, shared: &mut Shared) {
        let (id, caller) = (self.id, self.caller);
        let State::Talking(talk) = &mut self.state else { return };
        let old = std::mem::replace(&mut talk.leg, leg);
        talk.held = false;
        self.tell_hold(shared);
        shared.legs.insert(leg, id);
        if let Some(caller) = caller {
            shared.order(Order::Unbridge { leg: caller });
        }
        self.hang_up(now, old, Cause::Normal, shared);
    }

    /// The party leaves the caller to a phone that still rings.
    fn rings_on(&mut self, now: Instant, rung: Rung, shared: &mut Shared) {
        let State::Talking(talk) = self.enter(now, State::Ending) else { return };
        self.caller_waits(shared);
        let leg = talk.leg;
        let who = rung.who.clone();
        self.enter(now, State::Transferring { talk, to: Some(rung) });
        self.hang_up(now, leg, Cause::Normal, shared);
        shared.timers.set(self.id, Kind::Ring, now + RING_ON);
        self.sender_gone(now, shared);
        shared.fact(Fact::Called { visit: self.visit(), who });
    }
}
