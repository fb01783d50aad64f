//! A limit on how many characters are compared for one permission set, so that no policy takes minutes.
//!
//! What is no longer compared is decided against the set: its Allow statements reach everything, its Deny statements take
//! nothing away, and its boundary allows everything.

use std::cell::Cell;

use crate::permission_set::analysis::glob::Glob;

/// The characters that are compared at most. A test holds that every AWS managed policy needs fewer.
const MOST: usize = 30_000_000;

/// What is left to spend on comparisons.
#[derive(Debug)]
pub(in super::super) struct Effort {
    left: Cell<usize>,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            left: Cell::new(MOST),
        }
    }
}

impl Effort {
    /// Whether comparisons were left out.
    pub(in super::super) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether a pattern matches all that another one does; `None` if it is no longer compared.
    pub(in super::super) fn covers(&self, pattern: &Glob, other: &Glob) -> Option<bool> {
        self.counted(|| pattern.covers_counting(other))
    }

    /// Whether two patterns can match the same; `None` if it is no longer compared.
    pub(in super::super) fn can_meet(&self, one: &Glob, other: &Glob) -> Option<bool> {
        self.counted(|| one.can_meet_counting(other))
    }

    fn counted(&self, compare: impl Fn() -> (bool, usize)) -> Option<bool> {
        if self.is_spent() {
            return None;
        }
        let (result, characters) = compare();
        self.spend(characters);
        Some(result)
    }

    pub(in super::super) fn spend(&self, characters: usize) {
        self.left.set(self.left.get().saturating_sub(characters));
    }
}
