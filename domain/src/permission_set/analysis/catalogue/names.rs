//! The actions of a service by name.
//!
//! A policy can name thousands of actions, so that looking them up is most of its analysis. The names of a service lie side
//! by side in memory, and a table refers to them by a hash. They come from the catalogue and not from a policy, so that
//! nobody can choose names whose hashes collide.

/// Names in lower case, numbered from 0 in the order of their insertion.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    text: Vec<u8>,
    /// Where each name ends in `text`.
    ends: Vec<u32>,
    /// The number of a name, from 1 on, at the place that its hash gives or at the next free one; 0 is free. At least half of
    /// the places are free, and their number is a power of two.
    table: Vec<u32>,
}

impl Names {
    /// Adds a name.
    pub(super) fn push(&mut self, name: &str) {
        self.text.extend_from_slice(name.as_bytes());
        let end = u32::try_from(self.text.len()).expect("the names of a service are few");
        self.ends.push(end);
        if self.ends.len() * 2 > self.table.len() {
            self.table = vec![0; (self.ends.len() * 4).next_power_of_two()];
            (0..self.ends.len()).for_each(|number| self.enter(number));
        } else {
            self.enter(self.ends.len() - 1);
        }
    }

    fn enter(&mut self, number: usize) {
        let mut place = self.place(self.name(number));
        while self.table[place] != 0 {
            place = (place + 1) % self.table.len();
        }
        self.table[place] = u32::try_from(number + 1).expect("a service has few actions");
    }

    /// Returns the number of a name.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        if self.table.is_empty() {
            return None;
        }
        let name = name.as_bytes();
        let mut place = self.place(name);
        loop {
            let number = (self.table[place] as usize).checked_sub(1)?;
            if self.name(number) == name {
                return Some(number);
            }
            place = (place + 1) % self.table.len();
        }
    }

    fn name(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[number] as usize]
    }

    /// Returns the place of a name in the table, by a hash of eight letters a step.
    fn place(&self, name: &[u8]) -> usize {
        let mix =
            |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let (words, rest) = name.as_chunks::<8>();
        let hash = words
            .iter()
            .fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
        let last = rest
            .iter()
            .rev()
            .fold(0, |word, letter| word << 8 | u64::from(*letter));
        let hash = mix(hash, last);
        // The multiplication mixes the high bits best.
        usize::from((hash >> 48) as u16) & (self.table.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_number_and_others_have_none() {
        let mut names = Names::default();
        assert_eq!(names.number("describe0"), None);
        let all: Vec<String> = (0..2_000)
            .map(|number| format!("describe{number}"))
            .collect();
        for (number, name) in all.iter().enumerate() {
            names.push(name);
            assert_eq!(names.number(name), Some(number));
        }
        for (number, name) in all.iter().enumerate() {
            assert_eq!(names.number(name), Some(number));
        }
        for other in ["", "describe", "describe2000", "describe00", "Describe1"] {
            assert_eq!(names.number(other), None, "{other}");
        }
    }
}
