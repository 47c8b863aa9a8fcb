//! The agent who talks: which leg it is, and who hears it.

use crate::exchange::Exchange;
use call::{Call, State};
use model::fact::Who;
use model::{AgentId, CallId, LegId, PhoneId, RoomId, VisitId};

/// An agent's leg that may be supervised, or its place be taken.
pub(super) struct Talker {
    pub(super) call: CallId,
    pub(super) visit: VisitId,
    pub(super) leg: LegId,
    /// The other side, where the talk is of two.
    pub(super) with: Option<LegId>,
    /// The conference it is in.
    pub(super) room: Option<RoomId>,
    /// Nobody is on hold.
    pub(super) hears: bool,
}

impl Exchange {
    /// The talk an agent is in, one on hold only if there is no other.
    pub(super) fn talker(&self, agent: &AgentId) -> Option<Talker> {
        let is = |who: &Who, _| who.agent.as_ref() == Some(agent);
        let talks = || self.calls.iter().filter_map(|call| talker_of(call, is));
        talks().find(|talker| talker.hears).or_else(|| talks().next())
    }

    /// The talk a leg is in, held or not.
    pub(super) fn talker_on(&self, leg: LegId) -> Option<Talker> {
        let call = self.calls.get(self.calls.call_of(leg)?)?;
        talker_of(call, |_, one| one == leg)
    }

    /// Tells whether a phone is in a talk itself.
    pub(super) fn is_at(&self, phone: &PhoneId, talker: &Talker) -> bool {
        self.phones.legs(phone).any(|leg| self.calls.call_of(leg) == Some(talker.call))
    }

    /// Who hears a leg of a call at this moment, and is heard by it.
    pub(super) fn company(&self, leg: LegId) -> Vec<LegId> {
        let call = self.calls.call_of(leg).and_then(|call| self.calls.get(call));
        let Some(call) = call else { return Vec::new() };
        let caller = call.caller();
        let mut together: Vec<LegId> = match call.state() {
            State::Talking(talk) if call.key() == "talking" => {
                caller.into_iter().chain([talk.leg]).collect()
            }
            State::Conference { members, .. } => {
                caller.into_iter().chain(members.iter().map(|member| member.leg)).collect()
            }
            State::Consulting(both) => {
                let other = both.other.as_ref().map(|other| other.leg);
                let with = if both.with_caller { caller } else { other };
                with.into_iter().chain([both.talk.leg]).collect()
            }
            _ => Vec::new(),
        };
        match together.iter().position(|one| *one == leg) {
            Some(at) => drop(together.remove(at)),
            None => together.clear(),
        }
        together
    }
}

/// The leg of a party who talks in a call, on either side of it.
fn talker_of(call: &Call, is: impl Fn(&Who, LegId) -> bool) -> Option<Talker> {
    let (id, visit, caller) = (call.id(), call.visit(), call.caller()?);
    match call.state() {
        State::Talking(talk) => {
            let (leg, with) = match (is(&talk.who, talk.leg), is(call.side(), caller)) {
                (true, _) => (talk.leg, caller),
                (_, true) => (caller, talk.leg),
                _ => return None,
            };
            let hears = call.key() == "talking";
            Some(Talker { call: id, visit, leg, with: Some(with), room: None, hears })
        }
        State::Conference { room, members } => {
            let member = members.iter().find(|member| is(&member.who, member.leg));
            let own = is(call.side(), caller).then_some(caller);
            let leg = member.map(|member| member.leg).or(own)?;
            Some(Talker { call: id, visit, leg, with: None, room: Some(*room), hears: true })
        }
        _ => None,
    }
}
