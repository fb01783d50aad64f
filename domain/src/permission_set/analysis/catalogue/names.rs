//! The numbers of actions by name.
//!
//! A policy can name thousands of actions, so that looking them up is much of an analysis. The names come from the
//! catalogue and not from a policy, so that nobody can choose names whose hashes collide.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::ActionNumber;

/// Actions by name in lower case.
pub(super) type Names = HashMap<String, ActionNumber, BuildHasherDefault<NameHasher>>;

/// A hash of eight letters a step. The default of the standard library protects against chosen names and takes longer.
#[derive(Debug, Clone, Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for letters in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..letters.len()].copy_from_slice(letters);
            let mixed = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
            self.0 = mixed.wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        // The multiplication mixes the high bits best, and tables use the low ones.
        self.0.rotate_left(26)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn similar_names_have_different_hashes() {
        let hash = |name: &str| {
            let mut hasher = NameHasher::default();
            hasher.write(name.as_bytes());
            hasher.finish() & 0xFFFF_FFFF
        };
        let names = (0..2_000).map(|number| format!("describe{number}"));
        let hashes: HashSet<u64> = names.map(|name| hash(&name)).collect();
        assert_eq!(hashes.len(), 2_000);
        assert_ne!(hash("getobject"), hash("getobjects"));
    }
}
