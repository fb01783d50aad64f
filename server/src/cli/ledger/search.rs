//! The words by which the search finds entries, made again from each entry: one that was taken out hides an
//! entry from who asks for it, one that was put in shows it to who asks for something else.

use std::collections::BTreeSet;

use domain::ledger::{Entry, PrivateValue};

use super::rows::Difference;
use crate::store::ledger::{Indexed, words};

/// How many entries are named one by one. An index that was emptied would name all of them.
const NAMED: usize = 20;

/// What was found so far.
#[derive(Default)]
pub(super) struct Search {
    named: Vec<Difference>,
    more: usize,
}

impl Search {
    /// One entry; of one that cannot be parsed nobody knows the words, and the verifier names it.
    pub(super) fn entry(
        &mut self,
        seq: i64,
        leaf: &str,
        private: &[PrivateValue],
        stored: &BTreeSet<Indexed>,
    ) {
        let Ok((_, entry)) = Entry::parse(leaf.as_bytes()) else {
            return;
        };
        let should = words::of(&entry, private);
        // A word of a value that was erased went with it, and perhaps left room for none.
        let erased = private.len() < entry.private_values();
        let missing = should
            .iter()
            .find(|(word, path)| (!erased || path.is_empty()) && !holds(stored, word, path));
        if let Some((word, _)) = missing {
            self.name(format!("entry {seq} is not found by its word {word:?}"));
        }
        let all: BTreeSet<Indexed> = words::all_of(&entry, private)
            .map(|(word, path)| Indexed { word, path })
            .collect();
        if let Some(foreign) = stored.difference(&all).next() {
            self.name(format!(
                "entry {seq} is found by {:?}, which is no word of it",
                foreign.word
            ));
        }
    }

    /// Words of a number that has no entry.
    pub(super) fn nobody(&mut self, seq: i64) {
        self.name(format!(
            "there are words of an entry {seq}, and no such entry"
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

fn holds(stored: &BTreeSet<Indexed>, word: &str, path: &str) -> bool {
    stored.contains(&Indexed {
        word: word.to_owned(),
        path: path.to_owned(),
    })
}
