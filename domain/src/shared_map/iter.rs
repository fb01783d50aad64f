//! The entries of a shared map, and those that differ between two.

use std::{cmp::Ordering, slice, sync::Arc};

use super::Chunk;

/// The entries of a map, in the order of their keys.
pub struct Iter<'a, K, V> {
    chunks: slice::Iter<'a, Chunk<K, V>>,
    entries: slice::Iter<'a, (K, V)>,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            chunks: self.chunks.clone(),
            entries: self.entries.clone(),
        }
    }
}

impl<'a, K, V> Iter<'a, K, V> {
    /// Returns these entries, and then those of the chunks.
    pub(super) fn over(chunks: &'a [Chunk<K, V>], entries: &'a [(K, V)]) -> Self {
        Self {
            chunks: chunks.iter(),
            entries: entries.iter(),
        }
    }

    fn peek(&self) -> Option<&'a (K, V)> {
        let next = || self.chunks.as_slice().first()?.first();
        self.entries.as_slice().first().or_else(next)
    }

    /// Returns the next chunk if the chunks before it are used up.
    fn next_chunk(&self) -> Option<&'a Chunk<K, V>> {
        let first = self.chunks.as_slice().first();
        first.filter(|_| self.entries.as_slice().is_empty())
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.entries.as_slice().is_empty() {
            self.entries = self.chunks.next()?.iter();
        }
        self.entries.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.chunks.as_slice().iter().map(|chunk| chunk.len());
        let len = self.entries.len() + rest.sum::<usize>();
        (len, Some(len))
    }
}

/// One entry that differs between two maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryChange<'a, K, V> {
    pub key: &'a K,
    pub before: Option<&'a V>,
    pub after: Option<&'a V>,
}

/// The entries that differ between two maps.
pub struct Changes<'a, K, V> {
    before: Iter<'a, K, V>,
    after: Iter<'a, K, V>,
}

impl<'a, K, V> Changes<'a, K, V> {
    pub(super) fn between(before: Iter<'a, K, V>, after: Iter<'a, K, V>) -> Self {
        Self { before, after }
    }
}

impl<'a, K: Ord, V: PartialEq> Iterator for Changes<'a, K, V> {
    type Item = EntryChange<'a, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let (Some(before), Some(after)) = (self.before.next_chunk(), self.after.next_chunk())
                && Arc::ptr_eq(before, after)
            {
                self.before.chunks.next();
                self.after.chunks.next();
                continue;
            }
            let (before, after) = (self.before.peek(), self.after.peek());
            let order = match (before, after) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((before, _)), Some((after, _))) => before.cmp(after),
            };
            let before = before.filter(|_| order.is_le());
            let after = after.filter(|_| order.is_ge());
            if before.is_some() {
                self.before.next();
            }
            if after.is_some() {
                self.after.next();
            }
            let value = |entry: Option<&'a (K, V)>| entry.map(|(_, value)| value);
            let (old, new) = (value(before), value(after));
            if old != new {
                let (key, _) = before.or(after)?;
                return Some(EntryChange {
                    key,
                    before: old,
                    after: new,
                });
            }
        }
    }
}
