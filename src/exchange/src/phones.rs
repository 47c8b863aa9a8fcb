//! The desk phones: which legs each has, what it was set to, and whether it takes another call.

use crate::exchange::Exchange;
use model::feature::{Features, ForwardWhen};
use model::site::{Lang, Ringing, Role};
use model::{AgentId, Fact, Instant, LegId, PhoneId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Most calls at once on one phone: the one that talks and one that waits or is asked.
pub const CALLS_PER_PHONE_MAX: usize = 2;

/// Longest number a call may be sent to; a longer one changes nothing, and who asks for it is told.
pub(crate) const FORWARD_CHARS_MAX: usize = 32;

/// What a phone was set to by codes or its own keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub dnd: bool,
    /// Rings although it talks.
    pub call_waiting: bool,
    pub forwards: BTreeMap<ForwardWhen, String>,
    /// Before calls are sent on on no answer; none for the site's.
    pub rings: Option<u8>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { dnd: false, call_waiting: true, forwards: BTreeMap::new(), rings: None }
    }
}

impl Setting {
    /// Why the phone takes no calls of a queue.
    fn bars(&self) -> Option<&'static str> {
        match (self.dnd, self.forwards.contains_key(&ForwardWhen::Always)) {
            (true, _) => Some(agent::DND),
            (_, true) => Some(agent::FORWARDED),
            _ => None,
        }
    }
}

/// All phones.
#[derive(Debug, Default)]
pub(crate) struct Phones {
    pub(crate) up: BTreeSet<PhoneId>,
    pub(crate) settings: BTreeMap<PhoneId, Setting>,
    on: BTreeMap<LegId, PhoneId>,
    legs: BTreeMap<PhoneId, BTreeSet<LegId>>,
    /// Phones and slots of which something may be shown otherwise than before.
    pub(crate) dirty: BTreeSet<PhoneId>,
}

impl Phones {
    /// Notes a leg of a phone; true if it is the first.
    pub(crate) fn took(&mut self, phone: &PhoneId, leg: LegId) -> bool {
        self.dirty.insert(phone.clone());
        self.on.insert(leg, phone.clone());
        let legs = self.legs.entry(phone.clone()).or_default();
        legs.insert(leg);
        legs.len() == 1
    }
    /// Forgets a leg; gives the phone if it has none left.
    pub(crate) fn left(&mut self, leg: LegId) -> Option<PhoneId> {
        let phone = self.on.remove(&leg)?;
        self.dirty.insert(phone.clone());
        let legs = self.legs.get_mut(&phone)?;
        legs.remove(&leg);
        if !legs.is_empty() {
            return None;
        }
        self.legs.remove(&phone);
        Some(phone)
    }
    /// The phone of a leg.
    pub(crate) fn of(&self, leg: LegId) -> Option<&PhoneId> {
        self.on.get(&leg)
    }
    /// The legs of a phone, the oldest first.
    pub(crate) fn legs(&self, phone: &PhoneId) -> impl Iterator<Item = LegId> {
        self.legs.get(phone).into_iter().flatten().copied()
    }
    /// Tells whether a phone has a leg.
    pub(crate) fn occupied(&self, phone: &PhoneId) -> bool {
        self.legs.contains_key(phone)
    }
    /// What a phone is set to.
    pub(crate) fn setting(&self, phone: &PhoneId) -> Setting {
        self.settings.get(phone).cloned().unwrap_or_default()
    }
    /// Notes that something of a leg's phone may be shown otherwise.
    pub(crate) fn touch(&mut self, leg: LegId) {
        if let Some(phone) = self.on.get(&leg) {
            self.dirty.insert(phone.clone());
        }
    }
    /// Tells whether no phone has a leg.
    pub(crate) fn is_empty(&self) -> bool {
        self.on.is_empty()
    }
}

impl Exchange {
    /// A phone has one more leg.
    pub(crate) fn leg_taken(&mut self, now: Instant, phone: &PhoneId, leg: LegId) {
        if self.phones.took(phone, leg) {
            self.phone_taken(now, phone);
        }
    }

