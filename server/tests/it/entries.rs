//! Entries of the ledger, for tests: those on a page of the list without the rows that stand for several, and the newest
//! ones as they are stored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use app::backend::{EntryLine, EntryPage, EntryRow};
use server::store::{
    Store,
    ledger::{self, ListedEntry},
};

pub fn entries(page: EntryPage) -> Vec<EntryRow> {
    let lines = page.list.rows.into_iter();
    lines.filter_map(EntryLine::entry).collect()
}

/// Returns at most this many entries before a number, newest first; none is the end that the head states.
pub async fn newest(store: &Store, before: Option<u64>, most: u64) -> Vec<ListedEntry> {
    let end = match before {
        Some(before) => before,
        None => ledger::head(store)
            .await
            .unwrap()
            .map_or(0, |head| head.size),
    };
    let seqs: Vec<u64> = (end.saturating_sub(most)..end).collect();
    let mut listed = ledger::listed_of(store, &seqs).await.unwrap();
    listed.reverse();
    listed
}
