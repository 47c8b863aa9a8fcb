//! What the daemon publishes, and which subscriptions that concerns.

use super::board::Summary;
use super::directory::{Directory, Resource};
use super::notifier::Notifier;
use super::package::Package;
use super::subscription::Reason;
use super::table::Topic;
use crate::dialog::DialogId;
use crate::peer::Peer;
use crate::ua::wire::Wire;
use model::feature::{Features, Lamp, Watched};
use model::{Instant, LegId, PhoneId};
use rsip::Uri;
use std::collections::BTreeSet;

impl Notifier {
    /// Shows a lamp.
    pub fn publish(&mut self, now: Instant, watched: Watched, lamp: Lamp) {
        if self.board.set_lamp(watched.clone(), lamp) {
            self.changed(now, &watched);
        }
    }

    /// Shows what a phone's keys do, and who sits at it.
    pub fn show(&mut self, now: Instant, phone: &PhoneId, features: Features) {
        let mut agents: Vec<Watched> =
            self.board.agents_at(phone).cloned().map(Watched::Agent).collect();
        agents.extend(features.agent.iter().map(|(agent, _)| Watched::Agent(agent.clone())));
        let changed = self.board.set_features(phone, features);
        for no in self.table.about(&Topic::Own(phone.clone())) {
            let Some(subscription) = self.table.get_mut(no) else { continue };
            if subscription.event().package == Package::Summary {
                continue;
            }
            if changed {
                subscription.change(now, None);
            }
            subscription.granted(now);
            self.table.settle(no);
        }
        for watched in agents.into_iter().filter(|_| changed) {
            for no in self.table.about(&Topic::Lamp(watched)) {
                self.touch(now, no, Package::Presence, None);
            }
        }
    }

    /// Shows who a phone has to call back.
    pub fn mailbox(&mut self, now: Instant, phone: &PhoneId, new: u32, old: u32) {
        if self.board.set_summary(phone, Summary { new, old }) {
            for no in self.table.about(&Topic::Own(phone.clone())) {
                self.touch(now, no, Package::Summary, None);
            }
        }
    }

    /// A leg rings a phone.
    pub fn rings(&mut self, leg: LegId, phone: &PhoneId) {
        self.board.rings(leg, phone);
    }

    /// Legs that ring at a phone.
    pub fn ringing(&self) -> usize {
        self.board.ringing()
    }

    /// A phone that a leg rings said which dialog that is: a colleague's key can take it now.
    pub fn rung(&mut self, now: Instant, leg: LegId, dialog: DialogId) {
        let Some(phone) = self.board.rung(leg, dialog) else { return };
        let agents: Vec<Watched> =
            self.board.agents_at(&phone).cloned().map(Watched::Agent).collect();
        for watched in agents.into_iter().chain([Watched::Phone(phone)]) {
            if matches!(self.board.lamp(&watched).lamp, Lamp::Ringing { .. }) {
                self.changed(now, &watched);
            }
        }
    }

    /// A leg is over.
    pub fn leg_over(&mut self, leg: LegId) {
        self.board.leg_over(leg);
    }

    /// A phone registered these contacts from there.
    pub fn registered(&mut self, now: Instant, phone: &PhoneId, contacts: &[Uri], from: Peer) {
        for no in self.table.of_phone(phone) {
            if let Some(subscription) = self.table.get_mut(no) {
                subscription.moved(now, contacts, from);
                self.table.settle(no);
            }
        }
    }

    /// A connection is closed.
    pub fn flow_closed(&mut self, flow: Peer) {
        let Some(id) = flow.flow else { return };
        for no in self.table.by_flow(id) {
            if let Some(subscription) = self.table.get_mut(no) {
                subscription.flow_closed(flow);
                self.table.settle(no);
            }
        }
    }

    /// Uses another site: what is gone ends, and so does what `locked_out` phones have.
    pub fn configure(
        &mut self,
        now: Instant,
        wire: &mut Wire,
        directory: Directory,
        phones: BTreeSet<PhoneId>,
        locked_out: &BTreeSet<PhoneId>,
    ) {
        (self.directory, self.phones) = (directory, phones);
        let (directory, phones) = (&self.directory, &self.phones);
        self.board.keep(|watched| directory.has(phones, &Resource::One(watched.clone())));
        self.pins.keep(|phone| phones.contains(phone));
        for no in self.table.all() {
            let (directory, phones) = (&self.directory, &self.phones);
            let Some(subscription) = self.table.get_mut(no) else { continue };
            let list = match subscription.resource() {
                Resource::List(phone) => Some(directory.list(phones, phone)),
                _ => None,
            };
            if locked_out.contains(subscription.phone()) {
                subscription.end(Reason::Rejected);
            } else if !directory.has(phones, subscription.resource()) {
                subscription.end(Reason::NoResource);
            } else if list.is_some() {
                subscription.change_all(now);
            }
            if let Some(list) = list {
                self.table.list(no, &list);
            }
            self.step(now, wire, no);
        }
    }

    fn changed(&mut self, now: Instant, watched: &Watched) {
        for no in self.table.about(&Topic::Lamp(watched.clone())) {
            // An agent's presence follows the agent, a phone's its lamp.
            let package = self.table.get(no).map(|s| s.event().package);
            let lamp = package == Some(Package::Dialog);
            if lamp || !matches!(watched, Watched::Agent(_)) {
                self.touch(now, no, package.unwrap_or(Package::Dialog), Some(watched));
            }
        }
    }

    fn touch(&mut self, now: Instant, no: u64, package: Package, watched: Option<&Watched>) {
        let Some(subscription) = self.table.get_mut(no) else { return };
        if subscription.event().package == package {
            subscription.change(now, watched);
            self.table.settle(no);
        }
    }
}
