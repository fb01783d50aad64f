//! What became of something that was pending when it was recorded: the later entries that may tell.

use domain::{
    ids::ChangeId,
    ledger::{Entry, EventKind},
};
use sqlx::AssertSqlSafe;

use super::{
    listed::type_list,
    mac::{COLUMNS, JOINS, MacedEntry},
    number,
};
use crate::store::{Store, StoreError, places};

/// The number of entries of each kind that are looked at for the end of writes to AWS.
const OF_A_KIND: usize = 200;

/// A later entry.
#[derive(Debug, Clone)]
pub struct Later {
    pub seq: u64,
    pub entry: Entry,
}

/// Returns the entries of these kinds that are about these changes, and the next ones of `following` after a number, in
/// ascending order. What does not count is left out.
pub async fn later(
    store: &Store,
    (changes, ends): (&[ChangeId], &[EventKind]),
    (after, following): (Option<u64>, &[EventKind]),
) -> Result<Vec<Later>, StoreError> {
    let mut found = Vec::new();
    if !changes.is_empty() {
        let kinds: Vec<&str> = ends.iter().map(|kind| kind.as_str()).collect();
        let sql = format!(
            "select {COLUMNS} from ledger_entry e {JOINS} where e.change_id in ({}) and e.type in ({}) order by e.seq",
            places(changes.len()),
            type_list(&kinds)
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = changes.iter().fold(query, |query, change| {
            query.bind(change.as_str().to_owned())
        });
        found.extend(query.fetch_all(store.read()).await?);
    }
    if let Some(after) = after {
        // Each kind by its index: one condition for all of them could walk through the whole ledger.
        let of_kind = |(at, kind): (usize, &EventKind)| {
            format!(
                "select seq from (select seq from ledger_entry where type = '{}' and seq > $1 order by seq limit {OF_A_KIND}) k{at}",
                kind.as_str()
            )
        };
        let of_kinds: Vec<String> = following.iter().enumerate().map(of_kind).collect();
        let sql = format!(
            "select {COLUMNS} from ({}) next join ledger_entry e on e.seq = next.seq {JOINS} order by e.seq",
            of_kinds.join(" union all ")
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(number(after)?);
        found.extend(query.fetch_all(store.read()).await?);
    }
    let mut later: Vec<Later> = found
        .iter()
        .map(MacedEntry::read)
        .filter(|read| store.tail().counts(read))
        .filter_map(|read| {
            Some(Later {
                seq: read.seq?,
                entry: Entry::parse(read.leaf?.as_bytes()).ok()?.1,
            })
        })
        .collect();
    later.sort_by_key(|one| one.seq);
    later.dedup_by_key(|one| one.seq);
    Ok(later)
}
