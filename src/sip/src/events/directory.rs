//! The directory: what there is to watch on a site, and who may watch it.
//!
//! | a phone asks for | and sees |
//! |---|---|
//! | `blf-8001` as phone 8001 | the list of what stands on its keys |
//! | an agent, a phone, a park slot | the lamp of it; an agent's wherever the agent sits |
//! | itself | its summary, its features, who sits at it |
//!
//! Another phone's list, summary and features are refused. What stands under the same name is taken
//! for the agent before the phone: a colleague is meant, not a desk.

use super::package::Package;
use super::pick_up::PickUp;
use model::feature::Watched;
use model::{AgentId, PhoneId, Secret};
use std::collections::{BTreeMap, BTreeSet};

/// Most entries of one phone's list; what stands behind them on its keys has no lamp.
pub const LIST_MAX: usize = 64;
/// What a phone's own list is called before its name.
const LIST: &str = "blf-";

/// What may be watched on a site; part of `Accounts`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// The keys of each phone in their order: names of agents, phones and park slots.
    pub keys: BTreeMap<PhoneId, Vec<String>>,
    pub agents: BTreeMap<AgentId, Desk>,
    /// What is dialled for a park slot.
    pub slots: BTreeSet<String>,
    /// Reasons of not ready by the number that phones send for them.
    pub reasons: BTreeMap<String, String>,
    /// The event that lets a phone fetch its settings, where it is another than the usual.
    pub syncs: BTreeMap<PhoneId, &'static str>,
    /// What each phone may pick up while nobody sits at it, and by whom it may be.
    pub pick_ups: BTreeMap<PhoneId, PickUp>,
}

/// What phones may know of an agent, and the endpoint alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    /// Shown beside a key.
    pub name: String,
    /// Asked when the agent sits down at a phone.
    pub pin: Option<Secret>,
    /// Instead of the phone's, where the agent sits.
    pub pick_up: PickUp,
}

/// What a subscription is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A lamp, or the presence of somebody.
    One(Watched),
    /// The keys of a phone.
    List(PhoneId),
    /// The phone's own summary, features or seat.
    Own(PhoneId),
}

/// Why a phone may not subscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("there is nothing of that name")]
    Unknown,
    #[error("it is another phone's")]
    Foreign,
}

impl Denied {
    /// The status code.
    pub fn status(self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::Foreign => 403,
        }
    }
}

impl Directory {
    /// What `phone` may subscribe to under the name `user` of a request URI.
    pub fn resource(
        &self,
        phones: &BTreeSet<PhoneId>,
        package: Package,
        phone: &PhoneId,
        user: &str,
    ) -> Result<Resource, Denied> {
        match package {
            Package::Summary | Package::Features | Package::Hoteling => {
                match user == phone.as_str() {
                    true => Ok(Resource::Own(phone.clone())),
                    false => Err(Denied::Foreign),
                }
            }
            Package::Dialog if user.strip_prefix(LIST) == Some(phone.as_str()) => {
                Ok(Resource::List(phone.clone()))
            }
            Package::Dialog | Package::Presence => {
                self.watched(phones, user).map(Resource::One).ok_or(Denied::Unknown)
            }
        }
    }

    /// What stands under a name.
    pub fn watched(&self, phones: &BTreeSet<PhoneId>, name: &str) -> Option<Watched> {
        let (agent, phone) = (AgentId::new(name), PhoneId::new(name));
        if self.agents.contains_key(&agent) {
            return Some(Watched::Agent(agent));
        }
        if phones.contains(&phone) {
            return Some(Watched::Phone(phone));
        }
        self.slots.contains(name).then(|| Watched::Slot(name.to_owned()))
    }

    /// What stands on a phone's keys, each once, in their order; what the site does not have is
    /// left out.
    pub fn list(&self, phones: &BTreeSet<PhoneId>, phone: &PhoneId) -> Vec<Watched> {
        let mut list: Vec<Watched> = Vec::new();
        for key in self.keys.get(phone).into_iter().flatten() {
            let Some(watched) = self.watched(phones, key) else { continue };
            if list.len() < LIST_MAX && !list.contains(&watched) {
                list.push(watched);
            }
        }
        list
    }

