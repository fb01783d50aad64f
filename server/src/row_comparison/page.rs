//! Consecutive entries with everything that is stored of them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    ids::ChangeId,
    ledger::{Hash, PrivateValue},
};

use crate::store::{
    StoreConnection, StoreError,
    ledger::{self, IndexTerm, StoredEntry},
};

/// An entry with its private values and the hash of its leaf.
pub type HashedEntry = (StoredEntry, Vec<PrivateValue>, Hash);

/// The number and the change of an entry, and its private values.
pub type WithTexts<'p> = (i64, Option<ChangeId>, &'p [PrivateValue]);

/// The hashes that the tree holds for entries.
type InTree = BTreeMap<u64, Hash>;
/// The words by which entries are found.
type Words = BTreeMap<i64, BTreeSet<IndexTerm>>;

/// Consecutive entries, and what is beside them.
pub struct Page {
    entries: Vec<HashedEntry>,
    in_tree: InTree,
    words: Words,
    last: i64,
}

impl Page {
    /// Reads at most `most` entries after a number; none if there are no more.
    pub(super) async fn read(
        snapshot: &mut StoreConnection,
        after: Option<i64>,
        most: u32,
    ) -> Result<Option<Self>, StoreError> {
        let page = ledger::entries_after(snapshot, after, most).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Ok(None);
        };
        let (first, last) = (first.seq, last.seq);
        let private = ledger::private_of(snapshot, first, last).await?;
        let mut private = private.into_iter().peekable();
        let seqs = page.iter().filter_map(|at| u64::try_from(at.seq).ok());
        let in_tree = ledger::leaves_in_tree(snapshot, seqs).await?;
        let words = ledger::words_between(snapshot, after, last).await?;
        let with_values = |stored: StoredEntry| {
            let mut values = Vec::new();
            while let Some(found) = private.next_if(|found| found.seq <= stored.seq) {
                if found.seq == stored.seq {
                    values.push(found.value);
                }
            }
            (stored, values, Hash::ZERO)
        };
        Ok(Some(Self {
            entries: page.into_iter().map(with_values).collect(),
            in_tree,
            words,
            last,
        }))
    }

    /// Computes the leaf hashes, on two threads. Before, they are zeros.
    pub fn hash(&mut self) {
        let hash = |entries: &mut [HashedEntry]| {
            for (stored, _, hash) in entries {
                *hash = Hash::leaf(stored.leaf.as_deref().unwrap_or_default().as_bytes());
            }
        };
        let half = self.entries.len() / 2;
        let (first, second) = self.entries.split_at_mut(half);
        std::thread::scope(|scope| {
            scope.spawn(|| hash(first));
            hash(second);
        });
    }

    /// Returns the entries, each with its private values and the hash of its leaf.
    pub fn entries(&self) -> &[HashedEntry] {
        &self.entries
    }

    /// Returns the greatest number.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Returns the entries, and what is beside them.
    pub(super) fn parts(&mut self) -> (&[HashedEntry], &InTree, &mut Words) {
        (&self.entries, &self.in_tree, &mut self.words)
    }
}
