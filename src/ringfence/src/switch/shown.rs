//! What desk phones see of the box: lamps, the keys of their own, who sits where.

use super::Switch;
use model::feature::{FeatureWish, Features, Lamp, Watched};
use model::site::Site;
use model::{Instant, PhoneId};
use sip::events::{Desk, Directory};
use std::collections::BTreeMap;

/// What there is to watch on a site.
pub fn directory(site: &Site) -> Directory {
    let keys: BTreeMap<PhoneId, Vec<String>> = site
        .phones
        .iter()
        .filter(|(_, phone)| !phone.keys.is_empty())
        .map(|(id, phone)| (id.clone(), phone.keys.clone()))
        .collect();
    let agents = site.agents.iter().map(|(id, agent)| {
        let desk = Desk { name: agent.name.clone(), pin: agent.rights.pin.clone() };
        (id.clone(), desk)
    });
    let reasons = site.codes.reasons.iter();
    let syncs =
        site.phones.iter().map(|(id, phone)| (id.clone(), ::phone::sync::event(phone.vendor)));
    Directory {
        keys,
        agents: agents.collect(),
        slots: site.parking.slots.iter().cloned().collect(),
        reasons: reasons.map(|(digit, word)| (digit.as_char().to_string(), word.clone())).collect(),
        syncs: syncs.collect(),
    }
}

impl Switch {
    /// A phone's own key asked for something.
    pub(super) fn wished(&mut self, now: Instant, phone: PhoneId, wish: FeatureWish) {
        self.parts.exchange.handle(now, exchange::Input::Feature { phone, wish });
    }

    /// A phone shows its features otherwise than before.
    pub(super) fn show(&mut self, now: Instant, phone: PhoneId, features: Features) {
        self.pops.seated(&phone, &features);
        let show = sip::Command::ShowFeatures { phone, features };
        self.parts.endpoint.handle(now, sip::Input::Command(show));
    }

    /// A lamp changed.
    pub(super) fn light(&mut self, now: Instant, watched: Watched, lamp: Lamp) {
        let publish = sip::Command::Publish { watched, lamp };
        self.parts.endpoint.handle(now, sip::Input::Command(publish));
    }
}
