//! A set of small integers.

/// A bit set of integers from 0, which grows as needed. Two sets with the same integers are equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BitSet(Vec<u64>);

impl BitSet {
    pub(super) fn insert(&mut self, number: usize) {
        let word = number / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % 64);
    }

    pub(super) fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
        // Otherwise sets with the same integers would differ.
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub(super) fn contains(&self, number: usize) -> bool {
        let word = self.0.get(number / 64);
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    pub(super) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            *own |= others;
        }
    }

    /// Returns the number of integers.
    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Returns the number of integers that are in both sets.
    pub(super) fn len_within(&self, other: &Self) -> u32 {
        let words = self.0.iter().zip(&other.0);
        words.map(|(own, others)| (own & others).count_ones()).sum()
    }

    /// Returns the integers that are not in another set, in order.
    pub(super) fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut word = word & !other.0.get(at).copied().unwrap_or_default();
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[usize]) -> BitSet {
        let mut set = BitSet::default();
        for number in numbers {
            set.insert(*number);
        }
        set
    }

    #[test]
    fn a_number_is_counted_once_wherever_it_came_from() {
        let (mut one, other) = (of(&[0, 63, 64, 64]), of(&[64, 900]));
        assert_eq!(one.len_within(&other), 1);
        assert!(one.without(&other).eq([0, 63]));
        one.extend(&other);
        assert!(one.without(&BitSet::default()).eq([0, 63, 64, 900]));
        assert_eq!(one.len(), 4);
        one.remove(900);
        assert_eq!(one, of(&[64, 63, 0]));
        assert!(one.contains(63) && !one.contains(900) && !one.contains(9_000));
    }
}