    /// The word beside a key: an agent's name, or what is dialled.
    pub fn name_of<'a>(&'a self, watched: &'a Watched) -> &'a str {
        let name = match watched {
            Watched::Agent(agent) => self.agents.get(agent).map(|desk| desk.name.as_str()),
            Watched::Phone(_) | Watched::Slot(_) => None,
        };
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| user_of(watched))
    }

    /// Tells whether a resource is still there.
    pub fn has(&self, phones: &BTreeSet<PhoneId>, resource: &Resource) -> bool {
        match resource {
            Resource::One(Watched::Agent(agent)) => self.agents.contains_key(agent),
            Resource::One(Watched::Phone(phone)) => phones.contains(phone),
            Resource::One(Watched::Slot(slot)) => self.slots.contains(slot),
            Resource::List(phone) | Resource::Own(phone) => phones.contains(phone),
        }
    }

    /// The number phones know a reason by; empty where the site has none such.
    pub fn reason_number(&self, word: &str) -> &str {
        let found = self.reasons.iter().find(|(_, reason)| reason.as_str() == word);
        found.map_or("", |(number, _)| number)
    }
}

/// The user part of the address of what is watched.
pub fn user_of(watched: &Watched) -> &str {
    match watched {
        Watched::Phone(phone) => phone.as_str(),
        Watched::Agent(agent) => agent.as_str(),
        Watched::Slot(slot) => slot,
    }
}

/// The user part of the address of a resource.
pub fn user_of_resource(resource: &Resource) -> String {
    match resource {
        Resource::One(watched) => user_of(watched).to_owned(),
        Resource::List(phone) => format!("{LIST}{phone}"),
        Resource::Own(phone) => phone.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> (Directory, BTreeSet<PhoneId>) {
        let keys = ["8002", "8003", "701", "8002", "nobody"].map(str::to_owned).to_vec();
        let directory = Directory {
            keys: [(PhoneId::new("8001"), keys)].into(),
            agents: [(AgentId::new("8002"), Desk { name: "Li Na".into(), ..Desk::default() })]
                .into(),
            slots: ["701".to_owned()].into(),
            ..Directory::default()
        };
        (directory, ["8001", "8002", "8003"].map(PhoneId::new).into())
    }

    #[test]
    fn a_phone_may_watch_colleagues_and_only_its_own_affairs() {
        let (directory, phones) = site();
        let phone = PhoneId::new("8001");
        let ask = |package, user| directory.resource(&phones, package, &phone, user);
        let agent = Resource::One(Watched::Agent(AgentId::new("8002")));
        assert_eq!(ask(Package::Dialog, "8002"), Ok(agent.clone()), "the agent, not the desk");
        assert_eq!(ask(Package::Presence, "8002"), Ok(agent));
        let desk = Resource::One(Watched::Phone(PhoneId::new("8003")));
        assert_eq!(ask(Package::Dialog, "8003"), Ok(desk));
        assert_eq!(ask(Package::Dialog, "701"), Ok(Resource::One(Watched::Slot("701".into()))));
        assert_eq!(ask(Package::Dialog, "blf-8001"), Ok(Resource::List(phone.clone())));
        assert_eq!(ask(Package::Dialog, "blf-8002"), Err(Denied::Unknown));
        assert_eq!(ask(Package::Dialog, "9999"), Err(Denied::Unknown));
        for own in [Package::Summary, Package::Features, Package::Hoteling] {
            assert_eq!(ask(own, "8001"), Ok(Resource::Own(phone.clone())));
            assert_eq!(ask(own, "8002"), Err(Denied::Foreign));
        }
    }

    #[test]
    fn a_list_is_what_stands_on_the_keys_each_once() {
        let (directory, phones) = site();
        let list = directory.list(&phones, &PhoneId::new("8001"));
        assert_eq!(list.iter().map(user_of).collect::<Vec<_>>(), ["8002", "8003", "701"]);
        assert_eq!(directory.name_of(&list[0]), "Li Na");
        assert_eq!(directory.name_of(&list[1]), "8003");
    }
}
