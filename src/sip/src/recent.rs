//! A set that remembers who was seen last, and what of each, and forgets who was seen longest ago.

use std::collections::BTreeMap;

/// The set.
#[derive(Debug)]
pub struct Recent<K, V = ()> {
    most: usize,
    of: BTreeMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    next: u64,
}

impl<K: Ord + Copy> Recent<K> {
    /// Notes that one was seen; tells whether it was there before.
    pub fn see(&mut self, key: K) -> bool {
        self.put(key, ()).is_some()
    }
}

impl<K: Ord + Copy, V> Recent<K, V> {
    /// Starts empty; it never holds more than `most`.
    pub fn new(most: usize) -> Self {
        Self { most, of: BTreeMap::new(), order: BTreeMap::new(), next: 0 }
    }

    /// Notes that one was seen, and what of it; gives what was remembered before.
    pub fn put(&mut self, key: K, value: V) -> Option<V> {
        self.next += 1;
        let before = self.of.insert(key, (self.next, value));
        if let Some((place, _)) = &before {
            self.order.remove(place);
        }
        self.order.insert(self.next, key);
        if self.of.len() > self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.of.remove(&oldest);
        }
        before.map(|(_, value)| value)
    }

    /// Tells whether one is remembered.
    pub fn has(&self, key: &K) -> bool {
        self.of.contains_key(key)
    }

    /// What is remembered of one.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.of.get(key).map(|(_, value)| value)
    }

    /// What is remembered of one, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.of.get_mut(key).map(|(_, value)| value)
    }

    /// All, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.of.iter().map(|(key, (_, value))| (key, value))
    }

    /// Forgets one.
    pub fn forget(&mut self, key: &K) {
        if let Some((place, _)) = self.of.remove(key) {
            self.order.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_seen_longest_ago_is_forgotten_first() {
        let mut recent = Recent::new(2);
        assert_eq!([1, 2, 1, 3].map(|key| recent.see(key)), [false, false, true, false]);
        assert_eq!([1, 2, 3].map(|key| recent.has(&key)), [true, false, true]);
        recent.forget(&1);
        assert_eq!((recent.of.len(), recent.order.len()), (1, 1));
    }
}
