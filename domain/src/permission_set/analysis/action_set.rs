//! A set of actions of the catalogue, one bit each.
//!
//! Actions are numbered by service and name, so that all actions of a service are a range. Sets of one catalogue must
//! never be combined with those of another.

/// The number of an action in its catalogue.
pub type ActionNumber = usize;

const WORD: usize = 64;

/// A set of actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSet {
    words: Vec<u64>,
}

impl ActionSet {
    /// Returns the empty set of a catalogue with so many actions.
    pub(super) fn empty(actions: usize) -> Self {
        Self {
            words: vec![0; actions.div_ceil(WORD)],
        }
    }

    /// Returns the set of all actions of a catalogue with so many.
    pub(super) fn full(actions: usize) -> Self {
        let mut set = Self::empty(actions);
        set.insert_range(0, actions);
        set
    }

    pub(super) fn insert(&mut self, action: ActionNumber) {
        self.words[action / WORD] |= 1 << (action % WORD);
    }

    pub(super) fn insert_range(&mut self, from: ActionNumber, to: ActionNumber) {
        for action in from..to {
            // Whole words at once: a service can have hundreds of actions.
            if action % WORD == 0 && action + WORD <= to {
                self.words[action / WORD] = u64::MAX;
            } else if self.words[action / WORD] != u64::MAX {
                self.insert(action);
            }
        }
    }

    pub(super) fn remove(&mut self, action: ActionNumber) {
        self.words[action / WORD] &= !(1 << (action % WORD));
    }

    pub(super) fn contains(&self, action: ActionNumber) -> bool {
        self.words[action / WORD] & (1 << (action % WORD)) != 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(super) fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        for (word, less) in self.words.iter_mut().zip(&other.words) {
            *word &= !less;
        }
    }

    pub(super) fn keep(&mut self, other: &Self) {
        for (word, kept) in self.words.iter_mut().zip(&other.words) {
            *word &= kept;
        }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.keep(other);
        both
    }

    pub(super) fn complement(&self, actions: usize) -> Self {
        let mut rest = Self::full(actions);
        rest.subtract(self);
        rest
    }

    /// Returns the actions in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = ActionNumber> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros() as usize;
                    rest &= rest - 1;
                    at * WORD + bit
                })
            })
        })
    }

    /// Returns the first action from a number on.
    pub(super) fn first_from(&self, from: ActionNumber) -> Option<ActionNumber> {
        let mut at = from / WORD;
        let mut word = *self.words.get(at)? & (u64::MAX << (from % WORD));
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        Some(at * WORD + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_steps_agree_with_single_actions() {
        let mut range = ActionSet::empty(300);
        range.insert_range(60, 200);
        let mut single = ActionSet::empty(300);
        (60..200).for_each(|action| single.insert(action));
        assert_eq!(range, single);
        assert_eq!(range.len(), 140);
        assert!(range.iter().eq(60..200));
        assert_eq!(range.first_from(0), Some(60));
        assert_eq!(range.first_from(199), Some(199));
        assert_eq!(range.first_from(200), None);
        assert_eq!(range.complement(300).len(), 160);
        assert_eq!(ActionSet::full(300).len(), 300);
    }
}
