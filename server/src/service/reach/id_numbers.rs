//! Ids as consecutive integers, so that sets of them are bit sets.

use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Ids as consecutive integers. Later ids continue the numbers.
#[derive(Debug, Clone)]
pub(in crate::service) struct IdNumbers<T> {
    first: Arc<Numbered<T>>,
    later: Arc<Numbered<T>>,
}

#[derive(Debug, Clone)]
struct Numbered<T> {
    numbers: HashMap<T, usize>,
    ids: Vec<T>,
}

impl<T> Default for IdNumbers<T> {
    fn default() -> Self {
        let none = || {
            Arc::new(Numbered {
                numbers: HashMap::new(),
                ids: Vec::new(),
            })
        };
        Self {
            first: none(),
            later: none(),
        }
    }
}

impl<T: Clone + Eq + Hash> IdNumbers<T> {
    /// Numbers these ids, each of which occurs once.
    pub(in crate::service) fn of<'a>(ids: impl Iterator<Item = &'a T>) -> Self
    where
        T: 'a,
    {
        let ids: Vec<T> = ids.cloned().collect();
        let numbers = ids.iter().cloned().zip(0..).collect();
        Self {
            first: Arc::new(Numbered { numbers, ids }),
            ..Self::default()
        }
    }

    pub(in crate::service) fn get(&self, id: &T) -> Option<usize> {
        let first = self.first.numbers.get(id);
        first.or_else(|| self.later.numbers.get(id)).copied()
    }

    /// Returns the number of an id, which gets the next one if it has none.
    pub(in crate::service) fn number(&mut self, id: &T) -> usize {
        if let Some(known) = self.get(id) {
            return known;
        }
        let number = self.len();
        let later = Arc::make_mut(&mut self.later);
        later.numbers.insert(id.clone(), number);
        later.ids.push(id.clone());
        number
    }

    pub(in crate::service) fn id(&self, number: usize) -> Option<&T> {
        let first = self.first.ids.get(number);
        first.or_else(|| {
            self.later
                .ids
                .get(number.checked_sub(self.first.ids.len())?)
        })
    }

    pub(in crate::service) fn len(&self) -> usize {
        self.first.ids.len() + self.later.ids.len()
    }
}
