//! Compares every row that needs an entry, and everything that is stored beside the entries, with the entries of the ledger.
//! `leastwise ledger verify` and the job of the server use it.
//!
//! Reads one snapshot of the database, entry by entry and page by page: what somebody commits meanwhile is in none of it, so
//! that no difference is due to a moment between two reads. Trusts no row, and nothing that this process has in memory. Finds
//! what is missing, older or extra, and decides nothing: no row counts without its entry, whether it is found here or not.
//!
//! Does not check signatures, the chain or the tree: `domain::ledger::Verifier` does.

mod changed;
mod classes;
mod columns;
mod decided;
mod declarations;
mod difference;
mod identities;
mod items;
mod macs;
mod open_sessions;
mod page;
mod replay;
mod roles;
mod rows;
mod search;
mod set_aside;
mod sign_ins;
mod stored_projections;
mod windows;

pub use difference::Difference;
pub use macs::MacCheck;
pub use page::{Page, WithTexts};

use domain::ledger::{Entry, Hash, LogName, items::text_beside, projection::EntryPlace};

use self::{
    replay::Replay, rows::LedgerBackedRows, search::SearchIndexCheck, set_aside::SetAside,
    stored_projections::StoredProjectionCheck,
};
use crate::{
    row_key::RowKeys,
    store::{StoreConnection, StoreError, ledger},
};

/// Everything that is compared, one page of entries after the other.
pub struct Comparison<'a> {
    macs: MacCheck<'a>,
    search: SearchIndexCheck,
    projections: StoredProjectionCheck,
    replay: Replay,
    found: Vec<Difference>,
    after: Option<i64>,
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Compared {
    pub differences: Vec<Difference>,
    /// What belongs to entries that two administrators set aside: known, and without effect.
    pub set_aside: Vec<Difference>,
}

/// What is left to compare when all entries were read. It needs no database.
pub struct RowsAndReplay {
    rows: LedgerBackedRows,
    replay: Replay,
    set_aside: SetAside,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    /// Begins with the first entry. The MACs are checked if the row keys are known.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub async fn begin(
        snapshot: &mut StoreConnection,
        keys: Option<&'a RowKeys>,
        log: &'a LogName,
    ) -> Result<Self, StoreError> {
        let stored = ledger::stored_projections(snapshot).await?;
        Ok(Self {
            macs: MacCheck::new(keys, log),
            search: SearchIndexCheck::default(),
            projections: StoredProjectionCheck::new(stored, keys, log),
            replay: Replay::default(),
            found: Vec::new(),
            after: None,
        })
    }

    /// Reads the next entries, at most `most`; none if there are no more.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub async fn read(
        &mut self,
        snapshot: &mut StoreConnection,
        most: u32,
    ) -> Result<Option<Page>, StoreError> {
        let page = Page::read(snapshot, self.after, most).await?;
        if let Some(page) = &page {
            self.after = Some(page.last());
        }
        Ok(page)
    }

    /// Checks the MACs of entries.
    pub fn authenticate(&mut self, page: &Page) {
        for (stored, _, hash) in page.entries() {
            self.macs.entry(stored, hash);
        }
    }

    /// Compares columns and words with entries, and applies the entries. Returns those with texts of items.
    pub fn apply<'p>(&mut self, page: &'p mut Page) -> Vec<WithTexts<'p>> {
        let mut with_texts = Vec::new();
        let (entries, in_tree, words) = page.parts();
        for (stored, values, hash) in entries {
            let leaf = stored.leaf.as_deref().unwrap_or_default();
            // An entry that cannot be parsed is reported by the verifier and by its MAC, and has no known words.
            let entry = Entry::parse(leaf.as_bytes()).ok().map(|(_, entry)| entry);
            let differing = columns::compare(stored, hash, entry.as_ref(), in_tree);
            self.found.extend(differing);
            let found_by = words.remove(&stored.seq).unwrap_or_default();
            let seq = u64::try_from(stored.seq).unwrap_or(u64::MAX);
            if let Some(entry) = &entry {
                let place = EntryPlace { seq, leaf: *hash };
                self.replay.apply(place, entry, values);
                self.search.entry(stored.seq, entry, values, &found_by);
            }
            let mac = stored.mac.as_ref().map(|stored| &stored.mac);
            let projection = &self.replay.projection;
            self.projections.entry(seq, hash, mac, projection);
            if values.iter().any(|value| text_beside(value).is_some()) {
                let change = entry.and_then(|entry| entry.change_id);
                with_texts.push((stored.seq, change, values.as_slice()));
            }
        }
        for seq in words.keys() {
            self.search.nobody(*seq);
        }
        with_texts
    }

    /// Compares the texts beside entries with the items to which they belong.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub async fn texts(
        &mut self,
        snapshot: &mut StoreConnection,
        entries: Vec<WithTexts<'_>>,
    ) -> Result<(), StoreError> {
        for (seq, change, values) in entries {
            let differing = items::differing_texts(snapshot, seq, change.as_ref(), values);
            self.found.extend(differing.await?);
        }
        Ok(())
    }

    /// Reads the rows, after the last entry.
    ///
    /// # Errors
    /// Returns the errors of the database.
    pub async fn rows(
        mut self,
        snapshot: &mut StoreConnection,
    ) -> Result<RowsAndReplay, StoreError> {
        for seq in ledger::words_of_nobody(snapshot, self.after).await? {
            self.search.nobody(seq);
        }
        for seq in ledger::macs_of_no_entry(snapshot).await? {
            self.macs.no_entry(seq);
        }
        let mut found = self.found;
        found.extend(self.search.finish());
        found.extend(self.macs.finish());
        found.extend(self.projections.finish());
        found.extend(head(snapshot).await?);
        Ok(RowsAndReplay {
            rows: LedgerBackedRows::read(snapshot).await?,
            set_aside: SetAside::read(snapshot, &self.replay).await?,
            replay: self.replay,
            found,
        })
    }
}

impl RowsAndReplay {
    /// Compares the rows with the entries, and returns everything that was found, the worst first.
    pub fn compare(self) -> Compared {
        let differing = rows::compare(&self.rows, &self.replay);
        let (set_aside, differing) = if differing.is_empty() || self.set_aside.is_empty() {
            (Vec::new(), differing)
        } else {
            // What agrees with the entries that were set aside belongs to them.
            let with_them = rows::compare(&self.rows, &self.set_aside.applied_to(self.replay));
            let differs = |one: &Difference| with_them.binary_search(one).is_ok();
            let both = differing.into_iter();
            both.partition(|one| !differs(one))
        };
        let mut differences = self.found;
        differences.extend(differing);
        differences.sort_by_key(Difference::severity);
        Compared {
            differences,
            set_aside,
        }
    }
}

/// Compares the head row with the last entry.
async fn head(snapshot: &mut StoreConnection) -> Result<Option<Difference>, StoreError> {
    let (stated, found) = ledger::head_and_end(snapshot).await?;
    let differs = |(said, there): ((u64, Hash), (u64, Hash))| {
        Difference::Head(format!(
            "the head states {} entries that end in {}, but there are {} that end in {}",
            said.0, said.1, there.0, there.1
        ))
    };
    Ok((stated != found).then(|| differs((stated, found))))
}
