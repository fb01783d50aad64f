//! Rebuilds the search words of each entry and compares them with the index. A missing word hides an entry from a
//! search; an extra word adds it to the results of another search.

use std::collections::BTreeSet;

use domain::ledger::{Entry, PrivateValue, items::is_item_text};

use super::difference::Difference;
use crate::store::ledger::{IndexTerm, index_terms};

/// The maximum number of entries to list. Without it, an emptied index would list all of them.
const NAMED: usize = 20;

/// The differences found so far.
#[derive(Default)]
pub(super) struct SearchIndexCheck {
    named: Vec<Difference>,
    more: usize,
}

impl SearchIndexCheck {
    /// Checks one entry.
    pub(super) fn entry(
        &mut self,
        seq: i64,
        entry: &Entry,
        private: &[PrivateValue],
        stored: &BTreeSet<IndexTerm>,
    ) {
        let all: Vec<IndexTerm> = index_terms::all_of(entry, private)
            .map(|(word, path)| IndexTerm { word, path })
            .collect();
        // The words of an erased value were erased with it, and other words may have taken their place.
        let of_entry = private.iter().filter(|value| !is_item_text(value));
        let erased = of_entry.count() < entry.private_values();
        let mut should = all.iter().take(index_terms::MOST);
        let missing =
            should.find(|term| (!erased || term.path.is_empty()) && !stored.contains(term));
        if let Some(missing) = missing {
            self.name(format!(
                "entry {seq} is not indexed under its word {:?}",
                missing.word
            ));
        }
        let all: BTreeSet<&IndexTerm> = all.iter().collect();
        if let Some(foreign) = stored.iter().find(|term| !all.contains(term)) {
            self.name(format!(
                "entry {seq} is indexed under {:?}, which is not a word of it",
                foreign.word
            ));
        }
    }

    /// Reports words of an entry number that does not exist.
    pub(super) fn nobody(&mut self, seq: i64) {
        self.name(format!(
            "the index has words of entry {seq}, which does not exist"
        ));
    }

    fn name(&mut self, what: String) {
        if self.named.len() < NAMED {
            self.named.push(Difference::Words(what));
        } else {
            self.more += 1;
        }
    }

    pub(super) fn finish(mut self) -> Vec<Difference> {
        if self.more > 0 {
            let more = format!("and {} more of this kind", self.more);
            self.named.push(Difference::Words(more));
        }
        self.named
    }
}
