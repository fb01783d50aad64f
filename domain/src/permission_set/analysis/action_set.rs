//! A set of actions of the catalogue, one bit each.
//!
//! Actions are numbered by service and name, so that all actions of a service are a range. Sets of one catalogue must
//! never be combined with those of another.

use std::ops::Range;

/// The number of an action in its catalogue.
pub type ActionNumber = usize;

const WORD: usize = 64;

/// A set of actions.
#[derive(Debug, Clone)]
pub struct ActionSet {
    words: Vec<u64>,
    /// Outside of this range all words are zero. Most sets are about few services, which are near to each other.
    used: Range<usize>,
}

impl PartialEq for ActionSet {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl Eq for ActionSet {}

impl ActionSet {
    /// Returns the empty set of a catalogue with so many actions.
    pub(super) fn empty(actions: usize) -> Self {
        Self {
            words: vec![0; actions.div_ceil(WORD)],
            used: 0..0,
        }
    }

    /// Returns the set of all actions of a catalogue with so many.
    pub(super) fn full(actions: usize) -> Self {
        let mut set = Self::empty(actions);
        set.insert_range(0, actions);
        set
    }

    pub(super) fn insert(&mut self, action: ActionNumber) {
        self.use_words(action / WORD..action / WORD + 1);
        self.words[action / WORD] |= 1 << (action % WORD);
    }

    pub(super) fn insert_range(&mut self, from: ActionNumber, to: ActionNumber) {
        if from >= to {
            return;
        }
        let (first, last) = (from / WORD, (to - 1) / WORD);
        self.use_words(first..last + 1);
        // Whole words at once: a service can have hundreds of actions.
        self.words[first..=last].iter_mut().enumerate().for_each(|(at, word)| {
            let start = if at == 0 { from % WORD } else { 0 };
            let end = if first + at == last { (to - 1) % WORD } else { WORD - 1 };
            *word |= (u64::MAX << start) & (u64::MAX >> (WORD - 1 - end));
        });
    }

    fn use_words(&mut self, words: Range<usize>) {
        self.used = if self.used.is_empty() {
            words
        } else {
            self.used.start.min(words.start)..self.used.end.max(words.end)
        };
    }

    pub(super) fn remove(&mut self, action: ActionNumber) {
        self.words[action / WORD] &= !(1 << (action % WORD));
    }

    pub(super) fn contains(&self, action: ActionNumber) -> bool {
        self.words[action / WORD] & (1 << (action % WORD)) != 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words[self.used.clone()].iter().all(|word| *word == 0)
    }

    pub(super) fn len(&self) -> usize {
        self.words[self.used.clone()]
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Returns the words that both sets use.
    fn common(&self, other: &Self) -> Range<usize> {
        let start = self.used.start.max(other.used.start);
        start..self.used.end.min(other.used.end).max(start)
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        let common = self.common(other);
        let pairs = self.words[common.clone()].iter().zip(&other.words[common]);
        pairs.into_iter().any(|(a, b)| a & b != 0)
    }

    pub(super) fn add(&mut self, other: &Self) {
        if other.used.is_empty() {
            return;
        }
        self.use_words(other.used.clone());
        let words = self.words[other.used.clone()].iter_mut();
        for (word, more) in words.zip(&other.words[other.used.clone()]) {
            *word |= more;
        }
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        let common = self.common(other);
        let words = self.words[common.clone()].iter_mut();
        for (word, less) in words.zip(&other.words[common]) {
            *word &= !less;
        }
    }

    pub(super) fn keep(&mut self, other: &Self) {
        let words = self.words[self.used.clone()].iter_mut();
        for (word, kept) in words.zip(&other.words[self.used.clone()]) {
            *word &= kept;
        }
        self.used = self.common(other);
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let common = self.common(other);
        let mut words = vec![0; self.words.len()];
        for at in common.clone() {
            words[at] = self.words[at] & other.words[at];
        }
        Self {
            words,
            used: common,
        }
    }

    pub(super) fn complement(&self, actions: usize) -> Self {
        let mut rest = Self::full(actions);
        rest.subtract(self);
        rest
    }

    /// Returns the actions in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = ActionNumber> {
        self.used.clone().flat_map(|at| {
            let mut rest = self.words[at];
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
        let start = from.max(self.used.start * WORD);
        let mut at = start / WORD;
        if at >= self.used.end {
            return None;
        }
        let mut word = self.words[at] & (u64::MAX << (start % WORD));
        while word == 0 {
            at += 1;
            if at >= self.used.end {
                return None;
            }
            word = self.words[at];
        }
        Some(at * WORD + word.trailing_zeros() as usize)
    }

    /// Returns the first action that is in both sets.
    pub(super) fn first_common(&self, other: &Self) -> Option<ActionNumber> {
        self.common(other).find_map(|at| {
            let word = self.words[at] & other.words[at];
            (word != 0).then(|| at * WORD + word.trailing_zeros() as usize)
        })
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

    #[test]
    fn sets_of_different_ranges_are_combined_like_single_actions() {
        let of = |from: usize, to: usize| {
            let mut set = ActionSet::empty(300);
            set.insert_range(from, to);
            set
        };
        for (a, b) in [
            ((0, 10), (290, 300)),
            ((0, 300), (130, 131)),
            ((60, 70), (64, 128)),
            ((5, 5), (0, 300)),
            ((200, 290), (10, 210)),
        ] {
            let (first, second) = (of(a.0, a.1), of(b.0, b.1));
            let in_first = |action: &usize| (a.0..a.1).contains(action);
            let in_second = |action: &usize| (b.0..b.1).contains(action);
            let expect = |set: &ActionSet, rule: &dyn Fn(&usize) -> bool| {
                let expected: Vec<usize> = (0..300).filter(rule).collect();
                assert!(set.iter().eq(expected.iter().copied()), "{a:?} {b:?}");
                assert_eq!(set.len(), expected.len());
                assert_eq!(set.is_empty(), expected.is_empty());
                assert_eq!(set.first_from(0), expected.first().copied());
                assert_eq!(set.first_from(65), expected.iter().find(|one| **one >= 65).copied());
            };
            let mut sum = first.clone();
            sum.add(&second);
            expect(&sum, &|one| in_first(one) || in_second(one));
            let mut less = first.clone();
            less.subtract(&second);
            expect(&less, &|one| in_first(one) && !in_second(one));
            let mut both = first.clone();
            both.keep(&second);
            expect(&both, &|one| in_first(one) && in_second(one));
            assert_eq!(both, first.and(&second));
            assert_eq!(first.meets(&second), !both.is_empty());
            assert_eq!(first.first_common(&second), both.first_from(0));
            both.add(&of(0, 300));
            expect(&both, &|_| true);
        }
    }
}
