//! What is done for a leg's sound: decided when it first talks with another, by the site's word for
//! all, and the trunk's or the agent's own.

use super::Switch;
use media::care::{Care, Terms};
use model::Via;
use model::id::LegId;

impl Switch {
    /// Has a leg cared for from its first talk on, if the site wants it.
    pub(super) fn care_for(&mut self, leg: LegId) {
        if self.parts.wires.get(leg).is_none() {
            return;
        }
        if !self.sound.first_talk(leg) {
            return;
        }
        if let Some(care) = Care::new(self.terms(leg)) {
            self.tell_engine(leg, |slot| media::Command::Care { slot, care: Some(care) });
        }
    }

    fn terms(&self, leg: LegId) -> Terms {
        let site = &self.parts.site;
        let own = self.parts.exchange.whose(leg).and_then(|view| match view.via {
            Via::Trunk(trunk) => site.trunks.get(&trunk)?.out.suppress_noise,
            Via::Phone(_) => site.agents.get(&view.agent?)?.rights.suppress_noise,
            Via::Port(_) => None,
        });
        let care = site.sip.care;
        Terms { noise: own.unwrap_or(care.suppress_noise), level: care.automatic_level }
    }
}
