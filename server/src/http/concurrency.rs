//! Limits how many things of one owner are in progress at the same time: requests of an address, event streams of a
//! session. One owner cannot take the places of all others.
//!
//! The token buckets in `rate` limit how often something begins.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// The number of places that each owner has taken.
#[derive(Debug, Clone)]
pub struct Concurrency<K: Hash + Eq + Clone> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
    most: usize,
}

/// One place. Released on drop.
#[derive(Debug)]
pub struct ConcurrencyPermit<K: Hash + Eq + Clone> {
    concurrency: Concurrency<K>,
    owner: K,
}

impl<K: Hash + Eq + Clone> Concurrency<K> {
    /// Returns a counter with `most` places per owner.
    pub fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most: most.max(1),
        }
    }

    /// Takes a place, or returns `None` if the owner has reached its limit.
    pub fn take(&self, owner: K) -> Option<ConcurrencyPermit<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(owner.clone()).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(ConcurrencyPermit {
            concurrency: self.clone(),
            owner,
        })
    }
}

impl<K: Hash + Eq + Clone> Drop for ConcurrencyPermit<K> {
    fn drop(&mut self) {
        let taken = &self.concurrency.taken;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_takes_its_own_places_only_and_gets_them_back() {
        let concurrency = Concurrency::new(2);
        let first = concurrency.take("one").unwrap();
        let _second = concurrency.take("one").unwrap();
        assert!(concurrency.take("one").is_none());
        assert!(concurrency.take("other").is_some());
        drop(first);
        assert!(concurrency.take("one").is_some());
    }
}
