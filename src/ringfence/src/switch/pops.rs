//! Screen pops: who calls, where from, how long they waited and what matters, on the phone that rings.
//!
//! The display name of the INVITE carries it to every phone; phones with a screen of their own for it
//! are pushed one as well, and it is taken away when the leg is over.

use super::Switch;
use model::feature::Features;
use model::site::{Lang, Site, Vendor};
use model::{AgentId, Instant, LegId, Number, PersonName, PhoneId, Pop};
use phone::screen::{self, Push};
use phone::{Caller, Shown};
use std::collections::BTreeMap;

/// What is shown where.
#[derive(Debug, Default)]
pub struct Pops {
    /// Who sits at each phone; at most as many as the site has phones.
    seats: BTreeMap<PhoneId, AgentId>,
    /// Legs whose phone shows a screen; at most as many as there are legs.
    shown: BTreeMap<LegId, PhoneId>,
}

impl Pops {
    /// Notes who sits at a phone.
    pub fn seated(&mut self, phone: &PhoneId, features: &Features) {
        match &features.agent {
            Some((agent, _)) => self.seats.insert(phone.clone(), agent.clone()),
            None => self.seats.remove(phone),
        };
    }

    /// The language of who sits at a phone.
    fn lang(&self, site: &Site, phone: &PhoneId) -> Lang {
        let seated = self.seats.get(phone).and_then(|agent| site.agents.get(agent));
        let own = || site.agents.values().find(|agent| agent.phone == *phone);
        seated.or_else(own).map_or(site.lang, |agent| agent.lang)
    }

    /// What a phone shows of a caller.
    fn of(
        &self,
        site: &Site,
        phone: &PhoneId,
        number: &Number,
        name: &PersonName,
        pop: &Pop,
    ) -> Shown {
        Shown::new(Caller { number, name }, pop, self.lang(site, phone))
    }
}

/// Tells whether a pop says more than who calls.
fn says_more(pop: &Pop) -> bool {
    let marked = pop.marks.vip || pop.marks.complaint;
    // A name may be a number, so a pop that is masked is never passed on as it came.
    !pop.from.is_empty() || pop.waited_s > 0 || marked || pop.masked
}

impl Switch {
    /// Pushes a screen to a phone that is about to ring, and gives the name for its display.
    pub(super) fn pop(
        &mut self,
        now: Instant,
        leg: LegId,
        phone: &PhoneId,
        number: &Number,
        name: PersonName,
        pop: &Pop,
    ) -> PersonName {
        if !says_more(pop) {
            return name;
        }
        let site = self.parts.site.clone();
        let shown = self.pops.of(&site, phone, number, &name, pop);
        if let Some(screen) = self.screen(phone) {
            self.push(now, phone, screen.pop(&shown));
            self.pops.shown.insert(leg, phone.clone());
        }
        PersonName::new(shown.display_name())
    }

    /// Takes the screen of a leg that is over away.
    pub(super) fn unpop(&mut self, now: Instant, leg: LegId) {
        let Some(phone) = self.pops.shown.remove(&leg) else { return };
        let clear = self.screen(&phone).and_then(|screen| screen.clear());
        if let Some(clear) = clear {
            self.push(now, &phone, clear);
        }
    }

    fn screen(&self, phone: &PhoneId) -> Option<&'static dyn screen::Screen> {
        let vendor = self.parts.site.phones.get(phone).map_or(Vendor::Other, |desk| desk.vendor);
        screen::of(vendor)
    }

    fn push(&mut self, now: Instant, phone: &PhoneId, push: Push) {
        let (event, content_type, body) = match push {
            Push::Notify { event, content_type, body } => (event, content_type, body),
            Push::NotifyAndServe { event, body } => {
                self.parts.desks.shelf.lay_out(phone, body);
                (event, "", String::new())
            }
            // No vendor of ours needs it.
            Push::HttpPost { .. } => return,
        };
        let command = sip::Command::Push {
            phone: phone.clone(),
            event: event.to_owned(),
            content_type: content_type.to_owned(),
            body: body.into_bytes(),
        };
        self.parts.endpoint.handle(now, sip::Input::Command(command));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::fact::AgentState;

    fn pop() -> Pop {
        Pop { from: "门诊".into(), waited_s: 130, ..Pop::default() }
    }

    #[test]
    fn a_pop_that_says_who_calls_alone_changes_no_name() {
        assert!(!says_more(&Pop::default()));
        assert!(says_more(&pop()));
    }

    #[test]
    fn who_sits_down_at_a_phone_reads_it_in_their_own_language() {
        let phone = PhoneId::new("8003");
        let mut pops = Pops::default();
        let features = |agent: Option<&str>| Features {
            agent: agent.map(|agent| (AgentId::new(agent), AgentState::Ready)),
            ..Features::default()
        };
        pops.seated(&phone, &features(Some("8001")));
        assert_eq!(pops.seats.get(&phone), Some(&AgentId::new("8001")));
        pops.seated(&phone, &features(None));
        assert_eq!(pops.seats.get(&phone), None);
    }
}