    /// A leg is gone or told to be: its phone, if it was one's last, is free again.
    pub(crate) fn leg_left(&mut self, now: Instant, leg: LegId) {
        self.keys.remove(&leg);
        self.unwatch(now, leg);
        if let Some(phone) = self.phones.left(leg) {
            self.phone_released(now, &phone);
        }
    }

    /// Sets something of a phone.
    pub(crate) fn set_phone(
        &mut self,
        now: Instant,
        phone: &PhoneId,
        change: impl FnOnce(&mut Setting),
    ) {
        let before = self.phones.setting(phone);
        let mut after = before.clone();
        change(&mut after);
        after.rings = after.rings.map(|rings| rings.clamp(1, Ringing::RINGS_MAX));
        if before == after {
            return;
        }
        if before.rings != after.rings {
            self.fact(now, Fact::RingsSet { phone: phone.clone(), rings: after.rings });
        }
        if (Setting { rings: after.rings, ..before }) != after {
            self.fact(
                now,
                Fact::PhoneSet {
                    phone: phone.clone(),
                    dnd: after.dnd,
                    call_waiting: after.call_waiting,
                    forwards: after.forwards.clone().into_iter().collect(),
                },
            );
        }
        self.phones.settings.insert(phone.clone(), after);
        self.phones.dirty.insert(phone.clone());
        self.bar(now, phone);
    }

    /// Tells the agents whether a phone takes calls of a queue.
    pub(crate) fn bar(&mut self, now: Instant, phone: &PhoneId) {
        let reason = self.phones.setting(phone).bars();
        self.agents.handle(now, agent::Input::Barred { phone: phone.clone(), reason });
    }

    /// What a phone shows of itself.
    pub(crate) fn features(&self, phone: &PhoneId) -> Features {
        let setting = self.phones.setting(phone);
        let agent = self
            .agents
            .agent_of(phone)
            .and_then(|agent| Some((agent.clone(), self.agents.state(agent)?.clone())));
        let rings = self.rings(&setting);
        Features { dnd: setting.dnd, forwards: setting.forwards, rings, agent }
    }

    /// After how many rings without an answer a phone's calls are sent on.
    fn rings(&self, setting: &Setting) -> u8 {
        setting.rings.unwrap_or_else(|| Ringing::rings(self.site.ringing.forward_after))
    }

    /// How long a phone rings that is called directly.
    pub(crate) fn rings_for(&self, setting: &Setting) -> Duration {
        match (setting.forwards.contains_key(&ForwardWhen::NoAnswer), setting.rings) {
            (true, Some(rings)) => Ringing::CYCLE * u32::from(rings),
            (true, None) => self.site.ringing.forward_after,
            (false, _) => self.site.ringing.longest,
        }
    }

    /// The agent who sits at a phone and is logged in.
    pub(crate) fn sitter(&self, phone: &PhoneId) -> Option<&AgentId> {
        self.agents.at(phone)
    }

    /// The language of who sits at a phone, or of whose own it is.
    pub(crate) fn lang_of(&self, phone: &PhoneId) -> Lang {
        let agent = self.agents.agent_of(phone);
        let agent = agent.and_then(|agent| self.site.agents.get(agent));
        agent.map_or(self.site.lang, |agent| agent.lang)
    }

    /// The role of an agent.
    pub(crate) fn role(&self, agent: &AgentId) -> Option<&Role> {
        let agent = self.site.agents.get(agent)?;
        self.site.roles.get(agent.rights.role.as_ref()?)
    }

    /// The role of who sits at a phone; the phone's own where nobody does.
    pub(crate) fn role_at(&self, phone: &PhoneId) -> Option<&Role> {
        match self.sitter(phone) {
            Some(agent) => self.role(agent),
            None => self.site.roles.get(self.site.phones.get(phone)?.role.as_ref()?),
        }
    }

    /// Tells whether whoever sits at a phone may see callers' numbers. A site without roles hides
    /// nothing from its agents.
    pub(crate) fn sees_numbers(&self, phone: &PhoneId) -> bool {
        let role = self.agents.agent_of(phone).and_then(|agent| self.role(agent));
        match role {
            Some(role) => role.sees_numbers,
            None => self.site.roles.is_empty(),
        }
    }
}
