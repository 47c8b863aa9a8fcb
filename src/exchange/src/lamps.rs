//! What is shown on phones: their own features, and lamps of phones, agents and slots.
//!
//! Only what changed is said, once a turn.

use crate::exchange::Exchange;
use crate::io::Output;
use model::feature::{Features, Lamp, Watched};
use model::{AgentId, LegId, Number, PhoneId, Via};
use std::collections::BTreeMap;

/// What was said last.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    features: BTreeMap<PhoneId, Features>,
    lamps: BTreeMap<Watched, Lamp>,
}

impl Exchange {
    /// Says what is shown otherwise than before.
    pub(crate) fn show(&mut self) {
        for phone in std::mem::take(&mut self.phones.dirty) {
            let features = self.features(&phone);
            let agent = features.agent.as_ref().map(|(agent, _)| agent.clone());
            if self.shown.features.get(&phone) != Some(&features) {
                self.shown.features.insert(phone.clone(), features.clone());
                self.out.push_back(Output::Show { phone: phone.clone(), features });
            }
            self.show_waiting(&phone);
            let lamp = self.lamp(&phone);
            if let Some(agent) = agent {
                let there = self.agents.at(&phone) == Some(&agent);
                let lamp = if there { lamp.clone() } else { Lamp::Away };
                self.light(Watched::Agent(agent), lamp, Lamp::Away);
            }
            self.light(Watched::Phone(phone), lamp, Lamp::Away);
        }
        for slot in std::mem::take(&mut self.slots_dirty) {
            let call = self.parked_in(&slot).and_then(|call| self.calls.get(call));
            let lamp = call.map_or(Lamp::Idle, |call| {
                let inside = matches!(call.side().via, Via::Phone(_));
                Lamp::Talking { other: shown(call.number(), inside) }
            });
            self.light(Watched::Slot(slot), lamp, Lamp::Idle);
        }
    }

    /// An agent changed: whatever shows the agent may too.
    pub(crate) fn agent_touched(&mut self, agent: &AgentId) {
        if let Some(phone) = self.agents.phone_of(agent).cloned() {
            self.phones.dirty.insert(phone);
        }
        if let Some(own) = self.site.agents.get(agent).map(|agent| agent.phone.clone()) {
            self.phones.dirty.insert(own);
        }
    }

    fn light(&mut self, watched: Watched, lamp: Lamp, unlit: Lamp) {
        if *self.shown.lamps.get(&watched).unwrap_or(&unlit) != lamp {
            self.shown.lamps.insert(watched.clone(), lamp.clone());
            self.out.push_back(Output::Lamp { watched, lamp });
        }
    }

    /// The lamp of a phone: what of its legs is loudest.
    fn lamp(&self, phone: &PhoneId) -> Lamp {
        if !self.phones.up.contains(phone) {
            return Lamp::Away;
        }
        let mut lamp = Lamp::Idle;
        for leg in self.phones.legs(phone) {
            match self.leg_lamp(leg) {
                Lamp::Talking { other } => return Lamp::Talking { other },
                ringing => lamp = ringing,
            }
        }
        lamp
    }

    fn leg_lamp(&self, leg: LegId) -> Lamp {
        let Some(call) = self.calls.call_of(leg).and_then(|call| self.calls.get(call)) else {
            return Lamp::Talking { other: String::new() };
        };
        let other = call.other_side(leg);
        let text =
            other.map_or(String::new(), |who| shown(&who.number, matches!(who.via, Via::Phone(_))));
        let rings = call.rung().is_some_and(|to| to.leg == leg)
            || matches!(call.state(), call::State::Offered { leg: rung, .. } if *rung == leg);
        match rings {
            true => Lamp::Ringing { caller: text },
            false => Lamp::Talking { other: text },
        }
    }
}

/// A number as anybody may read it: a colleague's whole, another's masked.
fn shown(number: &Number, inside: bool) -> String {
    match inside {
        true => number.reveal().to_owned(),
        false => number.masked(),
    }
}
