//! What desk phones see of the box: lamps, the keys of their own, who sits where.

use super::Switch;
use model::feature::{FeatureWish, Features, Lamp, Watched};
use model::site::Site;
use model::{Instant, PhoneId, RoleId};
use sip::events::{Desk, Directory, PickUp};
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
        let rights = &agent.rights;
        let pick_up = picks_up(site, &rights.pick_up_group, &rights.role);
        let desk = Desk { name: agent.name.clone(), pin: rights.pin.clone(), pick_up };
        (id.clone(), desk)
    });
    let reasons = site.codes.reasons.iter();
    let syncs =
        site.phones.iter().map(|(id, phone)| (id.clone(), ::phone::sync::event(phone.vendor)));
    let pick_ups = site.phones.iter().map(|(id, phone)| {
        let pick_up = picks_up(site, &phone.pick_up_group, &phone.role);
        (id.clone(), pick_up)
    });
    Directory {
        keys,
        agents: agents.collect(),
        slots: site.parking.slots.iter().cloned().collect(),
        reasons: reasons.map(|(digit, word)| (digit.as_char().to_string(), word.clone())).collect(),
        syncs: syncs.collect(),
        pick_ups: pick_ups.collect(),
    }
}

fn picks_up(site: &Site, group: &Option<String>, role: &Option<RoleId>) -> PickUp {
    let role = role.as_ref().and_then(|role| site.roles.get(role));
    PickUp { group: group.clone(), anywhere: role.is_some_and(|role| role.picks_up_anywhere) }
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
