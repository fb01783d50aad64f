//! An ordered map whose copies share what they do not change, so that a read model that differs in one entry costs one
//! entry and not the organization.
//!
//! Sorted chunks behind a list of pointers: a change copies the pointers and one chunk. Dense, and two copies are
//! compared by skipping the chunks that they share. Holds no empty chunk, and no chunk above `MOST` entries.

mod iter;
mod stored;

pub use iter::{Changes, EntryChange, Iter};

use std::{collections::BTreeMap, fmt, ops::Index, sync::Arc};

/// The maximum number of entries of a chunk: copying one must take microseconds.
const MOST: usize = 64;

type Chunk<K, V> = Arc<Vec<(K, V)>>;

/// A persistent ordered map.
pub struct SharedMap<K, V> {
    chunks: Arc<Vec<Chunk<K, V>>>,
    len: usize,
}

impl<K, V> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self {
            chunks: Arc::clone(&self.chunks),
            len: self.len,
        }
    }
}

impl<K, V> Default for SharedMap<K, V> {
    fn default() -> Self {
        Self {
            chunks: Arc::default(),
            len: 0,
        }
    }
}

impl<K: Ord, V> SharedMap<K, V> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the entry of a key.
    pub fn get_key_value(&self, key: &K) -> Option<(&K, &V)> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let at = chunk.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        chunk.get(at).map(|(key, value)| (key, value))
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Returns all entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::over(&self.chunks, &[])
    }

    /// Returns the entries from the first key that is not `before` the range. The predicate holds for the keys up to
    /// some key and for none after it.
    pub fn from_where(&self, before: impl Fn(&K) -> bool) -> Iter<'_, K, V> {
        let whole = |chunk: &Chunk<K, V>| chunk.last().is_some_and(|(key, _)| before(key));
        let at = self.chunks.partition_point(whole);
        let Some((first, chunks)) = self.chunks[at..].split_first() else {
            return Iter::over(&[], &[]);
        };
        let from = first.partition_point(|(key, _)| before(key));
        Iter::over(chunks, &first[from..])
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// Whether both hold the same memory. Two maps that do not can still be equal.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
    }

    /// Returns the entries that differ between `before` and this map, in the order of their keys.
    pub fn changes_since<'a>(&'a self, before: &'a Self) -> Changes<'a, K, V> {
        if self.is_shared_with(before) {
            return Changes::between(Iter::over(&[], &[]), Iter::over(&[], &[]));
        }
        Changes::between(before.iter(), self.iter())
    }

    /// Returns the place of the only chunk that can hold a key; past the end if it is above all keys.
    fn chunk_of(&self, key: &K) -> usize {
        self.chunks
            .partition_point(|chunk| chunk.last().is_some_and(|(last, _)| last < key))
    }
}

impl<K: Ord + Clone, V: Clone> SharedMap<K, V> {
    /// Returns the value of a key, to change it. Copies the chunk first if another map holds it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.chunk_of(key);
        let chunk = self.chunks.get(place)?;
        let at = chunk.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        let chunk = Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[place]);
        Some(&mut chunk[at].1)
    }

    /// Sets the value of a key, and returns the previous one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (mut place, chunks) = (self.chunk_of(&key), Arc::make_mut(&mut self.chunks));
        if place == chunks.len() {
            // Above all keys: full chunks, as entries that arrive in order are never moved.
            if chunks.last().is_none_or(|last| last.len() >= MOST) {
                chunks.push(Arc::new(Vec::with_capacity(1)));
            }
            place = chunks.len() - 1;
        }
        let chunk = Arc::make_mut(&mut chunks[place]);
        match chunk.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => Some(std::mem::replace(&mut chunk[at].1, value)),
            Err(at) => {
                chunk.insert(at, (key, value));
                if chunk.len() > MOST {
                    let above = chunk.split_off(chunk.len() / 2);
                    chunk.shrink_to_fit();
                    chunks.insert(place + 1, Arc::new(above));
                }
                self.len += 1;
                None
            }
        }
    }

    /// Removes a key, and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.chunk_of(key);
        let chunk = self.chunks.get(place)?;
        let at = chunk.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[place]);
        let (_, value) = chunk.remove(at);
        if chunk.is_empty() {
            chunks.remove(place);
        }
        self.len -= 1;
        Some(value)
    }

    /// Returns the value of a key, to change it, after it was set if it was missing.
    pub fn or_insert_with(&mut self, key: K, missing: impl FnOnce() -> V) -> &mut V {
        if !self.contains_key(&key) {
            self.insert(key.clone(), missing());
        }
        self.get_mut(&key)
            .expect("the key was found or inserted just before")
    }

    /// Returns the value of a key, to change it, after it was set to its default if it was missing.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.or_insert_with(key, V::default)
    }

    /// Sets or removes the value of a key.
    pub fn set(&mut self, key: &K, value: Option<V>) {
        match value {
            Some(value) => drop(self.insert(key.clone(), value)),
            None => drop(self.remove(key)),
        }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> SharedMap<K, V> {
    /// Returns a map of these entries, which come in the order of their keys. It shares the chunks of this one that are
    /// equal, so that what did not change is in memory once.
    #[must_use]
    pub fn replaced_by(&self, entries: impl Iterator<Item = (K, V)>) -> Self {
        let mut next = Self::default();
        let mut last: Vec<(K, V)> = Vec::new();
        let mut known = self.chunks.iter().peekable();
        let mut chunks: Vec<Chunk<K, V>> = Vec::with_capacity(self.chunks.len());
        for (key, value) in entries {
            while known
                .peek()
                .is_some_and(|chunk| chunk.last().is_some_and(|(above, _)| *above < key))
            {
                known.next();
            }
            let boundary = known
                .peek()
                .filter(|chunk| chunk.last().is_some_and(|(end, _)| *end == key));
            last.push((key, value));
            next.len += 1;
            if boundary.is_some() || last.len() == MOST {
                let entries = std::mem::take(&mut last);
                let same = boundary.filter(|chunk| ****chunk == entries);
                chunks.push(same.map_or_else(|| Arc::new(entries), |same| Arc::clone(same)));
            }
        }
        if !last.is_empty() {
            chunks.push(Arc::new(last));
        }
        next.chunks = Arc::new(chunks);
        next
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a SharedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for SharedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for SharedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.extend(entries);
        for chunk in Arc::make_mut(&mut map.chunks) {
            if let Some(chunk) = Arc::get_mut(chunk) {
                chunk.shrink_to_fit();
            }
        }
        map
    }
}

impl<K: Ord + Clone, V: Clone> From<BTreeMap<K, V>> for SharedMap<K, V> {
    fn from(entries: BTreeMap<K, V>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord + Clone, V: Clone, const N: usize> From<[(K, V); N]> for SharedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Ord, V> Index<&K> for SharedMap<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        self.get(key).expect("no entry found for key")
    }
}

impl<K: Ord, V: PartialEq> PartialEq for SharedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.changes_since(other).next().is_none()
    }
}

