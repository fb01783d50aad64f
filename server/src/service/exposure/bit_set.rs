//! A set of small integers.

/// A bit set of integers from 0, which grows as needed.
#[derive(Debug, Clone, Default)]
pub(super) struct BitSet(Vec<u64>);

impl BitSet {
    pub(super) fn insert(&mut self, number: usize) {
        let word = number / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % 64);
    }

    pub(super) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            *own |= others;
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_counted_once_wherever_it_came_from() {
        let (mut one, mut other) = (BitSet::default(), BitSet::default());
        for number in [0, 63, 64, 64] {
            one.insert(number);
        }
        other.insert(64);
        other.insert(900);
        one.extend(&other);
        assert_eq!(one.len(), 4);
        one.clear();
        assert_eq!(one.len(), 0);
        one.insert(3);
        assert_eq!(one.len(), 1);
    }
}
