//! A set of actions of the catalogue, one bit each.
//!
//! Actions are numbered by service and name, so that all actions of a service are a range. Sets of one catalogue must
//! never be combined with those of another.

use std::ops::Range;

/// The number of an action in its catalogue.
pub type ActionNumber = usize;

const WORD: usize = 64;

/// A set of actions.
#[derive(Debug, Clone, Default)]
pub struct ActionSet {
    /// The bits from `start` on. All others are zero and take no memory: most sets are about few services.
    words: Vec<u64>,
    start: usize,
}

impl PartialEq for ActionSet {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ActionSet {}

impl ActionSet {
    /// Returns the set of all actions of a catalogue with so many.
    pub(super) fn full(actions: usize) -> Self {
        let mut set = Self::default();
        set.insert_range(0, actions);
        set
    }

    /// Returns the range of the words in memory.
    fn used(&self) -> Range<usize> {
        self.start..self.start + self.words.len()
    }

    /// Returns the words in memory from one to before another.
    fn words(&self, range: &Range<usize>) -> &[u64] {
        &self.words[range.start - self.start..range.end - self.start]
    }

    fn words_mut(&mut self, range: &Range<usize>) -> &mut [u64] {
        &mut self.words[range.start - self.start..range.end - self.start]
    }

    /// Takes memory for words.
    fn take(&mut self, range: &Range<usize>) {
        if self.words.is_empty() {
            self.start = range.start;
        }
        if range.start < self.start {
            let missing = self.start - range.start;
            self.words.splice(0..0, std::iter::repeat_n(0, missing));
            self.start = range.start;
        }
        if range.end > self.used().end {
            self.words.resize(range.end - self.start, 0);
        }
    }

    pub(super) fn insert(&mut self, action: ActionNumber) {
        let at = action / WORD;
        self.take(&(at..at + 1));
        self.words[at - self.start] |= 1 << (action % WORD);
    }

    pub(super) fn insert_range(&mut self, from: ActionNumber, to: ActionNumber) {
        if from >= to {
            return;
        }
        let (first, last) = (from / WORD, (to - 1) / WORD);
        let range = first..last + 1;
        self.take(&range);
        // Whole words at once: a service can have hundreds of actions.
        for (at, word) in range.clone().zip(self.words_mut(&range)) {
            let low = if at == first { from % WORD } else { 0 };
            let high = if at == last {
                (to - 1) % WORD
            } else {
                WORD - 1
            };
            *word |= (u64::MAX << low) & (u64::MAX >> (WORD - 1 - high));
        }
    }

    pub(super) fn remove(&mut self, action: ActionNumber) {
        let at = action / WORD;
        if self.used().contains(&at) {
            self.words[at - self.start] &= !(1 << (action % WORD));
        }
    }

    pub(super) fn remove_range(&mut self, from: ActionNumber, to: ActionNumber) {
        let mut range = Self::default();
        range.insert_range(from, to);
        self.subtract(&range);
    }

    pub(super) fn contains(&self, action: ActionNumber) -> bool {
        let at = action / WORD;
        self.used().contains(&at) && self.words[at - self.start] & (1 << (action % WORD)) != 0
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

    /// Returns the range of the words that both sets have in memory.
    fn common(&self, other: &Self) -> Range<usize> {
        let (own, others) = (self.used(), other.used());
        let start = own.start.max(others.start);
        let end = own.end.min(others.end);
        if start < end {
            start..end
        } else {
            // Within both, so that the words of an empty range can be read.
            self.start..self.start
        }
    }

    /// Returns the words that both sets have in memory, in pairs.
    fn pairs(&self, other: &Self) -> impl Iterator<Item = (u64, u64)> {
        let common = self.common(other);
        let others = if common.is_empty() {
            &[]
        } else {
            other.words(&common)
        };
        let own = self.words(&common).iter().copied();
        own.zip(others.iter().copied())
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.pairs(other).any(|(a, b)| a & b != 0)
    }

    pub(super) fn add(&mut self, other: &Self) {
        if other.words.is_empty() {
            return;
        }
        let range = other.used();
        self.take(&range);
        for (word, more) in self.words_mut(&range).iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        let common = self.common(other);
        if common.is_empty() {
            return;
        }
        let less = other.words(&common);
        for (word, less) in self.words_mut(&common).iter_mut().zip(less) {
            *word &= !less;
        }
    }

    pub(super) fn keep(&mut self, other: &Self) {
        *self = self.and(other);
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            start: self.common(other).start,
            words: self.pairs(other).map(|(a, b)| a & b).collect(),
        }
    }

    pub(super) fn complement(&self, actions: usize) -> Self {
        let mut rest = Self::full(actions);
        rest.subtract(self);
        rest
    }

    /// Returns the actions in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = ActionNumber> {
        self.used().zip(&self.words).flat_map(|(at, word)| {
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
        let from = from.max(self.start * WORD);
        let words = self.words.get(from / WORD - self.start..)?;
        let (first, later) = words.split_first()?;
        let first = first & (u64::MAX << (from % WORD));
        let mut words = std::iter::once(first).chain(later.iter().copied());
        let mut at = from / WORD;
        words.find_map(|word| {
            let found = (word != 0).then(|| at * WORD + word.trailing_zeros() as usize);
            at += 1;
            found
        })
    }

    /// Returns the first action that is in both sets.
    pub(super) fn first_common(&self, other: &Self) -> Option<ActionNumber> {
        let start = self.common(other).start;
        self.pairs(other).enumerate().find_map(|(at, (a, b))| {
            let word = a & b;
            (word != 0).then(|| (start + at) * WORD + word.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_steps_agree_with_single_actions() {
        let mut range = ActionSet::default();
        range.insert_range(60, 200);
        let mut single = ActionSet::default();
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
            let mut set = ActionSet::default();
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
                assert_eq!(
                    set.first_from(65),
                    expected.iter().find(|one| **one >= 65).copied()
                );
            };
            let mut sum = first.clone();
            sum.add(&second);
            expect(&sum, &|one| in_first(one) || in_second(one));
            let mut less = first.clone();
            less.subtract(&second);
            let mut without = first.clone();
            without.remove_range(b.0, b.1);
            assert_eq!(without, less);
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