impl<K: Ord, V: Eq> Eq for SharedMap<K, V> {}

impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steps() -> impl Strategy<Value = Vec<(u16, Option<u8>)>> {
        prop::collection::vec(
            (0..600_u16, prop::option::weighted(0.7, any::<u8>())),
            0..900,
        )
    }

    fn apply(map: &mut SharedMap<u16, u8>, steps: &[(u16, Option<u8>)]) {
        for (key, value) in steps {
            map.set(key, *value);
        }
    }

    fn assert_sound(map: &SharedMap<u16, u8>) {
        assert!(
            map.chunks
                .iter()
                .all(|chunk| (1..=MOST).contains(&chunk.len()))
        );
        assert!(map.keys().is_sorted_by(|a, b| a < b));
        assert_eq!(map.iter().count(), map.len());
    }

    proptest! {
        #[test]
        fn it_holds_what_a_b_tree_holds(first in steps(), second in steps(), from in 0..600_u16) {
            let (mut map, mut tree) = (SharedMap::default(), BTreeMap::new());
            apply(&mut map, &first);
            let (kept, before) = (map.clone(), map.iter().map(|(k, v)| (*k, *v)).collect::<BTreeMap<_, _>>());
            apply(&mut map, &second);
            for (key, value) in first.iter().chain(&second) {
                match value {
                    Some(value) => drop(tree.insert(*key, *value)),
                    None => drop(tree.remove(key)),
                }
            }
            assert_sound(&map);
            prop_assert!(map.iter().eq(tree.iter()));
            prop_assert!(kept.iter().eq(before.iter()), "a copy does not change");
            prop_assert!(map.from_where(|key| *key < from).eq(tree.range(from..)));
            for key in 0..600 {
                prop_assert_eq!(map.get(&key), tree.get(&key));
            }
            prop_assert_eq!(&map, &SharedMap::from(tree));
        }

        #[test]
        fn the_changes_are_the_entries_that_differ(first in steps(), second in steps()) {
            let mut before = SharedMap::default();
            apply(&mut before, &first);
            let mut after = before.clone();
            apply(&mut after, &second);
            let found: Vec<_> = after
                .changes_since(&before)
                .map(|one| (*one.key, one.before.copied(), one.after.copied()))
                .collect();
            let differ: Vec<_> = (0..600)
                .map(|key| (key, before.get(&key).copied(), after.get(&key).copied()))
                .filter(|(_, before, after)| before != after)
                .collect();
            prop_assert_eq!(found, differ);
            let same = before.replaced_by(after.iter().map(|(k, v)| (*k, *v)));
            assert_sound(&same);
            prop_assert_eq!(same, after);
        }
    }

    #[test]
    fn a_change_copies_one_chunk_and_a_replacement_shares_what_is_equal() {
        let first: SharedMap<u32, u32> = (0..1_000).map(|n| (n, n)).collect();
        let mut second = first.clone();
        assert!(second.is_shared_with(&first));
        second.insert(500, 0);
        let shared = |a: &SharedMap<u32, u32>, b: &SharedMap<u32, u32>| {
            let pairs = a.chunks.iter().zip(b.chunks.iter());
            pairs.filter(|(a, b)| Arc::ptr_eq(a, b)).count()
        };
        assert_eq!(shared(&first, &second), first.chunks.len() - 1);
        let third = first.replaced_by((0..1_000).map(|n| (n, if n == 7 { 0 } else { n })));
        assert_eq!(shared(&first, &third), first.chunks.len() - 1);
        assert_eq!(third.changes_since(&first).count(), 1);
    }
}
