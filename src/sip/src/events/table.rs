//! The table of subscriptions: by number, dialog, topic, phone, connection and time.

use super::directory::Resource;
use super::subscription::Subscription;
use crate::dialog::DialogId;
use crate::peer::FlowId;
use model::feature::Watched;
use model::{Instant, PhoneId};
use std::collections::{BTreeMap, BTreeSet};

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Lamp(Watched),
    Own(PhoneId),
}

/// A subscription with what it is found by.
#[derive(Debug)]
struct Entry {
    subscription: Subscription,
    topics: Vec<Topic>,
    flow: Option<FlowId>,
    at: Option<Instant>,
}

/// All subscriptions.
#[derive(Debug, Default)]
pub struct Table {
    entries: BTreeMap<u64, Entry>,
    by_dialog: BTreeMap<DialogId, u64>,
    by_topic: BTreeMap<Topic, BTreeSet<u64>>,
    by_phone: BTreeMap<PhoneId, BTreeSet<u64>>,
    by_flow: BTreeMap<FlowId, BTreeSet<u64>>,
    agenda: BTreeSet<(Instant, u64)>,
    last: u64,
}

impl Table {
    /// The number of the next one.
    pub fn next_no(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Subscriptions there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Subscriptions of a phone.
    pub fn of_phone(&self, phone: &PhoneId) -> Vec<u64> {
        self.by_phone.get(phone).into_iter().flatten().copied().collect()
    }

    /// How many a phone has.
    pub fn count_of(&self, phone: &PhoneId) -> usize {
        self.by_phone.get(phone).map_or(0, BTreeSet::len)
    }

    /// Who is to hear of a topic.
    pub fn about(&self, topic: &Topic) -> Vec<u64> {
        self.by_topic.get(topic).into_iter().flatten().copied().collect()
    }

    /// Subscriptions whose NOTIFYs go by a connection.
    pub fn by_flow(&self, flow: FlowId) -> Vec<u64> {
        self.by_flow.get(&flow).into_iter().flatten().copied().collect()
    }

    /// All of them.
    pub fn all(&self) -> Vec<u64> {
        self.entries.keys().copied().collect()
    }

    /// The one of a dialog.
    pub fn of_dialog(&self, dialog: &DialogId) -> Option<u64> {
        self.by_dialog.get(dialog).copied()
    }

    /// A subscription.
    pub fn get(&self, no: u64) -> Option<&Subscription> {
        self.entries.get(&no).map(|entry| &entry.subscription)
    }

    /// A subscription, to be changed; `settle` it afterwards.
    pub fn get_mut(&mut self, no: u64) -> Option<&mut Subscription> {
        self.entries.get_mut(&no).map(|entry| &mut entry.subscription)
    }

    /// Adds one; `list` names what stands in it, if it is for a list.
    pub fn insert(&mut self, no: u64, subscription: Subscription, list: &[Watched]) {
        self.by_dialog.insert(subscription.dialog().id().clone(), no);
        self.by_phone.entry(subscription.phone().clone()).or_default().insert(no);
        let entry = Entry { subscription, topics: Vec::new(), flow: None, at: None };
        self.entries.insert(no, entry);
        self.list(no, list);
        self.settle(no);
    }

    /// Notes what stands in a list now.
    pub fn list(&mut self, no: u64, list: &[Watched]) {
        let Some(entry) = self.entries.get_mut(&no) else { return };
        let topics = match entry.subscription.resource() {
            Resource::One(watched) => vec![Topic::Lamp(watched.clone())],
            Resource::Own(phone) => vec![Topic::Own(phone.clone())],
            Resource::List(_) => list.iter().cloned().map(Topic::Lamp).collect(),
        };
        let old = std::mem::replace(&mut entry.topics, topics.clone());
        for topic in &old {
            take(&mut self.by_topic, topic, no);
        }
        for topic in topics {
            self.by_topic.entry(topic).or_default().insert(no);
        }
    }

    /// Notes when a changed one wants to be looked at, and takes it out once it is over.
    pub fn settle(&mut self, no: u64) {
        let Some(entry) = self.entries.get_mut(&no) else { return };
        if entry.subscription.is_over() {
            return self.remove(no);
        }
        let (flow, at) = (entry.subscription.flow(), entry.subscription.next());
        let old_flow = std::mem::replace(&mut entry.flow, flow);
        let old_at = std::mem::replace(&mut entry.at, at);
        if old_flow != flow {
            if let Some(old) = old_flow {
                take(&mut self.by_flow, &old, no);
            }
            if let Some(flow) = flow {
                self.by_flow.entry(flow).or_default().insert(no);
            }
        }
        if old_at != at {
            if let Some(old) = old_at {
                self.agenda.remove(&(old, no));
            }
            if let Some(at) = at {
                self.agenda.insert((at, no));
            }
        }
    }

    /// The next one that wants to be looked at, and when.
    pub fn first(&self) -> Option<(Instant, u64)> {
        self.agenda.first().copied()
    }

    fn remove(&mut self, no: u64) {
        let Some(entry) = self.entries.remove(&no) else { return };
        self.by_dialog.remove(entry.subscription.dialog().id());
        take(&mut self.by_phone, entry.subscription.phone(), no);
        for topic in &entry.topics {
            take(&mut self.by_topic, topic, no);
        }
        if let Some(flow) = entry.flow {
            take(&mut self.by_flow, &flow, no);
        }
        if let Some(at) = entry.at {
            self.agenda.remove(&(at, no));
        }
    }
}

/// Takes a number out of the set under a key, and the key with its last number.
fn take<K: Ord>(map: &mut BTreeMap<K, BTreeSet<u64>>, key: &K, no: u64) {
    if let Some(set) = map.get_mut(key) {
        set.remove(&no);
        if set.is_empty() {
            map.remove(key);
        }
    }
}
